/* planar.h - does what is in view move as one flat picture would?
 *
 * Two pictures of a plane, however it is turned, are one homography apart (Hartley and Zisserman,
 * Multiple View Geometry, 13.1). A head before a room is not: it turns, blinks, and hides another
 * part of the room. So the first picture of a run is laid over each later one, and what the best
 * homography does not explain is the sign of depth and life. A still picture, held still or moved,
 * with whatever noise, gives none. */
#ifndef PLANAR_H
#define PLANAR_H

#include "image.h"

enum {
    PLANAR_SIDE = 64,   /* pixels of the pictures, along each axis */
    PLANAR_LEVELS = 3,  /* they are laid over each other at sides of 16, 32 and 64 */
    PLANAR_MOTIONS = 8, /* parameters of a homography */
    PLANAR_PIXELS = PLANAR_SIDE * PLANAR_SIDE,
    PLANAR_ALL = PLANAR_PIXELS + PLANAR_PIXELS / 4 + PLANAR_PIXELS / 16, /* of all levels */
};

struct planar {
    bool begun;
    /* Of the first picture, largest level first: mean 0 and variance 1, how it changes with each
     * parameter, and the Cholesky factor of the sum of those changes' products. */
    float first[PLANAR_ALL], changes[PLANAR_ALL][PLANAR_MOTIONS];
    float factor[PLANAR_LEVELS][PLANAR_MOTIONS][PLANAR_MOTIONS];
    /* Scratch: the newest picture at each level, what is laid over the first, where it is known. */
    float newest[PLANAR_ALL], laid[PLANAR_PIXELS], sharp[PLANAR_PIXELS];
    bool in_view[PLANAR_PIXELS];
};

/* Forgets the first picture. */
void planar_reset(struct planar *planar);

/* grey: [PLANAR_SIDE][PLANAR_SIDE], any scale. -> how much of a picture no homography explains: the
 * 95th percentile over its cells of the difference, in standard deviations of the picture, so that
 * brightness and contrast cancel. NaN: it is the first, or so unlike the first that it becomes it.
 * In each of 90 live clips of a second it reached 0.073; with a photo that was moved it stayed at
 * 0.052, with a print that was bent a little at 0.058. */
float planar_push(struct planar *planar, const float *grey);

#endif
