/* bundle.c - see bundle.h. */
#include "bundle.h"
#include "fas.h"
#include "single.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

/* The kind of scorer that a network is. */
static const struct {
    const char *network;
    scorer_check_fn *check;
    scorer_open_fn *open;
    bool single; /* it looks at single frames */
} kinds[] = {
    { "fas-td", fas_check, fas_open, false },
    { "fas-sgtd", fas_check, fas_open, false },
    { "minifasnet-v2", single_check, single_open, true },
    { "minifasnet-v1se", single_check, single_open, true },
};

/* Clips that a verdict rests on where a file of version 1 does not say: a second of frames. */
enum { CLIPS = 6 };

static int find_kind(const char *network)
{
    for (int i = 0; i < COUNT(kinds); i++)
        if (!strcmp(kinds[i].network, network)) return i;
    return -1;
}

static struct weights_part part_of(const struct weights *weights,
                                   const struct bundle_scorer *scorer)
{
    return (struct weights_part){ weights, scorer->prefix };
}

/* --- the numbers of the whole file --- */

static enum livedepth_status read_policy(struct bundle *bundle, struct weights_part file)
{
    struct decide_policy *policy = &bundle->policy;
    TRY(metadata_float(file, "frame_interval_ms", 1, 10000, &bundle->interval_ms));
    TRY(metadata_float(file, "live_threshold", 0, 1, &policy->live_threshold));
    TRY(metadata_float(file, "spoof_threshold", 0, policy->live_threshold,
                       &policy->spoof_threshold));
    TRY(metadata_choice(file, "trained", "no", "yes", &policy->trained));
    policy->clips = CLIPS;
    if (weights_metadata(file, "clips"))
        TRY(metadata_int(file, "clips", 1, LIVEDEPTH_MAX_CLIPS, &policy->clips));
    return LIVEDEPTH_OK;
}

/* A view's scale and size, under the names that they have in this version. */
static enum livedepth_status read_square(struct view *view, struct weights_part part,
                                         const char *scale, const char *size)
{
    TRY(metadata_float(part, scale, 0.5f, 8, &view->scale));
    return metadata_int(part, size, 32, VIEW_MAX_SIZE, &view->size);
}

/* --- a file of one network --- */

static enum livedepth_status read_one(struct bundle *bundle, struct weights_part file)
{
    struct view *view = &bundle->view[0];
    struct bundle_scorer *scorer = &bundle->scorer[0];
    bundle->views = bundle->scorers = 1;
    *view = (struct view){ .name = "face", .follows = VIEW_FOLLOWS_RUN };
    TRY(read_square(view, file, "crop_scale", "input_size"));
    *scorer = (struct bundle_scorer){ .name = "depth" };
    bundle->policy.fusion =
        (struct fusion){ .scorers = 1, .plain = true, .needed = { true }, .weight = { 1 } };
    return metadata_text(file, "network", scorer->network, sizeof scorer->network);
}

/* --- a file that names its views and scorers --- */

static enum livedepth_status read_view(struct view *view, struct weights_part file)
{
    char prefix[METADATA_WORD + sizeof "view.."];
    const struct weights_part part = { file.weights, prefix };
    bool face, bilinear;
    snprintf(prefix, sizeof prefix, "view.%s.", view->name);
    TRY(read_square(view, part, "scale", "size"));
    TRY(metadata_choice(part, "follows", "run", "face", &face));
    if (!weights_metadata(part, "filter"))
        return fail(LIVEDEPTH_WEIGHTS_BAD_METADATA, "metadata view.%s.filter is missing",
                    view->name); /* the wrong one costs half of what MiniFASNet can do */
    TRY(metadata_choice(part, "filter", "triangle", "bilinear", &bilinear));
    view->follows = face ? VIEW_FOLLOWS_FACE : VIEW_FOLLOWS_RUN;
    view->filter = bilinear ? IMAGE_BILINEAR : IMAGE_TRIANGLE;
    return LIVEDEPTH_OK;
}

static enum livedepth_status read_views(struct bundle *bundle, struct weights_part file)
{
    char names[LIVEDEPTH_MAX_VIEWS][METADATA_WORD];
    TRY(metadata_words(file, "views", LIVEDEPTH_MAX_VIEWS, names, &bundle->views));
    for (int i = 0; i < bundle->views; i++) {
        strcpy(bundle->view[i].name, names[i]);
        TRY(read_view(&bundle->view[i], file));
    }
    return LIVEDEPTH_OK;
}

/* The view that a scorer looks at. */
static enum livedepth_status find_view(const struct bundle *bundle, struct weights_part part,
                                       int *view)
{
    char name[METADATA_WORD];
    TRY(metadata_text(part, "view", name, sizeof name));
    for (*view = 0; *view < bundle->views; ++*view)
        if (!strcmp(bundle->view[*view].name, name)) return LIVEDEPTH_OK;
    return fail(LIVEDEPTH_WEIGHTS_BAD_METADATA, "metadata %sview: no view %s", part.prefix, name);
}

static enum livedepth_status read_scorer(struct bundle *bundle, int i, struct weights_part file)
{
    struct bundle_scorer *scorer = &bundle->scorer[i];
    struct fusion *fusion = &bundle->policy.fusion;
    bool optional;
    snprintf(scorer->prefix, sizeof scorer->prefix, "%s.", scorer->name);
    const struct weights_part part = part_of(file.weights, scorer),
                              weights = { file.weights, "fusion." };
    TRY(find_view(bundle, part, &scorer->view));
    TRY(metadata_choice(part, "use", "needed", "optional", &optional));
    TRY(metadata_float(weights, scorer->name, 0, 100, &fusion->weight[i]));
    fusion->needed[i] = !optional;
    return metadata_text(part, "network", scorer->network, sizeof scorer->network);
}

static enum livedepth_status read_scorers(struct bundle *bundle, struct weights_part file)
{
    const struct weights_part weights = { file.weights, "fusion." };
    struct fusion *fusion = &bundle->policy.fusion;
    char names[LIVEDEPTH_MAX_SCORERS][METADATA_WORD];
    float sum = 0; /* of those that are needed: without them the bias alone would decide */
    TRY(metadata_words(file, "scorers", LIVEDEPTH_MAX_SCORERS, names, &bundle->scorers));
    *fusion = (struct fusion){ .scorers = bundle->scorers };
    TRY(metadata_float(weights, "bias", -100, 100, &fusion->bias));
    for (int i = 0; i < bundle->scorers; i++) {
        strcpy(bundle->scorer[i].name, names[i]);
        TRY(read_scorer(bundle, i, file));
        if (fusion->needed[i]) sum += fusion->weight[i];
    }
    if (!(sum > 0))
        return fail(LIVEDEPTH_WEIGHTS_BAD_METADATA,
                    "metadata fusion.%s: no scorer that is needed has a weight", names[0]);
    return LIVEDEPTH_OK;
}

/* --- how one photo is scored --- */

bool bundle_sees_photos(const struct bundle *bundle, int scorer)
{
    return bundle->photo.fusion.needed[scorer];
}

static enum livedepth_status read_photo(struct bundle *bundle, struct weights_part file)
{
    const struct weights_part part = { file.weights, "photo." };
    struct decide_policy *photo = &bundle->photo;
    struct fusion *fusion = &photo->fusion;
    float sum = 0;
    if (!weights_metadata(part, "live_threshold")) return LIVEDEPTH_OK;
    *photo = (struct decide_policy){ .fusion.scorers = bundle->scorers,
                                     .clips = 1,
                                     .trained = bundle->policy.trained };
    TRY(metadata_float(part, "live_threshold", 0, 1, &photo->live_threshold));
    TRY(metadata_float(part, "spoof_threshold", 0, photo->live_threshold, &photo->spoof_threshold));
    TRY(metadata_float(part, "bias", -100, 100, &fusion->bias));
    for (int i = 0; i < bundle->scorers; i++) {
        const char *name = bundle->scorer[i].name, *network = bundle->scorer[i].network;
        if (!weights_metadata(part, name)) continue;
        if (!kinds[find_kind(network)].single)
            return fail(LIVEDEPTH_WEIGHTS_BAD_METADATA, "metadata photo.%s: %s needs a clip", name,
                        network);
        TRY(metadata_float(part, name, 0, 100, &fusion->weight[i]));
        fusion->needed[i] = true;
        sum += fusion->weight[i];
    }
    if (!(sum > 0))
        return fail(LIVEDEPTH_WEIGHTS_BAD_METADATA, "metadata photo.*: no scorer has a weight");
    return LIVEDEPTH_OK;
}

/* --- the whole --- */

static enum livedepth_status check_scorer(struct bundle *bundle, const struct weights *weights,
                                          int i, struct scorer_facts *facts)
{
    struct bundle_scorer *scorer = &bundle->scorer[i];
    const int kind = find_kind(scorer->network);
    if (kind < 0)
        return fail(LIVEDEPTH_WEIGHTS_BAD_METADATA, "metadata %snetwork: no network %s",
                    scorer->prefix, scorer->network);
    TRY(kinds[kind].check(part_of(weights, scorer), bundle->view[scorer->view].size, facts));
    scorer->frames = facts->frames;
    bundle->frames = max_int(bundle->frames, scorer->frames);
    return LIVEDEPTH_OK;
}

/* The fused score where each scorer says this; one that would lower it is away if it may be. */
static float highest_score(const struct fusion *fusion, const float *says)
{
    float scores[LIVEDEPTH_MAX_SCORERS], votes[LIVEDEPTH_MAX_SCORERS];
    for (int i = 0; i < fusion->scorers; i++)
        scores[i] = fusion->needed[i] || says[i] > 0.5f ? says[i] : NAN;
    return fusion_score(fusion, scores, votes);
}

/* Calibrations, biases, thresholds and last layers do not make every input live: the lowest score
 * is spoof, and where every network says a tenth of what it can, that is not live yet. (The first
 * alone holds of a calibration that makes all but a raw score of 0 live, and nothing has that.)
 *
 * It is computed from what the last layers can say of any numbers before them, which costs
 * microseconds. To run the networks on pictures of our own would cost more than the first frame of
 * a session, and prove no more: good networks may say what they like of grey or of noise. */
static enum livedepth_status check_can_refuse(const struct decide_policy *policy,
                                              const struct scorer_facts *facts, bool photo)
{
    const char *part = photo ? "photo." : "", *what = photo ? "photo" : "clip";
    float lowest[LIVEDEPTH_MAX_SCORERS], low[LIVEDEPTH_MAX_SCORERS];
    for (int i = 0; i < policy->fusion.scorers; i++)
        lowest[i] = facts[i].lowest, low[i] = facts[i].low;
    float score = highest_score(&policy->fusion, lowest);
    if (!(score < policy->spoof_threshold))
        return fail(LIVEDEPTH_WEIGHTS_BAD_METADATA,
                    "metadata %sspoof_threshold: no %s could be spoof, the lowest score is %g",
                    part, what, (double)score);
    score = highest_score(&policy->fusion, low);
    if (!(score < policy->live_threshold))
        return fail(LIVEDEPTH_WEIGHTS_BAD_METADATA,
                    "metadata %slive_threshold: almost every %s would be live, where its networks "
                    "say a tenth of what they can the score is %g",
                    part, what, (double)score);
    return LIVEDEPTH_OK;
}

/* Every view has a scorer, every tensor a scorer that asks for it: those of its part were checked
 * with it. */
static enum livedepth_status check_rest(const struct bundle *bundle, const struct weights *weights)
{
    for (int i = 0; i < bundle->views; i++) {
        bool used = false;
        for (int j = 0; j < bundle->scorers; j++) used |= bundle->scorer[j].view == i;
        if (!used)
            return fail(LIVEDEPTH_WEIGHTS_BAD_METADATA, "metadata views: no scorer looks at %s",
                        bundle->view[i].name);
    }
    for (int i = 0; i < weights_count(weights); i++) {
        const char *name = weights_at(weights, i)->name;
        bool owned = false;
        for (int j = 0; j < bundle->scorers; j++) {
            const char *prefix = bundle->scorer[j].prefix;
            owned |= !strncmp(name, prefix, strlen(prefix));
        }
        if (!owned)
            return fail(LIVEDEPTH_WEIGHTS_UNEXPECTED, "tensor %s belongs to no scorer", name);
    }
    return LIVEDEPTH_OK;
}

enum livedepth_status bundle_read(struct bundle *bundle, const struct weights *weights)
{
    const struct weights_part file = weights_whole(weights);
    *bundle = (struct bundle){ 0 };
    if (weights_version(weights) == 1) {
        TRY(read_one(bundle, file));
    } else {
        TRY(read_views(bundle, file));
        TRY(read_scorers(bundle, file));
    }
    TRY(read_policy(bundle, file));
    struct scorer_facts facts[LIVEDEPTH_MAX_SCORERS];
    for (int i = 0; i < bundle->scorers; i++) TRY(check_scorer(bundle, weights, i, &facts[i]));
    TRY(check_can_refuse(&bundle->policy, facts, false));
    if (weights_version(weights) != 1) TRY(read_photo(bundle, file));
    if (bundle->photo.fusion.scorers) TRY(check_can_refuse(&bundle->photo, facts, true));
    return check_rest(bundle, weights);
}

enum livedepth_status bundle_open(const struct bundle *bundle, const struct weights *weights, int i,
                                  bool photo, struct pthreadpool *pool, struct scorer **out)
{
    const struct bundle_scorer *scorer = &bundle->scorer[i];
    TRY(kinds[find_kind(scorer->network)].open(out, part_of(weights, scorer),
                                               bundle->view[scorer->view].size, pool));
    if (photo) (*out)->frames = 1;
    return LIVEDEPTH_OK;
}
