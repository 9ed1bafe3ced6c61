/* network_plans.c - see network_plans.h. */
#include "network_plans.h"
#include <math.h>
#include <string.h>

enum { BASE_STEM = 64, BASE_LEVEL = 128, BASE_REDUCE = 32, BASE_STATE = 64 };

static const char *const reduce_names[] = { "reduce1", "reduce2", "reduce3" };

static pair_fn pair_off, pair_ststb_paper, pair_ststb_reference;

static const struct network_design designs[] = {
    { "fas-td", "paper", block_conv, 196, RESIZE_HALF_PIXEL, block_reduce_paper, false, pair_off,
      block_convgru_paper, true, false, ACT_NONE, network_score_paper, network_raw_paper },
    { "fas-sgtd", "paper", block_rsgb_paper, 192, RESIZE_HALF_PIXEL, block_reduce_paper, false,
      pair_ststb_paper, block_convgru_paper, true, true, ACT_NONE, network_score_paper,
      network_raw_paper },
    { "fas-sgtd", "reference", block_rsgb_reference, 192, RESIZE_LEGACY, block_reduce_reference,
      true, pair_ststb_reference, block_convgru_reference, false, true, ACT_RELU,
      network_score_reference, network_raw_reference },
};

const struct network_design *network_design_of(const struct network_config *config)
{
    for (int i = 0; i < COUNT(designs); i++)
        if (!strcmp(designs[i].network, config->network) &&
            !strcmp(designs[i].profile, config->profile))
            return &designs[i];
    return NULL;
}

/* round(base * width), at least 1: the rule for every channel count. */
static int network_channels(const struct network_config *config, int base)
{
    return max_int(1, (int)floorf((float)base * config->width + 0.5f));
}

static void describe_trunk(struct network *network, struct network_levels *out,
                           struct network_ends *ends)
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

static struct tensor *pair_off(struct nn *nn, const struct network_levels *now,
                               const struct network_levels *next, int out)
{
    struct tensor *x = block_off(nn, now->g[0], next->g[0], NULL, out, "off1");
    x = block_off(nn, now->g[1], next->g[1], x, out, "off2");
    return block_off(nn, now->g[2], next->g[2], x, out, "off3");
}

static struct tensor *pair_ststb_paper(struct nn *nn, const struct network_levels *now,
                                       const struct network_levels *next, int out)
{
    struct tensor *x = block_ststb(nn, now->g[0], now->g[0], next->g[0], NULL, out, true, "ststb1");
    x = block_ststb(nn, now->g[1], now->g[1], next->g[1], x, out, true, "ststb2");
    return block_ststb(nn, now->g[2], now->g[2], next->g[2], x, out, true, "ststb3");
}

/* The released graph joins the levels after the blocks, not inside them. */
static struct tensor *pair_ststb_reference(struct nn *nn, const struct network_levels *now,
                                           const struct network_levels *next, int out)
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

enum livedepth_status network_describe_plans(struct network *network, struct network_ends *ends)
{
    const struct network_config *config = &network->config;
    const struct network_design *design = network->design;
    const int d = network->depth_size, level = network_channels(config, BASE_LEVEL);

    struct network_levels made;
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
    ends->logits = block_head(nn, ends->head_in, NETWORK_HIDDEN, design->head_last, "head");
    nn_output(nn, ends->logits);
    return nn_status(nn);
}
