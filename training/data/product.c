/* product.c - the product's own detection, crop and resize, for product.py. Nothing is freed: a
 * process makes one product and keeps it. */
#include <stdlib.h>
#include <string.h>
#include "view.h"
#include "face.h"

struct product {
    struct face_detector *detector;
    struct image_scratch *scratch;
};

struct product *product_create(const void *detector, size_t size);
int product_face(struct product *product, const uint8_t *rgba, int width, int height, float *out);
void product_crop(const float *face, float scale, int width, int height, float *out);
int product_resize(struct product *product, const uint8_t *rgba, int width, int height,
                   const float *crop, int filter, int size, uint8_t *rgb);

static struct livedepth_frame rgba_frame(const uint8_t *rgba, int width, int height)
{
    return (struct livedepth_frame){
        .data = rgba, .size = (size_t)width * (size_t)height * 4, .width = width, .height = height
    };
}

/* detector: bytes of its weight file, borrowed for good. NULL: livedepth_error_detail(). */
struct product *product_create(const void *detector, size_t size)
{
    struct weights *weights;
    struct product *product = calloc(1, sizeof *product);
    if (!product || !(product->scratch = image_scratch_create())) return NULL;
    if (weights_open(&weights, detector, size)) return NULL;
    if (face_detector_create(&product->detector, weights, NULL)) return NULL;
    return product;
}

/* The largest face: out[0..3] left, top, width, height, out[4..15] landmarks x, y. Returns how many
 * faces there are, or minus a status. */
int product_face(struct product *product, const uint8_t *rgba, int width, int height, float *out)
{
    const struct livedepth_frame frame = rgba_frame(rgba, width, height);
    struct face faces[FACE_MAX];
    int count;
    const enum livedepth_status status =
        face_detect(product->detector, product->scratch, &frame, faces, &count);
    if (status) return -(int)status;
    if (count) {
        memcpy(out, &faces[0].box, 4 * sizeof(float));
        memcpy(out + 4, faces[0].landmarks, sizeof faces[0].landmarks);
    }
    return count;
}

/* The square of a view of this face: left, top, width, height. */
void product_crop(const float *face, float scale, int width, int height, float *out)
{
    const struct view view = { .scale = scale };
    const struct rect square =
        view_square(&view, (struct rect){ face[0], face[1], face[2], face[3] }, width, height);
    memcpy(out, &square, sizeof square);
}

/* filter: enum image_filter. rgb: [size][size][3]. Returns a status. */
int product_resize(struct product *product, const uint8_t *rgba, int width, int height,
                   const float *crop, int filter, int size, uint8_t *rgb)
{
    const struct livedepth_frame frame = rgba_frame(rgba, width, height);
    const enum livedepth_status status = image_check(&frame);
    if (status) return (int)status;
    return (int)image_resize(
        product->scratch, &frame, (struct rect){ crop[0], crop[1], crop[2], crop[3] },
        (enum image_filter)filter, (struct image_target){ rgb, size, size, size });
}
