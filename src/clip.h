/* clip.h - which frames make a clip. Pure: knows time and boxes, no pixels.
 *
 * A clip is some frames, about interval_ms apart (arXiv:2003.08061 section 4.2: every third frame
 * at 30 fps), of one run of one face. Its squares are held for the frames of the file's own
 * verdict, while the face sways in them, and then, if it has walked away, laid anew: of 90 live
 * clips of a second 13 lost all their scores to squares laid anew at once, and depth ranks those
 * that were held no worse (AUC 0.83 against 0.78; models/README.md). A run is broken when the face
 * jumps, as only another one does, or when no frame could be taken for too long. */
#ifndef CLIP_H
#define CLIP_H

#include "image.h"

struct clip {
    float interval_ms;
    int span;          /* frames for which squares are held at least */
    int taken;         /* frames since the squares were laid */
    bool looked;       /* last_ms is set */
    double last_ms;    /* of the last frame that was due */
    bool run;          /* a run goes on: taken_ms and last are set */
    double taken_ms;   /* of its last frame that was taken */
    struct rect first; /* face about which the squares were laid */
    struct rect last;  /* face in the last frame that was taken */
};

void clip_init(struct clip *clip, float interval_ms, int span);
/* Is a frame of this time the next one? Frames may come 15 % early. */
bool clip_due(const struct clip *clip, double time_ms);
/* At this time: have frames stopped coming, or could none be taken, for 2.5 intervals? */
bool clip_starved(const struct clip *clip, double time_ms);
bool clip_broken(const struct clip *clip, double time_ms);
void clip_look(struct clip *clip, double time_ms); /* a due frame was looked at */

/* Lays the squares anew about this face: the next frame taken is their first. */
void clip_start(struct clip *clip, struct rect face);
/* Need the squares not be laid anew? */
bool clip_holds(const struct clip *clip, struct rect face);
/* Can this be the face of the last frame taken, an interval or two later? */
bool clip_follows(const struct clip *clip, struct rect face);
void clip_take(struct clip *clip, struct rect face); /* the frame last looked at was taken */

void clip_pause(struct clip *clip); /* this frame could not be taken: squares are laid anew */
void clip_break(struct clip *clip); /* the run is over */
void clip_reset(struct clip *clip); /* forgets the clock as well */

#endif
