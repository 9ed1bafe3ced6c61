"""Soft targets: answers of other networks in place of labels."""

import json
import math
import unittest
from pathlib import Path

import numpy as np
import torch

from training import ROOT
from training.data.clipset import ClipSet, Draw
from training.judge.answers import judges
from training.judge.predict import predict
from training.networks import losses
from training.networks.networks import Config
from training.tests.made_set import Made
from training.train import soft

FILE = ROOT / "models/fusion-sgtd.safetensors"


class Targets(unittest.TestCase):
    def test_between_label_and_answer(self):
        """0.7 of the answer, 0.3 of the label; where nobody answered, the label. Two versions."""
        live = torch.tensor([True, False, True])
        answered = torch.tensor([0.5, 0.5, float("nan"), 0.0, 1.0, float("nan")])
        expected = torch.tensor([0.65, 0.35, 1.0, 0.3, 0.7, 1.0])
        torch.testing.assert_close(soft.targets(live, answered, 0.7), expected)
        torch.testing.assert_close(soft.targets(live, answered, 0.0), live.float().repeat(2))

    def test_stored_and_guide(self):
        """Their log odds are mixed; a guide's probability is the mean over its frames."""
        images = torch.zeros(2, 3, 3, 32, 32)

        def guide(images):
            return torch.full((len(images),), math.log(4))  # 0.8

        stored = torch.tensor([0.2, 0.8])
        for share, expected in ((0.0, [0.8, 0.8]), (0.5, [0.5, 0.8]), (1.0, [0.2, 0.8])):
            found = soft.answers(guide, images, stored, share)
            torch.testing.assert_close(found, torch.tensor(expected))
        torch.testing.assert_close(soft.answers(None, images, stored, 0.0), stored)

    def test_binary_loss_of_a_probability(self):
        """p log softmax(live) + (1 - p) log softmax(attack); a bool is 0 or 1."""
        logits = torch.tensor([[math.log(3.0), 0.0]])
        for p in (0.0, 0.25, 1.0):
            expected = -p * math.log(0.75) - (1 - p) * math.log(0.25)
            found = losses.binary_loss(logits, torch.tensor([p]))
            self.assertAlmostEqual(found.item(), expected, places=6)
        self.assertAlmostEqual(
            losses.binary_loss(logits, torch.tensor([True])).item(), -math.log(0.75), places=6
        )


class Guides(unittest.TestCase):
    def test_weight_file_answers_as_its_judges_do(self):
        """At the scale of the network's view alone; the pictures are 80x80 already."""
        config = Config(input_size=80, crop_scale=2.7)
        images = torch.randint(0, 256, (3, 3, 80, 80)).float()
        near = next(judge for judge in judges(FILE) if judge.view == "near")
        panel = soft.load(FILE, config)
        torch.testing.assert_close(
            panel((images - config.mean) / config.std), near(images), atol=1e-3, rtol=1e-3
        )
        with self.assertRaisesRegex(ValueError, "no MiniFASNet sees 1.5 face boxes"):
            soft.load(FILE, Config(crop_scale=1.5))


class Training(Made):
    def test_depth_goes_where_the_answers_go(self):
        """Attacks that every answer takes for live get the mean live map, live clips that none does
        an empty one: the labels are turned round."""
        clips = ClipSet(self.data, "train")
        for folder in clips.folders:
            live = np.array([record["label"] == "live" for record in folder.records])
            np.save(
                Path(folder.path, "answers.npy"),
                np.repeat(~live[:, None], folder.info["frames"], 1).astype(np.float32),
            )
        run = self.train(
            "turned", "losses.soft=1", "one.rate=4e-2", "--steps", "60", "--stage", "one"
        )
        entries = [json.loads(line) for line in (run / "log.jsonl").read_text().splitlines()]
        self.assertLess(entries[-1]["depth"], 0.8 * entries[0]["depth"])
        answer = predict(run / "one.pt", self.data, "dev")
        live = np.array(answer.labels) == "live"
        self.assertLess(answer.raw[live].max(), answer.raw[~live].min())

    def test_live_map(self):
        clips = ClipSet(self.data, "train")
        own = clips.load(Draw(np.flatnonzero(clips.live), None)).depth.mean((0, 1))
        torch.testing.assert_close(clips.live_map(), own)


if __name__ == "__main__":
    unittest.main()
