"""Makes hair, shoulders, glasses, hats and headphones for a modelled head."""

import numpy as np

from . import lights, render
from .head import CLOTH, FACE, HAIR, PERSON, Piece, surface, tube
from .painting import cloth_texture, hair_texture, srgb
from .render import Material
from .scene import log_uniform


def hair_shell(rng, shape, model, color):
    """Short hair: the scalp again, lifted. -> [Piece]"""
    face, neck = model.pieces["face"], model.pieces["neck"]
    index = np.concatenate([face[0], neck[0]])
    triangles = np.concatenate([face[1], neck[1] + len(face[0])])
    weld = np.unique(index, return_inverse=True)[1]
    mean = (model.mean - [0, 0.0352, 0.08])[index]  # the hairline is the same line on all heads
    recede = rng.uniform(0.005, 0.03)
    line = np.interp(
        mean[:, 2],
        [-0.12, -0.085, -0.07, -0.03, 0.0, 0.03],
        [-0.08, -0.03, 0.025, 0.035, 0.05, 0.07 + recede],
    )
    line += 0.004 * np.sin(mean[:, 0] * rng.uniform(60, 200) + rng.uniform(0, 6))
    rise = (mean[:, 1] - line) / 0.09
    strength, lump = log_uniform(rng, 0.003, 0.03), rng.normal(0, 0.25, 3)
    v = shape[index]
    lift = np.clip(rise * rng.uniform(1, 2.5), 0, 1) * (1 + np.sin(mean * 60) @ lump * 0.5)
    v = v + render.smooth_normals(v, triangles, weld) * (strength * lift + 0.0015)[:, None]
    around = np.abs(np.arctan2(mean[:, 0], mean[:, 2] + 0.08)) / np.pi * 3
    uv = np.stack([around, np.clip(rise, 0, 1) * 0.9 + 0.02], -1)
    ear = (np.abs(mean[:, 0]) > 0.068) & (mean[:, 1] < 0.035) & (mean[:, 2] > -0.11)
    keep = (rise[triangles] > -0.02).all(1) & ~ear[triangles].any(1)
    return [
        Piece(
            v.astype(np.float32),
            triangles[keep],
            uv.astype(np.float32),
            hair_texture(rng, color),
            HAIR,
            PERSON,
            True,
            weld=weld,
        )
    ]


def torso(rng, chin):
    """Shoulders under a neck, clothed."""
    wide, deep, high = rng.uniform(0.19, 0.25), rng.uniform(0.09, 0.13), rng.uniform(0.10, 0.16)
    a = np.linspace(0, 2 * np.pi, 33)
    rows = []
    for t in np.linspace(0, 1, 14):
        spread = 0.055 + (1 - 0.055) * np.sin(t * np.pi / 2) ** 0.9
        x, z = (
            (0.06 + (side - 0.06) * spread) * turn
            for side, turn in ((wide, np.cos(a)), (deep + 0.002, np.sin(a)))
        )
        drop = high * (1 - np.cos(t * np.pi / 2)) + 0.55 * max(t - 0.75, 0)
        rows.append(np.stack([x, chin[1] - 0.065 - drop + 0 * a, z + chin[2] - 0.075], -1))
    return surface(np.stack(rows)[:, ::-1], cloth_texture(rng), CLOTH, stiff=False)


def glasses(rng, head):
    color = srgb(np.ones((2, 2, 3)) * log_uniform(rng, 0.01, 0.3) * lights.tint(rng, 0.4))
    frame = Material(gloss=rng.uniform(0.2, 1), roughness=rng.uniform(0.1, 0.5))
    power, thick = rng.uniform(2, 4.5), log_uniform(rng, 0.0007, 0.0028)
    wide, high = rng.uniform(0.021, 0.028), rng.uniform(0.016, 0.024)
    a = np.linspace(0, 2 * np.pi, 29)
    c, s = np.cos(a), np.sin(a)
    front = head.eyes[:, 2].mean() + 0.029
    pieces, lens = (
        [],
        Material(
            gloss=rng.uniform(0.3, 1),
            roughness=0.06,
            tint=(0.4, 0.42, 0.45),
            opacity=rng.uniform(0.02, 0.12),
        ),
    )
    for eye in head.eyes:
        x = eye[0] * 1.02 + wide * np.sign(c) * np.abs(c) ** (2 / power)
        y = eye[1] - 0.004 + high * np.sign(s) * np.abs(s) ** (2 / power)
        rim = np.stack([x, y, front - 2.2 * x * x - 0.3 * np.abs(x)], -1)
        pieces.append(tube(rim, thick, color, frame, FACE))
        pieces.append(surface(np.stack([rim, 0 * rim + rim.mean(0)]), color, lens, FACE))
        side = np.sign(eye[0])
        end = eye[0] * 1.02 + side * wide
        hinge = np.array([end, eye[1] + 0.004, front - 2.2 * end * end - 0.3 * abs(end)])
        ear = np.array([side * 0.08, eye[1] + 0.006, front - 0.12])
        pieces.append(tube(np.linspace(hinge, ear, 4), thick, color, frame))
    gap = np.abs(head.eyes[:, 0]).mean() * 1.02 - wide
    x = np.linspace(-gap, gap, 7)
    pieces.append(
        tube(
            np.stack([x, 0.002 + 6 * (gap**2 - x**2), front - 0.3 * np.abs(x)], -1),
            thick,
            color,
            frame,
            FACE,
        )
    )
    return pieces


def skull(head, over):
    """Centre and radii of an ellipsoid over all that is above the brows, `over` metres wider."""
    points = np.concatenate([p.vertices for p in head.pieces if not p.stiff and not p.alpha_cut])
    points = points[(points[:, 1] > 0.045) & (np.abs(points[:, 0]) < 0.2)]
    low, high = np.percentile(points, [1, 99], axis=0)
    low[1] = 0.035
    centre = (low + high) / 2
    centre[1] = low[1]
    radii = (high - low) / 2 * 1.08 + over
    radii[1] = high[1] - low[1] + over
    return centre, radii


def tucked(pieces, centre, radii):
    """Head and hair under a hat: nothing above its rim is outside the ellipsoid."""
    for piece in pieces:
        if not piece.stiff:
            unit = (piece.vertices - centre) / radii
            length = np.maximum(np.linalg.norm(unit, axis=1, keepdims=True), 1e-6)
            shrink = np.where((unit[:, 1:2] > -0.1) & (length > 0.95), 0.95 / length, 1)
            vertices = (centre + unit * shrink * radii).astype(np.float32)
            piece = piece._replace(vertices=vertices)
        yield piece


def dome(centre, radii, start):
    """Points of an ellipsoid from height angle `start` up."""
    up, a = np.linspace(start, np.pi / 2, 12)[:, None], np.linspace(0, 2 * np.pi, 37)
    unit = np.stack([np.cos(up) * np.sin(a), np.sin(up) + 0 * a, np.cos(up) * np.cos(a)], -1)
    return centre + radii * unit


def hat(rng, head):
    """All pieces with a cap with a peak, a woollen hat, or a hood: (pieces, its name)."""
    kind = str(rng.choice(["cap", "beanie", "hood"]))
    texture = cloth_texture(rng)
    centre, radii = skull(head, 0.004)
    if kind == "hood":
        radii = radii + [0.02, 0.03, 0.03]
        a = np.linspace(-np.pi / 2, np.pi / 2, 25)[:, None]
        d = np.linspace(-np.pi / 2, 0.35, 16)
        arch = np.stack([np.sin(a) * np.cos(d), np.cos(a) * np.cos(d), np.sin(d) + 0 * a], -1)
        top = centre - [0, 0.03, 0.0] + radii * [1.05, 1.15, 1.15] * arch
        skirt = top[[0, -1]] - [0, 0.16, 0]
        points = np.concatenate([skirt[:1], top, skirt[1:]])
        return [*head.pieces, surface(points, texture, CLOTH, stiff=False, repeat=4)], kind
    points = dome(centre, radii, 0.05 if kind == "beanie" else 0.12)
    pieces = [*tucked(head.pieces, centre, radii), surface(points, texture, CLOTH, repeat=4)]
    if kind == "cap":
        a = np.linspace(-1.05, 1.05, 15)
        out = np.linspace(0.97, 1.0 + rng.uniform(0.45, 0.7), 5)[:, None]
        reach = 1 + (out - 1) * np.cos(a * 1.4)
        x, z = radii[0] * reach * np.sin(a), radii[2] * reach * np.cos(a)
        y = 0.14 * radii[1] - 0.12 * np.maximum(z - radii[2] * 0.9, 0) - 1.5 * x * x
        pieces.append(surface(centre + np.stack([x, y, z], -1), texture, CLOTH))
    return pieces, kind


def headphones(rng, head):
    color = srgb(np.ones((2, 2, 3)) * log_uniform(rng, 0.01, 0.6) * lights.tint(rng, 0.2))
    material = Material(gloss=0.4, roughness=0.4)
    centre, radii = skull(head, 0.012)
    a = np.linspace(-1.75, 1.75, 25)
    band = (
        centre + [0, 0, -0.01] + np.stack([radii[0] * np.sin(a), radii[1] * np.cos(a), 0 * a], -1)
    )
    pieces = [tube(band, 0.007, color, material)]
    r, around = np.linspace(0, np.pi, 9)[:, None], np.linspace(0, 2 * np.pi, 19)
    for side in (-1, 1):
        at = np.array([side * (radii[0] - 0.004), -0.015, centre[2] - 0.01])
        ball = np.stack(
            [
                0.018 * np.cos(r) + 0 * around,
                0.035 * np.sin(r) * np.cos(around),
                0.03 * np.sin(r) * np.sin(around),
            ],
            -1,
        )
        pieces.append(surface(at + ball, color, material))
    return pieces
