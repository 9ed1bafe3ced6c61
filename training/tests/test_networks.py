"""Checks the networks as a whole: folded against trained, what the papers' text and the released
code do differently, sizes."""

import unittest
from dataclasses import replace

import torch
from torch.utils.flop_counter import FlopCounterMode

from training.networks.networks import RECIPES, Config, Network
from training.tests.small_networks import SMALL, folded64, small, worst


class Networks(unittest.TestCase):
    def test_folded_equals_trained(self):
        td, sgtd = ("fas-td", "paper"), ("fas-sgtd", "paper")
        kinds = [(recipe, {}) for recipe in RECIPES] + [(td, {"input_norm": "local"})]
        kinds += [(recipe, {"head": "features"}) for recipe in (td, sgtd)]
        for recipe, more in kinds:
            with self.subTest(recipe, **more):
                network, images = small(*recipe, **more)
                clip, other = network(images[None]), folded64(network).run(images)
                self.assertLess(worst(clip.fused[0], other["fused"]), 1e-9)
                self.assertLess(worst(clip.logits[0], other["logits"]), 1e-9)
                self.assertLess(worst(clip.raw, other["score"]), 1e-9)

    def test_batch_of_clips(self):
        """The released graph mixes the frames of clips that run together; ours must not."""
        for recipe in RECIPES:
            with self.subTest(recipe):
                network, images = small(*recipe)
                both = network(torch.stack([images, images.flip(0)]))
                self.assertLess(worst(both.fused[0], network(images[None]).fused[0]), 1e-12)
                self.assertLess(worst(both.raw[1], network(images.flip(0)[None]).raw[0]), 1e-12)

    def test_recurrence(self):
        """The text's state runs over the pairs, the released one starts anew at each."""
        for profile, carries in (("paper", True), ("reference", False)):
            network, images = small("fas-sgtd", profile)
            second = network(images[None]).multi[0, 1]
            alone = network(images[None, 1:]).multi[0, 0]
            self.assertEqual(worst(second, alone) > 1e-6, carries)

    def test_reference_gru_is_one_step_from_zero(self):
        network, images = small("fas-sgtd", "reference")
        x = torch.rand(1, network.gru1.gates.in_channels - network.gru1.hidden, 4, 4).double()
        h = x.new_zeros(1, network.gru1.hidden, 4, 4)
        u, n = network.gru1.gated(x, h)
        self.assertLess(worst(network.gru1(x, h), (1 - u) * n), 1e-15)

    def test_reference_head_has_a_last_relu(self):
        network, _ = small("fas-sgtd", "reference")
        network.head[1].bias.sub_(100)
        logits, _ = network.score(torch.rand(1, 2, 4, 4).double())
        self.assertEqual(logits.tolist(), [[0, 0]])

    def test_reference_score(self):
        """sigmoid(1.2 d + 0.8 p - 1), d signed, over the mask of the first frame"""
        network, _ = small("fas-sgtd", "reference")
        fused = torch.randn(1, 2, 4, 4).double()
        logits, raw = network.score(fused)
        p, d = torch.softmax(logits, 1)[0, 0], fused.mean()
        self.assertAlmostEqual(raw.item(), torch.sigmoid(1.2 * d + 0.8 * p - 1).item(), places=12)
        mask = (torch.rand(1, 2, 4, 4) > 0.5).double()
        d = (fused.mean(1) * mask[:, 0]).sum() / mask[:, 0].sum()
        self.assertAlmostEqual(
            network.score(fused, mask)[1].item(),
            torch.sigmoid(1.2 * d + 0.8 * p - 1).item(),
            places=12,
        )

    def test_paper_score(self):
        fused = torch.randn(1, 2, 4, 4).double()
        mask = (torch.rand(1, 4, 4) > 0.5).double()
        for name in ("fas-td", "fas-sgtd"):
            network, _ = small(name, "paper")
            p = torch.softmax(network.score(fused)[0], 1)[0, 0]
            for answer, depth in (
                (network.score(fused), fused.abs().mean()),
                (network.score(fused, mask), (fused.abs() * mask).sum() / 2 / mask.sum()),
                (network.score(fused, 0 * mask), torch.tensor(0.0)),
            ):
                self.assertAlmostEqual(answer[1].item(), (0.8 * p + 0.2 * depth).item(), places=12)
        network.config = replace(
            network.config, depth_term="sum", calibration_scale=0.1, calibration_bias=-0.2
        )
        raw = network.score(fused)[1]
        expected = 0.8 * p + 0.2 * fused.abs().sum() / 2
        self.assertAlmostEqual(raw.item(), expected.item(), places=12)
        self.assertAlmostEqual(
            network.calibrated(raw).item(), torch.sigmoid(0.1 * raw - 0.2).item(), places=12
        )

    def test_size_of_the_published_network(self):
        """Counts derived from the released code at 256 x 256, without Sobel filters: 2.47 M weights
        and 52.3 G multiply-adds per frame, 30.6 G per pair, 4.6 M and 384 G per clip of 5."""
        with torch.device("meta"):
            network = Network(Config("fas-sgtd", "reference", input_size=256))
            images = torch.zeros(1, 5, 3, 256, 256)

        def million(*parts):
            return (
                sum(
                    value.numel()
                    for name, value in network.named_parameters()
                    if name.startswith(parts)
                )
                / 1e6
            )

        def giga(run, *inputs):
            with FlopCounterMode(display=False) as counter:
                out = run(*inputs)
            return counter.get_total_flops() / 2e9, out

        self.assertAlmostEqual(million("init", "block", "fuse", "single"), 2.47, delta=0.01)
        self.assertAlmostEqual(million("reduce", "ststb", "cascade", "out"), 1.75, delta=0.01)
        self.assertAlmostEqual(million("gru"), 0.33, delta=0.01)
        self.assertAlmostEqual(million("head"), 0.07, delta=0.01)
        self.assertAlmostEqual(million(""), 4.6, delta=0.05)
        macs, frame = giga(network.trunk, images[:, 0])
        self.assertAlmostEqual(macs, 52.3, delta=0.8)
        self.assertAlmostEqual(giga(network.pair, frame, frame)[0], 30.6, delta=0.8)
        self.assertAlmostEqual(giga(network, images)[0], 384, delta=6)

    def test_training_form_learns(self):
        """Every weight gets a gradient in training."""
        for network, profile in RECIPES:
            torch.manual_seed(1)
            net = Network(replace(SMALL, network=network, profile=profile))
            images = torch.rand(2, 3, 3, 32, 32) - 0.5
            clip = net(images)
            (clip.logits.sum() + clip.fused.square().sum() + clip.raw.sum()).backward()
            missing = [name for name, value in net.named_parameters() if value.grad is None]
            self.assertEqual(missing, [])

    def test_bad_configs(self):
        for wrong in (
            {"input_size": 36},
            {"width": 3},
            {"frames": 1},
            {"profile": "released"},
            {"network": "fas-td", "profile": "reference"},
            {"depth_term": "sum"},
            {"input_norm": "none"},
            {"calibration_scale": 1.0},
            {"live_threshold": 0.2, "spoof_threshold": 0.3},
        ):
            with self.subTest(wrong), self.assertRaises(ValueError):
                replace(SMALL, **wrong)


if __name__ == "__main__":
    unittest.main()
