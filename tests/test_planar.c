/* test_planar.c - what one homography explains, and what it does not. */
#include <math.h>
#include <stdlib.h>
#include "../src/planar.h"
#include "test.h"

enum { SIDE = PLANAR_SIDE };

static struct planar planar;
static float grey[PLANAR_PIXELS];

/* A picture without end, 0 .. 1, as sharp as a camera's at this size. */
static float scene_at(float x, float y)
{
    return 0.5f + 0.2f * sinf(7 * x + 2 * sinf(4 * y)) + 0.2f * cosf(9 * y + cosf(5 * x)) +
           0.1f * sinf(17 * (x + y));
}

/* The picture through a homography of places -1 .. 1, with noise of this size. */
static const float *seen(const float m[8], float gain, float offset, float noise)
{
    for (int v = 0; v < SIDE; v++)
        for (int u = 0; u < SIDE; u++) {
            const float x = ((float)u + 0.5f) * 2 / SIDE - 1, y = ((float)v + 0.5f) * 2 / SIDE - 1;
            const float w = m[6] * x + m[7] * y + 1;
            const float value =
                scene_at((m[0] * x + m[1] * y + m[2]) / w, (m[3] * x + m[4] * y + m[5]) / w);
            const float random = (float)rand() / (float)RAND_MAX * 2 - 1;
            grey[v * SIDE + u] = 255 * (gain * value + offset + noise * random);
        }
    return grey;
}

static const float AS_IT_IS[8] = { 1, 0, 0, 0, 1, 0, 0, 0 };

static float after(const float m[8], float gain, float offset, float noise)
{
    planar_reset(&planar);
    CHECK(isnan(planar_push(&planar, seen(AS_IT_IS, 1, 0, noise))));
    return planar_push(&planar, seen(m, gain, offset, noise));
}

TEST(a_plane_is_explained_however_it_is_turned)
{
    static const float moves[][8] = {
        { 1, 0, 0, 0, 1, 0, 0, 0 },                                   /* not at all */
        { 1, 0, 0.15f, 0, 1, -0.1f, 0, 0 },                           /* shifted by 5 pixels */
        { 1.15f, 0, 0, 0, 1.15f, 0, 0, 0 },                           /* nearer */
        { 0.98f, 0.17f, 0.02f, -0.17f, 0.98f, 0, 0, 0 },              /* turned by 10 degrees */
        { 1, 0.02f, 0, -0.03f, 1.05f, 0.04f, 0.08f, -0.06f },         /* tilted */
        { 0.9f, 0.05f, -0.08f, -0.06f, 1.08f, 0.06f, -0.05f, 0.04f }, /* all of it */
    };
    for (int i = 0; i < COUNT(moves); i++) CHECK_NEAR(after(moves[i], 1, 0, 0), 0, 0.04);
}

TEST(light_and_noise_are_no_life)
{
    CHECK_NEAR(after(AS_IT_IS, 0.5f, 0.3f, 0), 0, 0.001);
    CHECK_NEAR(after(AS_IT_IS, 1, 0, 0.02f), 0, 0.04); /* 5 of 255 */
}

/* A head of the picture's middle, that moves by x before what is around it. */
static float head_moved(float x)
{
    static const float small[8] = { 1, 0, 0.01f, 0, 1, 0, 0, 0 };
    planar_reset(&planar);
    planar_push(&planar, seen(AS_IT_IS, 1, 0, 0));
    seen(small, 1, 0, 0);
    for (int v = 0; v < SIDE; v++)
        for (int u = 0; u < SIDE; u++) {
            const float px = ((float)u + 0.5f) * 2 / SIDE - 1,
                        py = ((float)v + 0.5f) * 2 / SIDE - 1;
            if (px * px + 0.6f * py * py < 0.16f) grey[v * SIDE + u] = 255 * scene_at(px + x, py);
        }
    return planar_push(&planar, grey);
}

TEST(a_head_before_a_room_is_not)
{
    CHECK(head_moved(0.06f) > 0.1f); /* two pixels */
    CHECK(head_moved(0.12f) > head_moved(0.06f));
}

TEST(another_picture_becomes_the_first)
{
    static const float elsewhere[8] = { 0.1f, 0.9f, 25, -1.4f, 0.2f, 13, 0, 0 };
    CHECK(isnan(after(elsewhere, 1, 0, 0)));
    CHECK_NEAR(planar_push(&planar, seen(elsewhere, 1, 0, 0)), 0, 1e-3);
}

TEST(a_picture_of_one_colour_says_nothing)
{
    CHECK(isnan(after(AS_IT_IS, 0, 0.5f, 0)));
    CHECK(isnan(planar_push(&planar, seen(AS_IT_IS, 1, 0, 0)))); /* it began again */
    CHECK_NEAR(planar_push(&planar, seen(AS_IT_IS, 1, 0, 0)), 0, 1e-6);
}

int main(void)
{
    RUN(a_plane_is_explained_however_it_is_turned);
    RUN(light_and_noise_are_no_life);
    RUN(a_head_before_a_room_is_not);
    RUN(another_picture_becomes_the_first);
    RUN(a_picture_of_one_colour_says_nothing);
    return test_end();
}
