"""Checks the metrics against tables worked out by hand. Run: python3 -m training.tests.suite
(or pytest training)."""

import json
import unittest
from math import comb, inf, isnan, nan, sqrt

import numpy as np

from training.judge import metrics
from training.judge.metrics import CDCN, ENGINE, LIVE, PAPERS, Rate, Samples


def samples(**scores):
    """One video a score: samples(live=[...], print=[...])"""
    species = [name for name, values in scores.items() for _ in values]
    return Samples(
        [f"{name}{i}" for i, name in enumerate(species)],
        species,
        [score for values in scores.values() for score in values],
    )


# The hand-worked table, threshold 0.5. One live sample of 7 and one replay of 5 have no score.
#
#             papers                 cdcn                   engine
#   live      < 0.5: 0.3       1/6   <= 0.5: 0.3 0.5  2/6   < 0.5              1/6
#   print     > 0.5: 0.55      1/4                          >= 0.5: 0.5 0.55   2/4
#   replay    > 0.5: 0.65 0.95 2/4                          >= 0.5: 0.65 0.95  2/4
#   all       1/4 and 2/4      3/8   > 0.5            3/8                      4/8
#   APCER     replay           1/2   pooled           3/8                      1/2
#   ACER      (1/2 + 1/6) / 2  1/3   (3/8 + 1/3) / 2 17/48  (1/2 + 1/6) / 2    1/3
#   HTER      (3/8 + 1/6) / 2 13/48  the same        17/48  (1/2 + 1/6) / 2    1/3
TABLE = samples(
    live=[0.9, 0.8, 0.7, 0.6, 0.5, 0.3, nan],
    print=[0.1, 0.2, 0.5, 0.55],
    replay=[0.05, 0.4, nan, 0.65, 0.95],
)


class Bounds(unittest.TestCase):
    def test_no_errors(self):
        """0 of n: the upper bound p solves (1 - p)^n = alpha."""
        self.assertEqual(f"{Rate(0, 150).at_worst:.2%}", "1.98%")  # 1 - 0.05^(1/150) = 0.019774
        self.assertAlmostEqual(Rate(0, 150).at_worst, 1 - 0.05 ** (1 / 150), places=12)
        self.assertLess(Rate(0, 42).at_worst, 0.069)  # 1 - 0.05^(1/42) = 0.06884
        self.assertGreater(Rate(0, 42).at_worst, 0.068)
        self.assertAlmostEqual(Rate(0, 42).bounds()[1], 1 - 0.025 ** (1 / 42), places=12)
        self.assertEqual(Rate(0, 42).bounds()[0], 0)

    def test_all_errors(self):
        self.assertEqual(Rate(7, 7).bounds()[1], 1)
        self.assertAlmostEqual(Rate(7, 7).bounds()[0], 0.025 ** (1 / 7), places=12)

    def test_one_of_two(self):
        """P(X <= 1) = 1 - p^2 = 0.025 gives the upper bound, by symmetry 1 - p the lower."""
        low, high = Rate(1, 2).bounds()
        self.assertAlmostEqual(high, sqrt(0.975), places=12)
        self.assertAlmostEqual(low, 1 - sqrt(0.975), places=12)
        low, high = Rate(1, 2).bounds(sides=1)
        self.assertAlmostEqual(high, sqrt(0.95), places=12)

    def test_textbook(self):
        """10 of 100, two-sided 95 %: 4.90 .. 17.62 %, as tables of exact intervals have it."""
        self.assertEqual([f"{p:.4f}" for p in Rate(10, 100).bounds()], ["0.0490", "0.1762"])

    def test_definition(self):
        """The tails at the bounds are alpha, summed with whole-number binomials."""
        for errors, total in ((1, 20), (3, 150), (39, 40), (77, 480)):
            low, high = Rate(errors, total).bounds()

            def mass(counts, p):
                return sum(comb(total, i) * p**i * (1 - p) ** (total - i) for i in counts)

            self.assertAlmostEqual(mass(range(errors + 1), high), 0.025, places=9)
            self.assertAlmostEqual(mass(range(errors, total + 1), low), 0.025, places=9)

    def test_many(self):
        """Normal: 0.025 -+ 1.96 sqrt(0.025 * 0.975 / 20000) = 0.025 -+ 0.00216; exact ones are
        skewed."""
        low, high = Rate(500, 20000).bounds()
        self.assertAlmostEqual(low, 0.02284, delta=2e-4)
        self.assertAlmostEqual(high, 0.02716, delta=2e-4)

    def test_of_nothing(self):
        self.assertTrue(isnan(Rate(0, 0).value))
        self.assertEqual(Rate(0, 0).bounds(), (0, 1))


class AtThreshold(unittest.TestCase):
    def check(self, convention, live, attacks, apcer, far, acer, hter):
        report = metrics.evaluate(TABLE, 0.5, convention)
        self.assertEqual(report.bpcer, live)
        self.assertEqual(report.species, attacks)
        self.assertEqual((report.apcer, report.far), (apcer, far))
        self.assertAlmostEqual(report.acer, acer, places=12)
        self.assertAlmostEqual(report.hter, hter, places=12)

    def test_papers(self):
        self.check(
            PAPERS, (1, 6), {"print": (1, 4), "replay": (2, 4)}, (2, 4), (3, 8), 1 / 3, 13 / 48
        )

    def test_cdcn(self):
        self.check(
            CDCN, (2, 6), {"print": (1, 4), "replay": (2, 4)}, (3, 8), (3, 8), 17 / 48, 17 / 48
        )

    def test_engine(self):
        self.check(
            ENGINE, (1, 6), {"print": (2, 4), "replay": (2, 4)}, (2, 4), (4, 8), 1 / 3, 1 / 3
        )

    def test_worst_first(self):
        """Unknown before known, then by rate, and of equal rates the one known less well."""
        rates = {
            "a": Rate(0, 9),
            "b": Rate(1, 4),
            "c": Rate(0, 0),
            "d": Rate(0, 5),
            "e": Rate(2, 8),
        }
        self.assertEqual(metrics.worst_first(rates), ["c", "b", "e", "d", "a"])
        self.assertEqual(list(metrics.evaluate(TABLE, 0.5).species), ["replay", "print"])

    def test_non_response(self):
        self.assertEqual(
            metrics.non_response(TABLE), {LIVE: (1, 7), "print": (0, 4), "replay": (1, 5)}
        )

    def test_species_without_a_response(self):
        """Its APCER is unknown, and so is the maximum."""
        report = metrics.evaluate(samples(live=[0.9], mask=[None, nan], print=[0.1]), 0.5)
        self.assertEqual(report.species, {"mask": (0, 0), "print": (0, 1)})
        self.assertEqual(list(report.species), ["mask", "print"])
        self.assertTrue(isnan(report.apcer.value) and isnan(report.acer))
        self.assertEqual(report.non_response["mask"], (2, 2))
        self.assertEqual(report.at_apcer[0.01].bpcer, (0, 0))
        self.assertTrue(isnan(report.at_apcer[0.01].threshold))
        self.assertIn("mask", metrics.table(report).splitlines()[1])
        self.assertIn("unknown", metrics.table(report).splitlines()[1])

    def test_no_attacks_no_live(self):
        report = metrics.evaluate(samples(live=[0.9, 0.1]), 0.5)
        self.assertEqual((report.bpcer, report.species, report.apcer), ((1, 2), {}, (0, 0)))
        self.assertTrue(isnan(report.acer) and isnan(report.hter) and isnan(report.auc))
        self.assertIn("no attacks", metrics.table(report))
        report = metrics.evaluate(samples(print=[0.9]), 0.5)
        self.assertEqual((report.bpcer, report.apcer), ((0, 0), (1, 1)))
        self.assertTrue(isnan(report.acer) and isnan(report.auc))
        self.assertIn("unknown", metrics.table(report))

    def test_no_threshold(self):
        with self.assertRaises(ValueError):
            metrics.evaluate(TABLE, nan)


class Thresholds(unittest.TestCase):
    def test_eer(self):
        """threshold  0.9  0.8  0.7    0.4  0.3 ...
        TPR        1/3  2/3  2/3    1    1
        FPR        0    0    1/4    1/4  1/2
        TPR+FPR-1 -2/3 -1/3 -1/12   1/4  1/2"""
        dev = samples(live=[0.9, 0.8, 0.4, nan], print=[0.7, 0.3], replay=[0.2, 0.1, nan])
        point = metrics.eer(dev)
        self.assertEqual((point.threshold, point.far), (0.7, 1 / 4))
        self.assertAlmostEqual(point.frr, 1 / 3)
        self.assertAlmostEqual(point.value, 7 / 24)
        # the attack on the threshold is an error of the point and of the engine, of no other
        self.assertEqual(
            [
                metrics.attack_rate(dev, 0.7, convention).errors
                for convention in (PAPERS, CDCN, ENGINE)
            ],
            [0, 0, 1],
        )

    def test_separable(self):
        """0.9: 1/2 + 0 - 1, 0.8: 1 + 0 - 1 = 0. The live sample on it is CDCN's error."""
        dev = samples(live=[0.9, 0.8], print=[0.2, 0.1])
        self.assertEqual(metrics.eer(dev), (0.8, 0, 0))
        self.assertEqual(
            [metrics.bpcer(dev, 0.8, convention).errors for convention in (PAPERS, CDCN, ENGINE)],
            [0, 1, 0],
        )

    def test_highest_of_several(self):
        """0.9: 1/2 + 0 - 1 = -1/2, 0.6: 1/2 + 1 - 1 = 1/2, 0.5: 1"""
        self.assertEqual(metrics.eer(samples(live=[0.9, 0.5], print=[0.6])).threshold, 0.9)

    def test_eer_needs_both(self):
        for wrong in (samples(live=[0.5]), samples(live=[nan], print=[0.1])):
            with self.assertRaises(ValueError):
                metrics.eer(wrong)

    def test_bpcer_at_apcer(self):
        """Largest APCER, with >=, and live below:
        threshold  ... 0.4  0.5  0.55  0.6  0.65  0.7  0.8  0.9  0.95  above
        print          2/4  2/4  1/4   0    0     0    0    0    0     0
        replay         3/4  2/4  2/4   2/4  2/4   1/4  1/4  1/4  1/4   0
        live < it      1/6  1/6  2/6   2/6  3/6   3/6  4/6  5/6  6/6   6/6"""
        for limit, threshold, live in (
            (0.5, 0.5, 1),
            (0.49, 0.7, 3),
            (0.25, 0.7, 3),
            (0.1, np.nextafter(0.95, 1), 6),
            (1, 0.05, 0),
        ):
            point = metrics.bpcer_at_apcer(TABLE, limit)
            self.assertEqual(point, (threshold, (live, 6)))

    def test_useless_scores_earn_nothing(self):
        """Equal scores: by the papers' ties no error at all, here all live are refused."""
        equal = samples(live=[0.5] * 4, print=[0.5] * 4)
        self.assertEqual(metrics.evaluate(equal, 0.5).acer, 0)
        self.assertEqual(metrics.evaluate(equal, 0.5, ENGINE).acer, 0.5)
        self.assertEqual(metrics.bpcer_at_apcer(equal, 0.1).bpcer, (4, 4))
        self.assertEqual(metrics.auc(equal), 0.5)

    def test_limit_is_reached(self):
        """1 of 100 is 1 %, 1 of 99 is more."""
        for others, expected in ((99, (0.5, (0, 1))), (98, (np.nextafter(0.9, 1), (1, 1)))):
            attacks = [0.9] + [0.1] * others
            point = metrics.bpcer_at_apcer(samples(live=[0.5], print=attacks), 0.01)
            self.assertEqual(point, expected)

    def test_auc(self):
        """Attacks below each live score, ties a half:
        live     0.9 0.8 0.7 0.6 0.5 0.3
        print    4   4   4   4   2.5 2    20.5 of 24
        replay   3   3   3   2   2   1    14 of 24"""
        self.assertAlmostEqual(metrics.auc(TABLE, "print"), 20.5 / 24)
        self.assertAlmostEqual(metrics.auc(TABLE, "replay"), 14 / 24)
        self.assertAlmostEqual(metrics.auc(TABLE), 34.5 / 48)
        rng = np.random.default_rng(1)
        live, attack = rng.integers(0, 9, 40) / 8, rng.integers(0, 7, 70) / 8
        pairs = [(a < b) + (a == b) / 2 for a in attack for b in live]
        self.assertAlmostEqual(metrics.auc(samples(live=live, print=attack)), np.mean(pairs))


class Videos(unittest.TestCase):
    def test_per_video(self):
        """a: (0.2 + 0.6) / 2 = 0.4 of 3 clips, one without a score; b: none has one; c: 0.7"""
        clips = Samples(
            ["a", "b", "a", "c", "b", "a"],
            [LIVE, "print", LIVE, LIVE, "print", LIVE],
            [0.2, nan, None, 0.7, nan, 0.6],
        )
        videos = metrics.per_video(clips)
        self.assertEqual(videos.videos.tolist(), ["a", "b", "c"])
        self.assertEqual(videos.species.tolist(), [LIVE, "print", LIVE])
        np.testing.assert_allclose(videos.scores, [0.4, nan, 0.7])
        self.assertEqual(videos.clips.tolist(), [3, 2, 1])
        self.assertEqual(videos.unscored.tolist(), [1, 2, 0])
        self.assertEqual(metrics.non_response(videos), {LIVE: (0, 2), "print": (1, 1)})
        report = metrics.evaluate(videos, 0.5)
        self.assertEqual((report.samples, report.clips, report.unscored), (3, 6, 3))
        again = metrics.per_video(videos)  # nothing changes
        self.assertEqual(again.unscored.tolist(), [1, 2, 0])

    def test_bad_samples(self):
        with self.assertRaisesRegex(ValueError, "video a has several species: live, print"):
            metrics.per_video(Samples(["a", "a"], [LIVE, "print"], [0.1, 0.2]))
        for wrong in ((["a"], [LIVE], [0.1, 0.2]), (["a"], [""], [0.1]), (["a"], [LIVE], [inf])):
            with self.assertRaises(ValueError):
                Samples(*wrong)


class Reader(unittest.TestCase):
    labels = {
        "b/1.mp4": ("b", "print"),
        "a/1.mp4": ("a", LIVE),
        "a/2.mp4": ("a", LIVE),
        "c/1.mp4": ("c", "replay"),
        "d/1.mp4": ("d", LIVE),
    }
    # as the command prints them, shortened
    lines = [
        '{"clip":"a/1.mp4","verdict":"live","reason":null,"score":0.875,'
        '"thresholds":{"live":0.7,"spoof":0.3},"frames":{"read":30,"used":10,"clips":6}}\n',
        '{"clip":"a/2.mp4","verdict":"undecided","reason":"low_confidence","score":0.5}\n',
        "\n",
        '{"clip":"b/1.mp4","verdict":"undecided","reason":"no_face","score":null}\n',
        '{"clip":"c/1.mp4","verdict":"undecided","reason":"error","score":null,'
        '"error":{"code":"CLIP_NOT_FOUND","stage":"clip","detail":"no such file"}}\n',
    ]

    def test_join(self):
        """b and c have no score, d has no line: all are there."""
        clips = metrics.read_scores(self.lines, self.labels)
        self.assertEqual(clips.videos.tolist(), ["b", "a", "a", "c", "d"])
        np.testing.assert_array_equal(clips.scores, [nan, 0.875, 0.5, nan, nan])
        self.assertEqual(
            metrics.non_response(metrics.per_video(clips)),
            {LIVE: (1, 2), "print": (1, 1), "replay": (1, 1)},
        )
        self.assertEqual(len(metrics.read_scores([], {})), 0)

    def test_bad_lines(self):
        first = self.lines[0]
        for text, line in (
            ("no label for x", first.replace("a/1.mp4", "x")),
            ("a second score for a/1.mp4", first),
            ("no score line", first[:30]),
            ("no score line", "[1]"),
            ("no score line", '{"clip":"d/1.mp4"}'),
            ("no score line", first.replace("0.875", '"0.875"')),
            ("no score line", first.replace("0.875", "NaN")),
            ("no score line", first.replace("0.875", "true")),
        ):
            with self.assertRaisesRegex(ValueError, f"line 2: {text}"):
                metrics.read_scores([first, line], self.labels)

    def test_labels_from_json(self):
        labels = json.loads(json.dumps(self.labels))
        self.assertEqual(len(metrics.read_scores(self.lines, labels)), 5)


class Table(unittest.TestCase):
    def test_text(self):
        """test_bounds_in_text checks the bounds that this text shows."""
        text = metrics.table(metrics.evaluate(TABLE, 0.5))
        self.assertEqual(text, EXPECTED)
        self.assertLessEqual(max(map(len, text.splitlines())), 100)

    def test_bounds_in_text(self):
        """P(X <= errors) at each upper bound, with powers written out, to the digits shown; the
        lower bounds follow: 2/4 by symmetry, 1/n as 1 - 0.975^(1/n)."""
        tails = {(2, 4): lambda p: 1 - 4 * p**3 * (1 - p) - p**4}
        for n in (4, 5, 6, 7):
            tails[1, n] = lambda p, n=n: (1 - p) ** n + n * p * (1 - p) ** (n - 1)
        for counts, alpha, p in (
            ((2, 4), 0.025, 0.9324),
            ((2, 4), 0.05, 0.9024),
            ((1, 4), 0.025, 0.8059),
            ((1, 4), 0.05, 0.7514),
            ((1, 6), 0.025, 0.6412),
            ((1, 6), 0.05, 0.5818),
            ((1, 5), 0.05, 0.6574),
            ((1, 7), 0.05, 0.5207),
        ):
            self.assertGreater(tails[counts](p - 6e-5), alpha)
            self.assertLess(tails[counts](p + 6e-5), alpha)
        self.assertEqual([f"{1 - 0.975 ** (1 / n):.4f}" for n in (4, 6)], ["0.0063", "0.0042"])


EXPECTED = """\
species  samples  no response  errors     rate     95 % two-sided   one-sided     AUC
replay         5            1     2/4  50.00 %  6.76 % .. 93.24 %  <= 90.24 %  0.5833
print          4            0     1/4  25.00 %  0.63 % .. 80.59 %  <= 75.14 %  0.8542
live           7            1     1/6  16.67 %  0.42 % .. 64.12 %  <= 58.18 %  0.7188

threshold 0.5, convention papers; bounds one-sided
APCER  50.00 % (2/4, <= 90.24 %), replay
BPCER  16.67 % (1/6, <= 58.18 %)
ACER   33.33 %   HTER 27.08 %
APNRR  20.00 % (1/5, <= 65.74 %), replay
BPNRR  14.29 % (1/7, <= 52.07 %)
BPCER at APCER 1 %  100.00 % (6/6, <= 100.00 %), threshold 0.9500000000000001
BPCER at APCER 5 %  100.00 % (6/6, <= 100.00 %), threshold 0.9500000000000001
BPCER at APCER 10 %  100.00 % (6/6, <= 100.00 %), threshold 0.9500000000000001
16 samples of 16 clips, 2 of these without a score
"""

if __name__ == "__main__":
    unittest.main()
