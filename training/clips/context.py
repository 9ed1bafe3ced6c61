"""Makes a data set of whole camera frames: pairs of a person in a room and an attack as people do
it, from which all views are cut.

    python3 -m training.clips.context DATA --assets ASSETS --pairs 3000 200 400

What of a pair is shared and what tells live from attack is as in make.py, but for what surrounds
the face: the hand, the edge of the screen or the sheet, the room that gets dark before a bright
screen belong to attacks and stay. A person is rendered once for TAKES pairs, which differ in room,
camera, framing and attack.
"""

from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np

from training.data.clipset import SPLITS
from training.data.depth_labels import CROP_SCALE
from training.data.product import Product, rgba

from . import (
    attack,
    building,
    camera,
    carriers,
    families,
    lights,
    people,
    presented,
    prints,
    render,
    replay,
    sources,
    stage,
)
from .labels import Rejected, label_map, need_face
from .make import FRAMES, INTERVAL, even
from .matching import defocus_apart, flare_to_match
from .scene import by_share, log_uniform
from .store import Clip

# name -> crop over the face's box, side, filter, held: all frames by the first one's face
VIEWS = {
    "tight": {"scale": CROP_SCALE, "size": 128, "filter": "triangle", "held": True},
    "context": {"scale": 2.7, "size": 128, "filter": "triangle", "held": True},
    "near": {"scale": 2.7, "size": 80, "filter": "bilinear", "held": False},
    "wide": {"scale": 4.0, "size": 80, "filter": "bilinear", "held": False},
}
LARGEST = 400  # pixels of a person's window
TAKES = 3  # pairs of one rendered person
SHARES = {"replay": 0.62, "print": 0.30, "still": 0.08}
VIDEO = 0.06  # share of pairs with the real video's man


class Recorded(NamedTuple):
    """The part of a shot that attack.record reads."""

    light: np.ndarray
    face: np.ndarray


class Maker:
    """Everything that a process needs to make pairs."""

    def __init__(self, assets, seed, cache, full):
        """full: folder for pictures of the first frames, or None"""
        cv2.setNumThreads(1)
        self.assets, self.seed, self.product, self.full = assets, seed, Product(), full
        self.renderer, self.bodies = render.Renderer(), render.CutOut()
        self.sources = sources.Sources(assets, cache)
        self.lights = lights.light_families(assets)

    def take(self, split, number):
        """-> [(live Clip, attack Clip) or Rejected] of one rendered person"""
        rng = np.random.default_rng([self.seed, SPLITS.index(split), number, 7])
        held_out = families.held_out(split, number, self.sources.new_in_test)
        choices = families.choices(split, held_out, self.lights)
        times = np.arange(FRAMES) * INTERVAL * rng.uniform(0.9, 1.1)
        names = choices["light"]
        if rng.random() < 0.35:
            names = [name for name in names if name in lights.ROOMS] or names
        rig = lights.draw_light(rng, str(rng.choice(names)), self.assets)
        while True:
            scene = self.sources.draw(rng, split, held_out, times, rig)
            if scene.source != "video" or rng.random() < VIDEO / sources.SHARES["video"]:
                break
        shape = (360, 480) if rng.random() < 0.7 else (480, 640)
        face = log_uniform(rng, 0.19, 0.62) * shape[0]
        native = getattr(scene, "native_face_px", np.inf)
        cut = None
        if scene.source != "video":
            size = even(np.clip(min(face, native) / stage.AROUND, 120, LARGEST))
            cut = stage.cut_out(scene, self.bodies, size, times, log_uniform(rng, 1, 3))
            if not np.isfinite(cut.color).all() or not (cut.face > 0).any((1, 2)).all():
                raise Rejected("shot")
        found = []
        for k in range(TAKES):
            own = np.random.default_rng([self.seed, SPLITS.index(split), number, k])
            try:
                found.append(
                    self.pair(
                        own,
                        split,
                        TAKES * number + k,
                        scene,
                        cut,
                        rig,
                        times,
                        shape,
                        face,
                        held_out,
                        choices,
                    )
                )
            except Rejected as reason:
                found.append(reason)
        return found

    def pair(self, rng, split, number, scene, cut, rig, times, shape, face, held_out, choices):
        height, width = shape
        focal = width * rng.uniform(0.7, 1.05)
        face = float(np.clip(face * np.exp(rng.normal(0, 0.2)), 0.17 * height, 0.7 * height))
        settings = camera.draw(rng, choices["camera"])
        median = max(settings.median, rng.uniform(0.18, 0.32))  # no face is lost in the dark
        settings = replace(settings, median=median, colour=min(settings.colour, 0.5 * median))
        turns = scene.motion.camera
        species = str(rng.choice(list(SHARES), p=list(SHARES.values())))
        live = people.live(rng, scene, cut, rig, shape, face, focal, turns)
        seed = int(rng.integers(2**31))
        params = {"shape": shape, "face": face, "light": rig.params, "camera": settings.params()}
        if species == "still":
            shown, family, more = people.still(rng, live, times), None, {}
        else:
            family = by_share(rng, families.SPECIES[species], choices[species])
            shown, more = self.attack(
                rng, species, family, scene, cut, rig, times, shape, face, focal, turns, settings
            )
        boxes = [cv2.boundingRect((p.face[0] > 0.5).astype(np.uint8)) for p in (live, shown)]
        if min(box[3] for box in boxes) < 24:
            raise Rejected(f"face hidden: {species}")
        flares = flare_to_match(live.light[0], shown.light[0], *boxes)
        own, settings = (
            replace(settings, flare=settings.flare + flare * rng.uniform(0.8, 1.1))
            for flare in flares
        )
        if scene.source == "video":
            own = own.bare()
        elif species != "still" and rng.random() < 0.4:
            more_blur = defocus_apart(settings, live, shown, boxes)
            own = replace(
                own, defocus=float(np.hypot(settings.defocus, more_blur * rng.uniform(0.75, 1.05)))
            )
        identity = f"{scene.source}/{scene.identity.split('/')[-1]}"
        common = {
            "pair": number,
            "split": split,
            "source": scene.source,
            "identity": identity,
            "held_out": held_out,
        }
        clips = []
        for label, kind, picture, lens, instrument in (
            ("live", "live", live, own, None),
            ("attack", species, shown, settings, family),
        ):
            frames = camera.take(
                lens,
                picture.light,
                picture.face[0] > 0.5,
                times,
                np.random.default_rng(seed),
                picture.grain,
            )
            row = {
                **common,
                "id": f"{split}-{number:06d}-{kind}",
                "label": label,
                "species": kind,
                "families": {
                    "camera": settings.family,
                    "instrument": instrument,
                    "light": rig.family,
                },
                "params": {**params, "attack": more if label == "attack" else None},
            }
            clips.append(self.finish(frames, picture, row))
        return clips

    def recording(self, rng, scene, cut, rig, times, aspect, height, face, still, recorders):
        """A photo or a video of the person, of this aspect; height, face: in pixels of the camera
        -> frames [1 or T][h][w][3] uint8, masks, params"""
        factor = np.exp(rng.uniform(np.log(0.5), np.log(1.3)))
        native = cut.box[3] * 1.3 if cut is not None else 120
        factor = min(factor, native / face, 640 / height, 640 / (height * aspect))
        high, wide = max(even(height * factor), 48), max(even(height * factor * aspect), 48)
        count = 1 if still else FRAMES
        if cut is None:
            picture = stage.filmed(rng, scene, high, wide)
        else:
            own = face * factor
            part = stage.Cut(cut.color[:count], cut.near[:count], cut.face[:count], cut.box)
            at = (
                float(np.clip(rng.normal(0.5, 0.15), 0.2, 0.8)) * wide,
                float(
                    np.clip(rng.normal(0.42, 0.1) * high, min(0.7 * own, 0.5 * high), 0.8 * high)
                ),
            )
            other = (
                rig
                if rng.random() < 0.3
                else lights.draw_light(
                    rng, str(rng.choice(self.lights[: -len(lights.ROOMS)])), self.assets
                )
            )
            behind = stage.room(rng, other, high, wide, max(high, wide), np.zeros((count, 3)))
            if rng.random() < 0.2:
                behind = people.passer_by(rng, cut, behind, 2 * own)
            picture = people.seated(part, behind, at, own)
        shot = Recorded(picture.light[:count], picture.face[:count] > 0.5)
        if not shot.face[0].any():
            raise Rejected("recording")
        return attack.record(rng, shot, recorders, times, still)

    def attack(
        self, rng, species, family, scene, cut, rig, times, shape, face, focal, turns, settings
    ):
        height, width = shape
        carrier = (carriers.screen if species == "replay" else carriers.sheet)(rng, family)
        left, top, right, bottom = carrier.picture
        share = log_uniform(rng, 0.16, 0.62)  # of the picture's height
        slender = min(1, (right - left) / (bottom - top) / 0.75)
        share = float(np.clip(share, face / (1.7 * height), 0.75 * slender))
        still = species == "print" or rng.random() < 0.6
        frames, masks, params = self.recording(
            rng,
            scene,
            cut,
            rig,
            times,
            (right - left) / (bottom - top),
            face / share,
            face,
            still,
            families.of_split(camera.FAMILIES, "train"),
        )
        scale = face / share / (bottom - top)  # pixels a metre
        x, y, w, h = cv2.boundingRect((masks[0] > 0.5).astype(np.uint8))
        high, wide = masks[0].shape
        point = (
            left + (x + w / 2) / wide * (right - left),
            top + (y + h / 2) / high * (bottom - top),
        )
        path = presented.way(
            rng,
            times,
            carrier.held,
            scale,
            focal,
            point,
            people.place(rng, shape, face),
            shape,
            turns,
        )
        behind = stage.room(rng, rig, height, width, focal, turns)
        if rng.random() < (0.5 if carrier.held else 0.1):
            behind = people.holder(rng, cut, behind, shape, path, focal)
        display = (replay if species == "replay" else prints).draw(rng, [family])
        if species == "replay":
            display = display._replace(
                turned=right - left > bottom - top and carrier.kind in ("phone", "tablet")
            )
        show = presented.Show(
            rng, carrier, display, settings, scale, stage.ambient(rig), behind[0][:, ::-1]
        )
        hand, grips = None, []
        if carrier.held:
            hand, grips = presented.holding(
                rng, self.assets, self.renderer, rig, path, carrier, focal, height, width
            )
        light, faces, grains = [], [], []
        for t in range(FRAMES):
            now = min(t, len(frames) - 1)
            if t <= now:
                sent = show.light(frames[now])
            matrix = path.homography(t, focal, height, width)
            frame, mask, grain = show.draw(
                t, matrix, behind[min(t, len(behind) - 1)], sent, masks[now]
            )
            if hand is not None:
                over = presented.carried(hand, path, t, focal, height, width)
                frame = stage.over(frame, over)
                mask = mask * (1 - over[..., 3])
                if grain is not None:
                    grain = 1 + (grain - 1) * (1 - over[..., 3:])
            light.append(frame)
            faces.append(mask)
            grains.append(None if grain is None else grain.astype(np.float32))
        more = {
            **params,
            **carrier.params(),
            **display.params(),
            **path.params,
            "grips": grips,
            "still": still,
            "share": share,
        }
        blank = np.zeros((FRAMES, height, width), np.float32)
        return stage.Picture(np.stack(light), blank, np.stack(faces), grains), more

    def finish(self, frames, picture, row):
        """Detects, cuts all views and the labels"""
        shots = [rgba(frame) for frame in frames]
        faces = [self.product.face(shot) for shot in shots]
        if not all(faces):
            raise Rejected(f"no face found: {row['species']}")
        own = [f.box for f in faces]
        tight = self.product.crop(own[0], VIEWS["tight"]["scale"], shots[0])
        need_face(label_map(picture.face[0], tight), row["species"])
        views, depth, mask = {}, {}, {}
        for name, view in VIEWS.items():
            crops = [
                self.product.crop(own[0 if view["held"] else t], view["scale"], shot)
                for t, shot in enumerate(shots)
            ]
            views[name] = np.stack(
                [
                    self.product.resize(shot, square, view["size"], view["filter"])
                    for shot, square in zip(shots, crops)
                ]
            )
            if view["held"]:
                depth[name] = np.stack([label_map(p, crops[0]) for p in picture.near])
                mask[name] = np.stack([label_map(p, crops[0]) for p in picture.face])
        row["teacher"] = None
        if self.full:
            cv2.imwrite(str(self.full / f"{row['id']}.png"), frames[0][..., ::-1])
        return Clip(views, depth, mask, row)


def build(folder, assets, pairs, seed, processes, keep, cache, full=None):
    """As make.build; of `pairs` TAKES at a time are of one rendered person. full: see Maker"""
    if full:
        full.mkdir(parents=True, exist_ok=True)
    plan = building.Plan(pairs, VIEWS, "tight", FRAMES, 1000 * INTERVAL, seed, keep, TAKES)
    return building.build(folder, Maker, (assets, seed, cache, full), plan, processes)


def main():
    parser = building.parser(__doc__, pairs=(6000, 300, 600), keep=0.8)
    parser.add_argument("--assets", type=Path, required=True)
    parser.add_argument(
        "--full",
        type=Path,
        metavar="DIR",
        help="also writes the first camera frame of each clip, to be looked at",
    )
    options = parser.parse_args()
    building.run(
        "clips.context",
        build,
        options.folder,
        options.assets,
        options.pairs,
        options.seed,
        options.processes,
        options.keep,
        options.cache or options.folder / "cache",
        options.full,
    )


if __name__ == "__main__":
    main()
