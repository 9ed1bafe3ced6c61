"""Data sets on disk: walking their trees, face boxes, measured depth, and the papers' clips.

Rules of names and protocols are in protocols.py. Frames count from 0, also in boxes: line or frame
numbers of a box file are taken as they stand.
"""

import os
from math import hypot, isfinite
from pathlib import Path
from typing import NamedTuple

import numpy as np

from training.benchmarks.names import RULES, BadName, DatasetError, FilesMissing, parse

CLIP_FRAMES, CLIP_INTERVAL = 5, 3  # FAS-SGTD: every third frame, five of them
VIDEO_SUFFIXES = {suffix for rule in RULES.values() for suffix in rule.suffixes}


class BadFile(DatasetError):
    """A file of boxes or depth that breaks its format."""


class Box(NamedTuple):
    """A face, in pixels of the frame."""

    left: float
    top: float
    width: float
    height: float


# --- trees ---


def videos(dataset, root):
    """Every video below root, by name. Raises BadName, or FilesMissing for depth without a file.

    Files that are no videos are passed over, and so is Replay-Attack's enroll/, which is for
    recognition and in no protocol.
    """
    root = Path(root)
    if not root.is_dir():
        raise DatasetError(f"{root}: no such folder")
    # Unlike rglob, this follows links to other disks.
    paths = sorted(
        Path(folder, name).relative_to(root)
        for folder, _, names in os.walk(root, followlinks=True)
        for name in names
    )
    found = [
        parse(dataset, path, root)
        for path in paths
        if path.suffix.lower() in VIDEO_SUFFIXES
        and not (dataset == "replay" and path.parts[0] == "enroll")
    ]
    _check_unique(found)
    lost = [
        str(depth_path(video))
        for video in found
        if dataset == "dmad" and not depth_path(video).is_file()
    ]
    if lost:
        raise FilesMissing(f"{root}", lost)
    return found


def _check_unique(found):
    """No video twice (SiW has two suffixes), and nobody in two splits."""
    names, splits = set(), {}
    for video in found:
        if video.name in names:
            raise BadName(f"{video.path}: there twice, under two suffixes")
        names.add(video.name)
        if splits.setdefault(video.subject, video.split) != video.split:
            raise BadName(
                f"{video.path}: subject {video.subject} is in {video.split} "
                f"and in {splits[video.subject]}"
            )


# --- face boxes ---


def _lines(path, columns, separator=None):
    """Rows of so many finite numbers each."""
    rows = []
    try:
        lines = path.read_text(encoding="ascii").splitlines()
    except UnicodeDecodeError:
        raise BadFile(f"{path}: not plain text") from None
    for number, line in enumerate(lines, 1):
        try:
            row = [float(word) for word in line.split(separator)]
        except ValueError:
            row = []
        if len(row) != columns or not all(map(isfinite, row)):
            raise BadFile(f"{path}:{number}: {line!r} is not {columns} numbers")
        rows.append(row)
    return rows


def _by_frame(path, rows):
    """{frame: the numbers after it}, from rows that start with a frame number and count up."""
    frames = {}
    last = -1
    for number, (frame, *values) in enumerate(rows, 1):
        if frame <= last or not frame.is_integer():
            raise BadFile(f"{path}:{number}: frame {frame:g} after {last}")
        last = int(frame)
        frames[last] = values
    return frames


def _boxes(path, frames):
    """{frame: Box} of {frame: its four numbers}; no area means no face: left out."""
    for frame, (_, _, width, height) in frames.items():
        if width < 0 or height < 0:
            raise BadFile(f"{path}: frame {frame} has a box of {width:g} x {height:g}")
    return {frame: Box(*values) for frame, values in frames.items() if values[2] and values[3]}


def read_eyes(path):
    """OULU-NPU's `frame,x_right,y_right,x_left,y_left` as {frame: those four}.

    Both eyes at one point, such as 0,0: no face, left out.
    """
    path = Path(path)
    return {
        frame: tuple(eyes)
        for frame, eyes in _by_frame(path, _lines(path, 5, ",")).items()
        if eyes[:2] != eyes[2:]
    }


def eyes_box(eyes):
    """A box around a face from its eyes' centres. Ours, by common proportions: no source gives one.

    2.2 eye distances wide, 2.8 high, the eyes at 0.38 of the height.
    """
    x1, y1, x2, y2 = eyes
    distance = hypot(x2 - x1, y2 - y1)
    width, height = 2.2 * distance, 2.8 * distance
    return Box((x1 + x2 - width) / 2, (y1 + y2) / 2 - 0.38 * height, width, height)


def read_corners(path):
    """SiW's `x1 y1 x2 y2`, a line per frame, as {frame: Box}; `0 0 0 0` is no face."""
    path = Path(path)
    rows = enumerate(_lines(path, 4))
    return _boxes(path, {frame: (x1, y1, x2 - x1, y2 - y1) for frame, (x1, y1, x2, y2) in rows})


def read_idiap(path):
    """Idiap's `frame x y width height` (CASIA-MFSD, Replay-Attack) as {frame: Box}.

    Frames may be absent.
    """
    path = Path(path)
    return _boxes(path, _by_frame(path, _lines(path, 5)))


def read_boxes(video, locations=None):
    """{frame: Box} from the file that the data set gives for a video.

    It lies beside the video; Idiap's files for CASIA-MFSD and Replay-Attack lie below the folder
    `locations` (their face-locations/), at the video's own name.
    """
    if video.dataset == "oulu":
        eyes = read_eyes(video.path.with_suffix(".txt"))
        return {frame: eyes_box(pair) for frame, pair in eyes.items()}
    if video.dataset == "siw":
        return read_corners(video.path.with_suffix(".face"))
    if video.dataset == "dmad":
        return read_idiap(video.path.with_suffix(".face"))
    if locations is None:
        raise DatasetError(f"{video.path}: its box file is in Idiap's folder, which was not given")
    return read_idiap(Path(locations) / f"{video.name}.face")


# --- measured depth ---


def depth_path(video):
    return video.path.with_suffix(".npy")


def read_depth(path):
    """Depth of the double-modal layout: uint16 [frames][h][w], millimetres, 0 = not measured,
    pixel for pixel over the colour frames. Mapped, not loaded."""
    try:
        depth = np.load(path, mmap_mode="r", allow_pickle=False)
    except (ValueError, EOFError) as error:
        raise BadFile(f"{path}: {error}") from None
    if depth.dtype != np.uint16 or depth.ndim != 3 or 0 in depth.shape:
        raise BadFile(f"{path}: {depth.dtype} {list(depth.shape)} is not uint16 [frames][h][w]")
    return depth


# --- clips, as FAS-SGTD's code cuts them ---


def _clips(video, faces, stride):
    """Every stride-th start of which all five frames have a face."""
    faces = {frame for frame in faces if video.frames is None or frame < video.frames}
    length = (CLIP_FRAMES - 1) * CLIP_INTERVAL + 1
    starts = range(0, max(faces, default=-1) - length + 2, stride)
    clips = (tuple(range(start, start + length, CLIP_INTERVAL)) for start in starts)
    return [clip for clip in clips if faces.issuperset(clip)]


def train_clips(video, faces):
    """Clips to train on; faces: numbers of the frames with a face.

    Starts are 10 frames apart, 8 times that for OULU-NPU's attacks and 5 times for CASIA-MFSD's.
    Then thinned by a whole step, to 16 to 31 clips of a live video and 4 to 7 of an attack where
    there are more.
    """
    factor = 1 if video.live else {"oulu": 8, "casia": 5}.get(video.dataset, 1)
    clips = _clips(video, faces, 10 * factor)
    return clips[:: max(len(clips) // (16 if video.live else 4), 1)]


def test_clips(video, faces):
    """Clips to test on: of all starts every (n // 6)-th, so 6 to 11 clips where there are 6 at all.

    Of CASIA-MFSD's attacks every fifth start counts as one. A video's score is the mean of its
    clips'.
    """
    clips = _clips(video, faces, 5 if video.dataset == "casia" and not video.live else 1)
    return clips[:: max(len(clips) // 6, 1)]
