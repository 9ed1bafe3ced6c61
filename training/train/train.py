"""Trains a network on folders of made clips (clips/make.py), in the papers' two stages.

    python3 -m training.train CLIPS... --out RUN --network fas-sgtd --width 0.125 --minutes 20 10
    python3 -m training.train CLIPS... --out RUN ... --resume
    torchrun --nproc-per-node 8 training/train/train.py CLIPS... --out RUN ...

    stage one  trunk on single frames, losses.stage_one     -> RUN/one.pt
    stage two  temporal part on clips, losses.stage_two,
               the trunk frozen as at inference             -> RUN/two.pt, for finish.py

RUN/log.jsonl and RUN/tensorboard have the losses. A checkpoint's "model" holds averaged weights (an
exponential moving average, with batch-norm statistics of its own measured at the end): these are
what is evaluated and exported. "training" is there to resume, which needs no state of random
generators: all draws follow from (seed, stage, step, process).

The learning rate follows the used share of the budget: the larger one of steps and minutes.
"""

import argparse
import json
import os
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import asdict, fields, replace
from pathlib import Path

import numpy as np
import torch
import torch.distributed as dist
import torch.nn.functional as F
from torch import nn
from torch.nn.parallel import DistributedDataParallel
from torch.utils.tensorboard import SummaryWriter
from tqdm import tqdm

from training.data.augment import Strengths, augment
from training.data.clipset import BadClips, ClipSet, Draw, normalised, planes, pooled
from training.judge import metrics
from training.judge.predict import measure_norms, predict_set
from training.networks import losses
from training.networks.ablations import ABLATIONS, build, load
from training.networks.blocks import RsgbPaper
from training.networks.networks import LEVELS, RECIPES, Clip, Config, Frame
from training.train import steps
from training.train.guide import load_guide, opinion
from training.train.unfold import Unlike, start_from

STAGES = ("one", "two")
TRUNK = ("init", "block1", "block2", "block3", "fuse", "single")
REDUCE = tuple(f"reduce{level}" for level in LEVELS)
LEAK = 0.1  # slope that gradients of the single depth see below its ReLU
RUNAWAY = 20  # steps in a row without finite gradients
LOG_STEPS = 20
START_CLIPS = 24  # whose statistics a weight file's batch norms begin with
# What --resume may change; everything else must be as it was.
FREE = {"data", "out", "resume", "steps", "minutes", "threads", "compile", "save_minutes",
        "dev_clips", "stage", "leaky"}


class TrainingError(Exception):
    """Training cannot start or go on."""


# --- the two stages as modules ---

def keep_alive(layer, inputs, output):
    """Hook of the depth layer: same output, but a gradient below 0 too. Without it the first steps
    from a random network, whose depth is far too large, can push all of the map below 0, where it
    would stay."""
    if not torch.is_grad_enabled():
        return output
    below = nn.Conv2d.forward(layer, inputs[0])
    return output + LEAK * (below - below.detach())


class StageOne(nn.Module):
    """Images [b][1][3][s][s] -> single depth [b][d][d], means of the features that it is made of
    [b][c]"""

    def __init__(self, network):
        super().__init__()
        self.network = network
        network.requires_grad_(False)
        for name in TRUNK:
            getattr(network, name).requires_grad_(True)
        network.single.register_forward_pre_hook(self.remember)
        network.single.register_forward_hook(keep_alive)
        self.means = None

    def remember(self, layer, inputs):
        self.means = inputs[0].mean((2, 3))

    def train(self, mode=True):
        super().train(mode)
        for name in REDUCE:  # run by the trunk, but of the temporal part
            getattr(self.network, name).eval()
        return self

    def forward(self, images):
        images = images.flatten(0, 1).contiguous(memory_format=torch.channels_last)
        single = self.network.trunk(images).single[:, 0]
        return single, self.means


class StageTwo(nn.Module):
    """Images [b][frames][3][s][s] -> Clip, with gradients of the temporal part alone"""

    def __init__(self, network):
        super().__init__()
        self.network = network
        network.requires_grad_(True)
        for name in TRUNK:
            getattr(network, name).requires_grad_(False)

    def train(self, mode=True):
        super().train(mode)
        for name in TRUNK:
            getattr(self.network, name).eval()
        return self

    def forward(self, images):
        network, alpha = self.network, self.network.config.alpha
        b, frames = images.shape[:2]
        images = images.flatten(0, 1).contiguous(memory_format=torch.channels_last)
        with torch.no_grad():
            single, features, _ = network.trunk(images)
        compressed = tuple(getattr(network, name)(f) for name, f in zip(REDUCE, features))
        frame = Frame(single, features, compressed)
        index = torch.arange(b * frames, device=images.device).view(b, frames)
        motion = network.pair(frame[index[:, :-1].flatten()], frame[index[:, 1:].flatten()])
        multi = network.recurrent(motion.unflatten(0, (b, frames - 1)))
        single = single[:, 0].unflatten(0, (b, frames))
        fused = alpha * multi + (1 - alpha) * single[:, :-1]
        return Clip(single, multi, fused, *network.score(fused))


def cross_entropy(logit, live):
    """Mean cross entropy of [b] logits of live to probabilities of it; NaN: not known, left out"""
    known = ~live.isnan()
    target = live.nan_to_num(0.5)
    each = F.binary_cross_entropy_with_logits(logit.float(), target, reduction="none")
    return (each * known).sum() / known.sum().clamp(min=1)


# --- a run ---

def loss_config(options):
    profile = {"paper": "text", "reference": "released"}[options.profile]
    config = {"text": losses.TEXT, "released": losses.RELEASED}[options.losses or profile]
    if options.contrast is not None:
        config = replace(config, contrast_one=options.contrast, contrast_two=options.contrast)
    if options.softmax:
        config = replace(config, double_softmax=options.softmax == 2)
    return replace(config, beta=options.beta)


def network_config(options, info):
    preset = options.preset or (
        f"{options.network}-{options.size}-w{options.width:g}")
    return Config(options.network, options.profile, preset, options.size, options.width,
                  info["frames"], info["interval_ms"], info["crop_scale"],
                  input_norm=options.input_norm, alpha=options.alpha, beta=options.beta)


def strengths(options):
    own = {field.name: getattr(options, f"augment_{field.name}") for field in fields(Strengths)}
    own = {name: value for name, value in own.items() if value is not None}
    return replace(Strengths().times(options.augment), **own)


class Processes:
    """This process among those of torchrun; alone without it."""

    def __init__(self):
        self.rank = int(os.environ.get("RANK", 0))
        self.world = int(os.environ.get("WORLD_SIZE", 1))
        cuda = torch.cuda.is_available()
        self.device = torch.device("cuda", int(os.environ.get("LOCAL_RANK", 0))) if cuda \
            else torch.device("cpu")
        if cuda:
            torch.cuda.set_device(self.device)
            torch.set_float32_matmul_precision("high")  # TF32, as convolutions have anyway
        if self.world > 1:
            dist.init_process_group("nccl" if cuda else "gloo")

    def agree(self, value):
        """Process 0's float"""
        if self.world == 1:
            return value
        shared = torch.tensor(value, dtype=torch.float64, device=self.device)
        dist.broadcast(shared, 0)
        return shared.item()

    def wrapped(self, module):
        if self.world == 1:
            return module
        ids = [self.device.index] if self.device.type == "cuda" else None
        return DistributedDataParallel(module, device_ids=ids)


class Stage:
    """One stage of a run: everything that a step needs, and its checkpoint."""

    def __init__(self, name, options, clips, network, processes):
        self.name, self.options, self.clips, self.processes = name, options, clips, processes
        place = STAGES.index(name)
        self.mode = ("frames", "clips")[place]
        self.batch = options.batch[min(place, len(options.batch) - 1)]
        self.limits = [values[min(place, len(values) - 1)] if values else None
                       for values in (options.steps, options.minutes)]
        rates = options.lr
        self.rate = rates[min(place, len(rates) - 1)]
        self.device = processes.device
        self.network = network.to(self.device, memory_format=torch.channels_last)
        self.losses, self.strengths = loss_config(options), strengths(options)
        self.views = 2 if options.consistency and name == "one" else 1
        self.per_epoch = len(self.draws(0))

        self.stage = (StageOne, StageTwo)[place](self.network).train()
        # Stage one's logit of live, for training alone.
        asked = name == "one" and (options.distil or options.binary)
        self.opinion = nn.Linear(self.network.single.in_channels, 1).to(self.device) if asked \
            else None
        self.guide = load_guide(options.guide).to(self.device) if options.guide else None
        run = torch.compile(self.stage, dynamic=False) if options.compile else self.stage
        self.run = processes.wrapped(run)
        self.average = steps.Average(self.network, options.ema)
        weights = [p for p in self.network.parameters() if p.requires_grad]
        groups = [{"params": [p for p in weights if p.dim() > 1]},
                  {"params": [p for p in weights if p.dim() < 2], "weight_decay": 0.0}]
        if self.opinion:
            groups.append({"params": list(self.opinion.parameters()), "weight_decay": 0.0})
        self.weights = weights
        held = options.edge_limit and name == "one"  # they are the trunk's, then frozen
        self.squares = [module.norm.weight for module in self.network.modules()
                        if held and isinstance(module, RsgbPaper)]
        self.optimiser = torch.optim.AdamW(groups, lr=self.rate, weight_decay=options.decay)
        self.step, self.elapsed = 0, 0.0
        self.skipped = self.skipped_in_row = 0
        self.order = None, None

    # -- data

    def draws(self, epoch):
        return self.clips.epoch(self.batch, self.mode, self.options.seed, epoch,
                                self.options.species_weights, self.processes.rank,
                                self.processes.world)

    def draw(self, step):
        epoch, place = divmod(step, self.per_epoch)
        if self.order[0] != epoch:
            self.order = epoch, self.draws(epoch)
        return self.order[1][place]

    def prepared(self, batch, step, patch=0):
        """Batch -> images, depth label [b][T][...], augmented by draws of this step. patch: side of
        the random part of the pictures that is used, 0: all"""
        key = (self.options.seed, STAGES.index(self.name), step, self.processes.rank)
        draws = steps.generator(*key)
        images, depth, _ = augment(planes(batch.images), batch.depth, batch.mask, self.strengths,
                                   draws, self.views)
        config = self.network.config
        d = config.depth_size
        images, depth = normalised(images, config), pooled(depth, d)
        if not patch:
            return images, depth
        cell = config.input_size // d  # pixels
        cells = patch // cell
        y, x = torch.randint(d - cells + 1, (2,), generator=draws).tolist()
        return (images[..., y * cell:y * cell + patch, x * cell:x * cell + patch],
                depth[..., y:y + cells, x:x + cells])

    # -- one step

    def autocast(self):
        if self.options.precision == "f32":
            return nullcontext()
        return torch.autocast(self.device.type, torch.bfloat16)

    def soft_target(self, batch, images):
        """--distil's probability of live [b], NaN where nothing is known"""
        if self.guide:
            return opinion(self.guide, images)
        return batch.teacher.repeat(self.views)

    def objective(self, batch, images, depth):
        """(what is minimised, {name: value for the log}, predicted maps). Sums over a map are
        divided by its pixels for the optimiser, so that one learning rate and one gradient limit
        do for both reductions."""
        config, options = self.losses, self.options
        scale = 1 / depth.shape[-1] ** 2 if config.reduction == "sum" else 1.0
        with self.autocast():
            answer = self.run(images)
        if self.name == "one":
            depth = depth[:, 0]
            maps, means = answer
            parts = losses.stage_one(config, maps, depth)
            total = parts.total * scale
            if self.opinion:
                logit = self.opinion(means.float())[:, 0]
            if options.distil:
                soft = cross_entropy(logit, self.soft_target(batch, images))
                total = total + options.distil * soft
            if options.binary:
                binary = cross_entropy(logit, batch.live.float().repeat(self.views))
                total = total + options.binary * binary
            if self.views > 1:
                one, other = maps.float().chunk(2)
                agreement = (one - other).square().mean()
                total = total + options.consistency * agreement
        else:
            parts = losses.stage_two(config, answer.fused, depth, answer.logits, batch.live)
            maps, total = answer.fused, parts.total * scale
            if options.distil:
                logits = answer.logits.float()
                soft = cross_entropy(logits[:, 0] - logits[:, 1],
                                     self.soft_target(batch, images))
                total = total + options.distil * scale * soft
        seen = {name: value.detach() for name, value in parts._asdict().items()
                if value is not None}
        if options.distil:
            seen["distil"] = soft.detach()
        if options.binary and self.name == "one":
            seen["binary"] = binary.detach()
        if self.views > 1:
            seen["consistency"] = agreement.detach()
        return total, seen, maps.detach()

    def advance(self, batch, fraction):
        """One step -> {name: value}, predicted maps and labels"""
        rate = self.rate * steps.rate_share(self.step, self.options.warmup, fraction)
        for group in self.optimiser.param_groups:
            group["lr"] = rate
        early = self.name == "one" and fraction < self.options.patch_share
        images, depth = self.prepared(batch, self.step, self.options.patch if early else 0)
        total, seen, maps = self.objective(batch, images, depth)
        self.optimiser.zero_grad(set_to_none=True)
        total.backward()
        norm = nn.utils.clip_grad_norm_(self.weights, self.options.clip)
        if torch.isfinite(norm):
            self.optimiser.step()
            self.hold_squares()
            self.average.update(self.network, self.step)
            self.skipped_in_row = 0
            seen |= {"norm": norm, "rate": torch.tensor(rate)}
        else:
            self.average.restore_norms(self.network)
            self.skipped += 1
            self.skipped_in_row += 1
            seen = {}
            if self.skipped_in_row == RUNAWAY:
                raise TrainingError(
                    f"stage {self.name}, step {self.step}: {RUNAWAY} steps in a row without finite "
                    "gradients: the network has run away; lower --lr")
        self.step += 1
        return seen, maps, depth

    @torch.no_grad()
    def hold_squares(self):
        """Keeps the gammas of RSGB's squares within --edge-limit (blocks.EDGE_GAMMA says why)."""
        limit = self.options.edge_limit
        for gamma in self.squares:
            gamma.clamp_(-limit, limit)

    def fraction(self):
        """Used share of the budget"""
        steps, minutes = self.limits
        shares = [self.step / steps] if steps else []
        shares += [self.elapsed / 60 / minutes] if minutes else []
        return self.processes.agree(max(shares))

    # -- checkpoints

    @property
    def path(self):
        return Path(self.options.out, f"{self.name}.pt")

    def save(self, done=False):
        if self.processes.rank:
            return
        ablations = list(self.options.ablations) + (["single"] if self.name == "one" else [])
        training = {"done": done, "step": self.step, "elapsed": self.elapsed,
                    "skipped": self.skipped}
        if not done:
            training |= {"model": self.network.state_dict(),
                         "optimiser": self.optimiser.state_dict()}
        if self.opinion:
            training["opinion"] = self.opinion.state_dict()
        checkpoint = {"config": asdict(self.network.config), "ablations": ablations,
                      "model": self.average.state, "stage": self.name,
                      "options": recorded(self.options), "losses": asdict(self.losses),
                      "augmentation": asdict(self.strengths), "data": self.clips.hashes,
                      "processes": self.processes.world, "training": training}
        part = self.path.with_suffix(".part")
        torch.save(checkpoint, part)
        os.replace(part, self.path)

    def resume(self, checkpoint):
        old = checkpoint["options"]
        new = recorded(self.options)
        changed = [name for name in new if name not in FREE and new[name] != old.get(name)]
        if checkpoint["data"] != self.clips.hashes:
            changed.append("data (its hash)")
        if checkpoint["processes"] != self.processes.world:
            changed.append("the number of processes")
        if changed:
            raise TrainingError(f"{self.path}: resumed with other {', '.join(changed)}")
        training = checkpoint["training"]
        self.network.load_state_dict(training["model"])
        self.average.state = {name: value.to(self.device)
                              for name, value in checkpoint["model"].items()}
        self.optimiser.load_state_dict(training["optimiser"])
        if self.opinion:
            self.opinion.load_state_dict(training["opinion"])
        self.step, self.elapsed = training["step"], training["elapsed"]
        self.skipped = training["skipped"]

    # -- the whole stage

    def train(self, log):
        """Until the budget is used. Saves, also on the keyboard's interrupt."""
        start = time.monotonic() - self.elapsed
        saved = time.monotonic()
        fraction = self.fraction()
        bar = tqdm(total=1.0, initial=fraction, desc=f"stage {self.name}", mininterval=2,
                   disable=self.processes.rank > 0,
                   bar_format="{desc} {percentage:5.1f}%|{bar:20}| {elapsed}<{remaining}{postfix}")
        sums, counts, maps = {}, 0, None
        with ThreadPoolExecutor(1) as reader, bar:
            coming = reader.submit(self.clips.load, self.draw(self.step))
            try:
                while fraction < 1:
                    batch = coming.result().to(self.device)
                    coming = reader.submit(self.clips.load, self.draw(self.step + 1))
                    seen, maps, labels = self.advance(batch, fraction)
                    self.elapsed = time.monotonic() - start
                    used, fraction = fraction, self.fraction()
                    bar.update(min(1, fraction) - used)
                    for name, value in seen.items():
                        sums[name] = sums.get(name, 0) + value
                    counts += bool(seen)
                    if counts and (self.step % LOG_STEPS == 0 or fraction >= 1):
                        means = {name: float(value) / counts for name, value in sums.items()}
                        bar.set_postfix_str(" ".join(f"{name} {value:.3g}"
                                                     for name, value in means.items()))
                        log.losses(self, means)
                        sums, counts = {}, 0
                    if time.monotonic() - saved > 60 * self.options.save_minutes:
                        self.save()
                        log.maps(self, maps, labels)
                        saved = time.monotonic()
            except KeyboardInterrupt:
                self.save()
                raise
        if maps is not None:
            log.maps(self, maps, labels)
        self.finish()

    @torch.no_grad()
    def finish(self):
        """The averaged weights into the network, with statistics of their own; saved as done"""
        self.network.load_state_dict(self.average.state)
        count = min(self.options.norm_batches, self.per_epoch)
        measure_norms(self.stage, (self.prepared(self.clips.load(self.draw(step)).to(self.device),
                                                 step)[0] for step in range(count)))
        self.average.state = self.network.state_dict()
        self.save(done=True)


class Log:
    """RUN/log.jsonl and RUN/tensorboard, of process 0"""

    def __init__(self, out, rank):
        self.file = self.board = None
        if rank == 0:
            Path(out).mkdir(parents=True, exist_ok=True)
            self.file = open(Path(out, "log.jsonl"), "a", encoding="utf-8")
            self.board = SummaryWriter(Path(out, "tensorboard"))

    def write(self, entry):
        if self.file:
            self.file.write(json.dumps(entry) + "\n")
            self.file.flush()

    def losses(self, stage, means):
        self.write({"stage": stage.name, "step": stage.step,
                    "minutes": round(stage.elapsed / 60, 3), "skipped": stage.skipped, **means})
        if self.board:
            for name, value in means.items():
                self.board.add_scalar(f"{stage.name}/{name}", value, stage.step)

    def maps(self, stage, maps, labels):
        """First maps of up to eight clips, labels in the row below"""
        if self.board:
            predicted = maps.reshape(len(maps), -1, *maps.shape[-2:])[:8, 0].float().cpu()
            sheet = torch.cat([torch.cat(list(row), 1) for row in (predicted, labels[:8, 0].cpu())])
            self.board.add_image(f"{stage.name}/depth", sheet.clamp(0, 1)[None], stage.step)

    def close(self):
        if self.file:
            self.file.close()
            self.board.close()


def recorded(options):
    """The run's options as plain values, for the checkpoint"""
    def plain(value):
        if isinstance(value, list):
            return [plain(one) for one in value]
        return str(value) if isinstance(value, Path) else value
    return {name: plain(value) for name, value in vars(options).items()}


def dev_auc(stage, options, log):
    """AUC of up to --dev-clips clips of the dev split, if there are any, into the log"""
    try:
        dev = ClipSet(options.data, "dev", view=options.view)
    except BadClips:
        return
    answer = predict_set(stage.network, dev, limit=options.dev_clips, single=stage.name == "one")
    samples = metrics.Samples(answer.ids, answer.species, answer.raw)
    entry = {"stage": stage.name, "step": stage.step, "dev_clips": len(samples),
             "dev_auc": metrics.auc(samples)}
    log.write(entry)
    print(json.dumps(entry))


def train(options):
    torch.set_num_threads(options.threads)
    processes = Processes()
    clips = ClipSet(options.data, "train", options.verify, options.drop_unreal, options.view)
    if not options.leaky:
        clips.refuse_leaks()
    log = Log(options.out, processes.rank)
    try:
        torch.manual_seed(options.seed)
        network = build(network_config(options, clips.info), options.ablations)
        with torch.no_grad():  # a first depth near 0.1, not at many times a label's range
            network.single.weight.mul_(0.1)
            network.single.bias.fill_(0.1)
        if options.start:
            draw = Draw(np.arange(min(START_CLIPS, len(clips))), None)
            start_from(network, options.start, normalised(planes(clips.load(draw).images),
                                                          network.config))
        if processes.device.type == "cuda":
            clips.hold(processes.device)
        names = STAGES if options.stage == "both" else (options.stage,)
        if names == ("two",):
            source = options.trunk or Path(options.out, "one.pt")
            take_trunk(network, source)
        for name in names:
            stage = Stage(name, options, clips, network, processes)
            if options.resume and stage.path.exists():
                checkpoint = torch.load(stage.path, map_location="cpu", weights_only=True)
                if checkpoint["training"]["done"]:
                    take_trunk(network, stage.path)
                    continue
                stage.resume(checkpoint)
            elif stage.path.exists():
                raise TrainingError(f"{stage.path} exists: --resume, or another --out")
            stage.train(log)
            if options.dev_clips and processes.rank == 0:
                dev_auc(stage, options, log)
    finally:
        log.close()
        if processes.world > 1:
            dist.destroy_process_group()


def take_trunk(network, path):
    """Fills the trunk from a checkpoint of a network with the same one."""
    other, _ = load(path)
    for name in TRUNK:
        try:
            getattr(network, name).load_state_dict(getattr(other, name).state_dict())
        except RuntimeError as error:
            raise TrainingError(f"{path}: another trunk: {error}") from None


def weight(text):
    species, _, value = text.partition("=")
    return species, float(value)


def arguments(argv=None):
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    default = Config()
    add("data", nargs="+", type=Path, help="folders of clips")
    add("--out", type=Path, required=True, help="folder of the run")
    add("--view", help="of a folder with several (clips/context.py)")
    add("--resume", action="store_true")
    add("--verify", action="store_true", help="check the data's hash first")
    add("--leaky", action="store_true", help="also clips that failed their leak gate")
    add("--drop-unreal", type=float, default=0.0, metavar="SHARE",
        help="leaves out the pairs farthest from real pictures (realism.py)")
    add("--stage", choices=(*STAGES, "both"), default="both")
    add("--single", dest="stage", action="store_const", const="one",
        help="ablation: single frames only, the same as --stage one")
    add("--start", type=Path, metavar="FILE",
        help="weight file or checkpoint whose training goes on")
    add("--trunk", type=Path, help="for --stage two: a stage-one checkpoint other than RUN/one.pt")

    group = parser.add_argument_group("network").add_argument
    group("--network", choices=sorted({name for name, _ in RECIPES}), default=default.network)
    group("--profile", choices=("paper", "reference"), default=default.profile)
    group("--size", type=int, default=128)
    group("--width", type=float, default=0.125)
    group("--preset", help="default: NETWORK-SIZE-wWIDTH")
    group("--input-norm", choices=("fixed", "local"), default=default.input_norm)
    group("--alpha", type=float, default=default.alpha)
    group("--beta", type=float, default=default.beta, help="of the score and of the loss")
    for name in ABLATIONS[:-1]:
        group(f"--{name}", dest="ablations", action="append_const", const=name)

    group = parser.add_argument_group("losses").add_argument
    group("--losses", choices=("text", "released"), help="default: as the profile")
    group("--softmax", type=int, choices=(1, 2), help="how often the binary loss takes it; "
          "default: as the losses")
    group("--contrast", type=float, help="weight of the contrastive depth loss, both stages")
    group("--distil", type=float, default=0.0, metavar="W",
          help="weight of the teacher's soft target: stage one beside the mean of squares, stage "
          "two beside the binary loss")
    group("--guide", type=Path, metavar="FILE", help="a guide.py network, trained on pictures of "
          "--size, whose opinion of the very pictures takes the teacher's place in --distil")
    group("--binary", type=float, default=0.0, metavar="W",
          help="weight of a binary loss in stage one, of a linear layer on the means of the "
          "features that the depth is made of, which is then dropped; the papers have none there")
    group("--consistency", type=float, default=0.0, metavar="W",
          help="stage one sees two versions of each picture, which differ in tone, blur and noise: "
          "weight of the mean square of the difference of their maps")

    group = parser.add_argument_group("optimisation; two values: stage one, stage two").add_argument
    group("--steps", type=int, nargs="+", help="budget")
    group("--minutes", type=float, nargs="+", help="budget, with pauses left out")
    group("--batch", type=int, nargs="+", default=[16, 8], help="frames, clips; of each process")
    group("--lr", type=float, nargs="+", default=[2e-3, 2e-3])
    group("--warmup", type=int, default=50, help="steps")
    group("--decay", type=float, default=1e-4, help="AdamW's, of weights")
    group("--clip", type=float, default=1.0, help="limit of the gradient's norm")
    group("--edge-limit", type=float, metavar="GAMMA", help="bound of the gammas of RSGB's "
          "squares, which begin at 0.01; default: none")
    group("--ema", type=float, default=0.999)
    group("--norm-batches", type=int, default=64, help="for the averaged weights' statistics")
    group("--species-weights", type=weight, nargs="+", metavar="SPECIES=W",
          help="how often the units of an attack species are drawn, others 1")
    group("--patch", type=int, default=0, help="stage one begins with square parts of this many "
          "pixels, a multiple of 8: cheaper steps, the same detail; 0: never")
    group("--patch-share", type=float, default=0.6, help="of stage one's budget, with --patch")
    group("--seed", type=int, default=1)

    group = parser.add_argument_group("machine").add_argument
    group("--threads", type=int, default=1)
    group("--precision", choices=("bf16", "f32"), help="default: bf16 where the processor has it; "
          "where it has not, f32 was 13 times as fast")
    group("--compile", action="store_true")
    group("--save-minutes", type=float, default=3.0)
    group("--dev-clips", type=int, default=200, help="for the AUC at a stage's end; 0: none")

    group = parser.add_argument_group("augmentation (augment.py)").add_argument
    group("--augment", type=float, default=1.0, help="factor of all default strengths; 0: none")
    for field in fields(Strengths):
        group(f"--augment-{field.name}", type=float, help=f"default {field.default:g} x --augment")

    options = parser.parse_args(argv)
    options.ablations = options.ablations or []
    options.precision = options.precision or ("bf16" if has_bf16() else "f32")
    options.species_weights = dict(options.species_weights) if options.species_weights else None
    if not options.steps and not options.minutes:
        parser.error("give a budget: --steps or --minutes")
    if options.guide and not options.distil:
        parser.error("--guide gives a soft target: --distil says its weight")
    if options.patch % 8 or not 0 <= options.patch <= options.size:
        parser.error(f"--patch {options.patch}: a multiple of 8 up to --size {options.size}")
    return options


def has_bf16():
    return torch.cuda.is_available() or torch.cpu._is_avx512_bf16_supported()


def main():
    try:
        train(arguments())
    except (BadClips, TrainingError, Unlike, ValueError, OSError) as error:
        raise SystemExit(f"train.py: {error}") from None


if __name__ == "__main__":
    main()
