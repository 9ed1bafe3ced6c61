/* network_score.c - see network_score.h. */
#include "network_score.h"
#include <math.h>
#include <stddef.h>

/* Sum over the mask (NULL: everywhere) and the mask's area, at least one pixel. */
struct masked {
    double sum, area;
};

static struct masked masked_sum(const float *map, const float *mask, int floats, bool absolute)
{
    struct masked m = { 0, 0 };
    for (int i = 0; i < floats; i++) {
        const float weight = mask ? mask[i] : 1;
        m.sum += weight * (absolute ? fabsf(map[i]) : map[i]);
        m.area += weight;
    }
    m.area = fmax(m.area, 1);
    return m;
}

/* beta * p + (1 - beta) * mean_t |D_t|, |D_t| over the face mask: arXiv:2003.08061 section 3.4. The
 * text sums |D_t|; the mean keeps the score in 0..1. */
float network_score_paper(const struct network *network, const struct network_clip *clip,
                          const float *masks)
{
    const int pairs = network->config.frames - 1;
    const int floats = network->depth_size * network->depth_size;
    double depth = 0;
    for (int t = 0; t < pairs; t++) {
        const struct masked m =
            masked_sum(clip->fused + t * floats, masks ? masks + t * floats : NULL, floats, true);
        depth += network->config.depth_sum ? m.sum : m.sum / m.area;
    }
    return network_raw_paper(&network->config, clip->live, (float)(depth / pairs));
}

float network_raw_paper(const struct network_config *config, float live, float depth)
{
    return config->beta * live + (1 - config->beta) * depth;
}

/* The released test code comes to this: softmax over ((1 - beta) d + beta p, 1 - d), d the signed
 * mean of the mean map over the first frame's mask; with beta = 0.8 sigmoid(1.2 d + 0.8 p - 1). */
float network_score_reference(const struct network *network, const struct network_clip *clip,
                              const float *masks)
{
    const struct masked m =
        masked_sum(clip->mean, masks, network->depth_size * network->depth_size, false);
    return network_raw_reference(&network->config, clip->live, (float)(m.sum / m.area));
}

float network_raw_reference(const struct network_config *config, float live, float depth)
{
    return sigmoid((2 - config->beta) * depth + config->beta * live - 1);
}

float network_calibrated(const struct network_config *config, float raw)
{
    const float score = config->calibrated
                            ? sigmoid(config->calibration_scale * raw + config->calibration_bias)
                            : raw;
    return isnan(score) ? score : fminf(fmaxf(score, 0), 1);
}
