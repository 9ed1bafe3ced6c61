/* clip.c - see clip.h. */
#include "clip.h"
#include <math.h>

static const float EARLY = 0.85f, GAP = 2.5f;

/* A face's move: of its centre, along each axis, in longer sides of the box before, and its
 * size as a ratio, either way. */
struct limits {
    float shift, ratio;
};
/* A quarter of the face is then outside a square of 1.5 boxes. */
static const struct limits DRIFT = { 0.5f, 1.6f };
/* From one frame to the next: of 90 live clips of webcams the largest were 0.58 and 1.52. */
static const struct limits JUMP = { 0.75f, 1.6f };

void clip_init(struct clip *clip, float interval_ms, int span)
{
    *clip = (struct clip){ .interval_ms = interval_ms, .span = span };
}

static bool passed(const struct clip *clip, double since_ms, double time_ms, float intervals)
{
    return time_ms - since_ms > (double)(intervals * clip->interval_ms);
}

bool clip_due(const struct clip *clip, double time_ms)
{
    return !clip->looked || time_ms - clip->last_ms >= (double)(EARLY * clip->interval_ms);
}

bool clip_starved(const struct clip *clip, double time_ms)
{
    return clip->run && passed(clip, clip->last_ms, time_ms, GAP);
}

bool clip_broken(const struct clip *clip, double time_ms)
{
    return clip->run && passed(clip, clip->taken_ms, time_ms, GAP);
}

void clip_look(struct clip *clip, double time_ms)
{
    clip->looked = true;
    clip->last_ms = time_ms;
}

void clip_start(struct clip *clip, struct rect face)
{
    clip->taken = 0;
    clip->first = face;
}

static float longer(struct rect box) { return fmaxf(box.width, box.height); }

static bool within(struct rect before, struct rect face, struct limits limits)
{
    const float dx = face.left + face.width / 2 - before.left - before.width / 2;
    const float dy = face.top + face.height / 2 - before.top - before.height / 2;
    const float ratio = longer(face) / longer(before), reach = limits.shift * longer(before);
    return fabsf(dx) <= reach && fabsf(dy) <= reach && ratio <= limits.ratio &&
           ratio >= 1 / limits.ratio;
}

bool clip_holds(const struct clip *clip, struct rect face)
{
    return clip->taken < clip->span || within(clip->first, face, DRIFT);
}

bool clip_follows(const struct clip *clip, struct rect face)
{
    return within(clip->last, face, JUMP);
}

void clip_take(struct clip *clip, struct rect face)
{
    clip->run = true;
    clip->taken++;
    clip->taken_ms = clip->last_ms;
    clip->last = face;
}

void clip_pause(struct clip *clip) { clip->taken = 0; }

void clip_break(struct clip *clip)
{
    clip->taken = 0;
    clip->run = false;
}

void clip_reset(struct clip *clip) { clip_init(clip, clip->interval_ms, clip->span); }
