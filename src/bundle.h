/* bundle.h - what a weight file says: views, the scorers that look at them, how they are fused.
 *
 * Everything that differs between presets is metadata of the file: a new preset is a new file,
 * never a new build. A file of format version 2 names its views and scorers, and the tensors and
 * metadata of a scorer begin with its name and a dot:
 *
 *     frame_interval_ms, clips, live_threshold, spoof_threshold, trained
 *     views             "face near"         view.face.scale, .size, .follows ("run" | "face"),
 *                                           .filter ("triangle" | "bilinear")
 *     scorers           "depth near"        depth.network, depth.view, depth.use ("needed" |
 *                                           "optional"), and what the network itself needs;
 *                                           near.every: see single.h
 *     quality.<check>.min, .max             see quality.h
 *     fusion.bias, fusion.depth, ...        see fusion.h; a scorer whose numbers run away stops all
 *                                           verdicts of its run, even if it is optional
 *     photo.live_threshold, photo.spoof_threshold, photo.bias, photo.near, ...
 *                                           if the file scores single photos: the fusion of the
 *                                           scorers that have a weight here, of networks that look
 *                                           at single frames
 *
 * A file of version 1 holds one network: its view and its only scorer get names here. */
#ifndef BUNDLE_H
#define BUNDLE_H

#include "decide.h"
#include "metadata.h"
#include "scorer.h"
#include "view.h"

_Static_assert((int)VIEW_NAME == (int)METADATA_WORD, "a view's name is a word of the metadata");

struct bundle_scorer {
    char name[METADATA_WORD];
    char prefix[METADATA_WORD + 1]; /* of its tensors and metadata: name and dot, or nothing */
    char network[METADATA_WORD];
    int view;
    int frames; /* of a clip */
};

struct bundle {
    int views, scorers;
    struct view view[LIVEDEPTH_MAX_VIEWS];
    struct bundle_scorer scorer[LIVEDEPTH_MAX_SCORERS];
    int frames;        /* of the longest clip */
    float interval_ms; /* between the frames of a clip: 100 = stride 3 at 30 fps */
    struct decide_policy policy;
    struct decide_policy photo; /* of one photo; it is fused of no scorer if there are no photos */
};

/* Does this scorer look at photos? */
bool bundle_sees_photos(const struct bundle *bundle, int scorer);

/* Reads and checks the metadata and every tensor of the file; nothing in it may be left over. */
enum livedepth_status bundle_read(struct bundle *bundle, const struct weights *weights);

/* Opens scorer i for the bytes of its view; photo: one frame is a clip. Borrows weights and pool
 * until it is destroyed. */
enum livedepth_status bundle_open(const struct bundle *bundle, const struct weights *weights, int i,
                                  bool photo, struct pthreadpool *pool, struct scorer **out);

#endif
