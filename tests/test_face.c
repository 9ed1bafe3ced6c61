/* test_face.c - the detector against TensorFlow Lite, and one frame four ways. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "../src/face.h"
#include "test.h"
#include "files.h"
#include "turn_plane.h"

static struct file weights_file, golden_file;

static struct weights *open_file(struct file file)
{
    struct weights *weights;
    if (weights_open(&weights, file.bytes, file.size) == LIVEDEPTH_OK) return weights;
    printf("%s\n", livedepth_error_detail());
    exit(1);
}

static struct face_detector *create_detector(const struct weights *weights)
{
    struct face_detector *detector;
    if (face_detector_create(&detector, weights, NULL) == LIVEDEPTH_OK) return detector;
    printf("%s\n", livedepth_error_detail());
    exit(1);
}

/* --- the network --- */

/* Largest difference as a share of max(1, value). */
static float difference(const float *a, const float *b, int count)
{
    float largest = 0;
    for (int i = 0; i < count; i++)
        largest = fmaxf(largest, fabsf(a[i] - b[i]) / fmaxf(1, fabsf(b[i])));
    return largest;
}

TEST(network_gives_golden_outputs)
{
    struct weights *weights = open_file(weights_file), *golden = open_file(golden_file);
    struct face_detector *detector = create_detector(weights);
    struct nn *nn = face_detector_nn(detector);

    const struct weight *image = weights_find(weights_whole(golden), "image");
    CHECK(floats_of(image) == FACE_INPUT * FACE_INPUT * 3);
    memcpy(nn_data(nn_find(nn, "image", NULL)), image->data,
           sizeof(float) * FACE_INPUT * FACE_INPUT * 3);
    CHECK(nn_run(nn) == LIVEDEPTH_OK);
    const char *const names[] = { "box16", "score16", "box8", "score8" };
    for (int i = 0; i < COUNT(names); i++) {
        const struct weight *expected = weights_find(weights_whole(golden), names[i]);
        const struct tensor *found = nn_find(nn, names[i], NULL);
        int count = floats_of(expected);
        CHECK(count == nn_height(found) * nn_width(found) * nn_channels(found));
        /* 17 layers of float rounding: TensorFlow Lite is as far from the exact values. */
        CHECK(difference(nn_data(found), expected->data, count) < 2e-4f);
    }
    face_detector_destroy(detector);
    weights_close(golden);
    weights_close(weights);
}

/* The same file with one more tensor, of one value, at the front of the header. */
static struct file add_tensor(struct file from)
{
    enum { ADDED = 96 }; /* bytes of header: a multiple of 8 keeps the data aligned */
    const uint8_t *bytes = from.bytes;
    uint64_t header;
    memcpy(&header, bytes, sizeof header);
    size_t end = from.size - 8 - (size_t)header;
    char entry[ADDED + 1];
    int length = snprintf(entry, sizeof entry,
                          "{\"extra\":{\"dtype\":\"F16\",\"shape\":[1],"
                          "\"data_offsets\":[%zu,%zu]},",
                          end, end + 2);
    memset(entry + length, ' ', sizeof entry - (size_t)length);

    struct file to = { calloc(1, from.size + ADDED + 2), from.size + ADDED + 2 };
    uint8_t *out = to.bytes;
    memcpy(out + 8, entry, ADDED + 1); /* the last space takes the place of the old brace */
    memcpy(out + 8 + ADDED + 1, bytes + 9, from.size - 9);
    header += ADDED;
    memcpy(out, &header, sizeof header);
    return to;
}

TEST(other_weights_are_refused)
{
    struct face_detector *detector = NULL;
    struct weights *weights = open_file(golden_file);
    CHECK(face_detector_create(&detector, weights, NULL) == LIVEDEPTH_WEIGHTS_MISSING);
    weights_close(weights);

    struct file extra = add_tensor(weights_file);
    weights = open_file(extra);
    CHECK(face_detector_create(&detector, weights, NULL) == LIVEDEPTH_WEIGHTS_UNEXPECTED);
    CHECK(!detector);
    weights_close(weights);
    free(extra.bytes);
}

/* --- a frame --- */

static struct face_detector *face_detector;
static struct face faces[FACE_MAX];
static struct image_scratch *scratch;

enum { WIDTH = 200, HEIGHT = 150 };
static const unsigned char *upright; /* [HEIGHT][WIDTH][3] */
static unsigned char stored[4 * 512 * 512];

/* From tests/clips/frame.ppm, TensorFlow Lite and a Python twin of face_decode. */
static const struct rect face_box = { 76.1f, 65.6f, 54.9f, 54.9f };
static const float face_landmarks[LIVEDEPTH_LANDMARKS][2] = {
    { 92.2f, 77.5f },   { 116.0f, 77.7f }, { 104.2f, 87.5f },
    { 103.5f, 101.2f }, { 77.8f, 87.1f },  { 128.4f, 88.3f },
};

/* The columns [from, from + width) of the picture as a camera stores them that is turned. */
static struct livedepth_frame turned(int from, int width, int rotation)
{
    static unsigned char part[4 * WIDTH * HEIGHT];
    const bool sideways = rotation % 180 != 0;
    for (int y = 0; y < HEIGHT; y++)
        for (int x = 0; x < width; x++)
            memcpy(&part[4 * (y * width + x)], &upright[3 * (y * WIDTH + from + x)], 3);
    turn_plane(part, width, HEIGHT, 4, rotation, stored);
    return (struct livedepth_frame){ .data = stored,
                                     .size = sizeof stored,
                                     .width = sideways ? HEIGHT : width,
                                     .height = sideways ? width : HEIGHT,
                                     .format = LIVEDEPTH_RGBA,
                                     .rotation = rotation };
}

static int detect(const struct livedepth_frame *frame)
{
    int count = -1;
    CHECK(image_check(frame) == LIVEDEPTH_OK);
    CHECK(face_detect(face_detector, scratch, frame, faces, &count) == LIVEDEPTH_OK);
    return count;
}

static bool is_the_face(const struct face *face, float shift, float tolerance)
{
    bool same = near(face->box.left + shift, face_box.left, tolerance) &&
                near(face->box.top, face_box.top, tolerance) &&
                near(face->box.width, face_box.width, tolerance) &&
                near(face->box.height, face_box.height, tolerance);
    for (int i = 0; i < LIVEDEPTH_LANDMARKS; i++)
        same = same && near(face->landmarks[i][0] + shift, face_landmarks[i][0], tolerance) &&
               near(face->landmarks[i][1], face_landmarks[i][1], tolerance);
    return same;
}

TEST(detect_finds_the_face_in_every_rotation)
{
    for (int rotation = 0; rotation < 360; rotation += 90) {
        struct livedepth_frame frame = turned(0, WIDTH, rotation);
        CHECK(detect(&frame) == 1);
        CHECK(is_the_face(&faces[0], 0, 1));
        CHECK(faces[0].confidence > 0.9f);
    }
}

/* Part of the picture: other letterbox, other scale, the same face. */
TEST(detect_finds_the_face_in_every_shape)
{
    for (int width = 80; width <= 160; width += 11) {
        int from = 104 - width / 2;
        struct livedepth_frame frame = turned(from, width, 0);
        CHECK(detect(&frame) == 1);
        CHECK(is_the_face(&faces[0], (float)from, 3));
    }
}

/* A white frame, 4:3: 1 where it lies, -1 above and below. */
TEST(detect_fills_the_input)
{
    memset(stored, 255, sizeof stored);
    struct livedepth_frame frame = {
        .data = stored, .size = sizeof stored, .width = 400, .height = 300
    };
    CHECK(detect(&frame) == 0);
    const float *image = nn_data(nn_find(face_detector_nn(face_detector), "image", NULL));
    int wrong = 0;
    for (int y = 0; y < FACE_INPUT; y++)
        for (int i = 0; i < FACE_INPUT * 3; i++)
            wrong += !near(*image++, y >= 16 && y < 112 ? 1 : -1, 1e-5f);
    CHECK(wrong == 0);
}

TEST(detect_finds_nothing)
{
    memset(stored, 0, sizeof stored);
    const int sizes[][2] = { { 1, 1 }, { 1, 4096 }, { 4096, 1 }, { 3, 2 }, { 512, 512 } };
    for (int i = 0; i < COUNT(sizes); i++) {
        struct livedepth_frame frame = {
            .data = stored, .size = sizeof stored, .width = sizes[i][0], .height = sizes[i][1]
        };
        CHECK(detect(&frame) == 0);
    }
}

int main(void)
{
    weights_file = file_read("build/blazeface-short.safetensors");
    golden_file = file_read("tests/golden/blazeface.safetensors");
    struct file frame_file = file_read("tests/clips/frame.ppm");
    upright = frame_file.bytes + frame_file.size - 3 * WIDTH * HEIGHT;

    RUN(network_gives_golden_outputs);
    RUN(other_weights_are_refused);

    struct weights *weights = open_file(weights_file);
    face_detector = create_detector(weights);
    scratch = image_scratch_create();
    RUN(detect_finds_the_face_in_every_rotation);
    RUN(detect_finds_the_face_in_every_shape);
    RUN(detect_fills_the_input);
    RUN(detect_finds_nothing);
    image_scratch_destroy(scratch);
    face_detector_destroy(face_detector);
    weights_close(weights);
    free(frame_file.bytes);
    free(golden_file.bytes);
    free(weights_file.bytes);
    return test_end();
}
