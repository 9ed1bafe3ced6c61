/* blocks.h - the parts that the two published networks share. Twin of training/networks/blocks.py.
 *
 * `at` is the block's name in the weight file. Batch norms are folded into convolutions by
 * training/ship/export.py wherever no ReLU or zero padding stands between; the others are
 * nn_affine. */
#ifndef BLOCKS_H
#define BLOCKS_H

#include "nn.h"

/* Each value by the mean and the deviation of its channel in the square about it (local contrast
 * normalisation):
 *     rest = x - mean(x);  rest / (4 (sqrt(mean(rest^2)) + KERNEL_LOCAL_FLOOR)) */
struct tensor *block_local_norm(struct nn *nn, struct tensor *x, const char *at);

/* Plain block: relu(conv3x3(x)). arXiv:1811.05118, the single-frame network. */
struct tensor *block_conv(struct nn *nn, struct tensor *x, int out, const char *at);

/* Residual spatial gradient block as in the text, arXiv:2003.08061 section 3.1:
 *     x' = conv1x1(x);  relu(conv3x3(x) + scale * (sobel_x(x')^2 + sobel_y(x')^2)) */
struct tensor *block_rsgb_paper(struct nn *nn, struct tensor *x, int out, const char *at);
/* The same as released: relu(conv3x3(x) + conv1x1(sqrt(sobel_x(x)^2 + sobel_y(x)^2 + 1e-8))) */
struct tensor *block_rsgb_reference(struct nn *nn, struct tensor *x, int out, const char *at);

/* Compression before OFF and STSTB blocks. Text: relu(conv1x1(x)); released: a batch norm after. */
struct tensor *block_reduce_paper(struct nn *nn, struct tensor *x, int out, const char *at);
struct tensor *block_reduce_reference(struct nn *nn, struct tensor *x, int out, const char *at);

/* Optical-flow-guided feature block between frames t and t+1, arXiv:1811.05118:
 *     maxpool(relu(conv3x3([g(t), sobel_x(g(t)), sobel_y(g(t)), g(t) - g(t+1), below])))
 * g: compressed features [h][w][r]; below: the block of the level before, or NULL. */
struct tensor *block_off(struct nn *nn, struct tensor *now, struct tensor *next,
                         struct tensor *below, int out, const char *at);
/* Short-term spatio-temporal block, arXiv:2003.08061 section 3.2: adds the gradients of t+1.
 *     maxpool(relu(conv3x3([f, sx(g(t)), sy(g(t)), sx(g(t+1)), sy(g(t+1)), g(t) - g(t+1), below])))
 * f: g(t) in the text, the uncompressed features of t as released. downwards: the sign of sy, plus
 * below in the text, plus above as released. */
struct tensor *block_ststb(struct nn *nn, struct tensor *f, struct tensor *now, struct tensor *next,
                           struct tensor *below, int out, bool downwards, const char *at);

/* The released graph joins two levels so: norm(relu(conv3x3(x))). */
struct tensor *block_cascade(struct nn *nn, struct tensor *x, int out, const char *at);

/* Convolutional GRU cell; returns the next state, from x and the state h:
 *     r, u = split(sigmoid(conv3x3([x, h]) "gates"));  n = tanh(conv3x3([x, r * h]) "candidate")
 *     text: h + u * (n - h);  released: n + u * (h - n) */
struct tensor *block_convgru_paper(struct nn *nn, struct tensor *x, struct tensor *h,
                                   const char *at);
struct tensor *block_convgru_reference(struct nn *nn, struct tensor *x, struct tensor *h,
                                       const char *at);

/* Depth of one frame, the last layer of the trunk: relu(conv3x3(x)), one channel. */
struct tensor *block_depth(struct nn *nn, struct tensor *x, const char *at);

/* Two fully connected layers: [..] -> hidden relu -> 2 (live, attack); released: relu on both. */
struct tensor *block_head(struct nn *nn, struct tensor *x, int hidden, enum act last,
                          const char *at);

#endif
