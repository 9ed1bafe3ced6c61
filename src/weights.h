/* weights.h - reads a safetensors file that nobody vouches for.
 *
 * The format: 8 bytes header length (little endian), a JSON object
 *     {"__metadata__": {string: string}, "name": {"dtype", "shape", "data_offsets"}, ...}
 * then the tensors' bytes. Everything is checked before anything is used: header length, nesting,
 * UTF-8, duplicate names, dtype (F32 or F16), shape products, offsets without overlap, hole or
 * rest, finite values. */
#ifndef WEIGHTS_H
#define WEIGHTS_H

#include "base.h"

enum {
    WEIGHTS_MAX_HEADER = 1 << 20, /* bytes */
    WEIGHTS_MAX_TENSORS = 512,
    WEIGHTS_MAX_RANK = 8,
    WEIGHTS_MAX_NAME = 64,        /* bytes of a tensor's name, ASCII */
};

struct weights;

struct weight {
    const char *name;
    int rank;
    int shape[WEIGHTS_MAX_RANK];
    const float *data; /* aligned; F16 is widened, which is exact */
};

/* Borrows bytes until weights_close (data of aligned F32 tensors is not copied). */
enum livedepth_status weights_open(struct weights **out, const void *bytes, size_t size);
void weights_close(struct weights *weights);

/* All tensors of the file, by their full names. */
int weights_count(const struct weights *weights);
const struct weight *weights_at(const struct weights *weights, int index);

/* The tensors and metadata whose names begin with the prefix ("depth.", or "" for all). Whoever
 * reads a part knows their names without it; errors name them in full. */
struct weights_part { const struct weights *weights; const char *prefix; };
struct weights_part weights_whole(const struct weights *weights);

const struct weight *weights_find(struct weights_part part, const char *name); /* or NULL */
/* What the part calls the tensor weights_at(index), or NULL if that belongs to another part. */
const char *weights_name(struct weights_part part, int index);

/* A string of __metadata__, or NULL. */
const char *weights_metadata(struct weights_part part, const char *key);
/* A number of __metadata__ in [min, max]; WEIGHTS_BAD_METADATA names the key otherwise. */
enum livedepth_status weights_int(struct weights_part part, const char *key, int min, int max,
                                  int *out);
enum livedepth_status weights_float(struct weights_part part, const char *key, float min, float max,
                                    float *out);

#endif
