"""The two published networks. Twin of src/networks.c.

    trunk      once per frame:  image -> single depth, features and compressed features per level
    pair       once per pair:   features of t and t+1 -> motion features
    recurrent  once per clip:   motion features of its pairs -> multi-frame depth of each pair
    score      once per clip:   fused depth maps, or means of the trunk's last features -> logits;
                                with the depth the raw score

d = input_size / 8, P = frames - 1 pairs. Module names are the names of the weight file.
"""

from dataclasses import asdict, dataclass, fields
from math import floor
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import nn

from training.networks import blocks

FORMAT, FORMAT_VERSION = "livedepth", "1"
LEVELS = (1, 2, 3)
HEAD_HIDDEN = 64
# Limits of the engine.
RANGES = {
    "input_size": (32, 512),
    "width": (1 / 16, 2),
    "frames": (2, 16),
    "frame_interval_ms": (1, 10000),
    "crop_scale": (0.5, 8),
    "mean": (0, 255),
    "std": (1, 255),
    "alpha": (0, 1),
    "beta": (0, 1),
    "calibration_scale": (0, 1e6),
    "calibration_bias": (-1e6, 1e6),
    "live_threshold": (0, 1),
    "spoof_threshold": (0, 1),
}


def need(condition, text):
    if not condition:
        raise ValueError(text)


@dataclass(frozen=True)
class Config:
    """The metadata of a weight file; see struct network_config in src/networks.h."""

    network: str = "fas-sgtd"  # or "fas-td"
    profile: str = "paper"  # or "reference", fas-sgtd only
    preset: str = ""
    input_size: int = 256
    width: float = 1.0
    frames: int = 5
    frame_interval_ms: float = 100
    crop_scale: float = 1.3
    mean: float = 127.5
    std: float = 255
    input_norm: str = "fixed"  # (byte - mean) / std; "local": blocks.local_norm of that
    alpha: float = 0.6
    beta: float = 0.8
    depth_term: str = "mean"  # or "sum", the text's, which needs a calibration
    head: str = "maps"  # that the head sees, as both papers have it; "features": Network.score
    calibration_scale: float | None = None
    calibration_bias: float | None = None
    trained: str = "no"
    live_threshold: float = 0.5
    spoof_threshold: float = 0.5
    provenance: str = ""

    def __post_init__(self):
        need(
            (self.network, self.profile) in RECIPES,
            f"no network {self.network!r} with profile {self.profile!r}",
        )
        need(self.input_size % 8 == 0, f"input_size {self.input_size} is no multiple of 8")
        for name, (low, high) in RANGES.items():
            value = getattr(self, name)
            need(value is None or low <= value <= high, f"{name} {value} is not in {low}..{high}")
        need(self.depth_term in ("mean", "sum"), f"depth_term {self.depth_term!r}")
        need(self.input_norm in ("fixed", "local"), f"input_norm {self.input_norm!r}")
        need(self.head in ("maps", "features"), f"head {self.head!r}")
        need(
            self.head == "maps" or self.profile == "paper",
            f"profile {self.profile} has its head on maps",
        )
        need(
            (self.calibration_scale is None) == (self.calibration_bias is None),
            "calibration_scale and calibration_bias come together",
        )
        need(
            self.depth_term == "mean" or self.calibration_scale is not None,
            "depth_term sum needs a calibration: its score has no upper bound",
        )
        need(self.trained in ("yes", "no"), f"trained {self.trained!r}")
        need(self.spoof_threshold <= self.live_threshold, "spoof_threshold is above live_threshold")

    def channels(self, base):
        return max(1, floor(base * self.width + 0.5))

    @property
    def depth_size(self):
        return self.input_size // 8

    def metadata(self):
        """For the weight file: strings only, without what is not set."""
        values = {"format": FORMAT, "format_version": FORMAT_VERSION, **asdict(self)}
        return {
            key: f"{value:.9g}" if isinstance(value, float) else str(value)
            for key, value in values.items()
            if value is not None
        }

    @staticmethod
    def from_metadata(metadata):
        if (metadata.get("format"), metadata.get("format_version")) != (FORMAT, FORMAT_VERSION):
            raise ValueError("no livedepth weight file, format version 1")
        kinds = {"input_size": int, "frames": int}
        kinds |= {
            field.name: float for field in fields(Config) if field.type in (float, float | None)
        }
        return Config(
            **{
                field.name: kinds.get(field.name, str)(metadata[field.name])
                for field in fields(Config)
                if field.name in metadata
            }
        )


class Recipe(NamedTuple):
    """The choice of blocks by which a network differs from the others."""

    block: type  # of the trunk
    widths: tuple  # of its three stages
    reduce: type
    motion: str  # prefix of the motion blocks' names
    gru: type


RECIPES = {
    ("fas-td", "paper"): Recipe(
        blocks.Conv, (128, 196, 128), blocks.ReducePaper, "off", blocks.ConvGruPaper
    ),
    ("fas-sgtd", "paper"): Recipe(
        blocks.RsgbPaper, (128, 192, 128), blocks.ReducePaper, "ststb", blocks.ConvGruPaper
    ),
    ("fas-sgtd", "reference"): Recipe(
        blocks.RsgbReference,
        (128, 192, 128),
        blocks.ReduceReference,
        "ststb",
        blocks.ConvGruReference,
    ),
}


class Frame(NamedTuple):
    """The results of a frame that pairs and clips need."""

    single: torch.Tensor  # [b][1][d][d]
    features: tuple  # per level [b][c][s][s]
    compressed: tuple  # per level [b][r][s][s]
    means: torch.Tensor  # [b][c] of the features that the single depth is made of

    def __getitem__(self, index):
        """These frames of the batch."""
        return Frame(
            self.single[index],
            *(tuple(x[index] for x in level) for level in (self.features, self.compressed)),
            self.means[index],
        )


class Clip(NamedTuple):
    single: torch.Tensor  # [b][frames][d][d]
    multi: torch.Tensor  # [b][P][d][d]
    fused: torch.Tensor  # [b][P][d][d]
    logits: torch.Tensor  # [b][2] live, attack
    raw: torch.Tensor  # [b] score before the calibration, if there is one


class Network(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.config = config
        self.reference = config.profile == "reference"
        self.recipe = recipe = RECIPES[config.network, config.profile]
        c = config.channels
        wide, hidden, compressed = c(128), c(64), c(32)

        self.init = recipe.block(3, hidden)
        inputs = hidden
        for level in LEVELS:
            stage = nn.ModuleList()
            for width in recipe.widths:
                stage.append(recipe.block(inputs, c(width)))
                inputs = c(width)
            setattr(self, f"block{level}", stage)
            setattr(self, f"pool{level}", nn.MaxPool2d(2))
        self.fuse = nn.ModuleList([recipe.block(3 * wide, wide), recipe.block(wide, hidden)])
        self.single = blocks.Depth(hidden, slim=self.reference)
        for level in LEVELS:
            setattr(self, f"reduce{level}", recipe.reduce(wide, compressed))

        for level in LEVELS:
            below = wide if level > 1 else 0
            if recipe.motion == "off":
                block = blocks.Off(compressed, below, wide)
            elif self.reference:
                block = blocks.StstbReference(wide, compressed, wide)
            else:
                block = blocks.StstbPaper(compressed, below, wide)
            setattr(self, f"{recipe.motion}{level}", block)
        if self.reference:
            self.cascade2 = blocks.Cascade(2 * wide, wide)
            self.cascade3 = blocks.Cascade(2 * wide, wide)
            self.out = blocks.Cascade(wide, wide)

        self.gru1 = recipe.gru(wide, hidden)
        self.gru2 = recipe.gru(hidden, 1)
        maps = config.frames - 1 if config.network == "fas-td" else 1
        seen = hidden if config.head == "features" else maps * config.depth_size**2
        self.head = blocks.Head(seen, HEAD_HIDDEN, self.reference)

    def resize(self, x, size):
        """Bilinear. Released: as TensorFlow 1 does, without half-pixel centres, so that shrinking
        by an integer only picks pixels."""
        if self.reference:
            step = x.shape[-1] // size
            return x[..., ::step, ::step]
        return F.interpolate(x, size=(size, size), mode="bilinear", align_corners=False)

    def trunk(self, image):
        """[b][3][s][s] -> Frame"""
        x = blocks.local_norm(image) if self.config.input_norm == "local" else image
        x = self.init(x)
        features, pooled = [], []
        for level in LEVELS:
            for block in getattr(self, f"block{level}"):
                x = block(x)
            features.append(x)
            x = getattr(self, f"pool{level}")(x)
            pooled.append(x)
        d = image.shape[-1] // 8
        x = blocks.concat(self.resize(pooled[0], d), self.resize(pooled[1], d), pooled[2])
        for block in self.fuse:
            x = block(x)
        compressed = [getattr(self, f"reduce{level}")(f) for level, f in zip(LEVELS, features)]
        return Frame(self.single(x), tuple(features), tuple(compressed), x.mean((2, 3)))

    def pair(self, now, next):
        """Frame t, Frame t+1 -> motion features [b][c][d][d]"""
        motion = [getattr(self, f"{self.recipe.motion}{level}") for level in LEVELS]
        g = list(zip(now.compressed, next.compressed))
        if self.reference:
            x1, x2, x3 = (block(f, *pair) for block, f, pair in zip(motion, now.features, g))
            x = self.cascade2(blocks.concat(self.resize(x1, x2.shape[-1]), x2))
            x = self.cascade3(blocks.concat(self.resize(x, x3.shape[-1]), x3))
            return self.out(x)
        below = None
        for block, (now_g, next_g) in zip(motion, g):
            if self.recipe.motion == "off":
                below = block(now_g, next_g, below)
            else:
                below = block(now_g, now_g, next_g, below)
        return below

    def recurrent(self, motion):
        """Motion features [b][P][c][d][d] -> multi-frame depth [b][P][d][d]. Text: the states run
        over the pairs of a clip. Released: every pair starts from zero."""
        b, _, _, d, _ = motion.shape
        h1 = zero1 = motion.new_zeros(b, self.gru1.hidden, d, d)
        h2 = zero2 = motion.new_zeros(b, self.gru2.hidden, d, d)
        depth = []
        for x in motion.unbind(1):
            if self.reference:
                h1, h2 = zero1, zero2
            h1 = self.gru1(x, h1)
            h2 = self.gru2(h1, h2)
            depth.append(h2)
        return torch.cat(depth, 1)

    def score(self, fused, mask=None, means=None):
        """Fused depth [b][P][d][d] -> logits [b][2], raw score [b].

        The head sees the mean fused map (FAS-TD: all of them) or, as no paper has it, the mean of
        means [b][P][c], Frame.means of the pairs' first frames: a map says less than the features
        that it is made of.
        mask: [b][d][d] or [b][P][d][d], the papers' face mask from a fitted 3D face; None: all
        ones. The depth term is divided by the mask's area, except the text's sum; an empty mask
        gives 0.
        Text:     raw = beta * p + (1 - beta) * mean over t of |fused_t| over the mask
        Released: raw = softmax((1 - beta) * d + beta * p, 1 - d)[0], d the mean map over the first
                  frame's mask"""
        beta = self.config.beta
        mean = fused.mean(1)
        if self.config.head == "features":
            seen = means.mean(1)
        else:
            seen = (fused if self.config.network == "fas-td" else mean).flatten(1)
        logits = self.head(seen)
        live = F.softmax(logits, 1)[:, 0]
        if mask is None:
            mask = torch.ones_like(fused)
        elif mask.dim() == 3:
            mask = mask[:, None].expand_as(fused)
        area = mask.sum((2, 3)).clamp(min=1)
        if self.reference:
            depth = (mean * mask[:, 0]).sum((1, 2)) / area[:, 0]
            answer = torch.stack([(1 - beta) * depth + beta * live, 1 - depth], 1)
            return logits, F.softmax(answer, 1)[:, 0]
        depth = (fused * mask).abs().sum((2, 3))
        if self.config.depth_term == "mean":
            depth = depth / area
        return logits, beta * live + (1 - beta) * depth.mean(1)

    def calibrated(self, raw):
        """Raw score -> score."""
        if self.config.calibration_scale is None:
            return raw
        return torch.sigmoid(self.config.calibration_scale * raw + self.config.calibration_bias)

    def forward(self, images, mask=None):
        """[b][frames][3][s][s] -> Clip. The single depth fused with a pair's is that of its first
        frame."""
        b, frames = images.shape[:2]
        trunk = self.trunk(images.flatten(0, 1))
        index = torch.arange(b * frames, device=images.device).view(b, frames)
        motion = self.pair(trunk[index[:, :-1].flatten()], trunk[index[:, 1:].flatten()])
        multi = self.recurrent(motion.unflatten(0, (b, frames - 1)))
        single = trunk.single[:, 0].unflatten(0, (b, frames))
        alpha = self.config.alpha
        fused = alpha * multi + (1 - alpha) * single[:, :-1]
        means = trunk.means.unflatten(0, (b, frames))[:, :-1]
        return Clip(single, multi, fused, *self.score(fused, mask, means))
