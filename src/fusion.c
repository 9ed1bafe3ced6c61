/* fusion.c - see fusion.h. */
#include "fusion.h"
#include <math.h>

static const float CLAMP = 1e-4f;

bool fusion_complete(const struct fusion *fusion, const float *scores)
{
    int known = 0;
    for (int i = 0; i < fusion->scorers; i++) {
        if (isnan(scores[i]) && fusion->needed[i]) return false;
        known += !isnan(scores[i]);
    }
    return known > 0;
}

static float logit(float score)
{
    const float p = fminf(fmaxf(score, CLAMP), 1 - CLAMP);
    return logf(p / (1 - p));
}

float fusion_score(const struct fusion *fusion, const float *scores, float *votes)
{
    float sum = fusion->bias;
    for (int i = 0; i < fusion->scorers; i++) {
        votes[i] = isnan(scores[i]) ? NAN : fusion->weight[i] * logit(scores[i]);
        if (!isnan(scores[i])) sum += votes[i];
    }
    if (!fusion_complete(fusion, scores)) return NAN;
    return fusion->plain ? scores[0] : sigmoid(sum);
}
