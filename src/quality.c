/* quality.c - see quality.h. */
#include "quality.h"
#include "metadata.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { SIDE = QUALITY_SIDE };

static const char *const names[LIVEDEPTH_CHECKS] = {
    [LIVEDEPTH_CHECK_FACE_COUNT] = "face_count",
    [LIVEDEPTH_CHECK_FACE_SIZE] = "face_size",
    [LIVEDEPTH_CHECK_CENTERING] = "centering",
    [LIVEDEPTH_CHECK_YAW] = "yaw",
    [LIVEDEPTH_CHECK_PITCH] = "pitch",
    [LIVEDEPTH_CHECK_ROLL] = "roll",
    [LIVEDEPTH_CHECK_SHARPNESS] = "sharpness",
    [LIVEDEPTH_CHECK_BRIGHTNESS] = "brightness",
    [LIVEDEPTH_CHECK_CONTRAST] = "contrast",
    [LIVEDEPTH_CHECK_NOISE] = "noise",
    [LIVEDEPTH_CHECK_MOTION] = "motion",
    [LIVEDEPTH_CHECK_FRAME_RATE] = "frame_rate",
    [LIVEDEPTH_CHECK_FROZEN_FRAMES] = "frozen_frames",
};

/* Of a good frame, without those that depend on the model. Brightness, contrast and sharpness: a
 * live clip of a webcam (0.39, 0.087, 0.49) was dimmed, overexposed, fogged and blurred by steps.
 * Within these limits the score of the network that came with them, 0.88, stayed above 0.84. Roll
 * and noise: of the same clip turned and with noise, by the fusion of today, 0.9998: up to 25
 * degrees above 0.997, at 30 above 0.93; with a noise of 0.03 0.99, of 0.04 0.96. */
static const struct quality_limits good_frame[LIVEDEPTH_CHECKS] = {
    [LIVEDEPTH_CHECK_FACE_COUNT] = { 1, 1 },
    [LIVEDEPTH_CHECK_FACE_SIZE] = { 0.2f, NAN },
    [LIVEDEPTH_CHECK_CENTERING] = { NAN, 0.5f },
    [LIVEDEPTH_CHECK_YAW] = { -25, 25 },
    [LIVEDEPTH_CHECK_PITCH] = { -25, 25 },
    [LIVEDEPTH_CHECK_ROLL] = { -30, 30 },
    [LIVEDEPTH_CHECK_SHARPNESS] = { 0.3f, NAN },
    [LIVEDEPTH_CHECK_BRIGHTNESS] = { 0.15f, 0.87f },
    [LIVEDEPTH_CHECK_CONTRAST] = { 0.04f, NAN },
    [LIVEDEPTH_CHECK_NOISE] = { NAN, 0.03f },
    [LIVEDEPTH_CHECK_MOTION] = { NAN, 0.5f }, /* a face that leaves its square within a clip */
    [LIVEDEPTH_CHECK_FRAME_RATE] = { NAN, NAN },
    [LIVEDEPTH_CHECK_FROZEN_FRAMES] = { NAN, 1 }, /* a camera slower than its page repeats one */
};
/* Of the clip's own frame rate: a good one, and the least with which a clip is motion. */
static const float GOOD_RATE = 0.8f, LEAST_RATE = 0.5f;

/* Beyond these no network should be asked; the first that a frame breaks is its reason. On the same
 * clip the face was still found far beyond them, with scores down to 0.04. */
static const struct {
    enum livedepth_check check;
    struct quality_limits limits;
    enum livedepth_reason low, high;
} gates[] = {
    { LIVEDEPTH_CHECK_BRIGHTNESS,
      { 0.06f, 0.95f },
      LIVEDEPTH_REASON_TOO_DARK,
      LIVEDEPTH_REASON_TOO_BRIGHT },
    { LIVEDEPTH_CHECK_CONTRAST, { 0.012f, NAN }, LIVEDEPTH_REASON_LOW_CONTRAST, 0 }, /* 3 of 255 */
    /* a noise of 0.06 gave 0.78, of 0.08 0.52 */
    { LIVEDEPTH_CHECK_ROLL, { -60, 60 }, LIVEDEPTH_REASON_ROLL, LIVEDEPTH_REASON_ROLL },
    { LIVEDEPTH_CHECK_NOISE, { NAN, 0.05f }, 0, LIVEDEPTH_REASON_NOISY },
    /* of which 0.02 is what rounding to bytes looks like: blurred so, a face has 0.2 without it */
    { LIVEDEPTH_CHECK_SHARPNESS, { 0.22f, NAN }, LIVEDEPTH_REASON_BLURRY, 0 },
    /* three equal ones in a row: no clip of more is one picture */
    { LIVEDEPTH_CHECK_FROZEN_FRAMES, { NAN, 1 }, 0, LIVEDEPTH_REASON_FROZEN_FRAMES },
};
/* A frame without a face is too dark or bright, and not merely empty, if it is uniform as well. */
static const float BLANK_CONTRAST = 0.06f;

const char *quality_name(enum livedepth_check check) { return names[check]; }

/* One bound of a check, if the file has it. */
static enum livedepth_status read_bound(struct weights_part file, enum livedepth_check check,
                                        const char *which, float *bound)
{
    char key[WEIGHTS_MAX_NAME];
    snprintf(key, sizeof key, "quality.%s.%s", names[check], which);
    return weights_metadata(file, key) ? metadata_float(file, key, -1e3f, 1e3f, bound)
                                       : LIVEDEPTH_OK;
}

enum livedepth_status quality_rules_read(struct quality_rules *rules, struct weights_part file,
                                         float largest_face, float interval_ms)
{
    memcpy(rules->good, good_frame, sizeof good_frame);
    struct quality_limits *size = &rules->good[LIVEDEPTH_CHECK_FACE_SIZE];
    size->max = largest_face;
    size->min = fminf(size->min, largest_face);
    rules->good[LIVEDEPTH_CHECK_FRAME_RATE].min = GOOD_RATE * 1000 / interval_ms;
    rules->least_rate = LEAST_RATE * 1000 / interval_ms;
    for (int i = 0; i < LIVEDEPTH_CHECKS; i++) {
        struct quality_limits *limits = &rules->good[i];
        TRY(read_bound(file, i, "min", &limits->min));
        TRY(read_bound(file, i, "max", &limits->max));
        if (limits->min > limits->max)
            return fail(LIVEDEPTH_WEIGHTS_BAD_METADATA, "metadata quality.%s: min is above max",
                        names[i]);
    }
    return LIVEDEPTH_OK;
}

void quality_init(struct quality *quality, const struct quality_rules *rules)
{
    quality->rules = rules;
    quality_reset(quality);
}

void quality_reset(struct quality *quality)
{
    quality->ticks = 0;
    quality->looked = false;
    quality->frozen = 0;
    quality_forget_face(quality);
}

void quality_forget_face(struct quality *quality) { quality->face = (struct rect){ 0 }; }

void quality_correct_face(struct quality *quality, struct rect before)
{
    if (quality->face.width > 0) quality->face = before;
}

/* --- without a face --- */

void quality_tick(struct quality *quality, double interval_ms)
{
    quality->intervals[quality->ticks++ % QUALITY_INTERVALS] = (float)interval_ms;
    if (quality->ticks == 2 * QUALITY_INTERVALS) quality->ticks = QUALITY_INTERVALS; /* same slot */
}

/* From the median interval: neither a stall nor a burst changes it. NaN before the second frame. */
static float frame_rate(const struct quality *quality)
{
    float sorted[QUALITY_INTERVALS];
    const int count = min_int(quality->ticks, QUALITY_INTERVALS);
    memcpy(sorted, quality->intervals, (size_t)count * sizeof *sorted);
    sort_floats(sorted, count);
    return count ? 1000 / sorted[(count - 1) / 2] : NAN;
}

void quality_frame(struct quality *quality, const struct livedepth_frame *frame, float *checks)
{
    const uint32_t hash = image_hash(frame);
    quality->frozen = quality->looked && hash == quality->hash ? quality->frozen + 1 : 0;
    quality->looked = true;
    quality->hash = hash;
    checks[LIVEDEPTH_CHECK_FRAME_RATE] = frame_rate(quality);
    checks[LIVEDEPTH_CHECK_FROZEN_FRAMES] = (float)quality->frozen;
}

/* --- light --- */

/* 0 .. 1 */
static float luma_of(const uint8_t *rgb)
{
    return (0.299f * rgb[0] + 0.587f * rgb[1] + 0.114f * rgb[2]) / 255;
}

static void measure_light(struct image_target picture, float *checks)
{
    float sum = 0, squares = 0;
    for (int y = 0; y < picture.h; y++)
        for (int x = 0; x < picture.w; x++) {
            const float luma = luma_of(picture.rgb + (y * picture.stride + x) * 3);
            sum += luma, squares += luma * luma;
        }
    const float count = (float)(picture.w * picture.h), mean = sum / count;
    checks[LIVEDEPTH_CHECK_BRIGHTNESS] = mean;
    checks[LIVEDEPTH_CHECK_CONTRAST] = sqrtf(fmaxf(squares / count - mean * mean, 0));
}

/* Crete et al., The blur effect (SPIE 6492, 2007): a strong blur changes little where the picture
 * is blurred already. Of the differences between neighbours, the share that a 9-pixel mean takes
 * away; across and down, the smaller, for motion blurs in one direction. A factor on all pixels
 * cancels; noise counts as detail. */
float quality_sharpness(const float *luma)
{
    enum { REACH = 4, TAPS = 2 * REACH + 1 };
    float sharpness = 1;
    for (int step = 1; step <= SIDE; step += SIDE - 1) { /* across, down */
        float sum = 0, lost = 0;
        for (int y = REACH + 1; y < SIDE - REACH; y++)
            for (int x = REACH + 1; x < SIDE - REACH; x++) {
                const float *p = luma + y * SIDE + x;
                const float here = fabsf(p[0] - p[-step]);
                const float after = fabsf(p[REACH * step] - p[-(REACH + 1) * step]) / TAPS;
                sum += here;
                lost += here > after ? here - after : 0;
            }
        sharpness = fminf(sharpness, sum > 0 ? lost / sum : 0);
    }
    return sharpness;
}

/* Immerkaer, Fast noise variance estimation (CVIU 64, 1996): the difference of two Laplacians,
 *     1 -2 1, -2 4 -2, 1 -2 1,
 * sees no edge that is straight, and makes of a noise of deviation 1 one of 6. The median of its
 * sizes, and not their mean: eyes and hair are in the minority. */
float quality_noise(const float *luma)
{
    enum { LEVELS = 1024 };
    const float median_of_normal = 0.6745f;
    int counts[LEVELS] = { 0 }, level = 0;
    for (int y = 1; y < SIDE - 1; y++)
        for (int x = 1; x < SIDE - 1; x++) {
            const float *p = luma + y * SIDE + x;
            const float corners = p[-SIDE - 1] + p[-SIDE + 1] + p[SIDE - 1] + p[SIDE + 1];
            const float sides = p[-SIDE] + p[-1] + p[1] + p[SIDE];
            const float size = fabsf(corners - 2 * sides + 4 * p[0]) * 255;
            counts[min_int((int)size, LEVELS - 1)]++;
        }
    for (int below = 0; level < LEVELS; level++) {
        below += counts[level];
        if (2 * below > (SIDE - 2) * (SIDE - 2)) break;
    }
    return (float)level / (6 * median_of_normal * 255);
}

/* SIDE pixels of the frame along each axis about the middle of a box, moved into the frame; fewer
 * where it has fewer. */
static struct rect pixels_of(struct rect box, int width, int height)
{
    const float w = fminf(SIDE, (float)width), h = fminf(SIDE, (float)height);
    const float left = floorf(box.left + (box.width - w) / 2),
                top = floorf(box.top + (box.height - h) / 2);
    return (struct rect){ fminf(fmaxf(left, 0), (float)width - w),
                          fminf(fmaxf(top, 0), (float)height - h), w, h };
}

/* The middle two thirds of a box, its part within the frame, at least one pixel. */
static struct rect middle_of(struct rect box, int width, int height)
{
    const float w = (float)width, h = (float)height;
    const float x = box.left + box.width / 6, y = box.top + box.height / 6;
    const float left = fminf(fmaxf(x, 0), w - 1), top = fminf(fmaxf(y, 0), h - 1);
    const float right = fmaxf(fminf(x + box.width * 2 / 3, w), left + 1);
    const float bottom = fmaxf(fminf(y + box.height * 2 / 3, h), top + 1);
    return (struct rect){ left, top, right - left, bottom - top };
}

void quality_no_face(struct quality *quality, struct image_target small, float *checks)
{
    quality_forget_face(quality);
    checks[LIVEDEPTH_CHECK_FACE_COUNT] = 0;
    measure_light(small, checks);
}

/* --- the face --- */

/* Where the tip of the nose is, seen from the middle between the ears, along axes that the eyes
 * give and in distances of the ears: it stands out of the head, so a turn moves it across with
 * tan(yaw) and a nod down with -tan(pitch). The constants fit 18 modelled heads of training/clips,
 * each rendered in 45 poses, yaw -40 .. 40 and pitch -25 .. 25, as BlazeFace sees them: mean errors
 * 3.8 and 5.2 degrees, below 10.4 and 12.6 in 95 of 100. */
void quality_pose(const float landmarks[LIVEDEPTH_LANDMARKS][2], float *yaw, float *pitch)
{
    const float across = 1.25f, down = -1.88f, level = 0.265f;
    const float *right_eye = landmarks[0], *left_eye = landmarks[1], *nose = landmarks[2];
    const float *right_ear = landmarks[4], *left_ear = landmarks[5];
    const float eyes = hypotf(left_eye[0] - right_eye[0], left_eye[1] - right_eye[1]);
    const float ux = (left_eye[0] - right_eye[0]) / eyes, uy = (left_eye[1] - right_eye[1]) / eyes;
    const float ears = (left_ear[0] - right_ear[0]) * ux + (left_ear[1] - right_ear[1]) * uy;
    const float x = nose[0] - (left_ear[0] + right_ear[0]) / 2;
    const float y = nose[1] - (left_ear[1] + right_ear[1]) / 2;
    *yaw = *pitch = NAN;
    if (!(eyes > 0 && ears > 0)) return;
    *yaw = DEGREES * atanf(across * (x * ux + y * uy) / ears);
    *pitch = DEGREES * atanf(level + down * (y * ux - x * uy) / ears);
}

float quality_roll(const float landmarks[LIVEDEPTH_LANDMARKS][2])
{
    const float *right_eye = landmarks[0], *left_eye = landmarks[1];
    return DEGREES * atan2f(left_eye[1] - right_eye[1], left_eye[0] - right_eye[0]);
}

static void measure_place(struct quality *quality, const struct livedepth_frame *frame,
                          struct rect box, int width, int height, float *checks)
{
    const float shorter = (float)min_int(width, height), size = fmaxf(box.width, box.height);
    const float x = box.left + box.width / 2, y = box.top + box.height / 2;
    checks[LIVEDEPTH_CHECK_FACE_SIZE] = size / shorter;
    checks[LIVEDEPTH_CHECK_CENTERING] =
        hypotf(x - (float)width / 2, y - (float)height / 2) / (shorter / 2);

    const struct rect last = quality->face;
    if (last.width > 0) {
        const float moved = hypotf(x - last.left - last.width / 2, y - last.top - last.height / 2);
        const float grown = fabsf(size - fmaxf(last.width, last.height));
        const float seconds = (float)((frame->time_ms - quality->face_ms) / 1000);
        checks[LIVEDEPTH_CHECK_MOTION] = (moved + grown) / size / seconds;
    }
    quality->face = box;
    quality->face_ms = frame->time_ms;
}

static void read_luma(struct quality *quality)
{
    for (int i = 0; i < SIDE * SIDE; i++) quality->luma[i] = luma_of(quality->rgb + 3 * i);
}

enum livedepth_status quality_face(struct quality *quality, struct image_scratch *scratch,
                                   const struct livedepth_frame *frame, const struct face *faces,
                                   int count, float *checks)
{
    const struct rect box = faces[0].box;
    const struct image_target picture = { quality->rgb, SIDE, SIDE, SIDE };
    int width, height;
    image_upright_size(frame, &width, &height);
    TRY(image_resize(scratch, frame, pixels_of(box, width, height), IMAGE_TRIANGLE, picture));
    read_luma(quality);
    checks[LIVEDEPTH_CHECK_NOISE] = quality_noise(quality->luma);
    TRY(image_resize(scratch, frame, middle_of(box, width, height), IMAGE_TRIANGLE, picture));
    read_luma(quality);

    checks[LIVEDEPTH_CHECK_FACE_COUNT] = (float)count;
    measure_place(quality, frame, box, width, height, checks);
    quality_pose(faces[0].landmarks, &checks[LIVEDEPTH_CHECK_YAW], &checks[LIVEDEPTH_CHECK_PITCH]);
    checks[LIVEDEPTH_CHECK_ROLL] = quality_roll(faces[0].landmarks);
    measure_light(picture, checks);
    checks[LIVEDEPTH_CHECK_SHARPNESS] = quality_sharpness(quality->luma);
    return LIVEDEPTH_OK;
}

enum livedepth_reason quality_gate(const struct quality *quality, const float *checks)
{
    if (checks[LIVEDEPTH_CHECK_FACE_COUNT] == 0) {
        const struct quality_limits good = quality->rules->good[LIVEDEPTH_CHECK_BRIGHTNESS];
        const float brightness = checks[LIVEDEPTH_CHECK_BRIGHTNESS];
        return checks[LIVEDEPTH_CHECK_CONTRAST] > BLANK_CONTRAST ? LIVEDEPTH_REASON_NO_FACE
               : brightness < good.min                           ? LIVEDEPTH_REASON_TOO_DARK
               : brightness > good.max                           ? LIVEDEPTH_REASON_TOO_BRIGHT
                                                                 : LIVEDEPTH_REASON_NO_FACE;
    }
    for (int i = 0; i < COUNT(gates); i++) {
        const float value = checks[gates[i].check];
        if (value < gates[i].limits.min) return gates[i].low;
        if (value > gates[i].limits.max) return gates[i].high;
    }
    if (checks[LIVEDEPTH_CHECK_FRAME_RATE] < quality->rules->least_rate)
        return LIVEDEPTH_REASON_LOW_FRAME_RATE;
    return LIVEDEPTH_REASON_NONE;
}
