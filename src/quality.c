/* quality.c - see quality.h. */
#include "quality.h"
#include <math.h>
#include <string.h>

enum { SIDE = QUALITY_SIDE };

static const char *const names[LIVEDEPTH_CHECKS] = {
    [LIVEDEPTH_CHECK_FACE_COUNT] = "face_count",
    [LIVEDEPTH_CHECK_FACE_SIZE] = "face_size",
    [LIVEDEPTH_CHECK_CENTERING] = "centering",
    [LIVEDEPTH_CHECK_YAW] = "yaw",
    [LIVEDEPTH_CHECK_PITCH] = "pitch",
    [LIVEDEPTH_CHECK_SHARPNESS] = "sharpness",
    [LIVEDEPTH_CHECK_BRIGHTNESS] = "brightness",
    [LIVEDEPTH_CHECK_CONTRAST] = "contrast",
    [LIVEDEPTH_CHECK_MOTION] = "motion",
    [LIVEDEPTH_CHECK_FRAME_RATE] = "frame_rate",
    [LIVEDEPTH_CHECK_FROZEN_FRAMES] = "frozen_frames",
};

const struct quality_limits quality_limits[LIVEDEPTH_CHECKS] = {
    [LIVEDEPTH_CHECK_FACE_COUNT] = { 1, 1 },
    [LIVEDEPTH_CHECK_FACE_SIZE] = { 0.2f, 0.75f }, /* the crop, 1.3 boxes, still fits the frame */
    [LIVEDEPTH_CHECK_CENTERING] = { NAN, 0.5f },
    [LIVEDEPTH_CHECK_YAW] = { -25, 25 },
    [LIVEDEPTH_CHECK_PITCH] = { -20, 20 },
    [LIVEDEPTH_CHECK_SHARPNESS] = { 0.3f, NAN },
    [LIVEDEPTH_CHECK_BRIGHTNESS] = { 0.2f, 0.85f },
    [LIVEDEPTH_CHECK_CONTRAST] = { 0.06f, NAN },
    [LIVEDEPTH_CHECK_MOTION] = { NAN, 0.6f },
    [LIVEDEPTH_CHECK_FRAME_RATE] = { 8, NAN },   /* a clip's frames are 100 ms apart */
    [LIVEDEPTH_CHECK_FROZEN_FRAMES] = { NAN, 1 }, /* a camera slower than its page repeats one */
};

/* Beyond these no network should be asked; the first that a frame breaks is its reason. */
static const struct {
    enum livedepth_check check;
    struct quality_limits limits;
    enum livedepth_reason low, high;
} gates[] = {
    { LIVEDEPTH_CHECK_BRIGHTNESS, { 0.06f, 0.96f }, LIVEDEPTH_REASON_TOO_DARK,
      LIVEDEPTH_REASON_TOO_BRIGHT },
    { LIVEDEPTH_CHECK_CONTRAST, { 0.02f, NAN }, LIVEDEPTH_REASON_LOW_CONTRAST, 0 },
    { LIVEDEPTH_CHECK_SHARPNESS, { 0.1f, NAN }, LIVEDEPTH_REASON_BLURRY, 0 },
    { LIVEDEPTH_CHECK_FRAME_RATE, { 5, NAN }, LIVEDEPTH_REASON_LOW_FRAME_RATE, 0 },
    { LIVEDEPTH_CHECK_FROZEN_FRAMES, { NAN, 1 }, 0, LIVEDEPTH_REASON_FROZEN_FRAMES },
};
/* A frame without a face is dark or bright, not merely empty, if it is uniform as well. */
static const float BLANK_DARK = 0.15f, BLANK_BRIGHT = 0.85f, BLANK_CONTRAST = 0.06f;

const char *quality_name(enum livedepth_check check) { return names[check]; }

void quality_reset(struct quality *quality)
{
    quality->ticks = 0;
    quality->looked = false;
    quality->frozen = 0;
    quality_forget_face(quality);
}

void quality_forget_face(struct quality *quality) { quality->face = (struct rect){ 0 }; }

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
    for (int i = 0; i < count; i++) {
        int at = i;
        for (; at > 0 && sorted[at - 1] > quality->intervals[i]; at--) sorted[at] = sorted[at - 1];
        sorted[at] = quality->intervals[i];
    }
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

/* --- light: brightness, contrast, sharpness --- */

/* The disc in the square: of a face's box, without the background in its corners. */
static bool in_disc(int x, int y)
{
    const int dx = 2 * x + 1 - SIDE, dy = 2 * y + 1 - SIDE;
    return dx * dx + dy * dy <= SIDE * SIDE;
}

/* Crete et al., The blur effect (SPIE 6492, 2007): a strong blur changes little where the picture is
 * blurred already. Of the differences between neighbours, the share that a 9-pixel mean takes away;
 * across and down, the smaller, for motion blurs in one direction. A factor on all pixels cancels. */
float quality_sharpness(const float *luma)
{
    enum { REACH = 4, TAPS = 2 * REACH + 1 };
    float sharpness = 1;
    for (int step = 1; step <= SIDE; step += SIDE - 1) { /* across, down */
        float sum = 0, lost = 0;
        for (int y = TAPS; y < SIDE - TAPS; y++)
            for (int x = TAPS; x < SIDE - TAPS; x++) {
                if (!in_disc(x, y)) continue;
                const float *p = luma + y * SIDE + x;
                const float here = fabsf(p[0] - p[-step]);
                const float after = fabsf(p[REACH * step] - p[-(REACH + 1) * step]) / TAPS;
                sum += here;
                lost += fmaxf(here - after, 0);
            }
        sharpness = fminf(sharpness, sum > 0 ? lost / sum : 0);
    }
    return sharpness;
}

/* The part of the box within the frame, at least one pixel. */
static struct rect clip_box(struct rect box, int width, int height)
{
    const float w = (float)width, h = (float)height;
    const float left = fminf(fmaxf(box.left, 0), w - 1), top = fminf(fmaxf(box.top, 0), h - 1);
    const float right = fmaxf(fminf(box.left + box.width, w), left + 1);
    const float bottom = fmaxf(fminf(box.top + box.height, h), top + 1);
    return (struct rect){ left, top, right - left, bottom - top };
}

static enum livedepth_status measure_light(struct quality *quality, struct image_scratch *scratch,
                                           const struct livedepth_frame *frame, struct rect box,
                                           float *checks)
{
    TRY(image_resize(scratch, frame, box,
                     (struct image_target){ quality->rgb, SIDE, SIDE, SIDE, 0, 255 }));
    float sum = 0, squares = 0;
    int count = 0;
    const float *rgb = quality->rgb;
    for (int y = 0; y < SIDE; y++)
        for (int x = 0; x < SIDE; x++, rgb += 3) {
            const float luma = 0.299f * rgb[0] + 0.587f * rgb[1] + 0.114f * rgb[2];
            quality->luma[y * SIDE + x] = luma;
            if (!in_disc(x, y)) continue;
            sum += luma, squares += luma * luma, count++;
        }
    const float mean = sum / (float)count;
    checks[LIVEDEPTH_CHECK_BRIGHTNESS] = mean;
    checks[LIVEDEPTH_CHECK_CONTRAST] = sqrtf(fmaxf(squares / (float)count - mean * mean, 0));
    return LIVEDEPTH_OK;
}

/* --- the face --- */

void quality_pose(const float landmarks[LIVEDEPTH_LANDMARKS][2], float *yaw, float *pitch)
{
    (void)landmarks;
    *yaw = *pitch = NAN;
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

enum livedepth_status quality_face(struct quality *quality, struct image_scratch *scratch,
                                   const struct livedepth_frame *frame, const struct face *faces,
                                   int count, float *checks)
{
    int width, height;
    image_upright_size(frame, &width, &height);
    checks[LIVEDEPTH_CHECK_FACE_COUNT] = (float)count;
    if (!count) {
        quality_forget_face(quality);
        return measure_light(quality, scratch, frame,
                             (struct rect){ 0, 0, (float)width, (float)height }, checks);
    }
    const struct rect box = faces[0].box;
    measure_place(quality, frame, box, width, height, checks);
    quality_pose(faces[0].landmarks, &checks[LIVEDEPTH_CHECK_YAW], &checks[LIVEDEPTH_CHECK_PITCH]);
    TRY(measure_light(quality, scratch, frame, clip_box(box, width, height), checks));
    checks[LIVEDEPTH_CHECK_SHARPNESS] = quality_sharpness(quality->luma);
    return LIVEDEPTH_OK;
}

enum livedepth_reason quality_gate(const float *checks)
{
    if (checks[LIVEDEPTH_CHECK_FACE_COUNT] == 0) {
        if (checks[LIVEDEPTH_CHECK_CONTRAST] > BLANK_CONTRAST) return LIVEDEPTH_REASON_NO_FACE;
        const float brightness = checks[LIVEDEPTH_CHECK_BRIGHTNESS];
        return brightness < BLANK_DARK     ? LIVEDEPTH_REASON_TOO_DARK
               : brightness > BLANK_BRIGHT ? LIVEDEPTH_REASON_TOO_BRIGHT
                                           : LIVEDEPTH_REASON_NO_FACE;
    }
    for (int i = 0; i < COUNT(gates); i++) {
        const float value = checks[gates[i].check];
        if (value < gates[i].limits.min) return gates[i].low;
        if (value > gates[i].limits.max) return gates[i].high;
    }
    return LIVEDEPTH_REASON_NONE;
}
