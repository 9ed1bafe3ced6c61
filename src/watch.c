/* watch.c - see watch.h. */
#include "watch.h"
#include <math.h>
#include <string.h>

/* A second face counts from this share of the largest one's area and this confidence on: hair,
 * hands and foliage gave up to 0.82 at up to 0.4 of the area. */
static const float SECOND_FACE_AREA = 0.25f, SECOND_FACE_CONFIDENCE = 0.85f;
/* A face seen with less confidence may lie on its side or upside down, if it is so much surer that
 * it is one when the frame is turned. Faces of 0.95 and more had, upside down, 0.56 to 0.77. */
static const float SURE = 0.8f, SURER = 0.1f;
/* One frame in so many is searched for faces; in the others the face is followed. */
enum { DETECT_EVERY = 4 };

/* Is a face more on its side than upright, by its eyes? One that is not has nothing from a frame
 * that is turned but a box that jumps. */
static bool leans(const struct face *face)
{
    const float *right_eye = face->landmarks[0], *left_eye = face->landmarks[1];
    return left_eye[0] - right_eye[0] < fabsf(left_eye[1] - right_eye[1]);
}

/* Finds faces of the frame turned clockwise by so many degrees more; all that lies in its pixels is
 * given as of the frame itself. */
static enum livedepth_status detect_turned(struct watch *watch, struct image_scratch *scratch,
                                           const struct livedepth_frame *frame, int turn,
                                           struct face *faces, int *count)
{
    struct livedepth_frame turned = *frame;
    int width, height;
    turned.rotation = (frame->rotation + turn) % 360;
    image_upright_size(&turned, &width, &height);
    TRY(face_detect(watch->detector, scratch, &turned, faces, count));
    for (int i = 0; i < *count; i++) faces[i] = face_turn_back(faces[i], turn, width, height);
    return LIVEDEPTH_OK;
}

/* Finds the faces of the whole frame. The detector takes a face on its side or upside down for an
 * upright one, with less confidence, or finds none: then the frame is tried turned. */
static enum livedepth_status detect(struct watch *watch, struct image_scratch *scratch,
                                    const struct livedepth_frame *frame)
{
    struct face faces[FACE_MAX], tried[FACE_MAX];
    TRY(face_detect(watch->detector, scratch, frame, faces, &watch->faces));
    float best = watch->faces ? faces[0].confidence : SURE - SURER;
    for (int turn = 90; turn < 360 && best < SURE; turn += 90) {
        int count;
        TRY(detect_turned(watch, scratch, frame, turn, tried, &count));
        if (!count || tried[0].confidence < best + SURER || !leans(&tried[0])) continue;
        best = tried[0].confidence;
        watch->faces = count;
        memcpy(faces, tried, sizeof faces);
    }
    watch->followed = 0;
    watch->counted = min_int(watch->faces, 1);
    for (int i = 1; i < watch->faces; i++)
        watch->counted += rect_area(faces[i].box) >= SECOND_FACE_AREA * rect_area(faces[0].box) &&
                          faces[i].confidence >= SECOND_FACE_CONFIDENCE;
    if (watch->faces) watch->detected = watch->face = faces[0];
    return LIVEDEPTH_OK;
}

/* The present place of the last detection's face. False: it could not be followed. */
static bool follow(struct watch *watch, const struct watch_picture *picture, struct face *face)
{
    float dx, dy;
    if (!track_follow(&watch->track, picture->target, &dx, &dy)) return false;
    dx *= picture->square.width, dy *= picture->square.height;
    turn_move_back(&picture->turn, &dx, &dy);
    *face = watch->detected;
    face->box.left += dx;
    face->box.top += dy;
    for (int i = 0; i < LIVEDEPTH_LANDMARKS; i++) {
        face->landmarks[i][0] += dx;
        face->landmarks[i][1] += dy;
    }
    return true;
}

/* The face's place in the frame before, as this frame's detection would have had it: it moved as
 * it was followed, and has grown evenly since the detection before. */
static struct rect before_detection(struct rect before, struct rect followed, struct rect detected,
                                    int frames)
{
    const float width = detected.width - (detected.width - before.width) / (float)frames,
                height = detected.height - (detected.height - before.height) / (float)frames;
    const float dx = before.left + before.width / 2 - followed.left - followed.width / 2,
                dy = before.top + before.height / 2 - followed.top - followed.height / 2;
    return (struct rect){ detected.left + (detected.width - width) / 2 + dx,
                          detected.top + (detected.height - height) / 2 + dy, width, height };
}

enum livedepth_status watch_look(struct watch *watch, struct image_scratch *scratch,
                                 const struct livedepth_frame *frame,
                                 const struct watch_picture *picture)
{
    struct face face;
    const bool followed = picture && follow(watch, picture, &face);
    const struct rect before = watch->face.box;
    const int frames = watch->followed + 1;
    watch->corrected = false;
    if (followed && frames < DETECT_EVERY) {
        watch->face = face;
        watch->followed = frames;
        return LIVEDEPTH_OK;
    }
    TRY(detect(watch, scratch, frame));
    watch->corrected = followed && watch->faces;
    if (watch->corrected)
        watch->before = before_detection(before, face.box, watch->face.box, frames);
    return LIVEDEPTH_OK;
}

void watch_start(struct watch *watch, const struct watch_picture *picture)
{
    const struct rect box = turn_box(&picture->turn, watch->face.box), square = picture->square;
    watch->detected = watch->face;
    track_start(&watch->track, picture->target, picture->scale,
                (struct rect){ (box.left - square.left) / square.width,
                               (box.top - square.top) / square.height, box.width / square.width,
                               box.height / square.height });
}
