"""A flat thing before the camera that shows a recorded window: a sheet of paper or a display.

Plane coordinates are the recorded window's: (0, 0) its upper left, (1, 1) its lower right corner;
beyond lies what is around it. With the plane at rest and facing the camera its window covers the
camera's window, so that a live clip and its attack show the face in the same place, equally large.
"""

from typing import NamedTuple

import cv2
import numpy as np

from .scene import log_uniform, soften, walk


class Plane(NamedTuple):
    """A plane's way through the T frames of a clip."""

    homographies: np.ndarray  # [T][3][3], camera window -> plane, both 0..1
    bend: np.ndarray  # [T], curvature: 0 flat; a few tenths: clearly bent
    axis: float  # angle of the bend's axis
    crease: tuple | None  # (place along the axis, strength) of a fold
    params: dict


def rotation(yaw, pitch, roll):
    cy, sy, cp, sp, cr, sr = (f(a) for a in (yaw, pitch, roll) for f in (np.cos, np.sin))
    return (
        np.array([[cr, -sr, 0], [sr, cr, 0], [0, 0, 1]])
        @ np.array([[1, 0, 0], [0, cp, -sp], [0, sp, cp]])
        @ np.array([[cy, 0, sy], [0, 1, 0], [-sy, 0, cy]])
    )


def draw(rng, times, held, bendable, shake):
    """held: by a hand (else it stands still); shake: Motion.camera [T][3], the camera's own."""
    tilt = rng.normal(0, 0.12, 3) * [1, 1, 0.5]
    distance = log_uniform(rng, 0.9, 4)  # of the camera, in window sides
    hand = log_uniform(rng, 0.003, 0.12) * held  # per second
    zoom = log_uniform(rng, 0.97, 1.08)
    turn = [t + walk(rng, times, 2 * hand) for t in tilt]
    shift = [walk(rng, times, hand) for _ in range(3)]
    bend = bendable * rng.normal(0, 0.3) * (rng.random() < 0.7) + walk(rng, times, hand) * bendable
    crease = (
        (float(rng.uniform(-0.3, 0.3)), float(rng.normal(0, 0.25)))
        if bendable and rng.random() < 0.2
        else None
    )
    homographies = []
    for t in range(len(times)):
        turned = rotation(
            turn[0][t] + shake[t, 0], turn[1][t] + shake[t, 1], turn[2][t] + shake[t, 2]
        )
        place = np.array(
            [
                shift[0][t] + distance * np.tan(shake[t, 0]),
                shift[1][t] + distance * np.tan(shake[t, 1]),
                distance * (1 + shift[2][t]),
            ]
        )
        to_camera = np.diag([distance, distance, 1]) @ np.column_stack(
            [turned[:, 0] * zoom, turned[:, 1] * zoom, place]
        )  # plane about its centre -> picture
        centre = np.array([[1, 0, 0.5], [0, 1, 0.5], [0, 0, 1]])
        homographies.append(centre @ np.linalg.inv(to_camera) @ np.linalg.inv(centre))
    axis = float(rng.choice([0, np.pi / 2]) + rng.normal(0, 0.3))
    return Plane(
        np.array(homographies),
        np.asarray(bend, float),
        axis,
        crease,
        dict(
            tilt=tilt.tolist(),
            distance=distance,
            hand=hand,
            zoom=zoom,
            bend=float(np.max(np.abs(bend))),
            crease=crease,
        ),
    )


def coordinates(plane, t, size):
    """-> x, y [size][size] float32 in plane coordinates, shade [size][size]: light that a bent or
    folded sheet gets, about 1"""
    at = (np.arange(size, dtype=np.float32) + 0.5) / size
    u, v = np.meshgrid(at, at)
    h = plane.homographies[t]
    w = h[2, 0] * u + h[2, 1] * v + h[2, 2]
    x = (h[0, 0] * u + h[0, 1] * v + h[0, 2]) / w
    y = (h[1, 0] * u + h[1, 1] * v + h[1, 2]) / w
    c, s = np.cos(plane.axis), np.sin(plane.axis)
    along = (x - 0.5) * c + (y - 0.5) * s
    bend = plane.bend[t]
    moved = bend * along**2 * np.sign(along) * 0.3
    shade = np.exp(-bend * along)
    if plane.crease:
        place, strength = plane.crease
        side = np.tanh((along - place) / 0.01)
        shade = shade * (1 + 0.3 * strength * side)
        moved = moved + 0.03 * abs(strength) * np.abs(along - place)
    return (
        (x + moved * c).astype(np.float32),
        (y + moved * s).astype(np.float32),
        shade.astype(np.float32),
    )


def scale(plane, size):
    """Camera pixels per plane unit at the centre of the first frame."""
    h = plane.homographies[0]
    step = 1 / size
    ends = [h @ np.array([0.5 + dx, 0.5, 1]) for dx in (-step, step)]
    return 2 / np.linalg.norm(ends[1][:2] / ends[1][2] - ends[0][:2] / ends[0][2])


def sample(picture, x, y):
    """picture [h][w] or [h][w][c] at plane coordinates; beyond its edge it is mirrored."""
    h, w = picture.shape[:2]
    half = np.float32(0.5)
    return cv2.remap(
        picture,
        x * np.float32(w) - half,
        y * np.float32(h) - half,
        cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REFLECT,
    )


def shrink(picture, pixels):
    """Averages a picture down so that `pixels` camera pixels over its side do not alias."""
    factor = pixels / picture.shape[1]
    if factor >= 0.8:
        return picture
    size = max(8, round(picture.shape[1] * factor * 1.1))
    return cv2.resize(picture, (size, size), interpolation=cv2.INTER_AREA)


def inside(x, y, edges, softness):
    """0..1: is a point within edges (left, top, right, bottom), soft over `softness` units?"""
    left, top, right, bottom = edges
    distance = np.minimum(np.minimum(x - left, right - x), np.minimum(y - top, bottom - y))
    return np.clip(distance / np.float32(softness) + np.float32(0.5), 0, 1)


# --- light on a surface ---


def smooth_field(rng, size, cells):
    """[size][size] float32, 0..1: soft random clouds."""
    field = rng.random((cells, cells), dtype=np.float32)
    return np.clip(cv2.resize(field, (size, size), interpolation=cv2.INTER_CUBIC), 0, 1)


def glare(rng, size):
    """[size][size][3]: reflections of lamps and windows, some sharp, some soft; often none."""
    light = np.zeros((size, size, 3), np.float32)
    for _ in range(rng.poisson(0.6)):
        spot = np.zeros((size, size), np.float32)
        centre = tuple(int(v) for v in rng.uniform(0, size, 2))
        axes = tuple(int(size * log_uniform(rng, 0.015, 0.25)) + 1 for _ in range(2))
        if rng.random() < 0.3:  # a window
            corners = cv2.boxPoints((centre, axes, float(rng.uniform(0, 90))))
            cv2.fillConvexPoly(spot, corners.astype(np.int32), 1.0)
        else:
            cv2.ellipse(spot, centre, axes, float(rng.uniform(0, 180)), 0, 360, 1.0, -1)
        spot = soften(spot, size * log_uniform(rng, 0.005, 0.1))
        tint = np.exp(rng.normal(0, 0.12, 3)) * log_uniform(rng, 0.05, 1.2)
        light += spot[..., None] * tint.astype(np.float32)
    return light


def moved(picture, dx, dy):
    """Shifted by a share of its side; the edge repeats."""
    size = picture.shape[0]
    return cv2.warpAffine(
        picture,
        np.float32([[1, 0, dx * size], [0, 1, dy * size]]),
        (size, size),
        borderMode=cv2.BORDER_REPLICATE,
    )


# --- fine structure behind the lens ---


def transfer(camera, frequency, angle):
    """The share of a pattern that passes a lens and a pixel's aperture, at this frequency (cycles a
    pixel of the frame) in this direction: Gaussian blur, a pixel 0.9 wide and high, motion blur
    -> -1..1, below 0: dark and light are exchanged. The pattern is then sampled at the pixels,
    where it aliases by itself."""
    sigma2 = camera.blur**2 + camera.defocus**2
    left = (
        np.exp(-2 * np.pi**2 * sigma2 * frequency**2)
        * np.sinc(0.9 * frequency * np.cos(angle))
        * np.sinc(0.9 * frequency * np.sin(angle))
    )
    if camera.shake > 0.5:
        left *= np.sinc(frequency * camera.shake * np.cos(angle - camera.shake_angle))
    return left
