"""Checks the z-buffer, the depth labels, the face detector's decoding and what portraits and
videos are made with, on tiny made-up inputs. Run: python3 -m training.tests.suite (or pytest
training)."""

import unittest

import numpy as np

from training.clips import portraits, scene, silhouettes, video
from training.data import depth_labels, facemesh
from training.data.depth_labels import labels, normalise, zbuffer

# A slope over the lower left half of 4x4 pixels: z is the column's centre.
SLOPE = np.array([[[0, 0, 0], [0, 4, 0], [4, 4, 4]]], np.float32)
ONE = np.array([[0, 1, 2]])


def brute(points, triangles, width, height):
    """[v][3] -> [height][width], from the definition, in float64"""
    out = np.full((height, width), np.inf)
    for row in range(height):
        for column in range(width):
            for corners in points[triangles].astype(np.float64):
                matrix = np.vstack([corners[:, :2].T, np.ones(3)])
                if abs(np.linalg.det(matrix)) < 1e-9:
                    continue
                share = np.linalg.solve(matrix, [column + 0.5, row + 0.5, 1])
                if share.min() >= 0:
                    out[row, column] = min(out[row, column], share @ corners[:, 2])
    return out


class ZBuffer(unittest.TestCase):
    def test_hand_worked(self):
        inf = np.inf
        expected = [
            [0.5, inf, inf, inf],
            [0.5, 1.5, inf, inf],
            [0.5, 1.5, 2.5, inf],
            [0.5, 1.5, 2.5, 3.5],
        ]
        np.testing.assert_allclose(zbuffer(SLOPE, ONE, 4, 4)[0], expected, rtol=1e-6)

    def test_winding_does_not_matter(self):
        np.testing.assert_array_equal(zbuffer(SLOPE, ONE, 4, 4), zbuffer(SLOPE, ONE[:, ::-1], 4, 4))

    def test_nearest_wins(self):
        points = np.concatenate([SLOPE, SLOPE], 1)
        points[0, 3:, 2] = 2  # a plane across the slope
        seen = zbuffer(points, np.array([[0, 1, 2], [3, 4, 5]]), 4, 4)[0]
        np.testing.assert_allclose(seen[3], [0.5, 1.5, 2, 2], rtol=1e-6)

    def test_random_mesh(self):
        rng = np.random.default_rng(1)
        points = rng.uniform(-4, 16, (3, 12, 3)).astype(np.float32)  # partly outside
        triangles = rng.integers(0, 12, (30, 3))  # some have no area
        seen = zbuffer(points, triangles, 13, 11)
        for mesh, depth in zip(points, seen):
            expected = brute(mesh, triangles, 13, 11)
            np.testing.assert_array_equal(np.isfinite(depth), np.isfinite(expected))
            known = np.isfinite(expected)
            np.testing.assert_allclose(depth[known], expected[known], atol=2e-3)

    def test_outside(self):
        self.assertTrue(np.isinf(zbuffer(SLOPE + (100, 0, 0), ONE, 4, 4)).all())
        self.assertTrue(np.isinf(zbuffer(SLOPE - (100, 0, 0), ONE, 4, 4)).all())


class DepthLabels(unittest.TestCase):
    def test_normalise(self):
        inf = np.inf
        maps = np.array([[[2, 4], [3, inf]], [[5, 5], [inf, inf]], [[inf, inf], [inf, inf]]])
        expected = [[[1, 0], [0.5, 0]], [[1, 1], [0, 0]], [[0, 0], [0, 0]]]
        np.testing.assert_allclose(normalise(maps), expected)

    def test_crop_and_average(self):
        # The slope drawn in pixels of a crop at (10, 20) of 8x8, of which a label's pixel is two.
        points = SLOPE * (2, 2, 1) + (10, 20, 0)
        whole = labels(points, [[10, 20, 8, 8]], ONE, size=4, fine=1)
        np.testing.assert_allclose(whole.depth[0, 3], [1, 2 / 3, 1 / 3, 0], atol=1e-6)
        np.testing.assert_array_equal(whole.mask[0], np.tri(4))
        # Half as fine: of the pixels on the diagonal three quarters are covered, and their mean is
        # over the background's 0 too: (1 + 1 + 2/3 + 0) / 4.
        halves = labels(points, [[10, 20, 8, 8]], ONE, size=2, fine=2)
        np.testing.assert_allclose(halves.mask[0], [[0.75, 0], [1, 0.75]])
        self.assertAlmostEqual(float(halves.depth[0, 0, 0]), (1 + 1 + 2 / 3) / 4, places=6)

    def test_more_than_a_chunk(self):
        n = depth_labels.CHUNK + 3
        points = np.repeat(SLOPE, n, 0) + np.arange(n)[:, None, None] * np.array([1, 0, 0])
        crops = np.stack([np.arange(n), np.zeros(n), np.full(n, 4), np.full(n, 4)], -1)
        made = labels(points, crops, ONE, size=4, fine=1)
        self.assertTrue((made.mask == np.tri(4)).all())

    def test_crop_around(self):
        np.testing.assert_allclose(depth_labels.crop_around((10, 20, 30, 40)), [-5, 10, 60, 60])


class Detector(unittest.TestCase):
    def test_anchors(self):
        centres = facemesh.anchors()
        self.assertEqual(centres.shape, (896, 2))
        np.testing.assert_array_equal(centres[:3], [[4, 4], [4, 4], [12, 4]])
        np.testing.assert_array_equal(centres[511:513], [[124, 124], [8, 8]])

    def test_decode(self):
        centres = facemesh.anchors()
        regressors, logits = np.zeros((896, 16), np.float32), np.full(896, -99, np.float32)
        regressors[:, 2:4] = 20, 30
        logits[[0, 1, 300]] = 2, 2, 5
        regressors[0, :2], regressors[1, :2], regressors[1, 4] = (2, 1), (4, 1), 6
        best, other = facemesh.decode(regressors, logits, centres)
        x, y = centres[300]
        np.testing.assert_allclose(best.box, [x - 10, y - 15, 20, 30])
        np.testing.assert_allclose(other.box, [7 - 10, 5 - 15, 20, 30])  # of two alike: the mean
        np.testing.assert_allclose(other.points[:2], [[4 + 3, 4], [4, 4]])
        self.assertAlmostEqual(other.score, 1 / (1 + np.exp(-2)), places=6)

    def test_look_maps_back(self):
        """A turned and scaled region: what the network says of its pixels lands where they are."""
        image = np.zeros((200, 200, 3), np.uint8)
        image[140:143, 90:93] = 255
        mesh = object.__new__(facemesh.FaceMesh)

        def run(_, picture):
            weight = picture[..., 0] + 1e-12
            y, x = np.mgrid[:192, :192] + 0.5
            spot = [(weight * x).sum() / weight.sum(), (weight * y).sum() / weight.sum(), 10]
            return [np.tile(spot, 468), np.array([9.0])]

        mesh.run, mesh.network = run, None
        face = mesh.look(image, facemesh.Region(100, 120, 96, 0.5))
        np.testing.assert_allclose(face.points[0], [91.5, 141.5, 5], atol=0.15)
        self.assertGreater(face.presence, 0.99)


class Portraits(unittest.TestCase):
    def test_turn(self):
        forward = np.array([0, 0, 1])
        self.assertGreater((scene.turn(0.3, 0, 0) @ forward)[0], 0.2)
        self.assertGreater((scene.turn(0, 0.3, 0) @ forward)[1], 0.2)
        self.assertGreater((scene.turn(0, 0, 0.3) @ (1, 0, 0))[1], 0.2)

    def test_pose(self):
        rng = np.random.default_rng(2)
        canonical = rng.normal(size=(468, 3))
        pose = np.array([0.2, -0.1, 0.3])
        seen = canonical @ scene.turn(*pose).T * 40
        found = portraits.pose_of(seen * (1, -1, -1) + 200, canonical)
        np.testing.assert_allclose(found + (0, portraits.LEVEL, 0), pose, atol=1e-5)

    def test_mirrored(self):
        rng = np.random.default_rng(3)
        size = 8
        shot = scene.Shot(
            rng.random((2, size, size, 3)),
            rng.random((2, size, size)),
            rng.random((2, size, size)) > 0.5,
            rng.random((2, size, size)) > 0.5,
            np.array([[[2, 3], [5, 4]]] * 2, np.float32),
            np.array([[1, 2, 6, 5]] * 2, np.float32),
        )
        turned = scene.mirrored(shot)
        np.testing.assert_array_equal(turned.light[:, :, 0], shot.light[:, :, -1])
        np.testing.assert_array_equal(turned.eyes[0], [[3, 4], [6, 3]])
        np.testing.assert_array_equal(turned.box[0], [1, 2, 6, 5])
        for a, b in zip(scene.mirrored(turned), shot):
            np.testing.assert_array_equal(a, b)

    def test_depth_around(self):
        """Behind the oval, the further the deeper, and the neck behind the chin."""
        angle = np.linspace(0, 2 * np.pi, 36, endpoint=False)
        oval = np.stack([0.07 * np.sin(angle), 0.09 * np.cos(angle), 0.03 + 0 * angle], -1)
        points = np.array([[0, 0.1], [0, 0.14], [0, 0.3], [0, -0.2]])
        depth = portraits.depth_around(points, oval)
        self.assertTrue((np.diff(depth[:3]) < 0).all())
        self.assertTrue(0.02 < depth[0] < 0.03 and depth[2] < -0.04 and depth[3] < 0.03)

    def test_body_past_edges(self):
        person = np.zeros((20, 10), np.float32)
        person[8:] = 1
        wide = silhouettes.body_past_edges(person, (-10, -5), 30, 20)
        np.testing.assert_array_equal(wide[5:25, 10:20], person)
        self.assertTrue((wide[25:, 10:20] == 1).all() and (wide[:5] == 0).all())
        tops = wide.argmax(0)
        self.assertTrue((np.diff(tops[:10]) <= 0).all() and tops[0] > tops[10])


class Videos(unittest.TestCase):
    def setUp(self):
        rng = np.random.default_rng(4)
        frames = rng.integers(0, 256, (12, 60, 80, 3), dtype=np.uint8)
        points = np.concatenate(
            [rng.uniform((30, 20), (50, 40), (468, 2)), rng.uniform(-5, 5, (468, 1))], 1
        )
        points[[facemesh.TOP, facemesh.CHIN, 1, 2], :2] = (40, 20), (40, 40), (30, 30), (50, 30)
        points = np.repeat(points[None], 12, 0).astype(np.float32)
        points[7] = np.nan  # no face found
        self.video = object.__new__(video.Video)
        vars(self.video).update(
            name="made.mp4",
            frames=frames,
            points=points,
            triangles=np.arange(468).reshape(-1, 3),
            seen=np.isfinite(points[:, 0, 0]),
        )

    def test_frames_have_faces(self):
        for seed in range(10):
            drawn = self.video.scene(np.random.default_rng(seed), 3)
            self.assertNotIn(7, drawn.frames)
            self.assertEqual(len(set(np.diff(drawn.frames))), 1)

    def test_window(self):
        framing = scene.Framing(0.5, 0.0, 0.0, 0.5)
        shot, turned = (
            video.VideoScene(self.video, np.array([0, 2]), framing, flip).shoot(None, 40, [0, 0.1])
            for flip in (False, True)
        )
        # The face is 20 pixels high: a window of 40 from (20, 10), pixel for pixel.
        expected = portraits.to_linear(self.video.frames[[0, 2], 10:50, 20:60])
        np.testing.assert_allclose(shot.light, expected, atol=1e-3)
        np.testing.assert_allclose(shot.box[0, [1, 3]], [10, 20], atol=0.01)
        self.assertTrue((np.isfinite(shot.depth) == shot.face).all() and shot.face.any())
        self.assertTrue((shot.person | ~shot.face).all())
        np.testing.assert_array_equal(turned.face, shot.face[:, :, ::-1])


if __name__ == "__main__":
    unittest.main()
