"""Makes a trained checkpoint ready for export.py: calibration, thresholds, provenance.

    python3 -m training.ship.finish RUN/two.pt CLIPS... --preset NAME --out NAME.pt
    python3 -m training.ship.export NAME.pt NAME.safetensors --dtype f16

All on the dev split of the folders:
    calibration      Platt's: score = sigmoid(scale * raw + bias), classes weighing the same
    thresholds       of the score at the EER, at APCER 1 % and 5 % (worst species)
    live_threshold   the higher of those at the EER and at APCER 5 %: live from it on
    spoof_threshold  the lower of the two, moved half way down to the next attack: a score below it
                     is an attack, one between the two thresholds undecided
A calibration changes no ranking, and so no error rate at these thresholds. --live-threshold apcer1
takes the one at APCER 1 % in the place of that at 5 %, for both. --without SPECIES leaves attacks
out of the choice of thresholds: a species too rare in dev, or one that a network cannot tell from
live ones, where the thresholds would refuse nearly everybody. Their error rates are reported.
"""

import argparse
import json
from dataclasses import asdict, replace
from math import isnan
from pathlib import Path

import numpy as np
import torch

from training.data.clipset import BadClips, ClipSet
from training.judge import metrics
from training.judge.predict import predict_set
from training.networks.ablations import load_whole, write_checkpoint

LIMITS = {"apcer5": 0.05, "apcer1": 0.01}
STEPS = 100  # of Newton's method, far more than it takes


class Unfit(Exception):
    """A checkpoint or dev split that gives no usable verdicts."""


def platt(raw, live):
    """(scale >= 0, bias) that minimise the cross entropy of sigmoid(scale * raw + bias) to Platt's
    targets, (n + 1) / (n + 2) of n live samples and 1 / (n + 2) of n attacks, both classes with
    the same weight. raw [n] finite, live [n] bool."""
    counts = live.sum(), (~live).sum()
    if not all(counts):
        raise Unfit("a calibration needs live samples and attacks with scores")
    spread = raw.std()
    if spread == 0:
        raise Unfit("all raw scores are equal")
    target = np.where(live, (counts[0] + 1) / (counts[0] + 2), 1 / (counts[1] + 2))
    weight = np.where(live, 1 / counts[0], 1 / counts[1]) / 2
    inputs = np.stack([(raw - raw.mean()) / spread, np.ones_like(raw)], 1)
    line = np.zeros(2)

    def cost(line):
        z = inputs @ line
        return (weight * (np.logaddexp(0, z) - target * z)).sum()

    for _ in range(STEPS):
        p = 1 / (1 + np.exp(-np.clip(inputs @ line, -500, 500)))
        gradient = inputs.T @ (weight * (p - target))
        curvature = (inputs * (weight * p * (1 - p))[:, None]).T @ inputs
        move = np.linalg.solve(curvature + 1e-12 * np.eye(2), gradient)
        length = 1.0
        while length > 1e-9 and cost(line - length * move) > cost(line):
            length /= 2
        line = line - length * move
        if np.abs(length * move).max() < 1e-10:
            break
    scale = float(line[0] / spread)
    if scale <= 0:
        raise Unfit("on dev, live samples do not score higher than attacks")
    return scale, float(line[1] - scale * raw.mean())


def thresholds(dev, choice="apcer5"):
    """metrics.Samples of calibrated scores -> {"eer", "apcer1", "apcer5", "live", "spoof"}"""
    points = {"eer": metrics.eer(dev).threshold}
    for name, limit in LIMITS.items():
        points[name] = metrics.bpcer_at_apcer(dev, limit).threshold
    if isnan(points[choice]):
        raise Unfit("an attack species of dev has no score")
    points["live"] = min(1.0, max(points["eer"], points[choice]))
    spoof = min(points["eer"], points[choice])
    below = dev.responses()[dev.responses() < spoof]
    points["spoof"] = (spoof + below[-1].item()) / 2 if len(below) else spoof
    return points


def leaving_out(dev, species):
    """metrics.Samples without those of some species"""
    keep = ~np.isin(dev.species, list(species))
    return metrics.Samples(dev.videos[keep], dev.species[keep], dev.scores[keep])


def summary(dev, points):
    """Figures for the provenance: rates on dev at the chosen thresholds, by counts"""

    def at(threshold):
        apcer = metrics.apcers(dev, threshold, metrics.ENGINE)
        return {
            "bpcer": list(metrics.bpcer(dev, threshold, metrics.ENGINE)),
            "apcer": {species: list(rate) for species, rate in apcer.items()},
        }

    return {
        "samples": len(dev),
        "no_response": int(np.isnan(dev.scores).sum()),
        "auc": metrics.auc(dev),
        "eer": metrics.eer(dev).value,
        "thresholds": points,
        "at": {name: at(points[name]) for name in points},
    }


def finish(checkpoint_path, data, preset=None, choice="apcer5", batch=16, without=(), view=None):
    """-> checkpoint for export.py, dict of dev figures"""
    network, checkpoint = load_whole(checkpoint_path)
    if "training" not in checkpoint:
        raise Unfit(f"{checkpoint_path}: it is finished already")
    network.config = replace(network.config, calibration_scale=None, calibration_bias=None)
    clips = ClipSet(data, "dev", view=view)
    answer = predict_set(network, clips, batch)
    known = ~np.isnan(answer.raw)
    live = np.array([label == "live" for label in answer.labels])
    scale, bias = platt(answer.raw[known], live[known])
    scores = 1 / (1 + np.exp(-(scale * answer.raw + bias)))
    dev = metrics.Samples(answer.ids, answer.species, scores)
    unknown = set(without) - set(dev.attack_species())
    if unknown:
        raise Unfit(f"dev has no attack of the species {', '.join(sorted(unknown))}")
    points = thresholds(leaving_out(dev, without), choice)
    figures = summary(dev, points) | {"thresholds_without": sorted(without)}
    training = checkpoint["training"]
    provenance = {
        "made_by": "training.train, training.ship.finish",
        "options": checkpoint["options"],
        "recipe": checkpoint.get("recipe"),  # None: of before there were recipes, or imported
        "source": checkpoint.get("source"),  # of released_import.py
        "losses": checkpoint["losses"],
        "augmentation": checkpoint["augmentation"],
        "processes": checkpoint["processes"],
        "steps": training["step"],
        "minutes": round(training["elapsed"] / 60, 2),
        "train_data": checkpoint["data"],
        "dev_data": clips.hashes,
        "dev": figures,
    }
    for name in ("data", "out", "trunk"):  # places on one machine
        provenance["options"].pop(name, None)
    for name in ("start", "guide"):
        if provenance["options"].get(name):
            provenance["options"][name] = Path(provenance["options"][name]).name
    config = replace(
        network.config,
        preset=preset or network.config.preset,
        trained="yes",
        calibration_scale=scale,
        calibration_bias=bias,
        live_threshold=points["live"],
        spoof_threshold=points["spoof"],
        provenance=json.dumps(provenance, sort_keys=True),
    )
    return {"config": asdict(config), "model": network.state_dict()}, figures


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("data", nargs="+", type=Path, help="folders of clips")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--view", help="of folders with several (clips/context.py)")
    parser.add_argument("--preset", help="default: the checkpoint's")
    parser.add_argument("--live-threshold", choices=LIMITS, default="apcer5")
    parser.add_argument(
        "--without",
        nargs="+",
        default=[],
        metavar="SPECIES",
        help="attack species that set no threshold",
    )
    parser.add_argument("--threads", type=int, default=1)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    try:
        args.out.parent.mkdir(parents=True, exist_ok=True)
        checkpoint, figures = finish(
            args.checkpoint,
            args.data,
            args.preset,
            args.live_threshold,
            without=args.without,
            view=args.view,
        )
        write_checkpoint(args.out, checkpoint)
    except (Unfit, BadClips, ValueError, OSError) as error:
        raise SystemExit(f"finish.py: {error}") from None
    print(json.dumps(figures, indent=1))


if __name__ == "__main__":
    main()
