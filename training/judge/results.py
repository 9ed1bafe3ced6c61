"""Evaluations as JSON, results.json of a report: rates and AUC are 0..1, null where unknown."""

from pathlib import Path

import numpy as np

from training.judge.figures import AT_EER, LIMITS, figures, spread
from training.judge.report import seeds_of
from training.judge.scores import CLIP, SINGLE, TEACHER


def rate_json(rate):
    low, high = rate.bounds()
    return {
        "errors": rate.errors,
        "total": rate.total,
        "value": rate.value,
        "low": low,
        "high": high,
        "at_worst": rate.at_worst,
    }


def report_json(report):
    return {
        "threshold": report.threshold,
        "apcer": rate_json(report.apcer),
        "bpcer": rate_json(report.bpcer),
        "acer": report.acer,
        "hter": report.hter,
        "species": {name: rate_json(rate) for name, rate in report.species.items()},
    }


def judged_json(judged):
    report = judged.reports[AT_EER]
    return {
        "figures": figures(judged),
        "samples": report.samples,
        "clips": report.clips,
        "unscored": report.unscored,
        "non_response": {name: rate_json(rate) for name, rate in report.non_response.items()},
        "bpcer_at_apcer": {
            name: {
                "threshold": report.at_apcer[limit].threshold,
                "bpcer": rate_json(report.at_apcer[limit].bpcer),
            }
            for name, limit in LIMITS.items()
        },
        "at_dev": {name: report_json(each) for name, each in judged.reports.items()},
    }


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
                "apcer": rate_json(at_eer.apcer),
                "bpcer": rate_json(at_eer.bpcer),
                "non_response": {
                    name: [rate.errors, rate.total] for name, rate in at_eer.non_response.items()
                },
            }
        return nested

    return without_nan(
        {
            "format": "livedepth-results",
            "version": 1,
            "data": data,
            "convention": convention.name,
            "runs": {
                name: {
                    "summary": {
                        who: spread(seeds)
                        for who in (CLIP, SINGLE, TEACHER)
                        if (seeds := seeds_of(evaluations, who))
                    },
                    "seeds": [
                        {
                            "file": Path(each.file).name,
                            "whole": {who: judged_json(own) for who, own in each.whole.items()},
                            "groups": grouped(each),
                        }
                        for each in evaluations
                    ],
                }
                for name, evaluations in runs.items()
            },
        }
    )
