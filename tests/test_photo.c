/* One photo as its own check, with the weights of models/: what answers, what it does not leave
 * behind, and what a file may say of it. */
#include <math.h>
#include <string.h>
#include "../src/bundle.h"
#include "files.h"
#include "random_model.h"
#include "test.h"

enum { SIZE = 96, DEPTH = 0, NEAR = 1, WIDE = 2 };

struct rig {
    struct file file;
    struct livedepth_model *model;
    struct livedepth_session *session;
};

static struct livedepth_options photo_options(void)
{
    struct livedepth_options options = livedepth_options_default();
    options.crop = LIVEDEPTH_CROP_NONE;
    options.photo = 1;
    return options;
}

static struct rig open_rig(const char *path, const struct livedepth_options *options)
{
    struct rig rig = { .file = file_read(path) };
    CHECK(livedepth_model_open(&rig.model, rig.file.bytes, rig.file.size) == LIVEDEPTH_OK);
    livedepth_session_create(&rig.session, NULL, rig.model, options);
    return rig;
}

static void close_rig(struct rig *rig)
{
    livedepth_session_destroy(rig->session);
    livedepth_model_close(rig->model);
    free(rig->file.bytes);
}

static const char MODEL[] = "models/fusion-sgtd.safetensors";

static struct livedepth_result push(struct rig *rig, int picture, double time_ms)
{
    static uint8_t rgba[SIZE * SIZE * 4];
    struct livedepth_result result = { 0 };
    for (int i = 0; i < COUNT(rgba); i++)
        rgba[i] = (uint8_t)(picture * 40 + (i / 4 % SIZE) * picture + i % 4 * 20 + i / (SIZE * 8));
    rgba[3] = (uint8_t)(time_ms / 100); /* nobody sees it, but no frame is the one before */
    const struct livedepth_frame frame = {
        .data = rgba, .size = sizeof rgba, .width = SIZE, .height = SIZE, .time_ms = time_ms
    };
    CHECK(livedepth_session_push(rig->session, &frame, &result) == LIVEDEPTH_OK);
    return result;
}

TEST(a_photo_is_decided_by_what_looks_at_single_frames)
{
    const struct livedepth_options options = photo_options();
    struct livedepth_options clips = options;
    clips.photo = 0;
    struct rig photo = open_rig(MODEL, &options), clip = open_rig(MODEL, &clips);
    const struct livedepth_result result = push(&photo, 1, 0);
    CHECK(result.state == LIVEDEPTH_SCORED && result.clips == 1 && result.clips_needed == 1);
    CHECK(isnan(result.scores[DEPTH]) && isnan(result.votes[DEPTH]));
    CHECK(result.scorer_ms[DEPTH] == 0);
    CHECK(!livedepth_session_depth(photo.session, LIVEDEPTH_DEPTH_MEAN));
    CHECK(livedepth_session_depth_size(photo.session) == 0);

    /* five frames of the same picture: the mean of five such scores */
    struct livedepth_result last = { 0 };
    for (int i = 0; i < 5; i++) last = push(&clip, 1, 100.0 * i);
    CHECK(last.state == LIVEDEPTH_SCORED);
    CHECK_NEAR(result.scores[NEAR], last.scores[NEAR], 1e-6);
    CHECK_NEAR(result.scores[WIDE], last.scores[WIDE], 1e-6);

    const double bias = atof(livedepth_model_info(photo.model, "photo.bias"));
    const double sum = bias + (double)result.votes[NEAR] + (double)result.votes[WIDE];
    CHECK_NEAR(result.score, 1 / (1 + exp(-sum)), 1e-6);
    /* 0.43, between the two thresholds of a photo and above that of a clip */
    CHECK(result.verdict == LIVEDEPTH_UNDECIDED);
    CHECK(result.reason == LIVEDEPTH_REASON_LOW_CONFIDENCE);
    close_rig(&photo), close_rig(&clip);
}

TEST(each_photo_is_on_its_own)
{
    const struct livedepth_options options = photo_options();
    struct rig one = open_rig(MODEL, &options), other = open_rig(MODEL, &options);
    const struct livedepth_result first = push(&one, 2, 500), alone = push(&other, 3, 0);
    const struct livedepth_result second = push(&one, 3, 500), again = push(&one, 2, 0);
    CHECK(second.score == alone.score && again.score == first.score);
    CHECK(first.score != second.score);
    CHECK(second.frames == 1 && second.run_frames == 1 && second.frame_reason == 0);
    close_rig(&one), close_rig(&other);
}

TEST(thresholds_of_a_photo_are_its_own)
{
    struct livedepth_options options = photo_options();
    options.spoof_threshold = 0;
    struct rig rig = open_rig(MODEL, &options);
    const struct livedepth_result result = push(&rig, 1, 0);
    CHECK(result.verdict == LIVEDEPTH_UNDECIDED);
    CHECK(result.reason == LIVEDEPTH_REASON_LOW_CONFIDENCE);
    close_rig(&rig);
    options.live_threshold = 0;
    rig = open_rig(MODEL, &options);
    CHECK(push(&rig, 1, 0).verdict == LIVEDEPTH_LIVE);
    close_rig(&rig);
}

TEST(what_is_no_photo_is_refused)
{
    struct livedepth_options options = photo_options();
    struct rig rig = open_rig("models/fas-sgtd-128-w8.safetensors", &options);
    CHECK(!rig.session && strstr(livedepth_error_detail(), "no photos"));
    close_rig(&rig);
    rig = open_rig(MODEL, &options);
    const struct livedepth_views views = { .data = rig.file.bytes, .size = 1 };
    struct livedepth_result result;
    CHECK(livedepth_session_push_views(rig.session, &views, &result) == LIVEDEPTH_BAD_ARGUMENT);
    CHECK(strstr(livedepth_error_detail(), "its own views"));
    close_rig(&rig);
    options.clips = 2;
    rig = open_rig(MODEL, &options);
    CHECK(!rig.session && strstr(livedepth_error_detail(), "no clips"));
    close_rig(&rig);
}

TEST(what_a_file_says_of_photos_is_checked)
{
    static const struct {
        const char *from, *to, *named;
    } rows[] = {
        { "\"photo.bias\"", "\"photo.bios\"", "photo.bias" },
        { "\"photo.bias\":\"-", "\"photo.bias\":\"x", "photo.bias" },
        { "\"photo.spoof_threshold\":\"0.", "\"photo.spoof_threshold\":\"9.", "photo.spoof" },
        { "\"photo.spoof_threshold\":\"0.25\"", "\"photo.spoof_threshold\":\"0.00\"",
          "no photo could be spoof" },
        { "\"photo.live_threshold\":\"0.", "\"photo.live_threshold\":\"2.", "photo.live" },
        { "\"photo.near\":\"0.5\"", "\"photo.near\":\"-.5\"", "photo.near" },
        { "\"photo.near\":\"0.5\"", "\"photo.depth\":\"1\" ", "fas-sgtd" },
    };
    for (int i = 0; i < COUNT(rows); i++) {
        const struct file file = file_read(MODEL);
        struct random_model edited = { file.bytes, file.size };
        struct livedepth_model *model = NULL;
        random_model_edit(&edited, rows[i].from, rows[i].to);
        CHECK(livedepth_model_open(&model, file.bytes, file.size) ==
              LIVEDEPTH_WEIGHTS_BAD_METADATA);
        if (!strstr(livedepth_error_detail(), rows[i].named))
            printf("%s: %s\n", rows[i].to, livedepth_error_detail());
        CHECK(strstr(livedepth_error_detail(), rows[i].named));
        livedepth_model_close(model);
        free(file.bytes);
    }
}

TEST(photos_of_no_scorer_are_refused)
{
    const struct file file = file_read(MODEL);
    struct random_model edited = { file.bytes, file.size };
    struct livedepth_model *model = NULL;
    random_model_edit(&edited, "\"photo.near\"", "\"photo.nose\"");
    random_model_edit(&edited, "\"photo.wide\"", "\"photo.wine\"");
    CHECK(livedepth_model_open(&model, file.bytes, file.size) == LIVEDEPTH_WEIGHTS_BAD_METADATA);
    CHECK(strstr(livedepth_error_detail(), "no scorer has a weight"));
    free(file.bytes);
}

int main(void)
{
    RUN(a_photo_is_decided_by_what_looks_at_single_frames);
    RUN(each_photo_is_on_its_own);
    RUN(thresholds_of_a_photo_are_its_own);
    RUN(what_is_no_photo_is_refused);
    RUN(what_a_file_says_of_photos_is_checked);
    RUN(photos_of_no_scorer_are_refused);
    return test_end();
}
