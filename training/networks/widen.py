"""From a trained network to one of more channels that gives the same answers and can learn more
(Net2Net, arXiv:1511.05641): every channel is there as often as it takes, and what reads it divides
its weight by that number. NOISE of each weight sets the copies apart, so that they can part."""

from typing import NamedTuple

import torch

from training.networks.networks import HEAD_HIDDEN, LEVELS

NOISE = 0.02


class Part(NamedTuple):
    """Channels that a layer reads or writes: for each of the wider network the narrow one's."""

    index: torch.Tensor  # int64 [wider]
    count: int  # of the narrow one


def joined(parts):
    """The channels of a concatenation."""
    count, index = 0, []
    for part in parts:
        index.append(part.index + count)
        count += part.count
    return Part(torch.cat(index), count)


def layers_of(recipe, ours, theirs):
    """{name of a layer or block with convolutions, or of one on features: (what it reads, what it
    writes)}"""

    def part(base):
        count = theirs.channels(base)
        return Part(torch.arange(ours.channels(base)) % count, count)

    def fixed(count):
        return Part(torch.arange(count), count)

    wide, hidden, compressed, one = part(128), part(64), part(32), fixed(1)
    layers = {"init": (fixed(3), hidden)}
    inputs = hidden
    for level in LEVELS:
        for i, width in enumerate(recipe.widths):
            layers[f"block{level}.{i}"] = inputs, part(width)
            inputs = part(width)
        below = [wide] if level > 1 else []
        layers[f"reduce{level}"] = wide, compressed
        layers[f"{recipe.motion}{level}"] = (
            joined([compressed] * (4 if recipe.motion == "off" else 6) + below),
            wide,
        )
    layers |= {
        "fuse.0": (joined([wide] * 3), wide),
        "fuse.1": (wide, hidden),
        "single": (hidden, one),
    }
    if theirs.head == "features":
        layers["head.0"] = hidden, fixed(HEAD_HIDDEN)
    for gru, x, state in ("gru1", wide, hidden), ("gru2", hidden, one):
        layers[f"{gru}.gates"] = joined([x, state]), joined([state, state])
        layers[f"{gru}.candidate"] = joined([x, state]), state
    return layers


def widened(network, other, noise=NOISE):
    """The state of `network`, profile paper, that does what the narrower `other` does. noise:
    deviation of a weight's factor."""
    layers = layers_of(network.recipe, network.config, other.config)
    state = {}
    for name, value in other.state_dict().items():
        layer = next((layer for layer in layers if name.startswith(f"{layer}.")), None)
        if layer is None or value.dim() == 0:  # also the head that reads maps
            state[name] = value
            continue
        inputs, out = layers[layer]
        value = value[out.index]
        if value.dim() > 1:
            copies = inputs.index.bincount()[inputs.index]
            value = value[:, inputs.index] / copies.view(1, -1, *[1] * (value.dim() - 2))
            value = value * (1 + noise * torch.randn_like(value))
        state[name] = value
    return state
