/* test_formats.c - the same picture in every format, rotation and layout; frames that are none. */
#include "image_reference.h"

TEST(formats_agree)
{
    enum { W = 97, H = 74, OUT = 24, VALUES = 3 * OUT * OUT };
    struct rect from = { 4.5f, 3.25f, 90, 68 };
    struct livedepth_frame frame = scene_frame(LIVEDEPTH_RGBA, W, H);
    uint8_t *rgba = resized(&frame, from, OUT, OUT);
    free_frame(frame);
    for (int format = LIVEDEPTH_BGRA; format <= LIVEDEPTH_NV12; format++) {
        frame = scene_frame(format, W, H);
        uint8_t *other = resized(&frame, from, OUT, OUT);
        /* a pixel's colour differs by at most 1/6 * 1.772 * 255 / 224 from its block's; RGBA is
         * rounded, and so is what is compared */
        CHECK(difference(rgba, other, VALUES) <= (format == LIVEDEPTH_BGRA ? 0 : 1));
        free(other);
        free_frame(frame);
    }
    free(rgba);
}

/* Reference values of BT.601: black, white and the corners, bytes rounded. */
TEST(colours_are_bt601)
{
    static const struct {
        int full;
        uint8_t yuv[3];
        double rgb[3];
    } cases[] = {
        { 0, { 16, 128, 128 }, { 0, 0, 0 } },        { 0, { 235, 128, 128 }, { 255, 255, 255 } },
        { 0, { 81, 90, 240 }, { 254, 0, 0 } },       { 0, { 145, 54, 34 }, { 0, 255, 1 } },
        { 0, { 41, 240, 110 }, { 0, 0, 255 } },      { 0, { 0, 128, 128 }, { 0, 0, 0 } },
        { 0, { 255, 128, 128 }, { 255, 255, 255 } }, { 1, { 0, 128, 128 }, { 0, 0, 0 } },
        { 1, { 255, 128, 128 }, { 255, 255, 255 } }, { 1, { 76, 85, 255 }, { 254, 0, 0 } },
        { 1, { 150, 44, 21 }, { 0, 255, 1 } },
    };
    for (int i = 0; i < COUNT(cases); i++) {
        uint8_t data[6];
        memset(data, cases[i].yuv[0], 4);
        memcpy(data + 4, cases[i].yuv + 1, 2);
        for (int format = LIVEDEPTH_I420; format <= LIVEDEPTH_NV12; format++) {
            struct livedepth_frame frame = make_frame(format, 2, 2, data);
            frame.full_range = cases[i].full;
            uint8_t *rgb = resized(&frame, whole(&frame), 2, 2);
            for (int c = 0; c < 3; c++) CHECK_NEAR(rgb[c], cases[i].rgb[c], 1);
            free(rgb);
        }
    }
}

TEST(rotations_match_upright)
{
    enum { OUT_W = 21, OUT_H = 13 };
    for (int format = LIVEDEPTH_RGBA; format <= LIVEDEPTH_NV12; format++) {
        struct livedepth_frame frame = noise_frame(format, 62, 46);
        struct rect from = { 5.25f, 20.5f, 40.75f, 18.125f };
        uint8_t *upright = resized(&frame, from, OUT_W, OUT_H);
        for (int rotation = 90; rotation < 360; rotation += 90) {
            struct livedepth_frame other = turned(&frame, rotation);
            int w, h;
            image_upright_size(&other, &w, &h);
            CHECK(w == 62 && h == 46);
            uint8_t *rgb = resized(&other, from, OUT_W, OUT_H);
            CHECK(difference(upright, rgb, 3 * OUT_W * OUT_H) <= 1); /* a sum in another order */
            free(rgb);
            free_frame(other);
        }
        free(upright);
        free_frame(frame);
    }
}

/* Padded rows and planes in another order give the same bits. */
TEST(strides_and_offsets)
{
    enum { W = 19, H = 15, OUT = 7 };
    for (int format = LIVEDEPTH_RGBA; format <= LIVEDEPTH_NV12; format++) {
        struct livedepth_frame packed = noise_frame(format, W, H);
        uint8_t *expected = resized(&packed, whole(&packed), OUT, OUT);

        int planes = format == LIVEDEPTH_I420 ? 3 : format == LIVEDEPTH_NV12 ? 2 : 1;
        struct livedepth_frame apart = padded(&packed);
        uint8_t *rgb = resized(&apart, whole(&apart), OUT, OUT);
        CHECK(!memcmp(rgb, expected, 3 * OUT * OUT));
        free_frame(apart);

        /* strides alone: the planes follow each other, each row with its padding */
        memset(apart.offset, 0, sizeof apart.offset);
        apart.size = 0;
        for (int i = 0; i < planes; i++)
            apart.size += apart.stride[i] * (size_t)(i ? chroma(H) : H);
        uint8_t *rows_data = malloc(apart.size), *out = rows_data;
        const uint8_t *in = packed.data;
        for (int i = 0; i < planes; i++) {
            int row = planes == 1 ? 4 * W : i == 0 ? W : chroma(W) * (4 - planes);
            for (int y = 0; y < (i ? chroma(H) : H); y++, in += row, out += apart.stride[i]) {
                memset(out, 0x5A, apart.stride[i]);
                memcpy(out, in, (size_t)row);
            }
        }
        apart.data = rows_data;
        free(rgb);
        rgb = resized(&apart, whole(&apart), OUT, OUT);
        CHECK(!memcmp(rgb, expected, 3 * OUT * OUT));
        free(rgb);
        free(expected);
        free_frame(apart);
        free_frame(packed);
    }
}

TEST(check_finds_bad_frames)
{
    enum { ANY = 1 << 20 };
    static const struct {
        struct livedepth_frame frame;
        enum livedepth_status status;
    } cases[] = {
        { { .width = 8, .height = 6, .size = 192 }, LIVEDEPTH_OK },
        { { .width = 8, .height = 6, .size = ANY }, LIVEDEPTH_OK }, /* longer is fine */
        { { .width = 8, .height = 6, .size = 72, .format = LIVEDEPTH_I420 }, LIVEDEPTH_OK },
        { { .width = 8, .height = 6, .size = 72, .format = LIVEDEPTH_NV12 }, LIVEDEPTH_OK },
        { { .width = 7, .height = 5, .size = 59, .format = LIVEDEPTH_I420 }, LIVEDEPTH_OK },
        { { .width = 4096, .height = 1, .size = 16384 }, LIVEDEPTH_OK },
        { { .width = 8, .height = 6, .size = 40 * 5 + 32, .stride = { 40 } }, LIVEDEPTH_OK },
        { { .width = 8, .height = 6, .size = 33 * 5 + 32, .stride = { 33 } }, LIVEDEPTH_OK },

        { { .width = 0, .height = 0, .size = ANY }, LIVEDEPTH_FRAME_BAD_SIZE },
        { { .width = 0, .height = 6, .size = ANY }, LIVEDEPTH_FRAME_BAD_SIZE },
        { { .width = 8, .height = 0, .size = ANY }, LIVEDEPTH_FRAME_BAD_SIZE },
        { { .width = -8, .height = 6, .size = ANY }, LIVEDEPTH_FRAME_BAD_SIZE },
        { { .width = 8, .height = INT32_MIN, .size = ANY }, LIVEDEPTH_FRAME_BAD_SIZE },
        { { .width = 4097, .height = 6, .size = ANY }, LIVEDEPTH_FRAME_TOO_LARGE },
        { { .width = 8, .height = INT32_MAX, .size = ANY }, LIVEDEPTH_FRAME_TOO_LARGE },
        { { .width = 8, .height = 6, .size = ANY, .format = 4 }, LIVEDEPTH_FRAME_BAD_FORMAT },
        { { .width = 8, .height = 6, .size = ANY, .format = -1 }, LIVEDEPTH_FRAME_BAD_FORMAT },
        { { .width = 8, .height = 6, .size = ANY, .rotation = 45 }, LIVEDEPTH_FRAME_BAD_ROTATION },
        { { .width = 8, .height = 6, .size = ANY, .rotation = -90 }, LIVEDEPTH_FRAME_BAD_ROTATION },
        { { .width = 8, .height = 6, .size = ANY, .rotation = 360 }, LIVEDEPTH_FRAME_BAD_ROTATION },

        { { .width = 8, .height = 6, .size = ANY, .stride = { 31 } }, LIVEDEPTH_FRAME_BAD_STRIDE },
        { { .width = 8, .height = 6, .size = ANY, .stride = { 7 }, .format = LIVEDEPTH_I420 },
          LIVEDEPTH_FRAME_BAD_STRIDE },
        { { .width = 7, .height = 6, .size = ANY, .stride = { 7, 3 }, .format = LIVEDEPTH_I420 },
          LIVEDEPTH_FRAME_BAD_STRIDE },
        { { .width = 7, .height = 6, .size = ANY, .stride = { 7, 4, 3 }, .format = LIVEDEPTH_I420 },
          LIVEDEPTH_FRAME_BAD_STRIDE },
        { { .width = 7, .height = 6, .size = ANY, .stride = { 7, 7 }, .format = LIVEDEPTH_NV12 },
          LIVEDEPTH_FRAME_BAD_STRIDE },
        { { .width = 8, .height = 6, .size = ANY, .stride = { UINT32_MAX } },
          LIVEDEPTH_FRAME_BAD_STRIDE },
        { { .width = 8, .height = 6, .size = SIZE_MAX, .stride = { INT32_MAX / 6 + 1 } },
          LIVEDEPTH_FRAME_BAD_STRIDE },

        { { .width = 8, .height = 6, .size = 0 }, LIVEDEPTH_FRAME_BAD_BUFFER },
        { { .width = 8, .height = 6, .size = 191 }, LIVEDEPTH_FRAME_BAD_BUFFER },
        { { .width = 8, .height = 6, .size = 71, .format = LIVEDEPTH_I420 },
          LIVEDEPTH_FRAME_BAD_BUFFER },
        { { .width = 8, .height = 6, .size = 71, .format = LIVEDEPTH_NV12 },
          LIVEDEPTH_FRAME_BAD_BUFFER },
        { { .width = 7, .height = 5, .size = 58, .format = LIVEDEPTH_I420 },
          LIVEDEPTH_FRAME_BAD_BUFFER },
        { { .width = 8, .height = 6, .size = 40 * 5 + 31, .stride = { 40 } },
          LIVEDEPTH_FRAME_BAD_BUFFER },
        { { .width = 8, .height = 6, .size = 192, .offset = { 1 } }, LIVEDEPTH_FRAME_BAD_BUFFER },
        { { .width = 8, .height = 6, .size = ANY, .offset = { UINT32_MAX } },
          LIVEDEPTH_FRAME_BAD_BUFFER },
        { { .width = 8,
            .height = 6,
            .size = 72,
            .offset = { 0, 48, 61 },
            .format = LIVEDEPTH_I420 },
          LIVEDEPTH_FRAME_BAD_BUFFER },
    };
    uint8_t data[1];
    for (int i = 0; i < COUNT(cases); i++) {
        struct livedepth_frame frame = cases[i].frame;
        frame.data = data; /* which image_check does not read */
        if (image_check(&frame) == cases[i].status) continue;
        printf("case %d: %s, not %s\n", i, livedepth_status_text(image_check(&frame)),
               livedepth_status_text(cases[i].status));
        failures++;
    }
    struct livedepth_frame frame = cases[0].frame;
    CHECK(image_check(&frame) == LIVEDEPTH_FRAME_BAD_BUFFER); /* data is NULL */
}

int main(void)
{
    scratch = image_scratch_create();
    for (filter = IMAGE_TRIANGLE; filter <= IMAGE_BILINEAR; filter++) {
        RUN(formats_agree);
        RUN(colours_are_bt601);
        RUN(rotations_match_upright);
        RUN(strides_and_offsets);
    }
    RUN(check_finds_bad_frames);
    image_scratch_destroy(scratch);
    return test_end();
}
