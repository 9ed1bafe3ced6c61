/* nn.c - see nn.h. Five parts: tensors, steps, the builder functions, faster steps, the memory plan
 * and run. */
#include "nn.h"
#include "matmul.h"
#include <float.h>
#include <math.h>
#include <pthreadpool.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xnnpack.h>

enum { MAX_TENSORS = 256, MAX_STEPS = 160, MAX_INPUTS = 8, NAME = 48, ALIGN = 64 };

_Static_assert(XNN_EXTRA_BYTES <= 64, "memory_create leaves 64 bytes behind a block");

/* A root has memory; a view is a channel range of its root. */
struct tensor {
    char name[NAME];
    int h, w, c;
    struct tensor *parent;  /* NULL for a root */
    int offset;             /* first channel within parent */
    bool own;               /* memory outside the scratch block */
    const struct tensor *source; /* of an import: whose memory it is */
    float *data;            /* of a root */
    int first, last;        /* steps that write and read a root first and last; first < 0: none */
    size_t place, bytes;    /* within the scratch block */
};

enum kind {
    KIND_KERNEL, KIND_WINOGRAD, KIND_MATMUL, /* ours; the others are XNNPACK's */
    KIND_CONV, KIND_MAXPOOL, KIND_RESIZE, KIND_MEAN, KIND_SCALE, KIND_SIGMOID, KIND_TANH
};

struct step {
    enum kind kind;
    const char *label;      /* for profiles */
    struct tensor *out, *in[MAX_INPUTS]; /* of a gathered Winograd step in[0] has a shape only */
    int inputs;
    kernel_fn *kernel;
    const float *weight, *bias; /* scale and bias for kernels */
    const float *scale;         /* of the sum that ends a Winograd step */
    int k, stride;
    enum pad pad;
    bool depthwise, linear;
    enum act act;
    enum resize resize;
    xnn_operator_t operator;
    struct tensor workspace;
    struct kernel_args args;
    struct winograd winograd;
    int part_a[WINOGRAD_PARTS], part_b[WINOGRAD_PARTS]; /* which inputs its parts are made of */
    float *packed;          /* weights of a Winograd step or a matmul */
    double ms, flops;
};

struct nn {
    struct weights_part part;
    pthreadpool_t pool;
    int threads;
    enum livedepth_status status; /* the first error; sticks */
    bool keep_all, ran_away;
    struct tensor tensors[MAX_TENSORS];
    struct step steps[MAX_STEPS];
    struct nn_wish wishes[MAX_STEPS * 2];
    int tensor_count, step_count, wish_count;
    size_t scratch_bytes;
    struct tensor nothing; /* what builders return and write to after an error */
    struct step nowhere;
};

struct nn *nn_create(struct weights_part part, struct pthreadpool *pool)
{
    struct nn *nn = calloc(1, sizeof *nn);
    if (!nn) return NULL;
    nn->part = part;
    nn->pool = pool;
    nn->threads = (int)pthreadpool_get_threads_count(pool);
    nn->nothing = (struct tensor){ .name = "(error)", .h = 1, .w = 1, .c = 1 };
    if (xnn_initialize(NULL) != xnn_status_success)
        nn->status = fail(LIVEDEPTH_NO_MEMORY, "XNNPACK could not start");
    return nn;
}

void nn_destroy(struct nn *nn)
{
    if (!nn) return;
    for (int i = 0; i < nn->step_count; i++) {
        if (nn->steps[i].operator) xnn_delete_operator(nn->steps[i].operator);
        free(nn->steps[i].packed);
    }
    for (int i = 0; i < nn->tensor_count; i++)
        if (nn->tensors[i].own && !nn->tensors[i].source) free(nn->tensors[i].data);
    free(nn);
}

/* --- tensors --- */

static struct tensor *stop(struct nn *nn, enum livedepth_status status)
{
    nn->status = status;
    return &nn->nothing;
}

static struct tensor *new_tensor(struct nn *nn, int h, int w, int c)
{
    if (nn->status) return &nn->nothing;
    if (nn->tensor_count == MAX_TENSORS)
        return stop(nn, fail(LIVEDEPTH_INTERNAL, "more than %d tensors", MAX_TENSORS));
    if (c > KERNEL_MAX_CHANNELS)
        return stop(nn, fail(LIVEDEPTH_INTERNAL, "%d channels, limit %d", c, KERNEL_MAX_CHANNELS));
    struct tensor *x = &nn->tensors[nn->tensor_count++];
    *x = (struct tensor){ .h = h, .w = w, .c = c, .first = -1, .last = -1 };
    snprintf(x->name, sizeof x->name, "%d", nn->tensor_count);
    return x;
}

static struct tensor *root_of(struct tensor *x)
{
    while (x->parent) x = x->parent;
    return x;
}

static float *data_of(const struct tensor *x)
{
    size_t offset = 0;
    for (; x->parent; x = x->parent) offset += (size_t)x->offset;
    return x->data ? x->data + offset : NULL;
}

static int stride_of(const struct tensor *x)
{
    while (x->parent) x = x->parent;
    return x->c;
}

static size_t bytes_of(const struct tensor *x)
{
    return (size_t)x->h * (size_t)x->w * (size_t)x->c * sizeof(float);
}

static struct image image_of(const struct tensor *x)
{
    return (struct image){ x->h, x->w, x->c, stride_of(x), data_of(x) };
}

int nn_height(const struct tensor *x) { return x->h; }
int nn_width(const struct tensor *x) { return x->w; }
int nn_channels(const struct tensor *x) { return x->c; }
float *nn_data(const struct tensor *x) { return x->own ? x->data : NULL; }

#define FORMAT_NAME(buffer, name)                        \
    do {                                                 \
        va_list args_;                                   \
        va_start(args_, name);                           \
        vsnprintf(buffer, sizeof buffer, name, args_);   \
        va_end(args_);                                   \
    } while (0)

struct tensor *nn_input(struct nn *nn, int h, int w, int c, const char *name, ...)
{
    struct tensor *x = new_tensor(nn, h, w, c);
    if (nn->status) return x;
    FORMAT_NAME(x->name, name);
    x->own = true;
    return x;
}

struct tensor *nn_import(struct nn *nn, const struct tensor *from)
{
    struct tensor *x = new_tensor(nn, from->h, from->w, from->c);
    if (nn->status) return x;
    if (!from->own) return stop(nn, fail(LIVEDEPTH_INTERNAL, "%s: import of scratch", from->name));
    memcpy(x->name, from->name, sizeof x->name);
    x->own = true;
    x->source = from;
    return x;
}

void nn_output(struct nn *nn, struct tensor *x)
{
    if (nn->status || x->own) return;
    if (x->parent) stop(nn, fail(LIVEDEPTH_INTERNAL, "%s: a view cannot be an output", x->name));
    else x->own = true;
}

struct tensor *nn_name(struct nn *nn, struct tensor *x, const char *name, ...)
{
    if (!nn->status) FORMAT_NAME(x->name, name);
    return x;
}

/* --- weights --- */

static void print_shape(char *text, size_t size, int rank, const int *shape)
{
    *text = 0;
    for (int i = 0; i < rank; i++) {
        const size_t used = strlen(text);
        snprintf(text + used, size - used, i ? ", %d" : "%d", shape[i]);
    }
}

/* Data of the tensor "<at>.<part>", which must have exactly this shape. */
static const float *weight(struct nn *nn, const char *at, const char *part, int rank,
                           const int *shape)
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

/* --- steps --- */

static struct step *new_step(struct nn *nn, enum kind kind, const char *label, struct tensor *out,
                             int inputs, struct tensor *const in[])
{
    if (nn->status) return &nn->nowhere;
    if (nn->step_count == MAX_STEPS) {
        stop(nn, fail(LIVEDEPTH_INTERNAL, "more than %d steps", MAX_STEPS));
        return &nn->nowhere;
    }
    struct step *step = &nn->steps[nn->step_count++];
    *step = (struct step){ .kind = kind, .label = label, .out = out, .inputs = inputs };
    for (int i = 0; i < inputs; i++) step->in[i] = in[i];
    return step;
}

struct conv { int out, k, stride; enum pad pad; bool bias, depthwise; enum act act; };

static struct tensor *conv(struct nn *nn, struct tensor *x, struct conv conv, const char *name)
{
    const int lost = conv.pad == PAD_NONE ? conv.k - 1 : 0; /* rows */
    if (!nn->status && min_int(x->h, x->w) <= lost)
        return stop(nn, fail(LIVEDEPTH_INTERNAL, "%s: %s is too small", name, x->name));
    const int h = (x->h - lost + conv.stride - 1) / conv.stride,
              w = (x->w - lost + conv.stride - 1) / conv.stride;
    struct tensor *out = new_tensor(nn, h, w, conv.out);
    const int shape[4] = { conv.depthwise ? 1 : conv.out, conv.k, conv.k, x->c };
    const float *weights = weight(nn, name, "weight", 4, shape);
    const float *bias = conv.bias ? weight(nn, name, "bias", 1, &conv.out) : NULL;
    if (nn->status) return &nn->nothing;
    snprintf(out->name, sizeof out->name, "%s", name);
    struct step *step = new_step(nn, KIND_CONV, "conv", out, 1, &x);
    if (nn->status) return &nn->nothing;
    step->weight = weights;
    step->bias = bias;
    step->k = conv.k;
    step->stride = conv.stride;
    step->pad = conv.pad;
    step->depthwise = conv.depthwise;
    step->act = conv.act;
    step->flops = 2.0 * h * w * conv.out * conv.k * conv.k * (conv.depthwise ? 1 : x->c);
    return out;
}

struct tensor *nn_conv(struct nn *nn, struct tensor *x, int out, int k, enum act act,
                       const char *name, ...)
{
    char at[NAME];
    FORMAT_NAME(at, name);
    return conv(nn, x, (struct conv){ out, k, 1, PAD_AROUND, true, false, act }, at);
}

struct tensor *nn_conv_nobias(struct nn *nn, struct tensor *x, int out, int k, enum act act,
                              const char *name, ...)
{
    char at[NAME];
    FORMAT_NAME(at, name);
    return conv(nn, x, (struct conv){ out, k, 1, PAD_AROUND, false, false, act }, at);
}

struct tensor *nn_conv_stride2(struct nn *nn, struct tensor *x, int out, int k, enum pad pad,
                               enum act act, const char *name, ...)
{
    char at[NAME];
    FORMAT_NAME(at, name);
    return conv(nn, x, (struct conv){ out, k, 2, pad, true, false, act }, at);
}

struct tensor *nn_depthwise(struct nn *nn, struct tensor *x, int k, int stride, enum pad pad,
                            const char *name, ...)
{
    char at[NAME];
    FORMAT_NAME(at, name);
    return conv(nn, x, (struct conv){ x->c, k, stride, pad, true, true, ACT_NONE }, at);
}

struct tensor *nn_linear(struct nn *nn, struct tensor *x, int out, enum act act, const char *name,
                         ...)
{
    char at[NAME];
    FORMAT_NAME(at, name);
    const int shape[2] = { out, x->h * x->w * x->c };
    if (!nn->status && !x->own && (x->h != 1 || x->w != 1))
        return stop(nn, fail(LIVEDEPTH_INTERNAL, "%s: needs an input or a 1x1 tensor", at));
    const float *weights = weight(nn, at, "weight", 2, shape);
    const float *bias = weight(nn, at, "bias", 1, &out);
    struct tensor *y = new_tensor(nn, 1, 1, out);
    if (nn->status) return &nn->nothing;
    snprintf(y->name, sizeof y->name, "%s", at);
    struct step *step = new_step(nn, KIND_CONV, "linear", y, 1, &x);
    step->weight = weights;
    step->bias = bias;
    step->k = step->stride = 1;
    step->linear = true;
    step->act = act;
    step->flops = 2.0 * shape[0] * shape[1];
    return y;
}

/* A step that is one of our kernels. */
static struct tensor *apply(struct nn *nn, kernel_fn *kernel, const char *label, double flops,
                            int inputs, struct tensor *const in[])
{
    for (int i = 1; i < inputs && !nn->status; i++)
        if (in[i]->h != in[0]->h || in[i]->w != in[0]->w || in[i]->c > in[0]->c)
            return stop(nn, fail(LIVEDEPTH_INTERNAL, "%s of %s and %s: sizes differ", label,
                                 in[0]->name, in[i]->name));
    struct tensor *out = new_tensor(nn, in[0]->h, in[0]->w, in[0]->c);
    struct step *step = new_step(nn, KIND_KERNEL, label, out, inputs, in);
    if (nn->status) return &nn->nothing;
    step->kernel = kernel;
    step->flops = flops * out->h * out->w * out->c;
    return out;
}

#define APPLY(kernel, flops, ...)                                                        \
    apply(nn, kernel, #kernel, flops,                                                    \
          (int)(sizeof((struct tensor *[]){ __VA_ARGS__ }) / sizeof(struct tensor *)),   \
          (struct tensor *[]){ __VA_ARGS__ })

struct tensor *nn_affine(struct nn *nn, struct tensor *x, const char *name, ...)
{
    char at[NAME];
    FORMAT_NAME(at, name);
    const float *scale = weight(nn, at, "scale", 1, &x->c),
                *bias = weight(nn, at, "bias", 1, &x->c);
    struct tensor *y = APPLY(affine, 2, x);
    if (nn->status) return y;
    nn->steps[nn->step_count - 1].weight = scale;
    nn->steps[nn->step_count - 1].bias = bias;
    return nn_name(nn, y, "%s", at);
}

struct tensor *nn_prelu(struct nn *nn, struct tensor *x, const char *name, ...)
{
    char at[NAME];
    FORMAT_NAME(at, name);
    const float *slope = weight(nn, at, "slope", 1, &x->c);
    struct tensor *y = APPLY(prelu, 1, x);
    if (nn->status) return y;
    nn->steps[nn->step_count - 1].weight = slope;
    return nn_name(nn, y, "%s", at);
}

struct tensor *nn_sobel_energy_add(struct nn *nn, struct tensor *a, struct tensor *x,
                                   const char *name, ...)
{
    char at[NAME];
    FORMAT_NAME(at, name);
    const float *scale = weight(nn, at, "scale", 1, &a->c);
    struct tensor *y = APPLY(sobel_energy_add, 16, a, x);
    if (nn->status) return y;
    nn->steps[nn->step_count - 1].weight = scale;
    return y;
}

struct tensor *nn_add(struct nn *nn, struct tensor *a, struct tensor *b, enum act act)
{
    return act == ACT_RELU ? APPLY(add_relu, 1, a, b) : APPLY(add, 1, a, b);
}

struct tensor *nn_sub(struct nn *nn, struct tensor *a, struct tensor *b)
{
    return APPLY(sub, 1, a, b);
}
struct tensor *nn_mul(struct nn *nn, struct tensor *a, struct tensor *b)
{
    return APPLY(mul, 1, a, b);
}

struct tensor *nn_lerp(struct nn *nn, struct tensor *a, struct tensor *b, struct tensor *t)
{
    return APPLY(lerp, 3, a, b, t);
}

struct tensor *nn_sobel_magnitude(struct nn *nn, struct tensor *x)
{
    return APPLY(sobel_magnitude, 15, x);
}

struct tensor *nn_sobel(struct nn *nn, struct tensor *x, bool downwards)
{
    struct tensor *y = downwards ? APPLY(sobel_xy_down, 12, x) : APPLY(sobel_xy_up, 12, x);
    if (!nn->status) y->c = 2 * x->c;
    return y;
}

struct tensor *nn_local_norm(struct nn *nn, struct tensor *x)
{
    if (!nn->status && (x->w + KERNEL_LOCAL) * x->c > KERNEL_LOCAL_ROW)
        return stop(nn, fail(LIVEDEPTH_INTERNAL, "local norm of %d x %d", x->w, x->c));
    struct tensor *rest = APPLY(local_rest, 2 * KERNEL_LOCAL + 2, x);
    return APPLY(local_scale, 3 * KERNEL_LOCAL + 6, rest);
}

struct tensor *nn_maxpool(struct nn *nn, struct tensor *x)
{
    struct tensor *y = new_tensor(nn, x->h / 2, x->w / 2, x->c);
    new_step(nn, KIND_MAXPOOL, "maxpool", y, 1, &x);
    return y;
}

struct tensor *nn_mean(struct nn *nn, struct tensor *x)
{
    struct tensor *y = new_tensor(nn, 1, 1, x->c);
    new_step(nn, KIND_MEAN, "mean", y, 1, &x);
    return y;
}

struct tensor *nn_scale(struct nn *nn, struct tensor *x, struct tensor *factor)
{
    if (!nn->status && (factor->h != 1 || factor->w != 1 || factor->c != x->c))
        return stop(nn, fail(LIVEDEPTH_INTERNAL, "scale: %s does not fit %s", factor->name,
                             x->name));
    struct tensor *y = new_tensor(nn, x->h, x->w, x->c);
    new_step(nn, KIND_SCALE, "scale", y, 2, (struct tensor *[]){ x, factor });
    return y;
}

struct tensor *nn_resize(struct nn *nn, struct tensor *x, int h, int w, enum resize mode)
{
    if (x->h == h && x->w == w) return x;
    struct tensor *y = new_tensor(nn, h, w, x->c);
    new_step(nn, KIND_RESIZE, "resize", y, 1, &x)->resize = mode;
    return y;
}

static struct tensor *unary(struct nn *nn, enum kind kind, const char *label, struct tensor *x)
{
    struct tensor *y = new_tensor(nn, x->h, x->w, x->c);
    new_step(nn, kind, label, y, 1, &x);
    return y;
}

struct tensor *nn_sigmoid(struct nn *nn, struct tensor *x)
{
    return unary(nn, KIND_SIGMOID, "sigmoid", x);
}
struct tensor *nn_tanh(struct nn *nn, struct tensor *x) { return unary(nn, KIND_TANH, "tanh", x); }

struct tensor *nn_concat(struct nn *nn, int count, struct tensor *const parts[])
{
    int channels = 0;
    for (int i = 0; i < count; i++) channels += parts[i]->c;
    struct tensor *whole = new_tensor(nn, parts[0]->h, parts[0]->w, channels);
    for (int i = 0, offset = 0; i < count && !nn->status; offset += parts[i++]->c) {
        struct tensor *part = parts[i];
        if (part->h != whole->h || part->w != whole->w)
            return stop(nn, fail(LIVEDEPTH_INTERNAL, "concat: %s has another size", part->name));
        if (part->own || part->parent) part = APPLY(copy, 0, part);
        part->parent = whole;
        part->offset = offset;
    }
    return nn->status ? &nn->nothing : whole;
}

struct tensor *nn_slice(struct nn *nn, struct tensor *x, int from, int channels)
{
    struct tensor *y = new_tensor(nn, x->h, x->w, channels);
    if (nn->status) return y;
    y->parent = x;
    y->offset = from;
    return y;
}

/* --- faster steps for those described --- */

static int last_read(const struct nn *nn, struct tensor *root)
{
    int last = -1;
    for (int i = 0; i < nn->step_count; i++)
        for (int j = 0; j < nn->steps[i].inputs; j++)
            if (root_of(nn->steps[i].in[j]) == root) last = i;
    return last;
}

static int reads(const struct nn *nn, struct tensor *root)
{
    int count = 0;
    for (int i = 0; i < nn->step_count; i++)
        for (int j = 0; j < nn->steps[i].inputs; j++)
            count += root_of(nn->steps[i].in[j]) == root;
    return count;
}

static void choose_convolutions(struct nn *nn)
{
    for (int i = 0; i < nn->step_count; i++) {
        struct step *step = &nn->steps[i];
        const struct tensor *x = step->in[0], *y = step->out;
        if (step->kind != KIND_CONV || step->stride != 1 || step->depthwise || step->linear)
            continue;
        if (step->k == 1) {
            step->kind = KIND_MATMUL;
            step->label = "matmul";
        } else if (step->k == 3 && winograd_pays(x->h, x->w, x->c, y->c)) {
            step->kind = KIND_WINOGRAD;
            step->label = "winograd";
            step->winograd.end = step->act == ACT_RELU ? WINOGRAD_RELU : WINOGRAD_PLAIN;
        }
    }
}

/* The convolution that makes what step `reader` reads first, if nobody else reads that. */
static struct step *made_for(struct nn *nn, const struct step *reader)
{
    struct tensor *x = reader->in[0];
    for (struct step *step = nn->steps; step < reader; step++)
        if (step->out == x && step->kind == KIND_WINOGRAD)
            return x->parent || x->own || reads(nn, x) != 1 ? NULL : step;
    return NULL;
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
 * sum of an RSGB, of the body and what is made of the edge, and pooling. */
static void join_steps(struct nn *nn)
{
    for (int i = 0; i < nn->step_count; i++) {
        struct step *step = &nn->steps[i], *conv = made_for(nn, step);
        if (!conv) continue;
        struct step joined = *conv;
        const bool energy = step->kernel == sobel_energy_add;
        if (step->kind == KIND_MAXPOOL) {
            joined.winograd.pool = true;
        } else if ((energy || step->kernel == add_relu) && step->in[1]->c == step->out->c &&
                   conv->winograd.end == WINOGRAD_PLAIN) {
            joined.winograd.end = energy ? WINOGRAD_ENERGY_RELU : WINOGRAD_ADD_RELU;
            joined.in[joined.inputs++] = step->in[1];
            joined.scale = step->weight;
        } else {
            continue;
        }
        join(nn, conv, step, joined);
        i--;
    }
}

static int offset_of(const struct tensor *x)
{
    int offset = 0;
    for (; x->parent; x = x->parent) offset += x->offset;
    return offset;
}

/* Which of a step's inputs x is; it becomes one if there is room. -1: there is none. */
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

/* What a step writes into a concatenation becomes parts of the convolution `gathered`. */
static bool add_writer(struct step *gathered, const struct step *writer)
{
    kernel_fn *kernel = writer->kind == KIND_KERNEL ? writer->kernel : NULL;
    const int first = offset_of(writer->out), c = writer->out->c;
    struct tensor *a = writer->in[0];
    if (kernel == copy) return add_part(gathered, WINOGRAD_COPY, first, c, a, a);
    if (kernel == sub)
        return add_part(gathered, WINOGRAD_DIFFERENCE, first, c, a, writer->in[1]);
    if (kernel == sobel_xy_down || kernel == sobel_xy_up)
        return add_part(gathered, WINOGRAD_GX, first, a->c, a, a) &&
               add_part(gathered, kernel == sobel_xy_down ? WINOGRAD_GY_DOWN : WINOGRAD_GY_UP,
                        first + a->c, a->c, a, a);
    return add_part(gathered, WINOGRAD_COPY, first, c, writer->out, writer->out);
}

static bool is_gathered(const struct step *writer)
{
    return writer->kind == KIND_KERNEL &&
           (writer->kernel == copy || writer->kernel == sub || writer->kernel == sobel_xy_down ||
            writer->kernel == sobel_xy_up);
}

/* Lets convolutions make what would only be written for them: copies, differences and gradients in
 * a concatenation that nobody else reads. What others write into it gets a place of its own. */
static void gather(struct nn *nn)
{
    for (int i = 0; i < nn->step_count; i++) {
        struct step *step = &nn->steps[i], gathered = *step;
        struct tensor *whole = step->in[0];
        const bool plain = step->kind == KIND_WINOGRAD && step->inputs == 1;
        if (!plain || whole->parent || whole->own || reads(nn, whole) != 1) continue;
        bool fits = true;
        int saved = 0;
        for (int j = 0; j < i && fits; j++)
            if (root_of(nn->steps[j].out) == whole) {
                fits = add_writer(&gathered, &nn->steps[j]);
                saved += is_gathered(&nn->steps[j]);
            }
        if (!fits || !saved) continue;
        for (int j = i - 1; j >= 0; j--) {
            struct step *writer = &nn->steps[j];
            if (root_of(writer->out) != whole) continue;
            if (!is_gathered(writer)) {
                writer->out->parent = NULL;
                continue;
            }
            *writer->out->name = 0; /* nn_find shall not find it */
            gathered.flops += writer->flops;
            memmove(writer, writer + 1, (size_t)(nn->steps + --nn->step_count - writer) *
                                            sizeof *writer);
            i--;
        }
        nn->steps[i] = gathered;
    }
}

/* --- memory plan --- */

/* The input that a step may write its output over, or -1. */
static int in_place(const struct step *step)
{
    if (step->kind == KIND_WINOGRAD)
        return step->winograd.end == WINOGRAD_ADD_RELU && !step->winograd.pool ? 1 : -1;
    if (step->kind != KIND_KERNEL) return -1;
    return step->kernel == affine || step->kernel == prelu || step->kernel == add || step->kernel == add_relu ||
                   step->kernel == sub || step->kernel == mul || step->kernel == lerp ||
                   step->kernel == sobel_energy_add
               ? 0
               : -1;
}

/* Lets a step write over an input where nobody reads that any more. */
static void share_in_place(struct nn *nn)
{
    for (int i = 0; i < nn->step_count; i++) {
        struct step *step = &nn->steps[i];
        const int over = in_place(step);
        if (over < 0) continue;
        struct tensor *from = step->in[over], *out = step->out;
        if (from->parent || from->own || out->parent || out->own) continue;
        bool twice = false;
        for (int j = 0; j < step->inputs; j++) twice |= j != over && root_of(step->in[j]) == from;
        if (twice || last_read(nn, from) != i) continue;
        out->parent = from;
        out->offset = 0;
    }
}

static void find_lifetimes(struct nn *nn)
{
    for (int i = 0; i < nn->step_count; i++) {
        struct tensor *out = root_of(nn->steps[i].out);
        if (out->first < 0) out->first = i;
        out->last = max_int(out->last, i);
        for (int j = 0; j < nn->steps[i].inputs; j++)
            root_of(nn->steps[i].in[j])->last = i;
        nn->steps[i].workspace.first = nn->steps[i].workspace.last = i;
    }
    if (nn->keep_all)
        for (int i = 0; i < nn->tensor_count; i++) nn->tensors[i].last = nn->step_count;
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
static void plan_memory(struct nn *nn)
{
    struct tensor *roots[MAX_TENSORS + MAX_STEPS];
    int count = 0;
    for (int i = 0; i < nn->tensor_count; i++) {
        struct tensor *x = &nn->tensors[i];
        if (x->parent || x->own || x->first < 0) continue;
        x->bytes = bytes_of(x);
        roots[count++] = x;
    }
    for (int i = 0; i < nn->step_count; i++)
        if (nn->steps[i].workspace.bytes) roots[count++] = &nn->steps[i].workspace;
    for (int i = 0; i < count; i++) /* room for over-reads behind each */
        roots[i]->bytes = (roots[i]->bytes + XNN_EXTRA_BYTES + ALIGN - 1) / ALIGN * ALIGN;
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

/* --- operators --- */

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
    step->winograd.block = block;
    step->workspace.bytes =
        (size_t)nn->threads * winograd_scratch_floats(in, out, block) * sizeof(float);
    return LIVEDEPTH_OK;
}

/* For operators that know no stride. */
static enum livedepth_status dense(const struct tensor *x)
{
    if (stride_of(x) == x->c) return LIVEDEPTH_OK;
    return fail(LIVEDEPTH_INTERNAL, "%s is part of a wider tensor", x->name);
}

static enum livedepth_status create_operator(struct nn *nn, struct step *step)
{
    const struct tensor *x = step->in[0], *y = step->out;
    const size_t h = (size_t)x->h, w = (size_t)x->w, c = (size_t)x->c;
    const size_t from = (size_t)stride_of(x), to = (size_t)stride_of(y);
    const uint32_t k = (uint32_t)step->k, stride = (uint32_t)step->stride;
    size_t alignment = 1, out_h, out_w, *workspace = &step->workspace.bytes;
    enum xnn_status created, reshaped = xnn_status_success;

    switch (step->kind) {
    case KIND_KERNEL: return LIVEDEPTH_OK;
    case KIND_WINOGRAD: return create_winograd(nn, step);
    case KIND_MATMUL: return create_matmul(step);
    case KIND_CONV: {
        const size_t in = step->linear ? h * w * c : c;
        const size_t groups = step->depthwise ? in : 1;
        const uint32_t around = step->pad == PAD_AROUND ? k / 2 : 0;
        /* Finite bounds choose the clamping kernels: V8 ran XNNPACK's unclamped ones at 21 instead
         * of 31 GFLOP/s (simd128, 3x3, side by side). */
        created = xnn_create_convolution2d_nhwc_f32(
            around, around, around, around, k, k, stride, stride, 1, 1, (uint32_t)groups, in / groups,
            (size_t)y->c / groups, step->linear ? in : from, to, step->weight, step->bias,
            step->act == ACT_RELU ? 0.0f : -FLT_MAX, FLT_MAX,
            (step->pad == PAD_SAME ? XNN_FLAG_TENSORFLOW_SAME_PADDING : 0) |
                (step->depthwise ? XNN_FLAG_DEPTHWISE_CONVOLUTION : 0),
            NULL, NULL, &step->operator);
        if (created == xnn_status_success)
            reshaped = xnn_reshape_convolution2d_nhwc_f32(step->operator, 1, step->linear ? 1 : h,
                                                          step->linear ? 1 : w, workspace,
                                                          &alignment, &out_h, &out_w, nn->pool);
        break;
    }
    case KIND_MAXPOOL:
        created = xnn_create_max_pooling2d_nhwc_f32(0, 0, 0, 0, 2, 2, 2, 2, 1, 1, -INFINITY,
                                                    INFINITY, 0, &step->operator);
        if (created == xnn_status_success)
            reshaped = xnn_reshape_max_pooling2d_nhwc_f32(step->operator, 1, h, w, c, from, to,
                                                          &out_h, &out_w, nn->pool);
        break;
    case KIND_RESIZE:
        created = xnn_create_resize_bilinear2d_nhwc_f32(
            (size_t)y->h, (size_t)y->w,
            step->resize == RESIZE_LEGACY ? XNN_FLAG_TENSORFLOW_LEGACY_MODE : 0, &step->operator);
        if (created == xnn_status_success)
            reshaped = xnn_reshape_resize_bilinear2d_nhwc_f32(step->operator, 1, h, w, c, from, to,
                                                              workspace, &alignment, nn->pool);
        break;
    case KIND_MEAN:
        TRY(dense(x));
        created = xnn_create_reduce_nd(xnn_reduce_mean, xnn_datatype_fp32, NULL, NULL, 0,
                                       &step->operator);
        if (created == xnn_status_success)
            reshaped = xnn_reshape_reduce_nd(step->operator, 2, (int64_t[]){ 0, 1 }, 3,
                                             (size_t[]){ h, w, c }, NULL, NULL, nn->pool);
        break;
    case KIND_SCALE:
        TRY(dense(x));
        TRY(dense(y));
        created = xnn_create_binary_elementwise_nd(xnn_binary_multiply, xnn_datatype_fp32, NULL,
                                                   NULL, NULL, 0, &step->operator);
        if (created == xnn_status_success)
            reshaped = xnn_reshape_binary_elementwise_nd(step->operator, 2, (size_t[]){ h * w, c },
                                                         2, (size_t[]){ 1, c }, nn->pool);
        break;
    default:
        created = xnn_create_unary_elementwise_nc(
            step->kind == KIND_TANH ? xnn_unary_tanh : xnn_unary_sigmoid, xnn_datatype_fp32,
            xnn_datatype_fp32, NULL, NULL, NULL, 0, &step->operator);
        if (created == xnn_status_success)
            reshaped =
                xnn_reshape_unary_elementwise_nc(step->operator, h * w, c, from, to, nn->pool);
        break;
    }
    if (created == xnn_status_out_of_memory || reshaped == xnn_status_out_of_memory)
        return fail(LIVEDEPTH_NO_MEMORY, "%s %s", step->label, y->name);
    /* Out of memory XNNPACK may report success all the same. */
    if (created == xnn_status_success && !step->operator)
        return fail(LIVEDEPTH_NO_MEMORY, "%s %s", step->label, y->name);
    if (created != xnn_status_success || reshaped != xnn_status_success || alignment > ALIGN)
        return fail(LIVEDEPTH_INTERNAL, "%s %s: XNNPACK says %d, %d", step->label, y->name, created,
                    reshaped);
    return LIVEDEPTH_OK;
}

static void setup_kernel(struct nn *nn, struct step *step)
{
    step->args = (struct kernel_args){ .out = image_of(step->out), .scale = step->weight,
                                       .bias = step->bias, .ran_away = &nn->ran_away };
    for (int j = 0; j < step->inputs; j++) step->args.in[j] = image_of(step->in[j]);
}

static void setup_winograd(struct nn *nn, struct step *step)
{
    step->winograd.out = image_of(step->out);
    step->winograd.in = image_of(step->in[0]);
    const bool sums = step->winograd.end == WINOGRAD_ADD_RELU ||
                      step->winograd.end == WINOGRAD_ENERGY_RELU;
    step->winograd.other = image_of(step->in[sums]);
    for (int i = 0; i < step->winograd.parts; i++) {
        step->winograd.part[i].a = image_of(step->in[step->part_a[i]]);
        step->winograd.part[i].b = image_of(step->in[step->part_b[i]]);
    }
    step->winograd.weight = step->packed;
    step->winograd.bias = step->bias;
    step->winograd.scale = step->scale;
    step->winograd.ran_away = &nn->ran_away;
}

static enum livedepth_status setup_operator(struct step *step)
{
    const float *from = data_of(step->in[0]);
    float *to = data_of(step->out);
    void *workspace = step->workspace.data;
    enum xnn_status status;
    switch (step->kind) {
    case KIND_CONV:
        status = xnn_setup_convolution2d_nhwc_f32(step->operator, workspace, from, to);
        break;
    case KIND_MAXPOOL:
        status = xnn_setup_max_pooling2d_nhwc_f32(step->operator, from, to);
        break;
    case KIND_RESIZE:
        status = xnn_setup_resize_bilinear2d_nhwc_f32(step->operator, workspace, from, to);
        break;
    case KIND_MEAN:
        /* Of floats it has no use for a workspace, and crashes if it is given one. */
        status = xnn_setup_reduce_nd(step->operator, NULL, from, to);
        break;
    case KIND_SCALE:
        status = xnn_setup_binary_elementwise_nd(step->operator, from, data_of(step->in[1]), to);
        break;
    default:
        status = xnn_setup_unary_elementwise_nc(step->operator, from, to);
        break;
    }
    if (status != xnn_status_success)
        return fail(LIVEDEPTH_INTERNAL, "%s %s: XNNPACK says %d", step->label, step->out->name,
                    status);
    return LIVEDEPTH_OK;
}

enum livedepth_status nn_status(const struct nn *nn) { return nn->status; }

/* Memory of inputs and outputs. */
static enum livedepth_status give_memory(struct tensor *x)
{
    x->data = x->source ? x->source->data : memory_create(bytes_of(x));
    if (!x->data) return fail(LIVEDEPTH_NO_MEMORY, "%s: %zu bytes", x->name, bytes_of(x));
    return LIVEDEPTH_OK;
}

enum livedepth_status nn_finish(struct nn *nn)
{
    TRY(nn->status);
    for (int i = 0; i < nn->tensor_count; i++)
        if (nn->tensors[i].own) TRY(give_memory(&nn->tensors[i]));
    choose_convolutions(nn);
    join_steps(nn);
    gather(nn);
    if (!nn->keep_all) share_in_place(nn);
    for (int i = 0; i < nn->step_count; i++) TRY(create_operator(nn, &nn->steps[i]));
    find_lifetimes(nn);
    plan_memory(nn);
    return LIVEDEPTH_OK;
}

size_t nn_scratch_bytes(const struct nn *nn) { return nn->scratch_bytes; }

enum livedepth_status nn_place(struct nn *nn, void *scratch)
{
    for (int i = 0; i < nn->tensor_count; i++) {
        struct tensor *x = &nn->tensors[i];
        if (!x->parent && !x->own) x->data = (float *)((char *)scratch + x->place);
    }
    for (int i = 0; i < nn->step_count; i++) {
        struct step *step = &nn->steps[i];
        if (step->workspace.bytes)
            step->workspace.data = (float *)((char *)scratch + step->workspace.place);
        if (step->kind == KIND_KERNEL) setup_kernel(nn, step);
        else if (step->kind == KIND_WINOGRAD) setup_winograd(nn, step);
        else if (step->kind != KIND_MATMUL) TRY(setup_operator(step));
    }
    return LIVEDEPTH_OK;
}

/* --- run --- */

static void run_rows(void *context, size_t from, size_t count)
{
    const struct step *step = context;
    step->kernel(&step->args, (int)from, (int)(from + count));
}

static void run_matmul(void *context, size_t from, size_t count)
{
    const struct step *step = context;
    const struct image in = image_of(step->in[0]), out = image_of(step->out);
    const struct matmul layer = { .in = in.c, .out = out.c, .from_stride = in.stride,
                                  .to_stride = out.stride, .weight = step->packed,
                                  .bias = step->bias, .relu = step->act == ACT_RELU };
    matmul_run(&layer, (int)count * in.w, pixel(in, (int)from, 0), pixel(out, (int)from, 0));
}

static void run_block(void *context, size_t thread, size_t block)
{
    const struct step *step = context;
    const struct winograd *layer = &step->winograd;
    winograd_run(layer, (int)block,
                 step->workspace.data +
                     thread * winograd_scratch_floats(layer->in.c, layer->out.c, layer->block));
}

enum livedepth_status nn_run(struct nn *nn)
{
    double before = clock_ms();
    nn->ran_away = false;
    for (int i = 0; i < nn->step_count; i++) {
        struct step *step = &nn->steps[i];
        if (step->kind == KIND_KERNEL || step->kind == KIND_MATMUL) {
            const int rows = step->out->h;
            const int tile = nn->threads == 1 ? rows : max_int(1, rows / (4 * nn->threads));
            pthreadpool_parallelize_1d_tile_1d(
                nn->pool, step->kind == KIND_KERNEL ? run_rows : run_matmul, step, (size_t)rows,
                (size_t)tile, 0);
        } else if (step->kind == KIND_WINOGRAD) {
            pthreadpool_parallelize_1d_with_thread(nn->pool, run_block, step,
                                                   (size_t)winograd_blocks(&step->winograd), 0);
        } else if (xnn_run_operator(step->operator, nn->pool) != xnn_status_success) {
            return fail(LIVEDEPTH_INTERNAL, "%s %s: XNNPACK did not run", step->label,
                        step->out->name);
        }
        const double now = clock_ms();
        step->ms += now - before;
        before = now;
    }
    return LIVEDEPTH_OK;
}

bool nn_ran_away(const struct nn *nn) { return nn->ran_away; }

/* --- looking inside --- */

void nn_keep_all(struct nn *nn) { nn->keep_all = true; }

const struct tensor *nn_find(const struct nn *nn, const char *name, float *out)
{
    for (int i = nn->tensor_count - 1; i >= 0; i--) {
        const struct tensor *x = &nn->tensors[i];
        if (strcmp(x->name, name)) continue;
        if (out) {
            struct image dense = { x->h, x->w, x->c, x->c, out };
            copy(&(struct kernel_args){ .out = dense, .in = { image_of(x) } }, 0, x->h);
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
