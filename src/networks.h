/* networks.h - the two published networks. Twin of
 * training/networks/networks.py.
 *
 * A network is four plans and a formula for the score:
 *     trunk      once per frame: image -> single depth, features of each level
 *     pair       once per pair: features of t and t+1 -> motion features [d][d][c]
 *     recurrent  once per pair of a clip: motion features, states -> states, multi-frame depth
 *     head       once per clip: fused depth maps, or means of the trunk's last features -> two
 *                logits
 * with d = input_size / 8. Everything that differs between files is in the file's metadata. */
#ifndef NETWORKS_H
#define NETWORKS_H

#include "blocks.h"

enum { NETWORK_LEVELS = 3, NETWORK_MAX_FRAMES = 16 };

enum { PLAN_TRUNK, PLAN_PAIR, PLAN_RECURRENT, PLAN_HEAD, PLANS };

/* The metadata of a network; bundle.h has those of the whole file. */
struct network_config {
    char network[16];                          /* "fas-td" | "fas-sgtd" */
    char profile[16];                          /* "paper" | "reference" (fas-sgtd only) */
    int input_size;                            /* pixels of its view, a multiple of 8 */
    float width;                               /* channel multiplier, 1/16 .. 2 */
    int frames;                                /* per clip, 2 .. NETWORK_MAX_FRAMES */
    float mean, std;                           /* input = (byte - mean) / std */
    bool local_norm;                           /* then block_local_norm */
    float alpha;                               /* fused = alpha * multi + (1 - alpha) * single */
    float beta;                                /* share of the head in the score */
    float calibration_scale, calibration_bias; /* score = sigmoid(scale * raw + bias) */
    bool calibrated;                           /* else score = raw */
    bool depth_sum;                            /* the text's sum over the map instead of its mean */
    bool features_head; /* the head sees features, as no paper has it, else fused maps */
};

enum livedepth_status network_config_read(struct network_config *config, struct weights_part part,
                                          int input_size);

/* One network, ready to run. Pointers lead into the plans' inputs and outputs. */
struct network {
    struct network_config config;
    const struct network_design *design;
    struct nn *plans[PLANS];
    void *scratch;    /* shared by the four plans */
    int depth_size;   /* d */
    float *image;     /* trunk's input [size][size][3] */
    float *single;    /* trunk's depth [d][d] */
    float *means;     /* of the features that it is made of [means_floats], or NULL */
    int means_floats; /* 0 without features_head */
    int features;     /* maps that a pair needs of each frame */
    float *next[2 * NETWORK_LEVELS]; /* those of the newest frame, t + 1 */
    float *now[2 * NETWORK_LEVELS];  /* those of the frame before, t */
    size_t feature_bytes[2 * NETWORK_LEVELS];
    float *motion; /* pair's output [d][d][motion_bytes / (4 d d)] */
    size_t motion_bytes;
    float *motion_in;                  /* recurrent's inputs and outputs: motion, two states; */
    float *state_in[2], *state_out[2]; /* the second state is the multi-frame depth [d][d] */
    size_t state_bytes[2];
    float *head_in; /* the mean fused map, or all of them, or the mean of the means */
    float *logits;  /* live, attack */
};

/* Checks metadata and every tensor of the part without building anything. lowest: the score of the
 * least that the head can say of any input, without depth; low: of a raw score a tenth up from
 * there to the most that it can say, with the depth 1 of a whole face. */
enum livedepth_status network_check(struct weights_part part, int input_size, float *lowest,
                                    float *low);

/* Calls each() for every tensor that a file of this configuration holds. */
typedef void network_list_fn(void *context, const struct nn_wish *tensor);
enum livedepth_status network_list(const struct network_config *config, network_list_fn *each,
                                   void *context);

/* keep_all: see nn_keep_all. Borrows weights and pool until network_destroy. */
enum livedepth_status network_create(struct network **out, struct weights_part part, int input_size,
                                     struct pthreadpool *pool, bool keep_all);
void network_destroy(struct network *network);

/* image -> single, means, next. */
enum livedepth_status network_trunk(struct network *network);
/* now, next -> motion. */
enum livedepth_status network_pair(struct network *network);
/* After a frame: its features become those of t. */
void network_advance(struct network *network);

/* Results of a clip of frames - 1 pairs. */
struct network_clip {
    float *fused; /* [pairs][d][d], written */
    float *mean;  /* [d][d], written */
    float live;   /* the head's probability of live; NaN if the network's numbers ran away */
    float score;  /* 0 attack .. 1 live; NaN likewise */
};
/* The pairs' motion, as it was after pair t, t + 1, and of frame t single and means (NULL if the
 * network has none). */
struct network_pair {
    const float *motion, *single, *means;
};
enum livedepth_status network_score(struct network *network, const struct network_pair pairs[],
                                    struct network_clip *clip);

/* The clip's score with a face mask for the first frame of every pair, [pairs][d][d] in 0..1, as
 * the papers have it from a fitted 3-D face (the released code takes the first only); NULL: all
 * ones. */
float network_clip_score(const struct network *network, const struct network_clip *clip,
                         const float *masks);

#endif
