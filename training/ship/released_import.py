"""A checkpoint of FAS-SGTD's authors (clks-wzz/FAS-SGTD, TensorFlow) as one of ours.

    python3 -m training.ship.released_import model.ckpt-19501 --out released.pt
    python3 -m training.ship.finish released.pt CLIPS... --out NAME.pt --preset NAME   # thresholds
    python3 -m training.ship.export NAME.pt NAME.safetensors --dtype f16

TensorFlow is not needed. Names and shapes must be those of the released multi-frame graph, all of
them: training/README.md lists them. Read the licence notes of that repository before you use its
weights. Without finish.py the thresholds are 0.5, which is nobody's measurement.
"""

import argparse
import hashlib
import json
import re
from dataclasses import asdict
from pathlib import Path

import torch

from training.networks import losses
from training.networks.ablations import write_checkpoint
from training.networks.networks import Config, Network
from training.ship.tensorbundle import BadBundle, read

# TensorFlow's scope -> our module: gradient blocks, which have PARTS, and others.
LAYERS = (
    (r"FaceMapNet/rgc_init", lambda m: "init"),
    (r"FaceMapNet/rgc([123])_([123])", lambda m: f"block{m[1]}.{int(m[2]) - 1}"),
    (r"FaceMapNet/rgc4_([12])", lambda m: f"fuse.{int(m[1]) - 1}"),
)
PARTS = {"conv": "conv", "rgc_pw_gabor": "edge", "gabor_bn": "norm", "gn": "norm_sum"}
OTHERS = (
    (r"FaceMapNet/conv4_3", lambda m: "single"),
    (r"OFFNet/OFFNet_conv_([123])_off", lambda m: f"reduce{m[1]}"),
    (r"OFFNet/OFFNet_bn_([123])_off", lambda m: f"reduce{m[1]}.norm"),
    (r"OFFNet/OFFNet_linear_([123])_off", lambda m: f"ststb{m[1]}"),
    (r"OFFNet/cascade_conv_([12])", lambda m: f"cascade{int(m[1]) + 1}"),
    (r"OFFNet/cascade_bn_([12])", lambda m: f"cascade{int(m[1]) + 1}.norm"),
    (r"OFFNet/OFFNet_conv_4_1", lambda m: "out"),
    (r"OFFNet/OFFNet_bn_4_1", lambda m: "out.norm"),
    (r"ConvLSTMNet/cell_([12])(?:/\w+)?/(gates|candidate)", lambda m: f"gru{m[1]}.{m[2]}"),
    (r"SoftmaxNet/fc/fc_([12])", lambda m: f"head.{int(m[1]) - 1}"),
)
VALUES = {
    "weights": "weight",
    "kernel": "weight",
    "biases": "bias",
    "bias": "bias",
    "beta": "bias",
    "moving_mean": "running_mean",
    "moving_variance": "running_var",
}
SCOPES = ("FaceMapNet/", "OFFNet/", "ConvLSTMNet/", "SoftmaxNet/")


def layer(scope):
    """Our module of TensorFlow's scope, or None"""
    for pattern, name in OTHERS:
        if match := re.fullmatch(pattern, scope):
            return name(match)
    block, _, part = scope.rpartition("/")
    for pattern, name in LAYERS:
        if part in PARTS and (match := re.fullmatch(pattern, block)):
            return f"{name(match)}.{PARTS[part]}"
    return None


def our_name(name):
    """Of a variable of the graph; None: of the optimiser"""
    scope, _, value = name.rpartition("/")
    if not name.startswith(SCOPES) or value not in VALUES:
        return None
    module = layer(scope)
    if module is None:
        raise BadBundle(f"{name}: no layer of the released graph")
    return f"{module}.{VALUES[value]}"


def ordered(value, name):
    """[h][w][in][out] -> [out][in][h][w], [in][out] -> [out][in]"""
    if not name.endswith("weight"):
        return value
    return value.transpose((3, 2, 0, 1) if value.ndim == 4 else (1, 0))


def convert(tensors):
    """{TensorFlow's name: array} -> Network with these weights. BadBundle names what is missing, of
    another shape or not known."""
    network = Network(Config("fas-sgtd", "reference", "released"))
    state = network.state_dict()
    filled = {name for name in state if name.endswith("num_batches_tracked")}
    for theirs, value in tensors.items():
        name = our_name(theirs)
        if name is None:
            continue
        if name not in state:
            raise BadBundle(f"{theirs}: no {name} in the network")
        value = torch.tensor(ordered(value, name).copy())
        if value.shape != state[name].shape:
            raise BadBundle(f"{theirs}: {list(value.shape)}, not {list(state[name].shape)}")
        state[name].copy_(value)
        filled.add(name)
    lost = sorted(set(state) - filled)
    if lost:
        more = ", ..." if len(lost) > 8 else ""
        raise BadBundle(f"{len(lost)} of {len(state)} missing: {', '.join(lost[:8])}{more}")
    return network.eval()


def checkpoint(network, prefix, step):
    """The checkpoint that finish.py and export.py take"""
    source = {
        "file": Path(prefix).name,
        "repository": "clks-wzz/FAS-SGTD",
        "sha256": hashlib.sha256(
            b"".join(
                path.read_bytes()
                for path in sorted(Path(prefix).parent.glob(f"{Path(prefix).name}.data-*"))
            )
        ).hexdigest(),
    }
    config = {
        **asdict(network.config),
        "trained": "yes",
        "provenance": json.dumps(
            {"made_by": "training.ship.released_import", "source": source, "steps": step},
            sort_keys=True,
        ),
    }
    return {
        "config": config,
        "ablations": [],
        "model": network.state_dict(),
        "stage": "two",
        "recipe": None,
        "options": {},
        "source": source,
        "losses": asdict(losses.RELEASED),
        "augmentation": {"kind": "released"},
        "data": [],
        "processes": None,
        "training": {"done": True, "step": step, "elapsed": 0.0, "skipped": 0},
    }


def main(arguments=None):
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("checkpoint", help="its prefix, such as model.ckpt-19501")
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args(arguments)
    prefix = options.checkpoint.removesuffix(".index")
    try:
        tensors = read(prefix)
        step = int(tensors.get("global_step", 0))
        try:
            network = convert(tensors)
        except BadBundle as error:
            raise BadBundle(f"{prefix}: {error}") from None
        write_checkpoint(options.out, checkpoint(network, prefix, step))
    except (BadBundle, OSError) as error:
        raise SystemExit(f"released_import: {error}") from None
    print(f"{options.out}: {sum(p.numel() for p in network.parameters())} parameters, step {step}")


if __name__ == "__main__":
    main()
