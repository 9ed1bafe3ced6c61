/* network_score.h - one number from the depth maps and the head of a clip, by each design. */
#ifndef NETWORK_SCORE_H
#define NETWORK_SCORE_H

#include "networks.h"

/* The raw score; masks as network_clip_score has them. */
typedef float network_score_fn(const struct network *network, const struct network_clip *clip,
                               const float *masks);
network_score_fn network_score_paper, network_score_reference;

/* The same of the head's probability of live and of the depth in the map, with both of which it
 * grows. */
typedef float network_raw_fn(const struct network_config *config, float live, float depth);
network_raw_fn network_raw_paper, network_raw_reference;

/* The score of a raw one, in 0..1. */
float network_calibrated(const struct network_config *config, float raw);

#endif
