"""A training goes on from one of these: a checkpoint, also of a narrower network (widen.py), or
a weight file. Batch norms are folded into the latter, so they begin as the identity, with
statistics of the pictures at hand. A head that sees something else than the file's begins anew, and
a network without a part goes on from a whole one's other parts."""

import torch
from torch import nn

from training.networks import folded
from training.networks.ablations import load
from training.networks.blocks import Conv, RsgbPaper
from training.networks.networks import Config, Network
from training.networks.widen import widened

ALIKE = ("network", "profile", "input_size", "input_norm", "frames")


class Unlike(Exception):
    """A weight file or checkpoint of another network."""


def start_from(network, path, images):
    """Fills a network from a checkpoint, or from a weight file: see unfold()."""
    if path.suffix == ".pt":
        other, _ = load(path)
        ours, theirs = network.config, other.config
        need_alike(ours, theirs, path, ALIKE)
        if theirs.width > ours.width or theirs.width < ours.width and network.reference:
            raise Unlike(f"{path}: width {theirs.width}, not {ours.width}")
        state = widened(network, other) if theirs.width < ours.width else other.state_dict()
        if theirs.head != ours.head:
            own = network.state_dict()
            state |= {name: own[name] for name in own if name.startswith("head.")}
        try:
            network.load_state_dict(without_gradients(network, state))
        except RuntimeError as error:
            raise Unlike(f"{path}: other parts: {error}") from None
    elif "no-rsgb" in getattr(network, "ablations", ()):
        whole = Network(network.config)
        unfold(whole, path, images)
        network.load_state_dict(without_gradients(network, whole.state_dict()))
    else:
        unfold(network, path, images)


def without_gradients(network, state):
    """A checkpoint's state; where the network has a plain convolution in the place of an RSGB of
    the text, with that block's 3x3 kernel and outer norm alone. The mean that this norm has seen
    loses the part of the squares, the bias of their own norm."""
    for path, block in network.named_modules():
        at = f"{path}."
        if not isinstance(block, Conv) or f"{at}conv.weight" not in state:
            continue
        own = {name.removeprefix(at): state[name] for name in state if name.startswith(at)}
        own["norm_sum.running_mean"] = own["norm_sum.running_mean"] - own["norm.bias"]
        state = {name: value for name, value in state.items() if not name.startswith(at)}
        for theirs, ours in (("conv.", ""), ("norm_sum.", "norm.")):
            state |= {
                f"{at}{ours}{name.removeprefix(theirs)}": value
                for name, value in own.items()
                if name.startswith(theirs)
            }
    return state


def need_alike(ours, theirs, path, names):
    for name in names:
        if getattr(theirs, name) != getattr(ours, name):
            raise Unlike(f"{path}: {name} {getattr(theirs, name)}, not {getattr(ours, name)}")


def unfold(network, path, images):
    """Fills a network of profile "paper" from a weight file. images: the network's input
    [b][frames][3][s][s], b * frames a few dozen; on them the network, in training mode, then gives
    the file's outputs."""
    tensors, metadata = folded.load(path)
    theirs = Config.from_metadata(metadata)
    need_alike(network.config, theirs, path, (*ALIKE, "width"))
    if network.reference:
        raise Unlike(f"{path}: only the profile paper can be trained on")
    state = network.state_dict()
    scales = {}  # of an RSGB's squares
    for name, tensor in tensors.items():
        if name.startswith("head.") and theirs.head != network.config.head:
            continue
        if name.endswith(".norm.scale"):
            scales[name.removesuffix(".scale")] = tensor.float()
            continue
        if name not in state:
            raise Unlike(f"{path}: other parts: {name}, which the network here has not")
        state[name].copy_(tensor.permute(0, 3, 1, 2) if tensor.dim() == 4 else tensor)

    squares = {path for path, block in network.named_modules() if isinstance(block, RsgbPaper)}
    hooks = []
    for name, norm in network.named_modules():
        if not isinstance(norm, nn.BatchNorm2d):
            continue
        parent = name.rpartition(".")[0]
        scale = scales[name] if parent in squares and name.endswith(".norm") else None
        hooks.append(
            norm.register_forward_pre_hook(
                lambda norm, inputs, scale=scale: become_scale(norm, inputs[0], scale)
            )
        )
    network.train()
    with torch.no_grad():
        network(images)
    for hook in hooks:
        hook.remove()


def become_scale(norm, x, scale):
    """Makes a batch norm, on x, the product with a scale [c]; None: the identity."""
    mean, variance = x.mean((0, 2, 3)), x.var((0, 2, 3), unbiased=False)
    deviation = (variance + norm.eps).sqrt()
    with torch.no_grad():
        norm.weight.copy_(deviation if scale is None else scale * deviation)
        norm.bias.copy_(mean if scale is None else scale * mean)
        norm.running_mean.copy_(mean)
        norm.running_var.copy_(variance)
