/* The plan: memory reuse must not change a value, errors stick and name their tensor. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "../src/nn_xnnpack.h"
#include "test.h"

enum { H = 6, W = 8, C = 5 };

/* A file with no tensor: enough for layers without weights. */
static struct weights *no_weights(void)
{
    static const char header[] =
        "{\"__metadata__\":{\"format\":\"livedepth\",\"format_version\":\"1\"}}";
    static char file[8 + sizeof header - 1];
    const uint64_t length = sizeof header - 1;
    struct weights *weights = NULL;
    memcpy(file, &length, 8);
    memcpy(file + 8, header, sizeof header - 1);
    CHECK(weights_open(&weights, file, sizeof file) == LIVEDEPTH_OK);
    return weights;
}

/* Values read again long after a step could have written over them, views of views, copies. */
static struct tensor *describe(struct nn *nn, struct tensor *x)
{
    struct tensor *a = nn_slice(nn, nn_sobel(nn, x, true), 0, C);
    struct tensor *b = nn_sub(nn, a, x);
    struct tensor *c = nn_mul(nn, b, x); /* b is read below: not in place */
    struct tensor *d = nn_add(nn, c, a, ACT_RELU);
    struct tensor *e = nn_concat(nn, 3, (struct tensor *[]){ d, a, x }); /* x is an input: a copy */
    struct tensor *f = nn_slice(nn, e, 2, 2 * C);
    struct tensor *g = nn_concat(nn, 2, (struct tensor *[]){ nn_sigmoid(nn, f), e });
    struct tensor *h = nn_slice(nn, nn_slice(nn, g, C, 4 * C), C, C);
    struct tensor *p =
        nn_maxpool(nn, nn_tanh(nn, nn_add(nn, h, nn_sobel_magnitude(nn, h), ACT_NONE)));
    return nn_lerp(nn, nn_resize(nn, p, H, W, RESIZE_HALF_PIXEL), b, a);
}

static size_t run(const struct weights *weights, bool keep_all, bool in_the_way, float *out)
{
    struct nn *nn = nn_create(weights_whole(weights), NULL);
    struct tensor *x = nn_input(nn, H, W, C, "x");
    struct tensor *y = describe(nn, x);
    if (keep_all) nn_keep_all(nn);
    nn_output(nn, y);
    CHECK(nn_finish(nn) == LIVEDEPTH_OK);
    const size_t bytes = nn_scratch_bytes(nn);
    void *scratch = memory_create(bytes);
    memset(scratch, in_the_way ? 0xff : 0, bytes); /* NaN wherever nothing was written */
    CHECK(nn_place(nn, scratch) == LIVEDEPTH_OK);
    for (int i = 0; i < H * W * C; i++) nn_data(x)[i] = (float)(i * 37 % 101) / 101 - 0.4f;
    for (int again = 0; again < 2; again++) {
        CHECK(nn_run(nn) == LIVEDEPTH_OK);
        memcpy(out, nn_data(y), H * W * C * sizeof(float));
    }
    nn_destroy(nn);
    free(scratch);
    return bytes;
}

TEST(reusing_memory_changes_nothing)
{
    static float all[H * W * C], reused[H * W * C], dirty[H * W * C];
    struct weights *weights = no_weights();
    const size_t large = run(weights, true, false, all), small = run(weights, false, false, reused);
    run(weights, false, true, dirty);
    CHECK(small < large);
    CHECK(!memcmp(all, reused, sizeof all));
    CHECK(!memcmp(all, dirty, sizeof all));
    float sum = 0;
    for (int i = 0; i < H * W * C; i++) sum += all[i] * all[i];
    CHECK(sum > 1);
    weights_close(weights);
}

TEST(the_first_error_sticks)
{
    struct weights *weights = no_weights();
    struct nn *nn = nn_create((struct weights_part){ weights, "depth." }, NULL);
    struct tensor *x = nn_input(nn, H, W, C, "x");
    struct tensor *y = nn_conv(nn, x, 4, 3, ACT_RELU, "layer%d", 7);
    y = nn_conv(nn, nn_maxpool(nn, y), 4, 3, ACT_RELU, "layer8");
    nn_output(nn, nn_concat(nn, 2, (struct tensor *[]){ y, x }));
    CHECK(nn_status(nn) == LIVEDEPTH_WEIGHTS_MISSING);
    CHECK(nn_finish(nn) == LIVEDEPTH_WEIGHTS_MISSING);
    CHECK(strstr(livedepth_error_detail(), "depth.layer7.weight"));
    nn_destroy(nn);
    weights_close(weights);
}

/* An operator that is not set up says that it does not run. Steps of ours behind it wait for each
 * other, and must not wait for what the run that failed has left undone. */
TEST(a_plan_runs_again_after_an_operator_failed)
{
    struct weights *weights = no_weights();
    struct nn *nn = nn_create(weights_whole(weights), NULL);
    struct tensor *x = nn_input(nn, H, W, C, "x"), *y = nn_sigmoid(nn, x);
    for (int i = 0; i < 3; i++) y = nn_mul(nn, y, nn_sobel_magnitude(nn, y));
    nn_output(nn, y);
    CHECK(nn_finish(nn) == LIVEDEPTH_OK);
    void *scratch = memory_create(nn_scratch_bytes(nn));
    CHECK(nn_place(nn, scratch) == LIVEDEPTH_OK);
    for (int i = 0; i < H * W * C; i++) nn_data(x)[i] = (float)(i % 11) - 5;
    CHECK(nn_run(nn) == LIVEDEPTH_OK);
    float before[H * W * C];
    memcpy(before, nn_data(y), sizeof before);

    struct step *step = &nn->steps[0];
    struct xnn_operator **place = &step->operator, * ready = * place;
    CHECK(step->kind == KIND_SIGMOID && nn_create_operator(nn, step) == LIVEDEPTH_OK);
    CHECK(nn_run(nn) == LIVEDEPTH_INTERNAL);
    CHECK(strstr(livedepth_error_detail(), "did not run"));
    nn_delete_operator(step);
    *place = ready;

    memset(nn_data(y), 0, sizeof before);
    alarm(60); /* ends a run that waits for ever */
    CHECK(nn_run(nn) == LIVEDEPTH_OK);
    alarm(0);
    CHECK(!memcmp(before, nn_data(y), sizeof before));
    nn_destroy(nn);
    free(scratch);
    weights_close(weights);
}

TEST(a_plan_without_weights_lists_them)
{
    struct nn *nn = nn_create((struct weights_part){ 0 }, NULL);
    struct tensor *x = nn_input(nn, H, W, C, "x");
    nn_linear(nn, nn_conv_nobias(nn, nn_input(nn, 1, 1, 3, "z"), 2, 1, ACT_NONE, "b"), 9, ACT_NONE,
              "c");
    nn_affine(nn, x, "a");
    static const char *const names[] = { "b.weight", "c.weight", "c.bias", "a.scale", "a.bias" };
    CHECK(nn_wishes(nn) == COUNT(names));
    for (int i = 0; i < COUNT(names); i++) CHECK(!strcmp(nn_wish(nn, i)->name, names[i]));
    CHECK(nn_wish(nn, 0)->rank == 4 && nn_wish(nn, 0)->shape[0] == 2 &&
          nn_wish(nn, 0)->shape[3] == 3);
    CHECK(nn_wish(nn, 1)->rank == 2 && nn_wish(nn, 1)->shape[0] == 9 &&
          nn_wish(nn, 1)->shape[1] == 2);
    CHECK(nn_wants(nn, "a.scale") && !nn_wants(nn, "a.scal"));
    nn_destroy(nn);
}

int main(void)
{
    RUN(reusing_memory_changes_nothing);
    RUN(the_first_error_sticks);
    RUN(a_plan_runs_again_after_an_operator_failed);
    RUN(a_plan_without_weights_lists_them);
    return test_end();
}
