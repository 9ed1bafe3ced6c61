"""A tiny made-up set in the format of clips/make.py, and tests that train on it."""

import contextlib
import io
import json
import tempfile
import unittest
from pathlib import Path

import numpy as np
import torch
from torch.utils import tensorboard  # noqa: F401  (slow to load; not part of a test's time)

from training.data import clipset
from training.train import run
from training.train.__main__ import arguments
from training.train.recipe import STAGES

FRAMES, SIZE = 3, 32


def make(path, pairs=(16, 8, 4), seed=0):
    """A folder in the format of clips/make.py: a live face is a shaded disc with depth, an attack
    the same under stripes and without depth."""
    rng = np.random.default_rng(seed)
    path.mkdir()
    n = 2 * sum(pairs)
    clips = np.zeros((n, FRAMES, SIZE, SIZE, 3), np.uint8)
    depth = np.zeros((n, FRAMES, 32, 32), np.uint8)
    y, x = (np.mgrid[:SIZE, :SIZE] + 0.5) / SIZE
    stripes = 25 * (2 * (np.arange(SIZE) // 2 % 2) - 1)[:, None]
    records = []
    for split, count in zip(clipset.SPLITS, pairs):
        for _ in range(count):
            pair = len(records) // 2
            centre, tone, ground = rng.uniform(0.4, 0.6, 2), *rng.uniform(60, 200, (2, 3))
            for label in clipset.LABELS:
                row = len(records)
                for t in range(FRAMES):
                    disc = 1 - ((x - centre[0] - 0.02 * t) ** 2 + (y - centre[1]) ** 2) / 0.09
                    disc = disc.clip(0, 1)[..., None]
                    picture = np.where(disc > 0, tone * (0.6 + 0.4 * disc), ground)
                    picture = picture + rng.normal(0, 3, picture.shape)
                    if label == "attack":
                        picture = picture + stripes
                    else:
                        depth[row, t] = 255 * disc[..., 0]
                    clips[row, t] = picture.clip(0, 255)
                records.append(
                    {
                        "id": f"{split}-{pair:06d}-{label}",
                        "split": split,
                        "label": label,
                        "species": "live" if label == "live" else ("print", "replay")[pair % 2],
                        "pair": pair,
                        "families": {"camera": ("old", "new")[pair % 2]},
                        "teacher": [0.9, 0.7] if label == "live" else None,
                    }
                )
    for name, array in (("clips", clips), ("depth", depth), ("mask", depth)):
        np.save(path / f"{name}.npy", array)
    lines = "".join(json.dumps(record) + "\n" for record in records)
    (path / "clips.jsonl").write_text(lines)
    info = {
        "format": "livedepth-clips",
        "version": 1,
        "frames": FRAMES,
        "size": SIZE,
        "crop_scale": 1.5,
        "interval_ms": 100,
        "sha256": clipset.digest(path),
    }
    (path / "info.json").write_text(json.dumps(info))
    return path


class Made(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        torch.set_num_threads(1)
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.temp = Path(folder.name)
        cls.data = make(cls.temp / "data")

    def options(self, out, *more):
        """(recipe, options) of a tiny run; more: words of the command, --set first"""
        return arguments(
            [
                "plain",
                str(self.data),
                "--out",
                str(self.temp / out),
                "--dev-clips",
                "0",
                "--precision",
                "f32",
                "--set",
                f"network.size={SIZE}",
                "network.width=0.0625",
                *(
                    f"{stage}.{change}"
                    for stage in STAGES
                    for change in ("batch=8", "warmup=5", "norm_batches=2")
                ),
                *more,
            ]
        )

    def train(self, out, *more):
        with contextlib.redirect_stderr(io.StringIO()), contextlib.redirect_stdout(io.StringIO()):
            run.train(*self.options(out, *more))
        return self.temp / out


def both(change):
    """A change of both stages, as words of the command"""
    return [f"{stage}.{change}" for stage in STAGES]
