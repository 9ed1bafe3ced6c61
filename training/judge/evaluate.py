"""Error rates of networks on a data set folder: tables, plots and results.json.

    python3 -m training.judge.evaluate DATA FILE... --out DIR
    python3 -m training.judge.evaluate DATA --run full a0.pt a1.pt --run "no RSGB" b0.pt --out DIR

The files of a run are its seeds: checkpoints (.pt), weight files (.safetensors), or what
`node js/cli.mjs score --json` printed (any other name) for the clips of both splits, as files or
folders named by the clips' ids: then DATA needs clips.jsonl only. Thresholds come from the dev
split, all figures from the test split. A row's `video`, if it has one, names what its clip is part
of; scores are averaged per video.

Beside the clip's score stand the depth of the single frames (mean over map and frames) and the
teacher's probability of live (mean of its two), each with a threshold of its own from dev.
"""

import argparse
import json
import re
from math import isnan, nan
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import nn

from training.judge import metrics, plots
from training.judge.metrics import LIVE, Samples, percent
from training.judge.predict import predict
from training.networks.folded import Folded, load
from training.networks.networks import Clip, Config

CONVENTIONS = {each.name: each for each in (metrics.PAPERS, metrics.CDCN, metrics.ENGINE)}
SPLITS = ("dev", "test")
CLIP, SINGLE, TEACHER = "clip", "single frames", "teacher"  # who gives a score
AT_EER = "EER"
HELD_OUT = "held out"
LIMITS = {f"APCER {100 * limit:g} %": limit for limit in metrics.APCER_LIMITS}
COLUMNS = (AT_EER, "APCER", "BPCER", "ACER", "HTER", *(f"BPCER at {name}" for name in LIMITS))


class Split(NamedTuple):
    """n clips and what was said of them; NaN: no score."""

    rows: list  # of clips.jsonl
    scores: dict  # {CLIP, SINGLE, TEACHER: [n]}, those there are
    depth: np.ndarray | None = None  # [n][d][d] fused depth, mean over the pairs


class Judged(NamedTuple):
    """Who gave the scores, over one group of clips."""

    reports: dict  # {AT_EER or a name of LIMITS, the dev thresholds: metrics.Report}
    eer: float  # of these clips themselves; NaN without live or without attacks


class Evaluation(NamedTuple):
    """Of one file."""

    file: str
    test: Split
    whole: dict  # {CLIP, SINGLE, TEACHER: Judged}, all test clips
    groups: dict  # {(factor, value): the same of these clips}


# --- weight files ---

class Trunks(Folded):
    """Keeps the single depth maps of the frames it has run."""

    def trunk(self, image):
        answer = super().trunk(image)
        self.single.append(answer[0])
        return answer


class Exported(nn.Module):
    """A weight file as predict() takes a network; clip after clip, in float32."""

    def __init__(self, path):
        super().__init__()
        tensors, metadata = load(path)
        self.config = Config.from_metadata(metadata)
        self.folded = Trunks(tensors, metadata, torch.float32)
        self.nothing = nn.Parameter(torch.zeros(0))  # says on which device it is

    def calibrated(self, score):
        return score  # Folded has done it

    def forward(self, images):
        """[b][frames][3][s][s] -> Clip without multi; raw is calibrated"""
        single, answers = [], []
        for clip in images:
            self.folded.single = []
            answers.append(self.folded.run(clip))
            single.append(torch.stack(self.folded.single))
        return Clip(torch.stack(single), None,
                    *(torch.stack([each[name] for each in answers])
                      for name in ("fused", "logits")),
                    torch.cat([each["score"] for each in answers]))


# --- scores ---

def read_lines(folder):
    """clips.jsonl, in the order of clips.npy. Of a folder of score files it is all there is."""
    lines = (Path(folder) / "clips.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines if line.strip()]


def read_rows(folder):
    """{"dev": rows, "test": rows} of clips.jsonl"""
    rows = read_lines(folder)
    ids = {row["id"] for row in rows}
    if len(ids) != len(rows):
        raise ValueError(f"{folder}: {len(rows)} clips have {len(ids)} ids")
    return {split: [row for row in rows if row["split"] == split] for split in SPLITS}


def teacher_scores(rows):
    return np.array([np.mean(row.get("teacher") or nan) for row in rows], dtype=float)


def make_split(rows, scores, single=None, depth=None):
    """scores [n]; single [n], or with further axes to take the mean over; depth [n][P][d][d]"""
    found = {CLIP: np.array(scores, dtype=float)}
    if single is not None:
        found[SINGLE] = np.asarray(single, dtype=float).reshape(len(rows), -1).mean(1)
    teacher = teacher_scores(rows)
    if not np.isnan(teacher).all():
        found[TEACHER] = teacher
    return Split(rows, found, None if depth is None else np.asarray(depth).mean(1))


def clip_id(printed, ids):
    """The id that a clip's path ends in, with or without the file's suffix"""
    name = Path(printed).name
    return next((each for each in (name, re.sub(r"\.(y4m\.gz|[^.]+)$", "", name)) if each in ids),
                printed)


def read_score_file(path, rows):
    """{"dev": Split, "test": Split}. A line of a clip that is in neither is an error."""
    lines = Path(path).read_text(encoding="utf-8").splitlines()
    every = [row for split in SPLITS for row in rows[split]]
    ids = {row["id"] for row in every}
    printed = {}  # {id: path}
    for line in lines:
        try:
            clip = json.loads(line)["clip"]
            printed[clip_id(clip, ids)] = clip
        except (ValueError, KeyError, TypeError):
            continue  # read_scores says what is wrong with it
    labels = {printed.get(row["id"], row["id"]): (row["id"], row["species"]) for row in every}
    scores = metrics.read_scores(lines, labels).scores
    return {"dev": make_split(rows["dev"], scores[:len(rows["dev"])]),
            "test": make_split(rows["test"], scores[len(rows["dev"]):])}


def read_file(path, folder, **options):
    """{"dev": Split, "test": Split} of a checkpoint, weight file or score file"""
    suffix = Path(path).suffix
    if suffix not in (".pt", ".safetensors"):
        return read_score_file(path, read_rows(folder))
    network = Exported(path) if suffix == ".safetensors" else path
    answers = {split: predict(network, folder, split, **options) for split in SPLITS}
    return {split: make_split(each.records, each.scores, each.single, each.depth)
            for split, each in answers.items()}


# --- figures ---

def samples(rows, scores):
    """One sample a video"""
    return metrics.per_video(Samples([row.get("video", row["id"]) for row in rows],
                                     [row["species"] for row in rows], scores))


def thresholds(dev):
    """{AT_EER or a name of LIMITS: threshold} of dev samples"""
    return {AT_EER: metrics.eer(dev).threshold,
            **{name: metrics.bpcer_at_apcer(dev, limit).threshold
               for name, limit in LIMITS.items()}}


def judge(test, at, convention):
    """at: thresholds() of dev"""
    both = len(test.responses(LIVE)) and len(test.responses())
    return Judged({name: metrics.evaluate(test, threshold, convention)
                   for name, threshold in at.items()},
                  metrics.eer(test).value if both else nan)


def figures(judged):
    """{name: 0..1}: AUC over all attacks and by species, the test's own EER and BPCER at APCER,
    and the errors at each dev threshold, named plainly at that of the dev EER"""
    report = judged.reports[AT_EER]
    values = {"AUC all": report.auc,
              **{f"AUC {name}": report.species_auc[name] for name in sorted(report.species_auc)},
              AT_EER: judged.eer,
              "APCER": report.apcer.value, "BPCER": report.bpcer.value, "ACER": report.acer,
              "HTER": report.hter,
              **{f"BPCER at {name}": report.at_apcer[limit].bpcer.value
                 for name, limit in LIMITS.items()}}
    for name in LIMITS:
        at = judged.reports[name]
        values |= {f"{figure} at dev {name}": value for figure, value in (
            ("APCER", at.apcer.value), ("BPCER", at.bpcer.value), ("ACER", at.acer),
            ("HTER", at.hter))}
    return values


def spread(seeds):
    """Several seeds' {name: value} -> {name: {mean, sd, min, max}}; sd is that of a sample, 0 of
    one. Figures that a seed lacks are left out."""
    names = [name for name in seeds[0] if all(name in seed for seed in seeds)]
    result = {}
    for name in names:
        values = np.array([seed[name] for seed in seeds], dtype=float)
        sd = values.std(ddof=1) if len(values) > 1 else 0.0
        result[name] = {"mean": float(values.mean()), "sd": float(sd),
                        "min": float(values.min()), "max": float(values.max())}
    return result


# --- groups ---

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
        found = {(HELD_OUT, "none"): [not own for own in unseen],
                 **{(HELD_OUT, factor): [factor in own for own in unseen]
                    for factor in sorted(every)},
                 (HELD_OUT, "all"): [own >= need for own, need in zip(unseen, needed)]}
    families = [row.get("families", {}) | {"source": row.get("source")} for row in rows]
    for factor in sorted(set().union(*families)):
        values = {own.get(factor) for own in families} - {None}
        found |= {(factor, value): [own.get(factor) == value for own in families]
                  for value in sorted(values)}
    return {name: with_live(rows, np.array(chosen, dtype=bool))
            for name, chosen in found.items() if any(chosen)}


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
            at[who] = thresholds(own)
            # Of a species that nobody answered for: no threshold can promise its APCER.
            at[who] = {name: value for name, value in at[who].items() if not isnan(value)}
    if CLIP not in at or len(at[CLIP]) != 1 + len(LIMITS):
        raise ValueError(f"{file}: a species of the dev split has no score at all")

    def judged(chosen):
        rows = [row for row, own in zip(test.rows, chosen) if own]
        return {who: judge(samples(rows, test.scores[who][chosen]), own, convention)
                for who, own in at.items() if len(own) == 1 + len(LIMITS)}

    return Evaluation(file, test, judged(np.ones(len(test.rows), dtype=bool)),
                      {name: judged(chosen) for name, chosen in groups(test.rows).items()})


# --- failures ---

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
    return ([int(i) for i in order[::-1] if accepts[i]][:count],
            [int(i) for i in order if rejects[i]][:count])


# --- tables ---

def grid(rows, markdown=False):
    """Text with aligned columns, or a markdown table; the first row is the head."""
    if markdown:
        lines = ["| " + " | ".join(str(cell).replace("|", "\\|") for cell in row) + " |"
                 for row in rows]
        return "\n".join([lines[0], "|---" + "|---:" * (len(rows[0]) - 1) + "|", *lines[1:]]) + "\n"
    widths = [max(map(len, column)) for column in zip(*rows)]
    return "\n".join("  ".join([row[0].ljust(widths[0]), *map(str.rjust, row[1:], widths[1:])])
                     for row in rows) + "\n"


def cell(name, seeds, deviation=False):
    """A figure over the seeds: mean (min .. max), or mean +- deviation; one value of one seed"""
    if any(name not in seed for seed in seeds):
        return "-"
    over = spread(seeds)[name]
    if isnan(over["mean"]):
        return "unknown"
    if name.startswith("AUC"):
        text = {key: f"{value:.4f}" for key, value in over.items()}
    else:
        text = {key: f"{100 * value:.2f}" for key, value in over.items()}
    unit = "" if name.startswith("AUC") else " %"
    if len(seeds) == 1:
        return text["mean"] + unit
    if deviation:
        return f"{text['mean']} +- {text['sd']}{unit}"
    return f"{text['mean']} ({text['min']} .. {text['max']}){unit}"


def short(name):
    """A column's head: BPCER at APCER 1 % as BPCER @ 1 %"""
    return name.replace("at APCER", "@")


def seeds_of(evaluations, who, group=None):
    """Figures of each file that has them"""
    judged = [each.whole if group is None else each.groups[group] for each in evaluations]
    return [figures(each[who]) for each in judged if who in each]


def ablation_table(runs, markdown=False):
    """Rows: runs {name: [Evaluation]}, the single frames of each, the teacher. Figures of the
    papers' tables: AUC, the test's own EER, and errors at the threshold of the dev EER"""
    first = next(iter(runs.values()))
    rows = {}
    for name, evaluations in runs.items():
        rows[name] = seeds_of(evaluations, CLIP)
        rows[f"{name}: {SINGLE}"] = seeds_of(evaluations, SINGLE)
    rows[TEACHER] = seeds_of(first[:1], TEACHER)
    species = first[0].whole[CLIP].reports[AT_EER].species
    names = [*(f"AUC {each}" for each in species), "AUC all", *COLUMNS]
    return grid([("run", "seeds", *map(short, names)),
                 *((name, f"{len(seeds)}", *(cell(each, seeds, deviation=True) for each in names))
                   for name, seeds in rows.items() if seeds)], markdown)


def points_table(evaluations, markdown=False):
    """At each dev threshold: the worst species, and live; the largest one-sided 95 % bounds of all
    seeds"""
    rows = [("threshold of dev", "at", "APCER", "95 % <=", "worst species", "BPCER", "95 % <=",
             "ACER", "HTER")]
    for name in (AT_EER, *LIMITS):
        reports = [each.whole[CLIP].reports[name] for each in evaluations]
        seeds = [{"APCER": each.apcer.value, "BPCER": each.bpcer.value, "ACER": each.acer,
                  "HTER": each.hter} for each in reports]
        worst = sorted({next(iter(each.species)) for each in reports})
        rows.append((name, " ".join(f"{each.threshold:.4f}" for each in reports),
                     cell("APCER", seeds), percent(max(each.apcer.at_worst for each in reports)),
                     " ".join(worst), cell("BPCER", seeds),
                     percent(max(each.bpcer.at_worst for each in reports)),
                     cell("ACER", seeds), cell("HTER", seeds)))
    return grid(rows, markdown)


def species_table(evaluations, markdown=False):
    """At the dev EER, worst species first, live last; exact two-sided 95 % bounds, the widest of
    all seeds; AUC beside that of the single frames and of the teacher"""
    reports = [each.whole[CLIP].reports[AT_EER] for each in evaluations]
    mean = {name: np.mean([each.species[name].value for each in reports])
            for name in reports[0].species}
    rows = [("species", "samples", "no response", "taken wrongly", "95 %", "AUC",
             f"AUC {SINGLE}", f"AUC {TEACHER}")]
    for name in [*sorted(mean, key=mean.get, reverse=True), LIVE]:
        rates = [each.bpcer if name == LIVE else each.species[name] for each in reports]
        none = [each.non_response[name] for each in reports]
        bounds = [rate.bounds() for rate in rates]
        figure = "AUC all" if name == LIVE else f"AUC {name}"
        areas = [seeds_of(evaluations, who) for who in (CLIP, SINGLE, TEACHER)]
        rows.append((name, f"{none[0].total}", " ".join(f"{each.errors}" for each in none),
                     cell("rate", [{"rate": rate.value} for rate in rates]),
                     f"{percent(min(low for low, _ in bounds))} .. "
                     f"{percent(max(high for _, high in bounds))}",
                     *(cell(figure, seeds[:1] if who == TEACHER else seeds) if seeds else "-"
                       for who, seeds in zip((CLIP, SINGLE, TEACHER), areas))))
    return grid(rows, markdown)


def groups_table(evaluations, markdown=False):
    """By what is held out and by family, within each the lowest AUC first; thresholds of the whole
    dev split. "<=": largest one-sided 95 % bounds of all seeds; no response: clips of the first"""
    rows = []
    for group in evaluations[0].groups:
        reports = [each.groups[group][CLIP].reports[AT_EER] for each in evaluations]
        counts = reports[0].non_response
        total = sum(rate.total for rate in counts.values())
        seeds = seeds_of(evaluations, CLIP, group)
        others = [seeds_of(evaluations[:n], who, group)
                  for who, n in ((SINGLE, None), (TEACHER, 1))]
        row = (f"{group[0]}: {group[1]}", f"{counts[LIVE].total}", f"{total - counts[LIVE].total}",
               f"{sum(rate.errors for rate in counts.values())}",
               cell("AUC all", seeds), *(cell("AUC all", own) if own else "-" for own in others),
               cell(AT_EER, seeds),
               cell("APCER", seeds), percent(max(each.apcer.at_worst for each in reports)),
               cell("BPCER", seeds), percent(max(each.bpcer.at_worst for each in reports)),
               *(cell(name, seeds) for name in COLUMNS[3:]))
        area = spread(seeds)["AUC all"]["mean"]
        rows.append((group[0] != HELD_OUT, group[0], 2 if isnan(area) else area, row))
    rows.sort(key=lambda entry: entry[:3])
    return grid([("clips", "live", "attacks", "no response", "AUC", f"AUC {SINGLE}",
                  f"AUC {TEACHER}", AT_EER, "APCER", "<=", "BPCER", "<=",
                  *map(short, COLUMNS[3:])),
                 *(row for *_, row in rows)], markdown)


def failures_table(evaluation, count, markdown=False):
    rows = [("failure", "clip", "score", "species", "families", "unseen")]
    for what, found in zip(("false accept", "false reject"), failures(evaluation, count)):
        for i in found:
            row = evaluation.test.rows[i]
            families = [f"{value}" for value in row.get("families", {}).values() if value]
            rows.append((what, row["id"], f"{evaluation.test.scores[CLIP][i]:.4f}", row["species"],
                         ", ".join(families), ", ".join(row.get("held_out", ()))))
    return grid(rows, markdown)


def report_text(runs, markdown=False, count=12):
    """All tables of the runs {name: [Evaluation]}"""
    def heading(text, level=2):
        return f"{'#' * level} {text}\n" if markdown else f"{'=' if level == 2 else '-'} {text}\n"

    parts = []
    for name, evaluations in runs.items():
        parts += [heading(f"{name}: {', '.join(Path(each.file).name for each in evaluations)}")]
        if not markdown:
            for each in evaluations if len(evaluations) > 1 else ():
                parts += [heading(f"{each.file}, at the dev EER", 3),
                          metrics.table(each.whole[CLIP].reports[AT_EER])]
            if len(evaluations) == 1:
                parts += [heading("At the dev EER", 3),
                          metrics.table(evaluations[0].whole[CLIP].reports[AT_EER])]
        parts += [heading("By species", 3), species_table(evaluations, markdown),
                  heading("At the dev thresholds", 3), points_table(evaluations, markdown)]
        if evaluations[0].groups:
            parts += [heading("By what training has not seen, and by family", 3),
                      groups_table(evaluations, markdown)]
        parts += [heading(f"Worst failures, {Path(evaluations[0].file).name}", 3),
                  failures_table(evaluations[0], count, markdown)]
    parts += [heading("All runs"), ablation_table(runs, markdown)]
    return "\n".join(parts)


# --- results.json ---

def rate_json(rate):
    low, high = rate.bounds()
    return {"errors": rate.errors, "total": rate.total, "value": rate.value, "low": low,
            "high": high, "at_worst": rate.at_worst}


def report_json(report):
    return {"threshold": report.threshold, "apcer": rate_json(report.apcer),
            "bpcer": rate_json(report.bpcer), "acer": report.acer, "hter": report.hter,
            "species": {name: rate_json(rate) for name, rate in report.species.items()}}


def judged_json(judged):
    report = judged.reports[AT_EER]
    return {"figures": figures(judged), "samples": report.samples, "clips": report.clips,
            "unscored": report.unscored,
            "non_response": {name: rate_json(rate) for name, rate in report.non_response.items()},
            "bpcer_at_apcer": {name: {"threshold": report.at_apcer[limit].threshold,
                                      "bpcer": rate_json(report.at_apcer[limit].bpcer)}
                               for name, limit in LIMITS.items()},
            "at_dev": {name: report_json(each) for name, each in judged.reports.items()}}


def without_nan(value):
    """JSON has no NaN and no infinity: null"""
    if isinstance(value, dict):
        return {key: without_nan(each) for key, each in value.items()}
    if isinstance(value, list):
        return [without_nan(each) for each in value]
    return None if isinstance(value, float) and not np.isfinite(value) else value


def results(runs, data, convention):
    """For results.json; rates and AUC are 0..1, null where unknown. data: of the data set's info"""
    def grouped(each):
        nested = {}
        for (factor, value), judged in each.groups.items():
            at_eer = judged[CLIP].reports[AT_EER]
            nested.setdefault(factor, {})[value] = {
                **{who: figures(own) for who, own in judged.items()},
                "apcer": rate_json(at_eer.apcer), "bpcer": rate_json(at_eer.bpcer),
                "non_response": {name: [rate.errors, rate.total]
                                 for name, rate in at_eer.non_response.items()}}
        return nested

    return without_nan({
        "format": "livedepth-results", "version": 1, "data": data, "convention": convention.name,
        "runs": {name: {
            "summary": {who: spread(seeds) for who in (CLIP, SINGLE, TEACHER)
                        if (seeds := seeds_of(evaluations, who))},
            "seeds": [{"file": Path(each.file).name,
                       "whole": {who: judged_json(own) for who, own in each.whole.items()},
                       "groups": grouped(each)} for each in evaluations]}
            for name, evaluations in runs.items()}})


# --- plots ---

class Pictures:
    """Clips of a data set folder by id."""

    def __init__(self, folder):
        self.line = {row["id"]: i for i, row in enumerate(read_lines(folder))}
        self.clips = np.load(Path(folder) / "clips.npy", mmap_mode="r")

    def middle(self, clip):
        """The middle frame, [s][s][3] uint8"""
        frames = self.clips[self.line[clip]]
        return frames[len(frames) // 2]


def draw(evaluation, folder, out, count=12):
    """DET curve and histograms, and from clips.npy, if it is there, sheets of the highest scores,
    of random clips, and of the worst failures. Returns the paths."""
    out = Path(out)
    out.mkdir(parents=True, exist_ok=True)
    test, reports = evaluation.test, evaluation.whole[CLIP].reports
    every = samples(test.rows, test.scores[CLIP])
    at = {name: report.threshold for name, report in reports.items()}
    plots.det(out / "det.png", every, at)
    plots.histograms(out / "histograms.png", every, at)
    written = [out / "det.png", out / "histograms.png"]
    if not (Path(folder) / "clips.npy").is_file():
        return written
    pictures = Pictures(folder)

    def tile(i, name=False):
        row, score = test.rows[i], test.scores[CLIP][i]
        caption = f"{score:.3f}" + (f" {row['species']}\n{row['id'][-26:]}" if name else "")
        return plots.Tile(pictures.middle(row["id"]),
                          None if test.depth is None else test.depth[i], caption)

    def sheet(name, title, rows):
        plots.sheet(out / name, title, rows)
        written.append(out / name)

    rng = np.random.default_rng(0)
    highest, drawn = {}, {}
    for species in [LIVE, *every.attack_species()]:
        own = [i for i, row in enumerate(test.rows)
               if row["species"] == species and not isnan(test.scores[CLIP][i])]
        best = sorted(own, key=lambda i: -test.scores[CLIP][i])[:6]
        highest[f"{species}, highest scores"] = [tile(i) for i in best]
        some = rng.permutation(own)[:6].astype(int).tolist()
        drawn[f"{species}, random"] = [tile(i) for i in some]
    threshold = f"live from {at[AT_EER]:.3f} (dev EER)"
    sheet("depth-highest.png", f"Frame and fused depth, score; {threshold}", highest)
    sheet("depth-random.png", f"Frame and fused depth, score; {threshold}", drawn)
    rows = {}
    for what, found in zip(("false accepts", "false rejects"), failures(evaluation, count)):
        for start in range(0, len(found), 6):
            rows[f"{what}, {start + 1} .. {start + len(found[start:start + 6])}"] = [
                tile(i, name=True) for i in found[start:start + 6]]
    if rows:
        sheet("failures.png", f"Worst failures first; {threshold}", rows)
    return written


# --- the command ---

def parse(arguments):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", help="data set folder, with splits dev and test")
    parser.add_argument("files", nargs="*", help="seeds of one run; or --run")
    parser.add_argument("--run", nargs="+", action="append", default=[], metavar=("NAME", "FILE"),
                        help="a named run and its seeds; again for each run")
    parser.add_argument("--out", help="folder for results.json, report.md and plots")
    parser.add_argument("--convention", choices=CONVENTIONS, default="papers")
    parser.add_argument("--markdown", action="store_true", help="print markdown")
    parser.add_argument("--failures", type=int, default=12, help="so many of each kind")
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--limit", type=int, help="clips a split, for a trial")
    options = parser.parse_args(arguments)
    options.runs = {name: files for name, *files in options.run}
    if options.files:
        options.runs = {Path(options.files[0]).stem: options.files} | options.runs
    if not options.runs or not all(options.runs.values()):
        parser.error("a run needs a file")
    if len(options.runs) != len(options.run) + bool(options.files):
        parser.error("two runs have one name")
    return options


def main(arguments=None):
    options = parse(arguments)
    convention = CONVENTIONS[options.convention]
    runs = {name: [evaluate(file, read_file(file, options.data, batch=options.batch,
                                            limit=options.limit), convention) for file in files]
            for name, files in options.runs.items()}
    print(report_text(runs, options.markdown, options.failures), end="")
    if not options.out:
        return
    out = Path(options.out)
    out.mkdir(parents=True, exist_ok=True)
    info = Path(options.data) / "info.json"
    info = json.loads(info.read_text(encoding="utf-8")) if info.is_file() else {}
    data = {key: info.get(key) for key in ("sha256", "seed", "commit")}
    text = json.dumps(results(runs, data, convention), indent=1, allow_nan=False)
    (out / "results.json").write_text(text + "\n", encoding="utf-8")
    (out / "report.md").write_text(report_text(runs, True, options.failures), encoding="utf-8")
    for name, evaluations in runs.items():
        folder = out / re.sub(r"[^\w.-]+", "-", name)
        draw(evaluations[0], options.data, folder, options.failures)


if __name__ == "__main__":
    main()
