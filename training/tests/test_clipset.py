"""Checks reading clips: order, batches, joined and broken folders."""

import unittest

import numpy as np
import torch

from training.data import clipset
from training.data.clipset import BadClips, ClipSet, Draw
from training.networks.networks import Config
from training.tests.made_set import FRAMES, Made, make


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
            for (live, attack), frames in zip(
                draw.indices.reshape(-1, 2), draw.frames.reshape(-1, 2)
            ):
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
            [clips.places[i] for i in rows],
            [clips.records[i] for i in rows],
            clips.live[rows],
        )
        units = clips.units(np.random.default_rng(0))
        self.assertEqual(sorted(units[:, 0]), list(range(9)))
        self.assertEqual(np.bincount(units[:, 1])[9:].tolist(), [3, 3, 3])

    def test_one_class_alone(self):
        """Two pairs and eight attacks alone: each of these once, beside live clips of pairs."""
        clips = ClipSet(self.data, "train")
        rows = [0, 1, 2, 3, *range(5, 21, 2)]
        clips.places, clips.records, clips.live = (
            [clips.places[i] for i in rows],
            [clips.records[i] for i in rows],
            clips.live[rows],
        )
        units = clips.units(np.random.default_rng(0))
        self.assertEqual(np.bincount(units[:, 0])[[0, 2]].tolist(), [5, 5])
        self.assertEqual(sorted(units[:, 1]), [1, 3, *range(4, 12)])

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
        self.assertEqual(sorted({record["pair"] for record in clips.records}), [0, 2, 3, 5, 6, 7])
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
                (path / name).read_text().replace(old, new, 1)
            )

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


if __name__ == "__main__":
    unittest.main()
