"""Checks the simulated camera on tiny made-up pictures."""

import unittest
from dataclasses import replace

import cv2
import numpy as np

from training.clips import camera
from training.clips.scene import soften
from training.tests.made_pictures import CLEAR, TIMES, blob, slope, texture

cv2.setNumThreads(1)


class Controls(unittest.TestCase):
    def test_settle_reaches_the_targets(self):
        picture, region = slope()
        for median, spread, colour in ((0.45, 0.4, 0.2), (0.3, 0.25, 0.1), (0.6, 0.3, 0.3)):
            with self.subTest(median=median):
                settings = replace(CLEAR, median=median, spread=spread, colour=colour)
                frame = camera.take(
                    settings, [picture], region, TIMES[:1], np.random.default_rng(0)
                )[0]
                face = frame[region] / 255
                low, middle, high = np.percentile(face @ camera.LUMA, [10, 50, 90])
                self.assertAlmostEqual(middle, median, delta=0.01)
                self.assertAlmostEqual(high - low, spread, delta=0.02)
                self.assertAlmostEqual((face.max(1) - face.min(1)).mean(), colour, delta=0.015)

    def test_white_balance_takes_the_colour_of_the_light(self):
        picture, region = slope()
        for warmth in (0.8, -0.3):
            red, green, blue = (
                camera.take(
                    replace(CLEAR, warmth=warmth),
                    [picture * np.float32(lamp)],
                    region,
                    TIMES[:1],
                    np.random.default_rng(0),
                )[0][region].mean(0)
                for lamp in ((1, 1, 1), (0.7, 1, 1.3), (0.6, 0.5, 0.4))
            )
            np.testing.assert_allclose(green, red, atol=2)
            np.testing.assert_allclose(blue, red, atol=2)
            self.assertGreater((red[0] - red[2]) * np.sign(warmth), 10)

    def test_nothing_but_dark(self):
        picture, region = slope()
        frames = camera.take(CLEAR, [0 * picture], region, TIMES[:1], np.random.default_rng(0))
        self.assertEqual(frames.shape, (1, 96, 96, 3))


class Lens(unittest.TestCase):
    def test_keeps_the_light(self):
        for settings in (
            replace(CLEAR, blur=0.8, defocus=1.5),
            replace(CLEAR, blur=4.0),
            replace(CLEAR, shake=5.0, shake_angle=0.7),
        ):
            seen = camera.lens(settings, blob())
            np.testing.assert_allclose(seen.mean((0, 1)), blob().mean((0, 1)), rtol=0.01)
            self.assertGreater(np.abs(seen - blob()).max(), 0.05)

    def test_flare_adds_its_share(self):
        seen = camera.lens(replace(CLEAR, flare=0.3, blur=0.5), blob())
        np.testing.assert_allclose(seen.mean((0, 1)), 1.3 * blob().mean((0, 1)), rtol=0.01)
        np.testing.assert_allclose(seen[0, 0], 0.3 * blob().mean((0, 1)), rtol=1e-3)

    def test_motion_kernel(self):
        for length, angle in ((3.0, 0.0), (6.0, np.pi / 2), (6.0, 0.6), (9.5, 2.2)):
            with self.subTest(length=length, angle=angle):
                kernel = camera.motion_kernel(length, angle)
                at = np.arange(len(kernel)) - len(kernel) // 2
                x, y = np.meshgrid(at, at)
                self.assertAlmostEqual(float(kernel.sum()), 1, places=5)
                self.assertAlmostEqual(float((kernel * x).sum()), 0, places=5)
                moments = np.array(
                    [
                        [(kernel * x * x).sum(), (kernel * x * y).sum()],
                        [(kernel * x * y).sum(), (kernel * y * y).sum()],
                    ]
                )
                values, vectors = np.linalg.eigh(moments)
                self.assertAlmostEqual(np.sqrt(12 * values[1]), length, delta=0.5)
                self.assertLess(values[0], 0.3)
                direction = np.array([np.cos(angle), np.sin(angle)])
                self.assertGreater(abs(vectors[:, 1] @ direction), 0.995)


class Sensor(unittest.TestCase):
    def test_noise_is_shot_and_read_noise(self):
        for light, noise in ((0.1, 4.0), (0.5, 1.0), (0.6, 4.0)):
            settings = replace(CLEAR, noise=noise)
            seen = camera.sensor(
                settings, np.full((160, 160, 3), light, np.float32), np.random.default_rng(0)
            )
            expected = 0.0004 * noise * light + (0.002 * noise) ** 2
            self.assertAlmostEqual(float(seen.var()) / expected, 1, delta=0.03)
            self.assertAlmostEqual(float(seen.mean()), light, delta=0.001)

    def test_read_noise_is_left_in_the_dark(self):
        dark = np.zeros((160, 160, 3), np.float32)
        seen = camera.sensor(replace(CLEAR, noise=4.0), dark, np.random.default_rng(0))
        self.assertAlmostEqual(float((seen[seen > 0] ** 2).mean()) / 0.008**2, 1, delta=0.05)

    def test_a_plain_colour_passes_the_mosaic(self):
        colour = np.float32([0.7, 0.4, 0.1])
        seen = camera.demosaic(camera.mosaic(np.broadcast_to(colour, (24, 24, 3))))
        np.testing.assert_allclose(seen, np.broadcast_to(colour, seen.shape), atol=1.01 / 65535)

    def test_structure_stays_where_it_is(self):
        picture = soften(texture(), 2)
        seen = camera.sensor(replace(CLEAR, mosaic=True), picture, np.random.default_rng(0))
        self.assertLess(np.abs(seen - picture)[2:-2, 2:-2].mean(), 0.004)

    def test_clips(self):
        bright = np.full((16, 16, 3), 1.5, np.float32)
        for with_mosaic in (False, True):
            seen = camera.sensor(
                replace(CLEAR, mosaic=with_mosaic), bright, np.random.default_rng(0)
            )
            np.testing.assert_allclose(seen, 1)


class Coders(unittest.TestCase):
    frames = np.stack([(255 * soften(texture(seed=i), 2)).astype(np.uint8) for i in range(3)])

    def near(self, coded, most):
        self.assertEqual((coded.shape, coded.dtype), (self.frames.shape, self.frames.dtype))
        error = np.abs(coded.astype(int) - self.frames).mean((1, 2, 3))
        self.assertTrue((error < most).all() and (error > 0).all(), error)

    def test_jpeg(self):
        self.near(camera.jpeg(self.frames, 95), 3)

    def test_h264(self):
        self.near(camera.h264(self.frames, 18), 6)
        self.assertEqual(camera.h264(self.frames[:1], 18).shape, (1, 64, 64, 3))


class Take(unittest.TestCase):
    settings = replace(
        CLEAR,
        blur=0.5,
        flare=0.1,
        shake=2.0,
        noise=2.0,
        drift=0.3,
        tint_drift=0.05,
        mosaic=True,
        smooth=0.4,
        sharpen=0.6,
        soft=0.8,
        curve=0.4,
        flicker=0.03,
        jpeg=90,
    )

    def test_equal_seeds_give_equal_frames(self):
        picture, region = slope(64)
        first, second, other = (
            camera.take(self.settings, [picture] * 3, region, TIMES, np.random.default_rng(seed))
            for seed in (1, 1, 2)
        )
        np.testing.assert_array_equal(first, second)
        self.assertTrue((first != other).any())
        self.assertEqual((first.shape, first.dtype), ((3, 64, 64, 3), np.uint8))

    def test_grain_multiplies_behind_the_lens(self):
        picture, region = slope(64)
        grain = np.ones((64, 64, 3), np.float32)
        grain[::2] = 1.2
        settings = replace(CLEAR, blur=3.0, flare=0.2)
        seen = camera.take(
            settings, [picture], region, TIMES[:1], np.random.default_rng(0), [grain]
        )
        behind = camera.lens(settings, picture) * grain
        same = camera.take(CLEAR, [behind], region, TIMES[:1], np.random.default_rng(0))
        np.testing.assert_array_equal(seen, same)
        without = camera.take(
            settings, [picture], region, TIMES[:1], np.random.default_rng(0), [None]
        )
        rows = seen[0].astype(int) - without[0]
        self.assertGreater((rows[::2] - rows[1::2])[region[::2]].mean(), 5)

    def test_drift_of_exposure(self):
        picture, region = slope(64)
        frames = camera.take(
            replace(CLEAR, drift=0.8), [picture] * 3, region, TIMES, np.random.default_rng(0)
        )
        means = frames[:, region].mean((1, 2))
        self.assertGreater(means[2] - means[1], 2)
        self.assertGreater(means[1] - means[0], 2)

    def test_all_that_is_drawn_can_be_taken(self):
        picture, region = slope(32)
        for seed, name in enumerate(camera.FAMILIES):
            settings = camera.draw(np.random.default_rng(seed), [name])
            frames = camera.take(settings, [picture] * 3, region, TIMES, np.random.default_rng(0))
            self.assertEqual((settings.family, frames.shape), (name, (3, 32, 32, 3)))


# --- planes and fine structure ---


if __name__ == "__main__":
    unittest.main()
