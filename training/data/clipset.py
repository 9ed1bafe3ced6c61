"""Reads folders of made clips (clips/make.py): selects a split, orders it, gives batches.

Clips stay on disk (memory maps) unless hold() is called; a batch holds what was read for it, as
bytes. An epoch's order follows from (seed, epoch) alone, so that a resumed run sees what an
uninterrupted one would have.
"""

import hashlib
import json
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F

FORMAT, VERSION = "livedepth-clips", 1
SPLITS = ("train", "dev", "test")
LABELS = ("live", "attack")
DEPTH_SIZE = 32  # side of the stored depth maps and masks
ARRAYS = ("clips", "depth", "mask")
REALISM = "realism.npy"  # float32 [clips], written by realism.py
ANSWERS = "answers.npy"  # float32 [clips][frames], written by answers.py
SHARED = ("frames", "size", "crop_scale", "interval_ms")  # must agree between joined folders
# Of a folder with several views, info["views"][name], instead of info's own size and crop_scale;
# its files are named clips-NAME.npy. A view that is not held has no depth and no mask.
VIEW = ("size", "scale", "filter", "held")
MODES = ("frames", "clips")


class BadClips(Exception):
    """A folder of clips that breaks its format, or cannot give what is asked of it."""


class Batch(NamedTuple):
    """b clips of T frames (T = 1 in the mode "frames"), live and attack of a unit side by side."""

    images: torch.Tensor  # uint8 [b][T][s][s][3]
    depth: torch.Tensor  # float32 0..1 [b][T][32][32], 1 nearest
    mask: torch.Tensor  # float32 0..1 [b][T][32][32], the face
    live: torch.Tensor  # bool [b]
    teacher: torch.Tensor  # float32 [b], a teacher's probability of live; NaN: none

    def to(self, device):
        return Batch(*(value.to(device, non_blocking=True) for value in self))


class Draw(NamedTuple):
    """The clips and frames of a batch."""

    indices: np.ndarray  # [b] into the set
    frames: np.ndarray | None  # [b] the frame of each clip; None: all


def file_name(kind, view):
    """Of an array of ARRAYS, without its end; view: of a folder with several, else nothing"""
    return f"{kind}-{view}" if view else kind


def teacher_of(record):
    """The mean of what a teacher said of a clip; NaN: none was asked"""
    return np.mean(record.get("teacher") or np.nan)


def hashed(paths, state=None):
    """The sha256 state after the bytes of these files, after those of another state if given"""
    state = state.copy() if state else hashlib.sha256()
    for path in paths:
        with open(path, "rb") as file:
            while block := file.read(1 << 20):
                state.update(block)
    return state


def digest(path, views=None):
    """sha256 over the bytes of clips.npy and depth.npy, or those of all views, and of clips.jsonl,
    in this order"""
    names = [
        f"{file_name(kind, name)}.npy"
        for name, view in sorted((views or {"": {"held": True}}).items())
        for kind in ("clips", "depth")
        if kind == "clips" or view["held"]
    ]
    return hashed(Path(path, name) for name in (*names, "clips.jsonl")).hexdigest()


class Folder:
    """One folder, checked. Arrays are memory maps. A clip whose split is null is in none: folders
    of several protocols share their arrays. view: the name of one of its views, if it has several;
    depth and mask are zeros where the view has none."""

    def __init__(self, path, verify=False, view=None):
        self.path = Path(path)
        self.info = self._info(view)
        self.records = self._records()
        n, t, s = len(self.records), self.info["frames"], self.info["size"]
        self.clips = self._array("clips", (n, t, s, s, 3), view)
        labels = n, t, DEPTH_SIZE, DEPTH_SIZE
        if view and not self.info["views"][view]["held"]:
            self.depth = self.mask = np.broadcast_to(np.uint8(0), labels)
        else:
            self.depth = self._array("depth", labels, view)
            self.mask = self._array("mask", labels, view)
        if verify and digest(path, self.info.get("views")) != self.info["sha256"]:
            raise BadClips(f"{path}: its files do not have the hash that info.json says")

    def _info(self, view):
        path = self.path / "info.json"
        try:
            info = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise BadClips(f"{path}: {error}") from None
        if (info.get("format"), info.get("version")) != (FORMAT, VERSION):
            raise BadClips(f"{path}: no {FORMAT}, version {VERSION}")
        views = info.get("views", {})
        if (view in views) != bool(view) or bool(views) != bool(view):
            raise BadClips(f"{path}: view {view!r}, it has {', '.join(views) or 'one only'}")
        if view:
            missing = [name for name in VIEW if name not in views[view]]
            if missing:
                raise BadClips(f"{path}: view {view}: no {missing[0]}")
            info |= {"size": views[view]["size"], "crop_scale": views[view]["scale"]}
        for name in (*SHARED, "sha256"):
            if name not in info:
                raise BadClips(f"{path}: no {name}")
        return info

    def _records(self):
        path = self.path / "clips.jsonl"
        records = []
        try:
            lines = path.read_text(encoding="utf-8").splitlines()
        except (OSError, ValueError) as error:
            raise BadClips(f"{path}: {error}") from None
        for number, line in enumerate(lines, 1):
            try:
                record = json.loads(line)
                kind = record["split"], record["label"]
                record["id"], record["species"], record["pair"]
            except (ValueError, KeyError, TypeError) as error:
                raise BadClips(f"{path}, line {number}: no clip ({error!r})") from None
            if kind[0] not in (*SPLITS, None) or kind[1] not in LABELS:
                raise BadClips(f"{path}, line {number}: split and label {kind}")
            if (record["label"] == "live") != (record["species"] == "live"):
                raise BadClips(f"{path}, line {number}: label {kind[1]} of {record['species']}")
            records.append(record)
        return records

    def answers(self):
        """[clips][frames] a teacher's probabilities of live: those of answers.py, or the mean of
        what a clip's record has; NaN: none"""
        path, shape = self.path / ANSWERS, (len(self.records), self.info["frames"])
        if not path.exists():
            means = np.array([teacher_of(record) for record in self.records], np.float32)
            return np.repeat(means[:, None], shape[1], 1)
        try:
            answers = np.load(path)
        except (OSError, ValueError) as error:
            raise BadClips(f"{path}: {error}") from None
        if answers.shape != shape or answers.dtype != np.float32:
            raise BadClips(f"{path}: {answers.dtype} {answers.shape}, expected float32 {shape}")
        return answers

    def _array(self, name, shape, view):
        path = self.path / f"{file_name(name, view)}.npy"
        try:
            array = np.load(path, mmap_mode="r")
        except (OSError, ValueError) as error:
            raise BadClips(f"{path}: {error}") from None
        if array.shape != shape or array.dtype != np.uint8:
            raise BadClips(f"{path}: {array.dtype} {array.shape}, expected uint8 {shape}")
        return array


class ClipSet:
    """The clips of one split of one or several folders, in the folders' order. drop: share of the
    pairs that is left out, those farthest from real pictures (realism.py); view: as Folder's;
    without: species that are left out."""

    def __init__(self, paths, split, verify=False, drop=0.0, view=None, without=()):
        paths = [paths] if isinstance(paths, (str, Path)) else list(paths)
        self.folders = [Folder(path, verify, view) for path in paths]
        first = self.folders[0]
        for folder in self.folders[1:]:
            for name in SHARED:
                if folder.info[name] != first.info[name]:
                    raise BadClips(
                        f"{folder.path}: {name} {folder.info[name]}, in {first.path} "
                        f"{first.info[name]}"
                    )
        self.info = {name: first.info[name] for name in SHARED}
        self.hashes = [folder.info["sha256"] for folder in self.folders]
        self.places = [
            (f, row)
            for f, folder in enumerate(self.folders)
            for row, record in enumerate(folder.records)
            if record["split"] == split and record["species"] not in without
        ]
        if drop:
            self.places = nearest(self.folders, self.places, drop)
        if not self.places:
            raise BadClips(f"{', '.join(map(str, paths))}: no clip of the split {split!r}")
        self.records = [self.folders[f].records[row] for f, row in self.places]
        self.species = [record["species"] for record in self.records]
        self.live = np.array([record["label"] == "live" for record in self.records])
        answers = [folder.answers() for folder in self.folders]
        self.teacher = np.stack([answers[f][row] for f, row in self.places])  # [clips][frames]
        self.held = None

    def __len__(self):
        return len(self.places)

    def refuse_leaks(self):
        """BadClips if a folder failed its leak gate (clips/gate.py): a network would learn the
        leak, which no real attack has."""
        for folder in self.folders:
            gate = folder.info.get("gate")
            if gate and not gate["passed"]:
                raise BadClips(
                    f"{folder.path} failed its leak gate (AUC {gate['auc']:.3f}, limit "
                    f"{gate['limit']}): balance it (training.clips.gate --balance), or --leaky "
                    "for a try"
                )

    def live_map(self):
        """The mean depth label of the live clips, float32 0..1 [32][32]"""
        total = np.zeros((DEPTH_SIZE, DEPTH_SIZE))
        for f, row in np.array(self.places)[self.live]:
            total += self.folders[f].depth[row].mean(0)
        return torch.from_numpy(total / 255 / max(1, self.live.sum())).float()

    def units(self, rng):
        """[n][2] indices (live, attack), every clip at least once: first those of a pair, then
        clips without a partner with each other, or of one class alone with any of the other."""
        pairs = {}
        for i, ((folder, _), record) in enumerate(zip(self.places, self.records)):
            pairs.setdefault((folder, record["pair"]), ([], []))[not self.live[i]].append(i)
        units, alone = [], ([], [])
        for lives, attacks in pairs.values():
            if lives and attacks:
                units += matched(rng, lives, attacks, max(len(lives), len(attacks)))
            else:
                alone[0].extend(lives)
                alone[1].extend(attacks)
        if any(alone):
            lives, attacks = (
                own or np.flatnonzero(self.live == kind).tolist()
                for own, kind in zip(alone, (True, False))
            )
            if not lives or not attacks:
                raise BadClips("a set for training needs live clips and attacks")
            units += matched(rng, lives, attacks, max(map(len, alone)))
        return np.array(units)

    def epoch(self, size, mode, seed, epoch, weights=None, rank=0, world=1):
        """The draws of one epoch: batches of size clips (even) for this one of world processes;
        what does not fill a batch of all processes is left out. mode "frames": one frame of each
        clip, the same of both of a unit. weights: {species: how often its units are drawn}, 1 for
        others; None: every unit once."""
        if mode not in MODES or size % 2:
            raise ValueError(f"mode {mode!r}, batch size {size}")
        rng = np.random.default_rng((seed, epoch))
        units = self.units(rng)
        if weights is None:
            order = rng.permutation(len(units))
        else:
            share = np.array([weights.get(self.species[attack], 1.0) for _, attack in units])
            if share.sum() <= 0:
                raise ValueError("the weights of the species leave nothing to draw")
            order = rng.choice(len(units), len(units), p=share / share.sum())
        frames = rng.integers(0, self.info["frames"], len(units))
        half = size // 2
        draws = []
        for start in range(
            rank * half, len(units) - (world - 1 - rank) * half - half + 1, world * half
        ):
            chosen = order[start : start + half]
            draws.append(
                Draw(units[chosen].ravel(), frames[chosen].repeat(2) if mode == "frames" else None)
            )
        if not draws:
            raise BadClips(
                f"{len(units)} units of live and attack are too few for a batch of "
                f"{size} clips in {world} processes"
            )
        return draws

    def hold(self, device):
        """Copies all pictures and labels to this device's memory, where load() reads them from then
        on: a disk is too slow for a GPU."""

        def whole(name):
            return np.stack([getattr(self.folders[f], name)[row] for f, row in self.places])

        self.held = {name: torch.from_numpy(whole(name)).to(device) for name in ARRAYS}

    def load(self, draw):
        """Draw -> Batch"""

        def read(name):
            if self.held:
                frames = slice(None) if draw.frames is None else draw.frames
                found = self.held[name][draw.indices, frames]
                return found if draw.frames is None else found[:, None]
            parts = []
            for k, i in enumerate(draw.indices):
                folder, row = self.places[i]
                frames = (
                    slice(None)
                    if draw.frames is None
                    else slice(draw.frames[k], draw.frames[k] + 1)
                )
                parts.append(getattr(self.folders[folder], name)[row, frames])
            return torch.from_numpy(np.stack(parts))

        teacher = self.teacher[draw.indices]
        if draw.frames is None:
            teacher = teacher.mean(1)
        else:
            teacher = teacher[np.arange(len(teacher)), draw.frames]
        return Batch(
            read("clips"),
            read("depth").float() / 255,
            read("mask").float() / 255,
            torch.from_numpy(self.live[draw.indices]),
            torch.from_numpy(teacher),
        )


def nearest(folders, places, drop):
    """The places (folder, row) without the share `drop` of their pairs, the farthest from real
    pictures by the mean of their clips."""
    known = []
    for folder in folders:
        try:
            known.append(np.load(folder.path / REALISM))
        except (OSError, ValueError) as error:
            raise BadClips(f"{folder.path / REALISM}: {error}; realism.py makes it") from None
    pairs = {}
    for f, row in places:
        pairs.setdefault((f, folders[f].records[row]["pair"]), []).append(known[f][row])
    limit = np.quantile([np.mean(own) for own in pairs.values()], 1 - drop)
    return [
        (f, row) for f, row in places if np.mean(pairs[f, folders[f].records[row]["pair"]]) <= limit
    ]


def matched(rng, lives, attacks, count):
    """[(live, attack)] of `count` pairs at random: those of a class that has fewer again and again,
    of one that has more no more"""
    lives, attacks = rng.permutation(lives), rng.permutation(attacks)
    return [(int(lives[i % len(lives)]), int(attacks[i % len(attacks)])) for i in range(count)]


def pooled(maps, size):
    """Depth or mask [...][32][32] -> [...][size][size], by averaging (bilinear if larger)"""
    flat = maps.flatten(0, -3)[:, None]
    if size > flat.shape[-1]:
        flat = F.interpolate(flat, size=(size, size), mode="bilinear", align_corners=False)
    else:
        flat = F.adaptive_avg_pool2d(flat, size)
    return flat.view(*maps.shape[:-2], size, size)


def planes(images):
    """Bytes [b][T][s][s][3] -> float32 0..255 [b][T][3][s][s]; the memory keeps its order, which is
    channels_last."""
    return images.permute(0, 1, 4, 2, 3).float()


def normalised(images, config):
    """float32 0..255 [b][T][3][s][s] -> the network's input, shrunk by averaging if s is a multiple
    of its side"""
    s, side = images.shape[-1], config.input_size
    if s % side:
        raise BadClips(f"clips of {s}x{s} do not suit a network of {side}x{side}")
    if s != side:
        shape = images.shape[:2]
        images = F.avg_pool2d(images.flatten(0, 1), s // side).unflatten(0, shape)
    return (images - config.mean) / config.std
