/* scorer.h - what takes the bytes of a view frame by frame, and now and then has a score.
 *
 * Kinds: fas.c, a network of the FAS family, which scores clips and makes depth maps; single.c,
 * a network that looks at single frames. bundle.c opens them. */
#ifndef SCORER_H
#define SCORER_H

#include "weights.h"

struct pthreadpool;
struct scorer;

enum scorer_answer {
    SCORER_NO_SCORE, /* the clip is still filling */
    SCORER_SCORE,
    SCORER_RAN_AWAY, /* the network's numbers mean nothing: there is no score of this clip */
};

struct scorer_kind {
    /* The next frame of the run, [size][size][3] RGB; allocates nothing. *score, 0 attack .. 1
     * live, is written with SCORER_SCORE: of the clip that ends with this frame. */
    enum livedepth_status (*push)(struct scorer *scorer, const uint8_t *rgb,
                                  enum scorer_answer *answer, float *score);
    void (*restart)(struct scorer *scorer); /* the next frame starts a run */
    void (*destroy)(struct scorer *scorer);

    /* Of kinds that make depth maps, else NULL: those of the newest scored clip, as
     * livedepth_session_depth and _masked_score have them. */
    const float *(*depth)(const struct scorer *scorer, int pair);
    enum livedepth_status (*masked_score)(const struct scorer *scorer, const float *masks,
                                          float *score);
};

/* Scorers of all kinds begin so. */
struct scorer {
    const struct scorer_kind *kind;
    int frames;     /* of a clip; of a kind that looks at single frames, fewer will do */
    int depth_size; /* side of the depth maps; 0: it makes none */
    bool small;     /* it runs on one thread, and others like it beside it on other threads */
};

/* The part of a file that describes a scorer. */
struct scorer_facts {
    int frames;   /* of a clip */
    float lowest; /* no clip without depth has a lower score */
    float low;    /* the score a tenth up from what the network can least say to what it can most */
};

/* Checks the metadata and every tensor of a part of a file, for views of this size, without
 * building anything. Then, opens it; borrows weights and pool. */
typedef enum livedepth_status scorer_check_fn(struct weights_part part, int size,
                                              struct scorer_facts *facts);
typedef enum livedepth_status scorer_open_fn(struct scorer **out, struct weights_part part,
                                             int size, struct pthreadpool *pool);

#endif
