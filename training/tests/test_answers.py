"""What MiniFASNets say of clips, and who learns from it."""

import json
import tempfile
import unittest
from pathlib import Path

import numpy as np
import torch

from training import ROOT
from training.data.clipset import ANSWERS, BadClips, ClipSet, Draw
from training.judge import answers
from training.networks import folded

FILES = [ROOT / f"models/minifasnet-{name}-80.safetensors" for name in ("v2", "v1se")]
FRAMES = 3


def folder(path):
    """Two pairs of noise, views near and wide"""
    view = {"size": 80, "scale": 2.7, "filter": "bilinear", "held": False}
    info = {
        "format": "livedepth-clips",
        "version": 1,
        "frames": FRAMES,
        "interval_ms": 100.0,
        "views": {"near": view, "wide": view | {"scale": 4.0}},
        "sha256": "",
    }
    rows = [
        {"split": "train", "id": f"{i}", "pair": i // 2, "label": label, "species": species}
        for i, (label, species) in enumerate([("live", "live"), ("attack", "still")] * 2)
    ]
    (path / "info.json").write_text(json.dumps(info))
    (path / "clips.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    rng = np.random.default_rng(1)
    for name in info["views"]:
        pictures = rng.integers(0, 256, (len(rows), FRAMES, 80, 80, 3), np.uint8)
        np.save(path / f"clips-{name}.npy", pictures)


class Answers(unittest.TestCase):
    def setUp(self):
        place = tempfile.TemporaryDirectory()
        self.addCleanup(place.cleanup)
        self.path = Path(place.name)
        folder(self.path)

    def odds(self, file, network, view):
        """By softmax, in float64"""
        tensors, _ = folded.load(file)
        own = {name.removeprefix(f"{view}."): value for name, value in tensors.items()}
        pictures = np.load(self.path / f"clips-{view}.npy")
        images = torch.from_numpy(pictures).double().permute(0, 1, 4, 2, 3).flatten(0, 1)
        live = folded.minifas(own, network, images).softmax(1)[:, 1].clamp(1e-3, 1 - 1e-3)
        return torch.log(live / (1 - live)).view(-1, FRAMES)

    def test_mean_of_the_log_odds_of_each_on_its_own_view(self):
        asked = [judge for file in FILES for judge in answers.judges(file)]
        self.assertEqual([judge.view for judge in asked], ["near", "wide"])
        near = self.odds(FILES[0], "minifasnet-v2", "near")
        wide = self.odds(FILES[1], "minifasnet-v1se", "wide")
        want = ((near + wide) / 2).sigmoid()
        np.testing.assert_allclose(answers.answers(self.path, asked), want, atol=2e-4)

    def test_a_bundle_gives_its_two(self):
        found = answers.judges(ROOT / "models/fusion-sgtd.safetensors")
        self.assertEqual([judge.view for judge in found], ["near", "wide"])

    def test_no_minifasnet(self):
        with self.assertRaisesRegex(ValueError, "no MiniFASNet"):
            answers.judges(ROOT / "models/fas-sgtd-128-w8.safetensors")

    def test_a_batch_has_the_answer_of_its_frame(self):
        self.assertTrue(np.isnan(ClipSet(self.path, "train", view="near").teacher).all())
        found = np.arange(12, dtype=np.float32).reshape(4, FRAMES) / 12
        np.save(self.path / ANSWERS, found)
        clips = ClipSet(self.path, "train", view="near")
        one = clips.load(Draw(np.array([2, 3]), np.array([0, 2])))
        np.testing.assert_array_equal(one.teacher, [found[2, 0], found[3, 2]])
        whole = clips.load(Draw(np.array([2, 3]), None))
        np.testing.assert_allclose(whole.teacher, found[2:].mean(1), atol=1e-6)

    def test_answers_of_other_clips_are_refused(self):
        np.save(self.path / ANSWERS, np.zeros((5, FRAMES), np.float32))
        with self.assertRaisesRegex(BadClips, "expected float32"):
            ClipSet(self.path, "train", view="near")


if __name__ == "__main__":
    unittest.main()
