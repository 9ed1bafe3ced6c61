/* metadata.h - what the strings of a weight file's metadata mean. WEIGHTS_BAD_METADATA names a key
 * that is missing or has no fitting value. */
#ifndef METADATA_H
#define METADATA_H

#include "weights.h"

enum { METADATA_WORD = 16 }; /* bytes of a word with its NUL */

/* A number in [min, max]. */
enum livedepth_status metadata_int(struct weights_part part, const char *key, int min, int max,
                                   int *out);
enum livedepth_status metadata_float(struct weights_part part, const char *key, float min,
                                     float max, float *out);
/* A text of fewer bytes than size. */
enum livedepth_status metadata_text(struct weights_part part, const char *key, char *out,
                                    size_t size);
/* One of two texts: whether it is the second. No key: the first. */
enum livedepth_status metadata_choice(struct weights_part part, const char *key, const char *first,
                                      const char *second, bool *out);
/* One to max different words, [a-z][a-z0-9_]* of at most 15 characters, a space between two. */
enum livedepth_status metadata_words(struct weights_part part, const char *key, int max,
                                     char words[][METADATA_WORD], int *count);

#endif
