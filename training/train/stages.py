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
    """Images [b][1][3][s][s] -> single depth [b][d][d], means of the features that it is made of
    [b][c]"""

    def __init__(self, network):
        super().__init__()
        self.network = network
        network.requires_grad_(False)
        for name in TRUNK:
            getattr(network, name).requires_grad_(True)
        network.single.register_forward_pre_hook(self.remember)
        network.single.register_forward_hook(keep_alive)
        self.means = None

    def remember(self, layer, inputs):
        self.means = inputs[0].mean((2, 3))

    def train(self, mode=True):
        super().train(mode)
        for name in REDUCE:  # run by the trunk, but of the temporal part
            getattr(self.network, name).eval()
        return self

    def forward(self, images):
        images = images.flatten(0, 1).contiguous(memory_format=torch.channels_last)
        single = self.network.trunk(images).single[:, 0]
        return single, self.means


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
            single, features, _ = network.trunk(images)
        compressed = tuple(getattr(network, name)(f) for name, f in zip(REDUCE, features))
        frame = Frame(single, features, compressed)
        index = torch.arange(b * frames, device=images.device).view(b, frames)
        motion = network.pair(frame[index[:, :-1].flatten()], frame[index[:, 1:].flatten()])
        multi = network.recurrent(motion.unflatten(0, (b, frames - 1)))
        single = single[:, 0].unflatten(0, (b, frames))
        fused = alpha * multi + (1 - alpha) * single[:, :-1]
        return Clip(single, multi, fused, *network.score(fused))
