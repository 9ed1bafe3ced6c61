"""Checks the rasteriser and the lights on made-up meshes. Run: python3 -m unittest discover
training (or pytest training). Skipped where OpenGL (EGL) is missing."""

import unittest

import numpy as np

from training.clips import head, head_scene, lights, render, scene
from training.clips.render import Light, Material, Mesh

NIGHT = Light(np.zeros((9, 3), np.float32), np.float32([0, 0, 1]), np.zeros(3), np.zeros(3))
SIZE, FOCAL = 64, 80.0


def renderer():
    try:
        return render.Renderer()
    except Exception as error:  # moderngl's kinds of errors differ from one system to another
        raise unittest.SkipTest(f"no OpenGL: {error}")


def quad(texture, left, right, z_left, z_right, material=Material(emissive=1), part=1, **more):
    """A wall from x = left to right, 0.5 m high, its edges at these depths; faces the camera."""
    corners = np.float32(
        [
            [left, -0.25, -z_left],
            [right, -0.25, -z_right],
            [right, 0.25, -z_right],
            [left, 0.25, -z_left],
        ]
    )
    uv = np.float32([[0, 1], [1, 1], [1, 0], [0, 0]])
    return Mesh(
        corners, np.int32([[0, 1, 2], [0, 2, 3]]), uv, texture, None, material, part, **more
    )


def ball(texture, centre, radius, rows=60, columns=120, **more):
    down, around = np.linspace(0, np.pi, rows)[:, None], np.linspace(0, 2 * np.pi, columns)
    unit = (
        np.stack(
            [
                np.sin(down) * np.sin(around),
                np.cos(down) + 0 * around,
                np.sin(down) * np.cos(around),
            ],
            -1,
        )
        .reshape(-1, 3)
        .astype(np.float32)
    )
    return Mesh(
        unit * radius + np.float32(centre),
        head.grid(rows, columns),
        unit[:, :2],
        texture,
        unit,
        **more,
    )


class RendererTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.gl = renderer()
        cls.white = cls.gl.texture(np.full((4, 4, 3), 255, np.uint8))

    def rays(self):
        at = (np.arange(SIZE) + 0.5 - SIZE / 2) / FOCAL
        return np.meshgrid(at, -at)

    def test_depth_of_a_slanted_wall(self):
        wall = quad(self.white, -0.5, 0.5, 1.0, 1.5, part=7)
        picture = self.gl.draw([wall], FOCAL, SIZE, NIGHT)
        # z = 1.25 + x / 2 and x = right z
        right, up = self.rays()
        want = 1.25 / (1 - right / 2)
        inside = (np.abs(right * want) < 0.49) & (np.abs(up * want) < 0.24)
        outside = (np.abs(right * want) > 0.51) | (np.abs(up * want) > 0.26)
        self.assertGreater(inside.sum(), 800)
        np.testing.assert_allclose(picture.depth[inside], want[inside], rtol=1e-5)
        self.assertTrue((picture.part[inside] == 7).all())
        self.assertTrue(np.isinf(picture.depth[outside]).all())
        self.assertTrue((picture.part[outside] == 0).all())

    def test_depth_of_a_ball(self):
        radius, away = 0.1, 0.5
        picture = self.gl.draw(
            [ball(self.white, (0, 0, -away), radius, part=1, closed=True)], FOCAL, SIZE, NIGHT
        )
        right, up = self.rays()
        square = right**2 + up**2 + 1
        root = away**2 - square * (away**2 - radius**2)
        inside = root > 1e-4
        want = (away - np.sqrt(np.maximum(root, 0))) / square
        self.assertGreater(inside.sum(), 500)
        np.testing.assert_allclose(picture.depth[inside], want[inside], atol=1e-3)
        self.assertTrue(np.isinf(picture.depth[root < -2e-3]).all())

    def test_buffers_of_one_size_at_a_time(self):
        """Those of the size before are released, and the same picture comes out again."""
        wall, targets, pictures = quad(self.white, -0.5, 0.5, 1.0, 1.5), [], []
        for size in (SIZE, 32, SIZE):
            pictures.append(self.gl.draw([wall], FOCAL, size, NIGHT))
            targets.append(self.gl.target)
        alive = [
            [type(buffer.mglo).__name__ != "InvalidObject" for buffer in target.owned]
            for target in targets
        ]
        self.assertEqual([set(each) for each in alive], [{False}, {False}, {True}])
        self.assertEqual(len(alive[0]), 8)
        for first, last in zip(pictures[0], pictures[2]):
            np.testing.assert_array_equal(first, last)

    def test_the_nearer_part_wins(self):
        near = quad(self.white, 0, 0.2, 0.5, 0.5, part=3)
        far = quad(self.white, -0.5, 0.5, 1.0, 1.0, part=4)
        for meshes in ([near, far], [far, near]):
            part = self.gl.draw(meshes, FOCAL, SIZE, NIGHT).part
            self.assertEqual(part[32, 40], 3)
            self.assertEqual(part[32, 24], 4)

    def test_colour_and_orientation_of_a_texture(self):
        image = np.zeros((2, 2, 3), np.uint8)
        image[0, 0], image[0, 1], image[1, 0] = (188, 0, 0), (0, 255, 0), (0, 0, 255)
        texture = self.gl.texture(np.repeat(np.repeat(image, 16, 0), 16, 1))
        color = self.gl.draw([quad(texture, -0.25, 0.25, 0.5, 0.5)], FOCAL, SIZE, NIGHT).color
        np.testing.assert_allclose(color[16, 16], (0.503, 0, 0), atol=0.01)  # sRGB 188
        np.testing.assert_allclose(color[16, 48], (0, 1, 0), atol=0.01)
        np.testing.assert_allclose(color[48, 16], (0, 0, 1), atol=0.01)

    def test_background_shows_where_nothing_is(self):
        behind = np.random.default_rng(1).random((SIZE, SIZE, 3)).astype(np.float32)
        color = self.gl.draw([quad(self.white, 0, 0.4, 0.5, 0.5)], FOCAL, SIZE, NIGHT, behind).color
        np.testing.assert_array_equal(color[:, :32], behind[:, :32])
        np.testing.assert_allclose(color[:, 33:60], 1, atol=1e-5)

    def test_alpha_cut(self):
        image = np.full((32, 32, 4), 255, np.uint8)
        image[:, :16, 3] = 0
        wall = quad(self.gl.texture(image), -0.25, 0.25, 0.5, 0.5, alpha_cut=True)
        picture = self.gl.draw([wall], FOCAL, SIZE, NIGHT)
        self.assertTrue((picture.part[:, :30] == 0).all() and (picture.color[:, :30] == 0).all())
        self.assertTrue((picture.part[12:52, 34:50] == 1).all())

    def test_lamp_follows_the_cosine_and_casts_shadow(self):
        direction = np.float32([0, 0.6, 0.8])
        light = NIGHT._replace(key_direction=direction, key_color=np.float32([1, 0.5, 0]))
        wall = quad(self.white, -0.5, 0.5, 1.0, 1.0, Material())
        color = self.gl.draw([wall], FOCAL, SIZE, light).color
        np.testing.assert_allclose(color[32, 32], (0.8, 0.4, 0), atol=0.01)
        # a ball above the line of sight puts its shadow on the wall's middle
        centre = np.float32([0, 0, -1]) + direction * 0.3
        shadow = self.gl.draw([wall, ball(self.white, centre, 0.05)], FOCAL, SIZE, light).color
        self.assertLess(shadow[32, 32].max(), 0.01)
        np.testing.assert_allclose(shadow[32, 8], color[32, 8], atol=0.01)

    def test_surroundings_light_a_ball_as_they_should(self):
        sh = np.zeros((9, 3), np.float32)
        sh[0], sh[3] = 0.5 / 0.282095, 0.25 / 0.488603  # radiance .5 + .25 x
        shape = ball(self.white, (0, 0, -1), 0.2)
        color = self.gl.draw([shape], 200, SIZE, NIGHT._replace(sh=sh)).color
        np.testing.assert_allclose(color[32, 32], 0.5, atol=0.02)
        right = (np.arange(SIZE) + 0.5 - 32) / 200 * 0.85
        np.testing.assert_allclose(
            color[32, 16:48, 0], (0.5 + 0.25 * right / 0.2)[16:48], atol=0.03
        )

    def test_shade_is_darker(self):
        light = NIGHT._replace(key_color=np.ones(3), shade=(1, 0, 0, 0), shade_gain=0.25)
        wall = quad(self.white, -0.5, 0.5, 1, 1, Material())
        color = self.gl.draw([wall], FOCAL, SIZE, light).color
        np.testing.assert_allclose(color[32, 40], 1, atol=0.01)
        np.testing.assert_allclose(color[32, 24], 0.25, atol=0.01)

    def test_deterministic(self):
        light = NIGHT._replace(sh=np.ones((9, 3), np.float32), key_color=np.ones(3))
        meshes = [ball(self.white, (0, 0, -0.6), 0.1, material=head.SKIN)]
        one, two = (self.gl.draw(meshes, FOCAL, SIZE, light) for _ in range(2))
        for a, b in zip(one, two):
            np.testing.assert_array_equal(a, b)

    def test_release(self):
        handle = self.gl.texture(np.zeros((2, 2, 3), np.uint8))
        self.gl.release(handle)
        self.assertNotIn(handle, self.gl.textures)

    def test_scene(self):
        """A ball for a head: size and place of the face, nose nearest, the same at two sizes."""
        rng, times = np.random.default_rng(3), np.arange(3) / 10
        face = ball(0, (0, -0.03, -0.08), 0.1)
        inside = face.vertices[face.triangles][..., 2].min(1) > -0.03
        skin = np.full((2, 2, 3), 99, np.uint8)
        piece = head.Piece(
            face.vertices, face.triangles, face.uv, skin, head.SKIN, face=inside, stiff=True
        )
        model = head.Head(
            [piece], np.float32([[-0.03, 0, 0], [0.03, 0, 0]]), np.float32([0, -0.11, 0])
        )
        rig = lights.draw_light(rng, "room_even", None)
        motion = scene.motion(rng, times)
        motion = motion._replace(yaw=0 * times, pitch=0 * times, roll=0 * times)
        framing = scene.Framing(0.5, 0.05, -0.02, 0.5)
        params = {"mood": {}, "gaze": (0, 0), "trunk": 0, "gloss": 1, "tint": (1, 1, 1)}
        shown = head_scene.Scene("valid", "ball", model, framing, times, motion, rig, params)
        small, large = (shown.shoot(self.gl, size, times) for size in (80, 160))
        np.testing.assert_allclose(small.box * 2, large.box, atol=0.01)
        np.testing.assert_allclose(small.eyes * 2, large.eyes, atol=0.01)
        self.assertAlmostEqual(small.eyes[0, :, 0].mean() / 80, 0.55, delta=0.03)
        self.assertTrue((small.face <= small.person).all())
        self.assertTrue(np.isfinite(small.depth[small.person]).all())
        depth = np.where(small.face[0], small.depth[0], np.inf)
        y, x = np.unravel_index(depth.argmin(), depth.shape)
        left, top, width, height = small.box[0]
        self.assertLess(abs(x - left - width / 2), width * 0.15)
        self.assertLess(abs(y - top - height / 2), height * 0.25)
        again = shown.shoot(self.gl, 80, times)
        np.testing.assert_array_equal(again.light, small.light)


class LightTest(unittest.TestCase):
    def test_turning_coefficients(self):
        rng = np.random.default_rng(0)
        sh, turn = rng.normal(0, 1, (9, 3)).astype(np.float32), lights.rotation(0.4, -0.3, 1.0)
        n = rng.normal(0, 1, (20, 3))
        n /= np.linalg.norm(n, axis=1, keepdims=True)
        np.testing.assert_allclose(
            render.harmonics(n @ turn.T) @ lights.turned(sh, turn),
            render.harmonics(n) @ sh,
            atol=1e-4,
        )

    def test_even_surroundings_give_their_radiance(self):
        points, _ = lights.probes()
        sh = lights.irradiance(np.full((200, 3), 0.7), points, np.full(200, 4 * np.pi / 200))
        np.testing.assert_allclose(render.harmonics(points) @ sh, 0.7, atol=0.01)

    def test_camera_turns_right(self):
        ahead = lights.rotation(0.1, 0, 0) @ np.float32([0, 0, -1])
        self.assertLess(ahead[0], 0)  # what was ahead is now to the left
        ahead = lights.rotation(0, 0.1, 0) @ np.float32([0, 0, -1])
        self.assertLess(ahead[1], 0)

    def test_rooms_light_a_card_to_one(self):
        for name in lights.ROOMS:
            with self.subTest(name):
                rig = lights.draw_light(np.random.default_rng(5), name, None)
                level = lights.card(rig.sh, rig.key, rig.key_color, rig.screen)
                self.assertLessEqual(level, 1.001)
                self.assertGreater(level, 0.5)
                still = np.eye(3, dtype=np.float32)
                small, large = (rig.background(s, s, still) for s in (40, 80))
                self.assertTrue(np.isfinite(large).all() and large.min() >= 0)
                mean = large.reshape(40, 2, 40, 2, 3).mean((1, 3))
                self.assertLess(np.abs(mean - small).mean(), 0.1 * mean.mean())

    def test_background_moves_with_the_camera(self):
        rig = lights.draw_light(np.random.default_rng(5), "room_even", None)
        rig.params["blur"] = 0.0
        rig.backdrop = lambda rays: rays / -rays[..., 2:]
        still = rig.background(40, 100.0, lights.rotation(0, 0, 0))
        moved = rig.background(40, 100.0, lights.rotation(0.01, 0, 0))
        np.testing.assert_allclose(moved[20, 20, 0] - still[20, 20, 0], 0.01, atol=1e-3)


if __name__ == "__main__":
    unittest.main()
