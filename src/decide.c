/* decide.c - see decide.h. */
#include "decide.h"
#include <math.h>

void decide_init(struct decide *decide, const struct decide_policy *policy)
{
    *decide = (struct decide){ .policy = *policy,
                               .clip_score = NAN,
                               .waiting = LIVEDEPTH_REASON_CLIP_SHORT };
}

void decide_reset(struct decide *decide)
{
    const struct decide_policy policy = decide->policy;
    decide_init(decide, &policy);
}

void decide_wait(struct decide *decide, enum livedepth_reason why) { decide->waiting = why; }

void decide_doubt(struct decide *decide, enum livedepth_reason doubt) { decide->doubt = doubt; }

void decide_break(struct decide *decide, enum livedepth_reason why)
{
    decide_reset(decide);
    decide_wait(decide, why);
}

void decide_push(struct decide *decide, const float *scores)
{
    float votes[LIVEDEPTH_MAX_SCORERS];
    decide->clip_score = fusion_score(&decide->policy.fusion, scores, votes);
    for (int i = 0; i < decide->policy.fusion.scorers; i++) {
        if (isnan(scores[i])) continue;
        decide->sums[i] += scores[i];
        decide->counts[i]++;
    }
    decide->clips++;
    decide->waiting = LIVEDEPTH_REASON_CLIP_SHORT;
}

void decide_ran_away(struct decide *decide)
{
    decide->clip_score = NAN;
    decide->non_finite = true;
    decide->clips++;
}

float decide_score(const struct decide *decide, float *scores, float *votes)
{
    const struct fusion *fusion = &decide->policy.fusion;
    for (int i = 0; i < fusion->scorers; i++)
        scores[i] = decide->counts[i] ? (float)(decide->sums[i] / decide->counts[i]) : NAN;
    const float score = fusion_score(fusion, scores, votes);
    return decide->non_finite ? NAN : score;
}

enum livedepth_verdict decide_verdict(const struct decide *decide, enum livedepth_reason *reason)
{
    const struct decide_policy *policy = &decide->policy;
    float scores[LIVEDEPTH_MAX_SCORERS], votes[LIVEDEPTH_MAX_SCORERS];
    const float score = decide_score(decide, scores, votes);
    const bool live = score >= policy->live_threshold, spoof = score < policy->spoof_threshold;
    *reason = decide->non_finite              ? LIVEDEPTH_REASON_NON_FINITE
              : decide->clips < policy->clips ? decide->waiting
              : !policy->trained              ? LIVEDEPTH_REASON_UNTRAINED
              : live                          ? decide->doubt
              : spoof                         ? LIVEDEPTH_REASON_NONE
                                              : LIVEDEPTH_REASON_LOW_CONFIDENCE;
    if (*reason != LIVEDEPTH_REASON_NONE) return LIVEDEPTH_UNDECIDED;
    return live ? LIVEDEPTH_LIVE : LIVEDEPTH_SPOOF;
}
