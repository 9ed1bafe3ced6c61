/* MiniFASNet with the weights of models/ against the tensors that onnxruntime computed with them in
 * its authors' own graph (training/ship/minifas_golden.py), layer by layer; the first one out of
 * tolerance is named. Runs natively and in every wasm variant. */
#include <math.h>
#include <pthreadpool.h>
#include <string.h>
#include "../src/minifas.h"
#include "test.h"
#include "files.h"

static const double TOLERANCE = 1e-4; /* of a tensor's largest value */
static const double RELEASED = 0.15;  /* how far bytes may move the logits */
enum { STEP = 7919 };                 /* see training/ship/minifas_golden.py */

enum { BYTES = MINIFAS_SIZE * MINIFAS_SIZE * 3 };

static int floats_of(const struct weight *w)
{
    int floats = 1;
    for (int i = 0; i < w->rank; i++) floats *= w->shape[i];
    return floats;
}

/* The part of the model file that one network is. */
struct model {
    struct file file;
    struct weights *weights;
    struct weights_part part;
};

static struct model open_model(const char *name, const char *prefix)
{
    char path[128];
    snprintf(path, sizeof path, "models/%s-80.safetensors", name);
    struct model model = { .file = file_read(path) };
    CHECK(weights_open(&model.weights, model.file.bytes, model.file.size) == LIVEDEPTH_OK);
    if (!model.weights) printf("%s: %s\n", path, livedepth_error_detail());
    model.part = (struct weights_part){ model.weights, prefix };
    return model;
}

static void close_model(struct model *model)
{
    weights_close(model->weights);
    free(model->file.bytes);
}

/* Largest difference of the golden values from a tensor of the plan, relative to the largest. */
static double difference(struct nn *nn, const struct weight *want)
{
    const struct tensor *x = nn_find(nn, want->name, NULL);
    if (!x) {
        printf("%s is not in the plan\n", want->name);
        return INFINITY;
    }
    const int floats = nn_height(x) * nn_width(x) * nn_channels(x);
    float *got = malloc((size_t)floats * sizeof(float));
    nn_find(nn, want->name, got);
    double worst = 0, largest = 0;
    for (int i = 0; i < floats_of(want); i++) {
        const double value = want->data[i], off = fabs(got[i * STEP % floats] - value);
        if (!(off <= worst)) worst = off; /* NaN counts as largest */
        largest = fmax(largest, fabs(value));
    }
    free(got);
    return worst / largest;
}

static void check_network(const char *name, const char *prefix)
{
    char path[128];
    snprintf(path, sizeof path, "tests/golden/%s.taps.safetensors", name);
    const struct file file = file_read(path);
    struct model model = open_model(name, prefix);
    struct weights *taps = NULL;
    struct minifas *kept = NULL, *minifas = NULL;
    CHECK(weights_open(&taps, file.bytes, file.size) == LIVEDEPTH_OK);
    if (minifas_create(&kept, model.part, MINIFAS_SIZE, NULL, true) ||
        minifas_create(&minifas, model.part, MINIFAS_SIZE, NULL, false)) {
        printf("%s: %s\n", name, livedepth_error_detail());
        CHECK(false);
        return;
    }

    static uint8_t picture[BYTES];
    const struct weight *pixels = weights_find(weights_whole(taps), "picture"),
                        *released = weights_find(weights_whole(taps), "released");
    for (int i = 0; i < BYTES; i++) picture[i] = (uint8_t)pixels->data[i];
    float live = NAN, again = NAN;
    CHECK(minifas_run(kept, picture, &live) == LIVEDEPTH_OK);
    double worst = 0;
    int layers = 0;
    for (int i = 0; i < weights_count(taps); i++) {
        const struct weight *want = weights_at(taps, i);
        if (want == pixels || want == released) continue;
        const double off = difference(minifas_nn(kept), want);
        if (!(off <= TOLERANCE) && worst <= TOLERANCE)
            printf("first layer that differs: %s, by %g\n", want->name, off);
        if (!(off <= worst)) worst = off;
        layers++;
    }
    CHECK(layers >= 50);
    CHECK(worst <= TOLERANCE);

    float logits[MINIFAS_CLASSES];
    nn_find(minifas_nn(kept), "logits", logits);
    double bytes = 0, powers = 0;
    for (int i = 0; i < MINIFAS_CLASSES; i++) {
        bytes = fmax(bytes, fabs((double)logits[i] - released->data[i]));
        powers += exp(logits[i]);
    }
    printf("  %-16s %d layers, %.1e relative; bytes move the logits by %.3f; live %.4f\n", name,
           layers, worst, bytes, (double)live);
    CHECK(bytes <= RELEASED);
    CHECK_NEAR(live, exp(logits[1]) / powers, 1e-6);

    for (int run = 0; run < 2; run++) { /* reusing memory changes nothing, nor does a run before */
        CHECK(minifas_run(minifas, picture, &again) == LIVEDEPTH_OK);
        CHECK(!memcmp(&live, &again, sizeof live));
    }
    pthreadpool_t pool = pthreadpool_create(3); /* NULL in builds without threads */
    struct minifas *threaded = NULL;
    CHECK(minifas_create(&threaded, model.part, MINIFAS_SIZE, pool, false) == LIVEDEPTH_OK);
    CHECK(minifas_run(threaded, picture, &again) == LIVEDEPTH_OK);
    CHECK(!memcmp(&live, &again, sizeof live));
    minifas_destroy(threaded);
    if (pool) pthreadpool_destroy(pool);
    minifas_destroy(kept), minifas_destroy(minifas);
    weights_close(taps);
    close_model(&model);
    free(file.bytes);
}

TEST(networks_equal_onnxruntime)
{
    check_network("minifasnet-v2", "near.");
    check_network("minifasnet-v1se", "wide.");
}

TEST(errors_are_typed)
{
    struct model model = open_model("minifasnet-v2", "near.");
    CHECK(minifas_check(model.part, 128) == LIVEDEPTH_WEIGHTS_BAD_METADATA);
    CHECK(strstr(livedepth_error_detail(), "128"));
    struct weights_part other = { model.weights, "wide." };
    CHECK(minifas_check(other, MINIFAS_SIZE) == LIVEDEPTH_WEIGHTS_BAD_METADATA);
    CHECK(minifas_check(model.part, MINIFAS_SIZE) == LIVEDEPTH_OK);
    close_model(&model);
}

/* No layer may hide it: XNNPACK's clamps make ordinary numbers of what is none. */
TEST(numbers_that_run_away_are_no_answer)
{
    static const char *const layers[] = { "conv1.bias",
                                          "conv2.bias",
                                          "down1.expand.bias",
                                          "stage1.0.depthwise.bias",
                                          "stage2.3.project.bias",
                                          "conv3.bias",
                                          "conv4.bias",
                                          "logits.bias" };
    static const float values[] = { 1e30f, -1e30f };
    static uint8_t picture[BYTES];
    for (int layer = 0; layer < COUNT(layers); layer++)
        for (int v = 0; v < COUNT(values); v++) {
            struct model model = open_model("minifasnet-v2", "near.");
            struct minifas *minifas = NULL;
            float live = 0;
            *(float *)weights_find(model.part, layers[layer])->data = values[v];
            CHECK(minifas_create(&minifas, model.part, MINIFAS_SIZE, NULL, false) == LIVEDEPTH_OK);
            CHECK(minifas_run(minifas, picture, &live) == LIVEDEPTH_OK);
            if (!isnan(live)) printf("%s, %g\n", layers[layer], (double)values[v]);
            CHECK(isnan(live));
            minifas_destroy(minifas);
            close_model(&model);
        }
}

int main(void)
{
    RUN(networks_equal_onnxruntime);
    RUN(errors_are_typed);
    RUN(numbers_that_run_away_are_no_answer);
    return test_end();
}
