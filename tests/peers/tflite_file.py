"""A graph of graph.py as a TFLite file, with the schema that ai-edge-litert brings."""

import flatbuffers
import numpy as np
from ai_edge_litert import schema_py_generated as schema
from graph import SOBEL

SAME, VALID = schema.Padding.SAME, schema.Padding.VALID
SIMPLE = {
    "sum": "ADD",
    "difference": "SUB",
    "product": "MUL",
    "scale": "MUL",
    "sigmoid": "LOGISTIC",
    "tanh": "TANH",
    "concat": "CONCATENATION",
    "slice": "SLICE",
    "pool": "MAX_POOL_2D",
    "resize": "RESIZE_BILINEAR",
    "flatten": "RESHAPE",
    "softmax": "SOFTMAX",
    "conv": "CONV_2D",
    "sobel": "DEPTHWISE_CONV_2D",
    "depthwise": "DEPTHWISE_CONV_2D",
    "prelu": "PRELU",
    "mean": "MEAN",
    "linear": "FULLY_CONNECTED",
}


class Builder(flatbuffers.Builder):
    """Byte vectors are weights: the schema aligns them to 16 bytes, its generated code does not."""

    def CreateNumpyVector(self, x):
        if x.dtype == np.uint8:
            self.Prep(16, x.size)
        return super().CreateNumpyVector(x)


class Writer:
    def __init__(self):
        self.tensors, self.buffers, self.operators = [], [schema.BufferT()], []
        self.codes, self.constants, self.indices = [], {}, {}

    def tensor(self, name, shape, kind=schema.TensorType.FLOAT32, buffer=0):
        self.tensors.append(
            schema.TensorT(shape=list(shape), type=kind, buffer=buffer, name=name.encode())
        )
        return len(self.tensors) - 1

    def constant(self, array):
        """One for equal arrays."""
        array = np.ascontiguousarray(array)
        key = (array.dtype, array.shape, array.tobytes())
        if key not in self.constants:
            data = np.frombuffer(key[2], np.uint8)
            self.buffers.append(schema.BufferT(data=data))
            kind = {"f": schema.TensorType.FLOAT32, "i": schema.TensorType.INT32}[array.dtype.kind]
            self.constants[key] = self.tensor(
                f"c{len(self.constants)}", array.shape, kind, len(self.buffers) - 1
            )
        return self.constants[key]

    def integers(self, *values):
        return self.constant(np.array(values, np.int32))

    def operator(self, code, inputs, output, options):
        number = getattr(schema.BuiltinOperator, code)
        if number not in self.codes:
            self.codes.append(number)
        kind = type(options).__name__[:-1] if options else "NONE"
        self.operators.append(
            schema.OperatorT(
                opcodeIndex=self.codes.index(number),
                inputs=inputs,
                outputs=[output],
                builtinOptionsType=getattr(schema.BuiltinOptions, kind),
                builtinOptions=options,
            )
        )

    def padded(self, value, inputs):
        """The inputs of a convolution, and how it pads them: with stride 2 SAME has other zeros
        than half a kernel on every side, which therefore become a step of their own."""
        (x,), padding = value.inputs, value.options["padding"]
        if not padding:
            return inputs, VALID
        if value.options["stride"] == 1:
            return inputs, SAME
        n, h, w, c = x.shape
        output = self.tensor(f"padded{len(self.tensors)}", (n, h + 2 * padding, w + 2 * padding, c))
        sides = np.array([[0, 0], [padding] * 2, [padding] * 2, [0, 0]], np.int32)
        self.operator("PAD", inputs + [self.constant(sides)], output, schema.PadOptionsT())
        return [output], VALID

    def value(self, value, name):
        inputs = [self.indices[each] for each in value.inputs]
        kind, arrays, options = value.kind, value.arrays, value.options
        active = int(options.get("relu", False))  # ActivationFunctionType
        if kind == "zeros":
            return self.constant(np.zeros(value.shape, np.float32))
        output = self.tensor(name, value.shape)
        if kind == "input":
            return output
        more, detail = [], None
        if kind in ("conv", "depthwise", "linear"):
            more = [self.constant(arrays["weight"]), self.constant(arrays["bias"])]
        if kind in ("conv", "depthwise"):
            stride = options["stride"]
            inputs, padding = self.padded(value, inputs)
            detail = (
                schema.Conv2DOptionsT(padding, stride, stride, active)
                if kind == "conv"
                else schema.DepthwiseConv2DOptionsT(padding, stride, stride, 1, active)
            )
        elif kind == "prelu":
            more = [self.constant(arrays["slope"].reshape(1, 1, -1))]
        elif kind == "mean":
            more, detail = [self.integers(1, 2)], schema.ReducerOptionsT(True)
        elif kind == "linear":
            detail = schema.FullyConnectedOptionsT(active)
        elif kind == "sobel":
            channels = value.shape[3]
            kernel = np.repeat(SOBEL[options["axis"]][None, :, :, None], channels, 3)
            more = [self.constant(kernel), self.constant(np.zeros(channels, np.float32))]
            detail = schema.DepthwiseConv2DOptionsT(SAME, 1, 1, 1)
        elif kind == "scale":
            more, detail = [self.constant(arrays["scale"])], schema.MulOptionsT()
        elif kind == "sum":
            detail = schema.AddOptionsT(active)
        elif kind == "difference":
            detail = schema.SubOptionsT()
        elif kind == "product":
            detail = schema.MulOptionsT()
        elif kind == "concat":
            detail = schema.ConcatenationOptionsT(options["axis"])
        elif kind == "slice":
            start = [0] * 4
            start[options["axis"]] = options["start"]
            more, detail = (
                [self.integers(*start), self.integers(*value.shape)],
                schema.SliceOptionsT(),
            )
        elif kind == "pool":
            detail = schema.Pool2DOptionsT(VALID, 2, 2, 2, 2)
        elif kind == "resize":
            more = [self.integers(*value.shape[1:3])]
            detail = schema.ResizeBilinearOptionsT(False, True)
        elif kind == "flatten":
            more, detail = [self.integers(*value.shape)], schema.ReshapeOptionsT()
        elif kind == "softmax":
            detail = schema.SoftmaxOptionsT(1.0)
        self.operator(SIMPLE[kind], inputs + more, output, detail)
        return output


VERSIONS = {"RESIZE_BILINEAR": 3}  # with half-pixel centres


def write(graph, path):
    writer = Writer()
    names = {value: name for name, value in graph.outputs.items()} | {graph.input: "images"}
    for i, value in enumerate(graph.values):
        writer.indices[value] = writer.value(value, names.get(value, f"t{i}"))
    versions = {getattr(schema.BuiltinOperator, name): v for name, v in VERSIONS.items()}
    main = schema.SubGraphT(
        tensors=writer.tensors,
        inputs=[writer.indices[graph.input]],
        outputs=[writer.indices[value] for value in graph.outputs.values()],
        operators=writer.operators,
        name=b"main",
    )
    model = schema.ModelT(
        version=3,
        description=b"livedepth",
        subgraphs=[main],
        buffers=writer.buffers,
        operatorCodes=[
            schema.OperatorCodeT(
                deprecatedBuiltinCode=code, builtinCode=code, version=versions.get(code, 1)
            )
            for code in writer.codes
        ],
    )
    builder = Builder(1 << 20)
    builder.Finish(model.Pack(builder), b"TFL3")
    path.write_bytes(builder.Output())
