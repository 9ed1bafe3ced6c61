"""A live person with a modelled head: moved, dressed, lit and drawn."""

from pathlib import Path

import cv2
import numpy as np

from . import lights, render, scene
from .head import FACE, HAIR
from .heads import MOODS, MOVES, load_valid, make_ict
from .scene import Shot, log_uniform, turn
from .wear import glasses, hat, headphones


def head_scene(assets, rng, source, identity, times, rig):
    """A Scene of one of `identities`: framing, motion, expression and accessories drawn."""
    name = identity.split("/")[1]
    extra = rng.random()
    head = load_valid(str(assets), name) if source == "valid" else make_ict(str(assets), int(name))
    pieces, params = head.pieces, {"accessories": []}
    if extra < 0.12:
        pieces, kind = hat(rng, head)
        params["accessories"].append(kind)
    elif extra < 0.18:
        pieces = pieces + headphones(rng, head)
        params["accessories"].append("headphones")
    if rng.random() < 0.3:
        pieces = pieces + glasses(rng, head)
        params["accessories"].append("glasses")
    names = MOODS[source]
    weights = rng.uniform(0, 0.35, len(names)) * (rng.random(len(names)) < 0.25)
    mood = dict(zip(names, weights.tolist()))
    mood |= dict.fromkeys(MOVES[source]["blink"], rng.uniform(0, 0.25))  # how wide the eyes are
    gloss = log_uniform(rng, 0.5, 1.6)
    tint = np.clip(lights.tint(rng, 0.05) * log_uniform(rng, 0.85, 1.1), 0.5, 1.3).tolist()
    hair = np.clip(lights.tint(rng, 0.08) * log_uniform(rng, 0.6, 1.3), 0.3, 2).tolist()
    params |= {
        "mood": {key: w for key, w in mood.items() if w},
        "gloss": gloss,
        "tint": tint,
        "hair": hair,
        "gaze": rng.normal(0, 0.06, 2).tolist(),
        "trunk": float(rng.normal(0, 0.12)),
    }
    return Scene(
        source,
        identity,
        head._replace(pieces=pieces),
        scene.framing(rng),
        np.asarray(times, np.float64),
        scene.motion(rng, times),
        rig,
        params,
    )


class Scene:
    """See scene.py; shoot's times are those of the motion."""

    def __init__(self, source, identity, head, framing, times, motion, rig, params):
        self.source, self.identity, self.head = source, identity, head
        self.framing, self.times, self.motion, self.rig = framing, times, motion, rig
        self.params = {"framing": list(framing), "light": rig.family, **rig.params, **params}
        high = -head.chin[1]  # eyes to chin
        self.top = 0.66 * high
        self.pivot = np.array([0, head.chin[1] - 0.02, -0.08])
        self.bend = [self._bend(piece) for piece in head.pieces]

    def _bend(self, piece):
        """[n][1] 0: moves with the trunk .. 1: with the skull."""
        if piece.stiff or piece.eye is not None:
            return np.ones((len(piece.vertices), 1))
        t = np.clip((piece.vertices[:, 1:2] - self.head.chin[1] + 0.09) / 0.08, 0, 1)
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
        skull_turn = turn(m.yaw[step], m.pitch[step], m.roll[step])
        trunk_turn = turn(self.params["trunk"] + 0.3 * m.yaw[0], 0, 0.2 * m.roll[step])
        camera = lights.rotation(*m.camera[step])
        middle = np.array([0, (self.top + self.head.chin[1]) / 2, 0])
        first = turn(m.yaw[0], m.pitch[0], m.roll[0]) @ (middle - self.pivot) + self.pivot
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
                most = 0.55 if key == "jawOpen" else 1
                weights[key] = min(weights.get(key, 0) + most * float(path[step]), 1)
        smiling = float(m.smile[step]) * 0.2 if self.source == "ict" else weights.get("AE_AA", 0)
        speechless = smiling + float(m.mouth[step]) < 0.03
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
                meshes += [
                    mesh._replace(triangles=inside, part=FACE),
                    mesh._replace(triangles=piece.triangles[~piece.face]),
                ]
                outline = mesh.vertices[np.unique(inside)]
        background = self.rig.background(size, focal, camera)
        picture = renderer.draw(meshes, focal, size, self.rig.light(camera), background)
        eyes = pixels(world(self.head.eyes, 1), focal, size)
        at = pixels(outline, focal, size)
        low, high = at.min(0), at.max(0)
        return (
            picture.color,
            picture.depth,
            picture.part == FACE,
            picture.part > 0,
            eyes[eyes[:, 0].argsort()],
            np.concatenate([low, high - low]),
        )

    def _gaze(self, v, centre, skull_turn):
        """The eyes stay on the camera or near it."""
        wanted = skull_turn.T @ np.array([*self.params["gaze"], 1])
        yaw, pitch = (np.clip(np.arctan2(w, wanted[2]), -0.35, 0.35) for w in wanted[:2])
        return (v - centre) @ turn(yaw, pitch, 0).T.astype(np.float32) + centre

    def _mesh(self, piece, vertices, handles):
        material = piece.material
        if material.skin:
            material = material._replace(
                gloss=material.gloss * self.params["gloss"], tint=self.params["tint"]
            )
        elif material is HAIR:
            material = material._replace(tint=self.params["hair"])
        normals = render.smooth_normals(vertices, piece.triangles, piece.weld)
        return render.Mesh(
            vertices,
            piece.triangles,
            piece.uv,
            handles[texture_key(piece.texture)],
            normals,
            material,
            piece.part,
            piece.alpha_cut,
            piece.closed,
        )


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
        image = cv2.cvtColor(
            image, cv2.COLOR_BGRA2RGBA if image.shape[2] == 4 else cv2.COLOR_BGR2RGB
        )
        FILES[key] = renderer.texture(image)
    return FILES[key]
