"""Painted textures of modelled heads: skin, faces, eyes, cloth, hair."""

import cv2
import numpy as np

from . import lights
from .scene import log_uniform

SRGB = (255 * (np.arange(4096) / 4095) ** (1 / 2.2) + 0.5).astype(np.uint8)


def srgb(linear):
    """Linear 0..1 -> uint8."""
    return SRGB[(np.clip(linear, 0, 1) * 4095 + 0.5).astype(np.uint16)]


def skin_tone(rng):
    """[3] linear albedo, pale to dark."""
    pale, dark = np.log([0.64, 0.39, 0.27]), np.log([0.10, 0.05, 0.028])
    tone = np.exp(pale + (dark - pale) * rng.beta(1, 1.4) + rng.normal(0, 0.06, 3))
    return tone.astype(np.float32)


def noise(rng, side, cells):
    """[side][side] float32 about 0, of a deviation of about 1."""
    return cv2.resize(
        rng.normal(0, 1.3, (cells, cells)).astype(np.float32),
        (side, side),
        interpolation=cv2.INTER_CUBIC,
    )


def bare_skin(rng, tone, side):
    """[side][side][3] float32, linear: blotches and pores."""
    shade = 0.05 * noise(rng, side, 9) + 0.03 * noise(rng, side, 40) + 0.035 * noise(rng, side, 256)
    red = 0.05 * noise(rng, side, 7) + 0.03 * noise(rng, side, 60)
    log = shade[..., None] + red[..., None] * np.float32([0.3, -0.6, -0.5])
    return tone * np.exp(log)


def face_texture(rng, model, tone, hair_color):
    """The face's unwrapped skin with lips, brows, lashes, redness, freckles and stubble."""
    side = 1024
    skin = bare_skin(rng, tone, side)
    at = model.landmark_uv * side

    def blob(points, sigma):
        mask = np.zeros((side, side), np.float32)
        cv2.fillPoly(mask, [np.int32(points)], 1.0)
        return cv2.GaussianBlur(mask, (0, 0), sigma)[..., None]

    cheeks = np.zeros((side, side), np.float32)
    for a, b in ((41, 48), (46, 54), (30, 33)):
        cv2.circle(cheeks, tuple(np.int32((at[a] + at[b]) / 2)), 45, 1.0, -1)
    cheeks = cv2.GaussianBlur(cheeks, (0, 0), 25)[..., None]
    skin *= 1 - rng.uniform(0, 0.3) * cheeks * np.float32([0.2, 0.8, 0.7])
    lips = blob(at[48:60], 4)
    skin *= 1 - lips * rng.uniform(0.5, 1) * np.float32([0.25, 0.55, 0.5])
    sockets = blob(at[36:42], 18) + blob(at[42:48], 18)
    skin *= 1 - rng.uniform(0.1, 0.35) * np.minimum(sockets, 1) * np.float32([0.8, 1, 0.9])
    if rng.random() < 0.35:  # stubble
        jaw = blob(np.concatenate([at[3:14], at[[54, 35, 33, 31, 48]]]), 15) * (1 - lips)
        dots = np.clip(0.7 + 0.5 * noise(rng, side, 512), 0, 1.5)[..., None]
        skin *= 1 - np.clip(rng.uniform(0.2, 0.8) * jaw * dots, 0, 0.9)
    if rng.random() < 0.3:
        for _ in range(rng.integers(20, 250)):  # freckles, moles
            place = tuple(np.int32(rng.uniform(0.2, 0.8, 2) * side))
            color = (tone * rng.uniform(0.5, 0.8)).tolist()
            cv2.circle(skin, place, int(rng.integers(1, 4)), color, -1, cv2.LINE_AA)
    dark = np.minimum(hair_color, tone * 0.5)
    lashes = np.zeros((side, side), np.float32)
    for a in (36, 42):
        cv2.polylines(lashes, [np.int32(at[a : a + 6] * 16)], True, 1.0, 5, cv2.LINE_AA, 4)
    brows = np.zeros((side, side), np.float32)
    thick = rng.uniform(0.6, 1.3)
    for a, outward in ((17, -1), (22, 1)):
        line = at[a : a + 5] + [0, 6]
        for _ in range(230):
            t = rng.uniform(0, 4)
            i = min(int(t), 3)
            start = line[i] * (i + 1 - t) + line[i + 1] * (t - i) + [0, rng.normal(0, 6) * thick]
            end = start + [outward * rng.uniform(8, 18), -rng.uniform(-4, 8)]
            cv2.line(
                brows,
                tuple(np.int32(start * 16)),
                tuple(np.int32(end * 16)),
                1.0,
                2,
                cv2.LINE_AA,
                4,
            )
    brows = cv2.GaussianBlur(brows, (0, 0), 1.5) * rng.uniform(0.5, 0.95)
    for mask in (cv2.GaussianBlur(lashes, (0, 0), 1.5) * 0.8, brows):
        skin += (dark - skin) * mask[..., None]
    return srgb(skin)


def eye_texture(rng):
    """An eyeball from the front; the picture is as wide as the ball."""
    y, x = (np.mgrid[:256, :256] + 0.5) / 128 - 1
    r, around = np.hypot(x, y), np.arctan2(y, x)
    white = np.float32([0.62, 0.55, 0.5]) * (1 - 0.35 * np.clip(r - 0.5, 0, 1))[..., None]
    iris = (
        np.exp(rng.normal(0, 0.15, 3))
        * [[0.10, 0.045, 0.02], [0.16, 0.2, 0.25], [0.12, 0.14, 0.06], [0.05, 0.025, 0.012]][
            rng.choice(4, p=[0.4, 0.2, 0.1, 0.3])
        ]
    )
    rays = 1 + 0.3 * np.interp(around, np.linspace(-np.pi, np.pi, 60), rng.normal(0, 1, 60))
    size, pupil = 0.47, rng.uniform(0.13, 0.24)
    edge = np.clip((size - r) * 40, 0, 1)[..., None]
    ring = (rays * (1 - 0.6 * np.clip((r - size + 0.1) * 10, 0, 1)))[..., None]
    image = white + (iris * ring - white) * edge
    return srgb(image * np.clip((r - pupil) * 40, 0.06, 1)[..., None])


def cloth_texture(rng):
    side = 256
    color = np.clip(log_uniform(rng, 0.02, 0.7) * lights.tint(rng, 0.4), 0, 0.9)
    image = np.ones((side, side, 3)) * color
    if rng.random() < 0.3:
        waves = np.sin(np.arange(side) * rng.uniform(0.1, 0.8))[:, None, None]
        other = np.clip(color * log_uniform(rng, 0.3, 3), 0, 0.9)
        image = np.where(waves > rng.uniform(-0.5, 0.8), image, other)
    return srgb(image * np.exp(0.06 * noise(rng, side, 128) + 0.1 * noise(rng, side, 6))[..., None])


def hair_texture(rng, color):
    """Strands along the rows' direction; the alpha thins out in the first rows."""
    side = 512
    strands = cv2.GaussianBlur(
        rng.normal(0, 1, (side, side)).astype(np.float32), (0, 0), 1, sigmaY=30
    )
    strands /= strands.std()
    image = color * np.exp(0.45 * strands)[..., None]
    rows = np.arange(side)[:, None] / side
    alpha = np.clip(0.5 + 7 * (rows - 0.12) + 0.4 * strands, 0, 1)
    return np.concatenate([srgb(image), np.uint8(255 * alpha)[..., None]], -1)
