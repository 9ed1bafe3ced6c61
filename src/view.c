/* view.c - see view.h. */
#include "view.h"
#include <math.h>

struct rect view_square(const struct view *view, struct rect face, int width, int height)
{
    const float w = (float)width, h = (float)height;
    const float side = fminf(view->scale * fmaxf(face.width, face.height), fminf(w, h));
    const float left = face.left + (face.width - side) / 2,
                top = face.top + (face.height - side) / 2;
    return (struct rect){ fminf(fmaxf(left, 0), w - side), fminf(fmaxf(top, 0), h - side), side,
                          side };
}

float view_largest_face(const struct view *views, int count)
{
    float largest = 1;
    for (int i = 0; i < count; i++)
        if (views[i].follows == VIEW_FOLLOWS_RUN) largest = fminf(largest, 1 / views[i].scale);
    return largest;
}
