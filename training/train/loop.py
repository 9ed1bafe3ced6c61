"""One stage of a run: draws, steps, its whole course."""

import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext

import numpy as np
import torch
from torch import nn
from tqdm import tqdm

from training.data.clipset import normalised, planes, pooled
from training.judge.predict import measure_norms
from training.networks.blocks import RsgbPaper
from training.train import checkpoint, soft, steps, terms
from training.train.recipe import STAGES, TrainingError
from training.train.stages import StageOne, StageTwo

RUNAWAY = 20  # steps in a row without finite gradients
LOG_STEPS = 20


class Stage:
    """One stage, "one" or "two", of a run: everything that a step needs.

    recipe: recipe.Recipe; options: what belongs to the run (__main__.py); network: of whatever
    device; processes: run.Processes"""

    def __init__(self, name, recipe, options, clips, network, processes):
        self.name, self.recipe, self.options = name, recipe, options
        self.clips, self.processes = clips, processes
        self.table = getattr(recipe, name)
        self.mode = {"one": "frames", "two": "clips"}[name]
        self.batch = self.table.batch_of_each(processes.world)
        self.device = processes.device
        self.network = network.to(self.device, memory_format=torch.channels_last)
        self.per_epoch = len(self.draws(0))
        self.most_steps, self.most_minutes = self.budget()

        self.guide = (
            soft.load(options.guide, network.config).to(self.device) if options.guide else None
        )
        if recipe.losses.stored and np.isnan(clips.teacher).any():
            raise TrainingError(
                "[losses] stored: clips without answers: judge/answers.py makes them"
            )
        self.live_map = clips.live_map().to(self.device) if recipe.losses.soft else None
        self.terms = terms.terms_of(recipe, name)
        self.versions = 2 if any(isinstance(each, terms.Consistency) for each in self.terms) else 1
        asked = any(isinstance(each, (terms.Distil, terms.Binary)) for each in self.terms)
        stage = StageOne(self.network, asked) if name == "one" else StageTwo(self.network)
        self.stage = stage.to(self.device).train()
        self.opinion = self.stage.opinion if name == "one" else None
        run = torch.compile(self.stage, dynamic=False) if options.compile else self.stage
        self.run = processes.wrapped(run)
        self.average = steps.Average(self.network, self.table.ema)
        named = [(name, p) for name, p in self.network.named_parameters() if p.requires_grad]
        self.weights = [p for _, p in named]
        self.optimiser = steps.OPTIMISERS[self.table.optimiser](
            self.groups(named), lr=self.table.rate
        )
        held = recipe.network.edge_limit and name == "one"  # they are the trunk's, then frozen
        self.squares = [
            module.norm.weight
            for module in self.network.modules()
            if held and isinstance(module, RsgbPaper)
        ]
        self.step, self.elapsed = 0, 0.0
        self.skipped = self.skipped_in_row = 0
        self.order = None, None

    def budget(self):
        """(steps, minutes), None: no such limit; the recipe's epochs where the run says nothing"""
        place = STAGES.index(self.name)
        asked = [
            values[min(place, len(values) - 1)] if values else None
            for values in (self.options.steps, self.options.minutes)
        ]
        return asked if any(asked) else (max(1, round(self.table.epochs * self.per_epoch)), None)

    def groups(self, named):
        """The optimiser's: those with decay, those without. None on biases and norms; the released
        code has none on its GRU."""

        def decays(name, p):
            return p.dim() > 1 and not (self.network.reference and name.startswith("gru"))

        free = [p for name, p in named if not decays(name, p)]
        free += self.opinion.parameters() if self.opinion else []
        return [
            {
                "params": [p for name, p in named if decays(name, p)],
                "weight_decay": self.table.decay,
            },
            {"params": free, "weight_decay": 0.0},
        ]

    # -- data

    def draws(self, epoch):
        return self.clips.epoch(
            self.batch,
            self.mode,
            self.options.seed,
            epoch,
            self.recipe.draws.species_weights or None,
            self.processes.rank,
            self.processes.world,
        )

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
        depth = batch.depth
        if self.live_map is not None:  # shown() multiplies it by what is aimed at
            depth = torch.where(batch.live[:, None, None, None], depth, self.live_map)
        images, depth, _ = self.recipe.changed(
            planes(batch.images), depth, batch.mask, draws, self.versions
        )
        config = self.network.config
        d = config.depth_size
        images, depth = normalised(images, config), pooled(depth, d)
        if not patch:
            return images, depth
        cell = config.input_size // d  # pixels
        cells = patch // cell
        y, x = torch.randint(d - cells + 1, (2,), generator=draws).tolist()
        return (
            images[..., y * cell : y * cell + patch, x * cell : x * cell + patch],
            depth[..., y : y + cells, x : x + cells],
        )

    # -- one step

    def autocast(self):
        if self.options.precision == "f32":
            return nullcontext()
        return torch.autocast(self.device.type, torch.bfloat16)

    def shown(self, batch, images, depth):
        """terms.Shown of a step"""
        own = self.recipe.losses
        answers = soft.answers(self.guide, images, batch.teacher, own.stored)
        live = soft.targets(batch.live, answers, own.soft)
        if own.soft:
            depth = depth * live[:, None, None, None]
        with self.autocast():
            answer = self.run(images)
        if self.name == "one":
            maps, logit = answer
            return terms.Shown(images, depth, live, answers, maps, None, logit)
        logits = answer.logits.float()
        return terms.Shown(
            images,
            depth,
            live,
            answers,
            answer.fused,
            answer.logits,
            logits[:, 0] - logits[:, 1],
        )

    def advance(self, batch, fraction):
        """One step -> {name: value}, predicted maps and labels"""
        rate = self.table.rate * steps.rate_share(
            self.step, self.table.warmup, fraction, self.table.schedule
        )
        for group in self.optimiser.param_groups:
            group["lr"] = rate
        early = self.name == "one" and fraction < self.recipe.draws.patch_share
        images, depth = self.prepared(batch, self.step, self.recipe.draws.patch if early else 0)
        shown = self.shown(batch, images, depth)
        loss, seen = terms.total(self.terms, shown)
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()
        norm = nn.utils.clip_grad_norm_(self.weights, self.table.clip or float("inf"))
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
                    f"gradients: the network has run away; lower [{self.name}] rate"
                )
        self.step += 1
        return seen, shown.maps.detach(), shown.depth

    @torch.no_grad()
    def hold_squares(self):
        """Keeps the gammas of RSGB's squares within edge_limit (blocks.EDGE_GAMMA says why)."""
        limit = self.recipe.network.edge_limit
        for gamma in self.squares:
            gamma.clamp_(-limit, limit)

    def fraction(self):
        """Used share of the budget"""
        shares = [self.step / self.most_steps] if self.most_steps else []
        shares += [self.elapsed / 60 / self.most_minutes] if self.most_minutes else []
        return self.processes.agree(max(shares))

    # -- the whole stage

    def train(self, log):
        """Until the budget is used. Saves, also on the keyboard's interrupt."""
        start = time.monotonic() - self.elapsed
        saved = time.monotonic()
        fraction = self.fraction()
        bar = tqdm(
            total=1.0,
            initial=fraction,
            desc=f"stage {self.name}",
            mininterval=2,
            disable=self.processes.rank > 0,
            bar_format="{desc} {percentage:5.1f}%|{bar:20}| {elapsed}<{remaining}{postfix}",
        )
        means, maps = Means(), None
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
                    means.add(seen)
                    if means.count and (self.step % LOG_STEPS == 0 or fraction >= 1):
                        values = means.taken()
                        bar.set_postfix_str(
                            " ".join(f"{name} {value:.3g}" for name, value in values.items())
                        )
                        log.losses(self, values)
                    if time.monotonic() - saved > 60 * self.options.save_minutes:
                        checkpoint.save(self)
                        log.maps(self, maps, labels)
                        saved = time.monotonic()
            except KeyboardInterrupt:
                checkpoint.save(self)
                raise
        if maps is not None:
            log.maps(self, maps, labels)
        self.finish()

    @torch.no_grad()
    def finish(self):
        """The averaged weights into the network, with statistics of their own; saved as done"""
        self.network.load_state_dict(self.average.state)
        count = min(self.table.norm_batches, self.per_epoch)
        if count:
            measure_norms(
                self.stage,
                (
                    self.prepared(self.clips.load(self.draw(step)).to(self.device), step)[0]
                    for step in range(count)
                ),
            )
        self.average.state = self.network.state_dict()
        checkpoint.save(self, done=True)


class Means:
    """Of what is logged, over the steps since it was taken; steps without a value do not count."""

    def __init__(self):
        self.sums, self.count = {}, 0

    def add(self, seen):
        for name, value in seen.items():
            self.sums[name] = self.sums.get(name, 0) + value
        self.count += bool(seen)

    def taken(self):
        means = {name: float(value) / self.count for name, value in self.sums.items()}
        self.sums, self.count = {}, 0
        return means
