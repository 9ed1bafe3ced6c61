"""A plain residual network of no paper, on single frames, with a binary loss alone.

    python3 -m training.train.guide CLIPS... --out guide.pt --minutes 34

It learns faster than the published trunks what a picture tells, for its target is no depth map: a
yardstick for data and augmentation, and with `training.train --guide` a source of soft targets. The
engine has no such network.
"""

import argparse
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn
from tqdm import tqdm

from training.data.augment import Strengths, augment
from training.data.clipset import BadClips, ClipSet, Draw, normalised, planes
from training.judge import metrics
from training.judge.predict import evenly
from training.networks.ablations import refusing, write_checkpoint
from training.networks.networks import Config
from training.train import steps

NORM = 9  # pixels: side of the square about each
NORM_FLOOR = 0.01  # of the range
CHANNELS = 24, 48, 96, 160
DROPOUT = 0.2
# Training: three quarters of it on parts of the pictures, 3/4 of a side.
PART, PART_SHARE = 3 / 4, 3 / 4
RATE, WARMUP, DECAY, EMA = 2e-3, 100, 0.02, 0.998


def norm(x):
    """Differences from the mean about each pixel, by the deviation of all channels there."""

    def mean(x):
        return F.avg_pool2d(F.pad(x, (NORM // 2,) * 4, mode="reflect"), NORM, 1)

    rest = x - mean(x)
    return rest / (mean(rest.square().mean(1, keepdim=True)).sqrt() + NORM_FLOOR)


class Residual(nn.Module):
    """Two 3x3 convolutions beside one of 1x1; the first of each has the stride."""

    def __init__(self, inputs, out, stride):
        super().__init__()
        self.one = nn.Conv2d(inputs, out, 3, stride, 1, bias=False)
        self.norm_one = nn.BatchNorm2d(out)
        self.two = nn.Conv2d(out, out, 3, 1, 1, bias=False)
        self.norm_two = nn.BatchNorm2d(out)
        self.short = nn.Conv2d(inputs, out, 1, stride, bias=False)
        self.norm_short = nn.BatchNorm2d(out)

    def forward(self, x):
        y = F.relu(self.norm_one(self.one(x)))
        return F.relu(self.norm_two(self.two(y)) + self.norm_short(self.short(x)))


class Guide(nn.Module):
    """Images as a network with input_norm "fixed" takes them [b][3][s][s], any s of 32 and more ->
    logit of live [b]"""

    def __init__(self):
        super().__init__()
        self.stem = nn.Conv2d(3, 16, 5, 2, 2, bias=False)
        self.norm_stem = nn.BatchNorm2d(16)
        before = 16, *CHANNELS
        self.blocks = nn.Sequential(
            *(Residual(before[k], out, 2 if k else 1) for k, out in enumerate(CHANNELS))
        )
        self.dropout = nn.Dropout(DROPOUT)
        self.out = nn.Linear(CHANNELS[-1], 1)
        self.to(memory_format=torch.channels_last)

    def forward(self, x):
        x = norm(x).contiguous(memory_format=torch.channels_last)
        x = self.blocks(F.relu(self.norm_stem(self.stem(x))))
        return self.out(self.dropout(x.mean((2, 3))))[:, 0]


def load_guide(path):
    """A guide.pt, for evaluation; ValueError if it is none"""
    guide = Guide()
    with refusing(f"{path}: not by guide.py"):
        guide.load_state_dict(torch.load(path, map_location="cpu", weights_only=True)["model"])
    return guide.eval().requires_grad_(False)


@torch.no_grad()
def opinion(guide, images):
    """Images [b][T][3][s][s] -> probability of live [b], the mean over the frames"""
    return guide(images.flatten(0, 1)).sigmoid().view(images.shape[:2]).mean(1)


def predict(guide, clips, limit=None):
    """metrics.Samples of a set; limit: as predict.evenly() chooses them"""
    chosen = evenly(clips, limit)
    config = config_of(clips)
    raw = [
        opinion(guide, normalised(planes(clips.load(Draw([i], None)).images), config)).item()
        for i in chosen
    ]
    return metrics.Samples(
        [clips.records[i]["id"] for i in chosen], [clips.species[i] for i in chosen], np.array(raw)
    )


def config_of(clips):
    return Config(input_size=clips.info["size"])


def train(clips, minutes, batch, seed, strength, most=None, distil=0.0):
    """-> the averaged Guide. most: steps, a second limit; distil: the teacher's share of targets"""
    torch.manual_seed(seed)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    if device == "cuda":
        clips.hold(device)
    guide = Guide().to(device)
    average = steps.Average(guide, EMA)
    optimiser = torch.optim.AdamW(guide.parameters(), RATE, weight_decay=DECAY)
    config, strengths = config_of(clips), Strengths().times(strength)
    side = round(config.input_size * PART)
    with tqdm(
        total=1.0,
        mininterval=2,
        bar_format="{percentage:5.1f}%|{bar:20}| {elapsed}<{remaining}{postfix}",
    ) as bar:
        for step, used, draw in steps.budgeted(clips, batch, seed, minutes, most):
            for group in optimiser.param_groups:
                group["lr"] = RATE * steps.rate_share(step, WARMUP, used)
            own = steps.generator(seed, step)
            found = clips.load(draw).to(device)
            images, _, _ = augment(planes(found.images), found.depth, found.mask, strengths, own)
            images = normalised(images, config)[:, 0]
            if used < PART_SHARE:
                y, x = torch.randint(config.input_size - side + 1, (2,), generator=own).tolist()
                images = images[..., y : y + side, x : x + side]
            target = found.live.float()
            if distil:  # without a teacher its answers are NaN
                target = torch.lerp(target, found.teacher, distil)
            loss = F.binary_cross_entropy_with_logits(guide(images), target)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            average.update(guide, step)
            bar.update(used - bar.n)
            bar.set_postfix_str(f"step {step + 1} loss {loss:.3f}", refresh=False)
    guide.load_state_dict(average.state)
    return guide.cpu().eval().requires_grad_(False)


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", nargs="+", type=Path, help="folders of clips")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--minutes", type=float, required=True)
    parser.add_argument("--steps", type=int, help="a second limit")
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--augment", type=float, default=0.4)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument(
        "--leaky", action="store_true", help="also clips that failed their leak gate"
    )
    parser.add_argument("--view", help="of a folder with several")
    parser.add_argument(
        "--distil",
        type=float,
        default=0.0,
        help="share, 0..1, of the clips' teacher (judge/answers.py) in the targets",
    )
    parser.add_argument(
        "--without",
        nargs="+",
        default=(),
        metavar="SPECIES",
        help="left out: attacks that no single frame gives away",
    )
    options = parser.parse_args()
    if not 0 <= options.distil <= 1:
        parser.error(f"--distil {options.distil}: 0..1")
    torch.set_num_threads(options.threads)
    try:
        clips = ClipSet(options.data, "train", view=options.view, without=options.without)
        if not options.leaky:
            clips.refuse_leaks()
        if options.distil and np.isnan(clips.teacher).any():
            raise BadClips("clips without a teacher's answer: training.judge.answers makes them")
        options.out.parent.mkdir(parents=True, exist_ok=True)
        guide = train(
            clips,
            options.minutes,
            options.batch,
            options.seed,
            options.augment,
            options.steps,
            options.distil,
        )
        write_checkpoint(options.out, {"model": guide.state_dict(), "data": clips.hashes})
    except (BadClips, OSError) as error:
        raise SystemExit(f"guide.py: {error}") from None
    for split in "train", "dev":
        try:
            clips = ClipSet(options.data, split, view=options.view, without=options.without)
            samples = predict(guide, clips, 400)
        except BadClips:  # a set without dev
            continue
        print(f"{split}, {len(samples)} clips: AUC {metrics.auc(samples):.3f}")


if __name__ == "__main__":
    main()
