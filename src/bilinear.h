/* bilinear.h - a picture from another by bilinear interpolation, whatever the scale: of a result
 * only the four pixels about its centre are read, so that the size of the source costs nothing.
 *
 * As resize.h has it: beyond an edge of the source lies the edge, and the bits are the same in
 * every build. Pure. */
#ifndef BILINEAR_H
#define BILINEAR_H

#include "resize.h"

/* Makes w x h pixels, each up to RESIZE_MAX, of a region: [h][w][channels] bytes, rounded, */
void bilinear_to_bytes(struct resize_source source, struct region region, int w, int h,
                       uint8_t *out);
/* or floats, of which 1 stands for the byte 255. */
void bilinear_to_floats(struct resize_source source, struct region region, int w, int h,
                        float *out);

#endif
