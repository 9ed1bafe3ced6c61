"""Measures what each part of a network and each bridge to real pictures earns on new families.

    python3 -m training.train.trials RECIPE DATA... --out DIR --steps 3000 600 --seeds 1 2 3 [...]

Every trial changes one thing of the recipe's plain run, with the same steps and the same seeds.
Those of FRAMES train stage one and are judged by the single frames' depth; those of CLIPS train
stage two on the plain trunk of their seed and are judged by the clip's score. DIR/trials.json has
the AUC of every run on dev and test; a run that is in it is not repeated. Prints the means over the
seeds.
"""

import argparse
import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Lock

import numpy as np
import torch

from training.data.clipset import BadClips, ClipSet
from training.judge import metrics
from training.judge.predict import predict_by_camera, predict_set
from training.judge.scores import SPLITS
from training.networks.ablations import load
from training.train.recipe import TrainingError

PLAIN, BY_CAMERA = "plain", "norms by camera"  # the second is the first, scored otherwise
FRAMES = {
    PLAIN: (),
    "without RSGB": ("network.without=['no-rsgb']",),
    "without contrastive loss": ("losses.contrast=0",),
    "teacher as soft target": ("losses.distil=0.05",),
    "binary loss in stage one": ("losses.binary=0.1",),
    "consistency": ("losses.consistency=1",),
    "realistic 3/4 of the pairs": ("draws.drop_unreal=0.25",),
    "local normalisation": ("network.input_norm=local",),
    "128x128, a quarter of the channels": ("network.size=128", "network.width=0.25"),
    "128x128": ("network.size=128",),
}
CLIPS = {
    "whole": (),
    "without STSTB": ("network.without=['no-ststb']",),
    "without ConvGRU": ("network.without=['no-gru']",),
    "whole, without contrastive loss": ("losses.contrast=0",),
}


def command(options, name, seed):
    """(words of training.train, folder, stage)"""
    folder = options.out / f"{name.replace(' ', '-').replace('/', '-')}-{seed}"
    words = [
        sys.executable,
        "-m",
        "training.train",
        options.recipe,
        *options.data,
        "--out",
        folder,
        "--seed",
        seed,
        "--resume",
        "--dev-clips",
        0,
        "--steps",
        *options.steps,
        *options.train,
    ]
    if name in FRAMES:
        return [*words, "--stage", "one", *changes(FRAMES[name])], folder, "one"
    trunk = command(options, PLAIN, seed)[1] / "one.pt"
    return [*words, "--stage", "two", "--trunk", trunk, *changes(CLIPS[name])], folder, "two"


def changes(values):
    return ["--set", *values] if values else []


def areas(ids, species, raw):
    """{"all" or a species: AUC}"""
    samples = metrics.Samples(ids, species, raw)
    return {
        "all": metrics.auc(samples),
        **{name: metrics.auc(samples, name) for name in samples.attack_species()},
    }


def judged(options, checkpoint, stage, by_camera=False):
    """{split: areas}"""
    network, _ = load(checkpoint)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    network = network.to(device, memory_format=torch.channels_last)
    answer = {}
    for split in SPLITS:
        clips = ClipSet(options.data, split)
        if device.type == "cuda":
            clips.hold(device)
        if by_camera:
            chosen, raw = predict_by_camera(network, clips, limit=options.clips)
            answer[split] = areas(chosen, [clips.species[i] for i in chosen], raw)
        else:
            found = predict_set(network, clips, limit=options.clips, single=stage == "one")
            answer[split] = areas(found.ids, found.species, found.raw)
    return answer


class Results:
    """DIR/trials.json: {trial: {seed: {split: areas}}}"""

    def __init__(self, path):
        self.path, self.lock = path, Lock()
        self.known = json.loads(path.read_text()) if path.exists() else {}

    def has(self, name, seed):
        return str(seed) in self.known.get(name, {})

    def add(self, name, seed, found):
        with self.lock:
            self.known.setdefault(name, {})[str(seed)] = found
            part = self.path.with_suffix(".part")
            part.write_text(json.dumps(self.known, indent=1))
            os.replace(part, self.path)  # never half of what hours gave


def run(options, results, name, seed):
    words, folder, stage = command(options, name, seed)
    if not results.has(name, seed):
        path = options.out / f"{folder.name}.log"
        try:
            with open(path, "w") as log:
                subprocess.run([str(word) for word in words], check=True, stdout=log, stderr=log)
        except subprocess.CalledProcessError:
            last = path.read_text().strip().rpartition("\n")[2]
            raise TrainingError(f"{path}: {last}") from None
        results.add(name, seed, judged(options, folder / f"{stage}.pt", stage))
    if name == PLAIN and not results.has(BY_CAMERA, seed):
        results.add(BY_CAMERA, seed, judged(options, folder / "one.pt", stage, by_camera=True))


def lines_of(known):
    """The table, as Markdown: mean over the seeds and their range"""
    species = sorted(
        {name for trial in known.values() for seed in trial.values() for name in seed["test"]}
        - {"all"}
    )
    yield f"| trial | seeds | dev | test | {' | '.join(species)} |"
    yield "|---|---:|" + "---:|" * (2 + len(species))
    for name, trial in known.items():

        def cell(split, kind):
            values = [seed[split].get(kind, np.nan) for seed in trial.values()]
            return (
                f"{np.mean(values):.3f} ({min(values):.2f} .. {max(values):.2f})"
                if kind == "all"
                else f"{np.mean(values):.2f}"
            )

        yield (
            f"| {name} | {len(trial)} | {cell('dev', 'all')} | {cell('test', 'all')} | "
            f"{' | '.join(cell('test', kind) for kind in species)} |"
        )


def main():
    parser = argparse.ArgumentParser(
        description=__doc__,
        allow_abbrev=False,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("recipe", help="of training.train")
    parser.add_argument("data", nargs="+", type=Path, help="folders of clips")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--steps", type=int, nargs=2, default=(3000, 600))
    parser.add_argument("--seeds", type=int, nargs="+", default=(1, 2, 3))
    parser.add_argument("--only", nargs="+", choices=(*FRAMES, *CLIPS), default=(*FRAMES, *CLIPS))
    parser.add_argument("--clips", type=int, help="judged of each split; default: all")
    parser.add_argument("--jobs", type=int, default=1, help="runs at the same time")
    options, options.train = parser.parse_known_args()  # the others: for all runs
    torch.set_num_threads(1)
    try:
        options.out.mkdir(parents=True, exist_ok=True)
        results = Results(options.out / "trials.json")
        for kind in (FRAMES, CLIPS):  # the trunks first
            jobs = [(name, seed) for seed in options.seeds for name in kind if name in options.only]
            with ThreadPoolExecutor(options.jobs) as pool:
                list(pool.map(lambda job: run(options, results, *job), jobs))
    except (BadClips, TrainingError, ValueError, OSError) as error:
        raise SystemExit(f"trials: {error}") from None
    print("\n".join(lines_of(results.known)))


if __name__ == "__main__":
    main()
