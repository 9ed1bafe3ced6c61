/* track.c - see track.h. */
#include "track.h"
#include "simd.h"
#include <math.h>

static const float BOXES = 1.5f;  /* a crop as wide that has TRACK_CELLS cells */
static const float ALIKE = 0.75f; /* least correlation with the face as it was detected */
static const float FLAT = 1e-4f;  /* least variance of a picture with values 0 .. 1 */

static float mean_of(const float *grid, int stride, int w, int h)
{
    float sum = 0;
    for (int y = 0; y < h; y++)
        for (int x = 0; x < w; x++) sum += grid[y * stride + x];
    return sum / (float)(w * h);
}

/* Pixels of a cell's side: about as many cells across the face as a crop of BOXES boxes has, so
 * that how far a face may go, and how finely it is seen, is the same in wider crops. */
static int cell_of(int pixels, float boxes)
{
    const int fine = (int)lroundf(BOXES / boxes * (float)pixels / TRACK_CELLS),
              least = (pixels + 2 * TRACK_CELLS - 1) / (2 * TRACK_CELLS);
    return max_int(max_int(1, least), min_int(fine, pixels / TRACK_CELLS));
}

/* The picture's green, averaged over each cell: 0 .. 1. Green is most of the luma. */
static void shrink(struct track *track, struct image_target image)
{
    const int cell = track->cell, side = image.w / cell;
    const float full = (float)(255 * cell * cell);
    track->side = side;
    for (int y = 0; y < side; y++)
        for (int x = 0; x < side; x++) {
            int sum = 0;
            for (int i = 0; i < cell; i++)
                for (int j = 0; j < cell; j++)
                    sum += image.rgb[3 * ((y * cell + i) * image.stride + x * cell + j) + 1];
            track->grid[y * side + x] = (float)sum / full;
        }
}

/* A place in shares of the crop as a cell whose neighbours within reach are all in the grid. */
static int inside(float place, int side)
{
    return (int)fminf(fmaxf(place * (float)side, TRACK_REACH), (float)(side - TRACK_REACH));
}

bool track_start(struct track *track, struct image_target image, float boxes, struct rect face)
{
    track->cell = cell_of(image.w, boxes);
    shrink(track, image);
    const int side = track->side;
    const int left = inside(face.left, side), top = inside(face.top, side),
              right = inside(face.left + face.width, side),
              bottom = inside(face.top + face.height, side);
    const int w = right - left, h = bottom - top;
    track->w = track->h = 0;
    if (w < TRACK_LEAST || h < TRACK_LEAST) return false;

    const float *from = track->grid + top * side + left;
    const float mean = mean_of(from, side, w, h);
    float squares = 0;
    for (int y = 0; y < h; y++)
        for (int x = 0; x < w; x++) {
            const float value = from[y * side + x] - mean;
            track->template[y * w + x] = value;
            squares += value * value;
        }
    if (!(squares >= FLAT * (float)(w * h))) return false;
    for (int i = 0; i < w * h; i++) track->template[i] /= sqrtf(squares);
    track->left = left;
    track->top = top;
    track->w = w;
    track->h = h;
    return true;
}

/* Correlations of the template with four parts of the grid: with sums over the cells g of a part
 * and t of the template, sum of (g - mean) t / sqrt(sum of (g - mean)^2), where sum of t = 0. The
 * first part starts dx, dy cells from the template's own place, each other a cell further right. */
static f32x4 correlations(const struct track *track, int dx, int dy)
{
    const int w = track->w, h = track->h;
    const float *from = track->grid + (track->top + dy) * track->side + track->left + dx;
    const float *template = track->template;
    const float base = from[0]; /* near the mean, so that little cancels */
    f32x4 product = splat4(0), sum = splat4(0), squares = splat4(0);
    for (int y = 0; y < h; y++, from += track->side)
        for (int x = 0; x < w; x++) {
            const f32x4 g = load4(from + x, 4) - splat4(base);
            product += g * splat4(*template ++);
            sum += g;
            squares += g * g;
        }
    const f32x4 count = splat4((float)(w * h)), deviations = squares - sum * sum / count;
    f32x4 result = splat4(0);
    for (int i = 0; i < 4; i++)
        result[i] = deviations[i] >= FLAT * count[i] ? product[i] / sqrtf(deviations[i]) : 0;
    return result;
}

/* The place at which the parabola through (-1, a), (0, b), (1, c) is highest; b is the largest. */
static float summit(float a, float b, float c)
{
    const float bend = a - 2 * b + c;
    return bend < 0 ? (a - c) / (2 * bend) : 0;
}

bool track_follow(struct track *track, struct image_target image, float *dx, float *dy)
{
    enum { SPAN = 2 * TRACK_REACH + 1, ROOM = (SPAN + 3) / 4 * 4 };
    float found[SPAN][ROOM];
    if (!track->w) return false;
    shrink(track, image);
    int x = 0, y = 0;
    for (int i = 0; i < SPAN; i++)
        for (int j = 0; j < ROOM; j += 4)
            store4(&found[i][j], correlations(track, j - TRACK_REACH, i - TRACK_REACH), 4);
    for (int i = 0; i < SPAN; i++)
        for (int j = 0; j < SPAN; j++)
            if (found[i][j] > found[y][x]) y = i, x = j;
    if (!(found[y][x] >= ALIKE) || x == 0 || y == 0 || x == SPAN - 1 || y == SPAN - 1) return false;
    const float cells = (float)track->side, best = found[y][x];
    *dx = ((float)(x - TRACK_REACH) + summit(found[y][x - 1], best, found[y][x + 1])) / cells;
    *dy = ((float)(y - TRACK_REACH) + summit(found[y - 1][x], best, found[y + 1][x])) / cells;
    return true;
}
