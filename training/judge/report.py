"""Tables of evaluations, as text and as Markdown."""

from math import isnan
from pathlib import Path

import numpy as np

from training.judge import metrics
from training.judge.figures import AT_EER, HELD_OUT, LIMITS, failures, figures, spread
from training.judge.metrics import LIVE, percent
from training.judge.scores import CLIP, SINGLE, TEACHER

COLUMNS = (AT_EER, "APCER", "BPCER", "ACER", "HTER", *(f"BPCER at {name}" for name in LIMITS))


def grid(rows, markdown=False):
    """Text with aligned columns, or a markdown table; the first row is the head."""
    if markdown:
        lines = [
            "| " + " | ".join(str(cell).replace("|", "\\|") for cell in row) + " |" for row in rows
        ]
        return "\n".join([lines[0], "|---" + "|---:" * (len(rows[0]) - 1) + "|", *lines[1:]]) + "\n"
    return "\n".join(metrics.aligned(rows)) + "\n"


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
    return grid(
        [
            ("run", "seeds", *map(short, names)),
            *(
                (name, f"{len(seeds)}", *(cell(each, seeds, deviation=True) for each in names))
                for name, seeds in rows.items()
                if seeds
            ),
        ],
        markdown,
    )


def points_table(evaluations, markdown=False):
    """At each dev threshold: the worst species, and live; the largest one-sided 95 % bounds of all
    seeds"""
    rows = [
        (
            "threshold of dev",
            "at",
            "APCER",
            "95 % <=",
            "worst species",
            "BPCER",
            "95 % <=",
            "ACER",
            "HTER",
        )
    ]
    for name in (AT_EER, *LIMITS):
        reports = [each.whole[CLIP].reports[name] for each in evaluations]
        seeds = [each.errors for each in reports]
        worst = sorted({next(iter(each.species)) for each in reports})
        rows.append(
            (
                name,
                " ".join(f"{each.threshold:.4f}" for each in reports),
                cell("APCER", seeds),
                percent(max(each.apcer.at_worst for each in reports)),
                " ".join(worst),
                cell("BPCER", seeds),
                percent(max(each.bpcer.at_worst for each in reports)),
                cell("ACER", seeds),
                cell("HTER", seeds),
            )
        )
    return grid(rows, markdown)


def species_table(evaluations, markdown=False):
    """At the dev EER, worst species first, live last; exact two-sided 95 % bounds, the widest of
    all seeds; AUC beside that of the single frames and of the teacher"""
    reports = [each.whole[CLIP].reports[AT_EER] for each in evaluations]
    mean = {
        name: np.mean([each.species[name].value for each in reports]) for name in reports[0].species
    }
    rows = [
        (
            "species",
            "samples",
            "no response",
            "taken wrongly",
            "95 %",
            "AUC",
            f"AUC {SINGLE}",
            f"AUC {TEACHER}",
        )
    ]
    for name in [*sorted(mean, key=mean.get, reverse=True), LIVE]:
        rates = [each.bpcer if name == LIVE else each.species[name] for each in reports]
        none = [each.non_response[name] for each in reports]
        bounds = [rate.bounds() for rate in rates]
        figure = "AUC all" if name == LIVE else f"AUC {name}"
        areas = [seeds_of(evaluations, who) for who in (CLIP, SINGLE, TEACHER)]
        rows.append(
            (
                name,
                f"{none[0].total}",
                " ".join(f"{each.errors}" for each in none),
                cell("rate", [{"rate": rate.value} for rate in rates]),
                f"{percent(min(low for low, _ in bounds))} .. "
                f"{percent(max(high for _, high in bounds))}",
                *(
                    cell(figure, seeds[:1] if who == TEACHER else seeds) if seeds else "-"
                    for who, seeds in zip((CLIP, SINGLE, TEACHER), areas)
                ),
            )
        )
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
        others = [
            seeds_of(evaluations[:n], who, group) for who, n in ((SINGLE, None), (TEACHER, 1))
        ]
        row = (
            f"{group[0]}: {group[1]}",
            f"{counts[LIVE].total}",
            f"{total - counts[LIVE].total}",
            f"{sum(rate.errors for rate in counts.values())}",
            cell("AUC all", seeds),
            *(cell("AUC all", own) if own else "-" for own in others),
            cell(AT_EER, seeds),
            cell("APCER", seeds),
            percent(max(each.apcer.at_worst for each in reports)),
            cell("BPCER", seeds),
            percent(max(each.bpcer.at_worst for each in reports)),
            *(cell(name, seeds) for name in COLUMNS[3:]),
        )
        area = spread(seeds)["AUC all"]["mean"]
        rows.append((group[0] != HELD_OUT, group[0], 2 if isnan(area) else area, row))
    rows.sort(key=lambda entry: entry[:3])
    return grid(
        [
            (
                "clips",
                "live",
                "attacks",
                "no response",
                "AUC",
                f"AUC {SINGLE}",
                f"AUC {TEACHER}",
                AT_EER,
                "APCER",
                "<=",
                "BPCER",
                "<=",
                *map(short, COLUMNS[3:]),
            ),
            *(row for *_, row in rows),
        ],
        markdown,
    )


def failures_table(evaluation, count, markdown=False):
    rows = [("failure", "clip", "score", "species", "families", "unseen")]
    for what, found in zip(("false accept", "false reject"), failures(evaluation, count)):
        for i in found:
            row = evaluation.test.rows[i]
            families = [f"{value}" for value in row.get("families", {}).values() if value]
            rows.append(
                (
                    what,
                    row["id"],
                    f"{evaluation.test.scores[CLIP][i]:.4f}",
                    row["species"],
                    ", ".join(families),
                    ", ".join(row.get("held_out", ())),
                )
            )
    return grid(rows, markdown)


def report_text(runs, markdown=False, count=12):
    """All tables of the runs {name: [Evaluation]}"""

    def heading(text, level=2):
        return f"{'#' * level} {text}\n" if markdown else f"{'=' if level == 2 else '-'} {text}\n"

    parts = []
    for name, evaluations in runs.items():
        parts += [heading(f"{name}: {', '.join(Path(each.file).name for each in evaluations)}")]
        if not markdown:
            for each in evaluations:
                alone = len(evaluations) == 1
                parts += [
                    heading("At the dev EER" if alone else f"{each.file}, at the dev EER", 3),
                    metrics.table(each.whole[CLIP].reports[AT_EER]),
                ]
        parts += [
            heading("By species", 3),
            species_table(evaluations, markdown),
            heading("At the dev thresholds", 3),
            points_table(evaluations, markdown),
        ]
        if evaluations[0].groups:
            parts += [
                heading("By what training has not seen, and by family", 3),
                groups_table(evaluations, markdown),
            ]
        parts += [
            heading(f"Worst failures, {Path(evaluations[0].file).name}", 3),
            failures_table(evaluations[0], count, markdown),
        ]
    parts += [heading("All runs"), ablation_table(runs, markdown)]
    return "\n".join(parts)
