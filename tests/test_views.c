/* Frames of which only the views are kept. */
#include "stage.h"

enum { VIEWS_SIZE = 2 * 32 * 32 * 3 }; /* bytes of a frame's views on stage */

/* What a session that took a frame leaves of it. */
static struct livedepth_views views_of(const struct stage *stage, uint8_t *bytes,
                                       const struct livedepth_result *result, bool paused)
{
    struct livedepth_views views = { bytes,          VIEWS_SIZE, result->width,
                                     result->height, paused,     .time_ms = stage->time_ms };
    for (int i = 0; i < 2; i++)
        memcpy(bytes + i * VIEWS_SIZE / 2, livedepth_session_view(stage->session, i),
               VIEWS_SIZE / 2);
    memcpy(views.face, result->box, sizeof views.face);
    memcpy(views.squares, result->views, sizeof views.squares);
    views.turn = result->turn;
    return views;
}

/* A session of the stage's network that is given views. */
static struct livedepth_session *viewer(const struct stage *stage)
{
    struct livedepth_session *session = NULL;
    const struct livedepth_options options = { 1, LIVEDEPTH_CROP_NONE, 0, 0, 1, 0 };
    CHECK(livedepth_session_create(&session, NULL, stage->network, &options) == LIVEDEPTH_OK);
    return session;
}

/* A head that walks until its squares are laid anew, a dark frame, another head, and one that
 * leans. */
TEST(views_give_what_their_frames_gave)
{
    struct stage *stage = stage_open();
    struct livedepth_session *again = viewer(stage);
    uint8_t bytes[VIEWS_SIZE];
    bool paused = false;
    for (int n = 0; n < 36; n++) {
        struct livedepth_result want, got;
        stage_clear(stage);
        stage_draw(stage, n < 24 ? 10 + 14 * n : n < 30 ? 10 : 180, 90);
        if (n >= 30) stage_turn(stage, 45);
        if (n == 12) memset(stage->rgba, 0, sizeof stage->rgba);
        want = stage_push(stage);
        CHECK((want.state == LIVEDEPTH_WAITING) == (n == 12));
        CHECK(want.run_frames == (n < 12 ? n + 1 : n < 24 ? n : n < 30 ? n - 23 : n - 29));
        CHECK((want.turn != 0) == (n >= 30));
        if (want.state != LIVEDEPTH_WAITING) {
            const struct livedepth_views views = views_of(stage, bytes, &want, paused);
            CHECK(livedepth_session_push_views(again, &views, &got) == LIVEDEPTH_OK);
            CHECK(got.state == want.state && got.clips == want.clips);
            CHECK(got.run_frames == want.run_frames && got.clip_frames == want.clip_frames);
            CHECK(!memcmp(got.views, want.views, sizeof got.views));
            CHECK(!memcmp(&got.score, &want.score, sizeof got.score));
            CHECK(!memcmp(got.scores, want.scores, sizeof got.scores));
            CHECK(got.verdict == want.verdict);
        }
        paused = want.state == LIVEDEPTH_WAITING;
    }
    CHECK(!livedepth_session_view(stage->session, 2) && !livedepth_session_view(again, -1));
    livedepth_session_destroy(again);
    stage_close(stage);
}

/* Nothing moves but before a dark frame, and no clip saw that: it is as if it had not been. */
TEST(what_no_clip_saw_before_a_pause_counts_for_nothing)
{
    struct stage *stage = stage_open();
    struct livedepth_session *again = viewer(stage);
    uint8_t bytes[VIEWS_SIZE];
    struct livedepth_result want, got = { 0 };
    for (int n = 0; n < 16; n++) {
        stage_clear(stage);
        stage_draw(stage, 120, 90);
        if (n < 3) stage_wave(stage, 40 + 60 * n, n);
        if (n == 3) memset(stage->rgba, 0, sizeof stage->rgba);
        want = stage_push(stage);
        if (n < 4) continue;
        CHECK(want.run_frames == n - 3);
        const struct livedepth_views views = views_of(stage, bytes, &want, false);
        CHECK(livedepth_session_push_views(again, &views, &got) == LIVEDEPTH_OK);
        CHECK(got.clips == want.clips);
        if (want.clips) CHECK(got.verdict == want.verdict && got.reason == want.reason);
    }
    CHECK(want.reason == LIVEDEPTH_REASON_FLAT_MOTION);
    livedepth_session_destroy(again);
    stage_close(stage);
}

/* Views of a frame of another size begin a run, and crops behind views are crops. */
TEST(views_of_another_size_and_crops_are_no_part_of_the_run)
{
    struct stage *stage = stage_open();
    struct livedepth_session *session = viewer(stage), *fresh = viewer(stage);
    uint8_t bytes[VIEWS_SIZE];
    static uint8_t crop[64 * 64 * 4];
    struct livedepth_result result;
    struct livedepth_views views = { 0 };
    for (int n = 0; n < 3; n++) {
        stage_clear(stage);
        stage_draw(stage, 200, 90);
        stage_turn(stage, 45);
        result = stage_push(stage);
        views = views_of(stage, bytes, &result, false);
        CHECK(livedepth_session_push_views(session, &views, &result) == LIVEDEPTH_OK);
        CHECK(result.turn != 0 && result.run_frames == n + 1);
    }
    for (int i = 0; i < (int)sizeof crop; i++) crop[i] = (uint8_t)(i / 256 * 3);
    const struct livedepth_frame frame = {
        .data = crop, .size = sizeof crop, .width = 64, .height = 64, .time_ms = views.time_ms + 100
    };
    CHECK(livedepth_session_push(session, &frame, &result) == LIVEDEPTH_OK);
    CHECK(result.run_frames == 1 && result.frame_reason == LIVEDEPTH_REASON_FORMAT_CHANGED);
    CHECK(livedepth_session_push(fresh, &frame, &result) == LIVEDEPTH_OK);
    for (int i = 0; i < 2; i++)
        CHECK(!memcmp(livedepth_session_view(session, i), livedepth_session_view(fresh, i),
                      VIEWS_SIZE / 2));
    livedepth_session_destroy(session);

    stage_clear(stage);
    stage_draw(stage, 120, 90);
    livedepth_session_reset(stage->session);
    result = stage_push(stage);
    views = views_of(stage, bytes, &result, false);
    session = viewer(stage);
    for (int n = 0; n < 2; n++) {
        views.time_ms += 100;
        CHECK(livedepth_session_push_views(session, &views, &result) == LIVEDEPTH_OK);
        CHECK(result.run_frames == n + 1);
    }
    views.time_ms += 100;
    views.width++;
    CHECK(livedepth_session_push_views(session, &views, &result) == LIVEDEPTH_OK);
    CHECK(result.run_frames == 1 && result.frame_reason == LIVEDEPTH_REASON_FORMAT_CHANGED);
    livedepth_session_destroy(session);
    livedepth_session_destroy(fresh);
    stage_close(stage);
}

TEST(views_that_cannot_be_are_refused)
{
    struct stage *stage = stage_open();
    struct livedepth_session *session = viewer(stage);
    uint8_t bytes[VIEWS_SIZE];
    struct livedepth_result result;
    stage_clear(stage);
    stage_draw(stage, 120, 90);
    result = stage_push(stage);
    const struct livedepth_views good = views_of(stage, bytes, &result, false);
    for (int what = 0; what < 16; what++) {
        struct livedepth_views bad = good;
        enum livedepth_status want = LIVEDEPTH_BAD_ARGUMENT;
        switch (what) {
        case 0: bad.data = NULL, want = LIVEDEPTH_FRAME_BAD_BUFFER; break;
        case 1: bad.size--, want = LIVEDEPTH_FRAME_BAD_BUFFER; break;
        case 2: bad.time_ms = NAN, want = LIVEDEPTH_FRAME_BAD_TIMESTAMP; break;
        case 3: bad.time_ms = -1, want = LIVEDEPTH_FRAME_BAD_TIMESTAMP; break;
        case 4: bad.width = 0, want = LIVEDEPTH_FRAME_BAD_SIZE; break;
        case 5: bad.height = LIVEDEPTH_MAX_SIDE + 1, want = LIVEDEPTH_FRAME_BAD_SIZE; break;
        case 6: bad.face[0] = NAN; break;
        case 7: bad.face[3] = INFINITY; break;
        case 8: bad.face[2] = bad.face[3] = 63; break;
        case 9: bad.face[1] += 1; break;
        case 10: bad.squares[1][2] += 1; break;
        case 11: bad.squares[0][0] = NAN; break;
        case 12: bad.turn = NAN; break;
        case 13: bad.turn = 181; break;
        case 14: bad.turn = 30; break; /* the face would be elsewhere */
        case 15: bad.face[3] = 0; break;
        }
        CHECK(livedepth_session_push_views(session, &bad, &result) == want);
    }
    CHECK(livedepth_session_push_views(session, NULL, &result) == LIVEDEPTH_BAD_ARGUMENT);
    CHECK(livedepth_session_push_views(stage->session, &good, &result) == LIVEDEPTH_BAD_ARGUMENT);
    CHECK(livedepth_session_push_views(session, &good, &result) == LIVEDEPTH_OK);
    CHECK(result.run_frames == 1);
    struct livedepth_views early = good;
    early.time_ms += 10;
    CHECK(livedepth_session_push_views(session, &early, &result) == LIVEDEPTH_OK);
    CHECK(result.state == LIVEDEPTH_SKIPPED && result.run_frames == 1);
    CHECK(result.width == good.width && result.height == good.height);
    livedepth_session_destroy(session);
    stage_close(stage);
}

/* A session that is given views of a face that stays, without a stage. */
struct sender {
    struct random_model file;
    struct livedepth_model *model;
    struct livedepth_session *session;
    const struct random_scorer *scorers;
    int count;
    double time_ms;
};

static struct sender sender_open(const struct random_scorer *scorers, int count)
{
    struct sender sender = { random_bundle(scorers, count), .scorers = scorers, .count = count };
    const struct livedepth_options options = { 1, LIVEDEPTH_CROP_NONE, 0, 0, 1, 0 }; /* all live */
    CHECK(livedepth_model_open(&sender.model, sender.file.bytes, sender.file.size) == LIVEDEPTH_OK);
    CHECK(livedepth_session_create(&sender.session, NULL, sender.model, &options) == LIVEDEPTH_OK);
    return sender;
}

static void sender_close(struct sender *sender)
{
    livedepth_session_destroy(sender->session);
    livedepth_model_close(sender->model);
    free(sender->file.bytes);
}

/* Frame n of a scene; paused: behind one that could not be used. */
static struct livedepth_result send(struct sender *sender, int scene, int n, bool paused)
{
    static uint8_t bytes[VIEWS_SIZE];
    const float face[4] = { 200, 150, 120, 120 };
    struct livedepth_result result = { 0 };
    sender->time_ms += paused ? 200 : 100;
    for (int i = 0; i < sender->count * 32 * 32; i++) {
        const int x = i % 32, y = i / 32 % 32;
        const int moves = x > 12 && x < 22 && y > 8 && y < 24 ? 3 * n % 40 : 0;
        const double value = scene ? sin(x * 0.31 + y * 0.17) : cos(x * 0.2) * sin(y * 0.4 + 1);
        bytes[3 * i] = (uint8_t)(128 + 100 * value);
        bytes[3 * i + 1] = (uint8_t)(124 + 50 * value + moves);
        bytes[3 * i + 2] = (uint8_t)(127 - 100 * value);
    }
    struct livedepth_views views = { bytes,  (size_t)sender->count * 32 * 32 * 3, 640, 480,
                                     paused, .time_ms = sender->time_ms };
    memcpy(views.face, face, sizeof face);
    for (int i = 0; i < sender->count; i++) {
        const float side = sender->scorers[i].scale * face[2], off = (face[2] - side) / 2;
        memcpy(views.squares[i], (float[]){ face[0] + off, face[1] + off, side, side },
               sizeof views.squares[i]);
    }
    CHECK(livedepth_session_push_views(sender->session, &views, &result) == LIVEDEPTH_OK);
    return result;
}

/* A frame that cannot be used does not hide a cut from a model whose only view is held. */
TEST(another_scene_behind_a_pause_breaks_a_run)
{
    struct random_scorer held = on_stage[0];
    for (int paused = 0; paused < 2; paused++) {
        for (int cut = 0; cut < 2; cut++) {
            struct sender sender = sender_open(&held, 1);
            struct livedepth_result result;
            for (int n = 0; n < 6; n++) result = send(&sender, 0, n, false);
            CHECK(result.clips == 3 && result.verdict == LIVEDEPTH_LIVE);
            result = send(&sender, cut, 6, paused);
            CHECK((result.frame_reason == LIVEDEPTH_REASON_SCENE_CHANGED) == cut);
            CHECK(result.clips == (cut ? 0 : paused ? 3 : 4));
            sender_close(&sender);
        }
    }
}

/* The scorer with maps is ready before the other one: its clip alone is none. */
TEST(maps_are_those_of_a_clip_that_was_scored)
{
    struct random_scorer two[] = { on_stage[0], on_stage[1] };
    two[0].config.frames = 3;
    two[1].config.frames = 5;
    two[1].use = "needed";
    struct sender sender = sender_open(two, 2);
    float masks[2 * 4 * 4], masked;
    for (int i = 0; i < COUNT(masks); i++) masks[i] = 1;
    for (int n = 0; n < 12; n++) { /* a frame before n 6 could not be used */
        const struct livedepth_result result = send(&sender, 0, n, n == 6);
        CHECK((result.state == LIVEDEPTH_SCORED) == (n == 4 || n == 5 || n >= 10));
        const bool known = n >= 4 && n != 8 && n != 9;
        CHECK(!livedepth_session_depth(sender.session, LIVEDEPTH_DEPTH_MEAN) == !known);
        CHECK((livedepth_session_masked_score(sender.session, masks, &masked) == LIVEDEPTH_OK) ==
              known);
    }
    sender_close(&sender);
}

int main(void)
{
    RUN(views_give_what_their_frames_gave);
    RUN(what_no_clip_saw_before_a_pause_counts_for_nothing);
    RUN(views_of_another_size_and_crops_are_no_part_of_the_run);
    RUN(views_that_cannot_be_are_refused);
    RUN(another_scene_behind_a_pause_breaks_a_run);
    RUN(maps_are_those_of_a_clip_that_was_scored);
    return test_end();
}
