/* What a face that stays, walks, leans, changes or goes does to a run. */
#include "stage.h"

TEST(a_steady_face_fills_clips)
{
    struct stage *stage = stage_open();
    stage_clear(stage);
    stage_draw(stage, 120, 90);
    struct livedepth_result first = { 0 };
    for (int n = 0; n < 6; n++) { /* clips of 4 frames */
        const struct livedepth_result result = stage_push(stage);
        if (n == 0) first = result; /* whose face makes the crop of all */
        CHECK(result.state == (n < 3 ? LIVEDEPTH_FILLING : LIVEDEPTH_SCORED));
        CHECK(result.frame_reason == LIVEDEPTH_REASON_NONE);
        CHECK(result.faces == 1 && result.confidence > 0.8f);
        CHECK_NEAR(result.views[0][2], 1.3 * fmaxf(first.box[2], first.box[3]), 0.01);
        CHECK_NEAR(result.views[0][0] + result.views[0][2] / 2, first.box[0] + first.box[2] / 2,
                   0.01);
        CHECK(result.clips == (n < 3 ? 0 : n - 2));
    }
    stage_close(stage);
}

TEST(a_clip_starts_again_in_another_format)
{
    struct stage *stage = stage_open();
    struct livedepth_result result = { 0 };
    stage_clear(stage);
    stage_draw(stage, 120, 90);
    for (int n = 0; n < 5; n++) result = stage_push(stage);
    CHECK(result.clips == 2);
    stage->format = LIVEDEPTH_BGRA;
    result = stage_push(stage);
    CHECK(result.frame_reason == LIVEDEPTH_REASON_FORMAT_CHANGED);
    CHECK(result.clips == 0 && result.clip_frames == 1);
    stage_close(stage);
}

/* A head that walks: its squares are laid anew, and its scores go on counting. */
TEST(a_face_that_walks_is_one_run)
{
    struct stage *stage = stage_open();
    struct livedepth_result result = { 0 };
    int moved = 0, clips = 0;
    for (int n = 0; n < 24; n++) {
        stage_clear(stage);
        stage_draw(stage, 10 + 14 * n, 90); /* of a face of 165 pixels */
        stage_wave(stage, 190 + 14 * n, n);
        result = stage_push(stage);
        moved += result.frame_reason == LIVEDEPTH_REASON_FACE_MOVED;
        CHECK(result.frame_reason == LIVEDEPTH_REASON_FACE_MOVED || result.frame_reason == 0);
        CHECK(result.clips >= clips);
        clips = result.clips;
        CHECK_NEAR(result.views[1][0] + result.views[1][2] / 2, result.box[0] + result.box[2] / 2,
                   0.01); /* this one follows */
    }
    CHECK(moved == 2 && clips >= 12 && result.verdict == LIVEDEPTH_LIVE);
    stage_close(stage);
}

/* A face that leans; where it is on the stage shall not matter. */
static struct livedepth_result stage_lean(struct stage *stage, int degrees)
{
    stage_clear(stage);
    stage_draw(stage, 180, 80);
    stage_turn(stage, degrees);
    return stage_push(stage);
}

TEST(a_face_that_leans_is_seen_upright)
{
    static const struct {
        int degrees, least, most; /* of the face; of the turn: the detector's eyes lean less */
    } rows[] = {
        { 0, 0, 0 },    { -8, 0, 0 },   { 18, 11, 20 },    { -18, -20, -11 },
        { 40, 18, 30 }, { 50, 20, 40 }, { -40, -30, -18 }, { -50, -40, -18 },
    };
    for (int i = 0; i < COUNT(rows); i++) {
        struct stage *stage = stage_open();
        for (int n = 0; n < 6; n++) {
            const struct livedepth_result result = stage_lean(stage, rows[i].degrees);
            CHECK(result.run_frames == n + 1 && result.clips == (n < 3 ? 0 : n - 2));
            CHECK(rows[i].least <= result.turn && result.turn <= rows[i].most);
        }
        stage_close(stage);
    }
}

TEST(a_run_keeps_its_turn)
{
    struct stage *stage = stage_open();
    struct livedepth_result result = { 0 };
    for (int n = 0; n < 4; n++) result = stage_lean(stage, 40);
    const float turn = result.turn;
    CHECK(turn > 15 && result.clips == 1);
    for (int n = 0; n < 8; n++) { /* the next detection sees that it leans less */
        result = stage_lean(stage, 20);
        CHECK(result.turn == turn && result.frame_reason == LIVEDEPTH_REASON_NONE);
    }
    bool broken = false;
    for (int n = 0; n < 8; n++) {
        result = stage_lean(stage, -30);
        broken |= result.frame_reason == LIVEDEPTH_REASON_FACE_MOVED && result.run_frames == 1;
    }
    CHECK(broken && result.turn < -5);
    stage_close(stage);
}

/* A dark frame, of which only the view that is held was cut: turned like those before. */
TEST(a_frame_that_is_not_used_says_how_it_was_turned)
{
    struct stage *stage = stage_open();
    struct livedepth_result result = { 0 };
    for (int n = 0; n < 3; n++) result = stage_lean(stage, 40);
    const float turn = result.turn;
    CHECK(turn > 15);
    for (size_t i = 0; i < sizeof stage->rgba; i++) stage->rgba[i] /= 14;
    result = stage_push(stage);
    CHECK(result.frame_reason == LIVEDEPTH_REASON_TOO_DARK && result.views[0][2] > 0);
    CHECK(result.turn == turn);
    stage_close(stage);
}

TEST(a_turned_face_fills_no_clip)
{
    for (int turn = 90; turn < 360; turn += 90) {
        struct stage *stage = stage_open();
        stage_clear(stage);
        stage_draw(stage, 200, 90);
        stage_turn(stage, turn);
        for (int n = 0; n < 6; n++) {
            const struct livedepth_result result = stage_push(stage);
            const float roll = result.checks[LIVEDEPTH_CHECK_ROLL];
            CHECK(result.faces == 1 && result.state == LIVEDEPTH_WAITING && result.clips == 0);
            CHECK(result.frame_reason == LIVEDEPTH_REASON_ROLL);
            CHECK(result.reason == LIVEDEPTH_REASON_ROLL);
            CHECK(fabsf(remainderf(roll - (float)turn, 360)) < 20);
        }
        stage_close(stage);
    }
}

/* Nothing outlives what it was said of: neither darkness, nor a frozen camera, nor another face. */
TEST(a_verdict_does_not_outlive_its_face)
{
    for (int how = 0; how < 3; how++) {
        struct stage *stage = stage_open();
        struct livedepth_result result = { 0 };
        for (int n = 0; n < 6; n++) {
            stage_clear(stage);
            stage_draw(stage, 40, 90);
            stage_wave(stage, 220, n);
            result = stage_push(stage);
        }
        CHECK(result.verdict == LIVEDEPTH_LIVE && result.clips == 3);
        if (how == 0) memset(stage->rgba, 0, sizeof stage->rgba);
        if (how == 2) stage_clear(stage), stage_draw(stage, 300, 90);
        for (int n = 0; n < 5; n++) {
            result = how == 1 ? stage_push_again(stage) : stage_push(stage);
            if (how == 2 && n == 2) break; /* before its own first clip is full */
        }
        CHECK(result.verdict == LIVEDEPTH_UNDECIDED && result.clips == 0);
        CHECK(isnan(result.score) && isnan(result.scores[0]) && isnan(result.clip_score));
        CHECK(!livedepth_session_depth(stage->session, LIVEDEPTH_DEPTH_MEAN));
        stage_close(stage);
    }
}

/* The face of one person and then, at the same place and size, another picture. */
TEST(another_scene_breaks_a_run)
{
    struct stage *stage = stage_open();
    struct livedepth_result result = { 0 };
    for (int n = 0; n < 12; n++) {
        stage_clear(stage);
        stage_draw(stage, 40, 90);
        stage_wave(stage, 220, n);
        if (n >= 6) /* its negative, but for the face */
            for (int y = 0; y < STAGE_H; y++)
                for (int x = 0; x < STAGE_W; x++)
                    if (x < 160 || x > 320 || y < 130 || y > 330)
                        for (int c = 0; c < 3; c++) stage->rgba[(y * STAGE_W + x) * 4 + c] ^= 255;
        result = stage_push(stage);
        const bool changed = result.frame_reason == LIVEDEPTH_REASON_SCENE_CHANGED;
        CHECK(changed == (n == 6));
        CHECK((result.state == LIVEDEPTH_WAITING) == changed);
        CHECK(result.clips == (n < 3 ? 0 : n < 6 ? n - 2 : n < 10 ? 0 : n - 9));
    }
    stage_close(stage);
}

/* A still picture with a camera's noise is nobody, whatever its score: all are live here. */
TEST(one_flat_picture_is_never_live)
{
    struct stage *stage = stage_open();
    for (int n = 0; n < 30; n++) {
        stage_clear(stage);
        stage_draw(stage, 40, 90);
        const struct livedepth_result result = stage_push(stage);
        CHECK(result.verdict == LIVEDEPTH_UNDECIDED);
        if (n >= 3) CHECK(result.reason == LIVEDEPTH_REASON_FLAT_MOTION && result.score >= 0);
    }
    stage_close(stage);
}

/* Nor are two frames of a live person, over and over. */
TEST(a_loop_is_never_live)
{
    struct stage *stage = stage_open();
    for (int n = 0; n < 20; n++) {
        stage_clear(stage);
        stage_draw(stage, 40 + n % 2 * 8, 90);
        stage_wave(stage, 220, n % 2 * 3);
        const struct livedepth_result result = stage_push(stage);
        if (n >= 9)
            CHECK(result.verdict == LIVEDEPTH_UNDECIDED &&
                  result.reason == LIVEDEPTH_REASON_REPEATED_FRAMES);
    }
    stage_close(stage);
}

/* Three new frames between two dark ones are no clip, and lift no doubt from the clips of a still
 * picture or a loop that lie before and behind them. */
TEST(what_no_clip_saw_between_pauses_counts_for_nothing)
{
    for (int looped = 0; looped < 2; looped++) {
        struct stage *stage = stage_open();
        struct livedepth_result result = { 0 };
        for (int n = 0; n < 32; n++) {
            const bool live = n > 12 && n < 24;
            stage_clear(stage);
            stage_draw(stage, live ? 40 + 2 * n : 40 + n % 2 * 8 * looped, 90);
            if (live || looped) stage_wave(stage, 220, live ? n : n % 2 * 3);
            if (n >= 12 && n <= 24 && n % 4 == 0) memset(stage->rgba, 0, sizeof stage->rgba);
            result = stage_push(stage);
            CHECK(result.clips == (n < 3 ? 0 : n < 12 ? n - 2 : n < 28 ? 9 : n - 18));
            if (n < 9) continue;
            CHECK(result.verdict == LIVEDEPTH_UNDECIDED);
            CHECK(
                result.reason == LIVEDEPTH_REASON_REPEATED_FRAMES ||
                (!looped && result.reason == LIVEDEPTH_REASON_FLAT_MOTION)); /* or it came again */
        }
        stage_close(stage);
    }
}

/* One dark frame is a blink of the camera. */
TEST(one_bad_frame_does_not_break_a_run)
{
    struct stage *stage = stage_open();
    struct livedepth_result result = { 0 };
    for (int n = 0; n < 10; n++) {
        stage_clear(stage);
        stage_draw(stage, 40, 90);
        if (n == 5) memset(stage->rgba, 0, sizeof stage->rgba);
        result = stage_push(stage);
        CHECK((result.state == LIVEDEPTH_WAITING) == (n == 5));
        CHECK(result.clips == (n < 3 ? 0 : n < 5 ? n - 2 : n < 9 ? 2 : 3));
    }
    stage_close(stage);
}

TEST(a_clip_starts_again_when_the_face_does_not_stay)
{
    struct stage *stage = stage_open();
    stage_clear(stage);
    stage_draw(stage, 120, 90);
    const struct livedepth_result first = stage_push(stage);

    stage_clear(stage);
    stage_draw(stage, 128, 90); /* a small step: the clip goes on in the first frame's crop */
    struct livedepth_result result = stage_push(stage);
    CHECK(result.clip_frames == 2 && result.frame_reason == LIVEDEPTH_REASON_NONE);
    CHECK(!memcmp(result.views[0], first.views[0], sizeof first.views[0]));
    CHECK(result.box[0] > first.box[0] + 4);

    stage_clear(stage);
    stage_draw(stage, 280, 90); /* a jump: another run */
    result = stage_push(stage);
    CHECK(result.clip_frames == 1 && result.frame_reason == LIVEDEPTH_REASON_FACE_MOVED);
    CHECK(result.views[0][0] > first.views[0][0] + 120);

    stage_clear(stage);
    result = stage_push(stage);
    CHECK(result.state == LIVEDEPTH_WAITING && result.clip_frames == 0 && result.faces == 0);
    CHECK(result.frame_reason == LIVEDEPTH_REASON_NO_FACE);
    CHECK(result.verdict == LIVEDEPTH_UNDECIDED && result.reason == LIVEDEPTH_REASON_NO_FACE);

    stage_draw(stage, 0, 90);
    stage_draw(stage, 400, 90);
    result = stage_push(stage);
    CHECK(result.state == LIVEDEPTH_WAITING && result.faces == 2);
    CHECK(result.reason == LIVEDEPTH_REASON_MULTIPLE_FACES);
    stage_close(stage);
}

/* Frames 1, 5, 9, ... of a run are searched, the others keep the confidence of the last search. */
TEST(between_detections_the_face_is_followed)
{
    struct stage *stage = stage_open();
    struct livedepth_result found = { 0 };
    for (int n = 0; n < 9; n++) {
        stage_clear(stage);
        stage_draw(stage, 120 + 3 * n, 90 - 2 * n);
        const struct livedepth_result result = stage_push(stage);
        CHECK(result.clip_frames == (n < 3 ? n + 1 : 4));
        if (n > 0) /* sides a second; how detections differ is motion to a quarter at most */
            CHECK_NEAR(result.checks[LIVEDEPTH_CHECK_MOTION], hypotf(3, 2) / result.box[2] / 0.1f,
                       n % 4 ? 0.04 : 0.2);
        if (n % 4 == 0) {
            CHECK(result.confidence != found.confidence);
            found = result;
            continue;
        }
        const float moved = (float)(n % 4);
        CHECK(result.confidence == found.confidence);
        CHECK_NEAR(result.box[0], found.box[0] + 3 * moved, 1.5); /* of a face of 165 pixels */
        CHECK_NEAR(result.box[1], found.box[1] - 2 * moved, 1.5);
        CHECK(result.box[2] == found.box[2] && result.box[3] == found.box[3]);
        for (int i = 0; i < LIVEDEPTH_LANDMARKS; i++)
            for (int j = 0; j < 2; j++)
                CHECK_NEAR(result.landmarks[i][j] - found.landmarks[i][j],
                           result.box[j] - found.box[j], 0.001);
    }
    stage_close(stage);
}

TEST(a_second_face_is_seen_by_the_fourth_frame)
{
    struct stage *stage = stage_open();
    stage_clear(stage);
    stage_draw(stage, 0, 90);
    CHECK(stage_push(stage).faces == 1);
    stage_draw(stage, 400, 90);
    struct livedepth_result result;
    int frames = 0;
    do result = stage_push(stage);
    while (++frames < 4 && result.faces == 1);
    CHECK(result.state == LIVEDEPTH_WAITING && result.clip_frames == 0);
    CHECK(result.faces == 2 && result.frame_reason == LIVEDEPTH_REASON_MULTIPLE_FACES);
    stage_close(stage);
}

int main(void)
{
    RUN(a_steady_face_fills_clips);
    RUN(a_clip_starts_again_in_another_format);
    RUN(a_face_that_walks_is_one_run);
    RUN(a_face_that_leans_is_seen_upright);
    RUN(a_run_keeps_its_turn);
    RUN(a_frame_that_is_not_used_says_how_it_was_turned);
    RUN(a_turned_face_fills_no_clip);
    RUN(a_verdict_does_not_outlive_its_face);
    RUN(another_scene_breaks_a_run);
    RUN(one_flat_picture_is_never_live);
    RUN(a_loop_is_never_live);
    RUN(what_no_clip_saw_between_pauses_counts_for_nothing);
    RUN(one_bad_frame_does_not_break_a_run);
    RUN(a_clip_starts_again_when_the_face_does_not_stay);
    RUN(between_detections_the_face_is_followed);
    RUN(a_second_face_is_seen_by_the_fourth_frame);
    return test_end();
}
