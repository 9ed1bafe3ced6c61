/* nn.h - describe a network once, run it every frame. The only door to XNNPACK.
 *
 * A plan is a list of steps; a step is an XNNPACK operator or one of our kernels. nn_finish puts
 * faster steps in the place of those described: see winograd.h. Describing cannot
 * fail visibly: the first error sticks and nn_finish returns it, so that blocks.c reads like
 * training/networks/blocks.py.
 *
 * Tensors are [h][w][c] float, batch 1. nn_finish gives each one its place in one block of scratch
 * memory, reusing the bytes of tensors that no later step reads. nn_concat copies nothing where it
 * can: its parts become channel ranges of one wider tensor.
 *
 * Names are printf formats. A tensor can be found by name after nn_finish (nn_find), which tests,
 * profiles and error messages use. */
#ifndef NN_H
#define NN_H

#include "kernels.h"
#include "weights.h"

struct nn;
struct tensor;
struct pthreadpool;

#define NN_NAMED(at) __attribute__((format(printf, at, (at) + 1)))

enum act { ACT_NONE, ACT_RELU };
/* Zeros about a picture: k / 2 on all sides | TensorFlow SAME, whose odd zero row of stride 2 goes
 * below and to the right | none, so that the result is smaller. */
enum pad { PAD_AROUND, PAD_SAME, PAD_NONE };
enum resize { RESIZE_HALF_PIXEL, RESIZE_LEGACY }; /* PyTorch align_corners=False | TensorFlow 1 */

/* Borrows the weights and pool (NULL: the calling thread) until nn_destroy. Without weights
 * (part.weights is NULL) a plan can be described, to learn what it needs (nn_wish), but not
 * finished. NULL if out of memory. */
struct nn *nn_create(struct weights_part part, struct pthreadpool *pool);
void nn_destroy(struct nn *nn);

/* The first error of the description, if any: nothing is allocated before nn_finish. */
enum livedepth_status nn_status(const struct nn *nn);
/* Allocates inputs and outputs, packs the weights, plans the scratch memory. The plan can run after
 * nn_place. */
enum livedepth_status nn_finish(struct nn *nn);
size_t nn_scratch_bytes(const struct nn *nn);
/* Hands over scratch memory (from memory_create, at least nn_scratch_bytes), which plans that do
 * not run at the same time may share; borrowed until nn_destroy. */
enum livedepth_status nn_place(struct nn *nn, void *scratch);
enum livedepth_status nn_run(struct nn *nn);
/* True if numbers of the last run passed KERNEL_LIMIT: its outputs mean nothing then. */
bool nn_ran_away(const struct nn *nn);

/* Inputs and outputs have memory of their own, which keeps its values between runs. */
struct tensor *nn_input(struct nn *nn, int h, int w, int c, const char *name, ...) NN_NAMED(5);
void nn_output(struct nn *nn, struct tensor *x); /* before x becomes part of a concat */
/* The output (or input) x of another plan, read here where it lies; that plan is finished first. */
struct tensor *nn_import(struct nn *nn, const struct tensor *x);

int nn_height(const struct tensor *x);
int nn_width(const struct tensor *x);
int nn_channels(const struct tensor *x);
/* Dense [h][w][c] data of an input or output; NULL before nn_finish. */
float *nn_data(const struct tensor *x);

/* --- layers. Weights are "<name>.weight" and "<name>.bias"; their shapes are checked. --- */

/* k x k convolution, stride 1, zero padding that keeps the size. weight [out][k][k][in]. */
struct tensor *nn_conv(struct nn *nn, struct tensor *x, int out, int k, enum act act,
                       const char *name, ...) NN_NAMED(6);
/* The same without "<name>.bias". */
struct tensor *nn_conv_nobias(struct nn *nn, struct tensor *x, int out, int k, enum act act,
                              const char *name, ...) NN_NAMED(6);
struct tensor *nn_conv_stride2(struct nn *nn, struct tensor *x, int out, int k, enum pad pad,
                               enum act act, const char *name, ...) NN_NAMED(7);
/* By channel. weight [1][k][k][c]. */
struct tensor *nn_depthwise(struct nn *nn, struct tensor *x, int k, int stride, enum pad pad,
                            const char *name, ...) NN_NAMED(6);
/* Fully connected over all of x, flattened. weight [out][h * w * c]; result [1][1][out]. */
struct tensor *nn_linear(struct nn *nn, struct tensor *x, int out, enum act act, const char *name,
                         ...) NN_NAMED(5);
/* x * "<name>.scale" + "<name>.bias" by channel: a batch norm that cannot be folded. */
struct tensor *nn_affine(struct nn *nn, struct tensor *x, const char *name, ...) NN_NAMED(3);
/* x, or x * "<name>.slope" where x is negative, by channel. */
struct tensor *nn_prelu(struct nn *nn, struct tensor *x, const char *name, ...) NN_NAMED(3);
struct tensor *nn_maxpool(struct nn *nn, struct tensor *x); /* 2x2, stride 2 */
struct tensor *nn_mean(struct nn *nn, struct tensor *x);    /* of each channel: [1][1][c] */
struct tensor *nn_resize(struct nn *nn, struct tensor *x, int h, int w, enum resize mode);
/* Where b has fewer channels, the rest of a passes through (BlazeFace's channel padding). */
struct tensor *nn_add(struct nn *nn, struct tensor *a, struct tensor *b, enum act act);
struct tensor *nn_sub(struct nn *nn, struct tensor *a, struct tensor *b);
/* x * factor, a [1][1][c]. */
struct tensor *nn_scale(struct nn *nn, struct tensor *x, struct tensor *factor);
struct tensor *nn_sigmoid(struct nn *nn, struct tensor *x);
struct tensor *nn_tanh(struct nn *nn, struct tensor *x);
struct tensor *nn_concat(struct nn *nn, int count, struct tensor *const parts[]);
struct tensor *nn_slice(struct nn *nn, struct tensor *x, int from, int channels);

/* --- Sobel, [-1 0 1; -2 0 2; -1 0 1] and its transpose, by channel, zero padding --- */
struct tensor *nn_sobel_magnitude(struct nn *nn, struct tensor *x); /* sqrt(gx^2 + gy^2 + 1e-8) */
/* [gx(x), gy(x)], twice the channels; downwards: the sign of gy, + below */
struct tensor *nn_sobel(struct nn *nn, struct tensor *x, bool downwards);
/* relu(a + "<name>.scale" * (gx(x)^2 + gy(x)^2)) */
struct tensor *nn_sobel_energy_add(struct nn *nn, struct tensor *a, struct tensor *x,
                                   const char *name, ...) NN_NAMED(4);

/* Each value by the mean and the deviation around it: see training/networks/blocks.py. x is at most
 * KERNEL_LOCAL_ROW floats wide. */
struct tensor *nn_local_norm(struct nn *nn, struct tensor *x);

/* --- gates of a ConvGRU --- */
struct tensor *nn_mul(struct nn *nn, struct tensor *a, struct tensor *b);
struct tensor *nn_lerp(struct nn *nn, struct tensor *a, struct tensor *b, struct tensor *t);
/* a + t * (b - a) */

/* Gives x a name of its own, by which nn_find finds it. */
struct tensor *nn_name(struct nn *nn, struct tensor *x, const char *name, ...) NN_NAMED(3);

/* The weights that the layers asked for, in their order, by their names within the part. */
struct nn_wish {
    char name[WEIGHTS_MAX_NAME];
    int rank, shape[4];
};
int nn_wishes(const struct nn *nn);
const struct nn_wish *nn_wish(const struct nn *nn, int i);
bool nn_wants(const struct nn *nn, const char *name);
/* OK if every tensor of the part is one that these plans want, else WEIGHTS_UNEXPECTED, which names
 * the first that is not. */
enum livedepth_status nn_check_rest(struct weights_part part, struct nn *const plans[], int count);

/* --- what a file can say, whatever it is shown --- */

struct nn_range {
    float least, most;
};
struct nn_range nn_range_relu(struct nn_range range);
float nn_range_tenth(struct nn_range range); /* a tenth up from the least */

enum { NN_NO_ROW = -1, NN_FEATURE = 100 }; /* far more than a feature is behind a batch norm */

/* Output a of the linear layer of that name, which the part was checked to have, minus output b or
 * nothing. in: each input's range, or with each = false one range for all. */
struct nn_range nn_linear_range(struct weights_part part, const char *name, int a, int b,
                                const struct nn_range *in, bool each);

/* --- looking inside --- */

/* Keeps every tensor's bytes to the end of a run (more memory): call before nn_finish. */
void nn_keep_all(struct nn *nn);
/* Copies the tensor of that name, dense, to out (size h*w*c, may be NULL) and returns it, or NULL
 * if there is none. Valid after a run of a plan with nn_keep_all, or for inputs and outputs. */
const struct tensor *nn_find(const struct nn *nn, const char *name, float *out);

struct nn_profile {
    const char *name, *kind;
    double ms, flops;
};
int nn_steps(const struct nn *nn);
/* Time of step i since the last call (sum over runs) and its floating-point operations per run. */
struct nn_profile nn_profile(struct nn *nn, int i);

#endif
