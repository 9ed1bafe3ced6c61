/* nn_memory.h - where tensors lie in the scratch memory: steps write over what nobody reads any
 * more, and tensors share bytes that do not live at the same time. */
#ifndef NN_MEMORY_H
#define NN_MEMORY_H

#include "nn_plan.h"

/* Before operators are made, which must know which tensors are parts of others. */
void nn_share_in_place(struct nn *nn);
/* Gives each tensor and workspace its place. */
void nn_plan_memory(struct nn *nn);

#endif
