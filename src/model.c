/* model.c - see model.h and livedepth.h. */
#include "model.h"
#include <stdlib.h>
#include <string.h>

static enum livedepth_status check_detector(const struct weights *weights)
{
    struct face_detector *detector = NULL;
    TRY(face_detector_create(&detector, weights, NULL));
    face_detector_destroy(detector);
    return LIVEDEPTH_OK;
}

static enum livedepth_status check(struct livedepth_model *model)
{
    const struct weights_part file = weights_whole(model->weights);
    const char *name = weights_metadata(file, "network");
    const struct bundle *bundle = &model->bundle;
    model->is_detector = name && !strcmp(name, "blazeface-short");
    if (model->is_detector) return check_detector(model->weights);
    TRY(bundle_read(&model->bundle, model->weights));
    return quality_rules_read(&model->rules, file, view_largest_face(bundle->view, bundle->views),
                              bundle->interval_ms);
}

enum livedepth_status livedepth_model_open(struct livedepth_model **out, const void *bytes,
                                           size_t size)
{
    if (!out || !bytes) return fail(LIVEDEPTH_BAD_ARGUMENT, "livedepth_model_open: NULL");
    struct livedepth_model *model = calloc(1, sizeof *model);
    if (!model) return fail(LIVEDEPTH_NO_MEMORY, "model");
    enum livedepth_status status = weights_open(&model->weights, bytes, size);
    if (status == LIVEDEPTH_OK) status = check(model);
    if (status == LIVEDEPTH_OK) *out = model;
    else livedepth_model_close(model);
    return status;
}

void livedepth_model_close(struct livedepth_model *model)
{
    if (!model) return;
    weights_close(model->weights);
    free(model);
}

const char *livedepth_model_info(const struct livedepth_model *model, const char *key)
{
    return weights_metadata(weights_whole(model->weights), key);
}

const char *livedepth_model_view(const struct livedepth_model *model, int32_t view)
{
    return view >= 0 && view < model->bundle.views ? model->bundle.view[view].name : NULL;
}

const char *livedepth_model_scorer(const struct livedepth_model *model, int32_t scorer)
{
    return scorer >= 0 && scorer < model->bundle.scorers ? model->bundle.scorer[scorer].name : NULL;
}
