"""Checks every block of the networks against plain loops."""

import unittest

import numpy as np
import torch

from training.networks import blocks
from training.tests.small_networks import worst

torch.set_num_threads(1)  # tensors this small gain nothing from more

# --- plain loops, written from the formulas; x is [c][h][w] ---


def conv_loops(x, weight, bias):
    out, inputs, k, _ = weight.shape
    _, h, w = x.shape
    y = np.zeros((out, h, w))
    for o in range(out):
        for i in range(h):
            for j in range(w):
                total = bias[o]
                for c in range(inputs):
                    for di in range(k):
                        for dj in range(k):
                            ii, jj = i + di - k // 2, j + dj - k // 2
                            if 0 <= ii < h and 0 <= jj < w:
                                total += weight[o, c, di, dj] * x[c, ii, jj]
                y[o, i, j] = total
    return y


def each_channel(x, kernel):
    return np.concatenate(
        [
            conv_loops(x[c : c + 1], np.array(kernel, float)[None, None], [0.0])
            for c in range(len(x))
        ]
    )


RIGHT = [[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]]
DOWN = [[-1, -2, -1], [0, 0, 0], [1, 2, 1]]  # the text
UP = [[1, 2, 1], [0, 0, 0], [-1, -2, -1]]  # released STSTB


def norm_loops(x, norm):
    gamma = 1 if norm.weight is None else norm.weight.detach().numpy()[:, None, None]
    mean, var, beta = (
        v.detach().numpy()[:, None, None] for v in (norm.running_mean, norm.running_var, norm.bias)
    )
    return gamma * (x - mean) / np.sqrt(var + norm.eps) + beta


def pool_loops(x):
    c, h, w = x.shape
    return np.array(
        [
            [
                [x[k, 2 * i : 2 * i + 2, 2 * j : 2 * j + 2].max() for j in range(w // 2)]
                for i in range(h // 2)
            ]
            for k in range(c)
        ]
    )


def weights_of(layer):
    return layer.weight.detach().numpy(), layer.bias.detach().numpy()


def random_block(block, seed=1):
    rng = np.random.default_rng(seed)
    for value in [*block.parameters(), *block.buffers()]:
        if value.dtype.is_floating_point:
            value.data = torch.from_numpy(rng.uniform(-0.5, 1, value.shape))
    for module in block.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.running_var.data.abs_().add_(0.1)
    return block.eval().requires_grad_(False)


class Blocks(unittest.TestCase):
    def setUp(self):
        self.rng = np.random.default_rng(3)

    def input(self, c, h=4, w=6):
        return self.rng.normal(size=(c, h, w))

    def run_block(self, block, *inputs):
        return block(*(torch.from_numpy(x)[None] for x in inputs))[0].numpy()

    def test_local_norm(self):
        """Against windows cut out by hand; light and tint are lost where the deviation is far above
        its floor."""
        x = self.input(2, 20, 17)
        _, h, w = x.shape

        def mean(x):
            out = np.empty_like(x)
            for i in range(h):
                for j in range(w):
                    out[:, i, j] = x[:, max(i - 7, 0) : i + 8, max(j - 7, 0) : j + 8].mean((1, 2))
            return out

        rest = x - mean(x)
        want = rest / (4 * (np.sqrt(mean(rest**2)) + 0.02))
        self.assertLess(worst(self.run_block(blocks.local_norm, x), want), 1e-12)
        tinted = 100 * x * np.array([1.3, 0.8])[:, None, None] + 0.4
        self.assertLess(
            worst(
                self.run_block(blocks.local_norm, 100 * x),
                self.run_block(blocks.local_norm, tinted),
            ),
            1e-3,
        )

    def test_rsgb_paper(self):
        block, x = random_block(blocks.RsgbPaper(3, 2)), self.input(3)
        edge = conv_loops(x, *weights_of(block.edge))
        energy = each_channel(edge, RIGHT) ** 2 + each_channel(edge, DOWN) ** 2
        y = conv_loops(x, *weights_of(block.conv)) + norm_loops(energy, block.norm)
        y = np.maximum(norm_loops(y, block.norm_sum), 0)
        self.assertGreater((y > 0).mean(), 0.1)
        self.assertLess(worst(self.run_block(block, x), y), 1e-11)

    def test_rsgb_reference(self):
        block, x = random_block(blocks.RsgbReference(3, 2)), self.input(3)
        magnitude = np.sqrt(each_channel(x, RIGHT) ** 2 + each_channel(x, DOWN) ** 2 + 1e-8)
        edge = norm_loops(conv_loops(magnitude, *weights_of(block.edge)), block.norm)
        y = norm_loops(conv_loops(x, *weights_of(block.conv)) + edge, block.norm_sum)
        self.assertLess(worst(self.run_block(block, x), np.maximum(y, 0)), 1e-11)

    def test_off(self):
        block = random_block(blocks.Off(2, 3, 4))
        now, next, below = self.input(2), self.input(2), self.input(3)
        x = np.concatenate(
            [now, each_channel(now, RIGHT), each_channel(now, DOWN), now - next, below]
        )
        y = np.maximum(norm_loops(conv_loops(x, *weights_of(block)), block.norm), 0)
        self.assertLess(worst(self.run_block(block, now, next, below), pool_loops(y)), 1e-11)

    def test_ststb_paper(self):
        block = random_block(blocks.StstbPaper(2, 3, 4))
        now, next, below = self.input(2), self.input(2), self.input(3)
        x = np.concatenate(
            [
                now,
                each_channel(now, RIGHT),
                each_channel(now, DOWN),
                each_channel(next, RIGHT),
                each_channel(next, DOWN),
                now - next,
                below,
            ]
        )
        y = np.maximum(norm_loops(conv_loops(x, *weights_of(block)), block.norm), 0)
        self.assertLess(worst(self.run_block(block, now, now, next, below), pool_loops(y)), 1e-11)

    def test_ststb_reference_has_plus_above_and_no_norm(self):
        block = random_block(blocks.StstbReference(3, 2, 4))
        f, now, next = self.input(3), self.input(2), self.input(2)
        x = np.concatenate(
            [
                f,
                each_channel(now, RIGHT),
                each_channel(now, UP),
                each_channel(next, RIGHT),
                each_channel(next, UP),
                now - next,
            ]
        )
        y = np.maximum(conv_loops(x, *weights_of(block)), 0)
        self.assertLess(worst(self.run_block(block, f, now, next), pool_loops(y)), 1e-11)

    def test_gru(self):
        x, h = self.input(2), self.input(3)
        for kind, next_state in (
            (blocks.ConvGruPaper, lambda u, n: (1 - u) * h + u * n),
            (blocks.ConvGruReference, lambda u, n: u * h + (1 - u) * n),
        ):
            block = random_block(kind(2, 3))
            gates = 1 / (1 + np.exp(-conv_loops(np.concatenate([x, h]), *weights_of(block.gates))))
            r, u = gates[:3], gates[3:]
            n = np.tanh(conv_loops(np.concatenate([x, r * h]), *weights_of(block.candidate)))
            self.assertLess(worst(self.run_block(block, x, h), next_state(u, n)), 1e-12)

    def test_slim_details(self):
        norm = blocks.SlimNorm(3)
        self.assertIsNone(norm.weight)
        self.assertEqual(norm.eps, 1e-3)
        self.assertAlmostEqual(norm.momentum, 0.001)
        self.assertTrue((blocks.ConvGruReference(2, 3).gates.bias == 1).all())


if __name__ == "__main__":
    unittest.main()
