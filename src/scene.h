/* scene.h - is it one person before one camera? Three questions to a small picture of the face and
 * what is around it, in every frame that is taken:
 *
 *     can it be the scene of the frame before, an interval later?      else the run is broken
 *     does more move than one flat picture would (planar.h)?           else nobody is live
 *     are the frames new, or do they come again, as those of a loop?   else nobody is live
 *
 * The two last are doubts: they keep a verdict from being live, and never make one. */
#ifndef SCENE_H
#define SCENE_H

#include "planar.h"

enum {
    SCENE_NEWEST = 10, /* frames of which half must be new */
    SCENE_SIDE = 2 * PLANAR_SIDE,
    SCENE_CELLS = 16, /* along each axis, of the picture as it is remembered */
    SCENE_GRID = SCENE_CELLS * SCENE_CELLS * 3,
    SCENE_KEPT = 16, /* frames that are remembered: of more, a head that sways comes by again */
};

struct scene {
    struct rect square;                       /* held, until the face has left it */
    uint8_t rgb[SCENE_SIDE * SCENE_SIDE * 3]; /* of the frame looked at */
    float grid[SCENE_GRID];                   /* of it */
    bool follows;                             /* it can be the scene of the frame before */
    float kept[SCENE_KEPT][SCENE_GRID];       /* of frames taken, a ring */
    int taken;        /* frames of which it is one, since the square was laid */
    int frames;       /* since the reset, at most SCENE_NEWEST */
    uint32_t repeats; /* a bit for each, the newest lowest: it came before */
    bool moved;       /* other than one flat picture would */
    float grey[PLANAR_PIXELS];
    struct planar planar;
};

void scene_reset(struct scene *scene); /* the run is over */

/* Looks at the picture of a frame: about the face or, without one, all of it. */
enum livedepth_status scene_look(struct scene *scene, struct image_scratch *scratch,
                                 const struct livedepth_frame *frame, const struct rect *face);
/* Can it be the scene of the last frame taken? In 90 live clips of webcams it always could; of 270
 * cuts from one of them to an attack in the same room 11 could, to any clip of another 21. */
bool scene_follows(const struct scene *scene);
void scene_take(struct scene *scene); /* the frame looked at was taken */

/* Why nobody is live in the frames taken, or NONE. */
enum livedepth_reason scene_doubt(const struct scene *scene);

#endif
