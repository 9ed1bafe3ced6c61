"""Makes tests/golden: what the engine's tests compare with. Run by `make golden`.

    <network>-<profile>.safetensors        small random network, as a weight file
    <network>-<profile>.taps.safetensors   its input "images" [frames][h][w][c], its tensors by name
                                           ([h][w][c]) and its answer
    blocks.safetensors                     every block alone: "<block>.<weight>", "<block>/in0".. in
                                           the order of src/blocks.h, "<block>/out"

Values are float32 results of the unfolded PyTorch network. "fused64", "mean64", "score64" are the
float64 result for the weights as in the file, rounded to float32: the reference for rounding
errors. The -odd files have sizes that fit no vector width, half-precision weights and no tensors in
between; their float32 answers are for the weights as in the file, too. Seeds are fixed; another
machine may differ in the last bits.
"""

import numpy as np
import torch

from training import ROOT
from training.networks import blocks, folded
from training.networks.networks import RECIPES, Config, Network
from training.ship import export

GOLDEN = ROOT / "tests" / "golden"
EDGE_GAMMA = 0.1  # more than in a new network, so that errors in the squares show


def array(x):
    """[c][h][w] -> [h][w][c]"""
    return x.permute(1, 2, 0).numpy()


def make_network(config, seed):
    """(random network, its input), which also gives the statistics, so that nothing explodes"""
    rng = np.random.default_rng(seed)
    images = export.random_clip(rng, config)
    network = Network(config)
    for module in network.modules():
        if isinstance(module, blocks.RsgbPaper):
            module.norm.weight.data.fill_(EDGE_GAMMA)
    return export.randomise(network, rng, images), images


def record(network, images):
    """{tap: [h][w][c]} for frame 0, pair 0, all recurrent steps, and the Clip of a run"""
    taps = {"trunk/image": array(images[0])}
    trunk = ("init", "block", "pool", "fuse.", "single", "reduce")
    pair = ("off", "ststb", "cascade", "out")

    def hook(name, part):
        def keep(module, inputs, out):
            step = sum(tap.startswith(f"{part}/{name}") for tap in taps)
            tap = f"{part}/{name}.{step}" if part == "recurrent" else f"{part}/{name}"
            taps[tap] = array(out[0])

        return keep

    hooks = []
    for name, module in network.named_modules():
        if hasattr(module, "folded") or name.startswith("pool"):
            part = (
                "trunk"
                if name.startswith(trunk)
                else "pair"
                if name.startswith(pair)
                else "recurrent"
                if name.startswith("gru")
                else None
            )
            if part:
                hooks.append(module.register_forward_hook(hook(name, part)))
    clip = network(images[None])
    for handle in hooks:
        handle.remove()
    return taps, clip


def answer(fused, logits, score):
    return {"fused": fused, "mean": fused.mean(0), "logits": logits, "score": score.reshape(1)}


def masked(network, fused, images, seed):
    """Face masks, the last one empty, and the score with them."""
    masks = np.random.default_rng(seed).integers(0, 2, fused.shape).astype(np.float32)
    masks[:, -1] = 0
    raw = network(images[None], torch.from_numpy(masks)).raw
    return {"masks": masks[0], "masked_score": network.calibrated(raw)}


class LocalNorm(torch.nn.Module):
    """blocks.local_norm among blocks with weights"""

    def forward(self, x):
        return blocks.local_norm(x)


def make_set(name, network, profile, seed, size, width, frames, **more):
    odd = name.endswith("-odd")
    config = Config(
        network,
        profile,
        f"{name}-golden-untrained",
        size,
        width,
        frames,
        **more,
        live_threshold=0.7,
        spoof_threshold=0.3,
        provenance=f"random weights, seed {seed}; training/ship/golden.py",
    )
    network, images = make_network(config, seed)
    path = GOLDEN / f"{name}.safetensors"
    export.export(network, path, "f16" if odd else "f32")
    tensors, metadata = folded.load(path)
    taps, clip = record(network, images)
    results = answer(clip.fused[0], clip.logits[0], network.calibrated(clip.raw))
    masks = {}
    if odd:
        taps, results = {}, folded.Folded(tensors, metadata, torch.float32).run(images)
    else:
        masks = masked(network, clip.fused, images, seed)
    exact = folded.Folded(tensors, metadata).run(images.double())
    difference = max((results[key] - exact[key]).abs().max().item() for key in results)
    score = exact["score"].item()
    assert difference < 1e-4, f"{name}: float32 is {difference} off"
    assert 0.1 < score < 0.9 and (exact["logits"] > 0).all(), f"{name}: {score} {exact['logits']}"
    for key, value in taps.items():
        assert (value > 0).mean() > 0.02, f"{name}: {key} is nearly all zero"

    content = {
        "images": images.permute(0, 2, 3, 1),
        **taps,
        **results,
        **masks,
        **{f"{key}64": exact[key] for key in ("fused", "mean", "score")},
    }
    export.write_safetensors(
        GOLDEN / f"{name}.taps.safetensors",
        content,
        {"format": "livedepth", "format_version": "1", "seed": str(seed)},
    )
    print(
        f"{name:26} score {score:.4f}  float32 - float64 {difference:.1e}  "
        f"largest {max([abs(v).max() for v in taps.values()], default=0):.1f}"
    )


def make_blocks(seed):
    """Channels and sizes that fit no vector width; blocks that pool need even sizes."""

    def inputs(*channels, size=(7, 9)):
        return [torch.from_numpy(rng.normal(0, 1, (c, *size)).astype(np.float32)) for c in channels]

    rng = np.random.default_rng(seed)
    now, next = inputs(3, 3, size=(6, 8))
    below, f = inputs(7, 5, size=(6, 8))
    cases = {
        "block_conv": (blocks.Conv(5, 7), inputs(5)),
        "rsgb_paper": (blocks.RsgbPaper(5, 7), inputs(5)),
        "rsgb_reference": (blocks.RsgbReference(5, 7), inputs(5)),
        "reduce_paper": (blocks.ReducePaper(7, 3), inputs(7)),
        "reduce_reference": (blocks.ReduceReference(7, 3), inputs(7)),
        "off": (blocks.Off(3, 7, 5), [now, next, below]),
        "ststb": (blocks.StstbPaper(3, 7, 5), [now, now, next, below]),
        "ststb_reference": (blocks.StstbReference(5, 3, 7), [f, now, next]),
        "cascade": (blocks.Cascade(5, 7), inputs(5)),
        "convgru_paper": (blocks.ConvGruPaper(5, 3), inputs(5, 3)),
        "convgru_reference": (blocks.ConvGruReference(5, 3), inputs(5, 3)),
        "depth": (blocks.Depth(5, slim=False), inputs(5)),
        "head": (blocks.Head(63, 7, relu_last=False), inputs(1)),
        "head_reference": (blocks.Head(63, 7, relu_last=True), inputs(1)),
        "local_norm": (LocalNorm(), inputs(3, size=(18, 21))),
    }
    content = {}
    for name, (block, parts) in cases.items():
        for parameter, value in block.named_parameters():
            if "norm" in parameter and parameter.endswith("weight"):
                random = rng.uniform(0.5, 1.5, value.shape)
            else:
                spread = 0.3 if value.dim() == 1 else value[0].numel() ** -0.5
                random = rng.normal(0, spread, value.shape)
            value.data = torch.from_numpy(random.astype(np.float32))
        for module in block.modules():
            if isinstance(module, torch.nn.BatchNorm2d):
                center = (20, 5) if name == "rsgb_paper" and module is block.norm else (0, 0.3)
                shape = module.running_mean.shape
                module.running_mean.copy_(torch.from_numpy(rng.normal(*center, shape)))
                module.running_var.copy_(
                    torch.from_numpy(max(1, center[0]) ** 2 * rng.uniform(0.5, 1.5, shape))
                )
        if name == "head_reference":
            block[1].bias.data += 1
        with torch.no_grad():
            batch = [part[None] for part in parts]
            if isinstance(block, blocks.Head):
                out = block.eval()(batch[0].flatten(1))[0].view(2, 1, 1)
            else:
                out = block.eval()(*batch)[0]
        zeros = (out == 0).float().mean().item()
        assert zeros < 0.8, f"{name}: {zeros} zeros"
        content |= {} if isinstance(block, LocalNorm) else export.folded(block, name)
        content |= {f"{name}/in{i}": array(part) for i, part in enumerate(parts)}
        content[f"{name}/out"] = array(out)
    export.write_safetensors(
        GOLDEN / "blocks.safetensors",
        content,
        {"format": "livedepth", "format_version": "1", "seed": str(seed)},
    )
    print(f"blocks: {len(cases)}")


def main():
    torch.set_grad_enabled(False)
    torch.set_num_threads(1)  # the order of sums
    GOLDEN.mkdir(parents=True, exist_ok=True)
    make_blocks(1)
    for seed, (network, profile) in enumerate(RECIPES, 2):
        name = f"{network}-{profile}"
        make_set(name, network, profile, seed, size=32, width=0.08, frames=5)
        if network == "fas-sgtd":
            make_set(name + "-odd", network, profile, seed, size=40, width=0.1875, frames=4)
    make_set(
        "fas-td-local-odd", "fas-td", "paper", 5, size=40, width=0.08, frames=3, input_norm="local"
    )
    make_set(
        "fas-sgtd-features", "fas-sgtd", "paper", 6, size=32, width=0.08, frames=3, head="features"
    )
    size = sum(path.stat().st_size for path in GOLDEN.glob("*.safetensors"))
    print(f"{size / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
