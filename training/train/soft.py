"""Soft targets: how likely another network finds it that clips are live, in place of their labels.

A guide answers to the very pictures of a step, as they were changed for it: the network of
guide.py, or the MiniFASNets of a weight file whose view is as wide as the clips'. What they learned
from real pictures so comes to a network that sees made ones alone. Answers to a wider view, which
no step shows, are stored with the clips (judge/answers.py)."""

import torch
import torch.nn.functional as F

from training.judge.answers import judges
from training.networks.minifas import SIZE
from training.train.guide import load_guide, opinion

EPSILON = 1e-3  # no answer is surer


class Panel:
    """The judges of a weight file as one guide: images as a network with input_norm "fixed" takes
    them [b][3][s][s] -> log of the odds of live [b], the mean of all"""

    def __init__(self, asked, config):
        self.asked, self.config = asked, config

    def to(self, device):
        return Panel([judge.to(device) for judge in self.asked], self.config)

    def __call__(self, images):
        images = images * self.config.std + self.config.mean
        images = F.interpolate(images, (SIZE, SIZE), mode="bilinear", align_corners=False)
        return sum(judge(images) for judge in self.asked) / len(self.asked)


def load(path, config):
    """guide.pt, or a weight file -> what opinion() asks. config: of the network that learns;
    ValueError if the file has nothing that looks at pictures of its view"""
    if path.suffix != ".safetensors":
        return load_guide(path)
    asked = [judge for judge in judges(path) if judge.scale == config.crop_scale]
    if not asked:
        raise ValueError(f"{path}: no MiniFASNet sees {config.crop_scale:g} face boxes")
    return Panel(asked, config)


def answers(guide, images, stored, share):
    """Probability of live [v * b] of a step's images [v * b][T][3][s][s]: the guide's, or where
    there is none the stored one [b]. share, 0..1: of the stored one in the log odds beside a
    guide"""
    stored = stored.repeat(len(images) // len(stored))
    if guide is None:
        return stored
    found = opinion(guide, images)
    if not share:
        return found
    return torch.lerp(found.logit(EPSILON), stored.logit(EPSILON), share).sigmoid()


def targets(live, answered, share):
    """live bool [b], answers [v * b] -> what is aimed at, probability of live [v * b]: the answer
    has this share, the label the rest; the label all where there is no answer (NaN)"""
    live = live.to(answered.dtype).repeat(len(answered) // len(live))
    return torch.where(answered.isnan(), live, torch.lerp(live, answered, share))
