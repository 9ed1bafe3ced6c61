"""Parts of every training loop here: random draws, the optimiser, its rate, averaged weights."""

import itertools
import math
import time
from functools import partial

import numpy as np
import torch


def generator(*key):
    """Of the CPU; draws follow from the integers of the key alone."""
    return torch.Generator().manual_seed(int(np.random.SeedSequence(key).generate_state(1)[0]))


# {name: of parameter groups, with lr and weight_decay}. Adadelta's as both papers and TensorFlow
# have them. Decay of the last two is an L2 term of the loss, as in the released code.
OPTIMISERS = {
    "adamw": torch.optim.AdamW,
    "adam": torch.optim.Adam,
    "adadelta": partial(torch.optim.Adadelta, rho=0.95, eps=1e-8),
}
SCHEDULES = "cosine", "constant"


def rate_share(step, warmup, fraction, schedule="cosine"):
    """Of the full learning rate: up over the steps of warmup, then as it is, or down by a cosine to
    1 % when the used share of the budget is 1."""
    share = min(1, (step + 1) / max(warmup, 1))
    if schedule == "constant":
        return share
    return share * (0.01 + 0.99 * (1 + math.cos(math.pi * min(1, fraction))) / 2)


def budgeted(clips, batch, seed, minutes, most=None):
    """Yields (step, used share of the budget, clipset.Draw of single frames) until the minutes are
    over, or as many steps as `most`, if given."""
    begun, step = time.monotonic(), 0
    for epoch in itertools.count():
        for draw in clips.epoch(batch, "frames", seed, epoch):
            used = max((time.monotonic() - begun) / 60 / minutes, step / most if most else 0)
            if used >= 1:
                return
            yield step, used, draw
            step += 1


class Average:
    """Exponential moving average of a network's state; early on the average is shorter."""

    def __init__(self, network, decay):
        self.decay = decay
        self.state = {name: value.detach().clone() for name, value in network.state_dict().items()}

    @torch.no_grad()
    def update(self, network, step):
        share = 1 - min(self.decay, (1 + step) / (10 + step))
        now = network.state_dict()
        names = [name for name, value in self.state.items() if value.is_floating_point()]
        torch._foreach_lerp_(
            [self.state[name] for name in names], [now[name] for name in names], share
        )

    @torch.no_grad()
    def restore_norms(self, network):
        """Puts its batch-norm statistics into the network, after a step that spoiled them."""
        for name, value in network.named_buffers():
            value.copy_(self.state[name])
