/* session_views.c - implements livedepth.h: frames whose face was found and whose views were cut
 * before, as a server has them; views -> run. */
#include "session.h"
#include <math.h>
#include <string.h>

const uint8_t *livedepth_session_view(const struct livedepth_session *session, int32_t view)
{
    const struct pictures *pictures = &session->run.pictures;
    return view >= 0 && view < pictures->count ? pictures->rgb[view] : NULL;
}

/* Does the run go on, and are all squares where the face says? */
static enum livedepth_status check_squares(const struct run *run,
                                           const struct livedepth_views *views, struct rect face)
{
    const struct pictures *pictures = &run->pictures;
    const struct turn turn = turn_of(views->turn, views->width, views->height);
    const struct rect upright = turn_box(&turn, face);
    enum livedepth_reason why;
    const bool anew =
        views->paused ||
        !run_goes_on(run, face, views->turn, views->width, views->height, views->time_ms, &why) ||
        run_lays(run, face, views->turn, views->width, views->height);
    for (int i = 0; i < pictures->count; i++) {
        const struct view *view = &pictures->view[i];
        const struct rect square =
            anew || view->follows == VIEW_FOLLOWS_FACE
                ? pictures_square(pictures, i, &upright, views->width, views->height)
                : pictures->square[i];
        const float *given = views->squares[i];
        if (given[0] != square.left || given[1] != square.top || given[2] != square.width ||
            given[3] != square.height)
            return fail(LIVEDEPTH_BAD_ARGUMENT, "view %s is not where the face says", view->name);
    }
    return LIVEDEPTH_OK;
}

static enum livedepth_status check_views(const struct livedepth_session *session,
                                         const struct livedepth_views *views, struct rect face)
{
    const size_t size = pictures_bytes(&session->run.pictures);
    if (!views->data || views->size != size)
        return fail(LIVEDEPTH_FRAME_BAD_BUFFER, "%zu bytes of views, not %zu", views->size, size);
    TRY(session_check_time(session, views->time_ms));
    if (views->width < 1 || views->width > LIVEDEPTH_MAX_SIDE || views->height < 1 ||
        views->height > LIVEDEPTH_MAX_SIDE)
        return fail(LIVEDEPTH_FRAME_BAD_SIZE, "the views' frame is %dx%d", (int)views->width,
                    (int)views->height);
    if (!isfinite(face.left + face.top + face.width + face.height) ||
        fmaxf(face.width, face.height) < SESSION_FACE_MIN || fminf(face.width, face.height) <= 0)
        return fail(LIVEDEPTH_BAD_ARGUMENT, "no usable face: %gx%g", (double)face.width,
                    (double)face.height);
    if (!(fabsf(views->turn) <= 180))
        return fail(LIVEDEPTH_BAD_ARGUMENT, "turn is %g, must be -180 .. 180", (double)views->turn);
    return check_squares(&session->run, views, face);
}

/* As take_face (session.c), with pictures that were cut before. */
static enum livedepth_status take_views(struct livedepth_session *session,
                                        const struct livedepth_views *views, struct rect face,
                                        struct livedepth_result *result)
{
    struct run *run = &session->run;
    struct pictures *pictures = &run->pictures;
    enum livedepth_reason why;
    if (!run_goes_on(run, face, views->turn, views->width, views->height, views->time_ms, &why))
        run_break(run, why, result);
    if (views->paused) run_resume(run);
    run_lay(run, face, views->turn, views->width, views->height, result);
    clip_look(&run->clip, views->time_ms);
    pictures_put(pictures, views->squares, views->data);
    memcpy(result->views, views->squares, (size_t)pictures->count * sizeof *result->views);
    memcpy(result->box, views->face, sizeof result->box);
    result->turn = views->turn;
    return run_take(run, face, result);
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

    struct livedepth_result result = session_empty_result();
    result.width = views->width;
    result.height = views->height;
    if (clip_due(&session->run.clip, views->time_ms)) {
        const enum livedepth_status status = take_views(session, views, face, &result);
        if (status != LIVEDEPTH_OK) {
            run_break(&session->run, LIVEDEPTH_REASON_CLIP_SHORT, &result);
            return status;
        }
    }
    session->last_ms = views->time_ms;
    run_report(&session->run, &result);
    *out = result;
    return LIVEDEPTH_OK;
}
