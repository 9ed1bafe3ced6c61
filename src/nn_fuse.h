/* nn_fuse.h - faster steps in the place of those described: convolutions of ours instead of
 * XNNPACK's, that end with what is done to their results alone, and make what would only be written
 * for them. */
#ifndef NN_FUSE_H
#define NN_FUSE_H

#include "nn_plan.h"

void nn_fuse(struct nn *nn);

#endif
