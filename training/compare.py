"""The wasm engine against float64 on one clip, for a weight file of any size:

    python3 training/compare.py MODEL [--variants simd relaxed] [--threads 1] [--node node]

Prints the largest difference of the fused depth maps, absolute and relative to the largest depth,
and that of the score; exits with 1 where one passes 1e-4. Relaxed variants need Node 22.
"""

import argparse
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import torch

from export import random_clip
from folded import Folded, load
from networks import Config

LIMIT = 1e-4


def engine(options, variant, rgb):
    """(fused [pairs * d * d], score) of the wasm module for [T][size][size][3] bytes"""
    rgba = np.concatenate([rgb, np.full_like(rgb[..., :1], 255)], -1)
    script = Path(__file__).with_name("engine.mjs")
    command = [options.node, script, options.model, variant, str(options.threads),
               str(rgb.shape[1])]
    answer = json.loads(subprocess.run(command, input=rgba.tobytes(), stdout=subprocess.PIPE,
                                       check=True).stdout)
    return np.ravel(answer["fused"]), answer["score"]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model")
    parser.add_argument("--variants", nargs="+", default=["simd"])
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--node", default="node")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()

    tensors, metadata = load(options.model)
    config = Config.from_metadata(metadata)
    clip = random_clip(np.random.default_rng(options.seed), config).permute(0, 2, 3, 1)
    rgb = (clip * config.std + config.mean).round().clamp(0, 255).to(torch.uint8)
    images = (rgb.double() - config.mean) / config.std
    with torch.no_grad():
        exact = Folded(tensors, metadata).run(images.permute(0, 3, 1, 2))
    largest = exact["fused"].abs().max().item()

    worst = 0
    for variant in options.variants:
        fused, score = engine(options, variant, rgb.numpy())
        difference = np.abs(fused - exact["fused"].numpy().ravel()).max()
        off = abs(score - exact["score"].item())
        worst = max(worst, difference, off)
        print(f"{config.network} {config.profile} {config.input_size} width {config.width} "
              f"{variant}: fused off by {difference:.1e}, {difference / largest:.1e} relative; "
              f"score {score:.6f}, off by {off:.1e}", flush=True)
    return int(not worst <= LIMIT)


if __name__ == "__main__":
    sys.exit(main())
