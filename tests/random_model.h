/* random_model.h - a weight file with random numbers for any network, made in memory: what tests of
 * sizes, memory and speed need without a large file in git. */
#ifndef RANDOM_MODEL_H
#define RANDOM_MODEL_H

#include "../src/networks.h"

struct random_model { uint8_t *bytes; size_t size; };

/* Reads network, profile, input_size, width, frames and trained. The caller frees bytes. */
struct random_model random_model(const struct network_config *config);

#endif
