"""Masks with real three-dimensional shape: a live person's face covered with another material.

The shape, motion and light are those of the live shot; what is skin becomes printed paper, resin or
silicone: fine relief and colour are lost, the surface shines as one material, the edge shows, and
through the eyes' holes the wearer looks out.
"""

from typing import NamedTuple

import cv2
import numpy as np

from . import camera as cameras
from .scene import by_share, log_uniform, soften

# family -> smooth: sigma over the face's height; relief: share of fine detail that stays;
# colour: share of the person's own colour; gloss: strength of the highlights.
FAMILIES = {
    "resin": dict(share=1, smooth=(0.02, 0.06), relief=(0, 0.3), colour=(0, 0.6), gloss=(0.2, 1)),
    "silicone": dict(
        share=1, smooth=(0.01, 0.04), relief=(0.1, 0.5), colour=(0.4, 1), gloss=(0.05, 0.5)
    ),
    "paper-craft": dict(
        share=1, smooth=(0.004, 0.02), relief=(0.3, 0.8), colour=(0.6, 1), gloss=(0, 0.15)
    ),
}


class Mask(NamedTuple):
    family: str
    smooth: float
    relief: float
    colour: float
    tone: tuple  # colour of the material
    gloss: float
    sharpness: float  # exponent of the highlights
    eyes: bool  # holes
    light: tuple  # direction to the lamp

    def params(self):
        return self._asdict()


def draw(rng, families):
    name = by_share(rng, FAMILIES, families)
    family = FAMILIES[name]
    direction = rng.normal(0, 1, 3) + [0, 0.7, 1]
    tone = np.exp(rng.normal(0, 0.1, 3) + np.array([0.35, 0, -0.3]) * rng.uniform(0, 1.2))
    return Mask(
        name,
        *(float(rng.uniform(*family[key])) for key in ("smooth", "relief", "colour")),
        tone=tuple((tone / tone.max() * rng.uniform(0.3, 0.95)).tolist()),
        gloss=float(rng.uniform(*family["gloss"])),
        sharpness=log_uniform(rng, 5, 80),
        eyes=bool(rng.random() < 0.6),
        light=tuple((direction / np.linalg.norm(direction)).tolist()),
    )


def normals(depth, face, spacing):
    """[h][w] metres, within face -> [h][w][3] towards the camera; spacing: metres a pixel."""
    known = face & np.isfinite(depth)
    filled = np.where(known, depth, depth[known].max()).astype(np.float32)
    filled = cv2.GaussianBlur(filled, (0, 0), max(0.7, 0.01 * len(depth)))
    dy, dx = np.gradient(filled, spacing)
    normal = np.stack([dx, -dy, np.ones_like(dx)], -1)
    return (normal / np.linalg.norm(normal, axis=-1, keepdims=True)).astype(np.float32)


def wear(mask, shot, metres):
    """metres: height of the face region -> light [T][size][size][3], masks [T][size][size]"""
    light = []
    half = np.array(mask.light, np.float32) + [0, 0, 1]
    half /= np.linalg.norm(half)
    for t in range(len(shot.light)):
        own, face, height = shot.light[t], shot.face[t], shot.box[t, 3]
        weight = face.astype(np.float32)[..., None]
        sigma = max(0.6, mask.smooth * height)
        calm = soften(own * weight, sigma) / (
            soften(weight[..., 0], sigma)[..., None] + np.float32(1e-3)
        )
        fine = cv2.GaussianBlur(own, (0, 0), max(0.6, 0.004 * height))
        surface = calm + np.float32(mask.relief) * (fine - calm)
        grey = (surface @ cameras.LUMA)[..., None]
        surface = (
            grey * mask.tone / (np.array(mask.tone) @ cameras.LUMA) * (1 - mask.colour)
            + mask.colour * surface
        )
        shine = np.clip(normals(shot.depth[t], face, metres / height) @ half, 0, 1)
        surface = (
            surface
            + np.float32(mask.gloss * 0.5 * calm[face].mean()) * (shine**mask.sharpness)[..., None]
        )
        cover = cv2.GaussianBlur(weight[..., 0], (0, 0), 0.8)
        if mask.eyes:
            holes = np.zeros(face.shape, np.float32)
            for x, y in shot.eyes[t]:
                axes = int(0.085 * height) + 1, int(0.04 * height) + 1
                cv2.ellipse(holes, (int(x), int(y)), axes, 0, 0, 360, 1.0, -1)
            cover = cover * (1 - cv2.GaussianBlur(holes, (0, 0), 0.8))
        light.append((own + cover[..., None] * (surface - own)).astype(np.float32))
    return np.stack(light), shot.face.astype(np.float32)
