/* nn_plan.h - what a plan is made of, for the rooms behind nn.h: tensors, steps, and the plan.
 *
 * nn.c describes plans; nn_wishes.c finds their weights; nn_fuse.c puts faster steps in the place
 * of those described; nn_memory.c gives tensors their places; nn_xnnpack.c makes the operators of
 * XNNPACK; nn_finish.c makes the plan ready; nn_run.c runs it. */
#ifndef NN_PLAN_H
#define NN_PLAN_H

#include "depthwise.h"
#include "matmul.h"
#include "nn.h"
#include "winograd.h"
#include <stdatomic.h>

enum { MAX_TENSORS = 256, MAX_STEPS = 160, MAX_INPUTS = 8, NAME = 48, ALIGN = 64 };
enum { NN_EXTRA = 16 }; /* bytes behind a tensor that may be read */

/* A root has memory; a view is a channel range of its root. */
struct tensor {
    char name[NAME];
    int h, w, c;
    struct tensor *parent;       /* NULL for a root */
    int offset;                  /* first channel within parent */
    bool own;                    /* memory outside the scratch block */
    const struct tensor *source; /* of an import: whose memory it is */
    float *data;                 /* of a root */
    int first, last;     /* steps that write and read a root first and last; first < 0: none */
    size_t place, bytes; /* within the scratch block */
};

enum kind {
    KIND_KERNEL,
    KIND_WINOGRAD,
    KIND_MATMUL,
    KIND_DEPTHWISE, /* ours; the others are XNNPACK's */
    KIND_CONV,
    KIND_MAXPOOL,
    KIND_RESIZE,
    KIND_MEAN,
    KIND_SCALE,
    KIND_SIGMOID,
    KIND_TANH
};

struct step {
    enum kind kind;
    const char *label;                   /* for profiles */
    struct tensor *out, *in[MAX_INPUTS]; /* of a gathered Winograd step in[0] has a shape only */
    int inputs;
    const struct kernel *kernel;
    const float *weight, *bias; /* scale and bias for kernels */
    int k, stride;
    enum pad pad;
    bool by_channel, linear;
    enum act act;
    enum resize resize;
    struct xnn_operator *operator;
    struct tensor workspace;
    struct kernel_args args;
    struct matmul matmul;
    struct depthwise depthwise;
    struct winograd winograd;
    int part_a[WINOGRAD_PARTS], part_b[WINOGRAD_PARTS]; /* which inputs its parts are made of */
    float *packed;                                      /* weights of a Winograd step or a matmul */
    int blocks, tile;       /* of ours; tile: rows of a block where a step goes by rows */
    struct nn_block *block; /* [blocks] */
    _Atomic unsigned done;  /* blocks, in the present run */
    bool reads_previous;    /* what the step before it writes */
    double ms, flops;
};

/* What one thread computes of a step. The numbers of the runs in which it was last taken and
 * done. */
struct nn_block {
    _Atomic unsigned taken, done;
};

struct nn {
    struct weights_part part;
    struct pthreadpool *pool;
    int threads;
    enum livedepth_status status; /* the first error; sticks */
    bool keep_all, ran_away;
    struct tensor tensors[MAX_TENSORS];
    struct step steps[MAX_STEPS];
    struct nn_wish wishes[MAX_STEPS * 2];
    int tensor_count, step_count, wish_count;
    size_t scratch_bytes;
    struct tensor slices; /* workspace of Winograd steps: for each thread `slice` floats */
    size_t slice;
    struct nn_block *blocks; /* of all steps */
    unsigned runs;           /* the number of the present one */
    struct tensor nothing;   /* what builders return and write to after an error */
    struct step nowhere;
};

struct tensor *nn_root_of(struct tensor *x);
/* Whether a step reads x, a part of it or what it is a part of. */
bool step_reads(const struct step *step, struct tensor *x);
/* Of the first float of x, of a pixel of its root, and of x densely packed. */
float *nn_data_of(const struct tensor *x);
int nn_stride_of(const struct tensor *x);
size_t nn_bytes_of(const struct tensor *x);
/* First channel of x within its root. */
int nn_offset_of(const struct tensor *x);
struct image nn_image_of(const struct tensor *x);

/* Wishes for the tensor "<at>.<part>" and returns its data; it must have exactly this shape. After
 * an error, and without weights, one number that nobody may rely on. */
const float *nn_weight(struct nn *nn, const char *at, const char *part, int rank, const int *shape);

/* The last step that reads a root or a part of it, -1 if none does; how many times that is done. */
int nn_last_read(const struct nn *nn, struct tensor *root);
int nn_reads(const struct nn *nn, struct tensor *root);

#endif
