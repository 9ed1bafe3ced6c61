/* depthwise.c - see depthwise.h.
 *
 * Four channels go along a whole row before the next four: their nine weights stay in registers,
 * and each column of three pixels is loaded once for the two or three results that it is part
 * of. */
#include "depthwise.h"
#include "simd.h"

/* Four channels of a row. Where a row above or below lies outside, its weights are zero. */
struct strip {
    f32x4 weight[3][3], bias, slope, limit;
    const float *row[3];
};

/* n channels of the pixel `at` floats behind the row's first, in the three rows. */
struct column {
    f32x4 v[3];
};

INLINE struct column column(const struct strip *s, ptrdiff_t at, int n)
{
    return (struct column){ { load4(s->row[0] + at, n), load4(s->row[1] + at, n),
                              load4(s->row[2] + at, n) } };
}

/* Column u of pixels as column j of the kernel. */
INLINE f32x4 part(const struct strip *s, const struct column *u, int j)
{
    return madd4(u->v[2], s->weight[2][j],
                 madd4(u->v[1], s->weight[1][j], u->v[0] * s->weight[0][j]));
}

INLINE void finish(const struct strip *s, f32x4 sum, int n, float *to, i32x4 *sane)
{
    *sane &= within4(sum, s->limit);
    store4(to, gentle_prelu4(sum, s->slope), n);
}

INLINE i32x4 run_stride1(const struct strip *s, int w, ptrdiff_t right, int n, float *to,
                         ptrdiff_t step)
{
    i32x4 sane = { -1, -1, -1, -1 };
    struct column u = column(s, 0, n);
    f32x4 here = s->bias + part(s, &u, 1), next = s->bias + part(s, &u, 0);
    LOOP for (int x = 1; x < w; x++, to += step) {
        u = column(s, x * right, n);
        finish(s, here + part(s, &u, 2), n, to, &sane);
        here = next + part(s, &u, 1);
        next = s->bias + part(s, &u, 0);
    }
    finish(s, here, n, to, &sane);
    return sane;
}

INLINE i32x4 run_stride2(const struct strip *s, int w, ptrdiff_t right, int n, float *to,
                         ptrdiff_t step)
{
    i32x4 sane = { -1, -1, -1, -1 };
    f32x4 here = s->bias;
    int x = 0;
    LOOP for (; x + 1 < w; x += 2, to += step) {
        const struct column u = column(s, x * right, n), v = column(s, (x + 1) * right, n);
        finish(s, here + part(s, &u, 1) + part(s, &v, 2), n, to, &sane);
        here = s->bias + part(s, &v, 0);
    }
    if (x < w) {
        const struct column u = column(s, x * right, n);
        finish(s, here + part(s, &u, 1), n, to, &sane);
    }
    return sane;
}

/* n channels from c on of row y of the result. */
INLINE i32x4 run_strip(const struct depthwise *layer, int y, int c, int n)
{
    const struct image in = layer->in;
    struct strip s = { .bias = load4(layer->bias + c, n),
                       .slope = load4(layer->slope + c, n),
                       .limit = splat4(kernel_limit_square) };
    for (int i = 0; i < 3; i++) {
        const int v = y * layer->stride + i - 1;
        const bool inside = v >= 0 && v < in.h;
        s.row[i] = pixel(in, inside ? v : y * layer->stride, 0) + c;
        for (int j = 0; j < 3; j++)
            s.weight[i][j] = inside ? load4(layer->weight + (3 * i + j) * in.c + c, n) : splat4(0);
    }
    float *to = pixel(layer->out, y, 0) + c;
    return layer->stride == 1 ? run_stride1(&s, in.w, in.stride, n, to, layer->out.stride)
                              : run_stride2(&s, in.w, in.stride, n, to, layer->out.stride);
}

void depthwise_run(const struct depthwise *layer, int y0, int y1)
{
    i32x4 sane = { -1, -1, -1, -1 };
    for (int y = y0; y < y1; y++) {
        int c = 0;
        for (; c + 4 <= layer->in.c; c += 4) sane &= run_strip(layer, y, c, 4);
        if (c < layer->in.c) sane &= run_strip(layer, y, c, layer->in.c - c);
    }
    if (any4(~sane)) kernel_note(layer->ran_away);
}
