"""Checks fit_fusion.py on made-up scores. Run: python3 -m training.tests.suite (or pytest
training)."""

import json
import tempfile
import unittest
from pathlib import Path

import numpy as np

from training.networks import weightfile
from training.ship import fit_fusion
from training.ship.finish import Unfit
from training.ship.fit_fusion import Choice, Table
from training.tests.in_process import call
from training.tests.test_bundle import KERNEL, single

SOURCES = "abcd"


def table(noise=(1, 1), each=20, seed=1, turn=1):
    """Scorers that see live ones at +2 and attacks at -2, with noise; the last one the other way
    round with turn=-1."""
    rng = np.random.default_rng(seed)
    live = np.arange(each * len(SOURCES)) % 2 == 0
    logits = np.where(live, 2, -2)[:, None] + rng.normal(size=(len(live), len(noise))) * noise
    logits[:, -1] *= turn
    return Table(
        [f"clip{i}" for i in range(len(live))], live, np.repeat(list(SOURCES), each), logits
    )


def hundred(live, attacks):
    """z and classes of 100 live ones and 100 attacks, in steps of 0.1 from these lowest ones on"""
    steps = np.arange(100) / 10
    return np.concatenate([live + steps, attacks + steps]), np.arange(200) < 100


class Reading(unittest.TestCase):
    def test_labels(self):
        lines = ["id\tclass\tsource\n", "x\tlive\ta\n", "y\treplay\tb\n"]
        self.assertEqual(fit_fusion.read_labels(lines), {"x": (True, "a"), "y": (False, "b")})
        with self.assertRaisesRegex(ValueError, "two labels"):
            fit_fusion.read_labels([*lines, "x\tlive\ta\n"])

    def test_scores(self):
        lines = [
            '{"clip": "some/where/x/", "scores": {"depth": 0.5, "near": null}}',
            "",
            '{"clip": "y", "verdict": "undecided"}',
        ]
        scores = fit_fusion.read_scores(lines)
        self.assertEqual(scores, {"x": {"depth": 0.5, "near": None}, "y": {}})
        labels = {"x": (True, "a"), "y": (False, "b"), "z": (True, "b")}
        joined = fit_fusion.join(labels, scores, ["depth", "near"])
        self.assertEqual(
            np.isnan(joined.logits).tolist(), [[False, True], [True, True], [True, True]]
        )
        self.assertEqual(
            (joined.live.tolist(), joined.sources.tolist()), ([True, False, True], ["a", "b", "b"])
        )
        with self.assertRaisesRegex(ValueError, "no label for x"):
            fit_fusion.join({"y": (True, "a")}, scores, ["depth"])

    def test_broken_scores(self):
        good = '{"clip": "x", "scores": {"depth": 0.5}}'
        for line in (
            "x",
            "[]",
            '{"scores": {}}',
            '{"clip": "y", "scores": {"depth": 2}}',
            '{"clip": "y", "scores": {"depth": "1"}}',
            '{"clip": "y", "scores": null}',
            '{"clip": "other/x", "scores": {}}',
        ):
            with self.subTest(line), self.assertRaisesRegex(ValueError, "line 2"):
                fit_fusion.read_scores([good, line])

    def test_clamp(self):
        labels = {"x": (True, "a"), "y": (False, "a")}
        joined = fit_fusion.join(labels, {"x": {"s": 1.0}, "y": {"s": 0.0}}, ["s"])
        np.testing.assert_allclose(joined.logits.ravel(), [np.log(9999), -np.log(9999)])


class Weights(unittest.TestCase):
    def test_drawn_to_a_half(self):
        """By scorers that know nothing, too: what a few recordings say is little."""
        first, second = fit_fusion.fit([table()])
        self.assertEqual(first, second)
        self.assertTrue(0.5 <= first < 1)
        silent = table()
        silent.logits[:] = 0
        self.assertEqual(fit_fusion.fit([silent]).tolist(), [0.5, 0.5])

    def test_wrong_way_round(self):
        """One that takes attacks for live ones loses weight, and never has a negative one."""
        weights = fit_fusion.fit([table(turn=-1)])
        self.assertGreater(weights[0], weights[1])
        twenty = table(turn=-1)
        strong = twenty._replace(logits=twenty.logits * [1, 20])
        self.assertEqual(fit_fusion.fit([strong])[1], 0)

    def test_sources_weigh_the_same(self):
        """However many recordings one has."""
        one = table(noise=(1, 8))
        rows = np.concatenate([np.arange(len(one.live)), np.tile(np.arange(20), 9)])
        more = Table([], one.live[rows], one.sources[rows], one.logits[rows])
        step, fit_fusion.STEP = fit_fusion.STEP, 1e-6
        try:
            np.testing.assert_allclose(fit_fusion.fit([one]), fit_fusion.fit([more]), atol=1e-4)
        finally:
            fit_fusion.STEP = step

    def test_further_file_has_a_say(self):
        turned = table(turn=-1)
        turned = turned._replace(logits=turned.logits * [1, 20])
        alone, both = fit_fusion.fit([table()]), fit_fusion.fit([table(), turned])
        self.assertLess(both[1], alone[1])
        choice = fit_fusion.choose([table(), turned])
        fixed = fit_fusion.choose([table()], choice.weights)
        self.assertEqual(choice.live, fixed.live)

    def test_missing_scores_are_no_part(self):
        one = table(noise=(1, 8))
        holes = one._replace(logits=np.where(np.arange(80)[:, None] == [0, 1], np.nan, one.logits))
        kept = one.of(np.arange(80) > 1)
        np.testing.assert_array_equal(fit_fusion.fit([holes]), fit_fusion.fit([kept]))

    def test_unfit(self):
        one = table()
        for rows in (one.live, ~one.live):
            with self.assertRaises(Unfit):
                fit_fusion.choose([one.of(rows)])
        with self.assertRaises(Unfit):
            fit_fusion.leave_out([one.of(one.sources == "a")])


class Thresholds(unittest.TestCase):
    def test_by_hand(self):
        """live 0 .. 9.9, attacks -8 .. 1.9: but 2 of 100 attacks are at most 1.7, but 16 live ones
        at least 1.6 (no gap: 1.7 and the margin decide); but 3 live ones at least 0.3, but 10
        attacks at most 0.9 (no gap either). Then apart by 5: midway."""
        live, spoof = fit_fusion.thresholds(*hundred(0, -8))
        self.assertAlmostEqual(live, 1.7 + fit_fusion.MARGIN)
        self.assertAlmostEqual(spoof, 0.3 - fit_fusion.MARGIN)
        live, spoof = fit_fusion.thresholds(*hundred(5, -8))
        self.assertAlmostEqual(live, (1.7 + 6.6) / 2)
        self.assertAlmostEqual(spoof, (5.3 + 0.9) / 2)

    def test_limits_hold(self):
        for gap in (-3, 0, 3, 12):
            z, live = hundred(gap, -8)
            from_live, below_spoof = fit_fusion.thresholds(z, live)
            self.assertLessEqual((z[~live] >= from_live).mean(), 0.02)
            self.assertLessEqual((z[live] < below_spoof).mean(), 0.03)
            self.assertLessEqual(below_spoof, from_live)

    def test_missing_scores(self):
        """What has no score is neither live nor spoof wherever the thresholds are."""
        z, live = hundred(5, -8)
        z[[0, 1, 100, 101]] = np.nan
        scored = np.isfinite(z)
        self.assertEqual(
            fit_fusion.thresholds(z, live), fit_fusion.thresholds(z[scored], live[scored])
        )
        with self.assertRaises(Unfit):
            fit_fusion.thresholds(np.where(live, np.nan, z), live)

    def test_half_says_nothing(self):
        choice = fit_fusion.choose([table()])
        self.assertAlmostEqual(choice.live, -choice.spoof)
        self.assertGreater(choice.live, 0)

    def test_rounded(self):
        choice = fit_fusion.rounded(Choice(np.array([0.5]), -0.0873, 0.61, -0.61))
        self.assertEqual(choice.bias, -0.09)
        self.assertAlmostEqual(fit_fusion.sigmoid(choice.live), 0.65)


class LeavingOut(unittest.TestCase):
    def test_source_has_no_say_in_its_own_choice(self):
        one, other = table(), table()
        other.logits[other.sources == "b"] *= -3
        for (source, a), (_, b) in zip(fit_fusion.leave_out([one]), fit_fusion.leave_out([other])):
            same = np.array_equal(a.weights, b.weights) and a.live == b.live
            self.assertEqual(same, source == "b")

    def test_judged(self):
        one = table()
        one.logits[0, 0] = np.nan
        choices = [(source, Choice(np.array([0.5, 0.5]), 0.0, 0.5, -0.5)) for source in SOURCES]
        left_out = fit_fusion.judge_left_out(one, choices)
        whole = fit_fusion.judge(one, choices[0][1])
        np.testing.assert_array_equal(left_out.verdicts, whole.verdicts)
        self.assertEqual(whole.verdicts[0], "undecided")
        self.assertEqual(fit_fusion.verdict_rate(whole, False, "live").total, 40)
        pooled, macro, equal = fit_fusion.ranking(one, whole.z)
        self.assertLess(pooled, 1)  # the one without a score ranks below the attacks
        self.assertLess(macro, 1)
        self.assertGreater(equal, 0)


class Command(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.scores, self.clips = self.folder / "scores.jsonl", self.folder / "clips.tsv"
        self.bundle = self.folder / "bundle.safetensors"
        one = table(noise=(1,))
        p = fit_fusion.sigmoid(one.logits[:, 0])
        self.scores.write_text(
            "".join(
                json.dumps({"clip": f"clips/{name}", "scores": {"one": score}}) + "\n"
                for name, score in zip(one.ids, p.tolist())
            )
        )
        self.clips.write_text(
            "id\tclass\tsource\n"
            + "".join(
                f"{name}\t{'live' if live else 'print'}\t{source}\n"
                for name, live, source in zip(one.ids, one.live, one.sources)
            )
        )
        self.write_bundle()

    def write_bundle(self, **more):
        metadata = single(provenance=json.dumps({"one": {"preset": "one-80"}}), **more)
        weightfile.write(self.bundle, metadata, {"one.weight": KERNEL})

    def run_command(self, *arguments):
        return call(fit_fusion.main, self.scores, "--clips", self.clips, *arguments)

    def test_written(self):
        before = self.bundle.read_bytes()
        printed = self.run_command()
        self.assertEqual(printed.returncode, 0, printed.stderr)
        self.assertEqual(self.bundle.read_bytes(), before)
        result = self.run_command("--write", self.bundle)
        self.assertEqual(result.stdout, printed.stdout)
        numbers = json.loads(result.stdout.splitlines()[0])
        metadata, tensors = weightfile.read(self.bundle)
        self.assertEqual(tensors, {"one.weight": KERNEL})
        for key, value in (
            ("fusion.one", numbers["weights"]["one"]),
            ("fusion.bias", numbers["bias"]),
            ("live_threshold", numbers["live_threshold"]),
            ("spoof_threshold", numbers["spoof_threshold"]),
        ):
            self.assertEqual(float(metadata[key]), value)
        changed = {key for key, value in single().items() if metadata[key] != value}
        self.assertLessEqual(
            changed,
            {"fusion.one", "fusion.bias", "live_threshold", "spoof_threshold", "provenance"},
        )
        about = json.loads(metadata["provenance"])
        self.assertEqual(about["one"], {"preset": "one-80"})
        self.assertEqual((about["fusion"]["recordings"], about["fusion"]["sources"]), (80, 4))

    def test_photo(self):
        """Of the scorers that answered; what decides about clips stays."""
        lines = [json.loads(line) for line in self.scores.read_text().splitlines()]
        for line in lines:
            line["scores"]["depth"] = None
        self.scores.write_text("".join(json.dumps(line) + "\n" for line in lines))
        self.write_bundle(scorers="depth one")
        result = self.run_command("--photo", "--write", self.bundle)
        self.assertEqual(result.returncode, 0, result.stderr)
        numbers = json.loads(result.stdout.splitlines()[0])
        metadata, _ = weightfile.read(self.bundle)
        self.assertEqual(float(metadata["photo.one"]), numbers["weights"]["one"])
        for key in ("bias", "live_threshold", "spoof_threshold"):
            self.assertEqual(float(metadata[f"photo.{key}"]), numbers[key])
        self.assertNotIn("photo.depth", metadata)
        for key in ("fusion.one", "fusion.bias", "live_threshold", "spoof_threshold"):
            self.assertEqual(metadata[key], single()[key])
        self.assertEqual(json.loads(metadata["provenance"])["photo"]["recordings"], 80)

    def test_fixed_weights(self):
        result = self.run_command("--weights", "one=0.25")
        self.assertEqual(json.loads(result.stdout.splitlines()[0])["weights"], {"one": 0.25})
        other = self.scores.with_name("other.jsonl")  # of files that are judged alone, too
        other.write_text(self.scores.read_text().replace('"one"', '"far"'))
        words = self.scores, other, "--clips", self.clips, "--weights", "one=0.25"
        result = call(fit_fusion.main, *words)
        self.assertEqual(result.returncode, 2)
        self.assertIn("no live ones or no attacks with scores", result.stderr)

    def test_refused(self):
        self.write_bundle(scorers="two")
        result = self.run_command("--write", self.bundle)
        self.assertEqual(result.returncode, 2)
        self.assertIn("its scorers are two", result.stderr)
        self.write_bundle(format_version="1")
        self.assertIn("version 1", self.run_command("--write", self.bundle).stderr)
        result = self.run_command("--weights", "far=1")
        self.assertEqual(result.returncode, 2)
        self.assertIn("far", result.stderr)


if __name__ == "__main__":
    unittest.main()
