/* decide.h - from the scores of clips to a verdict: the whole policy. Pure.
 *
 * The score of a recording is the fusion of its scorers' means over its clips (the mean over clips:
 * arXiv:2003.08061 section 4.2). How many clips a verdict rests on is fixed beforehand: who stops
 * at the first "live" gives an attack many tries. What was scored before a break of the run -
 * another face, a gap, another picture - does not count towards a new verdict. Nothing but enough
 * finite scores of trained networks can give "live". */
#ifndef DECIDE_H
#define DECIDE_H

#include "fusion.h"

struct decide_policy {
    struct fusion fusion;
    int clips;                             /* that a verdict rests on, at least 1 */
    float live_threshold, spoof_threshold; /* live: score >= live; attack: score < spoof */
    bool trained;
};

struct decide {
    struct decide_policy policy;
    int clips; /* scored since the reset or the break */
    double sums[LIVEDEPTH_MAX_SCORERS];
    int counts[LIVEDEPTH_MAX_SCORERS]; /* clips in which a scorer had a score */
    float clip_score;                  /* of the newest clip alone; NaN: none */
    bool non_finite;                   /* a scorer's numbers ran away */
    enum livedepth_reason waiting;     /* why there are not enough clips yet */
    enum livedepth_reason doubt;       /* why nobody is live, whatever the score; NONE */
};

void decide_init(struct decide *decide, const struct decide_policy *policy);
void decide_reset(struct decide *decide);
/* Why there is no next clip just now. */
void decide_wait(struct decide *decide, enum livedepth_reason why);
/* What speaks against a live verdict just now, or NONE. It makes no attack of anybody. */
void decide_doubt(struct decide *decide, enum livedepth_reason doubt);
/* The run was broken: forgets what was scored. */
void decide_break(struct decide *decide, enum livedepth_reason why);
/* A clip's scores, NaN where a scorer has none; they are complete (fusion_complete). */
void decide_push(struct decide *decide, const float *scores);
/* Instead, a clip in which a scorer's numbers ran away: nothing is decided before a break. */
void decide_ran_away(struct decide *decide);

/* Means over the clips by scorer and their votes, and the score of all; each NaN without one. */
float decide_score(const struct decide *decide, float *scores, float *votes);
enum livedepth_verdict decide_verdict(const struct decide *decide, enum livedepth_reason *reason);

#endif
