/* test_faults.c - a run that is honest but for one to three faults is refused with a typed error or
 * is not "live". test_faults [RUNS]: so many (300); seeds count from 0.
 *
 * The model says live of every clip that it scores, and the clip has just the frames that a verdict
 * needs: nothing but the checks stands between a fault and "live". Frames are face crops, which may
 * be of anything by themselves: what a face does to a run, test_session tries. */
#include <math.h>
#include "allocations.h"
#include "rig.h"

enum { CLIPS = 6, CLIP = 3, FRAMES = CLIP + CLIPS - 1, BYTES = SIZE * SIZE * 4 };

static struct random_model honest_file;
static long allocations; /* of an honest run */

/* What is done: everything that a fault may change. */
struct run {
    uint8_t *file;
    size_t file_size;
    struct livedepth_options options;
    bool no_model;
    long allocation;         /* that fails; 0: none */
    int reset_at, remake_at; /* before this frame; -1: never */
    struct livedepth_frame frames[FRAMES];
    uint8_t pixels[FRAMES][BYTES];
};

static uint32_t chance;

static uint32_t below(uint32_t limit)
{
    chance ^= chance << 13, chance ^= chance >> 17, chance ^= chance << 5;
    return chance % limit;
}

static void begin(struct run *run)
{
    run->file = malloc(honest_file.size);
    run->file_size = honest_file.size;
    memcpy(run->file, honest_file.bytes, honest_file.size);
    run->options = (struct livedepth_options){ 1, LIVEDEPTH_CROP_NONE, 0, 0, 0, 0 };
    run->no_model = false, run->allocation = 0, run->reset_at = run->remake_at = -1;
    for (int i = 0; i < FRAMES; i++) {
        paint(run->pixels[i], i);
        run->frames[i] = frame_of(run->pixels[i], 100.0 * i);
    }
}

/* --- faults --- */

static void still_picture(struct run *run)
{
    for (int i = 1; i < FRAMES; i++) memcpy(run->pixels[i], run->pixels[0], BYTES);
}

/* Weights by themselves are neither right nor wrong: with them goes a clip that is no person. */
static void bits_of_the_file(struct run *run)
{
    const uint32_t end = below(2) ? 2000 : (uint32_t)run->file_size; /* header, or anywhere */
    for (int i = 1 + (int)below(8); i > 0; i--) run->file[below(end)] ^= (uint8_t)(1 << below(8));
    still_picture(run);
}

static void end_of_the_file(struct run *run) { run->file_size = below((uint32_t)run->file_size); }

static void options(struct run *run)
{
    static const float shares[] = { -0.01f, 1.01f, INFINITY, -INFINITY, 1e30f };
    static const int32_t threads[] = { 0, -1, 65, INT32_MAX, INT32_MIN };
    static const int32_t clips[] = { -1, LIVEDEPTH_MAX_CLIPS + 1, INT32_MAX, CLIPS + 1 };
    switch (below(6)) {
    case 0: run->options.live_threshold = shares[below(COUNT(shares))]; break;
    case 1: run->options.spoof_threshold = shares[below(COUNT(shares))]; break;
    case 2: run->options.threads = threads[below(COUNT(threads))]; break;
    case 3: run->options.clips = clips[below(COUNT(clips))]; break;
    case 4: run->options.crop = below(2) ? 2 : LIVEDEPTH_CROP_FACE; break; /* without a detector */
    default: run->no_model = true;
    }
}

static void allocation(struct run *run) { run->allocation = 1 + below((uint32_t)allocations); }

/* What is refused of a frame. */
static void field(struct run *run)
{
    static const double times[] = { NAN, INFINITY, -INFINITY, -1, -1e300 };
    static const int32_t sides[] = {
        0, -1, INT32_MIN, LIVEDEPTH_MAX_SIDE + 1, INT32_MAX, SIZE + 1
    };
    struct livedepth_frame *frame = &run->frames[below(FRAMES)];
    switch (below(8)) {
    case 0: frame->width = sides[below(COUNT(sides))]; break;
    case 1: frame->height = sides[below(COUNT(sides))]; break;
    case 2: frame->format = 4 + (int32_t)below(1000); break;
    case 3: frame->rotation = 1 + (int32_t)below(89); break;
    case 4: frame->stride[0] = 1 + below(4 * SIZE - 1); break;
    case 5: frame->offset[0] = 1 + below(UINT32_MAX - 1); break;
    case 6: frame->size = below(BYTES); break;
    default: frame->time_ms = times[below(COUNT(times))];
    }
}

static void times(struct run *run)
{
    const int at = 1 + (int)below(FRAMES - 1);
    switch (below(4)) {
    case 0: run->frames[at].time_ms = run->frames[at - 1].time_ms; break; /* stands still */
    case 1: run->frames[at].time_ms = 100.0 * at - 250; break;            /* runs backwards */
    case 2:                                                               /* a gap */
        for (int i = at; i < FRAMES; i++) run->frames[i].time_ms += 300 + below(1000000);
        break;
    default: /* a clip of no length */
        for (int i = 0; i < FRAMES; i++) run->frames[i].time_ms = i * (1 + (double)below(40)) / 10;
    }
}

static void no_life(struct run *run)
{
    const int period = 1 + (int)below(3);
    switch (below(4)) {
    case 0: still_picture(run); break;
    case 1: /* one colour */ memset(run->pixels, (int)below(256), sizeof run->pixels); break;
    case 2: /* a loop */
        for (int i = period; i < FRAMES; i++)
            memcpy(run->pixels[i], run->pixels[i - period], BYTES);
        break;
    default: /* a still picture with a bit of noise */
        still_picture(run);
        for (int i = 0; i < FRAMES; i++)
            for (int n = 1 + (int)below(200); n > 0; n--)
                run->pixels[i][below(BYTES)] ^= (uint8_t)(1 << below(2));
    }
}

static void order_of_frames(struct run *run)
{
    const int a = (int)below(FRAMES), b = (a + 1 + (int)below(FRAMES - 1)) % FRAMES;
    const struct livedepth_frame frame = run->frames[a];
    run->frames[a] = run->frames[b], run->frames[b] = frame; /* with their times */
}

static void reset(struct run *run) { run->reset_at = 1 + (int)below(FRAMES - 1); }
static void another_session(struct run *run) { run->remake_at = 1 + (int)below(FRAMES - 1); }

static const struct {
    const char *name;
    void (*make)(struct run *run);
} faults[] = {
    { "bits of the file", bits_of_the_file },
    { "end of the file", end_of_the_file },
    { "options", options },
    { "allocation", allocation },
    { "field of a frame", field },
    { "times", times },
    { "no life", no_life },
    { "order of frames", order_of_frames },
    { "reset", reset },
    { "another session", another_session },
};

/* --- runs --- */

struct outcome {
    enum livedepth_status status; /* the first that was not OK */
    bool live;
};

static struct outcome play(const struct run *run)
{
    struct outcome outcome = { LIVEDEPTH_OK, false };
    struct livedepth_model *model = NULL;
    struct livedepth_session *session = NULL;
    struct livedepth_result result = { 0 };
    memory.first = memory.last = run->allocation, memory.asked = 0;
    outcome.status = livedepth_model_open(&model, run->file, run->file_size);
    if (!outcome.status)
        outcome.status =
            livedepth_session_create(&session, NULL, run->no_model ? NULL : model, &run->options);
    memory.first = 0;
    for (int i = 0; session && i < FRAMES; i++) {
        if (i == run->reset_at) livedepth_session_reset(session);
        if (i == run->remake_at) {
            livedepth_session_destroy(session);
            session = NULL; /* NO_MEMORY is not in this test's way any more */
            CHECK(!livedepth_session_create(&session, NULL, model, &run->options));
        }
        const enum livedepth_status status =
            livedepth_session_push(session, &run->frames[i], &result);
        if (status && !outcome.status) outcome.status = status;
        outcome.live = outcome.live || (!status && result.verdict == LIVEDEPTH_LIVE);
    }
    livedepth_session_destroy(session);
    livedepth_model_close(model);
    return outcome;
}

/* Counts a run by the first of its faults. */
static void check_run(uint32_t seed, int tally[COUNT(faults)][2])
{
    static struct run run;
    const long before = memory.live;
    uint32_t wanted = 0; /* a bit for each: the same twice, or in another order, may undo a fault */
    int first = 0;
    chance = (seed + 1) * 2654435761u;
    if (!chance) chance = 1;
    begin(&run);
    for (int n = 1 + (int)below(3), i = 0; i < n; i++) wanted |= 1u << below(COUNT(faults));
    for (int i = COUNT(faults) - 1; i >= 0; i--)
        if (wanted >> i & 1) first = i;
    for (int i = 0; i < COUNT(faults); i++)
        if (wanted >> i & 1) faults[i].make(&run);
    const struct outcome outcome = play(&run);
    free(run.file);
    tally[first][outcome.status ? 0 : 1]++;
    const bool typed = outcome.status != LIVEDEPTH_INTERNAL &&
                       strcmp(livedepth_status_text(outcome.status), "UNKNOWN");
    if (outcome.live || !typed || memory.live != before) {
        failures++;
        printf("  seed %u, %s and others: %s%s, %ld blocks left behind\n", (unsigned)seed,
               faults[first].name, livedepth_status_text(outcome.status),
               outcome.live ? ", live" : "", memory.live - before);
    }
}

static long runs = 300;

TEST(an_honest_run_is_live)
{
    static struct run run;
    begin(&run);
    run.allocation = INT32_MAX; /* none, but they are counted */
    const struct outcome outcome = play(&run);
    allocations = memory.asked;
    CHECK(outcome.status == LIVEDEPTH_OK && outcome.live && allocations > 0);
    free(run.file);
}

TEST(a_run_with_faults_is_not)
{
    static int tally[COUNT(faults)][2];
    for (long seed = 0; seed < runs; seed++) check_run((uint32_t)seed, tally);
    printf("  %ld runs, by the first of their faults:\n", runs);
    for (int i = 0; i < COUNT(faults); i++)
        printf("  %-18s %6d refused %6d not live\n", faults[i].name, tally[i][0], tally[i][1]);
}

int main(int argc, char **argv)
{
    const struct network_config config = { "fas-td", "paper", .input_size = 32, .width = 0.0625f,
                                           .frames = CLIP };
    honest_file = random_model(&config);
    if (argc > 1) runs = atol(argv[1]);
    RUN(an_honest_run_is_live);
    RUN(a_run_with_faults_is_not);
    free(honest_file.bytes);
    return test_end();
}
