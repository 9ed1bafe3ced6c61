/* Which frames make a clip, and from scores to a verdict: tables of input and expected answer. */
#include <math.h>
#include "../src/clip.h"
#include "../src/decide.h"
#include "test.h"

TEST(frames_are_picked_by_time)
{
    /* frame rate -> the frame numbers that a clip of 100 ms steps takes */
    static const struct { double fps; int taken[5]; } rows[] = {
        { 30, { 0, 3, 6, 9, 12 } },   { 60, { 0, 6, 12, 18, 24 } }, { 25, { 0, 3, 6, 9, 12 } },
        { 24, { 0, 3, 6, 9, 12 } },   { 15, { 0, 2, 4, 6, 8 } },    { 10, { 0, 1, 2, 3, 4 } },
        { 5, { 0, 1, 2, 3, 4 } },     { 120, { 0, 11, 22, 33, 44 } },
    };
    for (int i = 0; i < COUNT(rows); i++) {
        struct clip clip;
        clip_init(&clip, 5, 100);
        for (int frame = 0, n = 0; n < 5; frame++) {
            const double time = 1000 + frame * 1000 / rows[i].fps;
            if (clip_due(&clip, time) == CLIP_NOT_DUE) continue;
            clip_look(&clip, time);
            CHECK(rows[i].taken[n] == frame);
            n++;
        }
    }
}

TEST(a_gap_ends_the_run)
{
    struct clip clip;
    clip_init(&clip, 5, 100);
    CHECK(clip_due(&clip, 0) == CLIP_DUE);
    clip_look(&clip, 0);
    CHECK(clip_due(&clip, 84.9) == CLIP_NOT_DUE);
    CHECK(clip_due(&clip, 85.1) == CLIP_DUE);
    CHECK(clip_due(&clip, 251) == CLIP_DUE); /* nothing taken yet: nothing to end */
    clip.taken = 1;
    CHECK(clip_due(&clip, 249) == CLIP_DUE);
    CHECK(clip_due(&clip, 251) == CLIP_AFTER_GAP);
    clip_reset(&clip);
    CHECK(clip.taken == 0 && clip_due(&clip, 3) == CLIP_DUE);
}

TEST(the_crop_lies_inside_the_frame)
{
    static const struct { struct rect face, crop; int width, height; } rows[] = {
        { { 100, 100, 100, 80 }, { 85, 75, 130, 130 }, 400, 300 },   /* about the centre */
        { { 0, 0, 100, 100 }, { 0, 0, 130, 130 }, 400, 300 },        /* moved inside */
        { { 320, 220, 100, 100 }, { 270, 170, 130, 130 }, 400, 300 },
        { { 50, 0, 290, 290 }, { 45, 0, 300, 300 }, 400, 300 },      /* shrunk to the short side */
    };
    for (int i = 0; i < COUNT(rows); i++) {
        struct clip clip;
        clip_init(&clip, 5, 100);
        clip_start(&clip, rows[i].face, 1.3f, rows[i].width, rows[i].height);
        CHECK(fabsf(clip.crop.left - rows[i].crop.left) < 1e-3f);
        CHECK(fabsf(clip.crop.top - rows[i].crop.top) < 1e-3f);
        CHECK(fabsf(clip.crop.width - rows[i].crop.width) < 1e-3f);
        CHECK(fabsf(clip.crop.height - rows[i].crop.height) < 1e-3f);
    }
}

TEST(a_run_holds_while_the_face_stays)
{
    struct clip clip;
    clip_init(&clip, 5, 100);
    clip_start(&clip, (struct rect){ 100, 100, 100, 100 }, 1.3f, 400, 300);
    CHECK(clip_holds(&clip, (struct rect){ 100, 100, 100, 100 }));
    CHECK(clip_holds(&clip, (struct rect){ 119, 81, 100, 100 }));
    CHECK(!clip_holds(&clip, (struct rect){ 121, 100, 100, 100 }));
    CHECK(!clip_holds(&clip, (struct rect){ 100, 79, 100, 100 }));
    CHECK(clip_holds(&clip, (struct rect){ 112, 112, 76, 76 }));
    CHECK(!clip_holds(&clip, (struct rect){ 114, 114, 72, 72 }));
    CHECK(!clip_holds(&clip, (struct rect){ 82, 82, 136, 136 }));
}

TEST(verdicts)
{
    static const struct {
        bool trained;
        int clips;
        float scores[3];
        enum livedepth_verdict verdict;
        enum livedepth_reason reason;
    } rows[] = {
        { true, 0, { 0 }, LIVEDEPTH_UNDECIDED, LIVEDEPTH_REASON_CLIP_SHORT },
        { true, 1, { 0.9f }, LIVEDEPTH_LIVE, LIVEDEPTH_REASON_NONE },
        { true, 1, { 0.7f }, LIVEDEPTH_LIVE, LIVEDEPTH_REASON_NONE },
        { true, 1, { 0.5f }, LIVEDEPTH_UNDECIDED, LIVEDEPTH_REASON_LOW_CONFIDENCE },
        { true, 1, { 0.3f }, LIVEDEPTH_UNDECIDED, LIVEDEPTH_REASON_LOW_CONFIDENCE },
        { true, 1, { 0.2f }, LIVEDEPTH_SPOOF, LIVEDEPTH_REASON_NONE },
        { true, 3, { 1, 1, 0.25f }, LIVEDEPTH_LIVE, LIVEDEPTH_REASON_NONE },
        { true, 3, { 1, 0, 0.5f }, LIVEDEPTH_UNDECIDED, LIVEDEPTH_REASON_LOW_CONFIDENCE },
        { false, 1, { 1 }, LIVEDEPTH_UNDECIDED, LIVEDEPTH_REASON_UNTRAINED },
        { true, 2, { NAN, 1 }, LIVEDEPTH_UNDECIDED, LIVEDEPTH_REASON_NON_FINITE },
        { true, 2, { 1, INFINITY }, LIVEDEPTH_UNDECIDED, LIVEDEPTH_REASON_NON_FINITE },
    };
    for (int i = 0; i < COUNT(rows); i++) {
        struct decide decide;
        enum livedepth_reason reason;
        decide_init(&decide, 0.7f, 0.3f, rows[i].trained);
        for (int j = 0; j < rows[i].clips; j++) decide_push(&decide, rows[i].scores[j]);
        CHECK(decide_verdict(&decide, &reason) == rows[i].verdict);
        CHECK(reason == rows[i].reason);
        decide_reset(&decide);
        decide_wait(&decide, LIVEDEPTH_REASON_NO_FACE);
        CHECK(decide_verdict(&decide, &reason) == LIVEDEPTH_UNDECIDED);
        CHECK(reason == LIVEDEPTH_REASON_NO_FACE);
    }
}

int main(void)
{
    RUN(frames_are_picked_by_time);
    RUN(a_gap_ends_the_run);
    RUN(the_crop_lies_inside_the_frame);
    RUN(a_run_holds_while_the_face_stays);
    RUN(verdicts);
    return test_end();
}
