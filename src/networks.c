/* networks.c - see networks.h. */
#include "networks.h"
#include "metadata.h"
#include "network_score.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BASE_STEM = 64, BASE_LEVEL = 128, BASE_REDUCE = 32, BASE_STATE = 64, HEAD_HIDDEN = 64 };

/* Features of the three levels, inputs or outputs of a plan; f only where a design wants it. */
struct levels {
    struct tensor *f[NETWORK_LEVELS], *g[NETWORK_LEVELS];
};

typedef struct tensor *block_fn(struct nn *, struct tensor *x, int out, const char *at);
typedef struct tensor *cell_fn(struct nn *, struct tensor *x, struct tensor *h, const char *at);
typedef struct tensor *pair_fn(struct nn *, const struct levels *now, const struct levels *next,
                               int out);

static pair_fn pair_off, pair_ststb_paper, pair_ststb_reference;

/* The table: what the two papers, and the second's text and its released code, do differently. */
struct network_design {
    const char *network, *profile;
    block_fn *block;
    int middle; /* base channels of the second block of a level */
    enum resize resize;
    block_fn *reduce;
    bool keeps_features; /* the pair block reads uncompressed features too */
    pair_fn *pair;
    cell_fn *cell;
    bool recurs;       /* the states run through the clip's pairs */
    bool head_on_mean; /* else on all fused maps */
    enum act head_last;
    network_score_fn *score;
};

static const struct network_design designs[] = {
    { "fas-td", "paper", block_conv, 196, RESIZE_HALF_PIXEL, block_reduce_paper, false, pair_off,
      block_convgru_paper, true, false, ACT_NONE, network_score_paper },
    { "fas-sgtd", "paper", block_rsgb_paper, 192, RESIZE_HALF_PIXEL, block_reduce_paper, false,
      pair_ststb_paper, block_convgru_paper, true, true, ACT_NONE, network_score_paper },
    { "fas-sgtd", "reference", block_rsgb_reference, 192, RESIZE_LEGACY, block_reduce_reference,
      true, pair_ststb_reference, block_convgru_reference, false, true, ACT_RELU,
      network_score_reference },
};

/* --- metadata --- */

static const struct network_design *find_design(const struct network_config *config)
{
    for (int i = 0; i < COUNT(designs); i++)
        if (!strcmp(designs[i].network, config->network) &&
            !strcmp(designs[i].profile, config->profile))
            return &designs[i];
    return NULL;
}

enum livedepth_status network_config_read(struct network_config *config, struct weights_part part,
                                          int input_size)
{
    *config = (struct network_config){ .input_size = input_size };
    TRY(metadata_text(part, "network", config->network, sizeof config->network));
    TRY(metadata_text(part, "profile", config->profile, sizeof config->profile));
    if (!find_design(config))
        return fail(LIVEDEPTH_WEIGHTS_BAD_METADATA,
                    "metadata %sprofile: no network %s with profile %s", part.prefix,
                    config->network, config->profile);
    if (input_size % 8)
        return fail(LIVEDEPTH_WEIGHTS_BAD_METADATA,
                    "metadata %snetwork: %s sees an input_size that is a multiple of 8, not %d",
                    part.prefix, config->network, input_size);
    TRY(metadata_float(part, "width", 1.0f / 16, 2, &config->width));
    TRY(metadata_int(part, "frames", 2, NETWORK_MAX_FRAMES, &config->frames));
    TRY(metadata_float(part, "mean", 0, 255, &config->mean));
    TRY(metadata_float(part, "std", 1, 255, &config->std));
    TRY(metadata_float(part, "alpha", 0, 1, &config->alpha));
    TRY(metadata_float(part, "beta", 0, 1, &config->beta));
    TRY(metadata_choice(part, "input_norm", "fixed", "local", &config->local_norm));
    TRY(metadata_choice(part, "depth_term", "mean", "sum", &config->depth_sum));
    TRY(metadata_choice(part, "head", "maps", "features", &config->features_head));
    if (config->features_head && strcmp(config->profile, "paper"))
        return fail(LIVEDEPTH_WEIGHTS_BAD_METADATA, "metadata %shead: profile %s has it on maps",
                    part.prefix, config->profile);
    config->calibrated = weights_metadata(part, "calibration_scale") != NULL;
    if (config->calibrated) {
        TRY(metadata_float(part, "calibration_scale", 0, 1e6f, &config->calibration_scale));
        TRY(metadata_float(part, "calibration_bias", -1e6f, 1e6f, &config->calibration_bias));
    } else if (config->depth_sum) {
        return fail(LIVEDEPTH_WEIGHTS_BAD_METADATA,
                    "metadata %sdepth_term sum needs calibration_scale and _bias", part.prefix);
    }
    return LIVEDEPTH_OK;
}

int network_channels(const struct network_config *config, int base)
{
    return max_int(1, (int)floorf((float)base * config->width + 0.5f));
}

/* --- the four plans, described --- */

static const char *const reduce_names[] = { "reduce1", "reduce2", "reduce3" };

/* Tensors that the struct network points into. */
struct ends {
    struct tensor *image, *single, *means, *motion, *motion_in, *state_in[2], *state_out[2],
        *head_in, *logits;
    struct levels now, next;
};

static void describe_trunk(struct network *network, struct levels *out, struct ends *ends)
{
    const struct network_config *config = &network->config;
    const struct network_design *design = network->design;
    struct nn *nn = network->plans[PLAN_TRUNK];
    const int stem = network_channels(config, BASE_STEM),
              level = network_channels(config, BASE_LEVEL),
              middle = network_channels(config, design->middle),
              reduce = network_channels(config, BASE_REDUCE), d = network->depth_size;
    static const char *const names[NETWORK_LEVELS][4] = {
        { "block1.0", "block1.1", "block1.2", "pool1" },
        { "block2.0", "block2.1", "block2.2", "pool2" },
        { "block3.0", "block3.1", "block3.2", "pool3" },
    };
    struct tensor *pooled[NETWORK_LEVELS], *x;

    ends->image = nn_input(nn, config->input_size, config->input_size, 3, "image");
    x = config->local_norm ? block_local_norm(nn, ends->image, "local_norm") : ends->image;
    x = design->block(nn, x, stem, "init");
    for (int i = 0; i < NETWORK_LEVELS; i++) {
        x = design->block(nn, x, level, names[i][0]);
        x = design->block(nn, x, middle, names[i][1]);
        x = design->block(nn, x, level, names[i][2]);
        out->f[i] = x;
        out->g[i] = design->reduce(nn, x, reduce, reduce_names[i]);
        nn_output(nn, out->g[i]);
        if (design->keeps_features) nn_output(nn, x);
        x = nn_name(nn, nn_maxpool(nn, x), "%s", names[i][3]);
        pooled[i] = nn_resize(nn, x, d, d, design->resize);
    }
    x = nn_concat(nn, NETWORK_LEVELS, pooled);
    x = design->block(nn, x, level, "fuse.0");
    x = design->block(nn, x, stem, "fuse.1");
    ends->single = block_depth(nn, x, "single");
    nn_output(nn, ends->single);
    if (config->features_head) {
        ends->means = nn_mean(nn, x);
        nn_output(nn, ends->means);
    }
}

static struct tensor *pair_off(struct nn *nn, const struct levels *now, const struct levels *next,
                               int out)
{
    struct tensor *x = block_off(nn, now->g[0], next->g[0], NULL, out, "off1");
    x = block_off(nn, now->g[1], next->g[1], x, out, "off2");
    return block_off(nn, now->g[2], next->g[2], x, out, "off3");
}

static struct tensor *pair_ststb_paper(struct nn *nn, const struct levels *now,
                                       const struct levels *next, int out)
{
    struct tensor *x = block_ststb(nn, now->g[0], now->g[0], next->g[0], NULL, out, true, "ststb1");
    x = block_ststb(nn, now->g[1], now->g[1], next->g[1], x, out, true, "ststb2");
    return block_ststb(nn, now->g[2], now->g[2], next->g[2], x, out, true, "ststb3");
}

/* The released graph joins the levels after the blocks, not inside them. */
static struct tensor *pair_ststb_reference(struct nn *nn, const struct levels *now,
                                           const struct levels *next, int out)
{
    static const char *const names[] = { "ststb1", "ststb2", "ststb3" };
    static const char *const joins[] = { NULL, "cascade2", "cascade3" };
    struct tensor *x = NULL;
    for (int i = 0; i < NETWORK_LEVELS; i++) {
        struct tensor *y =
            block_ststb(nn, now->f[i], now->g[i], next->g[i], NULL, out, false, names[i]);
        if (!x) {
            x = y;
            continue;
        }
        x = nn_resize(nn, x, nn_height(y), nn_width(y), RESIZE_LEGACY);
        x = block_cascade(nn, nn_concat(nn, 2, (struct tensor *[]){ x, y }), out, joins[i]);
    }
    return block_cascade(nn, x, out, "out");
}

/* All four plans. */
static enum livedepth_status describe(struct network *network, struct ends *ends)
{
    const struct network_config *config = &network->config;
    const struct network_design *design = network->design;
    const int d = network->depth_size, level = network_channels(config, BASE_LEVEL);

    struct levels made;
    describe_trunk(network, &made, ends);
    TRY(nn_status(network->plans[PLAN_TRUNK]));

    struct nn *nn = network->plans[PLAN_PAIR];
    for (int i = 0; i < NETWORK_LEVELS; i++) {
        ends->next.g[i] = nn_import(nn, made.g[i]);
        ends->now.g[i] = nn_input(nn, nn_height(made.g[i]), nn_width(made.g[i]),
                                  nn_channels(made.g[i]), "now.%s", reduce_names[i]);
        if (!design->keeps_features) continue;
        ends->next.f[i] = nn_import(nn, made.f[i]);
        ends->now.f[i] = nn_input(nn, nn_height(made.f[i]), nn_width(made.f[i]),
                                  nn_channels(made.f[i]), "now.block%d", i + 1);
    }
    ends->motion = design->pair(nn, &ends->now, &ends->next, level);
    nn_output(nn, ends->motion);
    TRY(nn_status(nn));

    nn = network->plans[PLAN_RECURRENT];
    ends->motion_in = nn_input(nn, d, d, level, "motion");
    ends->state_in[0] = nn_input(nn, d, d, network_channels(config, BASE_STATE), "state1");
    ends->state_in[1] = nn_input(nn, d, d, 1, "state2");
    for (int i = 0; i < 2; i++) {
        ends->state_out[i] = design->cell(nn, i ? ends->state_out[0] : ends->motion_in,
                                          ends->state_in[i], i ? "gru2" : "gru1");
        nn_output(nn, ends->state_out[i]);
    }
    TRY(nn_status(nn));

    nn = network->plans[PLAN_HEAD];
    const int maps = design->head_on_mean ? 1 : config->frames - 1;
    ends->head_in = config->features_head
                        ? nn_input(nn, 1, 1, network_channels(config, BASE_STEM), "means")
                        : nn_input(nn, maps, d, d, "fused");
    ends->logits = block_head(nn, ends->head_in, HEAD_HIDDEN, design->head_last, "head");
    nn_output(nn, ends->logits);
    return nn_status(nn);
}

/* --- making one --- */

/* part.weights may be NULL: see nn_create. */
static enum livedepth_status network_describe(struct network **out, struct ends *ends,
                                              const struct network_config *config,
                                              struct weights_part part, struct pthreadpool *pool)
{
    struct network *network = calloc(1, sizeof *network);
    if (!network) return fail(LIVEDEPTH_NO_MEMORY, "network");
    *out = network;
    network->config = *config;
    network->design = find_design(config);
    network->depth_size = config->input_size / 8;
    for (int i = 0; i < PLANS; i++) {
        struct pthreadpool *shared = i == PLAN_TRUNK || i == PLAN_PAIR ? pool : NULL; /* large */
        if (!(network->plans[i] = nn_create(part, shared)))
            return fail(LIVEDEPTH_NO_MEMORY, "plan");
    }
    return describe(network, ends);
}

/* From a file: nothing in its part may be left over. */
static enum livedepth_status network_read(struct network **out, struct ends *ends,
                                          struct weights_part part, int input_size,
                                          struct pthreadpool *pool)
{
    struct network_config config;
    TRY(network_config_read(&config, part, input_size));
    TRY(network_describe(out, ends, &config, part, pool));
    return nn_check_rest(part, (*out)->plans, PLANS);
}

enum livedepth_status network_check(struct weights_part part, int input_size)
{
    struct network *network = NULL;
    struct ends ends = { 0 };
    const enum livedepth_status status = network_read(&network, &ends, part, input_size, NULL);
    network_destroy(network);
    return status;
}

enum livedepth_status network_list(const struct network_config *config, network_list_fn *each,
                                   void *context)
{
    struct network *network = NULL;
    struct ends ends = { 0 };
    const enum livedepth_status status =
        network_describe(&network, &ends, config, (struct weights_part){ 0 }, NULL);
    for (int i = 0; status == LIVEDEPTH_OK && i < PLANS; i++)
        for (int j = 0; j < nn_wishes(network->plans[i]); j++)
            each(context, nn_wish(network->plans[i], j));
    network_destroy(network);
    return status;
}

static size_t tensor_bytes(const struct tensor *x)
{
    return (size_t)nn_height(x) * (size_t)nn_width(x) * (size_t)nn_channels(x) * sizeof(float);
}

static void add_feature(struct network *network, const struct tensor *now,
                        const struct tensor *next)
{
    const int i = network->features++;
    network->now[i] = nn_data(now);
    network->next[i] = nn_data(next);
    network->feature_bytes[i] = tensor_bytes(now);
}

static enum livedepth_status build(struct network *network, const struct ends *ends, bool keep_all)
{
    size_t scratch = 0;
    for (int i = 0; i < PLANS; i++) {
        struct nn *nn = network->plans[i];
        if (keep_all) nn_keep_all(nn);
        TRY(nn_finish(nn));
        if (nn_scratch_bytes(nn) > scratch) scratch = nn_scratch_bytes(nn);
    }
    network->scratch = memory_create(scratch);
    if (!network->scratch) return fail(LIVEDEPTH_NO_MEMORY, "scratch: %zu bytes", scratch);
    for (int i = 0; i < PLANS; i++) TRY(nn_place(network->plans[i], network->scratch));

    network->image = nn_data(ends->image);
    network->single = nn_data(ends->single);
    if (ends->means) {
        network->means = nn_data(ends->means);
        network->means_floats = nn_channels(ends->means);
    }
    for (int i = 0; i < NETWORK_LEVELS; i++) {
        add_feature(network, ends->now.g[i], ends->next.g[i]);
        if (network->design->keeps_features) add_feature(network, ends->now.f[i], ends->next.f[i]);
    }
    network->motion = nn_data(ends->motion);
    network->motion_bytes = tensor_bytes(ends->motion);
    network->motion_in = nn_data(ends->motion_in);
    for (int i = 0; i < 2; i++) {
        network->state_in[i] = nn_data(ends->state_in[i]);
        network->state_out[i] = nn_data(ends->state_out[i]);
        network->state_bytes[i] = tensor_bytes(ends->state_in[i]);
    }
    network->head_in = nn_data(ends->head_in);
    network->logits = nn_data(ends->logits);
    return LIVEDEPTH_OK;
}

enum livedepth_status network_create(struct network **out, struct weights_part part, int input_size,
                                     struct pthreadpool *pool, bool keep_all)
{
    struct network *network = NULL;
    struct ends ends = { 0 };
    enum livedepth_status status = network_read(&network, &ends, part, input_size, pool);
    if (status == LIVEDEPTH_OK) status = build(network, &ends, keep_all);
    if (status == LIVEDEPTH_OK) *out = network;
    else network_destroy(network);
    return status;
}

void network_destroy(struct network *network)
{
    if (!network) return;
    for (int i = 0; i < PLANS; i++) nn_destroy(network->plans[i]);
    free(network->scratch);
    free(network);
}

/* --- running it --- */

/* Squares over eleven blocks can overflow. A NaN in their outputs then marks every clip that they
 * become part of; see network_score. */
enum livedepth_status network_trunk(struct network *network)
{
    TRY(nn_run(network->plans[PLAN_TRUNK]));
    if (nn_ran_away(network->plans[PLAN_TRUNK])) network->single[0] = NAN;
    return LIVEDEPTH_OK;
}

enum livedepth_status network_pair(struct network *network)
{
    TRY(nn_run(network->plans[PLAN_PAIR]));
    if (nn_ran_away(network->plans[PLAN_TRUNK])) network->motion[0] = NAN;
    return LIVEDEPTH_OK;
}

void network_advance(struct network *network)
{
    for (int i = 0; i < network->features; i++)
        memcpy(network->now[i], network->next[i], network->feature_bytes[i]);
}

float network_clip_score(const struct network *network, const struct network_clip *clip,
                         const float *masks)
{
    const float raw = network->design->score(network, clip, masks);
    return isfinite(raw) ? network_calibrated(&network->config, raw) : NAN;
}

/* Depth that enters a score has a limit far above a trained network's: labels of depth lie in
 * 0..1, features behind a batch norm near 1. */
static const float DEPTH_LIMIT = 10, FEATURE_LIMIT = 1e4f;

static bool within(const float *x, size_t floats, float limit)
{
    bool inside = true;
    for (size_t i = 0; i < floats; i++) inside &= fabsf(x[i]) <= limit; /* false for NaN */
    return inside;
}

/* What the head sees of a clip with its maps. */
static void fill_head(struct network *network, const struct network_pair pairs[],
                      const struct network_clip *clip)
{
    const int count = network->config.frames - 1;
    const size_t floats = (size_t)network->depth_size * (size_t)network->depth_size;
    if (network->means) {
        for (int i = 0; i < network->means_floats; i++) {
            float sum = 0;
            for (int t = 0; t < count; t++) sum += pairs[t].means[i];
            network->head_in[i] = sum / (float)count;
        }
    } else if (network->design->head_on_mean) {
        memcpy(network->head_in, clip->mean, floats * sizeof(float));
    } else {
        memcpy(network->head_in, clip->fused, (size_t)count * floats * sizeof(float));
    }
}

enum livedepth_status network_score(struct network *network, const struct network_pair pairs[],
                                    struct network_clip *clip)
{
    const struct network_config *config = &network->config;
    const int count = config->frames - 1, floats = network->depth_size * network->depth_size;
    const float alpha = config->alpha, *multi = network->state_out[1];

    bool sane = true;
    memset(clip->mean, 0, (size_t)floats * sizeof(float));
    for (int t = 0; t < count; t++) {
        const float *motion = pairs[t].motion, *single = pairs[t].single;
        sane &= within(single, (size_t)floats, DEPTH_LIMIT) &&
                within(motion, network->motion_bytes / sizeof(float), FEATURE_LIMIT);
        memcpy(network->motion_in, motion, network->motion_bytes);
        for (int i = 0; i < 2; i++)
            if (t == 0 || !network->design->recurs)
                memset(network->state_in[i], 0, network->state_bytes[i]);
            else memcpy(network->state_in[i], network->state_out[i], network->state_bytes[i]);
        TRY(nn_run(network->plans[PLAN_RECURRENT]));
        float *fused = clip->fused + t * floats;
        for (int i = 0; i < floats; i++) {
            fused[i] = alpha * multi[i] + (1 - alpha) * single[i];
            clip->mean[i] += fused[i];
        }
    }
    for (int i = 0; i < floats; i++) clip->mean[i] /= (float)count;

    fill_head(network, pairs, clip);
    TRY(nn_run(network->plans[PLAN_HEAD]));
    sane &= within(network->logits, 2, FEATURE_LIMIT);
    clip->live = sane ? sigmoid(network->logits[0] - network->logits[1]) : NAN; /* softmax of two */
    clip->score = network_clip_score(network, clip, NULL);
    return LIVEDEPTH_OK;
}
