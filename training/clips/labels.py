"""Depth labels and masks of a frame, in the cells of a crop."""

import cv2
import numpy as np

from training.data.clipset import DEPTH_SIZE


class Rejected(Exception):
    """A pair that cannot be used, and why."""


def need_face(mask, species):
    """Rejected, unless a mask, as label_map() gives it, has the face in it"""
    if mask.mean() < 255 * 0.08:
        raise Rejected(f"face found elsewhere: {species}")


def nearness(depth, face):
    """One frame's depth label at full size: 1 at the nearest point of the face, 0 at its farthest
    and outside. The extreme percents are cut off."""
    face = face & np.isfinite(depth)
    if not face.any():
        raise Rejected("no face region")
    near, far = np.percentile(depth[face], [1, 98])
    label = (far - np.where(face, depth, far)) / max(far - near, 1e-4)
    return np.clip(label, 0, 1).astype(np.float32)


def label_map(picture, crop):
    """What a crop (left, top, width, height) holds of [size][size] 0..1 -> uint8
    [DEPTH_SIZE][DEPTH_SIZE], averaged over each cell"""
    fine = 4 * DEPTH_SIZE
    at = (np.arange(fine, dtype=np.float32) + 0.5) / fine
    x, y = np.meshgrid(crop[0] + at * crop[2] - 0.5, crop[1] + at * crop[3] - 0.5)
    cut = cv2.remap(
        picture.astype(np.float32),
        x.astype(np.float32),
        y.astype(np.float32),
        cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_CONSTANT,
    )
    small = cv2.resize(cut, (DEPTH_SIZE, DEPTH_SIZE), interpolation=cv2.INTER_AREA)
    return (small * 255 + 0.5).astype(np.uint8)
