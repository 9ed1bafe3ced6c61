"""A live person with a portrait's face: moved, lit and drawn."""

import cv2
import numpy as np

from training.data import facemesh

from . import lights, render, scene
from .portraits import FACE, MOUTH_CORNERS, REST, to_linear

MAX_TURN = np.array([0.35, 0.22, 0.55])  # radians of yaw, pitch, roll from the photo's pose
NECK = np.array([0, -0.09, -0.03])  # metres, own space: what the head turns about
WRIST = 0.25  # metres
PIT = (40, 18, 17)  # sRGB of an open mouth
LID_RINGS = ((247, 30, 29, 27, 28, 56, 190), (467, 260, 259, 257, 258, 286, 414))  # above the lids


def express(portrait, blink, mouth, smile):
    """-> vertices [v][3], own space. blink, mouth, smile: 0..1"""
    p = portrait.vertices.copy()
    face = p[: facemesh.POINTS]
    if smile:
        centre = face[list(MOUTH_CORNERS)].mean(0)
        for k in MOUTH_CORNERS:
            side = np.sign(face[k, 0] - centre[0])
            near = np.exp(-((np.linalg.norm(face - face[k], axis=1) / 0.022) ** 2))[:, None]
            face += near * np.array([side * 0.0045, 0.005, -0.002], np.float32) * smile
    p += portrait.jaw[:, None] * np.array([0, -0.014, -0.004], np.float32) * mouth
    for upper, lower, ring in zip(facemesh.UPPER_LIDS, facemesh.LOWER_LIDS, LID_RINGS):
        drop = (face[list(lower)] - face[list(upper)]) * blink
        face[list(upper)] += 0.93 * drop + (0, 0, 0.001 * blink)
        face[list(ring)] += 0.45 * drop
    return p


class PortraitScene:
    """One person under one light; the poses of all frames are fixed when it is drawn."""

    def __init__(self, source, identity, params, portrait, motion, framing, rig):
        self.source, self.identity, self.params = source, identity, params
        self.portrait, self.motion, self.framing, self.rig = portrait, motion, framing, rig
        self.native_face_px = portrait.native_face_px
        self.cameras = [lights.rotation(*turn) for turn in motion.camera]
        first = self.placed(0, np.zeros(3), 0)[: facemesh.POINTS]
        flat = first[:, :2] / -first[:, 2:]
        self.focal = framing.fraction / np.ptp(flat[:, 1])  # over the window's side
        wanted = np.array([framing.x, -framing.y]) / self.focal
        centre = (flat.min(0) + flat.max(0)) / 2
        self.offset = np.append((wanted - centre) * framing.distance, 0)

    def angles(self, i):
        """Turn of the head from the photo's own pose: the drawn pose as far as MAX_TURN lets it"""
        drawn = np.stack([self.motion.yaw, self.motion.pitch, self.motion.roll], -1)
        start = np.clip(drawn[0] - self.portrait.pose, -0.8 * MAX_TURN, 0.8 * MAX_TURN)
        return np.clip(start + drawn[i] - drawn[0], -MAX_TURN, MAX_TURN)

    def hand(self, i):
        """Metres that the camera has moved: the hand turns it about a point WRIST behind it"""
        yaw, pitch, _ = self.motion.camera[i]
        return WRIST * np.array([yaw, pitch, 0])

    def placed(self, i, offset, opened):
        """Vertices of frame i [v][3] in camera space; opened: the mouth, 0..1"""
        p, m = self.portrait, self.motion
        points = express(p, float(m.blink[i]), opened, float(m.smile[i]))
        head = (points - NECK) @ scene.turn(*self.angles(i)).T + NECK + m.shift[i]
        body = points + 0.5 * m.shift[i]
        points = body + (head - body) * p.turning[:, None]
        front = p.vertices[: facemesh.POINTS, 2].mean()
        points += offset - (0, 0, self.framing.distance + front)
        return ((points - self.hand(i)) @ self.cameras[i].T).astype(np.float32)

    def background(self, i, size):
        """[size][size][3] linear: the rig's, or the photo's own on a plane `behind_m` past the
        face"""
        if self.params["background"] == "rig":
            return self.rig.background(size, self.focal * size, self.cameras[i])
        far = self.framing.distance + self.params["behind_m"]
        half = self.params["behind_side"] * far / self.focal / 2
        corners = np.array(
            [[-half, half, -far], [half, half, -far], [half, -half, -far], [-half, -half, -far]]
        )
        points = (corners - self.hand(i)) @ self.cameras[i].T
        pixels = (points[:, :2] / -points[:, 2:] * (1, -1) * self.focal + 0.5) * size
        k = len(self.portrait.behind)
        matrix = cv2.getPerspectiveTransform(
            np.array([[0, 0], [k, 0], [k, k], [0, k]], np.float32) - 0.5,
            (pixels - 0.5).astype(np.float32),
        )
        picture = cv2.warpPerspective(
            self.portrait.behind,
            matrix,
            (size, size),
            flags=cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_REFLECT_101,
        )
        return to_linear(picture) * np.float32(self.params["behind_gain"])

    def meshes(self, points, closed, opened, texture, dark):
        """points [v][3] of one frame, closed: the same but for a mouth `opened` (0..1) in points,
        whose inside stays with the upper jaw in front of a dark pit"""
        p = self.portrait
        material = render.Material(
            emissive=self.params["own_light"], tint=tuple(self.params["tint"])
        )
        back = np.array([0, 0, -0.003], np.float32)
        normals = render.smooth_normals(closed, np.concatenate([p.face, p.inner, p.rest]))
        normals[np.linalg.norm(normals, axis=1) < 0.5] = 0, 0, 1
        meshes = [
            render.Mesh(points, p.face, p.uv, texture, normals, material, FACE),
            render.Mesh(points, p.rest, p.uv, texture, normals, material, REST, True),
            render.Mesh(
                closed + back * min(1, 5 * opened), p.inner, p.uv, texture, normals, material, FACE
            ),
        ]
        if opened > 0:
            lips = points[list(facemesh.INNER_LIPS)]
            pit = lips.mean(0) + 1.4 * (lips - lips.mean(0)) + 3 * back
            fan = np.stack([np.zeros(18), np.arange(2, 20), np.arange(1, 19)], -1)
            meshes.append(
                render.Mesh(
                    pit.astype(np.float32),
                    fan.astype(np.int32),
                    np.zeros((20, 2), np.float32),
                    dark,
                    np.float32([[0, 0, 1]] * 20),
                    material,
                    FACE,
                )
            )
        return meshes

    def shoot(self, renderer, size, times):
        """-> scene.Shot. times: as many as the scene was drawn with"""
        if len(times) != len(self.motion.yaw):
            raise ValueError(f"{len(times)} frames of a scene of {len(self.motion.yaw)}")
        texture = renderer.texture(self.portrait.canvas)
        dark = renderer.texture(np.full((2, 2, 3), PIT, np.uint8))
        pictures, eyes, boxes = [], [], []
        for i in range(len(times)):
            opened = float(self.motion.mouth[i])
            points = self.placed(i, self.offset, opened)
            meshes = self.meshes(points, self.placed(i, self.offset, 0), opened, texture, dark)
            pictures.append(
                renderer.draw(
                    meshes,
                    self.focal * size,
                    size,
                    self.rig.light(self.cameras[i]),
                    self.background(i, size),
                )
            )
            face = points[: facemesh.POINTS]
            pixels = (face[:, :2] / -face[:, 2:] * (1, -1) * self.focal + 0.5) * size
            boxes.append(np.concatenate([pixels.min(0), np.ptp(pixels, 0)]))
            eyes.append(facemesh.eye_centres(pixels))
        renderer.release(texture)
        renderer.release(dark)
        part = np.stack([p.part for p in pictures])
        shot = scene.Shot(
            np.stack([p.color for p in pictures]),
            np.stack([p.depth for p in pictures]),
            part == FACE,
            part > 0,
            np.array(eyes, np.float32),
            np.array(boxes, np.float32),
        )
        return scene.mirrored(shot) if self.params["flip"] else shot


def portrait_scene(cache, rng, source, identity, times, rig):
    """Draws a scene of one photo of `identities`. rig: lights.LightRig, laid over the photo's own
    light"""
    portrait = cache.get(source, identity)
    motion, framing = scene.motion(rng, times), scene.framing(rng)
    gain = scene.log_uniform(rng, 0.4, 1.4)
    cast = np.exp(rng.normal(0, 0.06) * np.array([1, 0, -1]) + rng.normal(0, 0.02, 3))
    params = {
        "own_light": float(rng.uniform(0.15, 0.6)),
        "tint": [float(v) for v in gain * cast],
        "flip": bool(rng.random() < 0.5),
        "background": str(rng.choice(["own", "rig"])),
        "behind_m": scene.log_uniform(rng, 0.5, 3),
        "behind_side": float(rng.uniform(1.3, 2)),
        "behind_gain": float(gain * scene.log_uniform(rng, 0.6, 1.6)),
        "photo_pose": [float(v) for v in portrait.pose],
        **{name: float(value) for name, value in framing._asdict().items()},
        **{name: np.asarray(value).tolist() for name, value in motion._asdict().items()},
    }
    return PortraitScene(source, identity, params, portrait, motion, framing, rig)
