"""A modelled head: its pieces, and surfaces to make more of them.

Head space: metres, y up, z out of the face, the origin midway between the eyes.
"""

from typing import NamedTuple

import numpy as np

from .render import Material

FACE, PERSON = 1, 2  # part numbers
SKIN = Material(gloss=0.5, roughness=0.5, skin=1)
EYE = Material(gloss=1, roughness=0.12, tint=(0.52, 0.5, 0.48))
CLOTH = Material(gloss=0.05, roughness=0.9)
HAIR = Material(gloss=0.35, roughness=0.55)


class Piece(NamedTuple):
    """A part of a head in its resting shape."""

    vertices: np.ndarray  # [n][3] float32
    triangles: np.ndarray  # [m][3] int32
    uv: np.ndarray  # [n][2]
    texture: object  # a Path, or uint8 [h][w][3 or 4]
    material: Material
    part: int = PERSON
    alpha_cut: bool = False
    closed: bool = False
    deltas: dict = {}  # name -> [n][3] float32
    weld: np.ndarray | None = None  # as in render.smooth_normals
    face: np.ndarray | None = None  # [m] bool: triangles of the facial region
    eye: int | None = None  # 0, 1: turns with this eye
    stiff: bool = False  # moves with the skull alone; else bends at the neck
    oral: bool = False  # seen in an open mouth only


class Head(NamedTuple):
    pieces: list
    eyes: np.ndarray  # [2][3] centres of the eyeballs, the one at negative x first
    chin: np.ndarray  # [3] its lowest point


def grid(rows, columns):
    """Triangles of a grid of vertices, [.][3] int32."""
    i = (np.arange(rows - 1)[:, None] * columns + np.arange(columns - 1)).ravel()
    return np.concatenate(
        [np.stack([i, i + columns, i + 1], -1), np.stack([i + 1, i + columns, i + columns + 1], -1)]
    ).astype(np.int32)


def surface(points, texture, material, part=PERSON, stiff=True, repeat=3):
    """A Piece of points [rows][columns][3]."""
    rows, columns = points.shape[:2]
    uv = np.stack(np.meshgrid(np.linspace(0, repeat, columns), np.linspace(0, repeat, rows)), -1)
    return Piece(
        points.reshape(-1, 3).astype(np.float32),
        grid(rows, columns),
        uv.reshape(-1, 2).astype(np.float32),
        texture,
        material,
        part,
        stiff=stiff,
    )


def tube(path, radius, texture, material, part=PERSON):
    """A pipe of 6 sides around a path [n][3]."""
    path = np.asarray(path, np.float64)
    ahead = np.gradient(path, axis=0)
    ahead /= np.linalg.norm(ahead, axis=1, keepdims=True)
    side = np.cross(ahead, [0.1, 0.2, 1])
    side /= np.linalg.norm(side, axis=1, keepdims=True)
    up = np.cross(side, ahead)
    angle = np.linspace(0, 2 * np.pi, 7)[:, None, None]
    return surface(
        path + radius * (np.cos(angle) * side + np.sin(angle) * up), texture, material, part
    )
