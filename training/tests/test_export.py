"""Checks networks, folding and the weight file. Run: python3 -m training.tests.suite
(or pytest training)."""

import json
import tempfile
import unittest
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import torch
from safetensors import safe_open
from safetensors.numpy import load_file
from torch.utils.flop_counter import FlopCounterMode

from training import ROOT
from training.networks import blocks, weightfile
from training.networks.folded import Folded, load
from training.networks.networks import RECIPES, Config, Network
from training.networks.widen import widened
from training.ship import export
from training.tests.in_process import call
from training.train.unfold import Unlike, start_from, unfold

torch.set_num_threads(1)  # tensors this small gain nothing from more
SMALL = Config(preset="test-untrained", input_size=32, width=0.0625, frames=3)


def small(network, profile, seed=1, **more):
    """(random network in float64, its input [frames][3][s][s])"""
    config = replace(SMALL, network=network, profile=profile, **more)
    rng = np.random.default_rng(seed)
    images = export.random_clip(rng, config)
    built = export.randomise(Network(config), rng, images).double()
    return built, images.double()


def folded64(network):
    """The folded form without the file's rounding."""
    return Folded(
        {name: torch.from_numpy(value) for name, value in export.folded(network).items()},
        network.config.metadata(),
    )


def worst(a, b):
    return np.abs(np.asarray(a) - np.asarray(b)).max()


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


class File(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.path = Path(folder.name) / "out.safetensors"

    def header(self):
        data = self.path.read_bytes()
        length = int.from_bytes(data[:8], "little")
        return json.loads(data[8 : 8 + length]), 8 + length, len(data)

    def command(self, *arguments):
        return call(export.main, *arguments)

    def test_layout(self):
        network, _ = small("fas-sgtd", "paper")
        export.export(network, self.path)
        header, start, size = self.header()
        self.assertEqual(start % weightfile.ALIGNMENT, 0)
        metadata = header.pop("__metadata__")
        self.assertEqual(Config.from_metadata(metadata), network.config)
        self.assertEqual(list(header), list(export.folded(network)))
        end = 0
        for entry in header.values():
            self.assertEqual(entry["data_offsets"][0], end)
            end = entry["data_offsets"][1]
        self.assertEqual(start + end, size)
        with safe_open(self.path, "np") as file:
            self.assertEqual(file.metadata(), metadata)
            conv = file.get_tensor("block1.0.conv.weight")  # 8 of 4 channels at this width
            self.assertEqual(conv.shape, (8, 3, 3, 4))
            scale, _ = blocks.affine(network.block1[0].norm_sum)
            expected = network.block1[0].conv.weight[3, 2, 0, 1] * scale[3]
            self.assertAlmostEqual(conv[3, 0, 1, 2], expected.item(), places=6)

    def test_f16_round_trip(self):
        for recipe in RECIPES:
            network, images = small(*recipe)
            export.export(network, self.path, "f16")
            for name, value in load_file(self.path).items():
                self.assertEqual(value.dtype, np.float16)
                exact = export.folded(network)[name]
                self.assertLessEqual(worst(value, exact), np.abs(exact).max() * 2**-11)
            score = Folded(*load(self.path)).run(images)["score"]
            self.assertLess(worst(score, network(images[None]).raw), 0.02)

    def test_values_out_of_range(self):
        for value, dtype in ((1e5, "f16"), (float("nan"), "f32"), (1e39, "f32")):
            with self.assertRaises(ValueError):
                export.write_safetensors(self.path, {"x": np.array([value])}, {}, dtype)

    def test_checkpoint(self):
        network, images = small("fas-td", "paper")
        checkpoint = self.path.with_name("checkpoint.pt")
        torch.save(
            {"config": asdict(network.config), "model": network.float().state_dict()}, checkpoint
        )
        result = self.command(checkpoint, "--dtype", "f32", self.path)
        self.assertEqual(result.returncode, 0, result.stderr)
        score = Folded(*load(self.path)).run(images)["score"]
        self.assertLess(worst(score, network.double()(images[None]).raw), 1e-6)

    def test_random(self):
        options = (
            "--random",
            5,
            "--network",
            "fas-sgtd",
            "--profile",
            "reference",
            "--size",
            32,
            "--width",
            0.0625,
            "--frames",
            3,
        )
        result = self.command(*options, self.path)
        self.assertEqual(result.returncode, 0, result.stderr)
        first = self.path.read_bytes()
        _, metadata = load(self.path)
        self.assertEqual(metadata["trained"], "no")
        self.assertEqual(metadata["preset"], "fas-sgtd-32-untrained")
        self.command(*options, self.path)
        self.assertEqual(self.path.read_bytes(), first)
        refused = self.command(*options, "--preset", "good-network", self.path)
        self.assertNotEqual(refused.returncode, 0)
        self.assertIn("untrained", refused.stderr)

    def test_names_fit_the_engine(self):
        """src/weights.h: 512 tensors, 64 bytes a name, 1 MB of header, rank 8"""
        for recipe in RECIPES:
            tensors = export.folded(small(*recipe)[0])
            self.assertLessEqual(len(tensors), 512)
            self.assertLess(max(map(len, tensors)), 64)
            self.assertTrue(all(np.isfinite(value).all() for value in tensors.values()))

    def test_demo_model_survives_hard_pictures(self):
        """Squares of ten gradient blocks could run away where a picture has hard edges."""
        tensors, metadata = load(ROOT / "tests" / "untrained.safetensors")
        self.assertEqual(
            (metadata["trained"], tensors["init.conv.weight"].dtype), ("no", torch.float16)
        )
        network = Folded(tensors, metadata, torch.float32)
        x = torch.arange(128)
        for period in (1, 3, 8, 64):
            stripes = ((x // period) % 2 - 0.5).expand(3, 128, 128)
            clip = torch.stack([stripes.roll(t, 2) for t in range(5)])
            result = network.run(clip)
            self.assertLess(result["fused"].abs().max(), 10)
            self.assertTrue(0 < result["score"] < 1)


class Unfolding(unittest.TestCase):
    def test_same_outputs(self):
        """A file's network, unfolded, gives the file's outputs on the pictures at hand, and close
        to them with the statistics that it now has."""
        for name in ("fas-td", "fas-sgtd"):
            network, images = small(name, "paper")
            with tempfile.TemporaryDirectory() as folder, self.subTest(name):
                path = Path(folder, "file.safetensors")
                export.export(network, path)
                other = Network(network.config)
                unfold(other, path, images[None].float())
                expected = Folded(*load(path)).run(images)["fused"].float()
                with torch.no_grad():
                    fused = other(images[None].float()).fused[0]
                    torch.testing.assert_close(fused, expected, atol=1e-4, rtol=1e-3)
                    fused = other.eval()(images[None].float()).fused[0]
                torch.testing.assert_close(fused, expected, atol=0.02, rtol=0.05)

    def test_checkpoint(self):
        """Training goes on from a checkpoint with all that it holds."""
        network, images = small("fas-sgtd", "paper")
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "two.pt")
            torch.save({"config": asdict(network.config), "model": network.state_dict()}, path)
            other = Network(network.config)
            start_from(other, path, images[None].float())
            for name, value in other.state_dict().items():
                torch.testing.assert_close(value, network.state_dict()[name].to(value.dtype))
            with self.assertRaisesRegex(Unlike, "input_norm"):
                start_from(Network(replace(network.config, input_norm="local")), path, images)

    def test_other_head(self):
        """A head that sees something else begins anew, all else goes on, from either kind of
        file."""
        network, images = small("fas-td", "paper")
        config = replace(network.config, head="features")
        with tempfile.TemporaryDirectory() as folder:
            paths = [Path(folder, name) for name in ("two.pt", "file.safetensors")]
            torch.save({"config": asdict(network.config), "model": network.state_dict()}, paths[0])
            export.export(network, paths[1])
            for path in paths:
                other = Network(config)
                head = other.head[0].weight.clone()
                start_from(other, path, images[None].float())
                torch.testing.assert_close(other.head[0].weight, head, rtol=0, atol=0)
                with torch.no_grad():
                    fused = other.train(path.suffix != ".pt")(images[None].float()).fused
                    wanted = network(images[None]).fused.float()
                torch.testing.assert_close(fused, wanted, atol=1e-4, rtol=1e-3)

    def test_wider(self):
        """A wider network goes on from a narrow one's answers; its copies of a channel differ."""
        for name, head in (("fas-td", "maps"), ("fas-sgtd", "maps"), ("fas-sgtd", "features")):
            network, images = small(name, "paper", head=head)
            network = network.float().eval()
            wider = Network(replace(network.config, width=network.config.width * 1.6)).eval()
            with self.subTest(name, head=head), torch.no_grad():
                expected = network(images[None].float())
                wider.load_state_dict(widened(wider, network, noise=0))
                for value, wanted in zip(wider(images[None].float()), expected):
                    torch.testing.assert_close(value, wanted, atol=1e-5, rtol=1e-4)
                wider.load_state_dict(widened(wider, network))
                weight = wider.gru1.candidate.weight
                narrow = network.gru1.candidate.weight
                self.assertGreater(len(weight), len(narrow))
                copies = weight[0] - weight[len(narrow)]
                self.assertGreater(copies.abs().max(), 1e-3 * weight.abs().max())

    def test_checkpoint_of_another_width(self):
        """A narrower one is widened, a wider one refused."""
        network, images = small("fas-td", "paper")
        wider, images = Network(replace(network.config, width=0.1)), images[None].float()
        with tempfile.TemporaryDirectory() as folder:
            paths = []
            for saved in (network, wider):
                paths.append(Path(folder, f"{saved.config.width}.pt"))
                torch.save({"config": asdict(saved.config), "model": saved.state_dict()}, paths[-1])
            start_from(wider, paths[0], images)
            with self.assertRaisesRegex(Unlike, "width"):
                start_from(Network(network.config), paths[1], images)

    def test_unlike(self):
        network, images = small("fas-td", "paper")
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "file.safetensors")
            export.export(network, path)
            with self.assertRaisesRegex(Unlike, "width"):
                unfold(Network(replace(network.config, width=0.125)), path, images[None])
            with self.assertRaisesRegex(Unlike, "network"):
                unfold(Network(replace(network.config, network="fas-sgtd")), path, images[None])


if __name__ == "__main__":
    unittest.main()
