"""A protocol's table in the papers' layout, beside published rows: mean and deviation of its folds.

    python3 -m training.benchmarks.table oulu 3 --sets SETS --runs RUNS
    python3 -m training.benchmarks.table oulu 1 --sets SETS --file NAME.safetensors --masked

SETS is the importer's; RUNS has a folder for every fold, as training.train.folds leaves them. The
score of a video is the mean of its clips'. A row of ours for each way to choose the threshold:

    dev EER      the EER point of the dev videos, where the protocol has any (in a cross test, of
                 videos of the set that is trained on)
    train EER    that of the videos trained on, where there is no dev
    test EER     that of the test videos themselves, as CDCN's code takes it for SiW, CASIA-MFSD
                 and the cross tests: not to be had in use, and lower than what would be
    released     FAS-SGTD's scorer number for number, on dev (released.py)

APCER is that of the worst species (print, replay, ...), a score on the threshold no error; videos
without a score are left out and counted, by "released" taken for 0. The deviation is that of a
sample (n - 1).
"""

import argparse
import json
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch

from training.benchmarks import published, released
from training.benchmarks.names import RULES, DatasetError
from training.benchmarks.protocols import MEMBERS, folds
from training.benchmarks.store import folders
from training.data.clipset import BadClips, ClipSet
from training.judge import metrics
from training.judge.predict import predict_set
from training.judge.report import grid
from training.judge.scores import Exported
from training.networks.ablations import load

DEV, TRAIN, TEST, RELEASED = "dev EER", "train EER", "test EER", "released"


class Fold(NamedTuple):
    """Videos of a fold; a split without any is None."""

    name: str
    parts: dict  # {"train", "dev", "test": metrics.Samples}


def network_of(path):
    if not path.is_file():
        raise DatasetError(f"{path}: no such file; training.train.folds makes it")
    network = Exported(path) if path.suffix == ".safetensors" else load(path)[0]
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    return network.to(device)


def score(path, paths, splits, options):
    """{split: metrics.Samples of videos} of a weight file or checkpoint on folders of clips"""
    network, parts = network_of(path), {}
    for split in splits:
        try:
            clips = ClipSet(paths, split)
        except BadClips:
            if split == "test":
                raise
            continue
        said = predict_set(network, clips, options.batch, masked=options.masked)
        parts[split] = metrics.per_video(
            metrics.Samples([row["video"] for row in said.records], said.species, said.scores)
        )
    return parts


def figures(parts, way, columns):
    """{column: percent} at a way's threshold; None: not to be had"""
    test = parts["test"]
    if way == RELEASED:
        if "dev" not in parts:
            return None
        found = released.performances(parts["dev"], test)
        values = {"APCER": found.worst, "BPCER": found.bpcer, "ACER": found.acer}
        scores, live = released.scores_of(test)
        far = released.share(scores[~live] > found.threshold)
        return {name: (values | {"HTER": (far + found.bpcer) / 2})[name] for name in columns}
    source = parts.get({DEV: "dev", TRAIN: "train", TEST: "test"}[way])
    if source is None or way == TRAIN and "dev" in parts:
        return None
    errors = metrics.evaluate(test, metrics.eer(source).threshold, metrics.PAPERS).errors
    return {name: 100 * errors[name] for name in columns}


def cell(values):
    """Mean, and the deviation of several folds"""
    text = f"{np.mean(values):.2f}"
    return text if len(values) == 1 else f"{text}±{np.std(values, ddof=1):.2f}"


def rows_of(dataset, protocol, evaluated):
    """The table: head, published rows, ours; evaluated: [Fold]"""
    columns = published.COLUMNS[dataset]
    rows = [("method", *columns, "source")]
    for own in published.TABLES.get((dataset, protocol), ()):
        rows.append((own.method, *own.figures, own.source))
    for way in (DEV, TRAIN, TEST, RELEASED):
        found = []
        for fold in evaluated:
            try:
                found.append(figures(fold.parts, way, columns))
            except ValueError as error:
                raise ValueError(f"fold {fold.name}, {way}: {error}") from None
        if all(found):
            rows.append(
                (
                    f"this run, {way}",
                    *(cell([values[name] for values in found]) for name in columns),
                    "here",
                )
            )
    return rows


def missing(dataset, infos):
    """Two sets of names, of the info.json of a fold's folders: videos or subjects that are missing
    or gave no clips; names that its rule gives and the published set need not have (SiW's)"""
    left_out = {name for info in infos for name in info["left_out"]}
    lost = {Path(name).with_suffix("").as_posix() for name in infos[0]["missing"]}
    strict = all(RULES[own].strict for own in MEMBERS[dataset])
    gaps = set() if strict else {name for name in lost - left_out if "/" in name}
    return (lost | left_out) - gaps, gaps


def counts(evaluated):
    """[(fold, split, live, attacks, without a score)] as texts"""
    yield "fold", "split", "live", "attack", "no score"
    for fold in evaluated:
        for split, samples in fold.parts.items():
            live = int((samples.species == metrics.LIVE).sum())
            yield (
                fold.name,
                split,
                f"{live}",
                f"{len(samples) - live}",
                f"{np.isnan(samples.scores).sum()}",
            )


def run(options):
    names = folds(options.dataset, options.protocol)
    evaluated, incomplete, gaps = [], [], []
    for name in names:
        paths = folders(options.sets, options.dataset, name)
        run = (
            options.file
            or options.runs
            / next(iter(paths.values())).relative_to(options.sets).parts[0]
            / options.checkpoint
        )
        infos = [
            json.loads((path / "info.json").read_text(encoding="utf-8")) for path in paths.values()
        ]
        lost, unnamed = missing(options.dataset, infos)
        incomplete += [f"{name}: {len(lost)} videos missing"] if lost else []
        gaps += [f"{name}: {len(unnamed)} names of the rule missing"] if unnamed else []
        has_dev = any(info["videos"]["dev"]["live"] for info in infos)
        splits = ("dev" if has_dev else "train", "test")
        evaluated.append(Fold(name, score(run, list(paths.values()), splits, options)))
    said = "masked score" if options.masked else "score of the whole crop"
    rows = rows_of(options.dataset, options.protocol, evaluated)
    print(f"{' + '.join(MEMBERS[options.dataset])}, protocol {options.protocol}, {said}, percent")
    print(grid(rows, options.markdown))
    print(grid(list(counts(evaluated)), options.markdown), end="")
    for text in incomplete:
        print(f"INCOMPLETE, not comparable: {text}")
    for text in gaps:
        print(f"{text}; SiW as published lacks some, too, about 150 of 4,620 in all")
    return rows


def parse(arguments):
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("dataset", choices=MEMBERS)
    add("protocol")
    add("--sets", type=Path, required=True)
    add("--runs", type=Path)
    add("--checkpoint", default="two.pt", help="of every run's folder")
    add("--file", type=Path, help="one checkpoint or weight file for all folds, in place of --runs")
    add("--masked", action="store_true", help="the papers' score, by the face mesh's masks")
    add("--markdown", action="store_true")
    add("--batch", type=int, default=4, help="clips at once")
    add("--threads", type=int, default=1)
    options = parser.parse_args(arguments)
    if bool(options.runs) == bool(options.file):
        parser.error("one of --runs and --file")
    return options


def main(arguments=None):
    options = parse(arguments)
    torch.set_num_threads(options.threads)
    try:
        run(options)
    except (DatasetError, BadClips, ValueError, OSError) as error:
        raise SystemExit(f"table: {error}") from None


if __name__ == "__main__":
    main()
