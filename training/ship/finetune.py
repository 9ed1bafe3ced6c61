"""Trains a released MiniFASNet on with whole-frame clips (clips/context.py), carefully.

    python3 -m training.ship.finetune CLIPS... --released FOLDER --scorer wide --minutes 3.5 \\
        --out FILE.safetensors

What the released network learned from real pictures must not be lost to made ones. Three things
hold it: batch norms keep their statistics, the divergence from its own answers is part of the loss,
and what is written lies halfway between the released weights and the new ones, which generalises
better than either (Wortsman et al., "Robust fine-tuning of zero-shot models", arXiv:2109.01903,
section 3).
"""

import argparse
import hashlib
import json
from pathlib import Path

import torch
import torch.nn.functional as F

from training.data.augment import Strengths, augment
from training.data.clipset import BadClips, ClipSet, planes
from training.networks.minifas import MiniFas, log_odds
from training.ship import minifas_import
from training.train import steps

CHANGES = Strengths(shift=0.03, scale=0.08, rotate=4, cutout=0).times(0.6)
WARMUP, DECAY, EMA, CLIP = 50, 1e-4, 0.995, 1.0


def loss_of(answers, released, live, pull):
    """Binary cross entropy, plus pull times the divergence from the released network's answers.
    answers, released [b][3]; live [b] bool"""
    own = F.kl_div(answers.log_softmax(1), released.softmax(1), reduction="batchmean")
    return F.binary_cross_entropy_with_logits(log_odds(answers), live.float()) + pull * own


def between(first, second, share):
    """State dicts -> the state at this share of the way from the first to the second"""
    return {
        name: torch.lerp(value, second[name], share) if value.is_floating_point() else value
        for name, value in first.items()
    }


def train(clips, released, network, options):
    """-> the state of the network trained on, averaged over the last steps; their number.
    released: MiniFas; network: its name"""
    device = "cuda" if torch.cuda.is_available() else "cpu"
    if device == "cuda":
        clips.hold(device)
    torch.manual_seed(options.seed)
    own = released.to(device)
    new = MiniFas(network).to(device).eval()  # eval: the statistics stay
    new.load_state_dict(own.state_dict())
    average = steps.Average(new, EMA)
    optimiser = torch.optim.AdamW(new.parameters(), options.rate, weight_decay=DECAY)
    count, limits = 0, (options.minutes, options.steps)
    for step, used, draw in steps.budgeted(clips, options.batch, options.seed, *limits):
        for group in optimiser.param_groups:
            group["lr"] = options.rate * steps.rate_share(step, WARMUP, used)
        batch = clips.load(draw).to(device)
        images, _, _ = augment(
            planes(batch.images),
            batch.depth,
            batch.mask,
            CHANGES,
            steps.generator(options.seed, step),
        )
        images = images[:, 0].contiguous()
        with torch.no_grad():
            before = own(images)
        loss = loss_of(new(images), before, batch.live, options.pull)
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(new.parameters(), CLIP)
        optimiser.step()
        average.update(new, step)
        count = step + 1
        if count % 100 == 0:
            print(f"step {count}: loss {float(loss.detach()):.3f}", flush=True)
    return {name: value.cpu() for name, value in average.state.items()}, count


def metadata(release, sha256, options, clips, count):
    """minifas_import.metadata, and what was changed"""
    about = minifas_import.metadata(release, sha256)
    provenance = json.loads(about["provenance"])
    provenance["trained_on"] = {
        "by": "training/ship/finetune.py",
        "pictures": "made (training/clips/context.py)",
        "data": clips.hashes,
        "steps": count,
        "batch": options.batch,
        "rate": options.rate,
        "pull": options.pull,
        "share": options.share,
        "seed": options.seed,
    }
    return about | {
        "preset": about["preset"] + "-tuned",
        "provenance": json.dumps(provenance),
        "license": about["license"] + "; weights changed by training on made pictures",
    }


def arguments(argv=None):
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("data", nargs="+", type=Path, help="folders of clips with a view of the scorer's name")
    add("--released", type=Path, required=True, help="folder with the authors' ONNX files")
    add("--scorer", choices=[release.scorer for release in minifas_import.RELEASES], required=True)
    add("--out", type=Path, required=True)
    add("--minutes", type=float, required=True)
    add("--steps", type=int, help="a second limit")
    add("--batch", type=int, default=128)
    add("--rate", type=float, default=3e-4)
    add("--pull", type=float, default=0.3, help="weight of the divergence from its own answers")
    add("--share", type=float, default=0.5, help="of the way from the released weights to the new")
    add("--seed", type=int, default=1)
    add("--threads", type=int, default=1)
    add("--leaky", action="store_true", help="also clips that failed their leak gate")
    options = parser.parse_args(argv)
    if not 0 <= options.share <= 1:
        parser.error(f"--share {options.share}: 0..1")
    return options


def main():
    options = arguments()
    torch.set_num_threads(options.threads)
    release = next(r for r in minifas_import.RELEASES if r.scorer == options.scorer)
    source = options.released / release.file
    try:
        clips = ClipSet(options.data, "train", view=options.scorer, without=("still",))
        if not options.leaky:
            clips.refuse_leaks()
        model = minifas_import.load(source, release.network)
        first = {name: value.clone() for name, value in model.state_dict().items()}
        sha256 = hashlib.sha256(source.read_bytes()).hexdigest()
        options.out.parent.mkdir(parents=True, exist_ok=True)
        new, count = train(clips, model, release.network, options)
        model.cpu().load_state_dict(between(first, new, options.share))
        about = metadata(release, sha256, options, clips, count)
        minifas_import.write(options.out, model, f"{release.scorer}.", about)
    except (BadClips, OSError, ValueError) as error:
        raise SystemExit(f"finetune.py: {error}") from None
    print(f"{options.out}: {options.out.stat().st_size} bytes, {count} steps")


if __name__ == "__main__":
    main()
