"""Checks calibration and thresholds against figures by hand."""

import unittest

import numpy as np

from training.judge import metrics
from training.ship import finish


class Calibration(unittest.TestCase):
    def test_platt(self):
        """Recovers the line that drew the labels, and does not depend on the raw scores' scale."""
        rng = np.random.default_rng(0)
        raw = rng.uniform(-2, 3, 20000)
        live = rng.uniform(size=len(raw)) < 1 / (1 + np.exp(-(2 * raw - 1)))
        scale, bias = finish.platt(raw, live)
        balance = np.log(live.mean() / (1 - live.mean()))
        self.assertAlmostEqual(scale, 2, delta=0.1)
        self.assertAlmostEqual(bias, -1 - balance, delta=0.1)
        small = finish.platt(raw * 1e-3, live)
        self.assertAlmostEqual(small[0] * 1e-3, scale, places=4)

    def test_thresholds(self):
        """By hand. Apart: the band is half of the gap. Mixed: the EER's own score is 0.5 (one of
        five attacks at or above it, one of five live ones below), no attack passes 0.8."""

        def points(live, attacks):
            species = ["live"] * len(live) + ["print"] * len(attacks)
            samples = metrics.Samples(range(len(species)), species, live + attacks)
            found = finish.thresholds(samples)
            return found["live"], found["spoof"]

        self.assertEqual(points([0.75, 0.9], [0.125, 0.25]), (0.75, 0.5))
        self.assertEqual(
            points([0.3, 0.5, 0.8, 0.85, 0.9], [0.1, 0.2, 0.25, 0.375, 0.7]), (0.8, 0.4375)
        )

    def test_species_left_out(self):
        """A mask that looks like a live face sets no threshold any more, but is counted."""
        species = ["live"] * 2 + ["print"] * 2 + ["mask"]
        dev = metrics.Samples(range(5), species, [0.75, 0.9, 0.125, 0.25, 0.95])
        self.assertGreater(finish.thresholds(dev)["live"], 0.95)
        points = finish.thresholds(finish.leaving_out(dev, ["mask"]))
        self.assertEqual((points["live"], points["spoof"]), (0.75, 0.5))
        self.assertEqual(
            finish.summary(dev, points)["at"]["live"]["apcer"], {"mask": [1, 1], "print": [0, 2]}
        )
        self.assertEqual(len(finish.leaving_out(dev, [])), 5)

    def test_unfit(self):
        raw, live = np.array([0.0, 1.0, 2.0, 3.0]), np.array([True, True, False, False])
        with self.assertRaises(finish.Unfit):
            finish.platt(raw, live)
        with self.assertRaises(finish.Unfit):
            finish.platt(raw, np.ones(4, bool))
        with self.assertRaises(finish.Unfit):
            finish.platt(np.ones(4), ~live)


if __name__ == "__main__":
    unittest.main()
