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
#include "files.h"
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

/* WARM: frames until V8 has optimised what they run, or the first format would pay for it. */
enum { FRAME_W = 1280, FRAME_H = 720, PICTURE_W = 200, PICTURE_H = 150, ENLARGED = 4, WARM = 60 };

/* A grey picture of a man before grey, in any format: in YUV its luma, else four equal bytes. */
static void draw_frame(uint8_t *pixels, int format)
{
    const struct file picture = file_read("tests/clips/frame.ppm");
    const uint8_t *rgb = (uint8_t *)picture.bytes + picture.size - PICTURE_W * PICTURE_H * 3;
    const int bytes = format == LIVEDEPTH_RGBA || format == LIVEDEPTH_BGRA ? 4 : 1;
    memset(pixels, 128, FRAME_W * FRAME_H * 4);
    for (int y = 0; y < ENLARGED * PICTURE_H; y++)
        for (int x = 0; x < ENLARGED * PICTURE_W; x++)
            memset(pixels + bytes * ((y + 60) * FRAME_W + x + 240),
                   rgb[3 * (y / ENLARGED * PICTURE_W + x / ENLARGED) + 1], (size_t)bytes);
    free(picture.bytes);
}

/* What a frame of 1280x720 costs a session before its network, which takes 128x128 pixels: check,
 * convert, detect or follow, crop, quality. */
static void front_end(int frames)
{
    static const char *const formats[] = { "RGBA", "BGRA", "I420", "NV12" };
    static uint8_t pixels[FRAME_W * FRAME_H * 4];
    struct network_config config = { .input_size = 128, .width = 1.0f / 16, .frames = 5 };
    strcpy(config.network, "fas-sgtd");
    strcpy(config.profile, "paper");
    const struct random_model file = random_model(&config);
    const struct file detector_file = file_read("build/blazeface-short.safetensors");
    struct livedepth_model *detector = NULL, *network = NULL;
    if (livedepth_model_open(&detector, detector_file.bytes, detector_file.size) ||
        livedepth_model_open(&network, file.bytes, file.size)) {
        printf("front end: %s\n", livedepth_error_detail());
        exit(1);
    }
    printf("\n# front end, %dx%d, 1 thread, mean of %d frames\n", FRAME_W, FRAME_H, frames);
    printf("  %-8s %12s %12s %12s %12s\n", "", "faces", "crop", "checks", "in all");
    for (int format = LIVEDEPTH_RGBA; format <= LIVEDEPTH_NV12; format++) {
        struct livedepth_session *session = NULL;
        if (livedepth_session_create(&session, detector, network, NULL)) exit(1);
        draw_frame(pixels, format);
        double faces = 0, crop = 0, all = 0;
        for (int n = -WARM; n < frames; n++) {
            pixels[0] = (uint8_t)n; /* or the camera would be frozen */
            const struct livedepth_frame frame = { .data = pixels, .size = sizeof pixels,
                                                   .width = FRAME_W, .height = FRAME_H,
                                                   .format = format, .time_ms = 100 * (n + WARM) };
            struct livedepth_result result;
            const double before = clock_ms();
            if (livedepth_session_push(session, &frame, &result)) exit(1);
            const double passed = clock_ms() - before;
            if (n < 0) continue;
            if (result.faces != 1 || result.frame_reason) {
                printf("  frame %d: %d faces, %s\n", n, (int)result.faces,
                       livedepth_reason_text((enum livedepth_reason)result.frame_reason));
                exit(1);
            }
            faces += (double)result.detect_ms / frames;
            crop += (double)result.crop_ms / frames;
            all += (passed - (double)(result.trunk_ms + result.pair_ms + result.recurrent_ms)) /
                   frames;
        }
        printf("  %-8s %9.2f ms %9.2f ms %9.2f ms %9.2f ms\n", formats[format], faces, crop,
               all - faces - crop, all);
        livedepth_session_destroy(session);
    }
    livedepth_model_close(detector);
    livedepth_model_close(network);
    free(file.bytes), free(detector_file.bytes);
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
    front_end(30);
    bench("fas-sgtd", "paper", 128, 0.25f, threads, 9);
    bench("fas-sgtd", "reference", 128, 0.25f, threads, 9);
    bench("fas-td", "paper", 128, 0.25f, threads, 9);
    return 0;
}
