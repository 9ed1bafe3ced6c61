/* face.h - BlazeFace short range (MediaPipe, Apache-2.0; arXiv:1907.05047): faces in one frame.
 *
 * The weights come from the file `face_detection_short_range.tflite` of the npm package
 * @mediapipe/face_detection, turned into safetensors when the project is built. */
#ifndef FACE_H
#define FACE_H

#include "image.h"
#include "nn.h"

enum { FACE_MAX = 8 }; /* faces reported; the largest come first */

struct face {
    struct rect box;                         /* upright pixels of the frame, may reach outside */
    float landmarks[LIVEDEPTH_LANDMARKS][2]; /* upright pixels */
    float confidence;                        /* 0.5 .. 1 */
};

struct face_detector;

enum livedepth_status face_detector_create(struct face_detector **out,
                                           const struct weights *weights, struct pthreadpool *pool);
void face_detector_destroy(struct face_detector *detector);

/* Finds faces that are plausible, largest first; returns how many were written to faces[FACE_MAX]
 * in *count.
 * frame has passed image_check. */
enum livedepth_status face_detect(struct face_detector *detector, struct image_scratch *scratch,
                                  const struct livedepth_frame *frame, struct face *faces,
                                  int *count);

/* The whole frame of the last face_detect, small, as the network got it; valid until the next. */
struct image_target face_frame(const struct face_detector *detector);

/* A face of a frame that was turned clockwise by 90, 180 or 270 degrees, and is width x height so,
 * as it is in the frame before. */
struct face face_turn_back(struct face face, int turn, int width, int height);

/* --- the parts of face_detect, for tests and profiles --- */

enum { FACE_INPUT = 128, FACE_ANCHORS = 16 * 16 * 2 + 8 * 8 * 6 };

/* The network's answer for each anchor of its two maps, [16][16][2] and [8][8][6].
 * box: 16 values in pixels of the input: centre x, y, width, height, landmarks x, y; positions
 * count from the centre of the anchor's cell. score: a logit. */
struct face_raw {
    const float *box[2], *score[2];
};

/* The network. Its input is "image" [128][128][3], -1 .. 1; its outputs are "box16", "score16",
 * "box8" and "score8". */
struct nn *face_detector_nn(struct face_detector *detector);

/* Faces in pixels of the input, merged where they overlap, largest first; returns how many are in
 * faces[FACE_MAX]. candidates[FACE_ANCHORS] is scratch memory. */
int face_decode(const struct face_raw *raw, struct face *candidates, struct face *faces);

/* Do the landmarks make a face? */
bool face_plausible(const struct face *face);

#endif
