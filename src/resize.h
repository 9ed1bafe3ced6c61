/* resize.h - stb_image_resize2, behind a door: the one file that includes it.
 *
 * Triangle filter; beyond an edge of the source lies the edge. Each result is the
 * weighted mean of floats that hold the bytes exactly, in an order that depends on the numbers
 * below alone: the same bits in every build. */
#ifndef RESIZE_H
#define RESIZE_H

#include "base.h"

enum {
    RESIZE_MIN = 2,
    RESIZE_MAX = 512,              /* pixels of a result along each axis; see resize.c */
    RESIZE_MAX_PIXELS = 128 * 128, /* likewise */
    RESIZE_STEEPEST = 8,           /* pixels of the source for one of the result, along each axis */
};

/* Memory, so that resizing allocates nothing. */
struct resizer;
struct resizer *resizer_create(void); /* or NULL */
void resizer_destroy(struct resizer *resizer);

/* h rows of w pixels of 1, 2 or 4 bytes; rows are `stride` bytes apart, pixels `step`. */
struct resize_source {
    const uint8_t *pixels;
    int stride, step, w, h, channels;
};

/* In pixels of the source, (0, 0) the outer corner of the first; 0 <= x0 < x1 < w + 1, y likewise,
 * and not below half a pixel wide or high. */
struct region {
    double x0, y0, x1, y1;
};

/* Resizes a region to w x h pixels at out, [h][w][channels]: bytes, rounded, */
enum livedepth_status resize_to_bytes(struct resizer *resizer, struct resize_source source,
                                      struct region region, int w, int h, uint8_t *out);
/* or floats, of which 1 stands for the byte 255. */
enum livedepth_status resize_to_floats(struct resizer *resizer, struct resize_source source,
                                       struct region region, int w, int h, float *out);

#endif
