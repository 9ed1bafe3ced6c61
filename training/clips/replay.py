"""Replay attacks: a photo or a video on a display, filmed again.

Moire comes from the camera's own sampling: the sub-pixel grid is a sum of harmonics; the lens and
the pixel's aperture damp each of them by its true frequency (plane.transfer), and evaluating what
is left at the pixels' centres folds it as the sensor would.
"""

from typing import NamedTuple

import numpy as np

from . import camera as cameras
from . import plane as planes
from .scene import by_share, log_uniform, soften

# family -> rows: height of the face in display pixels; layout of the sub-pixels; contrast: black
# over white; gloss: share of the room's light that it mirrors; bezel: its width in windows and its
# light; held: share that is hand-held. TN displays shift in tone with the angle.
FAMILIES = {
    "phone-oled": dict(
        share=3,
        rows=(220, 900),
        layout="pentile",
        black=(1e-5, 5e-4),
        gloss=(0.01, 0.06),
        bezel=(0.005, 0.04),
        held=0.8,
        falloff=0.05,
        bands=0.4,
    ),
    "phone-lcd": dict(
        share=3,
        rows=(200, 700),
        layout="rgb",
        black=(5e-4, 2e-3),
        gloss=(0.01, 0.06),
        bezel=(0.01, 0.08),
        held=0.8,
        falloff=0.1,
        bands=0.15,
    ),
    "tablet": dict(
        share=3,
        rows=(200, 700),
        layout="rgb",
        black=(5e-4, 2e-3),
        gloss=(0.015, 0.07),
        bezel=(0.02, 0.15),
        held=0.6,
        falloff=0.1,
        bands=0.15,
    ),
    "laptop-ips": dict(
        share=2,
        rows=(100, 500),
        layout="rgb",
        black=(6e-4, 2e-3),
        gloss=(0.002, 0.05),
        bezel=(0.01, 0.12),
        held=0.05,
        falloff=0.15,
        bands=0.2,
    ),
    "laptop-tn": dict(
        share=2,
        rows=(100, 450),
        layout="rgb",
        black=(1e-3, 5e-3),
        gloss=(0.002, 0.03),
        bezel=(0.02, 0.15),
        held=0.05,
        falloff=0.5,
        bands=0.3,
    ),
    "monitor-ips": dict(
        share=2,
        rows=(100, 500),
        layout="rgb",
        black=(6e-4, 1.5e-3),
        gloss=(0.001, 0.02),
        bezel=(0.01, 0.1),
        held=0,
        falloff=0.12,
        bands=0.15,
    ),
    "monitor-va": dict(
        share=1,
        rows=(100, 500),
        layout="bgr",
        black=(2e-4, 1e-3),
        gloss=(0.001, 0.02),
        bezel=(0.01, 0.1),
        held=0,
        falloff=0.3,
        bands=0.2,
    ),
}


class Display(NamedTuple):
    family: str
    rows: float
    layout: str
    gamma: float
    black: float  # light of black over that of white
    white: np.ndarray  # [3] tint
    saturation: float  # of its gamut over sRGB's
    brightness: float  # of white over a white card in the room
    gloss: float
    falloff: float  # loss of light over the window, by angle
    falloff_angle: float
    apertures: tuple  # of a sub-pixel across and along its stripe, share of a pixel
    turned: bool  # held on its side
    bands: float  # amplitude of the refresh bands
    edges: tuple  # left, top, right, bottom of the picture area, plane coordinates
    bezel: float  # width
    bezel_light: float
    held: bool

    def params(self):
        return self._asdict()


def draw(rng, families):
    name = by_share(rng, FAMILIES, families)
    family = FAMILIES[name]
    margin = [log_uniform(rng, 0.01, 1.5) for _ in range(4)]  # most edges are out of the crop
    return Display(
        name,
        log_uniform(rng, *family["rows"]),
        family["layout"],
        gamma=float(rng.normal(2.2, 0.12)),
        black=log_uniform(rng, *family["black"]),
        white=np.exp(np.array([1, 0, -1]) * rng.normal(-0.08, 0.15)).astype(np.float32),
        saturation=log_uniform(rng, 0.75, 1.4),
        brightness=log_uniform(rng, 0.4, 8),
        gloss=log_uniform(rng, *family["gloss"]),
        falloff=float(rng.exponential(family["falloff"])),
        falloff_angle=float(rng.uniform(0, 2 * np.pi)),
        apertures=(float(rng.uniform(0.22, 0.32)), float(rng.uniform(0.7, 0.95))),
        turned=bool(rng.random() < 0.3),
        bands=float(rng.uniform(0.01, 0.2)) * (rng.random() < family["bands"]),
        edges=(-margin[0], -margin[1], 1 + margin[2], 1 + margin[3])
        if rng.random() < 0.55
        else tuple(
            side + sign * rng.uniform(0, 0.26) for side, sign in ((0, 1), (0, 1), (1, -1), (1, -1))
        ),
        bezel=log_uniform(rng, *family["bezel"]),
        bezel_light=log_uniform(rng, 0.01, 0.08)
        if rng.random() < 0.75
        else log_uniform(rng, 0.2, 0.8),
        held=bool(rng.random() < family["held"]),
    )


def harmonics(display, channel):
    """[(cycles a display pixel across, along, amplitude, phase)] of one colour's lit areas. Stripes
    repeat each pixel; of a pentile display red and blue repeat each second one, on a diagonal."""
    across, along = display.apertures
    order = {"rgb": (0, 1, 2), "bgr": (2, 1, 0), "pentile": (0, 1, 2)}[display.layout]
    phase = -2 * np.pi * order[channel] / 3  # a third further right each
    # cos(a) cos(b) is half of cos(a + b) + cos(a - b), hence both signs of m.
    found = [
        (k, m, 2 * np.sinc(k * across) * np.sinc(m * along), k * phase)
        for k in range(4)
        for m in range(-2, 3)
        if k or m > 0
    ]
    if display.layout == "pentile" and channel != 1:
        half = 2 * np.sinc(0.5 * across) * np.sinc(0.5 * along)
        found += [(0.5, 0.5, half, 0.5 * phase), (0.5, -0.5, half, 0.5 * phase)]
    return found


def grid(display, x, y, rows, camera, pitch):
    """[h][w][3] or None: light of the sub-pixel grid behind the lens, mean 1. x, y: the camera's
    pixels in plane coordinates; rows: display pixels per plane unit; pitch: camera pixels per
    display pixel."""
    u, v = (y, x) if display.turned else (x, y)
    light = None
    for channel in range(3):
        for across, along, amplitude, phase in harmonics(display, channel):
            frequency = np.hypot(across, along) / pitch
            angle = np.arctan2(*((across, along) if display.turned else (along, across)))
            left = amplitude * planes.transfer(camera, frequency, angle)
            if abs(left) < 0.004:
                continue
            if light is None:
                light = np.ones((*x.shape, 3), np.float32)
            turn = np.float32(2 * np.pi * rows) * (np.float32(across) * u + np.float32(along) * v)
            light[..., channel] += np.float32(left) * np.cos(turn + np.float32(phase))
    return None if light is None else np.maximum(light, 0)


def show(display, content):
    """8-bit content [..][3] -> light of the display, white 1"""
    table = np.linspace(0, 1, 256, dtype=np.float32) ** np.float32(display.gamma)
    light = table[content]
    grey = light @ cameras.LUMA
    light = grey[..., None] + np.float32(display.saturation) * (light - grey[..., None])
    return (np.clip(light, 0, 1) + np.float32(display.black)) * display.white


def present(display, plane, camera, content, masks, face_pixels, surround, rng):
    """The display before the camera.

    content [1 or T][s][s][3] uint8: the recorded window; masks [1 or T][s][s] float32: its face;
    face_pixels: height of the face in the camera's frame; surround [T][size][size][3] linear: the
    room -> light [T][size][size][3], masks [T][size][size], grain [T] of [size][size][3] or None"""
    times, size = len(plane.homographies), surround.shape[1]
    pitch = face_pixels / display.rows
    pixels = planes.scale(plane, size)
    room = planes.glare(rng, size) * (rng.random() < 0.7)
    clouds = planes.smooth_field(rng, size, int(rng.integers(3, 12)))[..., None]
    mirrored = soften(surround[0][:, ::-1], size * log_uniform(rng, 0.005, 0.05))
    gloss = np.float32(display.gloss)
    room = gloss * (8 * room + mirrored * (0.3 + clouds)) + gloss * np.float32(0.3)
    speed, phase = log_uniform(rng, 1.5, 12), rng.uniform(0, 2 * np.pi)
    step = rng.normal(0, 1.5)
    rows = np.linspace(0, 1, size, dtype=np.float32)[:, None, None]
    soft = 1 / pixels
    shown = [planes.shrink(show(display, c), pixels) for c in content]
    light, found, grain = [], [], []
    for t in range(times):
        x, y, _ = planes.coordinates(plane, t, size)
        now = min(t, len(shown) - 1)
        picture = planes.sample(shown[now], x, y) * np.float32(display.brightness)
        along = (x - 0.5) * np.cos(display.falloff_angle) + (y - 0.5) * np.sin(
            display.falloff_angle
        )
        picture *= np.exp(-np.float32(display.falloff) * along)[..., None]
        if display.bands:
            picture *= 1 + np.float32(display.bands) * np.sin(
                2 * np.pi * speed * rows + phase + step * t
            ).astype(np.float32)
        lit = planes.inside(x, y, display.edges, soft)
        wide = tuple(e + s * display.bezel for e, s in zip(display.edges, (-1, -1, 1, 1)))
        body = planes.inside(x, y, wide, soft)[..., None]
        moved = planes.moved(room, *(0.5 * (plane.homographies[t] @ [0.5, 0.5, 1])[:2] - 0.25))
        picture = picture * lit[..., None] + (1 - lit[..., None]) * np.float32(display.bezel_light)
        light.append((picture + moved) * body + surround[t] * (1 - body))
        found.append(planes.sample(masks[min(t, len(masks) - 1)], x, y) * lit)
        pattern = grid(display, x, y, pixels / pitch, camera, pitch)
        if pattern is not None:
            pattern = 1 + (pattern - 1) * lit[..., None]
        grain.append(pattern)
    return np.stack(light), np.stack(found), grain
