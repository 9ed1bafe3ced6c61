/* Products against the plain definition in double precision: any number of rows and results, with
 * room between the rows, and the same bits however many rows there are. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "../src/matmul.h"
#include "noise.h"
#include "test.h"

enum { ROWS_MAX = 70, GAP = 3 };

static double end(const struct matmul *layer, double sum, double other, int k)
{
    switch (layer->end) {
    case MATMUL_RELU: return fmax(sum, 0);
    case MATMUL_PRELU: return sum < 0 ? sum * layer->slope[k] : sum;
    case MATMUL_ADD: return sum + other;
    case MATMUL_ADD_RELU: return fmax(sum + other, 0);
    default: return sum;
    }
}

/* Largest difference from the definition; INFINITY if anything else was written. */
static double difference(const struct matmul *layer, const float *weight, const float *from,
                         const float *other, const float *to, int rows)
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
            const double want = end(layer, sum, other[r * layer->other_stride + k], k);
            worst = fmax(worst, fabs(value - want));
        }
    return worst;
}

static void compare(int in, int out, bool bias, enum matmul_end end, bool over)
{
    float *weight = numbers(in * out), *packed = numbers((int)matmul_packed_floats(in, out)),
          *added = numbers(out), *slope = numbers(out);
    bool ran_away = false;
    const struct matmul layer = {
        in, out, in + GAP, out + GAP, out + GAP, packed, bias ? added : NULL, end, slope, &ran_away
    };
    float *from = numbers(ROWS_MAX * layer.from_stride);
    float *to = malloc((size_t)(ROWS_MAX * layer.to_stride) * sizeof(float));
    float *other = numbers(ROWS_MAX * layer.other_stride);
    float *first = malloc((size_t)out * sizeof(float));
    matmul_pack(in, out, weight, packed);
    for (int rows = 1; rows <= ROWS_MAX; rows += rows < 9 ? 1 : 15) {
        for (int i = 0; i < ROWS_MAX * layer.to_stride; i++)
            to[i] = over && i % layer.to_stride < out ? other[i] : GUARD;
        matmul_run(&layer, rows, from, over ? to : end >= MATMUL_ADD ? other : NULL, to);
        CHECK(difference(&layer, weight, from, other, to, rows) <= 1e-6 * in);
        if (rows == 1) memcpy(first, to, (size_t)out * sizeof(float));
        CHECK(!memcmp(first, to, (size_t)out * sizeof(float)));
    }
    CHECK(!ran_away);
    free(weight), free(packed), free(added), free(slope);
    free(from), free(other), free(to), free(first);
}

TEST(rows_times_a_matrix)
{
    static const int sizes[][2] = { { 1, 1 },  { 3, 2 },  { 4, 4 },   { 5, 7 },  { 8, 8 },
                                    { 16, 9 }, { 7, 12 }, { 33, 21 }, { 24, 48 } };
    for (int i = 0; i < COUNT(sizes); i++)
        for (enum matmul_end end = MATMUL_PLAIN; end <= MATMUL_ADD_RELU; end++)
            for (int bias = 0; bias < 2; bias++)
                for (int over = 0; over < (end >= MATMUL_ADD ? 2 : 1); over++)
                    compare(sizes[i][0], sizes[i][1], bias, end, over);
}

TEST(what_is_no_number_stays_none)
{
    const float weight[] = { 1 }, from[] = { NAN };
    float packed[8], to[1];
    matmul_pack(1, 1, weight, packed);
    const struct matmul layer = { .in = 1, .out = 1, .weight = packed, .end = MATMUL_RELU };
    matmul_run(&layer, 1, from, NULL, to);
    CHECK(isnan(to[0]));
}

TEST(numbers_that_run_away_are_noted)
{
    static const float values[] = { 2 * KERNEL_LIMIT, INFINITY, NAN, -2 * KERNEL_LIMIT };
    static const enum matmul_end ends[] = { MATMUL_PRELU, MATMUL_ADD, MATMUL_ADD_RELU };
    for (int v = 0; v < COUNT(values); v++)
        for (int e = 0; e < COUNT(ends); e++)
            for (int at = 0; at < 11; at++) {
                float weight[11] = { 0 }, packed[16], other[11] = { 0 }, to[11];
                const float one = 1;
                const float slope[11] = { 0 };
                bool ran_away = false;
                weight[at] = values[v];
                matmul_pack(1, 11, weight, packed);
                const struct matmul layer = { .in = 1,
                                              .out = 11,
                                              .weight = packed,
                                              .end = ends[e],
                                              .slope = slope,
                                              .ran_away = &ran_away };
                matmul_run(&layer, 1, &one, other, to);
                CHECK(ran_away == !(values[v] < 0 && ends[e] == MATMUL_ADD_RELU));
            }
}

int main(void)
{
    RUN(rows_times_a_matrix);
    RUN(what_is_no_number_stays_none);
    RUN(numbers_that_run_away_are_noted);
    return test_end();
}
