/* noise.h - pictures of noise for tests of inner loops. */
#ifndef NOISE_H
#define NOISE_H

#include <stdlib.h>
#include "../src/kernels.h"

enum { GUARD = -12345 }; /* written between the channels of neighbouring pixels */

/* The next number of a fixed row, -1 .. 1. */
static inline float noise(void)
{
    static uint32_t state = 1;
    state = state * 1664525u + 1013904223u;
    return (float)(state >> 8) / (float)(1 << 23) - 1;
}

static inline float *numbers(int floats)
{
    float *data = malloc((size_t)floats * sizeof(float)); /* exact: ASan sees any step outside */
    for (int i = 0; i < floats; i++) data[i] = noise();
    return data;
}

/* Pixels lie c + padding floats apart. The caller frees data. */
static inline struct image make(int h, int w, int c, int padding)
{
    struct image m = { h, w, c, c + padding, numbers(h * w * (c + padding)) };
    for (int i = 0; i < h * w * m.stride; i++)
        if (i % m.stride >= c) m.data[i] = GUARD;
    return m;
}

#endif
