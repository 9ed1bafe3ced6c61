"""The 468-point face mesh: MediaPipe's detector and landmark network on one picture at a time.

Networks and canonical mesh come from the assets folder (its README names their licence). Pictures
are uint8 [h][w][3] RGB. Pixels: (0, 0) is the outer corner of the upper left pixel. A landmark is
x, y in pixels of the picture and z in the same unit, smaller is nearer, 0 about the head's middle.
"""

import os
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np

POINTS = 468
INPUT, ROI_SCALE = 192, 1.5  # of the landmark network: pixels a side; region over face box
DETECTOR_INPUT = 128
MIN_SCORE, MIN_OVERLAP = 0.5, 0.3
MIN_PRESENCE = 0.5
MAPS = ((16, 2), (8, 6))  # the detector's two maps: cells a side, anchors a cell

# Indices of landmarks. A lid's points run from corner to corner, upper[i] above lower[i].
OVAL = (
    10,
    338,
    297,
    332,
    284,
    251,
    389,
    356,
    454,
    323,
    361,
    288,
    397,
    365,
    379,
    378,
    400,
    377,
    152,
    148,
    176,
    149,
    150,
    136,
    172,
    58,
    132,
    93,
    234,
    127,
    162,
    21,
    54,
    103,
    67,
    109,
)
EYE_CORNERS = ((33, 133), (362, 263))  # of the eye further left in an upright picture, then right
UPPER_LIDS = ((246, 161, 160, 159, 158, 157, 173), (466, 388, 387, 386, 385, 384, 398))
LOWER_LIDS = ((7, 163, 144, 145, 153, 154, 155), (249, 390, 373, 374, 380, 381, 382))
INNER_LIPS = (
    78,
    191,
    80,
    81,
    82,
    13,
    312,
    311,
    310,
    415,
    308,
    324,
    318,
    402,
    317,
    14,
    87,
    178,
    88,
    95,
)
TOP, CHIN = 10, 152


class Detection(NamedTuple):
    score: float
    box: np.ndarray  # [4] pixels: left, top, width, height
    points: np.ndarray  # [6][2] pixels: the eye further left, the other, nose, mouth, two ears


class Face(NamedTuple):
    points: np.ndarray  # [468][3] float32
    presence: float  # 0..1, the landmark network's own opinion


class Region(NamedTuple):
    """A square to look at; angle: of the line between the eyes, radians, clockwise as seen."""

    x: float
    y: float
    side: float
    angle: float


def canonical(assets):
    """vertices [468][3] float32 centimetres (x right, y up, z to the viewer), triangles
    [898][3] int32: a disk with eyes and mouth filled in, and the oval as its border."""
    path = Path(assets) / "face_mesh_canonical_apache2" / "canonical_face_model.obj"
    rows = [line.split() for line in path.read_text().splitlines()]
    vertices = np.array([row[1:4] for row in rows if row and row[0] == "v"], np.float32)
    triangles = np.array(
        [
            [int(corner.split("/")[0]) - 1 for corner in row[1:4]]
            for row in rows
            if row and row[0] == "f"
        ],
        np.int32,
    )
    return vertices, triangles


def store(path, **arrays):
    """Writes an npz all at once: other processes see the whole file or none."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f"{path.stem}.{os.getpid()}.part.npz")
    np.savez_compressed(part, **arrays)
    part.replace(path)


def eye_centres(points):
    """points [...][468][k] -> [...][2][k]: halfway between the corners of each eye"""
    return np.stack([points[..., list(pair), :].mean(-2) for pair in EYE_CORNERS], -2)


def anchors():
    """[896][2]: centres in detector pixels, in the order of the detector's outputs"""
    return np.concatenate(
        [
            np.repeat(
                np.stack(np.meshgrid(np.arange(n), np.arange(n)), -1).reshape(-1, 2) + 0.5, k, 0
            )
            * (DETECTOR_INPUT / n)
            for n, k in MAPS
        ]
    ).astype(np.float32)


def overlap(box, boxes):
    """[4], [n][4] -> [n]: intersection over union"""
    low = np.maximum(box[:2], boxes[:, :2])
    high = np.minimum(box[:2] + box[2:], boxes[:, :2] + boxes[:, 2:])
    both = np.prod(np.maximum(high - low, 0), 1)
    return both / (box[2] * box[3] + boxes[:, 2] * boxes[:, 3] - both)


def decode(regressors, logits, centres):
    """[896][16], [896] -> Detections in detector pixels, best first. Overlapping candidates are
    averaged by score, as in the product (src/face.c)."""
    scores = 1 / (1 + np.exp(-np.clip(logits, -80, 80)))
    rows = regressors.reshape(-1, 8, 2).copy()
    rows[:, [0, 2, 3, 4, 5, 6, 7]] += centres[:, None]
    rows[:, 0] -= rows[:, 1] / 2
    keep = (scores >= MIN_SCORE) & (rows[:, 1] > 0).all(1)
    rows, scores = rows[keep].reshape(-1, 16), scores[keep]
    found = []
    while len(scores):
        best = scores.argmax()
        same = overlap(rows[best, :4], rows[:, :4]) > MIN_OVERLAP
        same[best] = True
        mean = np.average(rows[same], 0, scores[same])
        found.append(Detection(float(scores[best]), mean[:4], mean[4:].reshape(6, 2)))
        rows, scores = rows[~same], scores[~same]
    return found


def region(box, left_eye, right_eye):
    dx, dy = np.subtract(right_eye, left_eye)[:2]
    return Region(
        box[0] + box[2] / 2,
        box[1] + box[3] / 2,
        max(box[2], box[3]) * ROI_SCALE,
        float(np.arctan2(dy, dx)),
    )


class FaceMesh:
    """Of the folder of assets; FileNotFoundError without its networks"""

    def __init__(self, assets):
        from ai_edge_litert.interpreter import Interpreter

        folder = Path(assets) / "mediapipe_models_apache2"

        def load(name):
            if not (folder / name).is_file():  # of which the interpreter makes a ValueError
                raise FileNotFoundError(f"{folder / name}: no such file")
            network = Interpreter(model_path=str(folder / name), num_threads=1)
            network.allocate_tensors()
            return network

        self.detector = load("face_detection_short_range.tflite")
        self.network = load("face_landmark.tflite")
        self.centres = anchors()

    @staticmethod
    def run(network, picture):
        network.set_tensor(network.get_input_details()[0]["index"], picture[None])
        network.invoke()
        return [network.get_tensor(o["index"])[0] for o in network.get_output_details()]

    def detect(self, image):
        """-> Detections in pixels of the picture, largest face first"""
        h, w = image.shape[:2]
        scale = DETECTOR_INPUT / max(h, w)
        size = max(1, round(w * scale)), max(1, round(h * scale))
        corner = (DETECTOR_INPUT - size[0]) // 2, (DETECTOR_INPUT - size[1]) // 2
        picture = np.full((DETECTOR_INPUT, DETECTOR_INPUT, 3), -1, np.float32)
        picture[corner[1] : corner[1] + size[1], corner[0] : corner[0] + size[0]] = (
            cv2.resize(image, size, interpolation=cv2.INTER_AREA).astype(np.float32) / 127.5 - 1
        )
        regressors, logits = self.run(self.detector, picture)
        found = [
            Detection(
                d.score,
                np.concatenate([(d.box[:2] - corner) / scale, d.box[2:] / scale]),
                (d.points - corner) / scale,
            )
            for d in decode(regressors, logits[:, 0], self.centres)
        ]
        return sorted(found, key=lambda d: -d.box[2] * d.box[3])

    def look(self, image, at):
        """The landmarks in one Region."""
        scale = at.side / INPUT
        cos, sin = np.cos(at.angle) * scale, np.sin(at.angle) * scale
        # Network pixels to picture pixels, both measured from the outer corner.
        turn = np.array([[cos, -sin], [sin, cos]])
        origin = np.array([at.x, at.y]) - turn @ [INPUT / 2, INPUT / 2]
        # cv2 counts from pixel centres.
        matrix = np.column_stack([turn, origin + turn @ [0.5, 0.5] - 0.5])
        picture = cv2.warpAffine(
            image,
            matrix,
            (INPUT, INPUT),
            flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
            borderMode=cv2.BORDER_REPLICATE,
        )
        outputs = self.run(self.network, picture.astype(np.float32) / 255)
        points, presence = sorted(outputs, key=np.size, reverse=True)
        points = points.reshape(POINTS, 3)
        placed = np.column_stack([points[:, :2] @ turn.T + origin, points[:, 2] * scale])
        logit = float(np.clip(presence.ravel()[0], -80, 80))
        return Face(placed.astype(np.float32), 1 / (1 + float(np.exp(-logit))))

    def landmarks(self, image, box=None, previous=None):
        """The Face in a box (left, top, width, height), around the `previous` landmarks, or, with
        neither, in the largest detection; None if there is none. Looks twice, the second time
        where the first found the face."""
        if previous is not None:
            at = self.around(previous)
        elif box is not None:
            at = region(box, (0, 0), (1, 0))
        else:
            found = self.detect(image)
            if not found:
                return None
            at = region(found[0].box, *found[0].points[:2])
        face = self.look(image, at)
        if previous is None and face.presence >= MIN_PRESENCE:
            face = self.look(image, self.around(face.points))
        return face if face.presence >= MIN_PRESENCE else None

    @staticmethod
    def around(points):
        left, right = eye_centres(points[:, :2])
        low, high = points[:, :2].min(0), points[:, :2].max(0)
        return region(np.concatenate([low, high - low]), left, right)
