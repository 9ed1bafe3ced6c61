/* fusion.h - one score from those of several scorers, a logistic regression on their logits:
 *
 *     score = sigmoid(bias + sum over i of vote[i]),  vote[i] = weight[i] * logit(score[i])
 *
 * with score[i] clamped to 1e-4 .. 1 - 1e-4, so that no single scorer is ever sure. Depth and
 * appearance fail on different clips: hence the sum. Pure. */
#ifndef FUSION_H
#define FUSION_H

#include "base.h"

struct fusion {
    int scorers;                        /* 1 .. LIVEDEPTH_MAX_SCORERS */
    bool plain;                         /* one scorer, whose score is the score */
    bool needed[LIVEDEPTH_MAX_SCORERS]; /* without its score there is none */
    float weight[LIVEDEPTH_MAX_SCORERS], bias;
};

/* True if every needed scorer, and any at all, has a score. A score is NaN where a scorer has
 * none. */
bool fusion_complete(const struct fusion *fusion, const float *scores);

/* The score, 0 attack .. 1 live; NaN unless complete. A scorer that is not needed and has none is
 * left out of the sum. votes [scorers] are written, NaN where there is no score. */
float fusion_score(const struct fusion *fusion, const float *scores, float *votes);

#endif
