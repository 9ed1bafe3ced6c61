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
struct panel { const float *weight; f32x4 low, high, least; };

/* Of so many rows. One loop: a short one inside it V8 unrolls and then spills, at 36 instead of 49
 * GFLOP/s (relaxed; simd128 27, 37). */
INLINE void multiply(const struct matmul *layer, const struct panel *panel, int rows, int n,
                     const float *from, float *to)
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
    for (int r = 0; r < rows; r++, to += layer->to_stride) {
        store4(to, at_least4(sum[r][0], panel->least), n);
        if (n > 4) store4(to + 4, at_least4(sum[r][1], panel->least), n - 4);
    }
}

INLINE void multiply_all(const struct matmul *layer, const struct panel *panel, int rows, int n,
                         const float *from, float *to)
{
    int r = 0;
    for (; r + ROWS <= rows; r += ROWS)
        multiply(layer, panel, ROWS, n, from + r * layer->from_stride, to + r * layer->to_stride);
    for (; r < rows; r++)
        multiply(layer, panel, 1, n, from + r * layer->from_stride, to + r * layer->to_stride);
}

static void run_panel(const struct matmul *layer, int k, int rows, const float *from, float *to)
{
    const int n = min_int(layer->out - k, PANEL);
    const float *bias = layer->bias;
    const struct panel panel = { layer->weight + k * layer->in,
                                 bias ? load4(bias + k, n) : splat4(0),
                                 bias && n > 4 ? load4(bias + k + 4, n - 4) : splat4(0),
                                 splat4(layer->relu ? 0 : -INFINITY) };
    if (n == PANEL) multiply_all(layer, &panel, rows, PANEL, from, to + k);
    else multiply_all(layer, &panel, rows, n, from, to + k);
}

/* So many rows at a time stay in the first cache while all panels pass over them. */
void matmul_run(const struct matmul *layer, int rows, const float *from, float *to)
{
    enum { MOST = 32 };
    for (; rows > 0; rows -= MOST) {
        for (int k = 0; k < layer->out; k += PANEL)
            run_panel(layer, k, min_int(rows, MOST), from, to);
        from += MOST * layer->from_stride;
        to += MOST * layer->to_stride;
    }
}
