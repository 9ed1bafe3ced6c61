/* random_model.h - a weight file with random numbers for any network, made in memory: what tests of
 * sizes, memory and speed need without a large file in git. */
#ifndef RANDOM_MODEL_H
#define RANDOM_MODEL_H

#include "../src/networks.h"

struct random_model {
    uint8_t *bytes;
    size_t size;
};

/* A file of one network, trained as it says: reads network, profile, input_size, width, frames and
 * features_head. The caller frees bytes. */
struct random_model random_model(const struct network_config *config);

/* A file of several, each with a view of its own that has the scorer's name. */
struct random_scorer {
    const char *name;
    struct network_config config;
    float scale;
    const char *follows, *use; /* "run" | "face", "needed" | "optional" */
    float weight;
};
struct random_model random_bundle(const struct random_scorer *scorers, int count);

/* Overwrites the first occurrence of a text in a file's header with another of its length. */
void random_model_edit(struct random_model *file, const char *from, const char *to);

#endif
