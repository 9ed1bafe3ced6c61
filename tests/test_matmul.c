/* Products against the plain definition in double precision: any number of rows and results, with
 * room between the rows, and the same bits however many rows there are. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "../src/matmul.h"
#include "test.h"

enum { ROWS_MAX = 70, GAP = 3, GUARD = -12345 };

static float noise(void)
{
    static uint32_t state = 1;
    state = state * 1664525u + 1013904223u;
    return (float)(state >> 8) / (float)(1 << 23) - 1;
}

static float *numbers(size_t floats)
{
    float *data = malloc(floats * sizeof(float)); /* exact: ASan sees any step outside */
    for (size_t i = 0; i < floats; i++) data[i] = noise();
    return data;
}

/* Largest difference from the definition; INFINITY if anything else was written. */
static double difference(const struct matmul *layer, const float *weight, const float *from,
                         const float *to, int rows)
{
    double worst = 0;
    for (int r = 0; r < rows; r++)
        for (int k = 0; k < layer->to_stride; k++) {
            const float value = to[r * layer->to_stride + k];
            if (k >= layer->out) {
                if (value != GUARD) return INFINITY;
                continue;
            }
            double sum = layer->bias ? layer->bias[k] : 0;
            for (int c = 0; c < layer->in; c++)
                sum += (double)weight[k * layer->in + c] * from[r * layer->from_stride + c];
            worst = fmax(worst, fabs(value - (layer->relu ? fmax(sum, 0) : sum)));
        }
    return worst;
}

static void compare(int in, int out, bool bias, bool relu)
{
    float *weight = numbers((size_t)(in * out)), *packed = numbers(matmul_packed_floats(in, out)),
          *added = numbers((size_t)out);
    const struct matmul layer = { in, out, in + GAP, out + GAP, packed, bias ? added : NULL, relu };
    float *from = numbers((size_t)(ROWS_MAX * layer.from_stride));
    float *to = malloc((size_t)(ROWS_MAX * layer.to_stride) * sizeof(float));
    float *first = malloc((size_t)out * sizeof(float));
    matmul_pack(in, out, weight, packed);
    for (int rows = 1; rows <= ROWS_MAX; rows += rows < 9 ? 1 : 15) {
        for (int i = 0; i < ROWS_MAX * layer.to_stride; i++) to[i] = GUARD;
        matmul_run(&layer, rows, from, to);
        CHECK(difference(&layer, weight, from, to, rows) <= 1e-6 * in);
        if (rows == 1) memcpy(first, to, (size_t)out * sizeof(float));
        CHECK(!memcmp(first, to, (size_t)out * sizeof(float)));
    }
    free(weight), free(packed), free(added), free(from), free(to), free(first);
}

TEST(rows_times_a_matrix)
{
    static const int sizes[][2] = { { 1, 1 }, { 3, 2 }, { 4, 4 }, { 5, 7 }, { 8, 8 }, { 16, 9 },
                                    { 7, 12 }, { 33, 21 }, { 24, 48 } };
    for (int i = 0; i < COUNT(sizes); i++)
        for (int variety = 0; variety < 4; variety++)
            compare(sizes[i][0], sizes[i][1], variety % 2, variety / 2);
}

TEST(what_is_no_number_stays_none)
{
    const float weight[] = { 1 }, from[] = { NAN };
    float packed[8], to[1];
    matmul_pack(1, 1, weight, packed);
    matmul_run(&(struct matmul){ 1, 1, 1, 1, packed, NULL, true }, 1, from, to);
    CHECK(isnan(to[0]));
}

int main(void)
{
    RUN(rows_times_a_matrix);
    RUN(what_is_no_number_stays_none);
    return test_end();
}
