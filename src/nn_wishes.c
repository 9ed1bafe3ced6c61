/* nn_wishes.c - see nn_plan.h and nn.h: which weights a plan wants, what is in the file, and what
 * can come of it. */
#include "nn_plan.h"
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

static void print_shape(char *text, size_t size, int rank, const int *shape)
{
    *text = 0;
    for (int i = 0; i < rank; i++) {
        const size_t used = strlen(text);
        snprintf(text + used, size - used, i ? ", %d" : "%d", shape[i]);
    }
}

const float *nn_weight(struct nn *nn, const char *at, const char *part, int rank, const int *shape)
{
    static const float nothing = 0;
    if (nn->status) return &nothing;
    if (nn->wish_count == COUNT(nn->wishes)) {
        nn->status = fail(LIVEDEPTH_INTERNAL, "more than %d weights", COUNT(nn->wishes));
        return &nothing;
    }
    struct nn_wish *wish = &nn->wishes[nn->wish_count++];
    snprintf(wish->name, sizeof wish->name, "%s.%s", at, part);
    wish->rank = rank;
    memcpy(wish->shape, shape, (size_t)rank * sizeof *shape);
    if (!nn->part.weights) return &nothing;

    const struct weight *found = weights_find(nn->part, wish->name);
    if (!found) {
        nn->status = fail(LIVEDEPTH_WEIGHTS_MISSING, "tensor %s%s is not in the file",
                          nn->part.prefix, wish->name);
        return &nothing;
    }
    if (found->rank == rank && !memcmp(found->shape, shape, (size_t)rank * sizeof *shape))
        return found->data;
    char have[64], want[64];
    print_shape(have, sizeof have, found->rank, found->shape);
    print_shape(want, sizeof want, rank, shape);
    nn->status = fail(LIVEDEPTH_WEIGHTS_BAD_SHAPE, "tensor %s has shape [%s], expected [%s]",
                      found->name, have, want);
    return &nothing;
}

int nn_wishes(const struct nn *nn) { return nn->wish_count; }
const struct nn_wish *nn_wish(const struct nn *nn, int i) { return &nn->wishes[i]; }

bool nn_wants(const struct nn *nn, const char *name)
{
    for (int i = 0; i < nn->wish_count; i++)
        if (!strcmp(nn->wishes[i].name, name)) return true;
    return false;
}

enum livedepth_status nn_check_rest(struct weights_part part, struct nn *const plans[], int count)
{
    for (int i = 0; i < weights_count(part.weights); i++) {
        const char *name = weights_name(part, i);
        bool wanted = !name; /* it belongs to another part */
        for (int j = 0; j < count; j++) wanted = wanted || nn_wants(plans[j], name);
        if (!wanted)
            return fail(LIVEDEPTH_WEIGHTS_UNEXPECTED, "tensor %s%s belongs to no layer",
                        part.prefix, name);
    }
    return LIVEDEPTH_OK;
}

/* --- what a layer can say --- */

struct nn_range nn_range_relu(struct nn_range range)
{
    return (struct nn_range){ range.least > 0 ? range.least : 0, range.most > 0 ? range.most : 0 };
}

float nn_range_tenth(struct nn_range range)
{
    return range.least + 0.1f * (range.most - range.least);
}

static const struct weight *find_part(struct weights_part part, const char *at, const char *what)
{
    char name[WEIGHTS_MAX_NAME];
    snprintf(name, sizeof name, "%s.%s", at, what);
    return weights_find(part, name);
}

struct nn_range nn_linear_range(struct weights_part part, const char *name, int a, int b,
                                const struct nn_range *in, bool each)
{
    const struct weight *weight = find_part(part, name, "weight");
    const float *bias = find_part(part, name, "bias")->data;
    const int inputs = weight->shape[1];
    const float *plus = weight->data + (size_t)a * (size_t)inputs;
    const float *minus = b == NN_NO_ROW ? NULL : weight->data + (size_t)b * (size_t)inputs;
    double least = (double)bias[a] - (minus ? (double)bias[b] : 0), most = least;
    for (int i = 0; i < inputs; i++, in += each) {
        const double w = (double)plus[i] - (minus ? (double)minus[i] : 0);
        least += w * (double)(w > 0 ? in->least : in->most);
        most += w * (double)(w > 0 ? in->most : in->least);
    }
    /* finite, so that a layer behind cannot make NaN of it: of 0 * inf, which no limit refuses */
    return (struct nn_range){ (float)fmin(fmax(least, -(double)FLT_MAX), (double)FLT_MAX),
                              (float)fmin(fmax(most, -(double)FLT_MAX), (double)FLT_MAX) };
}
