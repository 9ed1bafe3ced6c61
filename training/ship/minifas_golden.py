"""Makes tests/golden/minifasnet-*.taps.safetensors: what onnxruntime says to a made-up picture.

python3 -m training.ship.minifas_golden FOLDER   FOLDER has the ONNX files of minifas_import.py

picture       [80][80][3], RGB
<layer>       values of that layer's output [h][w][c] with the weights of models/, computed by
              the authors' own graph: number i is at place i * STEP of all, modulo their count
released      logits of the ONNX file as it is: how far the bytes are from its floats
"""

import argparse
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import torch
from onnx import helper, numpy_helper

from training import ROOT
from training.judge import teacher
from training.networks.folded import load
from training.networks.minifas import SIZE
from training.networks.networks import Config
from training.ship import export
from training.ship.minifas_import import RELEASES, answers, layers

VALUES, STEP = 512, 7919  # a prime, so that all channels have their turn


def weights(path, prefix):
    """{name without the prefix: float32 array}"""
    return {
        name.removeprefix(prefix): tensor.float().numpy() for name, tensor in load(path)[0].items()
    }


def refill(model, found, release):
    """Puts the weights of our file in the place of the graph's. Batch norms only add the bias."""
    values = {}

    def norm(at, bias):
        eps = np.float32(1e-5)
        values.update(
            {
                f"{at}.weight": np.ones_like(bias),
                f"{at}.bias": bias,
                f"{at}.running_mean": np.zeros_like(bias),
                f"{at}.running_var": np.full_like(bias, 1) - eps,
            }
        )

    for at, (conv, bn, prelu) in layers(release.network).items():
        kernel = found[f"{at}.weight"].transpose(0, 3, 1, 2)
        if kernel.shape[0] == 1:  # depthwise
            kernel = kernel.transpose(1, 0, 2, 3)
        values[f"{conv}.weight"] = kernel[:, ::-1] if at == "conv1" else kernel
        norm(bn, found[f"{at}.bias"])
        if f"{at}.slope" in found:
            values[f"{prelu}.weight"] = found[f"{at}.slope"]
    shapes = {each.name: tuple(each.dims) for each in model.graph.initializer}
    classes = len(found["logits.weight"])
    linear, bias = np.zeros(shapes["linear.weight"]), np.zeros(shapes["bn.bias"], np.float32)
    linear[:classes], bias[:classes] = found["logits.weight"], found["logits.bias"]
    values |= {"linear.weight": linear, "prob.weight": np.eye(classes, len(bias))}
    norm("bn", bias)
    for each in model.graph.initializer:
        array = values.pop(each.name)
        assert array.shape == shapes[each.name], (each.name, array.shape)
        each.CopyFrom(numpy_helper.from_array(np.ascontiguousarray(array, np.float32), each.name))
    assert not values, list(values)


def taps(model, release):
    """{our name: the graph's} of what layers and bottlenecks give"""
    makers = {node.output[0]: node for node in model.graph.node}
    readers = {}
    for node in model.graph.node:
        for name in node.input:
            readers.setdefault(name, []).append(node)
    ends = {}
    for at, (conv, *_) in layers(release.network).items():
        name = next(node.output[0] for node in makers.values() if f"{conv}.weight" in node.input)
        while readers[name][0].op_type in ("BatchNormalization", "PRelu", "Relu"):
            name = readers[name][0].output[0]
        block, _, part = at.rpartition(".")
        if part == "project":  # then, of a bottleneck, the excited result and the sum
            scaled = [node for node in readers[name] if node.op_type == "Mul"]
            name = scaled[0].output[0] if scaled else name
            sums = [
                node for node in readers[name] if node.op_type == "Add" and name == node.input[1]
            ]
            ends[block] = sums[0].output[0] if sums else name
        else:
            ends[at] = name
    return ends | {"logits": "logits"}


def pictures():
    """A made-up one [1][3][80][80] of bytes"""
    config = Config(input_size=SIZE, frames=2)
    clip = export.random_clip(np.random.default_rng(1), config)[:1]
    return (clip * config.std + config.mean).round().numpy()


def make(release, folder):
    path = ROOT / "models" / f"{release.network}-{SIZE}.safetensors"
    model = onnx.load(folder / release.file)
    image = pictures()
    content = {"picture": image[0].transpose(1, 2, 0)}
    released = answers(model.SerializeToString(), image)[0]
    refill(model, weights(path, f"{release.scorer}."), release)
    names = taps(model, release)
    for name in list(names.values())[:-1]:
        model.graph.output.append(helper.make_empty_tensor_value_info(name))
    session = teacher.session(model.SerializeToString())
    out = session.run(list(names.values()), {"image": np.ascontiguousarray(image[:, ::-1])})
    for name, values in zip(names, out):
        flat = np.moveaxis(values[0], 0, -1).ravel()
        content[name] = flat[np.arange(min(VALUES, flat.size)) * STEP % flat.size]
    content["released"] = released
    export.write_safetensors(
        ROOT / "tests" / "golden" / f"{release.network}.taps.safetensors",
        content,
        {"format": "livedepth", "format_version": "1", "onnxruntime": onnxruntime.__version__},
    )
    print(f"{release.network}: {len(names)} layers, logits {out[-1][0]}, released {released}")


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    args = parser.parse_args()
    torch.set_grad_enabled(False)
    for release in RELEASES:
        make(release, args.folder)


if __name__ == "__main__":
    main()
