/* Pictures cut of a frame that is turned about its centre. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "../src/turn.h"
#include "test.h"

enum { W = 320, H = 240, SIZE = 64 };

static uint8_t rgba[W * H * 4], cut[SIZE * SIZE * 3], same[SIZE * SIZE * 3];
static const struct image_target TARGET = { cut, SIZE, SIZE, SIZE };
static const struct livedepth_frame FRAME = {
    .data = rgba, .size = sizeof rgba, .width = W, .height = H
};

/* A slope along x, one along y, and waves; the frame's edge goes on outside. */
static double colour(int channel, double x, double y)
{
    x = fmin(fmax(x, 0.5), W - 0.5), y = fmin(fmax(y, 0.5), H - 0.5);
    return channel == 0   ? x * 250 / W
           : channel == 1 ? y * 250 / H
                          : 128 + 60 * sin(x / 19) * cos(y / 23);
}

static void draw(void)
{
    for (int y = 0; y < H; y++)
        for (int x = 0; x < W; x++)
            for (int c = 0; c < 3; c++)
                rgba[(y * W + x) * 4 + c] = (uint8_t)(colour(c, x + 0.5, y + 0.5) + 0.5);
}

/* Largest difference of `cut` from the colours of the turned places. */
static double off(double degrees, struct rect square)
{
    const double radians = degrees * 3.14159265358979 / 180;
    double most = 0;
    for (int y = 0; y < SIZE; y++)
        for (int x = 0; x < SIZE; x++) {
            const double u = (double)square.left + (x + 0.5) * (double)square.width / SIZE - W / 2,
                         v = (double)square.top + (y + 0.5) * (double)square.height / SIZE - H / 2;
            for (int c = 0; c < 3; c++)
                most = fmax(most, fabs(cut[(y * SIZE + x) * 3 + c] -
                                       colour(c, W / 2 + u * cos(radians) - v * sin(radians),
                                              H / 2 + u * sin(radians) + v * cos(radians))));
        }
    return most;
}

TEST(a_turned_square_shows_the_turned_frame)
{
    static const struct rect squares[] = {
        { 100, 60, 120, 120 }, /* inside */
        { 200, 0, 120, 120 },  /* at 45 degrees a corner of it lies outside the frame */
        { 40, 0, 240, 240 },
        { 150, 110, 20, 20 }, /* enlarged */
    };
    struct image_scratch *scratch = image_scratch_create();
    struct turn_scratch *between = turn_scratch_create();
    draw();
    for (int filter = IMAGE_TRIANGLE; filter <= IMAGE_BILINEAR; filter++)
        for (int i = 0; i < COUNT(squares); i++)
            for (int degrees = -60; degrees <= 180; degrees += 15) {
                const struct turn turn = turn_of((float)degrees, W, H);
                CHECK(turn_resize(&turn, between, scratch, &FRAME, squares[i],
                                  (enum image_filter)filter, TARGET) == LIVEDEPTH_OK);
                CHECK(off(degrees, squares[i]) <= 4);
            }
    free(between);
    image_scratch_destroy(scratch);
}

TEST(a_frame_that_is_not_turned_is_as_it_is)
{
    const struct rect square = { 33.3f, 20.1f, 177.7f, 177.7f };
    const struct image_target plain = { same, SIZE, SIZE, SIZE };
    struct image_scratch *scratch = image_scratch_create();
    struct turn_scratch *between = turn_scratch_create();
    const struct turn turn = turn_of(0, W, H);
    draw();
    CHECK(turn_resize(&turn, between, scratch, &FRAME, square, IMAGE_TRIANGLE, TARGET) == 0);
    CHECK(image_resize(scratch, &FRAME, square, IMAGE_TRIANGLE, plain) == 0);
    CHECK(!memcmp(cut, same, sizeof cut));
    const struct rect box = turn_box(&turn, square);
    CHECK(!memcmp(&box, &square, sizeof box));
    free(between);
    image_scratch_destroy(scratch);
}

TEST(boxes_and_moves_turn_about_the_centre)
{
    const struct turn turn = turn_of(30, W, H);
    const struct rect box = turn_box(&turn, (struct rect){ 190, 110, 40, 20 });
    /* (50, 0) from the centre, 30 degrees against the clock */
    CHECK_NEAR(box.left + 20, W / 2 + 50 * sqrt(0.75), 1e-3);
    CHECK_NEAR(box.top + 10, H / 2 - 25, 1e-3);
    CHECK(box.width == 40 && box.height == 20);
    float dx = (float)sqrt(0.75), dy = -0.5f;
    turn_move_back(&turn, &dx, &dy);
    CHECK_NEAR(dx, 1, 1e-6);
    CHECK_NEAR(dy, 0, 1e-6);
}

int main(void)
{
    RUN(a_turned_square_shows_the_turned_frame);
    RUN(a_frame_that_is_not_turned_is_as_it_is);
    RUN(boxes_and_moves_turn_about_the_centre);
    return test_end();
}
