/* SPDX-License-Identifier: MIT
 *
 * bindings.c - what JavaScript cannot call of livedepth.h as it stands: functions with a struct in
 * their signature become flat functions over plain numbers, and livedepthw_layout() tells where the
 * fields of a result lie and what the enums are, so that no number is written twice. All other
 * functions are exported as they are (exports.txt). */
#include <math.h>
#include <stdio.h>
#include "quality.h"

int32_t livedepthw_frame_check(uint32_t size, int32_t width, int32_t height, int32_t format,
                               int32_t rotation, int32_t full_range, uint32_t offset0,
                               uint32_t stride0, uint32_t offset1, uint32_t stride1,
                               uint32_t offset2, uint32_t stride2, double time_ms);
int32_t livedepthw_session_push(struct livedepth_session *session, const uint8_t *data,
                                struct livedepth_result *out, uint32_t size, int32_t width,
                                int32_t height, int32_t format, int32_t rotation,
                                int32_t full_range, uint32_t offset0, uint32_t stride0,
                                uint32_t offset1, uint32_t stride1, uint32_t offset2,
                                uint32_t stride2, double time_ms);
int32_t livedepthw_session_create(struct livedepth_session **out,
                                  const struct livedepth_model *detector,
                                  const struct livedepth_model *network, int32_t threads,
                                  int32_t crop, float live_threshold, float spoof_threshold);
const char *livedepthw_layout(void);

/* The check of livedepth_session_push before memory for the frame is taken: a frame that will be
 * refused must not grow the memory, which never shrinks. Looks at no pixel. */
int32_t livedepthw_frame_check(uint32_t size, int32_t width, int32_t height, int32_t format,
                               int32_t rotation, int32_t full_range, uint32_t offset0,
                               uint32_t stride0, uint32_t offset1, uint32_t stride1,
                               uint32_t offset2, uint32_t stride2, double time_ms)
{
    static const uint8_t not_read;
    const struct livedepth_frame frame = {
        &not_read, size, width, height, format, rotation, full_range,
        { offset0, offset1, offset2 }, { stride0, stride1, stride2 }, time_ms,
    };
    return image_check(&frame);
}

int32_t livedepthw_session_push(struct livedepth_session *session, const uint8_t *data,
                                struct livedepth_result *out, uint32_t size, int32_t width,
                                int32_t height, int32_t format, int32_t rotation,
                                int32_t full_range, uint32_t offset0, uint32_t stride0,
                                uint32_t offset1, uint32_t stride1, uint32_t offset2,
                                uint32_t stride2, double time_ms)
{
    const struct livedepth_frame frame = {
        data, size, width, height, format, rotation, full_range,
        { offset0, offset1, offset2 }, { stride0, stride1, stride2 }, time_ms,
    };
    return livedepth_session_push(session, &frame, out);
}

int32_t livedepthw_session_create(struct livedepth_session **out,
                                  const struct livedepth_model *detector,
                                  const struct livedepth_model *network, int32_t threads,
                                  int32_t crop, float live_threshold, float spoof_threshold)
{
    const struct livedepth_options options = { threads, crop, live_threshold, spoof_threshold };
    return livedepth_session_create(out, detector, network, &options);
}

/* A bound of a check as JSON. */
static const char *bound(float value)
{
    static char text[2][16]; /* a pair at a time */
    static int which;
    which = !which;
    snprintf(text[which], sizeof text[which], isnan(value) ? "null" : "%.7g", (double)value);
    return text[which];
}

/* {"size": bytes, "fields": {name: [kind, offset, count]}, "checks": {name: [min, max]},
 * enum: {text: number}}; checks in the order of the field */
const char *livedepthw_layout(void)
{
    static char json[2048];
    int n = 0;
#define PRINT(...) (n += snprintf(json + n, sizeof json - (size_t)n, __VA_ARGS__))
#define FIELD(name)                                                                       \
    PRINT("%s\"" #name "\":[\"%s\",%d,%d]", json[n - 1] == '{' ? "" : ",",                \
          _Generic(((struct livedepth_result *)0)->name, int32_t: "i32", default: "f32"), \
          (int)offsetof(struct livedepth_result, name),                                   \
          (int)(sizeof(((struct livedepth_result *)0)->name) / 4))
    PRINT("{\"size\":%d,\"fields\":{", (int)sizeof(struct livedepth_result));
    FIELD(state), FIELD(verdict), FIELD(reason), FIELD(frame_reason), FIELD(clips), FIELD(frames);
    FIELD(clip_frames), FIELD(score), FIELD(clip_score), FIELD(faces), FIELD(confidence);
    FIELD(box), FIELD(landmarks), FIELD(crop), FIELD(checks);
    FIELD(detect_ms), FIELD(crop_ms), FIELD(trunk_ms), FIELD(pair_ms), FIELD(recurrent_ms);
    PRINT("},\"checks\":{");
    for (int i = 0; i < LIVEDEPTH_CHECKS; i++)
        PRINT("%s\"%s\":[%s,%s]", i ? "," : "", quality_name(i), bound(quality_limits[i].min),
              bound(quality_limits[i].max));
    PRINT("},\"state\":{\"skipped\":%d,\"waiting\":%d,\"filling\":%d,\"scored\":%d}",
          LIVEDEPTH_SKIPPED, LIVEDEPTH_WAITING, LIVEDEPTH_FILLING, LIVEDEPTH_SCORED);
    PRINT(",\"verdict\":{\"undecided\":%d,\"live\":%d,\"spoof\":%d}", LIVEDEPTH_UNDECIDED,
          LIVEDEPTH_LIVE, LIVEDEPTH_SPOOF);
    PRINT(",\"format\":{\"RGBA\":%d,\"BGRA\":%d,\"I420\":%d,\"NV12\":%d}", LIVEDEPTH_RGBA,
          LIVEDEPTH_BGRA, LIVEDEPTH_I420, LIVEDEPTH_NV12);
    PRINT(",\"crop\":{\"face\":%d,\"none\":%d}", LIVEDEPTH_CROP_FACE, LIVEDEPTH_CROP_NONE);
    PRINT(",\"pair\":{\"mean\":%d},\"maxSide\":%d}", LIVEDEPTH_DEPTH_MEAN, LIVEDEPTH_MAX_SIDE);
#undef FIELD
#undef PRINT
    return json;
}
