"""Checks which videos a protocol trains and tests on, by sets of names without a tree."""

import unittest
import warnings
from collections import Counter

from training.benchmarks import protocols
from training.benchmarks.names import DatasetError, FilesMissing, parse
from training.benchmarks.protocols import missing, protocol
from training.tests.official_names import NAMES, known

# OULU-NPU's table (FG 2017): live, attack of train, dev, test.
OULU_COUNTS = {
    "1": ((240, 960), (180, 720), (120, 480)),
    "2": ((360, 720), (270, 540), (360, 720)),
    "3": ((300, 1200), (225, 900), (60, 240)),
    "4": ((200, 400), (150, 300), (20, 40)),
}


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
