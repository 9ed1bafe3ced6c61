"""Chooses how a bundle fuses its scorers, and its thresholds, from labelled recordings.

    livedepth score CLIPS/* --fps 10 --json > scores.jsonl
    python3 -m training.ship.fit_fusion scores.jsonl --clips clips.tsv     prints the choice
    python3 -m training.ship.fit_fusion scores.jsonl tight.jsonl --clips clips.tsv --write BUNDLE
    livedepth score PHOTOS/* --photo --json > photos.jsonl
    python3 -m training.ship.fit_fusion photos.jsonl --clips photos.tsv --photo --write BUNDLE

scores.jsonl: one JSON object a line, of which "clip" and "scores" {scorer: number or null} count; a
clip is known by the last part of its path. clips.tsv: a table with a header and the columns id,
class ("live", all others are attacks) and source (camera, person and room: what is another one with
the next user). Further files of scores, e.g. of tight face crops (--crop none) of the same
recordings, have a say in the weights, not in the thresholds. Two sources are the least, ten few.

With x_i the logit of a scorer's score, kept within 1e-4 .. 1 - 1e-4, and z = sum of w_i x_i:

    weights     those of a logistic regression in which every source of every file weighs the same,
                and in it live ones and attacks; not negative, drawn to 1/2 by SHRINK (w_i - 1/2)^2,
                rounded to tenths. Half of each of two is the mean of their logits. On the nine
                sources that the shipped bundles are set on, fits with more freedom did worse on a
                source left out.
    thresholds  live from the z on that is midway between the highest attack but 2 % and the lowest
                live one but 16 %; an attack below that midway between the lowest live one but 3 %
                and the highest attack but 10 %. Both lie at least MARGIN beyond the first of their
                pair, whether there is so wide a gap or not.
    bias        puts 1/2 midway between the two thresholds: such a score says nothing.

With --photo it chooses how one photo is scored, by the scorers that look at single frames: the
same way, into keys of their own.

A recording without one of the scores has none: not live, and no part of the fit. All is printed
twice: chosen and judged on all sources; and each source judged by the choice that the others made,
which is what to expect elsewhere.
"""

import argparse
import csv
import json
from math import floor, nan
from pathlib import Path
from typing import NamedTuple

import numpy as np
from scipy.optimize import minimize

from training.judge.metrics import LIVE, Rate, Samples, auc, eer, percent
from training.networks import weightfile
from training.ship.bundle import FORMAT_VERSION, assignment, unique
from training.ship.finish import Unfit

CLAMP = 1e-4
SHRINK, PRIOR, STEP = 1.0, 0.5, 0.1
ATTACKS_LIVE, LIVE_LIVE = 0.02, 0.84  # at most, at least
LIVE_SPOOF, ATTACKS_SPOOF = 0.03, 0.90
MARGIN = 0.1  # in logits: least distance of a threshold from the score that rules it


class Table(NamedTuple):
    """Recordings, and what one file of scores says of them."""

    ids: list
    live: np.ndarray  # [n] bool
    sources: np.ndarray  # [n] str
    logits: np.ndarray  # [n][scorers], NaN: no score

    def of(self, rows):
        return Table(
            [name for name, row in zip(self.ids, rows) if row],
            self.live[rows],
            self.sources[rows],
            self.logits[rows],
        )


class Choice(NamedTuple):
    weights: np.ndarray
    bias: float
    live: float  # thresholds, of the logit with the bias
    spoof: float

    def fused(self, table):
        """Logits of the fused scores; NaN: none"""
        return table.logits @ self.weights + self.bias


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


# --- reading ---


def read_labels(lines):
    """{id: (live, source)}"""
    labels = {}
    for row in csv.DictReader(lines, delimiter="\t"):
        if row["id"] in labels:
            raise ValueError(f"two labels for {row['id']}")
        labels[row["id"]] = row["class"] == LIVE, row["source"]
    return labels


def read_scores(lines):
    """{id: {scorer: score or None}}"""
    scores = {}
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            entry = json.loads(line)
            name = entry["clip"].rstrip("/").rpartition("/")[2]
            said = entry.get("scores", {})  # an unreadable clip has none
            if not all(score is None or 0 <= score <= 1 for score in said.values()):
                raise ValueError(f"scores {said}")
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise ValueError(f"line {number}: no score line ({error!r})") from error
        if name in scores:
            raise ValueError(f"line {number}: a second line for {name}")
        scores[name] = said
    return scores


def join(labels, scores, scorers):
    """-> Table, a row a label; a label without a line has no scores"""
    if unknown := set(scores) - set(labels):
        raise ValueError(f"no label for {min(unknown)}")
    missing = dict.fromkeys(scorers)
    found = [[(missing | scores.get(name, {}))[scorer] for scorer in scorers] for name in labels]
    p = np.array(found, float).reshape(len(labels), len(scorers)).clip(CLAMP, 1 - CLAMP)
    live, sources = zip(*labels.values())
    return Table(list(labels), np.array(live), np.array(sources), np.log(p / (1 - p)))


# --- choosing ---


def importance(table):
    """Of each row: sources weigh the same, and in one live ones and attacks."""
    out = np.zeros(len(table.live))
    for source in set(table.sources.tolist()):
        for live in (True, False):
            rows = (table.sources == source) & (table.live == live)
            out[rows] = 1 / max(rows.sum(), 1)
    return out / out.sum()


def with_scores(table):
    """The rows with scores of all scorers; Unfit if that leaves no live ones or no attacks"""
    known = table.of(np.isfinite(table.logits).all(1))
    if not known.live.any() or known.live.all():
        raise Unfit("no live ones or no attacks with scores")
    return known


def fit(tables):
    """Weights [scorers] that minimise the cross entropy of all tables and the penalty"""
    known = [with_scores(table) for table in tables]
    x = np.concatenate([table.logits for table in known])
    sign = np.concatenate([np.where(table.live, 1.0, -1.0) for table in known])
    share = np.concatenate([importance(table) for table in known]) / len(known)

    def loss(parameters):
        away = parameters[1:] - PRIOR
        z = sign * (x @ parameters[1:] + parameters[0])
        slope = -share * sign * sigmoid(-z)
        return (
            share @ np.logaddexp(0, -z) + SHRINK * away @ away,
            np.concatenate([[slope.sum()], slope @ x + 2 * SHRINK * away]),
        )

    start = np.full(x.shape[1] + 1, PRIOR)
    bounds = [(None, None)] + [(0, None)] * x.shape[1]
    weights = minimize(loss, start, jac=True, bounds=bounds).x[1:]
    return (weights / STEP).round() * STEP


def midway(ruling, other, towards):
    """Between two values, but at least MARGIN beyond the ruling one, `towards` (1 or -1)"""
    return towards * max(towards * (ruling + other) / 2, towards * ruling + MARGIN)


def thresholds(z, live):
    """(live, spoof) of logits z. What has no score a gate has refused: it is neither live nor an
    attack wherever the thresholds are, so it has no part in them"""
    scored = np.isfinite(z)
    lives, attacks = np.sort(z[scored & live]), np.sort(z[scored & ~live])[::-1]
    if not len(lives) or not len(attacks):
        raise Unfit("too few recordings have scores")
    # value[k] leaves k values beyond it; of n at most the share s may be there: k = floor(s n)

    def beyond(values, share):
        return values[min(floor(share * len(values) + 1e-9), len(values) - 1)]

    from_live = midway(beyond(attacks, ATTACKS_LIVE), beyond(lives, 1 - LIVE_LIVE), 1)
    below_spoof = midway(beyond(lives, LIVE_SPOOF), beyond(attacks, 1 - ATTACKS_SPOOF), -1)
    return from_live, min(below_spoof, from_live)


def choose(tables, weights=None):
    """tables: the first decides about thresholds. weights: instead of a fit"""
    weights = fit(tables) if weights is None else weights
    if not weights.any():
        raise Unfit("no scorer tells live ones from attacks")
    first = tables[0]
    live, spoof = thresholds(first.logits @ weights, first.live)
    bias = -(live + spoof) / 2
    return Choice(weights, bias, live + bias, spoof + bias)


def leave_out(tables, weights=None):
    """[(source, Choice of the others)]"""
    sources = sorted(set(tables[0].sources.tolist()))
    if len(sources) < 2:
        raise Unfit("one source: none can be left out")
    return [
        (source, choose([table.of(table.sources != source) for table in tables], weights))
        for source in sources
    ]


# --- judging ---


class Judged(NamedTuple):
    """Fused logits and verdicts of a table's rows; NaN and "undecided" without a score."""

    table: Table
    z: np.ndarray
    verdicts: np.ndarray


def judge(table, choice):
    z = choice.fused(table)
    return Judged(
        table,
        z,
        np.where(z >= choice.live, "live", np.where(z < choice.spoof, "spoof", "undecided")),
    )


def judge_left_out(table, choices):
    """Each source by the choice that was made without it; of no other row"""
    z, verdicts = np.full(len(table.live), nan), np.full(len(table.live), "undecided")
    for source, choice in choices:
        rows = table.sources == source
        z[rows], verdicts[rows] = judge(table.of(rows), choice)[1:]
    return Judged(table, z, verdicts)


def ranking(table, z):
    """(AUC of all, mean of the sources' AUC, EER); a recording without a score ranks below all"""

    def samples(rows):
        values = np.where(np.isfinite(z[rows]), z[rows], np.nanmin(z) - 1)
        return Samples(range(rows.sum()), np.where(table.live[rows], LIVE, "attack"), values)

    everything = samples(np.ones(len(z), bool))
    by_source = [auc(samples(table.sources == source)) for source in set(table.sources.tolist())]
    return auc(everything), np.nanmean(by_source), eer(everything).value


def verdict_rate(judged, live, verdict, rows=True):
    rows = (judged.table.live == live) & rows
    return Rate(int((judged.verdicts[rows] == verdict).sum()), int(rows.sum()))


def report(title, judged):
    """Lines"""
    pooled, macro, equal = ranking(judged.table, judged.z)
    missing = int(np.isnan(judged.z).sum())
    yield (
        f"{title}: AUC {pooled:.4f}, mean of sources {macro:.4f}, EER {equal:.4f}"
        + (f", {missing} without a score" if missing else "")
    )
    for live, name in ((True, "live"), (False, "attacks")):
        rates = [
            (verdict, verdict_rate(judged, live, verdict))
            for verdict in ("live", "undecided", "spoof")
        ]
        yield (
            f"  {name:8}"
            + ", ".join(
                f"{verdict} {rate.errors}/{rate.total} {percent(rate.value)}"
                for verdict, rate in rates
            )
            + f"; taken for live, 95 % bounds: {' .. '.join(map(percent, rates[0][1].bounds()))}"
        )


def source_lines(judged, choices):
    yield "source left out        live: live  undecided  spoof   attacks: live  undecided  spoof"
    for source, choice in choices:
        rows = judged.table.sources == source
        counts = [
            verdict_rate(judged, live, verdict, rows).errors
            for live in (True, False)
            for verdict in ("live", "undecided", "spoof")
        ]
        yield (
            f"{source[:20]:20}"
            + "{:11}{:11}{:7}{:16}{:11}{:7}".format(*counts)
            + f"   weights {' '.join(f'{w:g}' for w in choice.weights)}"
            + f", live from {sigmoid(choice.live):.3f}, spoof below {sigmoid(choice.spoof):.3f}"
        )


# --- the bundle ---


def into_metadata(metadata, scorers, choice, photo=False):
    """Metadata of a bundle with these numbers instead of its own; photo: those for one photo"""
    if metadata["format_version"] != FORMAT_VERSION:
        raise ValueError("a file of version 1 has nothing to fuse: join it with bundle.py")
    own = set(metadata["scorers"].split())
    if not own >= set(scorers) if photo else own != set(scorers):
        raise ValueError(
            f"its scorers are {metadata['scorers']}, those of the scores {' '.join(scorers)}"
        )
    weights, whole = ("photo.", "photo.") if photo else ("fusion.", "")
    return metadata | {
        **{f"{weights}{name}": f"{weight:.9g}" for name, weight in zip(scorers, choice.weights)},
        f"{weights}bias": f"{choice.bias:.9g}",
        f"{whole}live_threshold": f"{sigmoid(choice.live):.9g}",
        f"{whole}spoof_threshold": f"{sigmoid(choice.spoof):.9g}",
    }


def rounded(choice):
    """The bias in hundredths, the thresholds too: a recording says no more."""
    bias = round(float(choice.bias), 2)

    def hundredths(z):
        p = min(max(round(float(sigmoid(z - choice.bias + bias)), 2), 0.01), 0.99)
        return float(np.log(p / (1 - p)))

    return choice._replace(bias=bias, live=hundredths(choice.live), spoof=hundredths(choice.spoof))


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("scores", nargs="+", type=Path)
    parser.add_argument("--clips", required=True, type=Path, help="table of labels")
    parser.add_argument("--scorers", nargs="+", metavar="NAME", help="default: all that scored")
    parser.add_argument(
        "--weights", nargs="+", type=assignment(float), metavar="NAME=W", help="instead of a fit"
    )
    parser.add_argument("--photo", action="store_true", help="the scores are of single photos")
    parser.add_argument("--write", type=Path, metavar="BUNDLE", help="file that gets the choice")
    args = parser.parse_args()
    try:
        with open(args.clips, encoding="utf-8", newline="") as file:
            labels = read_labels(file)
        files = [read_scores(path.read_text().splitlines()) for path in args.scores]
        weights = args.weights and unique(args.weights, "weight")
        scorers = args.scorers or list(
            dict.fromkeys(
                name
                for said in files[0].values()
                for name, score in said.items()
                if score is not None
            )
        )
        if weights and set(weights) != set(scorers):
            raise ValueError(f"weights of {', '.join(weights)} for scorers {', '.join(scorers)}")
        fixed = weights and np.array([weights[name] for name in scorers])
        tables = [join(labels, scores, scorers) for scores in files]
        for table in tables:  # also those that only get judged
            with_scores(table)
        choice = rounded(choose(tables, fixed))
        choices = leave_out(tables, fixed)
        if args.write:
            metadata, tensors = weightfile.read(args.write)
            metadata = into_metadata(metadata, scorers, choice, args.photo)
    except (KeyError, OSError, ValueError, Unfit) as error:
        parser.error(str(error))

    numbers = {
        "weights": dict(zip(scorers, choice.weights.round(9).tolist())),
        "bias": choice.bias,
        "live_threshold": round(float(sigmoid(choice.live)), 9),
        "spoof_threshold": round(float(sigmoid(choice.spoof)), 9),
    }
    print(json.dumps(numbers))
    results = {}
    for path, table in zip(args.scores, tables):
        for i, name in enumerate(scorers):
            pooled, macro, equal = ranking(table, table.logits[:, i])
            print(
                f"{path.name}, {name} alone: AUC {pooled:.4f}, mean of sources {macro:.4f}, "
                f"EER {equal:.4f}"
            )
        print(*report(f"{path.name}, all sources", judge(table, choice)), sep="\n")
        left_out = judge_left_out(table, choices)
        results[path.name] = list(report("leaving sources out", left_out))
        print(*results[path.name], sep="\n")
        print(*source_lines(left_out, choices), sep="\n")
    if args.write:
        about = {
            "by": "training/ship/fit_fusion.py",
            "weights": "fixed" if weights else "fitted",
            "labels": args.clips.name,
            "recordings": len(labels),
            "sources": len(choices),
            "leaving_sources_out": results,
        }
        about = {"photo" if args.photo else "fusion": about}
        metadata["provenance"] = json.dumps(json.loads(metadata["provenance"]) | about)
        weightfile.write(args.write, metadata, tensors)


if __name__ == "__main__":
    main()
