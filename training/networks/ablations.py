"""Networks without one of their parts, to see what it earns; checkpoints of all variants.

    no-rsgb    plain conv blocks of the same widths in the place of the gradient blocks
    no-ststb   the motion blocks see the features of frame t only: gradients and difference are 0
    no-gru     the recurrent part starts from zero for every pair
    single     the score is the mean single-frame depth; the temporal part is not run

None of these can be exported to the engine.
"""

import os
from contextlib import contextmanager

import torch
import torch.nn.functional as F

from training.networks import blocks
from training.networks.networks import LEVELS, Clip, Config, Network

ABLATIONS = ("no-rsgb", "no-ststb", "no-gru", "single")


class Still:
    """Of an STSTB: its frames are zero, so that there are no gradients and no difference."""

    def forward(self, f, now, next, below=None):
        zero = torch.zeros_like(now)
        return super().forward(f, zero, zero, below)


class StillStstbPaper(Still, blocks.StstbPaper):
    pass


class StillStstbReference(Still, blocks.StstbReference):
    pass


class StillOff(blocks.Off):
    """The same of an OFF block, whose features and frame are one."""

    def forward(self, now, next, below):
        zero = torch.zeros_like(now)
        x = blocks.concat(now, zero, zero, zero, below)
        return F.max_pool2d(F.relu(blocks.NormedConv.forward(self, x)), 2)


# A block becomes the still one of its class as it is, so that its tensors keep their names.
STILL = {
    blocks.StstbPaper: StillStstbPaper,
    blocks.StstbReference: StillStstbReference,
    blocks.Off: StillOff,
}


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
                block = getattr(self, f"{self.recipe.motion}{level}")
                block.__class__ = STILL[type(block)]
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
    with refusing(f"{path}: no checkpoint of training.train"):
        checkpoint = torch.load(path, map_location="cpu", weights_only=True)
        network = build(Config(**checkpoint["config"]), checkpoint.get("ablations", ()))
        network.load_state_dict(checkpoint["model"])
    return network.eval(), checkpoint


def load_whole(path):
    """load() of a network that can be finished and exported; ValueError also of one without its
    parts."""
    network, checkpoint = load(path)
    missing = checkpoint.get("ablations")
    if missing:
        raise ValueError(
            f"{path}: a network without its parts ({', '.join(missing)}) is for evaluation only"
        )
    return network, checkpoint


def write_checkpoint(path, checkpoint):
    """For torch.load(); a write that fails leaves the file that was there. OSError, also of a full
    disk, of which torch makes a RuntimeError."""
    part = f"{path}.part"
    try:
        torch.save(checkpoint, part)
    except RuntimeError as error:
        raise OSError(f"{part} cannot be written: {str(error).splitlines()[0]}") from None
    os.replace(part, path)


@contextmanager
def refusing(text):
    """Whatever is raised of a file that is damaged or another's becomes a ValueError: torch's
    unpickler raises anything, an IndexError of a text."""
    try:
        yield
    except OSError:
        raise
    except Exception as error:
        first = " ".join(str(error).splitlines()[:1])
        raise ValueError(f"{text}: {type(error).__name__} {first}") from None
