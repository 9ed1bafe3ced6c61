/* decide.c - see decide.h. */
#include "decide.h"
#include <math.h>

void decide_init(struct decide *decide, float live_threshold, float spoof_threshold, bool trained)
{
    *decide = (struct decide){ .live_threshold = live_threshold, .spoof_threshold = spoof_threshold,
                               .trained = trained, .waiting = LIVEDEPTH_REASON_CLIP_SHORT };
}

void decide_reset(struct decide *decide)
{
    decide_init(decide, decide->live_threshold, decide->spoof_threshold, decide->trained);
}

void decide_wait(struct decide *decide, enum livedepth_reason why) { decide->waiting = why; }

void decide_push(struct decide *decide, float score)
{
    decide->non_finite |= !isfinite(score);
    decide->sum += score;
    decide->clips++;
}

float decide_score(const struct decide *decide)
{
    return decide->clips && !decide->non_finite ? (float)(decide->sum / decide->clips) : 0;
}

enum livedepth_verdict decide_verdict(const struct decide *decide, enum livedepth_reason *reason)
{
    const float score = decide_score(decide);
    *reason = !decide->clips                       ? decide->waiting
              : decide->non_finite                 ? LIVEDEPTH_REASON_NON_FINITE
              : !decide->trained                   ? LIVEDEPTH_REASON_UNTRAINED
              : score >= decide->live_threshold    ? LIVEDEPTH_REASON_NONE
              : !(score < decide->spoof_threshold) ? LIVEDEPTH_REASON_LOW_CONFIDENCE
                                                   : LIVEDEPTH_REASON_NONE;
    if (*reason != LIVEDEPTH_REASON_NONE) return LIVEDEPTH_UNDECIDED;
    return score >= decide->live_threshold ? LIVEDEPTH_LIVE : LIVEDEPTH_SPOOF;
}
