"""Checks evaluate.py and plots.py against figures worked out by hand on a few made-up clips."""

import io
import json
import tempfile
import unittest
from contextlib import redirect_stderr, redirect_stdout
from math import isnan, nan, sqrt
from pathlib import Path
from types import SimpleNamespace
from unittest import mock

import numpy as np
import torch
from PIL import Image

from training.judge import evaluate, figures, plots
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

# Dev: at 0.6 three of four live pass and one of four attacks: the EER. No attack is from 0.7 on.
#
# Test at 0.6: print 0.65 and replay 0.72 pass, live 0.5 does not: APCER 1/2 each, BPCER 1/4.
# At 0.7: replay 0.72 passes, live 0.66 and 0.5 do not: APCER 0/2 and 1/2, BPCER 2/4.
# AUC: pairs with live above: 0.9 and 0.75 all 4 each, 0.66 three, 0.5 two: 13/16; print 7/8,
# replay 6/8. Own EER: at 0.66 three of four live pass, and 0.72 of the attacks.
# split, pair, species, score, teacher, camera, instrument, held out
CLIPS = (
    ("dev", 0, "live", 0.9, 0.9, "A", None, ""),
    ("dev", 0, "print", 0.1, 0.8, "A", "laser", ""),
    ("dev", 1, "live", 0.8, 0.9, "A", None, ""),
    ("dev", 1, "print", 0.5, 0.2, "A", "laser", ""),
    ("dev", 2, "live", 0.7, 0.6, "A", None, ""),
    ("dev", 2, "replay", 0.2, 0.1, "A", "phone", ""),
    ("dev", 3, "live", 0.4, 0.7, "A", None, ""),
    ("dev", 3, "replay", 0.6, 0.3, "A", "phone", ""),
    ("test", 0, "live", 0.9, 0.7, "A", None, "identity"),
    ("test", 0, "print", 0.65, 0.2, "A", "inkjet", "identity instrument"),
    ("test", 1, "live", 0.5, 0.4, "B", None, "identity camera"),
    ("test", 1, "replay", 0.3, 0.5, "B", "tablet", "identity camera instrument"),
    ("test", 2, "live", 0.75, 0.6, "A", None, ""),
    ("test", 2, "replay", 0.72, 0.1, "A", "phone", ""),
    ("test", 3, "live", 0.66, 0.6, "A", None, ""),
    ("test", 3, "print", 0.2, 0.1, "A", "laser", ""),
)


def make_rows():
    return [
        {
            "id": f"{split}-{pair:06d}-{species}",
            "split": split,
            "label": "live" if species == "live" else "attack",
            "species": species,
            "pair": pair,
            "identity": f"valid/{pair}",
            "source": "valid",
            "held_out": unseen.split(),
            "families": {"camera": camera, "instrument": instrument, "light": "office"},
            "teacher": [teacher + 0.05, teacher - 0.05],
            "box": [],
            "params": {},
        }
        for split, pair, species, _, teacher, camera, instrument, unseen in CLIPS
    ]


torch.set_num_threads(1)
SCORES = {row["id"]: clip[3] for row, clip in zip(make_rows(), CLIPS)}


def make_splits(shift=0.0, single=False):
    """As read; shift is added to the live test scores"""
    splits = {}
    for split in ("dev", "test"):
        rows = [row for row in make_rows() if row["split"] == split]
        scores = [
            SCORES[row["id"]] + shift * (row["species"] == "live" and split == "test")
            for row in rows
        ]
        maps = np.array([np.full((5, 4, 4), score / 2) for score in scores]) if single else None
        splits[split] = make_split(rows, scores, maps)
    return splits


def make_folder(folder, size=32, sheets=True):
    """A data set folder of noise"""
    rng = np.random.default_rng(1)
    rows = make_rows()
    text = "".join(json.dumps(row) + "\n" for row in rows)
    (Path(folder) / "clips.jsonl").write_text(text, encoding="utf-8")
    info = {
        "format": "livedepth-clips",
        "version": 1,
        "frames": 5,
        "size": size,
        "seed": 3,
        "crop_scale": 1.3,
        "interval_ms": 100,
        "sha256": "abc",
        "commit": "f00",
    }
    (Path(folder) / "info.json").write_text(json.dumps(info), encoding="utf-8")
    shape = (len(rows), 5, size, size, 3)
    if sheets:
        np.save(Path(folder) / "clips.npy", rng.integers(0, 256, shape, dtype=np.uint8))
        for name in ("depth.npy", "mask.npy"):
            np.save(Path(folder) / name, np.zeros((len(rows), 5, 32, 32), np.uint8))


def write_scores(path, leave_out=()):
    """As the command prints them, for files named by the clips' ids"""
    lines = [
        json.dumps({"clip": f"some/where/{clip}.y4m.gz", "verdict": "live", "score": score})
        for clip, score in SCORES.items()
        if clip not in leave_out
    ]
    Path(path).write_text("\n".join(lines) + "\n", encoding="utf-8")


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


class Files(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def test_command(self):
        """Two seeds of one run and a score file: report, results, plots small enough."""
        make_folder(self.folder)
        write_scores(self.folder / "scores.jsonl")
        rng = np.random.default_rng(1)

        def made_up(file, folder, split, batch, limit, masked):
            rows = [row for row in make_rows() if row["split"] == split]
            scores = np.array([SCORES[row["id"]] for row in rows]) + 0.05 * (file == "b.pt")
            return SimpleNamespace(
                records=rows,
                scores=scores,
                single=None,
                depth=rng.random((len(rows), 4, 16, 16), dtype=np.float32),
            )

        out, printed = self.folder / "out", io.StringIO()
        with mock.patch("training.judge.scores.predict", made_up), redirect_stdout(printed):
            evaluate.main(
                [
                    str(self.folder),
                    str(self.folder / "scores.jsonl"),
                    "--run",
                    "the full",
                    "a.pt",
                    "b.pt",
                    "--out",
                    str(out),
                ]
            )
        self.assertIn("a.pt, b.pt", printed.getvalue())
        for part in ("the-full", "scores"):
            for name in ("det", "histograms", "depth-highest", "depth-random", "failures"):
                path = out / part / f"{name}.png"
                self.assertLessEqual(path.stat().st_size, plots.LIMIT)
                with Image.open(path) as picture:
                    self.assertGreater(min(picture.size), 100)
        results = json.loads((out / "results.json").read_text(encoding="utf-8"))
        self.assertEqual(results["data"]["sha256"], "abc")
        self.assertEqual(len(results["runs"]["the full"]["seeds"]), 2)
        self.assertEqual(results["runs"]["scores"]["summary"][CLIP]["AUC all"]["mean"], 13 / 16)
        self.assertIn("| print |", (out / "report.md").read_text(encoding="utf-8"))

    def test_wrong_files(self):
        """One line, no traceback: of a folder that is none, of a checkpoint that is none."""
        make_folder(self.folder)
        torch.save({}, self.folder / "a.pt")
        for folder, file, message in (
            ("none", "scores.jsonl", "none/clips.jsonl"),
            ("", "a.pt", "a.pt: no checkpoint of training.train"),
        ):
            with self.assertRaisesRegex(SystemExit, f"^evaluate: .*{message}"):
                evaluate.main([str(self.folder / folder), str(self.folder / file)])

    def test_usage(self):
        for arguments in (
            ["data"],
            ["data", "--run", "a"],
            ["data", "--run", "a", "x.pt", "--run", "a", "y.pt"],
        ):
            with self.assertRaises(SystemExit), redirect_stderr(io.StringIO()):
                evaluate.parse(arguments)


class Plots(unittest.TestCase):
    def test_deviate(self):
        """The median is 0, and a normal's 97.7 % quantile 2; beyond the last tick is its edge."""
        np.testing.assert_allclose(plots.deviate([0.5, 0.02275, 0]), [0, -2, -3.0902], atol=1e-3)

    def test_colours(self):
        species = ["live", "print", "wax", "veil"]
        self.assertEqual(len({plots.colour(name, species) for name in species}), 4)
        self.assertEqual(plots.colour("print"), plots.COLOURS["print"])

    def test_large_sheet(self):
        """Noise is shrunk until the file is small enough."""
        rng = np.random.default_rng(1)
        row = [plots.Tile(rng.integers(0, 256, (80, 80, 3), dtype=np.uint8), None, "0.5")] * 12
        with tempfile.TemporaryDirectory() as folder:
            plots.sheet(Path(folder) / "a.png", "noise", {f"{i}": row for i in range(8)})
            self.assertLessEqual((Path(folder) / "a.png").stat().st_size, plots.LIMIT)


if __name__ == "__main__":
    unittest.main()
