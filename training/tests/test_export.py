"""Checks the weight file that export writes."""

import json
import tempfile
import unittest
from dataclasses import asdict
from pathlib import Path

import numpy as np
import torch
from safetensors import safe_open
from safetensors.numpy import load_file

from training import ROOT
from training.networks import blocks, weightfile
from training.networks.folded import Folded, load
from training.networks.networks import RECIPES, Config
from training.ship import export
from training.tests.in_process import call
from training.tests.small_networks import small, worst


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

    def test_refused_checkpoints(self):
        """In a line that names the file: one without its parts, whose temporal part was never
        trained, and files that are no checkpoints."""
        network, _ = small("fas-td", "paper")
        whole = {"config": asdict(network.config), "model": network.state_dict()}
        path = self.path.with_name("checkpoint.pt")
        for checkpoint, text in (
            (whole | {"ablations": ["single"]}, r"without its parts \(single\)"),
            (whole | {"ablations": ["no-gru"]}, r"without its parts \(no-gru\)"),
            ({"model": {}}, "no checkpoint of training.train: KeyError 'config'"),
        ):
            torch.save(checkpoint, path)
            result = self.command(path, self.path)
            self.assertEqual(result.returncode, 2)
            self.assertRegex(result.stderr, f"{path}: .*{text}")
            self.assertFalse(self.path.exists())
        for data in (b"", b"e", b"no pickle"):
            path.write_bytes(data)
            self.assertRegex(self.command(path, self.path).stderr, f"{path}: no checkpoint of")

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


if __name__ == "__main__":
    unittest.main()
