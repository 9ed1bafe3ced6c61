/* nn_memory.c - see nn_memory.h. */
#include "nn_memory.h"
#include <stdlib.h>

/* The input that a step may write its output over, or -1. */
static int in_place(const struct step *step)
{
    switch (step->kind) {
    case KIND_KERNEL: return step->kernel->over ? 0 : -1;
    case KIND_MATMUL: return step->inputs > 1 ? 1 : -1; /* it adds that */
    case KIND_WINOGRAD:
        return step->winograd.end == WINOGRAD_ADD_RELU && !step->winograd.pool ? 1 : -1;
    default: return -1;
    }
}

/* Lets a step write over an input where nobody reads that any more: of threads, one may still run
 * the step before. */
void nn_share_in_place(struct nn *nn)
{
    for (int i = 0; i < nn->step_count; i++) {
        struct step *step = &nn->steps[i];
        const int over = in_place(step);
        if (over < 0) continue;
        struct tensor *from = step->in[over], *out = step->out;
        if (from->parent || from->own || out->parent || out->own) continue;
        bool twice = false;
        for (int j = 0; j < step->inputs; j++)
            twice |= j != over && nn_root_of(step->in[j]) == from;
        if (twice || nn_last_read(nn, from) != i) continue;
        if (nn->threads > 1 && i > 0 && step_reads(&nn->steps[i - 1], from)) continue;
        out->parent = from;
        out->offset = 0;
    }
}

static void find_lifetimes(struct nn *nn)
{
    for (int i = 0; i < nn->step_count; i++) {
        struct tensor *out = nn_root_of(nn->steps[i].out);
        if (out->first < 0) out->first = i;
        out->last = max_int(out->last, i);
        for (int j = 0; j < nn->steps[i].inputs; j++) nn_root_of(nn->steps[i].in[j])->last = i;
        nn->steps[i].workspace.first = nn->steps[i].workspace.last = i;
    }
    if (nn->keep_all)
        for (int i = 0; i < nn->tensor_count; i++) nn->tensors[i].last = nn->step_count;
    nn->slices.last = nn->step_count;
    if (nn->threads == 1) return;
    for (int i = 0; i < nn->tensor_count; i++) nn->tensors[i].last++; /* one may be a step ahead */
    for (int i = 0; i < nn->step_count; i++) nn->steps[i].workspace.last++;
}

static int by_size(const void *a, const void *b)
{
    const struct tensor *x = *(struct tensor *const *)a, *y = *(struct tensor *const *)b;
    if (x->bytes != y->bytes) return x->bytes < y->bytes ? 1 : -1;
    return x->first - y->first;
}

static bool overlap(const struct tensor *a, const struct tensor *b)
{
    return a->first <= b->last && b->first <= a->last && a->place < b->place + b->bytes &&
           b->place < a->place + a->bytes;
}

/* Greedy by size: the largest first, each at the lowest place that is free during its life. */
void nn_plan_memory(struct nn *nn)
{
    struct tensor *roots[MAX_TENSORS + MAX_STEPS + 1];
    int count = 0;
    find_lifetimes(nn);
    for (int i = 0; i < nn->tensor_count; i++) {
        struct tensor *x = &nn->tensors[i];
        if (x->parent || x->own || x->first < 0) continue;
        x->bytes = nn_bytes_of(x);
        roots[count++] = x;
    }
    for (int i = 0; i < nn->step_count; i++)
        if (nn->steps[i].workspace.bytes) roots[count++] = &nn->steps[i].workspace;
    if (nn->slices.bytes) roots[count++] = &nn->slices;
    for (int i = 0; i < count; i++) /* room for over-reads behind each */
        roots[i]->bytes = (roots[i]->bytes + NN_EXTRA + ALIGN - 1) / ALIGN * ALIGN;
    qsort(roots, (size_t)count, sizeof *roots, by_size);
    for (int i = 0; i < count; i++) {
        roots[i]->place = 0;
        for (int j = 0; j < i; j++)
            if (overlap(roots[i], roots[j])) {
                roots[i]->place = roots[j]->place + roots[j]->bytes;
                j = -1; /* look at all of them again from the new place */
            }
        if (roots[i]->place + roots[i]->bytes > nn->scratch_bytes)
            nn->scratch_bytes = roots[i]->place + roots[i]->bytes;
    }
}
