/* session.c - implements livedepth.h: the pipeline, top to bottom.
 *
 *     frame -> due -> face (detected or followed) -> quality -> views (bytes, once) -> scorers
 *           -> decide (fusion, clips, thresholds) */
#include "clip.h"
#include "decide.h"
#include "model.h"
#include "scene.h"
#include "watch.h"
#include <math.h>
#include <pthreadpool.h>
#include <stdlib.h>
#include <string.h>

static const float FACE_SIDE_MIN = 64; /* pixels, longer side: below, detail is gone */

/* A view of the session's frame. */
struct picture {
    struct rect square;
    uint8_t *rgb;
};

struct livedepth_session {
    const struct bundle *bundle; /* of the model */
    bool crop_face, photo;
    pthreadpool_t pool; /* NULL: the calling thread */
    struct image_scratch *scratch;
    struct picture pictures[LIVEDEPTH_MAX_VIEWS];
    struct scorer *scorers[LIVEDEPTH_MAX_SCORERS]; /* NULL: one that looks at no photos */
    int maps;           /* the first scorer that makes depth maps; -1: none does */
    struct watch watch; /* without a detector with LIVEDEPTH_CROP_NONE */
    struct quality quality;
    struct scene scene;
    int scene_view; /* the view that it looks at */
    struct clip clip;
    struct decide decide;
    int frames, run_frames;      /* taken since the reset, and since the last break */
    double last_ms;              /* of the frame before, any frame; < 0: none */
    struct livedepth_frame last; /* its size, format and rotation; data is NULL */
};

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
static enum livedepth_status init_policy(struct livedepth_session *session,
                                         const struct livedepth_options *options)
{
    struct decide_policy policy = options->photo ? session->bundle->photo : session->bundle->policy;
    if (!isnan(options->live_threshold)) policy.live_threshold = options->live_threshold;
    policy.spoof_threshold = isnan(options->spoof_threshold)
                                 ? fminf(policy.spoof_threshold, policy.live_threshold)
                                 : options->spoof_threshold;
    if (policy.spoof_threshold > policy.live_threshold)
        return fail(LIVEDEPTH_BAD_ARGUMENT, "spoof_threshold %g is above live_threshold %g",
                    (double)policy.spoof_threshold, (double)policy.live_threshold);
    if (options->clips) policy.clips = options->clips;
    decide_init(&session->decide, &policy);
    return LIVEDEPTH_OK;
}

static enum livedepth_status create_pool(struct livedepth_session *session, int threads)
{
    if (threads == 1) return LIVEDEPTH_OK;
    session->pool = pthreadpool_create((size_t)threads);
    if (!session->pool || pthreadpool_get_threads_count(session->pool) != (size_t)threads)
        return fail(LIVEDEPTH_BAD_ARGUMENT, "%d threads: this build cannot", threads);
    return LIVEDEPTH_OK;
}

static enum livedepth_status open_scorers(struct livedepth_session *session,
                                          const struct weights *weights)
{
    const struct bundle *bundle = session->bundle;
    for (int i = 0; i < bundle->views; i++) {
        const size_t size = (size_t)bundle->view[i].size;
        session->pictures[i].rgb = memory_create(size * size * 3);
        if (!session->pictures[i].rgb)
            return fail(LIVEDEPTH_NO_MEMORY, "view %s", bundle->view[i].name);
    }
    session->scene_view = scene_view(bundle->view, bundle->views);
    session->maps = -1;
    for (int i = 0; i < bundle->scorers; i++) {
        if (session->photo && !bundle_sees_photos(bundle, i)) continue;
        TRY(bundle_open(bundle, weights, i, session->photo, session->pool, &session->scorers[i]));
        if (session->maps < 0 && session->scorers[i]->depth_size) session->maps = i;
    }
    return LIVEDEPTH_OK;
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
    session->bundle = &model->bundle;
    session->photo = options->photo != 0;
    if (session->photo && !session->bundle->photo.fusion.scorers)
        return fail(LIVEDEPTH_BAD_ARGUMENT, "the model scores clips, no photos");
    TRY(init_policy(session, options));
    TRY(create_pool(session, options->threads));
    TRY(open_scorers(session, model->weights));
    if (session->crop_face)
        TRY(face_detector_create(&session->watch.detector, detector->weights, session->pool));
    if (!(session->scratch = image_scratch_create()))
        return fail(LIVEDEPTH_NO_MEMORY, "memory to resize");
    quality_init(&session->quality, &model->rules);
    /* the file's own number of clips: a caller's decides, but does not change what is scored */
    clip_init(&session->clip, model->bundle.interval_ms,
              model->bundle.frames + model->bundle.policy.clips - 1);
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
    for (int i = 0; i < LIVEDEPTH_MAX_SCORERS; i++)
        if (session->scorers[i]) session->scorers[i]->kind->destroy(session->scorers[i]);
    for (int i = 0; i < LIVEDEPTH_MAX_VIEWS; i++) free(session->pictures[i].rgb);
    face_detector_destroy(session->watch.detector);
    image_scratch_destroy(session->scratch);
    if (session->pool) pthreadpool_destroy(session->pool);
    free(session);
}

/* Scorers whose view is not held may go on where the squares of the others are laid anew. */
static void restart_scorers(struct livedepth_session *session, bool all)
{
    const struct bundle *bundle = session->bundle;
    for (int i = 0; i < bundle->scorers; i++)
        if (session->scorers[i] &&
            (all || bundle->view[bundle->scorer[i].view].follows == VIEW_FOLLOWS_RUN))
            session->scorers[i]->kind->restart(session->scorers[i]);
}

void livedepth_session_reset(struct livedepth_session *session)
{
    quality_reset(&session->quality);
    scene_reset(&session->scene);
    clip_reset(&session->clip);
    decide_reset(&session->decide);
    restart_scorers(session, true);
    session->frames = session->run_frames = 0;
    session->last_ms = -1;
    session->last = (struct livedepth_frame){ 0 };
}

/* --- depth maps --- */

int32_t livedepth_session_depth_size(const struct livedepth_session *session)
{
    return session->maps < 0 ? 0 : session->scorers[session->maps]->depth_size;
}

/* The scorer whose depth maps belong to a clip that counts, or NULL. */
static const struct scorer *mapper(const struct livedepth_session *session)
{
    const int maps = session->maps;
    return maps >= 0 && session->decide.counts[maps] ? session->scorers[maps] : NULL;
}

const float *livedepth_session_depth(const struct livedepth_session *session, int32_t pair)
{
    const struct scorer *scorer = mapper(session);
    return scorer ? scorer->kind->depth(scorer, pair) : NULL;
}

enum livedepth_status livedepth_session_masked_score(const struct livedepth_session *session,
                                                     const float *masks, float *score)
{
    if (!session || !masks || !score)
        return fail(LIVEDEPTH_BAD_ARGUMENT, "livedepth_session_masked_score: NULL");
    const struct scorer *scorer = mapper(session);
    if (!scorer) return fail(LIVEDEPTH_BAD_ARGUMENT, "no clip was scored yet that has depth maps");
    return scorer->kind->masked_score(scorer, masks, score);
}

/* --- views --- */

static struct image_target target_of(const struct livedepth_session *session, int view)
{
    const int size = session->bundle->view[view].size;
    return (struct image_target){ session->pictures[view].rgb, size, size, size };
}

/* Cuts the views of one kind from their squares. */
static enum livedepth_status cut(struct livedepth_session *session,
                                 const struct livedepth_frame *frame, enum view_follows follows,
                                 struct livedepth_result *result)
{
    const double before = clock_ms();
    for (int i = 0; i < session->bundle->views; i++) {
        if (session->bundle->view[i].follows != follows) continue;
        const struct rect square = session->pictures[i].square;
        TRY(image_resize(session->scratch, frame, square, session->bundle->view[i].filter,
                         target_of(session, i)));
        memcpy(result->views[i], (float[]){ square.left, square.top, square.width, square.height },
               sizeof result->views[i]);
    }
    result->view_ms += (float)(clock_ms() - before);
    return LIVEDEPTH_OK;
}

/* Lays the squares of one kind about the face or, without one, about the whole frame. */
static void lay(struct livedepth_session *session, const struct livedepth_frame *frame,
                enum view_follows follows, const struct rect *face)
{
    int width, height;
    image_upright_size(frame, &width, &height);
    for (int i = 0; i < session->bundle->views; i++)
        if (session->bundle->view[i].follows == follows)
            session->pictures[i].square =
                face ? view_square(&session->bundle->view[i], *face, width, height)
                     : (struct rect){ 0, 0, (float)width, (float)height };
}

/* The held square in which the face is followed, the first of the views. False: there is none. */
static bool held_picture(const struct livedepth_session *session, struct watch_picture *picture)
{
    for (int i = 0; i < session->bundle->views; i++)
        if (session->bundle->view[i].follows == VIEW_FOLLOWS_RUN) {
            *picture = (struct watch_picture){ target_of(session, i), session->pictures[i].square };
            return true;
        }
    return false;
}

/* --- a frame --- */

static enum livedepth_status check_time(const struct livedepth_session *session, double time_ms)
{
    if (!isfinite(time_ms) || time_ms < 0)
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
    return check_time(session, frame->time_ms);
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
    if (fmaxf(box.width, box.height) < FACE_SIDE_MIN) *reason = LIVEDEPTH_REASON_FACE_SMALL;
    if (watch->counted > 1) *reason = LIVEDEPTH_REASON_MULTIPLE_FACES;
    return LIVEDEPTH_OK;
}

/* The run is over: nothing of it counts any more. */
static void break_run(struct livedepth_session *session, enum livedepth_reason why,
                      struct livedepth_result *result)
{
    clip_break(&session->clip);
    scene_reset(&session->scene);
    session->run_frames = 0;
    restart_scorers(session, true);
    decide_break(&session->decide, why);
    result->frame_reason = why;
}

/* This frame cannot be used. The run goes on if the next ones can, with a new clip. */
static void pause(struct livedepth_session *session, double time_ms, enum livedepth_reason why,
                  struct livedepth_result *result)
{
    clip_pause(&session->clip);
    restart_scorers(session, true);
    decide_wait(&session->decide, why);
    if (clip_broken(&session->clip, time_ms)) break_run(session, why, result);
    result->frame_reason = why;
    result->state = LIVEDEPTH_WAITING;
}

/* Looks at the frame's view of the scene. False: it is another scene, with which a run would begin;
 * this frame is not taken, since its held squares are those of the run before. */
static bool same_scene(struct livedepth_session *session, struct livedepth_result *result)
{
    const int view = session->scene_view;
    if (session->bundle->view[view].follows == VIEW_FOLLOWS_RUN && !session->clip.taken)
        scene_forget(&session->scene); /* its square was laid anew */
    if (scene_look(&session->scene, target_of(session, view))) return true;
    break_run(session, LIVEDEPTH_REASON_SCENE_CHANGED, result);
    result->state = LIVEDEPTH_WAITING;
    return false;
}

/* The views of a frame go to the scorers; if all that are needed have a score, a clip is scored. */
static enum livedepth_status take(struct livedepth_session *session, struct rect face,
                                  struct livedepth_result *result)
{
    const struct bundle *bundle = session->bundle;
    float scores[LIVEDEPTH_MAX_SCORERS];
    bool ran_away = false;
    clip_take(&session->clip, face);
    scene_take(&session->scene);
    if (!session->photo) /* in which nothing moves */
        decide_doubt(&session->decide, scene_doubt(&session->scene));
    session->frames++;
    session->run_frames++;
    for (int i = 0; i < bundle->scorers; i++) {
        const double before = clock_ms();
        enum scorer_answer answer;
        scores[i] = NAN;
        if (!session->scorers[i]) continue;
        TRY(session->scorers[i]->kind->push(session->scorers[i],
                                            session->pictures[bundle->scorer[i].view].rgb, &answer,
                                            &scores[i]));
        ran_away |= answer == SCORER_RAN_AWAY;
        result->scorer_ms[i] = (float)(clock_ms() - before);
    }
    result->state = LIVEDEPTH_FILLING;
    if (!ran_away && !fusion_complete(&session->decide.policy.fusion, scores)) return LIVEDEPTH_OK;
    result->state = LIVEDEPTH_SCORED;
    if (ran_away) decide_ran_away(&session->decide);
    else decide_push(&session->decide, scores);
    return LIVEDEPTH_OK;
}

/* Finds the face and judges the frame; takes it into the run if it can be used. */
static enum livedepth_status look_at_face(struct livedepth_session *session,
                                          const struct livedepth_frame *frame,
                                          struct livedepth_result *result)
{
    struct clip *clip = &session->clip;
    struct watch *watch = &session->watch;
    struct watch_picture picture;
    const bool held = held_picture(session, &picture) && clip->taken;
    if (held) TRY(cut(session, frame, VIEW_FOLLOWS_RUN, result));
    const double before = clock_ms();
    TRY(watch_look(watch, session->scratch, frame, held ? &picture : NULL));
    result->detect_ms = (float)(clock_ms() - before);
    if (watch->corrected) quality_correct_face(&session->quality, watch->before);

    enum livedepth_reason reason;
    TRY(judge(session, frame, result, &reason));
    if (reason != LIVEDEPTH_REASON_NONE) {
        pause(session, frame->time_ms, reason, result);
        return LIVEDEPTH_OK;
    }
    const struct rect box = watch->face.box;
    if (clip_broken(clip, frame->time_ms)) break_run(session, LIVEDEPTH_REASON_FRAME_GAP, result);
    else if (clip->run && !clip_follows(clip, box))
        break_run(session, LIVEDEPTH_REASON_FACE_MOVED, result);
    if (clip->taken && !clip_holds(clip, box)) {
        clip_pause(clip);
        restart_scorers(session, false);
        decide_wait(&session->decide, LIVEDEPTH_REASON_FACE_MOVED);
        result->frame_reason = LIVEDEPTH_REASON_FACE_MOVED;
    }
    const bool anew = !clip->taken;
    if (anew) {
        clip_start(clip, box);
        lay(session, frame, VIEW_FOLLOWS_RUN, &box);
        TRY(cut(session, frame, VIEW_FOLLOWS_RUN, result));
    }
    if ((anew || !watch->followed) && held_picture(session, &picture)) watch_start(watch, &picture);
    lay(session, frame, VIEW_FOLLOWS_FACE, &box);
    TRY(cut(session, frame, VIEW_FOLLOWS_FACE, result));
    return same_scene(session, result) ? take(session, box, result) : LIVEDEPTH_OK;
}

/* The frame is the face crop: every view shows all of it. */
static enum livedepth_status look_at_crop(struct livedepth_session *session,
                                          const struct livedepth_frame *frame,
                                          struct livedepth_result *result)
{
    for (enum view_follows follows = VIEW_FOLLOWS_RUN; follows <= VIEW_FOLLOWS_FACE; follows++) {
        lay(session, frame, follows, NULL);
        TRY(cut(session, frame, follows, result));
    }
    scene_look(&session->scene, target_of(session, session->scene_view)); /* any crop follows */
    return take(session, (struct rect){ 0 }, result);
}

static enum livedepth_status look(struct livedepth_session *session,
                                  const struct livedepth_frame *frame,
                                  struct livedepth_result *result)
{
    struct clip *clip = &session->clip;
    if (clip_starved(clip, frame->time_ms)) break_run(session, LIVEDEPTH_REASON_FRAME_GAP, result);
    /* a face crop has any size: every view shows all of it */
    if (session->crop_face && !same_format(frame, &session->last)) {
        quality_forget_face(&session->quality);
        if (clip->run) break_run(session, LIVEDEPTH_REASON_FORMAT_CHANGED, result);
    }
    clip_look(clip, frame->time_ms);
    quality_frame(&session->quality, frame, result->checks);
    return session->crop_face ? look_at_face(session, frame, result)
                              : look_at_crop(session, frame, result);
}

static void report(const struct livedepth_session *session, struct livedepth_result *result)
{
    const struct decide *decide = &session->decide;
    enum livedepth_reason reason;
    result->verdict = decide_verdict(decide, &reason);
    result->reason = reason;
    result->clips = decide->clips;
    result->clips_needed = decide->policy.clips;
    result->frames = session->frames;
    result->run_frames = session->run_frames;
    result->clip_frames = min_int(session->clip.taken, session->bundle->frames);
    result->score = decide_score(decide, result->scores, result->votes);
    result->clip_score = decide->clip_score;
}

static struct livedepth_result empty_result(void)
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
    struct livedepth_result result = empty_result();
    image_upright_size(frame, &result.width, &result.height);
    if (clip_due(&session->clip, frame->time_ms)) {
        const enum livedepth_status status = look(session, frame, &result);
        if (status != LIVEDEPTH_OK) { /* half-done work must not reach a later clip */
            break_run(session, LIVEDEPTH_REASON_CLIP_SHORT, &result);
            return status;
        }
        session->last = *frame;
        session->last.data = NULL;
    }
    session->last_ms = session->photo ? -1 : frame->time_ms; /* no photo is after another */
    report(session, &result);
    *out = result;
    return LIVEDEPTH_OK;
}

/* --- views that were cut before --- */

const uint8_t *livedepth_session_view(const struct livedepth_session *session, int32_t view)
{
    return view >= 0 && view < session->bundle->views ? session->pictures[view].rgb : NULL;
}

static size_t view_bytes(const struct view *view) { return (size_t)view->size * view->size * 3; }

/* The frame's face would break the run, or its squares have to be laid anew. */
static bool begins(const struct livedepth_session *session, const struct livedepth_views *views,
                   struct rect face, bool *broken)
{
    const struct clip *clip = &session->clip;
    *broken = clip_broken(clip, views->time_ms) || (clip->run && !clip_follows(clip, face));
    return *broken || views->paused || !clip->taken || !clip_holds(clip, face);
}

static enum livedepth_status check_views(const struct livedepth_session *session,
                                         const struct livedepth_views *views, struct rect face)
{
    const struct bundle *bundle = session->bundle;
    size_t size = 0;
    for (int i = 0; i < bundle->views; i++) size += view_bytes(&bundle->view[i]);
    if (!views->data || views->size != size)
        return fail(LIVEDEPTH_FRAME_BAD_BUFFER, "%zu bytes of views, not %zu", views->size, size);
    TRY(check_time(session, views->time_ms));
    if (views->width < 1 || views->width > LIVEDEPTH_MAX_SIDE || views->height < 1 ||
        views->height > LIVEDEPTH_MAX_SIDE)
        return fail(LIVEDEPTH_FRAME_BAD_SIZE, "the views' frame is %dx%d", (int)views->width,
                    (int)views->height);
    if (!isfinite(face.left + face.top + face.width + face.height) ||
        fmaxf(face.width, face.height) < FACE_SIDE_MIN)
        return fail(LIVEDEPTH_BAD_ARGUMENT, "no usable face: %gx%g", (double)face.width,
                    (double)face.height);
    bool broken;
    const bool anew = begins(session, views, face, &broken);
    for (int i = 0; i < bundle->views; i++) {
        const struct view *view = &bundle->view[i];
        const struct rect square = anew || view->follows == VIEW_FOLLOWS_FACE
                                       ? view_square(view, face, views->width, views->height)
                                       : session->pictures[i].square;
        const float *given = views->squares[i];
        if (given[0] != square.left || given[1] != square.top || given[2] != square.width ||
            given[3] != square.height)
            return fail(LIVEDEPTH_BAD_ARGUMENT, "view %s is not where the face says", view->name);
    }
    return LIVEDEPTH_OK;
}

/* As look_at_face behind its judgement. */
static enum livedepth_status look_at_views(struct livedepth_session *session,
                                           const struct livedepth_views *views, struct rect face,
                                           struct livedepth_result *result)
{
    struct clip *clip = &session->clip;
    bool broken;
    if (begins(session, views, face, &broken)) {
        if (broken) break_run(session, LIVEDEPTH_REASON_FACE_MOVED, result);
        else restart_scorers(session, views->paused || !clip->taken);
        clip_start(clip, face);
    }
    clip_look(clip, views->time_ms);
    const uint8_t *bytes = views->data;
    for (int i = 0; i < session->bundle->views; i++) {
        const size_t size = view_bytes(&session->bundle->view[i]);
        const float *square = views->squares[i];
        session->pictures[i].square = (struct rect){ square[0], square[1], square[2], square[3] };
        memcpy(session->pictures[i].rgb, bytes, size);
        memcpy(result->views[i], square, sizeof result->views[i]);
        bytes += size;
    }
    memcpy(result->box, views->face, sizeof result->box);
    result->width = views->width;
    result->height = views->height;
    return same_scene(session, result) ? take(session, face, result) : LIVEDEPTH_OK;
}

enum livedepth_status livedepth_session_push_views(struct livedepth_session *session,
                                                   const struct livedepth_views *views,
                                                   struct livedepth_result *out)
{
    if (!session || !views || !out)
        return fail(LIVEDEPTH_BAD_ARGUMENT, "livedepth_session_push_views: NULL");
    if (session->crop_face || session->photo)
        return fail(LIVEDEPTH_BAD_ARGUMENT, "the session cuts its own views");
    const float *box = views->face;
    const struct rect face = { box[0], box[1], box[2], box[3] };
    TRY(check_views(session, views, face));

    struct livedepth_result result = empty_result();
    if (clip_due(&session->clip, views->time_ms)) {
        const enum livedepth_status status = look_at_views(session, views, face, &result);
        if (status != LIVEDEPTH_OK) {
            break_run(session, LIVEDEPTH_REASON_CLIP_SHORT, &result);
            return status;
        }
    }
    session->last_ms = views->time_ms;
    report(session, &result);
    *out = result;
    return LIVEDEPTH_OK;
}
