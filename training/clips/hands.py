"""A hand that holds something flat: a posed and skinned mesh, drawn around its edge.

The hand's own space (WebXR's generic hand, bind pose): fingers point to -y, the palm faces -x, the
right hand's thumb lies at -z. What is held lies in the plane z = 0 of the carrier's space, metres,
x right, y up, z towards its viewer; the palm faces that viewer from behind, the thumb lies before
it.
"""

import functools
import json
import struct
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np

from . import lights, render
from .head import tube
from .scene import log_uniform

FILE = "hands_webxr_mit/right.glb"
HAND, HELD, SLEEVE = 1, 2, 3  # part numbers
FINGERS = tuple(range(6 + 5 * k, 9 + 5 * k) for k in range(4))  # proximal, intermediate, distal
THUMB = 1, 2, 3
GRIP = 0.008, -0.045, -0.035  # the place between thumb and fingers that lies on the carrier's edge
WRIST = 0.04, 0.075, 0.01


class Bare(NamedTuple):
    """A glTF hand in its bind pose."""

    vertices: np.ndarray  # [n][3] float32, metres
    triangles: np.ndarray  # [m][3] int32
    uv: np.ndarray  # [n][2]
    joints: np.ndarray  # [25][3], centres
    index: np.ndarray  # [n][4], joints of a vertex
    weights: np.ndarray  # [n][4]


@functools.cache
def load(assets):
    data = Path(assets, FILE).read_bytes()
    length = struct.unpack("<I", data[12:16])[0]
    tree, binary = json.loads(data[20 : 20 + length]), data[28 + length :]
    kinds = {5121: np.uint8, 5123: np.uint16, 5126: np.float32}
    widths = {"SCALAR": 1, "VEC2": 2, "VEC3": 3, "VEC4": 4}

    def read(number):
        accessor = tree["accessors"][number]
        view = tree["bufferViews"][accessor["bufferView"]]
        start = view.get("byteOffset", 0) + accessor.get("byteOffset", 0)
        width = widths[accessor["type"]]
        return np.frombuffer(
            binary, kinds[accessor["componentType"]], accessor["count"] * width, start
        ).reshape(-1, width)

    mesh = tree["meshes"][0]["primitives"][0]
    own = mesh["attributes"]
    nodes = [tree["nodes"][k] for k in tree["skins"][0]["joints"]]
    return Bare(
        read(own["POSITION"]),
        read(mesh["indices"]).reshape(-1, 3).astype(np.int32),
        read(own["TEXCOORD_0"]),
        np.array([node["translation"] for node in nodes]),
        read(own["JOINTS_0"]).astype(int),
        read(own["WEIGHTS_0"]).astype(np.float64),
    )


def about(centre, axis, angle):
    """[4][4]: a turn about an axis through a place"""
    turn = np.eye(4)
    turn[:3, :3] = cv2.Rodrigues(np.float64(axis) / np.linalg.norm(axis) * float(angle))[0]
    turn[:3, 3] = centre - turn[:3, :3] @ centre
    return turn


def posed(hand, curls, thumb):
    """Vertices [n][3] with fingers bent by curls [4] (radians a joint) and the thumb by thumb [2]:
    towards the palm, away from the fingers."""
    poses = np.repeat(np.eye(4)[None], len(hand.joints), 0)
    for joints, curl in zip(FINGERS, curls):
        chain = np.eye(4)
        for k in joints:
            chain = chain @ about(hand.joints[k], (0, 0, -1), curl)
            poses[k] = chain
        poses[joints[-1] + 1] = chain
    chain = np.eye(4)
    for k, share in zip(THUMB, (0.5, 0.3, 0.2)):
        chain = (
            chain
            @ about(hand.joints[k], (0, 1, 0), share * thumb[0])
            @ about(hand.joints[k], (1, 0, 0), share * thumb[1])
        )
        poses[k] = chain
    poses[THUMB[-1] + 1] = chain
    whole = np.einsum("nj,njkl->nkl", hand.weights, poses[hand.index])
    return np.einsum("nkl,nl->nk", whole[:, :3], np.c_[hand.vertices, np.ones(len(whole))])


def skin(rng):
    """A texture [64][64][3] uint8 of one of many colours of skin, a little uneven"""
    dark = rng.random()
    colour = (1 - dark) * np.array([0.62, 0.40, 0.29]) + dark * np.array([0.10, 0.055, 0.035])
    colour = colour * lights.tint(rng, 0.06)
    spots = cv2.resize(
        rng.normal(0, 0.04, (12, 12, 3)).astype(np.float32), (64, 64), interpolation=cv2.INTER_CUBIC
    )
    fine = rng.normal(0, 0.02, (64, 64, 1))
    return (np.clip((colour * np.exp(spots + fine)) ** (1 / 2.2), 0, 1) * 255).astype(np.uint8)


class Grip(NamedTuple):
    """The grip of a hand and its place."""

    edge: tuple  # place on the carrier, metres
    angle: float  # of the fingers in its plane: 0 right, counterclockwise
    left: bool  # a left hand
    curls: tuple
    thumb: tuple
    tilt: tuple  # of the whole hand, about the fingers and across them
    sleeve: bool


def draw(rng, width, height, deep):
    """A grip on one of the sides or the lower edge of a carrier of this size (metres), y up.
    deep: how far the edge lies within the hand, metres: a phone lies in the palm, a sheet between
    fingertips."""
    side = str(rng.choice(["left", "right", "below"], p=[0.35, 0.45, 0.2]))
    at = rng.uniform(-0.35, 0.3) * height
    x = {"left": -1, "right": 1, "below": rng.uniform(-0.7, 0.7)}[side] * width / 2
    if side == "below":
        at = -height / 2
    inward = {"left": 0, "right": np.pi, "below": np.pi / 2}[side]
    lean = rng.normal(0.25, 0.35)
    angle = inward + {"left": lean, "right": -lean, "below": rng.normal(0, 0.5)}[side]
    place = np.array([x, at]) + deep * np.array([np.cos(inward), np.sin(inward)])
    left = side == "left" if rng.random() < 0.85 else rng.random() < 0.5
    curl = rng.uniform(-0.1, 0.5)
    return Grip(
        tuple(place),
        float(angle),
        bool(left),
        tuple((curl + rng.normal(0, 0.08, 4)).tolist()),
        (float(rng.normal(0, 0.25)), float(rng.normal(-0.1, 0.3))),
        tuple(rng.normal(0, 0.15, 2).tolist()),
        bool(rng.random() < 0.35),
    )


def around(points, thumb, half):
    """points [n][3] in the carrier's space -> the same: within its outline (half its width and
    height) the thumb [n] lies before the carrier, the rest behind it"""
    inside = (np.abs(points[:, :2]) < np.asarray(half) - 0.004).all(1)
    z = points[:, 2]
    points[:, 2] = np.where(inside, np.where(thumb, np.maximum(z, 0.003), np.minimum(z, -0.003)), z)
    return points


def meshes(rng, assets, renderer, grip, half):
    """-> ([(vertices [n][3] in the carrier's space, render.Mesh)], textures to release)"""
    hand = load(assets)
    points = posed(hand, grip.curls, grip.thumb)
    thumb = (hand.weights * np.isin(hand.index, (*THUMB[1:], THUMB[-1] + 1))).sum(1) > 0.5
    scale = log_uniform(rng, 0.88, 1.1)

    def held(points):
        """hand's own space -> the carrier's"""
        own = (np.asarray(points, float) - GRIP) * scale
        flat = np.stack([-own[:, 1], -own[:, 2], -own[:, 0]], -1)  # fingers, thumb, palm
        flat = flat @ lights.rotation(grip.tilt[1], grip.tilt[0], 0).T.astype(float)
        if not grip.left:
            flat[:, 1] *= -1
        c, s = np.cos(grip.angle), np.sin(grip.angle)
        turned = np.stack(
            [c * flat[:, 0] - s * flat[:, 1], s * flat[:, 0] + c * flat[:, 1], flat[:, 2]], -1
        )
        return turned + (*grip.edge, 0)

    own = renderer.texture(skin(rng))
    cloth = renderer.texture(
        (
            np.clip(np.ones((8, 8, 3)) * log_uniform(rng, 0.03, 0.7) * lights.tint(rng, 0.3), 0, 1)
            ** (1 / 2.2)
            * 255
        ).astype(np.uint8)
    )
    wrist = held([WRIST])[0]
    back = -np.array([np.cos(grip.angle), np.sin(grip.angle), 0])
    elbow = back + rng.uniform(0.1, 0.9) * np.array([rng.normal(0, 0.2), -1, -0.4])
    elbow *= 0.27 / np.linalg.norm(elbow)
    path = wrist + np.concatenate(
        [
            np.linspace(-0.1, 1, 6)[:, None] * elbow,
            elbow + np.array([[0.0, -0.1, -0.06], [0, -0.3, -0.1]]),
        ]
    )
    thick = scale * np.concatenate([np.linspace(0.026, 0.042, 6), [0.05, 0.055]])[:, None]
    arm = tube(path, thick, None, None)
    skin_like = render.Material(gloss=0.25, roughness=0.55, skin=0.5)
    found = [
        (
            around(held(points), thumb, half),
            render.Mesh(None, hand.triangles, hand.uv, own, None, skin_like, HAND),
        ),
        (arm.vertices, render.Mesh(None, arm.triangles, arm.uv, own, None, skin_like, HAND)),
    ]
    if grip.sleeve:
        sleeve = tube(path[int(rng.integers(1, 4)) :], 0.05 * scale, None, None)
        found.append(
            (
                sleeve.vertices,
                render.Mesh(
                    None, sleeve.triangles, sleeve.uv, cloth, None, render.Material(), SLEEVE
                ),
            )
        )
    return found, (own, cloth)


def sprite(rng, assets, renderer, light, pose, half, focal, height, width, grips):
    """Hands around a carrier, as the camera sees them in the first frame.

    pose: ([3][3], [3]) from the carrier's space (y up) to camera space; half: half its width and
    height, metres -> colour [height][width][3] linear, cover [height][width]; where the carrier
    hides a hand there is nothing."""
    turn, place = pose
    side = max(height, width)
    shapes, textures = [], []
    for grip in grips:
        own, used = meshes(rng, assets, renderer, grip, half)
        shapes += own
        textures += used
    x, y = half
    corners = np.array([[-x, -y, 0], [x, -y, 0], [x, y, 0], [-x, y, 0]])
    plate = render.Mesh(
        None,
        np.int32([[0, 1, 2], [0, 2, 3]]),
        np.zeros((4, 2), np.float32),
        textures[0],
        np.float32([turn @ (0, 0, 1)] * 4),
        part=HELD,
    )
    placed = [
        mesh._replace(vertices=(points @ turn.T + place).astype(np.float32))
        for points, mesh in [*shapes, (corners, plate)]
    ]
    picture = renderer.draw(placed, focal, side, light)
    for handle in textures:
        renderer.release(handle)
    rows = slice((side - height) // 2, (side - height) // 2 + height)
    columns = slice((side - width) // 2, (side - width) // 2 + width)
    color, part = picture.color[rows, columns], picture.part[rows, columns]
    seen = ((part == HAND) | (part == SLEEVE)).astype(np.float32)
    return color, cv2.GaussianBlur(seen, (0, 0), 0.6)
