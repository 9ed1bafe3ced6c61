"""A small rasteriser for heads (OpenGL without a window): linear light, depth and part numbers.

Camera space: x right, y up, the camera at the origin looks along -z, metres. The principal point is
the window's centre. Triangles are anticlockwise seen from outside; both sides are drawn.
"""

from typing import NamedTuple

import cv2
import moderngl
import numpy as np

from .shaders import BACKGROUND, BACKGROUND_VERTEX, GEOMETRY, SHADING, SHADOW, SHADOW_VERTEX, VERTEX

NEAR, FAR = 0.03, 50.0  # metres
SHADOW_SIDE = 512  # texels of the key light's shadow map
CREASE = 0.02  # metres: the size of the hollows that ambient light does not reach
SRGB8, SRGB8_ALPHA8 = 0x8C41, 0x8C43  # OpenGL's numbers


class Material(NamedTuple):
    gloss: float = 0.0  # 0..1, strength of the mirroring coat (1: that of glass or water)
    roughness: float = 0.5  # of the coat, .05 (a wet eye) .. 1
    tint: tuple = (1.0, 1.0, 1.0)  # multiplies the texture's linear colour
    emissive: float = 0.0  # 0..1, the share of the texture that is radiance already
    skin: float = 0.0  # 0..1, how much light bleeds, reddish, over the border of the shade
    opacity: float = 1.0  # below 1: blended over the rest, no depth, no part number


class Mesh(NamedTuple):
    vertices: np.ndarray  # [n][3] float32, camera space
    triangles: np.ndarray  # [m][3] int32
    uv: np.ndarray  # [n][2] float32, (0, 0) is the corner of the texture's first texel
    texture: int  # of Renderer.texture
    normals: np.ndarray | None = None  # [n][3] float32; None: those of the triangles, smoothed
    material: Material = Material()
    part: int = 0  # 0..255, goes to Picture.part
    alpha_cut: bool = False  # where the texture's alpha is below a half there is nothing
    closed: bool = False  # the inside is never seen: it is not drawn, which is faster


class Light(NamedTuple):
    """The radiance of a white diffuse surface with normal n is sum_i sh[i] Y_i(n) (`harmonics`)
    + key_color max(n . key_direction, 0) + the screen's part: already over pi."""

    sh: np.ndarray  # [9][3] float32, of the surroundings
    key_direction: np.ndarray  # [3], towards the lamp
    key_color: np.ndarray  # [3]; zeros: none
    screen: np.ndarray  # [3], a display 12 cm below the camera, full at 0.4 m and nearer
    shade: tuple = (0.0, 0.0, 0.0, 1.0)  # plane a, b, c, d: where ax + by + cz + d < 0 is shade
    shade_gain: float = 1.0  # 0..1, of the light within the shade
    shade_soft: float = 0.01  # metres, half width of the shade's border


class Picture(NamedTuple):
    color: np.ndarray  # [size][size][3] float32, linear radiance, 4 samples a pixel
    depth: np.ndarray  # [size][size] float32, metres along the axis; inf: nothing
    part: np.ndarray  # [size][size] uint8, 0 where nothing is


def harmonics(n):
    """The nine real spherical harmonics of unit vectors n [...][3] -> [...][9]."""
    x, y, z = np.moveaxis(np.asarray(n, np.float32), -1, 0)
    return np.stack(
        [
            0.282095 + 0 * x,
            0.488603 * y,
            0.488603 * z,
            0.488603 * x,
            1.092548 * x * y,
            1.092548 * y * z,
            0.315392 * (3 * z * z - 1),
            1.092548 * x * z,
            0.546274 * (x * x - y * y),
        ],
        -1,
    )


def smooth_normals(vertices, triangles, weld=None):
    """[n][3] float32 unit normals. weld [n]: vertices of the same number share theirs."""
    a, b, c = (vertices[triangles[:, i]] for i in range(3))
    face = np.cross(b - a, c - a)
    index = triangles if weld is None else weld[triangles]
    index = index.ravel(order="F")
    normals = np.stack(
        [np.bincount(index, np.tile(face[:, i], 3), len(vertices)) for i in range(3)], -1
    )
    if weld is not None:
        normals = normals[weld]
    length = np.linalg.norm(normals, axis=1, keepdims=True)
    return (normals / np.maximum(length, 1e-20)).astype(np.float32)


class Renderer:
    """One a process: it owns the OpenGL context."""

    channels = 3  # of Picture.color

    def __init__(self):
        self.gl = moderngl.create_context(standalone=True, backend="egl")
        self.gl.enable(moderngl.DEPTH_TEST)
        self.gl.front_face = "cw"  # the picture's first row is at the top
        self.geometry = self._pair(VERTEX, GEOMETRY)
        self.shading = self._pair(VERTEX, SHADING)
        self.shadow = self._pair(SHADOW_VERTEX, SHADOW)
        self.background = self.gl.program(
            vertex_shader=BACKGROUND_VERTEX, fragment_shader=BACKGROUND
        )
        self.empty = self.gl.vertex_array(self.background, [])
        self.shadow_map = self.gl.depth_texture((SHADOW_SIDE,) * 2)
        self.shadow_map.compare_func = "<="
        self.shadow_target = self.gl.framebuffer(depth_attachment=self.shadow_map)
        for name, unit in (("albedo", 0), ("reach", 1), ("shadow", 2)):
            assign(self.shading, name, unit)
        for programs in (self.geometry, self.shading):
            assign(programs, "planes", (NEAR, FAR))
        self.target = None  # of the last picture's size
        self.textures = {}
        self.next_handle = 0

    def _pair(self, vertex, fragment):
        """Programs for whole and for alpha cut meshes: without `discard` hidden points are never
        shaded."""
        return [
            self.gl.program(vertex_shader=vertex, fragment_shader=fragment.replace("CUT", cut))
            for cut in ("false", "true")
        ]

    def texture(self, image):
        """image uint8 [h][w][3 or 4], sRGB (alpha as it is) -> a handle for Mesh.texture."""
        height, width, channels = image.shape
        texture = self.gl.texture(
            (width, height),
            channels,
            np.ascontiguousarray(image).tobytes(),
            alignment=1,
            internal_format=SRGB8 if channels == 3 else SRGB8_ALPHA8,
        )
        texture.build_mipmaps()
        texture.filter = moderngl.LINEAR_MIPMAP_LINEAR, moderngl.LINEAR
        self.next_handle += 1
        self.textures[self.next_handle] = texture
        return self.next_handle

    def release(self, handle):
        self.textures.pop(handle).release()

    def draw(self, meshes, focal, size, light, background=None):
        """focal: pixels. background [size][size][3] float32, linear; None: black -> Picture"""
        target = self._target(size)
        buffers = [self._upload(mesh) for mesh in meshes]
        solid = [pair for pair in zip(meshes, buffers) if pair[0].material.opacity == 1]
        clear = [pair for pair in zip(meshes, buffers) if pair[0].material.opacity < 1]
        for programs in (self.geometry, self.shading):
            assign(programs, "scale", (2 * focal / size,) * 2)

        target.geometry.use()
        self.gl.clear()
        for mesh, buffer in solid:
            assign(self.geometry, "part", float(mesh.part))
            self._draw(self.geometry, mesh, buffer)
        result = np.frombuffer(target.geometry.read(components=2, dtype="f4"), np.float32).reshape(
            size, size, 2
        )
        depth = np.where(result[..., 0] > 0, result[..., 0], np.float32(np.inf))

        to_key = self._shadows(solid, light)
        target.reach.write(reached(depth, focal).tobytes())
        target.reach.use(1)
        self.shadow_map.use(2)
        self._set_light(light, to_key)
        target.samples.use()
        self.gl.clear()
        if background is not None:
            self._back(target, background)
        for mesh, buffer in solid:
            self._shade(mesh, buffer)
        if clear:
            self.gl.enable(moderngl.BLEND)
            self.gl.blend_func = moderngl.ONE, moderngl.ONE_MINUS_SRC_ALPHA
            target.samples.depth_mask = False
            for mesh, buffer in clear:
                self._shade(mesh, buffer)
            target.samples.depth_mask = True
            self.gl.disable(moderngl.BLEND)
        color = np.frombuffer(target.samples.read(components=4, dtype="f4"), np.float32)
        color = cv2.resize(
            color.reshape(2 * size, 2 * size, 4), (size, size), interpolation=cv2.INTER_AREA
        )[..., : self.channels]
        for vertices, triangles in buffers:
            vertices.release()
            triangles.release()
        return Picture(np.ascontiguousarray(color), depth, result[..., 1].astype(np.uint8))

    def _target(self, size):
        """Of one size at a time: clips differ, and the buffers of all sizes take gigabytes."""
        if self.target is None or self.target.size != size:
            if self.target:
                self.target.release()
            self.target = Target(self.gl, size)
        return self.target

    def _upload(self, mesh):
        normals = mesh.normals
        if normals is None:
            normals = smooth_normals(mesh.vertices, mesh.triangles)
        table = np.concatenate([mesh.vertices, normals, mesh.uv], 1).astype(np.float32)
        return (
            self.gl.buffer(table.tobytes()),
            self.gl.buffer(mesh.triangles.astype(np.int32).tobytes()),
        )

    def _draw(self, programs, mesh, buffer):
        self.textures[mesh.texture].use(0)
        (self.gl.enable if mesh.closed else self.gl.disable)(moderngl.CULL_FACE)
        vertices, triangles = buffer
        layout = vertices, "3f 3f 2f", "position", "normal", "uv"
        array = self.gl.vertex_array(
            programs[mesh.alpha_cut], [layout], triangles, skip_errors=True
        )  # not all programs use all of it
        array.render()
        array.release()

    def _shadows(self, pairs, light):
        """Draws the shadow map -> [4][4] from camera space to the map's -1..1."""
        if not np.any(light.key_color) or not pairs:
            return np.eye(4, dtype=np.float32)
        low = np.min([mesh.vertices.min(0) for mesh, _ in pairs], 0)
        high = np.max([mesh.vertices.max(0) for mesh, _ in pairs], 0)
        radius = max(np.linalg.norm(high - low) / 2, 1e-3)
        z = -np.asarray(light.key_direction, np.float64)
        x = np.cross(z, (0, 1, 0) if abs(z[1]) < 0.9 else (1, 0, 0))
        x /= np.linalg.norm(x)
        turn = np.stack([x, np.cross(z, x), z]) / radius
        to_key = np.eye(4)
        to_key[:3, :3] = turn
        to_key[:3, 3] = -turn @ ((low + high) / 2)
        to_key = to_key.astype(np.float32)
        self.shadow_target.use()
        self.gl.clear()
        assign(self.shadow, "to_key", to_key.T)
        for mesh, buffer in pairs:
            self._draw(self.shadow, mesh, buffer)
        return to_key

    def _set_light(self, light, to_key):
        assign(self.shading, "to_key", to_key.T)
        for name in ("sh", "key_direction", "key_color", "screen", "shade"):
            assign(self.shading, name, getattr(light, name))
        assign(self.shading, "shade_edge", (light.shade_soft, light.shade_gain))

    def _shade(self, mesh, buffer):
        material = mesh.material
        assign(self.shading, "tint", material.tint)
        assign(
            self.shading,
            "coat",
            (material.gloss, material.roughness, material.emissive, material.skin),
        )
        assign(self.shading, "opacity", material.opacity)
        self._draw(self.shading, mesh, buffer)

    def _back(self, target, background):
        target.background.write(np.ascontiguousarray(background, np.float32).tobytes())
        target.background.use(0)
        self.gl.disable(moderngl.DEPTH_TEST | moderngl.CULL_FACE)
        self.empty.render(vertices=3)
        self.gl.enable(moderngl.DEPTH_TEST)


def assign(programs, name, value):
    """Sets a uniform of both of a pair, where it is in use."""
    for program in programs:
        uniform = program.get(name, None)
        if uniform is None:
            continue
        if isinstance(value, int):
            uniform.value = value
        else:
            uniform.write(np.asarray(value, np.float32).tobytes())


class CutOut(Renderer):
    """Without a background: Picture.color is premultiplied and has a fourth channel, the share of a
    pixel that is covered."""

    channels = 4

    def draw(self, meshes, focal, size, light, background=None):
        return super().draw(meshes, focal, size, light)


class Target:
    """The buffers of one window size, which moderngl keeps until they are released."""

    def __init__(self, gl, size):
        self.size, self.owned = size, []

        def own(buffer):
            self.owned.append(buffer)
            return buffer

        def buffers(side, channels):
            color = own(gl.renderbuffer((side, side), channels, dtype="f4"))
            depth = own(gl.depth_renderbuffer((side, side)))
            return own(gl.framebuffer([color], depth))

        self.geometry = buffers(size, 2)
        self.samples = buffers(2 * size, 4)
        self.background = own(gl.texture((size, size), 3, dtype="f4"))
        self.reach = own(gl.texture((size, size), 1, dtype="f4"))

    def release(self):
        for buffer in self.owned:
            buffer.release()


def reached(depth, focal):
    """The surroundings' share that a place sees, 0..1 [size][size] float32: less in hollows, places
    farther than what lies around them within CREASE."""
    there = np.isfinite(depth)
    if not there.any():
        return np.ones_like(depth)
    sigma = CREASE * focal / np.median(depth[there])
    weight = there.astype(np.float32)
    filled = np.where(there, depth, 0).astype(np.float32)
    small = max(1, int(sigma / 3))
    side = max(8, len(depth) // small)

    def blur(image):
        image = cv2.resize(image, (side, side), interpolation=cv2.INTER_AREA)
        image = cv2.GaussianBlur(image, (0, 0), sigma * side / len(depth))
        return cv2.resize(image, depth.shape[::-1], interpolation=cv2.INTER_LINEAR)

    share = blur(weight)
    mean = blur(filled) / np.maximum(share, 1e-3)
    inside = np.clip(3 * share - 2, 0, 1)  # an outline is no hollow
    hollow = np.clip((filled - mean) / CREASE - 0.1, 0, 1.5) * inside
    return np.where(there, 1 / (1 + 2.5 * hollow), 1).astype(np.float32)
