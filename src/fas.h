/* fas.h - a network of the FAS family as a scorer: what its clips share is computed once.
 *
 * A frame's trunk and the pair that it ends go into rings; a full clip is scored from them. Clips
 * slide by one frame over a run, and each gives bit for bit what it gives alone. */
#ifndef FAS_H
#define FAS_H

#include "scorer.h"

scorer_check_fn fas_check;
scorer_open_fn fas_open;

#endif
