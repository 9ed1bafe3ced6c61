/* test_face_decode.c - from the detector's numbers to faces, by hand: no network runs here. */
#include <math.h>
#include <string.h>
#include "../src/face.h"
#include "test.h"

static float box16[512][16], box8[384][16], score16[512], score8[384];
static const struct face_raw raw = { { box16[0], box8[0] }, { score16, score8 } };
static struct face candidates[FACE_ANCHORS], faces[FACE_MAX];

static void clear_raw(void)
{
    memset(box16, 0, sizeof box16);
    memset(box8, 0, sizeof box8);
    for (int i = 0; i < 512; i++) score16[i] = -50;
    for (int i = 0; i < 384; i++) score8[i] = -50;
}

/* Anchor i of cell (x, y) of the 8x8 map says: a box of this size, centred in the cell. */
static void put8(int x, int y, int i, float logit, float width, float height)
{
    int at = (y * 8 + x) * 6 + i;
    score8[at] = logit;
    box8[at][2] = width;
    box8[at][3] = height;
}

static bool rect_near(struct rect a, struct rect b, float tolerance)
{
    return near(a.left, b.left, tolerance) && near(a.top, b.top, tolerance) &&
           near(a.width, b.width, tolerance) && near(a.height, b.height, tolerance);
}

TEST(decode_nothing)
{
    clear_raw();
    CHECK(face_decode(&raw, candidates, faces) == 0);
}

TEST(decode_one_anchor_of_each_map)
{
    clear_raw();
    int at = (5 * 16 + 3) * 2 + 1; /* cell x 3, y 5: centre (28, 44) */
    score16[at] = 2;
    for (int i = 0; i < 16; i++) box16[at][i] = (float)(i + 1);
    CHECK(face_decode(&raw, candidates, faces) == 1);
    CHECK(rect_near(faces[0].box, (struct rect){ 29 - 1.5f, 46 - 2, 3, 4 }, 1e-4f));
    CHECK(near(faces[0].confidence, 0.880797f, 1e-5f));
    for (int i = 0; i < LIVEDEPTH_LANDMARKS; i++) {
        CHECK(near(faces[0].landmarks[i][0], 28.0f + (float)(5 + 2 * i), 1e-4f));
        CHECK(near(faces[0].landmarks[i][1], 44.0f + (float)(6 + 2 * i), 1e-4f));
    }

    clear_raw();
    put8(7, 0, 5, 2, 10, 20); /* centre (120, 8): the box reaches outside */
    CHECK(face_decode(&raw, candidates, faces) == 1);
    CHECK(rect_near(faces[0].box, (struct rect){ 115, -2, 10, 20 }, 1e-4f));
    CHECK(near(faces[0].landmarks[5][0], 120, 1e-4f) && near(faces[0].landmarks[5][1], 8, 1e-4f));
}

TEST(decode_score_limits)
{
    clear_raw();
    put8(2, 2, 0, -0.001f, 10, 10);
    CHECK(face_decode(&raw, candidates, faces) == 0);
    put8(2, 2, 0, 0, 10, 10);
    CHECK(face_decode(&raw, candidates, faces) == 1 && faces[0].confidence == 0.5f);
    put8(2, 2, 0, INFINITY, 10, 10);
    CHECK(face_decode(&raw, candidates, faces) == 1 && faces[0].confidence == 1.0f);
    put8(2, 2, 0, NAN, 10, 10);
    CHECK(face_decode(&raw, candidates, faces) == 0);
}

TEST(decode_skips_what_is_no_box)
{
    const float bad[] = { NAN, INFINITY, -INFINITY, 1e30f, 0, -5 };
    for (int i = 0; i < COUNT(bad); i++) {
        clear_raw();
        put8(2, 2, 0, 3, 10, bad[i]);
        put8(5, 5, 0, 3, bad[i], 10);
        CHECK(face_decode(&raw, candidates, faces) == 0);
    }
    clear_raw();
    put8(2, 2, 0, 3, 10, 10);
    box8[(2 * 8 + 2) * 6][15] = NAN; /* a landmark */
    CHECK(face_decode(&raw, candidates, faces) == 0);
}

TEST(decode_merges_by_confidence)
{
    clear_raw();
    put8(3, 3, 0, 0, 40, 40);          /* 0.5 */
    put8(3, 3, 4, logf(3), 40, 40);    /* 0.75 */
    box8[(3 * 8 + 3) * 6 + 4][0] = 10; /* 10 to the right: IoU 0.6 */
    box8[(3 * 8 + 3) * 6 + 4][4] = 5;  /* first landmark */
    CHECK(face_decode(&raw, candidates, faces) == 1);
    CHECK(near(faces[0].confidence, 0.75f, 1e-6f));
    CHECK(rect_near(faces[0].box, (struct rect){ 36 + 6, 36, 40, 40 }, 1e-4f));
    CHECK(near(faces[0].landmarks[0][0], 56 + 3, 1e-4f));

    box8[(3 * 8 + 3) * 6 + 4][0] = 30; /* IoU 1/7: two faces */
    CHECK(face_decode(&raw, candidates, faces) == 2);
}

/* Only the best box decides who belongs to it: a box that overlaps another member does not. */
TEST(decode_does_not_chain)
{
    clear_raw();
    put8(3, 3, 0, 3, 40, 36);
    put8(3, 3, 1, 5, 40, 40); /* the best */
    put8(3, 3, 2, 4, 40, 40);
    box8[(3 * 8 + 3) * 6 + 0][0] = 40; /* IoU 0.31 with the last, 0 with the best */
    box8[(3 * 8 + 3) * 6 + 2][0] = 20; /* IoU 1/3 with the best */
    CHECK(face_decode(&raw, candidates, faces) == 2);
    CHECK(rect_near(faces[1].box, (struct rect){ 76, 38, 40, 36 }, 1e-4f));
}

TEST(decode_largest_first)
{
    clear_raw();
    for (int i = 0; i < 64; i++)
        put8(i % 8, i / 8, i % 6, (float)(64 - i) / 8, 1 + (float)i / 8, 8);
    CHECK(face_decode(&raw, candidates, faces) == FACE_MAX);
    for (int i = 0; i < FACE_MAX; i++)
        CHECK(near(faces[i].box.width, 1 + (float)(63 - i) / 8, 1e-4f));
}

TEST(decode_all_anchors)
{
    clear_raw();
    for (int i = 0; i < 512; i++) score16[i] = box16[i][2] = box16[i][3] = 1;
    for (int i = 0; i < 384; i++) score8[i] = box8[i][2] = box8[i][3] = 1;
    CHECK(face_decode(&raw, candidates, faces) == FACE_MAX);
}

/* Landmarks of a frontal face in a box of 100, moved and turned: a face; with one of them where
 * none has it: not. */
TEST(landmarks_make_a_face)
{
    static const float front[LIVEDEPTH_LANDMARKS][2] = {
        { 30, 35 }, { 70, 35 }, { 50, 58 }, { 50, 78 }, { 5, 42 }, { 95, 42 },
    };
    static const struct {
        int landmark;
        float x, y;
    } wrong[] = {
        { 0, 66, 35 }, /* eyes close together */
        { 3, 50, 50 }, /* the mouth above the nose, */
        { 2, 50, 30 }, /* the nose above the eyes */
        { 4, 80, 42 }, /* ears close together, */
        { 5, 5, 42 },  /* or in one place */
        { 3, 50, 30 }, { 0, 70, 35 }, { 0, NAN, 35 },
    };
    for (int degrees = -180; degrees < 180; degrees += 45) {
        const float c = cosf((float)degrees / 57.29578f), s = sinf((float)degrees / 57.29578f);
        for (int row = -1; row < COUNT(wrong); row++) {
            struct face face = { .box = { 0, 0, 100, 100 } };
            for (int i = 0; i < LIVEDEPTH_LANDMARKS; i++) {
                const bool here = row >= 0 && wrong[row].landmark == i;
                const float x = here ? wrong[row].x : front[i][0];
                const float y = here ? wrong[row].y : front[i][1];
                face.landmarks[i][0] = c * x - s * y, face.landmarks[i][1] = s * x + c * y;
            }
            CHECK(face_plausible(&face) == (row < 0));
        }
    }
}

/* What lies in a frame turned by hand lies, turned back, where it was. */
TEST(a_face_is_turned_back)
{
    const struct face face = { { 10, 20, 30, 40 }, { { 11, 22 }, { 35, 58 } }, 0.9f };
    enum { W = 100, H = 60 };
    for (int turn = 90; turn < 360; turn += 90) {
        struct face turned = face; /* by steps of 90 degrees: (x, y) to (height - y, x) */
        int w = W, h = H;
        for (int i = 0; i < turn / 90; i++, w ^= h, h ^= w, w ^= h) {
            const struct rect box = turned.box;
            turned.box =
                (struct rect){ (float)h - box.top - box.height, box.left, box.height, box.width };
            for (int k = 0; k < LIVEDEPTH_LANDMARKS; k++) {
                const float x = turned.landmarks[k][0];
                turned.landmarks[k][0] = (float)h - turned.landmarks[k][1];
                turned.landmarks[k][1] = x;
            }
        }
        turned = face_turn_back(turned, turn, w, h);
        CHECK(memcmp(&turned, &face, sizeof face) == 0);
    }
}

int main(void)
{
    RUN(decode_nothing);
    RUN(decode_one_anchor_of_each_map);
    RUN(decode_score_limits);
    RUN(decode_skips_what_is_no_box);
    RUN(decode_merges_by_confidence);
    RUN(decode_does_not_chain);
    RUN(decode_largest_first);
    RUN(decode_all_anchors);
    RUN(landmarks_make_a_face);
    RUN(a_face_is_turned_back);
    return test_end();
}
