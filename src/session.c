/* session.c - implements livedepth.h: the pipeline, top to bottom. */
#include "clip.h"
#include "decide.h"
#include "face.h"
#include "networks.h"
#include "quality.h"
#include "track.h"
#include <math.h>
#include <pthreadpool.h>
#include <stdlib.h>
#include <string.h>

static const float FACE_SIDE_MIN = 64;     /* pixels, longer side: below, detail is gone */
/* A second face counts from this share of the largest one's area and this confidence on: hair,
 * hands and foliage gave up to 0.82 at up to 0.4 of the area. */
static const float SECOND_FACE_AREA = 0.25f, SECOND_FACE_CONFIDENCE = 0.85f;
/* In a run, one frame in so many is searched for faces; in the others the face is followed. */
enum { DETECT_EVERY = 4 };

/* --- models --- */

struct livedepth_model { struct weights *weights; bool is_detector; };

static enum livedepth_status check_model(struct livedepth_model *model)
{
    const char *name = weights_metadata(weights_whole(model->weights), "network");
    model->is_detector = name && !strcmp(name, "blazeface-short");
    if (!model->is_detector) return network_check(weights_whole(model->weights));
    struct face_detector *detector = NULL;
    TRY(face_detector_create(&detector, model->weights, NULL));
    face_detector_destroy(detector);
    return LIVEDEPTH_OK;
}

enum livedepth_status livedepth_model_open(struct livedepth_model **out, const void *bytes,
                                           size_t size)
{
    if (!out || !bytes) return fail(LIVEDEPTH_BAD_ARGUMENT, "livedepth_model_open: NULL");
    struct livedepth_model *model = calloc(1, sizeof *model);
    if (!model) return fail(LIVEDEPTH_NO_MEMORY, "model");
    enum livedepth_status status = weights_open(&model->weights, bytes, size);
    if (status == LIVEDEPTH_OK) status = check_model(model);
    if (status == LIVEDEPTH_OK) *out = model;
    else livedepth_model_close(model);
    return status;
}

void livedepth_model_close(struct livedepth_model *model)
{
    if (!model) return;
    weights_close(model->weights);
    free(model);
}

const char *livedepth_model_info(const struct livedepth_model *model, const char *key)
{
    return weights_metadata(weights_whole(model->weights), key);
}

/* --- sessions --- */

struct livedepth_session {
    bool crop_face;
    pthreadpool_t pool;                /* NULL: the calling thread */
    struct face_detector *detector;    /* NULL with LIVEDEPTH_CROP_NONE */
    struct network *network;
    struct image_scratch *scratch;
    struct quality quality;
    struct track track;
    struct face detected, face;        /* the largest, where it was detected and where it is now */
    int faces, counted;                /* detected; of these, such as matter */
    int followed;                      /* frames since the detection */
    struct clip clip;
    struct decide decide;
    int frames;                        /* taken since the reset */
    double last_ms;                    /* of the frame before, any frame; < 0: none */
    struct livedepth_frame last;       /* its size, format and rotation; data is NULL */
    float clip_score;
    float *motion, *single;            /* rings of frames - 1 pairs: pair (n, n + 1) at n % pairs */
    struct network_clip scored;        /* of the newest clip */
};

struct livedepth_options livedepth_options_default(void)
{
    return (struct livedepth_options){ 1, LIVEDEPTH_CROP_FACE, NAN, NAN };
}

static enum livedepth_status check_options(const struct livedepth_options *options)
{
    if (options->threads < 1 || options->threads > 64)
        return fail(LIVEDEPTH_BAD_ARGUMENT, "threads is %d, must be 1 .. 64",
                    (int)options->threads);
    if (options->crop != LIVEDEPTH_CROP_FACE && options->crop != LIVEDEPTH_CROP_NONE)
        return fail(LIVEDEPTH_BAD_ARGUMENT, "crop is %d", (int)options->crop);
    const float thresholds[] = { options->live_threshold, options->spoof_threshold };
    for (int i = 0; i < COUNT(thresholds); i++)
        if (!isnan(thresholds[i]) && !(thresholds[i] >= 0 && thresholds[i] <= 1))
            return fail(LIVEDEPTH_BAD_ARGUMENT, "a threshold is %g, must be 0 .. 1",
                        (double)thresholds[i]);
    return LIVEDEPTH_OK;
}

static enum livedepth_status build(struct livedepth_session *session,
                                   const struct livedepth_model *detector,
                                   const struct livedepth_model *network,
                                   const struct livedepth_options *options)
{
    TRY(check_options(options));
    session->crop_face = options->crop == LIVEDEPTH_CROP_FACE;
    if (!network || network->is_detector)
        return fail(LIVEDEPTH_BAD_ARGUMENT, "network is no liveness network");
    if (session->crop_face && !(detector && detector->is_detector))
        return fail(LIVEDEPTH_BAD_ARGUMENT, "detector is no face detector");

    if (options->threads > 1) {
        session->pool = pthreadpool_create((size_t)options->threads);
        if (!session->pool ||
            pthreadpool_get_threads_count(session->pool) != (size_t)options->threads)
            return fail(LIVEDEPTH_BAD_ARGUMENT, "%d threads: this build cannot",
                        (int)options->threads);
    }
    TRY(network_create(&session->network, weights_whole(network->weights), session->pool, false));
    if (session->crop_face)
        TRY(face_detector_create(&session->detector, detector->weights, session->pool));

    const struct network_config *config = &session->network->config;
    const float live =
        isnan(options->live_threshold) ? config->live_threshold : options->live_threshold;
    const float spoof = isnan(options->spoof_threshold) ? fminf(config->spoof_threshold, live)
                                                        : options->spoof_threshold;
    if (spoof > live)
        return fail(LIVEDEPTH_BAD_ARGUMENT, "spoof_threshold %g is above live_threshold %g",
                    (double)spoof, (double)live);
    decide_init(&session->decide, live, spoof, config->trained);
    clip_init(&session->clip, config->frames, config->frame_interval_ms);

    const size_t pairs = (size_t)config->frames - 1;
    const size_t map = (size_t)session->network->depth_size * (size_t)session->network->depth_size;
    session->scratch = image_scratch_create();
    session->motion = memory_create(pairs * session->network->motion_bytes);
    session->single = memory_create(pairs * map * sizeof(float));
    session->scored.fused = memory_create(pairs * map * sizeof(float));
    session->scored.mean = memory_create(map * sizeof(float));
    if (!session->scratch || !session->motion || !session->single || !session->scored.fused ||
        !session->scored.mean)
        return fail(LIVEDEPTH_NO_MEMORY, "session buffers");
    livedepth_session_reset(session);
    return LIVEDEPTH_OK;
}

enum livedepth_status livedepth_session_create(struct livedepth_session **out,
                                               const struct livedepth_model *detector,
                                               const struct livedepth_model *network,
                                               const struct livedepth_options *options)
{
    const struct livedepth_options defaults = livedepth_options_default();
    if (!out) return fail(LIVEDEPTH_BAD_ARGUMENT, "livedepth_session_create: NULL");
    struct livedepth_session *session = calloc(1, sizeof *session);
    if (!session) return fail(LIVEDEPTH_NO_MEMORY, "session");
    const enum livedepth_status status =
        build(session, detector, network, options ? options : &defaults);
    if (status == LIVEDEPTH_OK) *out = session;
    else livedepth_session_destroy(session);
    return status;
}

void livedepth_session_destroy(struct livedepth_session *session)
{
    if (!session) return;
    face_detector_destroy(session->detector);
    network_destroy(session->network);
    image_scratch_destroy(session->scratch);
    free(session->motion);
    free(session->single);
    free(session->scored.fused);
    free(session->scored.mean);
    if (session->pool) pthreadpool_destroy(session->pool);
    free(session);
}

void livedepth_session_reset(struct livedepth_session *session)
{
    quality_reset(&session->quality);
    clip_reset(&session->clip);
    decide_reset(&session->decide);
    session->frames = 0;
    session->last_ms = -1;
    session->last = (struct livedepth_frame){ 0 };
    session->clip_score = 0;
}

int32_t livedepth_session_depth_size(const struct livedepth_session *session)
{
    return session->network->depth_size;
}

const float *livedepth_session_depth(const struct livedepth_session *session, int32_t pair)
{
    const int map = session->network->depth_size * session->network->depth_size;
    if (!session->decide.clips || pair < LIVEDEPTH_DEPTH_MEAN || pair >= session->clip.frames - 1)
        return NULL;
    return pair == LIVEDEPTH_DEPTH_MEAN ? session->scored.mean : session->scored.fused + pair * map;
}

enum livedepth_status livedepth_session_masked_score(const struct livedepth_session *session,
                                                     const float *masks, float *score)
{
    if (!session || !masks || !score)
        return fail(LIVEDEPTH_BAD_ARGUMENT, "livedepth_session_masked_score: NULL");
    if (!session->decide.clips) return fail(LIVEDEPTH_BAD_ARGUMENT, "no clip was scored yet");
    const int size = session->network->depth_size;
    const int floats = (session->clip.frames - 1) * size * size;
    for (int i = 0; i < floats; i++)
        if (!(masks[i] >= 0 && masks[i] <= 1))
            return fail(LIVEDEPTH_BAD_ARGUMENT, "mask value %d is %g, must be 0 .. 1", i,
                        (double)masks[i]);
    const float masked = network_clip_score(session->network, &session->scored, masks);
    if (!isfinite(masked)) return fail(LIVEDEPTH_BAD_ARGUMENT, "the clip has no finite score");
    *score = masked;
    return LIVEDEPTH_OK;
}

/* --- a frame --- */

static enum livedepth_status check_frame(const struct livedepth_session *session,
                                         const struct livedepth_frame *frame)
{
    TRY(image_check(frame));
    if (!isfinite(frame->time_ms) || frame->time_ms < 0)
        return fail(LIVEDEPTH_FRAME_BAD_TIMESTAMP, "time_ms is %g", frame->time_ms);
    if (frame->time_ms <= session->last_ms)
        return fail(LIVEDEPTH_FRAME_BAD_TIMESTAMP, "time_ms %g is not after %g", frame->time_ms,
                    session->last_ms);
    return LIVEDEPTH_OK;
}

static bool same_format(const struct livedepth_frame *a, const struct livedepth_frame *b)
{
    return a->width == b->width && a->height == b->height && a->format == b->format &&
           a->rotation == b->rotation && a->full_range == b->full_range;
}

static float area(const struct face *face) { return face->box.width * face->box.height; }

/* What the network gets: the crop of the run. */
static struct image_target cut_picture(const struct livedepth_session *session)
{
    const struct network_config *config = &session->network->config;
    const int size = config->input_size;
    return (struct image_target){ session->network->image, size, size, size, config->mean,
                                  config->std };
}

static enum livedepth_status cut(struct livedepth_session *session,
                                 const struct livedepth_frame *frame,
                                 struct livedepth_result *result)
{
    const double before = clock_ms();
    TRY(image_resize(session->scratch, frame, session->clip.crop, cut_picture(session)));
    result->crop_ms += (float)(clock_ms() - before);
    return LIVEDEPTH_OK;
}

/* Finds the faces of the whole frame. */
static enum livedepth_status detect(struct livedepth_session *session,
                                    const struct livedepth_frame *frame)
{
    struct face faces[FACE_MAX];
    TRY(face_detect(session->detector, session->scratch, frame, faces, &session->faces));
    session->followed = 0;
    session->counted = min_int(session->faces, 1);
    for (int i = 1; i < session->faces; i++)
        session->counted += area(&faces[i]) >= SECOND_FACE_AREA * area(&faces[0]) &&
                            faces[i].confidence >= SECOND_FACE_CONFIDENCE;
    if (session->faces) session->detected = session->face = faces[0];
    return LIVEDEPTH_OK;
}

/* Follows the face of the last detection in the run's crop, which has been cut: where it is now.
 * False: not where it could be followed. */
static bool follow(struct livedepth_session *session, struct face *face)
{
    const struct rect crop = session->clip.crop;
    float dx, dy;
    if (!track_follow(&session->track, cut_picture(session), &dx, &dy)) return false;
    *face = session->detected;
    face->box.left += dx * crop.width;
    face->box.top += dy * crop.height;
    for (int i = 0; i < LIVEDEPTH_LANDMARKS; i++) {
        face->landmarks[i][0] += dx * crop.width;
        face->landmarks[i][1] += dy * crop.height;
    }
    return clip_holds(&session->clip, face->box);
}

/* Where the face was in the frame before, as this frame's detection would have had it: it moved as
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

/* Follows the face or, if it is time to or it is lost, detects it. */
static enum livedepth_status find_face(struct livedepth_session *session,
                                       const struct livedepth_frame *frame)
{
    struct face face;
    const bool followed = session->clip.taken && follow(session, &face);
    const struct rect before = session->face.box;
    const int frames = session->followed + 1;
    if (followed && frames < DETECT_EVERY) {
        session->face = face;
        session->followed = frames;
        return LIVEDEPTH_OK;
    }
    TRY(detect(session, frame));
    if (followed && session->faces)
        quality_correct_face(&session->quality, before_detection(before, face.box,
                                                                 session->face.box, frames));
    return LIVEDEPTH_OK;
}

/* After a detection, with the crop cut: what follow() looks for. */
static void remember(struct livedepth_session *session)
{
    const struct rect box = session->face.box, crop = session->clip.crop;
    track_start(&session->track, cut_picture(session),
                (struct rect){ (box.left - crop.left) / crop.width,
                               (box.top - crop.top) / crop.height, box.width / crop.width,
                               box.height / crop.height });
}

/* Reports the face and says whether this frame can be used. */
static enum livedepth_status judge(struct livedepth_session *session,
                                   const struct livedepth_frame *frame,
                                   struct livedepth_result *result, enum livedepth_reason *reason)
{
    const struct face *face = &session->face;
    const struct rect box = face->box;
    result->faces = session->faces;
    if (!session->faces) {
        quality_no_face(&session->quality, face_frame(session->detector), result->checks);
        *reason = quality_gate(result->checks);
        return LIVEDEPTH_OK;
    }
    result->confidence = face->confidence;
    memcpy(result->box, (float[]){ box.left, box.top, box.width, box.height }, sizeof result->box);
    memcpy(result->landmarks, face->landmarks, sizeof result->landmarks);
    TRY(quality_face(&session->quality, session->scratch, frame, face, session->counted,
                     result->checks));
    *reason = quality_gate(result->checks);
    if (fmaxf(box.width, box.height) < FACE_SIDE_MIN) *reason = LIVEDEPTH_REASON_FACE_SMALL;
    if (session->counted > 1) *reason = LIVEDEPTH_REASON_MULTIPLE_FACES;
    return LIVEDEPTH_OK;
}

static void restart(struct livedepth_session *session, enum livedepth_reason why,
                    struct livedepth_result *result)
{
    clip_restart(&session->clip);
    decide_wait(&session->decide, why);
    result->frame_reason = why;
}

/* Scores the clip that ends with the frame just taken. */
static enum livedepth_status score_clip(struct livedepth_session *session)
{
    struct network *network = session->network;
    const int pairs = session->clip.frames - 1, map = network->depth_size * network->depth_size;
    const int first = session->clip.taken - session->clip.frames;
    const float *motion[NETWORK_MAX_FRAMES], *single[NETWORK_MAX_FRAMES];
    for (int t = 0; t < pairs; t++) {
        const size_t slot = (size_t)((first + t) % pairs);
        motion[t] = session->motion + slot * (network->motion_bytes / sizeof(float));
        single[t] = session->single + slot * (size_t)map;
    }
    TRY(network_score(network, motion, single, &session->scored));
    session->clip_score = session->scored.score;
    decide_push(&session->decide, session->scored.score);
    return LIVEDEPTH_OK;
}

/* Takes the crop into the clip: trunk, the pair that it ends, the clip that it fills. */
static enum livedepth_status take(struct livedepth_session *session,
                                  struct livedepth_result *result)
{
    struct network *network = session->network;
    const int pairs = network->config.frames - 1, n = session->clip.taken;
    const size_t map = (size_t)(network->depth_size * network->depth_size);

    double before = clock_ms(), now;
    TRY(network_trunk(network));
    now = clock_ms(), result->trunk_ms = (float)(now - before), before = now;
    if (n > 0) {
        const size_t slot = (size_t)((n - 1) % pairs);
        TRY(network_pair(network));
        memcpy(session->motion + slot * (network->motion_bytes / sizeof(float)), network->motion,
               network->motion_bytes);
    }
    network_advance(network);
    now = clock_ms(), result->pair_ms = (float)(now - before), before = now;

    session->clip.taken++;
    session->frames++;
    result->state = LIVEDEPTH_FILLING;
    if (clip_full(&session->clip)) {
        TRY(score_clip(session));
        result->state = LIVEDEPTH_SCORED;
    }
    result->recurrent_ms = (float)(clock_ms() - before);
    /* Only now: the clip's first pair still needed this slot. */
    memcpy(session->single + (size_t)(n % pairs) * map, network->single, map * sizeof(float));
    return LIVEDEPTH_OK;
}

static enum livedepth_status look(struct livedepth_session *session,
                                  const struct livedepth_frame *frame, enum clip_due due,
                                  struct livedepth_result *result)
{
    struct clip *clip = &session->clip;
    if (due == CLIP_AFTER_GAP) restart(session, LIVEDEPTH_REASON_FRAME_GAP, result);
    if (!same_format(frame, &session->last)) {
        quality_forget_face(&session->quality);
        if (clip->taken) restart(session, LIVEDEPTH_REASON_FORMAT_CHANGED, result);
    }
    clip_look(clip, frame->time_ms);
    quality_frame(&session->quality, frame, result->checks);

    int width, height;
    image_upright_size(frame, &width, &height);
    if (!session->crop_face) {
        clip->crop = (struct rect){ 0, 0, (float)width, (float)height };
        TRY(cut(session, frame, result));
        return take(session, result);
    }

    if (clip->taken) TRY(cut(session, frame, result));
    const double before = clock_ms();
    TRY(find_face(session, frame));
    result->detect_ms = (float)(clock_ms() - before);
    enum livedepth_reason reason;
    TRY(judge(session, frame, result, &reason));
    if (reason != LIVEDEPTH_REASON_NONE) {
        restart(session, reason, result);
        result->state = LIVEDEPTH_WAITING;
        return LIVEDEPTH_OK;
    }
    const struct rect box = session->face.box;
    if (clip->taken && !clip_holds(clip, box))
        restart(session, LIVEDEPTH_REASON_FACE_MOVED, result);
    if (!clip->taken) {
        clip_start(clip, box, session->network->config.crop_scale, width, height);
        TRY(cut(session, frame, result));
    }
    if (!session->followed) remember(session);
    return take(session, result);
}

static void report(const struct livedepth_session *session, struct livedepth_result *result)
{
    const struct clip *clip = &session->clip;
    enum livedepth_reason reason;
    result->verdict = decide_verdict(&session->decide, &reason);
    result->reason = reason;
    result->clips = session->decide.clips;
    result->frames = session->frames;
    result->clip_frames = min_int(clip->taken, clip->frames);
    result->score = decide_score(&session->decide);
    result->clip_score = session->clip_score;
    if (clip->taken)
        memcpy(result->crop, (float[]){ clip->crop.left, clip->crop.top, clip->crop.width,
                                        clip->crop.height }, sizeof result->crop);
}

enum livedepth_status livedepth_session_push(struct livedepth_session *session,
                                             const struct livedepth_frame *frame,
                                             struct livedepth_result *out)
{
    if (!session || !frame || !out)
        return fail(LIVEDEPTH_BAD_ARGUMENT, "livedepth_session_push: NULL");
    TRY(check_frame(session, frame));

    if (session->last_ms >= 0)
        quality_tick(&session->quality, frame->time_ms - session->last_ms);
    struct livedepth_result result = { .state = LIVEDEPTH_SKIPPED };
    for (int i = 0; i < LIVEDEPTH_CHECKS; i++) result.checks[i] = NAN;
    const enum clip_due due = clip_due(&session->clip, frame->time_ms);
    if (due != CLIP_NOT_DUE) {
        const enum livedepth_status status = look(session, frame, due, &result);
        if (status != LIVEDEPTH_OK) { /* half-done work must not reach a later clip */
            clip_restart(&session->clip);
            return status;
        }
        session->last = *frame;
        session->last.data = NULL;
    }
    session->last_ms = frame->time_ms;
    report(session, &result);
    *out = result;
    return LIVEDEPTH_OK;
}
