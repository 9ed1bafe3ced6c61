"""Checks the random changes of a batch of clips, ours and those of the released code."""

import unittest
from dataclasses import fields, replace

import torch

from training.data import augment_released
from training.data.augment import Strengths, augment

NONE = Strengths().times(0)


class Augmentation(unittest.TestCase):
    def batch(self):
        """16 clips of a smooth picture whose red channel is their depth, in frames 0 and 1
        shifted"""
        torch.manual_seed(0)
        y, x = (torch.arange(32.0) + 0.5)[:, None] / 32, (torch.arange(32.0) + 0.5) / 32
        maps = (
            torch.stack(
                [torch.exp(-((x - 0.4 - 0.05 * t) ** 2 + (y - 0.55) ** 2) / 0.03) for t in range(2)]
            )
            .expand(16, 2, 32, 32)
            .contiguous()
        )
        images = torch.stack([maps, maps.flip(-1), maps.flip(-2)], 2) * 255
        return images, maps, maps.clone()

    def changed(self, seed=1, **own):
        return augment(*self.batch(), replace(NONE, **own), torch.Generator().manual_seed(seed))

    def test_nothing(self):
        for after, before in zip(self.changed(), self.batch()):
            torch.testing.assert_close(after, before, atol=1e-3, rtol=0)

    def test_depth_moves_with_the_picture(self):
        for move in (
            {"flip": 1.0},
            {"reverse": 1.0},
            {"shift": 0.1},
            {"scale": 0.3},
            {"rotate": 30.0},
            {"flip": 0.5, "reverse": 0.5, "shift": 0.1, "rotate": 20.0},
        ):
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
            after = augment(
                before, *labels, replace(NONE, **own), torch.Generator().manual_seed(4)
            )[0]
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
        moved = augment(
            *self.batch(),
            replace(strengths.times(0), shift=0.05, rotate=6.0),
            torch.Generator().manual_seed(1),
            2,
        )[0]
        torch.testing.assert_close(moved[:16], moved[16:], atol=0, rtol=0)

    def test_seed(self):
        a, b, c = (
            augment(*self.batch(), Strengths(jpeg=0.1), torch.Generator().manual_seed(seed))
            for seed in (1, 1, 2)
        )
        torch.testing.assert_close(a[0], b[0], atol=0, rtol=0)
        self.assertGreater((a[0] - c[0]).abs().max(), 1)


class Released(unittest.TestCase):
    def batch(self, b=64):
        """Grey clips of 26x26, 20 of them the box: the left half brighter, as their depth is"""
        images = torch.full((b, 2, 3, 26, 26), 100.0)
        images[..., :13] = 140
        maps = torch.zeros(b, 2, 26, 26)
        maps[..., :13] = 1
        return images, maps, maps.clone()

    def changed(self, seed=1):
        return augment_released.augment(*self.batch(), torch.Generator().manual_seed(seed))

    def test_depth_turns_with_the_picture(self):
        """The bug of the released code, mended: the brighter half is where the depth is."""
        images, depth, mask = self.changed()
        turned = depth[:, 0, 5, 0] < 0.5
        self.assertTrue(16 < turned.sum() < 48)
        # Row 0 may be cut out; the brighter column's row of the highest values is not all black.
        left = images[:, 0, 0, :, 0].amax(1) > images[:, 0, 0, :, -1].amax(1)
        torch.testing.assert_close(left, ~turned)
        torch.testing.assert_close(mask, depth)

    def test_once_a_clip(self):
        """All frames of a clip are changed alike, and no two clips."""
        images, depth, _ = self.changed()
        torch.testing.assert_close(images[:, 0], images[:, 1])
        torch.testing.assert_close(depth[:, 0], depth[:, 1])
        self.assertEqual(len({tuple(clip.flatten().tolist()) for clip in images}), 64)

    def test_shares(self):
        """Half of the clips keep their tone; the factor and what is added have their ranges."""
        images, _, _ = self.changed()
        bright = images.amax((1, 2, 3, 4))
        self.assertTrue(16 < ((bright - 140).abs() < 1e-3).sum() < 48)
        self.assertLessEqual(bright.max(), 140 * 1.5 + 40)
        self.assertGreaterEqual(bright.min(), 140 * 0.5 - 40)

    def test_cut(self):
        """Half of the clips have a black square, at most 50 of 256 wide."""
        images = torch.full((64, 1, 3, 256, 256), 200.0)
        maps = torch.ones(64, 1, 32, 32)
        images, depth, _ = augment_released.augment(
            images, maps, maps, torch.Generator().manual_seed(2)
        )
        black = (images == 0).all(2)[:, 0]
        self.assertTrue(16 < black.any(2).any(1).sum() < 48)
        self.assertLessEqual(black.any(2).sum(1).max(), 51)
        self.assertGreater(black.any(2).sum(1).max(), 30)
        torch.testing.assert_close(depth, maps, atol=1e-5, rtol=0)

    def test_sides(self):
        """1.1 to 1.4 boxes wide: the border between the halves moves by up to 0.075 of a box."""
        _, depth, _ = self.changed()
        width = depth[:, 0, 5].sum(1) / 26
        self.assertGreater(width.max() - width.min(), 0.05)
        self.assertLess((width - 0.5).abs().max(), 0.075 / 1.1 + 0.04)


if __name__ == "__main__":
    unittest.main()
