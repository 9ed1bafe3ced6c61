"""Tiny made-up pictures, and a camera that does nothing, for tests of the simulation."""

import cv2
import numpy as np

from training import ROOT
from training.clips import camera, plane

FRAME = ROOT / "tests/clips/frame.ppm"
# A camera that does nothing but expose, balance and bend tones.
CLEAR = camera.Camera(
    "raw-like",
    median=0.45,
    spread=0.4,
    colour=0.2,
    warmth=0.8,
    flare=0.0,
    blur=0.0,
    defocus=0.0,
    shake=0.0,
    shake_angle=0.0,
    mosaic=False,
    noise=0.0,
    drift=0.0,
    tint_drift=0.0,
    smooth=0.0,
    sharpen=0.0,
    soft=1.0,
    curve=0.0,
    flicker=0.0,
    jpeg=0,
    h264=0,
)
TIMES = np.arange(3) * 0.1


def slope(size=96):
    """A reddish gradient, linear, and the region in its middle: (picture, region)"""
    at = np.linspace(0, 1, size, dtype=np.float32)
    x, y = np.meshgrid(at, at)
    picture = (0.02 + 0.5 * x[..., None]) * np.stack(
        [1.3 + 0.1 * y, 1 + 0 * y, 0.75 - 0.05 * y], -1
    )
    region = np.zeros((size, size), bool)
    region[size // 6 : -size // 6, size // 6 : -size // 6] = True
    return picture.astype(np.float32), region


def blob(size=96):
    """A coloured spot on black, far from the edges."""
    spot = np.zeros((size, size, 3), np.float32)
    cv2.circle(spot, (size // 2, size // 2), size // 6, (0.9, 0.5, 0.3), -1)
    return cv2.GaussianBlur(spot, (0, 0), 1)


def texture(size=64, seed=0):
    """Soft random colours, 0.1..0.9"""
    noise = np.random.default_rng(seed).random((size, size, 3), dtype=np.float32)
    return np.clip(0.5 + 3 * (cv2.GaussianBlur(noise, (0, 0), 1.5) - 0.5), 0.1, 0.9)


def facing(frames=1, matrix=np.eye(3)):
    """A flat sheet whose way from the camera's window is this matrix in all frames."""
    return plane.Plane(
        np.repeat(matrix[None].astype(float), frames, 0), np.zeros(frames), 0.0, None, {}
    )


def rolled(angle, zoom=1.0):
    """[3][3]: turned about the window's centre"""
    c, s = zoom * np.cos(angle), zoom * np.sin(angle)
    return np.array([[c, -s, 0.5 - 0.5 * c + 0.5 * s], [s, c, 0.5 - 0.5 * s - 0.5 * c], [0, 0, 1]])


def pixel_centres(size):
    return np.meshgrid(*[(np.arange(size, dtype=np.float32) + 0.5) / size] * 2)
