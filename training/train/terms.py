"""A step minimises this: a sum of terms, each with a weight and a name for the log.

    stage one  the papers' depth losses; a soft target; live or not; agreement of two versions
    stage two  the papers' whole loss; a soft target

A recipe's [losses] says which (terms_of)."""

from typing import NamedTuple

import torch
import torch.nn.functional as F

from training.networks import losses


class Shown(NamedTuple):
    """A step's batch, and what the network said of it; v versions of each clip, one version of all
    after the other."""

    images: torch.Tensor  # [v * b][T][3][s][s]
    depth: torch.Tensor  # [v * b][T][d][d] labels
    live: torch.Tensor  # float32 [v * b] probability of live that is aimed at, a label's 0 or 1
    answers: torch.Tensor  # float32 [v * b] soft.answers(); NaN: unknown
    maps: torch.Tensor  # stage one [v * b][d][d] single depth, stage two [b][P][d][d] fused
    logits: torch.Tensor | None  # [b][2] of the whole network; stage two
    live_logit: torch.Tensor | None  # [v * b] of live; stage one: see StageOne


def cross_entropy(logit, live):
    """Mean cross entropy of [b] logits of live to probabilities of it; NaN: not known, left out"""
    known = ~live.isnan()
    target = live.nan_to_num(0.5)
    each = F.binary_cross_entropy_with_logits(logit.float(), target, reduction="none")
    return (each * known).sum() / known.sum().clamp(min=1)


class Papers:
    """The papers' loss of a stage. Sums over a map are divided by its pixels for the optimiser, so
    that one learning rate and one gradient limit do for both reductions."""

    def __init__(self, config):
        self.config = config

    def __call__(self, shown):
        if shown.logits is None:
            parts = losses.stage_one(self.config, shown.maps, shown.depth[:, 0])
        else:
            parts = losses.stage_two(self.config, shown.maps, shown.depth, shown.logits, shown.live)
        seen = {
            name: value.detach() for name, value in parts._asdict().items() if value is not None
        }
        return parts.total * map_scale(self.config, shown.depth), seen


def map_scale(config, depth):
    return 1 / depth.shape[-1] ** 2 if config.reduction == "sum" else 1.0


class Weighted:
    """weight * scale * value, logged by its name as the value alone"""

    def __init__(self, weight):
        self.weight = weight

    def scale(self, shown):
        return 1.0

    def __call__(self, shown):
        value = self.value(shown)
        return self.weight * self.scale(shown) * value, {self.name: value.detach()}


class Distil(Weighted):
    """Cross entropy to the answers of other networks"""

    name = "distil"

    def __init__(self, weight, config):
        super().__init__(weight)
        self.config = config

    def scale(self, shown):
        """In stage two that of the papers' loss, whose binary part it stands beside"""
        return 1.0 if shown.logits is None else map_scale(self.config, shown.depth)

    def value(self, shown):
        return cross_entropy(shown.live_logit, shown.answers)


class Binary(Weighted):
    """Cross entropy to what is aimed at, live or not"""

    name = "binary"

    def value(self, shown):
        return cross_entropy(shown.live_logit, shown.live)


class Consistency(Weighted):
    """Mean square of the difference of the maps of two versions of a picture"""

    name = "consistency"

    def value(self, shown):
        one, other = shown.maps.float().chunk(2)
        return (one - other).square().mean()


def terms_of(recipe, stage):
    """The terms of a stage, "one" or "two" """
    own, config = recipe.losses, recipe.loss_config()
    terms = [Papers(config)]
    if own.distil:
        terms.append(Distil(own.distil, config))
    if stage == "one":
        terms += [Binary(own.binary)] if own.binary else []
        terms += [Consistency(own.consistency)] if own.consistency else []
    return terms


def total(terms, shown):
    """(what is minimised, {name: value for the log})"""
    parts = [term(shown) for term in terms]
    return sum(loss for loss, _ in parts), {
        name: value for _, seen in parts for name, value in seen.items()
    }
