/* fuzz_api.c - any sequence of calls with any arguments: a typed status, outputs that are set on
 * success alone and lie in their ranges, and of a model that is not trained never "live". The input
 * is a program: a byte says what is called, the next ones with what. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "files.h"
#include "random_model.h"
#include "require.h"

enum { SESSIONS = 3, VIEW = 32, MOST_BYTES = 1 << 16, MOST_CALLS = 64, UNTOUCHED = 0xAB };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct {
    struct livedepth_model *model, *detector;
    struct livedepth_session *sessions[SESSIONS]; /* the first with a detector */
    bool own[SESSIONS];                           /* made by the program, with its options */
    const uint8_t *next, *end;                    /* of the program */
    double time_ms;
    struct livedepth_views cut; /* of the last frame that was taken, to be given again */
    uint8_t cut_bytes[VIEW * VIEW * 3];
} rig;

static unsigned byte(void) { return rig.next < rig.end ? *rig.next++ : 0; }

static uint32_t word(void)
{
    uint32_t value = 0;
    for (int i = 0; i < 4; i++) value = value << 8 | byte();
    return value;
}

/* A number near `right`, or any other. */
static uint32_t number(uint32_t right)
{
    switch (byte() % 8) {
    case 0: return right + byte();
    case 1: return right - 1;
    case 2: return word();
    case 3: return UINT32_MAX;
    case 4: return INT32_MAX;
    case 5: return 0;
    default: return right;
    }
}

static float share(void)
{
    static const float values[] = {
        NAN, 0, 0.3f, 0.7f, 1, -0.1f, 1.1f, INFINITY, 1e-30f, -INFINITY
    };
    return values[byte() % COUNT(values)];
}

static double next_time(void)
{
    static const double odd[] = { NAN, INFINITY, -INFINITY, -1, 0, 1e300, 1e15, 5e-324 };
    const unsigned how = byte();
    if (how < COUNT(odd)) return odd[how];
    return rig.time_ms + (how < 32 ? 5000 : how < 48 ? 1e-9 : how < 64 ? 0 : 100);
}

/* Destroys one and makes it anew, now and then with options that are refused. */
static void create(int which)
{
    struct livedepth_options options = livedepth_options_default();
    const unsigned how = byte();
    options.crop = which == 0 ? LIVEDEPTH_CROP_FACE : LIVEDEPTH_CROP_NONE;
    if (how & 1) options.live_threshold = share(), options.spoof_threshold = share();
    if (how & 2) options.clips = (int32_t)number(3);
    if (how & 4) options.crop = (int32_t)number(LIVEDEPTH_CROP_NONE);
    if (how & 8) options.threads = (int32_t)(byte() % 3) - 1; /* 0 and -1 are refused */
    struct livedepth_session *session = NULL;
    const enum livedepth_status status =
        livedepth_session_create(&session, how & 16 ? NULL : rig.detector,
                                 how & 32 ? rig.detector : rig.model, how & 64 ? NULL : &options);
    require((status == LIVEDEPTH_OK) == (session != NULL));
    require(status == LIVEDEPTH_OK || status == LIVEDEPTH_BAD_ARGUMENT);
    if (!session) return;
    livedepth_session_destroy(rig.sessions[which]);
    rig.sessions[which] = session, rig.own[which] = true;
}

/* The sessions as a program finds them. Making one takes longer than most programs. */
static void begin(void)
{
    for (int i = 0; i < SESSIONS; i++) {
        if (rig.sessions[i] && !rig.own[i]) {
            livedepth_session_reset(rig.sessions[i]);
            continue;
        }
        struct livedepth_options options = livedepth_options_default();
        options.crop = i == 0 ? LIVEDEPTH_CROP_FACE : LIVEDEPTH_CROP_NONE;
        livedepth_session_destroy(rig.sessions[i]);
        require(!livedepth_session_create(&rig.sessions[i], rig.detector, rig.model, &options));
        rig.own[i] = false;
    }
    rig.time_ms = 0;
    memset(&rig.cut, 0, sizeof rig.cut);
}

static bool share_or_none(float value) { return isnan(value) || (value >= 0 && value <= 1); }

/* What every answer has to be. */
static void check(enum livedepth_status status, const struct livedepth_result *result)
{
    if (status) {
        const uint8_t *bytes = (const uint8_t *)result;
        for (size_t i = 0; i < sizeof *result; i++) require(bytes[i] == UNTOUCHED);
        require(status == LIVEDEPTH_BAD_ARGUMENT ||
                (status >= LIVEDEPTH_FRAME_BAD_SIZE && status <= LIVEDEPTH_FRAME_BAD_TIMESTAMP));
        require(*livedepth_error_detail());
        return;
    }
    require((unsigned)result->state <= LIVEDEPTH_SCORED);
    require(result->verdict != LIVEDEPTH_LIVE && (unsigned)result->verdict <= LIVEDEPTH_SPOOF);
    require((result->reason == LIVEDEPTH_REASON_NONE) == (result->verdict != LIVEDEPTH_UNDECIDED));
    require(strcmp(livedepth_reason_text(result->reason), "unknown"));
    require(strcmp(livedepth_reason_text(result->frame_reason), "unknown"));
    require(result->clips >= 0 && result->frames >= 0 && result->clip_frames >= 0);
    require(result->run_frames >= 0 && result->run_frames <= result->frames);
    require(share_or_none(result->score) && share_or_none(result->clip_score));
    for (int i = 0; i < LIVEDEPTH_MAX_SCORERS; i++) require(share_or_none(result->scores[i]));
}

/* Keeps what was cut, for push_views. */
static void keep(const struct livedepth_session *session, const struct livedepth_result *result)
{
    const uint8_t *view = livedepth_session_view(session, 0);
    if (!view || result->views[0][2] <= 0) return;
    memcpy(rig.cut_bytes, view, sizeof rig.cut_bytes);
    rig.cut = (struct livedepth_views){ rig.cut_bytes,
                                        sizeof rig.cut_bytes,
                                        result->width,
                                        result->height,
                                        0,
                                        { 0 },
                                        { { 0 } },
                                        result->turn,
                                        0 };
    memcpy(rig.cut.face, result->box, sizeof result->box);
    memcpy(rig.cut.squares[0], result->views[0], sizeof result->views[0]);
}

static int32_t side(void)
{
    const unsigned how = byte();
    return how % 16 == 0 ? (int32_t)word() : how % 16 == 1 ? LIVEDEPTH_MAX_SIDE : 1 + how % 64;
}

static void push(struct livedepth_session *session)
{
    struct livedepth_frame frame = { .width = side(), .height = side() };
    const unsigned how = byte(), noise = byte();
    frame.format = how % 8 == 7 ? (int32_t)word() : (int32_t)(how % 4);
    frame.rotation = how % 11 == 10 ? (int32_t)how : 90 * (int32_t)(how % 4);
    frame.full_range = how & 1;
    const uint64_t w = frame.width > 0 ? (uint64_t)frame.width : 0;
    const uint64_t h = frame.height > 0 ? (uint64_t)frame.height : 0;
    const bool rgb = frame.format <= LIVEDEPTH_BGRA;
    for (int i = 0; how & 64 && i < 3; i++) {
        frame.offset[i] = number((uint32_t)(i ? w * h : 0));
        frame.stride[i] = number((uint32_t)(rgb ? 4 * w : i ? (w + 1) / 2 : w));
    }
    const uint64_t need = rgb ? w * h * 4 : w * h + 2 * ((w + 1) / 2) * ((h + 1) / 2);
    frame.size = need < MOST_BYTES ? (size_t)need : MOST_BYTES;
    if (how & 128) frame.size = number((uint32_t)frame.size) % MOST_BYTES;
    uint8_t *bytes = malloc(frame.size ? frame.size : 1); /* exact: ASan sees any step outside */
    require(bytes != NULL);
    for (size_t i = 0; i < frame.size; i++) bytes[i] = (uint8_t)(i * i * noise + i * 7 + noise);
    frame.data = bytes;
    frame.time_ms = next_time();

    struct livedepth_result result;
    memset(&result, UNTOUCHED, sizeof result);
    const enum livedepth_status status = livedepth_session_push(session, &frame, &result);
    check(status, &result);
    if (!status) rig.time_ms = frame.time_ms, keep(session, &result);
    free(bytes);
}

static void push_views(struct livedepth_session *session)
{
    struct livedepth_views views = rig.cut;
    const unsigned how = byte();
    if (!views.data) views.data = rig.cut_bytes;
    if (how & 1) views.size = number((uint32_t)views.size) % (sizeof rig.cut_bytes + 1);
    if (how & 2) views.width = (int32_t)number((uint32_t)views.width);
    if (how & 4) views.face[byte() % 4] = share();
    if (how & 8) views.squares[byte() % LIVEDEPTH_MAX_VIEWS][byte() % 4] = share();
    if (how & 16) rig.cut_bytes[word() % sizeof rig.cut_bytes] ^= (uint8_t)(1 << byte() % 8);
    views.paused = how >> 7;
    views.time_ms = next_time();

    struct livedepth_result result;
    memset(&result, UNTOUCHED, sizeof result);
    const enum livedepth_status status = livedepth_session_push_views(session, &views, &result);
    check(status, &result);
    if (!status) rig.time_ms = views.time_ms;
}

/* Reads every number of the maps, which the sanitizers watch. */
static void depth(const struct livedepth_session *session)
{
    const int size = livedepth_session_depth_size(session);
    const float *map = livedepth_session_depth(session, (int8_t)byte());
    for (int i = 0; map && i < size * size; i++) require(isfinite(map[i]));
}

static void masked_score(const struct livedepth_session *session)
{
    static float masks[NETWORK_MAX_FRAMES * 32 * 32];
    const float value = share();
    float score = -1;
    for (int i = 0; i < COUNT(masks); i++) masks[i] = i % 40 ? 1 : value;
    const enum livedepth_status status = livedepth_session_masked_score(session, masks, &score);
    require(status ? status == LIVEDEPTH_BAD_ARGUMENT && score == -1 : share_or_none(score));
}

/* A file with a changed byte, opened and closed. */
static void reopen(struct random_model *file)
{
    const size_t at = word() % file->size;
    const uint8_t before = file->bytes[at];
    struct livedepth_model *model = NULL;
    file->bytes[at] ^= (uint8_t)(1 << byte() % 8);
    const enum livedepth_status status = livedepth_model_open(&model, file->bytes, file->size);
    require((status == LIVEDEPTH_OK) == (model != NULL));
    livedepth_model_close(model);
    file->bytes[at] = before;
}

static struct random_model small_file(void)
{
    const struct network_config config = { "fas-td", "paper", .input_size = VIEW, .width = 0.0625f,
                                           .frames = 3 };
    struct random_model file = random_model(&config);
    random_model_edit(&file, "\"trained\":\"yes\"", "\"trained\": \"no\"");
    return file;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct random_model file, other;
    static struct file detector;
    if (!rig.model) {
        detector = file_read("build/blazeface-short.safetensors");
        file = small_file(), other = small_file();
        require(!livedepth_model_open(&rig.model, file.bytes, file.size));
        require(!livedepth_model_open(&rig.detector, detector.bytes, detector.size));
    }
    rig.next = data, rig.end = data + size;
    begin();
    for (int calls = 0; rig.next < rig.end && calls < MOST_CALLS; calls++) {
        const unsigned what = byte();
        const int which =
            what >> 5 ? 1 + (int)(what >> 5) % 2 : 0; /* finding faces takes longest */
        struct livedepth_session *session = rig.sessions[which];
        switch (what % 16) {
        case 0: create(which); break;
        case 1:
            livedepth_session_reset(session);
            rig.time_ms = 0;
            break;
        case 2: depth(session); break;
        case 3: masked_score(session); break;
        case 4: reopen(&other); break;
        case 5:
        case 6:
        case 7: push_views(session); break;
        default: push(session); break;
        }
    }
    return 0;
}
