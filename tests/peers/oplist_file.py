"""A graph of graph.py as JSON and raw weights, for tfjs.js to run with the operations of tfjs."""

import json

import numpy as np
from graph import SOBEL


def write(graph, path, weights):
    index = {value: i for i, value in enumerate(graph.values)}
    data, constants = [], {}

    def constant(array):
        """Its place: one for equal arrays."""
        array = np.ascontiguousarray(array, np.float32)
        key = (array.shape, array.tobytes())
        if key not in constants:
            constants[key] = {"shape": array.shape, "offset": sum(map(len, data)) // 4}
            data.append(key[1])
        return constants[key]

    def describe(value):
        arrays = dict(value.arrays)
        if value.kind == "conv":  # tfjs has [h][w][in][out] and [in][out]
            arrays["weight"] = arrays["weight"].transpose(1, 2, 3, 0)
        elif value.kind == "linear":
            arrays["weight"] = arrays["weight"].T
        elif value.kind == "sobel":
            kernel = SOBEL[value.options["axis"]]
            arrays["weight"] = np.repeat(kernel[:, :, None, None], value.shape[3], 2)
        elif value.kind == "depthwise":  # [h][w][c][1]
            arrays["weight"] = arrays["weight"].transpose(1, 2, 3, 0)
        elif value.kind == "scale":
            arrays["scale"] = arrays["scale"].reshape((1, 1, 1, -1))
        return {
            "kind": value.kind,
            "inputs": [index[each] for each in value.inputs],
            "shape": value.shape,
            **value.options,
            **{name: constant(array) for name, array in arrays.items()},
        }

    values = [describe(value) for value in graph.values]
    path.write_text(
        json.dumps(
            {"values": values, "outputs": {name: index[v] for name, v in graph.outputs.items()}}
        )
    )
    weights.write_bytes(b"".join(data))
