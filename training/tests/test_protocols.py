"""Checks names, trees and protocols, on made-up trees of empty files.
Run: python3 -m training.tests.suite (or pytest training)."""

import tempfile
import unittest
import warnings
from collections import Counter
from itertools import product
from pathlib import Path

from training.benchmarks import protocols
from training.benchmarks.datasets import videos
from training.benchmarks.protocols import (
    BadName,
    DatasetError,
    FilesMissing,
    missing,
    parse,
    protocol,
)

# OULU-NPU's table (FG 2017; also design/papers.md D.1): live, attack of train, dev, test.
OULU_COUNTS = {
    "1": ((240, 960), (180, 720), (120, 480)),
    "2": ((360, 720), (270, 540), (360, 720)),
    "3": ((300, 1200), (225, 900), (60, 240)),
    "4": ((200, 400), (150, 300), (20, 40)),
}


# The trees, written apart from the rules that they check.


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


def known(dataset, leave_out=()):
    """The videos of the whole set, without a tree."""
    return [parse(dataset, name) for name in NAMES[dataset]() if name not in leave_out]


def counts(parts):
    """((live, attack) of train, of dev, of test)"""
    return tuple(
        (sum(video.live for video in parts[split]), sum(not video.live for video in parts[split]))
        for split in ("train", "dev", "test")
    )


def instruments(part):
    return {video.instrument for video in part if not video.live}


def species(part):
    return {video.species for video in part if not video.live}


class WithFolder(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = Path(folder.name)

    def write(self, name, text):
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path


class Trees(WithFolder):
    def test_every_tree_is_read_back(self):
        for dataset, names in NAMES.items():
            with self.subTest(dataset):
                root = self.root / dataset
                plant(root, names())
                if dataset == "dmad":
                    plant(root, (name.replace(".mp4", ".npy") for name in names()))
                found = videos(dataset, root)
                self.assertEqual({video.path for video in found}, {root / n for n in names()})
                self.assertEqual(found, sorted(found, key=lambda video: Path(video.name)))
                self.assertEqual({video.dataset for video in found}, {dataset})

    def test_other_files_are_passed_over(self):
        plant(
            self.root,
            [
                "train/real/client001_session01_webcam_authenticate_adverse_1.mov",
                "enroll/train/client001_session02_webcam_enroll_adverse_1.mov",
                "protocols/list.txt",
                "README",
                "train/real/client001.face",
            ],
        )
        self.assertEqual([video.subject for video in videos("replay", self.root)], ["001"])

    def test_links_are_followed(self):
        plant(self.root / "elsewhere", ["1_1_01_2.avi"])
        (self.root / "oulu").mkdir()
        (self.root / "oulu" / "Train_files").symlink_to(self.root / "elsewhere")
        self.assertEqual(len(videos("oulu", self.root / "oulu")), 1)

    def test_no_folder(self):
        with self.assertRaisesRegex(DatasetError, "nowhere"):
            videos("oulu", self.root / "nowhere")

    def test_a_bad_name_in_a_tree_is_named(self):
        plant(self.root, ["Train_files/1_1_01_2.avi", "Train_files/1_1_01_6.avi"])
        with self.assertRaisesRegex(BadName, "Train_files/1_1_01_6.avi"):
            videos("oulu", self.root)

    def test_a_capital_suffix_is_refused_not_passed_over(self):
        plant(self.root, ["Train_files/1_1_01_2.AVI"])
        with self.assertRaisesRegex(BadName, "1_1_01_2.AVI"):
            videos("oulu", self.root)

    def test_a_video_twice(self):
        plant(self.root, [f"Train/live/003/003-1-1-1-1.{suffix}" for suffix in ("mov", "mp4")])
        with self.assertRaisesRegex(BadName, "003-1-1-1-1.mp4: there twice"):
            videos("siw", self.root)

    def test_a_subject_in_two_splits(self):
        plant(self.root, ["Train/live/003/003-1-1-1-1.mov", "Test/live/003/003-1-1-1-2.mov"])
        with self.assertRaisesRegex(BadName, "subject 003 is in train and in test"):
            videos("siw", self.root)

    def test_depth_without_a_file_is_named(self):
        plant(
            self.root,
            ["train/001-live-none-1.mp4", "train/001-live-none-1.npy", "train/001-print-a4-1.mp4"],
        )
        with self.assertRaises(FilesMissing) as caught:
            videos("dmad", self.root)
        self.assertEqual(caught.exception.missing, [str(self.root / "train/001-print-a4-1.npy")])


class Names(unittest.TestCase):
    GOOD = {  # split, subject, species, instrument, session, sensor
        ("oulu", "Dev_files/6_3_21_1.avi"): ("dev", "21", "live", "none", "3", "6"),
        ("oulu", "Train_files/1_2_01_3.avi"): ("train", "01", "print", "print2", "2", "1"),
        ("oulu", "Test_files/1_2_55_4.avi"): ("test", "55", "replay", "video1", "2", "1"),
        ("siw", "Train/live/003/003-2-1-2-1.mp4"): (
            "train",
            "003",
            "live",
            "none",
            "2-1",
            "logitech",
        ),
        ("siw", "Test/spoof/165/165-1-2-2-1.mov"): ("test", "165", "print", "low", "1", "canon"),
        ("siw", "Test/spoof/165/165-1-3-4-2.mov"): (
            "test",
            "165",
            "replay",
            "samsung",
            "2",
            "canon",
        ),
        ("casia", "train_release/20/2.avi"): ("train", "20", "live", "none", "low", "low"),
        ("casia", "test_release/1/HR_1.avi"): ("test", "21", "live", "none", "high", "high"),
        ("casia", "test_release/30/3.avi"): ("test", "50", "warped", "photo", "normal", "normal"),
        ("casia", "test_release/30/6.avi"): ("test", "50", "cut", "photo", "low", "low"),
        ("casia", "test_release/30/HR_4.avi"): ("test", "50", "replay", "video", "high", "high"),
        ("replay", "devel/real/client003_session01_webcam_authenticate_adverse_2.mov"): (
            "dev",
            "003",
            "live",
            "none",
            "adverse-2",
            "webcam",
        ),
        ("replay", "test/attack/hand/attack_print_client119_session01_highdef_photo_adverse.mov"): (
            "test",
            "119",
            "print",
            "print",
            "adverse-hand",
            "webcam",
        ),
        (
            "replay",
            "train/attack/fixed/attack_mobile_client001_session01_mobile_video_controlled.mov",
        ): ("train", "001", "replay", "mobile-video", "controlled-fixed", "webcam"),
        ("dmad", "train/017-replay-amoled-12.mp4"): (
            "train",
            "017",
            "replay",
            "amoled",
            "12",
            "sr300",
        ),
    }
    BAD = {
        "oulu": [
            "1_1_01_2.avi",
            "Train_files/7_1_01_2.avi",
            "Train_files/0_1_01_2.avi",
            "Train_files/1_4_01_2.avi",
            "Train_files/1_1_01_0.avi",
            "Train_files/1_1_1_2.avi",
            "Train_files/1_1_01_2.mp4",
            "Train_files/1-1-01-2.avi",
            "train/1_1_01_2.avi",
            "Train_files/1_1_21_2.avi",
            "Dev_files/1_1_20_2.avi",
            "Dev_files/1_1_36_2.avi",
            "Test_files/1_1_35_2.avi",
            "Test_files/1_1_56_2.avi",
            "Train_files/1_1_00_2.avi",
            "Train_files/1_1_01_2_1.avi",
            "x/Train_files/1_1_01_2.avi",
            "Train_files/1_1_0１_2.avi",
        ],
        "siw": [
            "Train/live/003/003_1_1_1_1.mov",
            "Train/live/003/004-1-1-1-1.mov",
            "Train/spoof/003/003-1-1-1-1.mov",
            "Train/live/003/003-1-2-1-1.mov",
            "Train/live/003/003-1-1-3-1.mov",
            "Train/spoof/003/003-1-2-3-1.mov",
            "Train/spoof/003/003-1-3-5-1.mov",
            "Train/spoof/003/003-1-3-1-3.mov",
            "Train/live/003/003-3-1-1-1.mov",
            "Train/live/000/000-1-1-1-1.mov",
            "Train/live/166/166-1-1-1-1.mov",
            "Train/live/003/003-1-1-1-1.avi",
            "Dev/live/003/003-1-1-1-1.mov",
            "Train/003/003-1-1-1-1.mov",
        ],
        "casia": [
            "train_release/21/1.avi",
            "test_release/31/1.avi",
            "train_release/0/1.avi",
            "train_release/01/1.avi",
            "train_release/1/9.avi",
            "train_release/1/HR_5.avi",
            "train_release/1/HR_1.mov",
            "dev_release/1/1.avi",
            "train_release/1/1_1.avi",
        ],
        "replay": [
            "train/real/client1_session01_webcam_authenticate_adverse_1.mov",
            "train/real/client001_session01_webcam_authenticate_adverse_3.mov",
            "train/real/client001_session01_webcam_authenticate_dark_1.mov",
            "dev/real/client001_session01_webcam_authenticate_adverse_1.mov",
            "train/attack/attack_print_client001_session01_highdef_photo_adverse.mov",
            "train/attack/hand/attack_print_client001_session01_highdef_video_adverse.mov",
            "train/attack/hand/attack_print_client001_session01_mobile_photo_adverse.mov",
            "train/attack/hand/attack_mobile_client001_session01_highdef_photo_adverse.mov",
            "train/real/attack_print_client001_session01_highdef_photo_adverse.mov",
            "train/attack/hand/client001_session01_webcam_authenticate_adverse_1.mov",
        ],
        "dmad": [
            "train/17-live-none-1.mp4",
            "train/017-live-a4-1.mp4",
            "train/017-mask-paper-1.mp4",
            "train/017-print-oled-1.mp4",
            "eval/017-live-none-1.mp4",
            "train/017-live-none.mp4",
        ],
    }

    def test_fields(self):
        for (dataset, name), fields in self.GOOD.items():
            with self.subTest(name):
                video = parse(dataset, name, "root")
                self.assertEqual(video[3:9], fields)
                self.assertEqual(video.live, fields[2] == "live")
                self.assertEqual(video.path, Path("root", name))
                self.assertEqual(video.name, name.rpartition(".")[0])

    def test_malformed_names_are_refused_and_named(self):
        for dataset, names in self.BAD.items():
            for name in names:
                with self.subTest(name), self.assertRaises(BadName) as caught:
                    parse(dataset, name, "root")
                self.assertIn(f"root/{name}", str(caught.exception))

    def test_examples_are_names(self):
        for dataset, rule in protocols.RULES.items():
            parse(dataset, rule.example)


class Protocols(unittest.TestCase):
    def test_whole_sets_miss_nothing_and_keep_subjects_apart(self):
        for dataset in NAMES:
            found = known(dataset)
            for name in protocols.PROTOCOLS[dataset]:
                with self.subTest(dataset=dataset, name=name):
                    self.assertEqual(missing(dataset, name, found), [])
                    parts = protocol(dataset, name, found)
                    people = [{video.subject for video in parts[split]} for split in parts]
                    self.assertEqual(sum(map(len, people)), len(set.union(*people)))

    def test_unknown_names(self):
        for dataset, name in (
            ("oulu", "5"),
            ("oulu", "3"),
            ("oulu", "3.7"),
            ("siw", "2"),
            ("siw", "2.5"),
            ("casia", "grandtest"),
            ("none", "1"),
        ):
            with self.subTest(dataset=dataset, name=name), self.assertRaises(DatasetError):
                protocol(dataset, name, [])

    def test_videos_of_another_set(self):
        with self.assertRaisesRegex(DatasetError, "train_release/1/1.avi"):
            protocol("oulu", "1", known("oulu") + known("casia"))

    def test_oulu_counts(self):
        found = known("oulu")
        self.assertEqual(len(found), 4950)
        self.assertEqual(len(protocols.PROTOCOLS["oulu"]), 14)
        for name in protocols.PROTOCOLS["oulu"]:
            with self.subTest(name):
                self.assertEqual(counts(protocol("oulu", name, found)), OULU_COUNTS[name[0]])

    def test_oulu_holds_out_what_it_says(self):
        found = known("oulu")
        for name in protocols.PROTOCOLS["oulu"]:
            parts = protocol("oulu", name, found)
            seen = parts["train"] + parts["dev"]
            sessions = {v.session for v in seen}, {v.session for v in parts["test"]}
            phones = {v.sensor for v in seen}, {v.sensor for v in parts["test"]}
            attacks = instruments(seen), instruments(parts["test"])
            with self.subTest(name):
                self.assertEqual(
                    sessions, ({"1", "2"}, {"3"}) if name[0] in "14" else (set("123"), set("123"))
                )
                self.assertEqual(
                    phones,
                    (set("123456") - {name[-1]}, {name[-1]})
                    if name[0] in "34"
                    else (set("123456"), set("123456")),
                )
                four = {"print1", "print2", "video1", "video2"}
                self.assertEqual(
                    attacks,
                    ({"print1", "video1"}, {"print2", "video2"})
                    if name[0] in "24"
                    else (four, four),
                )

    def test_oulu_names_what_is_missing_where_it_is_used(self):
        lost = "Test_files/1_3_36_1.avi"
        found = known("oulu", {lost})
        for name in ("1", "3.1", "4.1"):
            with self.subTest(name), self.assertRaises(FilesMissing) as caught:
                protocol("oulu", name, found)
            self.assertEqual(caught.exception.missing, [lost])
            self.assertIn(lost, str(caught.exception))
        protocol("oulu", "3.2", found)  # tests phone 2 only
        self.assertEqual(len(missing("oulu", "1", [])), 2700)

    def test_siw_frames(self):
        parts = protocol("siw", "1", known("siw"))
        self.assertEqual({video.frames for video in parts["train"]}, {60})
        self.assertEqual({video.frames for video in parts["test"]}, {None})
        self.assertEqual(counts(parts), ((720, 1800), (0, 0), (600, 1500)))
        for name in ("2.1", "3.1"):
            parts = protocol("siw", name, known("siw"))
            self.assertEqual({video.frames for video in parts["train"]}, {None})

    def test_siw_media_and_species(self):
        found = known("siw")
        media = {"2.1": "ipad", "2.2": "iphone", "2.3": "asus", "2.4": "samsung"}
        for name, medium in media.items():
            parts = protocol("siw", name, found)
            self.assertEqual(counts(parts), ((720, 90 * 12), (0, 0), (600, 75 * 4)))
            self.assertEqual(instruments(parts["train"]), set(media.values()) - {medium})
            self.assertEqual(instruments(parts["test"]), {medium})
        for name, train, test in (("3.1", "print", "replay"), ("3.2", "replay", "print")):
            parts = protocol("siw", name, found)
            sizes = {"print": 4, "replay": 16}
            self.assertEqual(
                counts(parts), ((720, 90 * sizes[train]), (0, 0), (600, 75 * sizes[test]))
            )
            self.assertEqual((species(parts["train"]), species(parts["test"])), ({train}, {test}))

    def test_siw_gaps_are_a_warning(self):
        lost = "Train/spoof/001/001-1-3-2-1.mov"
        found = known("siw", {lost})
        with self.assertWarnsRegex(UserWarning, lost):
            self.assertEqual(len(protocol("siw", "1", found)["train"]), 2519)
        self.assertEqual(missing("siw", "2.2", found), [])  # iphone is not trained on there
        self.assertEqual(missing("siw", "2.1", found), [lost])
        alone = [video for video in found if video.subject != "164"]
        self.assertEqual(missing("siw", "2.2", alone), ["subject 164"])

    def test_siw_extra_prints_and_mp4_are_welcome(self):
        lost = "Test/live/010/010-1-1-1-1.mov"
        extra = [
            parse("siw", lost.replace("mov", "mp4")),
            parse("siw", "Train/spoof/001/001-2-2-2-1.mov"),
        ]
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            parts = protocol("siw", "1", known("siw", {lost}) + extra)
        self.assertEqual(counts(parts), ((720, 1801), (0, 0), (600, 1500)))

    def test_a_class_that_is_empty(self):
        found = [video for video in known("siw") if video.species != "print"]
        with warnings.catch_warnings(), self.assertRaisesRegex(DatasetError, "attack in train"):
            warnings.simplefilter("ignore")
            protocol("siw", "3.1", found)

    def test_casia_counts(self):
        found = known("casia")
        self.assertEqual(Counter(video.live for video in found), {True: 150, False: 450})
        expected = {
            "low": (1, 3),
            "normal": (1, 3),
            "high": (1, 3),
            "warped": (3, 3),
            "cut": (3, 3),
            "video": (3, 3),
            "overall": (3, 9),
        }
        self.assertEqual(set(protocols.PROTOCOLS["casia"]), set(expected))
        for name, (live, attack) in expected.items():
            parts = protocol("casia", name, found)
            with self.subTest(name):
                self.assertEqual(
                    counts(parts), ((20 * live, 20 * attack), (0, 0), (30 * live, 30 * attack))
                )
                self.assertEqual(
                    [len({video.subject for video in parts[split]}) for split in ("train", "test")],
                    [20, 30],
                )
        for name, kind in (("warped", "warped"), ("cut", "cut"), ("video", "replay")):
            self.assertEqual(species(protocol("casia", name, found)["test"]), {kind})
        for name in ("low", "normal", "high"):
            self.assertEqual({v.sensor for v in protocol("casia", name, found)["test"]}, {name})

    def test_casia_names_what_is_missing(self):
        lost = "test_release/7/HR_2.avi"
        with self.assertRaisesRegex(FilesMissing, lost):
            protocol("casia", "warped", known("casia", {lost}))
        protocol("casia", "cut", known("casia", {lost}))

    def test_replay_counts(self):
        found = known("replay")
        self.assertEqual(
            counts(protocol("replay", "grandtest", found)), ((60, 300), (60, 300), (80, 400))
        )
        attacks = {
            "grandtest": 1000,
            "print": 200,
            "mobile": 400,
            "highdef": 400,
            "photo": 600,
            "digitalphoto": 400,
            "video": 400,
        }
        self.assertEqual(set(protocols.PROTOCOLS["replay"]), set(attacks))
        for name, count in attacks.items():
            with self.subTest(name):
                self.assertEqual(
                    counts(protocol("replay", name, found)),
                    tuple(
                        (live, count * share // 10) for live, share in ((60, 3), (60, 3), (80, 4))
                    ),
                )

    def test_replay_names_files_and_counts_clients(self):
        lost = "devel/attack/hand/attack_print_client003_session01_highdef_photo_adverse.mov"
        found = known("replay", {lost})
        with self.assertRaises(FilesMissing) as caught:
            protocol("replay", "photo", found)
        self.assertEqual(caught.exception.missing, [lost])
        protocol("replay", "video", found)
        found = [video for video in found if video.subject != "009"]
        self.assertEqual(missing("replay", "video", found), ["clients of test (19 of 20)"])

    def test_dmad(self):
        parts = protocol("dmad", "all", known("dmad"))
        self.assertEqual(counts(parts), ((1, 6), (1, 6), (1, 6)))

    def test_cross(self):
        casia, replay = known("casia"), known("replay")
        parts = protocol("cross", "casia->replay", casia + replay)
        self.assertEqual(counts(parts), ((60, 180), (90, 270), (80, 400)))
        self.assertEqual(
            [{video.dataset for video in part} for part in parts.values()],
            [{"casia"}, {"casia"}, {"replay"}],
        )
        parts = protocol("cross", "replay->casia", casia + replay)
        self.assertEqual(counts(parts), ((60, 300), (60, 300), (90, 270)))
        self.assertEqual(
            [{video.dataset for video in part} for part in parts.values()],
            [{"replay"}, {"replay"}, {"casia"}],
        )

    def test_cross_needs_only_what_it_uses(self):
        trained = [video for video in known("replay") if video.split != "test"]
        found = [video for video in known("casia") if video.split == "test"] + trained
        protocol("cross", "replay->casia", found)
        lost = missing("cross", "casia->replay", found)
        self.assertIn("train_release/1/1.avi", lost)
        self.assertIn("clients of test (0 of 20)", lost)
        self.assertEqual(len(lost), 240 + 1)


if __name__ == "__main__":
    unittest.main()
