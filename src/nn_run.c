/* nn_run.c - see nn_run.h, and nn.h. */
#include "nn_run.h"
#include <pthreadpool.h>
#include <stdlib.h>
#include <time.h>
#include "nn_xnnpack.h"

/* [from, to) */
struct range {
    int from, to;
};

/* --- blocks --- */

static bool is_ours(const struct step *step) { return step->kind < KIND_CONV; }

enum livedepth_status nn_divide(struct nn *nn)
{
    int blocks = 0;
    for (int i = 0; i < nn->step_count; i++) {
        struct step *step = &nn->steps[i];
        const int rows = step->out->h;
        if (!is_ours(step)) continue;
        step->tile = nn->threads == 1 ? rows : max_int(1, rows / (4 * nn->threads));
        step->blocks = step->kind == KIND_WINOGRAD ? winograd_blocks(&step->winograd)
                                                   : (rows + step->tile - 1) / step->tile;
        step->reads_previous = i > 0 && step_reads(step, nn->steps[i - 1].out);
        blocks += step->blocks;
    }
    nn->blocks = calloc((size_t)blocks + 1, sizeof *nn->blocks);
    if (!nn->blocks) return fail(LIVEDEPTH_NO_MEMORY, "%d blocks of a plan", blocks);
    blocks = 0;
    for (int i = 0; i < nn->step_count; i++) {
        nn->steps[i].block = nn->blocks + blocks;
        blocks += nn->steps[i].blocks;
    }
    return LIVEDEPTH_OK;
}

/* How far from the rows that it computes a step looks. */
static int reach_of(const struct step *step)
{
    switch (step->kind) {
    case KIND_KERNEL: return KERNEL_LOCAL / 2;
    case KIND_WINOGRAD: return 2; /* for gradients */
    case KIND_DEPTHWISE: return 1;
    default: return 0;
    }
}

/* Rows of its inputs. */
static struct range rows_read(const struct step *step, int block)
{
    const int reach = reach_of(step), scale = step->kind == KIND_DEPTHWISE ? step->stride : 1;
    struct range rows = { block * step->tile * scale, (block + 1) * step->tile * scale };
    if (step->kind == KIND_WINOGRAD) winograd_rows(&step->winograd, block, &rows.from, &rows.to);
    return (struct range){ max_int(rows.from - reach, 0),
                           min_int(rows.to + reach, step->in[0]->h) };
}

/* The blocks that make these rows of what a step writes. */
static struct range blocks_of(const struct step *step, struct range rows)
{
    const int scale = step->kind == KIND_WINOGRAD && step->winograd.pool ? 2 : 1;
    struct range blocks = { rows.from / step->tile, (rows.to - 1) / step->tile + 1 };
    if (step->kind == KIND_WINOGRAD)
        winograd_blocks_about(&step->winograd, scale * rows.from, scale * rows.to, &blocks.from,
                              &blocks.to);
    return blocks;
}

static void run_rows(const struct step *step, int from, int to)
{
    const struct image in = nn_image_of(step->in[0]), out = nn_image_of(step->out);
    const float *other = step->inputs > 1 ? pixel(nn_image_of(step->in[1]), from, 0) : NULL;
    if (step->kind == KIND_KERNEL) step->kernel->run(&step->args, from, to);
    else if (step->kind == KIND_DEPTHWISE) depthwise_run(&step->depthwise, from, to);
    else
        matmul_run(&step->matmul, (to - from) * in.w, pixel(in, from, 0), other,
                   pixel(out, from, 0));
}

/* --- threads --- */

/* Steps of ours that follow each other. */
struct stretch {
    struct nn *nn;
    struct range steps;
};

/* Seldom long: longer than a block takes only if somebody else has the other thread's core. */
static void wait_for(const _Atomic unsigned *number, unsigned value)
{
    enum { LOOKS = 20000 };
    for (int looks = 0; atomic_load_explicit(number, memory_order_acquire) != value; looks++)
        if (looks > LOOKS) nanosleep(&(struct timespec){ 0, 50000 }, NULL);
}

/* All blocks of a step that is at least two before another are done when that one begins: tensors
 * that are not needed at the same time so have time to change places (nn_memory.c). Of the step
 * just before it needs the rows that it reads. */
static void wait_for_inputs(const struct stretch *stretch, int i, int block)
{
    const struct nn *nn = stretch->nn;
    const struct step *step = &nn->steps[i], *previous = step - 1;
    if (i > stretch->steps.from + 1) wait_for(&previous[-1].done, (unsigned)previous[-1].blocks);
    if (i == stretch->steps.from || !step->reads_previous) return;
    const struct range needed = blocks_of(previous, rows_read(step, block));
    for (int j = needed.from; j < needed.to; j++) wait_for(&previous->block[j].done, nn->runs);
}

static void run_block(const struct stretch *stretch, int i, int block, size_t thread)
{
    struct nn *nn = stretch->nn;
    struct step *step = &nn->steps[i];
    if (atomic_load_explicit(&step->block[block].taken, memory_order_relaxed) == nn->runs ||
        atomic_exchange(&step->block[block].taken, nn->runs) == nn->runs)
        return;
    wait_for_inputs(stretch, i, block);
    if (step->kind == KIND_WINOGRAD)
        winograd_run(&step->winograd, block, nn->slices.data + thread * nn->slice);
    else run_rows(step, block * step->tile, min_int((block + 1) * step->tile, step->out->h));
    atomic_store_explicit(&step->block[block].done, nn->runs, memory_order_release);
    atomic_fetch_add(&step->done, 1);
}

/* The blocks of one of the parts into which the threads divide the picture. Every second thread
 * begins at the end of its part: neighbours meet last where both need what the other wrote. Who
 * helps, begins where the other ends. */
static void run_part(const struct stretch *stretch, int i, int part, bool helps, size_t thread)
{
    const struct nn *nn = stretch->nn;
    const int blocks = nn->steps[i].blocks, threads = nn->threads;
    const struct range mine = { blocks * part / threads, blocks * (part + 1) / threads };
    const bool up = (part % 2 == 1) != helps;
    for (int k = 0; k < mine.to - mine.from; k++)
        run_block(stretch, i, up ? mine.to - 1 - k : mine.from + k, thread);
}

static void go_through(void *context, size_t thread, size_t share)
{
    (void)share;
    const struct stretch *stretch = context;
    struct nn *nn = stretch->nn;
    double before = clock_ms();
    for (int i = stretch->steps.from; i < stretch->steps.to; i++) {
        for (int k = 0; k < nn->threads; k++)
            run_part(stretch, i, ((int)thread + k) % nn->threads, k > 0, thread);
        if (thread) continue; /* the first takes the time */
        const double now = clock_ms();
        nn->steps[i].ms += now - before;
        before = now;
    }
}

static enum livedepth_status run_operator(struct nn *nn, struct step *step)
{
    const double before = clock_ms();
    TRY(nn_run_operator(nn, step));
    step->ms += clock_ms() - before;
    return LIVEDEPTH_OK;
}

enum livedepth_status nn_run(struct nn *nn)
{
    nn->ran_away = false;
    nn->runs++;
    /* Whatever the run before left: an error ends it before its last step. */
    for (int i = 0; i < nn->step_count; i++)
        atomic_store_explicit(&nn->steps[i].done, 0, memory_order_relaxed);
    for (int i = 0, end; i < nn->step_count; i = end) {
        for (end = i; end < nn->step_count && is_ours(&nn->steps[end]);) end++;
        struct stretch stretch = { nn, { i, end } };
        if (end > i)
            pthreadpool_parallelize_1d_with_thread(nn->pool, go_through, &stretch,
                                                   (size_t)nn->threads, 0);
        else TRY(run_operator(nn, &nn->steps[end++]));
    }
    return LIVEDEPTH_OK;
}

bool nn_ran_away(const struct nn *nn) { return nn->ran_away; }
