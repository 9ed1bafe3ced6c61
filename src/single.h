/* single.h - a network that looks at single frames as a scorer: a clip's score is the mean of what
 * the network says of its frames. */
#ifndef SINGLE_H
#define SINGLE_H

#include "scorer.h"

scorer_check_fn single_check;
scorer_open_fn single_open;

#endif
