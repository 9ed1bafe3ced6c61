/* matmul.c - see matmul.h. */
#include "matmul.h"
#include "simd.h"

enum { ROWS = MATMUL_ROWS, PANEL = MATMUL_PANEL };

size_t matmul_packed_floats(int in, int out)
{
    return (size_t)((out + PANEL - 1) / PANEL * PANEL) * (size_t)in;
}

size_t matmul_place(int in, int k, int c)
{
    return (size_t)(k / PANEL * PANEL) * (size_t)in + (size_t)(c * PANEL + k % PANEL);
}

/* n of eight rows. Packing is for the start, when a browser's code is not optimised yet: the fewer
 * instructions, the better. */
__attribute__((noinline)) static void pack_panel(int in, int n, const float *weight, float *packed)
{
    const float *w = weight, *end = weight + in;
    if (n == PANEL)
        for (; w < end; w++, packed += PANEL) {
            store4(packed, (f32x4){ w[0], w[in], w[2 * in], w[3 * in] }, 4);
            store4(packed + 4, (f32x4){ w[4 * in], w[5 * in], w[6 * in], w[7 * in] }, 4);
        }
    else
        for (; w < end; w++, packed += PANEL)
            for (int k = 0; k < n; k++) packed[k] = w[k * in];
}

void matmul_pack(int in, int out, const float *weight, float *packed)
{
    memset(packed, 0, matmul_packed_floats(in, out) * sizeof *packed);
    for (int k = 0; k < out; k += PANEL)
        pack_panel(in, min_int(out - k, PANEL), weight + k * in, packed + k * in);
}

/* Eight results k .. k + 7, of which n are wanted, and what becomes of their sums. */
struct panel {
    const float *weight;
    f32x4 low, high, least, slope_low, slope_high, limit;
    enum matmul_end end;
};

/* Four sums become results; other, to: where they belong. */
INLINE void finish(const struct panel *panel, f32x4 sum, f32x4 slope, int n, const float *other,
                   float *to, i32x4 *sane)
{
    const bool adds = panel->end == MATMUL_ADD || panel->end == MATMUL_ADD_RELU;
    f32x4 s = adds ? sum + load4(other, n) : sum;
    if (panel->end != MATMUL_PRELU) s = at_least4(s, panel->least);
    if (panel->end >= MATMUL_PRELU) *sane &= within4(s, panel->limit);
    store4(to, panel->end == MATMUL_PRELU ? gentle_prelu4(s, slope) : s, n);
}

/* Of so many rows. One loop: a short one inside it V8 unrolls and then spills, at 36 instead of 49
 * GFLOP/s (relaxed; simd128 27, 37). */
INLINE void multiply(const struct matmul *layer, const struct panel *panel, int rows, int n,
                     const float *from, const float *other, float *to, i32x4 *sane)
{
    f32x4 sum[ROWS][2];
    for (int r = 0; r < rows; r++) sum[r][0] = panel->low, sum[r][1] = panel->high;
    const float *weight = panel->weight;
    const int in = layer->in, stride = layer->from_stride;
    LOOP for (int c = 0; c < in; c++, weight += PANEL) {
        const f32x4 low = load4(weight, 4), high = load4(weight + 4, 4);
        for (int r = 0; r < rows; r++) {
            const f32x4 v = splat4(from[r * stride + c]);
            sum[r][0] = madd4(v, low, sum[r][0]);
            sum[r][1] = madd4(v, high, sum[r][1]);
        }
    }
    for (int r = 0; r < rows; r++, to += layer->to_stride, other += layer->other_stride) {
        finish(panel, sum[r][0], panel->slope_low, n, other, to, sane);
        if (n > 4) finish(panel, sum[r][1], panel->slope_high, n - 4, other + 4, to + 4, sane);
    }
}

INLINE void multiply_all(const struct matmul *layer, struct panel panel, enum matmul_end end,
                         int rows, int n, const float *from, const float *other, float *to)
{
    i32x4 sane = { -1, -1, -1, -1 };
    int r = 0;
    panel.end = end;
    for (; r + ROWS <= rows; r += ROWS)
        multiply(layer, &panel, ROWS, n, from + r * layer->from_stride,
                 other + r * layer->other_stride, to + r * layer->to_stride, &sane);
    for (; r < rows; r++)
        multiply(layer, &panel, 1, n, from + r * layer->from_stride,
                 other + r * layer->other_stride, to + r * layer->to_stride, &sane);
    if (any4(~sane)) kernel_note(layer->ran_away);
}

/* n numbers from k on, zeros where there are none. */
static void load_panel(const float *numbers, int k, int n, f32x4 *low, f32x4 *high)
{
    *low = numbers ? load4(numbers + k, n) : splat4(0);
    *high = numbers && n > 4 ? load4(numbers + k + 4, n - 4) : splat4(0);
}

/* Whole panels have a loop for each end that is common, so that it need not look which it is. Not
 * inlined: a browser that has just started changes to optimised code when a function is called. */
__attribute__((noinline)) static void run_panel(const struct matmul *layer, int k, int rows,
                                                const float *from, const float *other, float *to)
{
    const int n = min_int(layer->out - k, PANEL);
    const enum matmul_end end = layer->end;
    const bool relu = end == MATMUL_RELU || end == MATMUL_ADD_RELU;
    struct panel panel = { .weight = layer->weight + k * layer->in,
                           .least = splat4(relu ? 0 : -INFINITY),
                           .limit = splat4(kernel_limit_square) };
    load_panel(layer->bias, k, n, &panel.low, &panel.high);
    load_panel(end == MATMUL_PRELU ? layer->slope : NULL, k, n, &panel.slope_low,
               &panel.slope_high);
    if (n < PANEL) multiply_all(layer, panel, end, rows, n, from, other + k, to + k);
    else if (end == MATMUL_PRELU)
        multiply_all(layer, panel, MATMUL_PRELU, rows, PANEL, from, other + k, to + k);
    else if (end >= MATMUL_ADD)
        multiply_all(layer, panel, MATMUL_ADD_RELU, rows, PANEL, from, other + k, to + k);
    else multiply_all(layer, panel, MATMUL_RELU, rows, PANEL, from, other + k, to + k);
}

/* So many rows at a time stay in the first cache while all panels pass over them. */
void matmul_run(const struct matmul *layer, int rows, const float *from, const float *other,
                float *to)
{
    enum { MOST = 32 };
    if (!other) other = to; /* pointers to count with, not read */
    for (; rows > 0; rows -= MOST) {
        for (int k = 0; k < layer->out; k += PANEL)
            run_panel(layer, k, min_int(rows, MOST), from, other, to);
        from += MOST * layer->from_stride;
        other += MOST * layer->other_stride;
        to += MOST * layer->to_stride;
    }
}
