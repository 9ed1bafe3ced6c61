"""Measures the distance of clips from the real pictures that a public model was trained on.

    python3 -m training.judge.realism DATASET --assets ASSETS

writes DATASET/realism.npy and prints it by factor.

The teacher's batch norms hold mean and variance of every channel over real live faces and attacks
(teacher.py: assets/teacher_minifasnet_apache2). A clip's distance is the mean over the norms of

    mean over the channels of (m - mean)^2 / variance + (s - deviation)^2 / variance

with m and s the clip's own mean and deviation of the channel. It tells nothing of live or attack:
`[draws] drop_unreal` of a recipe leaves out the pairs that are farthest away.
"""

import argparse
from collections import defaultdict
from pathlib import Path

import numpy as np
import onnx
from onnx import numpy_helper

from training.data.clipset import REALISM, BadClips, Folder
from training.judge import teacher

FRAMES = slice(None, None, 2)  # of a clip


class Norms:
    """One of the teacher's networks, which tells what enters its batch norms."""

    def __init__(self, path):
        model = onnx.load(path)
        values = {each.name: numpy_helper.to_array(each) for each in model.graph.initializer}
        norms = [node for node in model.graph.node if node.op_type == "BatchNormalization"]
        self.inputs = [node.input[0] for node in norms]
        self.stored = [(values[node.input[3]], values[node.input[4]]) for node in norms]
        for name in self.inputs:
            model.graph.output.append(onnx.ValueInfoProto(name=name))
        self.session = teacher.session(model.SerializeToString())

    def distance(self, crops):
        """Pictures of one clip [n][3][80][80] -> float"""
        parts = []
        for x, (mean, variance) in zip(
            self.session.run(self.inputs, {"image": crops}), self.stored
        ):
            places = tuple(axis for axis in range(x.ndim) if axis != 1)
            m, s = x.mean(places), x.std(places)
            scale = variance + 1e-3 * variance.mean() + 1e-12  # a dead channel is no yardstick
            parts.append((((m - mean) ** 2 + (s - np.sqrt(variance)) ** 2) / scale).mean())
        return float(np.mean(parts))


def distances(dataset, assets):
    """clipset.Folder -> [clips] float32, mean of the teacher's two networks"""
    networks = [
        (Norms(Path(assets) / teacher.FOLDER / name), scale) for name, scale in teacher.NETWORKS
    ]
    found = np.empty(len(dataset.records), np.float32)
    for i, row in enumerate(dataset.records):
        frames, boxes = dataset.clips[i, FRAMES], row["box"][FRAMES]
        found[i] = np.mean(
            [
                norms.distance(
                    np.stack([teacher.crop(frame, box, scale) for frame, box in zip(frames, boxes)])
                )
                for norms, scale in networks
            ]
        )
    return found


def lines_of(found, rows):
    groups = defaultdict(list)
    for distance, row in zip(found, rows):
        groups["label", row["label"]].append(distance)
        for item in teacher.factors(row).items():
            groups[item].append(distance)
    last = None
    for (factor, value), own in sorted(groups.items(), key=str):
        if value is None:
            continue
        if factor != last:
            yield f"\n{factor:<24}{'clips':>7}{'median':>8}{'90 %':>8}"
        last = factor
        yield f"{value:<24}{len(own):>7}{np.median(own):>8.2f}{np.percentile(own, 90):>8.2f}"


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("dataset", type=Path)
    parser.add_argument("--assets", type=Path, required=True)
    options = parser.parse_args()
    try:
        dataset = Folder(options.dataset)
        found = distances(dataset, options.assets)
        np.save(options.dataset / REALISM, found)
    except (BadClips, ValueError, OSError) as error:
        raise SystemExit(f"realism: {error}") from None
    print("\n".join(lines_of(found, dataset.records)))


if __name__ == "__main__":
    main()
