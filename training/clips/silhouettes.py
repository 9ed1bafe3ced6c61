"""A person cut out of a photo (cv2.grabCut), and both pictures continued past the cut: the person's
colours beyond the person, the background behind, shoulders and hair past the photo's edges."""

import cv2
import numpy as np

from training.data import facemesh

CUT_SIDE = 256  # pixels: the longer side of the photo for grabCut


def cut_out(image, points):
    """image [h][w][3], points [468][2+] -> person [h][w] float32 0..1"""
    h, w = image.shape[:2]
    scale = CUT_SIDE / max(h, w)
    small = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    small = small[..., ::-1].copy()
    at = points[:, :2] * scale
    oval = at[list(facemesh.OVAL)]
    height = np.linalg.norm(at[facemesh.TOP] - at[facemesh.CHIN])
    x, y = at[1]
    chin = at[facemesh.CHIN, 1]
    rows, columns = np.mgrid[: small.shape[0], : small.shape[1]] + 0.5
    mask = np.full(small.shape[:2], cv2.GC_PR_BGD, np.uint8)
    away = np.abs(columns - x) / height
    mask[((away > 1.1) & (rows < chin)) | (rows < y - 1.6 * height)] = cv2.GC_BGD
    mask[(away / 0.62) ** 2 + ((rows - y + 0.22 * height) / (0.95 * height)) ** 2 < 1] = (
        cv2.GC_PR_FGD
    )
    below = (rows - chin) / height
    mask[(below > 0) & (away < 0.3 + 1.3 * below.clip(0))] = cv2.GC_PR_FGD
    mask[(below > 0.15) & (away < 0.16 + 0.45 * below.clip(0, 0.8))] = cv2.GC_FGD
    mask[(below > 0.3) & (away < 0.3 + 0.8 * below.clip(0, 0.6))] = cv2.GC_FGD
    mask[(away / 0.38) ** 2 + ((rows - y + 0.2 * height) / (0.5 * height)) ** 2 < 1] = cv2.GC_FGD
    cv2.fillConvexPoly(mask, cv2.convexHull(oval.astype(np.int32)), cv2.GC_FGD)
    cv2.setRNGSeed(1)
    cv2.grabCut(small, mask, None, np.zeros((1, 65)), np.zeros((1, 65)), 4, cv2.GC_INIT_WITH_MASK)
    person = ((mask == cv2.GC_FGD) | (mask == cv2.GC_PR_FGD)).astype(np.uint8)
    person = cv2.morphologyEx(person, cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))
    _, pieces = cv2.connectedComponents(person)
    person = (
        pieces == pieces[int(np.clip(y, 0, len(mask) - 1)), int(np.clip(x, 0, mask.shape[1] - 1))]
    ).astype(np.uint8)
    _, holes, stats, _ = cv2.connectedComponentsWithStats(1 - person)
    person[stats[holes, cv2.CC_STAT_AREA] < 0.02 * person.size] = 1
    soft = cv2.GaussianBlur(person.astype(np.float32), (0, 0), 1.5)
    return np.clip((cv2.resize(soft, (w, h), interpolation=cv2.INTER_CUBIC) - 0.58) * 3 + 0.5, 0, 1)


def fill(image, person, height):
    """The person's own colours spread over what is around [h][w][3]; height: the face's, pixels"""
    known = (person > 0.99).astype(np.float32)
    total, share = np.zeros(image.shape, np.float32), np.full(image.shape[:2], 1e-9, np.float32)
    for sigma, weight in ((height / 60, 1), (height / 15, 1e-4), (height / 3, 1e-8)):
        total += cv2.GaussianBlur(image * known[..., None], (0, 0), sigma) * weight
        share += cv2.GaussianBlur(known, (0, 0), sigma) * weight
    return np.where(known[..., None] > 0, image, total / share[..., None]).astype(np.uint8)


def without_person(image, person):
    """The background alone, the person's place filled from its border, all a little soft."""
    h, w = image.shape[:2]
    size = (128, max(1, round(128 * h / w)))
    small = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
    hole = cv2.resize(person, size, interpolation=cv2.INTER_AREA) > 0.02
    hole = cv2.dilate(hole.astype(np.uint8), np.ones((9, 9), np.uint8))
    if hole.all():
        return cv2.GaussianBlur(image, (0, 0), w / 8)
    small = cv2.inpaint(small, hole, 4, cv2.INPAINT_TELEA)
    filled = cv2.resize(small, (w, h), interpolation=cv2.INTER_LINEAR)
    near = cv2.GaussianBlur(cv2.dilate(person, np.ones((25, 25), np.uint8)), (0, 0), 7)[..., None]
    return cv2.GaussianBlur((image * (1 - near) + filled * near).astype(np.uint8), (0, 0), 2)


def square(image, corner, side):
    """The square from its upper left corner on, mirrored past the picture's edges."""
    h, w = image.shape[:2]
    left, top = corner
    pads = [max(-top, 0), max(top + side - h, 0), max(-left, 0), max(left + side - w, 0)]
    wide = cv2.copyMakeBorder(image, *pads, cv2.BORDER_REFLECT_101)
    return wide[top + pads[0] : top + pads[0] + side, left + pads[2] : left + pads[2] + side]


def body_past_edges(person, corner, side, height):
    """`square` of a silhouette: cut off by the photo's edges, shoulders slope down, hair rounds
    off, and the body goes on below."""
    h, w = person.shape
    y, x = np.mgrid[:side, :side].astype(np.float32) + np.float32(corner[::-1])[:, None, None]
    out = np.maximum(np.maximum(-x, x - (w - 1)), 0)
    drop = 1.4 * out * out / height
    wide = cv2.remap(person, x.clip(0, w - 1), (y - drop).clip(0, h - 1), cv2.INTER_LINEAR)
    cut = np.flatnonzero(person[0] > 0.5)  # hair at the photo's upper edge
    middle, half = ((cut[0] + cut[-1]) / 2, (np.ptp(cut) + 2) / 2) if len(cut) else (0, 1)
    dome = np.sqrt(np.maximum(1 - ((x - middle) / half) ** 2, 0)) * 0.3 * half
    return np.where(drop - y > dome, 0, wide).astype(np.float32)
