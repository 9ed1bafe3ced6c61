"""Depth labels of real live video: face-mesh landmarks through a z-buffer.

A label is [size][size]: the nearest face point seen in the crop 1, the farthest 0, background 0.
z-buffers are exact at the centres of a grid; labels average FINE x FINE of them.

    python3 -m training.data.depth_labels VIDEO --assets ASSETS OUT.npz

writes for every frame with a face: frames [n] int32, landmarks [n][468][3] float32, crops [n][4]
float32 (left, top, width, height), depth and mask [n][32][32] uint8 (255 is 1).
"""

import argparse
import time
from typing import NamedTuple

import numpy as np

from training.data import facemesh
from training.data.clipset import DEPTH_SIZE

FINE = 4
CHUNK = 64  # frames rasterised at once
CROP_SCALE = 1.5  # crop over the product's face box, of a tight view


class Labels(NamedTuple):
    depth: np.ndarray  # [n][size][size] float32, 0..1
    mask: np.ndarray  # [n][size][size] float32, 0..1: share of the pixel that is face


def zbuffer(points, triangles, width, height):
    """points [n][v][3]: x, y in pixels of the grid, z; triangles [m][3]
    -> [n][height][width] float32: the least z over the triangles that hold the pixel's centre,
    inf where there is none. z is linear within a triangle (no perspective)."""
    n = len(points)
    corners = np.asarray(points, np.float32)[:, triangles].reshape(-1, 3, 3)  # [n m][3][3]
    xy = corners[..., :2]
    # Pixel i's centre i + .5 is within low..high.
    low = np.ceil(xy.min(1) - 0.5).clip(0, (width, height)).astype(np.int32)
    high = np.floor(xy.max(1) - 0.5).clip(-1, (width - 1, height - 1)).astype(np.int32)
    a, b, c = xy[:, 0], xy[:, 1] - xy[:, 0], xy[:, 2] - xy[:, 0]
    area = b[:, 0] * c[:, 1] - b[:, 1] * c[:, 0]
    span = np.maximum(high - low + 1, 0)
    kept = np.flatnonzero((span.prod(1) > 0) & (np.abs(area) > 1e-9))
    low, span, a, b, c, area, z = (v[kept] for v in (low, span, a, b, c, area, corners[..., 2]))
    count = span.prod(1)
    # Barycentric coordinates as planes over the grid, per triangle: u0 + ux x + uy y.
    ux, uy, vx, vy = c[:, 1] / area, -c[:, 0] / area, -b[:, 1] / area, b[:, 0] / area
    start = low + np.float32(0.5) - a
    u0, v0 = ux * start[:, 0] + uy * start[:, 1], vx * start[:, 0] + vy * start[:, 1]
    dz1, dz2 = z[:, 1] - z[:, 0], z[:, 2] - z[:, 0]
    first = kept // len(triangles) * (width * height) + low[:, 1] * width + low[:, 0]
    # One entry for every pixel of every triangle's bounding box.
    owner = np.repeat(np.arange(len(kept), dtype=np.int32), count)
    within = np.arange(len(owner), dtype=np.int32) - np.repeat(
        (np.cumsum(count) - count).astype(np.int32), count
    )
    row, column = np.divmod(within, span[:, 0].astype(np.int32)[owner])
    u = u0[owner] + ux[owner] * column + uy[owner] * row
    v = v0[owner] + vx[owner] * column + vy[owner] * row
    edge = np.float32(-1e-5)
    inside = np.flatnonzero((u >= edge) & (v >= edge) & (u + v <= 1 - edge))
    owner = owner[inside]
    depth = z[owner, 0] + u[inside] * dz1[owner] + v[inside] * dz2[owner]
    out = np.full(n * height * width, np.inf, np.float32)
    np.minimum.at(out, first[owner] + row[inside] * width + column[inside], depth)
    return out.reshape(n, height, width)


def normalise(depth):
    """[n][h][w], inf is background -> float32: a map's least 1, its greatest finite 0, inf 0"""
    known = np.isfinite(depth)
    near = depth.min((1, 2), keepdims=True, initial=np.inf)
    far = np.where(known, depth, -np.inf).max((1, 2), keepdims=True, initial=-np.inf)
    with np.errstate(invalid="ignore", divide="ignore"):
        scaled = (far - depth) / (far - near)
    return np.where(known & (far > near), scaled, known).astype(np.float32)


def labels(points, crops, triangles, size=DEPTH_SIZE, fine=FINE):
    """points [n][468][3] and crops [n][4] (left, top, width, height) in pixels of the picture"""
    points, crops = np.asarray(points, np.float32), np.asarray(crops, np.float32)
    side = size * fine
    depth = np.zeros((len(points), size, size), np.float32)
    mask = np.zeros_like(depth)
    for i in range(0, len(points), CHUNK):
        part, crop = points[i : i + CHUNK].copy(), crops[i : i + CHUNK, None]
        part[..., :2] = (part[..., :2] - crop[..., :2]) * (side / crop[..., 2:])
        grid = zbuffer(part, triangles, side, side)
        blocks = (len(part), size, fine, size, fine)
        mask[i : i + CHUNK] = np.isfinite(grid).reshape(blocks).mean((2, 4))
        depth[i : i + CHUNK] = normalise(grid).reshape(blocks).mean((2, 4))
    return Labels(depth, mask)


def crop_around(box):
    """The square around the centre of a box, CROP_SCALE times its longer side."""
    side = max(box[2], box[3]) * CROP_SCALE
    return np.array(
        [box[0] + (box[2] - side) / 2, box[1] + (box[3] - side) / 2, side, side], np.float32
    )


def label_video(path, assets):
    """-> the arrays of the file as a dict, and seconds for (landmarks, labels)"""
    import av

    mesh = facemesh.FaceMesh(assets)
    frames, points, crops, start = [], [], [], time.perf_counter()
    with av.open(str(path)) as container:
        for i, frame in enumerate(container.decode(video=0)):
            image = frame.to_ndarray(format="rgb24")
            found = mesh.detect(image)
            face = (
                mesh.landmarks(
                    image, previous=points[-1] if points and frames[-1] == i - 1 else None
                )
                if found
                else None
            )
            if face is not None:
                frames.append(i)
                points.append(face.points)
                crops.append(crop_around(found[0].box))
    middle = time.perf_counter()
    made = labels(
        np.reshape(points, (-1, facemesh.POINTS, 3)),
        np.reshape(crops, (-1, 4)),
        facemesh.canonical(assets)[1],
    )
    seconds = middle - start, time.perf_counter() - middle
    return {
        "frames": np.array(frames, np.int32),
        "landmarks": np.reshape(points, (-1, facemesh.POINTS, 3)),
        "crops": np.reshape(crops, (-1, 4)),
        "depth": np.round(made.depth * 255).astype(np.uint8),
        "mask": np.round(made.mask * 255).astype(np.uint8),
    }, seconds


def main():
    parser = argparse.ArgumentParser(description="Depth labels of a real live video.")
    parser.add_argument("video")
    parser.add_argument("out", help="file to write, .npz")
    parser.add_argument("--assets", required=True)
    options = parser.parse_args()
    try:
        arrays, (landmarks, rasterised) = label_video(options.video, options.assets)
        np.savez_compressed(options.out, **arrays)
    except (ValueError, OSError) as error:  # PyAV's are of both
        raise SystemExit(f"depth_labels: {error}") from None
    n = max(len(arrays["frames"]), 1)
    print(
        f"{len(arrays['frames'])} frames with a face; per thousand: landmarks "
        f"{landmarks / n * 1000:.1f} s, labels {rasterised / n * 1000:.1f} s"
    )


if __name__ == "__main__":
    main()
