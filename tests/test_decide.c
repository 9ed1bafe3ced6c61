/* From the scores of scorers and clips to a verdict: tables of input and expected answer. */
#include <math.h>
#include "../src/decide.h"
#include "test.h"

static const struct fusion PLAIN = {
    .scorers = 1, .plain = true, .needed = { true }, .weight = { 1 }
};
static const struct fusion THREE = {
    .scorers = 3, .needed = { true, true, false }, .weight = { 0.25f, 0.5f, 1 }, .bias = -0.5f
};

static struct decide_policy policy_of(struct fusion fusion, int clips, bool trained)
{
    return (struct decide_policy){ fusion, clips, 0.7f, 0.3f, trained };
}

TEST(verdicts)
{
    static const struct {
        bool trained;
        int needed, clips;
        float scores[3];
        enum livedepth_verdict verdict;
        enum livedepth_reason reason;
    } rows[] = {
        { true, 1, 0, { 0 }, LIVEDEPTH_UNDECIDED, LIVEDEPTH_REASON_CLIP_SHORT },
        { true, 1, 1, { 0.9f }, LIVEDEPTH_LIVE, LIVEDEPTH_REASON_NONE },
        { true, 1, 1, { 0.7f }, LIVEDEPTH_LIVE, LIVEDEPTH_REASON_NONE },
        { true, 1, 1, { 0.5f }, LIVEDEPTH_UNDECIDED, LIVEDEPTH_REASON_LOW_CONFIDENCE },
        { true, 1, 1, { 0.3f }, LIVEDEPTH_UNDECIDED, LIVEDEPTH_REASON_LOW_CONFIDENCE },
        { true, 1, 1, { 0.2f }, LIVEDEPTH_SPOOF, LIVEDEPTH_REASON_NONE },
        { true, 1, 3, { 1, 1, 0.25f }, LIVEDEPTH_LIVE, LIVEDEPTH_REASON_NONE },
        { true, 1, 3, { 1, 0, 0.5f }, LIVEDEPTH_UNDECIDED, LIVEDEPTH_REASON_LOW_CONFIDENCE },
        { true, 3, 2, { 1, 1 }, LIVEDEPTH_UNDECIDED, LIVEDEPTH_REASON_CLIP_SHORT },
        { true, 3, 2, { 0, 0 }, LIVEDEPTH_UNDECIDED, LIVEDEPTH_REASON_CLIP_SHORT },
        { true, 3, 3, { 1, 1, 1 }, LIVEDEPTH_LIVE, LIVEDEPTH_REASON_NONE },
        { true, 3, 3, { 0, 0, 0 }, LIVEDEPTH_SPOOF, LIVEDEPTH_REASON_NONE },
        { false, 1, 1, { 1 }, LIVEDEPTH_UNDECIDED, LIVEDEPTH_REASON_UNTRAINED },
        { false, 1, 1, { 0 }, LIVEDEPTH_UNDECIDED, LIVEDEPTH_REASON_UNTRAINED },
    };
    for (int i = 0; i < COUNT(rows); i++) {
        const struct decide_policy policy = policy_of(PLAIN, rows[i].needed, rows[i].trained);
        struct decide decide;
        enum livedepth_reason reason;
        decide_init(&decide, &policy);
        for (int j = 0; j < rows[i].clips; j++) decide_push(&decide, &rows[i].scores[j]);
        CHECK(decide_verdict(&decide, &reason) == rows[i].verdict);
        CHECK(reason == rows[i].reason);
        decide_reset(&decide);
        decide_wait(&decide, LIVEDEPTH_REASON_NO_FACE);
        CHECK(decide_verdict(&decide, &reason) == LIVEDEPTH_UNDECIDED);
        CHECK(reason == LIVEDEPTH_REASON_NO_FACE);
    }
}

TEST(a_clip_that_ran_away_decides_nothing)
{
    const struct decide_policy policy = policy_of(PLAIN, 1, true);
    const float live = 1;
    float score, vote;
    struct decide decide;
    enum livedepth_reason reason;
    decide_init(&decide, &policy);
    decide_ran_away(&decide);
    for (int i = 0; i < 9; i++) decide_push(&decide, &live);
    CHECK(decide_verdict(&decide, &reason) == LIVEDEPTH_UNDECIDED);
    CHECK(reason == LIVEDEPTH_REASON_NON_FINITE && decide.clips == 10);
    CHECK(isnan(decide_score(&decide, &score, &vote)));
}

TEST(a_doubt_keeps_from_live_and_makes_no_attack)
{
    const struct decide_policy policy = policy_of(PLAIN, 1, true);
    enum livedepth_reason reason;
    struct decide decide;
    for (int attack = 0; attack <= 1; attack++) {
        const float score = attack ? 0 : 1;
        decide_init(&decide, &policy);
        decide_push(&decide, &score);
        decide_doubt(&decide, LIVEDEPTH_REASON_FLAT_MOTION);
        CHECK(decide_verdict(&decide, &reason) == (attack ? LIVEDEPTH_SPOOF : LIVEDEPTH_UNDECIDED));
        CHECK(reason == (attack ? LIVEDEPTH_REASON_NONE : LIVEDEPTH_REASON_FLAT_MOTION));
        decide_doubt(&decide, LIVEDEPTH_REASON_NONE);
        CHECK(decide_verdict(&decide, &reason) == (attack ? LIVEDEPTH_SPOOF : LIVEDEPTH_LIVE));
    }
    decide_doubt(&decide, LIVEDEPTH_REASON_FLAT_MOTION);
    decide_break(&decide, LIVEDEPTH_REASON_FRAME_GAP); /* forgets it */
    const float live = 1;
    decide_push(&decide, &live);
    CHECK(decide_verdict(&decide, &reason) == LIVEDEPTH_LIVE);
}

TEST(what_was_scored_before_a_break_does_not_count)
{
    const struct decide_policy policy = policy_of(PLAIN, 2, true);
    const float live = 1, attack = 0;
    float score, vote;
    struct decide decide;
    enum livedepth_reason reason;
    decide_init(&decide, &policy);
    for (int i = 0; i < 5; i++) decide_push(&decide, &live);
    CHECK(decide_verdict(&decide, &reason) == LIVEDEPTH_LIVE);
    decide_wait(&decide, LIVEDEPTH_REASON_BLURRY); /* a pause is no break */
    CHECK(decide_verdict(&decide, &reason) == LIVEDEPTH_LIVE);
    decide_break(&decide, LIVEDEPTH_REASON_NO_FACE);
    CHECK(decide_verdict(&decide, &reason) == LIVEDEPTH_UNDECIDED && decide.clips == 0);
    CHECK(reason == LIVEDEPTH_REASON_NO_FACE);
    CHECK(isnan(decide_score(&decide, &score, &vote)));
    for (int i = 0; i < 2; i++) decide_push(&decide, &attack);
    CHECK(decide_verdict(&decide, &reason) == LIVEDEPTH_SPOOF);
}

static double logit(double p) { return log(p / (1 - p)); }

TEST(the_fusion_is_the_sigmoid_of_weighted_logits)
{
    static const float scores[][3] = {
        { 0.2f, 0.9f, 0.6f }, { 0.5f, 0.5f, 0.5f }, { 1, 1, 1 }, { 0, 0, 0 }, { 0.3f, 0.8f, NAN },
    };
    for (int i = 0; i < COUNT(scores); i++) {
        double sum = (double)THREE.bias;
        float votes[3];
        for (int j = 0; j < 3; j++)
            if (!isnan(scores[i][j]))
                sum += (double)THREE.weight[j] *
                       logit(fmin(fmax((double)scores[i][j], 1e-4), 1 - 1e-4));
        const float score = fusion_score(&THREE, scores[i], votes);
        CHECK_NEAR(score, 1 / (1 + exp(-sum)), 1e-6);
        float total = THREE.bias;
        for (int j = 0; j < 3; j++) {
            CHECK(isnan(votes[j]) == isnan(scores[i][j]));
            if (!isnan(votes[j])) total += votes[j];
        }
        CHECK_NEAR(total, sum, 2e-3); /* the clamp's logit as a float */
    }
    const float one = 0.123f;
    float vote;
    CHECK(fusion_score(&PLAIN, &one, &vote) == one);
}

TEST(without_a_needed_scorer_there_is_no_score)
{
    static const struct {
        float scores[3];
        bool complete;
    } rows[] = {
        { { 1, 1, 1 }, true },    { { 1, 1, NAN }, true },      { { NAN, 1, 1 }, false },
        { { 1, NAN, 1 }, false }, { { NAN, NAN, NAN }, false },
    };
    for (int i = 0; i < COUNT(rows); i++) {
        float votes[3];
        CHECK(fusion_complete(&THREE, rows[i].scores) == rows[i].complete);
        CHECK(isnan(fusion_score(&THREE, rows[i].scores, votes)) == !rows[i].complete);
    }
}

/* The fusion of the scorers' means, not the mean of fusions; a scorer's mean is over its own. */
TEST(the_score_fuses_the_means_over_the_clips)
{
    const struct decide_policy policy = policy_of(THREE, 1, true);
    static const float clips[][3] = { { 0.2f, 0.9f, NAN }, { 0.6f, 0.5f, 0.7f } };
    static const float means[] = { 0.4f, 0.7f, 0.7f };
    float scores[3], votes[3], unused[3];
    struct decide decide;
    decide_init(&decide, &policy);
    for (int i = 0; i < COUNT(clips); i++) decide_push(&decide, clips[i]);
    const float score = decide_score(&decide, scores, votes);
    for (int i = 0; i < 3; i++) CHECK_NEAR(scores[i], means[i], 1e-6);
    CHECK_NEAR(score, fusion_score(&THREE, means, unused), 1e-6);
}

int main(void)
{
    RUN(verdicts);
    RUN(a_clip_that_ran_away_decides_nothing);
    RUN(a_doubt_keeps_from_live_and_makes_no_attack);
    RUN(what_was_scored_before_a_break_does_not_count);
    RUN(the_fusion_is_the_sigmoid_of_weighted_logits);
    RUN(without_a_needed_scorer_there_is_no_score);
    RUN(the_score_fuses_the_means_over_the_clips);
    return test_end();
}
