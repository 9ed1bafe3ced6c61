"""Checks whole camera frames: where people, carriers and hands come to lie, folders with several
views, and what holds a network that is trained on. Needs neither assets nor OpenGL.
Run: python3 -m training.tests.suite (or pytest training)."""

import tempfile
import unittest
from pathlib import Path
from types import SimpleNamespace
from unittest import mock

import numpy as np
import torch

from training.clips import (
    building,
    camera,
    carriers,
    furniture,
    hands,
    presented,
    replay,
    stage,
    store,
)
from training.data import clipset
from training.networks import minifas
from training.ship import finetune

VIEWS = {
    "context": {"scale": 2.7, "size": 16, "filter": "triangle", "held": True},
    "wide": {"scale": 4.0, "size": 8, "filter": "bilinear", "held": False},
}


def person(frames=2, side=60):
    """A red body with a face of 12x20 pixels whose centre is (30, 26)"""
    color = np.zeros((frames, side, side, 4), np.float32)
    color[:, 10:, 15:45] = 1, 0, 0, 1
    face = np.zeros((frames, side, side), np.float32)
    face[:, 16:36, 24:36] = 1
    return stage.Cut(color, face * 0.9, face, np.array([24, 16, 12, 20]))


class Person(unittest.TestCase):
    def test_face_and_body_lie_where_they_should(self):
        color, near, face = stage.seat(person(), 120, 160, (100, 50), 1.5)
        self.assertEqual(color.shape, (2, 120, 160, 4))
        rows, columns = np.nonzero(face[0] > 0.5)
        self.assertAlmostEqual(rows.mean() + 0.5, 50, delta=1)
        self.assertAlmostEqual(columns.mean() + 0.5, 100, delta=1)
        self.assertAlmostEqual(np.ptp(rows) + 1, 30, delta=2)
        self.assertEqual(near[0, face[0] > 0.99].min() > 0.8, True)
        self.assertGreater(color[0, 119, 100, 3], 0.9, "the body ends above the frame's edge")

    def test_over_is_what_is_behind_where_nothing_is(self):
        color = np.float32([[[0, 0, 0, 0], [0.5, 0, 0, 0.5], [1, 0, 0, 1]]])
        behind = np.float32([[[0.2, 0.4, 0.6]] * 3])
        np.testing.assert_allclose(
            stage.over(behind, color)[0], [[0.2, 0.4, 0.6], [0.6, 0.2, 0.3], [1, 0, 0]], rtol=1e-5
        )


class Way(unittest.TestCase):
    def test_first_frame_shows_the_point_at_its_place(self):
        times = np.arange(5) * 0.1
        for seed in range(8):
            rng = np.random.default_rng(seed)
            path = presented.way(
                rng,
                times,
                True,
                2000.0,
                400.0,
                (0.02, -0.03),
                (130, 90),
                (240, 320),
                np.zeros((5, 3), np.float32),
            )
            seen = path.homography(0, 400.0, 240, 320) @ (0.02, -0.03, 1)
            np.testing.assert_allclose(seen[:2] / seen[2], (130, 90), atol=0.5)

    def test_still_frames_move_as_one(self):
        path = stage.walk_about(np.random.default_rng(3), np.arange(5) * 0.1, 320)
        np.testing.assert_allclose(path[0], [[1, 0, 0], [0, 1, 0]], atol=1e-6)


class Show(unittest.TestCase):
    def test_face_and_picture_agree(self):
        rng = np.random.default_rng(1)
        carrier = carriers.screen(rng, "tablet")._replace(layout="plain")
        display = replay.draw(rng, ["tablet"])._replace(falloff=0.0, bands=0.0, brightness=1.0)
        lens = camera.draw(rng, ["webcam-720p"])
        show = presented.Show(
            rng, carrier, display, lens, 800.0, np.ones(3), np.zeros((240, 320, 3), np.float32)
        )
        picture, mask = np.zeros((80, 60, 3), np.uint8), np.zeros((80, 60), np.float32)
        picture[20:50, 15:45], mask[20:50, 15:45] = 255, 1
        still = presented.Way(np.eye(3)[None], np.array([[0.0, 0, -0.5]]), {})
        behind = np.full((240, 320, 3), 0.05, np.float32)
        frame, face, _ = show.draw(
            0, still.homography(0, 400.0, 240, 320), behind, show.light(picture), mask
        )
        y, x = (np.mgrid[:240, :320] + 0.5 - np.array([120, 160])[:, None, None]) / 800
        left, top, right, bottom = carrier.body
        inside = np.minimum.reduce([x - left, right - x, y - top, bottom - y])  # metres
        inner, outer = frame[face > 0.99].mean(), frame[(face < 0.01) & (inside > 0.01)].mean()
        self.assertGreater(face.sum(), 500)
        self.assertGreater(inner, 4 * outer)
        np.testing.assert_array_equal(frame[inside < -0.01], behind[inside < -0.01])

    def test_pictures_lie_on_their_carriers(self):
        for family, make in (
            *((name, carriers.screen) for name in carriers.SCREENS),
            ("laser-office", carriers.sheet),
            ("offset-magazine", carriers.sheet),
        ):
            for seed in range(20):
                carrier = make(np.random.default_rng(seed), family)
                for inner, outer in (
                    (carrier.picture, carrier.screen),
                    (carrier.screen, carrier.body),
                ):
                    self.assertTrue(
                        (np.sign([1, 1, -1, -1]) * (np.array(inner) - outer) > -1e-9).all(),
                        (family, seed),
                    )


class Hand(unittest.TestCase):
    @staticmethod
    def hand():
        joints = np.zeros((25, 3))
        for finger in range(4):
            for k in range(5):
                joints[5 + 5 * finger + k] = 0, -0.03 * k, 0.02 * finger
        joints[1:5] = [[0, -0.01 * k, -0.02 * k] for k in range(4)]
        index = np.zeros((25, 4), int)
        index[:, 0] = np.arange(25)
        return hands.Bare(
            joints.astype(np.float32), None, None, joints, index, np.eye(4)[np.zeros(25, int)]
        )

    def test_open_hand_is_the_bind_pose(self):
        hand = self.hand()
        np.testing.assert_allclose(hands.posed(hand, [0] * 4, (0, 0)), hand.vertices, atol=1e-6)

    def test_fingers_bend_to_the_palm_and_keep_their_length(self):
        hand = self.hand()
        bent = hands.posed(hand, [0.6] * 4, (0, 0))
        self.assertLess(bent[9, 0], -0.01)  # the palm faces -x
        lengths = [
            np.linalg.norm(np.diff(points[5:10], axis=0), axis=1)
            for points in (hand.vertices, bent)
        ]
        np.testing.assert_allclose(*lengths, atol=1e-6)

    def test_carrier_parts_thumb_and_fingers(self):
        points = np.array([[0, 0, 0.01], [0, 0, -0.01], [0.2, 0, 0.01]])
        around = hands.around(points, np.array([False, True, False]), (0.05, 0.05))
        self.assertLess(around[0, 2], 0)
        self.assertGreater(around[1, 2], 0)
        self.assertEqual(around[2, 2], 0.01)


class Room(unittest.TestCase):
    def test_any_room_can_be_furnished(self):
        for seed in range(60):
            picture = np.full((150, 200, 3), 0.3, np.float32)
            furniture.furnish(np.random.default_rng(seed), picture)
            self.assertTrue(np.isfinite(picture).all() and picture.min() >= 0, seed)


class Views(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.path = Path(folder.name, "set")
        made = store.Store(self.path, 40, 2, VIEWS)
        rng = np.random.default_rng(0)
        for pair in range(20):
            clips = [
                SimpleNamespace(
                    views={
                        name: np.full((2, view["size"], view["size"], 3), 10 * pair + k, np.uint8)
                        for name, view in VIEWS.items()
                    },
                    depth={"context": np.full((2, 32, 32), 200 * (k == 0), np.uint8)},
                    mask={"context": np.full((2, 32, 32), 255, np.uint8)},
                    row={
                        "id": f"train-{pair}-{k}",
                        "split": "train",
                        "pair": pair,
                        "label": ("live", "attack")[k],
                        "species": ("live", "still")[k],
                    },
                )
                for k in range(2)
            ]
            made.add(clips, rng.normal(0, 1, (2, 14)))
        with (
            mock.patch.object(store, "report_of", return_value={"passed": True}),
            mock.patch.object(
                store, "balance_splits", side_effect=lambda cues, *_: range(len(cues))
            ),
        ):
            made.finish(1, 0.9, {"interval_ms": 100})

    def test_too_few_pairs(self):
        """No set without a leak gate: what is asked for is refused at once, what is left of it
        with the reasons, and no file stays."""
        with self.assertRaisesRegex(SystemExit, "tiny: 7 pairs are too few"):
            plan = building.Plan((4, 2, 1), VIEWS, "context", 2, 100, 1, 0.9)
            building.run("tiny", building.build, self.path / "none", None, (), plan, 1)
        self.assertFalse((self.path / "none").exists())
        made = store.Store(self.path / "few", 40, 2, VIEWS)
        with self.assertRaisesRegex(ValueError, "0 pairs are too few.*'no face': 20"):
            made.finish(1, 0.9, {"rejected": {"no face": 20}})
        self.assertEqual(list((self.path / "few").iterdir()), [])

    def test_each_view_is_a_set_of_its_own(self):
        for name, size in (("context", 16), ("wide", 8)):
            clips = clipset.ClipSet(self.path, "train", verify=True, view=name)
            self.assertEqual(
                (len(clips), clips.info["size"], clips.info["crop_scale"]),
                (40, size, VIEWS[name]["scale"]),
            )
            batch = clips.load(clipset.Draw(np.array([6, 7]), None))
            self.assertEqual(batch.images[:, 0, 0, 0, 0].tolist(), [30, 31])
            self.assertEqual(batch.depth.max().item() > 0.7, name == "context")

    def test_view_must_be_named_and_known(self):
        for view in (None, "near"):
            with self.assertRaisesRegex(clipset.BadClips, "context, wide"):
                clipset.ClipSet(self.path, "train", view=view)

    def test_species_are_left_out(self):
        clips = clipset.ClipSet(self.path, "train", view="wide", without=("still",))
        self.assertEqual(set(clips.species), {"live"})

    def test_changed_bytes_are_found(self):
        array = np.lib.format.open_memmap(self.path / "clips-wide.npy", "r+")
        array[0] += 1
        array.flush()
        with self.assertRaisesRegex(clipset.BadClips, "hash"):
            clipset.ClipSet(self.path, "train", verify=True, view="context")


class Finetune(unittest.TestCase):
    def test_logit_is_that_of_live_against_both_attacks(self):
        answers = torch.tensor([[0.3, 1.2, -0.4], [2.0, -1, 0.5]])
        live = answers.softmax(1)[:, 1]
        torch.testing.assert_close(minifas.log_odds(answers), torch.log(live / (1 - live)))

    def test_pull_counts_only_differences(self):
        answers, live = torch.randn(6, 3), torch.tensor([True, False] * 3)
        free = finetune.loss_of(answers, answers, live, 0.0)
        torch.testing.assert_close(finetune.loss_of(answers, answers, live, 5.0), free)
        self.assertGreater(finetune.loss_of(answers, answers.roll(1, 0), live, 5.0), free)

    def test_between(self):
        first, second = (
            {"a": torch.tensor([v, 0.0]), "n": torch.tensor(int(v))} for v in (1.0, 3.0)
        )
        found = finetune.between(first, second, 0.25)
        self.assertEqual((found["a"].tolist(), found["n"].item()), ([1.5, 0.0], 1))


if __name__ == "__main__":
    unittest.main()
