"""Checks the flat thing in front of a camera: where it moves, and what is left of its pattern."""

import unittest
from dataclasses import replace

import cv2
import numpy as np

from training.clips import plane, prints, replay
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
                    found = plane.transfer(settings, frequency, 0.0) * np.cos(
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


if __name__ == "__main__":
    unittest.main()
