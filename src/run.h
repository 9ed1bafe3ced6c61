/* run.h - one face that goes on from frame to frame: its pictures, its scorers, what they decide.
 *
 *     run_turn, run_goes_on -> (run_break) -> run_lay -> the pictures are filled -> run_take
 *
 * A frame without a usable face is a run_pause. Whoever fills the pictures, by cutting a frame or
 * with bytes that were cut before, calls the same functions in the same order, so that both have
 * the same answer. All functions that take a result write what became of the frame into it. */
#ifndef RUN_H
#define RUN_H

#include "clip.h"
#include "model.h"
#include "pictures.h"
#include "scene.h"

struct run {
    const struct bundle *bundle; /* borrowed */
    struct pictures pictures;
    struct turn turn;                              /* of the run's frames, all of them */
    int width, height;                             /* likewise */
    bool photo;                                    /* every frame is a run of its own */
    struct pthreadpool *pool;                      /* borrowed; NULL: the calling thread */
    struct scorer *scorers[LIVEDEPTH_MAX_SCORERS]; /* NULL: one that looks at no photos */
    int maps;        /* the first scorer that makes depth maps; -1: none does */
    bool maps_count; /* it made its newest in a clip that was scored */
    struct scene scene;
    int scene_view; /* the view that it looks at */
    struct clip clip;
    struct decide decide;
    int frames, run_frames; /* taken since the reset, and since the last break */
};

/* Opens the scorers, of a photo those that look at single frames, and takes all memory. Borrows
 * model and pool. On failure, too, run_destroy frees what there is. */
enum livedepth_status run_create(struct run *run, const struct livedepth_model *model, bool photo,
                                 struct pthreadpool *pool, const struct decide_policy *policy);
void run_destroy(struct run *run);
void run_reset(struct run *run);

/* Degrees by which a frame is turned whose face rolls so: those of the run as long as the face
 * leans about so; of a new run none if it leans little, all if it leans, most if it leans far. */
float run_turn(const struct run *run, float roll);
/* Can this be the run's face an interval or two later, in frames of this size that are turned so?
 * Else: why not. The face: its box in the frame. */
bool run_goes_on(const struct run *run, struct rect face, float turn, int width, int height,
                 double time_ms, enum livedepth_reason *why);
/* Would its squares be laid anew for the face? */
bool run_lays(const struct run *run, struct rect face, float turn, int width, int height);

/* The run is over: nothing of it counts any more. */
void run_break(struct run *run, enum livedepth_reason why, struct livedepth_result *result);
/* This frame cannot be used. The run goes on if the next ones can, with a new clip. */
void run_pause(struct run *run, double time_ms, enum livedepth_reason why,
               struct livedepth_result *result);
/* Frames before this one could not be used: as after run_pause. */
void run_resume(struct run *run);
/* The run goes on or begins with this face in a frame of width x height. True: with new squares. */
bool run_lay(struct run *run, struct rect face, float turn, int width, int height,
             struct livedepth_result *result);

/* The pictures of the frame go to the scorers; if all that are needed have a score, a clip is
 * scored. Another scene than that of the frame before breaks the run instead. */
enum livedepth_status run_take(struct run *run, struct rect face, struct livedepth_result *result);
/* As run_take, where any picture may follow any other. */
enum livedepth_status run_take_any(struct run *run, struct livedepth_result *result);

/* The scorer whose depth maps belong to a clip that counts, or NULL. */
const struct scorer *run_mapper(const struct run *run);
/* What the clips say that count. */
void run_report(const struct run *run, struct livedepth_result *result);

#endif
