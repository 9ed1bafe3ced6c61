"""Writes a data set folder with several views of each clip, as clipset.py reads it."""

import json

import numpy as np

from training.data import clipset

from .gate import balance_splits, report_of
from .make import LABEL, commit, plain


class Store:
    """Clips are kept in files of the largest size until finish() drops pairs that leak."""

    def __init__(self, folder, most, frames, views):
        """most: clips at most; views: {name: {"scale", "size", "filter", "held"}}"""
        folder.mkdir(parents=True, exist_ok=True)
        self.folder, self.frames, self.views = folder, frames, views
        self.arrays = {
            name: self.open(f"{name}.part", most, shape) for name, shape in self.shapes()
        }
        self.rows, self.cues = [], []

    def shapes(self):
        for name, view in self.views.items():
            yield f"clips-{name}", (view["size"], view["size"], 3)
            if view["held"]:
                yield f"depth-{name}", (LABEL, LABEL)
                yield f"mask-{name}", (LABEL, LABEL)

    def open(self, name, count, shape):
        return np.lib.format.open_memmap(
            self.folder / f"{name}.npy", "w+", np.uint8, (count, self.frames, *shape)
        )

    def add(self, clips, cues):
        """A pair: clips with views, depth, mask and row; the leak gate's cues of both"""
        for clip, own in zip(clips, cues):
            for kind in ("views", "depth", "mask"):
                for view, value in getattr(clip, kind).items():
                    array = f"{'clips' if kind == 'views' else kind}-{view}"
                    self.arrays[array][len(self.rows)] = value
            self.rows.append(clip.row)
            self.cues.append(own)

    def finish(self, seed, keep, info):
        """-> report of the leak gate, lines of clips.jsonl"""
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
        info = {
            "format": clipset.FORMAT,
            "version": clipset.VERSION,
            "frames": self.frames,
            "views": self.views,
            "commit": commit(),
            **info,
            "gate": report,
        }
        info["sha256"] = clipset.digest(self.folder, self.views)
        (self.folder / "info.json").write_text(json.dumps(info, indent=1, default=plain))
        return report, rows
