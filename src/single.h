/* single.h - a network that looks at single frames as a scorer: a clip's score is the mean of what
 * the network says of its frames.
 *
 *     near.frames   of a clip, 1 .. 16
 *     near.every    it looks at the first frame of a run and then at one of so many, 1 .. frames;
 *                   no such key: 1. The others cost nothing and count for nothing. */
#ifndef SINGLE_H
#define SINGLE_H

#include "scorer.h"

scorer_check_fn single_check;
scorer_open_fn single_open;

#endif
