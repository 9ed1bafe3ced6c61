"""Live people from modelled heads: the avatars of VALID and the shapes of ICT-FaceKit.

Head space: metres, y up, z out of the face, the origin midway between the eyes.
"""

import functools
import json
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np

from . import lights, render, scene
from .render import Material
from .scene import Shot, log_uniform

VALID, ICT = "heads_valid_mit", "heads_ict_facekit_mit/ict_facekit_light.npz"
ICT_IDENTITIES = 500
FACE, PERSON = 1, 2  # part numbers
SKIN = Material(gloss=.5, roughness=.5, skin=1)
EYE = Material(gloss=1, roughness=.12, tint=(.52, .5, .48))
CLOTH = Material(gloss=.05, roughness=.9)
HAIR = Material(gloss=.35, roughness=.55)
# What the motion's blink, mouth and smile are, and what a face may do besides.
MOVES = {"valid": {"blink": ("ReyeClose", "LeyeClose"), "mouth": ("MouthOpen",),
                   "smile": ("RsmileClose", "LsmileClose")},
         "ict": {"blink": ("eyeBlink_L", "eyeBlink_R"), "mouth": ("jawOpen",),
                 "smile": ("mouthSmile_L", "mouthSmile_R")}}
MOODS = {"valid": ("Rsquint", "Lsquint", "RbrowUp", "LbrowUp", "RbrowDown", "LbrowDown", "Kiss",
                   "RmouthSad", "LmouthSad", "AE_AA", "MPB_Up", "Chin"),
         "ict": ("eyeSquint_L", "eyeSquint_R", "browInnerUp_L", "browInnerUp_R", "browDown_L",
                 "browDown_R", "mouthPucker", "mouthFrown_L", "mouthFrown_R", "mouthPress_L",
                 "mouthPress_R", "cheekSquint_L", "cheekSquint_R")}


class Piece(NamedTuple):
    """A part of a head in its resting shape."""

    vertices: np.ndarray  # [n][3] float32
    triangles: np.ndarray  # [m][3] int32
    uv: np.ndarray  # [n][2]
    texture: object  # a Path, or uint8 [h][w][3 or 4]
    material: Material
    part: int = PERSON
    alpha_cut: bool = False
    closed: bool = False
    deltas: dict = {}  # name -> [n][3] float32
    weld: np.ndarray | None = None  # as in render.smooth_normals
    face: np.ndarray | None = None  # [m] bool: triangles of the facial region
    eye: int | None = None  # 0, 1: turns with this eye
    stiff: bool = False  # moves with the skull alone; else bends at the neck
    oral: bool = False  # seen in an open mouth only


class Head(NamedTuple):
    pieces: list
    eyes: np.ndarray  # [2][3] centres of the eyeballs, the one at negative x first
    chin: np.ndarray  # [3] its lowest point


# ---- loading


def identities(assets):
    """All (source, identity) this file can draw, sorted."""
    valid = sorted(path.stem for path in (Path(assets) / VALID).glob("*.npz"))
    return ([("valid", f"valid/{name}") for name in valid]
            + [("ict", f"ict/{i:04}") for i in range(ICT_IDENTITIES)])


def welded(vertices):
    """[n] numbers: vertices at the same place share one."""
    return np.unique(np.round(vertices, 5), axis=0, return_inverse=True)[1].ravel()


def facial(vertices, triangles, eyes, chin):
    """[m] bool: triangles between chin, ears and hairline."""
    high = eyes[:, 1].mean() - chin[1]  # eyes to chin: about 0.11 m
    x, y, z = ((vertices - [0, eyes[:, 1].mean(), 0]) / high).T
    forward = (z * high - eyes[:, 2].mean()) / high
    above = np.maximum(y, 0)
    inside = ((x / .66) ** 2 + (above / .66) ** 2 < 1) & (forward > -.62)
    inside &= y > -1.01 + .45 * np.maximum(chin[2] - z * high, 0) / high
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
    middle = v[(np.abs(v[:, 0]) < .006) & (v[:, 1] > -.135) & (v[:, 1] < -.07)]
    chin = middle[(.9 * middle[:, 2] - middle[:, 1]).argmax()]
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
        pieces.append(Piece(
            v, f, uv, wigs[0] if wig else body,
            HAIR if wig else EYE if eye is not None else SKIN,
            FACE if not wig and key != "head" else PERSON, wig, not wig, deltas, weld,
            facial(v, f, eyes, chin) if key == "head" else None, eye, not wig and key != "head",
            "Teeth" in key))
    return Head(pieces, eyes, chin)


def clothed(v, triangles, uv, weld, deltas, chin):
    """Lets the arms, which are held out and cut off, hang down, and lengthens what was cut."""
    v = v.copy()
    out = np.maximum(np.abs(v[:, 0]) - .12, 0)
    arm = v[:, 1][out > .1].mean()
    s = np.linspace(0, .3, 61)
    angle = np.minimum(s / .11, 1) * 1.3
    step = s[1]
    along = np.interp(out, s, np.cumsum(np.cos(angle)) * step - step)
    down = np.interp(out, s, np.cumsum(np.sin(angle)) * step)
    angle, offset = np.interp(out, s, angle), v[:, 1] - arm
    bent = out > 0
    x = .12 + along + offset * np.sin(angle)
    y = arm - down + offset * np.cos(angle)
    v[bent, 0], v[bent, 1] = (np.sign(v[:, 0]) * x)[bent], y[bent]
    edges = weld[triangles[:, [0, 1, 1, 2, 2, 0]].reshape(-1, 2)]
    _, first, count = np.unique(np.sort(edges, 1), axis=0, return_index=True, return_counts=True)
    cut = triangles[:, [0, 1, 1, 2, 2, 0]].reshape(-1, 2)[first[count == 1]]
    cut = cut[(v[cut, 1] < chin[1] - .12).all(1)]
    ends, place = np.unique(cut, return_inverse=True)
    low = place.reshape(-1, 2) + len(v)
    skirt = np.concatenate([np.stack([cut[:, 1], cut[:, 0], low[:, 0]], -1),
                            np.stack([cut[:, 1], low[:, 0], low[:, 1]], -1)])
    weld = np.concatenate([weld, weld.max() + 1 + np.unique(weld[ends], return_inverse=True)[1]])
    return (np.concatenate([v, v[ends] - [0, .6, 0]]).astype(np.float32),
            np.concatenate([triangles, skirt]).astype(np.int32), np.concatenate([uv, uv[ends]]),
            weld, {key: np.concatenate([d, 0 * d[ends]]) for key, d in deltas.items()})


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
    chosen = {"face": numbers < 9230, "neck": (numbers >= 9230) & (numbers < 11144),
              "mouth": (numbers >= 11144) & (numbers < 13226),
              "gums": (numbers >= 14034) & (numbers < 17006),
              "teeth": (numbers >= 17006) & (numbers < 21496),
              "eye0": (kind == 6) & (numbers >= 21496), "eye1": (kind == 4) & (numbers >= 21496)}
    pieces = {}
    for name, rows in chosen.items():
        a, b = quads[rows], corners[rows]
        four = a[:, 3] >= 0
        a, b = (np.concatenate([t[:, :3], t[four][:, [0, 2, 3]]]) for t in (a, b))
        pairs, triangles = np.unique(a.astype(np.int64) << 20 | b, return_inverse=True)
        uv = data["uv"][pairs & 0xfffff] % 1
        pieces[name] = (pairs >> 20, triangles.reshape(-1, 3).astype(np.int32),
                        np.stack([uv[:, 0], 1 - uv[:, 1]], -1).astype(np.float32))
    marks = json.loads((Path(assets) / ICT).with_name("vertex_indices.json").read_text())
    marks = np.array(marks["idx_to_landmark_verts"])
    index, _, uv = pieces["face"]
    where = {v: i for i, v in enumerate(index)}
    names = [str(name) for name in data["expression_names"]]
    used = {name for names_ in MOVES["ict"].values() for name in names_} | set(MOODS["ict"])
    deltas = {name: data["expression"][names.index(name)].astype(np.float32) / 100
              for name in sorted(used)}
    identity = data["identity"].reshape(100, -1).astype(np.float32) / 100
    return Ict(data["mean"] / 100, identity, deltas, pieces, marks,
               np.stack([uv[where[v]] for v in marks]))


@functools.lru_cache(8)
def make_ict(assets, identity):
    """A Head of its own for each number: shape, skin, hair and clothes."""
    model, rng = load_ict(assets), np.random.default_rng([517, identity])
    weights = np.clip(rng.normal(0, 1, 100), -2, 2) * .9
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
    hair_color = np.array([1, .72, .5]) ** rng.uniform(.2, 1.5)
    hair_color = np.float32(hair_color * log_uniform(rng, .008, .02 + .5 * tone[1]))
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
            texture = srgb(np.ones((4, 4, 3)) * [.30, .08, .07])
        elif name == "teeth":
            texture, material = srgb(np.ones((4, 4, 3)) * [.6, .52, .4]), EYE
        elif name.startswith("eye"):
            eye = int(name[-1])
            span = v.max(0)[0] - v.min(0)[0]
            uv = (v[:, :2] - eyes[eye][:2]) * [1, -1] / span + .5
            texture, material = eye_texture(np.random.default_rng([3, identity])), EYE
        if name in ("face", "neck"):  # without the narrow shoulders: `torso` has better ones
            wide = np.interp(v[:, 1:2] - chin[1], [-.05, -.004, .04], [.054, .06, .2])
            back = np.interp(v[:, 1:2] - chin[1], [-.05, .0], [chin[2] - .14, -1])
            v = np.concatenate([np.clip(v[:, :1], -wide, wide), v[:, 1:2],
                                np.maximum(v[:, 2:], back)], 1).astype(np.float32)
        inside = name not in ("face", "neck")
        pieces.append(Piece(v, triangles, uv.astype(np.float32), texture, material,
                            FACE if inside else PERSON, False, True, deltas, index,
                            facial(v, triangles, eyes, chin) if name == "face" else None, eye,
                            inside, name in ("gums", "teeth")))
    pieces = [p._replace(weld=np.unique(p.weld, return_inverse=True)[1]) for p in pieces]
    if rng.random() < .85:
        pieces += hair_shell(rng, shape, model, hair_color)
    pieces.append(torso(rng, chin))
    return Head(pieces, eyes, chin.astype(np.float32))


# ---- painting


SRGB = (255 * (np.arange(4096) / 4095) ** (1 / 2.2) + .5).astype(np.uint8)


def srgb(linear):
    """Linear 0..1 -> uint8."""
    return SRGB[(np.clip(linear, 0, 1) * 4095 + .5).astype(np.uint16)]


def skin_tone(rng):
    """[3] linear albedo, pale to dark."""
    pale, dark = np.log([.64, .39, .27]), np.log([.10, .05, .028])
    tone = np.exp(pale + (dark - pale) * rng.beta(1, 1.4) + rng.normal(0, .06, 3))
    return tone.astype(np.float32)


def noise(rng, side, cells):
    """[side][side] float32 about 0, of a deviation of about 1."""
    return cv2.resize(rng.normal(0, 1.3, (cells, cells)).astype(np.float32), (side, side),
                      interpolation=cv2.INTER_CUBIC)


def bare_skin(rng, tone, side):
    """[side][side][3] float32, linear: blotches and pores."""
    shade = .05 * noise(rng, side, 9) + .03 * noise(rng, side, 40) + .035 * noise(rng, side, 256)
    red = .05 * noise(rng, side, 7) + .03 * noise(rng, side, 60)
    log = shade[..., None] + red[..., None] * np.float32([.3, -.6, -.5])
    return tone * np.exp(log)


def face_texture(rng, model, tone, hair_color, side=1024):
    """The face's unwrapped skin with lips, brows, lashes, redness, freckles and stubble."""
    skin = bare_skin(rng, tone, side)
    at = model.landmark_uv * side

    def blob(points, sigma):
        mask = np.zeros((side, side), np.float32)
        cv2.fillPoly(mask, [np.int32(points)], 1.0)
        return cv2.GaussianBlur(mask, (0, 0), sigma)[..., None]
    cheeks = np.zeros((side, side), np.float32)
    for a, b in ((41, 48), (46, 54), (30, 33)):
        cv2.circle(cheeks, tuple(np.int32((at[a] + at[b]) / 2)), 45, 1.0, -1)
    cheeks = cv2.GaussianBlur(cheeks, (0, 0), 25)[..., None]
    skin *= 1 - rng.uniform(0, .3) * cheeks * np.float32([.2, .8, .7])
    lips = blob(at[48:60], 4)
    skin *= 1 - lips * rng.uniform(.5, 1) * np.float32([.25, .55, .5])
    sockets = blob(at[36:42], 18) + blob(at[42:48], 18)
    skin *= 1 - rng.uniform(.1, .35) * np.minimum(sockets, 1) * np.float32([.8, 1, .9])
    if rng.random() < .35:  # stubble
        jaw = blob(np.concatenate([at[3:14], at[[54, 35, 33, 31, 48]]]), 15) * (1 - lips)
        dots = np.clip(.7 + .5 * noise(rng, side, 512), 0, 1.5)[..., None]
        skin *= 1 - np.clip(rng.uniform(.2, .8) * jaw * dots, 0, .9)
    if rng.random() < .3:
        for _ in range(rng.integers(20, 250)):  # freckles, moles
            place = tuple(np.int32(rng.uniform(.2, .8, 2) * side))
            color = (tone * rng.uniform(.5, .8)).tolist()
            cv2.circle(skin, place, int(rng.integers(1, 4)), color, -1, cv2.LINE_AA)
    dark = np.minimum(hair_color, tone * .5)
    lashes = np.zeros((side, side), np.float32)
    for a in (36, 42):
        cv2.polylines(lashes, [np.int32(at[a:a + 6] * 16)], True, 1.0, 5, cv2.LINE_AA, 4)
    brows = np.zeros((side, side), np.float32)
    thick = rng.uniform(.6, 1.3)
    for a, outward in ((17, -1), (22, 1)):
        line = at[a:a + 5] + [0, 6]
        for _ in range(230):
            t = rng.uniform(0, 4)
            i = min(int(t), 3)
            start = line[i] * (i + 1 - t) + line[i + 1] * (t - i) + [0, rng.normal(0, 6) * thick]
            end = start + [outward * rng.uniform(8, 18), -rng.uniform(-4, 8)]
            cv2.line(brows, tuple(np.int32(start * 16)), tuple(np.int32(end * 16)), 1.0, 2,
                     cv2.LINE_AA, 4)
    brows = cv2.GaussianBlur(brows, (0, 0), 1.5) * rng.uniform(.5, .95)
    for mask in (cv2.GaussianBlur(lashes, (0, 0), 1.5) * .8, brows):
        skin += (dark - skin) * mask[..., None]
    return srgb(skin)


def eye_texture(rng, side=256):
    """An eyeball from the front; the picture is as wide as the ball."""
    y, x = (np.mgrid[:side, :side] + .5) / side * 2 - 1
    r, around = np.hypot(x, y), np.arctan2(y, x)
    white = np.float32([.62, .55, .5]) * (1 - .35 * np.clip(r - .5, 0, 1))[..., None]
    iris = np.exp(rng.normal(0, .15, 3)) * [[.10, .045, .02], [.16, .2, .25], [.12, .14, .06],
                                          [.05, .025, .012]][rng.choice(4, p=[.4, .2, .1, .3])]
    rays = 1 + .3 * np.interp(around, np.linspace(-np.pi, np.pi, 60), rng.normal(0, 1, 60))
    size, pupil = .47, rng.uniform(.13, .24)
    edge = np.clip((size - r) * 40, 0, 1)[..., None]
    ring = (rays * (1 - .6 * np.clip((r - size + .1) * 10, 0, 1)))[..., None]
    image = white + (iris * ring - white) * edge
    return srgb(image * np.clip((r - pupil) * 40, .06, 1)[..., None])


def cloth_texture(rng, side=256):
    color = np.clip(log_uniform(rng, .02, .7) * lights.tint(rng, .4), 0, .9)
    image = np.ones((side, side, 3)) * color
    if rng.random() < .3:
        waves = np.sin(np.arange(side) * rng.uniform(.1, .8))[:, None, None]
        other = np.clip(color * log_uniform(rng, .3, 3), 0, .9)
        image = np.where(waves > rng.uniform(-.5, .8), image, other)
    return srgb(image * np.exp(.06 * noise(rng, side, 128) + .1 * noise(rng, side, 6))[..., None])


def hair_texture(rng, color, side=512):
    """Strands along the rows' direction; the alpha thins out in the first rows."""
    strands = cv2.GaussianBlur(rng.normal(0, 1, (side, side)).astype(np.float32), (0, 0), 1,
                               sigmaY=30)
    strands /= strands.std()
    image = color * np.exp(.45 * strands)[..., None]
    rows = np.arange(side)[:, None] / side
    alpha = np.clip(.5 + 7 * (rows - .12) + .4 * strands, 0, 1)
    return np.concatenate([srgb(image), np.uint8(255 * alpha)[..., None]], -1)


# ---- geometry that is made here


def hair_shell(rng, shape, model, color):
    """Short hair: the scalp again, lifted. -> [Piece]"""
    face, neck = model.pieces["face"], model.pieces["neck"]
    index = np.concatenate([face[0], neck[0]])
    triangles = np.concatenate([face[1], neck[1] + len(face[0])])
    weld = np.unique(index, return_inverse=True)[1]
    mean = (model.mean - [0, .0352, .08])[index]  # the hairline is the same line on all heads
    recede = rng.uniform(.005, .03)
    line = np.interp(mean[:, 2], [-.12, -.085, -.07, -.03, .0, .03],
                     [-.08, -.03, .025, .035, .05, .07 + recede])
    line += .004 * np.sin(mean[:, 0] * rng.uniform(60, 200) + rng.uniform(0, 6))
    rise = (mean[:, 1] - line) / .09
    strength, lump = log_uniform(rng, .003, .03), rng.normal(0, .25, 3)
    v = shape[index]
    lift = np.clip(rise * rng.uniform(1, 2.5), 0, 1) * (1 + np.sin(mean * 60) @ lump * .5)
    v = v + render.smooth_normals(v, triangles, weld) * (strength * lift + .0015)[:, None]
    around = np.abs(np.arctan2(mean[:, 0], mean[:, 2] + .08)) / np.pi * 3
    uv = np.stack([around, np.clip(rise, 0, 1) * .9 + .02], -1)
    ear = (np.abs(mean[:, 0]) > .068) & (mean[:, 1] < .035) & (mean[:, 2] > -.11)
    keep = (rise[triangles] > -.02).all(1) & ~ear[triangles].any(1)
    return [Piece(v.astype(np.float32), triangles[keep], uv.astype(np.float32),
                  hair_texture(rng, color), HAIR, PERSON, True, weld=weld)]


def grid(rows, columns):
    """Triangles of a grid of vertices, [.][3] int32."""
    i = (np.arange(rows - 1)[:, None] * columns + np.arange(columns - 1)).ravel()
    return np.concatenate([np.stack([i, i + columns, i + 1], -1),
                           np.stack([i + 1, i + columns, i + columns + 1], -1)]).astype(np.int32)


def surface(points, texture, material, part=PERSON, stiff=True, repeat=3):
    """A Piece of points [rows][columns][3]."""
    rows, columns = points.shape[:2]
    uv = np.stack(np.meshgrid(np.linspace(0, repeat, columns), np.linspace(0, repeat, rows)), -1)
    return Piece(points.reshape(-1, 3).astype(np.float32), grid(rows, columns),
                 uv.reshape(-1, 2).astype(np.float32), texture, material, part, stiff=stiff)


def tube(path, radius, texture, material, part=PERSON):
    """A pipe of 6 sides around a path [n][3]."""
    path = np.asarray(path, np.float64)
    ahead = np.gradient(path, axis=0)
    ahead /= np.linalg.norm(ahead, axis=1, keepdims=True)
    side = np.cross(ahead, [.1, .2, 1])
    side /= np.linalg.norm(side, axis=1, keepdims=True)
    up = np.cross(side, ahead)
    angle = np.linspace(0, 2 * np.pi, 7)[:, None, None]
    return surface(path + radius * (np.cos(angle) * side + np.sin(angle) * up), texture, material,
                   part)


def torso(rng, chin):
    """Shoulders under a neck, clothed."""
    wide, deep, high = rng.uniform(.19, .25), rng.uniform(.09, .13), rng.uniform(.10, .16)
    a = np.linspace(0, 2 * np.pi, 33)
    rows = []
    for t in np.linspace(0, 1, 14):
        spread = .055 + (1 - .055) * np.sin(t * np.pi / 2) ** .9
        x, z = ((.06 + (side - .06) * spread) * turn
                for side, turn in ((wide, np.cos(a)), (deep + .002, np.sin(a))))
        drop = high * (1 - np.cos(t * np.pi / 2)) + .55 * max(t - .75, 0)
        rows.append(np.stack([x, chin[1] - .065 - drop + 0 * a, z + chin[2] - .075], -1))
    return surface(np.stack(rows)[:, ::-1], cloth_texture(rng), CLOTH, stiff=False)


def glasses(rng, head):
    color = srgb(np.ones((2, 2, 3)) * log_uniform(rng, .01, .3) * lights.tint(rng, .4))
    frame = Material(gloss=rng.uniform(.2, 1), roughness=rng.uniform(.1, .5))
    power, thick = rng.uniform(2, 4.5), log_uniform(rng, .0007, .0028)
    wide, high = rng.uniform(.021, .028), rng.uniform(.016, .024)
    a = np.linspace(0, 2 * np.pi, 29)
    c, s = np.cos(a), np.sin(a)
    front = head.eyes[:, 2].mean() + .029
    pieces, lens = [], Material(gloss=rng.uniform(.3, 1), roughness=.06, tint=(.4, .42, .45),
                                opacity=rng.uniform(.02, .12))
    for eye in head.eyes:
        x = eye[0] * 1.02 + wide * np.sign(c) * np.abs(c) ** (2 / power)
        y = eye[1] - .004 + high * np.sign(s) * np.abs(s) ** (2 / power)
        rim = np.stack([x, y, front - 2.2 * x * x - .3 * np.abs(x)], -1)
        pieces.append(tube(rim, thick, color, frame, FACE))
        pieces.append(surface(np.stack([rim, 0 * rim + rim.mean(0)]), color, lens, FACE))
        side = np.sign(eye[0])
        end = eye[0] * 1.02 + side * wide
        hinge = np.array([end, eye[1] + .004, front - 2.2 * end * end - .3 * abs(end)])
        ear = np.array([side * .08, eye[1] + .006, front - .12])
        pieces.append(tube(np.linspace(hinge, ear, 4), thick, color, frame))
    gap = np.abs(head.eyes[:, 0]).mean() * 1.02 - wide
    x = np.linspace(-gap, gap, 7)
    pieces.append(tube(np.stack([x, .002 + 6 * (gap ** 2 - x ** 2), front - .3 * np.abs(x)], -1),
                       thick, color, frame, FACE))
    return pieces


def skull(head, over):
    """Centre and radii of an ellipsoid over all that is above the brows, `over` metres wider."""
    points = np.concatenate([p.vertices for p in head.pieces if not p.stiff and not p.alpha_cut])
    points = points[(points[:, 1] > .045) & (np.abs(points[:, 0]) < .2)]
    low, high = np.percentile(points, [1, 99], axis=0)
    low[1] = .035
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
            shrink = np.where((unit[:, 1:2] > -.1) & (length > .95), .95 / length, 1)
            vertices = (centre + unit * shrink * radii).astype(np.float32)
            piece = piece._replace(vertices=vertices)
        yield piece


def dome(centre, radii, start, stop=0.0, span=(0, 2 * np.pi)):
    """Points of an ellipsoid from height angle `start` up, over these angles around."""
    up, a = np.linspace(start, np.pi / 2, 12)[:, None], np.linspace(*span, 37)
    unit = np.stack([np.cos(up) * np.sin(a), np.sin(up) + 0 * a, np.cos(up) * np.cos(a)], -1)
    return centre + radii * unit


def hat(rng, head):
    """All pieces with a cap with a peak, a woollen hat, or a hood: (pieces, its name)."""
    kind = str(rng.choice(["cap", "beanie", "hood"]))
    texture = cloth_texture(rng)
    centre, radii = skull(head, .004)
    if kind == "hood":
        radii = radii + [.02, .03, .03]
        a = np.linspace(-np.pi / 2, np.pi / 2, 25)[:, None]
        d = np.linspace(-np.pi / 2, .35, 16)
        arch = np.stack([np.sin(a) * np.cos(d), np.cos(a) * np.cos(d), np.sin(d) + 0 * a], -1)
        top = centre - [0, .03, .0] + radii * [1.05, 1.15, 1.15] * arch
        skirt = top[[0, -1]] - [0, .16, 0]
        points = np.concatenate([skirt[:1], top, skirt[1:]])
        return [*head.pieces, surface(points, texture, CLOTH, stiff=False, repeat=4)], kind
    points = dome(centre, radii, .05 if kind == "beanie" else .12)
    pieces = [*tucked(head.pieces, centre, radii), surface(points, texture, CLOTH, repeat=4)]
    if kind == "cap":
        a = np.linspace(-1.05, 1.05, 15)
        out = np.linspace(.97, 1.0 + rng.uniform(.45, .7), 5)[:, None]
        reach = 1 + (out - 1) * np.cos(a * 1.4)
        x, z = radii[0] * reach * np.sin(a), radii[2] * reach * np.cos(a)
        y = .14 * radii[1] - .12 * np.maximum(z - radii[2] * .9, 0) - 1.5 * x * x
        pieces.append(surface(centre + np.stack([x, y, z], -1), texture, CLOTH))
    return pieces, kind


def headphones(rng, head):
    color = srgb(np.ones((2, 2, 3)) * log_uniform(rng, .01, .6) * lights.tint(rng, .2))
    material = Material(gloss=.4, roughness=.4)
    centre, radii = skull(head, .012)
    a = np.linspace(-1.75, 1.75, 25)
    band = centre + [0, 0, -.01] + np.stack([radii[0] * np.sin(a), radii[1] * np.cos(a), 0 * a], -1)
    pieces = [tube(band, .007, color, material)]
    r, around = np.linspace(0, np.pi, 9)[:, None], np.linspace(0, 2 * np.pi, 19)
    for side in (-1, 1):
        at = np.array([side * (radii[0] - .004), -.015, centre[2] - .01])
        ball = np.stack([.018 * np.cos(r) + 0 * around, .035 * np.sin(r) * np.cos(around),
                         .03 * np.sin(r) * np.sin(around)], -1)
        pieces.append(surface(at + ball, color, material))
    return pieces


# ---- the scene


def head_scene(assets, rng, source, identity, times, rig):
    """A Scene of one of `identities`: framing, motion, expression and accessories drawn."""
    name = identity.split("/")[1]
    extra = rng.random()
    head = load_valid(str(assets), name) if source == "valid" else make_ict(str(assets), int(name))
    pieces, params = head.pieces, {"accessories": []}
    if extra < .12:
        pieces, kind = hat(rng, head)
        params["accessories"].append(kind)
    elif extra < .18:
        pieces = pieces + headphones(rng, head)
        params["accessories"].append("headphones")
    if rng.random() < .3:
        pieces = pieces + glasses(rng, head)
        params["accessories"].append("glasses")
    names = MOODS[source]
    weights = rng.uniform(0, .35, len(names)) * (rng.random(len(names)) < .25)
    mood = dict(zip(names, weights.tolist()))
    mood |= dict.fromkeys(MOVES[source]["blink"], rng.uniform(0, .25))  # how wide the eyes are
    gloss = log_uniform(rng, .5, 1.6)
    tint = np.clip(lights.tint(rng, .05) * log_uniform(rng, .85, 1.1), .5, 1.3).tolist()
    hair = np.clip(lights.tint(rng, .08) * log_uniform(rng, .6, 1.3), .3, 2).tolist()
    params |= {"mood": {key: w for key, w in mood.items() if w}, "gloss": gloss, "tint": tint,
               "hair": hair, "gaze": rng.normal(0, .06, 2).tolist(),
               "trunk": float(rng.normal(0, .12))}
    return Scene(source, identity, head._replace(pieces=pieces), scene.framing(rng),
                 np.asarray(times, np.float64), scene.motion(rng, times), rig, params)


def turns(yaw, pitch, roll):
    """[3][3]: scene.Motion's angles of a head."""
    def turn(axis, angle):
        return cv2.Rodrigues(np.float64(axis) * float(angle))[0]
    return turn((0, 0, 1), roll) @ turn((0, 1, 0), yaw) @ turn((1, 0, 0), -pitch)


class Scene:
    """See scene.py; shoot's times are those of the motion."""

    def __init__(self, source, identity, head, framing, times, motion, rig, params):
        self.source, self.identity, self.head = source, identity, head
        self.framing, self.times, self.motion, self.rig = framing, times, motion, rig
        self.params = {"framing": list(framing), "light": rig.family, **rig.params, **params}
        high = -head.chin[1]  # eyes to chin
        self.top = .66 * high
        self.pivot = np.array([0, head.chin[1] - .02, -.08])
        self.bend = [self._bend(piece) for piece in head.pieces]

    def _bend(self, piece):
        """[n][1] 0: moves with the trunk .. 1: with the skull."""
        if piece.stiff or piece.eye is not None:
            return np.ones((len(piece.vertices), 1))
        t = np.clip((piece.vertices[:, 1:2] - self.head.chin[1] + .09) / .08, 0, 1)
        return t * t * (3 - 2 * t)

    def shoot(self, renderer, size, times_s):
        steps = [int(np.abs(self.times - t).argmin()) for t in times_s]
        handles = {}
        for piece in self.head.pieces:
            key = texture_key(piece.texture)
            if key not in handles:
                handles[key] = texture_of(renderer, piece.texture)
        frames = [self._frame(renderer, size, step, handles) for step in steps]
        for key, handle in handles.items():
            if isinstance(key, int):
                renderer.release(handle)
        return Shot(*(np.stack(parts) for parts in zip(*frames)))

    def _frame(self, renderer, size, step, handles):
        m, f = self.motion, self.framing
        focal = f.fraction * size * f.distance / (self.top - self.head.chin[1])
        skull_turn = turns(m.yaw[step], m.pitch[step], m.roll[step])
        trunk_turn = turns(self.params["trunk"] + .3 * m.yaw[0], 0, .2 * m.roll[step])
        camera = lights.rotation(*m.camera[step])
        middle = np.array([0, (self.top + self.head.chin[1]) / 2, 0])
        first = turns(m.yaw[0], m.pitch[0], m.roll[0]) @ (middle - self.pivot) + self.pivot
        place = np.array([f.x * size / focal, -f.y * size / focal, -1]) * f.distance
        place = place + m.shift[step] - first

        def world(points, bend):
            points = points - self.pivot
            still = points @ trunk_turn.T
            moved = still + bend * (points @ skull_turn.T - still)
            return ((moved + self.pivot + place) @ camera.T).astype(np.float32)
        weights = dict(self.params["mood"])
        for name, path in (("blink", m.blink), ("mouth", m.mouth), ("smile", m.smile)):
            for key in MOVES[self.source][name]:
                most = .55 if key == "jawOpen" else 1
                weights[key] = min(weights.get(key, 0) + most * float(path[step]), 1)
        smiling = float(m.smile[step]) * .2 if self.source == "ict" else weights.get("AE_AA", 0)
        speechless = smiling + float(m.mouth[step]) < .03
        meshes, outline = [], []
        for piece, bend in zip(self.head.pieces, self.bend):
            if piece.oral and speechless:
                continue
            v = piece.vertices
            for key, weight in weights.items():
                if weight and key in piece.deltas:
                    v = v + np.float32(weight) * piece.deltas[key]
            if piece.eye is not None:
                v = self._gaze(v, self.head.eyes[piece.eye], skull_turn)
            mesh = self._mesh(piece, world(v, bend), handles)
            if piece.face is None:
                meshes.append(mesh)
            else:
                inside = piece.triangles[piece.face]
                meshes += [mesh._replace(triangles=inside, part=FACE),
                           mesh._replace(triangles=piece.triangles[~piece.face])]
                outline = mesh.vertices[np.unique(inside)]
        background = self.rig.background(size, focal, camera)
        picture = renderer.draw(meshes, focal, size, self.rig.light(camera), background)
        eyes = pixels(world(self.head.eyes, 1), focal, size)
        at = pixels(outline, focal, size)
        low, high = at.min(0), at.max(0)
        return (picture.color, picture.depth, picture.part == FACE, picture.part > 0,
                eyes[eyes[:, 0].argsort()], np.concatenate([low, high - low]))

    def _gaze(self, v, centre, skull_turn):
        """The eyes stay on the camera or near it."""
        wanted = skull_turn.T @ np.array([*self.params["gaze"], 1])
        yaw, pitch = (np.clip(np.arctan2(w, wanted[2]), -.35, .35) for w in wanted[:2])
        return (v - centre) @ turns(yaw, pitch, 0).T.astype(np.float32) + centre

    def _mesh(self, piece, vertices, handles):
        material = piece.material
        if material.skin:
            material = material._replace(gloss=material.gloss * self.params["gloss"],
                                         tint=self.params["tint"])
        elif material is HAIR:
            material = material._replace(tint=self.params["hair"])
        normals = render.smooth_normals(vertices, piece.triangles, piece.weld)
        return render.Mesh(vertices, piece.triangles, piece.uv,
                           handles[texture_key(piece.texture)], normals, material, piece.part,
                           piece.alpha_cut, piece.closed)


def pixels(points, focal, size):
    """Camera space [n][3] -> [n][2] float32."""
    return (points[:, :2] * [1, -1] / -points[:, 2:] * focal + size / 2).astype(np.float32)


def texture_key(texture):
    return texture if isinstance(texture, Path) else id(texture)


FILES = {}  # (renderer, path) -> handle: a file's texture stays, a painted one goes after the shoot


def texture_of(renderer, texture):
    if not isinstance(texture, Path):
        return renderer.texture(texture)
    key = renderer, texture
    if key not in FILES:
        image = cv2.imread(str(texture), cv2.IMREAD_UNCHANGED)
        image = cv2.resize(image, (1024, 1024), interpolation=cv2.INTER_AREA)
        image = cv2.cvtColor(image, cv2.COLOR_BGRA2RGBA if image.shape[2] == 4
                             else cv2.COLOR_BGR2RGB)
        FILES[key] = renderer.texture(image)
    return FILES[key]
