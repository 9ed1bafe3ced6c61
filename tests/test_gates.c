/* What is measured of frames in a session, and what keeps a frame from the networks. */
#include "rig.h"
#include "stage.h"

/* Light, 1 as it is: values x gain + offset. */
static void stage_light(struct stage *stage, float gain, float offset)
{
    for (size_t i = 0; i < sizeof stage->rgba; i++) {
        const float value = (float)stage->rgba[i] * gain + offset;
        stage->rgba[i] = (uint8_t)fminf(fmaxf(value, 0), 255);
    }
}

/* A mean over 2 reach + 1 pixels along each axis, twice: far out of focus. */
static void stage_blur(struct stage *stage, int reach)
{
    for (int pass = 0; pass < 4; pass++) {
        const int step = pass % 2 ? STAGE_W * 4 : 4, length = pass % 2 ? STAGE_H : STAGE_W;
        const int lines = pass % 2 ? STAGE_W * 4 : STAGE_H * 4;
        for (int line = 0; line < lines; line++) {
            uint8_t *p = stage->rgba + (pass % 2 ? line : line / 4 * STAGE_W * 4 + line % 4),
                    was[STAGE_W];
            for (int i = 0; i < length; i++) was[i] = p[i * step];
            for (int i = reach; i < length - reach; i++) {
                int sum = reach;
                for (int j = -reach; j <= reach; j++) sum += was[i + j];
                p[i * step] = (uint8_t)(sum / (2 * reach + 1));
            }
        }
    }
}

/* A face in this light and focus. */
static struct stage *stage_open_with(float gain, float offset, int blur)
{
    struct stage *stage = stage_open();
    stage_clear(stage);
    stage_draw(stage, 200, 90);
    if (blur) stage_blur(stage, blur);
    stage_light(stage, gain, offset);
    return stage;
}

/* However few frames come: after 2.5 intervals without one that was taken all starts again. */
TEST(a_pause_and_a_gap_together_break_a_run)
{
    struct stage *stage = stage_open_with(1, 0, 0);
    struct livedepth_result result = { 0 };
    for (int n = 0; n < 5; n++) result = stage_push(stage);
    CHECK(result.clips == 2);
    stage_light(stage, 0.1f, 0);
    stage->interval_ms = 140;
    result = stage_push(stage);
    CHECK(result.state == LIVEDEPTH_WAITING && result.clips == 2);
    stage_clear(stage);
    stage_draw(stage, 200, 90);
    result = stage_push(stage); /* 280 ms after the last one taken, 140 after the last one seen */
    CHECK(result.clips == 0 && result.frame_reason == LIVEDEPTH_REASON_FRAME_GAP);
    stage_close(stage);
}

TEST(only_extreme_light_and_blur_keep_a_frame_from_the_network)
{
    static const struct {
        float gain, offset;
        int blur;
        enum livedepth_reason reason;
    } rows[] = {
        { 1, 0, 0, LIVEDEPTH_REASON_NONE },     { 0.5f, 0, 0, LIVEDEPTH_REASON_NONE },
        { 0.25f, 0, 0, LIVEDEPTH_REASON_NONE }, { 0.14f, 0, 0, LIVEDEPTH_REASON_TOO_DARK },
        { 1.7f, 0, 0, LIVEDEPTH_REASON_NONE },  { 1, 165, 0, LIVEDEPTH_REASON_TOO_BRIGHT },
        { 0.4f, 80, 0, LIVEDEPTH_REASON_NONE }, { 0.12f, 110, 0, LIVEDEPTH_REASON_LOW_CONTRAST },
        { 1, 0, 1, LIVEDEPTH_REASON_NONE },     { 1, 0, 8, LIVEDEPTH_REASON_BLURRY },
    };
    for (int i = 0; i < COUNT(rows); i++) {
        struct stage *stage = stage_open_with(rows[i].gain, rows[i].offset, rows[i].blur);
        const bool good = rows[i].reason == LIVEDEPTH_REASON_NONE;
        struct livedepth_result result = { 0 };
        for (int n = 0; n < (good ? 4 : 2); n++) {
            result = stage_push(stage);
            CHECK(result.faces == 1 && result.frame_reason == (int32_t)rows[i].reason);
            CHECK(good || (result.state == LIVEDEPTH_WAITING && result.clip_frames == 0));
        }
        CHECK(result.clips == (good ? 1 : 0));
        CHECK(good ||
              (result.verdict == LIVEDEPTH_UNDECIDED && result.reason == (int32_t)rows[i].reason));
        stage_close(stage);
    }
}

TEST(a_bad_frame_starts_the_clip_again)
{
    struct stage *stage = stage_open_with(1, 0, 0);
    for (int n = 0; n < 3; n++) CHECK(stage_push(stage).clip_frames == n + 1);
    stage_light(stage, 0.14f, 0);
    CHECK(stage_push(stage).clip_frames == 0);
    stage_clear(stage);
    stage_draw(stage, 200, 90);
    CHECK(stage_push(stage).clip_frames == 1);
    stage_close(stage);
}

TEST(a_frozen_picture_fills_no_clip)
{
    struct stage *stage = stage_open_with(1, 0, 0);
    struct livedepth_result result = stage_push(stage);
    CHECK(result.checks[LIVEDEPTH_CHECK_FROZEN_FRAMES] == 0);
    result = stage_push_again(stage); /* a slow camera repeats a frame */
    CHECK(result.checks[LIVEDEPTH_CHECK_FROZEN_FRAMES] == 1 && result.clip_frames == 2);
    for (int n = 2; n < 5; n++) {
        result = stage_push_again(stage);
        CHECK(result.checks[LIVEDEPTH_CHECK_FROZEN_FRAMES] == n);
        CHECK(result.state == LIVEDEPTH_WAITING && result.clip_frames == 0 && result.clips == 0);
        CHECK(result.reason == LIVEDEPTH_REASON_FROZEN_FRAMES);
    }
    result = stage_push(stage);
    CHECK(result.checks[LIVEDEPTH_CHECK_FROZEN_FRAMES] == 0 && result.clip_frames == 1);
    for (int n = 0; n < 2; n++) stage_push(stage), result = stage_push_again(stage);
    CHECK(result.clips > 0); /* every frame twice */
    livedepth_session_reset(stage->session);
    stage->time_ms = 0;
    CHECK(stage_push_again(stage).checks[LIVEDEPTH_CHECK_FROZEN_FRAMES] == 0);
    stage_close(stage);
}

TEST(too_few_frames_a_second_fill_no_clip)
{
    static const struct {
        double interval_ms;
        enum livedepth_reason reason;
    } rows[] = {
        { 100, LIVEDEPTH_REASON_NONE },           { 190, LIVEDEPTH_REASON_NONE },
        { 210, LIVEDEPTH_REASON_LOW_FRAME_RATE }, { 240, LIVEDEPTH_REASON_LOW_FRAME_RATE },
        { 600, LIVEDEPTH_REASON_LOW_FRAME_RATE },
    };
    for (int i = 0; i < COUNT(rows); i++) {
        struct stage *stage = stage_open_with(1, 0, 0);
        stage->interval_ms = rows[i].interval_ms;
        struct livedepth_result result = stage_push(stage);
        CHECK(result.clip_frames == 1 && isnan(result.checks[LIVEDEPTH_CHECK_FRAME_RATE]));
        for (int n = 1; n < 4; n++) {
            result = stage_push(stage);
            CHECK_NEAR(result.checks[LIVEDEPTH_CHECK_FRAME_RATE], 1000 / rows[i].interval_ms, 1e-3);
            CHECK(result.frame_reason == (int32_t)rows[i].reason);
        }
        CHECK((result.clips > 0) == (rows[i].reason == LIVEDEPTH_REASON_NONE));
        stage_close(stage);
    }
    struct stage *stage = stage_open_with(1, 0, 0); /* one stall is a gap, no slow camera */
    for (int n = 0; n < 3; n++) stage_push(stage);
    stage->time_ms += 900;
    CHECK(stage_push(stage).frame_reason == LIVEDEPTH_REASON_FRAME_GAP);
    stage_close(stage);
}

TEST(a_black_or_white_frame_is_called_so)
{
    static const struct {
        int value;
        enum livedepth_reason reason;
    } rows[] = {
        { 0, LIVEDEPTH_REASON_TOO_DARK },     { 30, LIVEDEPTH_REASON_TOO_DARK },
        { 60, LIVEDEPTH_REASON_NO_FACE },     { 200, LIVEDEPTH_REASON_NO_FACE },
        { 255, LIVEDEPTH_REASON_TOO_BRIGHT }, { 230, LIVEDEPTH_REASON_TOO_BRIGHT },
    };
    struct stage *stage = stage_open();
    for (int i = 0; i < COUNT(rows); i++) {
        memset(stage->rgba, rows[i].value, sizeof stage->rgba);
        const struct livedepth_result result = stage_push(stage);
        CHECK(result.faces == 0 && result.state == LIVEDEPTH_WAITING);
        CHECK(result.reason == (int32_t)rows[i].reason);
        CHECK(result.checks[LIVEDEPTH_CHECK_FACE_COUNT] == 0);
        CHECK_NEAR(result.checks[LIVEDEPTH_CHECK_BRIGHTNESS], rows[i].value / 255.0, 0.01);
        CHECK(isnan(result.checks[LIVEDEPTH_CHECK_SHARPNESS]));
    }
    /* dark with a lamp: not dark as a whole */
    memset(stage->rgba, 0, sizeof stage->rgba);
    memset(stage->rgba, 255, sizeof stage->rgba / 10);
    CHECK(stage_push(stage).reason == LIVEDEPTH_REASON_NO_FACE);
    stage_close(stage);
}

static int measured(const struct livedepth_result *result)
{
    int count = 0;
    for (int i = 0; i < LIVEDEPTH_CHECKS; i++) count += !isnan(result->checks[i]);
    return count;
}

TEST(checks_are_those_of_this_frame)
{
    struct stage *stage = stage_open_with(1, 0, 0);
    struct livedepth_result result = stage_push(stage);
    CHECK(measured(&result) == LIVEDEPTH_CHECKS - 2); /* motion and frame rate take two frames */
    stage->interval_ms = 30;
    result = stage_push(stage);
    CHECK(result.state == LIVEDEPTH_SKIPPED && measured(&result) == 0);
    stage->interval_ms = 100;
    result = stage_push(stage);
    CHECK(measured(&result) == LIVEDEPTH_CHECKS);
    CHECK(result.checks[LIVEDEPTH_CHECK_FACE_COUNT] == 1);
    CHECK(result.checks[LIVEDEPTH_CHECK_MOTION] < 0.1f);

    stage_clear(stage);
    stage_draw(stage, 180, 100);
    const struct livedepth_result next = stage_push(stage);
    const float *a = result.box, *b = next.box;
    const float x = a[0] + a[2] / 2 - b[0] - b[2] / 2, y = a[1] + a[3] / 2 - b[1] - b[3] / 2;
    const float size = fmaxf(b[2], b[3]), grown = fabsf(fmaxf(a[2], a[3]) - size);
    CHECK(hypotf(x, y) > 15);
    CHECK_NEAR(next.checks[LIVEDEPTH_CHECK_MOTION], (hypotf(x, y) + grown) / size / 0.1, 1e-3);

    struct livedepth_frame turned = { .data = stage->seen,
                                      .size = sizeof stage->seen,
                                      .width = STAGE_H,
                                      .height = STAGE_W,
                                      .time_ms = stage->time_ms += 100 };
    CHECK(livedepth_session_push(stage->session, &turned, &result) == LIVEDEPTH_OK);
    CHECK(isnan(result.checks[LIVEDEPTH_CHECK_MOTION])); /* the places do not compare */

    stage_clear(stage);
    stage_draw(stage, 0, 90), stage_draw(stage, 400, 90);
    CHECK(stage_push(stage).checks[LIVEDEPTH_CHECK_FACE_COUNT] == 2);
    stage_clear(stage);
    CHECK(stage_push(stage).checks[LIVEDEPTH_CHECK_FACE_COUNT] == 0);
    stage_draw(stage, 200, 90);
    CHECK(isnan(stage_push(stage).checks[LIVEDEPTH_CHECK_MOTION])); /* since when is unknown */
    stage_close(stage);

    struct rig *rig = rig_open(&small_networks[0]); /* without faces two checks are left */
    memset(rig->rgba, 0, sizeof rig->rgba);
    for (int n = 0; n < 6; n++) {
        const struct livedepth_frame frame = frame_of(rig->rgba, 200.0 * n);
        CHECK(livedepth_session_push(rig->session, &frame, &result) == LIVEDEPTH_OK);
        CHECK(measured(&result) == (n ? 2 : 1));
        CHECK(result.checks[LIVEDEPTH_CHECK_FROZEN_FRAMES] == n);
        CHECK(result.frame_reason == (n < 2 ? 0 : LIVEDEPTH_REASON_FROZEN_FRAMES));
    }
    rig_close(rig);
}

TEST(a_verdict_of_crops_does_not_outlive_them)
{
    struct livedepth_result result = { 0 };
    struct rig *rig = rig_open(&small_networks[0]);
    int n = 0;
    for (; n < 12; n++) {
        rig->rgba[0] = (uint8_t)n;
        const struct livedepth_frame frame = frame_of(rig->rgba, 100.0 * n);
        CHECK(livedepth_session_push(rig->session, &frame, &result) == LIVEDEPTH_OK);
    }
    CHECK(result.clips > 0 && result.frame_reason == 0);
    for (; n < 20; n++) {
        const struct livedepth_frame frame = frame_of(rig->rgba, 100.0 * n);
        CHECK(livedepth_session_push(rig->session, &frame, &result) == LIVEDEPTH_OK);
    }
    CHECK(result.clips == 0 && result.verdict == LIVEDEPTH_UNDECIDED);
    CHECK(result.reason == LIVEDEPTH_REASON_FROZEN_FRAMES);
    rig_close(rig);
}

int main(void)
{
    RUN(a_pause_and_a_gap_together_break_a_run);
    RUN(a_verdict_of_crops_does_not_outlive_them);
    RUN(only_extreme_light_and_blur_keep_a_frame_from_the_network);
    RUN(a_bad_frame_starts_the_clip_again);
    RUN(a_frozen_picture_fills_no_clip);
    RUN(too_few_frames_a_second_fill_no_clip);
    RUN(a_black_or_white_frame_is_called_so);
    RUN(checks_are_those_of_this_frame);
    return test_end();
}
