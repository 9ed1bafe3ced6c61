/* image_reference.h - pictures of every format, and a plain double-precision reference of resizing.
 * All frames lie in buffers of their exact size, so that a sanitizer sees every byte too far. */
#ifndef IMAGE_REFERENCE_H
#define IMAGE_REFERENCE_H

#include "image.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "test.h"
#include "turn_plane.h"

static struct image_scratch *scratch;

/* --- pictures --- */

static inline int chroma(int side) { return (side + 1) / 2; }

static inline size_t frame_bytes(int format, int w, int h)
{
    size_t luma = (size_t)w * (size_t)h;
    return format <= LIVEDEPTH_BGRA ? 4 * luma : luma + 2 * (size_t)chroma(w) * (size_t)chroma(h);
}

/* A tightly packed frame around data, which is allocated if it is NULL. */
static inline struct livedepth_frame make_frame(int format, int w, int h, uint8_t *data)
{
    size_t size = frame_bytes(format, w, h);
    return (struct livedepth_frame){
        .data = data ? data : malloc(size), .size = size, .width = w, .height = h, .format = format
    };
}

static inline void free_frame(struct livedepth_frame frame) { free((void *)(uintptr_t)frame.data); }

static uint32_t state = 1; /* of draw() */

/* 0 .. count - 1 */
static inline int draw(int count)
{
    state = state * 1664525 + 1013904223;
    return (int)((uint64_t)state * (uint64_t)count >> 32);
}

static inline struct livedepth_frame noise_frame(int format, int w, int h)
{
    struct livedepth_frame frame = make_frame(format, w, h, NULL);
    uint8_t *data = (uint8_t *)(uintptr_t)frame.data;
    for (size_t i = 0; i < frame.size; i++) data[i] = (uint8_t)draw(256);
    return frame;
}

/* Y, Cb, Cr of a picture whose colour changes slowly, so that halving its resolution loses little;
 * all colours lie inside RGB. */
static inline void scene(int x, int y, int *yuv)
{
    yuv[0] = 110 + (x * 7 + y * 3) % 30 + (x / 9 + y / 5) % 2 * 20;
    yuv[1] = 118 + x / 8;
    yuv[2] = 136 - y / 6;
}

static inline uint8_t to_byte(double value)
{
    return (uint8_t)(value < 0 ? 0 : value > 255 ? 255 : value + 0.5);
}

static inline void yuv_to_rgb(const double *yuv, bool full_range, double *rgb)
{
    double y = full_range ? yuv[0] : (yuv[0] - 16) * 255 / 219;
    double cb = (yuv[1] - 128) * (full_range ? 1 : 255.0 / 224);
    double cr = (yuv[2] - 128) * (full_range ? 1 : 255.0 / 224);
    rgb[0] = y + 1.402 * cr;
    rgb[1] = y - 0.114 * 1.772 / 0.587 * cb - 0.299 * 1.402 / 0.587 * cr;
    rgb[2] = y + 1.772 * cb;
    for (int c = 0; c < 3; c++) rgb[c] = fmin(fmax(rgb[c], 0), 255);
}

/* The scene as a tightly packed frame of any format. */
static inline struct livedepth_frame scene_frame(int format, int w, int h)
{
    struct livedepth_frame frame = make_frame(format, w, h, NULL);
    uint8_t *data = (uint8_t *)(uintptr_t)frame.data;
    uint8_t *u = data + w * h, *v = u + chroma(w) * chroma(h);
    for (int y = 0; y < h; y++) {
        for (int x = 0; x < w; x++) {
            int yuv[3];
            double exact[3], rgb[3];
            scene(x, y, yuv);
            for (int c = 0; c < 3; c++) exact[c] = yuv[c];
            yuv_to_rgb(exact, false, rgb);
            if (format <= LIVEDEPTH_BGRA) {
                uint8_t *pixel = data + 4 * (y * w + x);
                for (int c = 0; c < 3; c++)
                    pixel[format == LIVEDEPTH_BGRA ? 2 - c : c] = to_byte(rgb[c]);
                pixel[3] = (uint8_t)(x * 5 + y); /* alpha must not matter */
                continue;
            }
            data[y * w + x] = (uint8_t)yuv[0];
            if (x % 2 || y % 2) continue;
            int at = y / 2 * chroma(w) + x / 2;
            *(format == LIVEDEPTH_I420 ? u + at : u + 2 * at) = (uint8_t)yuv[1];
            *(format == LIVEDEPTH_I420 ? v + at : u + 2 * at + 1) = (uint8_t)yuv[2];
        }
    }
    return frame;
}

static inline struct livedepth_frame turned(const struct livedepth_frame *frame, int rotation)
{
    int w = frame->width, h = frame->height;
    struct livedepth_frame out =
        make_frame(frame->format, rotation == 180 ? w : h, rotation == 180 ? h : w, NULL);
    uint8_t *data = (uint8_t *)(uintptr_t)out.data;
    out.rotation = rotation;
    bool rgb = frame->format <= LIVEDEPTH_BGRA, nv12 = frame->format == LIVEDEPTH_NV12;
    turn_plane(frame->data, w, h, rgb ? 4 : 1, rotation, data);
    for (int at = w * h; !rgb && at < (int)frame->size; at += chroma(w) * chroma(h) * (1 + nv12))
        turn_plane(frame->data + at, chroma(w), chroma(h), 1 + nv12, rotation, data + at);
    return out;
}

/* The same frame with its planes in the other order and padded rows. */
static inline struct livedepth_frame padded(const struct livedepth_frame *packed)
{
    const int format = packed->format;
    const int planes = format == LIVEDEPTH_I420 ? 3 : format == LIVEDEPTH_NV12 ? 2 : 1;
    struct livedepth_frame frame = *packed;
    int rows[3], row[3];
    frame.size = 5;
    for (int i = planes - 1; i >= 0; i--) { /* the last plane first */
        rows[i] = i ? chroma(frame.height) : frame.height;
        row[i] = planes == 1 ? 4 * frame.width
                 : i == 0    ? frame.width
                             : chroma(frame.width) * (4 - planes);
        frame.offset[i] = (uint32_t)frame.size;
        frame.stride[i] = (uint32_t)(row[i] + 3 + 2 * i);
        frame.size += frame.stride[i] * (size_t)(rows[i] - 1) + (size_t)row[i];
    }
    uint8_t *data = malloc(frame.size);
    const uint8_t *in = packed->data;
    memset(data, 0xA5, frame.size);
    for (int i = 0; i < planes; i++)
        for (int y = 0; y < rows[i]; y++, in += row[i])
            memcpy(data + frame.offset[i] + frame.stride[i] * (size_t)y, in, (size_t)row[i]);
    frame.data = data;
    return frame;
}

/* --- the reference: a separable triangle filter, by its definition --- */

static enum image_filter filter; /* of all that follows: main() runs the tests with each */

/* Along an axis, of n pixels as stored the one at (n - 1) / 2 is looked at; backwards: the picture
 * is stored from its right or lower end. */
struct looked {
    int n;
    bool backwards;
};

/* Four pixels at least, and fewer than eight, are looked at for each of the target. */
static inline int one_of(double length, int count)
{
    const int n = (int)floor(length / count / 4);
    return filter == IMAGE_TRIANGLE && n > 1 ? n : 1;
}

/* Target pixel i of count over x0 .. x1: the weighted mean of size values, `step` apart. */
static inline double reference_mean(const double *values, int size, int step, double x0, double x1,
                                    int count, int i, struct looked looked)
{
    double scale = (x1 - x0) / count, radius = looked.n;
    double middle = x0 + (i + 0.5) * scale, sum = 0, total = 0;
    if (filter == IMAGE_TRIANGLE && scale > radius) radius = scale;
    const int n = looked.n, first = (n - 1) / 2, last = (size - 1 - first) / n;
    const double from = looked.backwards ? size - middle : middle;
    for (int j = (int)((from - radius) / n) - 2; j <= (int)((from + radius) / n) + 2; j++) {
        const double weight = fmax(0, 1 - fabs(j * n + first + 0.5 - from) / radius);
        const int at = (j < 0 ? 0 : j > last ? last : j) * n + first;
        sum += weight * values[step * (looked.backwards ? size - 1 - at : at)];
        total += weight;
    }
    return sum / total;
}

/* Channel 0 of a plane (w x h samples, `channels` apart) into out [h][w]. */
static inline void reference_plane(const uint8_t *plane, int w, int h, int channels,
                                   const double *region, const struct looked looked[2], double *out,
                                   int out_w, int out_h)
{
    double *line = malloc(sizeof(double) * (size_t)w);
    double *half = malloc(sizeof(double) * (size_t)(h * out_w));
    for (int y = 0; y < h; y++) {
        for (int x = 0; x < w; x++) line[x] = plane[(y * w + x) * channels];
        for (int x = 0; x < out_w; x++)
            half[y * out_w + x] =
                reference_mean(line, w, 1, region[0], region[2], out_w, x, looked[0]);
    }
    for (int y = 0; y < out_h; y++)
        for (int x = 0; x < out_w; x++)
            out[y * out_w + x] =
                reference_mean(half + x, h, out_w, region[1], region[3], out_h, y, looked[1]);
    free(half);
    free(line);
}

/* Upright, tightly packed frames only; looked: along x and y; rgb is [h][w][3], bytes. */
static inline void reference(const struct livedepth_frame *frame, struct rect from,
                             const struct looked looked[2], double *rgb, int w, int h)
{
    int cw = chroma(frame->width), ch = chroma(frame->height);
    const uint8_t *u = frame->data + frame->width * frame->height;
    double left = from.left, top = from.top;
    double region[] = { left, top, left + from.width, top + from.height };
    double *plane = malloc(sizeof(double) * (size_t)(w * h));
    for (int c = 0; c < 3; c++) {
        double half[4];
        for (int i = 0; i < 4; i++) half[i] = region[i] / 2;
        if (frame->format <= LIVEDEPTH_BGRA)
            reference_plane(frame->data + (frame->format == LIVEDEPTH_BGRA ? 2 - c : c),
                            frame->width, frame->height, 4, region, looked, plane, w, h);
        else if (c == 0)
            reference_plane(frame->data, frame->width, frame->height, 1, region, looked, plane, w,
                            h);
        else if (frame->format == LIVEDEPTH_I420)
            reference_plane(u + (c - 1) * cw * ch, cw, ch, 1, half, looked, plane, w, h);
        else reference_plane(u + c - 1, cw, ch, 2, half, looked, plane, w, h);
        for (int i = 0; i < w * h; i++) rgb[3 * i + c] = plane[i];
    }
    free(plane);
    if (frame->format <= LIVEDEPTH_BGRA) return;
    for (int i = 0; i < w * h; i++) {
        double yuv[3] = { rgb[3 * i], rgb[3 * i + 1], rgb[3 * i + 2] };
        yuv_to_rgb(yuv, frame->full_range, rgb + 3 * i);
    }
}

/* --- comparing --- */

/* In a buffer of the exact size. */
static inline uint8_t *resized(const struct livedepth_frame *frame, struct rect from, int w, int h)
{
    uint8_t *rgb = malloc(3 * (size_t)(w * h));
    CHECK(image_check(frame) == LIVEDEPTH_OK);
    CHECK(image_resize(scratch, frame, from, filter, (struct image_target){ rgb, w, h, w }) ==
          LIVEDEPTH_OK);
    return rgb;
}

static inline int difference(const uint8_t *a, const uint8_t *b, int count)
{
    int largest = 0;
    for (int i = 0; i < count; i++)
        if (abs(a[i] - b[i]) > largest) largest = abs(a[i] - b[i]);
    return largest;
}

/* Resizes a frame that may be turned and padded, compares it with the reference for the same
 * picture upright and packed: what rounding to bytes costs, and next to nothing. */
static inline void check_same(const struct livedepth_frame *frame,
                              const struct livedepth_frame *plain, struct rect from, int w, int h)
{
    const int turn = frame->rotation;
    const struct looked looked[2] = { { one_of(from.width, w), turn == 90 || turn == 180 },
                                      { one_of(from.height, h), turn == 180 || turn == 270 } };
    uint8_t *rgb = resized(frame, from, w, h);
    double *expected = malloc(sizeof(double) * 3 * (size_t)(w * h)), largest = 0;
    reference(plain, from, looked, expected, w, h);
    for (int i = 0; i < 3 * w * h; i++)
        if (!(fabs(rgb[i] - expected[i]) <= largest)) largest = fabs(rgb[i] - expected[i]);
    CHECK_NEAR(largest, 0, 0.51);
    free(expected);
    free(rgb);
}

static inline void check_frame(const struct livedepth_frame *frame, struct rect from, int w, int h)
{
    check_same(frame, frame, from, w, h);
}

static inline struct rect whole(const struct livedepth_frame *frame)
{
    int w, h;
    image_upright_size(frame, &w, &h);
    return (struct rect){ 0, 0, (float)w, (float)h };
}

#endif
