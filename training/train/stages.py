"""The two stages of a training as modules: what is run, what learns, what is frozen."""

import torch
from torch import nn

from training.networks.networks import LEVELS, Clip, Frame

TRUNK = ("init", "block1", "block2", "block3", "fuse", "single")
REDUCE = tuple(f"reduce{level}" for level in LEVELS)
LEAK = 0.1  # slope that gradients of the single depth see below its ReLU


def keep_alive(layer, inputs, output):
    """Hook of the depth layer: same output, but a gradient below 0 too. Without it the first steps
    from a random network, whose depth is far too large, can push all of the map below 0, where it
    would stay."""
    if not torch.is_grad_enabled():
        return output
    below = nn.Conv2d.forward(layer, inputs[0])
    return output + LEAK * (below - below.detach())


class StageOne(nn.Module):
    """Images [b][1][3][s][s] -> single depth [b][d][d], logit of live [b] by the means of the
    features that the depth is made of; None if not asked for. The network's head says it if it sees
    features, else a linear layer, for training alone."""

    def __init__(self, network, asked=False):
        super().__init__()
        self.network, self.asked = network, asked
        network.requires_grad_(False)
        for name in TRUNK:
            getattr(network, name).requires_grad_(True)
        on_features = network.config.head == "features"
        network.head.requires_grad_(asked and on_features)
        dropped = asked and not on_features
        self.opinion = nn.Linear(network.single.in_channels, 1) if dropped else None
        network.single.register_forward_hook(keep_alive)

    def train(self, mode=True):
        super().train(mode)
        for name in REDUCE:  # run by the trunk, but of the temporal part
            getattr(self.network, name).eval()
        return self

    def forward(self, images):
        images = images.flatten(0, 1).contiguous(memory_format=torch.channels_last)
        frame = self.network.trunk(images)
        single = frame.single[:, 0]
        if not self.asked:
            return single, None
        with torch.autocast(images.device.type, enabled=False):
            means = frame.means.float()
            if self.opinion:
                return single, self.opinion(means)[:, 0]
            live, attack = self.network.head(means).unbind(1)
            return single, live - attack


class StageTwo(nn.Module):
    """Images [b][frames][3][s][s] -> Clip, with gradients of the temporal part alone"""

    def __init__(self, network):
        super().__init__()
        self.network = network
        network.requires_grad_(True)
        for name in TRUNK:
            getattr(network, name).requires_grad_(False)

    def train(self, mode=True):
        super().train(mode)
        for name in TRUNK:
            getattr(self.network, name).eval()
        return self

    def forward(self, images):
        network, alpha = self.network, self.network.config.alpha
        b, frames = images.shape[:2]
        images = images.flatten(0, 1).contiguous(memory_format=torch.channels_last)
        with torch.no_grad():
            single, features, _, means = network.trunk(images)
        compressed = tuple(getattr(network, name)(f) for name, f in zip(REDUCE, features))
        frame = Frame(single, features, compressed, means)
        index = torch.arange(b * frames, device=images.device).view(b, frames)
        motion = network.pair(frame[index[:, :-1].flatten()], frame[index[:, 1:].flatten()])
        multi = network.recurrent(motion.unflatten(0, (b, frames - 1)))
        single = single[:, 0].unflatten(0, (b, frames))
        fused = alpha * multi + (1 - alpha) * single[:, :-1]
        means = means.unflatten(0, (b, frames))[:, :-1]
        return Clip(single, multi, fused, *network.score(fused, means=means))
