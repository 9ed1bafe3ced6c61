/* bilinear.c - see bilinear.h. */
#include "bilinear.h"
#include <math.h>

/* Along an axis a result lies between two pixels of the source, at this share of the way. */
struct between {
    int first, second;
    float share;
};

static struct between place(double from, double to, int count, int i, int size)
{
    const double middle = from + (i + 0.5) * (to - from) / count - 0.5, below = floor(middle);
    const int first = (int)below;
    return (struct between){ min_int(max_int(first, 0), size - 1),
                             min_int(max_int(first + 1, 0), size - 1), (float)(middle - below) };
}

INLINE float mix(float a, float b, float share) { return a + (b - a) * share; }

/* One row of results, 0 .. 255. channels: a constant where this is called. */
INLINE void make_channels(struct resize_source source, const struct between *across,
                          struct between down, int w, int channels, float *row)
{
    const uint8_t *above = source.pixels + (ptrdiff_t)source.stride * down.first;
    const uint8_t *below = source.pixels + (ptrdiff_t)source.stride * down.second;
    for (int x = 0; x < w; x++) {
        const int first = across[x].first * source.step, second = across[x].second * source.step;
        for (int c = 0; c < channels; c++) {
            const float upper = mix(above[first + c], above[second + c], across[x].share);
            const float lower = mix(below[first + c], below[second + c], across[x].share);
            *row++ = mix(upper, lower, down.share);
        }
    }
}

static void make_row(struct resize_source source, const struct between *across, struct between down,
                     int w, float *row)
{
    switch (source.channels) {
    case 1: make_channels(source, across, down, w, 1, row); break;
    case 2: make_channels(source, across, down, w, 2, row); break;
    default: make_channels(source, across, down, w, 4, row); break;
    }
}

static void place_columns(struct resize_source source, struct region region, int w,
                          struct between *across)
{
    for (int x = 0; x < w; x++) across[x] = place(region.x0, region.x1, w, x, source.w);
}

void bilinear_to_bytes(struct resize_source source, struct region region, int w, int h,
                       uint8_t *out)
{
    struct between across[RESIZE_MAX];
    float row[RESIZE_MAX * 4];
    place_columns(source, region, w, across);
    for (int y = 0; y < h; y++) {
        make_row(source, across, place(region.y0, region.y1, h, y, source.h), w, row);
        for (int i = 0; i < w * source.channels; i++) *out++ = (uint8_t)(row[i] + 0.5f);
    }
}

void bilinear_to_floats(struct resize_source source, struct region region, int w, int h, float *out)
{
    struct between across[RESIZE_MAX];
    float row[RESIZE_MAX * 4];
    place_columns(source, region, w, across);
    for (int y = 0; y < h; y++) {
        make_row(source, across, place(region.y0, region.y1, h, y, source.h), w, row);
        for (int i = 0; i < w * source.channels; i++) *out++ = row[i] / 255;
    }
}
