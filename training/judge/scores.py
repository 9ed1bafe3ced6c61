"""Scores of a data set's clips by a checkpoint, a weight file or a score file."""

import json
import re
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import nn

from training.data.clipset import teacher_of
from training.judge import metrics
from training.judge.predict import predict
from training.networks.folded import Folded, load
from training.networks.networks import Clip, Config

SPLITS = ("dev", "test")
CLIP, SINGLE, TEACHER = "clip", "single frames", "teacher"  # who gives a score


class Split(NamedTuple):
    """n clips and what was said of them; NaN: no score."""

    rows: list  # of clips.jsonl
    scores: dict  # {CLIP, SINGLE, TEACHER: [n]}, those there are
    depth: np.ndarray | None = None  # [n][d][d] fused depth, mean over the pairs


class Trunks(Folded):
    """Keeps the single depth maps of the frames it has run."""

    def trunk(self, image):
        answer = super().trunk(image)
        self.single.append(answer[0])
        return answer


class Exported(nn.Module):
    """A weight file as predict() takes a network; clip after clip, in float32."""

    def __init__(self, path):
        super().__init__()
        tensors, metadata = load(path)
        self.config = Config.from_metadata(metadata)
        self.folded = Trunks(tensors, metadata, torch.float32)
        self.nothing = nn.Parameter(torch.zeros(0))  # says on which device it is

    def calibrated(self, score):
        return score  # Folded has done it

    def forward(self, images, mask=None):
        """[b][frames][3][s][s], mask [b][P][d][d] -> Clip without multi; raw is calibrated"""
        single, answers = [], []
        for i, clip in enumerate(images):
            self.folded.single = []
            answers.append(self.folded.run(clip, None if mask is None else mask[i]))
            single.append(torch.stack(self.folded.single))
        return Clip(
            torch.stack(single),
            None,
            *(torch.stack([each[name] for each in answers]) for name in ("fused", "logits")),
            torch.cat([each["score"] for each in answers]),
        )


def read_lines(folder):
    """clips.jsonl, in the order of clips.npy. Of a folder of score files it is all there is."""
    lines = (Path(folder) / "clips.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines if line.strip()]


def read_rows(folder):
    """{"dev": rows, "test": rows} of clips.jsonl"""
    rows = read_lines(folder)
    ids = {row["id"] for row in rows}
    if len(ids) != len(rows):
        raise ValueError(f"{folder}: {len(rows)} clips have {len(ids)} ids")
    return {split: [row for row in rows if row["split"] == split] for split in SPLITS}


def make_split(rows, scores, single=None, depth=None):
    """scores [n]; single [n], or with further axes to take the mean over; depth [n][P][d][d]"""
    found = {CLIP: np.array(scores, dtype=float)}
    if single is not None:
        found[SINGLE] = np.asarray(single, dtype=float).reshape(len(rows), -1).mean(1)
    teacher = np.array([teacher_of(row) for row in rows], dtype=float)
    if not np.isnan(teacher).all():
        found[TEACHER] = teacher
    return Split(rows, found, None if depth is None else np.asarray(depth).mean(1))


def folder_name(clip):
    """The name of the folder of a clip's pictures, by its id"""
    return clip.replace("/", "+")


def clip_id(printed, ids):
    """The id that a clip's path ends in, with or without the file's suffix.
    ids: {folder_name of an id: id}"""
    name = Path(printed).name
    names = name, re.sub(r"\.(y4m\.gz|[^.]+)$", "", name)
    return next((ids[each] for each in names if each in ids), printed)


def read_score_file(path, rows, masked=False):
    """{"dev": Split, "test": Split}; masked: of the command's masked scores. A line of a clip that
    is in neither is an error."""
    lines = Path(path).read_text(encoding="utf-8").splitlines()
    every = [row for split in SPLITS for row in rows[split]]
    ids = {folder_name(row["id"]): row["id"] for row in every}
    printed = {}  # {id: path}
    for line in lines:
        try:
            clip = json.loads(line)["clip"]
            printed[clip_id(clip, ids)] = clip
        except (ValueError, KeyError, TypeError):
            continue  # read_scores says what is wrong with it
    labels = {printed.get(row["id"], row["id"]): (row["id"], row["species"]) for row in every}
    key = "maskedScore" if masked else "score"
    scores = metrics.read_scores(lines, labels, key=key).scores
    return {
        "dev": make_split(rows["dev"], scores[: len(rows["dev"])]),
        "test": make_split(rows["test"], scores[len(rows["dev"]) :]),
    }


def read_file(path, folder, **options):
    """{"dev": Split, "test": Split} of a checkpoint, weight file or score file"""
    suffix = Path(path).suffix
    if suffix not in (".pt", ".safetensors"):
        return read_score_file(path, read_rows(folder), options.get("masked", False))
    network = Exported(path) if suffix == ".safetensors" else path
    answers = {split: predict(network, folder, split, **options) for split in SPLITS}
    return {
        split: make_split(each.records, each.scores, each.single, each.depth)
        for split, each in answers.items()
    }
