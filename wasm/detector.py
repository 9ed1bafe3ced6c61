#!/usr/bin/env python3
"""Turns MediaPipe's short range BlazeFace into the weight file that src/face.c reads.

    python3 wasm/detector.py face_detection_short_range.tflite build/blazeface-short.safetensors

The .tflite file (Apache-2.0, from the npm package @mediapipe/face_detection) is a flatbuffer:
tables whose fields are found through a vtable. Only what is needed here is read: the operators of
the one subgraph, in order, and the float16 constants behind their DEQUANTIZE operators. The values
are copied bit by bit; only the names are new."""

import hashlib
import json
import struct
import sys

# The graph, in the order in which the file lists its convolutions: (name, shape of the weight).
# Block i is a depthwise 3x3 with stride 1 or 2, then a 1x1 convolution to CHANNELS[i] channels.
CHANNELS = [24, 24, 28, 32, 36, 42, 48, 56, 64, 72, 80, 88, 96, 96, 96, 96, 96]
LAYERS = [("stem", (24, 5, 5, 3))]
for block in range(1, 17):
    c_in, c_out = CHANNELS[block - 1], CHANNELS[block]
    LAYERS += [
        (f"block{block}.depthwise", (1, 3, 3, c_in)),
        (f"block{block}.pointwise", (c_out, 1, 1, c_in)),
    ]
LAYERS += [
    ("score16", (2, 1, 1, 88)),
    ("score8", (6, 1, 1, 96)),
    ("box16", (32, 1, 1, 88)),
    ("box8", (96, 1, 1, 96)),
]

# Numbers of the TensorFlow Lite schema.
CONV_2D, DEPTHWISE_CONV_2D, DEQUANTIZE = 3, 4, 6
FLOAT16 = 1


class Table:
    """A flatbuffer table that starts at `at`; fields are numbered as in the schema."""

    def __init__(self, data, at):
        self.data, self.at = data, at

    def _field(self, number):
        vtable = self.at - struct.unpack_from("<i", self.data, self.at)[0]
        entry = 4 + 2 * number
        if entry >= struct.unpack_from("<H", self.data, vtable)[0]:
            return None
        offset = struct.unpack_from("<H", self.data, vtable + entry)[0]
        return self.at + offset if offset else None

    def number(self, field, code):
        at = self._field(field)
        return 0 if at is None else struct.unpack_from("<" + code, self.data, at)[0]

    def _vector(self, field):
        at = self._field(field)
        if at is None:
            return 0, 0
        at += struct.unpack_from("<I", self.data, at)[0]
        return at + 4, struct.unpack_from("<I", self.data, at)[0]

    def ints(self, field):
        at, count = self._vector(field)
        return struct.unpack_from(f"<{count}i", self.data, at)

    def bytes(self, field):
        at, count = self._vector(field)
        return self.data[at : at + count]

    def tables(self, field):
        at, count = self._vector(field)
        return [
            Table(self.data, i + struct.unpack_from("<I", self.data, i)[0])
            for i in range(at, at + 4 * count, 4)
        ]


def read_tflite(data):
    """The convolutions in file order, as pairs of weight and bias: (dtype, shape, bytes)."""
    if data[4:8] != b"TFL3":
        sys.exit("detector.py: not a TensorFlow Lite file")
    model = Table(data, struct.unpack_from("<I", data, 0)[0])
    # builtin_code is field 3, or field 0 in files older than the fourth field.
    codes = [code.number(3, "i") or code.number(0, "b") for code in model.tables(1)]
    graph, buffers = model.tables(2)[0], model.tables(4)
    tensors = graph.tables(0)
    source = {}  # output of a DEQUANTIZE -> its input
    layers = []

    def constant(index):
        tensor = tensors[source[index]]
        if tensor.number(1, "b") != FLOAT16:
            sys.exit("detector.py: a weight is not float16")
        return "F16", tensor.ints(0), buffers[tensor.number(2, "I")].bytes(0)

    for operator in graph.tables(3):
        code, inputs = codes[operator.number(0, "I")], operator.ints(1)
        if code == DEQUANTIZE:
            source[operator.ints(2)[0]] = inputs[0]
        elif code in (CONV_2D, DEPTHWISE_CONV_2D):
            layers.append((constant(inputs[1]), constant(inputs[2])))
    return layers


def write_safetensors(path, tensors, metadata):
    """tensors: name -> (dtype, shape, bytes)."""
    header, data = {"__metadata__": metadata}, b""
    for name, (dtype, shape, values) in tensors.items():
        header[name] = {
            "dtype": dtype,
            "shape": list(shape),
            "data_offsets": [len(data), len(data) + len(values)],
        }
        data += values
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + data)


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    with open(sys.argv[1], "rb") as file:
        data = file.read()
    found = read_tflite(data)
    if [weight[1] for weight, bias in found] != [shape for name, shape in LAYERS]:
        sys.exit("detector.py: not the network that src/face.c describes")
    tensors = {}
    for (name, shape), (weight, bias) in zip(LAYERS, found):
        tensors[name + ".weight"], tensors[name + ".bias"] = weight, bias
    write_safetensors(
        sys.argv[2],
        tensors,
        {
            "format": "livedepth",
            "format_version": "1",
            "network": "blazeface-short",
            "profile": "reference",
            "provenance": "face_detection_short_range.tflite of @mediapipe/face_detection (Google, "
            "Apache-2.0), sha256 " + hashlib.sha256(data).hexdigest(),
        },
    )


if __name__ == "__main__":
    main()
