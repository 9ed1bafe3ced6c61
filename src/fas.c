/* fas.c - see fas.h. */
#include "fas.h"
#include "image.h"
#include "networks.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

struct fas {
    struct scorer scorer;
    struct network *network;
    int taken;                  /* frames in this run */
    float *motion;              /* of the last frames - 1 pairs, a ring */
    float *single;              /* depth of the last frames - 1 frames, a ring */
    float *means;               /* the same of the network's means, if it has any */
    struct network_clip scored; /* the newest clip */
};

static struct fas *fas_of(struct scorer *scorer) { return (struct fas *)scorer; }
static const struct fas *fas_in(const struct scorer *scorer) { return (const struct fas *)scorer; }

static size_t map_floats(const struct fas *fas)
{
    return (size_t)fas->network->depth_size * (size_t)fas->network->depth_size;
}

static size_t means_bytes(const struct fas *fas)
{
    return (size_t)fas->network->means_floats * sizeof(float);
}

static float *motion_at(const struct fas *fas, int pair)
{
    const size_t slot = (size_t)(pair % (fas->scorer.frames - 1));
    return fas->motion + slot * (fas->network->motion_bytes / sizeof(float));
}

static float *single_at(const struct fas *fas, int frame)
{
    return fas->single + (size_t)(frame % (fas->scorer.frames - 1)) * map_floats(fas);
}

/* NULL if the network has none. */
static float *means_at(const struct fas *fas, int frame)
{
    const size_t slot = (size_t)(frame % (fas->scorer.frames - 1));
    return fas->means ? fas->means + slot * (size_t)fas->network->means_floats : NULL;
}

/* Scores the clip that ends with the frame just taken. */
static enum livedepth_status score_clip(struct fas *fas)
{
    const int pairs = fas->scorer.frames - 1, first = fas->taken - fas->scorer.frames;
    struct network_pair kept[NETWORK_MAX_FRAMES];
    for (int t = 0; t < pairs; t++)
        kept[t] = (struct network_pair){ motion_at(fas, first + t), single_at(fas, first + t),
                                         means_at(fas, first + t) };
    return network_score(fas->network, kept, &fas->scored);
}

static enum livedepth_status push(struct scorer *scorer, const uint8_t *rgb,
                                  enum scorer_answer *answer, float *score)
{
    struct fas *fas = fas_of(scorer);
    struct network *network = fas->network;
    const struct network_config *config = &network->config;
    image_floats(rgb, config->input_size * config->input_size * 3, config->mean, config->std,
                 network->image);
    TRY(network_trunk(network));
    if (fas->taken > 0) {
        TRY(network_pair(network));
        memcpy(motion_at(fas, fas->taken - 1), network->motion, network->motion_bytes);
    }
    network_advance(network);

    fas->taken++;
    *answer = SCORER_NO_SCORE;
    if (fas->taken >= scorer->frames) {
        TRY(score_clip(fas));
        *score = fas->scored.score;
        *answer = isfinite(*score) ? SCORER_SCORE : SCORER_RAN_AWAY;
    }
    /* Only now: the clip's first pair still needed this slot. */
    memcpy(single_at(fas, fas->taken - 1), network->single, map_floats(fas) * sizeof(float));
    float *means = means_at(fas, fas->taken - 1);
    if (means) memcpy(means, network->means, means_bytes(fas));
    return LIVEDEPTH_OK;
}

static void restart(struct scorer *scorer) { fas_of(scorer)->taken = 0; }

static void destroy(struct scorer *scorer)
{
    struct fas *fas = fas_of(scorer);
    network_destroy(fas->network);
    free(fas->motion);
    free(fas->single);
    free(fas->means);
    free(fas->scored.fused);
    free(fas->scored.mean);
    free(fas);
}

static const float *depth(const struct scorer *scorer, int pair)
{
    const struct fas *fas = fas_in(scorer);
    if (pair == LIVEDEPTH_DEPTH_MEAN) return fas->scored.mean;
    return pair >= 0 && pair < scorer->frames - 1
               ? fas->scored.fused + (size_t)pair * map_floats(fas)
               : NULL;
}

static enum livedepth_status masked_score(const struct scorer *scorer, const float *masks,
                                          float *score)
{
    const struct fas *fas = fas_in(scorer);
    const int floats = (scorer->frames - 1) * (int)map_floats(fas);
    for (int i = 0; i < floats; i++)
        if (!(masks[i] >= 0 && masks[i] <= 1))
            return fail(LIVEDEPTH_BAD_ARGUMENT, "mask value %d is %g, must be 0 .. 1", i,
                        (double)masks[i]);
    const float masked = network_clip_score(fas->network, &fas->scored, masks);
    if (!isfinite(masked)) return fail(LIVEDEPTH_BAD_ARGUMENT, "the clip has no finite score");
    *score = masked;
    return LIVEDEPTH_OK;
}

static const struct scorer_kind kind = { push, restart, destroy, depth, masked_score };

static enum livedepth_status build(struct fas *fas, struct weights_part part, int size,
                                   struct pthreadpool *pool)
{
    TRY(network_create(&fas->network, part, size, pool, false));
    const size_t pairs = (size_t)fas->network->config.frames - 1, map = map_floats(fas);
    fas->scorer = (struct scorer){ .kind = &kind,
                                   .frames = fas->network->config.frames,
                                   .depth_size = fas->network->depth_size };
    fas->motion = memory_create(pairs * fas->network->motion_bytes);
    fas->single = memory_create(pairs * map * sizeof(float));
    if (means_bytes(fas) && !(fas->means = memory_create(pairs * means_bytes(fas))))
        return fail(LIVEDEPTH_NO_MEMORY, "a ring of means");
    fas->scored.fused = memory_create(pairs * map * sizeof(float));
    fas->scored.mean = memory_create(map * sizeof(float));
    if (!fas->motion || !fas->single || !fas->scored.fused || !fas->scored.mean)
        return fail(LIVEDEPTH_NO_MEMORY, "rings of a clip");
    return LIVEDEPTH_OK;
}

enum livedepth_status fas_open(struct scorer **out, struct weights_part part, int size,
                               struct pthreadpool *pool)
{
    struct fas *fas = calloc(1, sizeof *fas);
    if (!fas) return fail(LIVEDEPTH_NO_MEMORY, "scorer");
    const enum livedepth_status status = build(fas, part, size, pool);
    if (status == LIVEDEPTH_OK) *out = &fas->scorer;
    else destroy(&fas->scorer);
    return status;
}

enum livedepth_status fas_check(struct weights_part part, int size, struct scorer_facts *facts)
{
    struct network_config config;
    TRY(network_config_read(&config, part, size));
    facts->frames = config.frames;
    return network_check(part, size, &facts->lowest, &facts->low);
}
