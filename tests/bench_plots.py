"""Pictures of build/bench/results.json (tests/peers/bench.mjs), beside it: growth.png, our cost as
clips, pictures, networks and sessions grow; peers.png, ours and the peers' time for a clip or a
frame.

    third_party/venv/bin/python tests/bench_plots.py build/bench/results.json
"""

import json
import sys
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402

OURS, THEIRS = "#0b6e4f", "#9aa5b1"


def growth(results, path):
    panels = [
        ("frames", "frames of a clip", "ms"),
        ("size", "pixels of a side", "ms"),
        ("width", "width", "ms"),
        ("sessions", "sessions at once, a thread each", "clips/s"),
    ]
    figure, axes = plt.subplots(1, 4, figsize=(15, 3.6), layout="constrained")
    for axis, (name, label, unit) in zip(axes, panels):
        rows = results["growth"][name]
        x = [row[name] for row in rows]
        if unit == "ms":
            axis.plot(x, [row["clip_ms"] for row in rows], "o-", color=OURS, label="whole clip")
            axis.plot(
                x,
                [row["next_ms"] for row in rows],
                "s--",
                color=OURS,
                label="next clip, after one new frame",
            )
        else:
            axis.plot(x, [row["clips_per_s"] for row in rows], "o-", color=OURS, label="clips/s")
        axis.set(xlabel=label, ylabel=unit, ylim=(0, None))
        axis.set_xticks(x, [f"1/{1 / v:g}" if v < 1 else f"{v:g}" for v in x])
        memory = axis.twinx()
        memory.plot(
            x, [row["memory_bytes"] / 2**20 for row in rows], ":", color=THEIRS, label="memory, MiB"
        )
        memory.set(ylim=(0, None))
        memory.tick_params(colors=THEIRS)
        axis.grid(alpha=0.3)
    lines = axes[0].get_legend_handles_labels()
    extra = memory.get_legend_handles_labels()
    axes[0].legend(lines[0] + extra[0], lines[1] + extra[1], fontsize=8, loc="upper left")
    figure.suptitle("FAS-SGTD, 128x128, width 1/4, 5 frames, relaxed SIMD, one thread, Node")
    figure.savefig(path, dpi=110)


def peers(results, path):
    sets = {}
    for each in results["contenders"]:
        sets.setdefault((each["title"], each["where"]), []).append(each)
    figure, axes = plt.subplots(
        1, len(sets), figsize=(4.2 * len(sets), 4), layout="constrained", squeeze=False
    )
    for axis, ((title, where), rows) in zip(axes[0], sets.items()):
        work = "clip" if "clip" in rows[0]["ms"] else "frame"
        rows = sorted(rows, key=lambda row: -row["ms"][work])
        labels = [
            " ".join(filter(None, (row["name"], row["variant"], f"x{row['threads']}")))
            for row in rows
        ]
        colors = [OURS if row["name"] == "livedepth" else THEIRS for row in rows]
        bars = axis.barh(labels, [row["ms"][work] for row in rows], color=colors)
        axis.bar_label(bars, fmt="%.0f" if work == "clip" else "%.1f", padding=2, fontsize=8)
        axis.margins(x=0.15)
        axis.set(
            title=f"{title}, {where}",
            xlabel="ms, clip of 5 frames" if work == "clip" else "ms, one frame",
        )
        axis.tick_params(axis="y", labelsize=8)
    figure.savefig(path, dpi=110)


def main():
    file = Path(sys.argv[1])
    results = json.loads(file.read_text())
    for name, draw in (("growth", growth), ("contenders", peers)):
        if results.get(name):
            path = file.with_name("peers.png" if name == "contenders" else "growth.png")
            draw(results, path)
            print(path)


if __name__ == "__main__":
    main()
