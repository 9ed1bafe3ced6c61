"""Makes what tests/peers/bench.mjs measures: from one seed the same network, with the same weights,
for every runtime.

    make_models.py OUT SIZE WIDTH      FAS-SGTD of the text, batch norms folded, into OUT:
        model.safetensors              as training/ship/export.py writes it
        trunk.onnx, clip.onnx          trunk: one frame -> depth and compressed features
        trunk.tflite, clip.tflite      clip: five frames -> four fused depth maps and probabilities
        trunk.json + .bin, clip.json + .bin
        frames.rgba, images.f32        the five frames as bytes, and as [5][s][s][3] floats
        expected.json + .f32           PyTorch's answers, and where each one lies
    make_models.py OUT --minifas NETWORK   a MiniFASNet, with the weights of models/, likewise:
        model.safetensors, frame.onnx, frame.tflite, frame.json + .bin; images.f32 are bytes
    make_models.py OUT --growth WIDTH [SIZE FRAMES]...
        growth-WIDTH-SIZE-FRAMES.safetensors, the same kernels for other sizes and clip lengths
"""

import json
import shutil
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import graph  # noqa: E402

from training import ROOT  # noqa: E402
from training.networks import folded  # noqa: E402
from training.networks.minifas import LIVE, SIZE  # noqa: E402
from training.networks.networks import Config, Network  # noqa: E402
from training.ship import export  # noqa: E402

SEED = 1


def random_network(size, width, frames=5):
    """(network, its frames [frames][3][s][s])"""
    config = Config(
        "fas-sgtd",
        "paper",
        f"peers-{size}-untrained",
        size,
        width,
        frames,
        live_threshold=0.7,
        spoof_threshold=0.3,
        provenance=f"random, seed {SEED}",
    )
    rng = np.random.default_rng(SEED)
    images = export.random_clip(rng, config)
    return export.randomise(Network(config), rng, images), images


def expected(network, images):
    """{name: array, [n][h][w][c]}"""
    frame = network.trunk(images[:1])
    clip = network(images[None])
    answers = {
        "depth": frame.single,
        **{f"reduced{i}": g for i, g in enumerate(frame.compressed, 1)},
    }
    answers = {name: x.permute(0, 2, 3, 1) for name, x in answers.items()}
    return answers | {
        "maps": clip.fused[0, ..., None],
        "score": clip.raw,
        "probability": torch.softmax(clip.logits, 1),
    }


def operations(built):
    """Multiply-adds x 2 of convolutions, linear layers and gradients, in 10^9."""
    total = 0
    for value in built.values:
        if value.kind in ("conv", "depthwise", "linear"):
            total += np.prod(value.shape[:-1]) * value.arrays["weight"].size
        elif value.kind == "sobel":
            total += 9 * np.prod(value.shape)
    return 2e-9 * float(total)


def work_of(tensors, config):
    """{work: GFLOP}; next: the clip after one new frame, when all pairs but one are known"""

    def clip(frames):
        return operations(graph.build(tensors, replace(config, frames=frames), "clip"))

    trunk, whole = operations(graph.build(tensors, config, "trunk")), clip(config.frames)
    pair = clip(3) - clip(2) - trunk - recurrent(tensors, config)
    known = config.frames - 1
    return {"trunk": trunk, "clip": whole, "next": whole - known * trunk - (known - 1) * pair}


def recurrent(tensors, config):
    """GFLOP of one step."""
    weights = sum(
        tensors[f"gru{i}.{part}.weight"].size for i in (1, 2) for part in ("gates", "candidate")
    )
    return 2e-9 * weights * config.depth_size**2


def write_graph(built, out, work):
    import onnx_file
    import oplist_file
    import tflite_file

    onnx_file.write(built, out / f"{work}.onnx")
    tflite_file.write(built, out / f"{work}.tflite")
    oplist_file.write(built, out / f"{work}.json", out / f"{work}.bin")


def write_frames(out, pixels, bytes_):
    """As floats for the peers and as bytes for ours, [frames][s][s][3]"""
    pixels.contiguous().numpy().tofile(out / "images.f32")
    bytes_ = bytes_.to(torch.uint8).numpy()
    np.concatenate([bytes_, np.full_like(bytes_[..., :1], 255)], -1).tofile(out / "frames.rgba")


def write_expected(out, answers, about):
    places, offset = {}, 0
    with open(out / "expected.f32", "wb") as file:
        for name, x in answers.items():
            places[name] = {"offset": offset, "length": x.numel()}
            offset += x.numel()
            file.write(x.contiguous().numpy().tobytes())
    about |= {"seed": SEED, "torch": torch.__version__, "answers": places}
    (out / "expected.json").write_text(json.dumps(about))


def make(out, size, width):
    network, images = random_network(size, width)
    config = network.config
    export.export(network, out / "model.safetensors")
    tensors = export.folded(network)
    for work in ("trunk", "clip"):
        write_graph(graph.build(tensors, config, work), out, work)
    pixels = images.permute(0, 2, 3, 1)
    write_frames(out, pixels, (pixels * config.std + config.mean).round())
    write_expected(
        out,
        expected(network, images),
        {
            "size": size,
            "width": width,
            "frames": config.frames,
            "beta": config.beta,
            "works": {"clip": config.frames, "trunk": 1},
            "gflop": work_of(tensors, config),
        },
    )


def make_minifas(out, network):
    """score: what a session of one clip says, the mean over its frames"""
    model = ROOT / "models" / f"{network}-{SIZE}.safetensors"
    shutil.copyfile(model, out / "model.safetensors")
    tensors, metadata = folded.load(model)
    scorer = metadata["scorers"]
    tensors = {name.removeprefix(f"{scorer}."): tensor.float() for name, tensor in tensors.items()}
    frames = int(metadata[f"{scorer}.frames"])
    config = Config(input_size=SIZE, frames=frames)
    images = export.random_clip(np.random.default_rng(SEED), config)
    images = (images * config.std + config.mean).round()
    built = graph.build_minifas({name: x.numpy() for name, x in tensors.items()}, network)
    write_graph(built, out, "frame")
    pixels = images.permute(0, 2, 3, 1)
    write_frames(out, pixels, pixels)
    logits = folded.minifas(tensors, network, images)
    live = torch.softmax(logits, 1)[:, LIVE]
    write_expected(
        out,
        {"logits": logits[0], "score": live.mean().view(1)},
        {
            "size": SIZE,
            "network": network,
            "frames": frames,
            "works": {"frame": 1},
            "gflop": {"frame": operations(built)},
        },
    )


def stretched(network, size, frames):
    """The same kernels for another size of input and length of clip; only the head's first layer
    depends on the size."""
    config = replace(
        network.config, preset=f"peers-{size}-untrained", input_size=size, frames=frames
    )
    other = Network(config).requires_grad_(False).eval()
    state = network.state_dict()
    if size != network.config.input_size:
        state["head.0.weight"] = other.head[0].weight
    other.load_state_dict(state)
    return other


def main():
    out, *rest = sys.argv[1:]
    out = Path(out)
    out.mkdir(parents=True, exist_ok=True)
    torch.set_grad_enabled(False)
    if rest[0] == "--growth":
        width = float(rest[1])
        network, _ = random_network(64, width)
        for size, frames in zip(map(int, rest[2::2]), map(int, rest[3::2])):
            export.export(
                stretched(network, size, frames),
                out / f"growth-{rest[1]}-{size}-{frames}.safetensors",
            )
    elif rest[0] == "--minifas":
        make_minifas(out, rest[1])
    else:
        make(out, int(rest[0]), float(rest[1]))


if __name__ == "__main__":
    main()
