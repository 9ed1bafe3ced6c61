/* The checks of a frame, each alone on made input; and the gates, number by number. */
#include <stdlib.h>
#include <string.h>
#include "silent.h"

static struct quality quality;
static struct quality_rules rules;
static struct image_scratch *scratch;

static struct livedepth_frame frame_of(const uint8_t *data, size_t size, int width, int height)
{
    return (struct livedepth_frame){ .data = data, .size = size, .width = width, .height = height };
}

/* The checks that need no face, of a frame that comes `interval` after the one before. */
static const float *tick(double interval)
{
    static float checks[LIVEDEPTH_CHECKS];
    static const uint8_t pixel[4];
    const struct livedepth_frame frame = frame_of(pixel, sizeof pixel, 1, 1);
    if (interval > 0) quality_tick(&quality, interval);
    quality_frame(&quality, &frame, checks);
    return checks;
}

static float rate_after(double interval) { return tick(interval)[LIVEDEPTH_CHECK_FRAME_RATE]; }

TEST(every_check_has_a_name_and_limits)
{
    for (int i = 0; i < LIVEDEPTH_CHECKS; i++) {
        const struct quality_limits limits = rules.good[i];
        CHECK(quality_name(i) && *quality_name(i));
        CHECK(limits.min <= limits.max || isnan(limits.min) != isnan(limits.max));
    }
}

/* Limits that depend on the model follow it; those that its file states replace the library's. */
TEST(a_file_may_have_limits_of_its_own)
{
    static const struct {
        const char *metadata;
        enum livedepth_status status;
    } rows[] = {
        { "\"quality.yaw.max\":\"40\"", LIVEDEPTH_OK },
        { "\"quality.yaw.max\":\"-40\"", LIVEDEPTH_WEIGHTS_BAD_METADATA },
        { "\"quality.yaw.max\":\"wide\"", LIVEDEPTH_WEIGHTS_BAD_METADATA },
    };
    for (int i = 0; i < COUNT(rows); i++) {
        char file[256];
        struct weights *weights = NULL;
        struct quality_rules own;
        const int length = snprintf(file + 8, sizeof file - 8,
                                    "{\"__metadata__\":{\"format\":\"livedepth\","
                                    "\"format_version\":\"2\",%s}}",
                                    rows[i].metadata);
        memcpy(file, &(uint64_t){ (uint64_t)length }, 8);
        CHECK(weights_open(&weights, file, 8 + (size_t)length) == LIVEDEPTH_OK);
        CHECK(quality_rules_read(&own, weights_whole(weights), 0.5f, 50) == rows[i].status);
        if (rows[i].status) CHECK(strstr(livedepth_error_detail(), "quality.yaw"));
        else CHECK(own.good[LIVEDEPTH_CHECK_YAW].max == 40);
        if (!rows[i].status) {
            CHECK(own.good[LIVEDEPTH_CHECK_YAW].min == rules.good[LIVEDEPTH_CHECK_YAW].min);
            CHECK(own.good[LIVEDEPTH_CHECK_FACE_SIZE].max == 0.5f);
            CHECK_NEAR(own.good[LIVEDEPTH_CHECK_FRAME_RATE].min, 16, 1e-4);
            CHECK_NEAR(own.least_rate, 10, 1e-4);
        }
        weights_close(weights);
    }
}

TEST(the_frame_rate_is_that_of_most_frames)
{
    quality_reset(&quality);
    CHECK(isnan(rate_after(0)));
    CHECK_NEAR(rate_after(40), 25, 1e-4);
    CHECK_NEAR(rate_after(900), 25, 1e-4); /* a stall */
    for (int i = 0; i < 40; i++) CHECK_NEAR(rate_after(i % 2 ? 39 : 41), 25, 0.7);
    CHECK_NEAR(rate_after(1), 25, 0.7); /* a late frame and the next */
    for (int i = 0; i < 8; i++) rate_after(200);
    CHECK_NEAR(rate_after(200), 5, 1e-4); /* most of the newest */
    quality_reset(&quality);
    CHECK(isnan(rate_after(0)));
}

TEST(equal_frames_are_counted)
{
    quality_reset(&quality);
    uint8_t pixel[4] = { 1, 2, 3, 4 };
    const struct livedepth_frame frame = frame_of(pixel, sizeof pixel, 1, 1);
    static const int values[] = { 7, 7, 7, 8, 7, 7 }, frozen[] = { 0, 1, 2, 0, 0, 1 };
    float checks[LIVEDEPTH_CHECKS];
    for (int i = 0; i < COUNT(values); i++) {
        pixel[0] = (uint8_t)values[i];
        quality_frame(&quality, &frame, checks);
        CHECK(checks[LIVEDEPTH_CHECK_FROZEN_FRAMES] == frozen[i]);
    }
}

/* Odd sizes, planes apart, rows padded, longer than a block of the hash. */
TEST(the_hash_sees_every_visible_byte_and_no_other)
{
    enum { W = 35, H = 3, CW = 18, CH = 2 };
    static const struct {
        int format;
        struct {
            uint32_t offset, stride, rows, bytes;
        } planes[3];
    } rows[] = {
        { LIVEDEPTH_RGBA, { { 5, 4 * W + 9, H, 4 * W } } },
        { LIVEDEPTH_BGRA, { { 0, 4 * W, H, 4 * W } } },
        { LIVEDEPTH_I420, { { 3, 40, H, W }, { 200, 19, CH, CW }, { 300, 18, CH, CW } } },
        { LIVEDEPTH_NV12, { { 3, 40, H, W }, { 200, 39, CH, 2 * CW } } },
    };
    for (int i = 0; i < COUNT(rows); i++) {
        static uint8_t data[600];
        static bool visible[sizeof data];
        memset(visible, 0, sizeof visible);
        struct livedepth_frame frame = frame_of(data, sizeof data, W, H);
        frame.format = rows[i].format;
        for (int p = 0; p < 3; p++) {
            frame.offset[p] = rows[i].planes[p].offset;
            frame.stride[p] = rows[i].planes[p].stride;
            for (uint32_t y = 0; y < rows[i].planes[p].rows; y++)
                memset(visible + frame.offset[p] + y * frame.stride[p], 1, rows[i].planes[p].bytes);
        }
        CHECK(image_check(&frame) == LIVEDEPTH_OK);
        const uint32_t hash = image_hash(&frame);
        int wrong = 0;
        for (size_t at = 0; at < sizeof data; at++)
            for (int bit = 0; bit < 8; bit++) {
                data[at] ^= (uint8_t)(1 << bit);
                wrong += (image_hash(&frame) != hash) != visible[at];
                data[at] ^= (uint8_t)(1 << bit);
            }
        CHECK(wrong == 0);
    }
}

/* 1100 rows: every fourth. */
TEST(the_hash_of_a_high_frame_sees_some_rows)
{
    enum { H = 1100 };
    static uint8_t data[4 * H];
    const struct livedepth_frame frame = frame_of(data, sizeof data, 1, H);
    const uint32_t hash = image_hash(&frame);
    for (int y = 0; y < H; y++) {
        data[4 * y]++;
        CHECK((image_hash(&frame) != hash) == (y % 4 == 0));
        data[4 * y]--;
    }
}

TEST(the_pose_of_made_landmarks)
{
    /* eyes, nose, mouth, ears, the nose as far below the ears as the formula has it level */
    static const float front[LIVEDEPTH_LANDMARKS][2] = {
        { 80, 100 }, { 120, 100 }, { 100, 124.1f }, { 100, 140 }, { 50, 110 }, { 150, 110 },
    };
    float yaw, pitch, marks[LIVEDEPTH_LANDMARKS][2];
    quality_pose(front, &yaw, &pitch);
    CHECK_NEAR(yaw, 0, 0.1);
    CHECK_NEAR(pitch, 0, 0.1);

    memcpy(marks, front, sizeof marks);
    marks[2][0] += 20; /* the nose to the right of the picture, and up */
    marks[2][1] -= 10;
    quality_pose(marks, &yaw, &pitch);
    CHECK_NEAR(yaw, 14, 0.1);
    CHECK_NEAR(pitch, 10.6, 0.1);

    for (int degrees = -80; degrees <= 80; degrees += 40) { /* the head leans: the same */
        const float c = cosf((float)degrees / 57.29578f), s = sinf((float)degrees / 57.29578f);
        float leaning[LIVEDEPTH_LANDMARKS][2], other_yaw, other_pitch;
        for (int i = 0; i < LIVEDEPTH_LANDMARKS; i++) {
            leaning[i][0] = c * marks[i][0] - s * marks[i][1];
            leaning[i][1] = s * marks[i][0] + c * marks[i][1];
        }
        quality_pose(leaning, &other_yaw, &other_pitch);
        CHECK_NEAR(other_yaw, yaw, 0.01);
        CHECK_NEAR(other_pitch, pitch, 0.01);
    }
    memset(marks, 0, sizeof marks);
    quality_pose(marks, &yaw, &pitch);
    CHECK(isnan(yaw) && isnan(pitch));
    memcpy(marks, front, sizeof marks);
    memcpy(marks[4], front[5], sizeof marks[4]), memcpy(marks[5], front[4], sizeof marks[5]);
    quality_pose(marks, &yaw, &pitch); /* ears on the wrong sides */
    CHECK(isnan(yaw) && isnan(pitch));
}

enum { SIDE = QUALITY_SIDE };

TEST(sharpness_of_made_pictures)
{
    static float luma[SIDE * SIDE], other[SIDE * SIDE];
    CHECK(quality_sharpness(luma) == 0); /* flat */
    uint32_t noise = 1;
    for (int i = 0; i < SIDE * SIDE; i++) {
        noise = noise * 1664525 + 1013904223;
        luma[i] = (float)(noise >> 24) / 255;
        other[i] = luma[i] / 8 + 0.3f;
    }
    const float sharp = quality_sharpness(luma);
    CHECK(sharp > 0.75f && sharp <= 1);
    CHECK_NEAR(quality_sharpness(other), sharp, 1e-3); /* contrast and brightness do not matter */
    for (int i = 0; i < SIDE * SIDE; i++) luma[i] = (float)(i % SIDE + i / SIDE) / SIDE;
    CHECK_NEAR(quality_sharpness(luma), 0, 1e-3); /* a slope loses nothing */
    for (int axis = 0; axis < 2; axis++) {        /* detail along one axis only */
        for (int i = 0; i < SIDE * SIDE; i++) {
            noise = noise * 1664525 + 1013904223;
            const int along = axis ? i % SIDE : i / SIDE, across = axis ? i / SIDE : i % SIDE;
            luma[i] = (along % 2 ? 1.0f : 0.0f) + (float)across / SIDE;
        }
        CHECK(quality_sharpness(luma) < 0.1f);
    }
}

TEST(noise_of_made_pictures)
{
    static float luma[SIDE * SIDE];
    for (int deviation = 0; deviation <= 24; deviation += 8) {
        uint32_t noise = 1;
        for (int i = 0; i < SIDE * SIDE; i++) {
            float sum = -6; /* of twelve evenly spread numbers: nearly normal, of deviation 1 */
            for (int k = 0; k < 12; k++) {
                noise = noise * 1664525 + 1013904223;
                sum += (float)(noise >> 8) / (1 << 24);
            }
            const int x = i % SIDE, y = i / SIDE; /* on slopes and edges, which are no noise */
            luma[i] = ((float)x / SIDE + (y > 20 ? 0.3f : 0) + (float)deviation * sum / 255);
        }
        CHECK_NEAR(quality_noise(luma), deviation / 255.0, 0.1 * deviation / 255.0 + 1e-3);
    }
}

TEST(roll_of_made_landmarks)
{
    for (int degrees = -170; degrees <= 170; degrees += 20) {
        const float x = cosf((float)degrees / 57.29578f), y = sinf((float)degrees / 57.29578f);
        const float marks[LIVEDEPTH_LANDMARKS][2] = { { 9 - 5 * x, 7 - 5 * y },
                                                      { 9 + 5 * x, 7 + 5 * y } };
        CHECK_NEAR(quality_roll(marks), degrees, 0.01);
    }
}

/* One colour, with a face of this box said to be in it. */
static const float *checks_of(const struct livedepth_frame *frame, struct rect box, int count)
{
    static float checks[LIVEDEPTH_CHECKS];
    const struct face face = { .box = box };
    for (int i = 0; i < LIVEDEPTH_CHECKS; i++) checks[i] = NAN;
    CHECK(image_check(frame) == LIVEDEPTH_OK);
    quality_frame(&quality, frame, checks);
    CHECK(quality_face(&quality, scratch, frame, &face, count, checks) == LIVEDEPTH_OK);
    return checks;
}

TEST(size_place_and_motion_of_a_box)
{
    enum { W = 400, H = 300 };
    static uint8_t data[W * H * 4];
    struct livedepth_frame frame = frame_of(data, sizeof data, W, H);
    quality_reset(&quality);
    const float *checks = checks_of(&frame, (struct rect){ 140, 105, 120, 90 }, 1);
    CHECK(checks[LIVEDEPTH_CHECK_FACE_COUNT] == 1);
    CHECK_NEAR(checks[LIVEDEPTH_CHECK_FACE_SIZE], 0.4, 1e-6);
    CHECK_NEAR(checks[LIVEDEPTH_CHECK_CENTERING], 0, 1e-6);
    CHECK(isnan(checks[LIVEDEPTH_CHECK_MOTION]));

    frame.time_ms = 200; /* its centre 30 right, 40 down; 20 larger */
    checks = checks_of(&frame, (struct rect){ 160, 130, 140, 120 }, 3);
    CHECK(checks[LIVEDEPTH_CHECK_FACE_COUNT] == 3);
    CHECK_NEAR(checks[LIVEDEPTH_CHECK_CENTERING], 50 / 150.0, 1e-6);
    CHECK_NEAR(checks[LIVEDEPTH_CHECK_MOTION], (50 + 20) / 140.0 / 0.2, 1e-5);

    frame.rotation = 90; /* 300 x 400 */
    quality_forget_face(&quality);
    checks = checks_of(&frame, (struct rect){ 120, 170, 60, 60 }, 1);
    CHECK_NEAR(checks[LIVEDEPTH_CHECK_FACE_SIZE], 0.2, 1e-6);
    CHECK_NEAR(checks[LIVEDEPTH_CHECK_CENTERING], 0, 1e-6);
    CHECK(isnan(checks[LIVEDEPTH_CHECK_MOTION]));

    static const struct rect outside[] = {
        /* the detector's boxes may lie anywhere */
        { -500, -500, 100, 100 },
        { 900, 900, 100, 100 },
        { 299, 399, 1e-3f, 1e-3f },
        { -1000, -1000, 3000, 3000 },
    };
    for (int i = 0; i < COUNT(outside); i++)
        CHECK(checks_of(&frame, outside[i], 1)[LIVEDEPTH_CHECK_BRIGHTNESS] == 0);
}

TEST(brightness_and_contrast_of_made_pictures)
{
    enum { W = 64, H = 48 };
    static uint8_t data[W * H * 4];
    struct livedepth_frame frame = frame_of(data, sizeof data, W, H);
    const struct rect box = { 0, 0, W, H };
    for (int level = 0; level <= 255; level += 51) {
        memset(data, level, sizeof data);
        const float *checks = checks_of(&frame, box, 1);
        CHECK_NEAR(checks[LIVEDEPTH_CHECK_BRIGHTNESS], level / 255.0, 1e-4);
        CHECK_NEAR(checks[LIVEDEPTH_CHECK_CONTRAST], 0, 1e-3);
    }
    for (int i = 0; i < W * H; i++) memset(data + 4 * i, i % W < W / 2 ? 0 : 255, 4);
    CHECK_NEAR(checks_of(&frame, box, 1)[LIVEDEPTH_CHECK_CONTRAST], 0.5, 0.02);
    for (int i = 0; i < W * H; i++) { /* white corners and edges: not of the face */
        const int x = i % W, y = i / W;
        const bool middle = x >= 9 && x < W - 9 && y >= 7 && y < H - 7;
        memset(data + 4 * i, middle ? 51 : 255, 4);
    }
    CHECK_NEAR(checks_of(&frame, box, 1)[LIVEDEPTH_CHECK_BRIGHTNESS], 0.2, 1e-4);
    memset(data, 0, sizeof data);
    for (int i = 0; i < W * H; i++) data[4 * i + 1] = 255; /* green */
    CHECK_NEAR(checks_of(&frame, box, 1)[LIVEDEPTH_CHECK_BRIGHTNESS], 0.587, 1e-4);
}

TEST(gates_open_and_close_where_they_should)
{
    static const struct {
        enum livedepth_check check;
        float value;
        enum livedepth_reason reason;
    } rows[] = {
        { LIVEDEPTH_CHECK_BRIGHTNESS, 0.061f, LIVEDEPTH_REASON_NONE },
        { LIVEDEPTH_CHECK_BRIGHTNESS, 0.059f, LIVEDEPTH_REASON_TOO_DARK },
        { LIVEDEPTH_CHECK_BRIGHTNESS, 0.949f, LIVEDEPTH_REASON_NONE },
        { LIVEDEPTH_CHECK_BRIGHTNESS, 0.951f, LIVEDEPTH_REASON_TOO_BRIGHT },
        { LIVEDEPTH_CHECK_CONTRAST, 0.013f, LIVEDEPTH_REASON_NONE },
        { LIVEDEPTH_CHECK_CONTRAST, 0.011f, LIVEDEPTH_REASON_LOW_CONTRAST },
        { LIVEDEPTH_CHECK_ROLL, -59.9f, LIVEDEPTH_REASON_NONE },
        { LIVEDEPTH_CHECK_ROLL, -60.1f, LIVEDEPTH_REASON_ROLL },
        { LIVEDEPTH_CHECK_ROLL, 59.9f, LIVEDEPTH_REASON_NONE },
        { LIVEDEPTH_CHECK_ROLL, 180, LIVEDEPTH_REASON_ROLL },
        { LIVEDEPTH_CHECK_NOISE, 0.049f, LIVEDEPTH_REASON_NONE },
        { LIVEDEPTH_CHECK_NOISE, 0.051f, LIVEDEPTH_REASON_NOISY },
        { LIVEDEPTH_CHECK_SHARPNESS, 0.221f, LIVEDEPTH_REASON_NONE },
        { LIVEDEPTH_CHECK_SHARPNESS, 0.219f, LIVEDEPTH_REASON_BLURRY },
        { LIVEDEPTH_CHECK_FRAME_RATE, 5, LIVEDEPTH_REASON_NONE },
        { LIVEDEPTH_CHECK_FRAME_RATE, 4.99f, LIVEDEPTH_REASON_LOW_FRAME_RATE },
        { LIVEDEPTH_CHECK_FROZEN_FRAMES, 1, LIVEDEPTH_REASON_NONE },
        { LIVEDEPTH_CHECK_FROZEN_FRAMES, 2, LIVEDEPTH_REASON_FROZEN_FRAMES },
        { LIVEDEPTH_CHECK_YAW, 80, LIVEDEPTH_REASON_NONE }, /* hints only */
        { LIVEDEPTH_CHECK_PITCH, -80, LIVEDEPTH_REASON_NONE },
        { LIVEDEPTH_CHECK_MOTION, 9, LIVEDEPTH_REASON_NONE },
        { LIVEDEPTH_CHECK_CENTERING, 2, LIVEDEPTH_REASON_NONE },
        { LIVEDEPTH_CHECK_FACE_SIZE, 2, LIVEDEPTH_REASON_NONE },
    };
    for (int i = 0; i < COUNT(rows); i++) {
        float checks[LIVEDEPTH_CHECKS];
        for (int j = 0; j < LIVEDEPTH_CHECKS; j++) checks[j] = NAN;
        checks[LIVEDEPTH_CHECK_FACE_COUNT] = 1;
        checks[rows[i].check] = rows[i].value;
        CHECK(quality_gate(&quality, checks) == rows[i].reason);
    }
    for (int i = 0; i < LIVEDEPTH_CHECKS; i++) { /* what keeps its limits passes every gate */
        float checks[LIVEDEPTH_CHECKS];
        for (int j = 0; j < LIVEDEPTH_CHECKS; j++) checks[j] = NAN;
        checks[i] = rules.good[i].min;
        CHECK(quality_gate(&quality, checks) == LIVEDEPTH_REASON_NONE);
        checks[i] = rules.good[i].max;
        CHECK(quality_gate(&quality, checks) == LIVEDEPTH_REASON_NONE);
    }
}

int main(void)
{
    silent_rules(&rules);
    quality_init(&quality, &rules);
    scratch = image_scratch_create();
    RUN(every_check_has_a_name_and_limits);
    RUN(a_file_may_have_limits_of_its_own);
    RUN(the_frame_rate_is_that_of_most_frames);
    RUN(equal_frames_are_counted);
    RUN(the_hash_sees_every_visible_byte_and_no_other);
    RUN(the_hash_of_a_high_frame_sees_some_rows);
    RUN(the_pose_of_made_landmarks);
    RUN(sharpness_of_made_pictures);
    RUN(noise_of_made_pictures);
    RUN(roll_of_made_landmarks);
    RUN(size_place_and_motion_of_a_box);
    RUN(brightness_and_contrast_of_made_pictures);
    RUN(gates_open_and_close_where_they_should);
    image_scratch_destroy(scratch);
    return test_end();
}
