"""Writes the weight file that the engine reads (src/weights.h).

    python3 -m training.ship.export CHECKPOINT OUT [--dtype f16]
    python3 -m training.ship.export --random SEED OUT [--network fas-sgtd] [--profile paper] ...

Batch norms are folded in float64, convolutions go from [out][in][h][w] to [out][h][w][in], the
config becomes metadata. A checkpoint is {"config": {field: value}, "model": state dict}, made by
torch.save, of a network with all its parts. --random exports an untrained network, to try out
everything but its verdicts.
"""

import argparse
from dataclasses import replace

import numpy as np
import torch

from training.judge.predict import measure_norms
from training.networks import weightfile
from training.networks.ablations import load_whole
from training.networks.networks import Config, Network
from training.networks.weightfile import Tensor

DTYPES = {"f32": ("F32", "<f4"), "f16": ("F16", "<f2")}


def to_bytes(tensor):
    """(int8 array, float32 scale of each output channel), byte * scale being nearly the tensor.
    The output channels are along the first axis, along the last of [1][k][k][c] (depthwise)."""
    tensor = np.asarray(tensor, np.float64)
    channels = 3 if tensor.ndim == 4 and tensor.shape[0] == 1 else 0
    others = tuple(axis for axis in range(tensor.ndim) if axis != channels)
    largest = np.abs(tensor).max(others, keepdims=True)
    scale = np.where(largest == 0, 1, largest / 127).astype("<f4")
    with np.errstate(invalid="ignore"):  # what is not finite shows in the scale
        data = np.rint(tensor / scale).clip(-127, 127).astype(np.int8)
    return np.ascontiguousarray(data), scale.ravel()


def stored(tensors, dtype, as_bytes):
    """(name, kind, array) of all that is in the file"""
    kind, layout = DTYPES[dtype]
    for name, tensor in tensors.items():
        if name in as_bytes:
            data, scale = to_bytes(tensor)
            if not np.isfinite(scale).all():
                raise ValueError(f"{name} has values that are not finite as I8")
            yield name, "I8", data
            yield f"{name}.scale", "F32", scale
            continue
        with np.errstate(over="ignore"):
            data = np.ascontiguousarray(tensor, dtype=layout)
        if not np.isfinite(data).all():
            raise ValueError(f"{name} has values that are not finite as {kind}")
        yield name, kind, data


def write_safetensors(path, tensors, metadata, dtype="f32", as_bytes=()):
    """tensors: {name: array}. as_bytes: names of those that become I8 with a scale for each output
    channel."""
    weightfile.write(
        path,
        metadata,
        {
            name: Tensor(kind, list(data.shape), data.tobytes())
            for name, kind, data in stored(tensors, dtype, as_bytes)
        },
    )


def to_engine(tensor):
    """PyTorch's [out][in][h][w] -> the engine's [out][h][w][in]; others as they are."""
    tensor = tensor.detach()
    return (tensor.permute(0, 2, 3, 1) if tensor.dim() == 4 else tensor).double().numpy()


def folded(module, at=""):
    """{name in the weight file: float64 array} of all blocks in module"""
    return {
        ".".join(part for part in (at, path, name) if part): to_engine(tensor)
        for path, block in module.named_modules()
        if hasattr(block, "folded")
        for name, tensor in block.folded().items()
    }


def export(network, path, dtype="f32"):
    write_safetensors(path, folded(network), network.config.metadata(), dtype)


# --- random networks ---

SENSOR_NOISE = 4  # standard deviation of a byte


def random_clip(rng, config):
    """Frames of one moving random picture, blurs, boxes and noise, as input [frames][3][s][s]"""
    frames, size = config.frames, config.input_size
    side = size + 2 * frames
    picture = np.full((side, side, 3), 127.0)
    for cells in (2, 4, 8, 16):
        grid = rng.normal(0, 40, (cells + 1, cells + 1, 3))
        at = np.linspace(0, cells - 1e-6, side)
        low = at.astype(int)
        t = (at - low)[:, None, None]
        rows = grid[low] * (1 - t) + grid[low + 1] * t
        t = t.reshape(1, side, 1)
        picture += rows[:, low] * (1 - t) + rows[:, low + 1] * t
    for _ in range(8):
        (y0, y1), (x0, x1) = np.sort(rng.integers(0, side, (2, 2)))
        picture[y0:y1, x0:x1] = rng.uniform(0, 255, 3)
    clip = np.stack([picture[t : t + size, 2 * t : 2 * t + size] for t in range(frames)])
    clip += rng.normal(0, SENSOR_NOISE, clip.shape)
    clip = (clip.round().clip(0, 255) - config.mean) / config.std
    return torch.from_numpy(clip.astype(np.float32)).permute(0, 3, 1, 2).contiguous()


def randomise(network, rng, images):
    """Random weights, then everything that depends on data: batch norm statistics, the size of the
    single depth (mean 0.4) and logits near zero, from images [frames][3][s][s]. In float64, so that
    machines agree on the result."""
    config = network.config
    network.double().requires_grad_(False)
    for name, value in network.named_parameters():
        if value.dim() == 4:
            random = rng.normal(0, (2 / value[0].numel()) ** 0.5, value.shape)
        elif value.dim() == 2:
            random = rng.normal(0, value.shape[1] ** -0.5, value.shape)
        elif name.endswith(("norm.weight", "norm_sum.weight")):
            random = value.numpy() * rng.uniform(0.8, 1.2, value.shape)
        else:
            random = rng.normal(0, 0.1, value.shape)
            if name.endswith("gates.bias") and config.profile == "reference":
                random += 1
        value.copy_(torch.from_numpy(random))

    images = images[None].double()
    measure_norms(network, [images])
    network.eval()

    seen = []
    hook = network.fuse[-1].register_forward_hook(lambda _, __, out: seen.append(out))
    network(images)
    hook.remove()
    depth = network.single._conv_forward(seen[0], network.single.weight, network.single.bias)
    network.single.weight.mul_(0.3 / depth.std())
    network.single.bias.copy_((network.single.bias - depth.mean()) * 0.3 / depth.std() + 0.4)
    logits = network(images).logits[0]
    if config.profile == "reference":  # measured behind its ReLU, so the layer is moved clear of it
        network.head[1].bias.add_(2)
        logits = network(images).logits[0]
    network.head[1].bias.add_(torch.tensor([0.6, 0.4]) - logits)
    return network.float()


def random_network(config, seed):
    if "untrained" not in config.preset:
        raise ValueError('the preset name of a random network must contain "untrained"')
    config = replace(
        config,
        trained="no",
        provenance=(
            f"untrained: random weights, seed {seed}, statistics from a random picture; "
            "training/ship/export.py --random"
        ),
    )
    rng = np.random.default_rng(seed)
    images = random_clip(rng, config)
    return randomise(Network(config), rng, images)


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("checkpoint", nargs="?")
    parser.add_argument("out")
    parser.add_argument("--dtype", choices=DTYPES, default="f32")
    parser.add_argument("--random", type=int, metavar="SEED")
    default = Config()
    random = parser.add_argument_group("with --random")
    random.add_argument("--network", default=default.network)
    random.add_argument("--profile", default=default.profile)
    random.add_argument("--preset", help="default: NETWORK-SIZE-untrained")
    random.add_argument("--size", type=int, default=default.input_size)
    random.add_argument("--width", type=float, default=default.width)
    random.add_argument("--frames", type=int, default=default.frames)
    random.add_argument("--crop-scale", type=float, default=default.crop_scale)
    random.add_argument("--input-norm", default=default.input_norm)
    random.add_argument("--head", default=default.head)
    random.add_argument("--live-threshold", type=float, default=0.7)
    random.add_argument("--spoof-threshold", type=float, default=0.3)
    args = parser.parse_intermixed_args()
    if (args.checkpoint is None) == (args.random is None):
        parser.error("give either a checkpoint or --random SEED")
    try:
        if args.random is None:
            network, _ = load_whole(args.checkpoint)
        else:
            preset = args.preset or f"{args.network}-{args.size}-untrained"
            network = random_network(
                Config(
                    args.network,
                    args.profile,
                    preset,
                    args.size,
                    args.width,
                    args.frames,
                    crop_scale=args.crop_scale,
                    input_norm=args.input_norm,
                    head=args.head,
                    live_threshold=args.live_threshold,
                    spoof_threshold=args.spoof_threshold,
                ),
                args.random,
            )
        export(network, args.out, args.dtype)
    except (ValueError, OSError) as error:
        parser.error(str(error))
    print(network.config)


if __name__ == "__main__":
    main()
