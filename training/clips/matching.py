"""Gives both clips of a pair the same detail and the same black, which would tell them apart."""

from dataclasses import replace

import cv2
import numpy as np

from . import camera
from .scene import soften


def detail(picture, box):
    """Energy of the finest structure of a face as the network would see it, over its contrast."""
    left, top, width, height = (int(v) for v in box)
    part = picture[max(top, 0) : top + height, max(left, 0) : left + width]
    grey = np.maximum(part @ camera.LUMA, 0) ** 0.45
    grey = cv2.resize(grey, (84, 84), interpolation=cv2.INTER_AREA)
    return float(np.square(cv2.Laplacian(grey, cv2.CV_32F)).mean() / (grey.var() + 1e-6))


def least(sharp, box, wanted):
    """Sigma, one of a few, that leaves a picture's face no more detail than wanted"""
    most = 0.3 + 0.008 * box[3]  # beyond, it would be no face any more
    for sigma in (0.3, 0.5, 0.7, 0.9, 1.2, 1.5, 1.9, 2.4):
        if sigma > most or detail(soften(sharp, sigma), box) <= wanted:
            return min(sigma, most)
    return most


def defocus_to_match(settings, live, shown, grain, box):
    """Further sigma that takes from the live clip what detail its attack lost by being captured
    twice, so that plain defocus is no sign of an attack."""
    sharp = camera.lens(settings, live)
    blurred = camera.lens(settings, shown)
    return least(sharp, box, detail(blurred if grain is None else blurred * grain, box))


def defocus_apart(settings, live, shown, boxes):
    """defocus_to_match() of a live clip and an attack whose faces lie at places of their own. live,
    shown: stage.Picture; boxes: of both, pixels"""

    def part(picture, box):
        left, top, width, height = box
        rows = slice(max(top - 8, 0), top + height + 8)
        columns = slice(max(left - 8, 0), left + width + 8)
        return picture[rows, columns]

    whole = [(8, 8, box[2], box[3]) for box in boxes]
    sharp, blurred = (
        camera.lens(replace(settings, flare=0.0), part(p.light[0], box))
        for p, box in zip((live, shown), boxes)
    )
    grain = shown.grain and shown.grain[0]
    wanted = detail(blurred if grain is None else blurred * part(grain, boxes[1]), whole[1])
    return least(sharp, whole[0], wanted)


def flare_to_match(live, shown, box, other=None):
    """(live, attack): flare for one of the two, so that both have the same black against their
    median. Ink, displays and reflections are never black; hazy lenses are not either. other: the
    attack's box, if it has one of its own"""
    values = []
    for picture, place in ((live, box), (shown, box if other is None else other)):
        left, top, width, height = (int(v) for v in place)
        columns = slice(max(left - width // 4, 0), left + 5 * width // 4)
        grey = picture[max(top, 0) : top + height, columns] @ camera.LUMA
        values.append((*np.percentile(grey, [3, 50]), picture.mean((0, 1)) @ camera.LUMA))
    (black, middle, mean), (other_black, other_middle, other_mean) = values
    wanted, other = other_black / (other_middle + 1e-6), black / (middle + 1e-6)
    if wanted > other:
        return min((wanted * middle - black) / (mean * (1 - wanted) + 1e-6), 3.0), 0.0
    return 0.0, min((other * other_middle - other_black) / (other_mean * (1 - other) + 1e-6), 3.0)
