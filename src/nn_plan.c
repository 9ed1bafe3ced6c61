/* nn_plan.c - see nn_plan.h. */
#include "nn_plan.h"

struct tensor *nn_root_of(struct tensor *x)
{
    while (x->parent) x = x->parent;
    return x;
}

bool step_reads(const struct step *step, struct tensor *x)
{
    for (int i = 0; i < step->inputs; i++)
        if (nn_root_of(step->in[i]) == nn_root_of(x)) return true;
    return false;
}

float *nn_data_of(const struct tensor *x)
{
    size_t offset = 0;
    for (; x->parent; x = x->parent) offset += (size_t)x->offset;
    return x->data ? x->data + offset : NULL;
}

int nn_stride_of(const struct tensor *x)
{
    while (x->parent) x = x->parent;
    return x->c;
}

size_t nn_bytes_of(const struct tensor *x)
{
    return (size_t)x->h * (size_t)x->w * (size_t)x->c * sizeof(float);
}

struct image nn_image_of(const struct tensor *x)
{
    return (struct image){ x->h, x->w, x->c, nn_stride_of(x), nn_data_of(x) };
}

int nn_offset_of(const struct tensor *x)
{
    int offset = 0;
    for (; x->parent; x = x->parent) offset += x->offset;
    return offset;
}

int nn_last_read(const struct nn *nn, struct tensor *root)
{
    int last = -1;
    for (int i = 0; i < nn->step_count; i++)
        if (step_reads(&nn->steps[i], root)) last = i;
    return last;
}

int nn_reads(const struct nn *nn, struct tensor *root)
{
    int count = 0;
    for (int i = 0; i < nn->step_count; i++)
        for (int j = 0; j < nn->steps[i].inputs; j++)
            count += nn_root_of(nn->steps[i].in[j]) == root;
    return count;
}
