/* matmul.h - rows of numbers times a matrix: convolutions of one pixel, and the sums over channels
 * in winograd.c. Pure functions like kernels.h. */
#ifndef MATMUL_H
#define MATMUL_H

#include "base.h"

/* to[r][k] = bias[k] + sum over c of from[r][c] * weight[k][c], or relu of that; rows lie a stride
 * apart, in floats. A row has the same bits however many are computed at once. */
struct matmul {
    int in, out;
    int from_stride, to_stride;
    const float *weight; /* packed */
    const float *bias;   /* [out], may be NULL */
    bool relu;
};

enum { MATMUL_ROWS = 4, MATMUL_PANEL = 8 }; /* so many are computed at once */

/* weight [out][in] -> packed [out / 8][in][8], filled up with zeros; where weight[k][c] goes. */
size_t matmul_packed_floats(int in, int out);
size_t matmul_place(int in, int k, int c);
void matmul_pack(int in, int out, const float *weight, float *packed);

void matmul_run(const struct matmul *layer, int rows, const float *from, float *to);

#endif
