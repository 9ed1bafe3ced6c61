/* pictures.c - see pictures.h. */
#include "pictures.h"
#include <stdlib.h>
#include <string.h>

static size_t bytes_of(const struct view *view) { return (size_t)view->size * view->size * 3; }

enum livedepth_status pictures_create(struct pictures *pictures, const struct view *view, int count)
{
    *pictures = (struct pictures){ .view = view, .count = count };
    for (int i = 0; i < count; i++)
        if (!(pictures->rgb[i] = memory_create(bytes_of(&view[i]))))
            return fail(LIVEDEPTH_NO_MEMORY, "view %s", view[i].name);
    if (!(pictures->between = turn_scratch_create()))
        return fail(LIVEDEPTH_NO_MEMORY, "memory to turn");
    return LIVEDEPTH_OK;
}

void pictures_destroy(struct pictures *pictures)
{
    for (int i = 0; i < LIVEDEPTH_MAX_VIEWS; i++) free(pictures->rgb[i]);
    free(pictures->between);
}

struct image_target pictures_target(const struct pictures *pictures, int view)
{
    const int size = pictures->view[view].size;
    return (struct image_target){ pictures->rgb[view], size, size, size };
}

size_t pictures_bytes(const struct pictures *pictures)
{
    size_t all = 0;
    for (int i = 0; i < pictures->count; i++) all += bytes_of(&pictures->view[i]);
    return all;
}

struct rect pictures_square(const struct pictures *pictures, int view, const struct rect *face,
                            int width, int height)
{
    return face ? view_square(&pictures->view[view], *face, width, height)
                : (struct rect){ 0, 0, (float)width, (float)height };
}

void pictures_lay(struct pictures *pictures, enum view_follows follows, const struct rect *face,
                  int width, int height)
{
    for (int i = 0; i < pictures->count; i++)
        if (pictures->view[i].follows == follows)
            pictures->square[i] = pictures_square(pictures, i, face, width, height);
}

void pictures_put(struct pictures *pictures, const float squares[][4], const uint8_t *bytes)
{
    for (int i = 0; i < pictures->count; i++) {
        const float *square = squares[i];
        const size_t size = bytes_of(&pictures->view[i]);
        pictures->square[i] = (struct rect){ square[0], square[1], square[2], square[3] };
        memcpy(pictures->rgb[i], bytes, size);
        bytes += size;
    }
}

enum livedepth_status pictures_cut(struct pictures *pictures, enum view_follows follows,
                                   const struct turn *turn, struct image_scratch *scratch,
                                   const struct livedepth_frame *frame)
{
    for (int i = 0; i < pictures->count; i++)
        if (pictures->view[i].follows == follows)
            TRY(turn_resize(turn, pictures->between, scratch, frame, pictures->square[i],
                            pictures->view[i].filter, pictures_target(pictures, i)));
    return LIVEDEPTH_OK;
}

bool pictures_held(const struct pictures *pictures, const struct turn *turn,
                   struct watch_picture *picture)
{
    for (int i = 0; i < pictures->count; i++)
        if (pictures->view[i].follows == VIEW_FOLLOWS_RUN) {
            *picture = (struct watch_picture){ pictures_target(pictures, i), pictures->square[i],
                                               *turn, pictures->view[i].scale };
            return true;
        }
    return false;
}
