#!/usr/bin/env python3
"""Writes blazeface.safetensors: what TensorFlow Lite's reference kernels answer to one picture.

    pip install ai-edge-litert numpy
    python3 tests/golden/blazeface.py face_detection_short_range.tflite

The picture is tests/clips/frame.ppm, every other pixel, in a black square, rounded to float16."""

import pathlib
import sys

import numpy as np
from ai_edge_litert.interpreter import Interpreter, OpResolverType

HERE = pathlib.Path(__file__).parent
sys.path.append(str(HERE.parent.parent / "wasm"))
from detector import write_safetensors  # noqa: E402

magic, size, top, pixels = (HERE.parent / "clips" / "frame.ppm").read_bytes().split(b"\n", 3)
width, height = map(int, size.split())
frame = np.frombuffer(pixels, np.uint8).reshape(height, width, 3)[::2, ::2]
image = np.full((128, 128, 3), -1, np.float16)
image[: frame.shape[0], : frame.shape[1]] = frame / 127.5 - 1

interpreter = Interpreter(sys.argv[1], experimental_op_resolver_type=OpResolverType.BUILTIN_REF)
interpreter.allocate_tensors()
interpreter.set_tensor(interpreter.get_input_details()[0]["index"], image[None].astype(np.float32))
interpreter.invoke()
outputs = {
    output["name"]: interpreter.get_tensor(output["index"])[0]
    for output in interpreter.get_output_details()
}
box, score = outputs["regressors"], outputs["classificators"]

tensors = {
    "image": image,
    "box16": box[:512],
    "box8": box[512:],
    "score16": score[:512],
    "score8": score[512:],
}
write_safetensors(
    HERE / "blazeface.safetensors",
    {
        name: ("F16" if x.dtype == np.float16 else "F32", x.shape, x.tobytes())
        for name, x in tensors.items()
    },
    {"format": "livedepth", "format_version": "1", "provenance": "tests/golden/blazeface.py"},
)
