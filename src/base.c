/* base.c - see base.h. */
#include "base.h"
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static _Thread_local char detail[256];

void note_detail(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(detail, sizeof detail, format, args);
    va_end(args);
}

const char *livedepth_error_detail(void) { return detail; }

const char *livedepth_version(void) { return "0.1.0"; }

const char *livedepth_status_text(enum livedepth_status status)
{
    static const char *const texts[] = {
        [LIVEDEPTH_OK] = "OK",
        [LIVEDEPTH_BAD_ARGUMENT] = "BAD_ARGUMENT",
        [LIVEDEPTH_NO_MEMORY] = "NO_MEMORY",
        [LIVEDEPTH_INTERNAL] = "INTERNAL",
        [LIVEDEPTH_WEIGHTS_TRUNCATED] = "WEIGHTS_TRUNCATED",
        [LIVEDEPTH_WEIGHTS_HEADER_TOO_LARGE] = "WEIGHTS_HEADER_TOO_LARGE",
        [LIVEDEPTH_WEIGHTS_BAD_HEADER] = "WEIGHTS_BAD_HEADER",
        [LIVEDEPTH_WEIGHTS_DUPLICATE] = "WEIGHTS_DUPLICATE",
        [LIVEDEPTH_WEIGHTS_TOO_MANY] = "WEIGHTS_TOO_MANY",
        [LIVEDEPTH_WEIGHTS_BAD_DTYPE] = "WEIGHTS_BAD_DTYPE",
        [LIVEDEPTH_WEIGHTS_BAD_SHAPE] = "WEIGHTS_BAD_SHAPE",
        [LIVEDEPTH_WEIGHTS_BAD_OFFSETS] = "WEIGHTS_BAD_OFFSETS",
        [LIVEDEPTH_WEIGHTS_MISSING] = "WEIGHTS_MISSING",
        [LIVEDEPTH_WEIGHTS_UNEXPECTED] = "WEIGHTS_UNEXPECTED",
        [LIVEDEPTH_WEIGHTS_NON_FINITE] = "WEIGHTS_NON_FINITE",
        [LIVEDEPTH_WEIGHTS_BAD_METADATA] = "WEIGHTS_BAD_METADATA",
        [LIVEDEPTH_WEIGHTS_VERSION] = "WEIGHTS_VERSION",
        [LIVEDEPTH_FRAME_BAD_SIZE] = "FRAME_BAD_SIZE",
        [LIVEDEPTH_FRAME_TOO_LARGE] = "FRAME_TOO_LARGE",
        [LIVEDEPTH_FRAME_BAD_FORMAT] = "FRAME_BAD_FORMAT",
        [LIVEDEPTH_FRAME_BAD_STRIDE] = "FRAME_BAD_STRIDE",
        [LIVEDEPTH_FRAME_BAD_BUFFER] = "FRAME_BAD_BUFFER",
        [LIVEDEPTH_FRAME_BAD_ROTATION] = "FRAME_BAD_ROTATION",
        [LIVEDEPTH_FRAME_BAD_TIMESTAMP] = "FRAME_BAD_TIMESTAMP",
    };
    return (unsigned)status < COUNT(texts) ? texts[status] : "UNKNOWN";
}

const char *livedepth_reason_text(enum livedepth_reason reason)
{
    static const char *const texts[] = {
        [LIVEDEPTH_REASON_NONE] = "none",
        [LIVEDEPTH_REASON_CLIP_SHORT] = "clip_short",
        [LIVEDEPTH_REASON_NO_FACE] = "no_face",
        [LIVEDEPTH_REASON_MULTIPLE_FACES] = "multiple_faces",
        [LIVEDEPTH_REASON_FACE_SMALL] = "face_small",
        [LIVEDEPTH_REASON_FACE_MOVED] = "face_moved",
        [LIVEDEPTH_REASON_FRAME_GAP] = "frame_gap",
        [LIVEDEPTH_REASON_FORMAT_CHANGED] = "format_changed",
        [LIVEDEPTH_REASON_LOW_CONFIDENCE] = "low_confidence",
        [LIVEDEPTH_REASON_UNTRAINED] = "untrained_model",
        [LIVEDEPTH_REASON_NON_FINITE] = "non_finite",
        [LIVEDEPTH_REASON_TOO_DARK] = "too_dark",
        [LIVEDEPTH_REASON_TOO_BRIGHT] = "too_bright",
        [LIVEDEPTH_REASON_LOW_CONTRAST] = "low_contrast",
        [LIVEDEPTH_REASON_BLURRY] = "blurry",
        [LIVEDEPTH_REASON_LOW_FRAME_RATE] = "low_frame_rate",
        [LIVEDEPTH_REASON_FROZEN_FRAMES] = "frozen_frames",
        [LIVEDEPTH_REASON_SCENE_CHANGED] = "scene_changed",
        [LIVEDEPTH_REASON_FLAT_MOTION] = "flat_motion",
        [LIVEDEPTH_REASON_REPEATED_FRAMES] = "repeated_frames",
        [LIVEDEPTH_REASON_ROLL] = "roll",
        [LIVEDEPTH_REASON_NOISY] = "noisy",
    };
    return (unsigned)reason < COUNT(texts) ? texts[reason] : "unknown";
}

void sort_floats(float *values, int count)
{
    for (int i = 1; i < count; i++) {
        const float value = values[i];
        int at = i;
        for (; at > 0 && values[at - 1] > value; at--) values[at] = values[at - 1];
        values[at] = value;
    }
}

float sigmoid(float x) { return 1 / (1 + expf(-x)); }

void *memory_create(size_t bytes)
{
    enum { ALIGNMENT = 64, SLACK = 64 }; /* SLACK >= XNN_EXTRA_BYTES, checked in nn_xnnpack.c */
    void *memory = NULL;
    if (bytes > SIZE_MAX - SLACK || posix_memalign(&memory, ALIGNMENT, bytes + SLACK)) return NULL;
    return memset(memory, 0, bytes + SLACK);
}

double clock_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e3 + (double)now.tv_nsec * 1e-6;
}
