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
    int taken;               /* frames in this run */
    float live[MOST_FRAMES]; /* probabilities of the newest frames, a ring */
};

static struct single *single_of(struct scorer *scorer) { return (struct single *)scorer; }

static enum livedepth_status push(struct scorer *scorer, const uint8_t *rgb,
                                  enum scorer_answer *answer, float *score)
{
    struct single *single = single_of(scorer);
    float *live = &single->live[single->taken % scorer->frames], sum = 0;
    TRY(minifas_run(single->network, rgb, live));
    single->taken++;
    *answer = SCORER_NO_SCORE;
    if (single->taken < scorer->frames) return LIVEDEPTH_OK;
    /* oldest first, so that a clip of a stream has the bits of the clip alone */
    for (int i = 0; i < scorer->frames; i++)
        sum += single->live[(single->taken + i) % scorer->frames];
    *score = sum / (float)scorer->frames;
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

static enum livedepth_status read_frames(struct weights_part part, int *frames)
{
    return metadata_int(part, "frames", 1, MOST_FRAMES, frames);
}

enum livedepth_status single_check(struct weights_part part, int size, struct scorer_facts *facts)
{
    facts->lowest = 0;
    TRY(read_frames(part, &facts->frames));
    return minifas_check(part, size);
}

enum livedepth_status single_open(struct scorer **out, struct weights_part part, int size,
                                  struct pthreadpool *pool)
{
    struct single *single = calloc(1, sizeof *single);
    if (!single) return fail(LIVEDEPTH_NO_MEMORY, "scorer");
    single->scorer.kind = &kind;
    enum livedepth_status status = read_frames(part, &single->scorer.frames);
    if (status == LIVEDEPTH_OK) status = minifas_create(&single->network, part, size, pool, false);
    if (status == LIVEDEPTH_OK) *out = &single->scorer;
    else destroy(&single->scorer);
    return status;
}
