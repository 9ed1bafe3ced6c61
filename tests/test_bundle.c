/* What a weight file says: files of several scorers, and every way in which they can be wrong. */
#include <stdlib.h>
#include <string.h>
#include "../src/bundle.h"
#include "files.h"
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

/* --- files that say live of whatever they see --- */

/* Writes another value of a key in the place of the old one; the header is padded with spaces. */
static void set_key(struct random_model *file, const char *key, const char *from, const char *to)
{
    char old[64], new[64];
    snprintf(old, sizeof old, "\"%s\":\"%s\"", key, from);
    snprintf(new, sizeof new, "\"%s\":\"%s\"%*s", key, to, (int)(strlen(from) - strlen(to)), "");
    random_model_edit(file, old, new);
}

static void check_read(const struct weights *weights, const char *named)
{
    struct bundle bundle;
    const enum livedepth_status status = bundle_read(&bundle, weights);
    if (status != (named ? LIVEDEPTH_WEIGHTS_BAD_METADATA : LIVEDEPTH_OK) ||
        (named && !strstr(livedepth_error_detail(), named))) {
        failures++;
        printf("  %s (%s), expected: %s\n", livedepth_status_text(status), livedepth_error_detail(),
               named ? named : "none");
    }
}

/* The raw score of a flat grey picture is 0.09, of the replayed clip of tests/clips 0.05. */
TEST(numbers_that_make_nearly_everything_live_are_refused)
{
    static const struct {
        const char *scale, *bias, *live, *spoof, *named;
    } rows[] = {
        { "5.65796363", "-2.35879084", "0.870463679", "0.464175755", NULL },
        { "0", "1e6", "0.870463679", "0.464175755", "spoof_threshold: no clip could be spoof" },
        { "1e6", "0", "0.870463679", "0.464175755", "spoof_threshold: no clip could be spoof" },
        { "1e6", "-1", "0.870463679", "0.464175755", "live_threshold: almost every clip" },
        { "1e6", "-9e4", "0.870463679", "0.464175755", "live_threshold: almost every clip" },
        { "100", "-50", "0.870463679", "0.464175755", NULL }, /* steep, in the middle */
        { "5.65796363", "-2.35879084", "0.14", "0.1", "live_threshold: almost every clip" },
        { "5.65796363", "-2.35879084", "0.2", "0.09", NULL },
        { "5.65796363", "-2.35879084", "0.2", "0.08", "spoof_threshold: no clip could be spoof" },
        { "5.65796363", "-2.35879084", "0", "0", "spoof_threshold: no clip could be spoof" },
    };
    for (int i = 0; i < COUNT(rows); i++) {
        const struct file shipped = file_read("models/fas-sgtd-128-w8.safetensors");
        struct random_model file = { shipped.bytes, shipped.size };
        struct weights *weights = NULL;
        set_key(&file, "calibration_scale", rows[0].scale, rows[i].scale);
        set_key(&file, "calibration_bias", rows[0].bias, rows[i].bias);
        set_key(&file, "live_threshold", rows[0].live, rows[i].live);
        set_key(&file, "spoof_threshold", rows[0].spoof, rows[i].spoof);
        CHECK(weights_open(&weights, file.bytes, file.size) == LIVEDEPTH_OK);
        check_read(weights, rows[i].named);
        weights_close(weights);
        free(file.bytes);
    }
}

/* Without a calibration, the thresholds alone. */
TEST(thresholds_near_0_are_refused)
{
    struct random_model file = random_model(&two[0].config);
    struct weights *weights = NULL;
    set_key(&file, "live_threshold", "0.7", "0.1"), set_key(&file, "spoof_threshold", "0.3", "0.1");
    CHECK(weights_open(&weights, file.bytes, file.size) == LIVEDEPTH_OK);
    check_read(weights, "live_threshold: almost every clip");
    weights_close(weights);
    free(file.bytes);
}

/* A fusion that only the surest of attacks could outweigh; and one in which a scorer that may be
 * away is alone in saying spoof. */
TEST(a_fusion_that_makes_nearly_everything_live_is_refused)
{
    static const struct {
        float weight;
        const char *bias, *use, *named;
    } rows[] = {
        { 11, "100", "needed", "live_threshold: almost every clip" },
        { 0.5f, "0.1", "optional", NULL },
        { 0.5f, "9.0", "needed", NULL },
        { 0.5f, "9.0", "optional", "spoof_threshold: no clip could be spoof" },
    };
    for (int i = 0; i < COUNT(rows); i++) {
        struct random_scorer scorers[2] = { two[0], two[1] };
        struct weights *weights = NULL;
        scorers[0].weight = rows[i].weight;
        scorers[1].weight = i ? 5 : 0;
        scorers[1].use = rows[i].use;
        struct random_model file = random_bundle(scorers, 2);
        set_key(&file, "fusion.bias", "0.1", rows[i].bias);
        CHECK(weights_open(&weights, file.bytes, file.size) == LIVEDEPTH_OK);
        check_read(weights, rows[i].named);
        weights_close(weights);
        free(file.bytes);
    }
}

/* A last layer that says the same of everything: no weights, or for each class the same ones. */
static void set_layer(const struct weights *weights, const char *layer, int live, float gain)
{
    char name[WEIGHTS_MAX_NAME];
    snprintf(name, sizeof name, "%s.weight", layer);
    const struct weight *weight = weights_find(weights_whole(weights), name);
    snprintf(name, sizeof name, "%s.bias", layer);
    float *numbers = (float *)weight->data, /* in place: the file, or a copy of it, is ours */
        *bias = (float *)weights_find(weights_whole(weights), name)->data;
    const int inputs = weight->shape[1];
    for (int i = 0; i < weight->shape[0]; i++) {
        for (int j = 0; j < inputs; j++) numbers[i * inputs + j] = gain * (float)(j % 5 - 2);
        bias[i] = i == live ? 5 : 0;
    }
}

TEST(a_head_that_says_live_of_everything_is_refused)
{
    static const struct network_config heads[] = {
        { "fas-td", "paper", .input_size = 32, .width = 0.125f, .frames = 4 },
        { "fas-sgtd", "paper", .input_size = 40, .width = 0.1f, .frames = 5 },
        { "fas-sgtd", "reference", .input_size = 32, .width = 0.125f, .frames = 3 },
        { "fas-td", "paper", .input_size = 32, .width = 0.1f, .frames = 3, .features_head = true },
    };
    for (int i = 0; i < COUNT(heads); i++) {
        struct random_model file = random_model(&heads[i]);
        struct weights *weights = NULL;
        CHECK(weights_open(&weights, file.bytes, file.size) == LIVEDEPTH_OK);
        check_read(weights, NULL);
        set_layer(weights, "head.1", 0, 0);
        check_read(weights, "spoof_threshold: no clip could be spoof");
        set_layer(weights, "head.1", 0, 1e-7f); /* as good as none */
        check_read(weights, "spoof_threshold: no clip could be spoof");
        set_layer(weights, "head.1", 0, 1);
        const bool sees_rows = strcmp(heads[i].profile, "reference"); /* there a relu is between */
        check_read(weights, sees_rows ? "spoof_threshold: no clip could be spoof" : NULL);
        set_layer(weights, "head.1", 0, 0);
        set_layer(weights, "head.0", 0, 3e38f); /* sums of it are infinite, and 0 of them is NaN */
        check_read(weights, "spoof_threshold: no clip could be spoof");
        set_layer(weights, "head.1", 1, 0); /* an attack, whatever it is: that is no danger */
        check_read(weights, NULL);
        weights_close(weights);
        free(file.bytes);
    }
}

TEST(a_layer_of_classes_that_says_live_of_everything_is_refused)
{
    struct file file = file_read("models/minifasnet-v2-80.safetensors");
    struct weights *weights = NULL;
    CHECK(weights_open(&weights, file.bytes, file.size) == LIVEDEPTH_OK);
    for (int i = 0; i < 3; i++) {
        check_read(weights, i ? "spoof_threshold: no clip could be spoof" : NULL);
        set_layer(weights, "near.logits", 1, (float)i);
    }
    weights_close(weights);
    free(file.bytes);

    file = file_read("models/fusion-sgtd.safetensors");
    CHECK(weights_open(&weights, file.bytes, file.size) == LIVEDEPTH_OK);
    check_read(weights, NULL);
    set_layer(weights, "near.logits", 1, 0);
    check_read(weights, NULL); /* of a clip and of a photo, others can say spoof */
    set_layer(weights, "wide.logits", 1, 0);
    check_read(weights, "metadata spoof_threshold: no clip could be spoof");
    set_layer(weights, "wide.logits", 0, 0); /* an attack, as sure as the other is of live */
    check_read(weights, "metadata photo.spoof_threshold: no photo could be spoof");
    weights_close(weights);
    free(file.bytes);
}

TEST(every_shipped_file_can_say_spoof)
{
    static const char *const files[] = {
        "models/fas-sgtd-128-w8",    "models/fas-sgtd-128-w8-context",
        "models/fas-td-128-w8",      "models/fas-td-128-w8-context",
        "models/fusion-sgtd",        "models/fusion-td",
        "models/minifasnet-v1se-80", "models/minifasnet-v2-80",
        "tests/untrained",
    };
    for (int i = 0; i < COUNT(files); i++) {
        char path[64];
        struct weights *weights = NULL;
        snprintf(path, sizeof path, "%s.safetensors", files[i]);
        const struct file file = file_read(path);
        CHECK(weights_open(&weights, file.bytes, file.size) == LIVEDEPTH_OK);
        check_read(weights, NULL);
        weights_close(weights);
        free(file.bytes);
    }
}

/* --- files that hold too much --- */

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
    RUN(numbers_that_make_nearly_everything_live_are_refused);
    RUN(thresholds_near_0_are_refused);
    RUN(a_fusion_that_makes_nearly_everything_live_is_refused);
    RUN(a_head_that_says_live_of_everything_is_refused);
    RUN(a_layer_of_classes_that_says_live_of_everything_is_refused);
    RUN(every_shipped_file_can_say_spoof);
    RUN(a_tensor_that_is_left_over_is_named);
    return test_end();
}
