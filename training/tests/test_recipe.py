"""Checks recipes: what is read, what is refused and how, and that those of recipes/ say what their
sources do."""

import contextlib
import io
import re
import tempfile
import unittest
from dataclasses import fields
from pathlib import Path

import torch

from training import ROOT
from training.networks import losses
from training.train import recipe, steps
from training.train.__main__ import arguments
from training.train.recipe import BadRecipe


class Reading(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.path = Path(folder.name, "own.toml")

    def read(self, text, *changes):
        self.path.write_text(text)
        return recipe.read(self.path, changes)

    def test_values(self):
        """Whole numbers do for numbers; what is left out has its default."""
        read = self.read(
            '[network]\nwidth = 1\nwithout = ["no-gru"]\n[draws]\n'
            "species_weights = {print = 2}\n[two]\nepochs = 3\n"
        )
        self.assertEqual((read.network.width, read.network.without), (1.0, ("no-gru",)))
        self.assertEqual(read.draws.species_weights, {"print": 2.0})
        self.assertEqual((read.two.epochs, read.two.batch), (3.0, 8))
        self.assertEqual(read.one, recipe.Recipe().one)

    def test_refused(self):
        """With file, table and key."""
        for text, message in (
            ("[netwrok]\nsize = 64", r"own.toml: \[netwrok\]: no such table"),
            ("size = 64", r"own.toml: \[size\]: no such table"),
            ("[network]\nsiz = 64", r"own.toml: \[network\] siz: no such key"),
            ("[network]\nsize = 64.0", r"\[network\] size: 64.0 is not a whole number"),
            ('[one]\nrate = "fast"', r"\[one\] rate: 'fast' is not a number"),
            ("[one]\nrate = true", r"\[one\] rate: True is not a number"),
            ("[network]\nwithout = 3", r"\[network\] without: 3 is not a list of texts"),
            ('[draws]\nspecies_weights = {a = "b"}', r"species_weights: .* a table of num"),
            ("[network]\nsize = 65", r"own.toml: \[network\]: input_size 65"),
            ('[network]\nwithout = ["no-head"]', r"\[network\]: without 'no-head'"),
            ('[losses]\nkind = "own"', r"\[losses\]: kind 'own': one of text, released"),
            ('[one]\noptimiser = "sgd"', r"\[one\]: optimiser 'sgd': one of adamw"),
            ("[two]\nbatch = 3", r"\[two\]: batch 3: even"),
            ('[augment]\nkind = "released"\nflip = 0.1', r"\[augment\]: .* such as flip"),
            ("[augment]\nblur = 0.5", r"\[augment\]: augmentation blur is above 1/3"),
            ("[network]\nsize = 64\n[draws]\npatch = 72", r"own.toml: .* patch 72 is above"),
            ("[draws]\npatch_share = 7.0", r"\[draws\]: patch_share 7.0 is not in 0..1"),
            ("[draws]\nspecies_weights = {a = -1.0}", r"\[draws\]: species_weights: a -1.0 is"),
            ("[network", "own.toml: "),
        ):
            with self.subTest(text), self.assertRaisesRegex(BadRecipe, message):
                self.read(text)
        with self.assertRaisesRegex(BadRecipe, "no recipe best: .*made, paper-sgtd"):
            recipe.read("best")
        with self.assertRaisesRegex(BadRecipe, "none.toml"):
            recipe.read(self.path.with_name("none.toml"))

    def test_set(self):
        """TOML, or a plain word for a text; over what the file says."""
        read = self.read(
            "[one]\nrate = 1.0\nwarmup = 7",
            "one.rate=2e-3",
            "network.preset=a-b",
            "network.without=['no-gru']",
            "losses.softmax = 2",
        )
        self.assertEqual((read.one.rate, read.one.warmup), (2e-3, 7))
        self.assertEqual((read.network.preset, read.network.without), ("a-b", ("no-gru",)))
        self.assertTrue(read.loss_config().double_softmax)
        for text, message in (
            ("rate=1", "--set rate=1: not table.key=value"),
            ("one.rate", "not table.key=value"),
            ("one.speed=1", r"--set: \[one\] speed: no such key"),
            ("one.rate=fast", r"--set: \[one\] rate: 'fast'"),
        ):
            with self.subTest(text), self.assertRaisesRegex(BadRecipe, message):
                self.read("", text)

    def test_as_written(self):
        """As people write it, and as a shell passes it on: no 0 before the point, a list of one
        without its brackets."""
        read = recipe.read(
            "plain", ["losses.binary=.1", "one.rate=.5e-2", "network.without=no-gru"]
        )
        self.assertEqual((read.losses.binary, read.one.rate), (0.1, 0.005))
        self.assertEqual(read.network.without, ("no-gru",))
        for text in ("losses.binary=..1", "losses.binary=.", "network.without=..."):
            with self.subTest(text), self.assertRaises(BadRecipe):
                recipe.read("plain", [text])

    def test_readme(self):
        """Every key with a value in models/README.md and training/README.md is one."""
        tables = "|".join(each.name for each in fields(recipe.Recipe))
        found = set()
        for name in ("models/README.md", "training/README.md"):
            text = (ROOT / name).read_text(encoding="utf-8").replace(" = ", "=")
            found |= set(re.findall(rf"\b(?:{tables})\.[a-z_]+=[^\s`|]+", text))
        found.discard("network.without=...")
        self.assertGreater(len(found), 20)
        for text in found:
            with self.subTest(text):
                recipe.read("plain", [text])

    def test_command(self):
        """Says on one line what is wrong; a run needs a budget, of its own or of the recipe."""

        def refused(*words):
            said = io.StringIO()
            with contextlib.redirect_stderr(said), self.assertRaises(SystemExit):
                arguments([*words, "data", "--out", "run"])
            return said.getvalue().splitlines()[-1]

        self.assertIn("no recipe best", refused("best"))
        self.assertIn("[one] epochs", refused("made"))
        self.assertIn("distil", refused("released", "--guide", "g.pt"))
        read, options = arguments(["released", "data", "--out", "run"])
        self.assertEqual(read.one.epochs, 52)
        self.assertFalse(hasattr(options, "recipe"))


class Recipes(unittest.TestCase):
    def test_all_are_read(self):
        names = {path.stem for path in recipe.FOLDER.glob("*.toml")}
        self.assertEqual(
            names, {"context", "made", "paper-sgtd", "paper-td", "plain", "quick", "released"}
        )
        for name in names:
            recipe.read(name)
        self.assertEqual(recipe.read("plain"), recipe.Recipe())

    def test_papers(self):
        """What the texts and the released code say: papers' batches, rates, losses, constant."""
        for name, network, profile, batch, decay, config in (
            ("paper-td", "fas-td", "paper", 48, 0, losses.TEXT),
            ("paper-sgtd", "fas-sgtd", "paper", 48, 0, losses.TEXT),
            ("released", "fas-sgtd", "reference", 42, 5e-4, losses.RELEASED),
        ):
            with self.subTest(name):
                read = recipe.read(name)
                own = read.network
                self.assertEqual(
                    (own.network, own.profile, own.size, own.width, own.input_norm),
                    (network, profile, 256, 1, "fixed"),
                )
                self.assertEqual((own.alpha, own.beta), (0.6, 0.8))
                self.assertEqual(read.loss_config(), config)
                self.assertEqual(
                    (read.one.optimiser, read.one.rate, read.one.batch), ("adam", 1e-4, batch)
                )
                self.assertEqual(
                    (read.two.optimiser, read.two.rate, read.two.batch), ("adadelta", 1e-2, 2)
                )
                for stage in (read.one, read.two):
                    self.assertEqual(
                        (stage.schedule, stage.clip, stage.ema, stage.norm_batches, stage.decay),
                        ("constant", 0, 0, 0, decay),
                    )
                    self.assertEqual(steps.rate_share(0, stage.warmup, 0.9, stage.schedule), 1)
                self.assertEqual(read.augmentation(), {"kind": "released"})

    def test_processes_share_a_batch(self):
        released = recipe.read("released")
        self.assertEqual(released.one.batch_of_each(7), 6)
        with self.assertRaisesRegex(BadRecipe, "batch 2 is no multiple of 2 in each of 2"):
            released.two.batch_of_each(2)

    def test_adadelta(self):
        """By hand, two steps of gradient 2, as TensorFlow does them: rho .95, eps 1e-8; the L2 term
        adds to the gradient."""
        weight = torch.zeros(1, requires_grad=True)
        optimiser = steps.OPTIMISERS["adadelta"]([weight], lr=1e-2)
        squares, moved, expected = 0.0, 0.0, 0.0
        for _ in range(2):
            weight.grad = torch.tensor([2.0])
            optimiser.step()
            squares = 0.95 * squares + 0.05 * 4
            step = (moved + 1e-8) ** 0.5 / (squares + 1e-8) ** 0.5 * 2
            moved = 0.95 * moved + 0.05 * step**2
            expected -= 1e-2 * step
        self.assertAlmostEqual(weight.item() / expected, 1, places=4)
        moves = []
        for decay in (0, 5e-4):
            weight = torch.full((1,), 4000.0, requires_grad=True)
            optimiser = steps.OPTIMISERS["adam"]([weight], lr=1.0, weight_decay=decay)
            weight.grad = torch.tensor([-1.0])
            optimiser.step()
            moves.append(weight.item() - 4000)
        self.assertAlmostEqual(moves[0], 1, places=3)
        self.assertAlmostEqual(moves[1], -1, places=3)  # -1 + 5e-4 * 4000 = 1: the other way


if __name__ == "__main__":
    unittest.main()
