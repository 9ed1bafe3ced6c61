/* matmul.c - see matmul.h. */
#include "matmul.h"
#include "simd.h"

enum { ROWS = MATMUL_ROWS, PANEL = MATMUL_PANEL };

#define INLINE static inline __attribute__((always_inline))

size_t matmul_packed_floats(int in, int out)
{
    return (size_t)((out + PANEL - 1) / PANEL * PANEL) * (size_t)in;
}

size_t matmul_place(int in, int k, int c)
{
    return (size_t)(k / PANEL * PANEL) * (size_t)in + (size_t)(c * PANEL + k % PANEL);
}

void matmul_pack(int in, int out, const float *weight, float *packed)
{
    memset(packed, 0, matmul_packed_floats(in, out) * sizeof *packed);
    for (int k = 0; k < out; k++)
        for (int c = 0; c < in; c++) packed[matmul_place(in, k, c)] = weight[k * in + c];
}

/* Eight results k .. k + 7, of which n are wanted. */
struct panel { const float *weight; f32x4 low, high, least, slope_low, slope_high; };

/* Four sums, of which n are wanted, become results; other, to: where they belong. */
INLINE void finish(const struct matmul *layer, const struct panel *panel, f32x4 sum, f32x4 slope,
                   int n, const float *other, float *to, i32x4 *beyond)
{
    if (layer->end <= MATMUL_RELU) {
        store4(to, at_least4(sum, panel->least), n);
        return;
    }
    const f32x4 s = layer->end == MATMUL_PRELU ? sum : at_least4(sum + load4(other, n), panel->least);
    *beyond |= beyond4(abs4(s), KERNEL_LIMIT);
    store4(to, layer->end == MATMUL_PRELU ? prelu4(s, slope) : s, n);
}

/* Of so many rows. One loop: a short one inside it V8 unrolls and then spills, at 36 instead of 49
 * GFLOP/s (relaxed; simd128 27, 37). */
INLINE void multiply(const struct matmul *layer, const struct panel *panel, int rows, int n,
                     const float *from, const float *other, float *to, i32x4 *beyond)
{
    f32x4 sum[ROWS][2];
    for (int r = 0; r < rows; r++) sum[r][0] = panel->low, sum[r][1] = panel->high;
    const float *weight = panel->weight;
    const int in = layer->in, stride = layer->from_stride;
    _Pragma("clang loop unroll(disable)") for (int c = 0; c < in; c++, weight += PANEL) {
        const f32x4 low = load4(weight, 4), high = load4(weight + 4, 4);
        for (int r = 0; r < rows; r++) {
            const f32x4 v = splat4(from[r * stride + c]);
            sum[r][0] = madd4(v, low, sum[r][0]);
            sum[r][1] = madd4(v, high, sum[r][1]);
        }
    }
    for (int r = 0; r < rows; r++, to += layer->to_stride, other += layer->other_stride) {
        finish(layer, panel, sum[r][0], panel->slope_low, n, other, to, beyond);
        if (n > 4)
            finish(layer, panel, sum[r][1], panel->slope_high, n - 4, other + 4, to + 4, beyond);
    }
}

INLINE void multiply_all(const struct matmul *layer, const struct panel *panel, int rows, int n,
                         const float *from, const float *other, float *to)
{
    i32x4 beyond = { 0 };
    int r = 0;
    for (; r + ROWS <= rows; r += ROWS)
        multiply(layer, panel, ROWS, n, from + r * layer->from_stride,
                 other + r * layer->other_stride, to + r * layer->to_stride, &beyond);
    for (; r < rows; r++)
        multiply(layer, panel, 1, n, from + r * layer->from_stride,
                 other + r * layer->other_stride, to + r * layer->to_stride, &beyond);
    if (any4(beyond)) kernel_note(layer->ran_away);
}

/* n numbers from k on, zeros where there are none. */
static void load_panel(const float *numbers, int k, int n, f32x4 *low, f32x4 *high)
{
    *low = numbers ? load4(numbers + k, n) : splat4(0);
    *high = numbers && n > 4 ? load4(numbers + k + 4, n - 4) : splat4(0);
}

static void run_panel(const struct matmul *layer, int k, int rows, const float *from,
                      const float *other, float *to)
{
    const int n = min_int(layer->out - k, PANEL);
    const bool relu = layer->end == MATMUL_RELU || layer->end == MATMUL_ADD_RELU;
    struct panel panel = { .weight = layer->weight + k * layer->in,
                           .least = splat4(relu ? 0 : -INFINITY) };
    load_panel(layer->bias, k, n, &panel.low, &panel.high);
    load_panel(layer->end == MATMUL_PRELU ? layer->slope : NULL, k, n, &panel.slope_low,
               &panel.slope_high);
    if (n == PANEL) multiply_all(layer, &panel, rows, PANEL, from, other + k, to + k);
    else multiply_all(layer, &panel, rows, n, from, other + k, to + k);
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
