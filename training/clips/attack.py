"""From a live shot to the attack that shows the same person: recorded, then presented."""

from typing import NamedTuple

import cv2
import numpy as np

from . import camera as cameras
from . import masks, prints, replay
from . import plane as planes
from .scene import log_uniform


class Presented(NamedTuple):
    """An attack before the camera."""

    light: np.ndarray  # [T][size][size][3] linear
    masks: np.ndarray  # [T][size][size] float32 0..1: where its face appears
    grain: list | None  # camera.take
    instrument: str
    params: dict


def encoded(light, region):
    """A photographer's own development: the face well exposed, plain gamma -> uint8"""
    gain = 0.75 / np.percentile(light[region].mean(-1), 95)
    return (np.clip(light * gain, 0, 1) ** (1 / 2.2) * 255 + 0.5).astype(np.uint8)


def record(rng, shot, families, times, still):
    """The attacker's material: a photo, or frames of a video [1 or T][s][s][3] uint8, and the
    face region of each [1 or T][s][s] float32; and how, for the record."""
    count = 1 if still else len(times)
    light, face = shot.light[:count], shot.face[:count]
    if still and rng.random() < 0.5:
        frames, params = encoded(light[0], face[0])[None], {"recorder": "photo"}
        quality = int(rng.integers(35, 95))
        frames = cameras.jpeg(frames, quality)
        params["jpeg"] = quality
    else:
        recorder = cameras.draw(rng, families)
        frames = cameras.take(recorder, light, face[0], times[:count], rng)
        params = {"recorder": recorder.params()}
        if rng.random() < 0.5:  # uploaded, downloaded
            crf = int(rng.integers(22, 38))
            frames = cameras.h264(frames, crf)
            params["h264"] = crf
    return frames, face.astype(np.float32), params


def present(rng, species, families, recorders, shot, record_shot, camera, times, surround, shake):
    """species: of families.SPECIES; families: instruments to draw from; recorders: families of the
    recording camera; shot, record_shot: the live person at the camera's and the recorder's size;
    surround [T][size][size][3]: the room; shake: Motion.camera -> Presented"""
    face_pixels = float(shot.box[0, 3])
    if species == "mask":
        mask = masks.draw(rng, families)
        light, found = masks.wear(mask, shot, 0.17)
        return Presented(light, found, None, mask.family, mask.params())
    still = species != "replay" or rng.random() < 0.35
    content, found, params = record(rng, record_shot, recorders, times, still)
    if species == "replay":
        display = replay.draw(rng, families)
        plane = planes.draw(rng, times, display.held, 0, shake)
        light, found, grain = replay.present(
            display, plane, camera, content, found, face_pixels, surround, rng
        )
        instrument = display
    else:
        sheet = prints.draw(rng, families)
        silhouette = eyes = None
        if species == "cutout":
            sheet = sheet._replace(held=True, edges=(-1, -1, 2, 2))
            wide = cv2.GaussianBlur(
                np.float32(record_shot.person[0]), (0, 0), 0.01 * len(record_shot.person[0])
            )
            silhouette = np.clip(wide * 4 - 0.5, 0, 1)
            if rng.random() < 0.6:
                eyes = eye_holes(rng, record_shot), shot.light
        plane = planes.draw(rng, times, sheet.held, 1, shake)
        light, found, grain = prints.present(
            sheet, plane, camera, content[0], found[0], face_pixels, surround, rng, silhouette, eyes
        )
        instrument = sheet
    return Presented(
        light,
        found,
        grain,
        instrument.family,
        {**params, **instrument.params(), **plane.params, "still": bool(still)},
    )


def eye_holes(rng, shot):
    """[s][s] float32: 1 where the eyes of the first frame were cut out."""
    height = shot.box[0, 3]
    holes = np.zeros(shot.face[0].shape, np.float32)
    size = log_uniform(rng, 0.8, 1.4)
    for x, y in shot.eyes[0]:
        axes = int(0.09 * size * height) + 1, int(0.04 * size * height) + 1
        cv2.ellipse(holes, (int(x), int(y)), axes, 0, 0, 360, 1.0, -1)
    return cv2.GaussianBlur(holes, (0, 0), 0.6)
