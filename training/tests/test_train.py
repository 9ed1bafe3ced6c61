"""Checks training, resuming and finishing on a tiny made-up set."""

import contextlib
import io
import json
import shutil
import unittest
import unittest.mock

import numpy as np
import torch

from training.data import clipset
from training.data.clipset import BadClips, ClipSet
from training.judge import metrics
from training.judge.predict import predict, predict_by_camera
from training.networks.ablations import ABLATIONS, build, load, load_whole
from training.networks.blocks import RsgbPaper
from training.networks.networks import Config, Network
from training.ship import finish
from training.tests.in_process import call
from training.tests.made_set import FRAMES, SIZE, Made, both, make
from training.train import __main__ as command
from training.train import guide, run
from training.train.__main__ import arguments
from training.train.checkpoint import save
from training.train.loop import RUNAWAY, Stage
from training.train.recipe import STAGES, TrainingError
from training.train.stages import TRUNK, StageOne, StageTwo


class Training(Made):
    def test_learns_and_finishes(self):
        """Both stages of both networks: the losses fall, dev is told apart, the finished file says
        what the checkpoint says."""
        for network, beside, head in (
            ("fas-td", "distil", "maps"),
            ("fas-sgtd", "binary", "features"),
        ):
            with self.subTest(network):
                run = self.train(
                    network,
                    f"network.network={network}",
                    f"network.head={head}",
                    *both("rate=1e-2"),
                    f"losses.{beside}=0.5",
                    "augment.strength=0.3",
                    "--steps",
                    "80",
                    "40",
                )
                entries = [
                    json.loads(line) for line in (run / "log.jsonl").read_text().splitlines()
                ]
                for stage in STAGES:
                    totals = [entry["total"] for entry in entries if entry["stage"] == stage]
                    self.assertLess(totals[-1], 0.7 * totals[0], stage)
                values = [entry[beside] for entry in entries if entry["stage"] == "one"]
                self.assertLess(values[-1], 0.8 * values[0], beside)
                answer = predict(run / "two.pt", self.data, "dev")
                live = np.array(answer.labels) == "live"
                self.assertGreater(answer.raw[live].min(), answer.raw[~live].max())
                single = predict(run / "one.pt", self.data, "dev", limit=6)
                self.assertEqual((len(single.ids), single.labels.count("live")), (6, 3))
                np.testing.assert_array_equal(single.depth, single.single[:, :-1])

                checkpoint, figures = finish.finish(run / "two.pt", self.data, "tiny")
                torch.save(checkpoint, run / "tiny.pt")
                finished, _ = load_whole(run / "tiny.pt")
                config = finished.config
                self.assertEqual((config.trained, config.preset), ("yes", "tiny"))
                self.assertEqual(figures["at"]["live"]["bpcer"], [0, 8])
                self.assertLess(config.spoof_threshold, config.live_threshold)
                self.assertEqual(
                    json.loads(config.provenance)["train_data"], [clipset.digest(self.data)]
                )
                scores = predict(finished, self.data, "dev").scores
                np.testing.assert_array_equal(scores >= config.live_threshold - 1e-6, live)
                with self.assertRaisesRegex(ValueError, r"without its parts \(single\)"):
                    finish.finish(run / "one.pt", self.data)
                with self.assertRaisesRegex(finish.Unfit, "finished already"):
                    finish.finish(run / "tiny.pt", self.data)
                with self.assertRaisesRegex(finish.Unfit, "pirnt"):
                    finish.finish(run / "two.pt", self.data, without=["pirnt"])

    def test_runaway_depth_has_no_score(self):
        """As in the engine: a frame's depth above the limit, but for the last one, which has no
        pair of its own; NaN counts as above."""
        network = build(Config("fas-td", preset="x", input_size=SIZE, width=1 / 16, frames=FRAMES))
        for value, frame, none in (
            (9.9, 0, False),
            (11.0, 1, True),
            (-11.0, 0, True),
            (float("nan"), 0, True),
            (11.0, FRAMES - 1, False),
        ):

            def forward(images, mask=None, network=network):
                clip = Network.forward(network, images, mask)
                clip.single[0, frame, 2, 3] = value
                return clip

            with (
                self.subTest((value, frame)),
                unittest.mock.patch.object(network, "forward", forward),
            ):
                answer = predict(network, self.data, "dev", limit=4)
                self.assertEqual(np.isnan(answer.raw).tolist(), [none] + [False] * 3)
                self.assertEqual(np.isnan(answer.scores).tolist(), [none] + [False] * 3)

    def test_leaky_clips_are_refused(self):
        info = json.loads((self.data / "info.json").read_text())
        for area, passed in ((0.6, False), (0.5, True)):
            folder = self.temp / f"gate-{passed}"
            shutil.copytree(self.data, folder)
            gate = {"auc": area, "limit": 0.58, "passed": passed}
            (folder / "info.json").write_text(json.dumps({**info, "gate": gate}))
            clips = clipset.ClipSet(folder, "train")
            if passed:
                clips.refuse_leaks()
                continue
            recipe, options = arguments(
                ["plain", str(folder), "--out", str(self.temp / "no"), "--steps", "1"]
            )
            with self.assertRaisesRegex(BadClips, "leak gate.*0.600, limit 0.58"):
                run.train(recipe, options)
            self.assertFalse(options.out.exists())

    def test_resume(self):
        """Stopped in the middle of either stage and resumed: the weights of a run in one go."""
        whole = self.train("whole", "--steps", "6", "4")
        for stage, steps in (("one", 3), ("two", 2)):
            with self.subTest(stage):
                name = f"broken-{stage}"

                class Stop(Exception):
                    pass

                def stopping(self, batch, fraction, advance=Stage.advance):
                    if self.name == stage and self.step == steps:
                        save(self)
                        raise Stop
                    return advance(self, batch, fraction)

                with (
                    unittest.mock.patch.object(Stage, "advance", stopping),
                    self.assertRaises(Stop),
                ):
                    self.train(name, "--steps", "6", "4")
                with self.assertRaisesRegex(TrainingError, "exists"):
                    self.train(name, "--steps", "6", "4")
                with self.assertRaisesRegex(TrainingError, "seed"):
                    self.train(name, "--steps", "6", "4", "--resume", "--seed", "2")
                with self.assertRaisesRegex(TrainingError, "other one.ema, two.ema"):
                    self.train(name, *both("ema=0.5"), "--steps", "6", "4", "--resume")
                run = self.train(name, "--steps", "6", "4", "--resume")
                for file in ("one.pt", "two.pt"):
                    a, b = (
                        torch.load(path / file, weights_only=True)["model"] for path in (whole, run)
                    )
                    for key in a:
                        torch.testing.assert_close(b[key], a[key], atol=0, rtol=0)

    def test_resume_of_what_is_done(self):
        """A finished stage is that of the same run, or it is refused: after the first stage, and
        when nothing is left to train."""
        words = "--steps", "1", "1"
        run = self.train("done", *words, "--stage", "one")
        other = make(self.temp / "other", seed=9)
        for done in STAGES:
            with self.subTest(done):
                with self.assertRaisesRegex(TrainingError, "one.pt: resumed with other seed$"):
                    self.train("done", *words, "--resume", "--seed", "2")
                with self.assertRaisesRegex(TrainingError, "other losses.contrast, one.rate$"):
                    self.train("done", "losses.contrast=0", "one.rate=1e-3", *words, "--resume")
                with (
                    unittest.mock.patch.object(type(self), "data", other),
                    self.assertRaisesRegex(TrainingError, r"other data \(its hash\)$"),
                ):
                    self.train("done", *words, "--resume")
                self.train("done", *words, "--resume")
                self.assertTrue((run / "two.pt").exists())

    def test_guide(self):
        """Learns, is read back as it was, and its opinion is what a network is taught."""
        clips = ClipSet(self.data, "train")
        with contextlib.redirect_stderr(io.StringIO()):
            taught = guide.train(clips, 10, 8, 1, 0.3, most=30)
        self.assertGreater(metrics.auc(guide.predict(taught, ClipSet(self.data, "dev"))), 0.95)
        path = self.temp / "guide.pt"
        torch.save({"model": taught.state_dict()}, path)
        images = torch.rand(2, 3, 3, SIZE, SIZE) - 0.5
        asked = guide.opinion(guide.load_guide(path), images)
        self.assertEqual(asked.shape, (2,))
        torch.testing.assert_close(asked, guide.opinion(taught, images))
        for wrong in ({"model": {}}, {}):
            torch.save(wrong, path)
            with self.assertRaisesRegex(ValueError, "not by guide.py"):
                guide.load_guide(path)
        path.write_bytes(b"")
        with self.assertRaisesRegex(ValueError, "not by guide.py: EOFError"):
            guide.load_guide(path)

        # One that takes everything for live; the clips' own teacher gives their live ones 0.8.
        with torch.no_grad():
            taught.out.weight.zero_()
            taught.out.bias.fill_(30)
        torch.save({"model": taught.state_dict()}, path)
        for name, more, low, high in (
            ("guided", ("--guide", str(path)), 0, 0.3),
            ("taught", (), 0.49, 0.7),
        ):
            run = self.train(
                name, "losses.distil=1", "one.rate=4e-2", "--steps", "40", "--stage", "one", *more
            )
            entries = [json.loads(line) for line in (run / "log.jsonl").read_text().splitlines()]
            self.assertGreaterEqual(entries[-1]["distil"], low)
            self.assertLessEqual(entries[-1]["distil"], high)
        with contextlib.redirect_stderr(io.StringIO()), self.assertRaises(SystemExit):
            self.options("alone", "--steps", "1", "--guide", str(path))

    def test_results_are_kept(self):
        """A guide and a finished network in folders that are not there yet. A full disk is said in
        a line, and leaves what was there."""
        out = self.temp / "new"
        words = "--minutes", 9, "--steps", 1, "--batch", 8
        answer = call(guide.main, self.data, "--out", out / "guide" / "a.pt", *words)
        self.assertEqual(answer.returncode, 0, answer.stderr)
        guide.load_guide(out / "guide" / "a.pt")
        trained = self.train("kept", "--steps", "1", "1") / "two.pt"
        answer = call(finish.main, trained, self.data, "--out", out / "finished" / "a.pt")
        self.assertEqual(answer.returncode, 0, answer.stderr)
        load_whole(out / "finished" / "a.pt")
        (trained.parent / "two.pt.part").symlink_to("/dev/full")
        before = trained.read_bytes()
        answer = call(finish.main, trained, self.data, "--out", trained)
        self.assertRegex(answer.stderr, r"^finish.py: .*two.pt.part cannot be written: .*\n$")
        self.assertEqual(trained.read_bytes(), before)

    def test_consistency(self):
        """Its weight pulls the maps of two versions of a picture together."""
        apart = []
        for weight in ("1e-9", "30"):
            run = self.train(
                f"views-{weight}",
                f"losses.consistency={weight}",
                "one.rate=1e-2",
                "--steps",
                "20",
                "--stage",
                "one",
            )
            entries = [json.loads(line) for line in (run / "log.jsonl").read_text().splitlines()]
            apart.append(entries[-1]["consistency"])
        self.assertLess(apart[1], 0.7 * apart[0])

    def test_edge_limit(self):
        """Holds the gammas of RSGB's squares, which grow past it without."""
        largest = []
        for name, limit in (("free", ()), ("held", ("network.edge_limit=0.012",))):
            run = self.train(
                f"edge-{name}",
                "one.ema=0",
                "one.rate=1e-2",
                *limit,
                "--steps",
                "10",
                "--stage",
                "one",
            )
            network, _ = load(run / "one.pt")
            largest.append(
                max(
                    module.norm.weight.abs().max().item()
                    for module in network.modules()
                    if isinstance(module, RsgbPaper)
                )
            )
        self.assertGreater(largest[0], 0.02)
        self.assertLessEqual(largest[1], 0.012 + 1e-6)
        # Stage two leaves the trunk as it is, whatever its gammas.
        run = self.train(
            "edge-two",
            "network.edge_limit=0.001",
            "--steps",
            "2",
            "--stage",
            "two",
            "--trunk",
            str(self.temp / "edge-free" / "one.pt"),
        )
        before, after = (
            load(path)[0].state_dict()["init.norm.weight"]
            for path in (self.temp / "edge-free" / "one.pt", run / "two.pt")
        )
        torch.testing.assert_close(after, before)

    def test_precision(self):
        """bf16 only where the processor has it."""
        for has, expected in ((True, "bf16"), (False, "f32")):
            with unittest.mock.patch.object(command, "has_bf16", lambda has=has: has):
                _, options = arguments(["plain", "data", "--out", "run", "--steps", "1"])
                self.assertEqual(options.precision, expected)

    def test_by_camera(self):
        """A camera's clips are seen with statistics of their own, not of others; the network stays
        as it is."""
        network = build(Config("fas-td", input_size=SIZE, width=1 / 16, frames=FRAMES)).eval()
        before = {name: value.clone() for name, value in network.state_dict().items()}
        chosen, raw = predict_by_camera(network, ClipSet(self.data, "train"))
        self.assertEqual(chosen.tolist(), list(range(32)))
        for name, value in network.state_dict().items():
            torch.testing.assert_close(value, before[name], atol=0, rtol=0)
        single = predict(network, self.data, "train", single=True).raw
        self.assertGreater(np.abs(raw - single).min(), 1e-6)
        path = make(self.temp / "dim")
        clips = ClipSet(path, "train")
        new = np.array([record["families"]["camera"] == "new" for record in clips.records])
        pixels = np.load(path / "clips.npy", mmap_mode="r+")
        for row in np.flatnonzero(new)[:4]:
            pixels[row] //= 2
        pixels.flush()
        changed = predict_by_camera(network, clips)[1] != raw
        np.testing.assert_array_equal(changed, new)

    def test_frozen(self):
        """Stage two leaves the trunk's weights and statistics alone and trains the rest."""
        run = self.train("frozen", "--steps", "2", "2")
        one, two = (torch.load(run / f"{stage}.pt", weights_only=True)["model"] for stage in STAGES)
        for name in one:
            same = torch.equal(one[name], two[name])
            if name.startswith(tuple(f"{part}." for part in TRUNK)):
                self.assertTrue(same, name)
            elif name.endswith("weight"):
                self.assertFalse(same, name)

    def test_stage_two_takes_what_stage_one_trained(self):
        """By itself, or resumed between the stages, it begins with the head on features that stage
        one trained, as in one go."""

        class Begun(Exception):
            pass

        def begin(stage, log):
            raise Begun(stage)

        words = ("network.head=features", "losses.binary=0.5", "--steps", "2", "2")
        made = self.train("taken", *words, "--stage", "one")
        one = torch.load(made / "one.pt", weights_only=True)["model"]
        for more in (("--stage", "two"), ("--resume",)):
            with (
                self.subTest(more=more),
                unittest.mock.patch.object(Stage, "train", begin),
                self.assertRaises(Begun) as caught,
            ):
                self.train("taken", *words, *more)
            begun = caught.exception.args[0].network.state_dict()
            for name, value in one.items():
                if name.startswith((*(f"{part}." for part in TRUNK), "head.")):
                    torch.testing.assert_close(begun[name], value, atol=0, rtol=0)

    def test_depth_stays_alive(self):
        """A map below its ReLU everywhere is 0 and yet learns."""
        network = Network(Config(input_size=SIZE, width=1 / 16, frames=FRAMES))
        torch.nn.init.constant_(network.single.bias, -100)
        maps, _ = StageOne(network)(torch.randn(2, 1, 3, SIZE, SIZE))
        self.assertEqual(maps.abs().max().item(), 0)
        (maps - 1).square().sum().backward()
        self.assertLess(network.single.bias.grad.item(), 0)

    def test_decay(self):
        """Of weights alone; the released code has none on its GRU."""
        for recipe, free in (("paper-sgtd", set()), ("released", {"gru1", "gru2"})):
            words = ["network.size=32", "network.width=0.0625", "one.batch=8", "two.batch=8"]
            read, options = arguments([recipe, str(self.data), "--out", "x", "--set", *words])
            clips = ClipSet(self.data, "train")
            network = build(read.network.config(clips.info))
            stage = Stage("two", read, options, clips, network, run.Processes())
            decayed = {id(p) for p in stage.optimiser.param_groups[0]["params"]}
            for name, p in network.named_parameters():
                if p.requires_grad:
                    self.assertEqual(
                        id(p) in decayed, p.dim() > 1 and name.split(".")[0] not in free, name
                    )

    def test_stage_two_is_the_network(self):
        for network, profile in (("fas-td", "paper"), ("fas-sgtd", "reference")):
            config = Config(network, profile, input_size=SIZE, width=1 / 16, frames=FRAMES)
            stage = StageTwo(Network(config)).eval()
            images = torch.randn(2, FRAMES, 3, SIZE, SIZE)
            with torch.no_grad():
                for mine, own in zip(stage(images), stage.network(images)):
                    torch.testing.assert_close(mine, own, atol=1e-5, rtol=1e-3)

    def test_runaway(self):
        """Steps without finite gradients change nothing, and twenty in a row end the run."""
        recipe, options = self.options("runaway", "--steps", "9", "9")
        clips = ClipSet(self.data, "train")
        torch.manual_seed(1)
        network = build(recipe.network.config(clips.info))
        stage = Stage("one", recipe, options, clips, network, run.Processes())
        before = {name: value.clone() for name, value in network.state_dict().items()}
        batch = clips.load(stage.draw(0))
        spoiled = batch._replace(depth=batch.depth * float("nan"))
        for _ in range(RUNAWAY - 1):
            self.assertEqual(stage.advance(spoiled, 0.0)[0], {})
        for name, value in network.state_dict().items():
            torch.testing.assert_close(value, before[name], atol=0, rtol=0)
        stage.advance(batch, 0.0)
        self.assertEqual(stage.skipped_in_row, 0)
        with self.assertRaisesRegex(TrainingError, "run away"):
            for _ in range(RUNAWAY):
                stage.advance(spoiled, 0.0)

    def test_ablations(self):
        """Each loads from its checkpoint, and lacks what it says it lacks."""
        for ablation in ABLATIONS[:-1]:
            run = self.train(ablation, f"network.without=['{ablation}']", "--steps", "1", "1")
            network, _ = load(run / "two.pt")
            self.assertEqual(network.ablations, (ablation,))
            images = torch.randn(1, FRAMES, 3, SIZE, SIZE)
            with torch.no_grad():
                clip = network(images)
                if ablation == "no-rsgb":
                    self.assertFalse(
                        [name for name, _ in network.named_parameters() if ".edge." in name]
                    )
                if ablation == "no-ststb":  # every pair sees its first frame alone
                    other = images.clone()
                    other[:, -1] = 0
                    torch.testing.assert_close(network(other).multi, clip.multi)
                if ablation == "no-gru":  # a pair's map does not depend on those before
                    last = network(images[:, 1:]).multi[:, -1]
                    torch.testing.assert_close(last, clip.multi[:, -1])
        with self.assertRaises(ValueError):
            build(Config("fas-td"), ["no-rsgb"])

    def test_ablations_start_from_whole(self):
        """A stage alone, from a checkpoint with all its parts, whose other weights it has."""
        whole = self.train("start-whole", "--steps", "1", "1") / "two.pt"
        for ablation, stage in (("no-rsgb", "one"), ("no-ststb", "two"), ("no-gru", "two")):
            with self.subTest(ablation):
                words = f"{stage}.rate=1e-9", f"network.without=['{ablation}']", "--steps", "1"
                run = self.train(
                    f"start-{ablation}", *words, "--stage", stage, "--start", str(whole)
                )
                network, _ = load(run / f"{stage}.pt")
                for name in ("single.weight", "gru1.gates.weight", "head.0.weight"):
                    found, wanted = (each.get_parameter(name) for each in (network, load(whole)[0]))
                    torch.testing.assert_close(found, wanted, atol=1e-6, rtol=0)


if __name__ == "__main__":
    unittest.main()
