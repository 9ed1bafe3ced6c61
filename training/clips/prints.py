"""Print attacks: a photo on paper, held before the camera; whole sheets, and cut-outs worn as a
mask.

The dots of a halftone are damped and folded as the grid of a display is (replay.py). A screen of
lines per inch gives, at coverage c, a first harmonic of about 4 c (1 - c) of full contrast.
"""

from typing import NamedTuple

import cv2
import numpy as np

from . import camera as cameras
from . import plane as planes
from .scene import by_share, log_uniform

# family -> dots: lines an inch of the halftone, 0: none; grain: contrast of the inkjet's random
# dots (at `grain_dpi`); black, white: light of the darkest ink and of the paper; gloss; gamut: of
# its saturation over sRGB's; gain: exponent of the tone (dot gain darkens).
FAMILIES = {
    "laser-office": dict(
        share=3,
        dots=(85, 150),
        grain=(0.02, 0.1),
        black=(0.02, 0.06),
        white=(0.75, 0.9),
        gloss=(0, 0.3),
        gamut=(0.6, 1),
        gain=(1, 1.4),
    ),
    "inkjet-plain": dict(
        share=3,
        dots=(0, 0),
        grain=(0.08, 0.35),
        black=(0.04, 0.12),
        white=(0.75, 0.9),
        gloss=(0, 0.05),
        gamut=(0.45, 0.85),
        gain=(0.9, 1.3),
    ),
    "inkjet-photo": dict(
        share=3,
        dots=(0, 0),
        grain=(0.02, 0.12),
        black=(0.008, 0.03),
        white=(0.8, 0.95),
        gloss=(0.2, 1),
        gamut=(0.8, 1.2),
        gain=(0.9, 1.2),
    ),
    "photo-lab": dict(
        share=2,
        dots=(0, 0),
        grain=(0, 0.02),
        black=(0.006, 0.025),
        white=(0.8, 0.92),
        gloss=(0.1, 1),
        gamut=(0.8, 1.15),
        gain=(0.9, 1.2),
    ),
    "offset-magazine": dict(
        share=1,
        dots=(133, 200),
        grain=(0, 0.02),
        black=(0.012, 0.04),
        white=(0.7, 0.88),
        gloss=(0.1, 0.7),
        gamut=(0.7, 1.05),
        gain=(1, 1.3),
    ),
}


class Sheet(NamedTuple):
    family: str
    height: float  # of the face, centimetres
    dots: float  # lines an inch, 0: continuous
    angles: tuple  # of the screens of cyan, magenta and yellow
    grain: float
    black: float
    white: np.ndarray  # [3]
    gloss: float
    gamut: float
    gain: float
    texture: float  # contrast of the paper
    lines: float  # contrast of a printer's bands
    edges: tuple  # left, top, right, bottom of the picture, plane coordinates
    border: float  # width of the white border
    held: bool

    def params(self):
        return self._asdict()


def draw(rng, families):
    name = by_share(rng, FAMILIES, families)
    family = FAMILIES[name]
    margin = [log_uniform(rng, 0.01, 1.0) for _ in range(4)]
    tint = np.exp(np.array([1, 0, -1]) * rng.normal(-0.02, 0.05))
    return Sheet(
        name,
        height=log_uniform(rng, 6, 24),
        dots=float(rng.uniform(*family["dots"])),
        angles=tuple(float(a) for a in np.deg2rad([15, 75, 0]) + rng.normal(0, 0.03, 3)),
        grain=float(rng.uniform(*family["grain"])),
        black=log_uniform(rng, *family["black"]),
        white=(rng.uniform(*family["white"]) * tint).astype(np.float32),
        gloss=float(rng.uniform(*family["gloss"])),
        gamut=float(rng.uniform(*family["gamut"])),
        gain=float(rng.uniform(*family["gain"])),
        texture=log_uniform(rng, 0.01, 0.1),
        lines=float(rng.uniform(0.01, 0.1)) * (rng.random() < 0.4),
        edges=(-margin[0], -margin[1], 1 + margin[2], 1 + margin[3])
        if rng.random() < 0.6
        else tuple(
            side + sign * rng.uniform(0, 0.26) for side, sign in ((0, 1), (0, 1), (1, -1), (1, -1))
        ),
        border=log_uniform(rng, 0.005, 0.12),
        held=bool(rng.random() < 0.75),
    )


def ink(sheet, content):
    """8-bit content [..][3] -> reflectance"""
    table = np.linspace(0, 1, 256, dtype=np.float32) ** np.float32(2.2 * sheet.gain)
    light = table[content]
    grey = light @ cameras.LUMA
    light = np.clip(grey[..., None] + np.float32(sheet.gamut) * (light - grey[..., None]), 0, 1)
    return np.float32(sheet.black) + (1 - np.float32(sheet.black)) * light * sheet.white


def halftone(sheet, x, y, coverage, dots, pitch, camera):
    """[size][size][3] or None: what is left of the dots behind the lens, as a change of light.
    dots: per plane unit; pitch: camera pixels per dot."""
    change = None
    for channel, angle in enumerate(sheet.angles):
        for turn in (angle, angle + np.pi / 2):
            left = planes.transfer(camera, 1 / pitch, turn)
            if abs(left) < 0.01:
                continue
            if change is None:
                change = np.zeros((*x.shape, 3), np.float32)
            phase = np.float32(2 * np.pi * dots) * (
                np.float32(np.cos(turn)) * x + np.float32(np.sin(turn)) * y
            )
            c = coverage[..., channel]
            change[..., channel] += np.float32(left) * c * (1 - c) * np.cos(phase)
    return change


def random_dots(rng, size, camera, pitch):
    """[size][size] float32, deviation 1 or less: noise of dots `pitch` camera pixels apart, as the
    lens leaves it: averaging over n dots leaves 1 / sqrt(n)."""
    noise = rng.standard_normal((size, size), dtype=np.float32)
    spread = np.hypot(camera.blur, camera.defocus)
    area = 1 + 4 * np.pi * spread**2
    left = min(1.0, pitch / np.sqrt(area))
    if pitch > 1:
        noise = cv2.GaussianBlur(noise, (0, 0), 0.5 * pitch)
        noise /= noise.std() + np.float32(1e-6)
    return noise * np.float32(left)


def present(
    sheet, plane, camera, content, mask, face_pixels, surround, rng, silhouette=None, eyes=None
):
    """The sheet before the camera; see replay.present. content [s][s][3] uint8, mask [s][s].

    silhouette: [s][s] float32, what is left after cutting out, or None; eyes: (holes [s][s]
    float32, wearer [T][size][size][3] linear), eyes seen through holes, or None"""
    times, size = len(plane.homographies), surround.shape[1]
    pixels = planes.scale(plane, size)
    face = face_pixels / pixels  # height of the face in plane units
    dots = sheet.dots * sheet.height / 2.54 / face  # per plane unit
    reflectance = planes.shrink(ink(sheet, content), pixels)
    room = np.float32(0.6 + 0.8 * planes.smooth_field(rng, size, 3))[..., None]
    room = room * np.exp(np.array([1, 0, -1]) * rng.normal(0, 0.15)).astype(np.float32)
    shine = planes.glare(rng, size) * np.float32(sheet.gloss * rng.uniform(0.2, 1))
    haze = np.float32(sheet.gloss * log_uniform(rng, 0.002, 0.06))
    fibres = cv2.GaussianBlur(
        rng.standard_normal((256, 256), dtype=np.float32), (0, 0), rng.uniform(0.6, 2)
    )
    fibres *= np.float32(sheet.texture) / fibres.std()
    specks = random_dots(rng, size, camera, face_pixels / (sheet.height / 2.54 * 300))
    lines = rng.uniform(20, 120)
    white = sheet.white * np.float32(rng.uniform(0.95, 1))
    light, found, grain = [], [], []
    for t in range(times):
        x, y, shade = planes.coordinates(plane, t, size)
        picture = planes.sample(reflectance, x, y)
        printed = planes.inside(x, y, sheet.edges, 1 / pixels)[..., None]
        wide = tuple(e + s * sheet.border for e, s in zip(sheet.edges, (-1, -1, 1, 1)))
        paper = planes.inside(x, y, wide, 1 / pixels)
        swing = (plane.homographies[t] @ [0.5, 0.5, 1])[:2] - 0.5
        moved = np.roll(specks, np.round(-swing[::-1] * pixels).astype(int), (0, 1))
        change = (
            moved[..., None]
            * np.float32(sheet.grain)
            * np.sqrt(np.clip(picture * (1 - picture), 0, 1))
        )
        if dots:
            screen = halftone(sheet, x, y, np.clip(picture, 0, 1), dots, pixels / dots, camera)
            if screen is not None:
                change = change + screen
        pattern = 1 + printed * change / (picture + np.float32(0.02))
        picture = picture * printed + white * (1 - printed)
        if sheet.lines:
            picture = picture * (
                1 + np.float32(sheet.lines) * printed * np.sin(2 * np.pi * lines * y)[..., None]
            )
        picture = picture * (1 + planes.sample(fibres, 3 * x, 3 * y))[..., None]
        picture = picture * room * shade[..., None] + planes.moved(shine, *swing) + haze
        if silhouette is not None:
            paper = paper * planes.sample(silhouette, x, y)
        behind = surround[t]
        if eyes is not None:
            holes, wearer = eyes
            hole = planes.sample(holes, x, y)
            paper = paper * (1 - hole)
            behind = behind + hole[..., None] * (wearer[t] - behind)
        paper = paper[..., None]
        light.append(picture * paper + behind * (1 - paper))
        found.append(planes.sample(mask, x, y) * paper[..., 0])
        grain.append((1 + (pattern - 1) * paper).astype(np.float32))
    return np.stack(light), np.stack(found), grain
