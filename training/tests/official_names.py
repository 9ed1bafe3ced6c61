"""File names of whole benchmark data sets, written apart from the rules that they check."""

import functools
from itertools import product
from pathlib import Path

from training.benchmarks.names import parse


def oulu_names():
    for user in range(1, 56):
        folder = "Train" if user <= 20 else "Dev" if user <= 35 else "Test"
        for phone, session, file in product(range(1, 7), range(1, 4), range(1, 6)):
            yield f"{folder}_files/{phone}_{session}_{user:02}_{file}.avi"


def siw_names():
    """165 subjects, 6 of every 11 in Train: 90, and 75 in Test."""
    for subject in range(1, 166):
        folder = "Train" if subject % 11 < 6 else "Test"
        who = f"{subject:03}"
        for sensor, medium, session in product("12", "12", "12"):
            yield f"{folder}/live/{who}/{who}-{sensor}-1-{medium}-{session}.mov"
        for medium, session in product("12", "12"):
            yield f"{folder}/spoof/{who}/{who}-1-2-{medium}-{session}.mov"
        for sensor, medium, session in product("12", "1234", "12"):
            yield f"{folder}/spoof/{who}/{who}-{sensor}-3-{medium}-{session}.mov"


def casia_names():
    for folder, count in (("train", 20), ("test", 30)):
        for subject, file in product(range(1, count + 1), "1 2 3 4 5 6 7 8".split()):
            yield f"{folder}_release/{subject}/{file}.avi"
        for subject, file in product(range(1, count + 1), "1234"):
            yield f"{folder}_release/{subject}/HR_{file}.avi"


def replay_names():
    clients = {
        "train": [1, 2, 4, 6, 7, 8, 12, 16, 18, 25, 27, 103, 105, 108, 110],
        "devel": [3, 5, 10, 13, 14, 15, 19, 20, 22, 24, 26, 28, 106, 107, 118],
        "test": [
            9,
            11,
            17,
            21,
            23,
            29,
            30,
            31,
            32,
            33,
            *range(109, 119, 2),
            101,
            102,
            104,
            112,
            114,
        ],
    }
    for folder, numbers in clients.items():
        for number, light in product(numbers, ("controlled", "adverse")):
            who = f"client{number:03}_session01"
            for take in "12":
                yield f"{folder}/real/{who}_webcam_authenticate_{light}_{take}.mov"
            for support in ("fixed", "hand"):
                start = f"{folder}/attack/{support}/attack"
                yield f"{start}_print_{who}_highdef_photo_{light}.mov"
                for device, medium in product(("mobile", "highdef"), ("photo", "video")):
                    yield f"{start}_{device}_{who}_{device}_{medium}_{light}.mov"


def dmad_names():
    for split, subject in (("train", "001"), ("dev", "002"), ("test", "300")):
        for what in (
            "live-none",
            "print-a4",
            "print-coated",
            "print-poster",
            "replay-amoled",
            "replay-oled",
            "replay-lcd",
        ):
            yield f"{split}/{subject}-{what}-1.mp4"


NAMES = {
    "oulu": oulu_names,
    "siw": siw_names,
    "casia": casia_names,
    "replay": replay_names,
    "dmad": dmad_names,
}


def plant(root, names):
    for name in names:
        path = Path(root, name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()


@functools.cache
def parsed(dataset):
    return {name: parse(dataset, name) for name in NAMES[dataset]()}


def known(dataset, leave_out=()):
    """The videos of the whole set, without a tree."""
    return [video for name, video in parsed(dataset).items() if name not in leave_out]
