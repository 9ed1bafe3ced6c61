/* scene.c - see scene.h. */
#include "scene.h"
#include "view.h"
#include <math.h>
#include <string.h>

static const struct view VIEW = { "scene", 2.7f, SCENE_SIDE, VIEW_FOLLOWS_FACE, IMAGE_BILINEAR };

static const float ALIKE = 0.6f;   /* least correlation of two frames an interval apart */
static const float FLAT = 1;       /* least variance of a grid, in squares of 255 */
static const float MOVED = 0.064f; /* planar_push: from here on, more than a flat picture */
static const float AGAIN = 0.05f;  /* a frame comes again: it is nearer to an earlier one than
                                     * this share of the way that lies between them */
static const float LEFT = 0.2f;    /* the face has left the square: shift over its side */
static const float GROWN = 1.6f;   /* or change of size */

/* Forgets the pictures, which a new square makes others, and not what they have shown. */
static void forget(struct scene *scene)
{
    scene->taken = 0;
    planar_reset(&scene->planar);
}

void scene_reset(struct scene *scene)
{
    forget(scene);
    scene->frames = 0;
    scene->repeats = 0;
    scene->moved = false;
    scene->square = (struct rect){ 0 };
}

/* Means over the cells, by channel. */
static void make_grid(const uint8_t *rgb, float *grid)
{
    enum { CELL = SCENE_SIDE / SCENE_CELLS };
    int sums[SCENE_GRID] = { 0 };
    for (int y = 0; y < SCENE_SIDE; y++)
        for (int x = 0; x < SCENE_SIDE; x++)
            for (int c = 0; c < 3; c++)
                sums[(y / CELL * SCENE_CELLS + x / CELL) * 3 + c] +=
                    rgb[(y * SCENE_SIDE + x) * 3 + c];
    for (int i = 0; i < SCENE_GRID; i++) grid[i] = (float)sums[i] / (float)(CELL * CELL);
}

/* Means of two by two pixels' green, which is most of the luma. */
static void make_grey(const uint8_t *rgb, float *grey)
{
    const int row = SCENE_SIDE * 3;
    for (int y = 0; y < PLANAR_SIDE; y++)
        for (int x = 0; x < PLANAR_SIDE; x++) {
            const uint8_t *p = rgb + (2 * y * SCENE_SIDE + 2 * x) * 3 + 1;
            grey[y * PLANAR_SIDE + x] = (float)(p[0] + p[3] + p[row] + p[row + 3]) / 4;
        }
}

/* The correlation of two grids, each channel about its mean, where b lies dx, dy cells further. */
static float correlation(const float *a, const float *b, int dx, int dy)
{
    float product = 0, squares_a = 0, squares_b = 0;
    for (int c = 0; c < 3; c++) {
        float n = 0, sa = 0, sb = 0, saa = 0, sbb = 0, sab = 0;
        for (int y = max_int(0, -dy); y < min_int(SCENE_CELLS, SCENE_CELLS - dy); y++)
            for (int x = max_int(0, -dx); x < min_int(SCENE_CELLS, SCENE_CELLS - dx); x++) {
                const float va = a[(y * SCENE_CELLS + x) * 3 + c],
                            vb = b[((y + dy) * SCENE_CELLS + x + dx) * 3 + c];
                n++, sa += va, sb += vb, saa += va * va, sbb += vb * vb, sab += va * vb;
            }
        product += sab - sa * sb / n;
        squares_a += saa - sa * sa / n;
        squares_b += sbb - sb * sb / n;
    }
    const float least = FLAT * (float)SCENE_GRID;
    return squares_a >= least && squares_b >= least ? product / sqrtf(squares_a * squares_b) : 1;
}

static const float *kept(const struct scene *scene, int frame)
{
    return scene->kept[frame % SCENE_KEPT];
}

static bool follows(const struct scene *scene)
{
    if (!scene->taken) return true;
    const float *before = kept(scene, scene->taken - 1);
    for (int dy = -1; dy <= 1; dy++)
        for (int dx = -1; dx <= 1; dx++)
            if (correlation(before, scene->grid, dx, dy) >= ALIKE) return true;
    return false;
}

bool scene_follows(const struct scene *scene) { return scene->follows; }

/* Is a square about the face, as it would be laid now, still near the one that is held? */
static bool holds(struct rect square, struct rect laid)
{
    const float dx = laid.left + laid.width / 2 - square.left - square.width / 2;
    const float dy = laid.top + laid.height / 2 - square.top - square.height / 2;
    const float reach = LEFT * square.width, ratio = laid.width / square.width;
    return fabsf(dx) <= reach && fabsf(dy) <= reach && ratio <= GROWN && ratio >= 1 / GROWN;
}

static enum livedepth_status cut(struct scene *scene, struct image_scratch *scratch,
                                 const struct livedepth_frame *frame)
{
    const struct image_target target = { scene->rgb, SCENE_SIDE, SCENE_SIDE, SCENE_SIDE };
    TRY(image_resize(scratch, frame, scene->square, VIEW.filter, target));
    make_grid(scene->rgb, scene->grid);
    return LIVEDEPTH_OK;
}

enum livedepth_status scene_look(struct scene *scene, struct image_scratch *scratch,
                                 const struct livedepth_frame *frame, const struct rect *face)
{
    int width, height;
    image_upright_size(frame, &width, &height);
    const struct rect all = { 0, 0, (float)width, (float)height };
    const struct rect laid = face ? view_square(&VIEW, *face, width, height) : all;
    const bool begun = scene->square.width > 0;
    if (!face) scene->square = all; /* of face crops each may have a size of its own */
    if (begun) TRY(cut(scene, scratch, frame));
    scene->follows = !begun || follows(scene);
    if (begun && holds(scene->square, laid)) return LIVEDEPTH_OK;
    forget(scene);
    scene->square = laid;
    return cut(scene, scratch, frame);
}

static float distance(const float *a, const float *b)
{
    float sum = 0;
    for (int i = 0; i < SCENE_GRID; i++) sum += (a[i] - b[i]) * (a[i] - b[i]);
    return sqrtf(sum);
}

/* Was the frame looked at seen before, with others in between that differ from it? */
static bool comes_again(const struct scene *scene)
{
    float furthest = 0; /* of those in between */
    for (int k = scene->taken - 1; k >= max_int(0, scene->taken - SCENE_KEPT); k--) {
        const float d = distance(kept(scene, k), scene->grid);
        if (d < AGAIN * furthest) return true;
        furthest = fmaxf(furthest, d);
    }
    return false;
}

void scene_take(struct scene *scene)
{
    scene->repeats = scene->repeats << 1 | comes_again(scene);
    scene->frames = min_int(scene->frames + 1, SCENE_NEWEST);
    memcpy(scene->kept[scene->taken++ % SCENE_KEPT], scene->grid, sizeof scene->grid);
    if (scene->taken == 2 * SCENE_KEPT) scene->taken = SCENE_KEPT; /* same slot */
    if (scene->moved) return;
    make_grey(scene->rgb, scene->grey);
    scene->moved = planar_push(&scene->planar, scene->grey) >= MOVED;
}

enum livedepth_reason scene_doubt(const struct scene *scene)
{
    int repeats = 0;
    for (int i = 0; i < scene->frames; i++) repeats += scene->repeats >> i & 1;
    return 2 * repeats >= scene->frames && repeats ? LIVEDEPTH_REASON_REPEATED_FRAMES
           : scene->moved                          ? LIVEDEPTH_REASON_NONE
                                                   : LIVEDEPTH_REASON_FLAT_MOTION;
}
