"""Counts the protocols again. Their lists are written here as the data sets' own documents tell
them: a column of the protocol's table for each field of a name, and names taken apart at their
separators. Nothing is shared with training/benchmarks but the name of a video.

Counts are (live, attack) of train, dev and test, as those documents and Idiap's lists have them."""

import unittest
from pathlib import PurePath

from training.benchmarks.protocols import PROTOCOLS, protocol
from training.tests.official_names import NAMES, known

ALL = "123456"

# FG 2017, table 2: sessions, phones and files of train and dev, of test, and their counts. A dash:
# the phone of the fold, which train and dev leave out.
OULU = {
    "1": (("12", ALL, "12345"), ("3", ALL, "12345"), (240, 960), (180, 720), (120, 480)),
    "2": (("123", ALL, "124"), ("123", ALL, "135"), (360, 720), (270, 540), (360, 720)),
    "3": (("123", "-", "12345"), ("123", "-", "12345"), (300, 1200), (225, 900), (60, 240)),
    "4": (("12", "-", "124"), ("3", "-", "135"), (200, 400), (150, 300), (20, 40)),
}

# 90 and 75 subjects, 8 live videos each, 4 of each replay medium, and here 4 prints each.
SIW = {
    "1": ((720, 1800), (0, 0), (600, 1500)),
    **{f"2.{medium}": ((720, 1080), (0, 0), (600, 300)) for medium in "1234"},
    "3.1": ((720, 360), (0, 0), (600, 1200)),
    "3.2": ((720, 1440), (0, 0), (600, 300)),
}

# ICB 2012, table 1: the files of a test, live and attack.
CASIA = {
    "low": ("2", "4 6 8", (20, 60), (30, 90)),
    "normal": ("1", "3 5 7", (20, 60), (30, 90)),
    "high": ("HR_1", "HR_2 HR_3 HR_4", (20, 60), (30, 90)),
    "warped": ("1 2 HR_1", "3 4 HR_2", (60, 60), (90, 90)),
    "cut": ("1 2 HR_1", "5 6 HR_3", (60, 60), (90, 90)),
    "video": ("1 2 HR_1", "7 8 HR_4", (60, 60), (90, 90)),
    "overall": ("1 2 HR_1", "3 4 5 6 7 8 HR_2 HR_3 HR_4", (60, 180), (90, 270)),
}

# BIOSIG 2012: device and medium of the attacks, how many there are of ten.
REPLAY = {
    "grandtest": ("print-photo mobile-photo mobile-video highdef-photo highdef-video", 100),
    "print": ("print-photo", 20),
    "mobile": ("mobile-photo mobile-video", 40),
    "highdef": ("highdef-photo highdef-video", 40),
    "photo": ("print-photo mobile-photo highdef-photo", 60),
    "digitalphoto": ("mobile-photo highdef-photo", 40),
    "video": ("mobile-video highdef-video", 40),
}


def oulu_label(file):
    """As in the official lists of test videos"""
    return {"1": 1, "2": -1, "3": -1, "4": -2, "5": -2}[file]


def oulu_list(protocol, part, phone):
    """The lines `label, name` of Protocols/Protocol_k/PART.txt"""
    sessions, phones, files = OULU[protocol][part == "Test"]
    if phones == "-":
        phones = phone if part == "Test" else ALL.replace(phone, "")
    users = {"Train": (1, 20), "Dev": (21, 35), "Test": (36, 55)}[part]
    return [
        f"{oulu_label(file):+d}, {own}_{session}_{user:02d}_{file}"
        for own in phones
        for session in sessions
        for user in range(users[0], users[1] + 1)
        for file in files
    ]


def siw_fits(fold, test, kind, medium):
    """Of Type and Medium of a name"""
    if kind == "1" or fold == "1":
        return True
    if fold[0] == "2":
        return kind == "3" and (medium == fold[2]) == test
    return kind == ("3" if (fold == "3.1") == test else "2")


def found(parts):
    """{split: {name: label}}; label 1 live, -1 print and whatever is no replay, -2 replay"""
    labels = {"live": 1, "replay": -2}
    return {
        split: {video.name: labels.get(video.species, -1) for video in videos}
        for split, videos in parts.items()
    }


def counted(lists):
    return tuple(
        (
            sum(label > 0 for label in lists[split].values()),
            sum(label < 0 for label in lists[split].values()),
        )
        for split in ("train", "dev", "test")
    )


class Lists(unittest.TestCase):
    def compare(self, dataset, name, expected, counts):
        with self.subTest(dataset=dataset, name=name):
            members = ("casia", "replay") if dataset == "cross" else (dataset,)
            videos = [video for member in members for video in known(member)]
            own = found(protocol(dataset, name, videos))
            if expected is not None:
                self.assertEqual(own, expected)
            self.assertEqual(counted(own), counts)

    def test_oulu(self):
        folds = ["1", "2", *(f"{k}.{phone}" for k in "34" for phone in ALL)]
        self.assertEqual(list(PROTOCOLS["oulu"]), folds)
        for fold in folds:
            expected = {}
            for part in ("Train", "Dev", "Test"):
                lines = [line.split(", ") for line in oulu_list(fold[0], part, fold[-1])]
                expected[part.lower()] = {
                    f"{part}_files/{name}": int(label) for label, name in lines
                }
            self.compare("oulu", fold, expected, OULU[fold[0]][2:])

    def test_siw(self):
        self.assertEqual(set(PROTOCOLS["siw"]), set(SIW))
        for fold, counts in SIW.items():
            expected = {"train": {}, "dev": {}, "test": {}}
            for path in NAMES["siw"]():
                name = path.rsplit(".", 1)[0]
                _, _, kind, medium, _ = PurePath(name).name.split("-")
                test = name.startswith("Test")
                if siw_fits(fold, test, kind, medium):
                    split = "test" if test else "train"
                    expected[split][name] = {"1": 1, "2": -1, "3": -2}[kind]
            self.compare("siw", fold, expected, counts)

    def test_casia(self):
        self.assertEqual(set(PROTOCOLS["casia"]), set(CASIA))
        for name, (live, attack, train, test) in CASIA.items():
            expected = {"train": {}, "dev": {}, "test": {}}
            for split, subjects in (("train", 20), ("test", 30)):
                for subject in range(subjects):
                    for file in (live + " " + attack).split():
                        attacked = -2 if file in ("7", "8", "HR_4") else -1
                        label = 1 if file in live.split() else attacked
                        expected[split][f"{split}_release/{subject + 1}/{file}"] = label
            self.compare("casia", name, expected, (train, (0, 0), test))

    def test_replay(self):
        self.assertEqual(set(PROTOCOLS["replay"]), set(REPLAY))
        for name, (kinds, share) in REPLAY.items():
            expected = {"train": {}, "dev": {}, "test": {}}
            for path in NAMES["replay"]():
                folder, label = path.split("/")[0].replace("devel", "dev"), 1
                if "/attack/" in path:
                    _, device, *_, medium, _ = PurePath(path).name.split("_")
                    if f"{device}-{medium}" not in kinds.split():
                        continue
                    label = -1 if device == "print" else -2
                expected[folder][path.rsplit(".", 1)[0]] = label
            counts = tuple((live, share * tenths) for live, tenths in ((60, 3), (60, 3), (80, 4)))
            self.compare("replay", name, expected, counts)

    def test_cross(self):
        for name, counts in (
            ("casia->replay", ((60, 180), (90, 270), (80, 400))),
            ("replay->casia", ((60, 300), (60, 300), (90, 270))),
        ):
            self.compare("cross", name, None, counts)


if __name__ == "__main__":
    unittest.main()
