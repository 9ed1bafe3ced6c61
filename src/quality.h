/* quality.h - what is measured of a frame before a network sees it: thirteen checks, each a number
 * with limits that a good frame keeps, and gates, wider limits beyond which a network's answer
 * would mean nothing. NaN stands for what was not measured. */
#ifndef QUALITY_H
#define QUALITY_H

#include "face.h"

enum {
    QUALITY_SIDE = 64,      /* pixels of the middle of a face, see quality_face */
    QUALITY_INTERVALS = 15, /* between frames: the newest, for the frame rate */
};

/* Limits of a good frame: min <= value <= max; NaN: no bound. */
struct quality_limits {
    float min, max;
};
struct quality_rules {
    struct quality_limits good[LIVEDEPTH_CHECKS]; /* by enum livedepth_check */
    float least_rate;                             /* frames a second: below, a clip is no motion */
};

/* Reads the rules of a model's file: "quality.<check>.min" and ".max" stand in for the library's
 * own. largest_face: longer side of a box over the shorter side of the frame; interval_ms: between
 * the frames of a clip. */
enum livedepth_status quality_rules_read(struct quality_rules *rules, struct weights_part file,
                                         float largest_face, float interval_ms);
const char *quality_name(enum livedepth_check check); /* "face_count" */

/* The checks' memory of frames before, and scratch memory. */
struct quality {
    const struct quality_rules *rules;
    float intervals[QUALITY_INTERVALS]; /* milliseconds, a ring */
    int ticks;                          /* how many there were; stays below 2 QUALITY_INTERVALS */
    bool looked;                        /* hash is set */
    uint32_t hash;                      /* of the frame looked at before, as are the next two */
    int frozen;
    struct rect face; /* width 0: it had none */
    double face_ms;
    uint8_t rgb[QUALITY_SIDE * QUALITY_SIDE * 3];
    float luma[QUALITY_SIDE * QUALITY_SIDE];
};

void quality_init(struct quality *quality, const struct quality_rules *rules); /* borrowed */
void quality_reset(struct quality *quality);
/* Another frame came, this long after the one before. */
void quality_tick(struct quality *quality, double interval_ms);
/* Forgets the face of the frame before: its pixels were others. */
void quality_forget_face(struct quality *quality);
/* Corrects where the face of the frame before was, so that a more exact look at this frame is not
 * taken for motion. */
void quality_correct_face(struct quality *quality, struct rect before);

/* The checks of a frame that is looked at, into checks[LIVEDEPTH_CHECKS], all NaN before: first
 * those that need no face. frame has passed image_check. */
void quality_frame(struct quality *quality, const struct livedepth_frame *frame, float *checks);
/* Then the rest: faces[0] is the face, `count` >= 1 are in the picture. Light and sharpness are
 * those of the middle of its box, which is skin, eyes and mouth, at about the size in which a
 * network of 128x128 gets it; noise is that of the frame's own pixels. */
enum livedepth_status quality_face(struct quality *quality, struct image_scratch *scratch,
                                   const struct livedepth_frame *frame, const struct face *faces,
                                   int count, float *checks);
/* Or, without a face: brightness and contrast of the frame, of which this is a small picture. */
void quality_no_face(struct quality *quality, struct image_target small, float *checks);

/* Why a frame with these checks must not be used, or NONE. Without a face: why none was seen. */
enum livedepth_reason quality_gate(const struct quality *quality, const float *checks);

/* --- the parts, for tests --- */

/* Degrees, as enum livedepth_check has them; NaN where the landmarks are no face. */
void quality_pose(const float landmarks[LIVEDEPTH_LANDMARKS][2], float *yaw, float *pitch);
float quality_roll(const float landmarks[LIVEDEPTH_LANDMARKS][2]);
float quality_sharpness(const float *luma); /* [QUALITY_SIDE][QUALITY_SIDE] */
float quality_noise(const float *luma);     /* likewise */

#endif
