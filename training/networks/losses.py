"""The papers' losses, for both networks and both stages of training.

    stage one  the trunk alone:     L_EDL + L_CDL of the single depth maps
    stage two  the temporal part:   beta * L_binary + (1 - beta) * (L_EDL + L_CDL) of the fused maps

Depth maps are [...][d][d], 1 nearest, 0 farthest and background, an attack's all 0.
"text" is the paper (FAS-SGTD arXiv:2003.08061, FAS-TD arXiv:1811.05118), "released" the
FAS-SGTD code (clks-wzz/FAS-SGTD); CDCN is ZitongYu/CDCN, which took over these losses.
"""

from dataclasses import dataclass
from typing import NamedTuple

import torch
import torch.nn.functional as F

from training.networks.networks import need

# Place of a contrast kernel's +1, as (row, column) of 3x3; -1 is in the centre. Order: released.
CONTRASTS = ((0, 0), (0, 1), (0, 2), (1, 0), (1, 2), (2, 0), (2, 1), (2, 2))


@dataclass(frozen=True)
class LossConfig:
    """The defaults are the text's choices; RELEASED has the code's."""

    reduction: str = "sum"  # of a map's squares; "mean": released
    over_pairs: str = "sum"  # of stage two's maps of a clip; "frames": sum / frames, released
    padded: bool = True  # zeros around the map, as released; CDCN: False. The text does not say.
    contrast_one: float = 1.0  # weight of L_CDL in stage one
    contrast_two: float = 1.0  # and in stage two
    beta: float = 0.8  # weight of L_binary in stage two
    double_softmax: bool = False  # released

    def __post_init__(self):
        need(self.reduction in ("sum", "mean"), f"reduction {self.reduction!r}")
        need(self.over_pairs in ("sum", "frames"), f"over_pairs {self.over_pairs!r}")
        need(0 <= self.beta <= 1, f"beta {self.beta} is not in 0..1")
        need(min(self.contrast_one, self.contrast_two) >= 0, "a negative contrast weight")


TEXT = LossConfig()
RELEASED = LossConfig(reduction="mean", over_pairs="frames", contrast_one=0.5, double_softmax=True)


class Losses(NamedTuple):
    """Scalars: the one to minimise and, before their weights, its parts. The depth parts are means
    over maps in stage one and sums over a clip's maps (LossConfig.over_pairs) in stage two."""

    total: torch.Tensor
    depth: torch.Tensor  # L_EDL
    contrast: torch.Tensor  # L_CDL
    binary: torch.Tensor | None  # L_binary; None in stage one


def contrast(maps, padded):
    """K_i (*) map for the eight kernels: each neighbour minus the pixel itself.
    [...][h][w] -> [...][8][h][w], not padded [...][8][h-2][w-2]. Shifts, not a convolution: those
    run in bfloat16 under autocast, and differences of neighbours are small."""
    if padded:
        maps = F.pad(maps, (1, 1, 1, 1))
    h, w = maps.shape[-2] - 2, maps.shape[-1] - 2
    centre = maps[..., 1 : 1 + h, 1 : 1 + w]
    return torch.stack([maps[..., i : i + h, j : j + w] - centre for i, j in CONTRASTS], -3)


def difference(predicted, label):
    """At least float32. A wrong shape must not broadcast."""
    if predicted.shape != label.shape:
        raise ValueError(f"depth {tuple(predicted.shape)}, label {tuple(label.shape)}")
    wide = torch.promote_types(predicted.dtype, torch.float32)
    return predicted.to(wide) - label.to(wide)


def depth_loss(predicted, label, reduction):
    """Euclidean depth loss of each map, [...][d][d] twice -> [...].
    Text:     L_EDL = ||D_P - D_G||^2, the sum of squares
    Released: their mean"""
    squares = difference(predicted, label).square()
    return squares.sum((-2, -1)) if reduction == "sum" else squares.mean((-2, -1))


def contrastive_loss(predicted, label, reduction, padded):
    """Contrastive depth loss of each map, [...][d][d] twice -> [...].
    Text:     L_CDL = sum over i = 0..7 of ||K_i (*) D_P - K_i (*) D_G||^2
    Released: the mean over the eight kernels and the pixels
    The kernels are linear, so they are applied once, to D_P - D_G."""
    squares = contrast(difference(predicted, label), padded).square()
    return squares.sum((-3, -2, -1)) if reduction == "sum" else squares.mean((-3, -2, -1))


def binary_loss(logits, live, double_softmax=False):
    """Logits [b][2] (live, attack), live [b] bool, or the probability of it -> mean over b.
    Text:     L_binary = -log softmax(logits)[true class], for both networks: their heads differ,
              FAS-SGTD's sees the mean of the fused maps, FAS-TD's all of them
    Released: the softmax is taken twice, so that the loss never goes below ln(1 + 1/e) = 0.3133"""
    logits = logits.to(torch.promote_types(logits.dtype, torch.float32))
    if double_softmax:
        logits = logits.softmax(1)
    live = live.to(logits.dtype)
    return F.cross_entropy(logits, torch.stack([live, 1 - live], 1))


def map_losses(config, predicted, label):
    """(L_EDL, L_CDL) of each map"""
    return (
        depth_loss(predicted, label, config.reduction),
        contrastive_loss(predicted, label, config.reduction, config.padded),
    )


def stage_one(config, single, label):
    """L_EDL + contrast_one * L_CDL, mean over the maps: single and label [...][d][d] -> Losses.
    Text (FAS-TD: L_single = L_absolute + L_contrast): weight 1. Released, CDCN: 0.5."""
    edl, cdl = (values.mean() for values in map_losses(config, single, label))
    return Losses(edl + config.contrast_one * cdl, edl, cdl, None)


def stage_two(config, fused, label, logits, live):
    """beta * L_binary + (1 - beta) * sum over t of (L_EDL(t) + contrast_two * L_CDL(t)), mean over
    the clips: fused [b][P][d][d], label [b][P+1][d][d] of a clip's frames, logits [b][2], live [b]
    bool or the probability of it -> Losses. Pair t has the label of its first frame; the last
    frame's is not used.
    Text:     the sum over t = 1..P (FAS-TD: L_multi_depth)
    Released: the sum over the P pairs divided by P + 1 frames"""
    edl, cdl = (values.sum(1) for values in map_losses(config, fused, label[:, :-1]))
    if config.over_pairs == "frames":
        frames = label.shape[1]
        edl, cdl = edl / frames, cdl / frames
    edl, cdl = edl.mean(), cdl.mean()
    binary = binary_loss(logits, live, config.double_softmax)
    depth = edl + config.contrast_two * cdl
    return Losses(config.beta * binary + (1 - config.beta) * depth, edl, cdl, binary)
