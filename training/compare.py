"""The wasm engine against float64 on one clip, for a weight file of any size:

    python3 training/compare.py MODEL [--variant simd] [--threads 1] [--node node]

Prints the largest difference of the fused depth maps, absolute and relative to the largest depth,
and that of the score; exits with 1 where they pass the limits of tests/test_golden.c.
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

ABSOLUTE, RELATIVE = 1e-4, 5e-6


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model")
    parser.add_argument("--variant", default="simd")
    parser.add_argument("--threads", default="1")
    parser.add_argument("--node", default="node")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()

    tensors, metadata = load(options.model)
    config = Config.from_metadata(metadata)
    clip = random_clip(np.random.default_rng(options.seed), config)  # [T][3][size][size], normalised
    rgb = np.asarray(clip.permute(0, 2, 3, 1)) * config.std + config.mean
    rgb = np.clip(np.rint(rgb), 0, 255).astype(np.uint8)
    rgba = np.concatenate([rgb, np.full_like(rgb[..., :1], 255)], -1)
    images = (torch.from_numpy(rgb.astype(np.float64)) - config.mean) / config.std

    script = Path(__file__).with_name("engine.mjs")
    engine = json.loads(subprocess.run(
        [options.node, script, options.model, options.variant, options.threads,
         str(config.input_size)], input=rgba.tobytes(), stdout=subprocess.PIPE, check=True).stdout)
    with torch.no_grad():
        exact = Folded(tensors, metadata).run(images.permute(0, 3, 1, 2))
    fused = exact["fused"].numpy().ravel()
    difference = np.abs(np.ravel(engine["fused"]) - fused).max()
    relative = difference / np.abs(fused).max()
    score = abs(engine["score"] - exact["score"].item())
    print(f"{config.network} {config.profile} {config.input_size} width {config.width} "
          f"{options.variant} {options.threads}: fused {difference:.1e} ({relative:.1e} relative), "
          f"score {engine['score']:.6f}, off by {score:.1e}")
    return int(not (difference <= ABSOLUTE and relative <= RELATIVE and score <= ABSOLUTE))


if __name__ == "__main__":
    sys.exit(main())
