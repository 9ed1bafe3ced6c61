"""Checks bundle.py and weightfile.py. Run: python3 -m training.tests.suite (or pytest
training)."""

import json
import tempfile
import unittest
from dataclasses import replace
from pathlib import Path

import numpy as np
from safetensors import safe_open

from training.networks import weightfile
from training.networks.networks import Config, Network
from training.networks.weightfile import Tensor
from training.ship import bundle, export
from training.tests.in_process import call

CONFIG = Config(
    "fas-td",
    preset="depth-untrained",
    input_size=32,
    width=0.0625,
    frames=3,
    crop_scale=1.5,
    calibration_scale=2.0,
    calibration_bias=-1.0,
    trained="yes",
    provenance=json.dumps({"clips": 3}),
)
KERNEL = Tensor("I8", [3, 1], b"\x01\x02\xff")  # three bytes: what follows is not aligned
SCALE = Tensor("F32", [3], np.array([0.5, 1, 2], "<f4").tobytes())


def single(view="near", scale="2.7", **more):
    """Metadata of a bundle with the scorer "one" alone"""
    return {
        "format": "livedepth",
        "format_version": "2",
        "preset": "one-80",
        "trained": "yes",
        "license": "Apache-2.0",
        "provenance": "by hand",
        "frame_interval_ms": "100",
        "clips": "6",
        "live_threshold": "0.5",
        "spoof_threshold": "0.5",
        "views": view,
        f"view.{view}.scale": scale,
        f"view.{view}.size": "80",
        f"view.{view}.follows": "face",
        f"view.{view}.filter": "bilinear",
        "scorers": "one",
        "one.network": "minifasnet-v2",
        "one.frames": "5",
        "one.view": view,
        "one.use": "optional",
        "fusion.bias": "0",
        "fusion.one": "1",
        **more,
    }


class Bundle(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.depth = self.folder / "depth.safetensors"
        export.export(Network(CONFIG), self.depth, "f16")

    def file(self, name="one", **metadata):
        path = self.folder / f"{name}.safetensors"
        weightfile.write(
            path, single(**metadata), {"one.conv.weight": KERNEL, "one.conv.weight.scale": SCALE}
        )
        return path

    def join(self, files, weights=None, photo=None, every=None, quality=None, **more):
        parts = {name: bundle.read_part(path) for name, path in files.items()}
        fusion = bundle.Fusion(weights or dict.fromkeys(files, 0.5), **more)
        return bundle.join(parts, "both", fusion, photo=photo, every=every, quality=quality)

    def test_tensors_keep_their_bytes(self):
        _, tensors = self.join({"near": self.file(), "depth": self.depth})
        _, own = weightfile.read(self.depth)
        self.assertEqual(
            tensors,
            {"near.conv.weight": KERNEL, "near.conv.weight.scale": SCALE}
            | {f"depth.{name}": tensor for name, tensor in own.items()},
        )
        self.assertEqual({tensor.kind for tensor in own.values()}, {"F16"})

    def test_write_that_fails(self):
        """In the middle of its tensors: the file that was there is whole."""
        path = self.file()
        metadata, tensors = weightfile.read(path)
        with self.assertRaises(TypeError):
            weightfile.write(path, metadata, tensors | {"last": Tensor("I8", [4], "text")})
        self.assertEqual(weightfile.read(path), (metadata, tensors))

    def test_file_is_read_by_others(self):
        path = self.folder / "out.safetensors"
        metadata, tensors = self.join({"near": self.file(), "depth": self.depth})
        weightfile.write(path, metadata, tensors)
        self.assertEqual(weightfile.read(path), (metadata, tensors))
        with safe_open(path, "np") as file:
            self.assertEqual(file.metadata(), metadata)
            self.assertEqual(file.get_tensor("near.conv.weight").tolist(), [[1], [2], [-1]])

    def test_metadata(self):
        metadata, _ = self.join(
            {"depth": self.depth, "near": self.file()},
            {"depth": 0.25, "near": 0.5},
            bias=-0.1,
            live=0.65,
            spoof=0.35,
        )
        expected = {
            "format_version": "2",
            "preset": "both",
            "trained": "yes",
            "clips": "6",
            "frame_interval_ms": "100",
            "live_threshold": "0.65",
            "spoof_threshold": "0.35",
            "views": "face near",
            "view.face.scale": "1.5",
            "view.face.size": "32",
            "view.face.follows": "run",
            "view.face.filter": "triangle",
            "view.near.scale": "2.7",
            "view.near.filter": "bilinear",
            "scorers": "depth near",
            "depth.view": "face",
            "depth.use": "needed",
            "depth.network": "fas-td",
            "depth.calibration_bias": "-1",
            "depth.frames": "3",
            "near.view": "near",
            "near.network": "minifasnet-v2",
            "near.use": "optional",
            "fusion.bias": "-0.1",
            "fusion.depth": "0.25",
            "fusion.near": "0.5",
        }
        self.assertEqual(expected, {key: metadata.get(key) for key in expected})
        for key in (
            "input_size",
            "depth.input_size",
            "depth.crop_scale",
            "depth.live_threshold",
            "depth.trained",
            "depth.provenance",
            "one.network",
            "fusion.one",
        ):
            self.assertNotIn(key, metadata)

    def test_photo(self):
        """Weights of the scorers that look at photos, under keys of their own."""
        files = {"depth": self.depth, "near": self.file()}
        photo = bundle.Fusion({"near": 0.5}, -0.22, 0.75, 0.25)
        metadata, _ = self.join(files, photo=photo, live=0.65)
        expected = {
            "live_threshold": "0.65",
            "photo.live_threshold": "0.75",
            "photo.spoof_threshold": "0.25",
            "photo.bias": "-0.22",
            "photo.near": "0.5",
        }
        self.assertEqual(expected, {key: metadata.get(key) for key in expected})
        self.assertNotIn("photo.depth", metadata)
        self.assertFalse([key for key in self.join(files)[0] if key.startswith("photo.")])
        for wrong, text in (
            (bundle.Fusion({"far": 1}), "far"),
            (bundle.Fusion({"near": 0}), "above"),
            (bundle.Fusion({"near": 1}, live=0.2), "thresholds"),
        ):
            with self.subTest(wrong), self.assertRaisesRegex(ValueError, text):
                self.join(files, photo=wrong)

    def test_origin_of_the_parts(self):
        metadata, _ = self.join({"depth": self.depth, "near": self.file()})
        origin = json.loads(metadata["provenance"])
        self.assertEqual(origin["depth"]["provenance"], {"clips": 3})
        self.assertEqual(
            (origin["near"]["provenance"], origin["near"]["preset"]), ("by hand", "one-80")
        )
        self.assertEqual(metadata["license"], "near: Apache-2.0")

    def test_every(self):
        """A scorer that looks at one frame of so many; none that is not there."""
        parts = {"depth": self.depth, "near": self.file()}
        metadata, _ = self.join(parts, every={"near": 2})
        self.assertEqual((metadata["near.every"], metadata.get("depth.every")), ("2", None))
        with self.assertRaisesRegex(ValueError, "far"):
            self.join(parts, every={"far": 2})

    def test_quality(self):
        """A rule of the bundle's own, beside those of its parts, which it may not contradict."""
        parts = {"depth": self.depth, "near": self.file()}
        metadata, _ = self.join(parts, quality={"face_size.max": 2 / 3})
        self.assertEqual(metadata["quality.face_size.max"], "0.666666667")
        parts["near"] = self.file(**{"quality.roll.max": "45"})
        with self.assertRaisesRegex(ValueError, "roll.max"):
            self.join(parts, quality={"roll.max": 60})

    def test_untrained_part(self):
        export.export(Network(replace(CONFIG, trained="no")), self.depth)
        metadata, _ = self.join({"depth": self.depth, "near": self.file()})
        self.assertEqual(metadata["trained"], "no")

    def test_views(self):
        """Two scorers may share one; one name for two of them is refused."""
        metadata, _ = self.join({"near": self.file(), "next": self.file("two")})
        self.assertEqual((metadata["views"], metadata["next.view"]), ("near", "near"))
        with self.assertRaisesRegex(ValueError, "view near"):
            self.join({"near": self.file(), "wide": self.file("two", scale="4")})

    def test_refused(self):
        near = self.file()
        for more, text in (
            ({"weights": {"far": 0.5}}, "far"),
            ({"weights": {"near": 0}}, "above"),
            ({"weights": {"near": -1}}, "negative"),
            ({"live": 0.2}, "thresholds"),
            ({"live": 1.5}, "thresholds"),
        ):
            with self.subTest(more), self.assertRaisesRegex(ValueError, text):
                self.join({"near": near}, **more)
        with self.assertRaisesRegex(ValueError, "frame_interval_ms"):
            self.join({"depth": self.depth, "near": self.file(frame_interval_ms="50")})
        with self.assertRaisesRegex(ValueError, "several"):
            bundle.read_part(self.file(scorers="one two"))
        near.write_bytes(b"{}")
        with self.assertRaisesRegex(ValueError, "no weight file"):
            bundle.read_part(near)

    def test_command(self):
        out = self.folder / "out.safetensors"
        command = [
            out,
            "--preset",
            "both",
            "--scorer",
            f"depth={self.depth}",
            "--scorer",
            f"near={self.file()}",
            "--weights",
            "depth=.5",
            "near=.5",
            "--live",
            "0.7",
            "--photo-weights",
            "near=1",
            "--photo-live",
            "0.8",
        ]
        result = call(bundle.main, *command)
        self.assertEqual(result.returncode, 0, result.stderr)
        metadata, _ = weightfile.read(out)
        self.assertEqual((metadata["live_threshold"], metadata["photo.near"]), ("0.7", "1"))
        self.assertEqual(metadata["photo.live_threshold"], "0.8")
        result = call(bundle.main, *command, "--scorer", f"near={self.depth}")
        self.assertEqual(result.returncode, 2)
        self.assertIn("named twice", result.stderr)


if __name__ == "__main__":
    unittest.main()
