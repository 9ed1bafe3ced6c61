"""The wasm engine against float64, for a weight file of any size:

    python3 -m training.ship.compare MODEL [--variants simd relaxed] [--threads 1] [--node node]
    python3 -m training.ship.compare MODEL --data CLIPS --count 100

on one random clip, or on clips of a data set's test split. Prints the largest difference of the
fused depth maps, absolute and relative to the largest depth, and that of the score; exits with 1
where one passes 1e-4. Relaxed variants need Node 22.
"""

import argparse
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F

from training.networks.folded import Folded, load
from training.networks.networks import Config
from training.ship.export import random_clip

LIMIT = 1e-4


def engine(options, variant, rgb):
    """(fused [pairs * d * d], score) of the wasm module for [T][size][size][3] bytes"""
    rgba = np.concatenate([rgb, np.full_like(rgb[..., :1], 255)], -1)
    script = Path(__file__).with_name("engine.mjs")
    command = [
        options.node,
        script,
        options.model,
        variant,
        str(options.threads),
        str(rgb.shape[1]),
    ]
    answer = json.loads(
        subprocess.run(command, input=rgba.tobytes(), stdout=subprocess.PIPE, check=True).stdout
    )
    return np.ravel(answer["fused"]), answer["score"]


def random_clips(config, seed):
    """[1] clip [T][size][size][3] uint8"""
    clip = random_clip(np.random.default_rng(seed), config).permute(0, 2, 3, 1)
    return [(clip * config.std + config.mean).round().clamp(0, 255).byte().numpy()]


def made_clips(config, folder, count):
    """Clips of the test split, evenly spread, shrunk to the network's size"""
    from training.data.clipset import ClipSet, Draw, planes

    clips = ClipSet(folder, "test")
    shrink, left = divmod(clips.info["size"], config.input_size)
    if left:
        raise SystemExit(f"clips of {clips.info['size']} pixels, a network of {config.input_size}")
    chosen = np.unique(np.linspace(0, len(clips) - 1, count).astype(int))
    images = planes(clips.load(Draw(chosen, None)).images)
    small = F.avg_pool2d(images.flatten(0, 1), shrink).unflatten(0, images.shape[:2])
    return small.round().byte().permute(0, 1, 3, 4, 2).numpy()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model")
    parser.add_argument("--variants", nargs="+", default=["simd"])
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--node", default="node")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--data", type=Path, help="a folder of clips")
    parser.add_argument("--count", type=int, default=100)
    options = parser.parse_args()

    tensors, metadata = load(options.model)
    config = Config.from_metadata(metadata)
    clips = (
        made_clips(config, options.data, options.count)
        if options.data
        else random_clips(config, options.seed)
    )
    network = Folded(tensors, metadata)
    exact = []
    with torch.no_grad():
        for rgb in clips:
            images = (torch.from_numpy(rgb).double() - config.mean) / config.std
            answer = network.run(images.permute(0, 3, 1, 2))
            exact.append((answer["fused"].numpy().ravel(), answer["score"].item()))
    largest = max(np.abs(fused).max() for fused, _ in exact)

    worst = 0
    for variant in options.variants:
        found = [engine(options, variant, rgb) for rgb in clips]
        difference = max(np.abs(f - e).max() for (f, _), (e, _) in zip(found, exact))
        off = max(abs(f - e) for (_, f), (_, e) in zip(found, exact))
        worst = max(worst, difference, off)
        print(
            f"{config.network} {config.profile} {config.input_size} width {config.width} "
            f"{variant}, {len(clips)} clips: fused off by {difference:.1e}, "
            f"{difference / largest:.1e} relative; score off by {off:.1e}",
            flush=True,
        )
    return int(not worst <= LIMIT)


if __name__ == "__main__":
    sys.exit(main())
