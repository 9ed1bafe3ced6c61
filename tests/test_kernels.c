/* Every kernel of src/kernels.inc against its plain definition, over awkward sizes, channel counts
 * that are no multiple of four, padded pixels, split rows and narrow second inputs. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "noise.h"
#include "test.h"

#define KERNEL(name, ...) kernel_fn name##_reference;
#include "../src/kernels.inc"
#undef KERNEL

static const struct {
    const char *name;
    kernel_fn *fast, *plain;
    float tolerance;
} kernels[] = {
#define KERNEL(name, tolerance, ...) { #name, name, name##_reference, tolerance },
#include "../src/kernels.inc"
#undef KERNEL
};

static void compare(int k, int h, int w, int c, int padding, int narrow)
{
    const int results = strstr(kernels[k].name, "sobel_xy") ? 2 * c : c;
    struct image in[3], out = make(h, w, results, padding), want = make(h, w, results, 0);
    float *scale = malloc((size_t)c * sizeof(float)), *bias = malloc((size_t)c * sizeof(float));
    for (int i = 0; i < 3; i++) in[i] = make(h, w, i == 1 && c > narrow ? c - narrow : c, padding);
    for (int i = 0; i < c; i++) scale[i] = noise(), bias[i] = noise();

    bool ran_away = false;
    struct kernel_args args = { out, { in[0], in[1], in[2] }, scale, bias, &ran_away };
    kernels[k].fast(&args, 0, h / 2);
    kernels[k].fast(&args, h / 2, h);
    CHECK(!ran_away);
    args.out = want;
    kernels[k].plain(&args, 0, h);

    float worst = 0;
    bool guarded = true;
    for (int p = 0; p < h * w; p++) {
        for (int i = 0; i < results; i++) {
            const float a = out.data[p * out.stride + i], b = want.data[p * results + i];
            worst = fmaxf(worst, fabsf(a - b) / fmaxf(1, fabsf(b)));
        }
        for (int i = results; i < out.stride; i++) guarded &= out.data[p * out.stride + i] == GUARD;
    }
    if (!(worst <= kernels[k].tolerance) || !guarded)
        printf("%s %dx%dx%d padding %d: worst %g, guards %s\n", kernels[k].name, h, w, c, padding,
               (double)worst, guarded ? "kept" : "overwritten");
    CHECK(worst <= kernels[k].tolerance);
    CHECK(guarded);
    for (int i = 0; i < 3; i++) free(in[i].data);
    free(out.data), free(want.data), free(scale), free(bias);
}

TEST(kernels_match_their_definition)
{
    static const int sizes[][2] = { { 1, 1 }, { 1, 5 }, { 5, 1 },  { 2, 2 },
                                    { 3, 7 }, { 6, 4 }, { 20, 17 } };
    static const int channels[] = { 1, 2, 3, 4, 5, 8, 11 };
    for (int k = 0; k < COUNT(kernels); k++) {
        const bool takes_narrow = strstr(kernels[k].name, "add") == kernels[k].name;
        for (int s = 0; s < COUNT(sizes); s++)
            for (int c = 0; c < COUNT(channels); c++)
                for (int padding = 0; padding <= 3; padding += 3)
                    for (int narrow = 0; narrow <= (takes_narrow ? 3 : 0); narrow++)
                        compare(k, sizes[s][0], sizes[s][1], channels[c], padding, narrow);
    }
}

TEST(numbers_that_run_away_are_noted)
{
    static const float values[] = { 2 * KERNEL_LIMIT, INFINITY, NAN, -2 * KERNEL_LIMIT };
    kernel_fn *const noting[] = { add_relu, sobel_energy_add, prelu };
    for (int k = 0; k < COUNT(noting); k++)
        for (int v = 0; v < COUNT(values) - (noting[k] != prelu); v++) /* a ReLU takes the last */
            for (int at = 0; at < 15; at++) {
                struct image a = make(1, 3, 5, 0), b = make(1, 3, 5, 0), out = make(1, 3, 5, 0);
                const float scale[5] = { 1, 1, 1, 1, 1 };
                bool ran_away = false;
                a.data[at] = values[v];
                noting[k](&(struct kernel_args){ out, { a, b }, scale, NULL, &ran_away }, 0, 1);
                CHECK(ran_away);
                free(a.data), free(b.data), free(out.data);
            }
}

int main(void)
{
    RUN(numbers_that_run_away_are_noted);
    RUN(kernels_match_their_definition);
    return test_end();
}
