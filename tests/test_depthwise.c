/* Depthwise convolutions against the plain definition in double precision: awkward sizes, channel
 * counts that are no multiple of four, room between pixels, split rows. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "../src/depthwise.h"
#include "noise.h"
#include "test.h"

static double expected(const struct depthwise *layer, int y, int x, int c)
{
    double sum = layer->bias[c];
    for (int i = 0; i < 3; i++)
        for (int j = 0; j < 3; j++) {
            const int v = y * layer->stride + i - 1, u = x * layer->stride + j - 1;
            if (v < 0 || v >= layer->in.h || u < 0 || u >= layer->in.w) continue;
            sum += (double)pixel(layer->in, v, u)[c] * layer->weight[(3 * i + j) * layer->in.c + c];
        }
    return sum < 0 ? sum * layer->slope[c] : sum;
}

static void compare(int h, int w, int c, int stride, int padding)
{
    float *weight = numbers(9 * c), *bias = numbers(c), *slope = numbers(c);
    bool ran_away = false, guarded = true;
    const struct depthwise layer = { make(h, w, c, padding),
                                     make((h + stride - 1) / stride, (w + stride - 1) / stride, c,
                                          padding),
                                     stride,
                                     weight,
                                     bias,
                                     slope,
                                     &ran_away };
    const struct image out = layer.out;
    depthwise_run(&layer, 0, out.h / 2);
    depthwise_run(&layer, out.h / 2, out.h);
    double worst = 0;
    for (int y = 0; y < out.h; y++)
        for (int x = 0; x < out.w; x++)
            for (int i = 0; i < out.stride; i++) {
                const float value = pixel(out, y, x)[i];
                if (i >= c) guarded &= value == GUARD;
                else worst = fmax(worst, fabs(value - expected(&layer, y, x, i)));
            }
    if (!(worst <= 2e-6)) printf("%dx%dx%d stride %d: worst %g\n", h, w, c, stride, worst);
    CHECK(worst <= 2e-6);
    CHECK(guarded);
    CHECK(!ran_away);
    free(weight), free(bias), free(slope), free(layer.in.data), free(out.data);
}

TEST(results_match_the_definition)
{
    static const int sizes[][2] = { { 1, 1 }, { 1, 5 }, { 5, 1 }, { 2, 2 },
                                    { 3, 7 }, { 6, 4 }, { 10, 9 } };
    static const int channels[] = { 1, 2, 3, 4, 5, 8, 11 };
    for (int s = 0; s < COUNT(sizes); s++)
        for (int c = 0; c < COUNT(channels); c++)
            for (int stride = 1; stride <= 2; stride++)
                for (int padding = 0; padding <= 3; padding += 3)
                    compare(sizes[s][0], sizes[s][1], channels[c], stride, padding);
}

TEST(numbers_that_run_away_are_noted)
{
    static const float values[] = { 2 * KERNEL_LIMIT, INFINITY, NAN, -2 * KERNEL_LIMIT };
    for (int v = 0; v < COUNT(values); v++)
        for (int stride = 1; stride <= 2; stride++)
            for (int at = 0; at < 5 * 5 * 5; at++) {
                float weight[9 * 5], bias[5] = { 0 }, slope[5] = { 0 };
                struct image in = make(5, 5, 5, 0), out = make(5, 5, 5, 0);
                bool ran_away = false;
                for (int i = 0; i < COUNT(weight); i++) weight[i] = 1;
                in.data[at] = values[v];
                out.h = out.w = (5 + stride - 1) / stride;
                const struct depthwise layer = { in, out, stride, weight, bias, slope, &ran_away };
                depthwise_run(&layer, 0, out.h);
                CHECK(ran_away);
                free(in.data), free(out.data);
            }
}

int main(void)
{
    RUN(results_match_the_definition);
    RUN(numbers_that_run_away_are_noted);
    return test_end();
}
