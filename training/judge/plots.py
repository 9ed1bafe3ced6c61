"""Pictures of an evaluation: DET curves, score histograms, sheets of clips beside their depth.

Files are PNG of at most LIMIT bytes, with few colours, so that they can stay in the repository.
"""

from io import BytesIO
from pathlib import Path
from statistics import NormalDist
from typing import NamedTuple

import cv2
import matplotlib
import numpy as np
from PIL import Image

from training.judge.metrics import LIVE, auc

matplotlib.use("Agg")
from matplotlib import pyplot  # noqa: E402  (after the choice of Agg)

LIMIT = 150_000  # bytes of a file
COLOURS = {
    LIVE: "#009e73",
    "print": "#0072b2",
    "replay": "#d55e00",
    "cutout": "#cc79a7",
    "mask": "#b8860b",
}
SPARE_COLOURS = ("#56b4e9", "#7f7f7f", "#8c564b", "#6a3d9a", "#000000")
DET_TICKS = (0.001, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8)
LINES = ("-", "--", "-.", ":")
MARKERS = ("o", "s", "D", "^")
DEPTH_MAP = matplotlib.colormaps["cividis"]
STYLE = {
    "font.size": 9,
    "axes.titlesize": 10,
    "axes.edgecolor": "#808080",
    "axes.grid": True,
    "axes.axisbelow": True,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "grid.color": "#e4e4e4",
    "grid.linewidth": 0.6,
    "legend.frameon": False,
}
TILE, GAP, LINE, MARGIN = 80, 10, 13, 8  # of a sheet, pixels at 100 per inch


def colour(species, among=()):
    """Of a species, the same in all plots; one without its own gets a spare one by its place."""
    spare = sorted(set(among) - set(COLOURS))
    if species in COLOURS:
        return COLOURS[species]
    return SPARE_COLOURS[spare.index(species) % len(SPARE_COLOURS) if species in spare else -1]


def save(figure, path):
    """Writes a figure and closes it: in 256 colours, then fewer, then smaller until the file is
    small enough."""
    buffer = BytesIO()
    figure.savefig(buffer, dpi=100)
    pyplot.close(figure)
    picture = Image.open(buffer).convert("RGB")
    width, height = picture.size
    for colours, scale in ((256, 1), (128, 1), *((64, 0.9**n) for n in range(20))):
        smaller = picture.resize((round(width * scale), round(height * scale)), Image.LANCZOS)
        data = BytesIO()
        smaller.quantize(colours, dither=Image.Dither.NONE).save(data, "PNG", optimize=True)
        if data.tell() <= LIMIT:
            break
    Path(path).write_bytes(data.getvalue())


# --- curves ---


def deviate(rates):
    """Standard normal quantiles of rates; those beyond the ticks are drawn at the edge."""
    inverse = NormalDist().inv_cdf
    return np.array([inverse(rate) for rate in np.clip(rates, DET_TICKS[0], DET_TICKS[-1])])


def det(path, samples, thresholds):
    """Detection error trade-off, a curve a species: APCER against BPCER, both axes by normal
    deviates, where normal scores give straight lines. samples: metrics.Samples; thresholds
    {name: threshold} become marks. A score on a threshold is live. Below 0.1 % lies on the edge."""
    live = samples.responses(LIVE)
    species = [name for name in samples.attack_species() if len(samples.responses(name))]

    def rates(name, at):
        attack = samples.responses(name)
        return (
            deviate(1 - np.searchsorted(attack, at) / len(attack)),
            deviate(np.searchsorted(live, at) / len(live)),
        )

    with pyplot.rc_context(STYLE):
        figure, axes = pyplot.subplots(figsize=(6.0, 5.4), layout="constrained")
        for name in sorted(species, key=lambda name: auc(samples, name)):
            own = np.union1d(live, samples.responses(name))
            axes.plot(
                *rates(name, np.append(own, np.inf)),
                color=colour(name, species),
                linewidth=1.8,
                label=f"{name}, AUC {auc(samples, name):.3f}",
                clip_on=False,
            )
            for marker, at in zip(MARKERS, thresholds.values()):
                axes.plot(
                    *rates(name, [at]),
                    marker,
                    color=colour(name, species),
                    markersize=7,
                    markeredgecolor="white",
                    markeredgewidth=0.7,
                    clip_on=False,
                )
        for marker, name in zip(MARKERS, thresholds):
            axes.plot([], [], marker, color="#606060", markersize=6, label=f"dev {name}")
        ends = deviate([0, 1])
        axes.plot(ends, ends, color="#b0b0b0", linewidth=0.8, linestyle=":")
        labels = [f"{100 * tick:g}" for tick in DET_TICKS]
        axes.set(
            xlim=ends,
            ylim=ends,
            xlabel="attacks taken for live, APCER, %",
            ylabel="live taken for attacks, BPCER, %",
            title="Detection error trade-off",
        )
        axes.set_xticks(deviate(DET_TICKS), labels)
        axes.set_yticks(deviate(DET_TICKS), labels)
        axes.legend(loc="upper right", frameon=True, framealpha=0.85, edgecolor="none")
        save(figure, path)


def histograms(path, samples, thresholds):
    """Shares of the scores, a strip a species, live on top; thresholds {name: threshold} as
    lines."""
    species = [LIVE, *samples.attack_species()]
    scores = samples.scores[np.isfinite(samples.scores)]
    low, high = min(scores.min(initial=0), 0), max(scores.max(initial=1), 1)
    bins = np.linspace(low, high, 41)
    with pyplot.rc_context(STYLE):
        figure, strips = pyplot.subplots(
            len(species),
            sharex=True,
            figsize=(7.0, 0.8 + 1.0 * len(species)),
            squeeze=False,
            layout="constrained",
        )
        for axes, name in zip(strips[:, 0], species):
            own = samples.responses(name)
            axes.hist(
                own,
                bins,
                weights=np.full(len(own), 100 / max(len(own), 1)),
                color=colour(name, species),
            )
            for line, (label, at) in zip(LINES, thresholds.items()):
                axes.axvline(
                    at,
                    color="#303030",
                    linewidth=1,
                    linestyle=line,
                    label=f"dev {label}" if axes is strips[0, 0] else None,
                )
            axes.set_ylabel("% of samples")
            axes.set_title(
                f"{name}, {len(own)} samples",
                loc="left",
                fontsize=9,
                color=colour(name, species),
                pad=2,
            )
        strips[-1, 0].set(xlim=(low, high), xlabel="score, high = live")
        figure.legend(loc="outside upper center", ncols=len(LINES), fontsize=8)
        save(figure, path)


# --- sheets ---


class Tile(NamedTuple):
    """A clip on a sheet."""

    frame: np.ndarray  # [s][s][3] uint8 RGB
    depth: np.ndarray | None  # [d][d] fused depth, 0..1, near = 1
    caption: str  # lines under it


def sheet(path, title, rows):
    """Clips as frame beside depth (near = yellow, far = blue, 0 .. 1), a caption under each.
    rows: {heading: [Tile]}, a row each."""
    tiles = [tile for row in rows.values() for tile in row]
    cell = (2 if any(tile.depth is not None for tile in tiles) else 1) * TILE
    lines = max((tile.caption.count("\n") + 1 for tile in tiles), default=1)
    step = LINE + 4 + TILE + lines * LINE + GAP
    across = max(map(len, rows.values()), default=1)
    width = max(2 * MARGIN + across * (cell + GAP) - GAP, 420)
    height = 2 * MARGIN + 2 * LINE + len(rows) * step
    canvas = np.full((height, width, 3), 255, np.uint8)
    texts = [(MARGIN, MARGIN + LINE, title, 9, "bold")]
    for i, (heading, row) in enumerate(rows.items()):
        top = MARGIN + 2 * LINE + i * step
        texts.append((MARGIN, top + LINE, heading, 8, "bold"))
        top += LINE + 4
        for n, tile in enumerate(row):
            left = MARGIN + n * (cell + GAP)
            canvas[top : top + TILE, left : left + TILE] = cv2.resize(
                tile.frame, (TILE, TILE), interpolation=cv2.INTER_AREA
            )
            if tile.depth is not None:
                depth = cv2.resize(
                    np.clip(tile.depth, 0, 1).astype(np.float32),
                    (TILE, TILE),
                    interpolation=cv2.INTER_NEAREST,
                )
                canvas[top : top + TILE, left + TILE : left + 2 * TILE] = DEPTH_MAP(
                    (255 * depth).astype(np.uint8), bytes=True
                )[..., :3]
            texts += [
                (left, top + TILE + (k + 1) * LINE, line, 7, "normal")
                for k, line in enumerate(tile.caption.split("\n"))
            ]
    figure = pyplot.figure(figsize=(width / 100, height / 100))
    figure.figimage(canvas)
    for x, y, text, size, weight in texts:
        figure.text(
            x / width, 1 - (y - 3) / height, text, size=size, weight=weight, parse_math=False
        )
    save(figure, path)
