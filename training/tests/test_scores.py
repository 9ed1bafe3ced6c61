"""Checks the scores of a data set's clips by checkpoints, weight files and the command."""

import subprocess
import tempfile
import unittest
from contextlib import redirect_stdout
from dataclasses import asdict
from io import StringIO
from math import isnan
from pathlib import Path

import numpy as np
import torch

from training import ROOT
from training.judge import unpack
from training.judge.predict import predict
from training.judge.scores import CLIP, SINGLE, clip_id, read_file
from training.networks.networks import Config
from training.ship import export
from training.tests.made_scores import CLIPS, make_folder, write_scores

torch.set_num_threads(1)  # networks this small gain nothing from more


class Scores(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def test_score_file(self):
        make_folder(self.folder, sheets=False)
        write_scores(self.folder / "scores.jsonl", leave_out=["test-000000-print"])
        splits = read_file(self.folder / "scores.jsonl", self.folder)
        self.assertEqual(splits["dev"].scores[CLIP].tolist(), [clip[3] for clip in CLIPS[:8]])
        self.assertTrue(isnan(splits["test"].scores[CLIP][1]))
        self.assertEqual(splits["test"].scores[CLIP][2:].tolist(), [clip[3] for clip in CLIPS[10:]])

    def test_stranger(self):
        make_folder(self.folder, sheets=False)
        write_scores(self.folder / "scores.jsonl")
        with open(self.folder / "scores.jsonl", "a", encoding="utf-8") as file:
            file.write('{"clip":"holiday.mp4","verdict":"live","score":1}\n')
        with self.assertRaisesRegex(ValueError, "no label for holiday.mp4"):
            read_file(self.folder / "scores.jsonl", self.folder)

    def test_broken_line(self):
        make_folder(self.folder, sheets=False)
        for line in ("{", "[]", '{"verdict":"live","score":1}'):
            (self.folder / "scores.jsonl").write_text(f"\n{line}\n", encoding="utf-8")
            with self.assertRaisesRegex(ValueError, "line 2: no score line"):
                read_file(self.folder / "scores.jsonl", self.folder)

    def test_clip_id(self):
        ids = {"a-1": "a-1", "b.c": "b.c", "d+e": "d/e"}
        for printed, known in (
            ("x/a-1.y4m.gz", "a-1"),
            ("a-1.mp4", "a-1"),
            ("x/a-1", "a-1"),
            ("a-1/", "a-1"),
            ("b.c", "b.c"),
            ("b.c.y4m", "b.c"),
            ("x/d+e", "d/e"),
            ("x/other.mp4", "x/other.mp4"),
        ):
            self.assertEqual(clip_id(printed, ids), known)

    def test_weight_file(self):
        """A checkpoint and what is exported from it give the same."""
        make_folder(self.folder)
        network = export.random_network(
            Config(
                input_size=32,
                width=1 / 16,
                preset="untrained",
                calibration_scale=3.0,
                calibration_bias=-1.0,
            ),
            2,
        )
        export.export(network, self.folder / "a.safetensors")
        torch.save(
            {"config": asdict(network.config), "model": network.state_dict()}, self.folder / "a.pt"
        )
        first, second = (
            read_file(self.folder / name, self.folder, batch=3)["test"]
            for name in ("a.pt", "a.safetensors")
        )
        self.assertEqual([row["id"] for row in first.rows], [row["id"] for row in second.rows])
        for who in (CLIP, SINGLE):
            self.assertGreater(np.ptp(first.scores[who]), 1e-4)
            np.testing.assert_allclose(second.scores[who], first.scores[who], atol=1e-5)
        np.testing.assert_allclose(second.depth, first.depth, atol=1e-4)
        self.assertEqual(first.depth.shape, (8, 4, 4))
        self.assertEqual(predict(network, self.folder, "test").depth.shape, (8, 4, 4, 4))

    def test_masked(self):
        """The papers' score: depth of the mask alone, by a checkpoint and what is exported of it;
        without a mask anywhere it has no depth."""
        make_folder(self.folder)
        masks = np.zeros((len(CLIPS), 5, 32, 32), np.uint8)
        masks[:8, :, 8:24] = 255
        np.save(self.folder / "mask.npy", masks)
        for profile in ("paper", "reference"):
            config = Config(profile=profile, preset="untrained", input_size=32, width=1 / 16)
            network = export.random_network(config, 2)
            export.export(network, self.folder / "a.safetensors")
            plain, masked = (predict(network, self.folder, "dev", masked=m) for m in (False, True))
            half = torch.zeros(8, 4, 4, 4)
            half[:, :, 1:3] = 1
            with torch.no_grad():
                expected = network.score(torch.tensor(masked.depth), half)[1]
            np.testing.assert_allclose(masked.raw, expected, atol=1e-6)
            self.assertGreater(np.abs(masked.raw - plain.raw).max(), 1e-4)
            found = read_file(self.folder / "a.safetensors", self.folder, masked=True)
            np.testing.assert_allclose(found["dev"].scores[CLIP], masked.scores, atol=1e-5)
            empty = predict(network, self.folder, "test", masked=True)
            with torch.no_grad():
                expected = network.score(torch.tensor(empty.depth), torch.zeros(8, 4, 4, 4))[1]
            np.testing.assert_allclose(empty.raw, expected, atol=1e-6)
        with self.assertRaisesRegex(ValueError, "no masked score"):
            predict(network, self.folder, "dev", single=True, masked=True)

    def test_masked_command(self):
        """The command's --mask on unpacked clips, and evaluate's reading of what it prints."""
        make_folder(self.folder, 64)
        rng = np.random.default_rng(3)
        masks = rng.integers(0, 2, (len(CLIPS), 5, 16, 16), np.uint8).repeat(2, 2).repeat(2, 3)
        masks = 254 * masks + rng.integers(0, 2, masks.shape, np.uint8)  # cells of exactly a half
        np.save(self.folder / "mask.npy", masks)
        for split in ("dev", "test"):
            with redirect_stdout(StringIO()):
                unpack.main([str(self.folder), str(self.folder / "clips"), "--split", split])
        options = "--crop none --fps 10 --mask --json --model a.safetensors".split()
        clips = sorted((self.folder / "clips").iterdir())
        for kind in (("fas-sgtd", "paper"), ("fas-td", "paper"), ("fas-sgtd", "reference")):
            config = Config(*kind, preset="untrained", input_size=64, width=1 / 16)
            export.export(export.random_network(config, 2), self.folder / "a.safetensors")
            with open(self.folder / "scores.jsonl", "w", encoding="utf-8") as file:
                command = ["node", ROOT / "js/node/cli.mjs", "score", *clips, *options]
                subprocess.run(command, cwd=self.folder, stdout=file, check=True)
            for masked in (False, True):
                exact, found = (
                    read_file(self.folder / name, self.folder, masked=masked)
                    for name in ("a.safetensors", "scores.jsonl")
                )
                for split, own in exact.items():
                    self.assertGreater(np.ptp(own.scores[CLIP]), 1e-4)
                    np.testing.assert_allclose(
                        found[split].scores[CLIP], own.scores[CLIP], atol=1e-5
                    )


if __name__ == "__main__":
    unittest.main()
