/* test_track.c - following a face: moves that are known, and pictures in which it is lost. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "../src/track.h"
#include "test.h"

enum { MOST = 512 };

static uint8_t pixels[MOST * MOST * 3];
static struct track track;
static const struct rect FACE = { 0.2f, 0.15f, 0.6f, 0.65f }; /* shares of the crop */

/* A smooth picture, moved by dx, dy crop sides; light: gain and offset of its 0 .. 1 values. */
static struct image_target picture(int size, float dx, float dy, float gain, float offset)
{
    const struct image_target image = { pixels, size, size, size };
    for (int y = 0; y < size; y++)
        for (int x = 0; x < size; x++) {
            const float u = ((float)x + 0.5f) / (float)size - dx;
            const float v = ((float)y + 0.5f) / (float)size - dy;
            const float value =
                0.5f + 0.2f * sinf(13 * u + 2 * sinf(5 * v)) + 0.2f * cosf(11 * v + cosf(7 * u));
            for (int c = 0; c < 3; c++)
                pixels[3 * (y * size + x) + c] = (uint8_t)(255 * (value * gain + offset) + 0.5f);
        }
    return image;
}

TEST(a_known_move_is_found)
{
    static const int sizes[] = { 32, 64, 120, 128, 256, 512 };
    static const float moves[][2] = {
        { 0, 0 }, { 0.03f, -0.02f }, { -0.1f, 0.06f }, { 0.011f, 0.1f }
    };
    for (int i = 0; i < COUNT(sizes); i++)
        for (int j = 0; j < COUNT(moves); j++) {
            float dx = NAN, dy = NAN;
            CHECK(track_start(&track, picture(sizes[i], 0, 0, 1, 0), 1.5f, FACE));
            CHECK(
                track_follow(&track, picture(sizes[i], moves[j][0], moves[j][1], 1, 0), &dx, &dy));
            CHECK_NEAR(dx, moves[j][0], 0.006); /* a fifth of a cell */
            CHECK_NEAR(dy, moves[j][1], 0.006);
        }
}

TEST(light_may_change)
{
    float dx, dy;
    CHECK(track_start(&track, picture(128, 0, 0, 1, 0), 1.5f, FACE));
    CHECK(track_follow(&track, picture(128, 0.05f, 0, 0.4f, 0.1f), &dx, &dy));
    CHECK_NEAR(dx, 0.05, 0.006);
    CHECK_NEAR(dy, 0, 0.006);
}

/* A face may go as far in a crop of 2.7 boxes as in one of 1.5: 0.23 of its box. */
TEST(a_wider_crop_follows_no_further)
{
    const struct rect small = { 0.315f, 0.315f, 1 / 2.7f, 1 / 2.7f };
    float dx = 7, dy = 7;
    CHECK(track_start(&track, picture(128, 0, 0, 1, 0), 2.7f, small));
    CHECK(track_follow(&track, picture(128, 0.15f / 2.7f, 0, 1, 0), &dx, &dy));
    CHECK_NEAR(dx, 0.15 / 2.7, 0.006);
    CHECK_NEAR(dy, 0, 0.006);
    CHECK(!track_follow(&track, picture(128, 0.3f / 2.7f, 0, 1, 0), &dx, &dy));
}

TEST(what_is_not_there_is_lost)
{
    float dx = 7, dy = 7;
    CHECK(track_start(&track, picture(128, 0, 0, 1, 0), 1.5f, FACE));
    CHECK(!track_follow(&track, picture(128, 0, 0, 0, 0.5f), &dx, &dy));  /* one colour */
    CHECK(!track_follow(&track, picture(128, 0, 0, -1, 1), &dx, &dy));    /* its negative */
    CHECK(!track_follow(&track, picture(128, 0.18f, 0, 1, 0), &dx, &dy)); /* too far */
    struct image_target noise = picture(128, 0, 0, 1, 0);
    uint32_t state = 1;
    for (int i = 0; i < 128 * 128 * 3; i++)
        pixels[i] = (uint8_t)((state = state * 1664525 + 1013904223) >> 24);
    CHECK(!track_follow(&track, noise, &dx, &dy));
    CHECK(dx == 7 && dy == 7);
}

TEST(some_faces_cannot_be_followed)
{
    float dx, dy;
    static const struct rect bad[] = {
        { 0.45f, 0.45f, 0.1f, 0.1f }, { -0.5f, 0.1f, 0.6f, 0.6f },
        { 0.9f, 0.1f, 0.6f, 0.6f },   { 1e9f, 0, 1, 1 },
        { -1e9f, 0, 1, 1 },           { 0.2f, 0.2f, -0.4f, 0.4f },
    };
    for (int i = 0; i < COUNT(bad); i++) {
        CHECK(track_start(&track, picture(128, 0, 0, 1, 0), 1.5f, FACE));
        CHECK(!track_start(&track, picture(128, 0, 0, 1, 0), 1.5f, bad[i]));
        CHECK(!track_follow(&track, picture(128, 0, 0, 1, 0), &dx, &dy)); /* not the one before */
    }
    CHECK(!track_start(&track, picture(128, 0, 0, 0, 0.5f), 1.5f, FACE));
    const struct rect all = { -1, -1, 3, 3 }; /* its middle is followed */
    CHECK(track_start(&track, picture(128, 0, 0, 1, 0), 1.5f, all));
    CHECK(track_follow(&track, picture(128, 0.04f, 0.04f, 1, 0), &dx, &dy));
    CHECK_NEAR(dx, 0.04, 0.006);
}

int main(void)
{
    RUN(a_known_move_is_found);
    RUN(light_may_change);
    RUN(a_wider_crop_follows_no_further);
    RUN(what_is_not_there_is_lost);
    RUN(some_faces_cannot_be_followed);
    return test_end();
}
