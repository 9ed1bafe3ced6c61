"""Scores and depth maps of a split's clips, in float32, by a network or a checkpoint."""

import copy
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import nn

from training.data.clipset import ClipSet, Draw, normalised, planes, pooled
from training.networks.ablations import from_single, load

DEPTH_LIMIT = 10  # as in src/networks.c


class Predictions(NamedTuple):
    """n clips in the order of the set. A score that is not finite is NaN, a non-response."""

    ids: list
    labels: list  # "live" or "attack"
    species: list  # "live", "print", ...
    scores: np.ndarray  # float64 [n], what the engine would say: raw with the calibration, if any
    raw: np.ndarray  # float64 [n]
    depth: np.ndarray  # float32 [n][P][d][d] fused maps
    single: np.ndarray  # float32 [n][T][d][d]
    records: list  # the clips' lines of clips.jsonl


def predict(checkpoint_or_network, folder, split, batch=16, limit=None, single=False, masked=False):
    """folder: a path or several; limit: only so many clips, evenly spread over the split, with the
    partners of a pair; single: score by the trunk's depth alone (a stage-one checkpoint always
    does); masked: the papers' score, whose depth is that of the set's face masks."""
    network = checkpoint_or_network
    if isinstance(network, (str, Path)):
        network, _ = load(network)
    return predict_set(network, ClipSet(folder, split), batch, limit, single, masked=masked)


def predict_set(network, clips, batch=16, limit=None, single=False, chosen=None, masked=False):
    """The same of a ClipSet, or of its clips [n] `chosen`. The network's mode is put back
    afterwards."""
    if masked and (single or "single" in getattr(network, "ablations", ())):
        raise ValueError("single frames have no masked score")
    config = network.config
    device = next(network.parameters()).device
    chosen = evenly(clips, limit) if chosen is None else chosen
    modes = [(module, module.training) for module in network.modules()]
    network.eval()
    parts = []
    with torch.no_grad():
        for start in range(0, len(chosen), batch):
            indices = chosen[start : start + batch]
            found = clips.load(Draw(indices, None)).to(device)
            images = normalised(planes(found.images), config)
            mask = face_masks(found, config) if masked else None
            clip = from_single(network, images) if single else network(images, mask)
            raw = torch.where(runaway(clip), torch.nan, clip.raw)
            scores = network.calibrated(raw)
            parts.append([x.float().cpu().numpy() for x in (scores, raw, clip.fused, clip.single)])
    for module, training in modes:
        module.training = training
    scores, raw, depth, singles = (np.concatenate(x) for x in zip(*parts))
    records = [clips.records[i] for i in chosen]
    return Predictions(
        [record["id"] for record in records],
        [record["label"] for record in records],
        [record["species"] for record in records],
        finite(scores),
        finite(raw),
        depth,
        singles,
        records,
    )


def face_masks(batch, config):
    """Of the frames whose depth enters the score: a batch's masks -> 0 or 1, [b][P][d][d], the same
    as in js/node/masks.js: a sum of bytes is half of its cell in whatever order it was added."""
    return (pooled(batch.mask[:, :-1], config.depth_size) >= 0.5 - 1e-6).float()


def runaway(clip):
    """[b] bool: the clip gets no score, for a depth of a frame that enters it is far out of 0..1"""
    frames = clip.single[:, : clip.fused.shape[1]]
    return ~(frames.abs() <= DEPTH_LIMIT).flatten(1).all(1)


def evenly(clips, limit):
    """Indices of at most `limit` clips of a set (None: all), spread over it, with their partners;
    two at least"""
    if limit is None or limit >= len(clips):
        return np.arange(len(clips))
    pairs = np.array([record["pair"] for record in clips.records])
    order = np.argsort(pairs, kind="stable")
    starts = np.linspace(0, len(order) / 2, max(1, limit // 2), endpoint=False).astype(int) * 2
    return np.sort(np.unique(order[np.concatenate([starts, starts + 1]) % len(order)]))


@torch.no_grad()
def measure_norms(module, batches, run=None):
    """Batch-norm statistics of a module's training part, by plain means over these batches of
    images. run: what is called with them; None: the module"""
    module.train()
    norms = [
        each for each in module.modules() if isinstance(each, nn.BatchNorm2d) and each.training
    ]
    momenta = [norm.momentum for norm in norms]
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None
    for images in batches:
        (run or module)(images)
    for norm, momentum in zip(norms, momenta):
        norm.momentum = momentum


def predict_by_camera(network, clips, batch=16, limit=None):
    """Normalisation at test time: each camera's clips are scored, by the trunk alone, with
    batch-norm statistics measured on them, without their labels. -> which clips [n], raw [n]"""
    every = evenly(clips, limit)
    cameras = np.array([clips.records[i]["families"]["camera"] for i in every])
    raw = np.empty(len(every))
    for camera in np.unique(cameras):
        own = copy.deepcopy(network)
        own_clips = every[cameras == camera]
        parts = np.array_split(own_clips, -(-len(own_clips) // batch))
        measure_norms(
            own,
            (
                normalised(planes(clips.load(Draw(part, None)).images), network.config).flatten(
                    0, 1
                )
                for part in parts
            ),
            own.trunk,
        )
        raw[cameras == camera] = predict_set(own, clips, batch, single=True, chosen=own_clips).raw
    return every, raw


def finite(values):
    values = values.astype(np.float64)
    return np.where(np.isfinite(values), values, np.nan)
