"""Checks tables of protocols and the released scorer against figures by hand, and against the
released code's own answers."""

import contextlib
import io
import unittest

import numpy as np

from training.benchmarks import published, released, table
from training.benchmarks.protocols import PROTOCOLS, folds
from training.benchmarks.table import DEV, RELEASED, TEST, TRAIN, Fold
from training.judge import metrics
from training.judge.metrics import Samples


def samples(live, **attacks):
    species = ["live"] * len(live) + [name for name, own in attacks.items() for _ in own]
    scores = [*live, *(score for own in attacks.values() for score in own)]
    return Samples(range(len(scores)), species, scores)


# At .5 the fold's dev is told apart; a test print of .6 passes, and live .4 does not.
DEV_SET = samples([0.5, 0.9], print=[0.1, 0.2], replay=[0.3])
TEST_SET = samples([0.4, 0.7, 0.8, 0.9], print=[0.6, 0.1], replay=[0.2, 0.3])


class Figures(unittest.TestCase):
    def test_ways(self):
        """At .5: APCER of print 1/2, BPCER 1/4. At the test's own EER, .6: print on the threshold
        is no error, live .4 is one. No dev: the videos trained on."""
        parts = {"dev": DEV_SET, "test": TEST_SET}
        columns = ("APCER", "BPCER", "ACER", "HTER")
        self.assertEqual(
            table.figures(parts, DEV, columns), {"APCER": 50, "BPCER": 25, "ACER": 37.5, "HTER": 25}
        )
        self.assertEqual(table.figures(parts, TEST, ("APCER", "BPCER")), {"APCER": 0, "BPCER": 25})
        self.assertIsNone(table.figures(parts, TRAIN, columns))
        without = {"train": DEV_SET, "test": TEST_SET}
        self.assertEqual(table.figures(without, TRAIN, ("ACER",)), {"ACER": 37.5})
        self.assertIsNone(table.figures(without, DEV, columns))
        self.assertIsNone(table.figures(without, RELEASED, columns))

    def test_table(self):
        """Mean and deviation of two folds: ACER 37.5 and 0, 18.75 and 26.52."""
        perfect = samples([0.9], print=[0.1])
        rows = table.rows_of(
            "oulu",
            "3",
            [
                Fold("3.1", {"dev": DEV_SET, "test": TEST_SET}),
                Fold("3.2", {"dev": DEV_SET, "test": perfect}),
            ],
        )
        self.assertEqual(rows[0], ("method", "APCER", "BPCER", "ACER", "source"))
        self.assertIn(("FAS-SGTD", "3.2±2.0", "2.2±1.4", "2.7±0.9", "Awesome-FAS"), rows)
        ours = {row[0]: row[1:] for row in rows if row[0].startswith("this run")}
        self.assertEqual(
            ours["this run, dev EER"], ("25.00±35.36", "12.50±17.68", "18.75±26.52", "here")
        )
        self.assertEqual(list(ours), [f"this run, {way}" for way in (DEV, TEST, RELEASED)])
        with self.assertRaisesRegex(ValueError, "fold 1, dev EER: an EER needs live"):
            table.rows_of(
                "oulu", "1", [Fold("1", {"dev": samples([np.nan], print=[0.1]), "test": perfect})]
            )

    def test_missing(self):
        """What a published set has, and a copy lacks, makes a table incomparable: every name of
        OULU-NPU, of SiW a subject and a video that gave no clips. Other names SiW lacks itself."""
        there, gone = ({"missing": own, "left_out": {}} for own in ([], ["Test/live/001/a.mov"]))
        self.assertEqual(table.missing("siw", [there]), (set(), set()))
        self.assertEqual(table.missing("siw", [gone]), (set(), {"Test/live/001/a"}))
        self.assertEqual(table.missing("oulu", [gone]), ({"Test/live/001/a"}, set()))
        bad = gone | {"left_out": {"Test/live/001/a": {"test": "no video in it"}}}
        self.assertEqual(table.missing("siw", [bad]), ({"Test/live/001/a"}, set()))
        absent = {"missing": [*gone["missing"], "subject 005"], "left_out": {}}
        self.assertEqual(table.missing("siw", [absent]), ({"subject 005"}, {"Test/live/001/a"}))
        self.assertEqual(table.missing("cross", [there, bad]), ({"Test/live/001/a"}, set()))

    def test_published(self):
        """A row has the table's columns; every table's protocol exists."""
        for (dataset, protocol), rows in published.TABLES.items():
            self.assertTrue(folds(dataset, protocol))
            for row in rows:
                self.assertEqual(len(row.figures), len(published.COLUMNS[dataset]), row)
        self.assertEqual(set(published.COLUMNS), set(PROTOCOLS))

    def test_usage(self):
        for words in ([], ["--runs", "a", "--file", "b"]):
            with self.assertRaises(SystemExit), contextlib.redirect_stderr(io.StringIO()):
                table.parse(["oulu", "1", "--sets", "s", *words])


class Released(unittest.TestCase):
    def drawn(self, seed, live, prints, displays, digits=2):
        """Scores as overlapping normals, rounded, so that there are ties"""
        rng = np.random.default_rng(seed)
        return samples(
            rng.normal(0.7, 0.15, live).round(digits),
            print=rng.normal(0.4, 0.15, prints).round(digits),
            replay=rng.normal(0.45, 0.15, displays).round(digits),
        )

    def test_as_the_released_code(self):
        """The numbers that clks-wzz/FAS-SGTD, util/performances.py, gave for these scores."""
        for seed, expected in EXPECTED.items():
            dev, test = self.drawn(seed, 180, 360, 360), self.drawn(seed + 100, 120, 240, 240)
            found = released.performances(dev, test)
            values = (
                *(100 * released.eer_point(each)[0] for each in (dev, test)),
                found.apcer["replay"],
                found.apcer["print"],
                found.worst,
                found.bpcer,
                found.acer,
            )
            with self.subTest(seed):
                np.testing.assert_array_equal(values, expected)

    def test_differs_from_ours(self):
        """Its threshold is a corner of the curve, ours the best of all samples."""
        differ = 0
        for seed in range(20):
            dev = self.drawn(seed, 18, 36, 36, digits=6)
            differ += released.eer_point(dev)[1] != metrics.eer(dev).threshold
        self.assertGreater(differ, 0)

    def test_no_score(self):
        """Counts as 0: an error of live, none of an attack."""
        test = samples([np.nan, 0.9], print=[np.nan, 0.1])
        found = released.performances(DEV_SET, test)
        self.assertEqual((found.bpcer, found.worst), (50, 0))


# EER of dev and test, APCER of displays and prints, the larger, BPCER, ACER
EXPECTED = {
    1: (
        18.194444444444443,
        22.291666666666668,
        20.41666603088379,
        10.833333015441895,
        20.41666603088379,
        20.833332061767578,
        20.624999046325684,
    ),
    2: (
        17.36111111111111,
        19.791666666666664,
        17.08333396911621,
        10.0,
        17.08333396911621,
        22.5,
        19.791666984558105,
    ),
    3: (
        16.52777777777778,
        17.708333333333336,
        18.75,
        13.75,
        18.75,
        19.16666603088379,
        18.958333015441895,
    ),
}


if __name__ == "__main__":
    unittest.main()
