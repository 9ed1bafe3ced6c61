"""Makes a data set folder of labelled clips: pairs of a live clip and an attack.

    python3 -m training.clips.make DATA --assets ASSETS --pairs 4000 500 1000
    python3 -m training.clips.make DATA --recording live.mp4 --pairs 20 5 5

A pair shares the person, motion, light and room, the camera and its settings, and the place of the
face. The last steps, detection, crop and resize, are the product's own C code (product.py). The
build fails when trivial cues tell live from attack (gate.py).

Recordings of your own in the place of the assets need no OpenGL. They are for tries and tests only:
depth is a guess, lights are the made-up rooms, nobody asks the teacher, and the same people are in
all splits, which draw from different parts of a recording's time (recording.py).
"""

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np

from training.data.clipset import SPLITS
from training.data.depth_labels import CROP_SCALE
from training.data.product import Product, rgba
from training.judge import teacher as teachers

from . import attack, building, camera, families, lights, recording, render, sources, video
from .labels import Rejected, label_map, nearness, need_face
from .matching import defocus_to_match, flare_to_match
from .store import Clip

FRAMES, INTERVAL = 5, 0.1
SIZE = 128  # by default; a network takes pictures of a multiple of its side, averaged
FACE_PIXELS = (95, 320)  # height of the face in the camera's frame
LARGEST = 480  # pixels of a window's side


def even(value):
    return int(value) // 2 * 2


def resized(shot, size):
    """A shot at a smaller size, averaged."""
    scale = size / shot.light.shape[1]

    def area(frames):
        return np.stack([cv2.resize(f, (size, size), interpolation=cv2.INTER_AREA) for f in frames])

    face, person = (area(m.astype(np.float32)) > 0.5 for m in (shot.face, shot.person))
    depth = np.stack(
        [cv2.resize(d, (size, size), interpolation=cv2.INTER_NEAREST) for d in shot.depth]
    )
    return shot._replace(
        light=area(shot.light),
        depth=depth,
        face=face,
        person=person,
        eyes=shot.eyes * scale,
        box=shot.box * scale,
    )


def write_y4m(path, frames):
    """[T][h][w][3] uint8 RGB, even sides -> 8-bit 4:2:0, BT.601, a frame every INTERVAL"""
    h, w = frames.shape[1:3]
    with open(path, "wb") as file:
        file.write(f"YUV4MPEG2 W{w} H{h} F{round(1 / INTERVAL)}:1 Ip A1:1 C420jpeg\n".encode())
        for frame in frames:
            file.write(b"FRAME\n" + cv2.cvtColor(frame, cv2.COLOR_RGB2YUV_I420).tobytes())


class Maker:
    """Everything that a process needs to make pairs."""

    def __init__(self, assets, recordings, seed, size, cache, windows):
        """recordings: files, and assets None; or None. size: side of the clips' pictures. windows:
        folder for y4m files, or None"""
        cv2.setNumThreads(1)
        self.assets, self.seed, self.size, self.product = assets, seed, size, Product()
        self.windows = windows
        if recordings:
            self.renderer = self.teacher = None
            self.sources = recording.Recordings(recordings, self.product)
        else:
            self.renderer = render.Renderer()
            self.teacher = teachers.Teacher(assets)
            self.sources = sources.Sources(assets, cache)
        self.lights = lights.light_families(assets)

    def take(self, split, number):
        return [self.pair(split, number)]

    def pair(self, split, number):
        """-> (live Clip, attack Clip); Rejected"""
        rng = np.random.default_rng([self.seed, SPLITS.index(split), number])
        held_out = families.held_out(split, number, self.sources.new_in_test)
        choices = families.choices(split, held_out, self.lights)
        species = str(rng.choice(list(families.SHARES), p=list(families.SHARES.values())))
        times = np.arange(FRAMES) * INTERVAL * rng.uniform(0.9, 1.1)
        rig = lights.draw_light(rng, str(rng.choice(choices["light"])), self.assets)
        scene = self.sources.draw(rng, split, held_out, times, rig, solid=species == "mask")
        settings = camera.draw(rng, choices["camera"])

        face = float(np.exp(rng.uniform(*np.log(FACE_PIXELS))))
        native = getattr(scene, "native_face_px", np.inf)  # photos and video: their own pixels
        most = max(min(LARGEST, native / scene.framing.fraction), 96)
        size = even(np.clip(face / scene.framing.fraction, 96, most))
        recorded = even(np.clip(size * np.exp(rng.uniform(np.log(0.45), np.log(1.4))), 96, most))
        largest = scene.shoot(self.renderer, max(size, recorded), times)
        shot, record_shot = (
            largest if s == max(size, recorded) else resized(largest, s) for s in (size, recorded)
        )
        if not np.isfinite(shot.light).all() or not shot.face.any((1, 2)).all():
            raise Rejected("shot")

        shake = scene.motion.camera
        focal = size * scene.framing.distance * 2
        surround = np.stack([rig.background(size, focal, lights.rotation(*turn)) for turn in shake])
        shown = attack.present(
            rng,
            species,
            choices[species],
            families.of_split(camera.FAMILIES, "train"),
            shot,
            record_shot,
            settings,
            times,
            surround,
            shake,
        )

        flares = flare_to_match(shot.light[0], shown.light[0], shot.box[0])
        own, settings = (
            replace(settings, flare=settings.flare + more * rng.uniform(0.8, 1.1))
            for more in flares
        )
        if scene.source in video.REAL:
            own = own.bare()
        elif rng.random() < 0.4:
            more = defocus_to_match(
                settings,
                shot.light[0],
                shown.light[0],
                shown.grain[0] if shown.grain else None,
                shot.box[0],
            )
            own = replace(
                own, defocus=float(np.hypot(settings.defocus, more * rng.uniform(0.75, 1.05)))
            )
        person = scene.identity.split("/")[-1]
        common = {
            "pair": number,
            "split": split,
            "source": scene.source,
            "identity": f"{scene.source}/{person}",
            "held_out": held_out,
        }
        draws = {
            "scene": scene.params,
            "light": rig.params,
            "camera": settings.params(),
            "window": size,
            "times": times.tolist(),
        }
        region = shown.masks[0] > 0.5
        if region.sum() < 50:
            raise Rejected("attack shows no face")
        seed = int(rng.integers(2**31))
        live = self.finish(
            camera.take(own, shot.light, shot.face[0], times, np.random.default_rng(seed)),
            shot.face,
            shot.depth,
            {
                **common,
                "id": f"{split}-{number:06d}-live",
                "label": "live",
                "species": "live",
                "families": {"camera": settings.family, "instrument": None, "light": rig.family},
                "params": {**draws, "defocus": own.defocus, "flare": own.flare},
            },
        )
        spoof = self.finish(
            camera.take(
                settings, shown.light, region, times, np.random.default_rng(seed), shown.grain
            ),
            shown.masks > 0.5,
            None,
            {
                **common,
                "id": f"{split}-{number:06d}-{species}",
                "label": "attack",
                "species": species,
                "families": {
                    "camera": settings.family,
                    "instrument": shown.instrument,
                    "light": rig.family,
                },
                "params": {**draws, "flare": settings.flare, "attack": shown.params},
            },
        )
        return live, spoof

    def finish(self, frames, face, depth, row):
        """Detects, crops and labels the frames of a clip. depth None: an attack."""
        if self.windows:
            write_y4m(self.windows / f"{row['id']}.y4m", frames)
        found = self.product.face(rgba(frames[0]))
        if not found:
            raise Rejected(f"no face found: {row['species']}")
        crop = self.product.crop(found.box, CROP_SCALE, frames[0])
        pixels = np.stack([self.product.resize(rgba(f), crop, self.size) for f in frames])
        masks = np.stack([label_map(f, crop) for f in face])
        need_face(masks[0], row["species"])
        label = (
            np.zeros_like(masks)
            if depth is None
            else np.stack([label_map(nearness(d, f), crop) for d, f in zip(depth, face)])
        )
        boxes = np.stack([cv2.boundingRect(f.astype(np.uint8)) for f in face]).astype(float)
        row["teacher"] = (
            self.teacher
            and self.teacher.live(list(frames[::2]), boxes[::2]).mean(0).round(4).tolist()
        )
        boxes[:, :2] -= crop[:2]
        row["box"] = (boxes * self.size / crop[2]).round(1).tolist()
        return Clip({"": pixels}, {"": label}, {"": masks}, row)


def build(folder, assets, recordings, pairs, seed, size, processes, keep, cache, windows=None):
    """pairs: number for each of SPLITS -> report of the leak gate, {reason: rejected pairs}, lines
    of clips.jsonl. Of the pairs that are not rejected whole ones are dropped, down to the share
    `keep`, until trivial cues leak no more."""
    if windows:
        windows.mkdir(parents=True, exist_ok=True)
    view = {"size": size, "scale": CROP_SCALE, "held": True}
    report, refused, rows = building.build(
        folder,
        Maker,
        (assets, recordings, seed, size, cache, windows),
        building.Plan(pairs, {"": view}, "", FRAMES, 1000 * INTERVAL, seed, keep),
        processes,
    )
    if windows:
        kept = {row["id"] for row in rows}
        for file in windows.glob("*.y4m"):
            if file.stem not in kept:
                file.unlink()
    return report, refused, rows


def main():
    parser = building.parser(__doc__, pairs=(4000, 500, 1000), keep=0.6)
    people = parser.add_mutually_exclusive_group(required=True)
    people.add_argument("--assets", type=Path)
    people.add_argument(
        "--recording",
        type=Path,
        nargs="+",
        metavar="FILE",
        help="live videos: what av reads, or .gz of that",
    )
    parser.add_argument("--size", type=int, default=SIZE, help="side of the pictures, pixels")
    parser.add_argument(
        "--windows",
        type=Path,
        metavar="DIR",
        help="also writes the camera's frames of each clip, for `livedepth score`",
    )
    options = parser.parse_args()
    building.run(
        "clips.make",
        build,
        options.folder,
        options.assets,
        options.recording,
        options.pairs,
        options.seed,
        options.size,
        options.processes,
        options.keep,
        options.cache or options.folder / "cache",
        options.windows,
    )


if __name__ == "__main__":
    main()
