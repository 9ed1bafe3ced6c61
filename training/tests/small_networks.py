"""Networks small enough to be compared with loops, and the comparison."""

from dataclasses import replace

import numpy as np
import torch

from training.networks.folded import Folded
from training.networks.networks import Config, Network
from training.ship import export

torch.set_num_threads(1)  # tensors this small gain nothing from more
SMALL = Config(preset="test-untrained", input_size=32, width=0.0625, frames=3)


def small(network, profile, seed=1, **more):
    """(random network in float64, its input [frames][3][s][s])"""
    config = replace(SMALL, network=network, profile=profile, **more)
    rng = np.random.default_rng(seed)
    images = export.random_clip(rng, config)
    built = export.randomise(Network(config), rng, images).double()
    return built, images.double()


def folded64(network):
    """The folded form without the file's rounding."""
    return Folded(
        {name: torch.from_numpy(value) for name, value in export.folded(network).items()},
        network.config.metadata(),
    )


def worst(a, b):
    return np.abs(np.asarray(a) - np.asarray(b)).max()
