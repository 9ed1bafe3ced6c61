/* single.c - see single.h. */
#include "single.h"
#include "metadata.h"
#include "minifas.h"
#include <math.h>
#include <stdlib.h>

enum { MOST_FRAMES = 16 };

struct single {
    struct scorer scorer;
    struct minifas *network;
    int every, taken;        /* it looks at one frame of so many; frames in this run */
    float live[MOST_FRAMES]; /* probabilities of the newest frames that it looked at, a ring */
};

static struct single *single_of(struct scorer *scorer) { return (struct single *)scorer; }

static enum livedepth_status push(struct scorer *scorer, const uint8_t *rgb,
                                  enum scorer_answer *answer, float *score)
{
    struct single *single = single_of(scorer);
    const int frames = scorer->frames, every = single->every, newest = single->taken++;
    *answer = SCORER_NO_SCORE;
    if (newest % every == 0) TRY(minifas_run(single->network, rgb, &single->live[newest % frames]));
    if (newest < frames - 1) return LIVEDEPTH_OK;
    float sum = 0;
    int looked = 0;
    /* oldest first, so that where each frame is looked at a clip of a stream has the bits of the
     * clip alone */
    for (int i = newest - frames + 1; i <= newest; i++)
        if (i % every == 0) sum += single->live[i % frames], looked++;
    *score = sum / (float)looked;
    *answer = isfinite(*score) ? SCORER_SCORE : SCORER_RAN_AWAY;
    return LIVEDEPTH_OK;
}

static void restart(struct scorer *scorer) { single_of(scorer)->taken = 0; }

static void destroy(struct scorer *scorer)
{
    minifas_destroy(single_of(scorer)->network);
    free(scorer);
}

static const struct scorer_kind kind = { .push = push, .restart = restart, .destroy = destroy };

static enum livedepth_status read(struct weights_part part, int *frames, int *every)
{
    *every = 1;
    TRY(metadata_int(part, "frames", 1, MOST_FRAMES, frames));
    return weights_metadata(part, "every") ? metadata_int(part, "every", 1, *frames, every)
                                           : LIVEDEPTH_OK;
}

enum livedepth_status single_check(struct weights_part part, int size, struct scorer_facts *facts)
{
    int every;
    struct nn_range live;
    TRY(read(part, &facts->frames, &every));
    TRY(minifas_check(part, size, &live));
    facts->lowest = live.least;
    facts->low = nn_range_tenth(live);
    return LIVEDEPTH_OK;
}

enum livedepth_status single_open(struct scorer **out, struct weights_part part, int size,
                                  struct pthreadpool *pool)
{
    (void)pool; /* threads that share its fifty short layers would wait more than they work */
    struct single *single = calloc(1, sizeof *single);
    if (!single) return fail(LIVEDEPTH_NO_MEMORY, "scorer");
    single->scorer.kind = &kind;
    single->scorer.small = true;
    enum livedepth_status status = read(part, &single->scorer.frames, &single->every);
    if (status == LIVEDEPTH_OK) status = minifas_create(&single->network, part, size, NULL, false);
    if (status == LIVEDEPTH_OK) *out = &single->scorer;
    else destroy(&single->scorer);
    return status;
}
