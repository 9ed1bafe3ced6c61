/* nn_finish.c - see nn.h. Described plans are made ready here. */
#include "nn_fuse.h"
#include "nn_memory.h"
#include "nn_run.h"
#include "nn_xnnpack.h"
#include <string.h>

/* --- steps made ready --- */

static enum livedepth_status create_packed(struct step *step, size_t floats)
{
    step->packed = memory_create(floats * sizeof(float));
    if (!step->packed) return fail(LIVEDEPTH_NO_MEMORY, "weights of %s", step->out->name);
    return LIVEDEPTH_OK;
}

static enum livedepth_status create_matmul(struct step *step)
{
    const int in = step->in[0]->c, out = step->out->c;
    TRY(create_packed(step, matmul_packed_floats(in, out)));
    matmul_pack(in, out, step->weight, step->packed);
    return LIVEDEPTH_OK;
}

static enum livedepth_status create_winograd(struct nn *nn, struct step *step)
{
    const int in = step->in[0]->c, out = step->out->c;
    const int block = winograd_block(step->in[0]->h, step->in[0]->w, nn->threads);
    TRY(create_packed(step, winograd_packed_floats(in, out)));
    winograd_pack(in, out, step->weight, step->packed);
    step->winograd.in = nn_image_of(step->in[0]);
    step->winograd.block = block;
    const size_t floats = winograd_scratch_floats(in, out, block);
    if (floats > nn->slice) nn->slice = floats;
    return LIVEDEPTH_OK;
}

/* Packs weights, and says how much memory it needs to run. */
static enum livedepth_status create_step(struct nn *nn, struct step *step)
{
    switch (step->kind) {
    case KIND_KERNEL:
    case KIND_DEPTHWISE: return LIVEDEPTH_OK;
    case KIND_MATMUL: return create_matmul(step);
    case KIND_WINOGRAD: return create_winograd(nn, step);
    default: return nn_create_operator(nn, step);
    }
}

static void setup_kernel(struct nn *nn, struct step *step)
{
    step->args = (struct kernel_args){ .out = nn_image_of(step->out),
                                       .scale = step->weight,
                                       .bias = step->bias,
                                       .ran_away = &nn->ran_away };
    for (int j = 0; j < step->inputs; j++) step->args.in[j] = nn_image_of(step->in[j]);
}

static void setup_winograd(struct nn *nn, struct step *step)
{
    step->winograd.out = nn_image_of(step->out);
    step->winograd.in = nn_image_of(step->in[0]);
    const bool sums =
        step->winograd.end == WINOGRAD_ADD_RELU || step->winograd.end == WINOGRAD_ENERGY_RELU;
    step->winograd.other = nn_image_of(step->in[sums]);
    for (int i = 0; i < step->winograd.parts; i++) {
        step->winograd.part[i].a = nn_image_of(step->in[step->part_a[i]]);
        step->winograd.part[i].b = nn_image_of(step->in[step->part_b[i]]);
    }
    step->winograd.weight = step->packed;
    step->winograd.bias = step->bias;
    step->winograd.ran_away = &nn->ran_away;
}

static void setup_matmul(struct nn *nn, struct step *step)
{
    struct matmul *layer = &step->matmul;
    layer->in = step->in[0]->c;
    layer->out = step->out->c;
    layer->from_stride = nn_stride_of(step->in[0]);
    layer->to_stride = nn_stride_of(step->out);
    layer->other_stride = step->inputs > 1 ? nn_stride_of(step->in[1]) : 0;
    layer->weight = step->packed;
    layer->bias = step->bias;
    layer->ran_away = &nn->ran_away;
}

static void setup_depthwise(struct nn *nn, struct step *step)
{
    struct depthwise *layer = &step->depthwise;
    layer->in = nn_image_of(step->in[0]);
    layer->out = nn_image_of(step->out);
    layer->stride = step->stride;
    layer->weight = step->weight;
    layer->bias = step->bias;
    layer->ran_away = &nn->ran_away;
}

/* When tensors and workspaces have their places. */
static enum livedepth_status setup_step(struct nn *nn, struct step *step)
{
    switch (step->kind) {
    case KIND_KERNEL: setup_kernel(nn, step); return LIVEDEPTH_OK;
    case KIND_MATMUL: setup_matmul(nn, step); return LIVEDEPTH_OK;
    case KIND_DEPTHWISE: setup_depthwise(nn, step); return LIVEDEPTH_OK;
    case KIND_WINOGRAD: setup_winograd(nn, step); return LIVEDEPTH_OK;
    default: return nn_setup_operator(step);
    }
}

/* Memory of inputs and outputs. */
static enum livedepth_status give_memory(struct tensor *x)
{
    x->data = x->source ? x->source->data : memory_create(nn_bytes_of(x));
    if (!x->data) return fail(LIVEDEPTH_NO_MEMORY, "%s: %zu bytes", x->name, nn_bytes_of(x));
    return LIVEDEPTH_OK;
}

enum livedepth_status nn_finish(struct nn *nn)
{
    TRY(nn->status);
    for (int i = 0; i < nn->tensor_count; i++)
        if (nn->tensors[i].own) TRY(give_memory(&nn->tensors[i]));
    nn_fuse(nn);
    if (!nn->keep_all) nn_share_in_place(nn);
    for (int i = 0; i < nn->step_count; i++) TRY(create_step(nn, &nn->steps[i]));
    nn->slices.bytes = (size_t)nn->threads * nn->slice * sizeof(float);
    TRY(nn_divide(nn));
    nn_plan_memory(nn);
    return LIVEDEPTH_OK;
}

size_t nn_scratch_bytes(const struct nn *nn) { return nn->scratch_bytes; }

enum livedepth_status nn_place(struct nn *nn, void *scratch)
{
    for (int i = 0; i < nn->tensor_count; i++) {
        struct tensor *x = &nn->tensors[i];
        if (!x->parent && !x->own) x->data = (void *)((char *)scratch + x->place);
    }
    if (nn->slices.bytes) nn->slices.data = (void *)((char *)scratch + nn->slices.place);
    for (int i = 0; i < nn->step_count; i++) {
        struct step *step = &nn->steps[i];
        if (step->workspace.bytes)
            step->workspace.data = (void *)((char *)scratch + step->workspace.place);
        TRY(setup_step(nn, step));
    }
    return LIVEDEPTH_OK;
}

/* --- looking inside --- */

void nn_keep_all(struct nn *nn) { nn->keep_all = true; }

const struct tensor *nn_find(const struct nn *nn, const char *name, float *out)
{
    for (int i = nn->tensor_count - 1; i >= 0; i--) {
        const struct tensor *x = &nn->tensors[i];
        if (strcmp(x->name, name)) continue;
        if (out) {
            struct image dense = { x->h, x->w, x->c, x->c, out };
            copy(&(struct kernel_args){ .out = dense, .in = { nn_image_of(x) } }, 0, x->h);
        }
        return x;
    }
    return NULL;
}

int nn_steps(const struct nn *nn) { return nn->step_count; }

struct nn_profile nn_profile(struct nn *nn, int i)
{
    struct step *step = &nn->steps[i];
    struct nn_profile profile = { step->out->name, step->label, step->ms, step->flops };
    step->ms = 0;
    return profile;
}
