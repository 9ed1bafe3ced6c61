/* The pipeline: streaming, allocations, refused frames, files of several scorers. */
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

TEST(untrained_weights_never_decide)
{
    struct rig *rig = rig_open(&small_networks[1]);
    const struct livedepth_options options = {
        1, LIVEDEPTH_CROP_NONE, 0, 0, 1, 0
    }; /* every score would be live */
    livedepth_session_destroy(rig->session);
    livedepth_model_close(rig->model);
    random_model_edit(&rig->file, "\"trained\":\"yes\"", "\"trained\": \"no\"");
    CHECK(livedepth_model_open(&rig->model, rig->file.bytes, rig->file.size) == LIVEDEPTH_OK);
    CHECK(livedepth_session_create(&rig->session, NULL, rig->model, &options) == LIVEDEPTH_OK);
    struct livedepth_result result = { 0 };
    for (int n = 0; n < 8; n++) result = push(rig, n);
    CHECK(result.clips == 4);
    CHECK(result.verdict == LIVEDEPTH_UNDECIDED && result.reason == LIVEDEPTH_REASON_UNTRAINED);
    rig_close(rig);
}

/* Finite weights whose activations overflow: found while training's initialisation was tried. */
TEST(a_network_that_runs_away_never_decides)
{
    static const char *const scaled[] = { "init", "block2.1" };
    for (int i = 0; i < COUNT(small_networks); i++) {
        for (int j = 0; j < COUNT(scaled); j++) {
            struct random_model file = random_model(&small_networks[i]);
            struct weights *weights = NULL;
            CHECK(weights_open(&weights, file.bytes, file.size) == LIVEDEPTH_OK);
            for (int k = 0; k < weights_count(weights); k++) { /* in place: the file is ours */
                const struct weight *w = weights_at(weights, k);
                size_t floats = 1;
                for (int r = 0; r < w->rank; r++) floats *= (size_t)w->shape[r];
                if (strstr(w->name, scaled[j]))
                    for (size_t f = 0; f < floats; f++) ((float *)w->data)[f] *= 1e19f;
            }
            weights_close(weights);
            struct livedepth_model *model = NULL;
            struct rig rig = { .config = small_networks[i] };
            CHECK(livedepth_model_open(&model, file.bytes, file.size) == LIVEDEPTH_OK);
            rig.model = model;
            CHECK(rig_session(&rig, 1) == LIVEDEPTH_OK);
            struct livedepth_result result = { 0 };
            for (int n = 0; n < rig.config.frames; n++) result = push(&rig, n);
            CHECK(result.clips == 1);
            CHECK(result.verdict == LIVEDEPTH_UNDECIDED &&
                  result.reason == LIVEDEPTH_REASON_NON_FINITE);
            livedepth_session_destroy(rig.session);
            livedepth_model_close(model);
            free(file.bytes);
        }
    }
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

TEST(files_of_the_wrong_network_name_the_tensor)
{
    struct random_model file = random_model(&small_networks[1]);
    struct livedepth_model *model = NULL;
    random_model_edit(&file, "fas-sgtd", "fas-what");
    CHECK(livedepth_model_open(&model, file.bytes, file.size) == LIVEDEPTH_WEIGHTS_BAD_METADATA);
    CHECK(strstr(livedepth_error_detail(), "fas-what"));
    free(file.bytes);

    file = random_model(&small_networks[2]); /* the released network has its head on maps */
    random_model_edit(&file, "\"preset\":\"random\"", "\"head\":\"features\"");
    CHECK(livedepth_model_open(&model, file.bytes, file.size) == LIVEDEPTH_WEIGHTS_BAD_METADATA);
    CHECK(strstr(livedepth_error_detail(), "metadata head"));
    free(file.bytes);

    file = random_model(&small_networks[1]);
    random_model_edit(&file, "\"width\":\"0.1\"", "\"width\":\"0.2\"");
    CHECK(livedepth_model_open(&model, file.bytes, file.size) == LIVEDEPTH_WEIGHTS_BAD_SHAPE);
    CHECK(strstr(livedepth_error_detail(), "init.edge.weight")); /* the first tensor that is read */
    free(file.bytes);
    CHECK(!model);
}

TEST(metadata_out_of_range_is_named)
{
    static const char *const edits[][3] = {
        /* of equal length: the header's is in the file */
        { "\"preset\":\"random\"", "\"input_norm\":\"a1\"", "input_norm" },
        { "\"preset\":\"random\"", "\"head\":\"feature1\"", "head" },
        { "\"trained\":\"yes\"", "\"trained\":\"yea\"", "trained" },
        { "\"alpha\":\"0.6\"", "\"alpha\":\"1.6\"", "alpha" },
        { "\"frames\":\"5\"", "\"frames\":\"1\"", "frames" },
        { "\"clips\":\"6\"", "\"clips\":\"0\"", "clips" },
        { "\"input_size\":\"40\"", "\"input_size\":\"44\"", "input_size" },
        { "\"input_size\":\"40\"", "\"input_size\":\"24\"", "input_size" },
        { "\"spoof_threshold\":\"0.3\"", "\"spoof_threshold\":\"0.8\"", "spoof_threshold" },
    };
    for (int i = 0; i < COUNT(edits); i++) {
        struct random_model file = random_model(&small_networks[1]);
        struct livedepth_model *model = NULL;
        random_model_edit(&file, edits[i][0], edits[i][1]);
        CHECK(livedepth_model_open(&model, file.bytes, file.size) ==
              LIVEDEPTH_WEIGHTS_BAD_METADATA);
        CHECK(strstr(livedepth_error_detail(), edits[i][2]));
        CHECK(!model);
        free(file.bytes);
    }
}

/* --- files of several scorers --- */

static const struct random_scorer two[] = {
    { "depth",
      { "fas-sgtd", "paper", .input_size = 40, .width = 0.1f, .frames = 5 },
      1.3f,
      "run",
      "needed",
      0.5f },
    { "look",
      { "fas-td", "paper", .input_size = 32, .width = 0.125f, .frames = 4 },
      2.7f,
      "face",
      "needed",
      0.25f },
};

/* Without a crop every view shows the whole frame: a scorer of a file of several says what it says
 * in a file of its own, once the longest clip is full, and the score is the fusion of both. */
TEST(scorers_do_not_know_of_each_other)
{
    struct random_scorer swapped[] = { two[0], two[1] };
    for (int turn = 0; turn < 2; turn++, swapped[0] = two[1], swapped[1] = two[0]) {
        struct random_model file = random_bundle(swapped, 2);
        struct rig rig = { .file = file };
        CHECK(livedepth_model_open(&rig.model, file.bytes, file.size) == LIVEDEPTH_OK);
        CHECK(!strcmp(livedepth_model_scorer(rig.model, 0), swapped[0].name));
        CHECK(!strcmp(livedepth_model_view(rig.model, 1), swapped[1].name));
        CHECK(!livedepth_model_scorer(rig.model, 2) && !livedepth_model_view(rig.model, -1));
        CHECK(rig_session(&rig, 1) == LIVEDEPTH_OK);
        struct livedepth_result result = { 0 };
        for (int n = 0; n < 5; n++) {
            result = push(&rig, n);
            CHECK(result.clips == (n == 4) && isnan(result.score) == (n < 4));
            for (int v = 0; v < 2; v++) CHECK(result.views[v][2] == SIZE);
        }
        CHECK(result.views[2][2] == 0 && isnan(result.scores[2]) && isnan(result.votes[2]));
        double sum = 0.1; /* the bias of random_bundle */
        for (int i = 0; i < 2; i++) {
            struct random_scorer only = swapped[i];
            struct random_model one = random_bundle(&only, 1);
            /* the same numbers as in the file of both: the generator starts anew in every file */
            struct rig alone = { .file = one };
            struct weights *from = NULL, *to = NULL;
            CHECK(weights_open(&from, file.bytes, file.size) == LIVEDEPTH_OK);
            CHECK(weights_open(&to, one.bytes, one.size) == LIVEDEPTH_OK);
            for (int k = 0; k < weights_count(to); k++) { /* in place: the file is ours */
                const struct weight *w = weights_at(to, k);
                size_t floats = 1;
                for (int r = 0; r < w->rank; r++) floats *= (size_t)w->shape[r];
                memcpy((float *)w->data, weights_find(weights_whole(from), w->name)->data,
                       floats * sizeof(float));
            }
            weights_close(from), weights_close(to);
            CHECK(livedepth_model_open(&alone.model, one.bytes, one.size) == LIVEDEPTH_OK);
            CHECK(rig_session(&alone, 1) == LIVEDEPTH_OK);
            struct livedepth_result answer = { 0 };
            for (int n = 5 - only.config.frames; n < 5; n++) answer = push(&alone, n);
            CHECK(answer.clips == 1 && answer.scores[0] == result.scores[i]);
            const double p = (double)answer.scores[0];
            sum += (double)only.weight * log(p / (1 - p));
            CHECK_NEAR(result.votes[i], (double)only.weight * log(p / (1 - p)), 1e-5);
            livedepth_session_destroy(alone.session);
            livedepth_model_close(alone.model);
            free(one.bytes);
        }
        CHECK_NEAR(result.score, 1 / (1 + exp(-sum)), 1e-6);
        CHECK(result.score == result.clip_score);
        livedepth_session_destroy(rig.session);
        livedepth_model_close(rig.model);
        free(file.bytes);
    }
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
    RUN(untrained_weights_never_decide);
    RUN(a_network_that_runs_away_never_decides);
    RUN(thresholds_decide);
    RUN(bad_options_are_refused);
    RUN(files_of_the_wrong_network_name_the_tensor);
    RUN(metadata_out_of_range_is_named);
    RUN(scorers_do_not_know_of_each_other);
    RUN(a_verdict_rests_on_the_clips_that_were_fixed);
    RUN(a_session_allocates_nothing_after_it_is_made);
    return test_end();
}
