/* image.h - from a camera frame to a small picture of bytes, which all else looks at.
 *
 * Formats, strides, rotation and colour end here: everything behind sees upright RGB.
 * A rectangle is in upright pixels, (0, 0) the outer corner of the upper left pixel. */
#ifndef IMAGE_H
#define IMAGE_H

#include <math.h>
#include "base.h"
#include "resize.h"

struct rect {
    float left, top, width, height;
};
static inline float rect_area(struct rect a) { return a.width * a.height; }
float rect_overlap(struct rect a, struct rect b); /* intersection over union */

/* Scratch memory for resizing, so that a frame costs no allocation. */
struct image_scratch;
struct image_scratch *image_scratch_create(void); /* or NULL */
void image_scratch_destroy(struct image_scratch *scratch);

/* Checks every field of frame against its limits (FRAME_* of docs/errors.md). */
enum livedepth_status image_check(const struct livedepth_frame *frame);

/* Size after rotation. */
void image_upright_size(const struct livedepth_frame *frame, int *width, int *height);

/* A number from every visible byte, above IMAGE_HASH_ROWS from one row of so many that fewer than
 * twice as many are read: another one if a single byte of them changes, and, but for an accident of
 * one in 2^32, if more do. Of 2160 rows it is every eighth: coded video changes by blocks of eight
 * rows, and a sensor's noise in all of them. frame has passed image_check. */
enum { IMAGE_HASH_ROWS = 256 }; /* of a plane */
uint32_t image_hash(const struct livedepth_frame *frame);

/* Place of the resized picture: w x h RGB pixels inside rows of `stride` pixels. */
enum { IMAGE_MIN_TARGET = RESIZE_MIN, IMAGE_MAX_TARGET = RESIZE_MAX }; /* along each axis */
struct image_target {
    uint8_t *rgb;
    int w, h, stride;
};

/* The four pixels about a place of a picture, and where between them it lies, 0 .. 1; beyond the
 * edge, those at the edge. The picture has at least 2 x 2. */
struct image_four {
    const uint8_t *upper, *lower; /* two pixels each */
    float across, down;
};
static inline struct image_four image_about(struct image_target picture, float x, float y)
{
    const float px = fminf(fmaxf(x - 0.5f, 0), (float)(picture.w - 1)),
                py = fminf(fmaxf(y - 0.5f, 0), (float)(picture.h - 1));
    const int left = min_int((int)px, picture.w - 2), top = min_int((int)py, picture.h - 2);
    const uint8_t *upper = picture.rgb + 3 * (top * picture.stride + left);
    return (struct image_four){ upper, upper + 3 * picture.stride, px - (float)left,
                                py - (float)top };
}

/* A pixel of the result is made so:
 *     IMAGE_TRIANGLE   by a triangle as wide as its neighbours, so that shrinking averages; where
 *                      eight and more columns or rows make one, of four to eight: every n-th
 *     IMAGE_BILINEAR   of the four pixels about its centre, whatever the scale (INTER_LINEAR of
 *                      OpenCV): networks trained so see their noise when it is averaged away */
enum image_filter { IMAGE_TRIANGLE, IMAGE_BILINEAR };

/* Resizes `from` (which lies inside the upright frame and is at least one pixel wide and high) to
 * the target; YUV planes are resized first and converted after (BT.601), then all is rounded to
 * bytes. frame has passed image_check. The
 * same bytes in every build. */
enum livedepth_status image_resize(struct image_scratch *scratch,
                                   const struct livedepth_frame *frame, struct rect from,
                                   enum image_filter filter, struct image_target target);

/* A network's input: out = (byte - mean) / std. */
void image_floats(const uint8_t *bytes, int count, float mean, float std, float *out);

#endif
