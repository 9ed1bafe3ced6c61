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
        [IMAGE_TRIANGLE] = 0xfa84747c, [IMAGE_BILINEAR] = 0x08585646
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

/* Bytes of the whole frame as OUT x h pixels. */
enum { COARSE_OUT = 12 };
static void shrink(const struct livedepth_frame *frame, enum image_filter how, int h, uint8_t *rgb)
{
    const struct image_target target = { rgb, COARSE_OUT, h, COARSE_OUT };
    CHECK(image_resize(scratch, frame, whole(frame), how, target) == LIVEDEPTH_OK);
}

/* Seven rows to one: all are averaged, and the bytes are the triangle's. 24: some are left out, and
 * a picture that grows brighter downwards stays where it is. */
TEST(coarse_leaves_rows_out)
{
    enum { W = 150, H = 97, MANY = 13, FEW = 4, ROW = 3 * COARSE_OUT };
    for (int format = LIVEDEPTH_RGBA; format <= LIVEDEPTH_NV12; format++) {
        const int row = format <= LIVEDEPTH_BGRA ? 4 * W : W;
        const struct livedepth_frame frame = noise_frame(format, W, H);
        uint8_t all[MANY * ROW], some[MANY * ROW], *data = (uint8_t *)(uintptr_t)frame.data;
        shrink(&frame, IMAGE_TRIANGLE, MANY, all);
        shrink(&frame, IMAGE_COARSE, MANY, some);
        CHECK(!memcmp(all, some, sizeof all));
        shrink(&frame, IMAGE_TRIANGLE, FEW, all);
        shrink(&frame, IMAGE_COARSE, FEW, some);
        CHECK(difference(all, some, FEW * ROW) > 4);
        memset(data, 128, frame.size);
        for (int y = 0; y < H; y++) memset(data + y * row, 20 + 2 * y, (size_t)row);
        shrink(&frame, IMAGE_TRIANGLE, FEW, all);
        shrink(&frame, IMAGE_COARSE, FEW, some);
        CHECK(difference(all + ROW, some + ROW, (FEW - 2) * ROW) <= 1);
        free_frame(frame);
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
    RUN(coarse_leaves_rows_out);
    image_scratch_destroy(scratch);
    return test_end();
}
