"""Checks the teacher's crop, answers and tables on made-up clips."""

import unittest
from math import isnan
from unittest import mock

import numpy as np

from training.judge import teacher
from training.tests.made_clips import WithFolder, plain, row, write_folder


class TeacherCrop(unittest.TestCase):
    """Pictures whose red and green are x and y."""

    def corners(self, width, height, box, scale):
        """First and last x, first and last y of the crop, about."""
        y, x = np.indices((height, width), np.uint8)
        patch = teacher.crop(np.stack([x, y, np.full_like(x, 9)], -1), box, scale)
        self.assertEqual((patch.shape, patch.dtype), ((3, 80, 80), np.float32))
        self.assertTrue((patch[0] == 9).all())  # blue comes first
        return [*patch[2, 0, [0, -1]].tolist(), *patch[1, [0, -1], 0].tolist()]

    def check(self, wanted, *arguments):
        np.testing.assert_allclose(self.corners(*arguments), wanted, atol=1)

    def test_inside(self):
        """20 x 30 around (110, 105), twice as large: 90..130 x 75..135"""
        self.check([90, 130, 75, 135], 200, 200, (100, 90, 20, 30), 2)

    def test_shifted(self):
        """From x = -5 and to y = 205: moved inside, as large as before."""
        self.check([0, 40, 139, 199], 200, 200, (5, 160, 20, 30), 2)

    def test_limited(self):
        """119 / 40 < 4 is the largest scale; the width has it too: 30 * 2.975 = 89.25"""
        self.check([55, 144, 0, 119], 200, 120, (85, 50, 30, 40), 4)
        self.check([0, 119, 55, 144], 120, 200, (50, 85, 40, 30), 4)

    def test_no_box(self):
        with self.assertRaisesRegex(ValueError, "no area"):
            teacher.crop(plain(0, 0, 0), (5, 5, 0, 9), 2.7)


class FakeNetwork:
    """A network whose logit of class 1, live, is the mean of the picture over 100."""

    def __init__(self, *_):
        self.batches = []

    def run(self, _, inputs):
        images = inputs["image"]
        self.batches.append(len(images))
        logits = np.zeros((len(images), 3), np.float32)
        logits[:, 1] = images.mean((1, 2, 3)) / 100
        return [logits]


class TeacherLive(unittest.TestCase):
    @mock.patch("onnxruntime.InferenceSession", FakeNetwork)
    def test_batches(self):
        """Five grey pictures, the third with a white rim that only the wider crop sees."""
        frames = [plain(level, level, level, side=120) for level in (0, 50, 100, 150, 200)]
        frames[2][:10] = frames[2][-10:] = frames[2][:, :10] = frames[2][:, -10:] = 255
        judge = teacher.Teacher("assets")
        answers = judge.live(frames, [(45, 45, 30, 30)] * 5, batch=2)
        self.assertEqual(judge.networks[0][0].batches, [2, 2, 1])
        np.testing.assert_allclose(
            answers[:, 0], [np.exp(v) / (np.exp(v) + 2) for v in (0, 0.5, 1, 1.5, 2)], rtol=1e-5
        )
        np.testing.assert_allclose(answers[[0, 1, 3, 4], 1], answers[[0, 1, 3, 4], 0], rtol=1e-5)
        self.assertGreater(answers[2, 1], answers[2, 0] + 0.05)
        with self.assertRaisesRegex(ValueError, "5 frames, 4 boxes"):
            judge.live(frames, [(45, 45, 30, 30)] * 4)


class TeacherTables(WithFolder):
    def setUp(self):
        super().setUp()
        self.rows = [
            row(0, "live", (0.9, 0.8)),
            row(0, "print", (0.1, 0.2), instrument="ink"),
            row(1, "live", (0.4, 0.2), camera="dark"),
            row(1, "replay", (0.6, 0.6), camera="dark", instrument="phone"),
        ]

    def test_species(self):
        table = {name: line for name, *line in teacher.species_lines(self.rows)}
        np.testing.assert_allclose(table["live"], [2, 0.65, 0.5, 0.75])
        np.testing.assert_allclose(table["print"], [1, 0.1, 0.2, 1])
        np.testing.assert_allclose(table["replay"], [1, 0.6, 0.6, 0.5])

    def test_factors(self):
        table = {line[:2]: line[2:] for line in teacher.factor_lines(self.rows)}
        np.testing.assert_allclose(table["source", "faker"], [2, 2, 0.575, 0.375, 0.75])
        np.testing.assert_allclose(table["camera", "dark"], [1, 1, 0.3, 0.6, 0])
        np.testing.assert_allclose(table["instrument", "ink"], [1, 1, 0.85, 0.15, 1])
        self.assertEqual(len(table), 6)  # source, two cameras, two instruments, a light
        rows = [*self.rows, row(0, "print", (1, 1), instrument="laser")]  # a second of pair 0
        table = {line[:2]: line[2:] for line in teacher.factor_lines(rows)}
        np.testing.assert_allclose(table["instrument", "ink"], [1, 1, 0.85, 0.15, 1])
        np.testing.assert_allclose(table["instrument", "laser"], [1, 1, 0.85, 1, 0])
        (_, _, live, attacks, _, of_attacks, area), *_ = teacher.factor_lines(self.rows[:1])
        self.assertEqual((live, attacks, isnan(of_attacks), isnan(area)), (1, 0, True, True))

    def test_main(self):
        rows = [*self.rows, row(2, "live", None)]
        write_folder(self.root, np.zeros((5, 5, 16, 16, 3), np.uint8), rows)
        _, text = self.run_main(teacher, self.root)
        self.assertIn("4 of 5 clips", text)
        self.assertRegex(text, r"replay +1 +0\.60 +0\.60 +0\.500")
        self.assertRegex(text, r"dark +1 +1 +0\.30 +0\.60 +0\.000")


if __name__ == "__main__":
    unittest.main()
