/* nn.c - see nn.h. Plans are described here; nn_plan.h names the other rooms. */
#include "nn.h"
#include "nn_xnnpack.h"
#include <pthreadpool.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct nn *nn_create(struct weights_part part, struct pthreadpool *pool)
{
    struct nn *nn = calloc(1, sizeof *nn);
    if (!nn) return NULL;
    nn->part = part;
    nn->pool = pool;
    nn->threads = (int)pthreadpool_get_threads_count(pool);
    nn->nothing = (struct tensor){ .name = "(error)", .h = 1, .w = 1, .c = 1 };
    nn->status = nn_start_xnnpack();
    return nn;
}

void nn_destroy(struct nn *nn)
{
    if (!nn) return;
    for (int i = 0; i < nn->step_count; i++) {
        nn_delete_operator(&nn->steps[i]);
        free(nn->steps[i].packed);
    }
    for (int i = 0; i < nn->tensor_count; i++)
        if (nn->tensors[i].own && !nn->tensors[i].source) free(nn->tensors[i].data);
    free(nn->blocks);
    free(nn);
}

enum livedepth_status nn_status(const struct nn *nn) { return nn->status; }

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

int nn_height(const struct tensor *x) { return x->h; }
int nn_width(const struct tensor *x) { return x->w; }
int nn_channels(const struct tensor *x) { return x->c; }
float *nn_data(const struct tensor *x) { return x->own ? x->data : NULL; }

#define FORMAT_NAME(buffer, name)                      \
    do {                                               \
        va_list args_;                                 \
        va_start(args_, name);                         \
        vsnprintf(buffer, sizeof buffer, name, args_); \
        va_end(args_);                                 \
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

struct conv {
    int out, k, stride;
    enum pad pad;
    bool bias, by_channel;
    enum act act;
};

static struct tensor *conv(struct nn *nn, struct tensor *x, struct conv conv, const char *name)
{
    const int lost = conv.pad == PAD_NONE ? conv.k - 1 : 0; /* rows */
    if (!nn->status && min_int(x->h, x->w) <= lost)
        return stop(nn, fail(LIVEDEPTH_INTERNAL, "%s: %s is too small", name, x->name));
    const int h = (x->h - lost + conv.stride - 1) / conv.stride,
              w = (x->w - lost + conv.stride - 1) / conv.stride;
    struct tensor *out = new_tensor(nn, h, w, conv.out);
    const int shape[4] = { conv.by_channel ? 1 : conv.out, conv.k, conv.k, x->c };
    const float *weights = nn_weight(nn, name, "weight", 4, shape);
    const float *bias = conv.bias ? nn_weight(nn, name, "bias", 1, &conv.out) : NULL;
    if (nn->status) return &nn->nothing;
    snprintf(out->name, sizeof out->name, "%s", name);
    struct step *step = new_step(nn, KIND_CONV, "conv", out, 1, &x);
    if (nn->status) return &nn->nothing;
    step->weight = weights;
    step->bias = bias;
    step->k = conv.k;
    step->stride = conv.stride;
    step->pad = conv.pad;
    step->by_channel = conv.by_channel;
    step->act = conv.act;
    step->flops = 2.0 * h * w * conv.out * conv.k * conv.k * (conv.by_channel ? 1 : x->c);
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
    const float *weights = nn_weight(nn, at, "weight", 2, shape);
    const float *bias = nn_weight(nn, at, "bias", 1, &out);
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
static struct tensor *apply(struct nn *nn, const struct kernel *kernel, int inputs,
                            struct tensor *const in[])
{
    for (int i = 1; i < inputs && !nn->status; i++)
        if (in[i]->h != in[0]->h || in[i]->w != in[0]->w || in[i]->c > in[0]->c)
            return stop(nn, fail(LIVEDEPTH_INTERNAL, "%s of %s and %s: sizes differ", kernel->name,
                                 in[0]->name, in[i]->name));
    struct tensor *out = new_tensor(nn, in[0]->h, in[0]->w, in[0]->c);
    struct step *step = new_step(nn, KIND_KERNEL, kernel->name, out, inputs, in);
    if (nn->status) return &nn->nothing;
    step->kernel = kernel;
    step->flops = (double)kernel->flops * out->h * out->w * out->c;
    return out;
}

#define APPLY(kernel, ...)                                                             \
    apply(nn, &kernel_##kernel,                                                        \
          (int)(sizeof((struct tensor *[]){ __VA_ARGS__ }) / sizeof(struct tensor *)), \
          (struct tensor *[]){ __VA_ARGS__ })

struct tensor *nn_affine(struct nn *nn, struct tensor *x, const char *name, ...)
{
    char at[NAME];
    FORMAT_NAME(at, name);
    const float *scale = nn_weight(nn, at, "scale", 1, &x->c),
                *bias = nn_weight(nn, at, "bias", 1, &x->c);
    struct tensor *y = APPLY(affine, x);
    if (nn->status) return y;
    nn->steps[nn->step_count - 1].weight = scale;
    nn->steps[nn->step_count - 1].bias = bias;
    return nn_name(nn, y, "%s", at);
}

struct tensor *nn_prelu(struct nn *nn, struct tensor *x, const char *name, ...)
{
    char at[NAME];
    FORMAT_NAME(at, name);
    const float *slope = nn_weight(nn, at, "slope", 1, &x->c);
    struct tensor *y = APPLY(prelu, x);
    if (nn->status) return y;
    nn->steps[nn->step_count - 1].weight = slope;
    return nn_name(nn, y, "%s", at);
}

struct tensor *nn_sobel_energy_add(struct nn *nn, struct tensor *a, struct tensor *x,
                                   const char *name, ...)
{
    char at[NAME];
    FORMAT_NAME(at, name);
    const float *scale = nn_weight(nn, at, "scale", 1, &a->c);
    struct tensor *y = APPLY(sobel_energy_add, a, x);
    if (nn->status) return y;
    nn->steps[nn->step_count - 1].weight = scale;
    return y;
}

struct tensor *nn_add(struct nn *nn, struct tensor *a, struct tensor *b, enum act act)
{
    return act == ACT_RELU ? APPLY(add_relu, a, b) : APPLY(add, a, b);
}

struct tensor *nn_sub(struct nn *nn, struct tensor *a, struct tensor *b)
{
    return APPLY(sub, a, b);
}
struct tensor *nn_mul(struct nn *nn, struct tensor *a, struct tensor *b)
{
    return APPLY(mul, a, b);
}

struct tensor *nn_lerp(struct nn *nn, struct tensor *a, struct tensor *b, struct tensor *t)
{
    return APPLY(lerp, a, b, t);
}

struct tensor *nn_sobel_magnitude(struct nn *nn, struct tensor *x)
{
    return APPLY(sobel_magnitude, x);
}

struct tensor *nn_sobel(struct nn *nn, struct tensor *x, bool downwards)
{
    struct tensor *y = downwards ? APPLY(sobel_xy_down, x) : APPLY(sobel_xy_up, x);
    if (!nn->status) y->c = 2 * x->c;
    return y;
}

struct tensor *nn_local_norm(struct nn *nn, struct tensor *x)
{
    if (!nn->status && (x->w + KERNEL_LOCAL) * x->c > KERNEL_LOCAL_ROW)
        return stop(nn, fail(LIVEDEPTH_INTERNAL, "local norm of %d x %d", x->w, x->c));
    struct tensor *rest = APPLY(local_rest, x);
    return APPLY(local_scale, rest);
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
        return stop(nn,
                    fail(LIVEDEPTH_INTERNAL, "scale: %s does not fit %s", factor->name, x->name));
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
        if (part->own || part->parent) part = APPLY(copy, part);
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
