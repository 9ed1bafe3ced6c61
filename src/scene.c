/* scene.c - see scene.h. */
#include "scene.h"
#include <math.h>
#include <string.h>

static const float SCALE = 2.7f;   /* of the view to look at */
static const float ALIKE = 0.6f;   /* least correlation of two frames an interval apart */
static const float FLAT = 1;       /* least variance of a grid, in squares of 255 */
static const float MOVED = 0.064f; /* planar_push: from here on, more than a flat picture */
static const float AGAIN = 0.05f;  /* a frame comes again: it is nearer to an earlier one than
                                     * this share of the way that lies between them */

int scene_view(const struct view *views, int count)
{
    int best = 0;
    for (int i = 1; i < count; i++) {
        const bool follows = views[i].follows == VIEW_FOLLOWS_FACE,
                   best_follows = views[best].follows == VIEW_FOLLOWS_FACE;
        const float off = fabsf(logf(views[i].scale / SCALE)),
                    best_off = fabsf(logf(views[best].scale / SCALE));
        if (follows != best_follows ? follows : off < best_off) best = i;
    }
    return best;
}

void scene_forget(struct scene *scene)
{
    scene->taken = 0;
    planar_reset(&scene->planar);
}

void scene_reset(struct scene *scene)
{
    scene_forget(scene);
    scene->shown = scene->seen = (struct scene_shown){ 0 };
}

/* Means over the cells, by channel; a cell has at least two pixels along each axis. */
static void make_grid(struct image_target picture, float *grid)
{
    const int side = picture.w;
    for (int v = 0; v < SCENE_CELLS; v++)
        for (int u = 0; u < SCENE_CELLS; u++) {
            const int left = u * side / SCENE_CELLS, right = (u + 1) * side / SCENE_CELLS;
            const int top = v * side / SCENE_CELLS, bottom = (v + 1) * side / SCENE_CELLS;
            int sums[3] = { 0 };
            for (int y = top; y < bottom; y++)
                for (int x = left; x < right; x++)
                    for (int c = 0; c < 3; c++)
                        sums[c] += picture.rgb[(y * picture.stride + x) * 3 + c];
            for (int c = 0; c < 3; c++)
                grid[(v * SCENE_CELLS + u) * 3 + c] =
                    (float)sums[c] / (float)((right - left) * (bottom - top));
        }
}

/* Green, which is most of the luma, of the four pixels about each place. */
static void make_grey(struct image_target picture, float *grey)
{
    const float scale = (float)picture.w / PLANAR_SIDE;
    for (int v = 0; v < PLANAR_SIDE; v++)
        for (int u = 0; u < PLANAR_SIDE; u++) {
            const struct image_four four =
                image_about(picture, ((float)u + 0.5f) * scale, ((float)v + 0.5f) * scale);
            const uint8_t *p = four.upper + 1, *q = four.lower + 1;
            const float fx = four.across, fy = four.down;
            grey[v * PLANAR_SIDE + u] = ((float)p[0] * (1 - fx) + (float)p[3] * fx) * (1 - fy) +
                                        ((float)q[0] * (1 - fx) + (float)q[3] * fx) * fy;
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
    const bool flat_a = squares_a < least, flat_b = squares_b < least;
    if (flat_a || flat_b) return flat_a && flat_b; /* one colour is like another, and no scene */
    return product / sqrtf(squares_a * squares_b);
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

bool scene_look(struct scene *scene, struct image_target picture)
{
    make_grid(picture, scene->grid);
    if (!scene->shown.moved) make_grey(picture, scene->grey);
    return follows(scene);
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
    struct scene_shown *shown = &scene->shown;
    shown->repeats = shown->repeats << 1 | comes_again(scene);
    shown->frames = min_int(shown->frames + 1, SCENE_NEWEST);
    memcpy(scene->kept[scene->taken++ % SCENE_KEPT], scene->grid, sizeof scene->grid);
    if (scene->taken == 2 * SCENE_KEPT) scene->taken = SCENE_KEPT; /* same slot */
    if (shown->moved) return;
    const float unexplained = planar_push(&scene->planar, scene->grey);
    scene->first_unseen |= isnan(unexplained);
    shown->moved = unexplained >= MOVED;
}

void scene_see(struct scene *scene)
{
    scene->seen = scene->shown;
    scene->first_unseen = false;
}

void scene_pause(struct scene *scene)
{
    scene->shown = scene->seen;
    if (scene->first_unseen) planar_reset(&scene->planar);
}

enum livedepth_reason scene_doubt(const struct scene *scene)
{
    const struct scene_shown *shown = &scene->shown;
    int repeats = 0;
    for (int i = 0; i < shown->frames; i++) repeats += shown->repeats >> i & 1;
    return 2 * repeats >= shown->frames && repeats ? LIVEDEPTH_REASON_REPEATED_FRAMES
           : shown->moved                          ? LIVEDEPTH_REASON_NONE
                                                   : LIVEDEPTH_REASON_FLAT_MOTION;
}
