/* image.c - see image.h.
 *
 * A resize is separable: every value of the target is a weighted mean of rows, then of columns.
 * Rows come first because that reads the big frame in its own order, many bytes of a row at once;
 * only the few resulting rows are then shrunk along x and put where rotation wants them. Planes are
 * resized one by one into the channels of the target, which at last becomes RGB in its place. */
#include "image.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_CHANNELS = 4, MAX_SIDE = LIVEDEPTH_MAX_SIDE };

/* Source pixels first .. first + count - 1, with weights of sum 1, make one target pixel. */
struct taps {
    int first, count;
    float *weights;
};

struct image_scratch {
    struct taps columns[MAX_SIDE];
    float column_weights[4 * MAX_SIDE]; /* w pixels of 2 max(1, scale) + 1 taps: up to 3 sides */
    float row_weights[MAX_SIDE];
    float row[MAX_SIDE * MAX_CHANNELS]; /* weighted mean of source rows */
};

struct region { double x0, y0, x1, y1; };

struct plane {
    uint64_t offset, stride; /* bytes */
    int w, h;
    int channels;            /* one byte each */
    int subsampling;         /* frame pixels per plane pixel, along each axis */
};

/* Where pixel (0, 0) of the stored picture goes in the upright target; steps count floats. */
struct sink {
    float *origin;
    ptrdiff_t step_x, step_y;
};

struct image_scratch *image_scratch_create(void) { return malloc(sizeof(struct image_scratch)); }

void image_scratch_destroy(struct image_scratch *scratch) { free(scratch); }

/* --- what a frame is --- */

static bool is_yuv(const struct livedepth_frame *frame)
{
    return frame->format == LIVEDEPTH_I420 || frame->format == LIVEDEPTH_NV12;
}

static bool is_turned(const struct livedepth_frame *frame)
{
    return frame->rotation == 90 || frame->rotation == 270;
}

/* Fills in the planes of a known format; returns how many there are. */
static int frame_planes(const struct livedepth_frame *frame, struct plane planes[3])
{
    int count = frame->format == LIVEDEPTH_I420 ? 3 : frame->format == LIVEDEPTH_NV12 ? 2 : 1;
    bool packed = !frame->offset[0] && !frame->offset[1] && !frame->offset[2];
    uint64_t next = 0;
    for (int i = 0; i < count; i++) {
        struct plane *plane = &planes[i];
        plane->subsampling = i == 0 ? 1 : 2;
        plane->w = (frame->width + plane->subsampling - 1) / plane->subsampling;
        plane->h = (frame->height + plane->subsampling - 1) / plane->subsampling;
        plane->channels = !is_yuv(frame) ? 4 : count == 2 && i == 1 ? 2 : 1;
        plane->stride = frame->stride[i] ? frame->stride[i]
                                         : (uint64_t)plane->w * (uint64_t)plane->channels;
        plane->offset = packed ? next : frame->offset[i];
        next = plane->offset + plane->stride * (uint64_t)plane->h;
    }
    return count;
}

enum livedepth_status image_check(const struct livedepth_frame *frame)
{
    if (frame->width < 1 || frame->height < 1)
        return fail(LIVEDEPTH_FRAME_BAD_SIZE, "frame of %d x %d", (int)frame->width,
                    (int)frame->height);
    if (frame->width > MAX_SIDE || frame->height > MAX_SIDE)
        return fail(LIVEDEPTH_FRAME_TOO_LARGE, "frame of %d x %d, at most %d", (int)frame->width,
                    (int)frame->height, MAX_SIDE);
    if (frame->format < LIVEDEPTH_RGBA || frame->format > LIVEDEPTH_NV12)
        return fail(LIVEDEPTH_FRAME_BAD_FORMAT, "format %d", (int)frame->format);
    if (frame->rotation != 0 && frame->rotation != 90 && frame->rotation != 180 &&
        frame->rotation != 270)
        return fail(LIVEDEPTH_FRAME_BAD_ROTATION, "rotation %d", (int)frame->rotation);
    if (!frame->data) return fail(LIVEDEPTH_FRAME_BAD_BUFFER, "data is NULL");

    struct plane planes[3];
    int count = frame_planes(frame, planes);
    for (int i = 0; i < count; i++) {
        const struct plane *plane = &planes[i];
        uint64_t row = (uint64_t)plane->w * (uint64_t)plane->channels;
        if (plane->stride < row)
            return fail(LIVEDEPTH_FRAME_BAD_STRIDE, "plane %d: stride %u, a row has %u bytes", i,
                        (unsigned)plane->stride, (unsigned)row);
        if (plane->stride * (uint64_t)plane->h > INT32_MAX)
            return fail(LIVEDEPTH_FRAME_BAD_STRIDE, "plane %d: stride %u times %d rows", i,
                        (unsigned)plane->stride, plane->h);
        uint64_t end = plane->offset + plane->stride * (uint64_t)(plane->h - 1) + row;
        if (end > frame->size)
            return fail(LIVEDEPTH_FRAME_BAD_BUFFER, "plane %d ends at byte %llu of %llu", i,
                        (unsigned long long)end, (unsigned long long)frame->size);
    }
    return LIVEDEPTH_OK;
}

/* --- hash: h = h * odd + word, in lanes side by side --- */

enum { LANES = 16 };
static const uint32_t ODD = 0x9e3779b1; /* 2^32 over the golden ratio */

static void hash_block(uint32_t *lanes, const uint8_t *bytes)
{
    uint32_t words[LANES];
    memcpy(words, bytes, sizeof words);
    for (int i = 0; i < LANES; i++) lanes[i] = lanes[i] * ODD + words[i];
}

static void hash_row(uint32_t *lanes, const uint8_t *row, size_t size)
{
    enum { BLOCK = LANES * sizeof(uint32_t) };
    uint32_t local[LANES]; /* in registers */
    uint8_t tail[BLOCK] = {0};
    memcpy(local, lanes, sizeof local);
    for (; size >= BLOCK; row += BLOCK, size -= BLOCK) hash_block(local, row);
    memcpy(tail, row, size);
    hash_block(local, tail);
    memcpy(lanes, local, sizeof local);
}

uint32_t image_hash(const struct livedepth_frame *frame)
{
    uint32_t lanes[LANES] = {0}, hash = 0;
    struct plane planes[3];
    int count = frame_planes(frame, planes);
    for (int i = 0; i < count; i++)
        for (int y = 0; y < planes[i].h; y++)
            hash_row(lanes, frame->data + planes[i].offset + planes[i].stride * (uint64_t)y,
                     (size_t)(planes[i].w * planes[i].channels));
    for (int i = 0; i < LANES; i++) hash = hash * ODD + lanes[i];
    return hash;
}

/* --- rotation. With W x H as stored, the stored point (x, y) is upright at
 *     90: (H - y, x), 180: (W - x, H - y), 270: (y, W - x). --- */

void image_upright_size(const struct livedepth_frame *frame, int *width, int *height)
{
    *width = is_turned(frame) ? frame->height : frame->width;
    *height = is_turned(frame) ? frame->width : frame->height;
}

/* min for a NaN */
static double clamp_to(double value, double min, double max) { return fmin(fmax(value, min), max); }

/* The part of the stored picture that shows the upright rectangle. Rounding may have pushed the
 * rectangle over the edge; clamped, its corners keep the order and the range that resize_plane
 * counts on. */
static struct region stored_region(const struct livedepth_frame *frame, struct rect from)
{
    int upright_w, upright_h;
    image_upright_size(frame, &upright_w, &upright_h);
    double w = frame->width, h = frame->height;
    double x0 = clamp_to(from.left, 0, upright_w), x1 = clamp_to(x0 + from.width, x0, upright_w);
    double y0 = clamp_to(from.top, 0, upright_h), y1 = clamp_to(y0 + from.height, y0, upright_h);
    switch (frame->rotation) {
    case 90: return (struct region){y0, h - x1, y1, h - x0};
    case 180: return (struct region){w - x1, h - y1, w - x0, h - y0};
    case 270: return (struct region){w - y1, x0, w - y0, x1};
    default: return (struct region){x0, y0, x1, y1};
    }
}

static struct sink upright_sink(int rotation, struct image_target target)
{
    ptrdiff_t column = 3, row = 3 * (ptrdiff_t)target.stride;
    ptrdiff_t right = column * (target.w - 1), down = row * (target.h - 1);
    switch (rotation) {
    case 90: return (struct sink){target.rgb + right, row, -column};
    case 180: return (struct sink){target.rgb + right + down, -column, -row};
    case 270: return (struct sink){target.rgb + down, -row, column};
    default: return (struct sink){target.rgb, column, row};
    }
}

/* --- resize --- */

/* Taps of target pixel i when source pixels x0 .. x1 of `size` become `count` pixels. With s source
 * pixels to a target pixel, m the target pixel's middle and r = max(1, s), source pixel j weighs
 * max(0, 1 - |j + 1/2 - m| / r); pixels outside take the value of the edge. */
static struct taps make_taps(double x0, double x1, int size, int count, int i, float *weights)
{
    double scale = (x1 - x0) / count, middle = x0 + (i + 0.5) * scale;
    double radius = fmax(1, scale), sum = 0;
    int low = (int)floor(middle - radius - 0.5) + 1, high = (int)ceil(middle + radius - 0.5) - 1;
    int first = min_int(max_int(low, 0), size - 1), last = max_int(min_int(high, size - 1), first);
    struct taps taps = {first, last - first + 1, weights};
    for (int j = 0; j < taps.count; j++) weights[j] = 0;
    for (int j = low; j <= high; j++) sum += 1 - fabs(j + 0.5 - middle) / radius;
    for (int j = low; j <= high; j++)
        weights[min_int(max_int(j, first), last) - first] +=
            (float)((1 - fabs(j + 0.5 - middle) / radius) / sum);
    return taps;
}

static void add_row(float *restrict sum, const uint8_t *restrict row, float weight, int count)
{
    for (int i = 0; i < count; i++) sum[i] += weight * row[i];
}

/* Shrinks a row along x into a row of the target. Inlined with constant channels. */
static inline void write_row(const struct image_scratch *scratch, int first, int w, int channels,
                             const int *order, float *out, ptrdiff_t step)
{
    for (int x = 0; x < w; x++) {
        const struct taps *taps = &scratch->columns[x];
        const float *in = scratch->row + (taps->first - first) * channels;
        float sum[MAX_CHANNELS] = {0};
        for (int i = 0; i < taps->count; i++)
            for (int c = 0; c < channels; c++) sum[c] += taps->weights[i] * *in++;
        for (int c = 0; c < min_int(channels, 3); c++) out[step * x + c] = sum[order[c]];
    }
}

/* Resizes a region of the stored picture from one plane to w x h pixels at out. */
static void resize_plane(struct image_scratch *scratch, const uint8_t *data,
                         const struct plane *plane, struct region region, int w, int h,
                         const int *order, struct sink sink)
{
    /* chroma samples sit amid the pixels that they cover, so the grids share their outer corner */
    double unit = plane->subsampling;
    float *weights = scratch->column_weights;
    for (int x = 0; x < w; x++) {
        struct taps *taps = &scratch->columns[x];
        *taps = make_taps(region.x0 / unit, region.x1 / unit, plane->w, w, x, weights);
        weights += taps->count;
    }
    int first = scratch->columns[0].first;
    int count = (scratch->columns[w - 1].first + scratch->columns[w - 1].count - first) *
                plane->channels;
    assert(count > 0 && count <= COUNT(scratch->row));
    assert(weights - scratch->column_weights <= COUNT(scratch->column_weights));

    for (int y = 0; y < h; y++) {
        struct taps taps = make_taps(region.y0 / unit, region.y1 / unit, plane->h, h, y,
                                     scratch->row_weights);
        const uint8_t *row = data + plane->offset + plane->stride * (uint64_t)taps.first +
                             (uint64_t)first * (uint64_t)plane->channels;
        for (int i = 0; i < count; i++) scratch->row[i] = 0;
        for (int i = 0; i < taps.count; i++)
            add_row(scratch->row, row + plane->stride * (uint64_t)i, taps.weights[i], count);
        float *out = sink.origin + sink.step_y * y;
        switch (plane->channels) {
        case 1: write_row(scratch, first, w, 1, order, out, sink.step_x); break;
        case 2: write_row(scratch, first, w, 2, order, out, sink.step_x); break;
        default: write_row(scratch, first, w, 4, order, out, sink.step_x); break;
        }
    }
}

static float clamp_byte(float value) { return value < 0 ? 0 : value > 255 ? 255 : value; }

/* ITU-R BT.601. With Y in 16..235 and Cb, Cr in 16..240 around 128, or all three in 0..255:
 *     R = Y + 2 (1 - Kr) Cr, B = Y + 2 (1 - Kb) Cb, G = (Y - Kr R - Kb B) / Kg. */
static void yuv_to_rgb(float *pixel, bool full_range)
{
    const float y_scale = full_range ? 1.0f : 255.0f / 219, y_zero = full_range ? 0 : 16;
    const float c_scale = full_range ? 1.0f : 255.0f / 224;
    const float kr = 0.299f, kg = 0.587f, kb = 0.114f;
    float y = (pixel[0] - y_zero) * y_scale;
    float cb = (pixel[1] - 128) * c_scale, cr = (pixel[2] - 128) * c_scale;
    pixel[0] = y + 2 * (1 - kr) * cr;
    pixel[1] = y - 2 * kb * (1 - kb) / kg * cb - 2 * kr * (1 - kr) / kg * cr;
    pixel[2] = y + 2 * (1 - kb) * cb;
}

enum livedepth_status image_resize(struct image_scratch *scratch,
                                   const struct livedepth_frame *frame, struct rect from,
                                   struct image_target target)
{
    static const int straight[] = {0, 1, 2}, reversed[] = {2, 1, 0};
    if (target.w > MAX_SIDE || target.h > MAX_SIDE)
        return fail(LIVEDEPTH_NO_MEMORY, "target of %d x %d", target.w, target.h);
    struct plane planes[3];
    int count = frame_planes(frame, planes);
    int w = is_turned(frame) ? target.h : target.w, h = is_turned(frame) ? target.w : target.h;
    struct region region = stored_region(frame, from);
    struct sink sink = upright_sink(frame->rotation, target);
    for (int i = 0; i < count; i++, sink.origin++)
        resize_plane(scratch, frame->data, &planes[i], region, w, h,
                     frame->format == LIVEDEPTH_BGRA ? reversed : straight, sink);

    for (int y = 0; y < target.h; y++) {
        float *pixel = target.rgb + 3 * (ptrdiff_t)target.stride * y;
        for (int x = 0; x < target.w; x++, pixel += 3) {
            if (is_yuv(frame)) yuv_to_rgb(pixel, frame->full_range);
            for (int c = 0; c < 3; c++)
                pixel[c] = (clamp_byte(pixel[c]) - target.mean) / target.std;
        }
    }
    return LIVEDEPTH_OK;
}
