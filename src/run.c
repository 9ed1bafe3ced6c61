/* run.c - see run.h. */
#include "run.h"
#include <math.h>
#include <pthreadpool.h>

/* Degrees that a face leans. Up to the first it is seen as it is, up to the second upright; of more
 * as much as the third is left, since heads that lean far come back. A run is over when the face
 * leans so much more or less. Why: docs/measured.md, "Faces that lean". */
static const float LEANS = 15, UPRIGHT = 20, LEFT = 15, LEANS_AWAY = 35;

enum livedepth_status run_create(struct run *run, const struct livedepth_model *model, bool photo,
                                 struct pthreadpool *pool, const struct decide_policy *policy)
{
    const struct bundle *bundle = run->bundle = &model->bundle;
    run->photo = photo;
    run->pool = pool;
    run->maps = -1;
    run->scene_view = scene_view(bundle->view, bundle->views);
    decide_init(&run->decide, policy);
    /* the file's own number of clips: a caller's decides, but does not change what is scored */
    clip_init(&run->clip, bundle->interval_ms, bundle->frames + bundle->policy.clips - 1);
    TRY(pictures_create(&run->pictures, bundle->view, bundle->views));
    for (int i = 0; i < bundle->scorers; i++) {
        if (photo && !bundle_sees_photos(bundle, i)) continue;
        TRY(bundle_open(bundle, model->weights, i, photo, pool, &run->scorers[i]));
        if (run->maps < 0 && run->scorers[i]->depth_size) run->maps = i;
    }
    return LIVEDEPTH_OK;
}

void run_destroy(struct run *run)
{
    for (int i = 0; i < LIVEDEPTH_MAX_SCORERS; i++)
        if (run->scorers[i]) run->scorers[i]->kind->destroy(run->scorers[i]);
    pictures_destroy(&run->pictures);
}

/* Scorers whose view is not held may go on where the squares of the others are laid anew. */
static void restart_scorers(struct run *run, bool all)
{
    const struct bundle *bundle = run->bundle;
    for (int i = 0; i < bundle->scorers; i++)
        if (run->scorers[i] &&
            (all || bundle->view[bundle->scorer[i].view].follows == VIEW_FOLLOWS_RUN))
            run->scorers[i]->kind->restart(run->scorers[i]);
}

void run_reset(struct run *run)
{
    run->turn = turn_of(0, 0, 0);
    scene_reset(&run->scene);
    clip_reset(&run->clip);
    decide_reset(&run->decide);
    restart_scorers(run, true);
    run->frames = run->run_frames = 0;
}

/* --- the next frame --- */

float run_turn(const struct run *run, float roll)
{
    if (run->clip.run && fabsf(remainderf(roll - run->turn.degrees, 360)) <= LEANS_AWAY)
        return run->turn.degrees;
    const float lean = fabsf(roll);
    if (lean <= LEANS) return 0;
    return copysignf(fmaxf(fminf(lean, UPRIGHT), lean - LEFT), roll);
}

bool run_goes_on(const struct run *run, struct rect face, float turn, int width, int height,
                 double time_ms, enum livedepth_reason *why)
{
    const struct clip *clip = &run->clip;
    if (!clip->run) return true;
    const bool follows =
        turn == run->turn.degrees && clip_follows(clip, turn_box(&run->turn, face));
    *why = clip_broken(clip, time_ms)                     ? LIVEDEPTH_REASON_FRAME_GAP
           : width != run->width || height != run->height ? LIVEDEPTH_REASON_FORMAT_CHANGED
           : follows                                      ? LIVEDEPTH_REASON_NONE
                                                          : LIVEDEPTH_REASON_FACE_MOVED;
    return *why == LIVEDEPTH_REASON_NONE;
}

static bool lays(const struct clip *clip, const struct turn *turn, struct rect face)
{
    return !clip->taken || !clip_holds(clip, turn_box(turn, face));
}

bool run_lays(const struct run *run, struct rect face, float turn, int width, int height)
{
    const struct turn turned = turn_of(turn, width, height);
    return lays(&run->clip, &turned, face);
}

void run_break(struct run *run, enum livedepth_reason why, struct livedepth_result *result)
{
    clip_break(&run->clip);
    scene_reset(&run->scene);
    run->run_frames = 0;
    restart_scorers(run, true);
    decide_break(&run->decide, why);
    result->frame_reason = why;
}

void run_resume(struct run *run)
{
    clip_pause(&run->clip);
    restart_scorers(run, true);
    /* Frames that no clip saw vouch for nothing; of those before the first clip nothing is left,
     * since a record leaves them out. */
    scene_pause(&run->scene);
    if (run->decide.clips) return;
    scene_reset(&run->scene);
    run->run_frames = 0;
}

void run_pause(struct run *run, double time_ms, enum livedepth_reason why,
               struct livedepth_result *result)
{
    run_resume(run);
    decide_wait(&run->decide, why);
    if (clip_broken(&run->clip, time_ms)) run_break(run, why, result);
    result->frame_reason = why;
    result->state = LIVEDEPTH_WAITING;
}

bool run_lay(struct run *run, struct rect face, float turn, int width, int height,
             struct livedepth_result *result)
{
    struct clip *clip = &run->clip;
    const struct turn turned = turn_of(turn, width, height);
    if (!lays(clip, &turned, face)) return false;
    if (clip->taken) {
        clip_pause(clip);
        restart_scorers(run, false);
        if (run->bundle->view[run->scene_view].follows == VIEW_FOLLOWS_RUN)
            scene_forget(&run->scene); /* behind a pause not: it may hide another scene */
        decide_wait(&run->decide, LIVEDEPTH_REASON_FACE_MOVED);
        result->frame_reason = LIVEDEPTH_REASON_FACE_MOVED;
    }
    run->turn = turned;
    run->width = width;
    run->height = height;
    clip_start(clip, turn_box(&run->turn, face));
    return true;
}

/* --- a frame that is taken --- */

/* Looks at the frame's view of the scene. False: it is another scene, with which a run would begin;
 * this frame is not taken, since its held squares are those of the run before. */
static bool same_scene(struct run *run, struct livedepth_result *result)
{
    if (scene_look(&run->scene, pictures_target(&run->pictures, run->scene_view))) return true;
    run_break(run, LIVEDEPTH_REASON_SCENE_CHANGED, result);
    result->state = LIVEDEPTH_WAITING;
    return false;
}

/* What the scorers say of one frame. */
struct answers {
    const struct run *run;
    enum livedepth_status status[LIVEDEPTH_MAX_SCORERS];
    enum scorer_answer answer[LIVEDEPTH_MAX_SCORERS];
    float scores[LIVEDEPTH_MAX_SCORERS], ms[LIVEDEPTH_MAX_SCORERS];
    int small[LIVEDEPTH_MAX_SCORERS]; /* their numbers */
};

static enum livedepth_status ask(struct answers *answers, int i)
{
    const struct run *run = answers->run;
    struct scorer *scorer = run->scorers[i];
    const double before = clock_ms();
    const uint8_t *rgb = run->pictures.rgb[run->bundle->scorer[i].view];
    TRY(scorer->kind->push(scorer, rgb, &answers->answer[i], &answers->scores[i]));
    answers->ms[i] = (float)(clock_ms() - before);
    return LIVEDEPTH_OK;
}

static void ask_small(void *context, size_t k)
{
    struct answers *answers = context;
    const int i = answers->small[k];
    answers->status[i] = ask(answers, i);
}

/* Small scorers look at the frame side by side, then each of the others on all threads. */
static enum livedepth_status ask_all(struct answers *answers)
{
    const struct run *run = answers->run;
    int small = 0;
    for (int i = 0; i < LIVEDEPTH_MAX_SCORERS; i++) {
        answers->scores[i] = NAN;
        if (run->scorers[i] && run->scorers[i]->small) answers->small[small++] = i;
    }
    pthreadpool_parallelize_1d(run->pool, ask_small, answers, (size_t)small, 0);
    for (int k = 0; k < small; k++) { /* what a thread noted of an error it alone can read */
        const int i = answers->small[k];
        if (answers->status[i])
            return fail(answers->status[i], "scorer %s", run->bundle->scorer[i].name);
    }
    for (int i = 0; i < LIVEDEPTH_MAX_SCORERS; i++)
        if (run->scorers[i] && !run->scorers[i]->small) TRY(ask(answers, i));
    return LIVEDEPTH_OK;
}

/* Any frame raises a doubt; only a clip that was scored takes it away. */
static void doubt(struct run *run, bool scored)
{
    const enum livedepth_reason why = scene_doubt(&run->scene);
    if (run->photo) return; /* in which nothing moves */
    if (scored || why != LIVEDEPTH_REASON_NONE) decide_doubt(&run->decide, why);
}

static enum livedepth_status take(struct run *run, struct rect face,
                                  struct livedepth_result *result)
{
    struct answers answers = { .run = run };
    bool ran_away = false;
    clip_take(&run->clip, face);
    scene_take(&run->scene);
    run->frames++;
    run->run_frames++;
    TRY(ask_all(&answers));
    for (int i = 0; i < LIVEDEPTH_MAX_SCORERS; i++) {
        ran_away |= answers.answer[i] == SCORER_RAN_AWAY;
        result->scorer_ms[i] = answers.ms[i];
    }
    result->state = LIVEDEPTH_FILLING;
    const bool scored = ran_away || fusion_complete(&run->decide.policy.fusion, answers.scores);
    if (run->maps >= 0 && answers.answer[run->maps] != SCORER_NO_SCORE) run->maps_count = scored;
    if (scored) scene_see(&run->scene);
    doubt(run, scored);
    if (!scored) return LIVEDEPTH_OK;
    result->state = LIVEDEPTH_SCORED;
    if (ran_away) decide_ran_away(&run->decide);
    else decide_push(&run->decide, answers.scores);
    return LIVEDEPTH_OK;
}

enum livedepth_status run_take(struct run *run, struct rect face, struct livedepth_result *result)
{
    return same_scene(run, result) ? take(run, turn_box(&run->turn, face), result) : LIVEDEPTH_OK;
}

enum livedepth_status run_take_any(struct run *run, struct livedepth_result *result)
{
    scene_look(&run->scene, pictures_target(&run->pictures, run->scene_view));
    return take(run, (struct rect){ 0 }, result);
}

/* --- what it says --- */

const struct scorer *run_mapper(const struct run *run)
{
    const bool counts = run->maps >= 0 && run->decide.counts[run->maps] && run->maps_count &&
                        !run->decide.non_finite;
    return counts ? run->scorers[run->maps] : NULL;
}

void run_report(const struct run *run, struct livedepth_result *result)
{
    const struct decide *decide = &run->decide;
    enum livedepth_reason reason;
    result->verdict = decide_verdict(decide, &reason);
    result->reason = reason;
    result->clips = decide->clips;
    result->clips_needed = decide->policy.clips;
    result->frames = run->frames;
    result->run_frames = run->run_frames;
    result->clip_frames = min_int(run->clip.taken, run->bundle->frames);
    result->score = decide_score(decide, result->scores, result->votes);
    result->clip_score = decide->clip_score;
}
