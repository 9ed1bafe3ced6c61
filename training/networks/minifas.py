"""MiniFASNet, a classifier of single pictures, trainable. Twin of src/minifas.c.

MobileFaceNet with its channels pruned (github.com/minivision-ai/Silent-Face-Anti-Spoofing,
Apache-2.0): a chain of inverted bottlenecks with PReLU, three kinds of picture at its end: live and
two of attack. Pictures are [b][3][80][80], RGB, bytes as they are. Module names are the names of
the weight file; forward() has the batch norms, folded() what the file holds, as in blocks.py.
"""

from typing import NamedTuple

import torch
from torch import nn

from training.networks.blocks import affine, scaled

SIZE = 80
CLASSES, LIVE = 3, 1
STEM, LAST, LAST_SIDE, EMBEDDING = 32, 512, 5, 128


def log_odds(logits):
    """[b][CLASSES] -> log of the odds of live [b]"""
    others = [kind for kind in range(CLASSES) if kind != LIVE]
    return logits[:, LIVE] - torch.logsumexp(logits[:, others], 1)


class Row(NamedTuple):
    """A bottleneck; squeeze: channels of its squeeze-excitation, or 0."""

    at: str
    hidden: int
    out: int
    stride: int
    squeeze: int = 0


DESIGNS = {
    "minifasnet-v2": (
        Row("down1", 103, 64, 2),
        Row("stage1.0", 13, 64, 1),
        Row("stage1.1", 13, 64, 1),
        Row("stage1.2", 13, 64, 1),
        Row("stage1.3", 13, 64, 1),
        Row("down2", 231, 128, 2),
        Row("stage2.0", 231, 128, 1),
        Row("stage2.1", 52, 128, 1),
        Row("stage2.2", 26, 128, 1),
        Row("stage2.3", 77, 128, 1),
        Row("stage2.4", 26, 128, 1),
        Row("stage2.5", 26, 128, 1),
        Row("down3", 308, 128, 2),
        Row("stage3.0", 26, 128, 1),
        Row("stage3.1", 26, 128, 1),
    ),
    "minifasnet-v1se": (
        Row("down1", 103, 64, 2),
        Row("stage1.0", 13, 64, 1),
        Row("stage1.1", 26, 64, 1),
        Row("stage1.2", 13, 64, 1),
        Row("stage1.3", 52, 64, 1, 16),
        Row("down2", 231, 128, 2),
        Row("stage2.0", 154, 128, 1),
        Row("stage2.1", 52, 128, 1),
        Row("stage2.2", 26, 128, 1),
        Row("stage2.3", 52, 128, 1),
        Row("stage2.4", 26, 128, 1),
        Row("stage2.5", 26, 128, 1, 32),
        Row("down3", 308, 128, 2),
        Row("stage3.0", 26, 128, 1),
        Row("stage3.1", 26, 128, 1, 32),
    ),
}


class Layer(nn.Module):
    """conv -> batch norm [-> PReLU]"""

    def __init__(self, inputs, out, k=1, stride=1, padding=0, groups=1, prelu=False):
        super().__init__()
        self.conv = nn.Conv2d(inputs, out, k, stride, padding, groups=groups, bias=False)
        self.norm = nn.BatchNorm2d(out)
        self.prelu = nn.PReLU(out) if prelu else nn.Identity()

    def forward(self, x):
        return self.prelu(self.norm(self.conv(x)))

    def folded(self):
        scale, bias = affine(self.norm)
        weight = scaled(self.conv.weight, scale)
        if self.conv.groups > 1:
            weight = weight.transpose(0, 1)  # the file has them [1][k][k][c]
        slope = {"slope": self.prelu.weight.double()} if isinstance(self.prelu, nn.PReLU) else {}
        return {"weight": weight, "bias": bias, **slope}


def depthwise(channels, k, stride=1, padding=1, prelu=True):
    return Layer(channels, channels, k, stride, padding, channels, prelu)


class Bottleneck(nn.Module):
    """Twin of bottleneck() and squeeze_excite() in src/minifas.c."""

    def __init__(self, inputs, row):
        super().__init__()
        self.residual = row.stride == 1
        self.expand = Layer(inputs, row.hidden, prelu=True)
        self.depthwise = depthwise(row.hidden, 3, row.stride)
        self.project = Layer(row.hidden, row.out)
        if row.squeeze:
            self.squeeze = Layer(row.out, row.squeeze)
            self.excite = Layer(row.squeeze, row.out)

    def forward(self, x):
        y = self.project(self.depthwise(self.expand(x)))
        if hasattr(self, "squeeze"):
            means = y.mean((2, 3), keepdim=True)
            y = y * self.excite(self.squeeze(means).relu()).sigmoid()
        return x + y if self.residual else y


class Logits(nn.Module):
    """linear -> batch norm -> linear: one matrix in the file, as nothing stands between."""

    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(LAST, EMBEDDING, bias=False)
        self.norm = nn.BatchNorm1d(EMBEDDING)
        self.prob = nn.Linear(EMBEDDING, CLASSES, bias=False)

    def forward(self, x):
        return self.prob(self.norm(self.linear(x)))

    def folded(self):
        scale, bias = affine(self.norm)
        prob = self.prob.weight.double()
        return {"weight": prob * scale @ self.linear.weight.double(), "bias": prob @ bias}


class MiniFas(nn.Module):
    def __init__(self, network):
        super().__init__()
        self.conv1 = Layer(3, STEM, 3, 2, 1, prelu=True)
        self.conv2 = depthwise(STEM, 3)
        inputs = STEM
        for row in DESIGNS[network]:
            name, _, index = row.at.partition(".")
            block = Bottleneck(inputs, row)
            if not index:
                self.add_module(name, block)
            elif index == "0":
                self.add_module(name, nn.Sequential(block))
            else:
                getattr(self, name).append(block)
            inputs = row.out
        self.conv3 = Layer(inputs, LAST, prelu=True)
        self.conv4 = depthwise(LAST, LAST_SIDE, padding=0, prelu=False)
        self.logits = Logits()

    def forward(self, images):
        """[b][3][80][80] -> logits [b][3]"""
        x = images
        for name, part in self.named_children():
            x = part(x.flatten(1) if name == "logits" else x)
        return x
