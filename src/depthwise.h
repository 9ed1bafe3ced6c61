/* depthwise.h - 3x3 convolutions by channel that end with a PReLU: what stands between the two 1x1
 * convolutions of a bottleneck. Pure functions like kernels.h. */
#ifndef DEPTHWISE_H
#define DEPTHWISE_H

#include "kernels.h"

/* s = bias + sum over the pixels around of in * weight, zeros beyond the border;
 * out = s, or s * slope where it is negative; no slope is above 1. */
struct depthwise {
    struct image in, out;      /* out: of the size of in by stride, rounded up */
    int stride;                /* 1 or 2 */
    const float *weight;       /* [3][3][c] */
    const float *bias, *slope; /* [c] */
    bool *ran_away;            /* set when s passes KERNEL_LIMIT */
};

/* Rows [y0, y1) of out. */
void depthwise_run(const struct depthwise *layer, int y0, int y1);

#endif
