"""Checks the distance from real pictures and the table of trials. Run: python3 -m unittest discover
training (or pytest training)."""

import errno
import json
import subprocess
import sys
import tempfile
import unittest
import unittest.mock
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from training.judge import realism, teacher
from training.tests.in_process import call
from training.train import trials


def one_norm(path, mean, variance):
    """A network that is one batch norm over the three channels of "image"."""
    names = ("gamma", "beta", "mean", "variance")
    values = [
        numpy_helper.from_array(np.array(value, np.float32), name)
        for name, value in zip(names, ((1, 1, 1), (0, 0, 0), mean, variance))
    ]
    image, out = (
        helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n", 3, 80, 80])
        for name in ("image", "out")
    )
    node = helper.make_node("BatchNormalization", ["image", *names], ["out"])
    graph = helper.make_graph([node], "norm", [image], [out], values)
    onnx.save(
        helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), path
    )


class Realism(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.temp = Path(folder.name)

    def test_distance(self):
        """By hand: channels of mean m and deviation s against mean 10 and variance 4."""
        one_norm(self.temp / "norm.onnx", (10, 10, 10), (4, 4, 4))
        norms = realism.Norms(self.temp / "norm.onnx")
        crops = np.empty((2, 3, 80, 80), np.float32)
        crops[:, :, ::2], crops[:, :, 1::2] = 8, 12  # m 10, s 2: as stored
        self.assertAlmostEqual(norms.distance(crops), 0, places=5)
        crops[:, 0] += 4  # m 14: (14 - 10)^2 / 4 = 4, of one channel of three
        self.assertAlmostEqual(norms.distance(crops), 4 / 3, delta=0.01)
        crops[:, 1] = 10  # s 0: (0 - 2)^2 / 4 = 1
        self.assertAlmostEqual(norms.distance(crops), 5 / 3, delta=0.01)

    def test_folder(self):
        """Every second frame, cut around the face's box."""
        pixels = np.zeros((2, 3, 90, 90, 3), np.uint8)
        pixels[1, 0], pixels[1, 1] = 20, 99
        row = {"box": [[40, 40, 20, 20]] * 3}
        models = self.temp / "assets" / teacher.FOLDER
        models.mkdir(parents=True)
        for name, _ in teacher.NETWORKS:
            one_norm(models / name, (0, 0, 0), (100, 100, 100))
        dataset = SimpleNamespace(clips=pixels, records=[row, row])
        found = realism.distances(dataset, self.temp / "assets")
        # Frame 2 is black: m and s are 10, so 1 + 0; the black clip has s 0, so 0 + 1.
        np.testing.assert_allclose(found, [1, 1], atol=0.01)


class Trials(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.temp = Path(folder.name)

    def test_runs_once(self):
        """Trunks first, each run once, whatever was known before."""
        known = {"plain": {"1": {"dev": {"all": 0.5}, "test": {"all": 0.5, "print": 0.5}}}}
        (self.temp / "trials.json").write_text(json.dumps(known))
        started = []

        def run(words, **_):
            started.append(words)

        found = {"dev": {"all": 0.7}, "test": {"all": 0.8, "print": 0.9}}
        arguments = [
            "trials.py",
            "plain",
            "DATA",
            "--out",
            str(self.temp),
            "--seeds",
            "1",
            "2",
            "--only",
            "plain",
            "without ConvGRU",
            "--steps",
            "7",
            "5",
            "--set",
            "network.width=0.25",
        ]
        with (
            unittest.mock.patch.object(trials.subprocess, "run", run),
            unittest.mock.patch.object(trials, "judged", lambda *_, **__: found),
            unittest.mock.patch.object(sys, "argv", arguments),
            unittest.mock.patch("builtins.print") as printed,
        ):
            trials.main()
        names = [Path(words[words.index("--out") + 1]).name for words in started]
        self.assertEqual(names, ["plain-2", "without-ConvGRU-1", "without-ConvGRU-2"])
        for words in started:
            self.assertEqual(words[words.index("--steps") + 1 :][:2], ["7", "5"])
            self.assertEqual(words[words.index("--set") + 1], "network.width=0.25")
        self.assertEqual(started[1][-2:], ["--set", "network.without=['no-gru']"])
        self.assertEqual(
            started[1][started[1].index("--trunk") + 1], str(self.temp / "plain-1/one.pt")
        )
        table = printed.call_args.args[0]
        self.assertIn("| plain | 2 | 0.600 (0.50 .. 0.70) | 0.650 (0.50 .. 0.80) | 0.70 |", table)
        self.assertEqual(json.loads((self.temp / "trials.json").read_text())["plain"]["2"], found)

    def test_full_disk(self):
        """Costs the answers of the last run alone."""
        path = self.temp / "trials.json"
        trials.Results(path).add("plain", 1, {"dev": {"all": 0.5}})
        known = trials.Results(path).known

        def full(self, text):
            with open(self, "w") as file:
                file.write(text[:5])
            raise OSError(errno.ENOSPC, "No space left on device")

        with unittest.mock.patch.object(Path, "write_text", full), self.assertRaises(OSError):
            trials.Results(path).add("plain", 2, {"dev": {"all": 0.5}})
        self.assertEqual(trials.Results(path).known, known)

    def test_failed_run(self):
        """The last line of its log is said."""

        def run(words, stdout, **_):
            stdout.write("before\ntraining.train: no trunk\n")
            raise subprocess.CalledProcessError(1, words)

        with unittest.mock.patch.object(trials.subprocess, "run", run):
            answer = call(
                trials.main, "plain", "D", "--out", self.temp, "--seeds", 1, "--only", "whole"
            )
        path = self.temp / "whole-1.log"
        self.assertEqual(answer.stderr, f"trials: {path}: training.train: no trunk\n")


if __name__ == "__main__":
    unittest.main()
