/* turn.c - see turn.h.
 *
 * A turned square is made in two steps: the upright rectangle about it is resized, twice as fine as
 * the target where that is not too large, and each pixel of the target is taken from the four
 * pixels about its place there. Half as far apart as the target's own, they blur little. */
#include "turn.h"
#include <math.h>
#include <stdlib.h>

enum { SIDE = 384 }; /* at least twice a view of 128 and the square root of 2 */
static const float FINER = 2;

struct turn_scratch {
    uint8_t rgb[SIDE * SIDE * 3];
};

struct turn_scratch *turn_scratch_create(void) { return calloc(1, sizeof(struct turn_scratch)); }

struct turn turn_of(float degrees, int width, int height)
{
    const float radians = degrees / DEGREES;
    return (struct turn){ degrees, cosf(radians), sinf(radians), (float)width / 2,
                          (float)height / 2 };
}

void turn_move_back(const struct turn *turn, float *dx, float *dy)
{
    const float x = *dx, y = *dy;
    *dx = x * turn->cos - y * turn->sin;
    *dy = x * turn->sin + y * turn->cos;
}

struct rect turn_box(const struct turn *turn, struct rect box)
{
    if (turn->degrees == 0) return box;
    const float x = box.left + box.width / 2 - turn->x, y = box.top + box.height / 2 - turn->y;
    return (struct rect){ turn->x + x * turn->cos + y * turn->sin - box.width / 2,
                          turn->y - x * turn->sin + y * turn->cos - box.height / 2, box.width,
                          box.height };
}

/* The part of the frame that shows the turned square, at least one pixel of it. */
static struct rect about(const struct livedepth_frame *frame, float x, float y, float reach)
{
    int width, height;
    image_upright_size(frame, &width, &height);
    const float w = (float)width, h = (float)height;
    const float left = fminf(fmaxf(x - reach, 0), w - 1), top = fminf(fmaxf(y - reach, 0), h - 1);
    return (struct rect){ left, top, fmaxf(fminf(x + reach, w) - left, 1),
                          fmaxf(fminf(y + reach, h) - top, 1) };
}

static int pixels(float length, float scale)
{
    return min_int(max_int((int)ceilf(length * scale), IMAGE_MIN_TARGET), SIDE);
}

static void sample(struct image_target from, float x, float y, uint8_t *rgb)
{
    const struct image_four four = image_about(from, x, y);
    const uint8_t *upper = four.upper, *lower = four.lower;
    for (int c = 0; c < 3; c++) {
        const float above = (float)upper[c] + four.across * (float)(upper[c + 3] - upper[c]),
                    below = (float)lower[c] + four.across * (float)(lower[c + 3] - lower[c]);
        rgb[c] = (uint8_t)(above + four.down * (below - above) + 0.5f);
    }
}

enum livedepth_status turn_resize(const struct turn *turn, struct turn_scratch *between,
                                  struct image_scratch *scratch,
                                  const struct livedepth_frame *frame, struct rect square,
                                  enum image_filter filter, struct image_target target)
{
    if (turn->degrees == 0) return image_resize(scratch, frame, square, filter, target);
    const float step = square.width / (float)target.w; /* pixels of the frame */
    float x = square.left + square.width / 2 - turn->x,
          y = square.top + square.height / 2 - turn->y;
    turn_move_back(turn, &x, &y);
    x += turn->x, y += turn->y;
    const float reach = square.width / 2 * (fabsf(turn->cos) + fabsf(turn->sin));
    const struct rect part = about(frame, x, y, reach);
    const int w = pixels(part.width, FINER / step), h = pixels(part.height, FINER / step);
    const struct image_target fine = { between->rgb, w, h, w };
    TRY(image_resize(scratch, frame, part, filter, fine));

    const float across = (float)w / part.width, down = (float)h / part.height;
    for (int row = 0; row < target.h; row++)
        for (int column = 0; column < target.w; column++) {
            float dx = ((float)column + 0.5f) * step - square.width / 2,
                  dy = ((float)row + 0.5f) * step - square.width / 2;
            turn_move_back(turn, &dx, &dy);
            sample(fine, (x + dx - part.left) * across, (y + dy - part.top) * down,
                   target.rgb + 3 * (row * target.stride + column));
        }
    return LIVEDEPTH_OK;
}
