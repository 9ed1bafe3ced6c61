/* watch.h - where the face is in each frame: detected now and then, followed in between.
 *
 * Between two detections the face is followed in the run's square (track.h), which is cut anyway,
 * so that a followed frame reads no further pixels. */
#ifndef WATCH_H
#define WATCH_H

#include "face.h"
#include "track.h"
#include "turn.h"

/* A picture in which the face can be followed: a square of the turned frame that is held. */
struct watch_picture {
    struct image_target target;
    struct rect square;
    struct turn turn;
    float scale; /* of its view: how many face boxes it is wide */
};

struct watch {
    struct face_detector *detector;
    struct track track;
    struct face detected, face; /* the largest, where it was detected and where it is now */
    int faces, counted;         /* detected; of these, such as matter */
    int followed;               /* frames since the detection */
    bool corrected;             /* this frame was detected although the face could be followed: */
    struct rect before;         /* so the frame before would have had the face here */
};

/* Finds the face of a frame. picture: the held square as it is in this frame, or NULL where there
 * is none or the face is to be detected. */
enum livedepth_status watch_look(struct watch *watch, struct image_scratch *scratch,
                                 const struct livedepth_frame *frame,
                                 const struct watch_picture *picture);
/* The squares were laid anew, or the face was detected: follows it from here on in this picture. */
void watch_start(struct watch *watch, const struct watch_picture *picture);

#endif
