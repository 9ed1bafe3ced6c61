/* nn_run.h - threads go through the steps of a plan together.
 *
 * A step is divided into blocks. A thread runs those of its part of the picture, then what is left
 * of the others' parts, and goes on with the next step as soon as no block of this one is left to
 * take: it waits for the rows that a block reads, not for the end of the step before. So threads
 * wait for each other seldom, and each finds in its cache what it wrote. XNNPACK's operators are
 * steps that all end before the next one. */
#ifndef NN_RUN_H
#define NN_RUN_H

#include "nn_plan.h"

/* Divides the steps of a plan into blocks. */
enum livedepth_status nn_divide(struct nn *nn);

#endif
