"""Carriers of a face's picture, in their true size: displays and sheets, with all that is on
them beside the picture.

A carrier's space: metres, (0, 0) its centre, x right, y down. Its canvas is a picture of the whole
carrier, so many pixels a metre.
"""

from typing import NamedTuple

import cv2
import numpy as np

from .scene import log_uniform

# family of replay.py -> width and height of the screen, metres (phones and tablets upright);
# display pixels a metre
SCREENS = {
    "phone-oled": ((0.062, 0.074), (0.130, 0.160), (14e3, 20e3)),
    "phone-lcd": ((0.058, 0.072), (0.115, 0.150), (10e3, 16e3)),
    "tablet": ((0.13, 0.20), (0.18, 0.27), (8e3, 10.5e3)),
    "laptop-ips": ((0.28, 0.37), (0.16, 0.23), (4e3, 8.7e3)),
    "laptop-tn": ((0.28, 0.37), (0.16, 0.22), (3.9e3, 5.5e3)),
    "monitor-ips": ((0.5, 1.2), (0.28, 0.68), (1.6e3, 4.3e3)),
    "monitor-va": ((0.5, 1.3), (0.28, 0.73), (1.5e3, 4.3e3)),
}
# name -> share, width and height of the sheet, metres
SHEETS = {
    "id": (2, 0.035, 0.045),
    "photo": (4, 0.10, 0.15),
    "a5": (2, 0.148, 0.21),
    "a4": (3, 0.21, 0.297),
}
ASPECTS = (9 / 16, 3 / 4, 3 / 4, 1, 4 / 3, 4 / 3, 16 / 9)  # of pictures, width over height


class Carrier(NamedTuple):
    """One thing; rectangles are (left, top, right, bottom), metres."""

    kind: str  # phone, tablet, laptop, monitor, sheet
    body: tuple
    screen: tuple  # what is lit, or the sheet within its border
    picture: tuple  # the photo or video
    density: float  # display pixels a metre; 0: paper
    radius: float  # of the body's corners
    shell: tuple  # reflectance of the body around the screen
    ground: int  # grey of what the screen shows around the picture, 0..255
    layout: str  # plain, gallery, page, player
    held: bool

    def params(self):
        return self._asdict()

    @property
    def half(self):
        return (self.body[2] - self.body[0]) / 2, (self.body[3] - self.body[1]) / 2


def fit(width, height, aspect, cover):
    """(w, h) of a picture of this aspect that lies within a rectangle, or covers it and is cut."""
    if cover:
        return width, height
    return (width, width / aspect) if width / height < aspect else (height * aspect, height)


def screen(rng, family):
    """A display of one of SCREENS' families."""
    wide, high, density = SCREENS[family]
    width, height = float(rng.uniform(*wide)), float(rng.uniform(*high))
    kind = family.split("-")[0]
    if kind == "monitor":
        height = width * rng.choice([9 / 16, 9 / 16, 10 / 16])
    if kind in ("phone", "tablet") and rng.random() < 0.3:
        width, height = height, width
    layout = str(rng.choice(["plain", "gallery", "page", "player"], p=[0.35, 0.35, 0.15, 0.15]))
    aspect = float(rng.choice(ASPECTS)) * rng.uniform(0.95, 1.05)
    if kind in ("phone", "tablet") and width < height:
        aspect = min(aspect, 1.0 if rng.random() < 0.6 else aspect)
    edge = {
        "phone": log_uniform(rng, 0.0015, 0.006),
        "tablet": log_uniform(rng, 0.005, 0.02),
        "laptop": log_uniform(rng, 0.005, 0.02),
        "monitor": log_uniform(rng, 0.006, 0.03),
    }[kind]
    more = rng.uniform(0.3, 1.6) * edge if rng.random() < 0.4 else 0.0
    w, h = fit(width, height, aspect, layout == "plain")
    at = (0.0, -rng.uniform(0, 0.6) * (height - h) / 2 if layout == "page" else 0.0)
    if layout == "page" and w == width:
        w, h = w * 0.94, h * 0.94
    half = width / 2, height / 2
    lower = height * rng.uniform(0.35, 0.6) if kind == "laptop" else more
    shade = log_uniform(rng, 0.01, 0.05) if rng.random() < 0.7 else log_uniform(rng, 0.1, 0.8)
    ground = int(rng.choice([255, 250, 20] if layout == "page" else [0, 0, 12, 255, 240]))
    return Carrier(
        kind,
        (-half[0] - edge, -half[1] - edge - more, half[0] + edge, half[1] + edge + lower),
        (-half[0], -half[1], *half),
        (at[0] - w / 2, at[1] - h / 2, at[0] + w / 2, at[1] + h / 2),
        log_uniform(rng, *density),
        {"phone": 0.009, "tablet": 0.012}.get(kind, 0.004),
        tuple((shade * np.exp(rng.normal(0, 0.08, 3))).tolist()),
        ground,
        layout,
        bool(kind in ("phone", "tablet") or rng.random() < 0.05),
    )


def sheet(rng, family):
    """Paper of one of prints.py's families."""
    if family == "offset-magazine":
        name, width, height = "page", float(rng.uniform(0.15, 0.3)), float(rng.uniform(0.2, 0.4))
    else:
        shares = np.array([row[0] for row in SHEETS.values()], float)
        name = str(rng.choice(list(SHEETS), p=shares / shares.sum()))
        width, height = (side * rng.uniform(0.9, 1.1) for side in SHEETS[name][1:])
    if rng.random() < 0.25:
        width, height = height, width
    border = float(rng.choice([0, rng.uniform(0.02, 0.08)])) * min(width, height)
    inner = width / 2 - border, height / 2 - border
    w, h = 2 * inner[0], 2 * inner[1]
    x = y = 0.0
    if name == "page":
        w, h = w * rng.uniform(0.4, 1), h * rng.uniform(0.35, 0.8)
        x, y = (rng.uniform(-1, 1) * (2 * s - v) / 2 for s, v in ((inner[0], w), (inner[1], h)))
    elif name in ("a5", "a4") and rng.random() < 0.4:
        w, h = fit(w, h, float(rng.choice(ASPECTS)), False)
    return Carrier(
        "sheet",
        (-width / 2, -height / 2, width / 2, height / 2),
        (-inner[0], -inner[1], *inner),
        (x - w / 2, y - h / 2, x + w / 2, y + h / 2),
        0.0,
        0.0,
        (0.8, 0.8, 0.8),
        255,
        "page" if name == "page" else "plain",
        bool(rng.random() < 0.9),
    )


# --- the canvas ---


def words(rng, canvas, place, ink, line):
    """Lines of text, as bars."""
    left, top, right, bottom = place
    y = top + line
    while y + line < bottom:
        x = left + line
        end = (
            right
            - line
            - rng.integers(0, 1 + max(int((right - left) * 0.4), 1)) * (rng.random() < 0.3)
        )
        while x < end:
            long = int(line * rng.uniform(0.6, 3))
            cv2.rectangle(
                canvas, (int(x), int(y)), (int(min(x + long, end)), int(y + 0.45 * line)), ink, -1
            )
            x += long + max(line // 3, 1)
        y += line


class Canvas:
    """The unchanging part of a carrier's picture: uint8 [h][w][3] as the display is told to show
    or the printer to print; `lit` float32 [h][w] the share that is screen or inked paper; `body`
    [h][w] the share that is there at all."""

    def __init__(self, rng, carrier, scale):
        """scale: canvas pixels a metre"""
        self.carrier, self.scale = carrier, scale
        left, top, right, bottom = carrier.body
        self.size = max(int((right - left) * scale), 8), max(int((bottom - top) * scale), 8)
        width, height = self.size
        self.pixels = np.full((height, width, 3), carrier.ground, np.uint8)
        self.lit = np.zeros((height, width), np.float32)
        self.body = np.zeros((height, width), np.float32)
        radius = int(min(carrier.radius * scale, min(self.size) / 2 - 1))
        rounded(self.body, (0, 0, width - 1, height - 1), radius)
        rounded(self.lit, self.place(carrier.screen), int(0.8 * radius))
        self.at = self.place(carrier.picture)
        self.decorate(rng)

    def place(self, rectangle):
        """metres -> (left, top, right, bottom), whole pixels"""
        left, top = self.carrier.body[:2]
        x0, y0, x1, y1 = rectangle
        return tuple(
            int(round(v))
            for v in (
                (x0 - left) * self.scale,
                (y0 - top) * self.scale,
                (x1 - left) * self.scale,
                (y1 - top) * self.scale,
            )
        )

    def decorate(self, rng):
        """Text, bars and buttons, which lie around the picture or upon it."""
        carrier, (left, top, right, bottom) = self.carrier, self.place(self.carrier.screen)
        high = bottom - top
        ink = (40, 40, 40) if carrier.ground > 128 else (200, 200, 200)
        line = max(int(high * rng.uniform(0.012, 0.03)), 2)
        self.over = None
        if carrier.layout == "page":
            words(rng, self.pixels, (left, top, right, self.at[1]), ink, line)
            words(rng, self.pixels, (left, self.at[3], right, bottom), ink, line)
        if not carrier.density:
            return
        over, alpha = self.pixels.copy(), np.zeros(self.lit.shape, np.float32)
        shade = int(rng.choice([0, 255]))
        if carrier.kind in ("phone", "tablet") and rng.random() < 0.5:  # notification bar
            bar = max(int(high * 0.035), 2)
            over[top : top + bar, left:right] = shade
            alpha[top : top + bar, left:right] = 1 if carrier.layout != "plain" else 0.4
            words(
                rng,
                over,
                (left, top + bar // 4, left + (right - left) // 4, top + 2 * bar),
                (255 - shade,) * 3,
                max(bar // 2, 2),
            )
            words(
                rng,
                over,
                (right - (right - left) // 5, top + bar // 4, right, top + 2 * bar),
                (255 - shade,) * 3,
                max(bar // 2, 2),
            )
        if carrier.layout in ("player", "gallery") and rng.random() < 0.7:
            low = bottom - int(high * rng.uniform(0.05, 0.14))
            over[low:bottom, left:right] = shade
            alpha[low:bottom, left:right] = rng.uniform(0.2, 1)
            middle = (low + bottom) // 2
            for k in range(int(rng.integers(2, 6))):
                x = left + int((right - left) * (k + 0.5) / 5)
                cv2.circle(over, (x, middle), max((bottom - low) // 6, 1), (255 - shade,) * 3, -1)
                cv2.circle(alpha, (x, middle), max((bottom - low) // 6, 1), 1.0, -1)
            if carrier.layout == "player":
                cv2.line(over, (left, low), (left + (right - left) // 2, low), (230, 30, 30), 2)
        if carrier.kind == "phone" and rng.random() < 0.5:  # the camera's hole
            spot = (left + right) // 2, top + int(high * 0.02)
            cv2.circle(over, spot, max(int(high * 0.012), 1), (0, 0, 0), -1)
            cv2.circle(alpha, spot, max(int(high * 0.012), 1), 1.0, -1)
        if alpha.any():
            self.over = over, alpha[..., None]

    def show(self, content):
        """With this photo or video frame [h][w][3] uint8 -> [h][w][3] uint8"""
        left, top, right, bottom = self.at
        shown = self.pixels.copy()
        x0, y0, x1, y1 = (
            max(left, 0),
            max(top, 0),
            min(right, self.size[0]),
            min(bottom, self.size[1]),
        )
        size = max(right - left, 2), max(bottom - top, 2)
        small = content.shape[1] > size[0]
        fitted = cv2.resize(
            content, size, interpolation=cv2.INTER_AREA if small else cv2.INTER_LINEAR
        )
        shown[y0:y1, x0:x1] = fitted[y0 - top : y1 - top, x0 - left : x1 - left]
        if self.over is not None:
            over, alpha = self.over
            shown = (shown + alpha * (over.astype(np.float32) - shown)).astype(np.uint8)
        return shown


def rounded(mask, place, radius):
    """Fills a rectangle with round corners with 1."""
    left, top, right, bottom = place
    r = max(min(radius, (right - left) // 2, (bottom - top) // 2), 0)
    cv2.rectangle(mask, (left + r, top), (right - r, bottom), 1.0, -1)
    cv2.rectangle(mask, (left, top + r), (right, bottom - r), 1.0, -1)
    for x in (left + r, right - r):
        for y in (top + r, bottom - r):
            cv2.circle(mask, (x, y), r, 1.0, -1)
