/* minifas.h - MiniFASNet, a classifier of single pictures (github.com/minivision-ai/
 * Silent-Face-Anti-Spoofing, Apache-2.0). Twin of training/networks/minifas.py.
 *
 * MobileFaceNet with its channels pruned: a chain of inverted bottlenecks with PReLU, three kinds
 * of picture at its end: live and two of attack. It takes the bytes of an RGB picture as they
 * are. */
#ifndef MINIFAS_H
#define MINIFAS_H

#include "nn.h"

enum { MINIFAS_SIZE = 80, MINIFAS_CLASSES = 3 };

struct minifas;

/* Which of the networks it is, "minifasnet-v2" or "minifasnet-v1se", is in the metadata "network";
 * the view's size must be MINIFAS_SIZE. Borrows what part leads to and pool until minifas_destroy.
 * keep_all: see nn_keep_all. */
enum livedepth_status minifas_create(struct minifas **out, struct weights_part part, int size,
                                     struct pthreadpool *pool, bool keep_all);
void minifas_destroy(struct minifas *minifas);

/* Checks metadata, the size and every tensor of the part without building anything. live: of the
 * probability of live, whatever the network is shown. */
enum livedepth_status minifas_check(struct weights_part part, int size, struct nn_range *live);

/* live: the probability of live, 0..1; NaN if the network's numbers ran away. */
enum livedepth_status minifas_run(struct minifas *minifas,
                                  const uint8_t rgb[MINIFAS_SIZE * MINIFAS_SIZE * 3], float *live);

struct nn *minifas_nn(struct minifas *minifas);

#endif
