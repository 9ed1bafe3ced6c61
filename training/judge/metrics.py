"""Error rates of presentation attack detection with exact bounds, by video and attack species.

A score is high for live. An attack's species is the kind of its instrument (ISO/IEC 30107-3: PAI
species), e.g. "print" or "replay/phone". A sample without a score (NaN) is a non-response: counted
and printed apart, never dropped and no error. Rates are 0..1.

    APCER_k   share of the attacks of species k taken for live; APCER: the largest of them
    BPCER     share of the live samples taken for attacks
    ACER      (APCER + BPCER) / 2
    HTER      (FAR + FRR) / 2: FAR is the APCER of all attacks as one species, FRR the BPCER
    APNRR_k, BPNRR   share of the attacks of species k, of the live samples, without a response

Sources: ISO/IEC 30107-3; OULU-NPU scorer of clks-wzz/FAS-SGTD, util/performances.py ("papers");
ZitongYu/CDCN, utils.py ("cdcn").
"""

import json
from dataclasses import dataclass
from math import inf, isnan, lgamma, log, log1p, nan
from typing import NamedTuple

import numpy as np

LIVE = "live"  # species of a live sample
APCER_LIMITS = (0.01, 0.05, 0.10)
CONFIDENCE = 0.95


# --- counts and their bounds ---


def upper_bound(errors, total, alpha):
    """The p at which a binomial count of total is at most errors with probability alpha
    (Clopper-Pearson), by bisection; 1 if errors is total."""
    counts = np.arange(errors + 1)
    log_ways = np.array(
        [lgamma(total + 1) - lgamma(i + 1) - lgamma(total - i + 1) for i in range(errors + 1)]
    )
    low, high = 0.0, 1.0
    for _ in range(50):
        p = (low + high) / 2
        at_most = np.exp(log_ways + counts * log(p) + (total - counts) * log1p(-p)).sum()
        low, high = (p, high) if at_most > alpha else (low, p)
    return high


class Rate(NamedTuple):
    errors: int
    total: int

    @property
    def value(self):
        """NaN of nothing."""
        return self.errors / self.total if self.total else nan

    def bounds(self, sides=2):
        """(lower, upper), exact (Clopper-Pearson); 0..1 of nothing. Two-sided: the true rate lies
        between them with CONFIDENCE; one-sided: that holds for each bound by itself."""
        alpha = (1 - CONFIDENCE) / sides
        return (
            1 - upper_bound(self.total - self.errors, self.total, alpha),
            upper_bound(self.errors, self.total, alpha),
        )

    @property
    def at_worst(self):
        """One-sided 95 % upper bound"""
        return self.bounds(sides=1)[1]


# --- samples ---


class Samples:
    """Videos, or clips of videos: equally long lists; scores may hold None or NaN."""

    def __init__(self, videos, species, scores, clips=None, unscored=None):
        self.videos = np.array(videos, dtype=str)
        self.species = np.array(species, dtype=str)
        self.scores = np.array([nan if score is None else score for score in scores], dtype=float)
        missing = np.isnan(self.scores).astype(int)
        self.clips = np.ones_like(missing) if clips is None else np.array(clips)
        self.unscored = missing if unscored is None else np.array(unscored)  # of those clips
        if len({len(values) for values in vars(self).values()}) != 1:
            raise ValueError("samples: lists of different length")
        if np.isposinf(self.scores).any():
            raise ValueError("samples: an infinite score")
        if "" in self.species:
            raise ValueError("samples: an empty species")

    def __len__(self):
        return len(self.scores)

    def attack_species(self):
        return sorted(set(self.species.tolist()) - {LIVE})

    def of(self, species):
        """Scores, with the missing ones"""
        return self.scores[self.species == species]

    def responses(self, *species):
        """Sorted scores of these species, of all attacks if none is named, without missing ones"""
        chosen = np.isin(self.species, species) if species else self.species != LIVE
        return np.sort(self.scores[chosen & ~np.isnan(self.scores)])


def per_video(samples):
    """One sample a video: the mean of its clips' scores, NaN if none has one (FAS-SGTD: the mean
    of six or more clips). What is missing is counted in the result's unscored."""
    rows = {}
    for i, video in enumerate(samples.videos.tolist()):
        rows.setdefault(video, []).append(i)
    values = {"species": [], "scores": [], "clips": [], "unscored": []}
    for video, indices in rows.items():
        species = set(samples.species[indices].tolist())
        if len(species) > 1:
            raise ValueError(f"video {video} has several species: {', '.join(sorted(species))}")
        scores = samples.scores[indices]
        scores = scores[~np.isnan(scores)]
        values["species"].append(species.pop())
        values["scores"].append(scores.mean() if len(scores) else nan)
        values["clips"].append(samples.clips[indices].sum())
        values["unscored"].append(samples.unscored[indices].sum())
    return Samples(list(rows), **values)


def read_scores(lines, labels, key="score"):
    """Joins what `node js/node/cli.mjs score --json` prints, one JSON object a line, with labels
    {clip as printed: (video, species)} -> Samples, one a label and in their order; key: of a
    line, what is its score.

    A label without a line has no score; an undecided line that has one (low confidence, untrained
    model) keeps it. A line without a label, a second line of a clip and a broken line are
    errors."""
    scores = {}
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            entry = json.loads(line)
            clip = entry["clip"]
            score = None if "error" in entry else entry[key]
            if score is not None and (isinstance(score, bool) or not np.isfinite(score)):
                raise ValueError(f"score {score}")
        except (KeyError, TypeError, ValueError) as error:
            raise ValueError(f"line {number}: no score line ({error!r})") from error
        if clip not in labels:
            raise ValueError(f"line {number}: no label for {clip}")
        if clip in scores:
            raise ValueError(f"line {number}: a second score for {clip}")
        scores[clip] = score
    videos, species = zip(*labels.values()) if labels else ((), ())
    return Samples(videos, species, [scores.get(clip) for clip in labels])


# --- rates at a threshold ---


@dataclass(frozen=True)
class Convention:
    """A rule of which scores are errors at a threshold."""

    name: str
    pooled: bool  # all attacks are one species
    live_tie: bool  # a live score equal to the threshold is an error
    attack_tie: bool  # an attack's score equal to the threshold is one


PAPERS = Convention("papers", pooled=False, live_tie=False, attack_tie=False)
CDCN = Convention("cdcn", pooled=True, live_tie=True, attack_tie=False)
ENGINE = Convention("engine", pooled=False, live_tie=False, attack_tie=True)  # live from it on


def bpcer(samples, threshold, convention):
    scores = samples.responses(LIVE)
    side = "right" if convention.live_tie else "left"
    return Rate(int(np.searchsorted(scores, threshold, side)), len(scores))


def attack_rate(samples, threshold, convention, *species):
    """APCER of these species together, of all attacks if none is named"""
    scores = samples.responses(*species)
    side = "left" if convention.attack_tie else "right"
    return Rate(int(len(scores) - np.searchsorted(scores, threshold, side)), len(scores))


def apcers(samples, threshold, convention):
    """{species: Rate}"""
    return {
        species: attack_rate(samples, threshold, convention, species)
        for species in samples.attack_species()
    }


def badness(rate):
    """Order of rates: unknown, then by value, then by what it may be at worst"""
    return (rate.total == 0, rate.value if rate.total else 1, rate.at_worst)


def worst_first(rates):
    return sorted(rates, key=lambda species: badness(rates[species]), reverse=True)


def non_response(samples):
    """{species: Rate}: BPNRR for LIVE, APNRR for the others"""
    return {
        species: Rate(int(np.isnan(samples.of(species)).sum()), len(samples.of(species)))
        for species in [LIVE, *samples.attack_species()]
    }


# --- thresholds ---


class Eer(NamedTuple):
    threshold: float
    far: float  # share of all attacks with score >= threshold; what the released code prints
    frr: float  # share of the live samples with score < threshold

    @property
    def value(self):
        return (self.far + self.frr) / 2


def eer(dev):
    """Equal error rate point on the development set, as both papers and CDCN take it: the sample's
    own score that minimises |TPR + FPR - 1|, not interpolated, the highest of several. Their
    roc_curve call leaves out scores between its curve's corners; here all are tried."""
    live, attack = dev.responses(LIVE), dev.responses()
    if not len(live) or not len(attack):
        raise ValueError("an EER needs live samples and attacks with scores")
    own = np.union1d(live, attack)[::-1]
    accepted_live = len(live) - np.searchsorted(live, own)
    accepted_attacks = len(attack) - np.searchsorted(attack, own)
    # |TPR + FPR - 1| times both counts, so that equal values are equal
    off = np.abs(
        accepted_live * len(attack) + accepted_attacks * len(live) - len(live) * len(attack)
    )
    best = int(np.argmin(off))
    return Eer(
        float(own[best]), accepted_attacks[best] / len(attack), 1 - accepted_live[best] / len(live)
    )


class OperatingPoint(NamedTuple):
    threshold: float
    bpcer: Rate


def bpcer_at_apcer(samples, limit):
    """BPCER at the lowest threshold, an own score or just above all, at which no species' APCER
    passes limit (ISO/IEC 30107-3: BPCER20 for 5 %). A score on the threshold is live, as the
    engine decides. Unknown, (NaN, 0 of 0), without attacks or if a species has no response."""
    species = [samples.responses(name) for name in samples.attack_species()]
    if not species or not all(map(len, species)):
        return OperatingPoint(nan, Rate(0, 0))
    own = np.union1d(samples.responses(LIVE), samples.responses())
    own = np.append(own, np.nextafter(own[-1], inf))
    worst = np.max(
        [(len(scores) - np.searchsorted(scores, own)) / len(scores) for scores in species], 0
    )
    threshold = float(own[np.argmax(worst <= limit)])
    return OperatingPoint(threshold, bpcer(samples, threshold, ENGINE))


def auc(samples, *species):
    """P(live score > attack score) + P(equal) / 2 over all pairs (Mann-Whitney), against these
    species or all attacks; NaN without a pair"""
    live, attack = samples.responses(LIVE), samples.responses(*species)
    if not len(live) or not len(attack):
        return nan
    below = np.searchsorted(attack, live, "left") + np.searchsorted(attack, live, "right")
    return int(below.sum()) / (2 * len(live) * len(attack))


# --- the report ---


@dataclass(frozen=True)
class Report:
    threshold: float
    convention: Convention
    bpcer: Rate
    species: dict  # {species: APCER_k}, worst first
    apcer: Rate  # the largest, pooled: of all attacks; unknown if a species has no response
    far: Rate
    auc: float
    species_auc: dict  # {species: AUC}
    non_response: dict  # {LIVE or species: Rate}
    at_apcer: dict  # {limit: OperatingPoint on these samples themselves}
    samples: int
    clips: int
    unscored: int  # of those clips

    @property
    def acer(self):
        return (self.apcer.value + self.bpcer.value) / 2

    @property
    def hter(self):
        return (self.far.value + self.bpcer.value) / 2

    @property
    def errors(self):
        """{name: 0..1}"""
        return {
            "APCER": self.apcer.value,
            "BPCER": self.bpcer.value,
            "ACER": self.acer,
            "HTER": self.hter,
        }


def evaluate(samples, threshold, convention=PAPERS):
    """All figures at a threshold chosen elsewhere, e.g. eer(dev).threshold."""
    if isnan(threshold):
        raise ValueError("the threshold is not a number")
    rates = apcers(samples, threshold, convention)
    species = {name: rates[name] for name in worst_first(rates)}
    far = attack_rate(samples, threshold, convention)
    largest = next(iter(species.values()), Rate(0, 0))
    return Report(
        threshold,
        convention,
        bpcer(samples, threshold, convention),
        species,
        far if convention.pooled else largest,
        far,
        auc(samples),
        {name: auc(samples, name) for name in species},
        non_response(samples),
        {limit: bpcer_at_apcer(samples, limit) for limit in APCER_LIMITS},
        len(samples),
        int(samples.clips.sum()),
        int(samples.unscored.sum()),
    )


def percent(value):
    return "unknown" if isnan(value) else f"{100 * value:.2f} %"


def with_bound(rate):
    return f"{percent(rate.value)} ({rate.errors}/{rate.total}, <= {percent(rate.at_worst)})"


def aligned(rows):
    """Lines of texts with aligned columns"""
    widths = [max(map(len, column)) for column in zip(*rows)]
    return [
        "  ".join([row[0].ljust(widths[0]), *map(str.rjust, row[1:], widths[1:])]) for row in rows
    ]


def table(report):
    """Text, a line a species, worst first, and live last; all counts, exact 95 % bounds."""
    rows = [
        (
            "species",
            "samples",
            "no response",
            "errors",
            "rate",
            "95 % two-sided",
            "one-sided",
            "AUC",
        )
    ]
    for name, rate in [*report.species.items(), (LIVE, report.bpcer)]:
        none = report.non_response[name]
        low, high = rate.bounds()
        area = report.auc if name == LIVE else report.species_auc[name]
        rows.append(
            (
                name,
                f"{none.total}",
                f"{none.errors}",
                f"{rate.errors}/{rate.total}",
                percent(rate.value),
                f"{percent(low)} .. {percent(high)}",
                f"<= {percent(rate.at_worst)}",
                "unknown" if isnan(area) else f"{area:.4f}",
            )
        )
    lines = aligned(rows)

    worst = next(iter(report.species), "no attacks")
    none = {name: rate for name, rate in report.non_response.items() if name != LIVE}
    most = max(none, key=lambda name: badness(none[name]), default="no attacks")
    lines += [
        "",
        f"threshold {report.threshold!r}, convention {report.convention.name}; bounds one-sided",
        f"APCER  {with_bound(report.apcer)}, "
        f"{'all attacks pooled' if report.convention.pooled else worst}",
        f"BPCER  {with_bound(report.bpcer)}",
        f"ACER   {percent(report.acer)}   HTER {percent(report.hter)}",
        f"APNRR  {with_bound(none.get(most, Rate(0, 0)))}, {most}",
        f"BPNRR  {with_bound(report.non_response[LIVE])}",
    ]
    lines += [
        f"BPCER at APCER {100 * limit:g} %  {with_bound(point.bpcer)}, "
        f"threshold {point.threshold!r}"
        for limit, point in report.at_apcer.items()
    ]
    lines.append(
        f"{report.samples} samples of {report.clips} clips, {report.unscored} of these "
        "without a score"
    )
    return "\n".join(lines) + "\n"
