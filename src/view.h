/* view.h - what the networks see of a frame: a square about the face, as bytes. Pure.
 *
 * A view is cut once from every frame that is taken, and no scorer reads anything but its bytes:
 * every network normalises them itself, training stores them, and in a view that is held the face
 * is followed. */
#ifndef VIEW_H
#define VIEW_H

#include "image.h"

enum { VIEW_MAX_SIZE = IMAGE_MAX_TARGET, VIEW_NAME = 16 }; /* VIEW_NAME: as METADATA_WORD */

/* The run: the square of its first frame is held, so that motion stays motion (arXiv:2003.08061
 * section 4.2). The face: each frame has its own, for networks that look at single frames. */
enum view_follows { VIEW_FOLLOWS_RUN, VIEW_FOLLOWS_FACE };

struct view {
    char name[VIEW_NAME];
    float scale; /* side of the square / longer side of the face's box, 0.5 .. 8 */
    int size;    /* it becomes size x size RGB pixels: 32 .. VIEW_MAX_SIZE */
    enum view_follows follows;
    enum image_filter filter; /* with which its networks were trained */
};

/* The square of `scale` times the longer side of the face's box about its centre, moved and, where
 * it must be, shrunk to lie inside the frame of width x height. */
struct rect view_square(const struct view *view, struct rect face, int width, int height);

/* Of several views: the longer side of the largest face, in shorter sides of the frame, for which
 * no square that is held must shrink. Those that follow the face are shrunk in training, too
 * (github.com/minivision-ai/Silent-Face-Anti-Spoofing, generate_patches.py). */
float view_largest_face(const struct view *views, int count);

#endif
