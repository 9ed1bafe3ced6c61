"""Pictures of people in front of the camera: the one whom the clip is about, whoever passes by or
holds the instrument, and one frame moved as a whole."""

import cv2
import numpy as np

from . import stage
from .scene import soften


def place(rng, shape, face):
    """The place of a face's centre in a frame: (x, y) pixels"""
    height, width = shape
    margin = min(0.55 * face, 0.5 * height - 1)
    return (
        float(np.clip(rng.normal(0.5, 0.14) * width, 0.9 * margin, width - 0.9 * margin)),
        float(np.clip(rng.normal(0.52, 0.13) * height, margin, height - margin)),
    )


def seated(cut, behind, at, face):
    """The person of the cut before the room; at: the face's centre, face: its height, pixels"""
    color, near, mask = stage.seat(cut, *behind.shape[1:3], at, face / cut.box[3])
    return stage.Picture(stage.over(behind, color), near * (color[..., 3] > 0.5), mask, None)


def passer_by(rng, cut, behind, face):
    """Someone else in the room, farther away"""
    height, width = behind.shape[1:3]
    at = rng.uniform(0, width), rng.uniform(0.3, 0.7) * height
    other = cut._replace(
        color=cut.color[:1, :, ::-1],
        near=cut.near[:1],
        face=cut.face[:1],
        box=np.array([cut.color.shape[2] - cut.box[0] - cut.box[2], *cut.box[1:]]),
    )
    color, _, _ = stage.seat(other, height, width, at, rng.uniform(0.25, 0.5) * face / cut.box[3])
    color = color * np.float32([*np.exp(rng.normal(-0.3, 0.4, 3)), 1])
    return stage.over(behind, soften(color[0], rng.uniform(0.3, 2))[None])


def live(rng, scene, cut, rig, shape, face, focal, turns):
    """The scene's person in a room, or its own video where there is no cut"""
    if cut is None:
        return stage.filmed(rng, scene, *shape)
    behind = stage.room(rng, rig, *shape, focal, turns)
    if rng.random() < 0.1:
        behind = passer_by(rng, cut, behind, face)
    return seated(cut, behind, place(rng, shape, face), face)


def still(rng, live, times):
    """One frame of the live clip, moved as a whole or not at all"""
    height, width = live.light.shape[1:3]
    path = stage.walk_about(rng, times, width)

    def moved(frames):
        return np.stack(
            [
                cv2.warpAffine(
                    frames[0],
                    m,
                    (width, height),
                    flags=cv2.INTER_CUBIC,
                    borderMode=cv2.BORDER_REFLECT,
                )
                for m in path
            ]
        )

    light = np.maximum(moved(live.light), 0)
    return stage.Picture(light, np.zeros_like(live.near), moved(live.face), None)


def holder(rng, cut, behind, shape, path, focal):
    """Whoever holds it, half hidden behind it"""
    if cut is None:
        return behind
    height, width = shape
    x, y, z = path.places[0]
    reach = -z + rng.uniform(0.15, 0.5)
    face = focal * stage.FACE / reach
    at = (
        width / 2 + focal * (x + rng.normal(0, 0.1)) / reach,
        height / 2 - focal * (y + rng.normal(0.05, 0.12)) / reach,
    )
    color, _, _ = stage.seat(cut, height, width, at, face / cut.box[3])
    color = color * np.float32([*np.exp(rng.normal(-0.2, 0.3, 3)), 1])
    color = np.stack([soften(c, rng.uniform(0.3, 1.5)) for c in color])
    return stage.over(behind, color)
