/* turn.h - frames in which a face leans, seen as if the camera leaned with it.
 *
 * The networks were trained on faces that lean little: of 90 real live clips that were turned by 18
 * degrees 69 were live, seen upright 85. A turned frame is the frame turned about its centre, in a
 * canvas of its own size; where that shows what lay outside, it repeats the frame's edge. Only what
 * is cut of it is ever made. */
#ifndef TURN_H
#define TURN_H

#include "image.h"

struct turn {
    float degrees; /* against the clock; 0: all is as it is in the frame, to the bit */
    float cos, sin;
    float x, y; /* the frame's centre */
};

struct turn turn_of(float degrees, int width, int height);

/* A box about the same face in the turned frame, as large as in the frame. */
struct rect turn_box(const struct turn *turn, struct rect box);
/* A move in the turned frame as it is in the frame. */
void turn_move_back(const struct turn *turn, float *dx, float *dy);

/* A picture between the frame and what is cut of it turned. */
struct turn_scratch;
struct turn_scratch *turn_scratch_create(void); /* or NULL; freed with free() */

/* As image_resize, of a square of the turned frame into a square target. */
enum livedepth_status turn_resize(const struct turn *turn, struct turn_scratch *between,
                                  struct image_scratch *scratch,
                                  const struct livedepth_frame *frame, struct rect square,
                                  enum image_filter filter, struct image_target target);

#endif
