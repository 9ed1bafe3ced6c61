"""The scorer of FAS-SGTD's released code, number for number (clks-wzz/FAS-SGTD,
util/performances.py): for tables that are compared with the paper's.

It differs from metrics.eer() and metrics.PAPERS in two things. Its thresholds come from
scikit-learn's roc_curve, which leaves out points between the corners of the curve, so that its EER
point can be another sample's score. A video without a score counts as 0.
"""

from typing import NamedTuple

import numpy as np
from sklearn.metrics import roc_curve

from training.judge.metrics import LIVE


class Performances(NamedTuple):
    """In percent."""

    apcer: dict  # {species: APCER}
    worst: float  # the largest of them
    bpcer: float
    acer: float
    threshold: float


def eer_point(samples):
    """(false accepts, 0..1, at the EER point; its threshold)"""
    scores, live = scores_of(samples)
    false_accepts, true_accepts, thresholds = roc_curve(live, scores, pos_label=True)
    best = np.argmin(np.abs(true_accepts + false_accepts - 1.0))
    return float(false_accepts[best]), float(thresholds[best])


def scores_of(samples):
    scores = np.where(np.isfinite(samples.scores), samples.scores, 0.0)
    return scores, samples.species == LIVE


def performances(dev, test):
    """metrics.Samples of videos -> Performances"""
    _, threshold = eer_point(dev)
    scores, live = scores_of(test)
    apcer = {
        species: share(scores[test.species == species] > threshold)
        for species in test.attack_species()
    }
    worst, bpcer = max(apcer.values()), share(scores[live] < threshold)
    return Performances(apcer, worst, bpcer, (worst + bpcer) / 2, threshold)


def share(wrong):
    """In percent, of single precision as there"""
    return float(np.mean(np.array(wrong, np.float32)) * 100)
