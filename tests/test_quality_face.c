/* All checks of a frame on a face (tests/clips/frame.ppm) that is turned, blurred and lit. */
#include <stdlib.h>
#include <string.h>
#include "files.h"
#include "silent.h"
#include "turn_plane.h"

static struct quality quality;
static struct quality_rules rules;
static struct image_scratch *scratch;

enum { WIDTH = 200, HEIGHT = 150 };
static struct face_detector *detector;
static const uint8_t *upright;           /* [HEIGHT][WIDTH][3] */
static uint8_t rgba[WIDTH * HEIGHT * 4]; /* likewise, changed by a test */

static void draw(void)
{
    for (int i = 0; i < WIDTH * HEIGHT; i++) memcpy(rgba + 4 * i, upright + 3 * i, 3);
}

/* Of rgba, as a camera stores it that is turned. */
static const float *look(int rotation)
{
    static uint8_t stored[WIDTH * HEIGHT * 4];
    static float checks[LIVEDEPTH_CHECKS];
    const bool sideways = rotation % 180 != 0;
    turn_plane(rgba, WIDTH, HEIGHT, 4, rotation, stored);
    const struct livedepth_frame frame = { .data = stored,
                                           .size = sizeof stored,
                                           .width = sideways ? HEIGHT : WIDTH,
                                           .height = sideways ? WIDTH : HEIGHT,
                                           .rotation = rotation };
    struct face faces[FACE_MAX];
    int count = 0;
    for (int i = 0; i < LIVEDEPTH_CHECKS; i++) checks[i] = NAN;
    quality_reset(&quality);
    CHECK(face_detect(detector, scratch, &frame, faces, &count) == LIVEDEPTH_OK && count == 1);
    quality_frame(&quality, &frame, checks);
    CHECK(quality_face(&quality, scratch, &frame, faces, count, checks) == LIVEDEPTH_OK);
    return checks;
}

TEST(a_good_face_keeps_all_limits)
{
    draw();
    const float *checks = look(0);
    for (int i = 0; i < LIVEDEPTH_CHECKS; i++)
        if (!isnan(checks[i]))
            CHECK(!(checks[i] < rules.good[i].min) && !(checks[i] > rules.good[i].max));
    CHECK_NEAR(checks[LIVEDEPTH_CHECK_FACE_SIZE], 54.9 / 150, 0.01);
    CHECK(quality_gate(&quality, checks) == LIVEDEPTH_REASON_NONE);
}

TEST(a_turned_camera_changes_nothing)
{
    draw();
    float want[LIVEDEPTH_CHECKS];
    memcpy(want, look(0), sizeof want);
    for (int rotation = 90; rotation < 360; rotation += 90) {
        const float *checks = look(rotation);
        for (int i = 0; i < LIVEDEPTH_CHECKS; i++)
            CHECK(isnan(want[i]) ? isnan(checks[i])
                                 : fabsf(checks[i] - want[i]) <= 0.01f + 0.01f * fabsf(want[i]));
    }
}

/* 1 2 1 along one axis. */
static void blur(int step)
{
    static uint8_t was[sizeof rgba];
    memcpy(was, rgba, sizeof was);
    for (size_t i = (size_t)step; i < sizeof rgba - (size_t)step; i++)
        rgba[i] = (uint8_t)((was[i - (size_t)step] + 2 * was[i] + was[i + (size_t)step] + 2) / 4);
}

TEST(every_blur_makes_a_face_less_sharp)
{
    for (int axes = 1; axes <= 3; axes++) { /* across, down, both */
        draw();
        float last = look(0)[LIVEDEPTH_CHECK_SHARPNESS], first = last;
        for (int pass = 0; pass < 6; pass++) {
            if (axes & 1) blur(4);
            if (axes & 2) blur(4 * WIDTH);
            const float sharpness = look(0)[LIVEDEPTH_CHECK_SHARPNESS];
            CHECK(sharpness < last);
            last = sharpness;
        }
        CHECK(last < 0.7f * first);
    }
}

TEST(light_climbs_step_by_step)
{
    float last_brightness = 0, last_contrast = 0;
    for (int gain = 4; gain <= 64; gain *= 2) { /* of 32 */
        draw();
        for (size_t i = 0; i < sizeof rgba; i++)
            rgba[i] = (uint8_t)min_int(rgba[i] * gain / 32, 255);
        const float *checks = look(0);
        CHECK(checks[LIVEDEPTH_CHECK_BRIGHTNESS] > 1.5f * last_brightness);
        CHECK(checks[LIVEDEPTH_CHECK_CONTRAST] > 1.5f * last_contrast);
        CHECK(checks[LIVEDEPTH_CHECK_SHARPNESS] > rules.good[LIVEDEPTH_CHECK_SHARPNESS].min);
        last_brightness = checks[LIVEDEPTH_CHECK_BRIGHTNESS];
        last_contrast = checks[LIVEDEPTH_CHECK_CONTRAST];
    }
}

int main(void)
{
    silent_rules(&rules);
    quality_init(&quality, &rules);
    scratch = image_scratch_create();
    struct file weights_file = file_read("build/blazeface-short.safetensors");
    struct file picture = file_read("tests/clips/frame.ppm");
    upright = picture.bytes + picture.size - 3 * WIDTH * HEIGHT;
    struct weights *weights = NULL;
    CHECK(weights_open(&weights, weights_file.bytes, weights_file.size) == LIVEDEPTH_OK);
    CHECK(face_detector_create(&detector, weights, NULL) == LIVEDEPTH_OK);
    RUN(a_good_face_keeps_all_limits);
    RUN(a_turned_camera_changes_nothing);
    RUN(every_blur_makes_a_face_less_sharp);
    RUN(light_climbs_step_by_step);
    face_detector_destroy(detector);
    weights_close(weights);
    image_scratch_destroy(scratch);
    free(weights_file.bytes), free(picture.bytes);
    return test_end();
}
