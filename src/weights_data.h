/* weights_data.h - the numbers of a weight file, behind the header that weights.c has read. */
#ifndef WEIGHTS_DATA_H
#define WEIGHTS_DATA_H

#include "weights.h"

enum { WEIGHTS_MAX_METADATA = 128 };

enum dtype { DTYPE_F32, DTYPE_F16, DTYPE_I8, DTYPE_OTHER };
struct entry {
    struct weight weight;
    uint32_t hash; /* of its name */
    enum dtype dtype;
    bool is_scale;
    uint64_t begin, end;        /* bytes behind the header */
    const unsigned char *scale; /* of I8: the companion's floats, not aligned */
};

struct metadata {
    const char *key, *value;
};

struct weights {
    int version, count, metadata_count;
    struct entry entries[WEIGHTS_MAX_TENSORS]; /* in the order of their offsets */
    struct metadata metadata[WEIGHTS_MAX_METADATA];
    char *text;    /* names, keys and values, each with its NUL */
    float *copies; /* tensors that cannot be borrowed; or NULL */
};

/* Of a text that goes on: a table of hundreds is searched for each of its names. */
enum { WEIGHTS_HASH = 0x811C9DC5 }; /* of no text */
uint32_t weights_hash(uint32_t hash, const char *text);

/* Numbers in the tensor, at least 1; 0 if their bytes as floats would overflow 64 bits. */
uint64_t weight_elements(const struct weight *weight);

/* Gives each tensor its floats, from the bytes behind the header, which the entries' offsets fit:
 * borrowed, or in weights->copies. Companions of I8 tensors leave the table. */
enum livedepth_status weights_load(struct weights *weights, const unsigned char *data);

#endif
