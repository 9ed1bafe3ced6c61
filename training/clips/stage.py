"""A whole camera frame: people cut out and put into a room, a carrier and hands before them.

Pixels of a frame [h][w]; camera space and carriers' space as in render.py and carriers.py. A person
is rendered once, in a square window of their own, without a background.
"""

import copy
from typing import NamedTuple

import cv2
import numpy as np

from training.data import depth_labels

from . import carriers, hands, lights, portraits, prints, render, replay
from . import plane as planes
from .furniture import furnish
from .scene import log_uniform, soften, walk

AROUND = .36  # height of the face over the side of a person's window: shoulders are in it
FACE = .17  # metres, the height of a face
SHOULDERS = .3  # metres behind the nearest point, where a depth label ends


class Cut(NamedTuple):
    """A person without a background, T frames."""

    color: np.ndarray  # [T][h][w][4] float32, linear, premultiplied; the last is the cover
    near: np.ndarray  # [T][h][w] float32, 1 the nearest point .. 0 SHOULDERS behind it
    face: np.ndarray  # [T][h][w] float32
    box: np.ndarray  # [4] left, top, width, height of the face in the first frame


class Picture(NamedTuple):
    """What a perfect camera would see, T frames."""

    light: np.ndarray  # [T][h][w][3] float32, linear
    near: np.ndarray  # [T][h][w] as Cut's, of the one whom the clip is about; 0 in attacks
    face: np.ndarray  # [T][h][w] float32, where that face appears
    grain: list | None  # as camera.take takes it


def livelier(motion, times):
    """All of a head's movement, times so much"""
    def more(path):
        return path[:1] + np.float32(times) * (path - path[:1])
    return motion._replace(**{name: more(getattr(motion, name))
                              for name in ("yaw", "pitch", "roll", "shift")})


def cut_out(scene, renderer, size, times, life):
    """A scene's person (not a video's), rendered by a render.CutOut in a window of this side; life:
    factor of the movement"""
    bare = copy.copy(scene.rig)
    bare.background = lambda *_: None
    scene = copy.copy(scene)
    scene.motion = livelier(scene.motion, life)
    framing = scene.framing._replace(fraction=AROUND, x=0.0, y=-.06)
    if isinstance(scene, portraits.PortraitScene):
        params = {**scene.params, "background": "rig"}
        scene = portraits.PortraitScene(scene.source, scene.identity, params, scene.portrait,
                                        scene.motion, framing, bare)
    else:
        scene.rig, scene.framing = bare, framing
    shot = scene.shoot(renderer, size, times)
    return Cut(shot.light, nearness(shot.depth, shot.face), shot.face.astype(np.float32),
               shot.box[0])


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
    scale = max(width / wide, height / high) * float(np.exp(rng.uniform(0, .5)))
    room = np.array([wide, high]) - np.array([width, height]) / scale
    corner = np.clip(centre - np.array([width, height]) / scale * rng.uniform(.35, .65, 2), 0, room)
    matrix = np.array([[scale, 0, -scale * corner[0]], [0, scale, -scale * corner[1]]])
    light = np.stack([cv2.warpAffine(portraits.to_linear(f), matrix, (width, height),
                                     flags=cv2.INTER_CUBIC if scale > 1 else cv2.INTER_LINEAR)
                      for f in frames])
    points = (points - (*corner, 0)) * np.float32(scale)
    grid = depth_labels.zbuffer(points, video.triangles, width, height)
    face = np.isfinite(grid)
    metres = portraits.FACE_HEIGHT / video.height_px(points[0])
    near = nearness(grid * np.float32(metres), face)
    boxes = np.concatenate([points[..., :2].min(1), np.ptp(points[..., :2], axis=1)], -1)
    body = outline(face, boxes) & ~face
    picture = Picture(light, np.maximum(near * face, .4 * body), face.astype(np.float32), None)
    return mirrored(picture) if clip.flip else picture


def outline(face, boxes):
    """face [T][h][w] -> a rough outline of head and shoulders"""
    height, width = face.shape[1:]
    y, x = np.mgrid[:height, :width] + .5
    x0, y0 = (boxes[:, :2] + boxes[:, 2:] / 2).T[..., None, None]
    w, h = boxes[:, 2:].T[..., None, None]
    head = ((x - x0) / (.68 * w)) ** 2 + ((y - y0 + .12 * h) / (.72 * h)) ** 2 < 1
    below = (y - y0 - .45 * h) / h
    return face | head | ((below > 0) & (np.abs(x - x0) < (.4 + 2.2 * below.clip(0, .5)) * w))


def mirrored(picture):
    return picture._replace(**{name: np.ascontiguousarray(getattr(picture, name)[:, :, ::-1])
                               for name in ("light", "near", "face")})


def seat(cut, height, width, at, scale):
    """A person in a frame: the centre of the face at `at` (x, y pixels), enlarged by scale; the
    body goes on below the window -> color [T][h][w][4], near and face [T][h][w]"""
    left, top, wide, high = cut.box
    matrix = np.array([[scale, 0, at[0] - scale * (left + wide / 2)],
                       [0, scale, at[1] - scale * (top + high / 2)]])
    side = cut.color.shape[1]
    missing = int(np.ceil((height - (matrix[1, 2] + scale * (side - 1))) / scale))
    interpolation = cv2.INTER_AREA if scale < .5 else cv2.INTER_LINEAR

    def placed(frames):
        if missing > 0:
            frames = np.concatenate([frames[:, :-1], below(frames[:, -2:-1], missing + 2,
                                                           wide)], 1)
        if scale < .7:
            frames = [soften(f, .45 / scale - .3) for f in frames]
        return np.stack([cv2.warpAffine(f, matrix, (width, height), flags=interpolation)
                         for f in frames])
    color = placed(cut.color)
    return color, placed(cut.near), placed(cut.face)


def below(last, count, face):
    """What is below the last row [T][1][w][..] of a person: count rows of plain cloth, which get as
    wide as shoulders if they are not; face: its width"""
    side = last.shape[2]
    if last.ndim == 4:  # colours run into each other, the outline stays
        cover = last[..., 3:]
        calm = np.stack([cv2.blur(row, (side // 3 | 1, 1)).reshape(1, side, 4)
                         for row in last])
        last = np.concatenate([calm[..., :3] / (calm[..., 3:] + 1e-3) * cover, cover], -1)
        there = np.flatnonzero(cover[0, 0, :, 0] > .5)
    else:
        there = np.flatnonzero(last[0, 0] > 0)
    x = np.arange(side, dtype=np.float32)
    down = np.minimum(np.arange(count, dtype=np.float32) / face, 1)[:, None]
    if len(there):
        middle, half = (there[0] + there[-1]) / 2, (there[-1] - there[0]) / 2 + 1
        grown = half + max(1.4 * face - half, 0) * np.sqrt(down * (2 - down))
        x = middle + (x - middle) * half / grown
    x = np.broadcast_to(x, (count, side)).astype(np.float32)
    return np.stack([cv2.remap(np.ascontiguousarray(row), x, np.zeros_like(x), cv2.INTER_LINEAR,
                               borderMode=cv2.BORDER_CONSTANT) for row in last])


def over(behind, color):
    """color [..][4] premultiplied over behind [..][3]"""
    return behind * (1 - color[..., 3:]) + color[..., :3]


def room(rng, rig, height, width, focal, turns):
    """What is behind everybody, T frames; turns [T][3]: the camera's."""
    side = int(1.12 * max(height, width))
    sharp = copy.copy(rig)
    sharp.params = {**rig.params, "blur": rig.params["blur"] * rng.uniform(0, .2)}
    still = sharp.background(side, focal, np.eye(3, dtype=np.float32)).copy()
    still *= np.float32(np.clip(log_uniform(rng, .1, 1.2) / (np.median(still) + 1e-3), 1, 8))
    if rng.random() < .85:
        furnish(rng, still)
        if rng.random() < .4:
            still = soften(still, rng.uniform(0, 2) * side / 500)
    found = []
    for yaw, pitch, roll in turns:
        matrix = cv2.getRotationMatrix2D((side / 2, side / 2), np.degrees(roll), 1)
        matrix[:, 2] += (width - side) / 2 - focal * yaw, (height - side) / 2 + focal * pitch
        found.append(cv2.warpAffine(still, matrix, (width, height), flags=cv2.INTER_LINEAR,
                                    borderMode=cv2.BORDER_REPLICATE))
    return np.stack(found)


def ambient(rig):
    """Light of a white card that faces the camera [3]"""
    ahead = render.harmonics(np.array([0, 0, 1])) @ rig.sh
    return np.maximum(ahead + rig.key_color * max(float(rig.key[2]), 0), .05).astype(np.float32)


def walk_about(rng, times, width):
    """[T][2][3]: small shifts, turns and zooms of a whole frame, often none"""
    hand = log_uniform(rng, .002, .08) * (rng.random() < .7)
    dx, dy, turn, zoom = (walk(rng, times, hand) for _ in range(4))
    return [cv2.getRotationMatrix2D((width / 2, width * .375), 30 * turn[t], np.exp(zoom[t]))
            + np.array([[0, 0, dx[t] * width], [0, 0, dy[t] * width]]) for t in range(len(times))]


# --- a carrier's way through the clip ---

class Way(NamedTuple):
    turns: np.ndarray  # [T][3][3] from the carrier's space to camera space, both y up
    places: np.ndarray  # [T][3], of its centre
    params: dict

    def homography(self, t, focal, height, width):
        """[3][3]: carrier's metres (y down) -> pixels"""
        turn = self.turns[t]
        lens = np.array([[focal, 0, -width / 2], [0, -focal, -height / 2], [0, 0, -1]])
        return lens @ np.column_stack([turn[:, 0], -turn[:, 1], self.places[t]])


def way(rng, times, held, scale, focal, point, at, shape, turns):
    """A carrier whose place `point` (metres, y down) is seen at `at` (pixels) in the first frame, at
    scale pixels a metre. held: by a hand; turns [T][3]: the camera's."""
    height, width = shape
    distance = focal / scale
    tilt = rng.normal(0, 1, 3) * ([.2, .2, .12] if held else [.25, .12, .03])
    if held and rng.random() < .12:
        tilt[2] += rng.uniform(-.6, .6)
    hand = log_uniform(rng, .004, .25) * (held or rng.random() < .1)  # a second
    swing = rng.normal(0, .5, 3) * (rng.random() < .15) * (held or rng.random() < .2)
    approach = rng.normal(0, .3) * (rng.random() < .2) * held
    found_turns, places = [], []
    paths = [walk(rng, times, .8 * hand) for _ in range(6)]
    spot = np.array([point[0], -point[1], 0])
    for t, time in enumerate(times):
        angles = tilt + [path[t] for path in paths[:3]] + .6 * swing * time
        turn = planes.rotation(*angles)
        ray = np.array([(at[0] - width / 2) / focal, (height / 2 - at[1]) / focal, -1])
        place = distance * np.exp(-approach * time) * ray - turn @ spot
        place = place + distance * np.array([.7, .7, 1]) * [path[t] for path in paths[3:]]
        look = lights.rotation(*turns[t])
        found_turns.append(look @ turn)
        places.append(look @ place)
    return Way(np.stack(found_turns), np.stack(places),
               {"tilt": tilt.tolist(), "hand": float(hand), "swing": swing.tolist(),
                "approach": float(approach), "distance": float(distance)})


class Bend(NamedTuple):
    """How far a sheet is from flat."""

    axis: float
    amount: float
    crease: tuple | None

    def apply(self, x, y, size):
        """Pixels' places on the flat sheet [n] -> those on the bent one, and its shade. size:
        metres, of the sheet"""
        c, s = np.float32(np.cos(self.axis)), np.float32(np.sin(self.axis))
        along = (x * c + y * s) / np.float32(size)
        moved = np.float32(.3 * self.amount) * along * np.abs(along)
        shade = np.exp(np.float32(-1.2 * self.amount) * along)
        if self.crease:
            place, strength = (np.float32(v) for v in self.crease)
            shade = shade * (1 + .5 * strength * np.tanh((along - place) / np.float32(.01)))
            moved = moved + np.float32(.04) * np.abs(strength) * np.abs(along - place)
        moved *= np.float32(size)
        return x + moved * c, y + moved * s, shade


def bend(rng):
    crease = (float(rng.uniform(-.3, .3)), float(rng.normal(0, .3))) if rng.random() < .3 else None
    return Bend(float(rng.choice([0, np.pi / 2]) + rng.normal(0, .3)),
                float(rng.normal(0, .5)) * (rng.random() < .7), crease)


FLAT = Bend(0.0, 0.0, None)


def seen(homography, body, height, width):
    """Rows and columns of the frame in which a carrier lies, at least two each; None: outside"""
    left, top, right, bottom = body
    corners = np.array([[left, top, 1], [right, top, 1], [right, bottom, 1], [left, bottom, 1]])
    points = corners @ homography.T
    if (points[:, 2] < 1e-6).any():
        return slice(0, height), slice(0, width)
    points = points[:, :2] / points[:, 2:]
    low = np.maximum(points.min(0) - 4, 0).astype(int)
    high = np.minimum(points.max(0) + 5, (width, height)).astype(int)
    return (slice(low[1], high[1]), slice(low[0], high[0])) if (high - low > 2).all() else None


class Show:
    """A carrier with its picture before a camera."""

    def __init__(self, rng, carrier, instrument, camera, scale, ambient, reflected):
        """instrument: replay.Display or prints.Sheet; scale: pixels a metre; ambient [3]: light of
        a white card in the room; reflected [h][w][3]: what a mirror would show"""
        self.carrier, self.instrument, self.camera = carrier, instrument, camera
        self.scale, self.ambient = scale, np.float32(ambient)
        longest = 2 * max(carrier.half)
        self.canvas = carriers.Canvas(rng, carrier, min(1.05 * scale, 1400 / longest))
        self.bend = FLAT if carrier.density else bend(rng)
        height, width = reflected.shape[:2]
        spots = cv2.resize(planes.glare(rng, 160), (width, height)) * (rng.random() < .6)
        gloss = np.float32(instrument.gloss * (1 if carrier.density else rng.uniform(.03, .15)))
        self.shine = gloss * (6 * spots * self.ambient + soften(reflected, width * log_uniform(
            rng, .004, .04)) * rng.uniform(.3, 1.5)) + gloss * np.float32(.2) * self.ambient
        self.bands = log_uniform(rng, 1.5, 12), rng.uniform(0, 2 * np.pi), rng.normal(0, 1.5)
        self.fibres = cv2.GaussianBlur(rng.standard_normal((256, 256), dtype=np.float32), (0, 0),
                                       rng.uniform(.6, 2))
        self.fibres /= self.fibres.std()
        self.specks = rng.standard_normal((height, width), dtype=np.float32)
        self.lighting = np.float32(.7 + .6 * planes.smooth_field(rng, 64, 3))

    def light(self, content):
        """A frame of the photo or video [..][3] uint8 -> what the canvas sends out [h][w][3]"""
        shown, lit = self.canvas.show(content), self.canvas.lit[..., None]
        if self.carrier.density:
            display = self.instrument
            shell = np.float32(self.carrier.shell) * self.ambient
            return replay.show(display, shown) * np.float32(display.brightness) * lit \
                + shell * (1 - lit)
        paper = self.instrument.white
        return (prints.ink(self.instrument, shown) * lit + paper * (1 - lit)) * self.ambient

    def draw(self, t, homography, behind, light, mask):
        """Over the frame behind [h][w][3]; light of the canvas, mask [a][b] of the picture's face,
        or None -> frame, face [h][w], grain [h][w][3] or None, cover [h][w]"""
        height, width = behind.shape[:2]
        face, cover = (np.zeros((height, width), np.float32) for _ in range(2))
        part = seen(homography, self.carrier.body, height, width)
        if part is None:
            return behind, face, None, cover
        rows, columns = part
        u, v = np.meshgrid(np.arange(columns.start, columns.stop, dtype=np.float32) + .5,
                           np.arange(rows.start, rows.stop, dtype=np.float32) + .5)
        h = np.linalg.inv(homography).astype(np.float32)
        w = h[2, 0] * u + h[2, 1] * v + h[2, 2]
        x = (h[0, 0] * u + h[0, 1] * v + h[0, 2]) / w
        y = (h[1, 0] * u + h[1, 1] * v + h[1, 2]) / w
        flat_x, flat_y = x, y
        x, y, shade = self.bend.apply(x, y, 2 * self.carrier.half[1])
        left, top = self.carrier.body[:2]
        across = ((x - left) * self.canvas.scale - .5).astype(np.float32)
        down = ((y - top) * self.canvas.scale - .5).astype(np.float32)

        def sampled(picture):
            return cv2.remap(picture, across, down, cv2.INTER_LINEAR,
                             borderMode=cv2.BORDER_CONSTANT)
        body, lit = sampled(self.canvas.body), sampled(self.canvas.lit)
        picture = sampled(light) / np.maximum(body, .02)[..., None]
        grain = self.pattern(x, y, flat_x, flat_y, lit, picture, rows, columns)
        if self.carrier.density:
            display = self.instrument
            along = (x * np.cos(display.falloff_angle) + y * np.sin(display.falloff_angle))
            picture = picture * np.exp(-display.falloff / self.carrier.half[1] / 2
                                       * along)[..., None].astype(np.float32)
            if display.bands:
                speed, phase, step = self.bands
                wave = np.sin(2 * np.pi * speed * v / height + phase + step * t)
                picture = picture * (1 + np.float32(display.bands) * wave * lit)[..., None]
        else:
            field = cv2.resize(self.lighting, (width, height))[rows, columns]
            fibres = cv2.remap(self.fibres, (1500 * x % 256).astype(np.float32),
                               (1500 * y % 256).astype(np.float32), cv2.INTER_LINEAR,
                               borderMode=cv2.BORDER_WRAP)
            picture = picture * (field * shade * (1 + np.float32(self.instrument.texture)
                                                  * fibres))[..., None]
        shift = homography @ (0, 0, 1)
        shift = shift[:2] / shift[2] - (width / 2, height / 2)
        shine = cv2.warpAffine(self.shine, np.float32([[1, 0, .5 * shift[0]], [0, 1, .5 * shift[1]]]),
                               (width, height), borderMode=cv2.BORDER_REFLECT)[rows, columns]
        frame = behind.copy()
        alpha = body[..., None]
        frame[rows, columns] = behind[rows, columns] * (1 - alpha) + (picture + shine) * alpha
        cover[rows, columns] = body
        if mask is not None:
            left, top, right, bottom = self.carrier.picture
            high, wide = mask.shape
            face[rows, columns] = lit * cv2.remap(
                mask, ((x - left) * (wide / (right - left)) - .5).astype(np.float32),
                ((y - top) * (high / (bottom - top)) - .5).astype(np.float32),
                cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT)
        if grain is None:
            return frame, face, None, cover
        full = np.ones((height, width, 3), np.float32)
        full[rows, columns] = grain
        return frame, face, full, cover

    def pattern(self, x, y, flat_x, flat_y, lit, picture, rows, columns):
        """The structure too fine for the canvas, as a factor [h][w][3], or None"""
        if self.carrier.density:
            grid = replay.grid(self.instrument, x, y, self.carrier.density, self.camera,
                               self.scale / self.carrier.density)
            return None if grid is None else 1 + (grid - 1) * lit[..., None]
        sheet, level = self.instrument, np.clip(picture / self.ambient, 0, 1)
        moved = self.specks[rows, columns]
        change = moved[..., None] * np.float32(.5 * sheet.grain) * np.sqrt(level * (1 - level))
        if sheet.dots:
            dots = sheet.dots / .0254
            screen = prints.halftone(sheet, x, y, level, dots, self.scale / dots, self.camera)
            if screen is not None:
                change = change + screen
        return 1 + lit[..., None] * change / (level + np.float32(.02))


def holding(rng, assets, renderer, rig, path, carrier, focal, height, width):
    """(colour [h][w][4] premultiplied of the first frame, hands' params): one or two hands"""
    half = carrier.half
    deep = .015 if carrier.kind in ("phone", "tablet") else rng.uniform(.0, .02)
    grips = [hands.draw(rng, 2 * half[0], 2 * half[1], deep)]
    if rng.random() < (.5 if max(half) > .08 else .15):
        grips.append(hands.draw(rng, 2 * half[0], 2 * half[1], deep))
    color, alpha = hands.sprite(rng, assets, renderer, rig.light(np.eye(3, dtype=np.float32)),
                                (path.turns[0], path.places[0]), half, focal, height, width, grips)
    return np.dstack([color * alpha[..., None], alpha]), [grip._asdict() for grip in grips]


def carried(sprite, path, t, focal, height, width):
    """What moves with a carrier in a later frame"""
    first, now = (path.homography(k, focal, height, width) for k in (0, t))
    return cv2.warpPerspective(sprite, now @ np.linalg.inv(first), (width, height),
                               flags=cv2.INTER_LINEAR)

