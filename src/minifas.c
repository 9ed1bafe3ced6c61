/* minifas.c - see minifas.h. */
#include "minifas.h"
#include "image.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* 1x1 convolution to `hidden` channels, 3x3 depthwise convolution, 1x1 convolution to `out`; with
 * stride 1 the input is added. squeeze > 0: before that the result is weighted by channel, by what
 * two layers make of its means, the first with so many channels. */
struct bottleneck {
    const char *at;
    int hidden, out, stride, squeeze;
};

enum { BOTTLENECKS = 15, STEM = 32, LAST = 512, LAST_SIDE = 5, LIVE = 1 };

static const struct design {
    const char *network;
    struct bottleneck rows[BOTTLENECKS];
} designs[] = {
    { "minifasnet-v2",
      { { "down1", 103, 64, 2, 0 },
        { "stage1.0", 13, 64, 1, 0 },
        { "stage1.1", 13, 64, 1, 0 },
        { "stage1.2", 13, 64, 1, 0 },
        { "stage1.3", 13, 64, 1, 0 },
        { "down2", 231, 128, 2, 0 },
        { "stage2.0", 231, 128, 1, 0 },
        { "stage2.1", 52, 128, 1, 0 },
        { "stage2.2", 26, 128, 1, 0 },
        { "stage2.3", 77, 128, 1, 0 },
        { "stage2.4", 26, 128, 1, 0 },
        { "stage2.5", 26, 128, 1, 0 },
        { "down3", 308, 128, 2, 0 },
        { "stage3.0", 26, 128, 1, 0 },
        { "stage3.1", 26, 128, 1, 0 } } },
    { "minifasnet-v1se",
      { { "down1", 103, 64, 2, 0 },
        { "stage1.0", 13, 64, 1, 0 },
        { "stage1.1", 26, 64, 1, 0 },
        { "stage1.2", 13, 64, 1, 0 },
        { "stage1.3", 52, 64, 1, 16 },
        { "down2", 231, 128, 2, 0 },
        { "stage2.0", 154, 128, 1, 0 },
        { "stage2.1", 52, 128, 1, 0 },
        { "stage2.2", 26, 128, 1, 0 },
        { "stage2.3", 52, 128, 1, 0 },
        { "stage2.4", 26, 128, 1, 0 },
        { "stage2.5", 26, 128, 1, 32 },
        { "down3", 308, 128, 2, 0 },
        { "stage3.0", 26, 128, 1, 0 },
        { "stage3.1", 26, 128, 1, 32 } } },
};

struct minifas {
    struct nn *nn;
    void *scratch;
    struct tensor *image, *logits;
};

/* --- the network, described --- */

static struct tensor *squeeze_excite(struct nn *nn, struct tensor *x, int channels, const char *at)
{
    struct tensor *s = nn_conv(nn, nn_mean(nn, x), channels, 1, ACT_RELU, "%s.squeeze", at);
    s = nn_conv(nn, s, nn_channels(x), 1, ACT_NONE, "%s.excite", at);
    return nn_scale(nn, x, nn_sigmoid(nn, s));
}

static struct tensor *bottleneck(struct nn *nn, struct tensor *x, const struct bottleneck *row)
{
    const char *at = row->at;
    struct tensor *y = nn_conv(nn, x, row->hidden, 1, ACT_NONE, "%s.expand", at);
    y = nn_prelu(nn, y, "%s.expand", at);
    y = nn_depthwise(nn, y, 3, row->stride, PAD_AROUND, "%s.depthwise", at);
    y = nn_prelu(nn, y, "%s.depthwise", at);
    y = nn_conv(nn, y, row->out, 1, ACT_NONE, "%s.project", at);
    if (row->squeeze) y = squeeze_excite(nn, y, row->squeeze, at);
    if (row->stride == 1) y = nn_add(nn, y, x, ACT_NONE);
    return nn_name(nn, y, "%s", at);
}

static void describe(struct minifas *minifas, const struct design *design)
{
    struct nn *nn = minifas->nn;
    struct tensor *x = minifas->image = nn_input(nn, MINIFAS_SIZE, MINIFAS_SIZE, 3, "image");
    x = nn_prelu(nn, nn_conv_stride2(nn, x, STEM, 3, PAD_AROUND, ACT_NONE, "conv1"), "conv1");
    x = nn_prelu(nn, nn_depthwise(nn, x, 3, 1, PAD_AROUND, "conv2"), "conv2");
    for (int i = 0; i < BOTTLENECKS; i++) x = bottleneck(nn, x, &design->rows[i]);
    x = nn_prelu(nn, nn_conv(nn, x, LAST, 1, ACT_NONE, "conv3"), "conv3");
    x = nn_depthwise(nn, x, LAST_SIDE, 1, PAD_NONE, "conv4");
    minifas->logits = nn_linear(nn, x, MINIFAS_CLASSES, ACT_NONE, "logits");
    nn_output(nn, minifas->logits);
}

static const struct design *find_design(const char *network)
{
    for (int i = 0; network && i < COUNT(designs); i++)
        if (!strcmp(designs[i].network, network)) return &designs[i];
    return NULL;
}

static enum livedepth_status read(struct minifas *minifas, struct weights_part part, int size,
                                  struct pthreadpool *pool)
{
    const char *network = weights_metadata(part, "network");
    const struct design *design = find_design(network);
    if (!design)
        return fail(LIVEDEPTH_WEIGHTS_BAD_METADATA, "metadata %snetwork: no network %s",
                    part.prefix, network ? network : "");
    if (size != MINIFAS_SIZE)
        return fail(LIVEDEPTH_WEIGHTS_BAD_METADATA,
                    "metadata %snetwork: %s sees a view of %d pixels, not of %d", part.prefix,
                    network, MINIFAS_SIZE, size);
    minifas->nn = nn_create(part, pool);
    if (!minifas->nn) return fail(LIVEDEPTH_NO_MEMORY, "plan");
    describe(minifas, design);
    TRY(nn_status(minifas->nn));
    return nn_check_rest(part, &minifas->nn, 1);
}

/* --- making one --- */

static enum livedepth_status create(struct minifas **out, struct weights_part part, int size,
                                    struct pthreadpool *pool)
{
    struct minifas *minifas = calloc(1, sizeof *minifas);
    if (!minifas) return fail(LIVEDEPTH_NO_MEMORY, "network");
    const enum livedepth_status status = read(minifas, part, size, pool);
    if (status == LIVEDEPTH_OK) *out = minifas;
    else minifas_destroy(minifas);
    return status;
}

enum livedepth_status minifas_check(struct weights_part part, int size, struct nn_range *live)
{
    static const struct nn_range feature = { -NN_FEATURE, NN_FEATURE };
    struct minifas *minifas = NULL;
    TRY(create(&minifas, part, size, NULL));
    minifas_destroy(minifas);
    double least = 1, most = 1; /* of the sum whose inverse is the softmax */
    for (int i = 0; i < MINIFAS_CLASSES; i++) {
        if (i == LIVE) continue;
        const struct nn_range over = nn_linear_range(part, "logits", i, LIVE, &feature, false);
        least += exp((double)over.least);
        most += exp((double)over.most);
    }
    *live = (struct nn_range){ (float)(1 / most), (float)(1 / least) };
    return LIVEDEPTH_OK;
}

static enum livedepth_status build(struct minifas *minifas, bool keep_all)
{
    struct nn *nn = minifas->nn;
    if (keep_all) nn_keep_all(nn);
    TRY(nn_finish(nn));
    minifas->scratch = memory_create(nn_scratch_bytes(nn));
    if (!minifas->scratch)
        return fail(LIVEDEPTH_NO_MEMORY, "scratch: %zu bytes", nn_scratch_bytes(nn));
    return nn_place(nn, minifas->scratch);
}

enum livedepth_status minifas_create(struct minifas **out, struct weights_part part, int size,
                                     struct pthreadpool *pool, bool keep_all)
{
    struct minifas *minifas = NULL;
    TRY(create(&minifas, part, size, pool));
    const enum livedepth_status status = build(minifas, keep_all);
    if (status == LIVEDEPTH_OK) *out = minifas;
    else minifas_destroy(minifas);
    return status;
}

void minifas_destroy(struct minifas *minifas)
{
    if (!minifas) return;
    nn_destroy(minifas->nn);
    free(minifas->scratch);
    free(minifas);
}

struct nn *minifas_nn(struct minifas *minifas) { return minifas->nn; }

/* --- running it --- */

/* Softmax of the class live; NaN if a logit is far above what trained weights give, or none. */
static float probability(const float logits[MINIFAS_CLASSES])
{
    static const float limit = 1e4f;
    float largest = -INFINITY, sum = 0;
    for (int i = 0; i < MINIFAS_CLASSES; i++) {
        if (!(fabsf(logits[i]) <= limit)) return NAN;
        largest = fmaxf(largest, logits[i]);
    }
    for (int i = 0; i < MINIFAS_CLASSES; i++) sum += expf(logits[i] - largest);
    return expf(logits[LIVE] - largest) / sum;
}

enum livedepth_status minifas_run(struct minifas *minifas,
                                  const uint8_t rgb[MINIFAS_SIZE * MINIFAS_SIZE * 3], float *live)
{
    image_floats(rgb, MINIFAS_SIZE * MINIFAS_SIZE * 3, 0, 1, nn_data(minifas->image));
    TRY(nn_run(minifas->nn));
    *live = nn_ran_away(minifas->nn) ? NAN : probability(nn_data(minifas->logits));
    return LIVEDEPTH_OK;
}
