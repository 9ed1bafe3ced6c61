"""The opinion of the Apache-2.0 single-frame model of assets/teacher_minifasnet_apache2.

Two MiniFASNets (minivision-ai/Silent-Face-Anti-Spoofing) look at one frame: V2 at 2.7 times the
face box, V1SE at 4 times. Their boxes came from RetinaFace: forehead to chin, ear to ear, which is
the face region of our clips, not BlazeFace's square from the brows down. Where the picture has no
such margin, as in a window, the crop is as large as it can be.

    python3 -m training.judge.teacher DATASET   what it said of a data set, by species and by factor
"""

import argparse
from collections import defaultdict
from math import nan
from pathlib import Path

import cv2
import numpy as np
import onnxruntime

from training.data.clipset import SPLITS, BadClips, Folder
from training.judge.metrics import LIVE, Samples, auc
from training.networks import minifas

FOLDER = "teacher_minifasnet_apache2"
NETWORKS = (("2.7_80x80_MiniFASNetV2.onnx", 2.7), ("4_0_0_80x80_MiniFASNetV1SE.onnx", 4.0))


def span(start, length, scale, limit):
    """First and last pixel of the part of 0 .. limit - 1 that is `scale` times as long as the box
    from `start`, around its centre but shifted inside. Needs scale * length <= limit - 1."""
    long = length * scale
    first = min(max(start + length / 2 - long / 2, 0), limit - 1 - long)
    return int(first), int(first + long)


def crop(frame, box, scale):
    """The part of a frame that the model sees, as its authors cut it: not square, then squeezed.

    frame [h][w][3] uint8 RGB; box: left, top, width, height in pixels -> [3][80][80] float32 BGR,
    0..255."""
    h, w = frame.shape[:2]
    left, top, width, height = map(float, box)
    if not (width > 0 and height > 0):
        raise ValueError(f"box {left:g} {top:g} {width:g} {height:g} has no area")
    scale = min((h - 1) / height, (w - 1) / width, scale)
    x0, x1 = span(left, width, scale, w)
    y0, y1 = span(top, height, scale, h)
    patch = cv2.resize(frame[y0 : y1 + 1, x0 : x1 + 1], (minifas.SIZE, minifas.SIZE))
    return patch[..., ::-1].transpose(2, 0, 1).astype(np.float32)


def softmax(logits):
    """Over the last axis."""
    powers = np.exp(logits - logits.max(-1, keepdims=True))
    return powers / powers.sum(-1, keepdims=True)


def session(model):
    """model: the path or the bytes of an ONNX file; one thread"""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    return onnxruntime.InferenceSession(model, options, ["CPUExecutionProvider"])


class Teacher:
    def __init__(self, assets):
        """assets: the folder that has FOLDER."""
        self.networks = [(session(Path(assets) / FOLDER / name), scale) for name, scale in NETWORKS]

    def live(self, frames, boxes, batch=32):
        """frames: n pictures [h][w][3] uint8 RGB of any sizes; boxes [n][4]: left, top, width,
        height of the faces, forehead to chin, in pixels
        -> [n][2] float32, V2's and V1SE's probability of live."""
        if len(frames) != len(boxes):
            raise ValueError(f"{len(frames)} frames, {len(boxes)} boxes")
        answers = np.empty((len(frames), len(self.networks)), np.float32)
        for column, (network, scale) in enumerate(self.networks):
            for start in range(0, len(frames), batch):
                part = slice(start, start + batch)
                crops = np.stack(
                    [crop(frame, box, scale) for frame, box in zip(frames[part], boxes[part])]
                )
                (logits,) = network.run(None, {"image": crops})
                answers[part, column] = softmax(logits)[:, minifas.LIVE]
        return answers


# --- its opinion of a data set ---


def species_lines(rows):
    """Of every species: clips, mean probability of live of V2 and V1SE, AUC against all live."""
    scores = [float(np.mean(row["teacher"])) for row in rows]
    samples = Samples([row["id"] for row in rows], [row["species"] for row in rows], scores)
    table = []
    for name in (LIVE, *samples.attack_species()):
        said = [row["teacher"] for row in rows if row["species"] == name]
        v2, v1se = np.mean(said, axis=0) if said else (nan, nan)
        area = auc(samples) if name == LIVE else auc(samples, name)
        table.append((name, len(said), v2, v1se, area))
    return table


def factors(row):
    """{factor: value} of a clip: its families and the source of the face."""
    return {"source": row["source"], **row["families"]}


def factor_lines(rows):
    """Of every value of every factor: live and attack clips, the means of their probabilities (V2
    and V1SE together), AUC between them. Pairs stay together: a clip counts for a value if any clip
    of its pair has it, so an instrument's attacks face the live clips they were made with."""
    values_of_pair = defaultdict(set)
    for row in rows:
        values_of_pair[row["pair"]].update(
            item for item in factors(row).items() if item[1] is not None
        )
    groups = defaultdict(list)
    for row in rows:
        own = factors(row)
        for factor, value in values_of_pair[row["pair"]]:
            if row["label"] == LIVE or own.get(factor) == value:
                groups[factor, value].append(row)
    table = []
    for (factor, value), group in sorted(groups.items()):
        scores = {True: [], False: []}
        for row in group:
            scores[row["label"] == LIVE].append(float(np.mean(row["teacher"])))
        kinds = [LIVE] * len(scores[True]) + ["attack"] * len(scores[False])
        area = auc(Samples(range(len(kinds)), kinds, scores[True] + scores[False]))
        table.append(
            (
                factor,
                value,
                len(scores[True]),
                len(scores[False]),
                *(np.mean(s) if s else nan for s in (scores[True], scores[False])),
                area,
            )
        )
    return table


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("dataset", type=Path)
    parser.add_argument("--split", choices=SPLITS, help="default: all")
    args = parser.parse_args()
    try:
        records = Folder(args.dataset).records
    except (BadClips, OSError) as error:
        raise SystemExit(f"teacher: {error}") from None
    rows = [row for row in records if args.split in (None, row["split"])]
    judged = [row for row in rows if row.get("teacher") is not None]
    print(f"{len(judged)} of {len(rows)} clips have the teacher's opinion")
    if not judged:
        return
    print(f"\n{'species':<12}{'clips':>7}{'V2':>7}{'V1SE':>7}{'AUC':>7}")
    for name, count, v2, v1se, area in species_lines(judged):
        print(f"{name:<12}{count:>7}{v2:>7.2f}{v1se:>7.2f}{area:>7.3f}")
    last = None
    for factor, value, live, attacks, of_live, of_attacks, area in factor_lines(judged):
        if factor != last:
            print(f"\n{factor:<24}{'live':>7}{'attack':>7}{'p live':>8}{'p att.':>8}{'AUC':>7}")
        last = factor
        print(f"{value:<24}{live:>7}{attacks:>7}{of_live:>8.2f}{of_attacks:>8.2f}{area:>7.3f}")


if __name__ == "__main__":
    main()
