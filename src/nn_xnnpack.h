/* nn_xnnpack.h - XNNPACK's operators: the only place that knows it. */
#ifndef NN_XNNPACK_H
#define NN_XNNPACK_H

#include "nn_plan.h"

enum livedepth_status nn_start_xnnpack(void);

/* Of a step whose kind is XNNPACK's. create: sets the bytes of its workspace; setup: when tensors
 * and workspace have their places. */
enum livedepth_status nn_create_operator(struct nn *nn, struct step *step);
enum livedepth_status nn_setup_operator(struct step *step);
enum livedepth_status nn_run_operator(struct nn *nn, struct step *step);
void nn_delete_operator(struct step *step); /* if it has one */

#endif
