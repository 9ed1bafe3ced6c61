/* SPDX-License-Identifier: MIT
 *
 * livedepth.h - passive face presentation attack detection: is a live person before the camera?
 *
 * The whole public API. A model is read-only data from one safetensors file: which squares about
 * the face are looked at (views), which networks look at them (scorers) and how their scores become
 * one (fusion). A session is one camera stream: frames go in one by one, each gives a result.
 *
 *     struct livedepth_model *detector, *model;
 *     struct livedepth_session *session;
 *     struct livedepth_result result;
 *     livedepth_model_open(&detector, bytes0, size0);
 *     livedepth_model_open(&model, bytes1, size1);
 *     livedepth_session_create(&session, detector, model, NULL);
 *     while (next_frame(&frame))
 *         livedepth_session_push(session, &frame, &result);
 *     use(result.verdict, result.score, livedepth_session_depth(session, LIVEDEPTH_DEPTH_MEAN));
 *     livedepth_session_destroy(session);
 *
 * Rules that hold for every function:
 *   - A function that can fail returns enum livedepth_status and sets its outputs only on
 *     LIVEDEPTH_OK; livedepth_error_detail() then says what and where.
 *   - No face, a clip that is still filling and "undecided" are results, not errors.
 *   - create/open pairs with destroy/close; both accept NULL.
 *   - A session is used from one thread at a time; a model may be shared by sessions.
 */
#ifndef LIVEDEPTH_H
#define LIVEDEPTH_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct livedepth_model;
struct livedepth_session;

enum {
    LIVEDEPTH_MAX_SIDE = 4096, /* pixels, either side of a frame */
    LIVEDEPTH_LANDMARKS = 6,   /* right eye, left eye, nose tip, mouth, right ear, left ear */
    LIVEDEPTH_DEPTH_MEAN = -1, /* livedepth_session_depth: the mean over the clip's pairs */
    LIVEDEPTH_MAX_VIEWS = 4,   /* of a model */
    LIVEDEPTH_MAX_SCORERS = 4,
    LIVEDEPTH_MAX_CLIPS = 1000, /* that a verdict may rest on */
};

enum livedepth_status {
    LIVEDEPTH_OK = 0,
    LIVEDEPTH_BAD_ARGUMENT,
    LIVEDEPTH_NO_MEMORY,
    LIVEDEPTH_INTERNAL,          /* XNNPACK refused an operator: our mistake */
    LIVEDEPTH_WEIGHTS_TRUNCATED, /* the file ends before its header or data does */
    LIVEDEPTH_WEIGHTS_HEADER_TOO_LARGE,
    LIVEDEPTH_WEIGHTS_BAD_HEADER, /* not safetensors: no JSON object, bad UTF-8, bad nesting */
    LIVEDEPTH_WEIGHTS_DUPLICATE,
    LIVEDEPTH_WEIGHTS_TOO_MANY,
    LIVEDEPTH_WEIGHTS_BAD_DTYPE, /* neither F32, F16 nor I8 */
    LIVEDEPTH_WEIGHTS_BAD_SHAPE,
    LIVEDEPTH_WEIGHTS_BAD_OFFSETS, /* overlap, hole, trailing bytes, out of bounds */
    LIVEDEPTH_WEIGHTS_MISSING,
    LIVEDEPTH_WEIGHTS_UNEXPECTED,
    LIVEDEPTH_WEIGHTS_NON_FINITE,   /* or a scale of bytes that is not above 0 */
    LIVEDEPTH_WEIGHTS_BAD_METADATA, /* a key is missing, not a number or out of its range */
    LIVEDEPTH_WEIGHTS_VERSION,      /* made for another version of this library */
    LIVEDEPTH_FRAME_BAD_SIZE,
    LIVEDEPTH_FRAME_TOO_LARGE,
    LIVEDEPTH_FRAME_BAD_FORMAT,
    LIVEDEPTH_FRAME_BAD_STRIDE,
    LIVEDEPTH_FRAME_BAD_BUFFER, /* shorter than format, size and strides need */
    LIVEDEPTH_FRAME_BAD_ROTATION,
    LIVEDEPTH_FRAME_BAD_TIMESTAMP, /* not 0 .. 2^53 - 1 us, or not later than before */
};

enum livedepth_format { LIVEDEPTH_RGBA = 0, LIVEDEPTH_BGRA, LIVEDEPTH_I420, LIVEDEPTH_NV12 };
enum livedepth_crop { LIVEDEPTH_CROP_FACE = 0, LIVEDEPTH_CROP_NONE };
enum livedepth_verdict { LIVEDEPTH_UNDECIDED = 0, LIVEDEPTH_LIVE, LIVEDEPTH_SPOOF };

/* What a push did with its frame. */
enum livedepth_state {
    LIVEDEPTH_SKIPPED = 0, /* not due yet: the clip takes one frame every frame_interval_ms */
    LIVEDEPTH_WAITING,     /* looked at, but no usable face: see frame_reason */
    LIVEDEPTH_FILLING,     /* taken; the clip is not full yet */
    LIVEDEPTH_SCORED,      /* taken; a clip was scored */
};

/* Why a verdict is undecided (NONE beside live and spoof), or what is wrong with a frame. */
enum livedepth_reason {
    LIVEDEPTH_REASON_NONE = 0,
    LIVEDEPTH_REASON_CLIP_SHORT, /* fewer clips so far than a verdict needs */
    LIVEDEPTH_REASON_NO_FACE,
    LIVEDEPTH_REASON_MULTIPLE_FACES,
    LIVEDEPTH_REASON_FACE_SMALL,
    LIVEDEPTH_REASON_FACE_MOVED,     /* the face left its square: the clip started again; if it
                                       * jumped, as another face would, the scores, too */
    LIVEDEPTH_REASON_FRAME_GAP,      /* too long since the frame before; all started again */
    LIVEDEPTH_REASON_FORMAT_CHANGED, /* size, format or rotation; all started again */
    LIVEDEPTH_REASON_LOW_CONFIDENCE, /* the score lies between the two thresholds */
    LIVEDEPTH_REASON_UNTRAINED,      /* the weights say that they are not trained */
    LIVEDEPTH_REASON_NON_FINITE,     /* the network's numbers ran away */
    LIVEDEPTH_REASON_TOO_DARK,       /* the face, or the whole frame and no face was found */
    LIVEDEPTH_REASON_TOO_BRIGHT,     /* likewise */
    LIVEDEPTH_REASON_LOW_CONTRAST,   /* the face, as in fog */
    LIVEDEPTH_REASON_BLURRY,         /* the face */
    LIVEDEPTH_REASON_LOW_FRAME_RATE, /* a clip would be no motion */
    LIVEDEPTH_REASON_FROZEN_FRAMES, /* the third equal picture and those behind it: see the check */
    LIVEDEPTH_REASON_SCENE_CHANGED, /* another picture from one frame to the next; all started
                                       * again */
    LIVEDEPTH_REASON_FLAT_MOTION,   /* all in view moves as one flat picture would, or not at all */
    LIVEDEPTH_REASON_REPEATED_FRAMES, /* half of the newest frames came before, as in a loop */
    LIVEDEPTH_REASON_ROLL,            /* the head or the camera lies on its side or upside down */
    LIVEDEPTH_REASON_NOISY,           /* the face is lost in the sensor's noise */
};

/* Measures of every frame that is looked at. The limits of a good frame lie in quality.c
 * and in the model's file. A frame beyond them is still taken; one so bad
 * that it is not has a frame_reason. NaN: not measured. */
enum livedepth_check {
    LIVEDEPTH_CHECK_FACE_COUNT = 0, /* the largest, and others about as large and sure */
    LIVEDEPTH_CHECK_FACE_SIZE,      /* longer side of the box over the shorter side of the frame */
    LIVEDEPTH_CHECK_CENTERING, /* the face's centre from the frame's, over half the shorter side */
    LIVEDEPTH_CHECK_YAW,       /* degrees, about; positive: turned to the picture's right side */
    LIVEDEPTH_CHECK_PITCH,     /* degrees, about; positive: looks up */
    LIVEDEPTH_CHECK_ROLL,      /* degrees, -180 .. 180: of the line of the eyes; positive: clockwise
                                 * in the picture */
    LIVEDEPTH_CHECK_SHARPNESS, /* 0 .. 1: share of the face's detail that a strong blur takes away;
                                 * noise counts as detail */
    LIVEDEPTH_CHECK_BRIGHTNESS, /* 0 .. 1: mean luma of the face; of the frame if it has no face */
    LIVEDEPTH_CHECK_CONTRAST,   /* 0 .. 0.5: standard deviation of the same luma */
    LIVEDEPTH_CHECK_NOISE,      /* 0 .. 1: standard deviation of a noise that differs from pixel to
                                 * pixel, in the luma of the face */
    LIVEDEPTH_CHECK_MOTION,     /* move plus change of size of the face's box since the frame looked
                                 * at before, in box sides a second */
    LIVEDEPTH_CHECK_FRAME_RATE, /* frames pushed a second, by their times; needs no face */
    LIVEDEPTH_CHECK_FROZEN_FRAMES, /* frames looked at in a row that equal the one before, byte by
                                    * byte, of planes of 512 rows and more in every second row or
                                    * fewer; a camera has noise; needs no face */
    LIVEDEPTH_CHECKS,
};

/* One frame, borrowed for the call. Strides are in bytes; a stride of 0 means tightly packed, and
 * if all offsets are 0 the planes follow each other. Odd sizes: chroma planes round up. */
struct livedepth_frame {
    const uint8_t *data;
    size_t size;           /* bytes at data */
    int32_t width, height; /* as stored, before rotation: 1 .. LIVEDEPTH_MAX_SIDE */
    int32_t format;        /* enum livedepth_format */
    int32_t rotation;      /* 0, 90, 180, 270: clockwise turn that makes the picture upright */
    int32_t full_range;    /* Y in 0..255 instead of 16..235; both BT.601 */
    uint32_t offset[3], stride[3];
    double time_ms; /* capture time, any origin, strictly rising, below 2^53 microseconds */
};

/* What was cut of a frame before, as a result and livedepth_session_view had it: a session of
 * LIVEDEPTH_CROP_NONE that is given these gives bit for bit the scores of the one that cut them.
 * Borrowed for the call. */
struct livedepth_views {
    const uint8_t *data; /* every view's [size][size][3] RGB, one after the other in their order */
    size_t size;         /* bytes at data */
    int32_t width, height;                 /* of the frame, upright: 1 .. LIVEDEPTH_MAX_SIDE */
    int32_t paused;                        /* frames between the last and this had no usable face */
    float face[4];                         /* box: left, top, width, height */
    float squares[LIVEDEPTH_MAX_VIEWS][4]; /* views: where the face says, else BAD_ARGUMENT */
    float turn;                            /* -180 .. 180, as of a result */
    double time_ms;                        /* as of a frame */
};

struct livedepth_options {
    int32_t threads;       /* 1 .. 64; 1 runs on the calling thread */
    int32_t crop;          /* enum livedepth_crop; NONE takes each frame as a face crop, which
                                  * every view shows as a whole */
    float live_threshold;  /* NaN = the model's own; else 0 .. 1 */
    float spoof_threshold; /* likewise; <= live_threshold */
    int32_t clips;         /* that a verdict rests on: 1 .. LIVEDEPTH_MAX_CLIPS; 0 = the
                                  * model's own */
    int32_t photo;         /* not 0: each frame is a photo of its own and has its own verdict, by
                                  * the scorers that look at single frames, with the model's
                                  * thresholds for photos. Much weaker than a clip. clips is 0 */
};

/* Only 4-byte fields, so that a binding can read it by offset. */
struct livedepth_result {
    int32_t state;        /* enum livedepth_state */
    int32_t verdict;      /* enum livedepth_verdict, of the clips that count */
    int32_t reason;       /* enum livedepth_reason: why undecided */
    int32_t frame_reason; /* enum livedepth_reason: why this frame was not used or started
                                  * the clip again */
    int32_t clips;        /* that count: scored since the last reset and the last break of
                                  * the run by a gap, another face or another format */
    int32_t clips_needed; /* for a verdict */
    int32_t frames;       /* frames taken since the last reset */
    int32_t run_frames;   /* likewise since the last break: all that the clips that count saw */
    int32_t clip_frames;  /* frames now in the clip, 0 .. the longest clip of the scorers */
    float score;          /* 0 attack .. 1 live, of all clips that count; NaN: none */
    float clip_score;     /* of the newest clip alone; NaN: none */
    float scores[LIVEDEPTH_MAX_SCORERS]; /* by scorer: the mean over the clips that count, of which
                                          * score is the fusion; NaN: it has none */
    float votes[LIVEDEPTH_MAX_SCORERS];  /* what each adds to the logit of score: weight * logit */
    int32_t width, height;               /* of the frame, upright */
    int32_t faces;    /* faces found; in a clip every fourth frame is searched, in the
                                  * others the face is followed and this is what was found last */
    float confidence; /* of the largest face when it was found, 0 .. 1 */
    float box[4];     /* that face: left, top, width, height, in upright pixels */
    float landmarks[LIVEDEPTH_LANDMARKS][2];
    float views[LIVEDEPTH_MAX_VIEWS][4]; /* by view: the square of this frame that it shows: left,
                                          * top, width, height; width 0: it was not cut */
    float turn; /* degrees by which the frame was turned about its centre, against the clock, before
                 * the views were cut, where the face leans; views lie in the turned frame */
    float checks[LIVEDEPTH_CHECKS]; /* by enum livedepth_check; all NaN in a skipped frame */
    float detect_ms, view_ms;       /* time spent in this push */
    float scorer_ms[LIVEDEPTH_MAX_SCORERS]; /* likewise; on threads some look side by side */
};

/* Reads a safetensors file: a liveness model or the face detector. Borrows bytes until
 * livedepth_model_close. Every tensor of the file is checked against the networks it names. */
enum livedepth_status livedepth_model_open(struct livedepth_model **out, const void *bytes,
                                           size_t size);
void livedepth_model_close(struct livedepth_model *model);

/* A string of the file's __metadata__ ("preset", "trained", "provenance"), or NULL. */
const char *livedepth_model_info(const struct livedepth_model *model, const char *key);
/* The name of a view or a scorer, by its place in a result, or NULL. */
const char *livedepth_model_view(const struct livedepth_model *model, int32_t view);
const char *livedepth_model_scorer(const struct livedepth_model *model, int32_t scorer);

/* Builds the plans and allocates everything; push never allocates. Borrows both models until
 * livedepth_session_destroy. detector may be NULL with LIVEDEPTH_CROP_NONE; options may be NULL. */
enum livedepth_status livedepth_session_create(struct livedepth_session **out,
                                               const struct livedepth_model *detector,
                                               const struct livedepth_model *model,
                                               const struct livedepth_options *options);
void livedepth_session_destroy(struct livedepth_session *session);

/* Forgets the clip, the scores and the clock: call between persons. */
void livedepth_session_reset(struct livedepth_session *session);

/* Takes one frame. A frame that is refused (BAD_ARGUMENT, FRAME_*) changes nothing; after any other
 * error the clip starts again. */
enum livedepth_status livedepth_session_push(struct livedepth_session *session,
                                             const struct livedepth_frame *frame,
                                             struct livedepth_result *out);

/* The bytes of a view, [size][size][3] RGB, as the last push cut them for the scorers; NULL if
 * there is no such view. Owned by the session, valid until the next push. */
const uint8_t *livedepth_session_view(const struct livedepth_session *session, int32_t view);

/* Takes a frame of which the views are kept: what happens behind the finding of the face happens
 * again. A frame that is refused changes nothing. */
enum livedepth_status livedepth_session_push_views(struct livedepth_session *session,
                                                   const struct livedepth_views *views,
                                                   struct livedepth_result *out);

/* Fused depth map of the newest scored clip, by the first scorer that makes depth maps: pair 0 ..
 * frames - 2, or LIVEDEPTH_DEPTH_MEAN. [size][size], size = livedepth_session_depth_size (0: the
 * model makes none), 1 near .. 0 far and background, upright. NULL before the first clip that
 * counts, and while the scorer's newest clip is one for which another scorer has no score. Owned by
 * the session, valid until the next push. */
const float *livedepth_session_depth(const struct livedepth_session *session, int32_t pair);
int32_t livedepth_session_depth_size(const struct livedepth_session *session);

/* That scorer's score of the newest clip with face masks of the caller's, as the papers and the
 * released code have them from a 3-D face fitted to each frame: masks[frames - 1][size][size],
 * 0..1, for the first frame of every pair. BAD_ARGUMENT where there are no maps, for other values,
 * and for a clip without a finite score. Decides nothing. */
enum livedepth_status livedepth_session_masked_score(const struct livedepth_session *session,
                                                     const float *masks, float *score);

struct livedepth_options livedepth_options_default(void);

const char *livedepth_status_text(enum livedepth_status status); /* "WEIGHTS_BAD_SHAPE" */
const char *livedepth_reason_text(enum livedepth_reason reason); /* "no_face" */
const char *livedepth_error_detail(void); /* of this thread's last failure; never NULL */
const char *livedepth_version(void);

#ifdef __cplusplus
}
#endif
#endif
