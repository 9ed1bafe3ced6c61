"""A graph of graph.py as an ONNX file. Tensors are [n][c][h][w] there."""

import numpy as np
import onnx
from graph import SOBEL
from onnx import TensorProto, helper, numpy_helper

AXES = {0: 0, 3: 1}  # of [n][h][w][c] in [n][c][h][w]
OPERATORS = {
    "sum": "Add",
    "difference": "Sub",
    "product": "Mul",
    "scale": "Mul",
    "sigmoid": "Sigmoid",
    "tanh": "Tanh",
}
OPSET, IR_VERSION = 17, 8


class Writer:
    def __init__(self):
        self.nodes, self.initializers, self.names, self.constants = [], [], {}, {}

    def constant(self, array):
        """One for equal arrays."""
        array = np.ascontiguousarray(array)
        key = (array.dtype, array.shape, array.tobytes())
        if key not in self.constants:
            self.constants[key] = f"c{len(self.constants)}"
            self.initializers.append(numpy_helper.from_array(array, self.constants[key]))
        return self.constants[key]

    def integers(self, *values):
        return self.constant(np.array(values, np.int64))

    def node(self, operator, inputs, **attributes):
        name = f"t{len(self.nodes)}"
        self.nodes.append(helper.make_node(operator, inputs, [name], name=name, **attributes))
        return name

    def value(self, value):
        inputs = [self.names[each] for each in value.inputs]
        kind, arrays, options = value.kind, value.arrays, value.options
        if kind == "input":
            return "images"
        if kind == "zeros":
            return self.constant(np.zeros(shape(value), np.float32))
        if kind in ("conv", "depthwise"):
            k, axes = arrays["weight"].shape[1], (0, 3, 1, 2) if kind == "conv" else (3, 0, 1, 2)
            weight = self.constant(arrays["weight"].transpose(axes))
            name = self.node(
                "Conv",
                [*inputs, weight, self.constant(arrays["bias"])],
                kernel_shape=[k, k],
                pads=[options["padding"]] * 4,
                strides=[options["stride"]] * 2,
                group=value.shape[3] if kind == "depthwise" else 1,
            )
        elif kind == "prelu":
            name = self.node("PRelu", [*inputs, self.constant(arrays["slope"].reshape(-1, 1, 1))])
        elif kind == "mean":
            name = self.node("GlobalAveragePool", inputs)
        elif kind == "linear":
            name = self.node(
                "Gemm",
                [*inputs, self.constant(arrays["weight"]), self.constant(arrays["bias"])],
                transB=1,
            )
        elif kind == "sobel":
            channels = value.shape[3]
            kernel = np.tile(SOBEL[options["axis"]], (channels, 1, 1, 1))
            name = self.node(
                "Conv",
                [*inputs, self.constant(kernel)],
                group=channels,
                kernel_shape=[3, 3],
                pads=[1] * 4,
            )
        elif kind == "scale":
            name = self.node("Mul", [*inputs, self.constant(arrays["scale"].reshape(1, -1, 1, 1))])
        elif kind == "concat":
            name = self.node("Concat", inputs, axis=AXES[options["axis"]])
        elif kind == "slice":
            axis, start = options["axis"], options["start"]
            name = self.node(
                "Slice",
                [
                    *inputs,
                    self.integers(start),
                    self.integers(start + value.shape[axis]),
                    self.integers(AXES[axis]),
                ],
            )
        elif kind == "pool":
            name = self.node("MaxPool", inputs, kernel_shape=[2, 2], strides=[2, 2])
        elif kind == "resize":
            factor = value.shape[1] / value.inputs[0].shape[1]
            name = self.node(
                "Resize",
                [*inputs, "", self.constant(np.float32([1, 1, factor, factor]))],
                mode="linear",
                coordinate_transformation_mode="half_pixel",
            )
        elif kind == "flatten":
            name = self.node("Reshape", [*inputs, self.integers(*value.shape)])
        elif kind == "softmax":
            name = self.node("Softmax", inputs, axis=1)
        else:
            name = self.node(OPERATORS[kind], inputs)
        return self.node("Relu", [name]) if options.get("relu") else name


def shape(value):
    """As ONNX has it."""
    if len(value.shape) == 2:
        return value.shape
    n, h, w, c = value.shape
    return n, c, h, w


def write(graph, path):
    writer = Writer()
    for value in graph.values:
        writer.names[value] = writer.value(value)
    for name, value in graph.outputs.items():
        writer.nodes.append(helper.make_node("Identity", [writer.names[value]], [name]))

    def info(name, value):
        return helper.make_tensor_value_info(name, TensorProto.FLOAT, shape(value))

    body = helper.make_graph(
        writer.nodes,
        "fas",
        [info("images", graph.input)],
        [info(*each) for each in graph.outputs.items()],
        writer.initializers,
    )
    model = helper.make_model(
        body, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION
    )
    onnx.checker.check_model(model)
    onnx.save(model, path)
