"""Checks evaluate.py and plots.py: the command over made-up scores, and how large its plots are."""

import io
import json
import tempfile
import unittest
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from types import SimpleNamespace
from unittest import mock

import numpy as np
import torch
from PIL import Image

from training.judge import evaluate, plots
from training.judge.scores import CLIP
from training.tests.made_scores import SCORES, make_folder, make_rows, write_scores

torch.set_num_threads(1)


class Files(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def test_command(self):
        """Two seeds of one run and a score file: report, results, plots small enough."""
        make_folder(self.folder)
        write_scores(self.folder / "scores.jsonl")
        rng = np.random.default_rng(1)

        def made_up(file, folder, split, batch, limit, masked):
            rows = [row for row in make_rows() if row["split"] == split]
            scores = np.array([SCORES[row["id"]] for row in rows]) + 0.05 * (file == "b.pt")
            return SimpleNamespace(
                records=rows,
                scores=scores,
                single=None,
                depth=rng.random((len(rows), 4, 16, 16), dtype=np.float32),
            )

        out, printed = self.folder / "out", io.StringIO()
        with mock.patch("training.judge.scores.predict", made_up), redirect_stdout(printed):
            evaluate.main(
                [
                    str(self.folder),
                    str(self.folder / "scores.jsonl"),
                    "--run",
                    "the full",
                    "a.pt",
                    "b.pt",
                    "--out",
                    str(out),
                ]
            )
        self.assertIn("a.pt, b.pt", printed.getvalue())
        for part in ("the-full", "scores"):
            for name in ("det", "histograms", "depth-highest", "depth-random", "failures"):
                path = out / part / f"{name}.png"
                self.assertLessEqual(path.stat().st_size, plots.LIMIT)
                with Image.open(path) as picture:
                    self.assertGreater(min(picture.size), 100)
        results = json.loads((out / "results.json").read_text(encoding="utf-8"))
        self.assertEqual(results["data"]["sha256"], "abc")
        self.assertEqual(len(results["runs"]["the full"]["seeds"]), 2)
        self.assertEqual(results["runs"]["scores"]["summary"][CLIP]["AUC all"]["mean"], 13 / 16)
        self.assertIn("| print |", (out / "report.md").read_text(encoding="utf-8"))

    def test_wrong_files(self):
        """One line, no traceback: of a folder that is none, of a checkpoint that is none."""
        make_folder(self.folder)
        torch.save({}, self.folder / "a.pt")
        for folder, file, message in (
            ("none", "scores.jsonl", "none/clips.jsonl"),
            ("", "a.pt", "a.pt: no checkpoint of training.train"),
        ):
            with self.assertRaisesRegex(SystemExit, f"^evaluate: .*{message}"):
                evaluate.main([str(self.folder / folder), str(self.folder / file)])

    def test_usage(self):
        for arguments in (
            ["data"],
            ["data", "--run", "a"],
            ["data", "--run", "a", "x.pt", "--run", "a", "y.pt"],
        ):
            with self.assertRaises(SystemExit), redirect_stderr(io.StringIO()):
                evaluate.parse(arguments)


class Plots(unittest.TestCase):
    def test_deviate(self):
        """The median is 0, and a normal's 97.7 % quantile 2; beyond the last tick is its edge."""
        np.testing.assert_allclose(plots.deviate([0.5, 0.02275, 0]), [0, -2, -3.0902], atol=1e-3)

    def test_colours(self):
        species = ["live", "print", "wax", "veil"]
        self.assertEqual(len({plots.colour(name, species) for name in species}), 4)
        self.assertEqual(plots.colour("print"), plots.COLOURS["print"])

    def test_large_sheet(self):
        """Noise is shrunk until the file is small enough."""
        rng = np.random.default_rng(1)
        row = [plots.Tile(rng.integers(0, 256, (80, 80, 3), dtype=np.uint8), None, "0.5")] * 12
        with tempfile.TemporaryDirectory() as folder:
            plots.sheet(Path(folder) / "a.png", "noise", {f"{i}": row for i in range(8)})
            self.assertLessEqual((Path(folder) / "a.png").stat().st_size, plots.LIMIT)


if __name__ == "__main__":
    unittest.main()
