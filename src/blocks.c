/* blocks.c - see blocks.h. */
#include "blocks.h"

#define CONCAT(nn, ...)                                                                        \
    nn_concat(nn, (int)(sizeof((struct tensor *[]){ __VA_ARGS__ }) / sizeof(struct tensor *)), \
              (struct tensor *[]){ __VA_ARGS__ })

struct tensor *block_local_norm(struct nn *nn, struct tensor *x, const char *at)
{
    return nn_name(nn, nn_local_norm(nn, x), "%s", at);
}

struct tensor *block_conv(struct nn *nn, struct tensor *x, int out, const char *at)
{
    return nn_conv(nn, x, out, 3, ACT_RELU, "%s", at);
}

struct tensor *block_rsgb_paper(struct nn *nn, struct tensor *x, int out, const char *at)
{
    struct tensor *edge = nn_conv(nn, x, out, 1, ACT_NONE, "%s.edge", at);
    struct tensor *body = nn_conv(nn, x, out, 3, ACT_NONE, "%s.conv", at);
    return nn_name(nn, nn_sobel_energy_add(nn, body, edge, "%s.norm", at), "%s", at);
}

struct tensor *block_rsgb_reference(struct nn *nn, struct tensor *x, int out, const char *at)
{
    struct tensor *edge =
        nn_conv_nobias(nn, nn_sobel_magnitude(nn, x), out, 1, ACT_NONE, "%s.edge", at);
    struct tensor *body = nn_conv(nn, x, out, 3, ACT_NONE, "%s.conv", at);
    return nn_name(nn, nn_add(nn, body, edge, ACT_RELU), "%s", at);
}

struct tensor *block_reduce_paper(struct nn *nn, struct tensor *x, int out, const char *at)
{
    return nn_conv(nn, x, out, 1, ACT_RELU, "%s", at);
}

struct tensor *block_reduce_reference(struct nn *nn, struct tensor *x, int out, const char *at)
{
    struct tensor *y = nn_affine(nn, nn_conv(nn, x, out, 1, ACT_RELU, "%s", at), "%s.norm", at);
    return nn_name(nn, y, "%s", at);
}

struct tensor *block_off(struct nn *nn, struct tensor *now, struct tensor *next,
                         struct tensor *below, int out, const char *at)
{
    struct tensor *x = CONCAT(nn, now, nn_sobel(nn, now, true), nn_sub(nn, now, next));
    if (below) x = CONCAT(nn, x, below);
    x = nn_maxpool(nn, nn_conv(nn, x, out, 3, ACT_RELU, "%s", at));
    return nn_name(nn, x, "%s", at);
}

struct tensor *block_ststb(struct nn *nn, struct tensor *f, struct tensor *now, struct tensor *next,
                           struct tensor *below, int out, bool downwards, const char *at)
{
    struct tensor *x = CONCAT(nn, f, nn_sobel(nn, now, downwards), nn_sobel(nn, next, downwards),
                              nn_sub(nn, now, next));
    if (below) x = CONCAT(nn, x, below);
    x = nn_maxpool(nn, nn_conv(nn, x, out, 3, ACT_RELU, "%s", at));
    return nn_name(nn, x, "%s", at);
}

struct tensor *block_cascade(struct nn *nn, struct tensor *x, int out, const char *at)
{
    x = nn_affine(nn, nn_conv(nn, x, out, 3, ACT_RELU, "%s", at), "%s.norm", at);
    return nn_name(nn, x, "%s", at);
}

/* The part that both cells share: candidate n and update gate u. */
struct gates {
    struct tensor *n, *u;
};

static struct gates gates(struct nn *nn, struct tensor *x, struct tensor *h, const char *at)
{
    const int c = nn_channels(h);
    struct tensor *ru =
        nn_sigmoid(nn, nn_conv(nn, CONCAT(nn, x, h), 2 * c, 3, ACT_NONE, "%s.gates", at));
    struct tensor *r = nn_slice(nn, ru, 0, c), *u = nn_slice(nn, ru, c, c);
    struct tensor *n =
        nn_conv(nn, CONCAT(nn, x, nn_mul(nn, r, h)), c, 3, ACT_NONE, "%s.candidate", at);
    return (struct gates){ nn_tanh(nn, n), u };
}

struct tensor *block_convgru_paper(struct nn *nn, struct tensor *x, struct tensor *h,
                                   const char *at)
{
    const struct gates g = gates(nn, x, h, at);
    return nn_name(nn, nn_lerp(nn, h, g.n, g.u), "%s", at);
}

struct tensor *block_convgru_reference(struct nn *nn, struct tensor *x, struct tensor *h,
                                       const char *at)
{
    const struct gates g = gates(nn, x, h, at);
    return nn_name(nn, nn_lerp(nn, g.n, h, g.u), "%s", at);
}

struct tensor *block_depth(struct nn *nn, struct tensor *x, const char *at)
{
    return nn_conv(nn, x, 1, 3, ACT_RELU, "%s", at);
}

struct tensor *block_head(struct nn *nn, struct tensor *x, int hidden, enum act last,
                          const char *at)
{
    return nn_linear(nn, nn_linear(nn, x, hidden, ACT_RELU, "%s.0", at), 2, last, "%s.1", at);
}
