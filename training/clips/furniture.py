"""Things that stand and hang in a room, painted flat over its picture: windows, curtains, doors,
shelves, chairs, the edge of a ceiling."""

import cv2
import numpy as np

from .lights import tint
from .scene import log_uniform


def colour(rng, low, high, spread=0.15):
    return (log_uniform(rng, low, high) * tint(rng, spread)).astype(np.float32)


def stripes(rng, width, height, fill):
    """A curtain or panelling [height][width][3]"""
    x = np.arange(width) / width
    waves = sum(
        rng.uniform(0.05, 0.3) * np.sin(2 * np.pi * rng.uniform(3, 25) * x + rng.uniform(0, 6))
        for _ in range(3)
    )
    cloth = np.repeat(np.exp(waves)[None, :, None], height, 0) * fill
    if rng.random() < 0.4:  # a pattern
        for _ in range(rng.integers(10, 150)):
            spot = int(rng.uniform(0, width)), int(rng.uniform(0, height))
            cv2.ellipse(
                cloth,
                spot,
                (max(width // 30, 1), max(height // 50, 1)),
                float(rng.uniform(0, 180)),
                0,
                360,
                (fill * rng.uniform(0.4, 1.8)).tolist(),
                -1,
                cv2.LINE_AA,
            )
    return cloth.astype(np.float32)


def window(rng, picture, place):
    """Bright, with bars or blinds"""
    x0, y0, x1, y1 = place
    light = colour(rng, 1.2, 8, 0.15)
    fade = np.linspace(rng.uniform(0.4, 1), 1, max(y1 - y0, 1))[::-1, None, None]
    picture[y0:y1, x0:x1] = fade * light
    frame = colour(rng, 0.1, 0.8, 0.1)
    bars = int(rng.integers(1, 4)) if rng.random() < 0.6 else int(rng.integers(6, 20))
    thick = max((y1 - y0) // (4 * bars + 10), 1)
    upright = rng.random() < 0.4
    for k in range(bars + 1):
        if upright:
            at = x0 + k * (x1 - x0) // bars
            cv2.rectangle(picture, (at - thick, y0), (at + thick, y1), frame.tolist(), -1)
        else:
            at = y0 + k * (y1 - y0) // bars
            cv2.rectangle(picture, (x0, at - thick), (x1, at + thick), frame.tolist(), -1)
    cv2.rectangle(picture, (x0, y0), (x1, y1), frame.tolist(), 2 * thick + 1)


def shelf(rng, picture, place, level):
    """Books and boxes in rows"""
    x0, y0, x1, y1 = place
    picture[y0:y1, x0:x1] = level * colour(rng, 0.03, 0.4)
    rows = int(rng.integers(2, 6))
    high = max((y1 - y0) // rows, 4)
    for y in range(y0, y1 - high + 1, high):
        x = x0
        while x < x1:
            wide = max(int(high * rng.uniform(0.08, 0.5)), 2)
            tall = int(high * rng.uniform(0.4, 0.9))
            if rng.random() < 0.85:
                cv2.rectangle(
                    picture,
                    (x, y + high - tall),
                    (min(x + wide, x1), y + high - 2),
                    (level * colour(rng, 0.03, 0.8, 0.35)).tolist(),
                    -1,
                    cv2.LINE_AA,
                )
            x += wide + 1


def grain(rng, height, width):
    """Wood, wallpaper, plaster or fabric [height][width][1], a factor about 1: rooms are no less
    sharp than the people in them"""
    kind = rng.choice(["wood", "paper", "plaster", "weave"])
    x, y = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
    depth = log_uniform(rng, 0.02, 0.5)
    if kind == "wood":
        noise = rng.normal(0, 1, (max(height // 40, 2), width)).astype(np.float32)
        wave = cv2.resize(
            cv2.GaussianBlur(noise, (0, 0), rng.uniform(0.6, 2.5), sigmaY=0.01), (width, height)
        )
        boards = rng.normal(0, 0.6, width // 20 + 2)[
            (x // rng.uniform(25, 120)).astype(int) % (width // 20 + 2)
        ]
        wave = wave + boards
    elif kind == "paper":
        pitch = rng.uniform(8, 50)
        wave = (
            np.sin(2 * np.pi * x / pitch) * np.sin(2 * np.pi * y / (pitch * rng.uniform(0.5, 2)))
            > rng.uniform(-0.2, 0.7)
        ).astype(np.float32) * 2
    elif kind == "plaster":
        wave = cv2.GaussianBlur(
            rng.normal(0, 1, (height, width)).astype(np.float32), (0, 0), rng.uniform(0.5, 4)
        )
        wave /= wave.std() + 1e-6
    else:
        wave = np.sin(x * rng.uniform(0.3, 2)) + np.sin(y * rng.uniform(0.3, 2))
    return np.exp(np.float32(depth) * wave)[..., None].astype(np.float32)


def furnish(rng, picture):
    """Paints over a room's picture [h][w][3] linear, in place."""
    height, width = picture.shape[:2]
    level = float(np.median(picture)) + 1e-3
    if rng.random() < 0.5:
        picture *= grain(rng, height, width)

    def somewhere(wide, high, low=-0.1, top=-0.1, bottom=0.5):
        w, h = (int(rng.uniform(*r) * s) for r, s in ((wide, width), (high, height)))
        x, y = int(rng.uniform(low, 1) * width), int(rng.uniform(top, bottom) * height)
        x0, y0 = np.clip([x, y], 0, (width - 5, height - 5))
        return (
            int(x0),
            int(y0),
            int(np.clip(x + w, x0 + 4, width)),
            int(np.clip(y + h, y0 + 4, height)),
        )

    if rng.random() < 0.25:  # a ceiling
        y = int(rng.uniform(0.03, 0.35) * height)
        slope = rng.normal(0, 0.15)
        edge = np.array([[0, 0], [width, 0], [width, y + slope * width], [0, y]]).astype(np.int32)
        cv2.fillPoly(picture, [edge], (level * colour(rng, 0.7, 2, 0.08)).tolist(), cv2.LINE_AA)
    pieces = ["door", "door", "shelf", "window", "curtain", "curtain", "frame", "frame"]
    for paint in rng.permutation(pieces):
        if rng.random() >= 0.35:
            continue
        if paint == "door":
            x0, y0, x1, y1 = somewhere((0.15, 0.4), (0.7, 1.2), bottom=0.3)
            fill = level * colour(rng, 0.2, 1.2)
            picture[y0:y1, x0:x1] = fill * grain(rng, y1 - y0, x1 - x0)
            cv2.rectangle(picture, (x0, y0), (x1, y1), (fill * 0.6).tolist(), 2)
        elif paint == "shelf":
            shelf(rng, picture, somewhere((0.2, 0.6), (0.3, 0.8)), level)
        elif paint == "window":
            window(rng, picture, somewhere((0.15, 0.6), (0.2, 0.7)))
        elif paint == "curtain":
            x0, y0, x1, y1 = somewhere((0.15, 0.7), (0.6, 1.2), bottom=0.1)
            picture[y0:y1, x0:x1] = stripes(rng, x1 - x0, y1 - y0, level * colour(rng, 0.15, 1.5))
        else:
            x0, y0, x1, y1 = somewhere((0.05, 0.2), (0.05, 0.3))
            cv2.rectangle(picture, (x0, y0), (x1, y1), (level * colour(rng, 0.05, 1)).tolist(), -1)
            inner = level * np.exp(
                rng.normal(-0.5, 0.5, (3, 4, 1)) + rng.normal(0, 0.15, (3, 4, 3))
            )
            picture[y0 + 2 : y1 - 2, x0 + 2 : x1 - 2] = cv2.resize(
                inner.astype(np.float32), (max(x1 - x0 - 4, 1), max(y1 - y0 - 4, 1))
            )[: max(y1 - y0 - 4, 0), : max(x1 - x0 - 4, 0)]
    if rng.random() < 0.2:  # the back of a chair
        x, y = int(rng.uniform(0.2, 0.8) * width), int(rng.uniform(0.35, 0.6) * height)
        wide = int(rng.uniform(0.1, 0.2) * width)
        fill = (level * colour(rng, 0.02, 0.4)).tolist()
        cv2.ellipse(picture, (x, y), (wide, wide // 2), 0, 180, 360, fill, -1, cv2.LINE_AA)
        cv2.rectangle(picture, (x - wide, y), (x + wide, height), fill, -1)
