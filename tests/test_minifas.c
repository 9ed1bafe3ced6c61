/* MiniFASNet with the weights of models/ against the tensors that onnxruntime computed with them in
 * its authors' own graph (training/ship/minifas_golden.py), layer by layer; the first one out of
 * tolerance is named. Runs natively and in every wasm variant. */
#include <math.h>
#include <pthreadpool.h>
#include <string.h>
#include "../src/minifas.h"
#include "../src/single.h"
#include "test.h"
#include "files.h"

static const double TOLERANCE = 1e-4; /* of a tensor's largest value */
static const double RELEASED = 0.15;  /* how far bytes may move the logits */
enum { STEP = 7919 };                 /* see training/ship/minifas_golden.py */

enum { BYTES = MINIFAS_SIZE * MINIFAS_SIZE * 3 };

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
    for (int run = 0; run < 10; run++) { /* whichever thread takes what */
        CHECK(minifas_run(threaded, picture, &again) == LIVEDEPTH_OK);
        CHECK(!memcmp(&live, &again, sizeof live));
    }
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
    struct nn_range live;
    CHECK(minifas_check(model.part, 128, &live) == LIVEDEPTH_WEIGHTS_BAD_METADATA);
    CHECK(strstr(livedepth_error_detail(), "128"));
    struct weights_part other = { model.weights, "wide." };
    CHECK(minifas_check(other, MINIFAS_SIZE, &live) == LIVEDEPTH_WEIGHTS_BAD_METADATA);
    CHECK(minifas_check(model.part, MINIFAS_SIZE, &live) == LIVEDEPTH_OK);
    CHECK(live.least < 1e-6f && live.most > 1 - 1e-6f);
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

/* The values of a tensor at pixel (4, 4), `down` rows and `across` columns away. */
static const float *near_middle(struct nn *nn, const char *name, int down, int across)
{
    static float values[100 * 1000];
    const struct tensor *x = nn_find(nn, name, NULL);
    CHECK(x && nn_height(x) * nn_width(x) * nn_channels(x) <= COUNT(values));
    nn_find(nn, name, values);
    return values + ((4 + down) * nn_width(x) + 4 + across) * nn_channels(x);
}

/* Where convolutions cannot end with it as others do. */
TEST(a_slope_may_be_above_one)
{
    enum { IN = 128, HIDDEN = 52 };
    static uint8_t picture[BYTES];
    for (int i = 0; i < BYTES; i++) picture[i] = (uint8_t)(i * STEP % 251);
    struct model model = open_model("minifasnet-v2", "near.");
#define WEIGHT(name) ((float *)weights_find(model.part, "stage2.1." name)->data)
    for (int c = 0; c < HIDDEN; c++)
        WEIGHT("expand.slope")[c] = WEIGHT("depthwise.slope")[c] = c % 2 ? 2 : 0.5f;
    struct minifas *minifas = NULL;
    float live, hidden[HIDDEN];
    CHECK(minifas_create(&minifas, model.part, MINIFAS_SIZE, NULL, true) == LIVEDEPTH_OK);
    CHECK(minifas_run(minifas, picture, &live) == LIVEDEPTH_OK);
    struct nn *nn = minifas_nn(minifas);

    const float *x = near_middle(nn, "stage2.0", 0, 0);
    for (int k = 0; k < HIDDEN; k++) {
        hidden[k] = WEIGHT("expand.bias")[k];
        for (int c = 0; c < IN; c++) hidden[k] += x[c] * WEIGHT("expand.weight")[k * IN + c];
        if (hidden[k] < 0) hidden[k] *= WEIGHT("expand.slope")[k];
    }
    for (int k = 0; k < HIDDEN; k++)
        CHECK_NEAR(near_middle(nn, "stage2.1.expand", 0, 0)[k], hidden[k], 1e-4);
    for (int k = 0; k < HIDDEN; k++) {
        float sum = WEIGHT("depthwise.bias")[k];
        for (int i = 0; i < 9; i++)
            sum += near_middle(nn, "stage2.1.expand", i / 3 - 1, i % 3 - 1)[k] *
                   WEIGHT("depthwise.weight")[i * HIDDEN + k];
        if (sum < 0) sum *= WEIGHT("depthwise.slope")[k];
        CHECK_NEAR(near_middle(nn, "stage2.1.depthwise", 0, 0)[k], sum, 1e-4);
    }
    minifas_destroy(minifas);
    close_model(&model);
}

/* The model with one more key of metadata: its header grows by what keeps tensors where eight
 * divides. */
static struct model open_with(const char *key, int value)
{
    static const char before[] = "\"__metadata__\":{";
    struct model model = open_model("minifasnet-v2", "near.");
    struct file old = model.file;
    const char *from = (const char *)old.bytes, *found = strstr(from + 8, before);
    char text[64];
    const int length = snprintf(text, sizeof text, "\"%s\":\"%d\",", key, value);
    const size_t more = (size_t)(length + 7) / 8 * 8;
    uint8_t *bytes = malloc(old.size + more);
    const size_t head = found ? (size_t)(found - from) + strlen(before) : 0;
    uint64_t header;
    memcpy(bytes, from, head);
    memset(bytes + head, ' ', more);
    memcpy(bytes + head, text, (size_t)length);
    memcpy(bytes + head + more, from + head, old.size - head);
    memcpy(&header, bytes, sizeof header);
    header += more;
    memcpy(bytes, &header, sizeof header);
    close_model(&model);
    model.file = (struct file){ bytes, old.size + more };
    CHECK(head && weights_open(&model.weights, bytes, model.file.size) == LIVEDEPTH_OK);
    model.part = (struct weights_part){ model.weights, "near." };
    return model;
}

/* A clip's score is the mean over the frames that are looked at, counted from the run's first. */
TEST(a_scorer_looks_at_one_frame_of_so_many)
{
    enum { FRAMES = 5, TAKEN = 8 };
    static uint8_t pictures[TAKEN][BYTES];
    float live[TAKEN];
    for (int i = 0; i < TAKEN; i++)
        for (int j = 0; j < BYTES; j++) pictures[i][j] = (uint8_t)(j * STEP % 251 + i * 40);
    struct model model = open_model("minifasnet-v2", "near.");
    struct minifas *minifas = NULL;
    CHECK(minifas_create(&minifas, model.part, MINIFAS_SIZE, NULL, false) == LIVEDEPTH_OK);
    for (int i = 0; i < TAKEN; i++)
        CHECK(minifas_run(minifas, pictures[i], &live[i]) == LIVEDEPTH_OK);
    minifas_destroy(minifas);
    close_model(&model);

    for (int every = 1; every <= FRAMES; every++) {
        struct scorer *scorer = NULL;
        model = open_with("near.every", every);
        CHECK(single_open(&scorer, model.part, MINIFAS_SIZE, NULL) == LIVEDEPTH_OK);
        for (int run = 0; run < 2; run++) {
            for (int i = 0; i < TAKEN - run; i++) { /* the next begins anew, wherever this ends */
                enum scorer_answer answer;
                float score = NAN, sum = 0;
                int looked = 0;
                CHECK(scorer->kind->push(scorer, pictures[i], &answer, &score) == LIVEDEPTH_OK);
                CHECK((answer == SCORER_SCORE) == (i >= FRAMES - 1));
                for (int j = max_int(0, i - FRAMES + 1); j <= i; j++)
                    if (j % every == 0) sum += live[j], looked++;
                if (i >= FRAMES - 1) CHECK_NEAR(score, sum / (float)looked, 1e-6);
            }
            scorer->kind->restart(scorer);
        }
        scorer->kind->destroy(scorer);
        close_model(&model);
    }
    struct scorer_facts facts;
    model = open_with("near.every", FRAMES + 1);
    CHECK(single_check(model.part, MINIFAS_SIZE, &facts) == LIVEDEPTH_WEIGHTS_BAD_METADATA);
    CHECK(strstr(livedepth_error_detail(), "near.every"));
    close_model(&model);
}

int main(void)
{
    RUN(networks_equal_onnxruntime);
    RUN(errors_are_typed);
    RUN(numbers_that_run_away_are_no_answer);
    RUN(a_slope_may_be_above_one);
    RUN(a_scorer_looks_at_one_frame_of_so_many);
    return test_end();
}
