"""Light sources, and backgrounds of a person: panoramas and made-up rooms.

World space: the camera's at rest (x right, y up, looking along -z). A camera's rotation is the
[3][3] matrix that turns world vectors into camera space. Radiance is scaled so that a white diffuse
card 0.5 m before the camera and facing it shows about 1.
"""

import functools
import hashlib
from pathlib import Path

import cv2
import numpy as np

from . import render
from .scene import log_uniform

ROOMS = (
    "room_even",
    "room_screen",
    "room_side_lamp",
    "room_backlight",
    "room_mixed",
    "room_two_windows",
)
PANORAMAS = "hdri_polyhaven_cc0/hdri", "hdri_polyhaven_cc0/more"  # folders of the assets
BRIGHTEST_KEY = 4.0  # a lamp's radiance from a card facing it; more: the face is burnt out
REACH = 2.2  # a room's picture spans -REACH .. REACH in x / -z and y / -z
ROOM_SIDE = 768  # its pixels


def rotation(yaw, pitch, roll):
    """[3][3] from world to camera space. Positive: the camera turns right, up, and clockwise."""

    def turn(axis, angle):
        return cv2.Rodrigues(np.float64(axis) * float(angle))[0]

    return (turn((0, 0, 1), roll) @ turn((1, 0, 0), -pitch) @ turn((0, 1, 0), yaw)).astype(
        np.float32
    )


def light_families(assets):
    """Names for draw_light: the panoramas of the assets folder, if there is one, then the rooms."""
    return [*panoramas(assets), *ROOMS] if assets else list(ROOMS)


@functools.cache
def panoramas(assets):
    """{name: file}; some files are there twice, under two names: the first counts."""
    files = [file for folder in PANORAMAS for file in sorted(Path(assets, folder).glob("*.hdr"))]
    first = {}
    for file in files:
        first.setdefault(hashlib.sha256(file.read_bytes()).digest(), file)
    return {file.stem: file for file in first.values()}


class LightRig:
    """The light and the background of one clip."""

    def __init__(self, family, params, sh, key, key_color, screen, shade, backdrop):
        """sh [9][3], key [3], screen [3]: world space as in render.Light, which shade's three
        values continue. backdrop(directions [h][w][3] float32) -> radiance [h][w][3]."""
        self.family, self.params = family, params
        self.sh, self.key, self.key_color, self.screen = sh, key, key_color, screen
        self.shade, self.backdrop = shade, backdrop

    def light(self, camera):
        """render.Light for a camera's rotation."""
        plane, gain, soft = self.shade
        plane = (*(camera @ np.float32(plane[:3])), plane[3])
        return render.Light(
            turned(self.sh, camera),
            camera @ self.key,
            self.key_color,
            self.screen,
            plane,
            gain,
            soft,
        )

    def background(self, size, focal, camera):
        """[size][size][3] float32, linear: what a window of this focal length in pixels shows."""
        at = (np.arange(size, dtype=np.float32) + 0.5 - size / 2) / focal
        rays = np.stack([*np.meshgrid(at, -at), np.full((size, size), -1, np.float32)], -1)
        picture = self.backdrop(rays @ camera)  # the inverse rotation, of rows
        sigma = self.params["blur"] * focal
        return soft(picture, sigma) if sigma > 0.5 else picture


def soft(image, sigma):
    """A Gaussian blur; a wide one at a coarser resolution."""
    coarse = max(1, int(sigma / 4))
    size = image.shape[1::-1]
    if coarse > 1:
        image = cv2.resize(
            image, tuple(max(4, side // coarse) for side in size), interpolation=cv2.INTER_AREA
        )
    image = cv2.GaussianBlur(image, (0, 0), sigma / coarse, borderType=cv2.BORDER_REPLICATE)
    return cv2.resize(image, size, interpolation=cv2.INTER_LINEAR) if coarse > 1 else image


@functools.cache
def probes():
    """200 directions evenly over the sphere, and the pseudo-inverse of their harmonics."""
    i = np.arange(200) + 0.5
    z, around = 1 - i / 100, i * np.pi * (3 - 5**0.5)
    r = np.sqrt(1 - z * z)
    points = np.stack([r * np.cos(around), r * np.sin(around), z], -1).astype(np.float32)
    return points, np.linalg.pinv(render.harmonics(points))


def turned(sh, turn):
    """Coefficients [9][3] of the same function after all directions turned by [3][3]."""
    points, inverse = probes()
    return (inverse @ (render.harmonics(points @ turn) @ sh)).astype(np.float32)


def irradiance(radiance, directions, areas):
    """Radiance [n][3] from directions [n][3] of solid angles [n] -> sh [9][3] as render.Light's."""
    weights = np.array([1] + [2 / 3] * 3 + [1 / 4] * 5, np.float32)  # the cosine lobe over pi
    return weights[:, None] * (render.harmonics(directions).T @ (radiance * areas[:, None]))


@functools.cache
def panorama(path):
    """(picture [512][1024][3] linear RGB, sh, key direction, key colour) of a .hdr file whose
    centre looks along -z. The lamp is what its brightest place has over what surrounds it."""
    picture = cv2.imread(str(path), cv2.IMREAD_ANYDEPTH | cv2.IMREAD_COLOR)[..., ::-1]
    picture = np.ascontiguousarray(np.minimum(picture, 5e4))
    small = cv2.resize(picture, (128, 64), interpolation=cv2.INTER_AREA)
    down = (np.arange(64) + 0.5) / 64 * np.pi
    right = (np.arange(128) + 0.5) / 128 * 2 * np.pi - np.pi
    directions = np.stack(
        [
            np.sin(down)[:, None] * np.sin(right),
            np.cos(down)[:, None] + 0 * right,
            -np.sin(down)[:, None] * np.cos(right),
        ],
        -1,
    ).reshape(-1, 3)
    areas = np.repeat(np.sin(down), 128) * (np.pi / 64) * (2 * np.pi / 128)
    radiance = small.reshape(-1, 3)
    bright = radiance.mean(1)
    near = directions @ directions[bright.argmax()] > np.cos(0.3)
    around = np.median(bright[near])
    scale = np.where(near & (bright > 2 * around), 1 - 2 * around / np.maximum(bright, 1e-9), 0)
    excess = radiance * scale[:, None] * areas[:, None]
    key_color = excess.sum(0) / np.pi
    key = excess.sum(1) @ directions
    key = key / np.linalg.norm(key) if key_color.sum() > 0 else np.array([0, 1, 0])
    sh = irradiance(radiance * (1 - scale[:, None]), directions, areas)
    return picture, sh.astype(np.float32), key.astype(np.float32), key_color.astype(np.float32)


def draw_light(rng, name, assets):
    """name: one of light_families -> LightRig"""
    shade, shade_params = draw_shade(rng)
    color = tint(rng, 0.12)
    screen = color * log_uniform(rng, 0.02, 0.4) if rng.random() < 0.5 else 0 * color
    blur = log_uniform(rng, 0.002, 0.05) if rng.random() < 0.6 else 0.0
    if name in ROOMS:
        sh, key, key_color, screen, behind = room(rng, name, screen)
    else:
        sh, key, key_color, backdrop, params = outside(rng, name, assets)
        behind = log_uniform(rng, 0.2, 1.5)
    gain = 1 / card(sh, key, key_color, screen)
    sh, key_color, screen = gain * sh, gain * key_color, gain * screen
    key_color = key_color * min(1, BRIGHTEST_KEY / max(float(np.max(key_color)), 1e-9))
    if name in ROOMS or rng.random() < 0.3:
        backdrop, params = wall(rng, behind)
    else:
        backdrop = functools.partial(backdrop, gain=gain)
    params = {
        "blur": blur,
        "shade": shade_params,
        "screen": screen.tolist(),
        "key": key.tolist(),
        "key_color": key_color.tolist(),
        **params,
    }
    return LightRig(
        name,
        params,
        sh.astype(np.float32),
        key.astype(np.float32),
        key_color.astype(np.float32),
        screen,
        shade,
        backdrop,
    )


def card(sh, key, key_color, screen):
    """Mean radiance of a white card that faces the camera, half a metre away."""
    ambient = render.harmonics(np.array([0, 0, 1])) @ sh
    screen_share = 0.16 / 0.5**2
    return float(
        np.mean(np.maximum(ambient, 0) + key_color * max(key[2], 0) + screen * screen_share)
    ) + 0.02 * float(np.mean(sh[0]))


def tint(rng, spread):
    """[3] float32 about 1: a colour temperature and a little green or purple."""
    warm, green = rng.normal(0, spread), rng.normal(0, spread / 4)
    return np.exp(np.float32([warm, green, -warm]))


def toward(azimuth, height):
    """[3]: azimuth 0 is behind the camera (it lights the face), right positive; radians."""
    return np.float32(
        [np.sin(azimuth) * np.cos(height), np.sin(height), np.cos(azimuth) * np.cos(height)]
    )


def draw_shade(rng):
    """Sometimes a plane of shadow across the face: ((plane, gain, border), json)."""
    if rng.random() >= 0.15:
        return ((0.0, 0.0, 0.0, 1.0), 1.0, 0.01), None
    angle, offset = rng.uniform(0, 2 * np.pi), rng.normal(0, 0.05)
    shade = (
        (np.cos(angle), np.sin(angle), 0.0, offset),
        rng.uniform(0.15, 0.7),
        log_uniform(rng, 0.003, 0.04),
    )
    return shade, [[float(v) for v in shade[0]], *map(float, shade[1:])]


def outside(rng, name, assets):
    """A panorama turned at random about the vertical."""
    picture, sh, key, key_color = panorama(panoramas(assets)[name])
    turn = rotation(rng.uniform(-np.pi, np.pi), rng.normal(0, 0.05), 0)
    height, width = picture.shape[:2]

    def backdrop(rays, gain):
        rays = rays @ turn
        right = np.arctan2(rays[..., 0], -rays[..., 2])
        down = np.pi / 2 - np.arctan2(rays[..., 1], np.hypot(rays[..., 0], rays[..., 2]))
        x = ((right / (2 * np.pi) + 0.5) * width - 0.5).astype(np.float32)
        y = (down / np.pi * height - 0.5).astype(np.float32)
        seen = cv2.remap(picture, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_WRAP)
        return np.minimum(seen * np.float32(gain), 12)

    return turned(sh, turn), turn @ key, key_color, backdrop, {"background": name}


def room(rng, name, screen):
    """-> sh, key, key colour, screen, brightness of the wall behind (over a white card's)."""
    even, lamps = 1.0, []  # the broad sources: direction, strength
    key, key_color, behind = toward(0, 0.5), 0.0, log_uniform(rng, 0.25, 1.2)
    side, spread = rng.choice([-1, 1]), 0.12
    if name == "room_even":
        lamps = [(np.float32([0, 1, 0]), rng.uniform(0.3, 1.5))]
    elif name == "room_screen":
        even, screen = log_uniform(rng, 0.01, 0.2), tint(rng, 0.15)
        behind = log_uniform(rng, 0.01, 0.25)
    elif name == "room_side_lamp":
        even = log_uniform(rng, 0.08, 0.5)
        key, key_color = toward(side * rng.uniform(0.6, 1.8), rng.uniform(-0.1, 0.7)), 1.0
        behind = log_uniform(rng, 0.05, 0.7)
    elif name == "room_backlight":
        lamps = [(toward(np.pi + rng.normal(0, 0.4), rng.uniform(0.1, 0.8)), rng.uniform(0.3, 1.5))]
        key, key_color = toward(np.pi + side * rng.uniform(0.3, 0.9), 0.5), log_uniform(rng, 0.1, 2)
        behind = log_uniform(rng, 1.2, 5)
    elif name == "room_mixed":
        spread = 0.25
        lamps = [(toward(-side * rng.uniform(0.5, 1.6), 0.2), rng.uniform(0.5, 1.5))]
        key, key_color = (
            toward(side * rng.uniform(0.4, 1.4), rng.uniform(0, 0.9)),
            rng.uniform(0.3, 1),
        )
        even = 0.4
    elif name == "room_two_windows":
        lamps = [
            (toward(s * rng.uniform(0.5, 1.8), rng.uniform(-0.1, 0.4)), rng.uniform(0.3, 1.5))
            for s in (-1, 1)
        ]
        even = 0.3
    points, _ = probes()
    radiance = even * (1 + 0.4 * points[:, 1:2]) * tint(rng, spread)
    for direction, strength in lamps:
        lobe = np.exp(6 * (points @ direction - 1))[:, None]
        radiance = radiance + 4 * strength * lobe * tint(rng, spread)
    sh = irradiance(radiance, points, np.full(len(points), 4 * np.pi / len(points)))
    return sh, key, key_color * tint(rng, spread), screen, behind


def wall(rng, brightness):
    """A plain or a crowded wall, painted over -REACH .. REACH -> (backdrop, json)."""
    crowded = bool(rng.random() < 0.6)
    paint = np.clip(rng.uniform(0.15, 0.85) * tint(rng, 0.12), 0.03, 0.95)
    picture = np.ones((ROOM_SIDE, ROOM_SIDE, 3), np.float32) * paint
    if crowded:
        clutter(rng, picture)
    grain = cv2.resize(rng.normal(0, 1, (192, 192)).astype(np.float32), (ROOM_SIDE,) * 2)
    picture *= 1 + rng.uniform(0, 0.04) * grain[..., None]
    slope = cv2.resize(
        rng.normal(0, rng.uniform(0.05, 0.5), (4, 4, 1)).astype(np.float32),
        (ROOM_SIDE,) * 2,
        interpolation=cv2.INTER_CUBIC,
    )
    picture *= (brightness * np.exp(slope))[..., None]

    def backdrop(rays):
        ahead = np.maximum(-rays[..., 2], 0.05)
        x = ((rays[..., 0] / ahead / REACH + 1) * ROOM_SIDE / 2 - 0.5).astype(np.float32)
        y = ((1 - rays[..., 1] / ahead / REACH) * ROOM_SIDE / 2 - 0.5).astype(np.float32)
        return cv2.remap(picture, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)

    return backdrop, {"background": "clutter" if crowded else "wall", "brightness": brightness}


def clutter(rng, picture):
    """Doors, shelves, books, frames, windows and lamps, as rectangles and discs."""
    side = len(picture)

    def color(low, high, spread):
        return tuple(float(v) for v in log_uniform(rng, low, high) * tint(rng, spread))

    def box(x, y, w, h, fill):
        corners = [(int(x), int(y)), (int(x + w), int(y + h))]
        cv2.rectangle(picture, *corners, fill, -1, cv2.LINE_AA)

    for _ in range(rng.integers(1, 4)):  # doors, cupboards, curtains
        w, h = rng.uniform(0.08, 0.4, 2) * side
        box(
            rng.uniform(-0.1, 1) * side,
            side * 0.75 - h * rng.uniform(0.5, 1.6),
            w,
            h * 2,
            color(0.05, 0.8, 0.3),
        )
    for _ in range(rng.integers(0, 4)):  # shelves with books
        x, y, w = (
            rng.uniform(0, 0.8) * side,
            rng.uniform(0.1, 0.7) * side,
            rng.uniform(0.1, 0.4) * side,
        )
        h, at = rng.uniform(0.03, 0.09) * side, x
        while at < x + w:
            thick, tall = rng.uniform(0.006, 0.025) * side, h * rng.uniform(0.6, 1)
            box(at, y - tall, thick, tall, color(0.03, 0.7, 0.5))
            at += thick + 1
        box(x, y, w, 0.008 * side, color(0.05, 0.6, 0.3))
    for _ in range(rng.integers(0, 5)):  # pictures, posters
        x, y, w, h = rng.uniform((0, 0.1, 0.03, 0.03), (0.95, 0.6, 0.2, 0.2)) * side
        box(x, y, w, h, color(0.03, 0.8, 0.3))
        box(x + w * 0.08, y + h * 0.08, w * 0.84, h * 0.84, color(0.05, 0.9, 0.4))
    if rng.random() < 0.25:  # a window
        x, y, w, h = rng.uniform((0, 0.15, 0.1, 0.15), (0.9, 0.4, 0.35, 0.4)) * side
        box(x, y, w, h, color(1, 6, 0.2))
        box(x + w * 0.48, y, w * 0.04, h, color(0.2, 0.9, 0.1))
    for _ in range(rng.integers(0, 3)):  # lamps
        x, y = rng.uniform(0.05, 0.95) * side, rng.uniform(0.1, 0.45) * side
        cv2.circle(
            picture,
            (int(x), int(y)),
            int(rng.uniform(0.008, 0.03) * side),
            color(2, 9, 0.2),
            -1,
            cv2.LINE_AA,
        )
