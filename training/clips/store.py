"""Writes a data set folder, as clipset.py reads it."""

import json
from typing import NamedTuple

import numpy as np

from training.data import clipset
from training.data.clipset import DEPTH_SIZE, file_name

from .gate import balance_splits, need_pairs, report_of


class Clip(NamedTuple):
    """By name of a view. The name "" is that of a folder with one view."""

    views: dict  # name -> [T][size][size][3] uint8
    depth: dict  # name -> [T][32][32] uint8, of the views that are held
    mask: dict
    row: dict  # a line of clips.jsonl


def plain(value):
    """For json: numpy's numbers and arrays."""
    return value.tolist() if isinstance(value, (np.ndarray, np.generic)) else str(value)


class Store:
    """Clips are kept in files of the largest size until finish() drops pairs that leak."""

    def __init__(self, folder, most, frames, views):
        """most: clips at most; views: {name: {"scale", "size", "filter", "held"}}, or of one
        without a name"""
        folder.mkdir(parents=True, exist_ok=True)
        self.folder, self.frames, self.views = folder, frames, views
        self.arrays = {
            name: self.open(f"{name}.part", most, shape) for name, shape in self.shapes()
        }
        self.rows, self.cues = [], []

    def shapes(self):
        for name, view in self.views.items():
            yield file_name("clips", name), (view["size"], view["size"], 3)
            if view["held"]:
                yield file_name("depth", name), (DEPTH_SIZE, DEPTH_SIZE)
                yield file_name("mask", name), (DEPTH_SIZE, DEPTH_SIZE)

    def open(self, name, count, shape):
        return np.lib.format.open_memmap(
            self.folder / f"{name}.npy", "w+", np.uint8, (count, self.frames, *shape)
        )

    def add(self, clips, cues):
        """A pair: clips with views, depth, mask and row; the leak gate's cues of both"""
        for clip, own in zip(clips, cues):
            for kind in ("views", "depth", "mask"):
                for view, value in getattr(clip, kind).items():
                    array = file_name("clips" if kind == "views" else kind, view)
                    self.arrays[array][len(self.rows)] = value
            self.rows.append(clip.row)
            self.cues.append(own)

    def finish(self, seed, keep, info):
        """-> report of the leak gate, lines of clips.jsonl. ValueError if too few pairs are there
        for the gate: then no file is left."""
        try:
            need_pairs(len(self.rows) // 2)
        except ValueError as error:
            for name in self.arrays:
                (self.folder / f"{name}.part.npy").unlink()
            raise ValueError(f"{error}; rejected pairs: {info['rejected'] or 'none'}") from None
        cues = np.stack(self.cues)
        chosen = balance_splits(cues, self.rows, seed, keep)
        for name, values in self.arrays.items():
            out = self.open(name, len(chosen), values.shape[2:])
            for place, i in enumerate(chosen):
                out[place] = values[i]
            out.flush()
            (self.folder / f"{name}.part.npy").unlink()
        rows = [self.rows[i] for i in chosen]
        with open(self.folder / "clips.jsonl", "w", encoding="utf-8") as file:
            file.writelines(json.dumps(row, default=plain) + "\n" for row in rows)
        report = report_of(cues[chosen], rows)
        alone = self.views.get("")
        views = {} if alone else {"views": self.views}
        info = {
            "format": clipset.FORMAT,
            "version": clipset.VERSION,
            "frames": self.frames,
            **({"size": alone["size"], "crop_scale": alone["scale"]} if alone else views),
            **info,
            "gate": report,
            "sha256": clipset.digest(self.folder, **views),
        }
        (self.folder / "info.json").write_text(json.dumps(info, indent=1, default=plain))
        return report, rows
