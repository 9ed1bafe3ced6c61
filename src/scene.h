/* scene.h - is it one person before one camera? Three questions to one of the views, the one that
 * shows the face and what is around it, in every frame that is taken:
 *
 *     can it be the scene of the frame before, an interval later?      else the run is broken
 *     does more move than one flat picture would (planar.h)?           else nobody is live
 *     are the frames new, or do they come again, as those of a loop?   else nobody is live
 *
 * The two last are doubts: they keep a verdict from being live, and never make one. What takes a
 * doubt away must have been seen by a clip: frames between two pauses may be too few for one. */
#ifndef SCENE_H
#define SCENE_H

#include "planar.h"
#include "view.h"

enum {
    SCENE_CELLS = 16, /* along each axis, of the picture as it is remembered */
    SCENE_GRID = SCENE_CELLS * SCENE_CELLS * 3,
    SCENE_KEPT = 16,   /* frames that are remembered: of more, a head that sways comes by again */
    SCENE_NEWEST = 10, /* frames of which half must be new */
};

/* What the frames taken since the reset showed. */
struct scene_shown {
    int frames;       /* at most SCENE_NEWEST */
    uint32_t repeats; /* a bit for each, the newest lowest: it came before */
    bool moved;       /* other than one flat picture would */
};

struct scene {
    float grid[SCENE_GRID];             /* of the picture looked at */
    float kept[SCENE_KEPT][SCENE_GRID]; /* of frames taken, a ring */
    int taken;                          /* frames in it and before, since scene_forget */
    struct scene_shown shown, seen;     /* by all frames, and by those that a clip saw */
    float grey[PLANAR_PIXELS];
    struct planar planar;
    bool first_unseen; /* no clip saw the picture that planar lays over the others */
};

/* The view to look at: the one nearest to 2.7 boxes, of those that follow the face if there is one,
 * for the squares of others are laid anew now and then. */
int scene_view(const struct view *views, int count);

void scene_reset(struct scene *scene);  /* the run is over */
void scene_forget(struct scene *scene); /* the pictures, for a new square makes others */

/* Looks at the view of a frame. -> can it be the scene of the last frame taken? In 90 live clips of
 * webcams it always could; of 270 cuts from one of them to an attack in the same room 22 could. */
bool scene_look(struct scene *scene, struct image_target picture);
void scene_take(struct scene *scene);  /* the frame looked at was taken */
void scene_see(struct scene *scene);   /* a clip was scored that ends with it */
void scene_pause(struct scene *scene); /* no clip will see the frames since scene_see */

/* Why nobody is live in the frames taken, or NONE. */
enum livedepth_reason scene_doubt(const struct scene *scene);

#endif
