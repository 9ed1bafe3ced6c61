/* What a session makes of its weight file: of another network, of metadata out of range, untrained,
 * of numbers that run away, of several scorers. */
#include "files.h"
#include "rig.h"

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

/* Multiplies the numbers of all tensors that have this in their name, in the file itself. */
static void scale(struct random_model *file, const char *name, float factor)
{
    struct weights *weights = NULL;
    CHECK(weights_open(&weights, file->bytes, file->size) == LIVEDEPTH_OK);
    for (int k = 0; k < weights_count(weights); k++) {
        const struct weight *w = weights_at(weights, k);
        for (int i = 0; strstr(w->name, name) && i < floats_of(w); i++)
            ((float *)w->data)[i] *= factor;
    }
    weights_close(weights);
}

/* The first clip of a file that is used up. */
static struct livedepth_result first_clip(struct random_model file,
                                          const struct network_config *config)
{
    struct rig rig = { .config = *config };
    struct livedepth_result result = { 0 };
    CHECK(livedepth_model_open(&rig.model, file.bytes, file.size) == LIVEDEPTH_OK);
    CHECK(rig_session(&rig, 1) == LIVEDEPTH_OK);
    for (int n = 0; n < config->frames; n++) result = push(&rig, n);
    CHECK(result.clips == 1);
    livedepth_session_destroy(rig.session);
    livedepth_model_close(rig.model);
    free(file.bytes);
    return result;
}

/* Finite weights whose activations overflow: found while training's initialisation was tried. */
TEST(a_network_that_runs_away_never_decides)
{
    static const char *const scaled[] = { "init", "block2.1" };
    for (int i = 0; i < COUNT(small_networks); i++) {
        for (int j = 0; j < COUNT(scaled); j++) {
            struct random_model file = random_model(&small_networks[i]);
            scale(&file, scaled[j], 1e19f);
            const struct livedepth_result result = first_clip(file, &small_networks[i]);
            CHECK(result.verdict == LIVEDEPTH_UNDECIDED &&
                  result.reason == LIVEDEPTH_REASON_NON_FINITE);
        }
    }
}

/* A plan's own numbers run away, and what is behind them brings its outputs back to a good size:
 * those of the pair to zeros, of the cell between -1 and 1. */
TEST(a_plan_that_runs_away_inside_never_decides)
{
    static const struct {
        int network;
        const char *away, *back;
    } cases[] = {
        { 0, "off1", "off2" },
        { 1, "ststb1", "ststb2" },
        { 2, "ststb1", "cascade2" },
        { 1, "gru1.gates", "gru2.gates" },
    };
    for (int i = 0; i < COUNT(cases); i++)
        for (int away = 0; away < 2; away++) {
            const struct network_config *config = &small_networks[cases[i].network];
            struct random_model file = random_model(config);
            scale(&file, cases[i].back, 0);
            if (away) scale(&file, cases[i].away, 1e10f);
            const struct livedepth_result result = first_clip(file, config);
            if (away != (result.reason == LIVEDEPTH_REASON_NON_FINITE))
                printf("%s\n", cases[i].away);
            CHECK(away == (result.reason == LIVEDEPTH_REASON_NON_FINITE));
        }
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
                memcpy((float *)w->data, weights_find(weights_whole(from), w->name)->data,
                       (size_t)floats_of(w) * sizeof(float));
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

int main(void)
{
    RUN(untrained_weights_never_decide);
    RUN(a_network_that_runs_away_never_decides);
    RUN(a_plan_that_runs_away_inside_never_decides);
    RUN(files_of_the_wrong_network_name_the_tensor);
    RUN(metadata_out_of_range_is_named);
    RUN(scorers_do_not_know_of_each_other);
    return test_end();
}
