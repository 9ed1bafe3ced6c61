"""Checks names and trees of the benchmark data sets, on made-up trees of empty files."""

import tempfile
import unittest
from pathlib import Path

from training.benchmarks import names
from training.benchmarks.datasets import videos
from training.benchmarks.names import BadName, DatasetError, FilesMissing, parse
from training.tests.official_names import NAMES, plant


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
        for dataset, files in NAMES.items():
            with self.subTest(dataset):
                root = self.root / dataset
                plant(root, files())
                if dataset == "dmad":
                    plant(root, (name.replace(".mp4", ".npy") for name in files()))
                found = videos(dataset, root)
                self.assertEqual({video.path for video in found}, {root / n for n in files()})
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
        for dataset, bad in self.BAD.items():
            for name in bad:
                with self.subTest(name), self.assertRaises(BadName) as caught:
                    parse(dataset, name, "root")
                self.assertIn(f"root/{name}", str(caught.exception))

    def test_examples_are_names(self):
        for dataset, rule in names.RULES.items():
            parse(dataset, rule.example)


if __name__ == "__main__":
    unittest.main()
