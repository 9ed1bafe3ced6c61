"""Every source of live faces shares this: framing, motion, and the picture of a perfect camera.

Camera space: x right, y up, the camera at the origin looks along -z, metres. Pixels: (0, 0) is the
outer corner of the upper left pixel. A window is a square part of the camera's frame around the
face; everything is simulated there only.
"""

from typing import NamedTuple

import cv2
import numpy as np


class Shot(NamedTuple):
    """A live person as a perfect camera sees them, T frames of a square window."""

    light: np.ndarray  # [T][size][size][3] float32, linear radiance, about 0..1
    depth: np.ndarray  # [T][size][size] float32, metres along the axis; inf: background
    face: np.ndarray  # [T][size][size] bool: facial skin, forehead to chin, no hair, no neck
    person: np.ndarray  # [T][size][size] bool: head, hair and shoulders
    eyes: np.ndarray  # [T][2][2] float32, pixels: the one further left in the picture first
    box: np.ndarray  # [T][4] float32, pixels: left, top, width, height of the face region


class Framing(NamedTuple):
    """The face's place in the window, and the camera's distance."""

    fraction: float  # height of the face over the window's side
    x: float  # centre of the face minus centre of the window, over the window's side; y is down
    y: float
    distance: float  # metres from camera to face


class Motion(NamedTuple):
    """Paths over the T frames of a clip. Angles in radians; the first value is the clip's pose."""

    yaw: np.ndarray  # head, positive: turned to the right side of the picture
    pitch: np.ndarray  # head, positive: looking up
    roll: np.ndarray  # head, positive: anticlockwise in the picture
    shift: np.ndarray  # [T][3] head, metres
    camera: np.ndarray  # [T][3] the hand's shake: yaw, pitch, roll of the camera
    blink: np.ndarray  # 0 open .. 1 closed
    mouth: np.ndarray  # 0 closed .. 1 wide open
    smile: np.ndarray  # 0 .. 1


def turn(yaw, pitch, roll):
    """[3][3]: Motion's angles of a head; roll last"""

    def about(axis, angle):
        return cv2.Rodrigues(np.float64(axis) * float(angle))[0]

    return about((0, 0, 1), roll) @ about((0, 1, 0), yaw) @ about((1, 0, 0), -pitch)


def log_uniform(rng, low, high):
    return float(np.exp(rng.uniform(np.log(low), np.log(high))))


def by_share(rng, table, names):
    """One of these names of {name: {"share": how often, ...}}"""
    shares = np.array([table[name]["share"] for name in names], float)
    return str(rng.choice(names, p=shares / shares.sum()))


def soften(picture, sigma):
    """Gaussian blur; a wide one at a lower resolution, where it is as good and much faster."""
    if sigma < 0.15:
        return picture
    factor = int(sigma // 3)
    if factor < 2:
        return cv2.GaussianBlur(picture, (0, 0), sigma)
    h, w = picture.shape[:2]
    small = cv2.resize(
        picture, (max(w // factor, 4), max(h // factor, 4)), interpolation=cv2.INTER_AREA
    )
    return cv2.resize(
        cv2.GaussianBlur(small, (0, 0), sigma / factor), (w, h), interpolation=cv2.INTER_LINEAR
    )


def framing(rng):
    return Framing(
        log_uniform(rng, 0.32, 0.6),
        *(float(v) for v in rng.normal(0, 0.03, 2)),
        log_uniform(rng, 0.25, 1.0),
    )


def walk(rng, times, step):
    """A path that starts at 0: velocities of about `step` per second that change every 0.3 s."""
    fine = np.arange(0, times[-1] + 0.7, 0.3)
    places = np.concatenate([[0], np.cumsum(rng.normal(0, step * 0.3, len(fine) - 1))])
    path = np.interp(times, fine, places)
    return (path - path[0]).astype(np.float32)


def pulse(rng, times, chance, length):
    """0 .. 1: with this chance one smooth rise and fall of `length` seconds within the clip."""
    if rng.random() >= chance:
        return np.zeros(len(times), np.float32)
    centre = rng.uniform(times[0], times[-1])
    return np.exp(-(((times - centre) / (length / 2)) ** 2)).astype(np.float32)


def leaning(rng):
    """How far a head leans at first, radians: most little, some as far as views are not turned for
    (src/run.c)"""
    if rng.random() < 0.7:
        return rng.normal(0, 0.06)
    return float(np.clip(rng.normal(0, 0.25), -0.44, 0.44))


def motion(rng, times):
    """times [T]: seconds from the first frame."""
    times = np.asarray(times, np.float64)
    life = log_uniform(rng, 0.05, 1.0)  # how lively this person is
    shake = log_uniform(rng, 0.0005, 0.02) * (rng.random() < 0.7)
    talking = rng.random() < 0.35
    mouth = sum(pulse(rng, times, 0.7, 0.15) for _ in range(2)) * rng.uniform(0.2, 0.7) * talking
    return Motion(
        yaw=rng.normal(0, 0.16) + walk(rng, times, 0.25 * life),
        pitch=rng.normal(0, 0.09) + walk(rng, times, 0.15 * life),
        roll=leaning(rng) + walk(rng, times, 0.1 * life),
        shift=np.stack([walk(rng, times, s * life) for s in (0.02, 0.012, 0.02)], -1),
        camera=np.stack([walk(rng, times, s * shake) for s in (1, 1, 0.7)], -1),
        blink=pulse(rng, times, 0.25, 0.15),
        mouth=np.clip(mouth, 0, 1).astype(np.float32),
        smile=np.clip(
            rng.choice([0, 0, 1]) * rng.uniform(0, 1) + walk(rng, times, 0.3 * life), 0, 1
        ).astype(np.float32),
    )


def mirrored(shot):
    """Left and right exchanged."""
    size = shot.light.shape[2]
    eyes = shot.eyes[:, ::-1] * (-1, 1) + (size, 0)
    box = shot.box.copy()
    box[:, 0] = size - box[:, 0] - box[:, 2]
    return Shot(
        *(np.ascontiguousarray(v[:, :, ::-1]) for v in shot[:4]), eyes.astype(np.float32), box
    )
