"""Photo portraits lifted to 3-D by the face mesh: live people whose pixels are photographed.

A portrait is its 468 landmarks as a mesh, continued outwards over hair, neck and shoulders by a
grid with made-up smooth depth, cut out of the photo (silhouettes.py); the background is a picture
of its own, farther away. The pixels are lit already: only part of the renderer's light is laid over
them. A portrait's own space: x right, y up, z to the viewer, metres, origin halfway between the
ears' landmarks.
"""

from collections import OrderedDict
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
from scipy.spatial import Delaunay

from training.data import facemesh

from .silhouettes import body_past_edges, cut_out, fill, square, without_person

FOLDERS = {
    "faker": "portraits_faker_cc0",
    "interfaces": "portraits_interfaces_cc0",
    "congress": "portraits_congress_pd",
}
FACE_HEIGHT = 0.175  # metres, hairline to chin, of the mean person
CANVAS = 3.8  # side of the picture kept of a photo, over the face's height in it
CELLS = 60  # of the grid, along the canvas
MAX_YAW, MAX_PITCH, MIN_FACE = 0.4, 0.45, 90  # radians, radians, photo pixels: of a usable photo
LEVEL = -0.09  # radians: the canonical face's pitch in the mean photo
FACE, REST = 1, 2  # numbers of parts
KEPT = 400  # portraits in memory

INNER = set(facemesh.INNER_LIPS)
UPPER_LIPS = (
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
    61,
    185,
    40,
    39,
    37,
    0,
    267,
    269,
    270,
    409,
    291,
    76,
    184,
    74,
    73,
    72,
    11,
    302,
    303,
    304,
    408,
    306,
    62,
    183,
    42,
    41,
    38,
    12,
    268,
    271,
    272,
    407,
    292,
)
LOWER_LIPS = (
    95,
    88,
    178,
    87,
    14,
    317,
    402,
    318,
    324,
    146,
    91,
    181,
    84,
    17,
    314,
    405,
    321,
    375,
    77,
    90,
    180,
    85,
    16,
    315,
    404,
    320,
    307,
    96,
    89,
    179,
    86,
    15,
    316,
    403,
    319,
    325,
)
MOUTH_CORNERS = (61, 291)
LEFT_EAR, RIGHT_EAR = 234, 454


class Found(NamedTuple):
    """The landmark network's answer for a photo."""

    points: np.ndarray  # [468][3] photo pixels
    pose: np.ndarray  # [3] yaw, pitch, roll as in scene.Motion


class Portrait(NamedTuple):
    canvas: np.ndarray  # [n][n][4] uint8 sRGB and alpha: the person
    behind: np.ndarray  # [n][n][3] uint8 sRGB: the photo's own background, filled in and soft
    vertices: np.ndarray  # [v][3] float32; the first 468 are the face's
    uv: np.ndarray  # [v][2]
    face: np.ndarray  # [a][3] triangles of the face without the mouth's inside
    inner: np.ndarray  # [b][3] triangles of the mouth's inside
    rest: np.ndarray  # [c][3]
    turning: np.ndarray  # [v] 0..1: how far a vertex follows the head
    jaw: np.ndarray  # [v] 0..1: and the jaw
    pose: np.ndarray  # [3]
    native_face_px: float  # height of the face in the photo
    side: float  # metres: the canvas


def smoothstep(low, high, x):
    t = np.clip((x - low) / (high - low), 0, 1)
    return t * t * (3 - 2 * t)


def pose_of(points, canonical):
    """points [468][3], pixels -> yaw, pitch, roll of the best rotation of the canonical face"""
    ours = points * (1, -1, -1)
    u, _, v = np.linalg.svd((canonical - canonical.mean(0)).T @ (ours - ours.mean(0)))
    rotation = (u @ np.diag([1, 1, np.sign(np.linalg.det(u @ v))]) @ v).T
    return np.array(
        [
            np.arcsin(np.clip(-rotation[2, 0], -1, 1)),
            -np.arctan2(rotation[2, 1], rotation[2, 2]) - LEVEL,
            np.arctan2(rotation[1, 0], rotation[0, 0]),
        ],
        np.float32,
    )


def read(path):
    return cv2.cvtColor(cv2.imread(str(path)), cv2.COLOR_BGR2RGB)


def landmark_table(assets, folder):
    """{(source, photo): Found} of all photos with a face; read from folder/landmarks.npz, or
    written there, after ten milliseconds a photo."""
    store = Path(folder) / "landmarks.npz"
    if store.exists():
        with np.load(store) as table:
            return {
                (str(source), str(name)): Found(p, q)
                for source, name, p, q in zip(
                    table["source"], table["name"], table["points"], table["pose"]
                )
            }
    mesh, canonical = facemesh.FaceMesh(assets), facemesh.canonical(assets)[0]
    found = {}
    for source, place in FOLDERS.items():
        for path in sorted((Path(assets) / place).glob("*.jpg")):
            face = mesh.landmarks(read(path))
            if face:
                found[source, path.stem] = Found(face.points, pose_of(face.points, canonical))
    names = np.array(list(found))
    facemesh.store(
        store,
        source=names[:, 0],
        name=names[:, 1],
        points=np.stack([f.points for f in found.values()]),
        pose=np.stack([f.pose for f in found.values()]),
    )
    return found


def height_px(points):
    return float(np.linalg.norm(points[facemesh.TOP] - points[facemesh.CHIN]))


def usable(found):
    return (
        abs(found.pose[0]) < MAX_YAW
        and abs(found.pose[1]) < MAX_PITCH
        and height_px(found.points) >= MIN_FACE
    )


def grid_around(oval, side):
    """oval [36][2] -> points [n][2] over the canvas (pixels), none within or at the oval"""
    step = side / CELLS
    line = np.arange(CELLS + 1) * step
    grid = np.stack(np.meshgrid(line, line), -1).reshape(-1, 2).astype(np.float32)
    contour = oval.reshape(-1, 1, 2)
    inside = np.array([cv2.pointPolygonTest(contour, (float(x), float(y)), True) for x, y in grid])
    return grid[inside < -0.45 * step]


def depth_around(points, oval):
    """points [n][2], oval [36][3] own space -> z [n]: hair and ears fall back as a skull does, the
    neck stands behind the chin and the body below it"""
    away = np.linalg.norm(points[:, None] - oval[None, :, :2], axis=-1)
    weight = 1 / np.maximum(away, 1e-4) ** 3
    border = (weight * oval[:, 2]).sum(1) / weight.sum(1)
    near = away.min(1)
    below = smoothstep(0.01, 0.08, oval[:, 1].min() - points[:, 1])
    deep, reach = -0.045 + 0.055 * below, 0.075 - 0.04 * below
    return deep + (border - deep) * np.exp(-((near / reach) ** 2))


def jaw_weights(points, mouth, chin):
    """points [v][3], own space -> 0..1: 1 at the lower lip and chin, 0 at the upper lip and ears"""
    below = mouth[1] - points[:, 1]
    width = np.linalg.norm(chin - mouth)
    across = (points[:, 0] - mouth[0]) / width
    weight = smoothstep(-0.1, 0.5, below / width) * np.exp(-((across / 1.1) ** 2))
    weight *= 1 - smoothstep(1.1, 2.0, below / width)
    weight[list(UPPER_LIPS)] = 0
    corners = np.abs(points[list(MOUTH_CORNERS), 0] - mouth[0])
    lower = list(LOWER_LIPS)
    weight[lower] = 1 - np.clip(np.abs(points[lower, 0] - mouth[0]) / corners.mean(), 0, 1) ** 2
    return weight.astype(np.float32)


def lift(image, found, person, triangles):
    """A photo with its landmarks and silhouette [h][w] -> Portrait"""
    points = found.points
    height = height_px(points)
    side = round(CANVAS * height)
    corner = tuple(np.round(points[list(facemesh.OVAL), :2].mean(0) - side / 2).astype(int))
    alpha = body_past_edges(person, corner, side, height)
    canvas = np.dstack(
        [square(fill(image, person, height), corner, side), np.round(alpha * 255).astype(np.uint8)]
    )
    behind = square(without_person(image, person), corner, side)

    face = points.copy()
    face[:, :2] -= corner
    oval = face[list(facemesh.OVAL), :2]
    outer = grid_around(oval, side)
    scale = FACE_HEIGHT / height
    origin = face[[LEFT_EAR, RIGHT_EAR]].mean(0)
    own = ((face - origin) * scale * (1, -1, -1)).astype(np.float32)
    flat = ((outer - origin[:2]) * scale * (1, -1)).astype(np.float32)
    around = np.column_stack([flat, depth_around(flat, own[list(facemesh.OVAL)])])
    vertices = np.concatenate([own, around]).astype(np.float32)
    uv = np.concatenate([face[:, :2], outer]) / side

    index = np.concatenate([facemesh.OVAL, facemesh.POINTS + np.arange(len(outer))])
    rest = Delaunay(np.concatenate([oval, outer])).simplices
    ring = len(facemesh.OVAL)
    centre = np.concatenate([oval, outer])[rest].mean(1)
    contour = oval.reshape(-1, 1, 2)
    solid = cv2.dilate(alpha, np.ones((int(2.5 * side / CELLS),) * 2, np.uint8))
    at = np.clip(centre, 0, side - 1).astype(int)
    keep = solid[at[:, 1], at[:, 0]] > 0.05
    for i in np.flatnonzero((rest < ring).all(1)):
        keep[i] &= cv2.pointPolygonTest(contour, tuple(map(float, centre[i])), False) < 0
    rest = index[rest[keep]]
    a, b, c = (vertices[rest[:, i], :2] for i in range(3))
    wrong = (b - a)[:, 0] * (c - a)[:, 1] < (b - a)[:, 1] * (c - a)[:, 0]
    rest[wrong] = rest[wrong][:, ::-1]
    inner = np.array([INNER.issuperset(t) for t in triangles.tolist()])
    chin = own[facemesh.CHIN]
    mouth = own[[13, 14]].mean(0)
    return Portrait(
        canvas,
        behind,
        vertices,
        uv.astype(np.float32),
        triangles[~inner],
        triangles[inner],
        rest.astype(np.int32),
        (1 - 0.85 * smoothstep(0.0, 0.13, chin[1] - vertices[:, 1])).astype(np.float32),
        jaw_weights(vertices, mouth, chin),
        found.pose,
        height,
        side * scale,
    )


class PortraitCache:
    """folder: where landmarks and silhouettes are kept from one run to the next"""

    def __init__(self, assets, folder):
        self.assets, self.folder = Path(assets), Path(folder)
        self.table = landmark_table(assets, folder)
        self.triangles = facemesh.canonical(assets)[1]
        self.portraits = OrderedDict()

    def get(self, source, photo):
        key = source, photo
        if key not in self.portraits:
            image, found = read(self.assets / FOLDERS[source] / f"{photo}.jpg"), self.table[key]
            person = self.silhouette(key, image, found)
            self.portraits[key] = lift(image, found, person, self.triangles)
            if len(self.portraits) > KEPT:
                self.portraits.popitem(last=False)
        self.portraits.move_to_end(key)
        return self.portraits[key]

    def silhouette(self, key, image, found):
        store = self.folder / f"{'-'.join(key)}.npz"
        if store.exists():
            with np.load(store) as kept:
                return kept["person"].astype(np.float32) / 255
        person = np.round(cut_out(image, found.points) * 255).astype(np.uint8)
        facemesh.store(store, person=person)
        return person.astype(np.float32) / 255


def to_linear(image):
    """uint8 sRGB -> float32 linear"""
    v = image.astype(np.float32) / 255
    return np.where(v <= 0.04045, v / 12.92, ((v + 0.055) / 1.055) ** 2.4)
