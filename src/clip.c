/* clip.c - see clip.h. */
#include "clip.h"
#include <math.h>

static const float EARLY = 0.85f, GAP = 2.5f, SHIFT = 0.15f, SHRINK = 0.75f, GROW = 4.0f / 3;

void clip_init(struct clip *clip, int frames, float interval_ms)
{
    *clip = (struct clip){ .frames = frames, .interval_ms = interval_ms };
}

enum clip_due clip_due(const struct clip *clip, double time_ms)
{
    if (!clip->looked) return CLIP_DUE;
    const double passed = time_ms - clip->last_ms;
    if (passed < (double)(EARLY * clip->interval_ms)) return CLIP_NOT_DUE;
    return clip->taken && passed > (double)(GAP * clip->interval_ms) ? CLIP_AFTER_GAP : CLIP_DUE;
}

void clip_look(struct clip *clip, double time_ms)
{
    clip->looked = true;
    clip->last_ms = time_ms;
}

void clip_restart(struct clip *clip) { clip->taken = 0; }

void clip_reset(struct clip *clip) { clip_init(clip, clip->frames, clip->interval_ms); }

void clip_start(struct clip *clip, struct rect face, float scale, int width, int height)
{
    const float w = (float)width, h = (float)height;
    const float side = fminf(scale * fmaxf(face.width, face.height), fminf(w, h));
    const float left = face.left + (face.width - side) / 2,
                top = face.top + (face.height - side) / 2;
    clip->taken = 0;
    clip->face = face;
    clip->crop = (struct rect){ fminf(fmaxf(left, 0), w - side), fminf(fmaxf(top, 0), h - side),
                                side, side };
}

bool clip_holds(const struct clip *clip, struct rect face)
{
    const struct rect first = clip->face;
    const float dx = face.left + face.width / 2 - first.left - first.width / 2;
    const float dy = face.top + face.height / 2 - first.top - first.height / 2;
    const float ratio = fmaxf(face.width, face.height) / fmaxf(first.width, first.height);
    const float reach = SHIFT * clip->crop.width;
    return fabsf(dx) <= reach && fabsf(dy) <= reach && ratio >= SHRINK && ratio <= GROW;
}

bool clip_full(const struct clip *clip) { return clip->taken >= clip->frames; }
