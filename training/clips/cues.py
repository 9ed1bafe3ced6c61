"""Trivial cues of a clip: what any classifier would find first if the simulation gave it away.

All but `change` are of the single frames, taken over all of them together. Y is the luminance
0..1 (Rec. 601), R, G and B are 0..1 as well.

    luminance      mean Y
    contrast       standard deviation of Y
    black          2nd percentile of Y
    white          98th percentile of Y
    clipped_low    root of the share of pixels whose darkest channel is <= 4 of 255
    clipped_high   root of the share of pixels whose brightest channel is >= 251 of 255
    saturation     mean of (max - min) / max of R, G, B
    warmth         mean R - B
    tint           mean G - (R + B) / 2
    hue_spread     0: one hue everywhere, 1: hues cancel out; 1 - |mean c| / mean |c|, where
                   c = (R - Y, B - Y); 0 for grey pictures
    sharpness      log2 of the mean squared Laplacian of Y over the variance of Y
    noise          log2 of the median |Laplacian| of Y where the blurred picture is flattest
    change         log2 of the mean |difference of Y| between neighbouring frames
    border         mean Y of the outer eighth on each side minus that of the rest
"""

import cv2
import numpy as np

NAMES = (
    "luminance",
    "contrast",
    "black",
    "white",
    "clipped_low",
    "clipped_high",
    "saturation",
    "warmth",
    "tint",
    "hue_spread",
    "sharpness",
    "noise",
    "change",
    "border",
)
LOW, HIGH = 4, 251
STEP = 1 / 255
TINY = STEP / 64  # keeps logarithms finite; below what 8 bits can show


def interior(planes):
    """Without the outermost pixels: [...][h][w] -> [...][h - 2][w - 2]"""
    return planes[..., 1:-1, 1:-1]


def sharpness(laplacians, variance):
    """laplacians [T][s][s] of Y; variance of Y. A picture of one colour has -12."""
    energy = np.square(interior(laplacians)).mean()
    return np.log2((energy + TINY**2) / (variance + STEP**2))


def noise(lumas, laplacians):
    """Flattest: the quarter of the pixels where a 5x5 mean changes least. Looks at every second
    pixel of every second row."""
    smooth = np.stack([cv2.blur(luma, (5, 5)) for luma in lumas])
    across = smooth[:, 1:-1, 2:] - smooth[:, 1:-1, :-2]
    down = smooth[:, 2:, 1:-1] - smooth[:, :-2, 1:-1]
    slope = (np.abs(across[:, ::2, ::2]) + np.abs(down[:, ::2, ::2])).ravel()
    flat = np.argpartition(slope, slope.size // 4)[: slope.size // 4]
    high_pass = np.abs(interior(laplacians)[:, ::2, ::2]).ravel()
    return np.log2(np.median(high_pass[flat]) + TINY)


def border(lumas):
    """lumas [T][s][s] -> mean of the frame of s // 8 pixels' width minus mean of what it frames"""
    edge = lumas.shape[1] // 8
    outer = np.ones(lumas.shape[1:], bool)
    outer[edge:-edge, edge:-edge] = False
    mean = lumas.mean(0)
    return mean[outer].mean() - mean[~outer].mean()


def cues_of(clip):
    """clip [T][s][s][3] uint8 RGB, T >= 2, s >= 16 -> [14] float32, in the order of NAMES"""
    frames, side = clip.shape[:2]
    tall = np.ascontiguousarray(clip).reshape(frames * side, side, 3)
    luma8 = cv2.cvtColor(tall, cv2.COLOR_RGB2GRAY)
    lumas = (luma8 * np.float32(STEP)).reshape(frames, side, side)
    variance = float(lumas.var())
    shades = np.cumsum(np.bincount(luma8.ravel(), minlength=256)) / luma8.size
    red, green, blue = cv2.split(tall)
    darkest, brightest = cv2.min(cv2.min(red, green), blue), cv2.max(cv2.max(red, green), blue)
    saturation = (brightest - darkest) / np.maximum(brightest, 1).astype(np.float32)
    mean_red, mean_green, mean_blue = (STEP * value for value in cv2.mean(tall)[:3])
    chroma = [cv2.subtract(colour, luma8, dtype=cv2.CV_32F) for colour in (red, blue)]
    strength = cv2.magnitude(*chroma).mean()
    direction = np.hypot(*(plane.mean() for plane in chroma))
    laplacians = np.stack([cv2.Laplacian(luma, cv2.CV_32F) for luma in lumas])
    return np.array(
        [
            lumas.mean(),
            variance**0.5,
            np.searchsorted(shades, 0.02) * STEP,
            np.searchsorted(shades, 0.98) * STEP,
            (darkest <= LOW).mean() ** 0.5,
            (brightest >= HIGH).mean() ** 0.5,
            saturation.mean(),
            mean_red - mean_blue,
            mean_green - (mean_red + mean_blue) / 2,
            1 - direction / strength if strength > 0.5 else 0,
            sharpness(laplacians, variance),
            noise(lumas, laplacians),
            np.log2(np.abs(np.diff(lumas, axis=0)).mean() + TINY),
            border(lumas),
        ],
        np.float32,
    )
