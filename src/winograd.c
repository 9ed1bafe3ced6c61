/* winograd.c - see winograd.h. Lavin and Gray, arXiv:1509.09308.
 *
 * The transforms evaluate polynomials at 0, +-a, +-b and infinity. a = 2/3 and b = 3/2 instead of
 * the usual 1 and 2: the largest error is then twice that of a direct convolution instead of seven
 * times (96 channels in float32, tried against float64), and a * b = 1 saves products.
 *
 *     B' = 1   0   -a2-b2   0     1  0        A' = 1  1   1   1   1   0
 *          0  -b   -b2      a     1  0             0  a  -a   b  -b   0
 *          0   b   -b2     -a     1  0             0  a2  a2  b2  b2  0
 *          0  -a   -a2      b     1  0             0  a3 -a3  b3 -b3  1
 *          0   a   -a2     -b     1  0
 *          0   1    0     -a2-b2  0  1        G: rows (1, p, p2) / prod over other points q (p - q)
 *
 * Layout: transformed inputs [36][block][in], weights [36] packed for matmul, products
 * [36][block][out]; channels are filled up to a multiple of four with zeros. The 36 planes lie a
 * cache line further apart than they need, else all would share few cache sets. */
#include "winograd.h"
#include "matmul.h"
#include "simd.h"

enum { M = 4, T = 6, PLANES = T * T, LANES = 4, LINE = 16 };

/* V8 optimises a function only for its next call: what takes the time is called often, and is no
 * part of a larger one. Its loops stay loops (LOOP), and what they call is part of them. */
#define HOT static __attribute__((noinline))

/* Powers of a and b. V8 makes a constant vector anew at every use, in five instructions; a variable
 * stays in a register. Therefore they are read from memory, once for each tile. */
static const volatile float A[] = { 1, 2.0f / 3, 4.0f / 9, 8.0f / 27 };
static const volatile float B[] = { 1, 3.0f / 2, 9.0f / 4, 27.0f / 8 };
static const volatile float A2_B2 = 97.0f / 36;
struct powers {
    f32x4 a1, a2, a3, b1, b2, b3, a2_b2;
};

INLINE struct powers powers(void)
{
    return (struct powers){ splat4(A[1]), splat4(A[2]), splat4(A[3]), splat4(B[1]),
                            splat4(B[2]), splat4(B[3]), splat4(A2_B2) };
}

static int round_up(int x, int to) { return (x + to - 1) / to * to; }
static int tiles_across(int size) { return (size + M - 1) / M; }

/* --- weights --- */

size_t winograd_packed_floats(int in, int out)
{
    return PLANES * matmul_packed_floats(round_up(in, LANES), round_up(out, LANES));
}

/* G, its rows by point 0, a, -a, b, -b, infinity */
static void transform_matrix(double g[T][3])
{
    const double point[T - 1] = { 0, 2.0 / 3, -2.0 / 3, 3.0 / 2, -3.0 / 2 };
    for (int i = 0; i < T - 1; i++) {
        double product = 1;
        for (int j = 0; j < T - 1; j++)
            if (j != i) product *= point[i] - point[j];
        for (int k = 0; k < 3; k++) g[i][k] = pow(point[i], k) / product;
    }
    g[T - 1][0] = g[T - 1][1] = 0;
    g[T - 1][2] = 1;
}

/* Two planes at a time. */
typedef double f64x2 __attribute__((vector_size(16)));
enum { PAIRS = PLANES / 2, TAPS = 9 };

/* Of one result and channel: its taps lie `in` floats apart. Packing is for the start, when a
 * browser's code is not optimised yet: the fewer instructions, the better. */
__attribute__((noinline)) static void pack_channel(const f64x2 by[PAIRS][TAPS], int in,
                                                   size_t plane, const float *weight, float *packed)
{
    double tap[TAPS];
    for (int t = 0; t < TAPS; t++) tap[t] = weight[t * in];
    for (int p = 0; p < PAIRS; p++, packed += 2 * plane) {
        f64x2 sum = { 0, 0 };
        for (int t = 0; t < TAPS; t++) sum += by[p][t] * (f64x2){ tap[t], tap[t] };
        packed[0] = (float)sum[0];
        packed[plane] = (float)sum[1];
    }
}

void winograd_pack(int in, int out, const float *weight, float *packed)
{
    const int depth = round_up(in, LANES);
    const size_t plane = winograd_packed_floats(in, out) / PLANES;
    double g[T][3];
    f64x2 by[PAIRS][TAPS];
    transform_matrix(g);
    for (int p = 0; p < PLANES; p++)
        for (int t = 0; t < TAPS; t++) by[p / 2][t][p % 2] = g[p / T][t / 3] * g[p % T][t % 3];
    memset(packed, 0, PLANES * plane * sizeof *packed);
    for (int k = 0; k < out; k++)
        for (int c = 0; c < in; c++)
            pack_channel(by, in, plane, weight + k * TAPS * in + c,
                         packed + matmul_place(depth, k, c));
}

/* --- blocks --- */

int winograd_blocks(const struct winograd *layer)
{
    const int tiles = tiles_across(layer->in.h) * tiles_across(layer->in.w);
    return (tiles + layer->block - 1) / layer->block;
}

void winograd_rows(const struct winograd *layer, int block, int *from, int *to)
{
    const int across = tiles_across(layer->in.w), tile = block * layer->block;
    *from = tile / across * M;
    *to = min_int(((tile + layer->block - 1) / across + 1) * M, layer->in.h);
}

void winograd_blocks_about(const struct winograd *layer, int y0, int y1, int *from, int *to)
{
    const int across = tiles_across(layer->in.w);
    *from = y0 / M * across / layer->block;
    *to = min_int((tiles_across(y1) * across - 1) / layer->block + 1, winograd_blocks(layer));
}

static size_t input_plane(int in, int block)
{
    return (size_t)(round_up(in, LANES) * block + LINE);
}

static size_t product_plane(int out, int block)
{
    return (size_t)(round_up(out, LANES) * block + LINE);
}

size_t winograd_scratch_floats(int in, int out, int block)
{
    return PLANES * (input_plane(in, block) + product_plane(out, block));
}

/* --- transforms --- */

/* 6x6 pixels, and which of their rows and columns lie in the picture. */
struct patch {
    const float *at;
    ptrdiff_t down, right;
    int y0, y1, x0, x1;
    bool whole;
};

/* Those around the tile at (y, x). */
static struct patch patch_at(struct image m, int y, int x)
{
    struct patch p = { m.data + ((ptrdiff_t)(y - 1) * m.w + x - 1) * m.stride,
                       (ptrdiff_t)m.w * m.stride,
                       m.stride,
                       y == 0,
                       min_int(T, m.h - y + 1),
                       x == 0,
                       min_int(T, m.w - x + 1),
                       false };
    p.whole = p.y0 == 0 && p.y1 == T && p.x0 == 0 && p.x1 == T;
    return p;
}

/* n channels from c on of the pixel in row i and column j; zeros outside of the picture. */
INLINE f32x4 load_pixel(const struct patch *p, bool whole, int i, int j, int c, int n)
{
    const bool inside = whole || (i >= p->y0 && i < p->y1 && j >= p->x0 && j < p->x1);
    return inside ? load4(p->at + i * p->down + j * p->right + c, n) : splat4(0);
}

/* B' of six numbers, written `step` floats apart */
INLINE void transform_input(const struct powers *p, const f32x4 d[T], float *to, size_t step)
{
    const f32x4 even_a = nmadd4(p->b2, d[2], d[4]), odd_a = nmadd4(p->b2, d[1], d[3]);
    const f32x4 even_b = nmadd4(p->a2, d[2], d[4]), odd_b = nmadd4(p->a2, d[1], d[3]);
    store4(to, nmadd4(p->a2_b2, d[2], d[0] + d[4]), LANES);
    store4(to + step, madd4(p->a1, odd_a, even_a), LANES);
    store4(to + 2 * step, nmadd4(p->a1, odd_a, even_a), LANES);
    store4(to + 3 * step, madd4(p->b1, odd_b, even_b), LANES);
    store4(to + 4 * step, nmadd4(p->b1, odd_b, even_b), LANES);
    store4(to + 5 * step, nmadd4(p->a2_b2, d[3], d[1] + d[5]), LANES);
}

/* n channels from c on of one tile: B' d B, its 36 elements `plane` floats apart. */
INLINE void input_channels(const struct powers *powers, const struct patch *p, bool whole, int c,
                           int n, float *to, size_t plane)
{
    float columns[PLANES * LANES]; /* B' d */
    LOOP for (int j = 0; j < T; j++) {
        f32x4 d[T];
        for (int i = 0; i < T; i++) d[i] = load_pixel(p, whole, i, j, c, n);
        transform_input(powers, d, columns + j * LANES, T * LANES);
    }
    LOOP for (int i = 0; i < T; i++) {
        f32x4 d[T];
        for (int j = 0; j < T; j++) d[j] = load4(columns + (i * T + j) * LANES, LANES);
        transform_input(powers, d, to + (size_t)(i * T) * plane, plane);
    }
}

static bool is_inside(struct image m, int y, int x)
{
    return y >= 0 && y < m.h && x >= 0 && x < m.w;
}

INLINE f32x4 load_or_zero(struct image m, bool whole, int y, int x, int c)
{
    return whole || is_inside(m, y, x) ? load4(pixel(m, y, x) + c, LANES) : splat4(0);
}

/* The convolution is padded with zeros, whatever the parts would be there. */
INLINE f32x4 or_padding(struct image m, bool whole, int y, int x, f32x4 value)
{
    return whole || is_inside(m, y, x) ? value : splat4(0);
}

INLINE void gradient(const struct winograd_part *part, bool whole, int y, int x, int c, float *to)
{
    enum { N = T + 2 };
    const struct image m = part->a;
    const bool across = part->source == WINOGRAD_GX, up = part->source == WINOGRAD_GY_UP;
    LOOP for (int i = 0; i < T; i++) { /* row y - 1 + i, from the rows around it */
        f32x4 v[N];
        for (int j = 0; j < N; j++) {
            f32x4 e[3];
            for (int k = 0; k < 3; k++) e[k] = load_or_zero(m, whole, y - 2 + i + k, x - 2 + j, c);
            v[j] = across ? e[0] + (e[1] + e[1]) + e[2] : e[2] - e[0];
        }
        for (int j = 0; j < T; j++) {
            const f32x4 g = across ? v[j + 2] - v[j] : v[j] + (v[j + 1] + v[j + 1]) + v[j + 2];
            store4(to + (i * T + j) * LANES,
                   or_padding(m, whole, y - 1 + i, x - 1 + j, up ? -g : g), LANES);
        }
    }
}

HOT void gradient_tile(const struct winograd_part *part, int y, int x, int c, float *to)
{
    const bool whole = y >= 2 && x >= 2 && y + T <= part->a.h && x + T <= part->a.w;
    if (whole) gradient(part, true, y, x, c, to);
    else gradient(part, false, y, x, c, to);
}

HOT void difference_tile(const struct winograd_part *part, int y, int x, int c, float *to)
{
    const struct patch a = patch_at(part->a, y, x), b = patch_at(part->b, y, x);
    LOOP for (int i = 0; i < T; i++)
        for (int j = 0; j < T; j++, to += LANES)
            store4(to,
                   load_pixel(&a, a.whole, i, j, c, LANES) -
                       load_pixel(&b, a.whole, i, j, c, LANES),
                   LANES);
}

HOT void input_part(const struct winograd *layer, const struct winograd_part *part, int y, int x,
                    int tile, float *inputs)
{
    const size_t plane = input_plane(layer->in.c, layer->block);
    const struct powers p = powers();
    const struct patch patch = patch_at(part->a, y, x);
    float values[PLANES * LANES]; /* of channels that are computed: [6][6][4] */
    const struct patch computed = { values, T * LANES, LANES, 0, T, 0, T, true };
    for (int c = 0; c < part->c; c += LANES) {
        float *to = inputs + tile * round_up(layer->in.c, LANES) + part->first + c;
        if (part->source != WINOGRAD_COPY) {
            if (part->source == WINOGRAD_DIFFERENCE) difference_tile(part, y, x, c, values);
            else gradient_tile(part, y, x, c, values);
            input_channels(&p, &computed, true, 0, LANES, to, plane);
        } else if (patch.whole && c + LANES <= part->c) {
            input_channels(&p, &patch, true, c, LANES, to, plane);
        } else {
            input_channels(&p, &patch, false, c, part->c - c, to, plane);
        }
    }
}

static void input_tile(const struct winograd *layer, int y, int x, int tile, float *inputs)
{
    const struct winograd_part whole = { WINOGRAD_COPY, 0, layer->in.c, layer->in, layer->in };
    if (!layer->parts) input_part(layer, &whole, y, x, tile, inputs);
    for (int i = 0; i < layer->parts; i++) input_part(layer, &layer->part[i], y, x, tile, inputs);
}

/* A' of six numbers */
INLINE void transform_output(const struct powers *p, const f32x4 m[T], f32x4 to[M])
{
    const f32x4 sum_a = m[1] + m[2], difference_a = m[1] - m[2];
    const f32x4 sum_b = m[3] + m[4], difference_b = m[3] - m[4];
    to[0] = m[0] + sum_a + sum_b;
    to[1] = madd4(p->a1, difference_a, p->b1 * difference_b);
    to[2] = madd4(p->a2, sum_a, p->b2 * sum_b);
    to[3] = madd4(p->a3, difference_a, madd4(p->b3, difference_b, m[5]));
}

/* Adds scale * (gx^2 + gy^2) at the four inner pixels of column j + 1 of a patch. Going down, three
 * rows are enough, in registers: their differences and sums across. */
INLINE void add_energy(const struct patch *p, bool whole, int j, int c, int n, f32x4 scale,
                       f32x4 to[M])
{
    f32x4 difference[T], sum[T];
    for (int i = 0; i < T; i++) {
        f32x4 e[3];
        for (int k = 0; k < 3; k++) e[k] = load_pixel(p, whole, i, j + k, c, n);
        difference[i] = e[2] - e[0];
        sum[i] = e[0] + (e[1] + e[1]) + e[2];
        if (i < 2) continue;
        const f32x4 gx =
            difference[i - 2] + (difference[i - 1] + difference[i - 1]) + difference[i];
        const f32x4 gy = sum[i] - sum[i - 2];
        to[i - 2] = madd4(scale, madd4(gx, gx, gy * gy), to[i - 2]);
    }
}

/* Stores n results and says which run away. */
INLINE i32x4 put(float *to, f32x4 v, int n)
{
    store4(to, v, n);
    return beyond4(v, KERNEL_LIMIT);
}

/* n channels from c on of the tile at (y, x): A' (m A), bias, the end of the layer. `other`: the
 * patch around the tile in layer->other, which must be whole if `whole` says so. */
INLINE void output_channels(const struct powers *powers, const struct winograd *layer,
                            const struct patch *other, bool whole, int y, int x, int c, int n,
                            const float *from, size_t plane)
{
    f32x4 rows[T * M]; /* m A */
    LOOP for (int i = 0; i < T; i++) {
        f32x4 m[T];
        for (int j = 0; j < T; j++) m[j] = load4(from + (size_t)(i * T + j) * plane, LANES);
        transform_output(powers, m, rows + i * M);
    }
    const enum winograd_end end = layer->end;
    const f32x4 bias = layer->bias ? load4(layer->bias + c, n) : splat4(0);
    const f32x4 scale = end == WINOGRAD_ENERGY_RELU ? load4(layer->scale + c, n) : splat4(0);
    const int h = whole ? M : min_int(M, layer->in.h - y);
    const int w = whole ? M : min_int(M, layer->in.w - x);
    f32x4 left[M / 2];
    i32x4 beyond = { 0 };
    LOOP for (int j = 0; j < w; j++) {
        f32x4 m[T], v[M];
        for (int i = 0; i < T; i++) m[i] = rows[i * M + j];
        transform_output(powers, m, v);
        for (int i = 0; i < M; i++) v[i] += bias;
        if (end == WINOGRAD_ENERGY_RELU) add_energy(other, whole, j, c, n, scale, v);
        if (end == WINOGRAD_ADD_RELU)
            for (int i = 0; i < M; i++) v[i] += load_pixel(other, whole, i + 1, j + 1, c, n);
        if (end != WINOGRAD_PLAIN)
            for (int i = 0; i < M; i++) v[i] = relu4(v[i]);
        if (layer->pool) {
            const f32x4 pairs[M / 2] = { max4(v[0], v[1]), max4(v[2], v[3]) };
            for (int i = 0; i < M / 2; i++) {
                if (j % 2 == 0) left[i] = pairs[i];
                else if (2 * i + 1 < h)
                    beyond |= put(pixel(layer->out, y / 2 + i, (x + j) / 2) + c,
                                  max4(left[i], pairs[i]), n);
            }
            continue;
        }
        for (int i = 0; i < M; i++)
            if (i < h) beyond |= put(pixel(layer->out, y + i, x + j) + c, v[i], n);
    }
    if (any4(beyond)) kernel_note(layer->ran_away);
}

HOT void output_tile(const struct winograd *layer, int y, int x, int tile, const float *products)
{
    const int out = layer->out.c;
    const size_t plane = product_plane(out, layer->block);
    const struct powers p = powers();
    const struct patch other = patch_at(layer->other, y, x);
    for (int c = 0; c < out; c += LANES) {
        const float *from = products + tile * round_up(out, LANES) + c;
        if (other.whole && c + LANES <= out)
            output_channels(&p, layer, &other, true, y, x, c, LANES, from, plane);
        else output_channels(&p, layer, &other, false, y, x, c, out - c, from, plane);
    }
}

/* --- a block --- */

void winograd_run(const struct winograd *layer, int block, float *scratch)
{
    const int across = tiles_across(layer->in.w), all = across * tiles_across(layer->in.h);
    const int from = block * layer->block, tiles = min_int(layer->block, all - from);
    const int in = round_up(layer->in.c, LANES), out = round_up(layer->out.c, LANES);
    const size_t input = input_plane(in, layer->block), product = product_plane(out, layer->block);
    const size_t weight = matmul_packed_floats(in, out);
    float *products = scratch + PLANES * input;

    for (int t = 0; t < tiles; t++)
        input_tile(layer, (from + t) / across * M, (from + t) % across * M, t, scratch);
    for (size_t p = 0; p < PLANES; p++) {
        const struct matmul sums = { .in = in,
                                     .out = out,
                                     .from_stride = in,
                                     .to_stride = out,
                                     .weight = layer->weight + p * weight };
        matmul_run(&sums, tiles, scratch + p * input, NULL, products + p * product);
    }
    for (int t = 0; t < tiles; t++)
        output_tile(layer, (from + t) / across * M, (from + t) % across * M, t, products);
}

/* --- choices --- */

bool winograd_pays(int h, int w, int in, int out)
{
    return in >= 3 && out >= 4 && h >= M && w >= M;
}

/* 32 tiles use every panel of the weights often enough (8 to 64 were about as fast, at 128 -> 192
 * channels as at 8 -> 16). Threads wait for the last one at the end of a layer, so theirs are
 * smaller, and each has at least two: trunk of two networks 1.64, 1.90, 1.84 times as fast as on
 * one, 1.62, 1.69, 1.82 with 32 (three runs of 41 turns). */
int winograd_block(int h, int w, int threads)
{
    const int tiles = tiles_across(h) * tiles_across(w);
    const int wanted = threads > 1 ? min_int(16, tiles / (2 * threads)) : min_int(32, tiles);
    return round_up(max_int(1, wanted), MATMUL_ROWS);
}
