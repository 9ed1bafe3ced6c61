/* networks.c - see networks.h. */
#include "networks.h"
#include "metadata.h"
#include "network_plans.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- metadata --- */

enum livedepth_status network_config_read(struct network_config *config, struct weights_part part,
                                          int input_size)
{
    *config = (struct network_config){ .input_size = input_size };
    TRY(metadata_text(part, "network", config->network, sizeof config->network));
    TRY(metadata_text(part, "profile", config->profile, sizeof config->profile));
    if (!network_design_of(config))
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

/* --- making one --- */

/* part.weights may be NULL: see nn_create. */
static enum livedepth_status network_describe(struct network **out, struct network_ends *ends,
                                              const struct network_config *config,
                                              struct weights_part part, struct pthreadpool *pool)
{
    struct network *network = calloc(1, sizeof *network);
    if (!network) return fail(LIVEDEPTH_NO_MEMORY, "network");
    *out = network;
    network->config = *config;
    network->design = network_design_of(config);
    network->depth_size = config->input_size / 8;
    for (int i = 0; i < PLANS; i++) {
        struct pthreadpool *shared = i == PLAN_TRUNK || i == PLAN_PAIR ? pool : NULL; /* large */
        if (!(network->plans[i] = nn_create(part, shared)))
            return fail(LIVEDEPTH_NO_MEMORY, "plan");
    }
    return network_describe_plans(network, ends);
}

/* From a file: nothing in its part may be left over. */
static enum livedepth_status network_read(struct network **out, struct network_ends *ends,
                                          struct weights_part part, int input_size,
                                          struct pthreadpool *pool)
{
    struct network_config config;
    TRY(network_config_read(&config, part, input_size));
    TRY(network_describe(out, ends, &config, part, pool));
    return nn_check_rest(part, (*out)->plans, PLANS);
}

/* Depth that enters a score has a limit far above a trained network's: labels of depth lie in
 * 0..1, features behind a batch norm near 1. */
static const float DEPTH_LIMIT = 10, FEATURE_LIMIT = 1e4f;

/* Of the difference of the head's logits, whatever it sees. */
static struct nn_range head_range(const struct network *network, struct weights_part part)
{
    const struct network_config *config = &network->config;
    const float alpha = config->alpha; /* the multi-frame depth is a state within -1..1 */
    const struct nn_range maps = { -alpha, alpha + (1 - alpha) * DEPTH_LIMIT },
                          means = { 0, NN_FEATURE }, *seen = config->features_head ? &means : &maps;
    struct nn_range hidden[NETWORK_HIDDEN];
    for (int i = 0; i < NETWORK_HIDDEN; i++)
        hidden[i] = nn_range_relu(nn_linear_range(part, "head.0", i, NN_NO_ROW, seen, false));
    if (network->design->head_last == ACT_NONE)
        return nn_linear_range(part, "head.1", 0, 1, hidden, true);
    const struct nn_range live = nn_range_relu(
                              nn_linear_range(part, "head.1", 0, NN_NO_ROW, hidden, true)),
                          attack = nn_range_relu(
                              nn_linear_range(part, "head.1", 1, NN_NO_ROW, hidden, true));
    return (struct nn_range){ live.least - attack.most, live.most - attack.least };
}

static void score_range(const struct network *network, struct weights_part part, float *lowest,
                        float *low)
{
    const struct network_config *config = &network->config;
    const struct nn_range head = head_range(network, part);
    const int pixels = config->depth_sum ? network->depth_size * network->depth_size : 1;
    const struct nn_range raw = {
        network->design->raw(config, sigmoid(head.least), 0),
        network->design->raw(config, sigmoid(head.most), (float)pixels),
    };
    *lowest = network_calibrated(config, raw.least);
    *low = network_calibrated(config, nn_range_tenth(raw));
}

enum livedepth_status network_check(struct weights_part part, int input_size, float *lowest,
                                    float *low)
{
    struct network *network = NULL;
    struct network_ends ends = { 0 };
    const enum livedepth_status status = network_read(&network, &ends, part, input_size, NULL);
    if (status == LIVEDEPTH_OK) score_range(network, part, lowest, low);
    network_destroy(network);
    return status;
}

enum livedepth_status network_list(const struct network_config *config, network_list_fn *each,
                                   void *context)
{
    struct network *network = NULL;
    struct network_ends ends = { 0 };
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

static enum livedepth_status build(struct network *network, const struct network_ends *ends,
                                   bool keep_all)
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
    struct network_ends ends = { 0 };
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
    if (nn_ran_away(network->plans[PLAN_TRUNK]) || nn_ran_away(network->plans[PLAN_PAIR]))
        network->motion[0] = NAN;
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
        sane &= !nn_ran_away(network->plans[PLAN_RECURRENT]);
        float *fused = clip->fused + t * floats;
        for (int i = 0; i < floats; i++) {
            fused[i] = alpha * multi[i] + (1 - alpha) * single[i];
            clip->mean[i] += fused[i];
        }
    }
    for (int i = 0; i < floats; i++) clip->mean[i] /= (float)count;

    fill_head(network, pairs, clip);
    TRY(nn_run(network->plans[PLAN_HEAD]));
    sane &= !nn_ran_away(network->plans[PLAN_HEAD]) && within(network->logits, 2, FEATURE_LIMIT);
    clip->live = sane ? sigmoid(network->logits[0] - network->logits[1]) : NAN; /* softmax of two */
    clip->score = network_clip_score(network, clip, NULL);
    return LIVEDEPTH_OK;
}
