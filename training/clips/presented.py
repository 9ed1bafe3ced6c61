"""A carrier before the camera: its way through the clip, its picture, the hands that hold it.

Spaces are those of carriers.py (metres, y down) and of render.py (camera space, y up).
"""

from typing import NamedTuple

import cv2
import numpy as np

from . import carriers, hands, lights, prints, replay
from . import plane as planes
from .scene import log_uniform, soften, walk


class Way(NamedTuple):
    turns: np.ndarray  # [T][3][3] from the carrier's space to camera space, both y up
    places: np.ndarray  # [T][3], of its centre
    params: dict

    def homography(self, t, focal, height, width):
        """[3][3]: carrier's metres (y down) -> pixels"""
        turn = self.turns[t]
        lens = np.array([[focal, 0, -width / 2], [0, -focal, -height / 2], [0, 0, -1]])
        return lens @ np.column_stack([turn[:, 0], -turn[:, 1], self.places[t]])


def way(rng, times, held, scale, focal, point, at, shape, turns):
    """A carrier whose place `point` (metres, y down) is seen at `at` (pixels) in the first frame,
    at scale pixels a metre. held: by a hand; turns [T][3]: the camera's."""
    height, width = shape
    distance = focal / scale
    tilt = rng.normal(0, 1, 3) * ([0.2, 0.2, 0.12] if held else [0.25, 0.12, 0.03])
    if held and rng.random() < 0.12:
        tilt[2] += rng.uniform(-0.6, 0.6)
    hand = log_uniform(rng, 0.004, 0.25) * (held or rng.random() < 0.1)  # a second
    swing = rng.normal(0, 0.5, 3) * (rng.random() < 0.15) * (held or rng.random() < 0.2)
    approach = rng.normal(0, 0.3) * (rng.random() < 0.2) * held
    found_turns, places = [], []
    paths = [walk(rng, times, 0.8 * hand) for _ in range(6)]
    spot = np.array([point[0], -point[1], 0])
    for t, time in enumerate(times):
        angles = tilt + [path[t] for path in paths[:3]] + 0.6 * swing * time
        turn = planes.rotation(*angles)
        ray = np.array([(at[0] - width / 2) / focal, (height / 2 - at[1]) / focal, -1])
        place = distance * np.exp(-approach * time) * ray - turn @ spot
        place = place + distance * np.array([0.7, 0.7, 1]) * [path[t] for path in paths[3:]]
        look = lights.rotation(*turns[t])
        found_turns.append(look @ turn)
        places.append(look @ place)
    return Way(
        np.stack(found_turns),
        np.stack(places),
        {
            "tilt": tilt.tolist(),
            "hand": float(hand),
            "swing": swing.tolist(),
            "approach": float(approach),
            "distance": float(distance),
        },
    )


class Bend(NamedTuple):
    """A sheet's distance from flat."""

    axis: float
    amount: float
    crease: tuple | None

    def apply(self, x, y, size):
        """Pixels' places on the flat sheet [n] -> those on the bent one, and its shade. size:
        metres, of the sheet"""
        c, s = np.float32(np.cos(self.axis)), np.float32(np.sin(self.axis))
        along = (x * c + y * s) / np.float32(size)
        moved = np.float32(0.3 * self.amount) * along * np.abs(along)
        shade = np.exp(np.float32(-1.2 * self.amount) * along)
        if self.crease:
            place, strength = (np.float32(v) for v in self.crease)
            shade = shade * (1 + 0.5 * strength * np.tanh((along - place) / np.float32(0.01)))
            moved = moved + np.float32(0.04) * np.abs(strength) * np.abs(along - place)
        moved *= np.float32(size)
        return x + moved * c, y + moved * s, shade


def bend(rng):
    crease = (
        (float(rng.uniform(-0.3, 0.3)), float(rng.normal(0, 0.3))) if rng.random() < 0.3 else None
    )
    return Bend(
        float(rng.choice([0, np.pi / 2]) + rng.normal(0, 0.3)),
        float(rng.normal(0, 0.5)) * (rng.random() < 0.7),
        crease,
    )


FLAT = Bend(0.0, 0.0, None)


def seen(homography, body, height, width):
    """Rows and columns of the frame in which a carrier lies, at least two each; None: outside"""
    left, top, right, bottom = body
    corners = np.array([[left, top, 1], [right, top, 1], [right, bottom, 1], [left, bottom, 1]])
    points = corners @ homography.T
    if (points[:, 2] < 1e-6).any():
        return slice(0, height), slice(0, width)
    points = points[:, :2] / points[:, 2:]
    low = np.maximum(points.min(0) - 4, 0).astype(int)
    high = np.minimum(points.max(0) + 5, (width, height)).astype(int)
    return (slice(low[1], high[1]), slice(low[0], high[0])) if (high - low > 2).all() else None


class Show:
    """A carrier with its picture before a camera."""

    def __init__(self, rng, carrier, instrument, camera, scale, ambient, reflected):
        """instrument: replay.Display or prints.Sheet; scale: pixels a metre; ambient [3]: light of
        a white card in the room; reflected [h][w][3]: what a mirror would show"""
        self.carrier, self.instrument, self.camera = carrier, instrument, camera
        self.scale, self.ambient = scale, np.float32(ambient)
        longest = 2 * max(carrier.half)
        self.canvas = carriers.Canvas(rng, carrier, min(1.05 * scale, 1400 / longest))
        self.bend = FLAT if carrier.density else bend(rng)
        height, width = reflected.shape[:2]
        spots = cv2.resize(planes.glare(rng, 160), (width, height)) * (rng.random() < 0.6)
        gloss = np.float32(instrument.gloss * (1 if carrier.density else rng.uniform(0.03, 0.15)))
        self.shine = (
            gloss
            * (
                6 * spots * self.ambient
                + soften(reflected, width * log_uniform(rng, 0.004, 0.04)) * rng.uniform(0.3, 1.5)
            )
            + gloss * np.float32(0.2) * self.ambient
        )
        self.bands = log_uniform(rng, 1.5, 12), rng.uniform(0, 2 * np.pi), rng.normal(0, 1.5)
        self.fibres = cv2.GaussianBlur(
            rng.standard_normal((256, 256), dtype=np.float32), (0, 0), rng.uniform(0.6, 2)
        )
        self.fibres /= self.fibres.std()
        self.specks = rng.standard_normal((height, width), dtype=np.float32)
        self.lighting = np.float32(0.7 + 0.6 * planes.smooth_field(rng, 64, 3))

    def light(self, content):
        """A frame of the photo or video [..][3] uint8 -> what the canvas sends out [h][w][3]"""
        shown, lit = self.canvas.show(content), self.canvas.lit[..., None]
        if self.carrier.density:
            display = self.instrument
            shell = np.float32(self.carrier.shell) * self.ambient
            return replay.show(display, shown) * np.float32(display.brightness) * lit + shell * (
                1 - lit
            )
        paper = self.instrument.white
        return (prints.ink(self.instrument, shown) * lit + paper * (1 - lit)) * self.ambient

    def draw(self, t, homography, behind, light, mask):
        """Over the frame behind [h][w][3]; light of the canvas, mask [a][b] of the picture's face
        -> frame, face [h][w], grain [h][w][3] or None"""
        height, width = behind.shape[:2]
        face = np.zeros((height, width), np.float32)
        part = seen(homography, self.carrier.body, height, width)
        if part is None:
            return behind, face, None
        rows, columns = part
        u, v = np.meshgrid(
            np.arange(columns.start, columns.stop, dtype=np.float32) + 0.5,
            np.arange(rows.start, rows.stop, dtype=np.float32) + 0.5,
        )
        h = np.linalg.inv(homography).astype(np.float32)
        w = h[2, 0] * u + h[2, 1] * v + h[2, 2]
        x = (h[0, 0] * u + h[0, 1] * v + h[0, 2]) / w
        y = (h[1, 0] * u + h[1, 1] * v + h[1, 2]) / w
        x, y, shade = self.bend.apply(x, y, 2 * self.carrier.half[1])
        left, top = self.carrier.body[:2]
        across = ((x - left) * self.canvas.scale - 0.5).astype(np.float32)
        down = ((y - top) * self.canvas.scale - 0.5).astype(np.float32)

        def sampled(picture):
            return cv2.remap(
                picture, across, down, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT
            )

        body, lit = sampled(self.canvas.body), sampled(self.canvas.lit)
        picture = sampled(light) / np.maximum(body, 0.02)[..., None]
        grain = self.pattern(x, y, lit, picture, rows, columns)
        if self.carrier.density:
            display = self.instrument
            along = x * np.cos(display.falloff_angle) + y * np.sin(display.falloff_angle)
            picture = picture * np.exp(-display.falloff / self.carrier.half[1] / 2 * along)[
                ..., None
            ].astype(np.float32)
            if display.bands:
                speed, phase, step = self.bands
                wave = np.sin(2 * np.pi * speed * v / height + phase + step * t)
                picture = picture * (1 + np.float32(display.bands) * wave * lit)[..., None]
        else:
            field = cv2.resize(self.lighting, (width, height))[rows, columns]
            fibres = cv2.remap(
                self.fibres,
                (1500 * x % 256).astype(np.float32),
                (1500 * y % 256).astype(np.float32),
                cv2.INTER_LINEAR,
                borderMode=cv2.BORDER_WRAP,
            )
            picture = (
                picture
                * (field * shade * (1 + np.float32(self.instrument.texture) * fibres))[..., None]
            )
        shift = homography @ (0, 0, 1)
        shift = shift[:2] / shift[2] - (width / 2, height / 2)
        half = np.float32([[1, 0, 0.5 * shift[0]], [0, 1, 0.5 * shift[1]]])
        shine = cv2.warpAffine(self.shine, half, (width, height), borderMode=cv2.BORDER_REFLECT)[
            rows, columns
        ]
        frame = behind.copy()
        alpha = body[..., None]
        frame[rows, columns] = behind[rows, columns] * (1 - alpha) + (picture + shine) * alpha
        left, top, right, bottom = self.carrier.picture
        high, wide = mask.shape
        face[rows, columns] = lit * cv2.remap(
            mask,
            ((x - left) * (wide / (right - left)) - 0.5).astype(np.float32),
            ((y - top) * (high / (bottom - top)) - 0.5).astype(np.float32),
            cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_CONSTANT,
        )
        if grain is None:
            return frame, face, None
        full = np.ones((height, width, 3), np.float32)
        full[rows, columns] = grain
        return frame, face, full

    def pattern(self, x, y, lit, picture, rows, columns):
        """The structure too fine for the canvas, as a factor [h][w][3], or None"""
        if self.carrier.density:
            grid = replay.grid(
                self.instrument,
                x,
                y,
                self.carrier.density,
                self.camera,
                self.scale / self.carrier.density,
            )
            return None if grid is None else 1 + (grid - 1) * lit[..., None]
        sheet, level = self.instrument, np.clip(picture / self.ambient, 0, 1)
        moved = self.specks[rows, columns]
        change = moved[..., None] * np.float32(0.5 * sheet.grain) * np.sqrt(level * (1 - level))
        if sheet.dots:
            dots = sheet.dots / 0.0254
            screen = prints.halftone(sheet, x, y, level, dots, self.scale / dots, self.camera)
            if screen is not None:
                change = change + screen
        return 1 + lit[..., None] * change / (level + np.float32(0.02))


def holding(rng, assets, renderer, rig, path, carrier, focal, height, width):
    """(colour [h][w][4] premultiplied of the first frame, hands' params): one or two hands"""
    half = carrier.half
    deep = 0.015 if carrier.kind in ("phone", "tablet") else rng.uniform(0.0, 0.02)
    grips = [hands.draw(rng, 2 * half[0], 2 * half[1], deep)]
    if rng.random() < (0.5 if max(half) > 0.08 else 0.15):
        grips.append(hands.draw(rng, 2 * half[0], 2 * half[1], deep))
    color, alpha = hands.sprite(
        rng,
        assets,
        renderer,
        rig.light(np.eye(3, dtype=np.float32)),
        (path.turns[0], path.places[0]),
        half,
        focal,
        height,
        width,
        grips,
    )
    return np.dstack([color * alpha[..., None], alpha]), [grip._asdict() for grip in grips]


def carried(sprite, path, t, focal, height, width):
    """The things that move with a carrier, in a later frame"""
    first, now = (path.homography(k, focal, height, width) for k in (0, t))
    return cv2.warpPerspective(
        sprite, now @ np.linalg.inv(first), (width, height), flags=cv2.INTER_LINEAR
    )
