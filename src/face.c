/* face.c - BlazeFace short range: input, network, anchors, decoding, weighted suppression.
 *
 * The numbers are those of MediaPipe's graphs face_detection.pbtxt and
 * face_detection_short_range.pbtxt. One step differs: MediaPipe samples the frame bilinearly, we
 * average over it when it shrinks, over some of its pixels if it is large (image_resize). */
#include "face.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const float MIN_SCORE = 0.5f;     /* min_score_thresh */
static const float MAX_LOGIT = 100.0f;   /* score_clipping_thresh */
static const float MIN_OVERLAP = 0.3f;   /* min_suppression_threshold, intersection over union */
static const float MAX_OFFSET = 1024.0f; /* input pixels; a trained network stays far below */

enum { BOX_VALUES = 4 + 2 * LIVEDEPTH_LANDMARKS };

/* The two maps that carry anchors: cells a side, anchors a cell. */
static const struct {
    int side, anchors;
} maps[2] = { { 16, 2 }, { 8, 6 } };

/* Block i: depthwise 3x3 with this stride, 1x1 convolution to `out` channels. */
static const struct {
    int out, stride;
} blocks[] = {
    { 24, 1 }, { 28, 1 }, { 32, 2 }, { 36, 1 }, { 42, 1 }, { 48, 2 }, { 56, 1 }, { 64, 1 },
    { 72, 1 }, { 80, 1 }, { 88, 1 }, { 96, 2 }, { 96, 1 }, { 96, 1 }, { 96, 1 }, { 96, 1 },
};
enum { STEM_CHANNELS = 24, LAST_BLOCK_OF_16 = 11 };

struct face_detector {
    struct nn *nn;
    void *scratch;
    float *image;                             /* [FACE_INPUT][FACE_INPUT][3] */
    uint8_t rgb[FACE_INPUT * FACE_INPUT * 3]; /* likewise */
    struct image_target frame;                /* the part of rgb that is not black border */
    struct face_raw raw;
    struct face candidates[FACE_ANCHORS];
};

/* Describes one output and returns it. */
static struct tensor *head(struct nn *nn, struct tensor *x, int out, const char *name)
{
    struct tensor *y = nn_conv(nn, x, out, 1, ACT_NONE, "%s", name);
    nn_output(nn, y);
    return y;
}

static enum livedepth_status describe(struct face_detector *detector, const struct weights *weights)
{
    struct nn *nn = detector->nn;
    struct tensor *image = nn_input(nn, FACE_INPUT, FACE_INPUT, 3, "image");
    struct tensor *x = nn_conv_stride2(nn, image, STEM_CHANNELS, 5, PAD_SAME, ACT_RELU, "stem");
    struct tensor *x16 = NULL;
    for (int i = 1; i <= COUNT(blocks); i++) {
        int out = blocks[i - 1].out, stride = blocks[i - 1].stride;
        struct tensor *y = nn_depthwise(nn, x, 3, stride, PAD_SAME, "block%d.depthwise", i);
        y = nn_conv(nn, y, out, 1, ACT_NONE, "block%d.pointwise", i);
        if (stride == 2) x = nn_maxpool(nn, x);
        x = nn_add(nn, y, x, ACT_RELU);
        if (i == LAST_BLOCK_OF_16) x16 = x;
    }
    struct tensor *box16 = head(nn, x16, maps[0].anchors * BOX_VALUES, "box16");
    struct tensor *score16 = head(nn, x16, maps[0].anchors, "score16");
    struct tensor *box8 = head(nn, x, maps[1].anchors * BOX_VALUES, "box8");
    struct tensor *score8 = head(nn, x, maps[1].anchors, "score8");
    TRY(nn_status(nn));
    TRY(nn_check_rest(weights_whole(weights), &nn, 1));
    TRY(nn_finish(nn));
    detector->scratch = memory_create(nn_scratch_bytes(nn));
    if (!detector->scratch) return fail(LIVEDEPTH_NO_MEMORY, "face detector: scratch memory");
    TRY(nn_place(nn, detector->scratch));
    detector->image = nn_data(image);
    detector->raw = (struct face_raw){ { nn_data(box16), nn_data(box8) },
                                       { nn_data(score16), nn_data(score8) } };
    return LIVEDEPTH_OK;
}

enum livedepth_status face_detector_create(struct face_detector **out,
                                           const struct weights *weights, struct pthreadpool *pool)
{
    struct face_detector *detector = calloc(1, sizeof *detector);
    if (!detector) return fail(LIVEDEPTH_NO_MEMORY, "face detector");
    detector->nn = nn_create(weights_whole(weights), pool);
    enum livedepth_status status =
        detector->nn ? describe(detector, weights) : fail(LIVEDEPTH_NO_MEMORY, "face detector");
    if (status != LIVEDEPTH_OK) {
        face_detector_destroy(detector);
        return status;
    }
    *out = detector;
    return LIVEDEPTH_OK;
}

void face_detector_destroy(struct face_detector *detector)
{
    if (!detector) return;
    nn_destroy(detector->nn);
    free(detector->scratch);
    free(detector);
}

struct image_target face_frame(const struct face_detector *detector) { return detector->frame; }

struct nn *face_detector_nn(struct face_detector *detector) { return detector->nn; }

/* The face of one anchor, whose cell is centred at (x, y); false if its numbers are no box. */
static bool decode_anchor(const float *box, float confidence, float x, float y, struct face *face)
{
    for (int i = 0; i < BOX_VALUES; i++)
        if (!(fabsf(box[i]) <= MAX_OFFSET)) return false; /* NaN too */
    float width = box[2], height = box[3];
    if (width <= 0 || height <= 0) return false;
    face->box = (struct rect){ x + box[0] - width / 2, y + box[1] - height / 2, width, height };
    for (int i = 0; i < LIVEDEPTH_LANDMARKS; i++) {
        face->landmarks[i][0] = x + box[4 + 2 * i];
        face->landmarks[i][1] = y + box[5 + 2 * i];
    }
    face->confidence = confidence;
    return true;
}

static int decode_map(const float *box, const float *score, int side, int anchors,
                      struct face *candidates)
{
    int count = 0;
    float cell = (float)FACE_INPUT / (float)side;
    for (int y = 0; y < side; y++)
        for (int x = 0; x < side; x++)
            for (int i = 0; i < anchors; i++, box += BOX_VALUES, score++) {
                float confidence = sigmoid(fminf(fmaxf(*score, -MAX_LOGIT), MAX_LOGIT));
                if (confidence >= MIN_SCORE)
                    count += decode_anchor(box, confidence, ((float)x + 0.5f) * cell,
                                           ((float)y + 0.5f) * cell, &candidates[count]);
            }
    return count;
}

/* sum += weight * face */
static void accumulate(struct face *sum, const struct face *face, float weight)
{
    sum->box.left += weight * face->box.left;
    sum->box.top += weight * face->box.top;
    sum->box.width += weight * face->box.width;
    sum->box.height += weight * face->box.height;
    for (int i = 0; i < LIVEDEPTH_LANDMARKS; i++) {
        sum->landmarks[i][0] += weight * face->landmarks[i][0];
        sum->landmarks[i][1] += weight * face->landmarks[i][1];
    }
}

/* Takes the best candidate and all that overlap it out of candidates, and returns their mean
 * weighted by confidence, with the confidence of the best. */
static struct face take_best(struct face *candidates, int *count)
{
    int best = 0;
    for (int i = 1; i < *count; i++)
        if (candidates[i].confidence > candidates[best].confidence) best = i;
    struct rect box = candidates[best].box;
    struct face sum = { .confidence = 0 }, mean = { .confidence = candidates[best].confidence };
    float weight = 0;
    int kept = 0;
    for (int i = 0; i < *count; i++) {
        if (i != best && rect_overlap(candidates[i].box, box) <= MIN_OVERLAP) {
            candidates[kept++] = candidates[i];
            continue;
        }
        accumulate(&sum, &candidates[i], candidates[i].confidence);
        weight += candidates[i].confidence;
    }
    accumulate(&mean, &sum, 1 / weight);
    *count = kept;
    return mean;
}

/* Puts face into faces[count], largest first; the smallest of more than FACE_MAX is dropped. */
static int insert(struct face *faces, int count, const struct face *face)
{
    int at = count;
    while (at > 0 && rect_area(faces[at - 1].box) < rect_area(face->box)) at--;
    if (at == FACE_MAX) return count;
    int moved = min_int(count, FACE_MAX - 1) - at;
    memmove(&faces[at + 1], &faces[at], (size_t)moved * sizeof *faces);
    faces[at] = *face;
    return min_int(count + 1, FACE_MAX);
}

int face_decode(const struct face_raw *raw, struct face *candidates, struct face *faces)
{
    int candidate_count = 0, count = 0;
    for (int i = 0; i < COUNT(maps); i++)
        candidate_count += decode_map(raw->box[i], raw->score[i], maps[i].side, maps[i].anchors,
                                      &candidates[candidate_count]);
    while (candidate_count > 0) {
        struct face face = take_best(candidates, &candidate_count);
        count = insert(faces, count, &face);
    }
    return count;
}

/* Along the line of the eyes and down from it, in widths of the box. Of 950 detections in real
 * clips of webcams the least were, in faces turned to the side, eyes 0.087 and ears 0.30 apart, and
 * the mouth 0.26 below the eyes; a false face in a padded picture had its ears in one place. */
bool face_plausible(const struct face *face)
{
    const float *right_eye = face->landmarks[0], *left_eye = face->landmarks[1];
    const float *right_ear = face->landmarks[4], *left_ear = face->landmarks[5];
    const float x = left_eye[0] - right_eye[0], y = left_eye[1] - right_eye[1];
    const float eyes = hypotf(x, y), width = face->box.width;
    if (!(eyes >= 0.08f * width)) return false;
    const float ears = ((left_ear[0] - right_ear[0]) * x + (left_ear[1] - right_ear[1]) * y) / eyes;
    float down[2]; /* nose, mouth */
    for (int i = 0; i < 2; i++) {
        const float *p = face->landmarks[2 + i];
        down[i] = ((p[1] - (right_eye[1] + left_eye[1]) / 2) * x -
                   (p[0] - (right_eye[0] + left_eye[0]) / 2) * y) /
                  eyes;
    }
    return ears >= 0.25f * width && down[0] > 0 && down[1] > down[0] && down[1] >= 0.2f * width;
}

/* The frame's place in the network's input: its longer side fills it, the rest is black. */
struct letterbox {
    int left, top, w, h;
};

static struct letterbox letterbox_fit(int width, int height)
{
    int side = max_int(width, height);
    int w = max_int(IMAGE_MIN_TARGET, (width * FACE_INPUT + side / 2) / side);
    int h = max_int(IMAGE_MIN_TARGET, (height * FACE_INPUT + side / 2) / side);
    return (struct letterbox){ (FACE_INPUT - w) / 2, (FACE_INPUT - h) / 2, w, h };
}

static struct face letterbox_undo(struct face face, struct letterbox fit, int width, int height)
{
    float scale_x = (float)width / (float)fit.w, scale_y = (float)height / (float)fit.h;
    float left = (float)fit.left, top = (float)fit.top;
    face.box = (struct rect){ (face.box.left - left) * scale_x, (face.box.top - top) * scale_y,
                              face.box.width * scale_x, face.box.height * scale_y };
    for (int i = 0; i < LIVEDEPTH_LANDMARKS; i++) {
        face.landmarks[i][0] = (face.landmarks[i][0] - left) * scale_x;
        face.landmarks[i][1] = (face.landmarks[i][1] - top) * scale_y;
    }
    return face;
}

enum livedepth_status face_detect(struct face_detector *detector, struct image_scratch *scratch,
                                  const struct livedepth_frame *frame, struct face *faces,
                                  int *count)
{
    int width, height;
    image_upright_size(frame, &width, &height);
    struct letterbox fit = letterbox_fit(width, height);
    memset(detector->rgb, 0, sizeof detector->rgb);
    detector->frame = (struct image_target){
        .rgb = detector->rgb + (fit.top * FACE_INPUT + fit.left) * 3,
        .w = fit.w,
        .h = fit.h,
        .stride = FACE_INPUT,
    };
    TRY(image_resize(scratch, frame, (struct rect){ 0, 0, (float)width, (float)height },
                     IMAGE_TRIANGLE, detector->frame));
    image_floats(detector->rgb, COUNT(detector->rgb), 127.5f, 127.5f, detector->image);
    TRY(nn_run(detector->nn));

    const int found = face_decode(&detector->raw, detector->candidates, faces);
    *count = 0;
    for (int i = 0; i < found; i++)
        if (face_plausible(&faces[i]))
            faces[(*count)++] = letterbox_undo(faces[i], fit, width, height);
    return LIVEDEPTH_OK;
}

/* As image.c has it: before, with w x h, (x, y) is at 90: (h - y, x), 180: (w - x, h - y),
 * 270: (y, w - x). */
static void turn_back(float *x, float *y, int turn, float width, float height)
{
    const float u = *x, v = *y;
    *x = turn == 90 ? v : turn == 180 ? width - u : height - v;
    *y = turn == 90 ? width - u : turn == 180 ? height - v : u;
}

struct face face_turn_back(struct face face, int turn, int width, int height)
{
    const float w = (float)width, h = (float)height;
    struct rect *box = &face.box;
    float right = box->left + box->width, bottom = box->top + box->height;
    turn_back(&box->left, &box->top, turn, w, h);
    turn_back(&right, &bottom, turn, w, h);
    *box = (struct rect){ fminf(box->left, right), fminf(box->top, bottom),
                          fabsf(right - box->left), fabsf(bottom - box->top) };
    for (int i = 0; i < LIVEDEPTH_LANDMARKS; i++)
        turn_back(&face.landmarks[i][0], &face.landmarks[i][1], turn, w, h);
    return face;
}
