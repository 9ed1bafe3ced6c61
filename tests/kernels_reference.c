/* kernels_reference.c - what each kernel of src/kernels.inc means, in double precision. */
#include <math.h>
#include "../src/kernels.h"

#define KERNEL(name, ...) kernel_fn name##_reference;
#include "../src/kernels.inc"
#undef KERNEL

static double value(struct image m, int y, int x, int c)
{
    if (y < 0 || y >= m.h || x < 0 || x >= m.w || c >= m.c) return 0;
    return m.data[(y * m.w + x) * m.stride + c];
}

static double gradient(struct image m, int y, int x, int c, int vertical)
{
    static const double sobel[3][3] = { { -1, 0, 1 }, { -2, 0, 2 }, { -1, 0, 1 } };
    double sum = 0;
    for (int i = 0; i < 3; i++)
        for (int j = 0; j < 3; j++)
            sum += (vertical ? sobel[j][i] : sobel[i][j]) * value(m, y + i - 1, x + j - 1, c);
    return sum;
}

/* Of the square about a pixel, as far as it lies inside */
static double mean_around(struct image m, int y, int x, int c, int squares)
{
    double sum = 0;
    int inside = 0;
    for (int v = y - KERNEL_LOCAL / 2; v <= y + KERNEL_LOCAL / 2; v++)
        for (int u = x - KERNEL_LOCAL / 2; u <= x + KERNEL_LOCAL / 2; u++) {
            const double a = value(m, v, u, c);
            sum += squares ? a * a : a;
            inside += v >= 0 && v < m.h && u >= 0 && u < m.w;
        }
    return sum / inside;
}

static double relu(double v) { return v > 0 ? v : 0; }

/* name##_reference: `expression` of a = in0, b = in1, t = in2, the gradients of in0 and in1 */
#define REFERENCE(name, expression)                                                \
    void name##_reference(const struct kernel_args *args, int y0, int y1)          \
    {                                                                              \
        const struct image *in = args->in;                                         \
        for (int y = y0; y < y1; y++)                                              \
            for (int x = 0; x < args->out.w; x++)                                  \
                for (int c = 0; c < args->out.c; c++)                              \
                    args->out.data[(y * args->out.w + x) * args->out.stride + c] = \
                        (float)(expression);                                       \
    }
#define A value(in[0], y, x, c)
#define B value(in[1], y, x, c)
#define T value(in[2], y, x, c)
#define GX(i) gradient(in[i], y, x, c, 0)
#define GY(i) gradient(in[i], y, x, c, 1)

REFERENCE(sobel_magnitude, sqrt(GX(0) * GX(0) + GY(0) * GY(0) + 1e-8))
REFERENCE(sobel_xy_down, c < in[0].c ? GX(0) : gradient(in[0], y, x, c - in[0].c, 1))
REFERENCE(sobel_xy_up, c < in[0].c ? GX(0) : -gradient(in[0], y, x, c - in[0].c, 1))
REFERENCE(sobel_energy_add, relu(A + args->scale[c] * (GX(1) * GX(1) + GY(1) * GY(1))))
REFERENCE(local_rest, A - mean_around(in[0], y, x, c, 0))
REFERENCE(local_scale,
          A / (4 * (sqrt(mean_around(in[0], y, x, c, 1)) + (double)KERNEL_LOCAL_FLOOR)))
REFERENCE(affine, A * args->scale[c] + args->bias[c])
REFERENCE(prelu, A < 0 ? A * args->scale[c] : A)
REFERENCE(add, A + B)
REFERENCE(add_relu, relu(A + B))
REFERENCE(sub, A - B)
REFERENCE(mul, A *B)
REFERENCE(lerp, A + T * (B - A))
REFERENCE(copy, A)
