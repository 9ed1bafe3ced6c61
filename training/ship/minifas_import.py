"""Makes weight files of the two MiniFASNets that their authors released (minivision-ai/
Silent-Face-Anti-Spoofing, Apache-2.0), from their ONNX files.

    python3 -m training.ship.minifas_import FOLDER OUT     FOLDER has the ONNX files

Changes: batch norms are folded in float64, the first convolution takes RGB instead of BGR, the two
last layers, between which nothing but a batch norm stands, become one, and the kernels of 1x1
convolutions become bytes with a scale for each output channel: 92 % of the numbers. The others are
F16: as bytes the depthwise kernels alone would move the logits three times as far as all 1x1
kernels do (V1SE: by 0.145 instead of 0.045, rms over 200 random pictures; both: 0.120).
"""

import argparse
import hashlib
import json
from pathlib import Path
from typing import NamedTuple

import numpy as np
import onnx
import torch
from onnx import numpy_helper

from training.judge import teacher
from training.networks.minifas import DESIGNS, SIZE, MiniFas
from training.ship import export

SOURCE = "github.com/minivision-ai/Silent-Face-Anti-Spoofing"
LICENSE = (
    "Apache-2.0, minivision-ai/Silent-Face-Anti-Spoofing; converted: batch norms folded, "
    "RGB order, bytes per channel"
)
FRAMES = 5
CLOSE = 1e-4  # how far the logits of load() may be from those of the file


class Release(NamedTuple):
    file: str
    network: str
    scorer: str  # its name in a bundle, and its view's
    scale: float  # side of the view / that of the face box


RELEASES = tuple(
    Release(file, network, scorer, scale)
    for (file, scale), (network, scorer) in zip(
        teacher.NETWORKS, (("minifasnet-v2", "near"), ("minifasnet-v1se", "wide"))
    )
)

STAGES = {
    "down1": "conv_23",
    "stage1": "conv_3.model",
    "down2": "conv_34",
    "stage2": "conv_4.model",
    "down3": "conv_45",
    "stage3": "conv_5.model",
}


def layers(network):
    """{path of a Layer of MiniFas: (its convolution's name in the ONNX file, its batch norm's, its
    PReLU's)}"""

    def layer(at):
        return f"{at}.conv", f"{at}.bn", f"{at}.prelu"

    names = {
        "conv1": layer("conv1"),
        "conv2": layer("conv2_dw"),
        "conv3": layer("conv_6_sep"),
        "conv4": layer("conv_6_dw"),
    }
    for row in DESIGNS[network]:
        stage, dot, index = row.at.partition(".")
        at = f"{STAGES[stage]}{dot}{index}"
        names |= {
            f"{row.at}.expand": layer(f"{at}.conv"),
            f"{row.at}.depthwise": layer(f"{at}.conv_dw"),
            f"{row.at}.project": layer(f"{at}.project"),
        }
        if row.squeeze:
            names |= {
                f"{row.at}.squeeze": (f"{at}.se_module.fc1", f"{at}.se_module.bn1", None),
                f"{row.at}.excite": (f"{at}.se_module.fc2", f"{at}.se_module.bn2", None),
            }
    return names


def answers(model, pictures):
    """onnxruntime's answer to pictures [n][3][80][80], RGB -> logits [n][3]; model: path, bytes"""
    images = np.ascontiguousarray(pictures[:, ::-1])
    return teacher.session(model).run(None, {"image": images})[0]


def load(path, network):
    """The network of an ONNX file, with its batch norms, as a MiniFas. It must answer as the file
    does."""
    found = {
        tensor.name: torch.from_numpy(numpy_helper.to_array(tensor).copy())
        for tensor in onnx.load(path).graph.initializer
    }
    names = {"logits.linear": "linear", "logits.norm": "bn", "logits.prob": "prob"}
    for at, (conv, norm, prelu) in layers(network).items():
        names |= {f"{at}.conv": conv, f"{at}.norm": norm, f"{at}.prelu": prelu}
    model = MiniFas(network).eval().requires_grad_(False)
    state = {}
    for key, value in model.state_dict().items():
        module, _, part = key.rpartition(".")
        if part == "num_batches_tracked":
            state[key] = value
        else:
            state[key] = found.pop(f"{names[module]}.{part}")
    if found:
        raise ValueError(f"{path} has tensors that no layer takes: {', '.join(found)}")
    state["conv1.conv.weight"] = state["conv1.conv.weight"].flip(1)  # BGR -> RGB
    model.load_state_dict(state)
    noise = np.random.default_rng(1).integers(0, 256, (4, 3, SIZE, SIZE)).astype(np.float32)
    difference = np.abs(model(torch.from_numpy(noise)).numpy() - answers(path, noise)).max()
    if difference > CLOSE:
        raise ValueError(f"{path}: the network's logits differ by {difference}")
    return model


def metadata(release, sha256):
    """Of a bundle with this scorer alone."""
    at = release.scorer
    provenance = {
        "source": SOURCE,
        "file": release.file,
        "sha256": sha256,
        "training_pictures": "the authors' own, unpublished",
        "changes": "training/ship/minifas_import.py: batch norms folded in float64, RGB "
        "order, last two layers one, bytes per channel",
    }
    return {
        "format": "livedepth",
        "format_version": "2",
        "preset": f"{release.network}-{SIZE}",
        "trained": "yes",
        "license": LICENSE,
        "provenance": json.dumps(provenance),
        "frame_interval_ms": "100",
        "clips": "6",
        "live_threshold": "0.5",
        "spoof_threshold": "0.5",
        "views": at,
        f"view.{at}.scale": f"{release.scale:g}",
        f"view.{at}.size": str(SIZE),
        f"view.{at}.follows": "face",
        f"view.{at}.filter": "bilinear",
        "scorers": at,
        f"{at}.network": release.network,
        f"{at}.frames": str(FRAMES),
        f"{at}.view": at,
        f"{at}.use": "needed",
        "fusion.bias": "0",
        f"fusion.{at}": "1",
    }


def write(path, model, prefix, about):
    tensors = {prefix + name: tensor for name, tensor in export.folded(model).items()}
    pointwise = [
        name for name, tensor in tensors.items() if tensor.ndim == 4 and tensor.shape[1] == 1
    ]
    export.write_safetensors(path, tensors, about, "f16", as_bytes=pointwise)


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("out", type=Path)
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    for release in RELEASES:
        source = args.folder / release.file
        sha256 = hashlib.sha256(source.read_bytes()).hexdigest()
        path = args.out / f"{release.network}-{SIZE}.safetensors"
        write(path, load(source, release.network), f"{release.scorer}.", metadata(release, sha256))
        print(f"{path}: {path.stat().st_size} bytes")


if __name__ == "__main__":
    main()
