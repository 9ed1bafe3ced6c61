"""Scenes out of recordings of your own, without the assets: for tries and tests.

The face is found by the product's detector. Its depth is a rough guess, the same dome with a nose
for everybody, so what is trained on it alone is not for use. The same people are in every split;
each split draws from a part of its own of a recording's time.
"""

import gzip
from pathlib import Path

import av
import numpy as np

from training.data.product import rgba

from . import scene, video

SPANS = {"train": (0, 0.6), "dev": (0.6, 0.8), "test": (0.8, 1)}  # of a recording's time
STEP = 0.08, 0.12  # seconds from one frame of a clip to the next, if the part is long enough
# Of a face, over its height: the dome, the nose upon it, and where the detector's landmarks are.
HALF_WIDTH, ROUND, NOSE, NOSE_WIDTH = 0.43, 0.45, 0.12, 0.07
EYES_TO_MOUTH, EYES = 0.36, 0.33  # upright distance; the eyes from the top
EYE, OTHER_EYE, NOSE_TIP, MOUTH = range(4)  # landmarks; the eye on the left of the picture first
RINGS, SPOKES = 12, 36
VERTICES = 1 + RINGS * SPOKES
TOP = VERTICES - SPOKES  # the first of the last ring
CHIN = TOP + SPOKES // 2


def disc():
    """([VERTICES][2] the centre and rings of a unit disc, y down, from the top clockwise;
    triangles [m][3])"""
    angle = np.arange(SPOKES) * 2 * np.pi / SPOKES
    ring = np.stack([np.sin(angle), -np.cos(angle)], -1)
    radius = np.arange(1, RINGS + 1)[:, None, None] / RINGS
    at = np.arange(SPOKES)
    after = (at + 1) % SPOKES
    triangles = [np.stack([0 * at, 1 + at, 1 + after], -1)]
    for inner in range(1, TOP, SPOKES):
        a, b, c, d = inner + at, inner + after, inner + SPOKES + at, inner + SPOKES + after
        triangles += [np.stack([a, c, d], -1), np.stack([a, d, b], -1)]
    return np.concatenate([np.zeros((1, 2)), (radius * ring).reshape(-1, 2)]), np.concatenate(
        triangles
    ).astype(np.int32)


def dome(landmarks):
    """A face's landmarks [6][2] in pixels -> [VERTICES + 2][3] pixels: disc() as its surface, z
    away from the camera, and the two eyes"""
    between = landmarks[[EYE, OTHER_EYE]].mean(0)
    down = landmarks[MOUTH] - between
    height = np.linalg.norm(down) / EYES_TO_MOUTH
    down /= np.linalg.norm(down)
    across = np.array([down[1], -down[0]])
    flat, _ = disc()
    centre = between + (0.5 - EYES) * height * down
    xy = centre + height * (flat[:, :1] * HALF_WIDTH * across + flat[:, 1:] * 0.5 * down)
    nose = np.square((xy - landmarks[NOSE_TIP]) / (NOSE_WIDTH * height)).sum(-1)
    z = -height * (
        ROUND * np.sqrt(np.maximum(1 - np.square(flat).sum(-1), 0)) + NOSE * np.exp(-nose / 2)
    )
    eyes = np.column_stack([landmarks[[EYE, OTHER_EYE]], [z.mean()] * 2])
    return np.concatenate([np.column_stack([xy, z]), eyes]).astype(np.float32)


class Recording:
    """A recording in memory, with a dome for the face of every frame: what a VideoScene needs."""

    source = "recording"

    def __init__(self, path, product):
        """path: what av reads, or that with .gz behind it; product: product.Product"""
        self.name = Path(path).name.split(".")[0]
        opened = gzip.open(path) if Path(path).suffix == ".gz" else open(path, "rb")
        with opened as file, av.open(file) as container:
            self.rate = float(container.streams.video[0].average_rate)
            self.frames = np.stack(
                [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
            )
        self.triangles = disc()[1]
        found = [product.face(rgba(frame)) for frame in self.frames]
        self.seen = np.array([face is not None for face in found])
        self.points = np.full((len(found), VERTICES + 2, 3), np.nan, np.float32)
        for points, face in zip(self.points, found):
            if face:
                points[:] = dome(face.landmarks)

    @staticmethod
    def height_px(points):
        return float(np.linalg.norm(points[TOP] - points[CHIN]))

    @staticmethod
    def eye_centres(points):
        return points[..., -2:, :]

    def scene(self, rng, split, count):
        """A VideoScene of `count` frames of the split's part."""
        here = np.zeros(len(self.seen), bool)
        low, high = (round(share * len(here)) for share in SPANS[split])
        here[low:high] = True
        stride = min(round(rng.uniform(*STEP) * self.rate), (high - low - 1) // (count - 1))
        frames = video.draw_frames(rng, self.seen & here, max(stride, 1), count)
        return video.VideoScene(self, frames, scene.framing(rng), flip=bool(rng.random() < 0.5))


class Recordings:
    """The same for recordings as sources.Sources for the assets."""

    new_in_test = ("instrument", "camera")

    def __init__(self, paths, product):
        self.recordings = [Recording(path, product) for path in paths]

    def draw(self, rng, split, held_out, times, rig, solid=False):
        """rig: the room is behind the attacks; it does not light the recorded face."""
        recording = self.recordings[rng.integers(len(self.recordings))]
        return recording.scene(rng, split, len(times))
