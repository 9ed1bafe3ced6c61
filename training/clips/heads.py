"""Modelled heads: the avatars of VALID and the shapes of ICT-FaceKit. See head.py for the space."""

import functools
import json
from pathlib import Path
from typing import NamedTuple

import numpy as np

from .head import EYE, FACE, HAIR, PERSON, SKIN, Head, Piece
from .painting import bare_skin, eye_texture, face_texture, skin_tone, srgb
from .scene import log_uniform
from .wear import hair_shell, torso

VALID, ICT = "heads_valid_mit", "heads_ict_facekit_mit/ict_facekit_light.npz"
ICT_IDENTITIES = 500
# Shapes of the motion's blink, mouth and smile, and of whatever a face may do besides.
MOVES = {
    "valid": {
        "blink": ("ReyeClose", "LeyeClose"),
        "mouth": ("MouthOpen",),
        "smile": ("RsmileClose", "LsmileClose"),
    },
    "ict": {
        "blink": ("eyeBlink_L", "eyeBlink_R"),
        "mouth": ("jawOpen",),
        "smile": ("mouthSmile_L", "mouthSmile_R"),
    },
}
MOODS = {
    "valid": (
        "Rsquint",
        "Lsquint",
        "RbrowUp",
        "LbrowUp",
        "RbrowDown",
        "LbrowDown",
        "Kiss",
        "RmouthSad",
        "LmouthSad",
        "AE_AA",
        "MPB_Up",
        "Chin",
    ),
    "ict": (
        "eyeSquint_L",
        "eyeSquint_R",
        "browInnerUp_L",
        "browInnerUp_R",
        "browDown_L",
        "browDown_R",
        "mouthPucker",
        "mouthFrown_L",
        "mouthFrown_R",
        "mouthPress_L",
        "mouthPress_R",
        "cheekSquint_L",
        "cheekSquint_R",
    ),
}


def identities(assets):
    """All (source, identity) this file can draw, sorted."""
    valid = sorted(path.stem for path in (Path(assets) / VALID).glob("*.npz"))
    return [("valid", f"valid/{name}") for name in valid] + [
        ("ict", f"ict/{i:04}") for i in range(ICT_IDENTITIES)
    ]


def welded(vertices):
    """[n] numbers: vertices at the same place share one."""
    return np.unique(np.round(vertices, 5), axis=0, return_inverse=True)[1].ravel()


def facial(vertices, triangles, eyes, chin):
    """[m] bool: triangles between chin, ears and hairline."""
    high = eyes[:, 1].mean() - chin[1]  # eyes to chin: about 0.11 m
    x, y, z = ((vertices - [0, eyes[:, 1].mean(), 0]) / high).T
    forward = (z * high - eyes[:, 2].mean()) / high
    above = np.maximum(y, 0)
    inside = ((x / 0.66) ** 2 + (above / 0.66) ** 2 < 1) & (forward > -0.62)
    inside &= y > -1.01 + 0.45 * np.maximum(chin[2] - z * high, 0) / high
    return inside[triangles].all(1)


@functools.lru_cache(64)
def load_valid(assets, name):
    """Head of heads_valid_mit/name.npz."""
    folder = Path(assets) / VALID
    data = np.load(folder / f"{name}.npz")
    meta = json.loads(bytes(data["meta"]).decode())
    files = {image: folder / f"{name}__{image}.webp" for image in meta["images"]}
    colors = [path for image, path in files.items() if "_nm" not in image]
    wigs = [path for path in colors if "wig" in path.stem or "Hair_color" in path.stem]
    body = next(path for path in colors if path not in wigs)
    eyes = []
    for side in "RL":  # R is at negative x
        v = data[f"{side}_eye_v"]
        low, high = v.min(0), v.max(0)
        radius = (high[0] - low[0]) / 2
        eyes.append([*(low + high)[:2] / 2, high[2] - radius])
    eyes = np.float32(eyes)
    origin = eyes.mean(0)
    eyes = eyes - origin
    v = data["head_v"] - origin
    middle = v[(np.abs(v[:, 0]) < 0.006) & (v[:, 1] > -0.135) & (v[:, 1] < -0.07)]
    chin = middle[(0.9 * middle[:, 2] - middle[:, 1]).argmax()]
    pieces = []
    for mesh in meta["meshes"]:
        key = mesh["name"]
        if "trans" in key:
            continue
        v, f = (data[f"{key}_v"] - origin).astype(np.float32), data[f"{key}_f"]
        deltas = {}
        for name_, delta in zip(mesh["targets"], data[f"{key}_d"] if mesh["targets"] else ()):
            deltas[name_.split(".")[-1].removesuffix("_h").removeprefix("t_")] = delta
        wig, eye = key == "wig", "RL".find(key[0]) if key.endswith("eye") else None
        uv, weld = data[f"{key}_uv"], welded(v)
        if key == "head":
            v, f, uv, weld, deltas = clothed(v, f, uv, weld, deltas, chin)
        pieces.append(
            Piece(
                v,
                f,
                uv,
                wigs[0] if wig else body,
                HAIR if wig else EYE if eye is not None else SKIN,
                FACE if not wig and key != "head" else PERSON,
                wig,
                not wig,
                deltas,
                weld,
                facial(v, f, eyes, chin) if key == "head" else None,
                eye,
                not wig and key != "head",
                "Teeth" in key,
            )
        )
    return Head(pieces, eyes, chin)


def clothed(v, triangles, uv, weld, deltas, chin):
    """Lets the arms, which are held out and cut off, hang down, and lengthens what was cut."""
    v = v.copy()
    out = np.maximum(np.abs(v[:, 0]) - 0.12, 0)
    arm = v[:, 1][out > 0.1].mean()
    s = np.linspace(0, 0.3, 61)
    angle = np.minimum(s / 0.11, 1) * 1.3
    step = s[1]
    along = np.interp(out, s, np.cumsum(np.cos(angle)) * step - step)
    down = np.interp(out, s, np.cumsum(np.sin(angle)) * step)
    angle, offset = np.interp(out, s, angle), v[:, 1] - arm
    bent = out > 0
    x = 0.12 + along + offset * np.sin(angle)
    y = arm - down + offset * np.cos(angle)
    v[bent, 0], v[bent, 1] = (np.sign(v[:, 0]) * x)[bent], y[bent]
    edges = weld[triangles[:, [0, 1, 1, 2, 2, 0]].reshape(-1, 2)]
    _, first, count = np.unique(np.sort(edges, 1), axis=0, return_index=True, return_counts=True)
    cut = triangles[:, [0, 1, 1, 2, 2, 0]].reshape(-1, 2)[first[count == 1]]
    cut = cut[(v[cut, 1] < chin[1] - 0.12).all(1)]
    ends, place = np.unique(cut, return_inverse=True)
    low = place.reshape(-1, 2) + len(v)
    skirt = np.concatenate(
        [
            np.stack([cut[:, 1], cut[:, 0], low[:, 0]], -1),
            np.stack([cut[:, 1], low[:, 0], low[:, 1]], -1),
        ]
    )
    weld = np.concatenate([weld, weld.max() + 1 + np.unique(weld[ends], return_inverse=True)[1]])
    return (
        np.concatenate([v, v[ends] - [0, 0.6, 0]]).astype(np.float32),
        np.concatenate([triangles, skirt]).astype(np.int32),
        np.concatenate([uv, uv[ends]]),
        weld,
        {key: np.concatenate([d, 0 * d[ends]]) for key, d in deltas.items()},
    )


class Ict(NamedTuple):
    """ICT-FaceKit as needed here, in metres."""

    mean: np.ndarray  # [n][3]
    identity: np.ndarray  # [100][n * 3]
    deltas: dict
    pieces: dict  # name -> (vertex numbers [k], triangles [m][3] of them, uv [k][2] in 0..1)
    landmarks: np.ndarray  # [68] vertex numbers
    landmark_uv: np.ndarray  # [68][2]


@functools.lru_cache(2)
def load_ict(assets):
    data = np.load(Path(assets) / ICT)
    quads, corners, kind = data["faces_v"], data["faces_vt"], data["face_mat"]
    numbers = np.arange(len(quads))
    # face, head and neck, mouth, teeth with gums, the two eyeballs without what is in them
    chosen = {
        "face": numbers < 9230,
        "neck": (numbers >= 9230) & (numbers < 11144),
        "mouth": (numbers >= 11144) & (numbers < 13226),
        "gums": (numbers >= 14034) & (numbers < 17006),
        "teeth": (numbers >= 17006) & (numbers < 21496),
        "eye0": (kind == 6) & (numbers >= 21496),
        "eye1": (kind == 4) & (numbers >= 21496),
    }
    pieces = {}
    for name, rows in chosen.items():
        a, b = quads[rows], corners[rows]
        four = a[:, 3] >= 0
        a, b = (np.concatenate([t[:, :3], t[four][:, [0, 2, 3]]]) for t in (a, b))
        pairs, triangles = np.unique(a.astype(np.int64) << 20 | b, return_inverse=True)
        uv = data["uv"][pairs & 0xFFFFF] % 1
        pieces[name] = (
            pairs >> 20,
            triangles.reshape(-1, 3).astype(np.int32),
            np.stack([uv[:, 0], 1 - uv[:, 1]], -1).astype(np.float32),
        )
    marks = json.loads((Path(assets) / ICT).with_name("vertex_indices.json").read_text())
    marks = np.array(marks["idx_to_landmark_verts"])
    index, _, uv = pieces["face"]
    where = {v: i for i, v in enumerate(index)}
    names = [str(name) for name in data["expression_names"]]
    used = {name for names_ in MOVES["ict"].values() for name in names_} | set(MOODS["ict"])
    deltas = {
        name: data["expression"][names.index(name)].astype(np.float32) / 100
        for name in sorted(used)
    }
    identity = data["identity"].reshape(100, -1).astype(np.float32) / 100
    return Ict(
        data["mean"] / 100, identity, deltas, pieces, marks, np.stack([uv[where[v]] for v in marks])
    )


@functools.lru_cache(8)
def make_ict(assets, identity):
    """A Head of its own for each number: shape, skin, hair and clothes."""
    model, rng = load_ict(assets), np.random.default_rng([517, identity])
    weights = np.clip(rng.normal(0, 1, 100), -2, 2) * 0.9
    shape = model.mean + (weights.astype(np.float32) @ model.identity).reshape(-1, 3)
    marks = shape[model.landmarks]
    centres = []
    for name in ("eye0", "eye1"):
        v = shape[model.pieces[name][0]]
        centres.append((v.min(0) + v.max(0)) / 2)
    origin = np.mean(centres, 0)
    shape = (shape - origin).astype(np.float32)
    eyes, chin = np.float32(centres - origin), marks[8] - origin
    tone = skin_tone(rng)
    hair_color = np.array([1, 0.72, 0.5]) ** rng.uniform(0.2, 1.5)
    hair_color = np.float32(hair_color * log_uniform(rng, 0.008, 0.02 + 0.5 * tone[1]))
    paint = face_texture(rng, model, tone, hair_color)
    plain = srgb(bare_skin(rng, tone, 512))
    pieces = []
    for name, (index, triangles, uv) in model.pieces.items():
        v = shape[index]
        deltas = {key: delta[index] for key, delta in model.deltas.items()}
        texture, material, eye = plain, SKIN, None
        if name == "face":
            texture = paint
        elif name == "mouth" or name == "gums":
            texture = srgb(np.ones((4, 4, 3)) * [0.30, 0.08, 0.07])
        elif name == "teeth":
            texture, material = srgb(np.ones((4, 4, 3)) * [0.6, 0.52, 0.4]), EYE
        elif name.startswith("eye"):
            eye = int(name[-1])
            span = v.max(0)[0] - v.min(0)[0]
            uv = (v[:, :2] - eyes[eye][:2]) * [1, -1] / span + 0.5
            texture, material = eye_texture(np.random.default_rng([3, identity])), EYE
        if name in ("face", "neck"):  # without the narrow shoulders: `torso` has better ones
            wide = np.interp(v[:, 1:2] - chin[1], [-0.05, -0.004, 0.04], [0.054, 0.06, 0.2])
            back = np.interp(v[:, 1:2] - chin[1], [-0.05, 0.0], [chin[2] - 0.14, -1])
            v = np.concatenate(
                [np.clip(v[:, :1], -wide, wide), v[:, 1:2], np.maximum(v[:, 2:], back)], 1
            ).astype(np.float32)
        inside = name not in ("face", "neck")
        pieces.append(
            Piece(
                v,
                triangles,
                uv.astype(np.float32),
                texture,
                material,
                FACE if inside else PERSON,
                False,
                True,
                deltas,
                index,
                facial(v, triangles, eyes, chin) if name == "face" else None,
                eye,
                inside,
                name in ("gums", "teeth"),
            )
        )
    pieces = [p._replace(weld=np.unique(p.weld, return_inverse=True)[1]) for p in pieces]
    if rng.random() < 0.85:
        pieces += hair_shell(rng, shape, model, hair_color)
    pieces.append(torso(rng, chin))
    return Head(pieces, eyes, chin.astype(np.float32))
