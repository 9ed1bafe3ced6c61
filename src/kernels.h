/* kernels.h - our own inner loops: pure functions on floats in [h][w][c] order.
 * No allocation, no XNNPACK, no errors. A kernel computes rows [y0, y1) of out, so that a caller
 * may split it over threads; pixels lie `stride` floats apart, so that channel ranges are images
 * too. */
#ifndef KERNELS_H
#define KERNELS_H

#include "base.h"

enum { KERNEL_MAX_CHANNELS = 2048 };

/* Side of the square about a pixel that the local_ kernels look at, floor of the deviation (of the
 * range of bytes, above a camera's noise), and the most floats (w + KERNEL_LOCAL) * c of a row.
 * Twin of training/networks/blocks.py. */
enum { KERNEL_LOCAL = 15, KERNEL_LOCAL_ROW = 2048 };
#define KERNEL_LOCAL_FLOOR 0.02f

/* Block outputs beyond this, or NaN, have run away: batch norms keep them near 1. */
#define KERNEL_LIMIT 1e6f

struct image {
    int h, w, c, stride;
    float *data;
};

static inline float *pixel(struct image m, int y, int x)
{
    return m.data + ((size_t)y * (size_t)m.w + (size_t)x) * (size_t)m.stride;
}

struct kernel_args {
    struct image out, in[3];
    const float *scale, *bias; /* [c], where a kernel names them */
    bool *ran_away; /* set by sobel_energy_add, add_relu and prelu: a value passes KERNEL_LIMIT */
};

/* Its square, read from memory: V8 makes a constant vector anew at every use, in five
 * instructions. */
extern const volatile float kernel_limit_square;

/* Notes that a number passed KERNEL_LIMIT. Later layers cannot tell: XNNPACK's clamps turn infinity
 * and NaN into ordinary numbers. */
static inline void kernel_note(bool *ran_away)
{
    __atomic_store_n(ran_away, true, __ATOMIC_RELAXED); /* rows run on several threads */
}

typedef void kernel_fn(const struct kernel_args *args, int y0, int y1);

/* gx, gy: correlation with [-1 0 1; -2 0 2; -1 0 1] and its transpose, zero padding.
 *     sobel_magnitude    sqrt(gx(in0)^2 + gy(in0)^2 + 1e-8)
 *     sobel_xy_down      gx(in0), behind its channels gy(in0), plus below
 *     sobel_xy_up        the same with plus above
 *     sobel_energy_add   relu(in0 + scale * (gx(in1)^2 + gy(in1)^2))
 *     local_rest         in0 - mean(in0), mean: of the square about the pixel inside the picture
 *     local_scale        in0 / (4 (sqrt(mean(in0^2)) + KERNEL_LOCAL_FLOOR))
 *     affine             in0 * scale + bias
 *     prelu              in0, or in0 * scale where that is negative
 *     add, add_relu      in0 + in1; where in1 has fewer channels the rest of in0 passes through
 *     sub, mul           in0 - in1, in0 * in1
 *     lerp               in0 + in2 * (in1 - in0)
 *     copy               in0 */
#define KERNEL(name, ...) kernel_fn name;
#include "kernels.inc"
#undef KERNEL

/* Plans must know this of them (nn_fuse.c). A convolution just before a kernel may end with what
 * that does; one behind it may make from the kernel's inputs what that would write for it. */
enum kernel_end { END_NONE, END_PRELU, END_ADD, END_ADD_RELU, END_ENERGY };
enum kernel_source {
    SOURCE_NONE,
    SOURCE_COPY,
    SOURCE_DIFFERENCE,
    SOURCE_SOBEL_DOWN,
    SOURCE_SOBEL_UP
};
struct kernel {
    const char *name;
    kernel_fn *run;
    int flops; /* for each number of the result */
    bool over; /* it may write over in[0] */
    enum kernel_end end;
    enum kernel_source source;
};
#define KERNEL(name, ...) extern const struct kernel kernel_##name;
#include "kernels.inc"
#undef KERNEL

#endif
