/* Sessions of one model in threads of their own, as a server has them: nothing is shared but what
 * is only read. `make analyze` looks at the same with ThreadSanitizer. */
#include <pthread.h>
#include "rig.h"

enum { FRAMES = 7, WORKERS = 3 };

struct worker {
    const struct livedepth_model *model;
    int number, threads;
    float scores[FRAMES];
    enum livedepth_status status; /* the first that is not OK */
    bool own_detail;              /* the error's text is that of this thread's mistake */
};

/* Makes a mistake that names the worker, and looks whether the text is still there after work. */
static void *work(void *argument)
{
    struct worker *worker = argument;
    struct livedepth_session *session = NULL;
    struct livedepth_options options = livedepth_options_default();
    uint8_t rgba[SIZE * SIZE * 4];
    char mistake[16];
    options.crop = LIVEDEPTH_CROP_NONE;
    options.threads = 1000 + worker->number;
    livedepth_session_create(&session, NULL, worker->model, &options);
    options.threads = worker->threads;
    worker->status = livedepth_session_create(&session, NULL, worker->model, &options);
    for (int n = 0; n < FRAMES && worker->status == LIVEDEPTH_OK; n++) {
        struct livedepth_result result = { 0 };
        paint_another(rgba, n, worker->number);
        const struct livedepth_frame frame = frame_of(rgba, 100.0 * n);
        worker->status = livedepth_session_push(session, &frame, &result);
        worker->scores[n] = result.clips ? result.score : -1;
    }
    livedepth_session_destroy(session);
    snprintf(mistake, sizeof mistake, "%d", 1000 + worker->number);
    worker->own_detail = strstr(livedepth_error_detail(), mistake) != NULL;
    return NULL;
}

TEST(sessions_of_one_model_run_at_once)
{
    struct network_config config = { "fas-sgtd", "paper", .input_size = 40, .width = 0.1f,
                                     .frames = 5 };
    struct random_model file = random_model(&config);
    struct livedepth_model *model = NULL;
    CHECK(livedepth_model_open(&model, file.bytes, file.size) == LIVEDEPTH_OK);

    struct worker alone[WORKERS], together[WORKERS];
    pthread_t threads[WORKERS];
    for (int i = 0; i < WORKERS; i++) {
        alone[i] = together[i] = (struct worker){ .model = model, .number = i, .threads = 1 + i };
        alone[i].threads = 1;
        work(&alone[i]);
    }
    for (int i = 0; i < WORKERS; i++)
        CHECK(pthread_create(&threads[i], NULL, work, &together[i]) == 0);
    for (int i = 0; i < WORKERS; i++) {
        pthread_join(threads[i], NULL);
        CHECK(together[i].status == LIVEDEPTH_OK && together[i].own_detail);
        CHECK(!memcmp(together[i].scores, alone[i].scores, sizeof alone[i].scores));
        CHECK(together[i].scores[FRAMES - 1] >= 0);
    }
    CHECK(alone[0].scores[FRAMES - 1] != alone[1].scores[FRAMES - 1]);
    livedepth_model_close(model);
    free(file.bytes);
}

int main(void)
{
    RUN(sessions_of_one_model_run_at_once);
    return test_end();
}
