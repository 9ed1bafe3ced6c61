/* SPDX-License-Identifier: MIT
 *
 * bindings.c - what JavaScript cannot call of livedepth.h as it stands: functions with a struct in
 * their signature become flat functions over plain numbers; livedepthw_layout() tells where the
 * fields of a result lie and what the enums are, livedepthw_model_describe() what a file says, so
 * that no number is written twice. All other functions are exported as they are (exports.txt). */
#include <math.h>
#include <stdio.h>
#include <string.h>
#include "session.h"

int32_t livedepthw_frame_check(const struct livedepth_session *session, uint32_t size,
                               int32_t width, int32_t height, int32_t format, int32_t rotation,
                               int32_t full_range, uint32_t offset0, uint32_t stride0,
                               uint32_t offset1, uint32_t stride1, uint32_t offset2,
                               uint32_t stride2, double time_ms);
int32_t livedepthw_session_push(struct livedepth_session *session, const uint8_t *data,
                                struct livedepth_result *out, uint32_t size, int32_t width,
                                int32_t height, int32_t format, int32_t rotation,
                                int32_t full_range, uint32_t offset0, uint32_t stride0,
                                uint32_t offset1, uint32_t stride1, uint32_t offset2,
                                uint32_t stride2, double time_ms);
int32_t livedepthw_session_create(struct livedepth_session **out,
                                  const struct livedepth_model *detector,
                                  const struct livedepth_model *model, int32_t threads,
                                  int32_t crop, float live_threshold, float spoof_threshold,
                                  int32_t clips, int32_t photo);
int32_t livedepthw_session_push_views(struct livedepth_session *session, const uint8_t *data,
                                      struct livedepth_result *out, uint32_t size, int32_t width,
                                      int32_t height, int32_t paused, double time_ms, float turn,
                                      const float *boxes);
const char *livedepthw_layout(void);
const char *livedepthw_model_describe(const struct livedepth_model *model);

/* The check of livedepth_session_push before memory for the frame is taken: a frame that will be
 * refused must not grow the memory, which never shrinks. Looks at no pixel. */
int32_t livedepthw_frame_check(const struct livedepth_session *session, uint32_t size,
                               int32_t width, int32_t height, int32_t format, int32_t rotation,
                               int32_t full_range, uint32_t offset0, uint32_t stride0,
                               uint32_t offset1, uint32_t stride1, uint32_t offset2,
                               uint32_t stride2, double time_ms)
{
    static const uint8_t not_read;
    const struct livedepth_frame frame = {
        &not_read,
        size,
        width,
        height,
        format,
        rotation,
        full_range,
        { offset0, offset1, offset2 },
        { stride0, stride1, stride2 },
        time_ms,
    };
    const enum livedepth_status status = image_check(&frame);
    return status ? status : session_check_time(session, time_ms);
}

int32_t livedepthw_session_push(struct livedepth_session *session, const uint8_t *data,
                                struct livedepth_result *out, uint32_t size, int32_t width,
                                int32_t height, int32_t format, int32_t rotation,
                                int32_t full_range, uint32_t offset0, uint32_t stride0,
                                uint32_t offset1, uint32_t stride1, uint32_t offset2,
                                uint32_t stride2, double time_ms)
{
    const struct livedepth_frame frame = {
        data,
        size,
        width,
        height,
        format,
        rotation,
        full_range,
        { offset0, offset1, offset2 },
        { stride0, stride1, stride2 },
        time_ms,
    };
    return livedepth_session_push(session, &frame, out);
}

/* boxes: the face's and the squares of LIVEDEPTH_MAX_VIEWS views. */
int32_t livedepthw_session_push_views(struct livedepth_session *session, const uint8_t *data,
                                      struct livedepth_result *out, uint32_t size, int32_t width,
                                      int32_t height, int32_t paused, double time_ms, float turn,
                                      const float *boxes)
{
    struct livedepth_views views = {
        data, size, width, height, paused, .turn = turn, .time_ms = time_ms
    };
    memcpy(views.face, boxes, sizeof views.face);
    memcpy(views.squares, boxes + 4, sizeof views.squares);
    return livedepth_session_push_views(session, &views, out);
}

int32_t livedepthw_session_create(struct livedepth_session **out,
                                  const struct livedepth_model *detector,
                                  const struct livedepth_model *model, int32_t threads,
                                  int32_t crop, float live_threshold, float spoof_threshold,
                                  int32_t clips, int32_t photo)
{
    const struct livedepth_options options = { threads,         crop,  live_threshold,
                                               spoof_threshold, clips, photo };
    return livedepth_session_create(out, detector, model, &options);
}

/* JSON as it grows, in a buffer that no model's description fills. */
static struct {
    char text[4096];
    int length;
} json;

#define PRINT(...)  \
    (json.length += \
     snprintf(json.text + json.length, sizeof json.text - (size_t)json.length, __VA_ARGS__))

/* Between two values of a list or an object, not behind its opening bracket. */
static const char *comma(void)
{
    const char before = json.text[json.length - 1];
    return before == '{' || before == '[' ? "" : ",";
}

/* {"size": bytes, "fields": {name: [kind, offset, count]}, "checks": [names in the order of the
 * field], enum: {text: number}, limits} */
const char *livedepthw_layout(void)
{
#define FIELD(name)                                                                       \
    PRINT("%s\"" #name "\":[\"%s\",%d,%d]", comma(),                                      \
          _Generic(((struct livedepth_result *)0)->name, int32_t: "i32", default: "f32"), \
          (int)offsetof(struct livedepth_result, name),                                   \
          (int)(sizeof(((struct livedepth_result *)0)->name) / 4))
    json.length = 0;
    PRINT("{\"size\":%d,\"fields\":{", (int)sizeof(struct livedepth_result));
    FIELD(state), FIELD(verdict), FIELD(reason), FIELD(frame_reason), FIELD(clips);
    FIELD(clips_needed), FIELD(frames), FIELD(run_frames), FIELD(clip_frames), FIELD(score);
    FIELD(clip_score);
    FIELD(scores), FIELD(votes), FIELD(width), FIELD(height), FIELD(faces), FIELD(confidence),
        FIELD(box), FIELD(landmarks);
    FIELD(views), FIELD(turn), FIELD(checks), FIELD(detect_ms), FIELD(view_ms), FIELD(scorer_ms);
#undef FIELD
    PRINT("},\"checks\":[");
    for (int i = 0; i < LIVEDEPTH_CHECKS; i++) PRINT("%s\"%s\"", comma(), quality_name(i));
    PRINT("],\"state\":{\"skipped\":%d,\"waiting\":%d,\"filling\":%d,\"scored\":%d}",
          LIVEDEPTH_SKIPPED, LIVEDEPTH_WAITING, LIVEDEPTH_FILLING, LIVEDEPTH_SCORED);
    PRINT(",\"verdict\":{\"undecided\":%d,\"live\":%d,\"spoof\":%d}", LIVEDEPTH_UNDECIDED,
          LIVEDEPTH_LIVE, LIVEDEPTH_SPOOF);
    PRINT(",\"format\":{\"RGBA\":%d,\"BGRA\":%d,\"I420\":%d,\"NV12\":%d}", LIVEDEPTH_RGBA,
          LIVEDEPTH_BGRA, LIVEDEPTH_I420, LIVEDEPTH_NV12);
    PRINT(",\"crop\":{\"face\":%d,\"none\":%d}", LIVEDEPTH_CROP_FACE, LIVEDEPTH_CROP_NONE);
    PRINT(",\"pair\":{\"mean\":%d}", LIVEDEPTH_DEPTH_MEAN);
    PRINT(",\"maxSide\":%d,\"maxViews\":%d,\"maxClips\":%d}", LIVEDEPTH_MAX_SIDE,
          LIVEDEPTH_MAX_VIEWS, LIVEDEPTH_MAX_CLIPS);
    return json.text;
}

static void print_bound(float bound)
{
    if (isnan(bound)) PRINT("%snull", comma());
    else PRINT("%s%.7g", comma(), (double)bound);
}

/* How photos are scored, or null. */
static void print_photo(const struct bundle *bundle)
{
    const struct decide_policy *photo = &bundle->photo;
    if (!photo->fusion.scorers) {
        PRINT(",\"photo\":null");
        return;
    }
    PRINT(",\"photo\":{\"live\":%.9g,\"spoof\":%.9g,\"weights\":{", (double)photo->live_threshold,
          (double)photo->spoof_threshold);
    for (int i = 0; i < bundle->scorers; i++)
        if (bundle_sees_photos(bundle, i))
            PRINT("%s\"%s\":%.7g", comma(), bundle->scorer[i].name,
                  (double)photo->fusion.weight[i]);
    PRINT("}}");
}

/* What the file of a liveness model says, as JSON: {"trained", "frames" of a clip,
 * "frameIntervalMs", "clips" that a verdict rests on, "thresholds": {"live", "spoof"}, "views":
 * [{"name", "scale", "size", "follows", "filter"}], "scorers": [{"name", "network", "view",
 * "weight", "needed"}], "photo": {"live", "spoof", "weights": {scorer: number}} or null, "checks":
 * {name: [min, max]}}. NULL for a face detector. */
const char *livedepthw_model_describe(const struct livedepth_model *model)
{
    if (model->is_detector) return NULL;
    const struct bundle *bundle = &model->bundle;
    const struct decide_policy *policy = &bundle->policy;
    json.length = 0;
    PRINT("{\"trained\":%s,\"frames\":%d,\"frameIntervalMs\":%.7g,\"clips\":%d",
          policy->trained ? "true" : "false", bundle->frames, (double)bundle->interval_ms,
          policy->clips);
    PRINT(",\"thresholds\":{\"live\":%.9g,\"spoof\":%.9g},\"views\":[",
          (double)policy->live_threshold, (double)policy->spoof_threshold);
    for (int i = 0; i < bundle->views; i++) {
        const struct view *view = &bundle->view[i];
        PRINT("%s{\"name\":\"%s\",\"scale\":%.7g,\"size\":%d,\"follows\":\"%s\",\"filter\":\"%s\"}",
              comma(), view->name, (double)view->scale, view->size,
              view->follows == VIEW_FOLLOWS_RUN ? "run" : "face",
              view->filter == IMAGE_TRIANGLE ? "triangle" : "bilinear");
    }
    PRINT("],\"scorers\":[");
    for (int i = 0; i < bundle->scorers; i++) {
        const struct bundle_scorer *scorer = &bundle->scorer[i];
        PRINT("%s{\"name\":\"%s\",\"network\":\"%s\",\"view\":\"%s\",\"weight\":%.7g", comma(),
              scorer->name, scorer->network, bundle->view[scorer->view].name,
              (double)policy->fusion.weight[i]);
        PRINT(",\"needed\":%s}", policy->fusion.needed[i] ? "true" : "false");
    }
    PRINT("]");
    print_photo(bundle);
    PRINT(",\"checks\":{");
    for (int i = 0; i < LIVEDEPTH_CHECKS; i++) {
        PRINT("%s\"%s\":[", comma(), quality_name(i));
        print_bound(model->rules.good[i].min);
        print_bound(model->rules.good[i].max);
        PRINT("]");
    }
    PRINT("}}");
    return json.text;
}
