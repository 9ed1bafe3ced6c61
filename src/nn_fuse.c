/* nn_fuse.c - see nn_fuse.h. */
#include "nn_fuse.h"
#include <string.h>

/* True if nobody but the one step that reads x needs it in memory. */
static bool passes_on(const struct nn *nn, struct tensor *x)
{
    return !x->parent && !x->own && nn_reads(nn, x) == 1;
}

/* A PReLU that our convolutions can end with: no slope is above 1. */
static bool is_gentle_prelu(const struct step *step)
{
    if (step->kind != KIND_KERNEL || step->kernel->end != END_PRELU) return false;
    for (int c = 0; c < step->out->c; c++)
        if (!(step->weight[c] <= 1)) return false;
    return true;
}

/* A 3x3 depthwise convolution with a PReLU behind it, which runs faster as one step of ours. */
static bool is_depthwise(const struct nn *nn, const struct step *step)
{
    const struct step *next = step + 1;
    return step->by_channel && step->k == 3 && step->pad == PAD_AROUND && step->bias &&
           next < nn->steps + nn->step_count && is_gentle_prelu(next) && next->in[0] == step->out &&
           passes_on(nn, step->out);
}

static void choose_convolutions(struct nn *nn)
{
    for (int i = 0; i < nn->step_count; i++) {
        struct step *step = &nn->steps[i];
        const struct tensor *x = step->in[0], *y = step->out;
        if (step->kind != KIND_CONV || step->linear) continue;
        if (is_depthwise(nn, step)) {
            step->kind = KIND_DEPTHWISE;
            step->label = "depthwise";
        } else if (step->by_channel || step->stride != 1) {
            continue;
        } else if (step->k == 1) {
            step->kind = KIND_MATMUL;
            step->label = "matmul";
            step->matmul.end = step->act == ACT_RELU ? MATMUL_RELU : MATMUL_PLAIN;
        } else if (step->k == 3 && winograd_pays(x->h, x->w, x->c, y->c)) {
            step->kind = KIND_WINOGRAD;
            step->label = "winograd";
            step->winograd.end = step->act == ACT_RELU ? WINOGRAD_RELU : WINOGRAD_PLAIN;
        }
    }
}

/* The convolution of ours that makes what step `reader` reads first, if nobody else reads that. */
static struct step *made_for(struct nn *nn, const struct step *reader)
{
    struct tensor *x = reader->in[0];
    for (struct step *step = nn->steps; step < reader; step++)
        if (step->out == x && step->kind != KIND_KERNEL && step->kind < KIND_CONV)
            return passes_on(nn, x) ? step : NULL;
    return NULL;
}

/* Ends a convolution with what a step does to its result. False: it cannot. */
static bool absorb(struct step *conv, const struct step *step)
{
    const enum kernel_end end = step->kind == KIND_KERNEL ? step->kernel->end : END_NONE;
    const bool sum = end == END_ADD || end == END_ADD_RELU || end == END_ENERGY;
    if (sum && step->in[1]->c != step->out->c) return false;
    if (end == END_PRELU && !is_gentle_prelu(step)) return false;
    if (conv->kind == KIND_DEPTHWISE && end == END_PRELU && !conv->depthwise.slope) {
        conv->depthwise.slope = step->weight;
    } else if (conv->kind == KIND_MATMUL && conv->matmul.end == MATMUL_PLAIN && end &&
               end != END_ENERGY) {
        conv->matmul.end = end == END_PRELU ? MATMUL_PRELU
                           : end == END_ADD ? MATMUL_ADD
                                            : MATMUL_ADD_RELU;
        conv->matmul.slope = step->weight;
    } else if (conv->kind == KIND_WINOGRAD && step->kind == KIND_MAXPOOL && !conv->winograd.pool) {
        conv->winograd.pool = true;
    } else if (conv->kind == KIND_WINOGRAD && conv->winograd.end == WINOGRAD_PLAIN &&
               !conv->winograd.pool && (end == END_ADD_RELU || end == END_ENERGY)) {
        conv->winograd.end = end == END_ENERGY ? WINOGRAD_ENERGY_RELU : WINOGRAD_ADD_RELU;
        conv->winograd.scale = step->weight;
    } else {
        return false;
    }
    if (sum) conv->in[conv->inputs++] = step->in[1];
    return true;
}

/* Puts `joined` in the place of a step, and drops the convolution that it contains now. */
static void join(struct nn *nn, struct step *conv, struct step *step, struct step joined)
{
    *step->in[0]->name = 0; /* nn_find shall not find it */
    joined.out = step->out;
    joined.flops += step->flops;
    *step = joined;
    memmove(conv, conv + 1, (size_t)(nn->steps + --nn->step_count - conv) * sizeof *conv);
}

/* Lets convolutions end with what is done to their results alone, while those are in registers: the
 * sum of an RSGB, of the body and what is made of the edge, sums and PReLU of a bottleneck, and
 * pooling. */
static void join_steps(struct nn *nn)
{
    for (int i = 0; i < nn->step_count; i++) {
        struct step *step = &nn->steps[i], *conv = made_for(nn, step);
        if (!conv) continue;
        struct step joined = *conv;
        if (!absorb(&joined, step)) continue;
        join(nn, conv, step, joined);
        i--;
    }
}

/* The number of x among a step's inputs; it becomes one if there is room. -1: there is none. */
static int input_of(struct step *step, struct tensor *x)
{
    for (int i = 1; i < step->inputs; i++)
        if (step->in[i] == x) return i;
    if (step->inputs == MAX_INPUTS) return -1;
    step->in[step->inputs] = x;
    return step->inputs++;
}

/* Adds c channels from `first` on to what a step gathers. False: they do not fit. */
static bool add_part(struct step *step, enum winograd_source source, int first, int c,
                     struct tensor *a, struct tensor *b)
{
    struct winograd *layer = &step->winograd;
    const int i = layer->parts, from_a = input_of(step, a), from_b = input_of(step, b);
    const bool last = first + c == step->in[0]->c && source == WINOGRAD_COPY;
    if (i == WINOGRAD_PARTS || from_a < 0 || from_b < 0 || first % 4 || (c % 4 && !last))
        return false;
    layer->part[i] = (struct winograd_part){ .source = source, .first = first, .c = c };
    step->part_a[i] = from_a;
    step->part_b[i] = from_b;
    layer->parts++;
    return true;
}

static enum kernel_source source_of(const struct step *step)
{
    return step->kind == KIND_KERNEL ? step->kernel->source : SOURCE_NONE;
}

/* A step's writes into a concatenation become parts of the convolution `gathered`. */
static bool add_writer(struct step *gathered, const struct step *writer)
{
    const int first = nn_offset_of(writer->out), c = writer->out->c;
    struct tensor *a = writer->in[0];
    switch (source_of(writer)) {
    case SOURCE_COPY: return add_part(gathered, WINOGRAD_COPY, first, c, a, a);
    case SOURCE_DIFFERENCE:
        return add_part(gathered, WINOGRAD_DIFFERENCE, first, c, a, writer->in[1]);
    case SOURCE_SOBEL_DOWN:
        return add_part(gathered, WINOGRAD_GX, first, a->c, a, a) &&
               add_part(gathered, WINOGRAD_GY_DOWN, first + a->c, a->c, a, a);
    case SOURCE_SOBEL_UP:
        return add_part(gathered, WINOGRAD_GX, first, a->c, a, a) &&
               add_part(gathered, WINOGRAD_GY_UP, first + a->c, a->c, a, a);
    default: return add_part(gathered, WINOGRAD_COPY, first, c, writer->out, writer->out);
    }
}

/* Lets convolutions make what would only be written for them: copies, differences and gradients in
 * a concatenation that nobody else reads. What others write into it gets a place of its own. */
static void gather(struct nn *nn)
{
    for (int i = 0; i < nn->step_count; i++) {
        struct step *step = &nn->steps[i], gathered = *step;
        struct tensor *whole = step->in[0];
        const bool plain = step->kind == KIND_WINOGRAD && step->inputs == 1;
        if (!plain || whole->parent || whole->own || nn_reads(nn, whole) != 1) continue;
        bool fits = true;
        int saved = 0;
        for (int j = 0; j < i && fits; j++)
            if (nn_root_of(nn->steps[j].out) == whole) {
                fits = add_writer(&gathered, &nn->steps[j]);
                saved += source_of(&nn->steps[j]) != SOURCE_NONE;
            }
        if (!fits || !saved) continue;
        for (int j = i - 1; j >= 0; j--) {
            struct step *writer = &nn->steps[j];
            if (nn_root_of(writer->out) != whole) continue;
            if (source_of(writer) == SOURCE_NONE) {
                writer->out->parent = NULL;
                continue;
            }
            *writer->out->name = 0; /* nn_find shall not find it */
            gathered.flops += writer->flops;
            memmove(writer, writer + 1,
                    (size_t)(nn->steps + --nn->step_count - writer) * sizeof *writer);
            i--;
        }
        nn->steps[i] = gathered;
    }
}

void nn_fuse(struct nn *nn)
{
    choose_convolutions(nn);
    join_steps(nn);
    gather(nn);
}
