/* test_oom.c - memory that ends at the n-th allocation, for every n: the answer is NO_MEMORY and
 * nothing stays behind. */
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include "allocations.h"
#include "files.h"
#include "random_model.h"
#include "test.h"

/* What is made and ended again for each n: a model of these bytes, or a session of a model. */
struct making {
    const char *name;
    const void *bytes;
    size_t size;
    const struct livedepth_model *detector, *model;
    struct livedepth_options options;
    long most; /* allocations that are tried; 0: all */
};

static enum livedepth_status make_and_end(const struct making *making)
{
    struct livedepth_model *model = NULL;
    struct livedepth_session *session = NULL;
    enum livedepth_status status;
    if (making->bytes) status = livedepth_model_open(&model, making->bytes, making->size);
    else
        status =
            livedepth_session_create(&session, making->detector, making->model, &making->options);
    if (status) CHECK(!model && !session); /* outputs are set on success only */
    livedepth_session_destroy(session);
    livedepth_model_close(model);
    return status;
}

/* `count` allocations from the n-th on fail. Returns how many there are. */
static long check_every_n(const struct making *making, long count)
{
    for (long n = 1;; n++) {
        const long before = memory.live;
        memory.first = n, memory.last = n + count - 1, memory.asked = 0;
        const enum livedepth_status status = make_and_end(making);
        memory.first = 0;
        const bool spared = memory.asked < n;
        if (status != (spared ? LIVEDEPTH_OK : LIVEDEPTH_NO_MEMORY) || memory.live != before) {
            failures++;
            printf("  %s, allocation %ld: %s (%s), %ld blocks left behind\n", making->name, n,
                   livedepth_status_text(status), livedepth_error_detail(), memory.live - before);
        }
        if (spared) return n - 1;
        if (n == making->most) return n;
    }
}

/* One fails alone; all fail from one on, left out where another sweep went through the same
 * code. */
static void check_making(const struct making *making, long least, bool all)
{
    const long count = check_every_n(making, 1);
    printf("  %s: %ld allocations\n", making->name, count);
    CHECK(count >= least && (!all || check_every_n(making, 1000000) == count));
}

static struct livedepth_model *check_model(const char *name, const void *bytes, size_t size)
{
    struct livedepth_model *model = NULL;
    check_making(&(struct making){ .name = name, .bytes = bytes, .size = size }, 5, true);
    CHECK(livedepth_model_open(&model, bytes, size) == LIVEDEPTH_OK);
    return model;
}

static struct making session_of(const char *name, const struct livedepth_model *model,
                                const struct livedepth_model *detector)
{
    struct making making = {
        .name = name, .detector = detector, .model = model, .options = livedepth_options_default()
    };
    if (!detector) making.options.crop = LIVEDEPTH_CROP_NONE;
    return making;
}

static struct livedepth_model *open_detector(struct file *file)
{
    struct livedepth_model *detector = NULL;
    *file = file_read("build/blazeface-short.safetensors");
    CHECK(livedepth_model_open(&detector, file->bytes, file->size) == LIVEDEPTH_OK);
    return detector;
}

/* --- files of one network --- */

static void check_network(const char *network, const char *profile)
{
    struct network_config config = { .input_size = 32, .width = 0.0625f, .frames = 2 };
    strcpy(config.network, network), strcpy(config.profile, profile);
    struct random_model file = random_model(&config);
    struct livedepth_model *model = check_model(network, file.bytes, file.size);
    const struct making session = session_of(profile, model, NULL);
    check_making(&session, 50, true);
    livedepth_model_close(model);
    free(file.bytes);
}

static void check_minifas(const char *path)
{
    struct file file = file_read(path);
    struct livedepth_model *model = check_model(path, file.bytes, file.size);
    const struct making session = session_of("its session", model, NULL);
    check_making(&session, 50, true);
    livedepth_model_close(model);
    free(file.bytes);
}

TEST(no_allocation_is_taken_for_granted)
{
    struct file file;
    struct livedepth_model *detector = open_detector(&file);
    livedepth_model_close(check_model("detector", file.bytes, file.size));
    livedepth_model_close(detector);
    free(file.bytes);
    check_network("fas-td", "paper");
    check_network("fas-sgtd", "paper");
    check_network("fas-sgtd", "reference");
    check_minifas("models/minifasnet-v2-80.safetensors");
    check_minifas("models/minifasnet-v1se-80.safetensors");
}

/* --- the default file --- */

/* In wasm, the session's and the pool's own: those behind them are Emscripten's for its threads,
 * which it can do without, and a thread that ended can be used again only when JavaScript is back
 * in its event loop, which it never is here. */
#ifdef __EMSCRIPTEN__
enum { MOST_POOLS = 2 };
#else
enum { MOST_POOLS = 1000 };
#endif

/* Frames ask for no memory: as many as a clip has, of which there is none any more. */
static void check_frames(const struct making *making, int frames)
{
    static uint8_t rgba[96 * 96 * 4];
    struct livedepth_session *session = NULL;
    struct livedepth_result result = { 0 };
    for (int i = 0; i < COUNT(rgba); i++) rgba[i] = (uint8_t)(i * 7 + i / 384 * 5);
    CHECK(livedepth_session_create(&session, making->detector, making->model, &making->options) ==
          LIVEDEPTH_OK);
    memory.first = 1, memory.last = LONG_MAX, memory.asked = 0;
    for (int n = 0; n < frames; n++, rgba[n * 4] += 99) {
        const struct livedepth_frame frame = {
            .data = rgba, .size = sizeof rgba, .width = 96, .height = 96, .time_ms = 100.0 * n
        };
        CHECK(livedepth_session_push(session, &frame, &result) == LIVEDEPTH_OK);
    }
    memory.first = 0;
    CHECK(memory.asked == 0 && result.state == LIVEDEPTH_SCORED);
    livedepth_session_destroy(session);
}

TEST(nor_by_sessions_of_the_default_file)
{
    struct file file = file_read("models/fusion-sgtd.safetensors"), detector_file;
    struct livedepth_model *detector = open_detector(&detector_file);
    struct livedepth_model *model = check_model("fusion-sgtd", file.bytes, file.size);
    const struct making clips = session_of("clips", model, detector),
                        views = session_of("views", model, NULL);
    struct making photos = views, threads = views;
    photos.name = "photos", photos.options.photo = 1;
    threads.name = "two threads", threads.options.threads = 2;
    check_making(&clips, 300, true);
    check_making(&views, 200, false);
    check_making(&photos, 100, false);
    check_frames(&views, 5);
    check_frames(&photos, 1);
    /* a build without threads says so */
    const enum livedepth_status status = make_and_end(&threads);
    threads.most = MOST_POOLS;
    if (status == LIVEDEPTH_OK) check_making(&threads, min_int(MOST_POOLS, 201), false);
    else CHECK(status == LIVEDEPTH_BAD_ARGUMENT);
    livedepth_model_close(model), livedepth_model_close(detector);
    free(file.bytes), free(detector_file.bytes);
}

int main(void)
{
    RUN(no_allocation_is_taken_for_granted);
    RUN(nor_by_sessions_of_the_default_file);
    return test_end();
}
