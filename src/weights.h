/* weights.h - reads a safetensors file that nobody vouches for.
 *
 * The format: 8 bytes header length (little endian), a JSON object
 *     {"__metadata__": {string: string}, "name": {"dtype", "shape", "data_offsets"}, ...}
 * then the tensors' bytes. Everything is checked before anything is used: header length, nesting,
 * UTF-8, duplicate names, dtype, shape products, offsets without overlap, hole or rest, finite
 * values.
 *
 * Metadata has "format": "livedepth" and a "format_version": "1" is one network, whose tensors and
 * keys have no prefix; "2" is a bundle of several, each with a prefix of its own.
 *
 * The dtypes are F32, F16 and I8: bytes by channel. An I8 tensor "x" of shape [out][...] has a
 * companion "x.scale", F32 of shape [out], all above 0; of shape [1][h][w][c] (the kernel of a
 * depthwise convolution) one of shape [c]:
 *     value = byte * scale of its channel
 * The companion is no tensor of its own: nobody else sees it. */
#ifndef WEIGHTS_H
#define WEIGHTS_H

#include "base.h"

enum {
    WEIGHTS_MAX_HEADER = 1 << 20, /* bytes */
    WEIGHTS_MAX_TENSORS = 1024,   /* companions counted */
    WEIGHTS_MAX_RANK = 8,
    WEIGHTS_MAX_NAME = 64, /* bytes of a tensor's name, ASCII */
};

struct weights;

struct weight {
    const char *name;
    int rank;
    int shape[WEIGHTS_MAX_RANK];
    const float *data; /* aligned; F16 is widened, which is exact, and I8 */
};

/* Borrows bytes until weights_close (data of aligned F32 tensors is not copied). */
enum livedepth_status weights_open(struct weights **out, const void *bytes, size_t size);
void weights_close(struct weights *weights);

int weights_version(const struct weights *weights); /* 1 or 2 */

/* All tensors of the file, by their full names. */
int weights_count(const struct weights *weights);
const struct weight *weights_at(const struct weights *weights, int index);

/* The tensors and metadata whose names begin with the prefix ("depth.", or "" for all). Whoever
 * reads a part knows their names without it; errors name them in full. */
struct weights_part {
    const struct weights *weights;
    const char *prefix;
};
struct weights_part weights_whole(const struct weights *weights);

const struct weight *weights_find(struct weights_part part, const char *name); /* or NULL */
/* The part's name of the tensor weights_at(index), or NULL if that belongs to another part. */
const char *weights_name(struct weights_part part, int index);

/* A string of __metadata__, or NULL. */
const char *weights_metadata(struct weights_part part, const char *key);

#endif
