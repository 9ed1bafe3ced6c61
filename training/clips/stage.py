"""A whole camera frame: people cut out and put into a room.

Pixels of a frame [h][w]; camera space as in render.py. A person is rendered once, in a square
window of their own, without a background.
"""

import copy
from typing import NamedTuple

import cv2
import numpy as np

from training.data import depth_labels

from . import portraits, render
from .furniture import furnish
from .portrait_scene import PortraitScene
from .scene import log_uniform, soften, walk
from .video import outline

AROUND = 0.36  # height of the face over the side of a person's window: shoulders are in it
FACE = 0.17  # metres, the height of a face
SHOULDERS = 0.3  # metres behind the nearest point, where a depth label ends


class Cut(NamedTuple):
    """A person without a background, T frames."""

    color: np.ndarray  # [T][h][w][4] float32, linear, premultiplied; the last is the cover
    near: np.ndarray  # [T][h][w] float32, 1 the nearest point .. 0 SHOULDERS behind it
    face: np.ndarray  # [T][h][w] float32
    box: np.ndarray  # [4] left, top, width, height of the face in the first frame


class Picture(NamedTuple):
    """The picture of a perfect camera, T frames."""

    light: np.ndarray  # [T][h][w][3] float32, linear
    near: np.ndarray  # [T][h][w] as Cut's, of the one whom the clip is about; 0 in attacks
    face: np.ndarray  # [T][h][w] float32, where that face appears
    grain: list | None  # as camera.take takes it


def livelier(motion, times):
    """All of a head's movement, times so much"""

    def more(path):
        return path[:1] + np.float32(times) * (path - path[:1])

    return motion._replace(
        **{name: more(getattr(motion, name)) for name in ("yaw", "pitch", "roll", "shift")}
    )


def cut_out(scene, renderer, size, times, life):
    """A scene's person (not a video's), rendered by a render.CutOut in a window of this side; life:
    factor of the movement"""
    bare = copy.copy(scene.rig)
    bare.background = lambda *_: None
    scene = copy.copy(scene)
    scene.motion = livelier(scene.motion, life)
    framing = scene.framing._replace(fraction=AROUND, x=0.0, y=-0.06)
    if isinstance(scene, PortraitScene):
        params = {**scene.params, "background": "rig"}
        scene = PortraitScene(
            scene.source, scene.identity, params, scene.portrait, scene.motion, framing, bare
        )
    else:
        scene.rig, scene.framing = bare, framing
    shot = scene.shoot(renderer, size, times)
    return Cut(
        shot.light, nearness(shot.depth, shot.face), shot.face.astype(np.float32), shot.box[0]
    )


def nearness(depth, face):
    """[T][h][w] metres, inf where nothing is -> Cut.near"""
    near = np.percentile(depth[face], 1)
    return np.clip(1 - (depth - near) / SHOULDERS, 0, 1).astype(np.float32)


def filmed(rng, clip, height, width):
    """A video.VideoScene as its own camera saw it, cut to a frame of this size -> Picture"""
    video = clip.video
    frames = video.frames[clip.frames]
    high, wide = frames.shape[1:3]
    points = video.points[clip.frames]
    centre = points[0, :, :2].mean(0)
    scale = max(width / wide, height / high) * float(np.exp(rng.uniform(0, 0.5)))
    room = np.array([wide, high]) - np.array([width, height]) / scale
    corner = np.clip(
        centre - np.array([width, height]) / scale * rng.uniform(0.35, 0.65, 2), 0, room
    )
    matrix = np.array([[scale, 0, -scale * corner[0]], [0, scale, -scale * corner[1]]])
    light = np.stack(
        [
            cv2.warpAffine(
                portraits.to_linear(f),
                matrix,
                (width, height),
                flags=cv2.INTER_CUBIC if scale > 1 else cv2.INTER_LINEAR,
            )
            for f in frames
        ]
    )
    points = (points - (*corner, 0)) * np.float32(scale)
    grid = depth_labels.zbuffer(points, video.triangles, width, height)
    face = np.isfinite(grid)
    metres = portraits.FACE_HEIGHT / video.height_px(points[0])
    near = nearness(grid * np.float32(metres), face)
    boxes = np.concatenate([points[..., :2].min(1), np.ptp(points[..., :2], axis=1)], -1)
    body = outline(face, boxes) & ~face
    picture = Picture(light, np.maximum(near * face, 0.4 * body), face.astype(np.float32), None)
    return mirrored(picture) if clip.flip else picture


def mirrored(picture):
    return picture._replace(
        **{
            name: np.ascontiguousarray(getattr(picture, name)[:, :, ::-1])
            for name in ("light", "near", "face")
        }
    )


def seat(cut, height, width, at, scale):
    """A person in a frame: the centre of the face at `at` (x, y pixels), enlarged by scale; the
    body goes on below the window -> color [T][h][w][4], near and face [T][h][w]"""
    left, top, wide, high = cut.box
    matrix = np.array(
        [
            [scale, 0, at[0] - scale * (left + wide / 2)],
            [0, scale, at[1] - scale * (top + high / 2)],
        ]
    )
    side = cut.color.shape[1]
    missing = int(np.ceil((height - (matrix[1, 2] + scale * (side - 1))) / scale))
    interpolation = cv2.INTER_AREA if scale < 0.5 else cv2.INTER_LINEAR

    def placed(frames):
        if missing > 0:
            frames = np.concatenate([frames[:, :-1], below(frames[:, -2:-1], missing + 2, wide)], 1)
        if scale < 0.7:
            frames = [soften(f, 0.45 / scale - 0.3) for f in frames]
        return np.stack(
            [cv2.warpAffine(f, matrix, (width, height), flags=interpolation) for f in frames]
        )

    color = placed(cut.color)
    return color, placed(cut.near), placed(cut.face)


def below(last, count, face):
    """Goes on below the last row [T][1][w][..] of a person: count rows of plain cloth, which get as
    wide as shoulders if they are not; face: its width"""
    side = last.shape[2]
    if last.ndim == 4:  # colours run into each other, the outline stays
        cover = last[..., 3:]
        calm = np.stack([cv2.blur(row, (side // 3 | 1, 1)).reshape(1, side, 4) for row in last])
        last = np.concatenate([calm[..., :3] / (calm[..., 3:] + 1e-3) * cover, cover], -1)
        there = np.flatnonzero(cover[0, 0, :, 0] > 0.5)
    else:
        there = np.flatnonzero(last[0, 0] > 0)
    x = np.arange(side, dtype=np.float32)
    down = np.minimum(np.arange(count, dtype=np.float32) / face, 1)[:, None]
    if len(there):
        middle, half = (there[0] + there[-1]) / 2, (there[-1] - there[0]) / 2 + 1
        grown = half + max(1.4 * face - half, 0) * np.sqrt(down * (2 - down))
        x = middle + (x - middle) * half / grown
    x = np.broadcast_to(x, (count, side)).astype(np.float32)
    return np.stack(
        [
            cv2.remap(
                np.ascontiguousarray(row),
                x,
                np.zeros_like(x),
                cv2.INTER_LINEAR,
                borderMode=cv2.BORDER_CONSTANT,
            )
            for row in last
        ]
    )


def over(behind, color):
    """color [..][4] premultiplied over behind [..][3]"""
    return behind * (1 - color[..., 3:]) + color[..., :3]


def room(rng, rig, height, width, focal, turns):
    """The background of everybody, T frames; turns [T][3]: the camera's."""
    side = int(1.12 * max(height, width))
    sharp = copy.copy(rig)
    sharp.params = {**rig.params, "blur": rig.params["blur"] * rng.uniform(0, 0.2)}
    still = sharp.background(side, focal, np.eye(3, dtype=np.float32)).copy()
    still *= np.float32(np.clip(log_uniform(rng, 0.1, 1.2) / (np.median(still) + 1e-3), 1, 8))
    if rng.random() < 0.85:
        furnish(rng, still)
        if rng.random() < 0.4:
            still = soften(still, rng.uniform(0, 2) * side / 500)
    found = []
    for yaw, pitch, roll in turns:
        matrix = cv2.getRotationMatrix2D((side / 2, side / 2), np.degrees(roll), 1)
        matrix[:, 2] += (width - side) / 2 - focal * yaw, (height - side) / 2 + focal * pitch
        found.append(
            cv2.warpAffine(
                still,
                matrix,
                (width, height),
                flags=cv2.INTER_LINEAR,
                borderMode=cv2.BORDER_REPLICATE,
            )
        )
    return np.stack(found)


def ambient(rig):
    """Light of a white card that faces the camera [3]"""
    ahead = render.harmonics(np.array([0, 0, 1])) @ rig.sh
    return np.maximum(ahead + rig.key_color * max(float(rig.key[2]), 0), 0.05).astype(np.float32)


def walk_about(rng, times, width):
    """[T][2][3]: small shifts, turns and zooms of a whole frame, often none"""
    hand = log_uniform(rng, 0.002, 0.08) * (rng.random() < 0.7)
    dx, dy, turn, zoom = (walk(rng, times, hand) for _ in range(4))
    return [
        cv2.getRotationMatrix2D((width / 2, width * 0.375), 30 * turn[t], np.exp(zoom[t]))
        + np.array([[0, 0, dx[t] * width], [0, 0, dy[t] * width]])
        for t in range(len(times))
    ]
