/* bench.c - milliseconds and GFLOP/s by layer and in all (2 floating-point operations a
 * multiply-add). Times are medians; on a shared machine compare only what one run printed.
 *
 *     bench [NETWORK PROFILE SIZE WIDTH [THREADS [REPEATS]]]
 *     bench minifas [THREADS [REPEATS]]
 *     bench check [WIDTH HEIGHT [THREADS]]
 *
 * With more than one thread, runs on one and on all take turns, and a last column says how many
 * times less all of them take. Without arguments: the whole check, three small networks and both
 * MiniFASNets, on two threads in a build that has them. */
#include <emscripten.h>
#include <pthreadpool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "files.h"
#include "random_model.h"
#include "../src/minifas.h"

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

/* Of a plan or a clip; by place in struct contest. */
struct cost {
    double ms[2], flops;
};

/* The same network on one thread and, if there are more, on all. */
struct contest {
    int count;
    struct network *networks[2];
    pthreadpool_t pool; /* of the last, NULL for one thread */
};

static pthreadpool_t pool_of(int threads)
{
    pthreadpool_t pool = threads > 1 ? pthreadpool_create((size_t)threads) : NULL;
    if (threads > 1 && !pool) {
        printf("no %d threads\n", threads);
        exit(1);
    }
    return pool;
}

static struct contest contest(const struct weights *weights, int size, int threads)
{
    struct contest c = { .count = threads > 1 ? 2 : 1, .pool = pool_of(threads) };
    for (int k = 0; k < c.count; k++)
        if (network_create(&c.networks[k], weights_whole(weights), size, k ? c.pool : NULL,
                           false)) {
            printf("network: %s\n", livedepth_error_detail());
            exit(1);
        }
    return c;
}

static void contest_end(struct contest *c)
{
    for (int k = 0; k < c->count; k++) network_destroy(c->networks[k]);
    if (c->pool) pthreadpool_destroy(c->pool);
}

static void print_times(const double *ms, int count)
{
    for (int k = 0; k < count; k++) printf(" %9.3f ms", ms[k]);
    if (count > 1) printf(" %5.2f", ms[0] / ms[1]);
}

/* Runs one plan, or the same on more threads by turns, `repeats` times after a warm-up and prints
 * its layers. */
static struct cost measure(struct nn *const plans[2], int count, const char *title, int repeats)
{
    static double ms[MAX_LAYERS][2][MAX_REPEATS], total[2][MAX_REPEATS];
    struct nn *first = plans[0];
    const int layers = nn_steps(first);
    struct cost cost = { { 0, 0 }, 0 };
    for (int r = -1; r < repeats; r++)
        for (int k = 0; k < count; k++) {
            struct nn *nn = plans[k];
            const double before = clock_ms();
            if (nn_run(nn)) exit(1);
            const double passed = clock_ms() - before;
            for (int i = 0; i < layers; i++) {
                const double step = nn_profile(nn, i).ms;
                if (r >= 0) ms[i][k][r] = step;
            }
            if (r >= 0) total[k][r] = passed;
        }
    for (int k = 0; k < count; k++) cost.ms[k] = median(total[k], repeats);
    for (int i = 0; i < layers; i++) cost.flops += nn_profile(first, i).flops;
    printf("%s\n", title);
    for (int i = 0; i < layers; i++) {
        const struct nn_profile layer = nn_profile(first, i);
        double medians[2];
        for (int k = 0; k < count; k++) medians[k] = median(ms[i][k], repeats);
        printf("  %-18s %-17s %5.1f %% %7.1f GFLOP/s", layer.name, layer.kind,
               100 * medians[0] / cost.ms[0], layer.flops / 1e6 / medians[0]);
        print_times(medians, count);
        printf("\n");
    }
    printf("  %-36s         %7.1f GFLOP/s", "in all", cost.flops / 1e6 / cost.ms[0]);
    print_times(cost.ms, count);
    printf("\n");
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
    if (weights_open(&weights, file.bytes, file.size)) {
        printf("%s %s: %s\n", name, profile, livedepth_error_detail());
        exit(1);
    }
    struct contest c = contest(weights, size, threads);
    for (int k = 0; k < c.count; k++) {
        for (int i = 0; i < size * size * 3; i++)
            c.networks[k]->image[i] = (float)(i * 7919 % 256) / 255 - 0.5f;
        network_trunk(c.networks[k]);
        network_advance(c.networks[k]);
    }

    printf("\n# %s %s, %dx%d, width %g, 1 thread", name, profile, size, size, (double)width);
    if (threads > 1) printf(" and %d, and times less", threads);
    printf("; median of %d\n", repeats);
    static const int clip[PLANS] = { 5, 4, 4, 1 }, next[PLANS] = { 1, 1, 4, 1 };
    struct cost whole = { { 0, 0 }, 0 }, stream = { { 0, 0 }, 0 };
    for (int i = 0; i < PLANS; i++) {
        struct nn *const plans[2] = { c.networks[0]->plans[i],
                                      c.count > 1 ? c.networks[1]->plans[i] : NULL };
        const struct cost cost = measure(plans, c.count, titles[i], repeats);
        for (int k = 0; k < c.count; k++)
            whole.ms[k] += clip[i] * cost.ms[k], stream.ms[k] += next[i] * cost.ms[k];
        whole.flops += clip[i] * cost.flops;
    }
    printf("%-38s         %7.1f GFLOP/s", "clip of 5 frames", whole.flops / 1e6 / whole.ms[0]);
    print_times(whole.ms, c.count);
    printf("\n%-39s %5.2f times less    ", "next clip, after one new frame",
           whole.ms[0] / stream.ms[0]);
    print_times(stream.ms, c.count);
    printf("\n");
    contest_end(&c);
    weights_close(weights);
    free(file.bytes);
}

static void bench_minifas(const char *name, const char *prefix, int threads, int repeats)
{
    char path[64];
    snprintf(path, sizeof path, "models/%s-%d.safetensors", name, MINIFAS_SIZE);
    const struct file file = file_read(path);
    pthreadpool_t pools[2] = { NULL, pool_of(threads) };
    const int count = threads > 1 ? 2 : 1;
    struct weights *weights = NULL;
    struct minifas *minifas[2] = { NULL, NULL };
    struct nn *plans[2];
    enum livedepth_status status = weights_open(&weights, file.bytes, file.size);
    for (int k = 0; k < count && !status; k++) {
        static uint8_t picture[MINIFAS_SIZE * MINIFAS_SIZE * 3];
        float live;
        for (int i = 0; i < COUNT(picture); i++) picture[i] = (uint8_t)(i * 7919 % 256);
        status = minifas_create(&minifas[k], (struct weights_part){ weights, prefix }, MINIFAS_SIZE,
                                pools[k], false);
        if (!status) status = minifas_run(minifas[k], picture, &live);
        if (!status) plans[k] = minifas_nn(minifas[k]);
    }
    if (status) {
        printf("%s: %s\n", path, livedepth_error_detail());
        exit(1);
    }
    printf("\n# %s, %dx%d, 1 thread", name, MINIFAS_SIZE, MINIFAS_SIZE);
    if (threads > 1) printf(" and %d, and times less", threads);
    printf("; median of %d\n", repeats);
    measure(plans, count, "once a frame", repeats);
    for (int k = 0; k < count; k++) minifas_destroy(minifas[k]);
    if (pools[1]) pthreadpool_destroy(pools[1]);
    weights_close(weights);
    free(file.bytes);
}

static void bench_both_minifas(int threads, int repeats)
{
    bench_minifas("minifasnet-v2", "near.", threads, repeats);
    bench_minifas("minifasnet-v1se", "wide.", threads, repeats);
}

/* FRAMES: of a check. WARM: checks until V8 has optimised what they run, or the first format
 * would pay for it. */
enum { MOST_W = 3840, MOST_H = 2160, PICTURE_W = 200, PICTURE_H = 150 };
enum { FRAMES = 10, CHECKS = 12, WARM = 6, PARTS = LIVEDEPTH_MAX_SCORERS + 2 };

/* Of the whole process. */
EM_JS(double, processor_ms, (void), {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1000;
});

/* A grey picture of a man amid a frame of grey, in any format: in YUV its luma, else four equal
 * bytes. */
static void draw_frame(uint8_t *pixels, int w, int h, int format)
{
    const struct file picture = file_read("tests/clips/frame.ppm");
    const uint8_t *rgb = picture.bytes + picture.size - PICTURE_W * PICTURE_H * 3;
    const int bytes = format == LIVEDEPTH_RGBA || format == LIVEDEPTH_BGRA ? 4 : 1;
    const int enlarged = h / 180; /* 4 of 720 */
    const int top = (h - enlarged * PICTURE_H) / 2, left = (w - enlarged * PICTURE_W) / 2;
    memset(pixels, 128, (size_t)(w * h * 4));
    for (int y = 0; y < enlarged * PICTURE_H; y++)
        for (int x = 0; x < enlarged * PICTURE_W; x++)
            memset(pixels + bytes * ((y + top) * w + x + left),
                   rgb[3 * (y / enlarged * PICTURE_W + x / enlarged) + 1], (size_t)bytes);
    free(picture.bytes);
}

/* A session and what its frames cost. */
struct checked {
    struct livedepth_session *session;
    int frames; /* pushed */
    double ms[CHECKS];
    double cpu[CHECKS]; /* of all threads */
    double parts[PARTS][CHECKS * FRAMES];
};

/* Frames that show the picture; turn < 0: to warm up. */
static void check(struct checked *c, struct livedepth_frame frame, uint8_t *pixels, int turn)
{
    const double before = clock_ms(), used = processor_ms();
    for (int i = 0; i < FRAMES; i++) {
        struct livedepth_result result;
        pixels[0] = (uint8_t)c->frames; /* or the camera would be frozen */
        frame.time_ms = 100 * ++c->frames;
        if (livedepth_session_push(c->session, &frame, &result)) exit(1);
        if (turn < 0) continue;
        if (result.faces != 1 || result.frame_reason) {
            printf("  frame %d: %d faces, %s\n", c->frames, (int)result.faces,
                   livedepth_reason_text((enum livedepth_reason)result.frame_reason));
            exit(1);
        }
        const int n = turn * FRAMES + i;
        c->parts[0][n] = (double)result.detect_ms, c->parts[1][n] = (double)result.view_ms;
        for (int k = 0; k < LIVEDEPTH_MAX_SCORERS; k++)
            c->parts[2 + k][n] = (double)result.scorer_ms[k];
    }
    if (turn < 0) return;
    c->ms[turn] = clock_ms() - before;
    c->cpu[turn] = processor_ms() - used;
}

static void print_checked(const char *format, int threads, struct checked *c, int scorers)
{
    double all = 0;
    for (int i = 0; i < CHECKS; i++) all += c->ms[i] / (CHECKS * FRAMES);
    printf("  %-6s %7d", format, threads);
    const double follow = median(c->parts[0], CHECKS * FRAMES);
    printf(" %6.2f ms %6.2f ms", follow, c->parts[0][CHECKS * FRAMES * 7 / 8]);
    for (int i = 1; i < 2 + scorers; i++) printf(" %6.2f ms", median(c->parts[i], CHECKS * FRAMES));
    printf(" %6.2f ms\n", all);
}

/* What a frame costs a session with the default model: detect or follow, cut the views,
 * check, then each scorer; medians over frames, of the quarter that detects by themselves, and the
 * mean of all. With more than one thread, checks on one and on all take turns. */
static void whole_check(int w, int h, int threads)
{
    static const char *const formats[] = { "RGBA", "BGRA", "I420", "NV12" };
    static struct checked checked[2];
    const struct file model_file = file_read("models/fusion-sgtd.safetensors"),
                      detector_file = file_read("build/blazeface-short.safetensors");
    const size_t bytes = (size_t)(w * h * 4);
    uint8_t *pixels = malloc(bytes);
    struct livedepth_model *detector = NULL, *model = NULL;
    if (!pixels || livedepth_model_open(&detector, detector_file.bytes, detector_file.size) ||
        livedepth_model_open(&model, model_file.bytes, model_file.size)) {
        printf("whole check: %s\n", livedepth_error_detail());
        exit(1);
    }
    int scorers = 0;
    printf("\n# a frame of %dx%d, %s, of %d frames: medians, mean in all\n"
           "  %-6s %7s %9s %9s %9s",
           w, h, livedepth_model_info(model, "preset"), CHECKS * FRAMES, "", "threads", "follow",
           "detect", "views");
    for (; livedepth_model_scorer(model, scorers); scorers++)
        printf(" %9s", livedepth_model_scorer(model, scorers));
    printf(" %9s\n", "in all");
    for (int format = LIVEDEPTH_RGBA; format <= LIVEDEPTH_NV12; format++) {
        const int count = threads > 1 ? 2 : 1;
        const struct livedepth_frame frame = {
            .data = pixels, .size = bytes, .width = w, .height = h, .format = format
        };
        draw_frame(pixels, w, h, format);
        for (int k = 0; k < count; k++) {
            struct livedepth_options options = livedepth_options_default();
            options.threads = k ? threads : 1;
            checked[k].frames = 0;
            if (livedepth_session_create(&checked[k].session, detector, model, &options)) exit(1);
        }
        for (int turn = -WARM; turn < CHECKS; turn++)
            for (int k = 0; k < count; k++) check(&checked[k], frame, pixels, turn);
        for (int k = 0; k < count; k++) {
            print_checked(formats[format], k ? threads : 1, &checked[k], scorers);
            livedepth_session_destroy(checked[k].session);
        }
        if (count == 1) continue;
        double less[CHECKS], more[CHECKS];
        for (int i = 0; i < CHECKS; i++) {
            less[i] = checked[0].ms[i] / checked[1].ms[i];
            more[i] = checked[1].cpu[i] / checked[0].cpu[i];
        }
        printf("  %-6s %7s times less: %.2f; times the processor time: %.2f; medians of the "
               "ratios of %d checks\n",
               "", "", median(less, CHECKS), median(more, CHECKS), CHECKS);
    }
    livedepth_model_close(detector);
    livedepth_model_close(model);
    free(model_file.bytes), free(detector_file.bytes), free(pixels);
}

int main(int argc, char **argv)
{
    if (argc >= 2 && !strcmp(argv[1], "check")) {
        const int w = argc > 3 ? atoi(argv[2]) : 1280, h = argc > 3 ? atoi(argv[3]) : 720;
        whole_check(min_int(w, MOST_W), min_int(h, MOST_H), argc > 4 ? atoi(argv[4]) : 1);
        return 0;
    }
    if (argc >= 5) {
        const int threads = argc > 5 ? atoi(argv[5]) : 1, repeats = argc > 6 ? atoi(argv[6]) : 9;
        bench(argv[1], argv[2], atoi(argv[3]), (float)atof(argv[4]), threads,
              min_int(max_int(repeats, 1), MAX_REPEATS));
        return 0;
    }
    if (argc >= 2 && !strcmp(argv[1], "minifas")) {
        const int threads = argc > 2 ? atoi(argv[2]) : 1, repeats = argc > 3 ? atoi(argv[3]) : 21;
        bench_both_minifas(threads, min_int(max_int(repeats, 1), MAX_REPEATS));
        return 0;
    }
#ifdef __EMSCRIPTEN_PTHREADS__
    const int threads = 2;
#else
    const int threads = 1;
#endif
    whole_check(1280, 720, threads);
    whole_check(1920, 1080, 1);
    whole_check(3840, 2160, 1);
    bench("fas-sgtd", "paper", 128, 0.25f, threads, 9);
    bench("fas-sgtd", "reference", 128, 0.25f, threads, 9);
    bench("fas-td", "paper", 128, 0.25f, threads, 9);
    bench_both_minifas(threads, 21);
    return 0;
}
