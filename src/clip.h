/* clip.h - which frames make a clip, and which part of them. Pure: knows time and boxes, no pixels.
 *
 * A clip is `frames` frames, about interval_ms apart, that share the crop of the first one, so that
 * motion stays motion (arXiv:2003.08061 section 4.2: every third frame at 30 fps). Clips slide by
 * one frame over a run; a run ends when the face leaves its crop or frames stop coming. */
#ifndef CLIP_H
#define CLIP_H

#include "image.h"

struct clip {
    int frames;          /* per clip */
    float interval_ms;
    int taken;           /* frames in this run */
    bool looked;         /* last_ms is set */
    double last_ms;      /* of the last frame that was due */
    struct rect face;    /* of the run's first frame */
    struct rect crop;    /* of the run */
};

enum clip_due { CLIP_NOT_DUE, CLIP_DUE, CLIP_AFTER_GAP };

void clip_init(struct clip *clip, int frames, float interval_ms);
/* Is a frame of this time the next one? Frames may come 15 % early; after 2.5 intervals without one
 * the run is over. */
enum clip_due clip_due(const struct clip *clip, double time_ms);
void clip_look(struct clip *clip, double time_ms); /* a due frame was looked at */
void clip_restart(struct clip *clip);              /* the next frame taken starts a run */
void clip_reset(struct clip *clip);                /* forgets the clock as well */

/* Starts a run: a square of `scale` times the face's longer side about its centre, moved and, where
 * it must be, shrunk to lie inside the frame. */
void clip_start(struct clip *clip, struct rect face, float scale, int width, int height);
/* Is the face still where the run began: centre within 15 % of the crop's side, size within 3/4 to
 * 4/3? */
bool clip_holds(const struct clip *clip, struct rect face);
bool clip_full(const struct clip *clip);

#endif
