/* What a weight file says: files of several scorers, and every way in which they can be wrong. */
#include <stdlib.h>
#include <string.h>
#include "../src/bundle.h"
#include "random_model.h"
#include "test.h"

static const struct random_scorer two[] = {
    { "depth",
      { "fas-sgtd", "paper", .input_size = 40, .width = 0.1f, .frames = 5 },
      1.5f,
      "run",
      "needed",
      0.5f },
    { "look",
      { "fas-td", "paper", .input_size = 32, .width = 0.125f, .frames = 4 },
      2.7f,
      "face",
      "optional",
      1 },
};

/* Reads a file with one text of its header replaced by another of its length, or as it is. */
static enum livedepth_status read_edited(struct bundle *bundle, const char *from, const char *to)
{
    struct random_model file = random_bundle(two, COUNT(two));
    struct weights *weights = NULL;
    if (from) random_model_edit(&file, from, to);
    CHECK(weights_open(&weights, file.bytes, file.size) == LIVEDEPTH_OK);
    const enum livedepth_status status = bundle_read(bundle, weights);
    weights_close(weights);
    free(file.bytes);
    return status;
}

TEST(a_file_of_two_scorers_is_read)
{
    struct bundle bundle;
    CHECK(read_edited(&bundle, NULL, NULL) == LIVEDEPTH_OK);
    CHECK(bundle.views == 2 && bundle.scorers == 2 && bundle.frames == 5);
    CHECK(!strcmp(bundle.view[1].name, "look") && bundle.view[1].size == 32);
    CHECK_NEAR(bundle.view[1].scale, 2.7, 1e-6);
    CHECK(bundle.view[0].follows == VIEW_FOLLOWS_RUN && bundle.view[0].filter == IMAGE_TRIANGLE);
    CHECK(bundle.view[1].follows == VIEW_FOLLOWS_FACE && bundle.view[1].filter == IMAGE_BILINEAR);
    CHECK(!strcmp(bundle.scorer[0].network, "fas-sgtd") && bundle.scorer[0].frames == 5);
    CHECK(bundle.scorer[1].view == 1 && bundle.scorer[1].frames == 4);
    const struct decide_policy *policy = &bundle.policy;
    CHECK(policy->clips == 6 && policy->trained && !policy->fusion.plain);
    CHECK(policy->fusion.needed[0] && !policy->fusion.needed[1]);
    CHECK(policy->fusion.weight[0] == 0.5f && policy->fusion.weight[1] == 1);
    CHECK_NEAR(policy->fusion.bias, 0.1, 1e-6);
}

TEST(a_file_of_one_network_is_a_bundle_of_one)
{
    struct random_model file = random_model(&two[0].config);
    struct weights *weights = NULL;
    struct bundle bundle;
    CHECK(weights_open(&weights, file.bytes, file.size) == LIVEDEPTH_OK);
    CHECK(bundle_read(&bundle, weights) == LIVEDEPTH_OK);
    CHECK(bundle.views == 1 && bundle.scorers == 1 && bundle.policy.fusion.plain);
    CHECK(bundle.view[0].size == 40 && bundle.view[0].follows == VIEW_FOLLOWS_RUN);
    CHECK_NEAR(bundle.view[0].scale, 1.3, 1e-6);
    weights_close(weights);
    free(file.bytes);
}

TEST(what_is_wrong_is_named)
{
    static const struct {
        const char *from, *to;
        enum livedepth_status status;
        const char *named;
    } rows[] = {
        { "\"scorers\":\"depth look\"", "\"scorers\":\"depth lost\"",
          LIVEDEPTH_WEIGHTS_BAD_METADATA, "lost.view" },
        { "\"scorers\":\"depth look\"", "\"scorers\":\"depth\"     ",
          LIVEDEPTH_WEIGHTS_BAD_METADATA, "look" }, /* the view that nobody looks at */
        { "\"scorers\":\"depth look\"", "\"scorers\":\"\"          ",
          LIVEDEPTH_WEIGHTS_BAD_METADATA, "scorers" },
        { "\"scorers\":\"depth look\"", "\"scorers\":\"depth  ook\"",
          LIVEDEPTH_WEIGHTS_BAD_METADATA, "scorers" },
        { "\"scorers\":", "\"scorerz\":", LIVEDEPTH_WEIGHTS_BAD_METADATA, "scorers" },
        { "\"views\":", "\"viewz\":", LIVEDEPTH_WEIGHTS_BAD_METADATA, "views" },
        { "\"views\":\"depth look\"", "\"views\":\"depth ears\"", LIVEDEPTH_WEIGHTS_BAD_METADATA,
          "view.ears.scale" },
        { "\"view.look.size\":\"32\"", "\"view.look.size\":\"24\"", LIVEDEPTH_WEIGHTS_BAD_METADATA,
          "view.look.size" },
        { "\"view.look.size\":\"32\"", "\"view.look.size\":\"99\"", LIVEDEPTH_WEIGHTS_BAD_METADATA,
          "99" }, /* no multiple of 8 */
        { "\"view.look.scale\":\"2.7\"", "\"view.look.scale\":\"9.7\"",
          LIVEDEPTH_WEIGHTS_BAD_METADATA, "view.look.scale" },
        { "\"view.look.follows\":\"face\"", "\"view.look.follows\":\"nose\"",
          LIVEDEPTH_WEIGHTS_BAD_METADATA, "view.look.follows" },
        { "\"view.look.filter\":\"bilinear\"", "\"view.look.filter\":\"bicubic!\"",
          LIVEDEPTH_WEIGHTS_BAD_METADATA, "view.look.filter" },
        { "\"view.look.filter\":", "\"view.look.fliter\":", LIVEDEPTH_WEIGHTS_BAD_METADATA,
          "view.look.filter" },
        { "\"look.view\":\"look\"", "\"look.view\":\"back\"", LIVEDEPTH_WEIGHTS_BAD_METADATA,
          "look.view" },
        { "\"depth.use\":\"needed\"", "\"depth.use\":\"wanted\"", LIVEDEPTH_WEIGHTS_BAD_METADATA,
          "depth.use" },
        { "\"depth.network\":\"fas-sgtd\"", "\"depth.network\":\"fas-what\"",
          LIVEDEPTH_WEIGHTS_BAD_METADATA, "depth.network" },
        { "\"depth.profile\":\"paper\"", "\"depth.profile\":\"wood!\"",
          LIVEDEPTH_WEIGHTS_BAD_METADATA, "wood!" },
        { "\"depth.width\":\"0.1\"", "\"depth.width\":\"0.2\"", LIVEDEPTH_WEIGHTS_BAD_SHAPE,
          "depth.init.edge.weight" },
        { "\"fusion.look\":\"1\"", "\"fusion.look\":\"-\"", LIVEDEPTH_WEIGHTS_BAD_METADATA,
          "fusion.look" },
        { "\"fusion.look\":", "\"fusion.book\":", LIVEDEPTH_WEIGHTS_BAD_METADATA, "fusion.look" },
        { "\"fusion.bias\":", "\"fusion.bios\":", LIVEDEPTH_WEIGHTS_BAD_METADATA, "fusion.bias" },
        { "\"clips\":\"6\"", "\"clips\":\"0\"", LIVEDEPTH_WEIGHTS_BAD_METADATA, "clips" },
        { "\"trained\":\"yes\"", "\"trained\":\"yea\"", LIVEDEPTH_WEIGHTS_BAD_METADATA, "trained" },
        { "\"spoof_threshold\":\"0.3\"", "\"spoof_threshold\":\"0.0\"",
          LIVEDEPTH_WEIGHTS_BAD_METADATA, "spoof_threshold" }, /* all would be live */
        { "\"fusion.bias\":\"0.1\"", "\"fusion.bias\":\"100\"", LIVEDEPTH_WEIGHTS_BAD_METADATA,
          "the lowest score is 1" },
        { "\"look.init.weight\"", "\"look.unit.weight\"", LIVEDEPTH_WEIGHTS_MISSING,
          "look.init.weight" },
        { "\"look.init.weight\"", "\"book.init.weight\"", LIVEDEPTH_WEIGHTS_MISSING,
          "look.init.weight" },
    };
    for (int i = 0; i < COUNT(rows); i++) {
        struct bundle bundle;
        const enum livedepth_status status = read_edited(&bundle, rows[i].from, rows[i].to);
        if (status != rows[i].status || !strstr(livedepth_error_detail(), rows[i].named))
            printf("%s: %s: %s\n", rows[i].to, livedepth_status_text(status),
                   livedepth_error_detail());
        CHECK(status == rows[i].status);
        CHECK(strstr(livedepth_error_detail(), rows[i].named));
    }
}

/* Weights that do not sum to a use, a fusion of which nothing is needed, too large a view. */
TEST(a_fusion_that_decides_nothing_is_refused)
{
    static const struct {
        float weights[2];
        const char *uses[2];
        int size;
        const char *named;
    } rows[] = {
        { { 0, 0 }, { "needed", "needed" }, 40, "fusion.depth" },
        { { 1, 1 }, { "optional", "optional" }, 40, "fusion.depth" },
        { { 0, 1 }, { "needed", "optional" }, 40, "fusion.depth" },
        { { 1, 1 }, { "needed", "needed" }, 520, "view.depth.size" },
        { { -1, 2 }, { "needed", "needed" }, 40, "fusion.depth" },
    };
    for (int i = 0; i < COUNT(rows); i++) {
        struct random_scorer scorers[2] = { two[0], two[1] };
        struct weights *weights = NULL;
        struct bundle bundle;
        for (int j = 0; j < 2; j++) {
            scorers[j].weight = rows[i].weights[j];
            scorers[j].use = rows[i].uses[j];
        }
        scorers[0].config.input_size = rows[i].size;
        struct random_model file = random_bundle(scorers, 2);
        CHECK(weights_open(&weights, file.bytes, file.size) == LIVEDEPTH_OK);
        CHECK(bundle_read(&bundle, weights) == LIVEDEPTH_WEIGHTS_BAD_METADATA);
        CHECK(strstr(livedepth_error_detail(), rows[i].named));
        weights_close(weights);
        free(file.bytes);
    }
}

TEST(a_calibration_moves_the_lowest_score)
{
    struct network_config config = { .calibrated = false };
    CHECK(network_lowest_score(&config) == 0);
    config = (struct network_config){ .calibrated = true, .calibration_scale = 5 };
    config.calibration_bias = -2;
    CHECK_NEAR(network_lowest_score(&config), 1 / (1 + exp(2)), 1e-6);
    config.calibration_scale = 0, config.calibration_bias = 1e6f; /* whatever it sees is live */
    CHECK(network_lowest_score(&config) == 1);
}

/* A file that holds more than its scorers ask for. */
TEST(a_tensor_that_is_left_over_is_named)
{
    struct random_scorer three[3] = { two[0], two[1], two[1] };
    struct weights *weights = NULL;
    struct bundle bundle;
    three[2].name = "rest";
    struct random_model file = random_bundle(three, 3);
    random_model_edit(&file, "\"scorers\":\"depth look rest\"", "\"scorers\":\"depth look\"     ");
    random_model_edit(&file, "\"views\":\"depth look rest\"", "\"views\":\"depth look\"     ");
    CHECK(weights_open(&weights, file.bytes, file.size) == LIVEDEPTH_OK);
    CHECK(bundle_read(&bundle, weights) == LIVEDEPTH_WEIGHTS_UNEXPECTED);
    CHECK(strstr(livedepth_error_detail(), "rest."));
    weights_close(weights);
    free(file.bytes);
}

int main(void)
{
    RUN(a_file_of_two_scorers_is_read);
    RUN(a_file_of_one_network_is_a_bundle_of_one);
    RUN(what_is_wrong_is_named);
    RUN(a_fusion_that_decides_nothing_is_refused);
    RUN(a_calibration_moves_the_lowest_score);
    RUN(a_tensor_that_is_left_over_is_named);
    return test_end();
}
