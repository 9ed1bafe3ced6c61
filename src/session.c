/* session.c - implements livedepth.h: the pipeline, top to bottom.
 *
 *     frame -> due -> face (detected or followed) -> quality -> views (bytes, once) -> run
 *           (scorers, fusion, clips, thresholds) */
#include "session.h"
#include <math.h>
#include <pthreadpool.h>
#include <stdlib.h>
#include <string.h>

struct livedepth_options livedepth_options_default(void)
{
    return (struct livedepth_options){ 1, LIVEDEPTH_CROP_FACE, NAN, NAN, 0, 0 };
}

/* --- making one --- */

static enum livedepth_status check_options(const struct livedepth_options *options)
{
    if (options->threads < 1 || options->threads > 64)
        return fail(LIVEDEPTH_BAD_ARGUMENT, "threads is %d, must be 1 .. 64",
                    (int)options->threads);
    if (options->crop != LIVEDEPTH_CROP_FACE && options->crop != LIVEDEPTH_CROP_NONE)
        return fail(LIVEDEPTH_BAD_ARGUMENT, "crop is %d", (int)options->crop);
    if (options->clips < 0 || options->clips > LIVEDEPTH_MAX_CLIPS)
        return fail(LIVEDEPTH_BAD_ARGUMENT, "clips is %d, must be 0 .. %d", (int)options->clips,
                    LIVEDEPTH_MAX_CLIPS);
    if (options->photo && options->clips)
        return fail(LIVEDEPTH_BAD_ARGUMENT, "a photo has no clips");
    const float thresholds[] = { options->live_threshold, options->spoof_threshold };
    for (int i = 0; i < COUNT(thresholds); i++)
        if (!isnan(thresholds[i]) && !(thresholds[i] >= 0 && thresholds[i] <= 1))
            return fail(LIVEDEPTH_BAD_ARGUMENT, "a threshold is %g, must be 0 .. 1",
                        (double)thresholds[i]);
    return LIVEDEPTH_OK;
}

/* The file's policy with what the caller wants otherwise. */
static enum livedepth_status read_policy(const struct livedepth_options *options,
                                         struct decide_policy *policy)
{
    if (!isnan(options->live_threshold)) policy->live_threshold = options->live_threshold;
    policy->spoof_threshold = isnan(options->spoof_threshold)
                                  ? fminf(policy->spoof_threshold, policy->live_threshold)
                                  : options->spoof_threshold;
    if (policy->spoof_threshold > policy->live_threshold)
        return fail(LIVEDEPTH_BAD_ARGUMENT, "spoof_threshold %g is above live_threshold %g",
                    (double)policy->spoof_threshold, (double)policy->live_threshold);
    if (options->clips) policy->clips = options->clips;
    return LIVEDEPTH_OK;
}

/* With -pthread compilers define this; a pthreadpool that was built without makes no pool. */
#ifdef _REENTRANT
static const bool has_threads = true;
#else
static const bool has_threads = false;
#endif

static enum livedepth_status create_pool(struct livedepth_session *session, int threads)
{
    if (threads == 1) return LIVEDEPTH_OK;
    if (!has_threads) return fail(LIVEDEPTH_BAD_ARGUMENT, "%d threads: this build cannot", threads);
    session->pool = pthreadpool_create((size_t)threads);
    return session->pool ? LIVEDEPTH_OK : fail(LIVEDEPTH_NO_MEMORY, "%d threads", threads);
}

static enum livedepth_status build(struct livedepth_session *session,
                                   const struct livedepth_model *detector,
                                   const struct livedepth_model *model,
                                   const struct livedepth_options *options)
{
    TRY(check_options(options));
    session->crop_face = options->crop == LIVEDEPTH_CROP_FACE;
    if (!model || model->is_detector)
        return fail(LIVEDEPTH_BAD_ARGUMENT, "model is no liveness model");
    if (session->crop_face && !(detector && detector->is_detector))
        return fail(LIVEDEPTH_BAD_ARGUMENT, "detector is no face detector");
    session->photo = options->photo != 0;
    if (session->photo && !model->bundle.photo.fusion.scorers)
        return fail(LIVEDEPTH_BAD_ARGUMENT, "the model scores clips, no photos");
    struct decide_policy policy = session->photo ? model->bundle.photo : model->bundle.policy;
    TRY(read_policy(options, &policy));
    TRY(create_pool(session, options->threads));
    TRY(run_create(&session->run, model, session->photo, session->pool, &policy));
    if (session->crop_face)
        TRY(face_detector_create(&session->watch.detector, detector->weights, session->pool));
    if (!(session->scratch = image_scratch_create()))
        return fail(LIVEDEPTH_NO_MEMORY, "memory to resize");
    quality_init(&session->quality, &model->rules);
    livedepth_session_reset(session);
    return LIVEDEPTH_OK;
}

enum livedepth_status livedepth_session_create(struct livedepth_session **out,
                                               const struct livedepth_model *detector,
                                               const struct livedepth_model *model,
                                               const struct livedepth_options *options)
{
    const struct livedepth_options defaults = livedepth_options_default();
    if (!out) return fail(LIVEDEPTH_BAD_ARGUMENT, "livedepth_session_create: NULL");
    struct livedepth_session *session = calloc(1, sizeof *session);
    if (!session) return fail(LIVEDEPTH_NO_MEMORY, "session");
    const enum livedepth_status status =
        build(session, detector, model, options ? options : &defaults);
    if (status == LIVEDEPTH_OK) *out = session;
    else livedepth_session_destroy(session);
    return status;
}

void livedepth_session_destroy(struct livedepth_session *session)
{
    if (!session) return;
    run_destroy(&session->run);
    face_detector_destroy(session->watch.detector);
    image_scratch_destroy(session->scratch);
    if (session->pool) pthreadpool_destroy(session->pool);
    free(session);
}

void livedepth_session_reset(struct livedepth_session *session)
{
    quality_reset(&session->quality);
    run_reset(&session->run);
    session->last_ms = -1;
    session->last = (struct livedepth_frame){ 0 };
}

/* --- depth maps --- */

int32_t livedepth_session_depth_size(const struct livedepth_session *session)
{
    const struct run *run = &session->run;
    return run->maps < 0 ? 0 : run->scorers[run->maps]->depth_size;
}

const float *livedepth_session_depth(const struct livedepth_session *session, int32_t pair)
{
    const struct scorer *scorer = run_mapper(&session->run);
    return scorer ? scorer->kind->depth(scorer, pair) : NULL;
}

enum livedepth_status livedepth_session_masked_score(const struct livedepth_session *session,
                                                     const float *masks, float *score)
{
    if (!session || !masks || !score)
        return fail(LIVEDEPTH_BAD_ARGUMENT, "livedepth_session_masked_score: NULL");
    const struct scorer *scorer = run_mapper(&session->run);
    if (!scorer) return fail(LIVEDEPTH_BAD_ARGUMENT, "there are no depth maps of a scored clip");
    return scorer->kind->masked_score(scorer, masks, score);
}

/* --- a frame --- */

/* 2^53 - 1 microseconds, which doubles tell apart: after more no later frame would ever come. */
static const double MAX_TIME_MS = 9007199254740.991;

enum livedepth_status session_check_time(const struct livedepth_session *session, double time_ms)
{
    if (!(time_ms >= 0 && time_ms <= MAX_TIME_MS))
        return fail(LIVEDEPTH_FRAME_BAD_TIMESTAMP, "time_ms is %g", time_ms);
    if (time_ms <= session->last_ms)
        return fail(LIVEDEPTH_FRAME_BAD_TIMESTAMP, "time_ms %g is not after %g", time_ms,
                    session->last_ms);
    return LIVEDEPTH_OK;
}

static enum livedepth_status check_frame(const struct livedepth_session *session,
                                         const struct livedepth_frame *frame)
{
    TRY(image_check(frame));
    return session_check_time(session, frame->time_ms);
}

static bool same_format(const struct livedepth_frame *a, const struct livedepth_frame *b)
{
    return a->width == b->width && a->height == b->height && a->format == b->format &&
           a->rotation == b->rotation && a->full_range == b->full_range;
}

/* Reports the face and says whether this frame can be used. */
static enum livedepth_status judge(struct livedepth_session *session,
                                   const struct livedepth_frame *frame,
                                   struct livedepth_result *result, enum livedepth_reason *reason)
{
    const struct watch *watch = &session->watch;
    const struct rect box = watch->face.box;
    result->faces = watch->faces;
    if (!watch->faces) {
        quality_no_face(&session->quality, face_frame(watch->detector), result->checks);
        *reason = quality_gate(&session->quality, result->checks);
        return LIVEDEPTH_OK;
    }
    result->confidence = watch->face.confidence;
    memcpy(result->box, (float[]){ box.left, box.top, box.width, box.height }, sizeof result->box);
    memcpy(result->landmarks, watch->face.landmarks, sizeof result->landmarks);
    TRY(quality_face(&session->quality, session->scratch, frame, &watch->face, watch->counted,
                     result->checks));
    *reason = quality_gate(&session->quality, result->checks);
    if (fmaxf(box.width, box.height) < SESSION_FACE_MIN) *reason = LIVEDEPTH_REASON_FACE_SMALL;
    if (watch->counted > 1) *reason = LIVEDEPTH_REASON_MULTIPLE_FACES;
    return LIVEDEPTH_OK;
}

/* Cuts the views of one kind from their squares. */
static enum livedepth_status cut(struct livedepth_session *session,
                                 const struct livedepth_frame *frame, enum view_follows follows,
                                 struct livedepth_result *result)
{
    struct pictures *pictures = &session->run.pictures;
    const double before = clock_ms();
    TRY(pictures_cut(pictures, follows, &session->run.turn, session->scratch, frame));
    result->turn = session->run.turn.degrees;
    for (int i = 0; i < pictures->count; i++) {
        const struct rect square = pictures->square[i];
        if (pictures->view[i].follows == follows)
            memcpy(result->views[i],
                   (float[]){ square.left, square.top, square.width, square.height },
                   sizeof result->views[i]);
    }
    result->view_ms += (float)(clock_ms() - before);
    return LIVEDEPTH_OK;
}

/* A usable face: it goes on with the run or begins one, with the views about it. */
static enum livedepth_status take_face(struct livedepth_session *session,
                                       const struct livedepth_frame *frame,
                                       struct livedepth_result *result)
{
    struct run *run = &session->run;
    struct watch *watch = &session->watch;
    struct watch_picture picture;
    const struct rect face = watch->face.box;
    const int width = result->width, height = result->height;
    const float roll = result->checks[LIVEDEPTH_CHECK_ROLL];
    float turn = run_turn(run, roll);
    enum livedepth_reason why;
    if (!run_goes_on(run, face, turn, width, height, frame->time_ms, &why)) {
        run_break(run, why, result);
        turn = run_turn(run, roll); /* of the run that begins */
    }
    const bool anew = run_lay(run, face, turn, width, height, result);
    const struct rect upright = turn_box(&run->turn, face);
    if (anew) {
        pictures_lay(&run->pictures, VIEW_FOLLOWS_RUN, &upright, width, height);
        TRY(cut(session, frame, VIEW_FOLLOWS_RUN, result));
    }
    if ((anew || !watch->followed) && pictures_held(&run->pictures, &run->turn, &picture))
        watch_start(watch, &picture);
    pictures_lay(&run->pictures, VIEW_FOLLOWS_FACE, &upright, width, height);
    TRY(cut(session, frame, VIEW_FOLLOWS_FACE, result));
    return run_take(run, face, result);
}

/* Finds the face and judges the frame; takes it into the run if it can be used. */
static enum livedepth_status look_at_face(struct livedepth_session *session,
                                          const struct livedepth_frame *frame,
                                          struct livedepth_result *result)
{
    struct run *run = &session->run;
    struct watch *watch = &session->watch;
    struct watch_picture picture;
    const bool held = run->clip.taken && pictures_held(&run->pictures, &run->turn, &picture);
    if (held) TRY(cut(session, frame, VIEW_FOLLOWS_RUN, result));
    const double before = clock_ms();
    TRY(watch_look(watch, session->scratch, frame, held ? &picture : NULL));
    result->detect_ms = (float)(clock_ms() - before);
    if (watch->corrected) quality_correct_face(&session->quality, watch->before);

    enum livedepth_reason reason;
    TRY(judge(session, frame, result, &reason));
    if (reason == LIVEDEPTH_REASON_NONE) return take_face(session, frame, result);
    run_pause(run, frame->time_ms, reason, result);
    return LIVEDEPTH_OK;
}

/* The frame is the face crop: every view shows all of it, and any crop may follow, but not the same
 * one for ever. */
static enum livedepth_status look_at_crop(struct livedepth_session *session,
                                          const struct livedepth_frame *frame,
                                          struct livedepth_result *result)
{
    struct run *run = &session->run;
    const enum livedepth_reason reason = quality_gate(&session->quality, result->checks);
    if (reason != LIVEDEPTH_REASON_NONE) {
        run_pause(run, frame->time_ms, reason, result);
        return LIVEDEPTH_OK;
    }
    if (run->clip.run && run->clip.last.width > 0) /* of a face: views were pushed before */
        run_break(run, LIVEDEPTH_REASON_FORMAT_CHANGED, result);
    run->turn = turn_of(0, 0, 0);
    for (enum view_follows follows = VIEW_FOLLOWS_RUN; follows <= VIEW_FOLLOWS_FACE; follows++) {
        pictures_lay(&run->pictures, follows, NULL, result->width, result->height);
        TRY(cut(session, frame, follows, result));
    }
    return run_take_any(run, result);
}

static enum livedepth_status look(struct livedepth_session *session,
                                  const struct livedepth_frame *frame,
                                  struct livedepth_result *result)
{
    struct run *run = &session->run;
    if (clip_starved(&run->clip, frame->time_ms))
        run_break(run, LIVEDEPTH_REASON_FRAME_GAP, result);
    /* a face crop has any size: every view shows all of it */
    if (session->crop_face && !same_format(frame, &session->last)) {
        quality_forget_face(&session->quality);
        if (run->clip.run) run_break(run, LIVEDEPTH_REASON_FORMAT_CHANGED, result);
    }
    clip_look(&run->clip, frame->time_ms);
    quality_frame(&session->quality, frame, result->checks);
    return session->crop_face ? look_at_face(session, frame, result)
                              : look_at_crop(session, frame, result);
}

struct livedepth_result session_empty_result(void)
{
    struct livedepth_result result = { .state = LIVEDEPTH_SKIPPED };
    for (int i = 0; i < LIVEDEPTH_CHECKS; i++) result.checks[i] = NAN;
    for (int i = 0; i < LIVEDEPTH_MAX_SCORERS; i++) result.scores[i] = result.votes[i] = NAN;
    return result;
}

enum livedepth_status livedepth_session_push(struct livedepth_session *session,
                                             const struct livedepth_frame *frame,
                                             struct livedepth_result *out)
{
    if (!session || !frame || !out)
        return fail(LIVEDEPTH_BAD_ARGUMENT, "livedepth_session_push: NULL");
    TRY(check_frame(session, frame));

    if (session->photo) livedepth_session_reset(session);
    if (session->last_ms >= 0) quality_tick(&session->quality, frame->time_ms - session->last_ms);
    struct livedepth_result result = session_empty_result();
    image_upright_size(frame, &result.width, &result.height);
    if (clip_due(&session->run.clip, frame->time_ms)) {
        const enum livedepth_status status = look(session, frame, &result);
        if (status != LIVEDEPTH_OK) { /* half-done work must not reach a later clip */
            run_break(&session->run, LIVEDEPTH_REASON_CLIP_SHORT, &result);
            return status;
        }
        session->last = *frame;
        session->last.data = NULL;
    }
    session->last_ms = session->photo ? -1 : frame->time_ms; /* no photo is after another */
    run_report(&session->run, &result);
    *out = result;
    return LIVEDEPTH_OK;
}
