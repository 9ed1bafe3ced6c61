"""Makes a data set folder of labelled clips: pairs of a live clip and an attack.

    python3 -m training.clips.make DATA --assets ../../shared/assets --pairs 4000 500 1000
    python3 -m training.clips.make DATA --recording live.mp4 --pairs 20 5 5

A pair shares the person, motion, light and room, the camera and its settings, and the place of the
face. The last steps, detection, crop and resize, are the product's own C code (product.py). The
build fails when trivial cues tell live from attack (gate.py).

Recordings of your own in the place of the assets need no OpenGL. They are for tries and tests only:
depth is a guess, lights are the made-up rooms, nobody asks the teacher, and the same people are in
all splits, which draw from different parts of a recording's time (recording.py).
"""

import argparse
import json
import subprocess
import sys
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
from tqdm import tqdm

from training import ROOT
from training.data import clipset
from training.data.product import Product, rgba
from training.judge import teacher as teachers

from . import attack, camera, families, lights, recording, render, sources, video
from .cues import cues_of
from .gate import balance_splits, report_of
from .scene import soften

FRAMES, LABEL, INTERVAL = 5, 32, 0.1
SIZE = 128  # by default; a network takes pictures of a multiple of its side, averaged
CROP_SCALE = 1.5  # of the product's face box; Config.crop_scale of what is trained on this
FACE_PIXELS = (95, 320)  # height of the face in the camera's frame
LARGEST = 480  # pixels of a window's side
SPLITS = clipset.SPLITS


class Rejected(Exception):
    """A pair that cannot be used, and why."""


class Clip(NamedTuple):
    pixels: np.ndarray  # [T][size][size][3] uint8
    depth: np.ndarray  # [T][LABEL][LABEL] uint8
    mask: np.ndarray  # [T][LABEL][LABEL] uint8
    row: dict


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


def nearness(depth, face):
    """One frame's depth label at full size: 1 at the nearest point of the face, 0 at its farthest
    and outside. The extreme percents are cut off."""
    face = face & np.isfinite(depth)
    if not face.any():
        raise Rejected("no face region")
    near, far = np.percentile(depth[face], [1, 98])
    label = (far - np.where(face, depth, far)) / max(far - near, 1e-4)
    return np.clip(label, 0, 1).astype(np.float32)


def label_map(picture, crop):
    """What a crop (left, top, width, height) holds of [size][size] 0..1 -> [LABEL][LABEL] uint8,
    averaged over each cell"""
    fine = 4 * LABEL
    at = (np.arange(fine, dtype=np.float32) + 0.5) / fine
    x, y = np.meshgrid(crop[0] + at * crop[2] - 0.5, crop[1] + at * crop[3] - 0.5)
    cut = cv2.remap(
        picture.astype(np.float32),
        x.astype(np.float32),
        y.astype(np.float32),
        cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_CONSTANT,
    )
    small = cv2.resize(cut, (LABEL, LABEL), interpolation=cv2.INTER_AREA)
    return (small * 255 + 0.5).astype(np.uint8)


def write_y4m(path, frames):
    """[T][h][w][3] uint8 RGB, even sides -> 8-bit 4:2:0, BT.601, a frame every INTERVAL"""
    h, w = frames.shape[1:3]
    with open(path, "wb") as file:
        file.write(f"YUV4MPEG2 W{w} H{h} F{round(1 / INTERVAL)}:1 Ip A1:1 C420jpeg\n".encode())
        for frame in frames:
            file.write(b"FRAME\n" + cv2.cvtColor(frame, cv2.COLOR_RGB2YUV_I420).tobytes())


# --- detail ---


def detail(picture, box):
    """Energy of the finest structure of a face as the network would see it, over its contrast."""
    left, top, width, height = (int(v) for v in box)
    part = picture[max(top, 0) : top + height, max(left, 0) : left + width]
    grey = np.maximum(part @ camera.LUMA, 0) ** 0.45
    grey = cv2.resize(grey, (84, 84), interpolation=cv2.INTER_AREA)
    return float(np.square(cv2.Laplacian(grey, cv2.CV_32F)).mean() / (grey.var() + 1e-6))


def defocus_to_match(settings, live, shown, grain, box):
    """Further sigma that takes from the live clip what detail its attack lost by being captured
    twice, so that plain defocus is no sign of an attack."""
    sharp = camera.lens(settings, live)
    blurred = camera.lens(settings, shown)
    wanted = detail(blurred if grain is None else blurred * grain, box)
    most = 0.3 + 0.008 * box[3]  # beyond, it would be no face any more
    for sigma in (0.3, 0.5, 0.7, 0.9, 1.2, 1.5, 1.9, 2.4):
        if sigma > most or detail(soften(sharp, sigma), box) <= wanted:
            return min(sigma, most)
    return most


def defocus_apart(settings, live, shown, boxes):
    """defocus_to_match() of a live clip and an attack whose faces lie at places of their own. live,
    shown: stage.Picture; boxes: of both, pixels"""

    def part(picture, box):
        left, top, width, height = box
        rows = slice(max(top - 8, 0), top + height + 8)
        columns = slice(max(left - 8, 0), left + width + 8)
        return picture[rows, columns]

    whole = [(8, 8, box[2], box[3]) for box in boxes]
    sharp, blurred = (
        camera.lens(replace(settings, flare=0.0), part(p.light[0], box))
        for p, box in zip((live, shown), boxes)
    )
    grain = shown.grain and shown.grain[0]
    wanted = detail(blurred if grain is None else blurred * part(grain, boxes[1]), whole[1])
    most = 0.3 + 0.008 * boxes[0][3]
    for sigma in (0.3, 0.5, 0.7, 0.9, 1.2, 1.5, 1.9, 2.4):
        if sigma > most or detail(soften(sharp, sigma), whole[0]) <= wanted:
            return min(sigma, most)
    return most


def flare_to_match(live, shown, box, other=None):
    """(live, attack): flare for one of the two, so that both have the same black against their
    median. Ink, displays and reflections are never black; hazy lenses are not either. other: the
    attack's box, if it has one of its own"""
    values = []
    for picture, place in ((live, box), (shown, box if other is None else other)):
        left, top, width, height = (int(v) for v in place)
        columns = slice(max(left - width // 4, 0), left + 5 * width // 4)
        grey = picture[max(top, 0) : top + height, columns] @ camera.LUMA
        values.append((*np.percentile(grey, [3, 50]), picture.mean((0, 1)) @ camera.LUMA))
    (black, middle, mean), (other_black, other_middle, other_mean) = values
    wanted, other = other_black / (other_middle + 1e-6), black / (middle + 1e-6)
    if wanted > other:
        return min((wanted * middle - black) / (mean * (1 - wanted) + 1e-6), 3.0), 0.0
    return 0.0, min((other * other_middle - other_black) / (other_mean * (1 - other) + 1e-6), 3.0)


# --- one pair ---


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

    def pair(self, split, number):
        """-> (live Clip, attack Clip); Rejected"""
        rng = np.random.default_rng([self.seed, SPLITS.index(split), number])
        protocol = "identity", *families.PROTOCOLS[number % len(families.PROTOCOLS)]
        held_out = [
            factor for factor in protocol if split == "test" and factor in self.sources.new_in_test
        ]
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
        if scene.source in video.REAL:  # a real camera's frames pass only tone and coder
            own = replace(
                own,
                blur=0.0,
                defocus=0.0,
                shake=0.0,
                mosaic=False,
                noise=0.05,
                smooth=0.0,
                sharpen=0.0,
                soft=1.0,
                flicker=0.0,
            )
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
        if masks[0].mean() < 255 * 0.08:
            raise Rejected(f"face found elsewhere: {row['species']}")
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
        return Clip(pixels, label, masks, row)


# --- a data set ---

maker = None  # of this process


def start(*arguments):
    global maker
    maker = Maker(*arguments)


def work(job):
    try:
        clips = maker.pair(*job)
        return job, clips, [cues_of(clip.pixels) for clip in clips], None
    except Rejected as reason:
        return job, None, None, str(reason)
    except (cv2.error, ArithmeticError, IndexError, ValueError) as error:  # a fault, counted
        return job, None, None, f"{type(error).__name__}: {error}".splitlines()[0]


def plain(value):
    """For json: numpy's numbers and arrays."""
    return value.tolist() if isinstance(value, (np.ndarray, np.generic)) else str(value)


def commit():
    answer = subprocess.run(["git", "rev-parse", "HEAD"], capture_output=True, text=True, cwd=ROOT)
    return answer.stdout.strip()


def build(folder, assets, recordings, pairs, seed, size, processes, keep, cache, windows=None):
    """pairs: number for each of SPLITS -> report of the leak gate, {reason: rejected pairs}, lines
    of clips.jsonl. Of the pairs that are not rejected whole ones are dropped, down to the share
    `keep`, until trivial cues leak no more."""
    folder.mkdir(parents=True, exist_ok=True)
    if windows:
        windows.mkdir(parents=True, exist_ok=True)
    jobs = [(split, i) for split, count in zip(SPLITS, pairs) for i in range(count)]
    shape = 2 * len(jobs), FRAMES
    part = {
        name: np.lib.format.open_memmap(
            folder / f"{name}.part.npy", "w+", np.uint8, (*shape, *rest)
        )
        for name, rest in (
            ("clips", (size, size, 3)),
            ("depth", (LABEL, LABEL)),
            ("mask", (LABEL, LABEL)),
        )
    }
    rows, cues, refused = [], [], {}
    arguments = assets, recordings, seed, size, cache, windows
    with ProcessPoolExecutor(processes, get_context("spawn"), start, arguments) as pool:
        for job, clips, own, reason in tqdm(
            pool.map(work, jobs, chunksize=4),
            total=len(jobs),
            unit="pair",
            smoothing=0.05,
            disable=None,
        ):
            if reason:
                refused[reason] = refused.get(reason, 0) + 1
                continue
            for clip, cue in zip(clips, own):
                for name, value in zip(part, (clip.pixels, clip.depth, clip.mask)):
                    part[name][len(rows)] = value
                rows.append(clip.row)
                cues.append(cue)
    cues = np.stack(cues)
    chosen = balance_splits(cues, rows, seed, keep)
    for name, values in part.items():
        out = np.lib.format.open_memmap(
            folder / f"{name}.npy", "w+", np.uint8, (len(chosen), *values.shape[1:])
        )
        for place, i in enumerate(chosen):
            out[place] = values[i]
        out.flush()
        (folder / f"{name}.part.npy").unlink()
    rows = [rows[i] for i in chosen]
    if windows:
        kept = {row["id"] for row in rows}
        for file in windows.glob("*.y4m"):
            if file.stem not in kept:
                file.unlink()
    with open(folder / "clips.jsonl", "w") as file:
        file.writelines(json.dumps(row, default=plain) + "\n" for row in rows)
    report = report_of(cues[chosen], rows)
    info = {
        "format": "livedepth-clips",
        "version": 1,
        "frames": FRAMES,
        "size": size,
        "crop_scale": CROP_SCALE,
        "interval_ms": 1000 * INTERVAL,
        "seed": seed,
        "commit": commit(),
        "sha256": clipset.digest(folder),
        "pairs": list(pairs),
        "rejected": refused,
        "gate": report,
    }
    (folder / "info.json").write_text(json.dumps(info, indent=1, default=plain))
    return report, refused, rows


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    people = parser.add_mutually_exclusive_group(required=True)
    people.add_argument("--assets", type=Path)
    people.add_argument(
        "--recording",
        type=Path,
        nargs="+",
        metavar="FILE",
        help="live videos: what av reads, or .gz of that",
    )
    parser.add_argument(
        "--pairs",
        type=int,
        nargs=3,
        default=(4000, 500, 1000),
        metavar=SPLITS,
        help="pairs of each split before balancing",
    )
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--size", type=int, default=SIZE, help="side of the pictures, pixels")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--keep", type=float, default=0.6, help="least share left by balancing")
    parser.add_argument("--cache", type=Path, help="keeps landmarks and silhouettes; FOLDER/cache")
    parser.add_argument(
        "--windows",
        type=Path,
        metavar="DIR",
        help="also writes the camera's frames of each clip, for `livedepth score`",
    )
    options = parser.parse_args()
    try:
        report, refused, rows = build(
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
    except BrokenProcessPool as error:  # its own traceback stands above
        raise SystemExit(f"clips.make: {error}") from None
    print(f"{len(rows)} clips; rejected pairs: {refused or 'none'}")
    worst, area = next(iter(report["cues"].items()))
    print(
        f"leak gate: AUC {report['auc']:.3f} (limit {report['limit']}), "
        f"worst single cue {worst} {area:.3f}"
    )
    sys.exit(not report["passed"])


if __name__ == "__main__":
    main()
