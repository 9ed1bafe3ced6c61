"""Checks box files, measured depth and clips. Run: python3 -m training.tests.suite
(or pytest training)."""

import unittest

import numpy as np

from training.benchmarks import datasets
from training.benchmarks.datasets import BadFile, Box
from training.benchmarks.names import DatasetError, parse
from training.tests.test_names import WithFolder


class Boxes(WithFolder):
    def check_refused(self, read, texts):
        for text in texts:
            with self.subTest(text), self.assertRaisesRegex(BadFile, "boxes"):
                read(self.write("boxes", text))

    def test_eyes(self):
        path = self.write("eyes.txt", "0,100,200,160,200\n1,0,0,0,0\n3,101,201,161,201\n")
        self.assertEqual(
            datasets.read_eyes(path), {0: (100, 200, 160, 200), 3: (101, 201, 161, 201)}
        )
        self.check_refused(
            datasets.read_eyes,
            [
                "0 100 200 160 200",
                "0,100,200,160",
                "0,100,200,160,200,1",
                "0,a,1,2,3",
                "1,1,2,3,4\n1,1,2,3,4",
                "2,1,2,3,4\n1,1,2,3,4",
                "0.5,1,2,3,4",
                "-1,1,2,3,4",
                "0,nan,1,2,3",
                "0,1,2,3,4\n\n1,1,2,3,4",
            ],
        )

    def test_eyes_box(self):
        box = datasets.eyes_box((100, 200, 150, 200))
        for value, wanted in zip(box, (70, 146.8, 110, 140)):
            self.assertAlmostEqual(value, wanted)
        tilted = datasets.eyes_box((100, 200, 130, 240))  # the distance is 50 again
        self.assertAlmostEqual(tilted.width, 110)

    def test_corners(self):
        path = self.write("a.face", "10 20 110 170\n0 0 0 0\n11 20 111 170\n")
        self.assertEqual(
            datasets.read_corners(path), {0: Box(10, 20, 100, 150), 2: Box(11, 20, 100, 150)}
        )
        self.check_refused(
            datasets.read_corners,
            ["10 20 110", "10 20 5 170", "10 20 110 10", "10,20,110,170", "a b c d", "1 2 3 inf"],
        )

    def test_idiap(self):
        path = self.write("a.face", "0 10 20 100 150\n2 11 20 100 150\n5 0 0 0 0\n")
        self.assertEqual(
            datasets.read_idiap(path), {0: Box(10, 20, 100, 150), 2: Box(11, 20, 100, 150)}
        )
        self.check_refused(
            datasets.read_idiap,
            [
                "0 10 20 100",
                "0 10 20 -100 150",
                "0 1 2 3 -4",
                "0 1 2 3 4\n0 1 2 3 4",
                "3 1 2 3 4\n1 1 2 3 4",
            ],
        )

    def test_no_text(self):
        path = self.root / "boxes"
        path.write_bytes(b"\xff\xfe0 1 2 3 4")
        with self.assertRaisesRegex(BadFile, "boxes"):
            datasets.read_idiap(path)

    def test_each_set_finds_its_file(self):
        idiap, box = "4 10 20 100 150\n", {4: Box(10, 20, 100, 150)}
        self.write("Train_files/1_1_01_2.txt", "7,100,200,150,200\n")
        self.write("Train/live/003/003-1-1-1-1.face", "10 20 110 170\n")
        self.write("train/017-live-none-1.face", idiap)
        self.write("places/train_release/1/HR_1.face", idiap)
        self.assertEqual(list(self.boxes("oulu", "Train_files/1_1_01_2.avi")), [7])
        self.assertEqual(
            self.boxes("siw", "Train/live/003/003-1-1-1-1.mov"), {0: Box(10, 20, 100, 150)}
        )
        self.assertEqual(self.boxes("dmad", "train/017-live-none-1.mp4"), box)
        self.assertEqual(self.boxes("casia", "train_release/1/HR_1.avi", self.root / "places"), box)
        with self.assertRaisesRegex(DatasetError, "HR_1.avi"):
            self.boxes("casia", "train_release/1/HR_1.avi")
        with self.assertRaisesRegex(FileNotFoundError, "train_release/1/1.face"):
            self.boxes("casia", "train_release/1/1.avi", self.root / "places")

    def boxes(self, dataset, name, locations=None):
        return datasets.read_boxes(parse(dataset, name, self.root), locations)


class Depth(WithFolder):
    def test_read(self):
        depth = np.arange(24, dtype=np.uint16).reshape(2, 3, 4)
        video = parse("dmad", "train/017-live-none-1.mp4", self.root)
        (self.root / "train").mkdir()
        np.save(datasets.depth_path(video), depth)
        np.testing.assert_array_equal(
            datasets.read_depth(self.root / "train/017-live-none-1.npy"), depth
        )

    def test_refused(self):
        path = self.root / "depth.npy"
        for array in (
            np.zeros((2, 3, 4)),
            np.zeros((3, 4), np.uint16),
            np.zeros((0, 3, 4), np.uint16),
            np.array([{}]),
        ):
            np.save(path, array)
            with self.subTest(array.dtype), self.assertRaisesRegex(BadFile, "depth.npy"):
                datasets.read_depth(path)
        for content in (b"", b"no array", b"\x93NUMPY\x01\x00"):
            path.write_bytes(content)
            with self.subTest(content), self.assertRaisesRegex(BadFile, "depth.npy"):
                datasets.read_depth(path)


class Clips(unittest.TestCase):
    LIVE = parse("oulu", "Train_files/1_1_01_1.avi")
    ATTACK = parse("oulu", "Train_files/1_1_01_2.avi")

    def starts(self, clips):
        for clip in clips:
            self.assertEqual(clip, tuple(clip[0] + step for step in (0, 3, 6, 9, 12)))
        return [clip[0] for clip in clips]

    def test_test_clips(self):
        # A clip spans 13 frames, so n frames have n - 12 starts.
        for frames, starts in (
            (0, []),
            (12, []),
            (13, [0]),
            (17, [0, 1, 2, 3, 4]),
            (18, [0, 1, 2, 3, 4, 5]),
            (23, list(range(11))),
            (24, [0, 2, 4, 6, 8, 10]),
            (25, [0, 2, 4, 6, 8, 10, 12]),
            (150, [0, 23, 46, 69, 92, 115]),
        ):
            for video in (self.LIVE, self.ATTACK):
                with self.subTest(frames):
                    self.assertEqual(self.starts(datasets.test_clips(video, range(frames))), starts)

    def test_casia_attacks(self):
        """As the released code: 300 frames have 58 starts 5 apart, every ninth of these."""
        attack, live = (parse("casia", f"test_release/1/{name}.avi") for name in ("3", "1"))
        self.assertEqual(
            self.starts(datasets.test_clips(attack, range(300))), [0, 45, 90, 135, 180, 225, 270]
        )
        self.assertEqual(self.starts(datasets.test_clips(live, range(300)))[:3], [0, 48, 96])

    def test_at_least_six_clips(self):
        for frames in range(18, 600):
            self.assertIn(len(datasets.test_clips(self.LIVE, range(frames))), range(6, 12))

    def test_clips_need_every_face(self):
        faces = set(range(16)) - {3}  # no clip from 0 or 3
        self.assertEqual(self.starts(datasets.test_clips(self.LIVE, faces)), [1, 2])
        self.assertEqual(self.starts(datasets.test_clips(self.LIVE, range(5, 20))), [5, 6, 7])

    def test_train_clips(self):
        def starts(name, frames, dataset="oulu"):
            return self.starts(datasets.train_clips(parse(dataset, name), range(frames)))

        live, attack = "Train_files/1_1_01_1.avi", "Train_files/1_1_01_2.avi"
        self.assertEqual(starts(live, 12), [])
        self.assertEqual(starts(live, 13), [0])
        self.assertEqual(starts(live, 43), [0, 10, 20, 30])
        self.assertEqual(starts(live, 313), list(range(0, 301, 10)))  # 31 // 16 = 1: all
        self.assertEqual(starts(live, 323), list(range(0, 311, 20)))  # 32 // 16 = 2: 16
        self.assertEqual(starts(attack, 150), [0, 80])
        self.assertEqual(starts(attack, 573), [0, 80, 160, 240, 320, 400, 480, 560][::2])
        self.assertEqual(starts("train_release/1/3.avi", 150, "casia"), [0, 50, 100])
        self.assertEqual(starts("train_release/1/1.avi", 43, "casia"), [0, 10, 20, 30])
        # Others have stride 10 for both classes: starts 0 to 80 are 9 clips, 9 // 4 = 2.
        self.assertEqual(starts("Train/spoof/003/003-1-3-1-1.mov", 93, "siw"), [0, 20, 40, 60, 80])

    def test_only_the_first_frames_of_siw_1(self):
        video = parse("siw", "Train/live/003/003-1-1-1-1.mov")._replace(frames=60)
        self.assertEqual(self.starts(datasets.train_clips(video, range(450))), [0, 10, 20, 30, 40])


if __name__ == "__main__":
    unittest.main()
