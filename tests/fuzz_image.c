/* fuzz_image.c - whatever a frame is and wherever the rectangle lies, a picture is refused with a
 * typed error or cut without a byte read or written beyond the buffers, and its bytes are means of
 * the frame's. The sanitizers watch stb's memory too (resize.c), and its asserts are on. */
#include <math.h>
#include <sanitizer/asan_interface.h>
#include <stdlib.h>
#include <string.h>
#include "image.h"
#include "require.h"

enum {
    MOST_BYTES = LIVEDEPTH_MAX_SIDE * LIVEDEPTH_MAX_SIDE * 4 + (1 << 20),
    FENCE = 64, /* bytes before a frame; behind it ends the memory */
    DARK = 64,
    BRIGHT = 191,
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Memory for frames, full of noise. */
static uint8_t *noise(void)
{
    uint8_t *bytes = malloc(MOST_BYTES);
    uint32_t state = 1;
    require(bytes != NULL);
    for (size_t i = 0; i < MOST_BYTES; i++) {
        state = state * 1664525 + 1013904223;
        bytes[i] = (uint8_t)(DARK + (state >> 24) % (BRIGHT - DARK + 1));
    }
    return bytes;
}

/* What the input says. */
struct wish {
    uint16_t w, h, target_w, target_h;
    uint8_t format, rotation, full_range, shape, stride[3], margin;
    float rect[4];
};

/* A whole number, or any float: as it is, or in shares of the side. */
static float place(float wish, uint8_t shape, int side)
{
    switch (shape % 4) {
    case 0: return (float)(int)fminf(fmaxf(wish, -5000), 5000);
    case 1: return wish;
    default: return (wish - floorf(wish)) * (float)side;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const int most[] = { 20, 60, 400, LIVEDEPTH_MAX_SIDE };
    static const int most_target[] = { 20, 40, 130, IMAGE_MAX_TARGET + 2 };
    static struct image_scratch *scratch;
    static uint8_t *memory;
    struct wish wish;
    if (size < sizeof wish) return 0;
    if (!scratch) scratch = image_scratch_create();
    if (!memory) memory = noise();
    memcpy(&wish, data, sizeof wish);

    struct livedepth_frame frame = { .width = 1 + wish.w % most[wish.shape >> 2 & 3],
                                     .height = 1 + wish.h % most[wish.shape >> 4 & 3],
                                     .format = wish.format % 4,
                                     .rotation = wish.rotation % 4 * 90,
                                     .full_range = wish.full_range & 1 };
    const bool rgb = frame.format <= LIVEDEPTH_BGRA, nv12 = frame.format == LIVEDEPTH_NV12;
    for (int i = 0; i < (rgb ? 1 : nv12 ? 2 : 3); i++) {
        const int w = i ? (frame.width + 1) / 2 : frame.width;
        const int h = i ? (frame.height + 1) / 2 : frame.height;
        const int row = w * (rgb ? 4 : i && nv12 ? 2 : 1);
        frame.stride[i] = (uint32_t)(row + wish.stride[i] % 67);
        frame.offset[i] = (uint32_t)(frame.size + wish.margin % 9);
        frame.size = frame.offset[i] + frame.stride[i] * (size_t)(h - 1) + (size_t)row;
    }
    require(frame.size + FENCE <= MOST_BYTES);
    frame.data = memory + MOST_BYTES - frame.size;
    require(image_check(&frame) == LIVEDEPTH_OK);

    int width, height;
    image_upright_size(&frame, &width, &height);
    const struct rect rect = { place(wish.rect[0], wish.shape, width),
                               place(wish.rect[1], wish.shape, height),
                               place(wish.rect[2], wish.shape, width),
                               place(wish.rect[3], wish.shape, height) };
    const int w = wish.target_w % most_target[wish.shape >> 6],
              h = wish.target_h % most_target[wish.shape >> 6];
    const int stride = w + wish.margin % 5;
    const size_t room = w && h ? (size_t)(3 * (stride * (h - 1) + w)) : 1;
    uint8_t *out = malloc(room);
    require(out != NULL);
    ASAN_POISON_MEMORY_REGION(frame.data - FENCE, FENCE);
    const enum livedepth_status status =
        image_resize(scratch, &frame, rect, (enum image_filter)(wish.full_range / 2 % 2),
                     (struct image_target){ out, w, h, stride });
    ASAN_UNPOISON_MEMORY_REGION(frame.data - FENCE, FENCE);
    const bool fits = min_int(w, h) >= IMAGE_MIN_TARGET && max_int(w, h) <= IMAGE_MAX_TARGET;
    require(status == (fits ? LIVEDEPTH_OK : LIVEDEPTH_BAD_ARGUMENT));
    for (int y = 0; fits && rgb && y < h; y++)
        for (int i = 0; i < 3 * w; i++) {
            const uint8_t value = out[3 * stride * y + i];
            require(value >= DARK && value <= BRIGHT);
        }
    free(out);
    return 0;
}
