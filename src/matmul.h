/* matmul.h - rows of numbers times a matrix: convolutions of one pixel, and the sums over channels
 * in winograd.c. Pure functions like kernels.h. */
#ifndef MATMUL_H
#define MATMUL_H

#include "kernels.h"

/* A sum s becomes:
 *     MATMUL_PLAIN      s
 *     MATMUL_RELU       relu(s)
 *     MATMUL_PRELU      s, or s * slope[k] where it is negative; no slope is above 1
 *     MATMUL_ADD        s + other[r][k]
 *     MATMUL_ADD_RELU   relu of that */
enum matmul_end { MATMUL_PLAIN, MATMUL_RELU, MATMUL_PRELU, MATMUL_ADD, MATMUL_ADD_RELU };

/* to[r][k] = end(bias[k] + sum over c of from[r][c] * weight[k][c]); rows lie a stride apart, in
 * floats. A row has the same bits however many are computed at once. `other` may be where `to`
 * is. */
struct matmul {
    int in, out;
    int from_stride, to_stride, other_stride;
    const float *weight; /* packed */
    const float *bias;   /* [out], may be NULL */
    enum matmul_end end;
    const float *slope; /* [out] */
    bool *ran_away;     /* set by the last three ends when a number passes KERNEL_LIMIT */
};

enum { MATMUL_ROWS = 4, MATMUL_PANEL = 8 }; /* so many are computed at once */

/* weight [out][in] -> packed [out / 8][in][8], filled up with zeros; where weight[k][c] goes. */
size_t matmul_packed_floats(int in, int out);
size_t matmul_place(int in, int k, int c);
void matmul_pack(int in, int out, const float *weight, float *packed);

/* other: NULL where the end has no use for it. */
void matmul_run(const struct matmul *layer, int rows, const float *from, const float *other,
                float *to);

#endif
