/* The pipeline: streaming, threads, allocations, refused frames, and what faces do to a clip. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "../src/image.h"
#include "files.h"
#include "random_model.h"
#include "test.h"

enum { SIZE = 48 }; /* of the test frames */

static const struct network_config small_networks[] = {
    { "fas-td", "paper", .input_size = 32, .width = 0.125f, .frames = 4 },
    { "fas-sgtd", "paper", .input_size = 40, .width = 0.1f, .frames = 5 },
    { "fas-sgtd", "reference", .input_size = 32, .width = 0.125f, .frames = 3 },
};

/* A picture that moves and changes with n. */
static void paint(uint8_t *rgba, int n)
{
    for (int y = 0; y < SIZE; y++)
        for (int x = 0; x < SIZE; x++) {
            uint8_t *p = rgba + (y * SIZE + x) * 4;
            p[0] = (uint8_t)(5 * x + 9 * n);
            p[1] = (uint8_t)(5 * y + (x > 20 && x < 34 ? 9 * n : 0)); /* no flat picture moves so */
            p[2] = (uint8_t)((x - n) * (y + n));
            p[3] = 255;
        }
}

static struct livedepth_frame frame_of(const uint8_t *rgba, double time_ms)
{
    return (struct livedepth_frame){ .data = rgba,
                                     .size = SIZE * SIZE * 4,
                                     .width = SIZE,
                                     .height = SIZE,
                                     .format = LIVEDEPTH_RGBA,
                                     .time_ms = time_ms };
}

struct rig {
    struct random_model file;
    struct livedepth_model *model;
    struct livedepth_session *session;
    struct network_config config;
    uint8_t rgba[SIZE * SIZE * 4];
};

static enum livedepth_status rig_session(struct rig *rig, int threads)
{
    struct livedepth_options options = livedepth_options_default();
    options.threads = threads;
    options.crop = LIVEDEPTH_CROP_NONE;
    return livedepth_session_create(&rig->session, NULL, rig->model, &options);
}

static struct rig *rig_open(const struct network_config *config)
{
    struct rig *rig = calloc(1, sizeof *rig);
    rig->config = *config;
    rig->file = random_model(config);
    CHECK(livedepth_model_open(&rig->model, rig->file.bytes, rig->file.size) == LIVEDEPTH_OK);
    CHECK(rig_session(rig, 1) == LIVEDEPTH_OK);
    return rig;
}

static void rig_close(struct rig *rig)
{
    livedepth_session_destroy(rig->session);
    livedepth_model_close(rig->model);
    free(rig->file.bytes);
    free(rig);
}

static struct livedepth_result push(struct rig *rig, int n)
{
    struct livedepth_result result = { 0 };
    paint(rig->rgba, n);
    const struct livedepth_frame frame = frame_of(rig->rgba, 100.0 * n);
    CHECK(livedepth_session_push(rig->session, &frame, &result) == LIVEDEPTH_OK);
    return result;
}

/* Score and depth maps of the newest clip, to compare bit for bit. */
struct answer {
    float score, depth[NETWORK_MAX_FRAMES * 32 * 32];
};

static struct answer answer_of(const struct rig *rig, const struct livedepth_result *result)
{
    static struct answer answer;
    memset(&answer, 0, sizeof answer);
    const int size = livedepth_session_depth_size(rig->session);
    answer.score = result->clip_score;
    for (int i = LIVEDEPTH_DEPTH_MEAN; i < rig->config.frames - 1; i++)
        memcpy(answer.depth + (i + 1) * size * size, livedepth_session_depth(rig->session, i),
               (size_t)(size * size) * sizeof(float));
    return answer;
}

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
        const float *motion[NETWORK_MAX_FRAMES], *single[NETWORK_MAX_FRAMES];
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
            single[t] = maps + (size_t)t * map;
            if (t > 0) {
                CHECK(network_pair(network) == LIVEDEPTH_OK);
                memcpy(motions + (size_t)(t - 1) * motion_floats, network->motion,
                       network->motion_bytes);
                motion[t - 1] = motions + (size_t)(t - 1) * motion_floats;
            }
            network_advance(network);
        }
        struct network_clip clip = { .fused = maps + (size_t)frames * map,
                                     .mean = maps + 2 * (size_t)frames * map };
        CHECK(network_score(network, motion, single, &clip) == LIVEDEPTH_OK);
        CHECK(clip.score == result.clip_score);
        CHECK(!memcmp(clip.fused, livedepth_session_depth(rig->session, 0),
                      (size_t)(frames - 1) * map * sizeof(float)));
        CHECK(!memcmp(clip.mean, livedepth_session_depth(rig->session, LIVEDEPTH_DEPTH_MEAN),
                      map * sizeof(float)));
        image_scratch_destroy(scratch);
        network_destroy(network);
        weights_close(weights);
        free(motions), free(maps), free(view);
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

TEST(threads_do_not_change_a_bit)
{
    for (int i = 0; i < COUNT(small_networks); i++) {
        struct rig *one = rig_open(&small_networks[i]);
        for (int threads = 2; threads <= 4; threads += 2) {
            struct rig *many = rig_open(&small_networks[i]);
            livedepth_session_destroy(many->session);
            many->session = NULL;
            const enum livedepth_status status = rig_session(many, threads);
            if (status == LIVEDEPTH_BAD_ARGUMENT) { /* a build without threads says so */
                CHECK(strstr(livedepth_error_detail(), "threads"));
                rig_close(many);
                continue;
            }
            CHECK(status == LIVEDEPTH_OK);
            livedepth_session_reset(one->session);
            for (int n = 0; n < one->config.frames + 2; n++) {
                const struct livedepth_result a = push(one, n), b = push(many, n);
                if (!a.clips) continue;
                const struct answer x = answer_of(one, &a), y = answer_of(many, &b);
                CHECK(!memcmp(&x, &y, sizeof x));
            }
            rig_close(many);
        }
        rig_close(one);
    }
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

/* --- with faces: one picture of a man, 200x150, placed on a larger grey frame --- */

enum { STAGE_W = 800, STAGE_H = 480, FACE_W = 200, FACE_H = 150 };

struct stage {
    struct file detector_file, picture;
    struct random_model network_file;
    struct livedepth_model *detector, *network;
    struct livedepth_session *session;
    uint8_t rgba[STAGE_W * STAGE_H * 4], seen[STAGE_W * STAGE_H * 4];
    uint32_t noise;
    int32_t format;
    double time_ms, interval_ms;
};

/* Clips of 4 and 2 frames; views[0] is held, views[1] follows the face. */
static const struct random_scorer on_stage[] = {
    { "depth",
      { "fas-td", "paper", .input_size = 32, .width = 0.125f, .frames = 4 },
      1.3f,
      "run",
      "needed",
      1 },
    { "look",
      { "fas-td", "paper", .input_size = 32, .width = 0.0625f, .frames = 2 },
      2,
      "face",
      "optional",
      1 },
};

static struct stage *stage_open(void)
{
    struct stage *stage = calloc(1, sizeof *stage);
    stage->interval_ms = 100;
    stage->format = LIVEDEPTH_RGBA;
    stage->detector_file = file_read("build/blazeface-short.safetensors");
    stage->picture = file_read("tests/clips/frame.ppm");
    stage->network_file = random_bundle(on_stage, COUNT(on_stage));
    CHECK(livedepth_model_open(&stage->detector, stage->detector_file.bytes,
                               stage->detector_file.size) == LIVEDEPTH_OK);
    CHECK(livedepth_model_open(&stage->network, stage->network_file.bytes,
                               stage->network_file.size) == LIVEDEPTH_OK);
    const struct livedepth_options options = { 1, LIVEDEPTH_CROP_FACE, 0, 0, 1, 0 }; /* all live */
    CHECK(livedepth_session_create(&stage->session, stage->detector, stage->network, &options) ==
          LIVEDEPTH_OK);
    return stage;
}

static void stage_close(struct stage *stage)
{
    livedepth_session_destroy(stage->session);
    livedepth_model_close(stage->detector);
    livedepth_model_close(stage->network);
    free(stage->detector_file.bytes), free(stage->picture.bytes), free(stage->network_file.bytes);
    free(stage);
}

static void stage_clear(struct stage *stage) { memset(stage->rgba, 128, sizeof stage->rgba); }

/* Draws the picture, twice as large, with its corner at x, y. */
static void stage_draw(struct stage *stage, int x, int y)
{
    const size_t header = stage->picture.size - FACE_W * FACE_H * 3;
    const uint8_t *rgb = (uint8_t *)stage->picture.bytes + header;
    for (int v = 0; v < 2 * FACE_H; v++)
        for (int u = 0; u < 2 * FACE_W; u++)
            memcpy(stage->rgba + ((y + v) * STAGE_W + x + u) * 4,
                   rgb + (v / 2 * FACE_W + u / 2) * 3, 3);
}

/* Something beside the face that has a motion of its own: without it all is one flat picture. */
static void stage_wave(struct stage *stage, int x, int n)
{
    const int y = 360 + 7 * (n * n % 11);
    for (int v = 0; v < 40; v++) memset(stage->rgba + ((y + v) * STAGE_W + x) * 4, 0, 40 * 4);
}

/* The frame as the camera before saw it, byte by byte. */
static struct livedepth_result stage_push_again(struct stage *stage)
{
    struct livedepth_result result = { 0 };
    const struct livedepth_frame frame = { .data = stage->seen,
                                           .size = sizeof stage->seen,
                                           .width = STAGE_W,
                                           .height = STAGE_H,
                                           .format = stage->format,
                                           .time_ms = stage->time_ms += stage->interval_ms };
    CHECK(livedepth_session_push(stage->session, &frame, &result) == LIVEDEPTH_OK);
    return result;
}

/* The stage with a camera's noise, -1 .. 1. */
static struct livedepth_result stage_push(struct stage *stage)
{
    for (size_t i = 0; i < sizeof stage->rgba; i++) {
        stage->noise = stage->noise * 1664525 + 1013904223;
        const int value = stage->rgba[i] + (int)(stage->noise >> 16) % 3 - 1;
        stage->seen[i] = (uint8_t)(value < 0 ? 0 : value > 255 ? 255 : value);
    }
    return stage_push_again(stage);
}

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

/* A head that walks: its squares are laid anew, and its scores go on counting. */
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

/* Nothing outlives what it was said of: neither darkness, nor a frozen camera, nor another face. */
/* Turns the stage clockwise; the frame keeps its size, and what does not fit is left out. */
static void stage_turn(struct stage *stage, int turn)
{
    static uint8_t before[sizeof stage->rgba];
    memcpy(before, stage->rgba, sizeof before);
    for (int y = 0; y < STAGE_H; y++)
        for (int x = 0; x < STAGE_W; x++) {
            const int u = x - STAGE_W / 2, v = y - STAGE_H / 2;
            const int from_x = STAGE_W / 2 + (turn == 90 ? v : turn == 270 ? -v : -u);
            const int from_y = STAGE_H / 2 + (turn == 90 ? -u : turn == 270 ? u : -v);
            const bool inside = from_x >= 0 && from_x < STAGE_W && from_y >= 0 && from_y < STAGE_H;
            uint8_t *to = stage->rgba + (y * STAGE_W + x) * 4;
            if (inside) memcpy(to, before + (from_y * STAGE_W + from_x) * 4, 4);
            else memset(to, 128, 4);
        }
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

/* --- quality: what is measured, and what keeps a frame from the network --- */

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

    struct rig *rig = rig_open(&small_networks[0]); /* without faces nothing is kept back */
    memset(rig->rgba, 0, sizeof rig->rgba);
    for (int n = 0; n < 6; n++) {
        const struct livedepth_frame frame = frame_of(rig->rgba, 240.0 * n);
        CHECK(livedepth_session_push(rig->session, &frame, &result) == LIVEDEPTH_OK);
        CHECK(measured(&result) == (n ? 2 : 1));
        CHECK(result.checks[LIVEDEPTH_CHECK_FROZEN_FRAMES] == n && result.frame_reason == 0);
    }
    CHECK(result.clips == 3);
    rig_close(rig);
}

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define COUNTS_ALLOCATIONS
#endif
#endif

/* --- views that were cut before --- */

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

/* A head that walks until its squares are laid anew, a dark frame, and another head. */
TEST(views_give_what_their_frames_gave)
{
    struct stage *stage = stage_open();
    struct livedepth_session *again = viewer(stage);
    uint8_t bytes[VIEWS_SIZE];
    bool paused = false;
    for (int n = 0; n < 30; n++) {
        struct livedepth_result want, got;
        stage_clear(stage);
        stage_draw(stage, n < 24 ? 10 + 14 * n : 10, 90);
        if (n == 12) memset(stage->rgba, 0, sizeof stage->rgba);
        want = stage_push(stage);
        CHECK((want.state == LIVEDEPTH_WAITING) == (n == 12));
        CHECK(want.run_frames == (n < 12 ? n + 1 : n < 24 ? n : n - 23));
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
    for (int what = 0; what < 12; what++) {
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
    livedepth_session_destroy(session);
    stage_close(stage);
}

#ifdef COUNTS_ALLOCATIONS
int __sanitizer_install_malloc_and_free_hooks(void (*malloc_hook)(const volatile void *, size_t),
                                              void (*free_hook)(const volatile void *));
static int allocations;
static void count_malloc(const volatile void *p, size_t size)
{
    (void)p, (void)size, allocations++;
}
static void ignore_free(const volatile void *p) { (void)p; }

TEST(a_session_allocates_nothing_after_it_is_made)
{
    __sanitizer_install_malloc_and_free_hooks(count_malloc, ignore_free);
    for (int i = 0; i < COUNT(small_networks); i++) {
        struct rig *rig = rig_open(&small_networks[i]);
        CHECK(allocations > 0); /* the hook works */
        allocations = 0;
        for (int n = 0; n < 12; n++) push(rig, n);
        livedepth_session_reset(rig->session);
        for (int n = 0; n < 12; n++) push(rig, n);
        CHECK(allocations == 0);
        rig_close(rig);
    }
    struct stage *stage = stage_open();
    stage_clear(stage);
    stage_draw(stage, 120, 90);
    allocations = 0;
    for (int n = 0; n < 6; n++) stage_push(stage);
    stage_clear(stage);
    stage_push(stage);
    CHECK(allocations == 0);
    stage_close(stage);
}
#endif

int main(void)
{
    RUN(every_clip_of_a_stream_equals_the_clip_alone);
    RUN(a_clip_equals_the_network_run_by_hand);
    RUN(the_score_is_the_mean_over_the_clips);
    RUN(threads_do_not_change_a_bit);
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
    RUN(a_steady_face_fills_clips);
    RUN(a_clip_starts_again_in_another_format);
    RUN(a_face_that_walks_is_one_run);
    RUN(a_turned_face_fills_no_clip);
    RUN(a_verdict_does_not_outlive_its_face);
    RUN(another_scene_breaks_a_run);
    RUN(one_flat_picture_is_never_live);
    RUN(a_loop_is_never_live);
    RUN(one_bad_frame_does_not_break_a_run);
    RUN(a_pause_and_a_gap_together_break_a_run);
    RUN(a_clip_starts_again_when_the_face_does_not_stay);
    RUN(between_detections_the_face_is_followed);
    RUN(a_second_face_is_seen_by_the_fourth_frame);
    RUN(only_extreme_light_and_blur_keep_a_frame_from_the_network);
    RUN(a_bad_frame_starts_the_clip_again);
    RUN(a_frozen_picture_fills_no_clip);
    RUN(too_few_frames_a_second_fill_no_clip);
    RUN(a_black_or_white_frame_is_called_so);
    RUN(checks_are_those_of_this_frame);
    RUN(views_give_what_their_frames_gave);
    RUN(views_that_cannot_be_are_refused);
#ifdef COUNTS_ALLOCATIONS
    RUN(a_session_allocates_nothing_after_it_is_made);
#endif
    return test_end();
}
