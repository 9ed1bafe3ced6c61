/* resize.c - see resize.h.
 *
 * stb takes all its memory at once, when it works out the weights of a picture. It does so anew for
 * each one: 0.01 to 0.05 ms of 0.3 to 2.9 (1280x720, wasm), too little to keep weights by view and
 * plane, each with the rows that stb holds beside them.
 *
 * A result of one column is not asked of stb: where that covers 1 .. 1.3 columns of the source,
 * 2.18 makes no room for the outer one of those it reads (stbir__get_conservative_extents). */
#include "resize.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#include <sanitizer/asan_interface.h>
#define SANITIZED
#endif
#endif

/* stb needs so many bytes at most. Rows of floats: those that one row of the result is made of,
 * 2 RESIZE_STEEPEST, and a few, each up to MOST pixels of 4 channels. Weights: two or three for
 * each pixel along an axis of the source, with its margins. */
enum {
    MOST = RESIZE_STEEPEST * RESIZE_MAX,
    ROWS = (2 * RESIZE_STEEPEST + 4) * (MOST + 64) * 4 * (int)sizeof(float),
    WEIGHTS = 24 * 3 * MOST,
    GAP = 64, /* between two pieces, for the sanitizer to watch */
};

struct resizer {
    struct resize_source source; /* of the present result */
    size_t used;
    _Alignas(16) uint8_t memory[ROWS + WEIGHTS];
};

static void *take(struct resizer *resizer, size_t bytes)
{
    const size_t at = (resizer->used + GAP + 15) & ~(size_t)15;
    if (at > sizeof resizer->memory || bytes > sizeof resizer->memory - at) return NULL;
    resizer->used = at + bytes;
#ifdef SANITIZED
    ASAN_UNPOISON_MEMORY_REGION(resizer->memory + at, bytes);
#endif
    return resizer->memory + at;
}

static void take_back_all(struct resizer *resizer)
{
    resizer->used = 0;
#ifdef SANITIZED
    ASAN_POISON_MEMORY_REGION(resizer->memory, sizeof resizer->memory);
#endif
}

/* No sanitizer for alignment: stb moves weights eight bytes at a time, from multiples of four. */
#define STBIR_ASSERT(condition) assert(condition)
#define STBIR_MALLOC(bytes, resizer) take(resizer, bytes)
#define STBIR_FREE(memory, resizer) ((void)(memory), (void)(resizer))
#define STB_IMAGE_RESIZE_STATIC
#define STB_IMAGE_RESIZE_IMPLEMENTATION
#pragma clang attribute push(__attribute__((no_sanitize("alignment"))), apply_to = function)
#include <stb_image_resize2.h>
#pragma clang attribute pop

struct resizer *resizer_create(void)
{
    struct resizer *resizer = malloc(sizeof *resizer);
    if (resizer) take_back_all(resizer);
    return resizer;
}

void resizer_destroy(struct resizer *resizer)
{
    if (!resizer) return;
#ifdef SANITIZED
    ASAN_UNPOISON_MEMORY_REGION(resizer->memory, sizeof resizer->memory);
#endif
    free(resizer);
}

/* The pixels first .. end - 1 of `size` have a part in what x0 .. x1 becomes. */
struct span {
    int first, end;
};

static struct span span_of(double x0, double x1, int size, int count)
{
    const double reach = fmax(1, (x1 - x0) / count) + 1;
    return (struct span){ max_int(0, (int)floor(x0 - reach)),
                          min_int(size, (int)ceil(x1 + reach)) };
}

/* stb's own triangle once more, for the rows. Were it the same function, stb 2.18 would take the
 * weights of the columns for them where scale, shift and size of the result agree, even if the
 * picture is not as high as wide: wrong by up to 86 of 255, and read from beyond the picture. */
static float triangle(float x, float scale, void *resizer)
{
    (void)scale, (void)resizer;
    return fmaxf(1 - fabsf(x), 0);
}

static float triangle_reach(float scale, void *resizer)
{
    (void)scale, (void)resizer;
    return 1;
}

/* Pixels of a row from the x-th on, one beside the other. */
static const void *gather(void *out, const void *row, int count, int x, int y, void *context)
{
    const struct resizer *resizer = context;
    const int step = resizer->source.step;
    const uint8_t *from = (const uint8_t *)row + (ptrdiff_t)step * x;
    uint8_t *to = out;
    (void)y;
    switch (resizer->source.channels) {
    case 1:
        for (int i = 0; i < count; i++) to[i] = from[i * step];
        break;
    case 2:
        for (int i = 0; i < count; i++) memcpy(to + 2 * i, from + i * step, 2);
        break;
    default:
        for (int i = 0; i < count; i++) memcpy(to + 4 * i, from + i * step, 4);
    }
    return out;
}

/* stb sees only the pixels that matter: it counts in floats from their corner, so that a position
 * far inside a large picture is not rounded. */
static enum livedepth_status resize(struct resizer *resizer, struct resize_source source,
                                    struct region region, int w, int h, stbir_datatype type,
                                    void *out)
{
    static const stbir_pixel_layout layouts[] = {
        [1] = STBIR_1CHANNEL, [2] = STBIR_2CHANNEL, [4] = STBIR_4CHANNEL
    };
    const struct span x = span_of(region.x0, region.x1, source.w, w);
    const struct span y = span_of(region.y0, region.y1, source.h, h);
    const double width = x.end - x.first, height = y.end - y.first;
    const uint8_t *pixels =
        source.pixels + (ptrdiff_t)source.stride * y.first + (ptrdiff_t)source.step * x.first;
    STBIR_RESIZE job;
    stbir_resize_init(&job, pixels, x.end - x.first, y.end - y.first, source.stride, out, w, h, 0,
                      layouts[source.channels], STBIR_TYPE_UINT8);
    stbir_set_datatypes(&job, STBIR_TYPE_UINT8, type);
    stbir_set_filters(&job, STBIR_FILTER_TRIANGLE, STBIR_FILTER_TRIANGLE);
    stbir_set_filter_callbacks(&job, NULL, NULL, triangle, triangle_reach);
    stbir_set_edgemodes(&job, STBIR_EDGE_CLAMP, STBIR_EDGE_CLAMP);
    stbir_set_input_subrect(&job, (region.x0 - x.first) / width, (region.y0 - y.first) / height,
                            (region.x1 - x.first) / width, (region.y1 - y.first) / height);
    stbir_set_user_data(&job, resizer);
    resizer->source = source;
    if (source.step != source.channels) stbir_set_pixel_callbacks(&job, gather, NULL);
    const bool done = stbir_resize_extended(&job);
    take_back_all(resizer);
    return done ? LIVEDEPTH_OK
                : fail(LIVEDEPTH_NO_MEMORY, "a picture of %d x %d from %g x %g", w, h,
                       region.x1 - region.x0, region.y1 - region.y0);
}

enum livedepth_status resize_to_bytes(struct resizer *resizer, struct resize_source source,
                                      struct region region, int w, int h, uint8_t *out)
{
    return resize(resizer, source, region, w, h, STBIR_TYPE_UINT8, out);
}

enum livedepth_status resize_to_floats(struct resizer *resizer, struct resize_source source,
                                       struct region region, int w, int h, float *out)
{
    return resize(resizer, source, region, w, h, STBIR_TYPE_FLOAT, out);
}
