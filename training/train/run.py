"""A whole run: its processes, its log, its stages one after the other."""

import json
import os
from pathlib import Path

import numpy as np
import torch
import torch.distributed as dist
from torch.nn.parallel import DistributedDataParallel
from torch.utils.tensorboard import SummaryWriter

from training.data.clipset import BadClips, ClipSet, Draw, normalised, planes
from training.judge import metrics
from training.judge.predict import predict_set
from training.networks.ablations import build, load, refusing
from training.train.checkpoint import path_of, refuse_changes, resume
from training.train.loop import Stage
from training.train.recipe import STAGES, TrainingError
from training.train.stages import TRUNK
from training.train.unfold import start_from

START_CLIPS = 24  # whose statistics a weight file's batch norms begin with


class Processes:
    """This process among those of torchrun; alone without it. See leave_processes()."""

    def __init__(self):
        self.rank = int(os.environ.get("RANK", 0))
        self.world = int(os.environ.get("WORLD_SIZE", 1))
        cuda = torch.cuda.is_available()
        self.device = (
            torch.device("cuda", int(os.environ.get("LOCAL_RANK", 0)))
            if cuda
            else torch.device("cpu")
        )
        if cuda:
            torch.cuda.set_device(self.device)
            torch.set_float32_matmul_precision("high")  # TF32, as convolutions have anyway
        # Once a command: a later group finds the addresses of the one before in torchrun's store,
        # and waits for what is gone.
        if self.world > 1 and not dist.is_initialized():
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
        self.write(
            {
                "stage": stage.name,
                "step": stage.step,
                "minutes": round(stage.elapsed / 60, 3),
                "skipped": stage.skipped,
                **means,
            }
        )
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


def dev_auc(stage, options, log):
    """AUC of up to --dev-clips clips of the dev split, if there are any, into the log"""
    try:
        dev = ClipSet(options.data, "dev", view=options.view)
    except BadClips:
        return
    answer = predict_set(stage.network, dev, limit=options.dev_clips, single=stage.name == "one")
    samples = metrics.Samples(answer.ids, answer.species, answer.raw)
    entry = {
        "stage": stage.name,
        "step": stage.step,
        "dev_clips": len(samples),
        "dev_auc": metrics.auc(samples),
    }
    log.write(entry)
    print(json.dumps(entry))


def train(recipe, options):
    """recipe: recipe.Recipe; options: of the run, see __main__.py. Leaves one.pt and two.pt, or
    that of the one stage asked for."""
    torch.set_num_threads(options.threads)
    processes = Processes()
    names = STAGES if options.stage == "both" else (options.stage,)
    for name in names:  # before an hour of the first one
        getattr(recipe, name).batch_of_each(processes.world)
    clips = ClipSet(options.data, "train", options.verify, recipe.draws.drop_unreal, options.view)
    if not options.leaky:
        clips.refuse_leaks()
    log = Log(options.out, processes.rank)
    try:
        torch.manual_seed(options.seed)
        network = build(recipe.network.config(clips.info), recipe.network.without)
        with torch.no_grad():  # a first depth near 0.1, not at many times a label's range
            network.single.weight.mul_(0.1)
            network.single.bias.fill_(0.1)
        if options.start:
            draw = Draw(np.arange(min(START_CLIPS, len(clips))), None)
            start_from(
                network, options.start, normalised(planes(clips.load(draw).images), network.config)
            )
        if processes.device.type == "cuda":
            clips.hold(processes.device)
        one = Path(options.out, "one.pt")
        if names == ("two",) and (options.trunk or one.exists() or not options.start):
            take_stage_one(network, options.trunk or one)
        for name in names:
            stage = Stage(name, recipe, options, clips, network, processes)
            path = path_of(stage)
            if options.resume and path.exists():
                with refusing(f"{path}: no checkpoint of training.train"):
                    checkpoint = torch.load(path, map_location="cpu", weights_only=True)
                    done = checkpoint["training"]["done"]
                refuse_changes(stage, checkpoint)
                if done:
                    take_stage_one(network, path)
                    continue
                resume(stage, checkpoint)
            elif path.exists():
                raise TrainingError(f"{path} exists: --resume, or another --out")
            stage.train(log)
            if options.dev_clips and processes.rank == 0:
                dev_auc(stage, options, log)
    finally:
        log.close()


def leave_processes():
    """At the end of a command that trains, whatever happened"""
    if dist.is_available() and dist.is_initialized():
        dist.destroy_process_group()


def take_stage_one(network, path):
    """Fills what stage one trains from a checkpoint of a network with the same parts: the trunk,
    and the head if both have it on features."""
    other, _ = load(path)
    on_features = network.config.head == other.config.head == "features"
    for name in (*TRUNK, *(["head"] if on_features else [])):
        try:
            getattr(network, name).load_state_dict(getattr(other, name).state_dict())
        except RuntimeError as error:
            raise TrainingError(f"{path}: another trunk: {error}") from None
