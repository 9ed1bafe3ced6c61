/* test_scene.c - one person before one camera, and what is neither. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "../src/scene.h"
#include "test.h"

enum { SIDE = 80 };

static struct scene scene;
static uint8_t rgb[SIDE][SIDE][3];

/* What a scene of this number looks like, about 10 pixels fine. */
static float look(int number, float x, float y, int channel)
{
    const float n = (float)(number + 1), c = (float)channel;
    return 0.45f + 0.22f * sinf(x * (0.05f + 0.011f * n) + c + n * n) +
           0.18f * cosf(y * (0.06f + 0.013f * n) - c * n) + 0.05f * sinf(0.5f * (x + y));
}

/* A room, and in its middle a head that lies dx, dy from there; noise in 255ths. */
static void draw(int number, float dx, float dy, int noise)
{
    for (int y = 0; y < SIDE; y++)
        for (int x = 0; x < SIDE; x++)
            for (int c = 0; c < 3; c++) {
                const float u = (float)x - SIDE / 2.0f - dx, v = (float)y - SIDE / 2.0f - dy;
                const bool head = u * u / (16 * 16) + v * v / (22 * 22) < 1;
                const float value =
                    head ? look(number + 7, u, v, c) : look(number, (float)x, (float)y, c);
                rgb[y][x][c] = (uint8_t)(255 * value + (float)(noise ? rand() % noise : 0) / 2);
            }
}

static bool push(void)
{
    const bool follows = scene_look(&scene, (struct image_target){ rgb[0][0], SIDE, SIDE, SIDE });
    scene_take(&scene);
    return follows;
}

TEST(a_head_that_moves_is_no_doubt)
{
    scene_reset(&scene);
    for (int i = 0; i < 100; i++) { /* near a place where it was, now and then */
        draw(0, 4 * sinf((float)i * 0.7f), 3 * sinf((float)i * 0.43f), 4);
        CHECK(push());
        CHECK(i < 3 || scene_doubt(&scene) == LIVEDEPTH_REASON_NONE);
    }
}

TEST(a_still_picture_with_noise_is_flat)
{
    for (int noise = 0; noise <= 16; noise += 4) {
        scene_reset(&scene);
        for (int i = 0; i < 40; i++) {
            draw(0, 0, 0, noise);
            if (i % 2) rgb[7][9][0] ^= 1; /* a bit that toggles */
            CHECK(push());
            const enum livedepth_reason doubt = scene_doubt(&scene);
            CHECK(
                doubt == LIVEDEPTH_REASON_FLAT_MOTION ||
                (!noise && doubt == LIVEDEPTH_REASON_REPEATED_FRAMES)); /* that is a loop of two */
        }
    }
}

/* Frames of a head at so many places, over and over. */
static void loop(int places, int frames)
{
    scene_reset(&scene);
    for (int i = 0; i < frames; i++) {
        draw(0, 3 * (float)(i % places), 0, 4);
        push();
    }
}

TEST(frames_that_come_again_are_doubted)
{
    for (int places = 2; places <= 12; places++) {
        loop(places, 2 * places + 10);
        CHECK(scene_doubt(&scene) == LIVEDEPTH_REASON_REPEATED_FRAMES);
    }
    loop(20, 20);
    CHECK(scene_doubt(&scene) == LIVEDEPTH_REASON_NONE);
}

TEST(a_camera_slower_than_its_page_is_no_loop)
{
    scene_reset(&scene);
    for (int i = 0; i < 30; i++) {
        draw(0, 4 * sinf((float)(i / 2) * 0.7f), 3 * sinf((float)(i / 2) * 0.43f), 0);
        push();
    }
    CHECK(scene_doubt(&scene) == LIVEDEPTH_REASON_NONE);
}

TEST(another_scene_does_not_follow)
{
    scene_reset(&scene);
    for (int i = 0; i < 12; i++) {
        draw(2 * i, 0, 0, 4);
        CHECK(push() == (i == 0));
        draw(2 * i, 2, 1, 4); /* the same, a little later */
        CHECK(push());
    }
}

TEST(one_colour_follows_no_scene_and_is_followed_by_none)
{
    scene_reset(&scene);
    draw(0, 0, 0, 4);
    CHECK(push());
    memset(rgb, 90, sizeof rgb);
    CHECK(!push());
    memset(rgb, 120, sizeof rgb);
    CHECK(push());
    draw(0, 0, 0, 4);
    CHECK(!push());
}

/* Frames between two pauses in which more moves, and which are new. */
static void push_unseen(int frames)
{
    scene_pause(&scene);
    for (int i = 0; i < frames; i++) {
        draw(0, 4 * sinf((float)i * 0.7f + 1), 3 * sinf((float)i * 0.43f + 1), 4);
        push();
    }
    scene_pause(&scene);
}

static void push_seen(float dx, float dy)
{
    draw(0, dx, dy, 4);
    push();
    scene_see(&scene);
}

TEST(what_no_clip_saw_vouches_for_nothing)
{
    scene_reset(&scene);
    for (int i = 0; i < 4; i++) push_seen(0, 0);
    for (int i = 0; i < 4; i++) {
        push_unseen(3);
        CHECK(scene_doubt(&scene) == LIVEDEPTH_REASON_FLAT_MOTION);
    }
    push_seen(0, 0);
    CHECK(scene_doubt(&scene) == LIVEDEPTH_REASON_FLAT_MOTION);

    scene_reset(&scene); /* a loop */
    for (int i = 0; i < 16; i++) push_seen(3 * (float)(i % 2), 0);
    for (int i = 0; i < 4; i++) {
        push_unseen(3);
        CHECK(scene_doubt(&scene) == LIVEDEPTH_REASON_REPEATED_FRAMES);
    }
}

/* What moved from before a pause until behind it counts, where clips saw both. */
TEST(what_clips_saw_before_a_pause_still_counts)
{
    scene_reset(&scene);
    for (int i = 0; i < 4; i++) push_seen(0, 0);
    scene_pause(&scene);
    push_seen(4, 3);
    CHECK(scene_doubt(&scene) == LIVEDEPTH_REASON_NONE);
    scene_pause(&scene);
    CHECK(scene_doubt(&scene) == LIVEDEPTH_REASON_NONE);

    scene_reset(&scene); /* here nobody saw the first picture */
    draw(0, 4, 3, 4);
    push();
    scene_pause(&scene);
    for (int i = 0; i < 4; i++) push_seen(0, 0);
    CHECK(scene_doubt(&scene) == LIVEDEPTH_REASON_FLAT_MOTION);
}

TEST(the_view_nearest_to_the_scene_is_looked_at)
{
    const struct view tight = { "tight", 1.5f, 128, VIEW_FOLLOWS_RUN, IMAGE_TRIANGLE },
                      context = { "context", 2.7f, 128, VIEW_FOLLOWS_RUN, IMAGE_TRIANGLE },
                      near = { "near", 2.7f, 80, VIEW_FOLLOWS_FACE, IMAGE_BILINEAR },
                      wide = { "wide", 4, 80, VIEW_FOLLOWS_FACE, IMAGE_BILINEAR };
    CHECK(scene_view((struct view[]){ tight, wide, near }, 3) == 2);
    CHECK(scene_view((struct view[]){ tight, context, wide }, 3) == 2);
    CHECK(scene_view((struct view[]){ tight, context }, 2) == 1);
    CHECK(scene_view(&tight, 1) == 0);
}

TEST(a_reset_forgets_all)
{
    loop(2, 20);
    scene_reset(&scene);
    CHECK(scene_doubt(&scene) == LIVEDEPTH_REASON_FLAT_MOTION);
    draw(5, 0, 0, 4);
    CHECK(push());
    CHECK(scene_doubt(&scene) == LIVEDEPTH_REASON_FLAT_MOTION);
}

int main(void)
{
    RUN(a_head_that_moves_is_no_doubt);
    RUN(a_still_picture_with_noise_is_flat);
    RUN(frames_that_come_again_are_doubted);
    RUN(a_camera_slower_than_its_page_is_no_loop);
    RUN(another_scene_does_not_follow);
    RUN(one_colour_follows_no_scene_and_is_followed_by_none);
    RUN(what_no_clip_saw_vouches_for_nothing);
    RUN(what_clips_saw_before_a_pause_still_counts);
    RUN(the_view_nearest_to_the_scene_is_looked_at);
    RUN(a_reset_forgets_all);
    return test_end();
}
