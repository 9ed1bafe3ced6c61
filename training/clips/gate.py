"""The leak gate: trivial cues must not tell live clips from attacks.

A logistic regression over the cues (clips/cues.py) is learned on four fifths of the pairs and
ranks the clips of the last fifth; its AUC over the five folds must not exceed LIMIT.

    python3 -m training.clips.gate DATASET         prints the report
    python3 -m training.clips.gate DATASET --balance FOLDER --keep .9
                                                   a copy that leaks less, its report

Both exit with 1 when the data set leaks. What was rendered for hours need not be made again: the
copy lacks the pairs that leak most.
"""

import argparse
import json
import sys
from pathlib import Path

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import GroupKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

from training.data import clipset

from .cues import NAMES, cues_of

LIMIT = 0.58
FOLDS = 5
FEWEST_PAIRS = 20  # a smaller species gets no AUC of its own
BALANCED = 0.52  # balance() stops here: below, it would only fit noise
ROUND = 0.03  # share of the pairs that a round of balance() drops


def classifier():
    return make_pipeline(StandardScaler(), LogisticRegression(C=1.0, max_iter=1000))


@threadpool_limits.wrap(limits=1)  # on so small matrices threads mostly wait for each other
def held_out_logits(cues, attack, pairs, seed=0):
    """Every clip's logit of attack, from a classifier that saw neither it nor its pair
    -> logits [n], fold [n]"""
    logits, fold = np.empty(len(cues)), np.empty(len(cues), int)
    split = GroupKFold(FOLDS, shuffle=True, random_state=seed).split(cues, attack, pairs)
    for number, (known, new) in enumerate(split):
        model = classifier().fit(cues[known], attack[known])
        logits[new], fold[new] = model.decision_function(cues[new]), number
    return logits, fold


def held_out_auc(logits, fold, attack):
    """Mean over the folds of P(attack's logit > live one's)"""
    return float(
        np.mean(
            [
                roc_auc_score(attack[fold == number], logits[fold == number])
                for number in range(FOLDS)
            ]
        )
    )


def classes(labels):
    """ "live" and "attack" -> False and True"""
    labels = np.asarray(labels)
    if not np.isin(labels, ("live", "attack")).all():
        raise ValueError(f"labels {sorted(set(labels.tolist()))}: not only live and attack")
    return labels == "attack"


def whole_pairs(attack, pairs):
    """[n] bool: clips whose pair has both a live clip and an attack"""
    both = np.intersect1d(pairs[attack], pairs[~attack])
    return np.isin(pairs, both)


def need_pairs(count):
    """ValueError if so many pairs are too few"""
    if count < FEWEST_PAIRS:
        raise ValueError(f"{count} pairs are too few for a leak gate: {FEWEST_PAIRS} are needed")


@threadpool_limits.wrap(limits=1)
def leak_gate(cue_matrix, labels, pairs, species):
    """cue_matrix [n][14] in the order of cues.NAMES; labels [n] "live" or "attack"; pairs [n]
    integers; species [n] -> report, json-able:

        auc           of all cues together, held out; .5 is none
        per_species   {species: the same for it and its pairs' live clips; None: too few pairs}
        cues          {cue: AUC of it alone, 0..1, above .5: higher in attacks}, worst leak first
        coefficients  {cue: weight per standard deviation, positive: attack}, largest first
        n             clips used; a clip whose pair lacks the other class is not
        limit, passed
    """
    cues, pairs = np.asarray(cue_matrix, np.float64), np.asarray(pairs)
    attack, species = classes(labels), np.asarray(species)
    if not np.isfinite(cues).all():
        raise ValueError("a cue is not finite")
    used = whole_pairs(attack, pairs)
    cues, pairs, attack, species = cues[used], pairs[used], attack[used], species[used]
    need_pairs(len(np.unique(pairs)))

    def together(chosen):
        if len(np.unique(pairs[chosen])) < FEWEST_PAIRS:
            return None
        return held_out_auc(
            *held_out_logits(cues[chosen], attack[chosen], pairs[chosen]), attack[chosen]
        )

    def of_species(name):
        own = species == name
        return together(own | (~attack & np.isin(pairs, pairs[own])))

    single = {name: float(roc_auc_score(attack, cues[:, i])) for i, name in enumerate(NAMES)}
    weights = dict(zip(NAMES, classifier().fit(cues, attack)[-1].coef_[0].tolist()))
    area = together(np.full(len(cues), True))
    return {
        "auc": area,
        "per_species": {str(name): of_species(name) for name in np.unique(species[attack])},
        "cues": dict(sorted(single.items(), key=lambda item: -abs(item[1] - 0.5))),
        "coefficients": dict(sorted(weights.items(), key=lambda item: -abs(item[1]))),
        "n": len(cues),
        "limit": LIMIT,
        "passed": area <= LIMIT,
    }


def balance(cue_matrix, labels, pairs, rng, keep):
    """Drops whole pairs until the cues no longer tell live from attack: their held-out AUC is at
    most BALANCED, or no more than the share `keep` of the pairs is left.

    Each round drops pairs at random among those whose attack has a higher logit of attack than
    their live clip, with a chance that grows as the square of the difference. The logits are held
    out, with new folds each round, so that chance is not what is removed.

    cue_matrix [n][14], labels [n], pairs [n] as in leak_gate; rng: numpy Generator; keep 0..1
    -> indices of the clips that stay, rising; clips of incomplete pairs do not"""
    cues, pairs, attack = np.asarray(cue_matrix, np.float64), np.asarray(pairs), classes(labels)
    stay = np.flatnonzero(whole_pairs(attack, pairs))
    left = np.unique(pairs[stay])
    fewest = max(int(np.ceil(keep * len(left))), FEWEST_PAIRS)
    quota = max(int(ROUND * len(left)), 1)
    while len(left) > fewest:
        logits, fold = held_out_logits(
            cues[stay], attack[stay], pairs[stay], int(rng.integers(2**31))
        )
        if held_out_auc(logits, fold, attack[stay]) <= BALANCED:
            break
        _, place = np.unique(pairs[stay], return_inverse=True)
        mean = [
            np.bincount(place, logits * kind) / np.bincount(place, kind)
            for kind in (attack[stay], ~attack[stay])
        ]
        excess = np.maximum(mean[0] - mean[1], 0) ** 2
        count = min(quota, len(left) - fewest, np.count_nonzero(excess))
        gone = rng.choice(left, count, replace=False, p=excess / excess.sum())
        left = np.setdiff1d(left, gone)
        stay = stay[np.isin(pairs[stay], left)]
    return stay


# --- a data set ---


def balance_splits(cues, rows, seed, keep):
    """balance() of each split by itself; rows: lines of clips.jsonl -> indices of the clips that
    stay, split by split in the order of their names"""
    chosen = []
    for split in clipset.SPLITS:
        own = np.array([i for i, row in enumerate(rows) if row["split"] == split], int)
        if len(own):
            kept = balance(
                cues[own],
                [rows[i]["label"] for i in own],
                [rows[i]["pair"] for i in own],
                np.random.default_rng(seed),
                keep,
            )
            chosen.extend(sorted(own[kept], key=lambda i: rows[i]["id"]))
    return chosen


def report_of(cues, rows):
    """leak_gate() of all splits together; a pair's number is its own within its split."""
    numbers = [clipset.SPLITS.index(row["split"]) * 10**6 + row["pair"] for row in rows]
    return leak_gate(
        cues, [row["label"] for row in rows], numbers, [row["species"] for row in rows]
    )


def read(folder):
    """Cues [n][14] and lines of clips.jsonl of a data set folder"""
    dataset = clipset.Folder(folder)
    return np.stack([cues_of(clip) for clip in dataset.clips]), dataset.records


def balanced_copy(folder, out, keep):
    """Writes to `out` the data set without the pairs that balance() drops -> report"""
    cues, rows = read(folder)
    info = json.loads((folder / "info.json").read_text(encoding="utf-8"))
    chosen = balance_splits(cues, rows, info["seed"], keep)
    report = report_of(cues[chosen], [rows[i] for i in chosen])
    out.mkdir(parents=True)
    for name in clipset.ARRAYS:
        np.save(out / f"{name}.npy", np.load(folder / f"{name}.npy", mmap_mode="r")[chosen])
    with open(out / "clips.jsonl", "w", encoding="utf-8") as file:
        file.writelines(json.dumps(rows[i]) + "\n" for i in chosen)
    info |= {"gate": report, "sha256": clipset.digest(out)}
    (out / "info.json").write_text(json.dumps(info, indent=1), encoding="utf-8")
    return report


def lines_of(report):
    """A report for reading."""
    verdict = "passed" if report["passed"] else "FAILED"
    yield (
        f"leak gate {verdict}: AUC {report['auc']:.3f}, limit {report['limit']}, "
        f"{report['n']} clips"
    )
    for name, area in report["per_species"].items():
        yield f"  {name:<12} " + ("too few pairs" if area is None else f"AUC {area:.3f}")
    yield f"  {'cue':<14}{'alone':>7}  in attacks   {'weight':>7}"
    for name, area in report["cues"].items():
        side = "higher" if area > 0.5 else "lower"
        yield f"  {name:<14}{area:>7.3f}  {side:<10} {report['coefficients'][name]:>+9.2f}"
    if not report["passed"]:
        first, second = list(report["coefficients"])[:2]
        yield (
            f"worst leak alone: {next(iter(report['cues']))}; "
            f"largest weights together: {first}, {second}"
        )


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("dataset", type=Path)
    parser.add_argument("--balance", type=Path, metavar="FOLDER", help="new folder for the copy")
    parser.add_argument("--keep", type=float, default=0.9, help="least share of pairs in the copy")
    options = parser.parse_args()
    try:
        report = (
            balanced_copy(options.dataset, options.balance, options.keep)
            if options.balance
            else report_of(*read(options.dataset))
        )
    except (clipset.BadClips, ValueError, OSError) as error:
        raise SystemExit(f"gate: {error}") from None
    print("\n".join(lines_of(report)))
    sys.exit(not report["passed"])


if __name__ == "__main__":
    main()
