"""Checks figures.py, report.py and results.py against what made_scores.py says by hand."""

import unittest
from math import isnan, nan, sqrt

from training.judge import figures
from training.judge.figures import AT_EER, HELD_OUT
from training.judge.metrics import CDCN, LIVE, Rate
from training.judge.report import (
    ablation_table,
    cell,
    failures_table,
    groups_table,
    points_table,
    report_text,
    species_table,
)
from training.judge.results import results
from training.judge.scores import CLIP, SINGLE, TEACHER, make_split
from training.tests.made_scores import SCORES, make_splits


class Figures(unittest.TestCase):
    def setUp(self):
        self.evaluation = figures.evaluate("a.pt", make_splits(single=True))

    def test_whole(self):
        judged = self.evaluation.whole[CLIP]
        at = {name: report.threshold for name, report in judged.reports.items()}
        self.assertEqual(at, {"EER": 0.6, "APCER 1 %": 0.7, "APCER 5 %": 0.7, "APCER 10 %": 0.7})
        expected = {
            "AUC all": 13 / 16,
            "AUC print": 7 / 8,
            "AUC replay": 6 / 8,
            "EER": 1 / 4,
            "APCER": 1 / 2,
            "BPCER": 1 / 4,
            "ACER": 3 / 8,
            "HTER": 3 / 8,
            # 0.75 is the lowest threshold above all attacks
            **{f"BPCER at APCER {limit} %": 2 / 4 for limit in (1, 5, 10)},
        }
        for limit in (1, 5, 10):
            expected |= {
                f"APCER at dev APCER {limit} %": 1 / 2,
                f"BPCER at dev APCER {limit} %": 2 / 4,
                f"ACER at dev APCER {limit} %": 1 / 2,
                f"HTER at dev APCER {limit} %": (1 / 4 + 2 / 4) / 2,
            }
        self.assertEqual(figures.figures(judged), expected)
        self.assertEqual(
            list(judged.reports["APCER 1 %"].species.items()),
            [("replay", Rate(1, 2)), ("print", Rate(0, 2))],
        )

    def test_convention(self):
        """CDCN pools the attacks: 2 of 4, and at 0.7 one of 4."""
        judged = figures.evaluate("a.pt", make_splits(), CDCN).whole[CLIP]
        self.assertEqual(judged.reports["EER"].apcer, Rate(2, 4))
        self.assertEqual(judged.reports["APCER 1 %"].apcer, Rate(1, 4))

    def test_beside(self):
        """Single frames: half the score, so half the threshold. Teacher: live 0.7 0.4 0.6 0.6
        against 0.2 0.5 0.1 0.1: all but one of 16 pairs."""
        single = self.evaluation.whole[SINGLE]
        self.assertAlmostEqual(single.reports["EER"].threshold, 0.3)
        self.assertEqual(figures.figures(single), figures.figures(self.evaluation.whole[CLIP]))
        self.assertEqual(self.evaluation.whole[TEACHER].reports["EER"].auc, 15 / 16)

    def test_no_teacher(self):
        splits = make_splits()
        for split in splits.values():
            for row in split.rows:
                row["teacher"] = None
        splits = {
            name: make_split(split.rows, split.scores[CLIP]) for name, split in splits.items()
        }
        self.assertEqual(list(figures.evaluate("a.pt", splits).whole), [CLIP])

    def test_video(self):
        """Two clips of one video are one sample, their mean: live 0.9 and 0.5 make 0.7."""
        splits = make_splits()
        for row in splits["test"].rows:
            if row["species"] == "live" and row["pair"] < 2:
                row["video"] = "one"
        report = figures.evaluate("a.pt", splits).whole[CLIP].reports[AT_EER]
        self.assertEqual((report.bpcer, report.samples, report.clips), (Rate(0, 3), 7, 8))

    def test_one_sided_split(self):
        splits = make_splits()
        live = [row for row in splits["dev"].rows if row["species"] == "live"]
        splits["dev"] = make_split(live, [0.5] * len(live))
        with self.assertRaisesRegex(ValueError, "dev split needs live clips and attacks"):
            figures.evaluate("a.pt", splits)


class Groups(unittest.TestCase):
    def test_held_out(self):
        groups = figures.evaluate("a.pt", make_splits()).groups
        at_eer = {
            value: own[CLIP].reports[AT_EER]
            for (factor, value), own in groups.items()
            if factor == HELD_OUT
        }
        auc = {value: report.auc for value, report in at_eer.items()}
        # identity: live 0.9 0.5 over 0.65 0.3; instrument: the same attacks and their partners;
        # none: 0.75 0.66 over 0.72 0.2
        self.assertEqual(
            auc, {"none": 3 / 4, "camera": 1, "identity": 3 / 4, "instrument": 3 / 4, "all": 1}
        )
        self.assertEqual(at_eer["identity"].bpcer, Rate(1, 2))
        self.assertEqual(at_eer["identity"].species, {"print": Rate(1, 1), "replay": Rate(0, 1)})
        self.assertEqual(at_eer["all"].bpcer, Rate(1, 1))  # a live clip has no instrument

    def test_all_of_live(self):
        """Another live clip with all that applies to it unseen; its attack has a known camera."""
        splits = make_splits()
        splits["test"].rows[0]["held_out"] = ["identity", "camera"]
        report = figures.evaluate("a.pt", splits).groups[HELD_OUT, "all"][CLIP].reports[AT_EER]
        self.assertEqual((report.bpcer, report.apcer), (Rate(1, 2), Rate(0, 1)))

    def test_families(self):
        groups = figures.evaluate("a.pt", make_splits()).groups
        self.assertEqual(
            {name for name in groups if name[0] != HELD_OUT},
            {
                ("camera", "A"),
                ("camera", "B"),
                ("light", "office"),
                ("source", "valid"),
                ("instrument", "inkjet"),
                ("instrument", "laser"),
                ("instrument", "phone"),
                ("instrument", "tablet"),
            },
        )
        phone = groups["instrument", "phone"][CLIP].reports[AT_EER]
        self.assertEqual((phone.bpcer, phone.apcer, phone.auc), (Rate(0, 1), Rate(1, 1), 1))

    def test_live_only(self):
        """A camera that filmed no attack: what is not known is said to be unknown."""
        splits = make_splits()
        splits["test"].rows[0]["families"]["camera"] = "C"
        evaluation = figures.evaluate("a.pt", splits)
        self.assertTrue(isnan(evaluation.groups["camera", "C"][CLIP].eer))
        self.assertIn("unknown", groups_table([evaluation]))

    def test_nothing_held_out(self):
        splits = make_splits()
        for row in splits["test"].rows:
            del row["held_out"], row["families"], row["source"], row["pair"]
        self.assertEqual(figures.evaluate("a.pt", splits).groups, {})


class Seeds(unittest.TestCase):
    def test_spread(self):
        over = figures.spread([{"a": 0.5, "b": 1.0}, {"a": 0.7, "c": 1.0}])
        self.assertEqual(list(over), ["a"])
        self.assertAlmostEqual(over["a"]["mean"], 0.6)
        self.assertAlmostEqual(over["a"]["sd"], sqrt(0.02))
        self.assertEqual((over["a"]["min"], over["a"]["max"]), (0.5, 0.7))
        self.assertEqual(figures.spread([{"a": 0.5}])["a"]["sd"], 0)

    def test_cell(self):
        seeds = [{"AUC all": 0.8, "EER": 0.1}, {"AUC all": 0.9, "EER": 0.2}]
        self.assertEqual(cell("AUC all", seeds), "0.8500 (0.8000 .. 0.9000)")
        self.assertEqual(cell("EER", seeds, deviation=True), "15.00 +- 7.07 %")
        self.assertEqual(cell("EER", seeds[:1]), "10.00 %")
        self.assertEqual(cell("AUC mask", seeds), "-")
        self.assertEqual(cell("EER", [{"EER": nan}]), "unknown")

    def test_tables(self):
        """The second seed's live scores are 0.3 higher: no live error, AUC 1."""
        runs = {
            "full": [
                figures.evaluate(f"{shift}.pt", make_splits(shift, single=True))
                for shift in (0, 0.3)
            ],
            "worse": [figures.evaluate("c.pt", make_splits(-0.2))],
        }
        table = ablation_table(runs, markdown=True)
        self.assertEqual(
            [line.split("|")[1].strip() for line in table.splitlines()],
            ["run", "---", "full", "full: single frames", "worse", "teacher"],
        )
        mean, sd = (13 / 16 + 1) / 2, (1 - 13 / 16) / sqrt(2)
        self.assertIn(f"{mean:.4f} +- {sd:.4f}", table)
        points = points_table(runs["full"])
        self.assertIn("12.50 (0.00 .. 25.00) %", points)
        # 1 of 2 and 1 of 2: the upper bound solves 1 - p^2 = 0.05
        self.assertIn(f"{100 * sqrt(0.95):.2f} %", points)
        # 1 of 4 and 0 of 4: (1 - p)^4 + 4 p (1 - p)^3 = 0.05 at 0.7514
        self.assertIn("75.14 %", points)
        text = report_text(runs)
        self.assertNotIn("nan", text)
        saved = results(runs, {}, CDCN)
        self.assertEqual(saved["runs"]["full"]["summary"][CLIP]["AUC all"]["mean"], mean)
        self.assertEqual(
            saved["runs"]["full"]["seeds"][0]["groups"][HELD_OUT]["identity"][CLIP]["AUC all"],
            3 / 4,
        )

    def test_worst_species_first(self):
        splits = make_splits()
        splits["test"].scores[CLIP][:] = [0.9, 0.1, 0.9, 0.7, 0.9, 0.8, 0.9, 0.65]
        table = species_table([figures.evaluate("a.pt", splits)], markdown=True)
        self.assertEqual(
            [line.split("|")[1].strip() for line in table.splitlines()[2:]],
            ["replay", "print", "live"],
        )


class Failures(unittest.TestCase):
    def test_order(self):
        evaluation = figures.evaluate("a.pt", make_splits())
        accepts, rejects = figures.failures(evaluation, 5)
        self.assertEqual([SCORES[evaluation.test.rows[i]["id"]] for i in accepts], [0.72, 0.65])
        self.assertEqual([SCORES[evaluation.test.rows[i]["id"]] for i in rejects], [0.5])
        self.assertEqual(len(figures.failures(evaluation, 1)[0]), 1)
        self.assertIn("test-000002-replay", failures_table(evaluation, 5))

    def test_no_score(self):
        """A clip without a score is no failure, and is not lost."""
        splits = make_splits()
        splits["test"].scores[CLIP][0] = nan
        evaluation = figures.evaluate("a.pt", splits)
        self.assertEqual(len(figures.failures(evaluation, 9)[1]), 1)
        self.assertEqual(evaluation.whole[CLIP].reports[AT_EER].non_response[LIVE], Rate(1, 4))


if __name__ == "__main__":
    unittest.main()
