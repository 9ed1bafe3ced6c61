/* kernels.c - see kernels.h. Their plain definitions are in tests/kernels_reference.c. */
#include "kernels.h"
#include "simd.h"

const volatile float kernel_limit_square = KERNEL_LIMIT * KERNEL_LIMIT;

static const float EPSILON = 1e-8f; /* under the root, as in training/networks/blocks.py */

/* Kernels work on copies of their arguments: for all that the compiler knows, a float that is
 * stored might be a part of the originals, and it would read them again for every pixel. */

/* --- one pixel at a time --- */

static const float *row_or(struct image m, int y, const float *otherwise)
{
    return m.data ? pixel(m, y, 0) : otherwise;
}

/* Runs `body` for four channels (n of them valid) of every pixel of the rows; p, a, b, t point at
 * the pixel in out and in[0..2]. */
#define EACH_PIXEL(body)                                                          \
    const struct kernel_args k = *args;                                           \
    for (int y = y0; y < y1; y++) {                                               \
        float *p = pixel(k.out, y, 0);                                            \
        const float *a = pixel(k.in[0], y, 0);                                    \
        const float *b = row_or(k.in[1], y, a), *t = row_or(k.in[2], y, a);       \
        for (int x = 0; x < k.out.w; x++, p += k.out.stride, a += k.in[0].stride, \
                 b += k.in[1].stride, t += k.in[2].stride)                        \
            for (int c = 0; c < k.out.c; c += 4) {                                \
                const int n = k.out.c - c;                                        \
                (void)t;                                                          \
                body                                                              \
            }                                                                     \
    }

/* Four channels of in[1], zero past its last one */
#define B4 (k.in[1].c > c ? load4(b + c, k.in[1].c - c) : splat4(0))

void affine(const struct kernel_args *args, int y0, int y1)
{
    EACH_PIXEL(
        store4(p + c, madd4(load4(a + c, n), load4(k.scale + c, n), load4(k.bias + c, n)), n);)
}

void copy(const struct kernel_args *args, int y0, int y1)
{
    EACH_PIXEL(store4(p + c, load4(a + c, n), n);)
}

void add(const struct kernel_args *args, int y0, int y1)
{
    EACH_PIXEL(store4(p + c, load4(a + c, n) + B4, n);)
}

static void note(const struct kernel_args *args, i32x4 beyond)
{
    if (any4(beyond)) kernel_note(args->ran_away);
}

void add_relu(const struct kernel_args *args, int y0, int y1)
{
    i32x4 beyond = { 0 };
    EACH_PIXEL(const f32x4 sum = relu4(load4(a + c, n) + B4); beyond |= beyond4(sum, KERNEL_LIMIT);
               store4(p + c, sum, n);)
    note(args, beyond);
}

void prelu(const struct kernel_args *args, int y0, int y1)
{
    i32x4 beyond = { 0 };
    EACH_PIXEL(const f32x4 v = load4(a + c, n);
               beyond |= ~within4(v, splat4(KERNEL_LIMIT * KERNEL_LIMIT));
               store4(p + c, prelu4(v, load4(k.scale + c, n)), n);)
    note(args, beyond);
}

void sub(const struct kernel_args *args, int y0, int y1)
{
    EACH_PIXEL(store4(p + c, load4(a + c, n) - B4, n);)
}

void mul(const struct kernel_args *args, int y0, int y1)
{
    EACH_PIXEL(store4(p + c, load4(a + c, n) * B4, n);)
}

void lerp(const struct kernel_args *args, int y0, int y1)
{
    EACH_PIXEL(const f32x4 from = load4(a + c, n);
               store4(p + c, madd4(load4(t + c, n), B4 - from, from), n);)
}

/* --- Sobel --- */

/* The eight neighbours of a pixel, row by row; outside the picture they point at zeros. */
struct neighbours {
    const float *at[3][3];
};

static struct neighbours neighbours_at_edge(struct image in, int y, int x)
{
    static const float zeros[KERNEL_MAX_CHANNELS];
    struct neighbours near;
    for (int i = 0; i < 3; i++)
        for (int j = 0; j < 3; j++) {
            const int v = y + i - 1, u = x + j - 1;
            near.at[i][j] = v < 0 || v >= in.h || u < 0 || u >= in.w ? zeros : pixel(in, v, u);
        }
    return near;
}

static inline struct neighbours neighbours(struct image in, int y, int x)
{
    if (y == 0 || x == 0 || y + 1 == in.h || x + 1 == in.w) return neighbours_at_edge(in, y, x);
    const float *at = pixel(in, y, x);
    const ptrdiff_t down = (ptrdiff_t)in.w * in.stride, right = in.stride;
    struct neighbours near;
    for (int i = 0; i < 3; i++)
        for (int j = 0; j < 3; j++) near.at[i][j] = at + (i - 1) * down + (j - 1) * right;
    return near;
}

static inline f32x4 gradient_x(const struct neighbours *near, int c, int n)
{
    f32x4 d[3];
    for (int i = 0; i < 3; i++) d[i] = load4(near->at[i][2] + c, n) - load4(near->at[i][0] + c, n);
    return d[0] + (d[1] + d[1]) + d[2];
}

static inline f32x4 gradient_y(const struct neighbours *near, int c, int n)
{
    f32x4 d[3];
    for (int j = 0; j < 3; j++) d[j] = load4(near->at[2][j] + c, n) - load4(near->at[0][j] + c, n);
    return d[0] + (d[1] + d[1]) + d[2];
}

/* Runs `body` for four channels of in[source] (n of them valid) at every pixel of the rows. */
#define EACH_NEIGHBOURHOOD(source, body)                                   \
    const struct kernel_args k = *args;                                    \
    for (int y = y0; y < y1; y++)                                          \
        for (int x = 0; x < k.out.w; x++) {                                \
            const struct neighbours near = neighbours(k.in[source], y, x); \
            float *p = pixel(k.out, y, x);                                 \
            for (int c = 0; c < k.in[source].c; c += 4) {                  \
                const int n = k.in[source].c - c;                          \
                body                                                       \
            }                                                              \
        }

void sobel_xy_down(const struct kernel_args *args, int y0, int y1)
{
    EACH_NEIGHBOURHOOD(0, store4(p + c, gradient_x(&near, c, n), n);
                       store4(p + k.in[0].c + c, gradient_y(&near, c, n), n);)
}

void sobel_xy_up(const struct kernel_args *args, int y0, int y1)
{
    EACH_NEIGHBOURHOOD(0, store4(p + c, gradient_x(&near, c, n), n);
                       store4(p + k.in[0].c + c, -gradient_y(&near, c, n), n);)
}

void sobel_magnitude(const struct kernel_args *args, int y0, int y1)
{
    EACH_NEIGHBOURHOOD(0, const f32x4 gx = gradient_x(&near, c, n);
                       const f32x4 gy = gradient_y(&near, c, n);
                       store4(p + c, sqrt4(madd4(gx, gx, madd4(gy, gy, splat4(EPSILON)))), n);)
}

void sobel_energy_add(const struct kernel_args *args, int y0, int y1)
{
    i32x4 beyond = { 0 };
    EACH_NEIGHBOURHOOD(1, const f32x4 gx = gradient_x(&near, c, n);
                       const f32x4 gy = gradient_y(&near, c, n);
                       const f32x4 energy = madd4(gx, gx, gy * gy);
                       const f32x4 body = load4(pixel(k.in[0], y, x) + c, n);
                       const f32x4 sum = relu4(madd4(load4(k.scale + c, n), energy, body));
                       beyond |= beyond4(sum, KERNEL_LIMIT); store4(p + c, sum, n);)
    note(args, beyond);
}

/* --- means around a pixel --- */

/* Pixels that lie side by side are one run of floats, others a run each. */
static int runs_of(struct image m) { return m.stride == m.c ? 1 : m.w; }

/* Sums [w * c] of the rows first .. last, or of their squares. */
static void add_rows(float *sums, struct image in, int first, int last, bool squares)
{
    const int runs = runs_of(in), length = in.w * in.c / runs;
    for (int r = 0; r < runs; r++, sums += length)
        for (int i = 0; i < length; i += 4) {
            const int n = length - i;
            f32x4 sum = splat4(0);
            for (int y = first; y <= last; y++) {
                const f32x4 v = load4(pixel(in, y, r) + i, n);
                sum = squares ? madd4(v, v, sum) : sum + v;
            }
            store4(sums + i, sum, n);
        }
}

/* mean [w * c] of the square about each pixel of row y, or of its squares. Every row is summed
 * anew, so that the bits do not depend on where the rows are split. */
static void local_mean(float *mean, struct image in, int y, bool squares)
{
    float columns[KERNEL_LOCAL_ROW] = { 0 }; /* sums down the square, a margin on both sides */
    const int reach = KERNEL_LOCAL / 2, floats = in.w * in.c;
    const int first = max_int(y - reach, 0), last = min_int(y + reach, in.h - 1);
    add_rows(columns + reach * in.c, in, first, last, squares);
    for (int x = 0; x < in.w; x++) {
        const int inside = min_int(x + reach, in.w - 1) - max_int(x - reach, 0) + 1;
        for (int c = 0; c < in.c; c++)
            mean[x * in.c + c] = 1 / (float)(inside * (last - first + 1));
    }
    for (int i = 0; i < floats; i += 4) {
        const int n = floats - i;
        f32x4 sum = splat4(0);
        for (int k = 0; k < KERNEL_LOCAL; k++) sum += load4(columns + i + k * in.c, n);
        store4(mean + i, sum * load4(mean + i, n), n);
    }
}

/* Runs `body` for four floats (n of them valid) of the rows: a of in[0], m of their mean; p points
 * at them in out. */
#define EACH_LOCAL(squares, body)                                   \
    const struct kernel_args k = *args;                             \
    const int runs = max_int(runs_of(k.in[0]), runs_of(k.out));     \
    const int length = k.out.w * k.out.c / runs;                    \
    float mean[KERNEL_LOCAL_ROW];                                   \
    for (int y = y0; y < y1; y++) {                                 \
        local_mean(mean, k.in[0], y, squares);                      \
        for (int r = 0; r < runs; r++)                              \
            for (int i = 0; i < length; i += 4) {                   \
                const int n = length - i;                           \
                const f32x4 a = load4(pixel(k.in[0], y, r) + i, n), \
                            m = load4(mean + r * length + i, n);    \
                float *p = pixel(k.out, y, r) + i;                  \
                body                                                \
            }                                                       \
    }

void local_rest(const struct kernel_args *args, int y0, int y1)
{
    EACH_LOCAL(false, store4(p, a - m, n);)
}

void local_scale(const struct kernel_args *args, int y0, int y1)
{
    EACH_LOCAL(true, store4(p, a / (splat4(4) * (sqrt4(m) + splat4(KERNEL_LOCAL_FLOOR))), n);)
}

#define KERNEL(name, tolerance, flops, over, end, source) \
    const struct kernel kernel_##name = { #name, name, flops, over, END_##end, SOURCE_##source };
#include "kernels.inc"
#undef KERNEL
