/* track.h - follows a face between two detections, by correlation in a small grey picture.
 *
 * It works on the crop of a run, which the network needs anyway, so that a followed frame reads no
 * further pixels. Positions are in cells of a grid over the crop. */
#ifndef TRACK_H
#define TRACK_H

#include "image.h"

enum {
    TRACK_CELLS = 32, /* of the grid, at least, along each axis; at most twice as many */
    TRACK_REACH = 5,  /* cells a face may move from where it was detected, along each axis */
    TRACK_LEAST = 8,  /* cells of the template, at least: fewer look alike everywhere */
};

struct track {
    int cell;            /* pixels of a cell's side */
    int side;            /* cells of the grid */
    int left, top, w, h; /* of the template in the grid; w 0: there is none */
    float grid[4 * TRACK_CELLS * TRACK_CELLS + 4]; /* four places are looked at at once */
    float template[4 * TRACK_CELLS * TRACK_CELLS]; /* mean 0, sum of squares 1 */
};

/* Remembers the face in a crop. image: what image_resize made of the crop, square, its side a
 * multiple of 8 and 32 .. 512; boxes: how many face boxes it is wide, where the frame has room;
 * face: in shares of the crop's sides. False: it cannot be followed, for it is too small, or its
 * picture has one colour. */
bool track_start(struct track *track, struct image_target image, float boxes, struct rect face);

/* Its place now: dx, dy in shares of the crop's sides since track_start. False: lost, it changed
 * too much or went too far. */
bool track_follow(struct track *track, struct image_target image, float *dx, float *dy);

#endif
