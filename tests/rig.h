/* rig.h - a session of one network that takes every frame as a face crop. */
#ifndef RIG_H
#define RIG_H

#include <stdlib.h>
#include <string.h>
#include "../src/image.h"
#include "random_model.h"
#include "test.h"

enum { SIZE = 48 }; /* of the test frames */

static const struct network_config small_networks[] = {
    { "fas-td", "paper", .input_size = 32, .width = 0.125f, .frames = 4 },
    { "fas-sgtd", "paper", .input_size = 40, .width = 0.1f, .frames = 5 },
    { "fas-sgtd", "reference", .input_size = 32, .width = 0.125f, .frames = 3 },
    { "fas-td", "paper", .input_size = 32, .width = 0.1f, .frames = 3, .features_head = true },
};

/* A picture that moves and changes with n, for every seed another one. */
static inline void paint_another(uint8_t *rgba, int n, int seed)
{
    for (int y = 0; y < SIZE; y++)
        for (int x = 0; x < SIZE; x++) {
            uint8_t *p = rgba + (y * SIZE + x) * 4;
            p[0] = (uint8_t)(5 * x + 9 * n + 31 * seed);
            p[1] = (uint8_t)(5 * y + (x > 20 && x < 34 ? 9 * n : 0)); /* no flat picture moves so */
            p[2] = (uint8_t)((x - n) * (y + n + seed));
            p[3] = 255;
        }
}

static inline void paint(uint8_t *rgba, int n) { paint_another(rgba, n, 0); }

static inline struct livedepth_frame frame_of(const uint8_t *rgba, double time_ms)
{
    return (struct livedepth_frame){ .data = rgba,
                                     .size = SIZE * SIZE * 4,
                                     .width = SIZE,
                                     .height = SIZE,
                                     .format = LIVEDEPTH_RGBA,
                                     .time_ms = time_ms };
}

struct rig {
    struct random_model file;
    struct livedepth_model *model;
    struct livedepth_session *session;
    struct network_config config;
    uint8_t rgba[SIZE * SIZE * 4];
};

static inline enum livedepth_status rig_session(struct rig *rig, int threads)
{
    struct livedepth_options options = livedepth_options_default();
    options.threads = threads;
    options.crop = LIVEDEPTH_CROP_NONE;
    return livedepth_session_create(&rig->session, NULL, rig->model, &options);
}

static inline struct rig *rig_open(const struct network_config *config)
{
    struct rig *rig = calloc(1, sizeof *rig);
    rig->config = *config;
    rig->file = random_model(config);
    CHECK(livedepth_model_open(&rig->model, rig->file.bytes, rig->file.size) == LIVEDEPTH_OK);
    CHECK(rig_session(rig, 1) == LIVEDEPTH_OK);
    return rig;
}

static inline void rig_close(struct rig *rig)
{
    livedepth_session_destroy(rig->session);
    livedepth_model_close(rig->model);
    free(rig->file.bytes);
    free(rig);
}

static inline struct livedepth_result push(struct rig *rig, int n)
{
    struct livedepth_result result = { 0 };
    paint(rig->rgba, n);
    const struct livedepth_frame frame = frame_of(rig->rgba, 100.0 * n);
    CHECK(livedepth_session_push(rig->session, &frame, &result) == LIVEDEPTH_OK);
    return result;
}

/* Score and depth maps of the newest clip, to compare bit for bit. */
struct answer {
    float score, depth[NETWORK_MAX_FRAMES * 32 * 32];
};

static inline struct answer answer_of(const struct rig *rig, const struct livedepth_result *result)
{
    static struct answer answer;
    memset(&answer, 0, sizeof answer);
    const int size = livedepth_session_depth_size(rig->session);
    answer.score = result->clip_score;
    for (int i = LIVEDEPTH_DEPTH_MEAN; i < rig->config.frames - 1; i++)
        memcpy(answer.depth + (i + 1) * size * size, livedepth_session_depth(rig->session, i),
               (size_t)(size * size) * sizeof(float));
    return answer;
}

#endif
