/* image.c - see image.h.
 *
 * Planes are resized one by one, as they are stored, then put together and turned. A large target
 * is made band by band, so that what lies between fits small memory. */
#include "image.h"
#include "bilinear.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A pixel of the target is the mean of all that it covers, or, where these are at least 2 ENOUGH
 * along an axis, of ENOUGH and more. Enough for the networks: a view of 128 pixels has up to 3.75
 * in a frame of 640x480. */
enum { MAX_SIDE = LIVEDEPTH_MAX_SIDE, ENOUGH = RESIZE_STEEPEST / 2 };

struct image_scratch {
    struct resizer *resizer;
    union { /* a band, as stored */
        uint8_t pixels[RESIZE_MAX_PIXELS * 4];
        struct {
            float y[RESIZE_MAX_PIXELS], c[RESIZE_MAX_PIXELS * 2];
        } yuv;
    } band;
};

struct plane {
    uint64_t offset, stride; /* bytes */
    int w, h;
    int channels;    /* one byte each */
    int subsampling; /* frame pixels per plane pixel, along each axis */
};

/* The part of a picture that is looked at: of each plane one column of `across` and one row of
 * `down`. Of chroma as many as of luma, as in a smaller frame. */
struct sparse {
    struct region region; /* of the stored frame, in its pixels */
    int across, down;
};

/* The place of the stored picture's pixel (0, 0) in the upright target; steps count bytes. */
struct sink {
    uint8_t *origin;
    ptrdiff_t step_x, step_y;
};

struct image_scratch *image_scratch_create(void)
{
    struct image_scratch *scratch = calloc(1, sizeof *scratch);
    if (scratch && (scratch->resizer = resizer_create())) return scratch;
    free(scratch);
    return NULL;
}

void image_scratch_destroy(struct image_scratch *scratch)
{
    if (!scratch) return;
    resizer_destroy(scratch->resizer);
    free(scratch);
}

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
        plane->stride =
            frame->stride[i] ? frame->stride[i] : (uint64_t)plane->w * (uint64_t)plane->channels;
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
    uint8_t tail[BLOCK] = { 0 };
    memcpy(local, lanes, sizeof local);
    for (; size >= BLOCK; row += BLOCK, size -= BLOCK) hash_block(local, row);
    memcpy(tail, row, size);
    hash_block(local, tail);
    memcpy(lanes, local, sizeof local);
}

uint32_t image_hash(const struct livedepth_frame *frame)
{
    uint32_t lanes[LANES] = { 0 }, hash = 0;
    struct plane planes[3];
    int count = frame_planes(frame, planes);
    for (int i = 0; i < count; i++)
        for (int y = 0; y < planes[i].h; y += max_int(1, planes[i].h / IMAGE_HASH_ROWS))
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
 * rectangle over the edge; clamped, at least one pixel of it lies inside. */
static struct region stored_region(const struct livedepth_frame *frame, struct rect from)
{
    int upright_w, upright_h;
    image_upright_size(frame, &upright_w, &upright_h);
    const double w = frame->width, h = frame->height;
    const double x0 = clamp_to(from.left, 0, upright_w - 1);
    const double y0 = clamp_to(from.top, 0, upright_h - 1);
    const double x1 = clamp_to(x0 + from.width, x0 + 1, upright_w);
    const double y1 = clamp_to(y0 + from.height, y0 + 1, upright_h);
    switch (frame->rotation) {
    case 90: return (struct region){ y0, h - x1, y1, h - x0 };
    case 180: return (struct region){ w - x1, h - y1, w - x0, h - y0 };
    case 270: return (struct region){ w - y1, x0, w - y0, x1 };
    default: return (struct region){ x0, y0, x1, y1 };
    }
}

static struct sink upright_sink(int rotation, struct image_target target)
{
    ptrdiff_t column = 3, row = 3 * (ptrdiff_t)target.stride;
    ptrdiff_t right = column * (target.w - 1), down = row * (target.h - 1);
    switch (rotation) {
    case 90: return (struct sink){ target.rgb + right, row, -column };
    case 180: return (struct sink){ target.rgb + right + down, -column, -row };
    case 270: return (struct sink){ target.rgb + down, -row, column };
    default: return (struct sink){ target.rgb, column, row };
    }
}

/* --- rectangles --- */

float rect_overlap(struct rect a, struct rect b)
{
    const float width = fminf(a.left + a.width, b.left + b.width) - fmaxf(a.left, b.left);
    const float height = fminf(a.top + a.height, b.top + b.height) - fmaxf(a.top, b.top);
    if (width <= 0 || height <= 0) return 0;
    return width * height / (rect_area(a) + rect_area(b) - width * height);
}

/* --- resize --- */

/* Of n pixels, the one that is looked at. */
static int middle(int n) { return (n - 1) / 2; }

/* Pixels that are looked at along an axis, of size. */
static int thinned(int size, int n) { return (size - middle(n) + n - 1) / n; }

static struct resize_source source_of(const struct livedepth_frame *frame,
                                      const struct plane *plane, struct sparse part)
{
    return (struct resize_source){
        .pixels = frame->data + plane->offset + plane->stride * (uint64_t)middle(part.down) +
                  plane->channels * middle(part.across),
        .stride = (int)plane->stride * part.down,
        .step = plane->channels * part.across,
        .w = thinned(plane->w, part.across),
        .h = thinned(plane->h, part.down),
        .channels = plane->channels,
    };
}

/* A place along an axis of the frame, in pixels of the plane that are looked at: pixel k of these
 * is n k + middle(n) of the plane, and its own middle lies at k + 1/2. Chroma samples sit amid the
 * pixels that they cover, so the grids share their outer corner. */
static double place(double x, const struct plane *plane, int n)
{
    return x / (plane->subsampling * n) + (n % 2 ? 0 : 0.5 / n);
}

static struct region region_of(const struct plane *plane, struct sparse part)
{
    const struct region region = part.region;
    return (
        struct region){ place(region.x0, plane, part.across), place(region.y0, plane, part.down),
                        place(region.x1, plane, part.across), place(region.y1, plane, part.down) };
}

static enum livedepth_status to_bytes(struct image_scratch *scratch, struct resize_source source,
                                      struct region region, enum image_filter filter, int w, int h,
                                      uint8_t *out)
{
    if (filter != IMAGE_BILINEAR)
        return resize_to_bytes(scratch->resizer, source, region, w, h, out);
    bilinear_to_bytes(source, region, w, h, out);
    return LIVEDEPTH_OK;
}

static enum livedepth_status to_floats(struct image_scratch *scratch, struct resize_source source,
                                       struct region region, enum image_filter filter, int w, int h,
                                       float *out)
{
    if (filter != IMAGE_BILINEAR)
        return resize_to_floats(scratch->resizer, source, region, w, h, out);
    bilinear_to_floats(source, region, w, h, out);
    return LIVEDEPTH_OK;
}

static uint8_t to_byte(float value)
{
    return (uint8_t)(value < 0 ? 0 : value > 255 ? 255 : value + 0.5f);
}

/* ITU-R BT.601. With Y in 16..235 and Cb, Cr in 16..240 around 128, or all three in 0..255:
 *     R = Y + 2 (1 - Kr) Cr, B = Y + 2 (1 - Kb) Cb, G = (Y - Kr R - Kb B) / Kg.
 * The floats that come in are bytes over 255. */
static void yuv_to_rgb(float y, float cb, float cr, bool full_range, uint8_t *rgb)
{
    const float y_scale = full_range ? 255 : 255 * 255.0f / 219, y_zero = full_range ? 0 : 16;
    const float c_scale = full_range ? 255 : 255 * 255.0f / 224;
    const float kr = 0.299f, kg = 0.587f, kb = 0.114f;
    y = (y - y_zero / 255) * y_scale;
    cb = (cb - 128.0f / 255) * c_scale, cr = (cr - 128.0f / 255) * c_scale;
    rgb[0] = to_byte(y + 2 * (1 - kr) * cr);
    rgb[1] = to_byte(y - 2 * kb * (1 - kb) / kg * cb - 2 * kr * (1 - kr) / kg * cr);
    rgb[2] = to_byte(y + 2 * (1 - kb) * cb);
}

/* A band of w x h pixels of the target, both as stored. */
static enum livedepth_status rgb_band(struct image_scratch *scratch,
                                      const struct livedepth_frame *frame,
                                      const struct plane *plane, struct sparse part,
                                      enum image_filter filter, int w, int h, struct sink sink)
{
    const int red = frame->format == LIVEDEPTH_BGRA ? 2 : 0, blue = 2 - red;
    const uint8_t *in = scratch->band.pixels;
    TRY(to_bytes(scratch, source_of(frame, plane, part), region_of(plane, part), filter, w, h,
                 scratch->band.pixels));
    for (int y = 0; y < h; y++) {
        uint8_t *out = sink.origin + sink.step_y * y;
        for (int x = 0; x < w; x++, in += 4, out += sink.step_x)
            out[0] = in[red], out[1] = in[1], out[2] = in[blue];
    }
    return LIVEDEPTH_OK;
}

static enum livedepth_status yuv_band(struct image_scratch *scratch,
                                      const struct livedepth_frame *frame,
                                      const struct plane *planes, struct sparse part,
                                      enum image_filter filter, int w, int h, struct sink sink)
{
    const bool interleaved = frame->format == LIVEDEPTH_NV12;
    const float *luma = scratch->band.yuv.y, *cb = scratch->band.yuv.c;
    const float *cr = cb + (interleaved ? 1 : w * h);
    const int step = interleaved ? 2 : 1;
    for (int i = 0; i < (interleaved ? 2 : 3); i++)
        TRY(to_floats(scratch, source_of(frame, &planes[i], part), region_of(&planes[i], part),
                      filter, w, h,
                      i ? scratch->band.yuv.c + (i - 1) * w * h : scratch->band.yuv.y));
    for (int y = 0; y < h; y++) {
        uint8_t *out = sink.origin + sink.step_y * y;
        for (int x = 0; x < w; x++, cb += step, cr += step, out += sink.step_x)
            yuv_to_rgb(*luma++, *cb, *cr, frame->full_range, out);
    }
    return LIVEDEPTH_OK;
}

/* One of how many pixels is looked at, where so many, along an axis, make one of the target. */
static int thin(double pixels) { return max_int(1, (int)pixels / ENOUGH); }

enum livedepth_status image_resize(struct image_scratch *scratch,
                                   const struct livedepth_frame *frame, struct rect from,
                                   enum image_filter filter, struct image_target target)
{
    if (min_int(target.w, target.h) < IMAGE_MIN_TARGET ||
        max_int(target.w, target.h) > IMAGE_MAX_TARGET)
        return fail(LIVEDEPTH_BAD_ARGUMENT, "target of %d x %d", target.w, target.h);
    struct plane planes[3];
    frame_planes(frame, planes);
    const int w = is_turned(frame) ? target.h : target.w;
    const int h = is_turned(frame) ? target.w : target.h;
    const struct region all = stored_region(frame, from);
    const double columns = (all.x1 - all.x0) / w, rows = (all.y1 - all.y0) / h;
    struct sparse band = { all, 1, 1 };
    if (filter == IMAGE_TRIANGLE) band.across = thin(columns), band.down = thin(rows);
    const int most = RESIZE_MAX_PIXELS / w;
    struct sink sink = upright_sink(frame->rotation, target);
    for (int y = 0; y < h; y += most, sink.origin += sink.step_y * most) {
        const int count = min_int(most, h - y);
        band.region.y0 = all.y0 + y * rows;
        band.region.y1 = all.y0 + (y + count) * rows;
        TRY((is_yuv(frame) ? yuv_band : rgb_band)(scratch, frame, planes, band, filter, w, count,
                                                  sink));
    }
    return LIVEDEPTH_OK;
}

void image_floats(const uint8_t *bytes, int count, float mean, float std, float *out)
{
    for (int i = 0; i < count; i++) out[i] = ((float)bytes[i] - mean) / std;
}
