/* model.h - a weight file that was opened and checked: a liveness model or the face detector. */
#ifndef MODEL_H
#define MODEL_H

#include "bundle.h"
#include "quality.h"

struct livedepth_model {
    struct weights *weights;
    bool is_detector;
    struct bundle bundle; /* of a liveness model, as are the rules of a good frame */
    struct quality_rules rules;
};

#endif
