/* kernels.c - see kernels.h. Their plain definitions are in tests/kernels_reference.c. */
#include "kernels.h"
#include "simd.h"

static const float EPSILON = 1e-8f; /* under the root, as in training/blocks.py */

/* --- one pixel at a time --- */

/* Runs `body` for four channels (n of them valid) of every pixel of the rows; p, a, b, t point at
 * the pixel in out and in[0..2]. */
#define EACH_PIXEL(body)                                                      \
    for (int y = y0; y < y1; y++)                                             \
        for (int x = 0; x < args->out.w; x++) {                               \
            float *p = pixel(args->out, y, x);                                \
            const float *a = pixel(args->in[0], y, x);                        \
            for (int c = 0; c < args->out.c; c += 4) {                        \
                const int n = args->out.c - c;                                \
                body                                                          \
            }                                                                 \
        }

void affine(const struct kernel_args *args, int y0, int y1)
{
    EACH_PIXEL(store4(p + c, madd4(load4(a + c, n), load4(args->scale + c, n),
                                   load4(args->bias + c, n)), n);)
}

void copy(const struct kernel_args *args, int y0, int y1)
{
    EACH_PIXEL(store4(p + c, load4(a + c, n), n);)
}

/* in[1] at the same pixel, zero past its last channel */
static f32x4 other4(const struct kernel_args *args, int y, int x, int c)
{
    const int n = args->in[1].c - c;
    return n > 0 ? load4(pixel(args->in[1], y, x) + c, n) : splat4(0);
}

void add(const struct kernel_args *args, int y0, int y1)
{
    EACH_PIXEL(store4(p + c, load4(a + c, n) + other4(args, y, x, c), n);)
}

/* Later layers cannot tell: XNNPACK's clamps turn infinity and NaN into ordinary numbers. */
static void note(const struct kernel_args *args, i32x4 beyond)
{
    if (any4(beyond))
        __atomic_store_n(args->ran_away, true, __ATOMIC_RELAXED); /* rows run on several threads */
}

void add_relu(const struct kernel_args *args, int y0, int y1)
{
    i32x4 beyond = { 0 };
    EACH_PIXEL(const f32x4 sum = relu4(load4(a + c, n) + other4(args, y, x, c));
               beyond |= beyond4(sum, KERNEL_LIMIT);
               store4(p + c, sum, n);)
    note(args, beyond);
}

void sub(const struct kernel_args *args, int y0, int y1)
{
    EACH_PIXEL(store4(p + c, load4(a + c, n) - other4(args, y, x, c), n);)
}

void mul(const struct kernel_args *args, int y0, int y1)
{
    EACH_PIXEL(store4(p + c, load4(a + c, n) * other4(args, y, x, c), n);)
}

void lerp(const struct kernel_args *args, int y0, int y1)
{
    EACH_PIXEL(const f32x4 from = load4(a + c, n);
               const f32x4 t = load4(pixel(args->in[2], y, x) + c, n);
               store4(p + c, madd4(t, other4(args, y, x, c) - from, from), n);)
}

/* --- Sobel --- */

/* The eight neighbours of a pixel, row by row; outside the picture they point at zeros. */
struct neighbours { const float *at[3][3]; };

static struct neighbours neighbours(struct image in, int y, int x)
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

static f32x4 gradient_x(const struct neighbours *near, int c, int n)
{
    f32x4 d[3];
    for (int i = 0; i < 3; i++) d[i] = load4(near->at[i][2] + c, n) - load4(near->at[i][0] + c, n);
    return d[0] + (d[1] + d[1]) + d[2];
}

static f32x4 gradient_y(const struct neighbours *near, int c, int n)
{
    f32x4 d[3];
    for (int j = 0; j < 3; j++) d[j] = load4(near->at[2][j] + c, n) - load4(near->at[0][j] + c, n);
    return d[0] + (d[1] + d[1]) + d[2];
}

#define EACH_NEIGHBOURHOOD(source, body)                                      \
    for (int y = y0; y < y1; y++)                                             \
        for (int x = 0; x < args->out.w; x++) {                               \
            const struct neighbours near = neighbours(source, y, x);          \
            float *p = pixel(args->out, y, x);                                \
            for (int c = 0; c < args->out.c; c += 4) {                        \
                const int n = args->out.c - c;                                \
                body                                                          \
            }                                                                 \
        }

void sobel_x(const struct kernel_args *args, int y0, int y1)
{
    EACH_NEIGHBOURHOOD(args->in[0], store4(p + c, gradient_x(&near, c, n), n);)
}

void sobel_y_down(const struct kernel_args *args, int y0, int y1)
{
    EACH_NEIGHBOURHOOD(args->in[0], store4(p + c, gradient_y(&near, c, n), n);)
}

void sobel_y_up(const struct kernel_args *args, int y0, int y1)
{
    EACH_NEIGHBOURHOOD(args->in[0], store4(p + c, -gradient_y(&near, c, n), n);)
}

void sobel_magnitude(const struct kernel_args *args, int y0, int y1)
{
    EACH_NEIGHBOURHOOD(args->in[0],
        const f32x4 gx = gradient_x(&near, c, n);
        const f32x4 gy = gradient_y(&near, c, n);
        store4(p + c, sqrt4(madd4(gx, gx, madd4(gy, gy, splat4(EPSILON)))), n);)
}

void sobel_energy_add(const struct kernel_args *args, int y0, int y1)
{
    i32x4 beyond = { 0 };
    EACH_NEIGHBOURHOOD(args->in[1],
        const f32x4 gx = gradient_x(&near, c, n);
        const f32x4 gy = gradient_y(&near, c, n);
        const f32x4 energy = madd4(gx, gx, gy * gy);
        const f32x4 body = load4(pixel(args->in[0], y, x) + c, n);
        const f32x4 sum = relu4(madd4(load4(args->scale + c, n), energy, body));
        beyond |= beyond4(sum, KERNEL_LIMIT);
        store4(p + c, sum, n);)
    note(args, beyond);
}
