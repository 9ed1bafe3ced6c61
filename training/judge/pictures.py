"""A report's pictures: curve, histograms, and sheets of clips of an evaluation."""

from math import isnan
from pathlib import Path

import numpy as np

from training.judge import plots
from training.judge.figures import AT_EER, failures, samples
from training.judge.metrics import LIVE
from training.judge.scores import CLIP, read_lines


class Pictures:
    """Clips of a data set folder by id."""

    def __init__(self, folder):
        self.line = {row["id"]: i for i, row in enumerate(read_lines(folder))}
        self.clips = np.load(Path(folder) / "clips.npy", mmap_mode="r")

    def middle(self, clip):
        """The middle frame, [s][s][3] uint8"""
        frames = self.clips[self.line[clip]]
        return frames[len(frames) // 2]


def draw(evaluation, folder, out, count=12):
    """DET curve and histograms, and from clips.npy, if it is there, sheets of the highest scores,
    of random clips, and of the worst failures. Returns the paths."""
    out = Path(out)
    out.mkdir(parents=True, exist_ok=True)
    test, reports = evaluation.test, evaluation.whole[CLIP].reports
    every = samples(test.rows, test.scores[CLIP])
    at = {name: report.threshold for name, report in reports.items()}
    plots.det(out / "det.png", every, at)
    plots.histograms(out / "histograms.png", every, at)
    written = [out / "det.png", out / "histograms.png"]
    if not (Path(folder) / "clips.npy").is_file():
        return written
    pictures = Pictures(folder)

    def tile(i, name=False):
        row, score = test.rows[i], test.scores[CLIP][i]
        caption = f"{score:.3f}" + (f" {row['species']}\n{row['id'][-26:]}" if name else "")
        return plots.Tile(
            pictures.middle(row["id"]), None if test.depth is None else test.depth[i], caption
        )

    def sheet(name, title, rows):
        plots.sheet(out / name, title, rows)
        written.append(out / name)

    rng = np.random.default_rng(0)
    highest, drawn = {}, {}
    for species in [LIVE, *every.attack_species()]:
        own = [
            i
            for i, row in enumerate(test.rows)
            if row["species"] == species and not isnan(test.scores[CLIP][i])
        ]
        best = sorted(own, key=lambda i: -test.scores[CLIP][i])[:6]
        highest[f"{species}, highest scores"] = [tile(i) for i in best]
        some = rng.permutation(own)[:6].astype(int).tolist()
        drawn[f"{species}, random"] = [tile(i) for i in some]
    threshold = f"live from {at[AT_EER]:.3f} (dev EER)"
    sheet("depth-highest.png", f"Frame and fused depth, score; {threshold}", highest)
    sheet("depth-random.png", f"Frame and fused depth, score; {threshold}", drawn)
    rows = {}
    for what, found in zip(("false accepts", "false rejects"), failures(evaluation, count)):
        for start in range(0, len(found), 6):
            rows[f"{what}, {start + 1} .. {start + len(found[start : start + 6])}"] = [
                tile(i, name=True) for i in found[start : start + 6]
            ]
    if rows:
        sheet("failures.png", f"Worst failures first; {threshold}", rows)
    return written
