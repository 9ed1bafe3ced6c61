/* base.h - what every file may use: errors with a detail, small helpers. */
#ifndef BASE_H
#define BASE_H

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "livedepth.h"

/* Notes the detail for livedepth_error_detail(). */
void note_detail(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* That, and the status: a macro, so that tools which look at one file see what is returned. */
#define fail(status, ...) (note_detail(__VA_ARGS__), (status))

/* Forwards an error to the caller; the only control-flow macro of the project. */
#define TRY(call)                                    \
    do {                                             \
        enum livedepth_status status_ = (call);      \
        if (status_ != LIVEDEPTH_OK) return status_; \
    } while (0)

/* Part of what calls it, in every build. */
#define INLINE static inline __attribute__((always_inline))

#define DEGREES 57.29578f /* in a radian */

/* In place, the least first; of a few hundred at most. */
void sort_floats(float *values, int count);

#define COUNT(array) ((int)(sizeof(array) / sizeof((array)[0])))

float sigmoid(float x); /* 1 / (1 + exp(-x)) */

static inline int min_int(int a, int b) { return a < b ? a : b; }
static inline int max_int(int a, int b) { return a > b ? a : b; }

/* Zeroed memory at a 64-byte boundary with room for XNNPACK's over-reads behind it, or NULL.
 * Freed with free(). */
void *memory_create(size_t bytes);

double clock_ms(void); /* monotonic */

#endif
