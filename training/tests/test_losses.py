"""Checks the losses against numbers worked out by hand and plain loops. Run: python3 -m unittest
discover training (or pytest training)."""

import math
import unittest
from dataclasses import replace

import numpy as np
import torch
import torch.nn.functional as F

from training.networks import losses
from training.networks.losses import RELEASED, TEXT, LossConfig
from training.networks.networks import RECIPES, Config, Network

# As printed in the released code, to be read beside losses.CONTRASTS.
KERNELS = (
    ((1, 0, 0), (0, -1, 0), (0, 0, 0)),
    ((0, 1, 0), (0, -1, 0), (0, 0, 0)),
    ((0, 0, 1), (0, -1, 0), (0, 0, 0)),
    ((0, 0, 0), (1, -1, 0), (0, 0, 0)),
    ((0, 0, 0), (0, -1, 1), (0, 0, 0)),
    ((0, 0, 0), (0, -1, 0), (1, 0, 0)),
    ((0, 0, 0), (0, -1, 0), (0, 1, 0)),
    ((0, 0, 0), (0, -1, 0), (0, 0, 1)),
)

# The hand-worked example. Its difference to a label of zeros, E, is the map itself:
#
#     1 2 0
#     0 3 0
#     0 0 1
#
# L_EDL: 1 + 4 + 9 + 1 = 15 as a sum, 15 / 9 as a mean.
# L_CDL, not padded: only the centre, 3, has all its neighbours. Neighbour minus 3, in the kernels'
#     order: -2 -1 -3 -3 -3 -3 -3 -2, squares 4 1 9 9 9 9 9 4: 54; mean 54 / 8.
# L_CDL, padded: for kernel i the sum over the pixels of (neighbour_i - pixel)^2 is
#     (squares of the neighbours inside) + (squares of the pixels, 15) - 2 * (products).
#   (0,0), the neighbour above left: inside are the map's first two rows and columns, 1 2 0 3:
#          1 + 4 + 0 + 9 = 14; products with the pixel below right: 1*3 + 2*0 + 0*0 + 3*1 = 6
#          14 + 15 - 12 = 17
#   (0,1), above: first two rows, 1 + 4 + 9 = 14; products downwards: 1*0 + 2*3 + 0*0 + 3*0 = 6
#          14 + 15 - 12 = 17
#   (0,2), above right: first two rows, last two columns, 2 0 3 0: 4 + 9 = 13;
#          products with the pixel below left: 2*0 + 0*3 + 3*0 + 0*0 = 0:  13 + 15 = 28
#   (1,0), left: first two columns, 1 + 4 + 9 = 14; products with the pixel to the right:
#          1*2 + 2*0 + 0*3 + 3*0 + 0*0 + 0*1 = 2:  14 + 15 - 4 = 25
#   (1,2), right: last two columns, 4 + 9 + 1 = 14; the same products, 2:  25
#   (2,0), below left: last two rows, first two columns, 0 3 0 0: 9; products as (0,2), 0:  24
#   (2,1), below: last two rows, 9 + 1 = 10; products as (0,1), 6:  10 + 15 - 12 = 13
#   (2,2), below right: last two rows and columns, 3 0 0 1: 10; products as (0,0), 6:  13
#   17 + 17 + 28 + 25 + 25 + 24 + 13 + 13 = 162; mean 162 / 72.
MAP = torch.tensor([[1, 2, 0], [0, 3, 0], [0, 0, 1]], dtype=torch.float64)
BY_KERNEL = [17, 17, 28, 25, 25, 24, 13, 13]


def contrast_loops(x, padded):
    """[h][w] -> [8][h][w], or two less, from the formula"""
    h, w = x.shape
    inner = [
        (i, j) for i in range(h) for j in range(w) if padded or (0 < i < h - 1 and 0 < j < w - 1)
    ]
    result = []
    for kernel in KERNELS:
        for i, j in inner:
            total = 0.0
            for di in range(3):
                for dj in range(3):
                    ii, jj = i + di - 1, j + dj - 1
                    if 0 <= ii < h and 0 <= jj < w:
                        total += kernel[di][dj] * x[ii, jj]
            result.append(total)
    shape = (h, w) if padded else (h - 2, w - 2)
    return np.reshape(result, (8, *shape))


def random_maps(*shape, seed=1):
    return torch.from_numpy(np.random.default_rng(seed).random(shape))


class Depth(unittest.TestCase):
    def test_hand_worked(self):
        zeros = torch.zeros_like(MAP)
        self.assertEqual(losses.depth_loss(MAP, zeros, "sum"), 15)
        self.assertAlmostEqual(losses.depth_loss(MAP, zeros, "mean").item(), 15 / 9)
        by_kernel = losses.contrast(MAP, True).square().sum((1, 2))
        self.assertEqual(by_kernel.tolist(), BY_KERNEL)
        self.assertEqual(
            losses.contrast(MAP, False).flatten().tolist(), [-2, -1, -3, -3, -3, -3, -3, -2]
        )
        for reduction, padded, expected in (
            ("sum", True, 162),
            ("mean", True, 162 / 72),
            ("sum", False, 54),
            ("mean", False, 54 / 8),
        ):
            value = losses.contrastive_loss(MAP, zeros, reduction, padded)
            self.assertAlmostEqual(value.item(), expected, places=12)
            # only the difference counts
            value = losses.contrastive_loss(zeros + 5, 5 - MAP, reduction, padded)
            self.assertAlmostEqual(value.item(), expected, places=12)

    def test_loops_and_convolution(self):
        maps, label = random_maps(2, 3, 7, 6), random_maps(2, 3, 7, 6, seed=2)
        kernels = torch.tensor(KERNELS, dtype=torch.float64)[:, None]
        for padded in (True, False):
            found = losses.contrast(maps, padded)
            loops = np.array([[contrast_loops(x.numpy(), padded) for x in row] for row in maps])
            self.assertEqual(found.shape, loops.shape)
            self.assertLess(np.abs(found.numpy() - loops).max(), 1e-14)
            convolved = [
                F.conv2d(x.flatten(0, 1)[:, None], kernels, padding=int(padded))
                for x in (maps, label)
            ]
            released = (convolved[0] - convolved[1]).square()
            for reduction in ("sum", "mean"):
                value = losses.contrastive_loss(maps, label, reduction, padded)
                self.assertEqual(value.shape, (2, 3))
                expected = getattr(released, reduction)((1, 2, 3)).view(2, 3)
                torch.testing.assert_close(value, expected)

    def test_equal_maps_cost_nothing(self):
        maps = random_maps(2, 4, 8, 8)
        for padded in (True, False):
            self.assertEqual(losses.contrastive_loss(maps, maps, "sum", padded).max(), 0)
        self.assertEqual(losses.depth_loss(maps, maps, "sum").max(), 0)

    def test_constant_offset(self):
        """Not padded, an offset has no contrast. Padded, the border sees it: of the 8 neighbours
        a corner pixel has 5 outside and an edge pixel 3, so 4 * 5 + 4 * (d - 2) * 3 ones."""
        maps = random_maps(8, 8)
        self.assertLess(losses.contrastive_loss(maps + 1, maps, "sum", False), 1e-25)
        padded = losses.contrastive_loss(maps + 1, maps, "sum", True)
        self.assertAlmostEqual(padded.item(), 4 * 5 + 4 * 6 * 3, places=10)

    def test_gradients(self):
        maps, label = random_maps(2, 5, 5).requires_grad_(), random_maps(2, 5, 5, seed=2)
        for reduction in ("sum", "mean"):
            for padded in (True, False):
                self.assertTrue(
                    torch.autograd.gradcheck(
                        lambda x: losses.contrastive_loss(x, label, reduction, padded), maps
                    )
                )
            self.assertTrue(
                torch.autograd.gradcheck(lambda x: losses.depth_loss(x, label, reduction), maps)
            )

    def test_shapes_must_agree(self):
        with self.assertRaises(ValueError):
            losses.depth_loss(torch.zeros(2, 1, 4, 4), torch.zeros(2, 4, 4), "sum")

    def test_low_precision_is_widened(self):
        maps, label = random_maps(2, 8, 8), random_maps(2, 8, 8, seed=2)
        small, small_label = maps.bfloat16(), label.bfloat16()
        with torch.autocast("cpu", torch.bfloat16):
            value = losses.contrastive_loss(small, small_label, "sum", True)
            logits = losses.binary_loss(torch.zeros(1, 2).bfloat16(), torch.tensor([True]))
        self.assertEqual((value.dtype, logits.dtype), (torch.float32, torch.float32))
        exact = losses.contrastive_loss(small.double(), small_label.double(), "sum", True)
        torch.testing.assert_close(value.double(), exact, rtol=1e-6, atol=0)


class Binary(unittest.TestCase):
    def test_hand_worked(self):
        """softmax(ln 3, 0) = (3/4, 1/4): live costs ln(4/3), an attack ln 4."""
        logits = torch.tensor([[math.log(3), 0]], dtype=torch.float64)
        for live, expected in ((True, math.log(4 / 3)), (False, math.log(4))):
            value = losses.binary_loss(logits, torch.tensor([live]))
            self.assertAlmostEqual(value.item(), expected, places=12)
        both = losses.binary_loss(logits.expand(2, 2), torch.tensor([True, False]))
        self.assertAlmostEqual(both.item(), (math.log(4 / 3) + math.log(4)) / 2, places=12)
        # twice: softmax(3/4, 1/4) = 1 / (1 + e^-0.5) for live
        twice = losses.binary_loss(logits, torch.tensor([True]), double_softmax=True)
        self.assertAlmostEqual(twice.item(), math.log(1 + math.exp(-0.5)), places=12)

    def test_least_double_softmax(self):
        sure = torch.tensor([[100.0, 0.0]])
        self.assertAlmostEqual(
            losses.binary_loss(sure, torch.tensor([True]), True).item(),
            math.log(1 + math.exp(-1)),
            places=6,
        )
        self.assertEqual(losses.binary_loss(sure, torch.tensor([True])), 0)


class Stages(unittest.TestCase):
    """One clip of 3 frames, so 2 pairs; maps are multiples of MAP, labels zeros:
    k * MAP has L_EDL 15 k^2 and, padded, L_CDL 162 k^2."""

    fused = torch.stack([MAP, 2 * MAP])[None]
    label = torch.zeros(1, 3, 3, 3, dtype=torch.float64)
    logits = torch.tensor([[math.log(3), 0]], dtype=torch.float64)
    live = torch.tensor([True])

    def check(self, result, *expected):
        for value, number in zip(result, expected, strict=True):
            self.assertAlmostEqual(value.item(), number, places=10)

    def test_stage_one(self):
        """Mean of k^2 over k = 1, 2 is 2.5: 37.5 and 405, as means 37.5 / 9 and 405 / 72."""
        label = self.label[:, :2]
        self.check(losses.stage_one(TEXT, self.fused, label)[:3], 37.5 + 405, 37.5, 405)
        self.check(
            losses.stage_one(RELEASED, self.fused, label)[:3],
            37.5 / 9 + 0.5 * 405 / 72,
            37.5 / 9,
            405 / 72,
        )
        self.assertIsNone(losses.stage_one(TEXT, self.fused, label).binary)

    def test_stage_two(self):
        """Sum of k^2 is 5: 75 and 810; released: 75 / 9 / 3 and 810 / 72 / 3."""
        arguments = self.fused, self.label, self.logits, self.live
        binary = math.log(4 / 3)
        self.check(
            losses.stage_two(TEXT, *arguments), 0.8 * binary + 0.2 * (75 + 810), 75, 810, binary
        )
        binary = math.log(1 + math.exp(-0.5))
        self.check(
            losses.stage_two(RELEASED, *arguments),
            0.8 * binary + 0.2 * (75 / 27 + 810 / 216),
            75 / 27,
            810 / 216,
            binary,
        )
        without = replace(TEXT, contrast_two=0, beta=0.5)
        self.check(losses.stage_two(without, *arguments)[:1], 0.5 * math.log(4 / 3) + 0.5 * 75)
        # clips count equally
        two = [torch.cat([x, x]) for x in arguments]
        self.check(losses.stage_two(RELEASED, *two), *losses.stage_two(RELEASED, *arguments))

    def test_pair_has_its_first_frames_label(self):
        label = torch.cat([self.fused, 9 + self.fused[:, :1]], 1)
        result = losses.stage_two(TEXT, self.fused, label, self.logits, self.live)
        self.assertEqual((result.depth, result.contrast), (0, 0))

    def test_networks(self):
        """Both networks, all profiles, learn from both stages; TEXT and RELEASED fit each."""
        for network, profile in RECIPES:
            torch.manual_seed(1)
            net = Network(
                Config(network=network, profile=profile, input_size=32, width=0.0625, frames=3)
            ).double()
            clip = net(torch.rand(2, 3, 3, 32, 32, dtype=torch.float64) - 0.5)
            label = random_maps(2, 3, 4, 4)
            for config in (TEXT, RELEASED):
                one = losses.stage_one(config, clip.single, label)
                two = losses.stage_two(
                    config, clip.fused, label, clip.logits, torch.tensor([True, False])
                )
                net.zero_grad()
                (one.total + two.total).backward(retain_graph=True)
                missing = [name for name, value in net.named_parameters() if value.grad is None]
                self.assertEqual(missing, [])

    def test_bad_configs(self):
        for wrong in (
            {"reduction": "max"},
            {"over_pairs": "mean"},
            {"beta": 1.1},
            {"contrast_two": -1.0},
        ):
            with self.subTest(wrong), self.assertRaises(ValueError):
                LossConfig(**wrong)


if __name__ == "__main__":
    unittest.main()
