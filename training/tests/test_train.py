"""Checks reading clips, augmentation, training, resuming and finishing on a tiny made-up set. Run:
python3 -m training.tests.suite (or pytest training)."""

import contextlib
import io
import json
import shutil
import tempfile
import unittest
import unittest.mock
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import torch
from torch.utils import tensorboard  # noqa: F401  (slow to load; not part of a test's time)

from training.data import clipset
from training.data.augment import Strengths, augment
from training.data.clipset import BadClips, ClipSet, Draw
from training.judge import metrics
from training.judge.predict import predict, predict_by_camera
from training.networks.ablations import ABLATIONS, build, load
from training.networks.blocks import RsgbPaper
from training.networks.networks import Config, Network
from training.ship import export, finish
from training.train import guide, train

FRAMES, SIZE = 3, 32
NONE = Strengths().times(0)


def make(path, pairs=(16, 8, 4), seed=0):
    """A folder in the format of clips/make.py: a live face is a shaded disc with depth, an attack
    the same under stripes and without depth."""
    rng = np.random.default_rng(seed)
    path.mkdir()
    n = 2 * sum(pairs)
    clips = np.zeros((n, FRAMES, SIZE, SIZE, 3), np.uint8)
    depth = np.zeros((n, FRAMES, 32, 32), np.uint8)
    y, x = (np.mgrid[:SIZE, :SIZE] + 0.5) / SIZE
    stripes = 25 * (2 * (np.arange(SIZE) // 2 % 2) - 1)[:, None]
    records = []
    for split, count in zip(clipset.SPLITS, pairs):
        for _ in range(count):
            pair = len(records) // 2
            centre, tone, ground = rng.uniform(0.4, 0.6, 2), *rng.uniform(60, 200, (2, 3))
            for label in clipset.LABELS:
                row = len(records)
                for t in range(FRAMES):
                    disc = 1 - ((x - centre[0] - 0.02 * t) ** 2 + (y - centre[1]) ** 2) / 0.09
                    disc = disc.clip(0, 1)[..., None]
                    picture = np.where(disc > 0, tone * (0.6 + 0.4 * disc), ground)
                    picture = picture + rng.normal(0, 3, picture.shape)
                    if label == "attack":
                        picture = picture + stripes
                    else:
                        depth[row, t] = 255 * disc[..., 0]
                    clips[row, t] = picture.clip(0, 255)
                records.append({
                    "id": f"{split}-{pair:06d}-{label}", "split": split, "label": label,
                    "species": "live" if label == "live" else ("print", "replay")[pair % 2],
                    "pair": pair, "families": {"camera": ("old", "new")[pair % 2]},
                    "teacher": [0.9, 0.7] if label == "live" else None})
    for name, array in (("clips", clips), ("depth", depth), ("mask", depth)):
        np.save(path / f"{name}.npy", array)
    lines = "".join(json.dumps(record) + "\n" for record in records)
    (path / "clips.jsonl").write_text(lines)
    info = {"format": "livedepth-clips", "version": 1, "frames": FRAMES, "size": SIZE,
            "crop_scale": 1.5, "interval_ms": 100, "sha256": clipset.digest(path)}
    (path / "info.json").write_text(json.dumps(info))
    return path


class Made(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        torch.set_num_threads(1)
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.temp = Path(folder.name)
        cls.data = make(cls.temp / "data")

    def options(self, out, *more):
        return train.arguments([
            str(self.data), "--out", str(self.temp / out), "--size", str(SIZE), "--width", "0.0625",
            "--batch", "8", "8", "--dev-clips", "0", "--warmup", "5", "--norm-batches", "2",
            "--precision", "f32", *more])

    def train(self, out, *more):
        with contextlib.redirect_stderr(io.StringIO()), contextlib.redirect_stdout(io.StringIO()):
            train.train(self.options(out, *more))
        return self.temp / out


class Clips(Made):
    def test_order(self):
        """Follows from seed and epoch; pairs side by side; every clip once."""
        clips = ClipSet(self.data, "train", verify=True)
        draws = [clips.epoch(8, "frames", *key) for key in ((1, 0), (1, 0), (1, 1), (2, 0))]
        orders = [np.concatenate([draw.indices for draw in epoch]) for epoch in draws]
        np.testing.assert_array_equal(orders[0], orders[1])
        for other in orders[2:]:
            self.assertFalse(np.array_equal(orders[0], other))
        self.assertEqual(sorted(orders[0]), list(range(32)))
        for draw in draws[0]:
            for (live, attack), frames in zip(draw.indices.reshape(-1, 2),
                                              draw.frames.reshape(-1, 2)):
                self.assertEqual(clips.records[live]["pair"], clips.records[attack]["pair"])
                self.assertTrue(clips.live[live] and not clips.live[attack])
                self.assertEqual(*frames)

    def test_held(self):
        """Held in memory it gives the same batches as from the disk."""
        disk, memory = (ClipSet(self.data, "train") for _ in range(2))
        memory.hold(torch.device("cpu"))
        for mode in ("frames", "clips"):
            draw = disk.epoch(8, mode, 1, 0)[1]
            for ours, theirs in zip(memory.load(draw), disk.load(draw), strict=True):
                self.assertEqual(ours.dtype, theirs.dtype)
                torch.testing.assert_close(ours, theirs, rtol=0, atol=0, equal_nan=True)

    def test_processes_share_an_epoch(self):
        clips = ClipSet(self.data, "train")
        whole = clips.epoch(8, "clips", 1, 0)
        parts = [clips.epoch(4, "clips", 1, 0, rank=rank, world=2) for rank in (0, 1)]
        for draw, *own in zip(whole, *parts, strict=True):
            np.testing.assert_array_equal(draw.indices, np.concatenate([p.indices for p in own]))

    def test_without_partners(self):
        """Nine live clips and three attacks alone: each live one once, each attack three times."""
        clips = ClipSet(self.data, "train")
        rows = [0, 2, 4, 6, 8, 10, 12, 14, 16, 19, 21, 23]
        clips.places, clips.records, clips.live = (
            [clips.places[i] for i in rows], [clips.records[i] for i in rows], clips.live[rows])
        units = clips.units(np.random.default_rng(0))
        self.assertEqual(sorted(units[:, 0]), list(range(9)))
        self.assertEqual(np.bincount(units[:, 1])[9:].tolist(), [3, 3, 3])

    def test_weights(self):
        clips = ClipSet(self.data, "train")
        draws = clips.epoch(8, "clips", 1, 0, {"print": 0.0})
        drawn = {clips.species[i] for draw in draws for i in draw.indices}
        self.assertEqual(drawn, {"live", "replay"})
        with self.assertRaises(ValueError):
            clips.epoch(8, "clips", 1, 0, {"print": 0.0, "replay": 0.0})

    def test_realistic(self):
        """The quarter of the pairs whose clips are farthest away together is left out."""
        path = make(self.temp / "far", (8, 2, 0))
        with self.assertRaisesRegex(BadClips, "realism.py"):
            ClipSet(path, "train", drop=0.25)
        distance = np.zeros(20, np.float32)
        distance[[2, 3, 8, 9]] = 0.6, 0.6, 0, 1.4  # pairs 1 and 4 of 0 .. 7
        distance[[5, 19]] = 0.9, 99  # pair 2, and one of dev
        np.save(path / clipset.REALISM, distance)
        clips = ClipSet(path, "train", drop=0.25)
        self.assertEqual(sorted({record["pair"] for record in clips.records}),
                         [0, 2, 3, 5, 6, 7])
        self.assertEqual(len(ClipSet(path, "train")), 16)

    def test_joined(self):
        other = make(self.temp / "other", (4, 0, 0), seed=1)
        clips = ClipSet([self.data, other], "train")
        self.assertEqual(len(clips), 40)
        batch = clips.load(Draw(np.array([0, 32]), None))
        for k, path in enumerate((self.data, other)):
            np.testing.assert_array_equal(batch.images[k], np.load(path / "clips.npy")[0])

    def test_load(self):
        clips = ClipSet(self.data, "dev")
        batch = clips.load(Draw(np.array([3, 4]), np.array([2, 0])))
        stored = np.load(self.data / "clips.npy")
        np.testing.assert_array_equal(batch.images[0, 0], stored[32 + 3, 2])
        np.testing.assert_array_equal(batch.images[1, 0], stored[32 + 4, 0])
        depth = np.load(self.data / "depth.npy")[32 + 4, 0] / 255
        np.testing.assert_allclose(batch.depth[1, 0], depth, atol=1e-6)
        self.assertEqual(batch.live.tolist(), [False, True])
        self.assertTrue(batch.teacher[0].isnan())
        self.assertAlmostEqual(batch.teacher[1].item(), 0.8, places=6)

    def test_pooled(self):
        maps = torch.zeros(2, 3, 32, 32)
        maps[1, 2, 4, 5] = 1
        small = clipset.pooled(maps, 16)
        self.assertEqual(small[1, 2, 2, 2].item(), 0.25)
        self.assertEqual(small.sum().item(), 0.25)
        self.assertEqual(clipset.pooled(maps, 64).shape, (2, 3, 64, 64))

    def test_normalised(self):
        """Channels, scale, and shrinking"""
        image = torch.arange(64 * 64 * 3, dtype=torch.uint8).view(1, 1, 64, 64, 3)
        x = clipset.normalised(clipset.planes(image), Config(input_size=64))
        torch.testing.assert_close(x[0, 0, 2, 5, 7], (image[0, 0, 5, 7, 2] - 127.5) / 255)
        half = clipset.normalised(clipset.planes(image), Config(input_size=32))
        torch.testing.assert_close(half[0, 0, :, 1, 3], x[0, 0, :, 2:4, 6:8].mean((1, 2)))
        with self.assertRaises(BadClips):
            clipset.normalised(clipset.planes(image), Config(input_size=128))

    def test_bad_folders(self):
        def broken(name, change):
            path = make(self.temp / name, (2, 0, 0))
            change(path)
            with self.assertRaises(BadClips) as caught:
                ClipSet(path, "train", verify=True)
            self.assertIn(name, str(caught.exception))

        def edit(name, old, new):
            return lambda path: (path / name).write_text(
                (path / name).read_text().replace(old, new, 1))
        broken("no-info", lambda path: (path / "info.json").unlink())
        broken("version", edit("info.json", '"version": 1', '"version": 2'))
        broken("label", edit("clips.jsonl", '"attack"', '"fake"'))
        broken("species", edit("clips.jsonl", '"species": "live"', '"species": "mask"'))
        broken("json", edit("clips.jsonl", "{", ""))
        broken("frames", edit("info.json", f'"frames": {FRAMES}', '"frames": 9'))
        broken("hash", edit("info.json", '"sha256": "', '"sha256": "0'))
        broken("short", lambda path: (path / "mask.npy").write_bytes(b"short"))
        with self.assertRaises(BadClips):
            ClipSet(make(self.temp / "no-dev", (2, 0, 0)), "dev")
        with self.assertRaises(BadClips):
            ClipSet(self.data, "dev").epoch(64, "clips", 1, 0)


class Augmentation(unittest.TestCase):
    def batch(self):
        """16 clips of a smooth picture whose red channel is their depth, in frames 0 and 1
        shifted"""
        torch.manual_seed(0)
        y, x = (torch.arange(32.0) + 0.5)[:, None] / 32, (torch.arange(32.0) + 0.5) / 32
        maps = torch.stack([torch.exp(-((x - 0.4 - 0.05 * t) ** 2 + (y - 0.55) ** 2) / 0.03)
                            for t in range(2)]).expand(16, 2, 32, 32).contiguous()
        images = torch.stack([maps, maps.flip(-1), maps.flip(-2)], 2) * 255
        return images, maps, maps.clone()

    def changed(self, seed=1, **own):
        return augment(*self.batch(), replace(NONE, **own), torch.Generator().manual_seed(seed))

    def test_nothing(self):
        for after, before in zip(self.changed(), self.batch()):
            torch.testing.assert_close(after, before, atol=1e-3, rtol=0)

    def test_depth_moves_with_the_picture(self):
        for move in ({"flip": 1.0}, {"reverse": 1.0}, {"shift": 0.1}, {"scale": 0.3},
                     {"rotate": 30.0}, {"flip": 0.5, "reverse": 0.5, "shift": 0.1, "rotate": 20.0}):
            with self.subTest(**move):
                images, depth, mask = self.changed(**move)
                self.assertGreater((depth - self.batch()[1]).abs().max(), 0.05)
                torch.testing.assert_close(images[:, :, 0] / 255, depth, atol=1e-3, rtol=0)
                torch.testing.assert_close(mask, depth)

    def test_flip(self):
        images, depth, _ = self.changed(flip=1.0)
        torch.testing.assert_close(depth, self.batch()[1].flip(-1), atol=1e-5, rtol=0)
        torch.testing.assert_close(images, self.batch()[0].flip(-1), atol=1e-2, rtol=0)

    def test_same_within_a_unit(self):
        """All but noise: both clips of a unit alike, units not."""
        for field in fields(Strengths):
            if field.name in ("noise", "reverse", "flip", "cutout"):
                continue
            own = {field.name: 0.3 if field.name == "jpeg" else field.default * 2}
            own["blur"] = min(own.get("blur", 0), 1 / 3)
            with self.subTest(field.name):
                images, _, _ = self.changed(**own)
                torch.testing.assert_close(images[0::2], images[1::2], atol=1e-3, rtol=0)
                self.assertGreater((images[0::2] - images[0]).abs().max(), 0.05)
                self.assertGreaterEqual(images.min(), 0)
                self.assertLessEqual(images.max(), 255)

    def test_cutout(self):
        """One rectangle in all frames of both clips, the labels as they were"""
        before = self.batch()
        images, depth, _ = self.changed(cutout=1.0)
        hole = (images - before[0]).abs() > 0.5
        self.assertTrue(hole.any())
        torch.testing.assert_close(images[0], images[1])
        torch.testing.assert_close(depth, before[1])

    def test_blur_and_jpeg_lose_detail(self):
        before = torch.rand(16, 2, 3, 32, 32, generator=torch.Generator().manual_seed(0)) * 255
        labels = self.batch()[1:]
        for own in ({"blur": 0.3}, {"jpeg": 0.5}):
            after = augment(before, *labels, replace(NONE, **own),
                            torch.Generator().manual_seed(4))[0]
            detail = [x.diff(dim=-1).square().mean((1, 2, 3, 4)) for x in (after, before)]
            self.assertLess((detail[0] / detail[1]).min(), 0.8)

    def test_noise_differs(self):
        images, _, _ = self.changed(noise=0.05)
        self.assertGreater((images[0] - images[1]).abs().max(), 1)

    def test_views(self):
        """Two versions of all clips, one after the other: moved alike, of another tone."""
        strengths = replace(Strengths(), noise=0.0, blur=0.0, cutout=0.0)
        images, depth, mask = augment(*self.batch(), strengths, torch.Generator().manual_seed(1), 2)
        self.assertEqual(images.shape, (32, *self.batch()[0].shape[1:]))
        for maps in (depth, mask):
            torch.testing.assert_close(maps[:16], maps[16:], atol=0, rtol=0)
        self.assertGreater((images[:16] - images[16:]).abs().max(), 5)
        moved = augment(*self.batch(), replace(strengths.times(0), shift=0.05, rotate=6.0),
                        torch.Generator().manual_seed(1), 2)[0]
        torch.testing.assert_close(moved[:16], moved[16:], atol=0, rtol=0)

    def test_seed(self):
        a, b, c = (augment(*self.batch(), Strengths(jpeg=0.1), torch.Generator().manual_seed(seed))
                   for seed in (1, 1, 2))
        torch.testing.assert_close(a[0], b[0], atol=0, rtol=0)
        self.assertGreater((a[0] - c[0]).abs().max(), 1)


class Training(Made):
    def test_learns_and_finishes(self):
        """Both stages of both networks: the losses fall, dev is told apart, the finished file says
        what the checkpoint says."""
        for network, beside in (("fas-td", "distil"), ("fas-sgtd", "binary")):
            with self.subTest(network):
                run = self.train(network, "--network", network, "--steps", "120", "60", "--lr",
                                 "5e-3", f"--{beside}", "0.5", "--augment", "0.3")
                entries = [json.loads(line)
                           for line in (run / "log.jsonl").read_text().splitlines()]
                for stage in train.STAGES:
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
                finished = export.load_checkpoint(run / "tiny.pt")
                config = finished.config
                self.assertEqual((config.trained, config.preset), ("yes", "tiny"))
                self.assertEqual(figures["at"]["live"]["bpcer"], [0, 8])
                self.assertLess(config.spoof_threshold, config.live_threshold)
                self.assertEqual(json.loads(config.provenance)["train_data"],
                                 [clipset.digest(self.data)])
                scores = predict(finished, self.data, "dev").scores
                np.testing.assert_array_equal(scores >= config.live_threshold - 1e-6, live)
                with self.assertRaises(finish.Unfit):
                    finish.finish(run / "one.pt", self.data)
                with self.assertRaisesRegex(finish.Unfit, "pirnt"):
                    finish.finish(run / "two.pt", self.data, without=["pirnt"])

    def test_runaway_depth_has_no_score(self):
        """As in the engine: a frame's depth above the limit, but for the last one, which has no
        pair of its own; NaN counts as above."""
        network = build(Config("fas-td", preset="x", input_size=SIZE, width=1 / 16, frames=FRAMES))
        for value, frame, none in ((9.9, 0, False), (11.0, 1, True), (-11.0, 0, True),
                                   (float("nan"), 0, True), (11.0, FRAMES - 1, False)):
            def forward(images, mask=None, network=network):
                clip = Network.forward(network, images, mask)
                clip.single[0, frame, 2, 3] = value
                return clip
            with self.subTest((value, frame)), \
                    unittest.mock.patch.object(network, "forward", forward):
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
            options = train.arguments([str(folder), "--out", str(self.temp / "no"), "--steps", "1"])
            with self.assertRaisesRegex(BadClips, "leak gate.*0.600, limit 0.58"):
                train.train(options)
            self.assertFalse(options.out.exists())

    def test_resume(self):
        """Stopped in the middle of either stage and resumed: the weights of a run in one go."""
        whole = self.train("whole", "--steps", "6", "4")
        for stage, steps in (("one", 3), ("two", 2)):
            with self.subTest(stage):
                name = f"broken-{stage}"

                class Stop(Exception):
                    pass

                def stopping(self, batch, fraction, advance=train.Stage.advance):
                    if self.name == stage and self.step == steps:
                        self.save()
                        raise Stop
                    return advance(self, batch, fraction)
                with unittest.mock.patch.object(train.Stage, "advance", stopping), \
                        self.assertRaises(Stop):
                    self.train(name, "--steps", "6", "4")
                with self.assertRaisesRegex(train.TrainingError, "exists"):
                    self.train(name, "--steps", "6", "4")
                with self.assertRaisesRegex(train.TrainingError, "seed"):
                    self.train(name, "--steps", "6", "4", "--resume", "--seed", "2")
                run = self.train(name, "--steps", "6", "4", "--resume")
                for file in ("one.pt", "two.pt"):
                    a, b = (torch.load(path / file, weights_only=True)["model"]
                            for path in (whole, run))
                    for key in a:
                        torch.testing.assert_close(b[key], a[key], atol=0, rtol=0)

    def test_guide(self):
        """Learns, is read back as it was, and its opinion is what a network is taught."""
        clips = ClipSet(self.data, "train")
        with contextlib.redirect_stderr(io.StringIO()):
            taught = guide.train(clips, 10, 8, 1, 0.3, most=60)
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

        # One that takes everything for live; the clips' own teacher gives their live ones 0.8.
        with torch.no_grad():
            taught.out.weight.zero_()
            taught.out.bias.fill_(30)
        torch.save({"model": taught.state_dict()}, path)
        for name, more, low, high in (("guided", ("--guide", str(path)), 0, 0.3),
                                      ("taught", (), 0.49, 0.7)):
            run = self.train(name, "--steps", "60", "--stage", "one", "--distil", "1", "--lr",
                             "2e-2", *more)
            entries = [json.loads(line) for line in (run / "log.jsonl").read_text().splitlines()]
            self.assertGreaterEqual(entries[-1]["distil"], low)
            self.assertLessEqual(entries[-1]["distil"], high)
        with contextlib.redirect_stderr(io.StringIO()), self.assertRaises(SystemExit):
            self.options("alone", "--steps", "1", "--guide", str(path))

    def test_consistency(self):
        """Its weight pulls the maps of two versions of a picture together."""
        apart = []
        for weight in ("1e-9", "30"):
            run = self.train(f"views-{weight}", "--steps", "40", "--stage", "one", "--consistency",
                             weight, "--lr", "5e-3")
            entries = [json.loads(line) for line in (run / "log.jsonl").read_text().splitlines()]
            apart.append(entries[-1]["consistency"])
        self.assertLess(apart[1], 0.7 * apart[0])

    def test_edge_limit(self):
        """Holds the gammas of RSGB's squares, which grow past it without."""
        largest = []
        for name, limit in (("free", ()), ("held", ("--edge-limit", "0.012"))):
            run = self.train(f"edge-{name}", "--steps", "10", "--stage", "one", "--ema", "0",
                             "--lr", "1e-2", *limit)
            network, _ = load(run / "one.pt")
            largest.append(max(module.norm.weight.abs().max().item()
                               for module in network.modules() if isinstance(module, RsgbPaper)))
        self.assertGreater(largest[0], 0.02)
        self.assertLessEqual(largest[1], 0.012 + 1e-6)
        # Stage two leaves the trunk as it is, whatever its gammas.
        run = self.train("edge-two", "--steps", "2", "--stage", "two", "--edge-limit", "0.001",
                         "--trunk", str(self.temp / "edge-free" / "one.pt"))
        before, after = (load(path)[0].state_dict()["init.norm.weight"]
                         for path in (self.temp / "edge-free" / "one.pt", run / "two.pt"))
        torch.testing.assert_close(after, before)

    def test_precision(self):
        """bf16 only where the processor has it."""
        for has, expected in ((True, "bf16"), (False, "f32")):
            with unittest.mock.patch.object(train, "has_bf16", lambda has=has: has):
                options = train.arguments(["data", "--out", "run", "--steps", "1"])
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
        one, two = (torch.load(run / f"{stage}.pt", weights_only=True)["model"]
                    for stage in train.STAGES)
        for name in one:
            same = torch.equal(one[name], two[name])
            if name.startswith(tuple(f"{part}." for part in train.TRUNK)):
                self.assertTrue(same, name)
            elif name.endswith("weight"):
                self.assertFalse(same, name)

    def test_depth_stays_alive(self):
        """A map below its ReLU everywhere is 0 and yet learns."""
        network = Network(Config(input_size=SIZE, width=1 / 16, frames=FRAMES))
        torch.nn.init.constant_(network.single.bias, -100)
        maps, _ = train.StageOne(network)(torch.randn(2, 1, 3, SIZE, SIZE))
        self.assertEqual(maps.abs().max().item(), 0)
        (maps - 1).square().sum().backward()
        self.assertLess(network.single.bias.grad.item(), 0)

    def test_stage_two_is_the_network(self):
        for network, profile in (("fas-td", "paper"), ("fas-sgtd", "reference")):
            config = Config(network, profile, input_size=SIZE, width=1 / 16, frames=FRAMES)
            stage = train.StageTwo(Network(config)).eval()
            images = torch.randn(2, FRAMES, 3, SIZE, SIZE)
            with torch.no_grad():
                for mine, own in zip(stage(images), stage.network(images)):
                    torch.testing.assert_close(mine, own, atol=1e-5, rtol=1e-3)

    def test_runaway(self):
        """Steps without finite gradients change nothing, and twenty in a row end the run."""
        options = self.options("runaway", "--steps", "9", "9")
        clips = ClipSet(self.data, "train")
        torch.manual_seed(1)
        network = build(train.network_config(options, clips.info))
        stage = train.Stage("one", options, clips, network, train.Processes())
        before = {name: value.clone() for name, value in network.state_dict().items()}
        batch = clips.load(stage.draw(0))
        spoiled = batch._replace(depth=batch.depth * float("nan"))
        for _ in range(train.RUNAWAY - 1):
            self.assertEqual(stage.advance(spoiled, 0.0)[0], {})
        for name, value in network.state_dict().items():
            torch.testing.assert_close(value, before[name], atol=0, rtol=0)
        stage.advance(batch, 0.0)
        self.assertEqual(stage.skipped_in_row, 0)
        with self.assertRaisesRegex(train.TrainingError, "run away"):
            for _ in range(train.RUNAWAY):
                stage.advance(spoiled, 0.0)

    def test_ablations(self):
        """Each loads from its checkpoint, and lacks what it says it lacks."""
        for ablation in ABLATIONS[:-1]:
            run = self.train(ablation, "--steps", "1", "1", f"--{ablation}")
            network, _ = load(run / "two.pt")
            self.assertEqual(network.ablations, (ablation,))
            images = torch.randn(1, FRAMES, 3, SIZE, SIZE)
            with torch.no_grad():
                clip = network(images)
                if ablation == "no-rsgb":
                    self.assertFalse([name for name, _ in network.named_parameters()
                                      if ".edge." in name])
                if ablation == "no-ststb":  # every pair sees its first frame alone
                    other = images.clone()
                    other[:, -1] = 0
                    torch.testing.assert_close(network(other).multi, clip.multi)
                if ablation == "no-gru":  # a pair's map does not depend on those before
                    last = network(images[:, 1:]).multi[:, -1]
                    torch.testing.assert_close(last, clip.multi[:, -1])
        with self.assertRaises(ValueError):
            build(Config("fas-td"), ["no-rsgb"])


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
        self.assertEqual(points([0.3, 0.5, 0.8, 0.85, 0.9], [0.1, 0.2, 0.25, 0.375, 0.7]),
                         (0.8, 0.4375))

    def test_species_left_out(self):
        """A mask that looks like a live face sets no threshold any more, but is counted."""
        species = ["live"] * 2 + ["print"] * 2 + ["mask"]
        dev = metrics.Samples(range(5), species, [0.75, 0.9, 0.125, 0.25, 0.95])
        self.assertGreater(finish.thresholds(dev)["live"], 0.95)
        points = finish.thresholds(finish.leaving_out(dev, ["mask"]))
        self.assertEqual((points["live"], points["spoof"]), (0.75, 0.5))
        self.assertEqual(finish.summary(dev, points)["at"]["live"]["apcer"],
                         {"mask": [1, 1], "print": [0, 2]})
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
