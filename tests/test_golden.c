/* Blocks and networks against the tensors that PyTorch computed (training/ship/golden.py), tensor
 * by tensor; the first one out of tolerance is named. Runs natively and in every wasm variant. */
#include <math.h>
#include <string.h>
#include "../src/metadata.h"
#include "../src/networks.h"
#include "test.h"
#include "files.h"

static const float TOLERANCE = 1e-4f; /* largest absolute difference */
static const double ROUNDING = 5e-6;  /* of depth maps, relative to the float64 maximum */

static float largest_difference(const float *a, const float *b, int count)
{
    float worst = 0;
    for (int i = 0; i < count; i++) {
        const float d = fabsf(a[i] - b[i]);
        if (!(d <= worst)) worst = d; /* NaN counts as largest */
    }
    return worst;
}

static const struct weight *golden(const struct weights *weights, const char *name)
{
    const struct weight *found = weights_find(weights_whole(weights), name);
    if (!found) printf("golden tensor %s is missing\n", name);
    CHECK(found);
    return found;
}

/* --- blocks --- */

typedef struct tensor *describe_fn(struct nn *nn, struct tensor *in[], int out, const char *at);

#define PLAIN(block)                                                                 \
    static struct tensor *block##_plain(struct nn *nn, struct tensor *in[], int out, \
                                        const char *at)                              \
    {                                                                                \
        return block(nn, in[0], out, at);                                            \
    }
PLAIN(block_conv)
PLAIN(block_rsgb_paper)
PLAIN(block_rsgb_reference)
PLAIN(block_reduce_paper)
PLAIN(block_reduce_reference)
PLAIN(block_cascade)

static struct tensor *off(struct nn *nn, struct tensor *in[], int out, const char *at)
{
    return block_off(nn, in[0], in[1], in[2], out, at);
}

static struct tensor *ststb(struct nn *nn, struct tensor *in[], int out, const char *at)
{
    return block_ststb(nn, in[0], in[1], in[2], in[3], out, true, at);
}

static struct tensor *ststb_reference(struct nn *nn, struct tensor *in[], int out, const char *at)
{
    return block_ststb(nn, in[0], in[1], in[2], NULL, out, false, at);
}

static struct tensor *gru_paper(struct nn *nn, struct tensor *in[], int out, const char *at)
{
    (void)out;
    return block_convgru_paper(nn, in[0], in[1], at);
}

static struct tensor *gru_reference(struct nn *nn, struct tensor *in[], int out, const char *at)
{
    (void)out;
    return block_convgru_reference(nn, in[0], in[1], at);
}

static struct tensor *depth(struct nn *nn, struct tensor *in[], int out, const char *at)
{
    (void)out;
    return block_depth(nn, in[0], at);
}

static struct tensor *head(struct nn *nn, struct tensor *in[], int out, const char *at)
{
    (void)out;
    return block_head(nn, in[0], 7, ACT_NONE, at);
}

static struct tensor *head_reference(struct nn *nn, struct tensor *in[], int out, const char *at)
{
    (void)out;
    return block_head(nn, in[0], 7, ACT_RELU, at);
}

static struct tensor *local_norm(struct nn *nn, struct tensor *in[], int out, const char *at)
{
    (void)out;
    return block_local_norm(nn, in[0], at);
}

static void check_block(const struct weights *weights, const char *at, describe_fn *describe)
{
    char name[64];
    struct nn *nn = nn_create(weights_whole(weights), NULL);
    struct tensor *in[4] = { 0 };
    const struct weight *value[4];
    int inputs = 0;
    for (; inputs < 4; inputs++) {
        snprintf(name, sizeof name, "%s/in%d", at, inputs);
        if (!(value[inputs] = weights_find(weights_whole(weights), name))) break;
        const int *shape = value[inputs]->shape;
        in[inputs] = nn_input(nn, shape[0], shape[1], shape[2], "in%d", inputs);
    }
    snprintf(name, sizeof name, "%s/out", at);
    const struct weight *want = golden(weights, name);
    struct tensor *out = describe(nn, in, want->shape[want->rank - 1], at);
    nn_output(nn, out);
    const enum livedepth_status status = nn_finish(nn);
    if (status) printf("%s: %s: %s\n", at, livedepth_status_text(status), livedepth_error_detail());
    CHECK(status == LIVEDEPTH_OK);
    if (status == LIVEDEPTH_OK) {
        void *scratch = memory_create(nn_scratch_bytes(nn));
        CHECK(nn_place(nn, scratch) == LIVEDEPTH_OK);
        for (int i = 0; i < inputs; i++)
            memcpy(nn_data(in[i]), value[i]->data, (size_t)floats_of(value[i]) * sizeof(float));
        CHECK(nn_run(nn) == LIVEDEPTH_OK);
        const float worst = largest_difference(nn_data(out), want->data, floats_of(want));
        printf("  %-22s %.1e\n", at, (double)worst);
        CHECK(worst <= TOLERANCE);
        free(scratch);
    }
    nn_destroy(nn);
}

TEST(blocks_equal_pytorch)
{
    static const struct {
        const char *at;
        describe_fn *describe;
    } blocks[] = {
        { "block_conv", block_conv_plain },
        { "rsgb_paper", block_rsgb_paper_plain },
        { "rsgb_reference", block_rsgb_reference_plain },
        { "reduce_paper", block_reduce_paper_plain },
        { "reduce_reference", block_reduce_reference_plain },
        { "cascade", block_cascade_plain },
        { "off", off },
        { "ststb", ststb },
        { "ststb_reference", ststb_reference },
        { "convgru_paper", gru_paper },
        { "convgru_reference", gru_reference },
        { "depth", depth },
        { "head", head },
        { "head_reference", head_reference },
        { "local_norm", local_norm },
    };
    struct file file = file_read("tests/golden/blocks.safetensors");
    struct weights *weights = NULL;
    CHECK(weights_open(&weights, file.bytes, file.size) == LIVEDEPTH_OK);
    if (weights)
        for (int i = 0; i < COUNT(blocks); i++)
            check_block(weights, blocks[i].at, blocks[i].describe);
    weights_close(weights);
    free(file.bytes);
}

/* --- networks --- */

/* Compares the tensor "<plan>/<name>" of the golden file with the plan's tensor of that name. */
static bool tap(const struct weights *taps, const struct nn *nn, const char *plan, const char *name,
                int step)
{
    char full[64];
    snprintf(full, sizeof full, step < 0 ? "%s/%s" : "%s/%s.%d", plan, name, step);
    const struct weight *want = weights_find(weights_whole(taps), full);
    if (!want) return true;
    const int floats = floats_of(want);
    float *got = malloc((size_t)floats * sizeof(float));
    const struct tensor *found = nn_find(nn, name, NULL);
    const bool sized = found && nn_height(found) * nn_width(found) * nn_channels(found) == floats;
    bool same = false;
    if (sized) {
        nn_find(nn, name, got);
        const float worst = largest_difference(got, want->data, floats);
        same = worst <= TOLERANCE;
        if (!same) printf("first tensor that differs: %s, by %g\n", full, (double)worst);
    } else {
        printf("%s: %s in the plan\n", full, found ? "has another size" : "is not");
    }
    free(got);
    return same;
}

/* Every golden tensor of a plan, in the order of the plan's steps. */
static bool taps_equal(const struct weights *taps, struct nn *nn, const char *plan, int step)
{
    const size_t prefix = strlen(plan);
    for (int i = 0; step < 0 && i < weights_count(taps); i++) {
        const char *name = weights_at(taps, i)->name;
        if (strncmp(name, plan, prefix) || name[prefix] != '/') continue;
        if (!nn_find(nn, name + prefix + 1, NULL)) printf("%s is not in the plan\n", name);
        CHECK(nn_find(nn, name + prefix + 1, NULL));
    }
    for (int i = 0; i < nn_steps(nn); i++)
        if (!tap(taps, nn, plan, nn_profile(nn, i).name, step)) return false;
    return true;
}

static double relative(const float *got, const float *want, int count)
{
    double worst = 0, largest = 0;
    for (int i = 0; i < count; i++) {
        worst = fmax(worst, fabs((double)got[i] - want[i]));
        largest = fmax(largest, fabs((double)want[i]));
    }
    return worst / largest;
}

static void check_network(const char *name)
{
    char path[128];
    snprintf(path, sizeof path, "tests/golden/%s.safetensors", name);
    struct file file = file_read(path);
    snprintf(path, sizeof path, "tests/golden/%s.taps.safetensors", name);
    struct file tap_file = file_read(path);
    struct weights *weights = NULL, *taps = NULL;
    struct network *network = NULL;
    int size = 0;
    CHECK(weights_open(&weights, file.bytes, file.size) == LIVEDEPTH_OK);
    CHECK(weights_open(&taps, tap_file.bytes, tap_file.size) == LIVEDEPTH_OK);
    CHECK(metadata_int(weights_whole(weights), "input_size", 32, 512, &size) == LIVEDEPTH_OK);
    float lowest, low;
    CHECK(network_check(weights_whole(weights), size, &lowest, &low) == LIVEDEPTH_OK);
    const enum livedepth_status status =
        network_create(&network, weights_whole(weights), size, NULL, true);
    if (status)
        printf("%s: %s: %s\n", name, livedepth_status_text(status), livedepth_error_detail());
    CHECK(status == LIVEDEPTH_OK);
    if (!network) return;

    const struct network_config *config = &network->config;
    const int pairs = config->frames - 1;
    const int image = size * size * 3, map = network->depth_size * network->depth_size;
    const size_t motion_floats = network->motion_bytes / sizeof(float);
    const struct weight *images = golden(taps, "images");
    float *motions = malloc((size_t)pairs * network->motion_bytes);
    float *singles = malloc((size_t)(config->frames * map) * sizeof(float));
    float *means = calloc((size_t)(config->frames * network->means_floats + 1), sizeof(float));
    struct network_pair kept[NETWORK_MAX_FRAMES];
    struct network_clip clip = { .fused = malloc((size_t)(pairs * map) * sizeof(float)),
                                 .mean = malloc((size_t)map * sizeof(float)) };

    bool same = true;
    for (int t = 0; t < config->frames; t++) {
        memcpy(network->image, images->data + t * image, (size_t)image * sizeof(float));
        CHECK(network_trunk(network) == LIVEDEPTH_OK);
        if (t == 0) same = same && taps_equal(taps, network->plans[PLAN_TRUNK], "trunk", -1);
        memcpy(singles + t * map, network->single, (size_t)map * sizeof(float));
        kept[t].single = singles + t * map;
        kept[t].means = means + t * network->means_floats;
        for (int i = 0; i < network->means_floats; i++)
            means[t * network->means_floats + i] = network->means[i];
        if (t > 0) {
            CHECK(network_pair(network) == LIVEDEPTH_OK);
            if (t == 1) same = same && taps_equal(taps, network->plans[PLAN_PAIR], "pair", -1);
            kept[t - 1].motion = motions + (size_t)(t - 1) * motion_floats;
            memcpy(motions + (size_t)(t - 1) * motion_floats, network->motion,
                   network->motion_bytes);
        }
        network_advance(network);
    }
    CHECK(network_score(network, kept, &clip) == LIVEDEPTH_OK);
    same = same && taps_equal(taps, network->plans[PLAN_RECURRENT], "recurrent", pairs - 1);
    CHECK(same);

    const float fused = largest_difference(clip.fused, golden(taps, "fused")->data, pairs * map);
    const float mean = largest_difference(clip.mean, golden(taps, "mean")->data, map);
    const float logits = largest_difference(network->logits, golden(taps, "logits")->data, 2);
    const float score = fabsf(clip.score - golden(taps, "score")->data[0]);
    const double rounding = relative(clip.fused, golden(taps, "fused64")->data, pairs * map);
    printf("  %-22s fused %.1e mean %.1e logits %.1e score %.1e; against float64: fused %.1e "
           "relative, score %.1e\n",
           name, (double)fused, (double)mean, (double)logits, (double)score, rounding,
           fabs((double)clip.score - golden(taps, "score64")->data[0]));
    CHECK(fused <= TOLERANCE);
    CHECK(mean <= TOLERANCE);
    CHECK(logits <= TOLERANCE);
    CHECK(score <= TOLERANCE);
    CHECK(rounding <= ROUNDING);

    const struct weight *masks = weights_find(weights_whole(taps), "masks"); /* one is empty */
    if (masks) {
        const float masked = network_clip_score(network, &clip, masks->data);
        const float off = fabsf(masked - golden(taps, "masked_score")->data[0]);
        printf("  %-22s with masks %.1e\n", name, (double)off);
        CHECK(off <= TOLERANCE);
        CHECK(fabsf(masked - clip.score) > 10 * TOLERANCE); /* they matter */
    }

    free(motions), free(singles), free(means), free(clip.fused), free(clip.mean);
    network_destroy(network);
    weights_close(weights), weights_close(taps);
    free(file.bytes), free(tap_file.bytes);
}

TEST(networks_equal_pytorch)
{
    check_network("fas-td-paper");
    check_network("fas-sgtd-paper");
    check_network("fas-sgtd-reference");
    check_network("fas-sgtd-paper-odd");
    check_network("fas-sgtd-reference-odd");
    check_network("fas-td-local-odd");
    check_network("fas-sgtd-features");
}

int main(void)
{
    RUN(blocks_equal_pytorch);
    RUN(networks_equal_pytorch);
    return test_end();
}
