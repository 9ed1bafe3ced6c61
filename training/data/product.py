"""The product's own detection, crop and resize (src/face.c, view.c, image.c), so that training
sees what the engine will see. `make product` builds the library."""

import ctypes
from typing import NamedTuple

import numpy as np

from training import ROOT

BUILD = ROOT / "build"
LIBRARY = BUILD / "product" / "libproduct.so"
FILTERS = ("triangle", "bilinear")  # enum image_filter
DETECTOR = BUILD / "blazeface-short.safetensors"


class Face(NamedTuple):
    """The largest of `count` faces, in pixels of the frame."""

    count: int
    box: np.ndarray  # [4] left, top, width, height
    landmarks: np.ndarray  # [6][2]


def pointer(array, kind):
    return array.ctypes.data_as(ctypes.POINTER(kind))


def rgba(frame):
    """[h][w][3] uint8 RGB -> [h][w][4]"""
    out = np.full((*frame.shape[:2], 4), 255, np.uint8)
    out[..., :3] = frame
    return out


class Product:
    """Frames are [h][w][4] uint8 RGBA, contiguous."""

    def __init__(self):
        if not LIBRARY.exists():
            raise FileNotFoundError(f"{LIBRARY}: build it with `make product`")
        self.library = library = ctypes.CDLL(str(LIBRARY))
        library.product_create.restype = ctypes.c_void_p
        library.livedepth_error_detail.restype = ctypes.c_char_p
        self.detector = DETECTOR.read_bytes()
        self.handle = library.product_create(self.detector, ctypes.c_size_t(len(self.detector)))
        if not self.handle:
            raise RuntimeError(self.detail())
        self.handle = ctypes.c_void_p(self.handle)

    def detail(self):
        return self.library.livedepth_error_detail().decode()

    def face(self, frame):
        """-> Face or None"""
        out = np.zeros(16, np.float32)
        count = self.library.product_face(
            self.handle,
            pointer(frame, ctypes.c_uint8),
            frame.shape[1],
            frame.shape[0],
            pointer(out, ctypes.c_float),
        )
        if count < 0:
            raise RuntimeError(self.detail())
        return Face(count, out[:4], out[4:].reshape(6, 2)) if count else None

    def crop(self, box, scale, frame):
        """Crop of a clip whose first face has this box -> [4] left, top, width, height"""
        out = np.zeros(4, np.float32)
        self.library.product_crop(
            pointer(np.ascontiguousarray(box, np.float32), ctypes.c_float),
            ctypes.c_float(scale),
            frame.shape[1],
            frame.shape[0],
            pointer(out, ctypes.c_float),
        )
        return out

    def resize(self, frame, crop, size, filter="triangle"):
        """-> [size][size][3] uint8; filter: a view's, of FILTERS"""
        out = np.empty((size, size, 3), np.uint8)
        status = self.library.product_resize(
            self.handle,
            pointer(frame, ctypes.c_uint8),
            frame.shape[1],
            frame.shape[0],
            pointer(np.ascontiguousarray(crop, np.float32), ctypes.c_float),
            FILTERS.index(filter),
            size,
            pointer(out, ctypes.c_uint8),
        )
        if status:
            raise RuntimeError(self.detail())
        return out
