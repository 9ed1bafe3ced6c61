"""Networks without one of their parts, to see what it earns; checkpoints of all variants.

    no-rsgb    plain conv blocks of the same widths in the place of the gradient blocks
    no-ststb   the motion blocks see the features of frame t only: gradients and difference are 0
    no-gru     the recurrent part starts from zero for every pair
    single     the score is the mean single-frame depth; the temporal part is not run

None of these can be exported to the engine.
"""

from pickle import UnpicklingError

import torch
import torch.nn.functional as F
from torch import nn

from training.networks import blocks
from training.networks.networks import LEVELS, Clip, Config, Network

ABLATIONS = ("no-rsgb", "no-ststb", "no-gru", "single")


class StillStstb(nn.Module):
    """An STSTB whose frames are zero: no gradients, no difference."""

    def __init__(self, block):
        super().__init__()
        self.block = block

    def forward(self, f, now, next, below=None):
        zero = torch.zeros_like(now)
        return self.block(f, zero, zero, below)


class StillOff(nn.Module):
    """The same of an OFF block, whose features and frame are one."""

    def __init__(self, block):
        super().__init__()
        self.block = block

    def forward(self, now, next, below):
        zero = torch.zeros_like(now)
        x = blocks.concat(now, zero, zero, zero, below)
        return F.max_pool2d(F.relu(blocks.NormedConv.forward(self.block, x)), 2)


class Ablated(Network):
    """ablations: some of ABLATIONS"""

    def __init__(self, config, ablations):
        super().__init__(config)
        unknown = set(ablations) - set(ABLATIONS)
        if unknown:
            raise ValueError(f"no ablation {', '.join(sorted(unknown))}")
        self.ablations = tuple(ablations)
        gradient = (blocks.RsgbPaper, blocks.RsgbReference)
        if "no-rsgb" in ablations:
            if self.recipe.block not in gradient:
                raise ValueError(f"{config.network} has no gradient blocks")
            for name, block in list(self.named_modules()):
                if isinstance(block, gradient):
                    out, inputs = block.conv.weight.shape[:2]
                    self.set_submodule(name, blocks.Conv(inputs, out))
        if "no-ststb" in ablations:
            for level in LEVELS:
                name = f"{self.recipe.motion}{level}"
                still = StillOff if self.recipe.motion == "off" else StillStstb
                setattr(self, name, still(getattr(self, name)))
        if "no-gru" in ablations and self.reference:
            raise ValueError("the released network starts every pair from zero anyway")

    def recurrent(self, motion):
        if "no-gru" not in self.ablations:
            return super().recurrent(motion)
        b, pairs = motion.shape[:2]
        return super().recurrent(motion.flatten(0, 1)[:, None]).view(b, pairs, *motion.shape[-2:])

    def forward(self, images, mask=None):
        if "single" not in self.ablations:
            return super().forward(images, mask)
        return from_single(self, images)


def from_single(network, images):
    """Images [b][frames][3][s][s] -> Clip of the trunk alone: fused is the single depth, the raw
    score its mean over frames and pixels, or with a head on features the network's; the other
    outputs are 0."""
    b, frames = images.shape[:2]
    trunk = network.trunk(images.flatten(0, 1))
    single = trunk.single[:, 0].unflatten(0, (b, frames))
    fused = single[:, :-1]
    if network.config.head == "features":
        means = trunk.means.unflatten(0, (b, frames))[:, :-1]
        return Clip(single, torch.zeros_like(fused), fused, *network.score(fused, means=means))
    return Clip(
        single, torch.zeros_like(fused), fused, single.new_zeros(b, 2), single.mean((1, 2, 3))
    )


def build(config, ablations=()):
    return Ablated(config, ablations) if ablations else Network(config)


def load(path):
    """A checkpoint's averaged network, whole or ablated, for evaluation; a checkpoint of stage one
    has the ablation "single". -> (network, checkpoint). ValueError of any other file."""
    try:
        checkpoint = torch.load(path, map_location="cpu", weights_only=True)
        network = build(Config(**checkpoint["config"]), checkpoint.get("ablations", ()))
        network.load_state_dict(checkpoint["model"])
    except (KeyError, TypeError, EOFError, RuntimeError, UnpicklingError) as error:
        first = str(error).splitlines()[0]
        raise ValueError(f"{path}: no checkpoint of training.train: {first}") from None
    return network.eval(), checkpoint
