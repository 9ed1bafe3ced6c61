"""MiniFASNet: what the file holds is what the network with its batch norms computes, under the
names that the engine's files have; kernels as bytes."""

import tempfile
import unittest
from pathlib import Path

import numpy as np
import torch
from safetensors import safe_open

from training import ROOT
from training.networks import folded
from training.networks.minifas import DESIGNS, SIZE, MiniFas
from training.ship import export

MODELS = ROOT / "models"
PREFIX = {"minifasnet-v2": "near.", "minifasnet-v1se": "wide."}


def random_network(network):
    """Every number random, so that each layer's place shows."""
    torch.manual_seed(1)
    model = MiniFas(network).double().eval().requires_grad_(False)
    for module in model.modules():
        if isinstance(module, (torch.nn.BatchNorm1d, torch.nn.BatchNorm2d)):
            for value in (module.weight, module.running_var):
                value.uniform_(0.5, 1.5)
            for value in (module.bias, module.running_mean):
                value.normal_(0, 0.3)
        elif isinstance(module, torch.nn.PReLU):
            module.weight.uniform_(-0.5, 1.5)
    return model


class MiniFasTest(unittest.TestCase):
    def test_folding_changes_nothing(self):
        for network in DESIGNS:
            model = random_network(network)
            images = torch.rand(2, 3, SIZE, SIZE, dtype=torch.float64)
            want = model(images)
            self.assertGreater(want.std(), 1e-3)
            tensors = {
                name: torch.from_numpy(tensor) for name, tensor in export.folded(model).items()
            }
            self.assertTrue(
                torch.allclose(folded.minifas(tensors, network, images), want, rtol=1e-9, atol=1e-9)
            )

    def test_the_committed_file_has_these_tensors(self):
        for network, prefix in PREFIX.items():
            want = {
                prefix + name: tensor.shape
                for name, tensor in export.folded(random_network(network)).items()
            }
            with safe_open(MODELS / f"{network}-{SIZE}.safetensors", "np") as file:
                shapes = {name: tuple(file.get_slice(name).get_shape()) for name in file.keys()}
                kinds = [file.get_slice(name).get_dtype() for name in shapes]
            scales = [name for name in shapes if name.endswith(".weight.scale")]
            self.assertEqual(len(scales), kinds.count("I8"))
            self.assertGreater(len(scales), 30)
            for name in scales:
                self.assertEqual(shapes.pop(name), want[name.removesuffix(".scale")][:1])
            self.assertEqual(shapes, want)


class BytesTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.path = Path(folder.name) / "bytes.safetensors"

    def test_each_channel_has_a_scale(self):
        for shape, channels in (((5, 1, 1, 7), 0), ((1, 3, 3, 6), 3), ((4, 9), 0)):
            tensor = np.random.default_rng(1).normal(0, 1, shape)
            channel = np.moveaxis(tensor, channels, 0)
            channel[1] *= 100
            channel[2] = 0
            export.write_safetensors(
                self.path, {"x": tensor, "y": tensor}, {}, "f16", as_bytes=["x"]
            )
            with safe_open(self.path, "np") as file:
                found = {name: file.get_tensor(name) for name in file.keys()}
            self.assertEqual((found["x"].dtype, found["y"].dtype), (np.int8, np.float16))
            self.assertEqual(found["x.scale"].shape, (shape[channels],))
            self.assertTrue((found["x.scale"] > 0).all())
            scale = found["x.scale"].reshape(
                [-1 if i == channels else 1 for i in range(tensor.ndim)]
            )
            self.assertTrue((np.abs(found["x"] * scale - tensor) <= scale * 0.5001).all())
            if tensor.ndim == 4:
                loaded = folded.load(self.path)[0]
                self.assertEqual(set(loaded), {"x", "y"})
                np.testing.assert_array_equal(loaded["x"].numpy(), found["x"] * scale)

    def test_bytes_must_be_finite(self):
        for bad in (np.nan, np.inf):
            with self.assertRaisesRegex(ValueError, "x has values that are not finite as I8"):
                export.write_safetensors(self.path, {"x": np.array([[1, bad]])}, {}, as_bytes=["x"])


if __name__ == "__main__":
    unittest.main()
