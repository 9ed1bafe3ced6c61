"""The clips of a whole data set, cut once, and the folders of its protocols, which share them.

    SETS/oulu       videos.jsonl, clips.npy, depth.npy, mask.npy: every video's clips
    SETS/oulu-3.1   a folder of clips (clipset.py): clips.jsonl says which are train, dev and test
                    here; its arrays are links to those of SETS/oulu

videos.jsonl has a line for every video that was read: its clips, or why it has none. Arrays grow
video by video, so that a stopped import goes on where it was.
"""

import functools
import json
import os
from pathlib import Path

import numpy as np

from training.benchmarks.cut import SCALE
from training.benchmarks.datasets import CLIP_FRAMES
from training.benchmarks.names import RULES, DatasetError, parse
from training.benchmarks.protocols import MEMBERS
from training.data import clipset

INTERVAL_MS = 100  # three frames at 30 a second; the networks see frames, not time


class Growing:
    """An .npy of bytes that grows by rows. NumPy leaves room in the header for the count."""

    def __init__(self, path, shape, rows):
        self.shape, self.rows = shape, rows
        self.file = open(path, "r+b" if path.exists() else "w+b")
        self.header()
        self.start = self.file.tell()
        self.file.truncate(self.start + rows * int(np.prod(shape)))
        self.file.seek(0, os.SEEK_END)

    def header(self):
        self.file.seek(0)
        np.lib.format.write_array_header_1_0(
            self.file, {"descr": "|u1", "fortran_order": False, "shape": (self.rows, *self.shape)}
        )

    def append(self, array):
        self.file.write(np.ascontiguousarray(array).data)
        self.file.flush()
        self.rows += len(array)

    def close(self):
        self.header()
        self.file.close()


class Store:
    """SETS/NAME of a data set, to go on with. DatasetError if it was begun with other settings."""

    def __init__(self, path, settings):
        self.path = Path(path)
        self.path.mkdir(parents=True, exist_ok=True)
        self.check(settings)
        self.lines = self.read()
        rows = sum(len(line["clips"]) for line in self.lines.values())
        size = settings["size"]
        maps = CLIP_FRAMES, clipset.DEPTH_SIZE, clipset.DEPTH_SIZE
        self.arrays = {
            name: Growing(self.path / f"{name}.npy", shape, rows)
            for name, shape in (
                ("clips", (CLIP_FRAMES, size, size, 3)),
                ("depth", maps),
                ("mask", maps),
            )
        }
        self.rewrite()
        self.log = open(self.path / "videos.jsonl", "a", encoding="utf-8")

    def check(self, settings):
        path = self.path / "settings.json"
        text = json.dumps(settings)
        if path.exists() and json.loads(path.read_text()) != settings:
            raise DatasetError(
                f"{path}: begun with other settings, {path.read_text().strip()}, not {text}"
            )
        path.write_text(text + "\n")

    def read(self):
        """{video: its line}, without a line that was being written and videos that had no clips,
        which are tried again"""
        path, lines = self.path / "videos.jsonl", {}
        for text in path.read_text(encoding="utf-8").splitlines() if path.exists() else ():
            try:
                line = json.loads(text)
            except ValueError:
                break
            if line["clips"]:
                lines[line["video"]] = line
        return lines

    def rewrite(self):
        part = self.path / "videos.part"
        part.write_text(
            "".join(json.dumps(line) + "\n" for line in self.lines.values()), encoding="utf-8"
        )
        os.replace(part, self.path / "videos.jsonl")

    def add(self, video, cuts, left_out):
        """cuts: {name: cut.Cut} of a video; left_out: {name: reason}"""
        line = {
            "video": video.name,
            "clips": [],
            "left_out": left_out,
            "dropped": sum(own.dropped for own in cuts.values()),
            "unmasked": sum(own.unmasked for own in cuts.values()),
        }
        for name, own in cuts.items():
            line["clips"] += [
                {"cut": name, "start": start, "box": list(box)}
                for start, box in zip(own.starts, own.boxes)
            ]
            for array, values in (("clips", own.images), ("depth", own.depth), ("mask", own.mask)):
                self.arrays[array].append(values)
        self.lines[video.name] = line
        self.log.write(json.dumps(line) + "\n")
        self.log.flush()

    def close(self):
        for array in self.arrays.values():
            array.close()
        self.log.close()

    @functools.cache
    def hashed(self):
        """sha256 state of clips.npy and depth.npy, once closed"""
        return clipset.hashed(self.path / f"{name}.npy" for name in ("clips", "depth"))


def folders(sets, dataset, fold):
    """{data set: folder} of a protocol's fold; of a cross test two, to be given together"""
    name = Path(sets, f"{dataset}-{fold}".replace("->", "-to-"))
    members = MEMBERS[dataset]
    return {dataset: name} if members == (dataset,) else {own: name / own for own in members}


def write_fold(folder, store, dataset, placed, cut, about):
    """Writes one folder of a protocol. store: Store of a data set, closed; placed: {name of a
    video: split}; cut: name of the cuts that train; about: for info.json"""
    folder.mkdir(parents=True, exist_ok=True)
    records = []
    for line in store.lines.values():
        video = parse(dataset, line["video"] + RULES[dataset].suffixes[0])
        split = placed.get(video.name)
        for clip in line["clips"]:
            used = clip["cut"] == (cut if split == "train" else "test")
            records.append(record(video, clip, split if used else None, len(records)))
    (folder / "clips.jsonl").write_text(
        "".join(json.dumps(each) + "\n" for each in records), encoding="utf-8"
    )
    for name in clipset.ARRAYS:
        link = folder / f"{name}.npy"
        link.unlink(missing_ok=True)
        link.symlink_to(os.path.relpath(store.path / f"{name}.npy", folder))
    sha = clipset.hashed([folder / "clips.jsonl"], store.hashed()).hexdigest()
    info = {
        "format": clipset.FORMAT,
        "version": clipset.VERSION,
        "frames": CLIP_FRAMES,
        "size": store.arrays["clips"].shape[1],
        "crop_scale": SCALE,
        "interval_ms": INTERVAL_MS,
        "sha256": sha,
        **about,
    }
    (folder / "info.json").write_text(json.dumps(info, indent=1) + "\n", encoding="utf-8")


def record(video, clip, split, number):
    """A line of clips.jsonl"""
    return {
        "id": f"{video.dataset}/{video.name}#{clip['cut']}-{clip['start']:05}",
        "split": split,
        "label": "live" if video.live else "attack",
        "species": video.species,
        "pair": number,
        "video": f"{video.dataset}/{video.name}",
        "identity": video.subject,
        "source": video.dataset,
        "start": clip["start"],
        "box": clip["box"],
        "families": {
            "camera": video.sensor,
            "session": video.session,
            "instrument": None if video.live else video.instrument,
        },
    }
