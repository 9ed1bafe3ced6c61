"""Trees with the official names of all five benchmark data sets: a second of 64x48 pixels a video,
a few people each, as many videos as every protocol has use for. And a face mesh that needs no
assets."""

import os
from itertools import product
from pathlib import Path
from types import SimpleNamespace

import av
import numpy as np

FRAMES, WIDTH, HEIGHT = 24, 64, 48
BOX = 18, 10, 24, 28  # the face in every frame: left, top, width, height
DEEP = 600  # millimetres: measured depth of the middle of the face


def oulu_names():
    """Users 1, 21, 36. Training and dev: phones 1, 2; test: all phones; sessions 1 and 3."""
    for folder, user, phones in (("Train", 1, "12"), ("Dev", 21, "12"), ("Test", 36, "123456")):
        sessions, files = ("1", "124") if folder != "Test" else ("3", "135")
        for phone, session, file in product(phones, sessions, files):
            yield f"{folder}_files/{phone}_{session}_{user:02}_{file}.avi", file == "1"


def siw_names():
    for folder, who in (("Train", "003"), ("Test", "001")):
        for session in "12":
            yield f"{folder}/live/{who}/{who}-1-1-1-{session}.mov", True
        yield f"{folder}/spoof/{who}/{who}-1-2-1-1.mov", False
        for medium in "1234":
            yield f"{folder}/spoof/{who}/{who}-1-3-{medium}-1.mov", False


def casia_names():
    for folder in ("train", "test"):
        for file in ("1", "2", "HR_1", "3", "4", "HR_2", "5", "7"):
            yield f"{folder}_release/1/{file}.avi", file in ("1", "2", "HR_1")


def replay_names():
    for folder, client in (("train", 1), ("devel", 3), ("test", 9)):
        who = f"client{client:03}_session01"
        for take in "12":
            yield f"{folder}/real/{who}_webcam_authenticate_controlled_{take}.mov", True
        start = f"{folder}/attack/fixed/attack"
        yield f"{start}_print_{who}_highdef_photo_controlled.mov", False
        for device, medium in product(("mobile", "highdef"), ("photo", "video")):
            yield f"{start}_{device}_{who}_{device}_{medium}_controlled.mov", False


def dmad_names():
    for split, who in (("train", "001"), ("dev", "002"), ("test", "300")):
        for what in ("live-none", "print-a4", "replay-lcd"):
            yield f"{split}/{who}-{what}-1.mp4", what == "live-none"


NAMES = {
    "oulu": oulu_names,
    "siw": siw_names,
    "casia": casia_names,
    "replay": replay_names,
    "dmad": dmad_names,
}


def pictures(live):
    """[FRAMES][HEIGHT][WIDTH][3] uint8: a bright disc that moves a little, an attack's striped"""
    y, x = np.mgrid[:HEIGHT, :WIDTH].astype(float)
    left, top, width, height = BOX
    shown = []
    for t in range(FRAMES):
        across = (x - left - width / 2 - np.sin(t / 3)) / (width / 2)
        disc = np.clip(1 - across**2 - ((y - top - height / 2) / (height / 2)) ** 2, 0, 1)
        picture = 60 + 150 * np.sqrt(disc)
        if not live:
            picture = np.where(x.astype(int) // 2 % 2, picture, picture * 0.6)
        shown.append(np.repeat(picture[..., None], 3, -1))
    return np.array(shown).astype(np.uint8)


def encode(path, shown):
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=25)
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        stream.bit_rate = 2_000_000
        for picture in shown:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode())


def box_file(dataset):
    """(suffix, text) of the box file beside a video of the set"""
    left, top, width, height = BOX
    # datasets.eyes_box: 2.2 eye distances wide, the eyes at .38 of the height
    eyes = (
        round(left + width / 2 - width / 4.4),
        round(top + 0.38 * height),
        round(left + width / 2 + width / 4.4),
        round(top + 0.38 * height),
    )
    lines = {
        "oulu": lambda i: f"{i},{','.join(map(str, eyes))}",
        "siw": lambda i: f"{left} {top} {left + width} {top + height}",
    }
    line = lines.get(dataset, lambda i: f"{i} {left} {top} {width} {height}")
    return ".txt" if dataset == "oulu" else ".face", "".join(f"{line(i)}\n" for i in range(FRAMES))


def plant(root, dataset):
    """Makes the tree below root/DATASET; Idiap's boxes below root/boxes/DATASET. -> the tree"""
    tree, made = Path(root, dataset), {}
    suffix, text = box_file(dataset)
    for name, live in NAMES[dataset]():
        path = tree / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if live not in made:
            encode(path, pictures(live))
            made[live] = path
        else:
            os.link(made[live], path)
        boxes = (
            Path(root, "boxes", dataset, name) if dataset in ("casia", "replay") else path
        ).with_suffix(suffix)
        boxes.parent.mkdir(parents=True, exist_ok=True)
        boxes.write_text(text)
        if dataset == "dmad":
            np.save(path.with_suffix(".npy"), measured())
    return tree


def measured():
    """uint16 [FRAMES][HEIGHT][WIDTH]: the middle of the face nearest"""
    y, x = np.mgrid[:HEIGHT, :WIDTH].astype(float)
    left, top, width, height = BOX
    away = np.hypot((x - left - width / 2) / width, (y - top - height / 2) / height) * 2
    depth = DEEP + 100 * away
    return np.repeat(depth[None].round().astype(np.uint16), FRAMES, 0)


# --- in place of facemesh: a pyramid in the box ---


class Mesh:
    def __init__(self, assets):
        pass

    def landmarks(self, image, box):
        return self.landmarks_of(box)

    @staticmethod
    def landmarks_of(box):
        left, top, width, height = box
        points = [
            (left, top, 0),
            (left + width, top, 0),
            (left + width, top + height, 0),
            (left, top + height, 0),
            (left + width / 2, top + height / 2, -10),
        ]
        return SimpleNamespace(points=np.array(points, np.float32))


def canonical(assets):
    return None, np.array([[0, 1, 4], [1, 2, 4], [2, 3, 4], [3, 0, 4]], np.int32)
