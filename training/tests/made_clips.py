"""Made-up clips for tests: pictures of one colour, rows of clips.jsonl, a data set's folder."""

import contextlib
import io
import json
import tempfile
import unittest
from pathlib import Path
from unittest import mock

import numpy as np

from training.data import clipset


def plain(*colour, side=64):
    return np.full((side, side, 3), colour, np.uint8)


def write_folder(folder, clips, rows, depth_side=32):
    """A data set folder of these clips [N][T][s][s][3]; live depth is a ramp."""
    count, frames = clips.shape[:2]
    depth = np.zeros((count, frames, depth_side, depth_side), np.uint8)
    mask = np.zeros_like(depth)
    mask[:, :, 8:24, 8:24] = 255
    for i, row in enumerate(rows):
        if row["label"] == "live":
            depth[i, :, 8:24, 8:24] = np.linspace(100, 255, 16).astype(np.uint8)
    for name, values in (("clips", clips), ("depth", depth), ("mask", mask)):
        np.save(folder / f"{name}.npy", values)
    (folder / "clips.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    info = {
        "format": "livedepth-clips",
        "version": 1,
        "frames": frames,
        "size": clips.shape[2],
        "crop_scale": 1.5,
        "interval_ms": 100,
        "seed": 1,
        "sha256": clipset.digest(folder),
    }
    (folder / "info.json").write_text(json.dumps(info))


def row(pair, species, teacher_says=(0.9, 0.7), **families):
    label = "live" if species == "live" else "attack"
    return {
        "id": f"train-{pair:06}-{label}",
        "split": "train",
        "label": label,
        "species": species,
        "pair": pair,
        "identity": f"faker/{pair:04}",
        "source": "faker",
        "held_out": [],
        "families": {"camera": "mild", "instrument": None, "light": "room", **families},
        "teacher": None if teacher_says is None else list(teacher_says),
    }


class WithFolder(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = Path(folder.name)

    def run_main(self, module, *arguments):
        """-> exit code, what it printed"""
        out, code = io.StringIO(), 0
        words = [module.__name__, *map(str, arguments)]
        with contextlib.redirect_stdout(out), mock.patch("sys.argv", words):
            try:
                module.main()
            except SystemExit as end:
                code = int(end.code)
        return code, out.getvalue()
