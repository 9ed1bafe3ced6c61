/* winograd.h - 3x3 convolutions of stride 1 with a quarter of the multiplications: Winograd's
 * F(4x4, 3x3). Pure functions like kernels.h: no allocation, no XNNPACK, no errors.
 *
 * The picture is cut into tiles of 4x4 results. A tile's 6x6 inputs d and a kernel g are
 * transformed, multiplied element by element, summed over the input channels, transformed back:
 *
 *     result = A' [sum over channels (G g G') * (B' d B)] A
 *
 * so that 36 products stand for 144. The sums over channels are one matrix product for each of the
 * 36 elements, over a block of tiles at once. A block is computed by itself: the blocks of a layer
 * may run in any order, on any threads, and give the same bits. */
#ifndef WINOGRAD_H
#define WINOGRAD_H

#include "kernels.h"

/* The sum s of convolution and bias becomes:
 *     WINOGRAD_PLAIN        s
 *     WINOGRAD_RELU         relu(s)
 *     WINOGRAD_ADD_RELU     relu(s + other), which may be where out is
 *     WINOGRAD_ENERGY_RELU  relu(s + scale * (gx(other)^2 + gy(other)^2)), gx, gy: see kernels.h */
enum winograd_end { WINOGRAD_PLAIN, WINOGRAD_RELU, WINOGRAD_ADD_RELU, WINOGRAD_ENERGY_RELU };

/* Channels of the input from `first` on, c of them, that need not be in memory:
 *     WINOGRAD_COPY       a
 *     WINOGRAD_GX         gx(a)
 *     WINOGRAD_GY_DOWN    gy(a), plus below
 *     WINOGRAD_GY_UP      gy(a), plus above
 *     WINOGRAD_DIFFERENCE a - b
 * The parts follow each other; first and, but for the last part, c are multiples of 4; only a copy
 * may end otherwise. a and b have the size of the input. */
enum winograd_source {
    WINOGRAD_COPY,
    WINOGRAD_GX,
    WINOGRAD_GY_DOWN,
    WINOGRAD_GY_UP,
    WINOGRAD_DIFFERENCE
};
enum { WINOGRAD_PARTS = 8 };
struct winograd_part {
    enum winograd_source source;
    int first, c;
    struct image a, b;
};

struct winograd {
    struct image in, other; /* of one size; without a use for other, any picture of it */
    int parts;              /* 0: the input is `in`; else what it is made of, and in.data NULL */
    struct winograd_part part[WINOGRAD_PARTS];
    struct image out;          /* of that size too, or half of it, rounded down: */
    bool pool;                 /* the largest of 2x2 results instead of each */
    const float *weight;       /* packed */
    const float *bias, *scale; /* [out.c]; bias may be NULL */
    enum winograd_end end;
    int block;      /* tiles in a block, a multiple of 4 */
    bool *ran_away; /* set when a result passes KERNEL_LIMIT */
};

/* True if a layer of this shape is faster than XNNPACK's direct convolution. */
bool winograd_pays(int h, int w, int in, int out);

/* weight [out][3][3][in] -> packed; computed in double precision. */
size_t winograd_packed_floats(int in, int out);
void winograd_pack(int in, int out, const float *weight, float *packed);

/* A good size of a block where `threads` share the work, and how many of them there are. */
int winograd_block(int h, int w, int threads);
int winograd_blocks(const struct winograd *layer);
/* The rows [*from, *to) of the input about which a block's results lie, and the blocks with results
 * about such rows. */
void winograd_rows(const struct winograd *layer, int block, int *from, int *to);
void winograd_blocks_about(const struct winograd *layer, int y0, int y1, int *from, int *to);
/* Memory of one block while it is computed, aligned to 64 bytes. */
size_t winograd_scratch_floats(int in, int out, int block);
void winograd_run(const struct winograd *layer, int block, float *scratch);

#endif
