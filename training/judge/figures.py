"""Error rates of scores: at thresholds of dev, by seeds, by groups of clips; the worst clips."""

from math import isnan, nan
from typing import NamedTuple

import numpy as np

from training.judge import metrics
from training.judge.metrics import LIVE, Samples
from training.judge.scores import CLIP, SPLITS, Split

AT_EER = "EER"
HELD_OUT = "held out"
LIMITS = {f"APCER {100 * limit:g} %": limit for limit in metrics.APCER_LIMITS}


class Judged(NamedTuple):
    """The figures of one giver of scores over one group of clips."""

    reports: dict  # {AT_EER or a name of LIMITS, the dev thresholds: metrics.Report}
    eer: float  # of these clips themselves; NaN without live or without attacks


class Evaluation(NamedTuple):
    """Of one file."""

    file: str
    test: Split
    whole: dict  # {CLIP, SINGLE, TEACHER: Judged}, all test clips
    groups: dict  # {(factor, value): the same of these clips}


def samples(rows, scores):
    """One sample a video"""
    return metrics.per_video(
        Samples(
            [row.get("video", row["id"]) for row in rows], [row["species"] for row in rows], scores
        )
    )


def thresholds(dev):
    """{AT_EER or a name of LIMITS: threshold} of dev samples"""
    return {
        AT_EER: metrics.eer(dev).threshold,
        **{name: metrics.bpcer_at_apcer(dev, limit).threshold for name, limit in LIMITS.items()},
    }


def judge(test, at, convention):
    """at: thresholds() of dev"""
    both = len(test.responses(LIVE)) and len(test.responses())
    return Judged(
        {name: metrics.evaluate(test, threshold, convention) for name, threshold in at.items()},
        metrics.eer(test).value if both else nan,
    )


def figures(judged):
    """{name: 0..1}: AUC over all attacks and by species, the test's own EER and BPCER at APCER,
    and the errors at each dev threshold, named plainly at that of the dev EER"""
    report = judged.reports[AT_EER]
    values = {
        "AUC all": report.auc,
        **{f"AUC {name}": report.species_auc[name] for name in sorted(report.species_auc)},
        AT_EER: judged.eer,
        **report.errors,
        **{
            f"BPCER at {name}": report.at_apcer[limit].bpcer.value for name, limit in LIMITS.items()
        },
    }
    for name in LIMITS:
        errors = judged.reports[name].errors
        values |= {f"{figure} at dev {name}": value for figure, value in errors.items()}
    return values


def spread(seeds):
    """Several seeds' {name: value} -> {name: {mean, sd, min, max}}; sd is that of a sample, 0 of
    one. Figures that a seed lacks are left out."""
    names = [name for name in seeds[0] if all(name in seed for seed in seeds)]
    result = {}
    for name in names:
        values = np.array([seed[name] for seed in seeds], dtype=float)
        sd = values.std(ddof=1) if len(values) > 1 else 0.0
        result[name] = {
            "mean": float(values.mean()),
            "sd": float(sd),
            "min": float(values.min()),
            "max": float(values.max()),
        }
    return result


def with_live(rows, chosen):
    """Attacks alone (an instrument is theirs only) are measured against the live clips of the
    same pairs. chosen: [n] bool"""
    live = np.array([row["species"] == LIVE for row in rows], dtype=bool)
    if (chosen & live).any():
        return chosen
    pairs = {row["pair"] for row, own in zip(rows, chosen) if own and "pair" in row}
    return chosen | live & np.array([row.get("pair") in pairs for row in rows], dtype=bool)


def groups(rows):
    """{(factor, value): [n] bool}: HELD_OUT by what training has not seen, then each family.

    HELD_OUT "all": unseen in all that the test split holds out; the instrument is not asked of
    live clips. "none": a new clip, but nothing new in it."""
    unseen = [set(row.get("held_out", ())) for row in rows]
    every = set().union(*unseen)
    needed = [every - {"instrument"} if row["species"] == LIVE else every for row in rows]
    found = {}
    if every:
        found = {
            (HELD_OUT, "none"): [not own for own in unseen],
            **{(HELD_OUT, factor): [factor in own for own in unseen] for factor in sorted(every)},
            (HELD_OUT, "all"): [own >= need for own, need in zip(unseen, needed)],
        }
    families = [row.get("families", {}) | {"source": row.get("source")} for row in rows]
    for factor in sorted(set().union(*families)):
        values = {own.get(factor) for own in families} - {None}
        found |= {
            (factor, value): [own.get(factor) == value for own in families]
            for value in sorted(values)
        }
    return {
        name: with_live(rows, np.array(chosen, dtype=bool))
        for name, chosen in found.items()
        if any(chosen)
    }


def evaluate(file, splits, convention=metrics.PAPERS):
    """splits {"dev": Split, "test": Split} -> Evaluation"""
    dev, test = splits["dev"], splits["test"]
    for split in SPLITS:
        if {row["species"] == LIVE for row in splits[split].rows} != {True, False}:
            raise ValueError(f"{file}: the {split} split needs live clips and attacks")
    at = {}
    for who in test.scores:
        own = samples(dev.rows, dev.scores[who]) if who in dev.scores else None
        if own is not None and len(own.responses(LIVE)) and len(own.responses()):
            found = thresholds(own)
            # NaN of a species that nobody answered for: no threshold can promise its APCER.
            if not any(map(isnan, found.values())):
                at[who] = found
    if CLIP not in at:
        raise ValueError(f"{file}: a species of the dev split has no score at all")

    def judged(chosen):
        rows = [row for row, own in zip(test.rows, chosen) if own]
        return {
            who: judge(samples(rows, test.scores[who][chosen]), own, convention)
            for who, own in at.items()
        }

    return Evaluation(
        file,
        test,
        judged(np.ones(len(test.rows), dtype=bool)),
        {name: judged(chosen) for name, chosen in groups(test.rows).items()},
    )


def failures(evaluation, count):
    """(false accepts, false rejects) at the dev EER: at most so many row numbers each, the worst
    first"""
    scores = evaluation.test.scores[CLIP]
    report = evaluation.whole[CLIP].reports[AT_EER]
    live = np.array([row["species"] == LIVE for row in evaluation.test.rows])
    tie = scores == report.threshold
    accepts = ~live & ((scores > report.threshold) | tie & report.convention.attack_tie)
    rejects = live & ((scores < report.threshold) | tie & report.convention.live_tie)
    order = np.argsort(scores, kind="stable")  # NaN last, and in neither
    return (
        [int(i) for i in order[::-1] if accepts[i]][:count],
        [int(i) for i in order if rejects[i]][:count],
    )
