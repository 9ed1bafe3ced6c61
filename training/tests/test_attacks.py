"""Checks the simulated displays, prints and masks on tiny made-up pictures."""

import unittest
from dataclasses import replace
from types import SimpleNamespace

import cv2
import numpy as np

from training.clips import attack, masks, prints, replay
from training.clips.scene import Shot
from training.tests.made_pictures import CLEAR, facing, pixel_centres, texture

cv2.setNumThreads(1)

RAMP = np.repeat(np.arange(256, dtype=np.uint8)[:, None], 3, 1)


class Instruments(unittest.TestCase):
    SIZE = 64

    def setUp(self):
        self.display = replay.draw(np.random.default_rng(3), ["monitor-ips"])._replace(
            edges=(0.2, 0.15, 0.8, 0.85), bezel=0.05
        )
        self.sheet = prints.draw(np.random.default_rng(3), ["laser-office"])._replace(
            edges=(0.2, 0.15, 0.8, 0.85), border=0.05
        )
        self.content = np.full((1, 64, 64, 3), 180, np.uint8)
        self.mask = np.zeros((1, 64, 64), np.float32)
        self.mask[:, 20:44, 24:40] = 1
        self.room = np.stack([texture(self.SIZE, seed) for seed in range(2)])
        x, y = pixel_centres(self.SIZE)
        edge = 1.5 / self.SIZE
        self.beyond = np.minimum.reduce([x - 0.15, 0.85 - x, y - 0.1, 0.9 - y]) < -edge
        self.within = np.minimum.reduce([x - 0.2, 0.8 - x, y - 0.15, 0.85 - y]) > edge

    def replayed(self, matrix=np.eye(3), display=None):
        return replay.present(
            display or self.display,
            facing(2, matrix),
            replace(CLEAR, blur=0.4),
            self.content,
            self.mask,
            30.0,
            self.room,
            np.random.default_rng(0),
        )

    def printed(self, matrix=np.eye(3), sheet=None, **more):
        return prints.present(
            sheet or self.sheet,
            facing(2, matrix),
            replace(CLEAR, blur=0.4),
            self.content[0],
            self.mask[0],
            30.0,
            self.room,
            np.random.default_rng(0),
            **more,
        )

    def test_tone_of_a_display(self):
        light = replay.show(self.display, RAMP)
        self.assertTrue((np.diff(light, axis=0) > 0).all())
        np.testing.assert_allclose(light[0], self.display.black * self.display.white, rtol=1e-3)
        np.testing.assert_allclose(
            light[-1], (1 + self.display.black) * self.display.white, rtol=1e-3
        )
        self.assertAlmostEqual(
            float(light[128, 1] / self.display.white[1] - self.display.black),
            (128 / 255) ** self.display.gamma,
            places=4,
        )

    def test_tone_of_ink(self):
        light, black = prints.ink(self.sheet, RAMP), self.sheet.black
        self.assertTrue((np.diff(light, axis=0) >= 0).all() and light[255, 1] > light[128, 1])
        np.testing.assert_allclose(light[0], black, rtol=1e-4)
        np.testing.assert_allclose(light[-1], black + (1 - black) * self.sheet.white, rtol=1e-4)

    def test_colours_of_a_narrow_gamut(self):
        red = np.uint8([[200, 100, 100]])
        for shown, one in (
            (replay.show, self.display._replace(white=np.ones(3, np.float32))),
            (prints.ink, self.sheet._replace(white=np.ones(3, np.float32))),
        ):
            key = "saturation" if shown is replay.show else "gamut"
            wide, narrow, none = (shown(one._replace(**{key: v}), red)[0] for v in (1, 0.5, 0))
            self.assertAlmostEqual((narrow[0] - narrow[2]) / (wide[0] - wide[2]), 0.5, places=3)
            self.assertAlmostEqual(float(none[0] - none[2]), 0, places=5)

    def test_the_room_around_is_left_as_it_is(self):
        for light, _, grain in (self.replayed(), self.printed()):
            np.testing.assert_allclose(light[:, self.beyond], self.room[:, self.beyond], atol=1e-6)
            self.assertGreater(np.abs(light - self.room)[:, self.within].mean(), 0.02)
            for pattern in grain:
                if pattern is not None:
                    np.testing.assert_allclose(pattern[self.beyond], 1)

    def test_what_is_shown(self):
        dull = self.display._replace(gloss=0.0, falloff=0.0, bands=0.0, brightness=2.0)
        light, _, _ = self.replayed(display=dull)
        expected = 2 * replay.show(dull, self.content[0, 0, :1])[0]
        np.testing.assert_allclose(
            light[1][self.within], np.broadcast_to(expected, light[1][self.within].shape), rtol=1e-3
        )

    def test_grain_is_of_the_picture_only(self):
        coarse = self.display._replace(rows=15.0, layout="rgb")
        for pattern in self.replayed(display=coarse)[2]:
            self.assertGreater(pattern[self.within].std(), 0.1)
            np.testing.assert_allclose(pattern[self.beyond], 1)

    def test_masks_follow(self):
        aside = np.array([[1, 0, 8 / self.SIZE], [0, 1, -5 / self.SIZE], [0, 0, 1.0]])
        for shown in (self.replayed, self.printed):
            for matrix, x, y in ((np.eye(3), 0, 0), (aside, -8, 5)):
                found = shown(matrix)[1]
                expected = np.zeros((self.SIZE, self.SIZE))
                expected[20 + y : 44 + y, 24 + x : 40 + x] = 1
                self.assertEqual(found.shape, (2, self.SIZE, self.SIZE))
                np.testing.assert_allclose(found[1], expected, atol=1e-3)

    def test_no_mask_where_the_picture_ends(self):
        cut = (0.2, 0.5, 0.8, 0.85)
        for found in (
            self.replayed(display=self.display._replace(edges=cut))[1],
            self.printed(sheet=self.sheet._replace(edges=cut, border=1e-3))[1],
        ):
            self.assertLess(found[:, :31].max(), 0.01)
            self.assertGreater(found[:, 34:44, 26:38].min(), 0.99)

    def test_cut_eyes_show_the_wearer(self):
        shot = SimpleNamespace(
            box=np.float32([[16, 16, 32, 40]]),
            face=self.mask > 0,
            eyes=np.float32([[[26, 28], [38, 28]]]),
        )
        holes = attack.eye_holes(np.random.default_rng(0), shot)
        self.assertLess(holes[36:].max(), 0.01)
        wearer = np.zeros((2, self.SIZE, self.SIZE, 3), np.float32) + np.float32([3, 2, 1])
        light, found, grain = self.printed(eyes=(holes, wearer))
        without, whole, _ = self.printed()
        for x, y in ((26, 28), (38, 28)):
            np.testing.assert_allclose(light[:, y, x], wearer[:, y, x], rtol=0.02)
            self.assertLess(found[:, y, x].max(), 0.02)
            self.assertGreater(whole[:, y, x].min(), 0.98)
            np.testing.assert_allclose(grain[0][y, x], 1, atol=0.02)
        np.testing.assert_allclose(light[:, 40], without[:, 40], atol=1e-6)

    def test_cutting_out_shows_the_room(self):
        silhouette = np.zeros((64, 64), np.float32)
        silhouette[:, 32:] = 1
        light, found, _ = self.printed(silhouette=silhouette)
        np.testing.assert_allclose(light[:, :, :30], self.room[:, :, :30], atol=1e-6)
        self.assertLess(found[:, :, :30].max(), 1e-3)
        self.assertGreater(found[0, 30, 36], 0.99)


class Masks(unittest.TestCase):
    def test_normals_of_a_slope(self):
        spacing = 0.001
        x, y = np.meshgrid(np.arange(64.0), np.arange(64.0))
        # 1 m away; nearer to the right and towards the bottom
        depth = (1 - 0.5 * x * spacing - 0.25 * y * spacing).astype(np.float32)
        found = masks.normals(depth, np.ones((64, 64), bool), spacing)[8:-8, 8:-8]
        expected = np.array([-0.5, 0.25, 1]) / np.linalg.norm([-0.5, 0.25, 1])
        np.testing.assert_allclose(found, np.broadcast_to(expected, found.shape), atol=0.002)

    def test_normals_of_a_ball(self):
        at = (np.arange(96) + 0.5 - 48) / 48
        x, y = np.meshgrid(at, -at)  # y is up
        height = np.sqrt(np.maximum(1 - x**2 - y**2, 0))
        ball = np.hypot(x, y) < 0.95
        depth = np.where(ball, 3 - height, np.inf).astype(np.float32)
        found = masks.normals(depth, ball, 1 / 48)
        inner = np.hypot(x, y) < 0.6
        np.testing.assert_allclose(found[inner], np.stack([x, y, height], -1)[inner], atol=0.03)
        np.testing.assert_allclose(np.linalg.norm(found, axis=-1), 1, rtol=1e-4)

    def test_wear_changes_the_face_only(self):
        size = 64
        x, y = pixel_centres(size)
        face = np.hypot((x - 0.5) / 0.25, (y - 0.5) / 0.35) < 1
        skin = np.random.default_rng(0).uniform(0.2, 0.8, (1, size, size, 3)).astype(np.float32)
        shot = Shot(
            skin,
            np.where(face, 0.5, np.inf).astype(np.float32)[None],
            face[None],
            face[None],
            np.float32([[[25, 26], [39, 26]]]),
            np.float32([[16, 10, 32, 45]]),
        )
        mask = masks.draw(np.random.default_rng(0), ["resin"])._replace(
            smooth=0.06, relief=0.0, colour=0.0, gloss=0.0, eyes=True
        )
        light, found = masks.wear(mask, shot, 0.17)
        away = cv2.dilate(face.astype(np.uint8), np.ones((9, 9))) == 0
        np.testing.assert_allclose(light[0][away], shot.light[0][away], atol=1e-5)
        np.testing.assert_array_equal(found, face[None])
        np.testing.assert_allclose(light[0, 26, 25], shot.light[0, 26, 25], atol=0.05)  # an eye
        cheek = light[0, 36:44, 26:38].reshape(-1, 3)
        np.testing.assert_allclose(
            cheek / cheek.sum(1, keepdims=True),
            np.broadcast_to(np.array(mask.tone) / sum(mask.tone), cheek.shape),
            atol=0.01,
        )
        self.assertLess(light[0, 36:44, 26:38].std(), shot.light[0, 36:44, 26:38].std() / 2)


if __name__ == "__main__":
    unittest.main()
