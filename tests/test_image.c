/* test_image.c - resizing against a plain reference in doubles; its limits. */
#include "allocations.h"
#include "image_reference.h"

TEST(resize_matches_reference)
{
    static const struct {
        int w, h;
        struct rect from;
        int out_w, out_h;
    } cases[] = {
        { 64, 48, { 0, 0, 64, 48 }, 64, 48 },                /* nothing to do */
        { 64, 48, { 0, 0, 64, 48 }, 16, 12 },                /* whole factor */
        { 64, 48, { 0, 0, 64, 48 }, 17, 31 },                /* any factor */
        { 64, 48, { 10.25f, 7.75f, 33.3f, 20.6f }, 20, 20 }, /* sub-pixel, down */
        { 64, 48, { 10.25f, 7.75f, 9.5f, 6.125f }, 40, 32 }, /* sub-pixel, up */
        { 64, 48, { 3.5f, 0.25f, 60, 4 }, 12, 24 },          /* down along x, up along y */
        { 64, 48, { 63, 47, 1, 1 }, 8, 8 },                  /* the last pixel */
        { 64, 48, { 31.37f, 0, 1, 48 }, 2, 2 },
        { 1, 1, { 0, 0, 1, 1 }, 9, 5 },
        { 3, 151, { 0, 0, 3, 151 }, 3, 260 }, /* breaks stb_image_resize2 2.12 */
        { 2, 72, { 0.611986995f, 0, 1.00883532f, 28.1562328f }, 2, 362 }, /* likewise */
        { 640, 480, { 101.3f, 55.7f, 300.5f, 300.5f }, 128, 128 },
    };
    for (int i = 0; i < COUNT(cases); i++) {
        for (int format = LIVEDEPTH_RGBA; format <= LIVEDEPTH_NV12; format++) {
            struct livedepth_frame frame = noise_frame(format, cases[i].w, cases[i].h);
            frame.full_range = i % 2;
            check_frame(&frame, cases[i].from, cases[i].out_w, cases[i].out_h);
            free_frame(frame);
        }
    }
}

TEST(resize_odd_yuv)
{
    static const int sizes[][2] = { { 1, 1 }, { 1, 2 },   { 2, 1 },  { 3, 5 },
                                    { 5, 3 }, { 17, 33 }, { 255, 9 } };
    for (int i = 0; i < COUNT(sizes); i++) {
        for (int format = LIVEDEPTH_I420; format <= LIVEDEPTH_NV12; format++) {
            struct livedepth_frame frame = noise_frame(format, sizes[i][0], sizes[i][1]);
            check_frame(&frame, whole(&frame), 8, 6);
            check_frame(&frame, (struct rect){ 0, 0, 1, 1 }, 3, 3);
            free_frame(frame);
        }
    }
}

/* A rectangle of a picture: anywhere, or a square on whole pixels, or one in the corner. */
static struct rect random_rect(int w, int h)
{
    const int kind = draw(3);
    const float fine = 1.0f / 4096;
    if (kind == 1) {
        const int side = 1 + draw(min_int(w, h));
        return (struct rect){ (float)draw(w - side + 1), (float)draw(h - side + 1), (float)side,
                              (float)side };
    }
    const float left = kind == 2 ? 0 : (float)draw((w - 1) * 4096) * fine;
    const float top = kind == 2 ? 0 : (float)draw((h - 1) * 4096) * fine;
    return (struct rect){ left, top, 1 + ((float)w - left - 1) * (float)draw(4097) * fine,
                          1 + ((float)h - top - 1) * (float)draw(4097) * fine };
}

TEST(random_cuts_match_reference)
{
    static const int rotations[] = { 0, 90, 180, 270 };
    for (int i = 0; i < 600; i++) {
        const int format = draw(4), yuv = format > LIVEDEPTH_BGRA, rotation = rotations[draw(4)];
        const int most = draw(8) ? 60 : 500; /* a turned picture with half a block has others */
        const int unit = yuv && rotation ? 2 : 1;
        const int w = unit * (1 + draw(most)), h = unit * (1 + draw(most));
        struct livedepth_frame plain = noise_frame(format, w, h);
        plain.full_range = draw(2);
        struct livedepth_frame other = rotation ? turned(&plain, rotation) : plain;
        other.full_range = plain.full_range;
        struct livedepth_frame apart = padded(&other);
        const struct rect from = random_rect(w, h);
        const int out_w = 2 + draw(draw(8) ? 40 : 511), out_h = draw(2) ? out_w : 2 + draw(40);
        check_same(&apart, &plain, from, out_w, out_h);
        free_frame(apart);
        if (rotation) free_frame(other);
        free_frame(plain);
    }
}

/* One number from the bytes of many cuts, natively and in every wasm variant. */
TEST(the_same_bytes_in_every_build)
{
    static const uint32_t hashes[] = {
        [IMAGE_TRIANGLE] = 0x26d41ab9, [IMAGE_BILINEAR] = 0x08585646
    };
    uint32_t hash = 0;
    state = 1;
    for (int i = 0; i < 200; i++) {
        const int format = i % 4, w = 1 + draw(700), h = 1 + draw(500);
        struct livedepth_frame frame = noise_frame(format, w, h);
        const int out_w = 2 + draw(150), out_h = 2 + draw(150);
        uint8_t *rgb = resized(&frame, random_rect(w, h), out_w, out_h);
        for (int j = 0; j < 3 * out_w * out_h; j++) hash = (hash ^ rgb[j]) * 16777619;
        free(rgb);
        free_frame(frame);
    }
    if (hash != hashes[filter]) printf("hash %08x\n", (unsigned)hash);
    CHECK(hash == hashes[filter]);
}

/* How far the whole frame as w x h pixels is from the means of all of its pixels; `plain`: the same
 * upright. Without so many pixels at each edge. */
static double off_average(const struct livedepth_frame *frame, const struct livedepth_frame *plain,
                          int w, int h, int edge)
{
    static const struct looked all[2] = { { 1, false }, { 1, false } };
    double *expected = malloc(sizeof(double) * 3 * (size_t)(w * h)), largest = 0;
    uint8_t *rgb = resized(frame, whole(frame), w, h);
    reference(plain, whole(plain), all, expected, w, h);
    for (int y = edge; y < h - edge; y++)
        for (int i = 3 * (y * w + edge); i < 3 * (y * w + w - edge); i++)
            largest = fmax(largest, fabs(rgb[i] - expected[i]));
    free(expected);
    free(rgb);
    return largest;
}

/* Fewer than eight pixels to one are all averaged; of more some are left out. */
TEST(many_pixels_are_some_of_them)
{
    for (int format = LIVEDEPTH_RGBA; format <= LIVEDEPTH_NV12; format++) {
        const struct livedepth_frame frame = noise_frame(format, 144, 96);
        CHECK_NEAR(off_average(&frame, &frame, 19, 13, 0), 0, 0.51);
        CHECK(off_average(&frame, &frame, 18, 13, 0) > 4);
        CHECK(off_average(&frame, &frame, 19, 12, 0) > 4);
        free_frame(frame);
    }
}

/* Grey that grows brighter by one from pixel to pixel, to the right and downwards; in YUV downwards
 * alone, with Cb that grows to the right and Cr that grows downwards. */
static struct livedepth_frame slope_frame(int format, int w, int h)
{
    struct livedepth_frame frame = make_frame(format, w, h, NULL);
    uint8_t *data = (uint8_t *)(uintptr_t)frame.data;
    const int cw = chroma(w), ch = chroma(h);
    frame.full_range = 1;
    for (int y = 0; y < h; y++)
        for (int x = 0; x < w; x++)
            if (format <= LIVEDEPTH_BGRA) memset(data + 4 * (y * w + x), x + y, 4);
            else data[y * w + x] = (uint8_t)(80 + y);
    for (int y = 0; format > LIVEDEPTH_BGRA && y < ch; y++)
        for (int x = 0; x < cw; x++) {
            const int at = y * cw + x, nv12 = format == LIVEDEPTH_NV12;
            data[w * h + (nv12 ? 2 * at : at)] = (uint8_t)(128 - cw / 2 + x);
            data[w * h + (nv12 ? 2 * at + 1 : cw * ch + at)] = (uint8_t)(128 - ch / 2 + y);
        }
    return frame;
}

/* Whichever pixels are left out, the picture stays where it is: half a pixel of the frame from
 * there, some would differ by half and their rounding. Not its edges, beyond which the last pixel
 * that is looked at is repeated, which is not the last. */
TEST(some_pixels_lie_where_all_do)
{
    static const int sizes[][2] = { { 24, 15 }, { 16, 10 }, { 12, 6 }, { 8, 5 }, { 48, 3 } };
    for (int format = LIVEDEPTH_RGBA; format <= LIVEDEPTH_NV12; format++) {
        struct livedepth_frame plain = slope_frame(format, 144, 90);
        for (int rotation = 0; rotation < 360; rotation += 90) {
            struct livedepth_frame frame = rotation ? turned(&plain, rotation) : plain;
            frame.full_range = 1;
            for (int i = 0; i < COUNT(sizes); i++)
                CHECK_NEAR(off_average(&frame, &plain, sizes[i][0], sizes[i][1], 1), 0, 0.75);
            if (rotation) free_frame(frame);
        }
        free_frame(plain);
    }
}

/* A target inside a larger picture: nothing around it changes. */
TEST(target_window)
{
    enum { W = 6, H = 5, STRIDE = 9, BEFORE = 2, VALUES = 3 * STRIDE * (H + BEFORE) };
    struct livedepth_frame frame = noise_frame(LIVEDEPTH_RGBA, 33, 29);
    for (int rotation = 0; rotation < 360; rotation += 90) {
        uint8_t canvas[VALUES];
        frame.rotation = rotation;
        uint8_t *bytes = resized(&frame, whole(&frame), W, H);
        memset(canvas, 7, sizeof canvas);
        struct image_target target = { canvas + 3 * (STRIDE + BEFORE), W, H, STRIDE };
        CHECK(image_resize(scratch, &frame, whole(&frame), filter, target) == LIVEDEPTH_OK);
        for (int i = 0; i < VALUES; i++) {
            int x = i / 3 % STRIDE - BEFORE, y = i / 3 / STRIDE - 1;
            bool inside = x >= 0 && x < W && y >= 0 && y < H;
            CHECK(canvas[i] == (inside ? bytes[3 * (y * W + x) + i % 3] : 7));
        }
        free(bytes);
    }
    free_frame(frame);
}

TEST(largest_frames)
{
    enum { SIDE = LIVEDEPTH_MAX_SIDE, MOST = IMAGE_MAX_TARGET };
    static const int sizes[][2] = { { 64, 64 },   { 2, 2 },     { 512, 91 }, { 91, 91 },
                                    { 512, 512 }, { 512, 256 }, { 512, 2 },  { 2, 512 },
                                    { 33, 512 },  { 512, 32 } };
    for (int format = LIVEDEPTH_RGBA; format <= LIVEDEPTH_NV12; format++) {
        struct livedepth_frame frame = make_frame(format, SIDE, SIDE, NULL);
        memset((uint8_t *)(uintptr_t)frame.data, 128, frame.size);
        const uint8_t grey = format <= LIVEDEPTH_BGRA ? 128 : (128 - 16) * 255.0 / 219 + 0.5;
        for (int i = 0; i < COUNT(sizes); i++) {
            const int w = sizes[i][0], h = sizes[i][1];
            uint8_t *rgb = resized(&frame, whole(&frame), w, h);
            for (int j = 0; j < 3 * w * h; j++) CHECK(rgb[j] == grey);
            free(rgb);
        }
        uint8_t *rgb = resized(&frame, (struct rect){ SIDE - 1.5f, SIDE - 1, 1.5f, 1 }, 64, 64);
        CHECK(rgb[0] == grey);
        free(rgb);
        free_frame(frame);
    }

    /* the largest target and one beyond, and one too narrow */
    struct livedepth_frame frame = noise_frame(LIVEDEPTH_RGBA, 5, 7);
    uint8_t *rgb = resized(&frame, whole(&frame), MOST, 2);
    free(rgb);
    rgb = resized(&frame, whole(&frame), 2, MOST);
    struct image_target large = { rgb, MOST + 1, 2, MOST + 1 }, narrow = { rgb, 1, 2, 1 };
    CHECK(image_resize(scratch, &frame, whole(&frame), filter, large) == LIVEDEPTH_BAD_ARGUMENT);
    CHECK(image_resize(scratch, &frame, whole(&frame), filter, narrow) == LIVEDEPTH_BAD_ARGUMENT);
    free(rgb);
    free_frame(frame);
}

/* Whatever the rectangle is, resize stays inside its buffers. */
TEST(wild_rectangles)
{
    static const struct rect cases[] = {
        { -5, -5, 100, 100 },    { 30, 20, 40, 40 },     { 1e30f, 1e30f, 1, 1 },
        { -1e30f, 0, 1e30f, 5 }, { NAN, NAN, NAN, NAN }, { 0, 0, INFINITY, INFINITY },
        { 3, 3, 0, 0 },          { 3, 3, -2, -2 },
    };
    for (int i = 0; i < COUNT(cases); i++) {
        for (int rotation = 0; rotation < 360; rotation += 90) {
            struct livedepth_frame frame = noise_frame(i % 4, 31, 23);
            frame.rotation = rotation;
            free(resized(&frame, cases[i], 11, 500));
            free_frame(frame);
        }
    }
}

TEST(resize_never_allocates)
{
    struct livedepth_frame frame = noise_frame(LIVEDEPTH_I420, 640, 480);
    static uint8_t rgb[3 * 128 * 128];
    struct image_target target = { rgb, 128, 128, 128 };
    count_allocations();
    void *volatile probe = malloc(1); /* volatile: the compiler would drop the pair */
    free(probe);
    CHECK(memory.asked == 1);
    for (int rotation = 0; rotation < 360; rotation += 90) {
        frame.rotation = rotation;
        CHECK(image_resize(scratch, &frame, (struct rect){ 9.5f, 3, 400, 300 }, filter, target) ==
              LIVEDEPTH_OK);
    }
    CHECK(memory.asked == 1);
    free_frame(frame);
}

/* FRAME_* of docs/errors.md. The frame is 8 x 6 and good but for what a case changes. */
int main(void)
{
    scratch = image_scratch_create();
    image_scratch_destroy(NULL);
    for (filter = IMAGE_TRIANGLE; filter <= IMAGE_BILINEAR; filter++) {
        RUN(resize_matches_reference);
        RUN(resize_odd_yuv);
        RUN(random_cuts_match_reference);
        RUN(the_same_bytes_in_every_build);
        RUN(target_window);
        RUN(largest_frames);
        RUN(wild_rectangles);
        RUN(resize_never_allocates);
    }
    filter = IMAGE_TRIANGLE;
    RUN(many_pixels_are_some_of_them);
    RUN(some_pixels_lie_where_all_do);
    image_scratch_destroy(scratch);
    return test_end();
}
