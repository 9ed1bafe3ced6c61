"""A video of a data set as the papers' clips: pictures, depth labels and masks.

The crop is that of a clip's first frame, for all of its frames, so that motion stays. "square" is
the engine's: the square of SCALE times the box's longer side; "stretched" is the released code's:
the box times SCALE, cut off at the picture's border, stretched to a square.
"""

from typing import NamedTuple

import av
import numpy as np

from training.benchmarks import datasets
from training.benchmarks.datasets import BadFile, Box
from training.data import depth_labels, facemesh
from training.data.clipset import DEPTH_SIZE
from training.data.product import Product, rgba

SCALE = 1.3  # crop over box, as in the released code
CROPS = "square", "stretched"
BOXES = "own", "detector"
VERSION = 2  # of what is cut: 1 left live clips without a face mesh out of dev and test, too
FINE = 4  # samples of measured depth along a side of a label's cell


class Broken(Exception):
    """A video that gives no clips."""


class Settings(NamedTuple):
    """Decides a clip's values; assets: folder of the face mesh; locations: Idiap's boxes."""

    size: int = 256
    boxes: str = "own"
    crop: str = "square"
    assets: str = ""
    locations: str | None = None


class Cut(NamedTuple):
    """n clips of a video."""

    starts: list  # [n] first frames
    boxes: list  # [n] Box of that frame
    images: np.ndarray  # uint8 [n][T][s][s][3]
    depth: np.ndarray  # uint8 [n][T][32][32]
    mask: np.ndarray  # uint8 [n][T][32][32]
    dropped: int  # live clips to train on without a depth label in one of their frames
    unmasked: int  # frames of these clips in which the face mesh finds no face: an empty mask


class Cutter:
    """Cuts one video after the other; FileNotFoundError without `make product` or the assets."""

    def __init__(self, settings):
        self.settings = settings
        self.product = Product()
        self.mesh = facemesh.FaceMesh(settings.assets)
        self.triangles = facemesh.canonical(settings.assets)[1]

    def cut(self, video, train):
        """video: names.Video; train: the clips to train on, else those to test on -> Cut.
        Raises Broken, which says why there is none."""
        try:
            boxes = self.boxes(video)
            clips = (datasets.train_clips if train else datasets.test_clips)(video, boxes)
            if not clips:
                raise Broken(
                    f"no {datasets.CLIP_FRAMES} frames, {datasets.CLIP_INTERVAL} apart, "
                    "that all have a face"
                )
            return self.made(video, boxes, clips, train)
        except av.FFmpegError as error:
            raise Broken(f"cannot be decoded: {error.strerror}") from None
        except (datasets.DatasetError, OSError, RuntimeError) as error:
            raise Broken(str(error)) from None

    def boxes(self, video):
        """{frame: Box} of the frames that there are"""
        if self.settings.boxes == "own":
            count = count_frames(video.path)
            own = datasets.read_boxes(video, self.settings.locations)
            return {frame: box for frame, box in own.items() if frame < count}
        found = {}
        for i, picture in frames(video.path):
            face = self.product.face(rgba(picture))
            if face:
                found[i] = Box(*map(float, face.box))
        return found

    def crop(self, box, picture):
        """[4] left, top, width, height"""
        if self.settings.crop == "square":
            return self.product.crop(np.float32(box), SCALE, picture)
        h, w = picture.shape[:2]
        reach = np.array([box.width, box.height]) * SCALE / 2
        centre = np.array([box.left + box.width / 2, box.top + box.height / 2])
        low, high = np.maximum(centre - reach, 0), np.minimum(centre + reach, (w, h))
        if (high - low < 1).any():
            raise Broken(f"a box outside of the picture: {tuple(box)}")
        return np.concatenate([low, high - low]).astype(np.float32)

    def made(self, video, boxes, clips, train):
        n, frames_of = len(clips), datasets.CLIP_FRAMES
        size = self.settings.size
        images = np.zeros((n, frames_of, size, size, 3), np.uint8)
        depth, mask = (np.zeros((n, frames_of, DEPTH_SIZE, DEPTH_SIZE), np.uint8) for _ in range(2))
        labelled = np.zeros((n, frames_of), bool)
        crops = [None] * n
        measured = (
            datasets.read_depth(datasets.depth_path(video))
            if video.dataset == "dmad" and video.live
            else None
        )
        places = {}  # frame -> [(clip, place in it)]
        for c, clip in enumerate(clips):
            for k, frame in enumerate(clip):
                places.setdefault(frame, []).append((c, k))
        seen = 0
        for i, picture in frames(video.path, max(places) + 1):
            if i not in places:
                continue
            seen += 1
            whole = rgba(picture)
            face = self.mesh.landmarks(picture, tuple(boxes[i]))
            for c, k in places[i]:
                if k == 0:
                    crops[c] = self.crop(boxes[i], whole)
                images[c, k] = self.product.resize(whole, crops[c], size)
                if face is not None:
                    labels = depth_labels.labels(face.points[None], crops[c][None], self.triangles)
                    mask[c, k] = np.round(255 * labels.mask[0])
                    if video.live:
                        label = (
                            labels.depth[0]
                            if measured is None
                            else measured_label(
                                measured_frame(video, measured, i, picture),
                                crops[c],
                                labels.mask[0],
                            )
                        )
                        depth[c, k] = np.round(255 * label)
                    labelled[c, k] = True
        if seen < len(places):
            raise Broken(f"{seen} of the {len(places)} frames that it should have can be decoded")
        # No score needs a depth label: what is tested on stays, whatever its class.
        keep = labelled.all(1) if train and video.live else np.ones(n, bool)
        if not keep.any():
            raise Broken("the face mesh finds no face in any of its clips")
        return Cut(
            [clip[0] for clip, own in zip(clips, keep) if own],
            [boxes[clip[0]] for clip, own in zip(clips, keep) if own],
            images[keep],
            depth[keep],
            mask[keep],
            int((~keep).sum()),
            int((~labelled[keep]).sum()),
        )


def frames(path, count=None):
    """Yields (number, uint8 [h][w][3]) of a video, at most so many"""
    with av.open(str(path)) as container:
        stream = next((s for s in container.streams if s.type == "video"), None)
        if stream is None:
            raise Broken("no video in it")
        for i, frame in enumerate(container.decode(stream)):
            if i == count:
                return
            yield i, frame.to_ndarray(format="rgb24")


def count_frames(path):
    """By its packets, without decoding"""
    with av.open(str(path)) as container:
        if not container.streams.video:
            raise Broken("no video in it")
        return sum(packet.size > 0 for packet in container.demux(video=0))


def measured_frame(video, measured, i, picture):
    if i >= len(measured) or measured.shape[1:] != picture.shape[:2]:
        raise BadFile(
            f"{datasets.depth_path(video)}: {list(measured.shape)} does not cover frame "
            f"{i} of {list(picture.shape[:2])}"
        )
    return measured[i]


def measured_label(depth, crop, mask):
    """uint16 [h][w] millimetres, 0 not measured; crop [4]; mask [32][32], the face 0..1
    -> [32][32] 0..1: the face's nearest 1, its farthest 0, and 0 where it is not or nothing was
    measured. Nearest and farthest are the hundredth part from either end, for stray values."""
    side = DEPTH_SIZE * FINE
    at = [
        np.floor(crop[axis] + (np.arange(side) + 0.5) * crop[2 + axis] / side).astype(int)
        for axis in (0, 1)
    ]
    inside = [(0 <= place) & (place < limit) for place, limit in zip(at, depth.shape[::-1])]
    x, y = (np.clip(place, 0, limit - 1) for place, limit in zip(at, depth.shape[::-1]))
    z = depth[y[:, None], x].astype(np.float32)
    known = (z > 0) & inside[1][:, None] & inside[0]
    face = known & (np.kron(mask, np.ones((FINE, FINE))) >= 0.5)
    if not face.any():
        return np.zeros((DEPTH_SIZE, DEPTH_SIZE), np.float32)
    near, far = np.percentile(z[face], (1, 99))
    share = np.clip((far - z) / (far - near), 0, 1) if far > near else np.ones_like(z)
    cells = (DEPTH_SIZE, FINE, DEPTH_SIZE, FINE)
    count = known.reshape(cells).sum((1, 3))
    total = np.where(known, share, 0).reshape(cells).sum((1, 3))
    return np.where(mask >= 0.5, total / np.maximum(count, 1), 0).astype(np.float32)
