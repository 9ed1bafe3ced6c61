/* Squares about a face. */
#include "../src/view.h"
#include "test.h"

TEST(the_square_lies_inside_the_frame)
{
    static const struct {
        float scale;
        struct rect face, square;
    } rows[] = {
        /* of 400 x 300 */
        { 1.3f, { 100, 100, 100, 80 }, { 85, 75, 130, 130 } }, /* about the centre */
        { 1.3f, { 0, 0, 100, 100 }, { 0, 0, 130, 130 } },      /* moved inside */
        { 1.3f, { 320, 220, 100, 100 }, { 270, 170, 130, 130 } },
        { 1.3f, { 50, 0, 290, 290 }, { 45, 0, 300, 300 } }, /* shrunk to the short side */
        { 2.7f, { 150, 100, 80, 100 }, { 55, 15, 270, 270 } },
        { 4, { 0, 0, 100, 100 }, { 0, 0, 300, 300 } },
        { 4, { 380, 0, 100, 100 }, { 100, 0, 300, 300 } }, /* a face that reaches outside */
    };
    for (int i = 0; i < COUNT(rows); i++) {
        const struct view view = { .scale = rows[i].scale, .size = 80 };
        const struct rect square = view_square(&view, rows[i].face, 400, 300);
        CHECK_NEAR(square.left, rows[i].square.left, 1e-3);
        CHECK_NEAR(square.top, rows[i].square.top, 1e-3);
        CHECK_NEAR(square.width, rows[i].square.width, 1e-3);
        CHECK_NEAR(square.height, rows[i].square.height, 1e-3);
    }
}

TEST(the_largest_face_is_that_of_the_held_squares)
{
    const struct view views[] = {
        { "a", 1.5f, 128, VIEW_FOLLOWS_RUN, IMAGE_TRIANGLE },
        { "b", 4, 80, VIEW_FOLLOWS_FACE, IMAGE_BILINEAR },
        { "c", 2, 64, VIEW_FOLLOWS_RUN, IMAGE_TRIANGLE },
    };
    CHECK_NEAR(view_largest_face(views, 2), 1 / 1.5, 1e-6);
    CHECK_NEAR(view_largest_face(views, 3), 0.5, 1e-6);
    CHECK(view_largest_face(views + 1, 1) == 1);
}

int main(void)
{
    RUN(the_square_lies_inside_the_frame);
    RUN(the_largest_face_is_that_of_the_held_squares);
    return test_end();
}
