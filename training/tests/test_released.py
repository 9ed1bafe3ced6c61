"""Checks reading the released code's TensorFlow checkpoints: bundles that are written here byte by
byte, and, where TENSORFLOW_PYTHON names a Python that has it, TensorFlow's own."""

import contextlib
import io
import os
import subprocess
import tempfile
import unittest
from pathlib import Path
from struct import pack
from unittest import mock

import numpy as np
import torch

from training import ROOT
from training.networks.ablations import load_whole
from training.networks.networks import Config, Network
from training.ship import released_import, tensorbundle
from training.ship.tensorbundle import BadBundle

TYPES = {np.dtype("f4"): 1, np.dtype("i8"): 9}


# --- a writer of bundles, apart from the reader ---


def varint(value):
    out = b""
    while value > 127:
        out += bytes([value & 127 | 128])
        value >>= 7
    return out + bytes([value])


def field(number, value):
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    return varint(number << 3 | 2) + varint(len(value)) + value


def block(entries, interval=16):
    """With the prefixes that a key shares with the one before it, but for every 16th"""
    body, before, restarts = b"", b"", []
    for i, (key, value) in enumerate(entries):
        shared = 0
        if i % interval:
            shared = len(os.path.commonprefix([before, key]))
        else:
            restarts.append(len(body))
        body += varint(shared) + varint(len(key) - shared) + varint(len(value))
        body += key[shared:] + value
        before = key
    return body + b"".join(pack("<I", at) for at in restarts) + pack("<I", len(restarts))


def write(prefix, tensors, a_block=40, compression=0):
    """{name: array} as PREFIX.index and PREFIX.data-00000-of-00001"""
    data, entries = b"", [(b"", field(1, 1))]
    trailer = bytes([compression, 0, 0, 0, 0])
    for name, value in sorted(tensors.items()):
        value = np.asarray(value)
        shape = b"".join(field(2, field(1, size)) for size in value.shape)
        entries.append(
            (
                name.encode(),
                field(1, TYPES[value.dtype])
                + field(2, shape)
                + field(4, len(data))
                + field(5, value.nbytes)
                + varint(6 << 3 | 5)
                + pack("<I", 7),
            )
        )
        data += value.tobytes()
    file, index = b"", []
    for start in range(0, len(entries), a_block):
        part = entries[start : start + a_block]
        body = block(part)
        index.append((part[-1][0] + b"~", varint(len(file)) + varint(len(body))))
        file += body + trailer
    handles = b""
    for body in (block([]), block(index, 1)):  # meta index, index
        handles += varint(len(file)) + varint(len(body))
        file += body + trailer
    file += handles.ljust(40, b"\0") + pack("<Q", 0xDB4775248B80FB57)
    Path(f"{prefix}.index").write_bytes(file)
    Path(f"{prefix}.data-00000-of-00001").write_bytes(data)


# --- the names of the released graph, apart from released_import ---


def names():
    """(TensorFlow's layer, ours, names of its values)"""
    conv, norm = ("weights", "biases"), ("beta", "moving_mean", "moving_variance")
    blocks = [("rgc_init", "init"), ("rgc4_1", "fuse.0"), ("rgc4_2", "fuse.1")]
    blocks += [
        (f"rgc{level}_{i}", f"block{level}.{i - 1}") for level in (1, 2, 3) for i in (1, 2, 3)
    ]
    for theirs, ours in blocks:
        for part, own, values in (
            ("conv", "conv", conv),
            ("rgc_pw_gabor", "edge", conv),
            ("gabor_bn", "norm", norm),
            ("gn", "norm_sum", norm),
        ):
            yield f"FaceMapNet/{theirs}/{part}", f"{ours}.{own}", values
    yield "FaceMapNet/conv4_3", "single", conv
    for i in (1, 2, 3):
        yield f"OFFNet/OFFNet_conv_{i}_off", f"reduce{i}", conv
        yield f"OFFNet/OFFNet_bn_{i}_off", f"reduce{i}.norm", norm
        yield f"OFFNet/OFFNet_linear_{i}_off", f"ststb{i}", conv
    for i in (1, 2):
        yield f"OFFNet/cascade_conv_{i}", f"cascade{i + 1}", conv
        yield f"OFFNet/cascade_bn_{i}", f"cascade{i + 1}.norm", norm
        for gate in ("gates", "candidate"):
            yield f"ConvLSTMNet/cell_{i}/conv_gru_cell/{gate}", f"gru{i}.{gate}", ("kernel", "bias")
        yield f"SoftmaxNet/fc/fc_{i}", f"head.{i - 1}", conv
    yield "OFFNet/OFFNet_conv_4_1", "out", conv
    yield "OFFNet/OFFNet_bn_4_1", "out.norm", norm


OURS = {
    "weights": "weight",
    "kernel": "weight",
    "biases": "bias",
    "bias": "bias",
    "beta": "bias",
    "moving_mean": "running_mean",
    "moving_variance": "running_var",
}


def variables(network):
    """{TensorFlow's name: array} of a network of the reference profile"""
    state, tensors = network.state_dict(), {}
    for theirs, ours, values in names():
        for value in values:
            tensor = state[f"{ours}.{OURS[value]}"].numpy()
            if value in ("weights", "kernel"):
                tensor = tensor.transpose((2, 3, 1, 0) if tensor.ndim == 4 else (1, 0))
            tensors[f"{theirs}/{value}"] = np.ascontiguousarray(tensor)
    return tensors


def random_network():
    torch.manual_seed(1)
    network = Network(Config("fas-sgtd", "reference"))
    for value in network.state_dict().values():
        if value.is_floating_point():
            value.copy_(torch.rand(value.shape))
    return network


class WithFolder(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.prefix = Path(folder.name, "model.ckpt-7")

    def check_same(self, network, other):
        for name, value in network.state_dict().items():
            torch.testing.assert_close(other.state_dict()[name], value, atol=0, rtol=0)


class Bundle(WithFolder):
    def test_read(self):
        """Shared prefixes, several blocks, a scalar, an empty shape part"""
        tensors = {f"layer/{i}/weights": np.full((2, i), i, np.float32) for i in range(1, 60)}
        tensors["global_step"] = np.int64(123456789012)
        write(self.prefix, tensors)
        found = tensorbundle.read(f"{self.prefix}.index")
        self.assertEqual(set(found), set(tensors))
        for name, value in tensors.items():
            np.testing.assert_array_equal(found[name], value)

    def test_refused(self):
        tensors = {"a": np.zeros(3, np.float32)}
        index, data = (Path(f"{self.prefix}{end}") for end in (".index", ".data-00000-of-00001"))

        def refused(message, change):
            write(self.prefix, tensors)
            change()
            with self.subTest(message), self.assertRaisesRegex(BadBundle, f"ckpt-7.*{message}"):
                tensorbundle.read(self.prefix)

        refused("not the index", lambda: index.write_bytes(b"no table" * 9))
        refused("not the index", lambda: index.write_bytes(b""))
        refused("behind the end", lambda: data.write_bytes(bytes(11)))
        refused("empty", lambda: data.write_bytes(b""))
        for size in 0, 2:  # of the block of the index
            footer = varint(0) * 3 + varint(size)
            footer = footer.ljust(40, b"\0") + index.read_bytes()[-8:]
            refused("requires a buffer", lambda footer=footer: index.write_bytes(bytes(9) + footer))
        refused("compressed", lambda: write(self.prefix, tensors, compression=1))
        with mock.patch.dict(TYPES, {np.dtype("f4"): 19}):
            refused("a is of type 19", lambda: None)
        write(self.prefix, tensors)
        data.unlink()
        with self.assertRaises(FileNotFoundError):
            tensorbundle.read(self.prefix)


class Import(WithFolder):
    def test_command(self):
        """Every weight in its place, the optimiser's left aside; what is written can be
        exported."""
        network = random_network()
        write(
            self.prefix,
            variables(network)
            | {
                "global_step": np.int64(19501),
                "beta1_power": np.float32(0.5),
                "OFFNet/cascade_conv_1/weights/Adadelta": np.zeros((3, 3, 256, 128), np.float32),
            },
        )
        out = self.prefix.with_name("released.pt")
        with contextlib.redirect_stdout(io.StringIO()) as said:
            released_import.main([str(self.prefix), "--out", str(out)])
        self.assertIn("step 19501", said.getvalue())
        read, _ = load_whole(out)
        self.check_same(network, read)
        self.assertEqual(
            (read.config.profile, read.config.input_size, read.config.trained),
            ("reference", 256, "yes"),
        )
        self.assertIn("clks-wzz/FAS-SGTD", read.config.provenance)

    def test_refused(self):
        tensors = variables(random_network())
        gates = "ConvLSTMNet/cell_2/conv_gru_cell/gates/bias"
        for change, message in (
            ({gates: None}, r"1 of \d+ missing: gru2.gates.bias"),
            ({gates: np.zeros(3, np.float32)}, r"gates/bias: \[3\], not \[2\]"),
            ({"OFFNet/extra/weights": np.zeros(3, np.float32)}, "extra/weights: no layer"),
            (
                {"FaceMapNet/rgc1_1/gn/weights": np.zeros(3, np.float32)},
                "rgc1_1/gn/weights: no block1.0.norm_sum.weight",
            ),
        ):
            changed = {
                name: value for name, value in (tensors | change).items() if value is not None
            }
            with self.subTest(message), self.assertRaisesRegex(BadBundle, message):
                released_import.convert(changed)
        with self.assertRaisesRegex(SystemExit, "released_import: .*none.index"):
            released_import.main([str(self.prefix.with_name("none")), "--out", "x.pt"])

    @unittest.skipUnless(os.environ.get("TENSORFLOW_PYTHON"), "TENSORFLOW_PYTHON is not set")
    def test_tensorflow(self):
        """TensorFlow's own checkpoint, and the outputs of its graph"""
        folder = self.prefix.parent
        subprocess.run(
            [os.environ["TENSORFLOW_PYTHON"], ROOT / "training/tests/released_graph.py", folder],
            check=True,
            capture_output=True,
        )
        network = released_import.convert(tensorbundle.read(folder / "model.ckpt-19501"))
        expected = np.load(folder / "out.npz")
        images = torch.tensor(expected["x"]).permute(0, 3, 1, 2)[None]
        with torch.no_grad():
            clip = network(images)
        self.assertGreater(np.ptp(expected["single"]), 0.1)
        for name in ("single", "multi", "fused"):
            np.testing.assert_allclose(getattr(clip, name)[0], expected[name][..., 0], atol=1e-5)
        self.assertAlmostEqual(clip.raw.item(), float(expected["score"]), places=6)


if __name__ == "__main__":
    unittest.main()
