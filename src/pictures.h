/* pictures.h - the views of one frame: where each lies, and its bytes.
 *
 * Squares lie in the turned frame (turn.h), which is the frame itself unless the face leans. */
#ifndef PICTURES_H
#define PICTURES_H

#include "turn.h"
#include "view.h"
#include "watch.h"

struct pictures {
    const struct view *view; /* borrowed */
    int count;
    struct turn_scratch *between;
    struct rect square[LIVEDEPTH_MAX_VIEWS];
    uint8_t *rgb[LIVEDEPTH_MAX_VIEWS]; /* [size][size][3] */
};

enum livedepth_status pictures_create(struct pictures *pictures, const struct view *view,
                                      int count);
void pictures_destroy(struct pictures *pictures);

struct image_target pictures_target(const struct pictures *pictures, int view);
size_t pictures_bytes(const struct pictures *pictures); /* of all views */

/* The square of a view about a face of the turned frame of width x height; without a face it is the
 * whole frame. */
struct rect pictures_square(const struct pictures *pictures, int view, const struct rect *face,
                            int width, int height);
/* Lays the squares of one kind, and cuts them. */
void pictures_lay(struct pictures *pictures, enum view_follows follows, const struct rect *face,
                  int width, int height);
/* Or all of them as they were before: squares, and bytes in the order of the views. */
void pictures_put(struct pictures *pictures, const float squares[][4], const uint8_t *bytes);
enum livedepth_status pictures_cut(struct pictures *pictures, enum view_follows follows,
                                   const struct turn *turn, struct image_scratch *scratch,
                                   const struct livedepth_frame *frame);

/* The held square in which the face is followed, the first of the views. False: there is none. */
bool pictures_held(const struct pictures *pictures, const struct turn *turn,
                   struct watch_picture *picture);

#endif
