/* stage.h - a session with the detector and two scorers. Before it stands one picture of a man,
 * 200x150, on a larger grey frame. */
#ifndef STAGE_INCLUDED
#define STAGE_INCLUDED

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "files.h"
#include "random_model.h"
#include "test.h"

enum { STAGE_W = 800, STAGE_H = 480, FACE_W = 200, FACE_H = 150 };

struct stage {
    struct file detector_file, picture;
    struct random_model network_file;
    struct livedepth_model *detector, *network;
    struct livedepth_session *session;
    uint8_t rgba[STAGE_W * STAGE_H * 4], seen[STAGE_W * STAGE_H * 4];
    uint32_t noise;
    int32_t format;
    double time_ms, interval_ms;
};

/* Clips of 4 and 2 frames; views[0] is held, views[1] follows the face. */
static const struct random_scorer on_stage[] = {
    { "depth",
      { "fas-td", "paper", .input_size = 32, .width = 0.125f, .frames = 4 },
      1.3f,
      "run",
      "needed",
      1 },
    { "look",
      { "fas-td", "paper", .input_size = 32, .width = 0.0625f, .frames = 2 },
      2,
      "face",
      "optional",
      1 },
};

static inline struct stage *stage_open(void)
{
    struct stage *stage = calloc(1, sizeof *stage);
    stage->interval_ms = 100;
    stage->format = LIVEDEPTH_RGBA;
    stage->detector_file = file_read("build/blazeface-short.safetensors");
    stage->picture = file_read("tests/clips/frame.ppm");
    stage->network_file = random_bundle(on_stage, COUNT(on_stage));
    CHECK(livedepth_model_open(&stage->detector, stage->detector_file.bytes,
                               stage->detector_file.size) == LIVEDEPTH_OK);
    CHECK(livedepth_model_open(&stage->network, stage->network_file.bytes,
                               stage->network_file.size) == LIVEDEPTH_OK);
    const struct livedepth_options options = { 1, LIVEDEPTH_CROP_FACE, 0, 0, 1, 0 }; /* all live */
    CHECK(livedepth_session_create(&stage->session, stage->detector, stage->network, &options) ==
          LIVEDEPTH_OK);
    return stage;
}

static inline void stage_close(struct stage *stage)
{
    livedepth_session_destroy(stage->session);
    livedepth_model_close(stage->detector);
    livedepth_model_close(stage->network);
    free(stage->detector_file.bytes), free(stage->picture.bytes), free(stage->network_file.bytes);
    free(stage);
}

static inline void stage_clear(struct stage *stage)
{
    memset(stage->rgba, 128, sizeof stage->rgba);
}

/* Draws the picture, twice as large, with its corner at x, y. */
static inline void stage_draw(struct stage *stage, int x, int y)
{
    const size_t header = stage->picture.size - FACE_W * FACE_H * 3;
    const uint8_t *rgb = stage->picture.bytes + header;
    for (int v = 0; v < 2 * FACE_H; v++)
        for (int u = 0; u < 2 * FACE_W; u++)
            memcpy(stage->rgba + ((y + v) * STAGE_W + x + u) * 4,
                   rgb + (v / 2 * FACE_W + u / 2) * 3, 3);
}

/* Something beside the face that has a motion of its own: without it all is one flat picture. */
static inline void stage_wave(struct stage *stage, int x, int n)
{
    const int y = 360 + 7 * (n * n % 11);
    for (int v = 0; v < 40; v++) memset(stage->rgba + ((y + v) * STAGE_W + x) * 4, 0, 40 * 4);
}

/* The frame as the camera before saw it, byte by byte. */
static inline struct livedepth_result stage_push_again(struct stage *stage)
{
    struct livedepth_result result = { 0 };
    const struct livedepth_frame frame = { .data = stage->seen,
                                           .size = sizeof stage->seen,
                                           .width = STAGE_W,
                                           .height = STAGE_H,
                                           .format = stage->format,
                                           .time_ms = stage->time_ms += stage->interval_ms };
    CHECK(livedepth_session_push(stage->session, &frame, &result) == LIVEDEPTH_OK);
    return result;
}

/* The stage with a camera's noise, -1 .. 1. */
static inline struct livedepth_result stage_push(struct stage *stage)
{
    for (size_t i = 0; i < sizeof stage->rgba; i++) {
        stage->noise = stage->noise * 1664525 + 1013904223;
        const int value = stage->rgba[i] + (int)(stage->noise >> 16) % 3 - 1;
        stage->seen[i] = (uint8_t)(value < 0 ? 0 : value > 255 ? 255 : value);
    }
    return stage_push_again(stage);
}

/* Turns the stage clockwise; the frame keeps its size, and what does not fit is left out. */
static inline void stage_turn(struct stage *stage, int degrees)
{
    static uint8_t before[sizeof stage->rgba];
    const double radians = degrees * 3.14159265358979 / 180, c = cos(radians), s = sin(radians);
    memcpy(before, stage->rgba, sizeof before);
    for (int y = 0; y < STAGE_H; y++)
        for (int x = 0; x < STAGE_W; x++) {
            const double u = x - STAGE_W / 2, v = y - STAGE_H / 2;
            const int from_x = STAGE_W / 2 + (int)lround(u * c + v * s);
            const int from_y = STAGE_H / 2 + (int)lround(v * c - u * s);
            const bool inside = from_x >= 0 && from_x < STAGE_W && from_y >= 0 && from_y < STAGE_H;
            uint8_t *to = stage->rgba + (y * STAGE_W + x) * 4;
            if (inside) memcpy(to, before + (from_y * STAGE_W + from_x) * 4, 4);
            else memset(to, 128, 4);
        }
}

#endif
