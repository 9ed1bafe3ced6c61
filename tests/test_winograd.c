/* Winograd's convolution against the plain definition in double precision: awkward sizes, channel
 * counts that are no multiple of four or eight, padded pixels, every end, several block sizes. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "../src/winograd.h"
#include "noise.h"
#include "test.h"

static double value(struct image m, int y, int x, int c)
{
    return y < 0 || y >= m.h || x < 0 || x >= m.w ? 0 : pixel(m, y, x)[c];
}

/* What the layer means at one place of the picture, before pooling. */
static double result(const struct winograd *layer, const float *weight, int y, int x, int k)
{
    static const double sobel[3][3] = { { -1, 0, 1 }, { -2, 0, 2 }, { -1, 0, 1 } };
    const int in = layer->in.c;
    double sum = layer->bias ? layer->bias[k] : 0, gx = 0, gy = 0;
    for (int i = 0; i < 3; i++)
        for (int j = 0; j < 3; j++) {
            for (int c = 0; c < in; c++)
                sum += (double)weight[((k * 3 + i) * 3 + j) * in + c] *
                       value(layer->in, y + i - 1, x + j - 1, c);
            if (layer->end != WINOGRAD_ENERGY_RELU) continue;
            gx += sobel[i][j] * value(layer->other, y + i - 1, x + j - 1, k);
            gy += sobel[j][i] * value(layer->other, y + i - 1, x + j - 1, k);
        }
    if (layer->end == WINOGRAD_ADD_RELU) sum += value(layer->other, y, x, k);
    if (layer->end == WINOGRAD_ENERGY_RELU) sum += layer->scale[k] * (gx * gx + gy * gy);
    return layer->end == WINOGRAD_PLAIN ? sum : fmax(sum, 0);
}

struct shape {
    int h, w, in, out, padding, block;
    bool pool;
};

static double expected(const struct winograd *layer, const float *weight, int y, int x, int k)
{
    if (!layer->pool) return result(layer, weight, y, x, k);
    double largest = -INFINITY;
    for (int i = 0; i < 4; i++)
        largest = fmax(largest, result(layer, weight, 2 * y + i / 2, 2 * x + i % 2, k));
    return largest;
}

/* A layer with random numbers in it, run from its last block to its first. */
struct made {
    struct winograd layer;
    float *weight, *packed, *bias, *scale;
    bool ran_away;
};

static void create(struct made *made, struct shape s, enum winograd_end end, bool bias)
{
    made->weight = numbers(s.out * 9 * s.in);
    made->packed = numbers((int)winograd_packed_floats(s.in, s.out));
    made->bias = bias ? numbers(s.out) : NULL;
    made->scale = numbers(s.out);
    made->ran_away = false;
    made->layer = (struct winograd){
        .in = make(s.h, s.w, s.in, s.padding),
        .other = make(s.h, s.w, s.out, s.padding),
        .out = s.pool ? make(s.h / 2, s.w / 2, s.out, s.padding) : make(s.h, s.w, s.out, s.padding),
        .pool = s.pool,
        .weight = made->packed,
        .bias = made->bias,
        .scale = made->scale,
        .end = end,
        .block = s.block,
        .ran_away = &made->ran_away,
    };
    winograd_pack(s.in, s.out, made->weight, made->packed);
}

static void run(struct made *made)
{
    const struct winograd *layer = &made->layer;
    float *scratch = numbers((int)winograd_scratch_floats(layer->in.c, layer->out.c, layer->block));
    for (int i = winograd_blocks(layer) - 1; i >= 0; i--) winograd_run(layer, i, scratch);
    free(scratch);
}

static void destroy(struct made *made)
{
    free(made->layer.out.data), free(made->layer.in.data), free(made->layer.other.data);
    free(made->weight), free(made->packed), free(made->bias), free(made->scale);
}

static void compare(struct shape s, enum winograd_end end, bool bias)
{
    struct made made;
    create(&made, s, end, bias);
    run(&made);
    CHECK(!made.ran_away);
    const struct winograd *layer = &made.layer;
    double worst = 0;
    bool guarded = true;
    for (int y = 0; y < layer->out.h; y++)
        for (int x = 0; x < layer->out.w; x++) {
            const float *at = pixel(layer->out, y, x);
            for (int k = 0; k < s.out; k++)
                worst = fmax(worst, fabs(at[k] - expected(layer, made.weight, y, x, k)));
            for (int k = s.out; k < layer->out.stride; k++) guarded &= at[k] == GUARD;
        }
    /* Rounding grows with the size of the sums, about sqrt(9 * in) / 3. */
    const double limit = 6e-6 * sqrt(s.in) * (end == WINOGRAD_ENERGY_RELU ? 4 : 1);
    if (!(worst <= limit) || !guarded)
        printf("%dx%d %d -> %d padding %d block %d end %d %s: off by %g, guards %s\n", s.h, s.w,
               s.in, s.out, s.padding, s.block, end, s.pool ? "pooled" : "", worst,
               guarded ? "kept" : "overwritten");
    CHECK(worst <= limit);
    CHECK(guarded);
    destroy(&made);
}

TEST(winograd_is_a_convolution)
{
    static const struct shape shapes[] = {
        { 1, 1, 1, 1, 0, 4, false },      { 2, 3, 3, 2, 1, 4, false },
        { 4, 4, 4, 8, 0, 4, false },      { 5, 5, 5, 7, 3, 4, false },
        { 8, 4, 8, 9, 0, 4, false },      { 6, 9, 7, 16, 0, 4, false },
        { 12, 12, 12, 8, 4, 4, false },   { 12, 12, 8, 12, 0, 8, false },
        { 13, 22, 25, 10, 2, 12, false }, { 16, 17, 16, 24, 0, 64, false },
        { 9, 8, 49, 33, 0, 8, false },
    };
    for (int i = 0; i < COUNT(shapes); i++)
        for (int variety = 0; variety < 4; variety++)
            for (int end = WINOGRAD_PLAIN; end <= WINOGRAD_ENERGY_RELU; end++) {
                struct shape s = shapes[i];
                s.pool = variety / 2;
                compare(s, end, variety % 2);
            }
}

TEST(blocks_do_not_change_a_bit)
{
    const struct shape s = { 15, 26, 11, 13, 0, 4, false };
    struct made made;
    create(&made, s, WINOGRAD_ENERGY_RELU, true);
    run(&made);
    const size_t bytes = (size_t)(s.h * s.w * s.out) * sizeof(float);
    float *first = malloc(bytes);
    memcpy(first, made.layer.out.data, bytes);
    for (int block = 8; block <= 32; block += 4) {
        made.layer.block = block;
        run(&made);
        CHECK(!memcmp(first, made.layer.out.data, bytes));
    }
    free(first);
    destroy(&made);
}

TEST(the_sum_may_lie_where_the_result_goes)
{
    struct made made;
    create(&made, (struct shape){ 7, 6, 5, 9, 0, 4, false }, WINOGRAD_ADD_RELU, true);
    run(&made);
    const size_t bytes = 7 * 6 * 9 * sizeof(float);
    float *apart = malloc(bytes);
    memcpy(apart, made.layer.out.data, bytes);
    memcpy(made.layer.out.data, made.layer.other.data, bytes);
    struct winograd in_place = made.layer;
    in_place.other = in_place.out;
    struct made again = made;
    again.layer = in_place;
    run(&again);
    CHECK(!memcmp(apart, made.layer.out.data, bytes));
    free(apart);
    destroy(&made);
}

/* Channel c of a part, by its definition. */
static float part_value(const struct winograd_part *part, int y, int x, int c)
{
    static const int smooth[] = { 1, 2, 1 };
    double sum = 0;
    if (part->source == WINOGRAD_COPY) return pixel(part->a, y, x)[c];
    if (part->source == WINOGRAD_DIFFERENCE)
        return pixel(part->a, y, x)[c] - pixel(part->b, y, x)[c];
    for (int i = -1; i <= 1; i++)
        for (int j = -1; j <= 1; j++)
            sum += value(part->a, y + i, x + j, c) *
                   (part->source == WINOGRAD_GX ? j * smooth[i + 1] : i * smooth[j + 1]);
    return (float)(part->source == WINOGRAD_GY_UP ? -sum : sum);
}

TEST(an_input_may_be_made_on_the_way)
{
    static const int sizes[][2] = { { 4, 4 }, { 5, 9 }, { 12, 16 }, { 13, 22 }, { 1, 1 } };
    for (int i = 0; i < COUNT(sizes); i++) {
        const int h = sizes[i][0], w = sizes[i][1];
        struct image a = make(h, w, 8, 3), b = make(h, w, 8, 0), last = make(h, w, 6, 1);
        struct made made;
        create(&made, (struct shape){ h, w, 46, 12, 0, 8, true }, WINOGRAD_RELU, true);
        struct winograd parts = made.layer;
        parts.parts = 6;
        memcpy(parts.part,
               (struct winograd_part[]){
                   { WINOGRAD_COPY, 0, 8, a, a },
                   { WINOGRAD_GX, 8, 8, b, b },
                   { WINOGRAD_GY_DOWN, 16, 8, a, a },
                   { WINOGRAD_GY_UP, 24, 8, b, b },
                   { WINOGRAD_DIFFERENCE, 32, 8, a, b },
                   { WINOGRAD_COPY, 40, 6, last, last },
               },
               6 * sizeof parts.part[0]);
        for (int y = 0; y < h; y++)
            for (int x = 0; x < w; x++)
                for (int k = 0; k < parts.parts; k++)
                    for (int c = 0; c < parts.part[k].c; c++)
                        pixel(made.layer.in, y, x)[parts.part[k].first + c] =
                            part_value(&parts.part[k], y, x, c);
        run(&made);
        struct made on_the_way = made;
        on_the_way.layer = parts;
        on_the_way.layer.in.data = NULL;
        on_the_way.layer.out = make(h / 2, w / 2, 12, 0);
        run(&on_the_way);
        for (int n = 0; n < h / 2 * (w / 2) * 12; n++)
            CHECK_NEAR(on_the_way.layer.out.data[n], made.layer.out.data[n], 1e-4);
        free(on_the_way.layer.out.data), free(a.data), free(b.data), free(last.data);
        destroy(&made);
    }
}

TEST(results_that_run_away_are_noted)
{
    static const float values[] = { 4 * KERNEL_LIMIT, INFINITY, NAN };
    for (int end = WINOGRAD_RELU; end <= WINOGRAD_ENERGY_RELU; end++)
        for (int v = 0; v < COUNT(values); v++)
            for (int at = 0; at < 5 * 6 * 3; at += 7) {
                struct made made;
                create(&made, (struct shape){ 5, 6, 3, 5, 0, 4, false }, end, true);
                for (int k = 0; k < 5; k++) made.scale[k] = 1;
                if (end == WINOGRAD_RELU)
                    for (int i = 0; i < 5 * 9 * 3; i++)
                        made.weight[i] = i / 27 % 2 ? 1 : -1; /* one of two grows */
                winograd_pack(3, 5, made.weight, made.packed);
                (end == WINOGRAD_RELU ? made.layer.in : made.layer.other).data[at] = values[v];
                run(&made);
                CHECK(made.ran_away);
                destroy(&made);
            }
}

int main(void)
{
    RUN(winograd_is_a_convolution);
    RUN(blocks_do_not_change_a_bit);
    RUN(the_sum_may_lie_where_the_result_goes);
    RUN(an_input_may_be_made_on_the_way);
    RUN(results_that_run_away_are_noted);
    return test_end();
}
