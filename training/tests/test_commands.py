"""Checks that commands answer a user's mistake with one line, which names the file."""

import tempfile
import unittest
from pathlib import Path

from training.clips import gate, sheets
from training.data import depth_labels
from training.judge import realism, teacher
from training.tests.in_process import call
from training.train import trials


class Mistakes(unittest.TestCase):
    def test_nothing_there(self):
        with tempfile.TemporaryDirectory() as folder:
            none, file = Path(folder, "none"), Path(folder, "file")
            file.touch()
            for command, *words in (
                (gate, none),
                (gate, none, "--balance", file),
                (sheets, none, file),
                (teacher, none),
                (realism, none, "--assets", none),
                (depth_labels, none, file, "--assets", none),
                (trials, "plain", none, "--out", file),
            ):
                with self.subTest(command.__name__):
                    answer = call(command.main, *words)
                    self.assertEqual(answer.returncode, 1)
                    self.assertRegex(answer.stderr, rf"^{command.__name__.split('.')[-1]}: .*\n$")
                    self.assertIn(folder, answer.stderr)


if __name__ == "__main__":
    unittest.main()
