/* decide.h - from the scores of clips to a verdict. Pure. The score of a recording is the mean over
 * its clips (arXiv:2003.08061 section 4.2). Nothing but enough finite scores of a trained network
 * can give "live". */
#ifndef DECIDE_H
#define DECIDE_H

#include "base.h"

struct decide {
    float live_threshold, spoof_threshold; /* live: score >= live; attack: score < spoof */
    bool trained;
    int clips;                             /* scored since the reset */
    double sum;
    bool non_finite;                       /* any score was */
    enum livedepth_reason waiting;         /* why there is no clip yet */
};

void decide_init(struct decide *decide, float live_threshold, float spoof_threshold, bool trained);
void decide_reset(struct decide *decide);
void decide_wait(struct decide *decide, enum livedepth_reason why);
void decide_push(struct decide *decide, float score);
float decide_score(const struct decide *decide); /* 0 without clips */
enum livedepth_verdict decide_verdict(const struct decide *decide, enum livedepth_reason *reason);

#endif
