"""Checks the simulated displays, prints and masks on tiny made-up pictures."""

import unittest
from dataclasses import replace
from types import SimpleNamespace

import cv2
import numpy as np

from training.clips import attack, masks, plane, prints, replay
from training.clips.scene import Shot
from training.tests.made_pictures import (
    CLEAR,
    TIMES,
    facing,
    pixel_centres,
    rolled,
    texture,
)

cv2.setNumThreads(1)


class Still:
    """Draws nothing but zeros and lower ends: a plane at rest."""

    def normal(self, mean=0.0, deviation=1.0, size=None):
        return np.zeros(size or ()) + mean

    def uniform(self, low, high):
        return 0.0 if low < 0 < high else low

    def random(self):
        return 1.0

    def choice(self, values):
        return values[0]


class Planes(unittest.TestCase):
    def test_at_rest_nothing_moves(self):
        # log(.97) < 0 < log(1.08): Still draws zoom 1
        still = plane.draw(Still(), TIMES, False, 1, np.zeros((3, 3)))
        self.assertEqual(still.params["zoom"], 1)
        for t in range(3):
            x, y, shade = plane.coordinates(still, t, 32)
            np.testing.assert_allclose(np.stack([x, y]), pixel_centres(32), atol=1e-6)
            np.testing.assert_allclose(shade, 1)
        self.assertAlmostEqual(plane.scale(still, 32), 32, places=3)

    def test_scale_against_differences(self):
        for seed in range(4):
            moving = plane.draw(np.random.default_rng(seed), TIMES, True, 0, np.zeros((3, 3)))
            x, y, _ = plane.coordinates(moving, 0, 101)
            step = np.hypot(x[50, 51] - x[50, 49], y[50, 51] - y[50, 49]) / 2
            self.assertAlmostEqual(plane.scale(moving, 101) * step, 1, places=3)

    def test_shake_of_the_camera_moves_the_plane(self):
        shake = np.zeros((3, 3))
        shake[1, 0] = 0.01
        moving = plane.draw(Still(), TIMES, False, 0, shake)
        x, y, _ = plane.coordinates(moving, 1, 33)
        self.assertGreater(abs(x[16, 16] - 0.5), 1e-3)
        self.assertLess(abs(y[16, 16] - 0.5), 1e-4)

    def test_inside(self):
        x, y = (
            np.float32([[0.5, 0.2, 0.19, 0.21, 0.1, 0.5]]),
            np.float32([[0.5, 0.5, 0.5, 0.5, 0.5, 0.95]]),
        )
        seen = plane.inside(x, y, (0.2, 0.1, 0.8, 0.9), 0.04)
        np.testing.assert_allclose(seen, [[1, 0.5, 0.25, 0.75, 0, 0]], atol=1e-5)

    def test_sample_at_rest_is_the_picture(self):
        picture = texture(32)
        np.testing.assert_allclose(plane.sample(picture, *pixel_centres(32)), picture, atol=1e-6)

    def test_shrink(self):
        picture = texture(64)
        small = plane.shrink(picture, 20)
        self.assertEqual(small.shape, (22, 22, 3))
        np.testing.assert_allclose(small.mean((0, 1)), picture.mean((0, 1)), rtol=0.02)
        self.assertIs(plane.shrink(picture, 60), picture)


def pixel_box(fine, width=0.9):
    """Weights of a box of `width` pixels over samples `fine` to the pixel."""
    width *= fine
    whole = int((width - 1) / 2) * 2 + 1
    box = np.ones(whole + 2)
    box[[0, -1]] = (width - whole) / 2
    return box / box.sum()


def as_sensed(pattern, fine, blur):
    """[n][n], `fine` (even) samples to the pixel -> behind a Gaussian of `blur` pixels and the
    pixels' aperture, at the pixels' centres"""
    seen = cv2.GaussianBlur(pattern.astype(np.float32), (0, 0), blur * fine)
    seen = cv2.sepFilter2D(seen, -1, pixel_box(fine), pixel_box(fine))
    return cv2.blur(seen, (2, 2), anchor=(1, 1))[fine // 2 :: fine, fine // 2 :: fine]


class Moire(unittest.TestCase):
    """What plane.transfer says is left of a pattern, against the pattern itself finely sampled."""

    SIZE, FINE, MARGIN = 36, 20, 3

    def fine_plane(self, matrix):
        """Plane coordinates of fine samples, with a margin around the window."""
        count = (self.SIZE + 2 * self.MARGIN) * self.FINE
        at = ((np.arange(count) + 0.5) / self.FINE - self.MARGIN) / self.SIZE
        u, v = np.meshgrid(at, at)
        return (
            matrix[0, 0] * u + matrix[0, 1] * v + matrix[0, 2],
            matrix[1, 0] * u + matrix[1, 1] * v + matrix[1, 2],
        )

    def sensed(self, pattern, blur):
        inner = slice(self.MARGIN, -self.MARGIN)
        return as_sensed(pattern, self.FINE, blur)[inner, inner]

    def agree(self, found, true):
        for channel in range(3):
            one, other = (v[..., channel].ravel() - v[..., channel].mean() for v in (found, true))
            self.assertGreater(np.corrcoef(one, other)[0, 1], 0.99)
            self.assertAlmostEqual(one.std() / other.std(), 1, delta=0.05)

    def test_transfer_of_stripes(self):
        fine, pixels, margin = 32, 60, 12
        at = (np.arange((pixels + 2 * margin) * fine) + 0.5) / fine - margin
        centres = np.arange(pixels) + 0.5
        for blur, shake in ((0.3, 0.0), (0.5, 0.0), (0.3, 3.0), (0.3, 5.0)):
            settings = replace(CLEAR, blur=blur, shake=shake)
            reach = np.arange(-4 * fine, 4 * fine + 1)
            seen_by = [np.exp(-0.5 * (reach / fine / blur) ** 2), pixel_box(fine)]
            if shake:
                seen_by.append(pixel_box(fine, shake))
            for frequency in (0.07, 0.3, 0.48, 0.77, 0.95, 1.21):
                with self.subTest(blur=blur, shake=shake, frequency=frequency):
                    seen = np.cos(2 * np.pi * frequency * at + 0.4)
                    for weights in seen_by:
                        seen = np.convolve(seen, weights / weights.sum(), "same")
                    true = np.interp(centres, at, seen)
                    found = plane.transfer(settings, frequency) * np.cos(
                        2 * np.pi * frequency * centres + 0.4
                    )
                    np.testing.assert_allclose(found, true, atol=0.004)

    def lit(self, display, x, y, rows):
        """A display's sub-pixels: a bar of each colour in each pixel, mean light 1."""

        def bar(place, centre, width):
            away = np.abs((place - centre + 0.5) % 1 - 0.5)
            return np.clip((width / 2 - away) * self.FINE * self.SIZE / rows + 0.5, 0, 1) / width

        across, along = (y, x) if display.turned else (x, y)
        places = (0, 1, 2) if display.layout == "rgb" else (2, 1, 0)
        return [
            bar(rows * across, place / 3, display.apertures[0])
            * bar(rows * along, 0, display.apertures[1])
            for place in places
        ]

    def test_grid_of_a_display(self):
        display = replay.draw(np.random.default_rng(0), ["phone-lcd"])._replace(
            apertures=(0.27, 0.85)
        )
        for layout, turned, pitch, blur, roll in (
            ("rgb", False, 1.07, 0.3, 0.0),
            ("rgb", True, 1.5, 0.3, 0.06),
            ("bgr", False, 1.93, 0.4, 0.03),
            ("rgb", False, 2.1, 0.5, -0.1),
        ):
            with self.subTest(layout=layout, turned=turned, pitch=pitch):
                shown, matrix = display._replace(layout=layout, turned=turned), rolled(roll, 0.97)
                flat = facing(matrix=matrix)
                x, y, _ = plane.coordinates(flat, 0, self.SIZE)
                rows = plane.scale(flat, self.SIZE) / pitch
                found = replay.grid(shown, x, y, rows, replace(CLEAR, blur=blur), pitch)
                true = [
                    self.sensed(colour, blur)
                    for colour in self.lit(shown, *self.fine_plane(matrix), rows)
                ]
                self.agree(found, np.stack(true, -1))

    def test_a_fine_grid_cannot_be_seen(self):
        display = replay.draw(np.random.default_rng(0), ["phone-lcd"])
        x, y, _ = plane.coordinates(facing(), 0, 32)
        rows = plane.scale(facing(), 32) / 0.5
        self.assertIsNone(replay.grid(display, x, y, rows, replace(CLEAR, blur=0.6), 0.5))

    def test_dots_of_a_print(self):
        sheet = prints.draw(np.random.default_rng(0), ["laser-office"])
        x, y = pixel_centres(self.SIZE)
        fine_x, fine_y = self.fine_plane(np.eye(3))
        coverage = (0.2, 0.5, 0.7)
        for pitch, blur in ((1.03, 0.3), (1.3, 0.35), (1.9, 0.5)):
            with self.subTest(pitch=pitch):
                dots = self.SIZE / pitch
                found = prints.halftone(
                    sheet,
                    x,
                    y,
                    np.float32(coverage) + np.zeros((1, 1, 3)),
                    dots,
                    pitch,
                    replace(CLEAR, blur=blur),
                )
                true = []
                for c, angle in zip(coverage, sheet.angles):
                    waves = [
                        np.cos(2 * np.pi * dots * (np.cos(a) * fine_x + np.sin(a) * fine_y))
                        for a in (angle, angle + np.pi / 2)
                    ]
                    true.append(self.sensed(c * (1 - c) * sum(waves), blur))
                self.agree(found, np.stack(true, -1))


# --- instruments ---

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


# --- splits ---


if __name__ == "__main__":
    unittest.main()
