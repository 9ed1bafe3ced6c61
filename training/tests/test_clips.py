"""Checks the trivial cues, the leak gate and the contact sheets on made-up clips. Run:
python3 -m training.tests.suite (or pytest training)."""

import json
import unittest
from math import log2

import cv2
import numpy as np
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import GroupKFold, cross_val_predict
from sklearn.naive_bayes import GaussianNB

from training.clips import cues, gate, sheets
from training.data import clipset
from training.tests.made_clips import WithFolder, plain, row, write_folder

NOTHING = log2(cues.TINY)


def still(picture, frames=5):
    """A clip of one picture, [s][s] grey or [s][s][3]"""
    picture = np.asarray(picture, np.uint8)
    if picture.ndim == 2:
        picture = np.repeat(picture[..., None], 3, -1)
    return np.repeat(picture[None], frames, 0)


class Cues(unittest.TestCase):
    def check(self, clip, **wanted):
        found = dict(zip(cues.NAMES, cues.cues_of(clip).tolist(), strict=True))
        for name, value in wanted.items():
            self.assertAlmostEqual(found[name], value, 4, name)
        return found

    def test_grey(self):
        level = 128 / 255
        self.check(
            still(plain(128, 128, 128)),
            luminance=level,
            contrast=0,
            black=level,
            white=level,
            clipped_low=0,
            clipped_high=0,
            saturation=0,
            warmth=0,
            tint=0,
            hue_spread=0,
            sharpness=-12,
            noise=NOTHING,
            change=NOTHING,
            border=0,
        )

    def test_colour(self):
        self.check(
            still(plain(200, 100, 50)),
            saturation=0.75,
            warmth=150 / 255,
            tint=-25 / 255,
            hue_spread=0,
        )

    def test_hue_spread(self):
        """Red and blue halves: Y = 130 and 111, c = (70, -30) and (-11, 89)"""
        picture = plain(200, 100, 100)
        picture[:, 32:] = 100, 100, 200
        lengths = np.hypot(70, 30) + np.hypot(11, 89)
        self.check(still(picture), hue_spread=1 - np.hypot(59, 59) / lengths)

    def test_checker(self):
        """The Laplacian is 4 everywhere, the variance 1/4: 16 / 0.25 = 2^6."""
        checker = np.indices((64, 64)).sum(0) % 2 * 255
        self.check(
            still(checker),
            luminance=0.5,
            contrast=0.5,
            black=0,
            white=1,
            clipped_low=0.5**0.5,
            clipped_high=0.5**0.5,
            sharpness=log2(16 / 0.25 * 0.99994),
        )

    def test_percentiles(self):
        """Of 10000 pixels 1 % are black, 2 % dark, 3 % white: the 98th percentile is white."""
        picture = np.full(10000, 128)
        picture[:100], picture[100:300], picture[-300:] = 0, 40, 255
        self.check(
            still(picture.reshape(100, 100)),
            black=40 / 255,
            white=1,
            clipped_low=0.1,
            clipped_high=0.03**0.5,
        )

    def test_change(self):
        """A ramp of 2 levels a pixel, moved by one pixel a frame."""
        ramp = np.tile(np.arange(64) * 2, (64, 1))
        clip = np.stack([still(ramp + 2 * t, 1)[0] for t in range(5)])
        self.check(clip, change=log2(2 / 255 + cues.TINY))

    def test_border(self):
        picture = np.full((64, 64), 200)
        picture[8:-8, 8:-8] = 50
        self.check(still(picture), border=150 / 255)

    def test_noise(self):
        """Twice the noise is one octave more, whatever hard texture is elsewhere."""
        rng = np.random.default_rng(0)
        grain = rng.normal(0, 4, (5, 64, 64))

        def noise(factor):
            grey = 128 + factor * grain
            grey[:, :, 40:] = np.indices((64, 24)).sum(0) // 4 % 2 * 255
            clip = np.repeat(np.round(grey)[..., None], 3, -1).astype(np.uint8)
            return self.check(clip)["noise"]

        self.assertAlmostEqual(noise(2) - noise(1), 1, delta=0.15)
        expected = log2(0.6745 * 4 * 20**0.5 / 255)  # sd of 4 neighbours - 4 x centre: sqrt(20)
        self.assertAlmostEqual(noise(1), expected, delta=0.15)

    def test_blur_is_less_sharp(self):
        rng = np.random.default_rng(1)
        picture = cv2.resize(rng.integers(0, 256, (32, 32), np.uint8), (64, 64))
        sharp = self.check(still(picture))["sharpness"]
        self.assertLess(self.check(still(cv2.blur(picture, (3, 3))))["sharpness"], sharp - 1)


def made_up(pairs, leak, seed=0):
    """Cues of live clips, then of attacks, alike within a pair; leak: {column: what attacks have
    more} -> cue matrix, labels, pairs, species"""
    rng = np.random.default_rng(seed)
    both = rng.normal(0, 1, (pairs, len(cues.NAMES)))
    live, attack = (both + rng.normal(0, 0.5, both.shape) for _ in range(2))
    for column, value in leak.items():
        attack[:, column] += value
    return (
        np.concatenate([live, attack]),
        np.repeat(["live", "attack"], pairs),
        np.tile(np.arange(pairs), 2),
        np.array(["live"] * pairs + ["print", "replay"] * (pairs // 2)),
    )


class Gate(unittest.TestCase):
    def test_no_leak(self):
        report = gate.leak_gate(*made_up(1000, {}))
        self.assertTrue(report["passed"])
        self.assertAlmostEqual(report["auc"], 0.5, delta=0.04)
        json.dumps(report)

    def test_leak_is_named(self):
        report = gate.leak_gate(*made_up(300, {8: -0.8}))
        self.assertFalse(report["passed"])
        self.assertEqual(next(iter(report["cues"])), "tint")
        self.assertEqual(next(iter(report["coefficients"])), "tint")
        self.assertLess(report["cues"]["tint"], 0.4)  # lower in attacks
        self.assertLess(report["coefficients"]["tint"], 0)
        self.assertIn("worst leak alone: tint", "\n".join(gate.lines_of(report)))

    def test_small_leaks_together(self):
        report = gate.leak_gate(*made_up(500, {i: 0.3 for i in range(6)}))
        self.assertLess(max(report["cues"].values()), 0.62)
        self.assertGreater(report["auc"], 0.64)

    def test_one_species(self):
        matrix, labels, pairs, species = made_up(300, {})
        matrix[species == "print", 0] += 1
        report = gate.leak_gate(matrix, labels, pairs, species)
        self.assertGreater(report["per_species"]["print"], 0.65)
        self.assertLess(report["per_species"]["replay"], 0.58)

    def test_pairs_share_a_fold(self):
        matrix, labels, pairs, _ = made_up(60, {})
        _, fold = gate.held_out_logits(matrix, labels == "attack", pairs)
        np.testing.assert_array_equal(fold[:60], fold[60:])
        self.assertEqual(np.bincount(fold).tolist(), [24] * 5)

    def test_held_out(self):
        """As many cues as clips: a classifier knows its own clips by heart, which must not show."""
        rng = np.random.default_rng(3)
        matrix, pairs = rng.normal(size=(80, 80)), np.tile(np.arange(40), 2)
        attack = np.repeat([False, True], 40)
        by_heart = gate.classifier().fit(matrix, attack).decision_function(matrix)
        self.assertEqual(roc_auc_score(attack, by_heart), 1)
        area = gate.held_out_auc(*gate.held_out_logits(matrix, attack, pairs), attack)
        self.assertLess(area, 0.65)

    def test_incomplete_pairs(self):
        matrix, labels, pairs, species = made_up(50, {})
        report = gate.leak_gate(matrix[:-10], labels[:-10], pairs[:-10], species[:-10])
        self.assertEqual(report["n"], 80)
        with self.assertRaisesRegex(ValueError, "too few"):
            gate.leak_gate(matrix[:60], labels[:60], pairs[:60], species[:60])

    def test_few_of_a_species(self):
        report = gate.leak_gate(*made_up(30, {}))
        self.assertEqual(report["per_species"], {"print": None, "replay": None})

    def test_bad_input(self):
        matrix, labels, pairs, species = made_up(30, {})
        with self.assertRaisesRegex(ValueError, "spoof"):
            gate.leak_gate(matrix, np.where(labels == "live", "live", "spoof"), pairs, species)
        matrix[3, 3] = np.nan
        with self.assertRaisesRegex(ValueError, "finite"):
            gate.leak_gate(matrix, labels, pairs, species)


class Balance(unittest.TestCase):
    def kept(self, pairs, leak, keep):
        matrix, labels, groups, species = made_up(pairs, leak)
        stay = gate.balance(matrix, labels, groups, np.random.default_rng(1), keep)
        self.assertEqual(np.bincount(groups[stay], minlength=pairs).max(), 2)
        self.assertEqual(set(np.bincount(groups[stay]).tolist()) - {0}, {2})  # pairs are whole
        return stay, (matrix[stay], labels[stay], groups[stay], species[stay])

    def test_nothing_to_do(self):
        stay, _ = self.kept(2000, {}, 0.5)
        self.assertEqual(stay.tolist(), list(range(4000)))

    def test_leak_falls(self):
        self.assertGreater(gate.leak_gate(*made_up(1000, {2: 0.4, 7: -0.2}))["auc"], gate.LIMIT)
        stay, (matrix, labels, pairs, species) = self.kept(1000, {2: 0.4, 7: -0.2}, 0.5)
        self.assertGreaterEqual(len(stay), 1000)
        self.assertLess(gate.leak_gate(matrix, labels, pairs, species)["auc"], 0.545)
        # Another kind of classifier, with other folds, finds as little and nothing inverted.
        said = cross_val_predict(
            GaussianNB(), matrix, labels, groups=pairs, cv=GroupKFold(4), method="predict_proba"
        )[:, 0]  # "attack" is the first class
        self.assertAlmostEqual(roc_auc_score(labels == "attack", said), 0.5, delta=0.05)

    def test_keeps_enough(self):
        stay, rest = self.kept(200, {0: 1.5}, 0.7)
        self.assertEqual(len(stay), 2 * 140)
        before = gate.leak_gate(*made_up(200, {0: 1.5}))["auc"]
        self.assertLess(gate.leak_gate(*rest)["auc"], before - 0.03)


class GateOfFolder(WithFolder):
    def write(self, brighter):
        """30 pairs, the attack the same clip but for its brightness"""
        rng = np.random.default_rng(0)
        live = rng.integers(30, 200, (30, 5, 16, 16, 3), np.uint8)
        rows = [row(i, species) for species in ("live", "print") for i in range(30)]
        write_folder(self.root, np.concatenate([live, live + np.uint8(brighter)]), rows)

    def test_passes(self):
        self.write(0)
        code, text = self.run_main(gate, self.root)
        self.assertEqual(code, 0)
        self.assertIn("passed: AUC 0.500", text)

    def test_fails(self):
        self.write(20)
        code, text = self.run_main(gate, self.root)
        self.assertEqual(code, 1)
        self.assertIn("FAILED", text)
        self.assertIn("print        AUC 1.000", text)

    def test_balanced_copy(self):
        self.write(0)
        clips = np.load(self.root / "clips.npy", mmap_mode="r+")
        clips[50:] += np.uint8(40)  # the attacks of 10 of 30 pairs
        copy = self.root / "copy"
        code, _ = self.run_main(gate, self.root, "--balance", copy, "--keep", "0.67")
        info = json.loads((copy / "info.json").read_text())
        self.assertEqual(code, not info["gate"]["passed"])
        self.assertLess(info["gate"]["auc"], gate.report_of(*gate.read(self.root))["auc"])
        self.assertEqual((info["seed"], info["sha256"]), (1, clipset.digest(copy)))
        rows = gate.read(copy)[1]
        self.assertTrue(2 * 20 < len(rows) < 2 * 30)
        self.assertEqual(gate.report_of(*gate.read(copy)), info["gate"])
        names = [line["id"] for line in gate.read(self.root)[1]]
        old, new = (np.load(folder / "clips.npy") for folder in (self.root, copy))
        for clip, line in zip(new, rows):
            np.testing.assert_array_equal(clip, old[names.index(line["id"])])
        with self.assertRaises(FileExistsError):
            gate.balanced_copy(self.root, copy, 0.5)


class Sheets(WithFolder):
    def setUp(self):
        super().setUp()
        rng = np.random.default_rng(0)
        self.rows = [row(i, s) for i, s in enumerate(("print", "print", "replay", "print"))]
        self.rows += [row(i, "live", None) for i in range(4)]
        write_folder(self.root, rng.integers(0, 256, (8, 5, 48, 48, 3), np.uint8), self.rows)
        self.dataset = clipset.Folder(self.root)
        self.rng = np.random.default_rng(0)

    def test_species_sheet(self):
        sheet = sheets.species_sheet(self.dataset, "print", 2, self.rng)
        self.assertEqual(sheet.shape, (2 * 48, 6 * 48 + sheets.CAPTION, 3))
        sheet = sheets.species_sheet(self.dataset, "print", 9, self.rng)  # there are three
        self.assertEqual(len(sheet), 3 * 48)
        for place, clip in enumerate((0, 1, 3)):
            np.testing.assert_array_equal(
                sheet[place * 48 :][:48, 4 * 48 : 5 * 48], self.dataset.clips[clip, 4]
            )
        with self.assertRaisesRegex(ValueError, "mask"):
            sheets.species_sheet(self.dataset, "mask", 2, self.rng)

    def test_overview(self):
        sheet = sheets.overview(self.dataset, self.rng)
        self.assertEqual(sheet.shape, (2 * 48, 8 * 48 + sheets.CAPTION, 3))
        np.testing.assert_array_equal(sheet[48:, 2 * 48 : 3 * 48], self.dataset.clips[6, 4])  # live
        np.testing.assert_array_equal(sheet[48:, 6 * 48 : 7 * 48], self.dataset.clips[2, 4])

    def test_overlay(self):
        """Near is red, far is blue; the mask's line is white."""
        mask = np.zeros((32, 32), np.uint8)
        mask[8:24, 8:24] = 255
        picture = sheets.overlay(plain(0, 0, 0, side=128), mask, mask)
        red, _, blue = picture[64, 64].tolist()
        self.assertGreater(red, blue + 50)
        red, _, blue = picture[4, 4].tolist()
        self.assertGreater(blue, red + 50)
        self.assertEqual(picture[64, 30:34].max(0).tolist(), [255] * 3)

    def test_words(self):
        words = list(sheets.words({**row(3, "replay", instrument="phone"), "held_out": ["light"]}))
        self.assertEqual(
            words,
            [
                "train-000003-attack",
                "replay  faker/0003",
                "camera: mild",
                "instrument: phone",
                "light: room",
                "unseen: light",
                "teacher: 0.90 0.70",
            ],
        )
        self.assertEqual(len(list(sheets.words(row(3, "live", None)))), 4)

    def test_main(self):
        out = self.root / "out.jpg"
        self.run_main(sheets, self.root, out, "--species", "print", "--count", 1)
        self.assertEqual(cv2.imread(str(out)).shape, (48, 6 * 48 + sheets.CAPTION, 3))
        out = self.root / "out.png"
        self.run_main(sheets, self.root, out)
        np.testing.assert_array_equal(
            cv2.imread(str(out))[..., ::-1], sheets.overview(self.dataset, np.random.default_rng(0))
        )

    def test_limit(self):
        noise = np.random.default_rng(0).integers(0, 256, (200, 300, 3), np.uint8)
        for name in ("small.png", "small.jpg"):
            path = self.root / name
            sheets.save(noise, path, 20000)
            self.assertLessEqual(path.stat().st_size, 20000)
            self.assertGreater(path.stat().st_size, 8000)  # no smaller than need be


if __name__ == "__main__":
    unittest.main()
