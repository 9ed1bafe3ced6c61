/* network_plans.h - the two papers' networks as rows of a table, and their four plans described;
 * for networks.c alone. */
#ifndef NETWORK_PLANS_H
#define NETWORK_PLANS_H

#include "networks.h"
#include "network_score.h"

/* Features of the three levels, inputs or outputs of a plan; f only where a design wants it. */
struct network_levels {
    struct tensor *f[NETWORK_LEVELS], *g[NETWORK_LEVELS];
};

typedef struct tensor *block_fn(struct nn *, struct tensor *x, int out, const char *at);
typedef struct tensor *cell_fn(struct nn *, struct tensor *x, struct tensor *h, const char *at);
typedef struct tensor *pair_fn(struct nn *, const struct network_levels *now,
                               const struct network_levels *next, int out);

/* A row of the table: what the two papers, and the second's text and its released code, do
 * differently. */
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
    network_raw_fn *raw;
};

enum { NETWORK_HIDDEN = 64 }; /* numbers between the head's two layers */

/* The row of a configuration's network and profile, or NULL. */
const struct network_design *network_design_of(const struct network_config *config);

/* Tensors that a struct network points into. */
struct network_ends {
    struct tensor *image, *single, *means, *motion, *motion_in, *state_in[2], *state_out[2],
        *head_in, *logits;
    struct network_levels now, next;
};

/* Describes all four plans of the network, whose config, design, depth_size and empty plans are
 * there. */
enum livedepth_status network_describe_plans(struct network *network, struct network_ends *ends);

#endif
