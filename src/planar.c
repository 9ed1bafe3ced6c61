/* planar.c - see planar.h. Baker and Matthews, Lucas-Kanade 20 years on (IJCV 56, 2004), section
 * 3.2: the inverse compositional algorithm, from coarse to fine. */
#include "planar.h"
#include "simd.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    SIDE = PLANAR_SIDE,
    MOTIONS = PLANAR_MOTIONS,
    STEPS = 12, /* at most, at each level */
    CELL = 4,   /* pixels along each axis whose differences are averaged */
    CELLS = SIDE / CELL,
};

static const float FLAT = 1e-3f;    /* least variance of a picture, in the caller's scale */
static const float BEHIND = 0.1f;   /* least depth of a point that can be seen */
static const float ALIKE = 0.5f;    /* least correlation of a picture that is laid over the first */
static const float IN_VIEW = 0.5f;  /* least share of it that must lie on it */
static const float DAMPING = 1e-3f; /* of the diagonal: where a picture has no detail, no motion */
static const float STILL = 1e-4f;   /* a step below this, in half sides, is the last */
static const float TINY = 1e-6f;    /* keeps a root and a quotient finite */

/* Level 0 is the largest. */
static int side_of(int level) { return SIDE >> level; }

static int offset_of(int level)
{
    return level == 0 ? 0 : level == 1 ? SIDE * SIDE : SIDE * SIDE + SIDE * SIDE / 4;
}

/* --- pictures --- */

/* Means of two by two pixels, in place. */
static void halve(float *picture, int side)
{
    for (int y = 0; y < side / 2; y++)
        for (int x = 0; x < side / 2; x++) {
            const float *p = picture + 2 * y * side + 2 * x;
            picture[y * (side / 2) + x] = (p[0] + p[1] + p[side] + p[side + 1]) / 4;
        }
}

/* By (1 2 1) / 4 along both axes: between the pixels of a sharp picture nothing is known. */
static void smooth(const float *from, int side, float *to)
{
    for (int y = 0; y < side; y++)
        for (int x = 0; x < side; x++) {
            float sum = 0;
            for (int i = -1; i <= 1; i++)
                for (int j = -1; j <= 1; j++)
                    sum += from[min_int(max_int(y + i, 0), side - 1) * side +
                                min_int(max_int(x + j, 0), side - 1)] *
                           (float)((2 - abs(i)) * (2 - abs(j)));
            to[y * side + x] = sum / 16;
        }
}

/* Mean 0 and variance 1. False: the picture is flat. */
static bool normalise(float *picture, int count)
{
    float sum = 0, squares = 0;
    for (int i = 0; i < count; i++) sum += picture[i];
    for (int i = 0; i < count; i++) {
        picture[i] -= sum / (float)count;
        squares += picture[i] * picture[i];
    }
    if (!(squares >= FLAT * (float)count)) return false;
    for (int i = 0; i < count; i++) picture[i] /= sqrtf(squares / (float)count);
    return true;
}

/* Makes the newest picture at every level. False: it is flat. */
static bool make_levels(struct planar *planar, const float *grey)
{
    memcpy(planar->sharp, grey, sizeof planar->sharp);
    for (int level = 0; level < PLANAR_LEVELS; level++) {
        const int side = side_of(level);
        float *picture = planar->newest + offset_of(level);
        smooth(planar->sharp, side, picture);
        if (!normalise(picture, side * side)) return false;
        halve(planar->sharp, side);
    }
    return true;
}

/* -1 .. 1 from left to right: a homography's numbers are then of one size. */
static float place_of(int pixel, int side) { return ((float)pixel + 0.5f) * 2 / (float)side - 1; }

/* --- the first picture --- */

/* A = L L^T in place, in the lower half. A is positive definite. */
static void factorise(float a[MOTIONS][MOTIONS])
{
    for (int i = 0; i < MOTIONS; i++)
        for (int j = 0; j <= i; j++) {
            float sum = a[i][j];
            for (int k = 0; k < j; k++) sum -= a[i][k] * a[j][k];
            a[i][j] = i == j ? sqrtf(fmaxf(sum, TINY)) : sum / a[j][j];
        }
}

static void solve(const float l[MOTIONS][MOTIONS], float *b)
{
    for (int i = 0; i < MOTIONS; i++) {
        for (int k = 0; k < i; k++) b[i] -= l[i][k] * b[k];
        b[i] /= l[i][i];
    }
    for (int i = MOTIONS - 1; i >= 0; i--) {
        for (int k = i + 1; k < MOTIONS; k++) b[i] -= l[k][i] * b[k];
        b[i] /= l[i][i];
    }
}

/* With x' = ((1 + p0) x + p1 y + p2) / (p6 x + p7 y + 1) and y' likewise of p3, p4, p5: how the
 * picture changes with each p at p = 0, by the chain rule. */
static void begin_level(struct planar *planar, int level)
{
    const int side = side_of(level), offset = offset_of(level);
    const float *picture = planar->newest + offset, half = (float)side / 2;
    float(*factor)[MOTIONS] = planar->factor[level];
    memcpy(planar->first + offset, picture, (size_t)(side * side) * sizeof *picture);
    memset(factor, 0, sizeof planar->factor[level]);
    for (int v = 0; v < side; v++)
        for (int u = 0; u < side; u++) {
            const int left = max_int(u - 1, 0), right = min_int(u + 1, side - 1),
                      up = max_int(v - 1, 0), down = min_int(v + 1, side - 1);
            const float x = place_of(u, side), y = place_of(v, side);
            const float gx = (picture[v * side + right] - picture[v * side + left]) * half /
                             (float)(right - left);
            const float gy =
                (picture[down * side + u] - picture[up * side + u]) * half / (float)(down - up);
            const float tilt = -(gx * x + gy * y);
            const float row[MOTIONS] = {
                gx * x, gx * y, gx, gy * x, gy * y, gy, tilt * x, tilt * y
            };
            memcpy(planar->changes[offset + v * side + u], row, sizeof row);
            for (int i = 0; i < MOTIONS; i++)
                for (int j = 0; j <= i; j++) factor[i][j] += row[i] * row[j];
        }
    for (int i = 0; i < MOTIONS; i++) factor[i][i] += DAMPING * factor[i][i] + TINY;
    factorise(factor);
}

/* --- a later picture --- */

/* Samples the newest picture where the homography m puts the pixels of the first. -> share of them
 * that lie in it */
static float warp(struct planar *planar, int level, const float *m)
{
    const int side = side_of(level);
    const float *picture = planar->newest + offset_of(level), last = (float)(side - 1);
    int count = 0;
    for (int v = 0; v < side; v++)
        for (int u = 0; u < side; u++) {
            const float x = place_of(u, side), y = place_of(v, side);
            const float w = m[6] * x + m[7] * y + 1;
            const float px = ((m[0] * x + m[1] * y + m[2]) / w + 1) * (float)side / 2 - 0.5f;
            const float py = ((m[3] * x + m[4] * y + m[5]) / w + 1) * (float)side / 2 - 0.5f;
            const bool inside = w >= BEHIND && px >= 0 && py >= 0 && px <= last && py <= last;
            planar->in_view[v * side + u] = inside;
            planar->laid[v * side + u] = 0;
            if (!inside) continue;
            const int left = min_int((int)px, side - 2), up = min_int((int)py, side - 2);
            const float fx = px - (float)left, fy = py - (float)up, *p = picture + up * side + left;
            planar->laid[v * side + u] = (p[0] * (1 - fx) + p[1] * fx) * (1 - fy) +
                                         (p[side] * (1 - fx) + p[side + 1] * fx) * fy;
            count++;
        }
    return (float)count / (float)(side * side);
}

/* Brings brightness and contrast of what is laid over the first picture to those of the first, and
 * takes that one off. -> their correlation */
static float difference(struct planar *planar, int level)
{
    const int count = side_of(level) * side_of(level);
    const float *first = planar->first + offset_of(level);
    float *laid = planar->laid, n = 0, sa = 0, sb = 0, saa = 0, sbb = 0, sab = 0;
    for (int i = 0; i < count; i++) {
        if (!planar->in_view[i]) continue;
        n++, sa += first[i], sb += laid[i];
        saa += first[i] * first[i], sbb += laid[i] * laid[i], sab += first[i] * laid[i];
    }
    const float va = saa - sa * sa / n, vb = sbb - sb * sb / n, ab = sab - sa * sb / n;
    const bool flat = !(va > TINY && vb > TINY);
    const float gain = flat ? 0 : ab / vb, bias = (sa - gain * sb) / n;
    for (int i = 0; i < count; i++)
        laid[i] = planar->in_view[i] ? gain * laid[i] + bias - first[i] : 0;
    return flat ? 0 : ab / sqrtf(va * vb);
}

/* m becomes m times the inverse of the small homography 1 + p. */
static void compose(float *m, const float *p)
{
    const float a = 1 + p[0], b = p[1], c = p[2], d = p[3], e = 1 + p[4], f = p[5], g = p[6],
                h = p[7];
    const float inverse[9] = { e - f * h,     c * h - b,     b * f - c * e, f * g - d,    a - c * g,
                               c * d - a * f, d * h - e * g, b * g - a * h, a * e - b * d };
    float product[9] = { 0 };
    for (int i = 0; i < 3; i++)
        for (int j = 0; j < 3; j++)
            for (int k = 0; k < 3; k++) product[3 * i + j] += m[3 * i + k] * inverse[3 * k + j];
    for (int i = 0; i < 9; i++) m[i] = product[i] / product[8];
}

/* Improves the homography m that lays the newest picture over the first. */
static void align(struct planar *planar, int level, float *m)
{
    const int side = side_of(level), offset = offset_of(level);
    for (int step = 0; step < STEPS; step++) {
        f32x4 low = splat4(0), high = splat4(0);
        float p[MOTIONS], size = 0;
        if (warp(planar, level, m) < IN_VIEW) return;
        difference(planar, level);
        for (int i = 0; i < side * side; i++) {
            const f32x4 by = splat4(planar->laid[i]);
            low += load4(planar->changes[offset + i], 4) * by;
            high += load4(planar->changes[offset + i] + 4, 4) * by;
        }
        store4(p, low, 4);
        store4(p + 4, high, 4);
        solve(planar->factor[level], p);
        compose(m, p);
        for (int k = 0; k < MOTIONS; k++) size = fmaxf(size, fabsf(p[k]));
        if (!(size >= STILL)) return;
    }
}

/* The 95th percentile of the cells' mean differences, of those that are wholly in view. */
static float unexplained(const struct planar *planar)
{
    float cells[CELLS * CELLS];
    int count = 0;
    for (int y = 0; y < SIDE; y += CELL)
        for (int x = 0; x < SIDE; x += CELL) {
            float sum = 0;
            bool whole = true;
            for (int i = 0; i < CELL * CELL; i++) {
                const int at = (y + i / CELL) * SIDE + x + i % CELL;
                sum += planar->laid[at];
                whole = whole && planar->in_view[at];
            }
            if (whole) cells[count++] = fabsf(sum) / (float)(CELL * CELL);
        }
    if (!count) return NAN;
    sort_floats(cells, count);
    return cells[(count - 1) * 95 / 100];
}

void planar_reset(struct planar *planar) { planar->begun = false; }

float planar_push(struct planar *planar, const float *grey)
{
    float m[9] = { 1, 0, 0, 0, 1, 0, 0, 0, 1 };
    if (!make_levels(planar, grey)) {
        planar->begun = false;
        return NAN;
    }
    if (planar->begun) {
        for (int level = PLANAR_LEVELS - 1; level >= 0; level--) align(planar, level, m);
        if (warp(planar, 0, m) >= IN_VIEW && difference(planar, 0) >= ALIKE)
            return unexplained(planar);
    }
    for (int level = 0; level < PLANAR_LEVELS; level++) begin_level(planar, level);
    planar->begun = true;
    return NAN;
}
