"""A few made-up clips with scores and teachers' answers, whose figures are worked out by hand."""

import json
from pathlib import Path

import numpy as np

from training.judge.scores import make_split

# Dev: at 0.6 three of four live pass and one of four attacks: the EER. No attack is from 0.7 on.
#
# Test at 0.6: print 0.65 and replay 0.72 pass, live 0.5 does not: APCER 1/2 each, BPCER 1/4.
# At 0.7: replay 0.72 passes, live 0.66 and 0.5 do not: APCER 0/2 and 1/2, BPCER 2/4.
# AUC: pairs with live above: 0.9 and 0.75 all 4 each, 0.66 three, 0.5 two: 13/16; print 7/8,
# replay 6/8. Own EER: at 0.66 three of four live pass, and 0.72 of the attacks.
# split, pair, species, score, teacher, camera, instrument, held out
CLIPS = (
    ("dev", 0, "live", 0.9, 0.9, "A", None, ""),
    ("dev", 0, "print", 0.1, 0.8, "A", "laser", ""),
    ("dev", 1, "live", 0.8, 0.9, "A", None, ""),
    ("dev", 1, "print", 0.5, 0.2, "A", "laser", ""),
    ("dev", 2, "live", 0.7, 0.6, "A", None, ""),
    ("dev", 2, "replay", 0.2, 0.1, "A", "phone", ""),
    ("dev", 3, "live", 0.4, 0.7, "A", None, ""),
    ("dev", 3, "replay", 0.6, 0.3, "A", "phone", ""),
    ("test", 0, "live", 0.9, 0.7, "A", None, "identity"),
    ("test", 0, "print", 0.65, 0.2, "A", "inkjet", "identity instrument"),
    ("test", 1, "live", 0.5, 0.4, "B", None, "identity camera"),
    ("test", 1, "replay", 0.3, 0.5, "B", "tablet", "identity camera instrument"),
    ("test", 2, "live", 0.75, 0.6, "A", None, ""),
    ("test", 2, "replay", 0.72, 0.1, "A", "phone", ""),
    ("test", 3, "live", 0.66, 0.6, "A", None, ""),
    ("test", 3, "print", 0.2, 0.1, "A", "laser", ""),
)


def make_rows():
    return [
        {
            "id": f"{split}-{pair:06d}-{species}",
            "split": split,
            "label": "live" if species == "live" else "attack",
            "species": species,
            "pair": pair,
            "identity": f"valid/{pair}",
            "source": "valid",
            "held_out": unseen.split(),
            "families": {"camera": camera, "instrument": instrument, "light": "office"},
            "teacher": [teacher + 0.05, teacher - 0.05],
            "box": [],
            "params": {},
        }
        for split, pair, species, _, teacher, camera, instrument, unseen in CLIPS
    ]


SCORES = {row["id"]: clip[3] for row, clip in zip(make_rows(), CLIPS)}


def make_splits(shift=0.0, single=False):
    """As read; shift is added to the live test scores"""
    splits = {}
    for split in ("dev", "test"):
        rows = [row for row in make_rows() if row["split"] == split]
        scores = [
            SCORES[row["id"]] + shift * (row["species"] == "live" and split == "test")
            for row in rows
        ]
        maps = np.array([np.full((5, 4, 4), score / 2) for score in scores]) if single else None
        splits[split] = make_split(rows, scores, maps)
    return splits


def make_folder(folder, size=32, sheets=True):
    """A data set folder of noise"""
    rng = np.random.default_rng(1)
    rows = make_rows()
    text = "".join(json.dumps(row) + "\n" for row in rows)
    (Path(folder) / "clips.jsonl").write_text(text, encoding="utf-8")
    info = {
        "format": "livedepth-clips",
        "version": 1,
        "frames": 5,
        "size": size,
        "seed": 3,
        "crop_scale": 1.3,
        "interval_ms": 100,
        "sha256": "abc",
        "commit": "f00",
    }
    (Path(folder) / "info.json").write_text(json.dumps(info), encoding="utf-8")
    shape = (len(rows), 5, size, size, 3)
    if sheets:
        np.save(Path(folder) / "clips.npy", rng.integers(0, 256, shape, dtype=np.uint8))
        for name in ("depth.npy", "mask.npy"):
            np.save(Path(folder) / name, np.zeros((len(rows), 5, 32, 32), np.uint8))


def write_scores(path, leave_out=()):
    """As the command prints them, for files named by the clips' ids"""
    lines = [
        json.dumps({"clip": f"some/where/{clip}.y4m.gz", "verdict": "live", "score": score})
        for clip, score in SCORES.items()
        if clip not in leave_out
    ]
    Path(path).write_text("\n".join(lines) + "\n", encoding="utf-8")
