/* The pipeline: streaming, allocations, refused frames, options. */
#include "allocations.h"
#include "rig.h"
#include "stage.h"

TEST(every_clip_of_a_stream_equals_the_clip_alone)
{
    for (int i = 0; i < COUNT(small_networks); i++) {
        struct rig *stream = rig_open(&small_networks[i]), *alone = rig_open(&small_networks[i]);
        const int frames = stream->config.frames;
        float previous = -1;
        for (int n = 0; n < 2 * frames + 1; n++) {
            const struct livedepth_result result = push(stream, n);
            CHECK(result.state == (n + 1 < frames ? LIVEDEPTH_FILLING : LIVEDEPTH_SCORED));
            CHECK(result.frames == n + 1);
            CHECK(result.clip_frames == (n + 1 < frames ? n + 1 : frames));
            if (n + 1 < frames) {
                CHECK(result.reason == LIVEDEPTH_REASON_CLIP_SHORT && result.clips == 0);
                CHECK(!livedepth_session_depth(stream->session, 0));
                continue;
            }
            struct livedepth_result last = { 0 };
            livedepth_session_reset(alone->session);
            for (int m = n + 1 - frames; m <= n; m++) last = push(alone, m);
            const struct answer a = answer_of(stream, &result), b = answer_of(alone, &last);
            CHECK(!memcmp(&a, &b, sizeof a));
            CHECK(a.score != previous); /* the pictures differ, so must the scores */
            CHECK(a.score > 0 && a.score < 1);
            previous = a.score;
        }
        rig_close(stream), rig_close(alone);
    }
}

/* The newest clip of a stream against the network run by hand, without rings. */
TEST(a_clip_equals_the_network_run_by_hand)
{
    for (int i = 0; i < COUNT(small_networks); i++) {
        struct rig *rig = rig_open(&small_networks[i]);
        struct weights *weights = NULL;
        struct network *network = NULL;
        CHECK(weights_open(&weights, rig->file.bytes, rig->file.size) == LIVEDEPTH_OK);
        CHECK(network_create(&network, weights_whole(weights), rig->config.input_size, NULL,
                             false) == LIVEDEPTH_OK);
        const int frames = rig->config.frames, size = rig->config.input_size, start = frames - 1;
        const size_t map = (size_t)(network->depth_size * network->depth_size);
        const size_t motion_floats = network->motion_bytes / sizeof(float);
        float *motions = malloc((size_t)frames * network->motion_bytes);
        float *maps = malloc((2 * (size_t)frames + 1) * map * sizeof(float));
        float *means = calloc((size_t)(frames * network->means_floats + 1), sizeof(float));
        struct network_pair kept[NETWORK_MAX_FRAMES];
        struct image_scratch *scratch = image_scratch_create();
        uint8_t *view = malloc((size_t)(size * size) * 3);
        struct livedepth_result result = { 0 };

        for (int n = 0; n < start + frames; n++) result = push(rig, n);
        for (int t = 0; t < frames; t++) {
            paint(rig->rgba, start + t);
            const struct livedepth_frame frame = frame_of(rig->rgba, 0);
            CHECK(image_resize(scratch, &frame, (struct rect){ 0, 0, SIZE, SIZE }, IMAGE_TRIANGLE,
                               (struct image_target){ view, size, size, size }) == LIVEDEPTH_OK);
            for (int j = 0; j < size * size * 3; j++)
                network->image[j] = ((float)view[j] - 127.5f) / 255;
            CHECK(network_trunk(network) == LIVEDEPTH_OK);
            memcpy(maps + (size_t)t * map, network->single, map * sizeof(float));
            kept[t].single = maps + (size_t)t * map;
            kept[t].means = means + t * network->means_floats;
            for (int j = 0; j < network->means_floats; j++)
                means[t * network->means_floats + j] = network->means[j];
            if (t > 0) {
                CHECK(network_pair(network) == LIVEDEPTH_OK);
                memcpy(motions + (size_t)(t - 1) * motion_floats, network->motion,
                       network->motion_bytes);
                kept[t - 1].motion = motions + (size_t)(t - 1) * motion_floats;
            }
            network_advance(network);
        }
        struct network_clip clip = { .fused = maps + (size_t)frames * map,
                                     .mean = maps + 2 * (size_t)frames * map };
        CHECK(network_score(network, kept, &clip) == LIVEDEPTH_OK);
        CHECK(clip.score == result.clip_score);
        CHECK(!memcmp(clip.fused, livedepth_session_depth(rig->session, 0),
                      (size_t)(frames - 1) * map * sizeof(float)));
        CHECK(!memcmp(clip.mean, livedepth_session_depth(rig->session, LIVEDEPTH_DEPTH_MEAN),
                      map * sizeof(float)));
        image_scratch_destroy(scratch);
        network_destroy(network);
        weights_close(weights);
        free(motions), free(maps), free(means), free(view);
        rig_close(rig);
    }
}

TEST(the_score_is_the_mean_over_the_clips)
{
    struct rig *rig = rig_open(&small_networks[1]);
    double sum = 0;
    for (int n = 0; n < 9; n++) {
        const struct livedepth_result result = push(rig, n);
        if (!result.clips) continue;
        sum += result.clip_score;
        CHECK_NEAR(result.score, sum / result.clips, 1e-6);
    }
    rig_close(rig);
}

TEST(two_sessions_do_not_mix)
{
    struct rig *a = rig_open(&small_networks[1]), *b = rig_open(&small_networks[1]);
    struct rig *alone = rig_open(&small_networks[1]);
    struct livedepth_result last_a = { 0 }, last_b = { 0 }, last = { 0 };
    for (int n = 0; n < 6; n++) last_a = push(a, n), last_b = push(b, 10 + n);
    for (int n = 0; n < 6; n++) last = push(alone, n);
    CHECK(last_a.clip_score == last.clip_score && last_a.score == last.score);
    livedepth_session_reset(alone->session);
    for (int n = 0; n < 6; n++) last = push(alone, 10 + n);
    CHECK(last_b.clip_score == last.clip_score && last_b.score == last.score);
    rig_close(a), rig_close(b), rig_close(alone);
}

TEST(refused_frames_change_nothing)
{
    struct rig *rig = rig_open(&small_networks[0]), *clean = rig_open(&small_networks[0]);
    struct livedepth_result result, want = { 0 }, got = { 0 };
    for (int n = 0; n < 5; n++) {
        struct livedepth_frame bad = frame_of(rig->rgba, 100.0 * n + 1);
        bad.width = 0;
        CHECK(livedepth_session_push(rig->session, &bad, &result) == LIVEDEPTH_FRAME_BAD_SIZE);
        bad.width = LIVEDEPTH_MAX_SIDE + 1;
        CHECK(livedepth_session_push(rig->session, &bad, &result) == LIVEDEPTH_FRAME_TOO_LARGE);
        bad = frame_of(rig->rgba, NAN);
        CHECK(livedepth_session_push(rig->session, &bad, &result) == LIVEDEPTH_FRAME_BAD_TIMESTAMP);
        bad.time_ms = 1e13;
        CHECK(livedepth_session_push(rig->session, &bad, &result) == LIVEDEPTH_FRAME_BAD_TIMESTAMP);
        bad.time_ms = -1;
        CHECK(livedepth_session_push(rig->session, &bad, &result) == LIVEDEPTH_FRAME_BAD_TIMESTAMP);
        bad.time_ms = 100.0 * (n - 1);
        CHECK(livedepth_session_push(rig->session, &bad, &result) == LIVEDEPTH_FRAME_BAD_TIMESTAMP);
        CHECK(livedepth_session_push(rig->session, NULL, &result) == LIVEDEPTH_BAD_ARGUMENT);
        got = push(rig, n), want = push(clean, n);
    }
    CHECK(got.clips == 2 && got.clip_score == want.clip_score && got.score == want.score);
    rig_close(rig), rig_close(clean);
}

TEST(a_clip_starts_again_after_a_gap)
{
    struct rig *rig = rig_open(&small_networks[0]); /* 4 frames */
    struct livedepth_result result;
    for (int n = 0; n < 3; n++) push(rig, n);
    result = push(rig, 6);
    CHECK(result.frame_reason == LIVEDEPTH_REASON_FRAME_GAP && result.clip_frames == 1);
    CHECK(result.verdict == LIVEDEPTH_UNDECIDED && result.reason == LIVEDEPTH_REASON_FRAME_GAP);

    /* but face crops have any size */
    struct livedepth_frame smaller = frame_of(rig->rgba, 700);
    smaller.width = SIZE - 5, smaller.rotation = 90;
    CHECK(livedepth_session_push(rig->session, &smaller, &result) == LIVEDEPTH_OK);
    CHECK(result.frame_reason == LIVEDEPTH_REASON_NONE && result.clip_frames == 2);

    struct livedepth_frame early = frame_of(rig->rgba, 750);
    CHECK(livedepth_session_push(rig->session, &early, &result) == LIVEDEPTH_OK);
    CHECK(result.state == LIVEDEPTH_SKIPPED && result.clip_frames == 2);
    rig_close(rig);
}

TEST(thresholds_decide)
{
    struct rig *rig = rig_open(&small_networks[1]);
    static const struct {
        float live, spoof;
        enum livedepth_verdict verdict;
    } rows[] = {
        { 0, 0, LIVEDEPTH_LIVE },
        { 1, 1, LIVEDEPTH_SPOOF },
        { 1, 0, LIVEDEPTH_UNDECIDED },
    };
    for (int i = 0; i < COUNT(rows); i++) {
        struct livedepth_options options = { 1, LIVEDEPTH_CROP_NONE, rows[i].live, rows[i].spoof, 1,
                                             0 };
        livedepth_session_destroy(rig->session);
        CHECK(livedepth_session_create(&rig->session, NULL, rig->model, &options) == LIVEDEPTH_OK);
        struct livedepth_result result = { 0 };
        for (int n = 0; n < 5; n++) result = push(rig, n);
        CHECK(result.verdict == (int32_t)rows[i].verdict);
    }
    rig_close(rig);
}

TEST(bad_options_are_refused)
{
    struct rig *rig = rig_open(&small_networks[0]);
    static const struct livedepth_options rows[] = {
        { 0, LIVEDEPTH_CROP_NONE, NAN, NAN, 0, 0 },
        { 65, LIVEDEPTH_CROP_NONE, NAN, NAN, 0, 0 },
        { 1, 7, NAN, NAN, 0, 0 },
        { 1, LIVEDEPTH_CROP_NONE, 1.5f, NAN, 0, 0 },
        { 1, LIVEDEPTH_CROP_NONE, NAN, -0.1f, 0, 0 },
        { 1, LIVEDEPTH_CROP_NONE, 0.2f, 0.4f, 0, 0 },
        { 1, LIVEDEPTH_CROP_NONE, NAN, NAN, -1, 0 },
        { 1, LIVEDEPTH_CROP_NONE, NAN, NAN, 1001, 0 },
        { 1, LIVEDEPTH_CROP_FACE, NAN, NAN, 0, 0 }, /* no detector */
    };
    for (int i = 0; i < COUNT(rows); i++) {
        struct livedepth_session *session = NULL;
        CHECK(livedepth_session_create(&session, NULL, rig->model, &rows[i]) ==
              LIVEDEPTH_BAD_ARGUMENT);
        CHECK(!session);
        CHECK(*livedepth_error_detail());
    }
    rig_close(rig);
}

/* The number of clips is the file's unless the caller wants another one. */
TEST(a_verdict_rests_on_the_clips_that_were_fixed)
{
    static const struct {
        int32_t option, needed;
    } rows[] = { { 0, 6 }, { 1, 1 }, { 3, 3 } };
    struct rig *rig = rig_open(&small_networks[0]); /* clips of 4 frames */
    for (int i = 0; i < COUNT(rows); i++) {
        const struct livedepth_options options = {
            1, LIVEDEPTH_CROP_NONE, 0, 0, rows[i].option, 0
        };
        livedepth_session_destroy(rig->session);
        CHECK(livedepth_session_create(&rig->session, NULL, rig->model, &options) == LIVEDEPTH_OK);
        for (int n = 0; n < 10; n++) {
            const struct livedepth_result result = push(rig, n);
            const bool enough = n - 2 >= rows[i].needed;
            CHECK(result.clips_needed == rows[i].needed);
            CHECK(result.verdict == (enough ? LIVEDEPTH_LIVE : LIVEDEPTH_UNDECIDED));
            CHECK(enough || result.reason == LIVEDEPTH_REASON_CLIP_SHORT);
        }
    }
    rig_close(rig);
}

TEST(a_session_allocates_nothing_after_it_is_made)
{
    for (int i = 0; i < COUNT(small_networks); i++) {
        count_allocations();
        struct rig *rig = rig_open(&small_networks[i]);
        CHECK(memory.asked > 0); /* they are seen */
        count_allocations();
        for (int n = 0; n < 12; n++) push(rig, n);
        livedepth_session_reset(rig->session);
        for (int n = 0; n < 12; n++) push(rig, n);
        CHECK(memory.asked == 0);
        rig_close(rig);
    }
    struct stage *stage = stage_open();
    stage_clear(stage);
    stage_draw(stage, 120, 90);
    count_allocations();
    for (int n = 0; n < 6; n++) stage_push(stage);
    stage_clear(stage);
    stage_push(stage);
    CHECK(memory.asked == 0);
    stage_close(stage);
}

int main(void)
{
    RUN(every_clip_of_a_stream_equals_the_clip_alone);
    RUN(a_clip_equals_the_network_run_by_hand);
    RUN(the_score_is_the_mean_over_the_clips);
    RUN(two_sessions_do_not_mix);
    RUN(refused_frames_change_nothing);
    RUN(a_clip_starts_again_after_a_gap);
    RUN(thresholds_decide);
    RUN(bad_options_are_refused);
    RUN(a_verdict_rests_on_the_clips_that_were_fixed);
    RUN(a_session_allocates_nothing_after_it_is_made);
    return test_end();
}
