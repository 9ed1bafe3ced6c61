/* nn_xnnpack.c - see nn_xnnpack.h. */
#include "nn_xnnpack.h"
#include <float.h>
#include <math.h>
#include <xnnpack.h>

_Static_assert(XNN_EXTRA_BYTES <= NN_EXTRA, "so much lies behind each tensor");
_Static_assert(XNN_EXTRA_BYTES <= 64, "memory_create leaves 64 bytes behind a block");

enum livedepth_status nn_start_xnnpack(void)
{
    if (xnn_initialize(NULL) == xnn_status_success) return LIVEDEPTH_OK;
    return fail(LIVEDEPTH_NO_MEMORY, "XNNPACK could not start");
}

/* For operators that know no stride. */
static enum livedepth_status dense(const struct tensor *x)
{
    if (nn_stride_of(x) == x->c) return LIVEDEPTH_OK;
    return fail(LIVEDEPTH_INTERNAL, "%s is part of a wider tensor", x->name);
}

enum livedepth_status nn_create_operator(struct nn *nn, struct step *step)
{
    const struct tensor *x = step->in[0], *y = step->out;
    const size_t h = (size_t)x->h, w = (size_t)x->w, c = (size_t)x->c;
    const size_t from = (size_t)nn_stride_of(x), to = (size_t)nn_stride_of(y);
    const uint32_t k = (uint32_t)step->k, stride = (uint32_t)step->stride;
    size_t alignment = 1, out_h, out_w, *workspace = &step->workspace.bytes;
    enum xnn_status created, reshaped = xnn_status_success;

    switch (step->kind) {
    case KIND_CONV: {
        const size_t in = step->linear ? h * w * c : c;
        const size_t groups = step->by_channel ? in : 1;
        const uint32_t around = step->pad == PAD_AROUND ? k / 2 : 0;
        /* Finite bounds choose the clamping kernels: V8 ran XNNPACK's unclamped ones at 21 instead
         * of 31 GFLOP/s (simd128, 3x3, side by side). */
        created = xnn_create_convolution2d_nhwc_f32(
            around, around, around, around, k, k, stride, stride, 1, 1, (uint32_t)groups,
            in / groups, (size_t)y->c / groups, step->linear ? in : from, to, step->weight,
            step->bias, step->act == ACT_RELU ? 0.0f : -FLT_MAX, FLT_MAX,
            (step->pad == PAD_SAME ? XNN_FLAG_TENSORFLOW_SAME_PADDING : 0) |
                (step->by_channel ? XNN_FLAG_DEPTHWISE_CONVOLUTION : 0),
            NULL, NULL, &step->operator);
        if (step->operator)
            reshaped = xnn_reshape_convolution2d_nhwc_f32(step->operator, 1, step->linear ? 1 : h,
                                                          step->linear ? 1 : w, workspace,
                                                          &alignment, &out_h, &out_w, nn->pool);
        break;
    }
    case KIND_MAXPOOL:
        created = xnn_create_max_pooling2d_nhwc_f32(0, 0, 0, 0, 2, 2, 2, 2, 1, 1, -INFINITY,
                                                    INFINITY, 0, &step->operator);
        if (step->operator)
            reshaped = xnn_reshape_max_pooling2d_nhwc_f32(step->operator, 1, h, w, c, from, to,
                                                          &out_h, &out_w, nn->pool);
        break;
    case KIND_RESIZE:
        created = xnn_create_resize_bilinear2d_nhwc_f32(
            (size_t)y->h, (size_t)y->w,
            step->resize == RESIZE_LEGACY ? XNN_FLAG_TENSORFLOW_LEGACY_MODE : 0, &step->operator);
        if (step->operator)
            reshaped = xnn_reshape_resize_bilinear2d_nhwc_f32(step->operator, 1, h, w, c, from, to,
                                                              workspace, &alignment, nn->pool);
        break;
    case KIND_MEAN:
        TRY(dense(x));
        created = xnn_create_reduce_nd(xnn_reduce_mean, xnn_datatype_fp32, NULL, NULL, 0,
                                       &step->operator);
        if (step->operator)
            reshaped = xnn_reshape_reduce_nd(step->operator, 2, (int64_t[]){ 0, 1 }, 3,
                                             (size_t[]){ h, w, c }, NULL, NULL, nn->pool);
        break;
    case KIND_SCALE:
        TRY(dense(x));
        TRY(dense(y));
        created = xnn_create_binary_elementwise_nd(xnn_binary_multiply, xnn_datatype_fp32, NULL,
                                                   NULL, NULL, 0, &step->operator);
        if (step->operator)
            reshaped = xnn_reshape_binary_elementwise_nd(step->operator, 2, (size_t[]){ h * w, c },
                                                         2, (size_t[]){ 1, c }, nn->pool);
        break;
    default:
        created = xnn_create_unary_elementwise_nc(
            step->kind == KIND_TANH ? xnn_unary_tanh : xnn_unary_sigmoid, xnn_datatype_fp32,
            xnn_datatype_fp32, NULL, NULL, NULL, 0, &step->operator);
        if (step->operator)
            reshaped =
                xnn_reshape_unary_elementwise_nc(step->operator, h * w, c, from, to, nn->pool);
        break;
    }
    /* Out of memory XNNPACK may report success without an operator. */
    if (created == xnn_status_out_of_memory || reshaped == xnn_status_out_of_memory ||
        (created == xnn_status_success && !step->operator))
        return fail(LIVEDEPTH_NO_MEMORY, "%s %s", step->label, y->name);
    if (created != xnn_status_success || reshaped != xnn_status_success || alignment > ALIGN)
        return fail(LIVEDEPTH_INTERNAL, "%s %s: XNNPACK says %d, %d", step->label, y->name, created,
                    reshaped);
    return LIVEDEPTH_OK;
}

enum livedepth_status nn_setup_operator(struct step *step)
{
    const float *from = nn_data_of(step->in[0]);
    float *to = nn_data_of(step->out);
    void *workspace = step->workspace.data;
    enum xnn_status status;
    switch (step->kind) {
    case KIND_CONV:
        status = xnn_setup_convolution2d_nhwc_f32(step->operator, workspace, from, to);
        break;
    case KIND_MAXPOOL: status = xnn_setup_max_pooling2d_nhwc_f32(step->operator, from, to); break;
    case KIND_RESIZE:
        status = xnn_setup_resize_bilinear2d_nhwc_f32(step->operator, workspace, from, to);
        break;
    case KIND_MEAN:
        /* Of floats it has no use for a workspace, and crashes if it is given one. */
        status = xnn_setup_reduce_nd(step->operator, NULL, from, to);
        break;
    case KIND_SCALE:
        status = xnn_setup_binary_elementwise_nd(step->operator, from, nn_data_of(step->in[1]), to);
        break;
    default: status = xnn_setup_unary_elementwise_nc(step->operator, from, to); break;
    }
    if (status != xnn_status_success)
        return fail(LIVEDEPTH_INTERNAL, "%s %s: XNNPACK says %d", step->label, step->out->name,
                    status);
    return LIVEDEPTH_OK;
}

enum livedepth_status nn_run_operator(struct nn *nn, struct step *step)
{
    if (xnn_run_operator(step->operator, nn->pool) == xnn_status_success) return LIVEDEPTH_OK;
    return fail(LIVEDEPTH_INTERNAL, "%s %s: XNNPACK did not run", step->label, step->out->name);
}

void nn_delete_operator(struct step *step)
{
    if (step->operator) xnn_delete_operator(step->operator);
}
