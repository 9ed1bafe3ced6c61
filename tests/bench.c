/* bench.c - milliseconds and GFLOP/s by layer and in all (2 floating-point operations a
 * multiply-add). Times are medians; on a shared machine compare only what one run printed.
 *
 *     bench [NETWORK PROFILE SIZE WIDTH [THREADS [REPEATS]]]
 *
 * Without arguments: three small networks, on two threads in a build that has them. */
#include <pthreadpool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "random_model.h"

enum { MAX_REPEATS = 50, MAX_LAYERS = 160 };

static int by_value(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(double *values, int count)
{
    qsort(values, (size_t)count, sizeof *values, by_value);
    return values[count / 2];
}

struct cost { double ms, flops; };

/* Runs a plan `repeats` times after a warm-up and prints its layers. */
static struct cost measure(struct nn *nn, const char *title, int repeats)
{
    static double ms[MAX_LAYERS][MAX_REPEATS], total[MAX_REPEATS];
    const int layers = nn_steps(nn);
    struct cost cost = { 0, 0 };
    for (int r = -1; r < repeats; r++) {
        const double before = clock_ms();
        if (nn_run(nn)) exit(1);
        if (r >= 0) total[r] = clock_ms() - before;
        for (int i = 0; i < layers; i++) {
            const double step = nn_profile(nn, i).ms;
            if (r >= 0) ms[i][r] = step;
        }
    }
    cost.ms = median(total, repeats);
    for (int i = 0; i < layers; i++) cost.flops += nn_profile(nn, i).flops;
    printf("%s\n", title);
    for (int i = 0; i < layers; i++) {
        const struct nn_profile layer = nn_profile(nn, i);
        const double m = median(ms[i], repeats);
        printf("  %-14s %-17s %9.3f ms %5.1f %% %7.1f GFLOP/s\n", layer.name, layer.kind, m,
               100 * m / cost.ms, layer.flops / 1e6 / m);
    }
    printf("  %-32s %9.3f ms         %7.1f GFLOP/s\n", "in all", cost.ms,
           cost.flops / 1e6 / cost.ms);
    return cost;
}

static void bench(const char *name, const char *profile, int size, float width, int threads,
                  int repeats)
{
    static const char *const titles[PLANS] = { "trunk, once a frame", "pair, once a frame",
                                               "recurrent, four times a clip",
                                               "head, once a clip" };
    struct network_config config = { .input_size = size, .width = width, .frames = 5 };
    snprintf(config.network, sizeof config.network, "%s", name);
    snprintf(config.profile, sizeof config.profile, "%s", profile);
    struct random_model file = random_model(&config);
    struct weights *weights = NULL;
    struct network *network = NULL;
    pthreadpool_t pool = threads > 1 ? pthreadpool_create((size_t)threads) : NULL;
    if ((threads > 1 && !pool) || weights_open(&weights, file.bytes, file.size) ||
        network_create(&network, weights, pool, false)) {
        printf("%s %s: %s\n", name, profile, livedepth_error_detail());
        exit(1);
    }
    for (int i = 0; i < size * size * 3; i++)
        network->image[i] = (float)(i * 7919 % 256) / 255 - 0.5f;
    network_trunk(network);
    network_advance(network);

    printf("\n# %s %s, %dx%d, width %g, %d thread%s, median of %d\n", name, profile, size, size,
           (double)width, threads, threads > 1 ? "s" : "", repeats);
    struct cost cost[PLANS];
    for (int i = 0; i < PLANS; i++) cost[i] = measure(network->plans[i], titles[i], repeats);
    static const int clip[PLANS] = { 5, 4, 4, 1 }, next[PLANS] = { 1, 1, 4, 1 };
    struct cost whole = { 0, 0 }, stream = { 0, 0 };
    for (int i = 0; i < PLANS; i++) {
        whole.ms += clip[i] * cost[i].ms, whole.flops += clip[i] * cost[i].flops;
        stream.ms += next[i] * cost[i].ms, stream.flops += next[i] * cost[i].flops;
    }
    printf("clip of 5 frames %10.1f ms %7.1f GFLOP/s\n", whole.ms, whole.flops / 1e6 / whole.ms);
    printf("next clip, after one new frame %10.1f ms, %.2f times less\n", stream.ms,
           whole.ms / stream.ms);
    network_destroy(network);
    weights_close(weights);
    if (pool) pthreadpool_destroy(pool);
    free(file.bytes);
}

int main(int argc, char **argv)
{
    if (argc >= 5) {
        const int threads = argc > 5 ? atoi(argv[5]) : 1, repeats = argc > 6 ? atoi(argv[6]) : 9;
        bench(argv[1], argv[2], atoi(argv[3]), (float)atof(argv[4]), threads,
              min_int(max_int(repeats, 1), MAX_REPEATS));
        return 0;
    }
#ifdef __EMSCRIPTEN_PTHREADS__
    const int threads = 2;
#else
    const int threads = 1;
#endif
    bench("fas-sgtd", "paper", 128, 0.25f, threads, 9);
    bench("fas-sgtd", "reference", 128, 0.25f, threads, 9);
    bench("fas-td", "paper", 128, 0.25f, threads, 9);
    return 0;
}
