/* Which frames make a clip: tables of input and expected answer. */
#include "../src/clip.h"
#include "test.h"

static const struct rect FACE = { 100, 100, 100, 100 };

TEST(frames_are_picked_by_time)
{
    /* frame rate -> the frame numbers that a clip of 100 ms steps takes */
    static const struct {
        double fps;
        int taken[5];
    } rows[] = {
        { 30, { 0, 3, 6, 9, 12 } }, { 60, { 0, 6, 12, 18, 24 } },   { 25, { 0, 3, 6, 9, 12 } },
        { 24, { 0, 3, 6, 9, 12 } }, { 15, { 0, 2, 4, 6, 8 } },      { 10, { 0, 1, 2, 3, 4 } },
        { 5, { 0, 1, 2, 3, 4 } },   { 120, { 0, 11, 22, 33, 44 } },
    };
    for (int i = 0; i < COUNT(rows); i++) {
        struct clip clip;
        clip_init(&clip, 100, 3);
        for (int frame = 0, n = 0; n < 5; frame++) {
            const double time = 1000 + frame * 1000 / rows[i].fps;
            if (!clip_due(&clip, time)) continue;
            clip_look(&clip, time);
            CHECK(rows[i].taken[n] == frame);
            n++;
        }
    }
}

static void take(struct clip *clip, double time_ms)
{
    clip_look(clip, time_ms);
    if (!clip->taken) clip_start(clip, FACE);
    clip_take(clip, FACE);
}

TEST(a_gap_ends_the_run)
{
    struct clip clip;
    clip_init(&clip, 100, 3);
    CHECK(clip_due(&clip, 0));
    clip_look(&clip, 0);
    CHECK(!clip_due(&clip, 84.9) && clip_due(&clip, 85.1));
    CHECK(!clip_starved(&clip, 251)); /* nothing taken yet: nothing to end */
    take(&clip, 100);
    CHECK(clip.run && clip.taken == 1);
    CHECK(!clip_starved(&clip, 349) && clip_starved(&clip, 351));
    clip_break(&clip);
    CHECK(!clip.run && !clip.taken && !clip_starved(&clip, 351));
    clip_reset(&clip);
    CHECK(clip_due(&clip, 3));
}

/* Frames come, but none can be taken. */
TEST(a_run_survives_a_short_pause)
{
    struct clip clip;
    clip_init(&clip, 100, 3);
    take(&clip, 0), take(&clip, 100);
    for (int t = 200; t <= 400; t += 100) {
        clip_look(&clip, t), clip_pause(&clip);
        CHECK(clip.run && !clip.taken && !clip_starved(&clip, t + 100));
        CHECK(clip_broken(&clip, t) == (t > 350));
    }
}

TEST(squares_are_held_while_the_face_stays_and_for_their_span)
{
    static const struct {
        struct rect face;
        bool holds;
    } rows[] = {
        { { 100, 100, 100, 100 }, true },  { { 149, 51, 100, 100 }, true },
        { { 151, 100, 100, 100 }, false }, { { 100, 49, 100, 100 }, false },
        { { 118, 118, 64, 64 }, true },    { { 119, 119, 62, 62 }, false },
        { { 70, 70, 159, 159 }, true },    { { 69, 69, 162, 162 }, false },
    };
    struct clip clip;
    clip_init(&clip, 100, 3);
    for (int t = 0; t < 4; t++) {
        take(&clip, 100 * t);
        for (int i = 0; i < COUNT(rows); i++)
            CHECK(clip_holds(&clip, rows[i].face) == (rows[i].holds || t < 2));
    }
}

/* A head that walks is one run, whatever its squares do; a head somewhere else is another one. */
TEST(a_face_that_jumps_is_another_one)
{
    static const struct {
        struct rect face;
        bool follows;
    } rows[] = {
        { { 174, 100, 100, 100 }, true },  { { 100, 26, 100, 100 }, true },
        { { 70, 70, 159, 159 }, true },    { { 176, 100, 100, 100 }, false },
        { { 100, 24, 100, 100 }, false },  { { 119, 119, 62, 62 }, false },
        { { 300, 100, 100, 100 }, false },
    };
    struct clip clip;
    clip_init(&clip, 100, 3);
    take(&clip, 0);
    for (int i = 0; i < COUNT(rows); i++)
        CHECK(clip_follows(&clip, rows[i].face) == rows[i].follows);
}

int main(void)
{
    RUN(frames_are_picked_by_time);
    RUN(a_gap_ends_the_run);
    RUN(a_run_survives_a_short_pause);
    RUN(squares_are_held_while_the_face_stays_and_for_their_span);
    RUN(a_face_that_jumps_is_another_one);
    return test_end();
}
