"""FAS-SGTD of the text, and MiniFASNet, as lists of plain operations, from the folded tensors of a
weight file: what onnx_file.py, tflite_file.py and oplist_file.py write in their runtimes' formats.
Twin of training/networks/networks.py and minifas.py. Shapes are [n][h][w][c], kernels
[out][h][w][in] as in the weight file, of depthwise convolutions [1][h][w][c].

No operation is written that a converter would not write: batch norms are folded, a ReLU or bias
behind a convolution or sum is part of it, and gradients of all frames are made in one step.
"""

from dataclasses import dataclass, field

import numpy as np

from training.networks.minifas import DESIGNS, SIZE

LEVELS = (1, 2, 3)
SOBEL = {
    "x": np.float32([[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]]),
    "y": np.float32([[-1, -2, -1], [0, 0, 0], [1, 2, 1]]),
}


@dataclass(eq=False)
class Value:
    """What one operation gives."""

    kind: str
    inputs: tuple
    shape: tuple
    arrays: dict = field(default_factory=dict)  # constants: weight, bias, scale, slope
    options: dict = field(default_factory=dict)


class Graph:
    """Values in the order in which they can be computed."""

    def __init__(self, tensors, frames, size):
        self.tensors = tensors
        self.values, self.outputs = [], {}
        self.input = self.add("input", (), (frames, size, size, 3))

    def add(self, kind, inputs, shape=None, arrays=None, **options):
        shape = tuple(inputs[0].shape if shape is None else shape)
        value = Value(kind, tuple(inputs), shape, arrays or {}, options)
        self.values.append(value)
        return value

    def tensor(self, name):
        return np.ascontiguousarray(self.tensors[name], np.float32)

    # --- operations ---

    def conv(self, x, name, relu=False, stride=1, padding=None, kind="conv"):
        """padding: zeros on every side; None: half a kernel. A PReLU follows where the file has
        slopes."""
        weight = self.tensor(name + ".weight")
        k, channels = weight.shape[1], len(weight) if kind == "conv" else x.shape[3]
        padding = k // 2 if padding is None else padding
        h, w = ((side + 2 * padding - k) // stride + 1 for side in x.shape[1:3])
        y = self.add(
            kind,
            [x],
            (x.shape[0], h, w, channels),
            {"weight": weight, "bias": self.tensor(name + ".bias")},
            relu=relu,
            stride=stride,
            padding=padding,
        )
        if name + ".slope" not in self.tensors:
            return y
        return self.add("prelu", [y], arrays={"slope": self.tensor(name + ".slope")})

    def depthwise(self, x, name, **options):
        return self.conv(x, name, kind="depthwise", **options)

    def linear(self, x, name, relu=False):
        weight = self.tensor(name + ".weight")
        return self.add(
            "linear",
            [x],
            (1, len(weight)),
            {"weight": weight, "bias": self.tensor(name + ".bias")},
            relu=relu,
        )

    def sobel(self, x, axis):
        return self.add("sobel", [x], axis=axis)

    def sum(self, a, b, relu=False):
        return self.add("sum", [a, b], relu=relu)

    def scale(self, x, factors):
        """By channel, or by one number."""
        return self.add("scale", [x], arrays={"scale": np.atleast_1d(np.float32(factors))})

    def concat(self, *parts):
        parts = [part for part in parts if part is not None]
        channels = sum(part.shape[3] for part in parts)
        return self.add("concat", parts, (*parts[0].shape[:3], channels), axis=3)

    def stack(self, parts):
        return self.add("concat", parts, (len(parts), *parts[0].shape[1:]), axis=0)

    def frames(self, x, start, stop):
        return self.add("slice", [x], (stop - start, *x.shape[1:]), axis=0, start=start)

    def channels(self, x, start, stop):
        return self.add("slice", [x], (*x.shape[:3], stop - start), axis=3, start=start)

    def pool(self, x):
        n, h, w, c = x.shape
        return self.add("pool", [x], (n, h // 2, w // 2, c))

    def resize(self, x, size):
        return (
            x
            if x.shape[1] == size
            else self.add("resize", [x], (x.shape[0], size, size, x.shape[3]))
        )


class Fas(Graph):
    def __init__(self, tensors, config, frames):
        super().__init__(tensors, frames, config.input_size)
        self.config = config

    # --- blocks ---

    def rsgb(self, x, name):
        edge = self.conv(x, name + ".edge")
        parts = [self.sobel(edge, axis) for axis in "xy"]
        squares = [self.add("product", [part, part]) for part in parts]
        energy = self.scale(self.sum(*squares), self.tensor(name + ".norm.scale"))
        return self.sum(self.conv(x, name + ".conv"), energy, relu=True)

    def gru(self, x, state, name):
        hidden = state.shape[3]
        gates = self.add("sigmoid", [self.conv(self.concat(x, state), name + ".gates")])
        reset, update = self.channels(gates, 0, hidden), self.channels(gates, hidden, 2 * hidden)
        kept = self.add("product", [reset, state])
        new = self.add("tanh", [self.conv(self.concat(x, kept), name + ".candidate")])
        step = self.add("product", [update, self.add("difference", [new, state])])
        return self.sum(state, step)

    # --- the network ---

    def trunk(self):
        """(single depth, compressed features of each level) of all frames"""
        x = self.rsgb(self.input, "init")
        compressed, pooled = [], []
        for level in LEVELS:
            for i in range(3):
                x = self.rsgb(x, f"block{level}.{i}")
            compressed.append(self.conv(x, f"reduce{level}", relu=True))
            x = self.pool(x)
            pooled.append(x)
        x = self.concat(*(self.resize(each, self.config.depth_size) for each in pooled))
        for i in range(2):
            x = self.rsgb(x, f"fuse.{i}")
        return self.conv(x, "single", relu=True), compressed

    def motion(self, compressed):
        """Of all pairs, at once."""
        below = None
        for level, g in zip(LEVELS, compressed):
            last = g.shape[0]
            x, y = self.sobel(g, "x"), self.sobel(g, "y")
            now, next = (
                [self.frames(each, start, last - 1 + start) for each in (g, x, y)]
                for start in (0, 1)
            )
            difference = self.add("difference", [now[0], next[0]])
            joined = self.concat(*now, *next[1:], difference, below)
            below = self.pool(self.conv(joined, f"ststb{level}", relu=True))
        return below

    def clip(self):
        """(fused depth of each pair, probability of live and attack)"""
        single, compressed = self.trunk()
        motion = self.motion(compressed)
        pairs, d, alpha = motion.shape[0], self.config.depth_size, self.config.alpha
        state1, state2 = (
            self.add("zeros", (), (1, d, d, len(self.tensors[f"gru{i}.candidate.bias"])))
            for i in (1, 2)
        )
        maps = []
        for t in range(pairs):
            state1 = self.gru(self.frames(motion, t, t + 1), state1, "gru1")
            state2 = self.gru(state1, state2, "gru2")
            maps.append(
                self.sum(
                    self.scale(state2, alpha), self.scale(self.frames(single, t, t + 1), 1 - alpha)
                )
            )
        total = maps[0]
        for each in maps[1:]:
            total = self.sum(total, each)
        flat = self.add("flatten", [self.scale(total, 1 / pairs)], (1, d * d))
        logits = self.linear(self.linear(flat, "head.0", relu=True), "head.1")
        return self.stack(maps), self.add("softmax", [logits])


def build(tensors, config, work):
    """work: "trunk", one frame, or "clip", all of them."""
    graph = Fas(tensors, config, 1 if work == "trunk" else config.frames)
    if work == "trunk":
        depth, compressed = graph.trunk()
        graph.outputs = {
            "depth": depth,
            **{f"reduced{level}": g for level, g in zip(LEVELS, compressed)},
        }
    else:
        maps, probability = graph.clip()
        graph.outputs = {"maps": maps, "probability": probability}
    return graph


def build_minifas(tensors, network):
    """Logits of one frame, bytes as they are."""
    graph = Graph(tensors, 1, SIZE)
    x = graph.depthwise(graph.conv(graph.input, "conv1", stride=2), "conv2")
    for row in DESIGNS[network]:
        y = graph.conv(x, f"{row.at}.expand")
        y = graph.depthwise(y, f"{row.at}.depthwise", stride=row.stride)
        y = graph.conv(y, f"{row.at}.project")
        if row.squeeze:
            means = graph.add("mean", [y], (1, 1, 1, row.out))
            factors = graph.conv(
                graph.conv(means, f"{row.at}.squeeze", relu=True), f"{row.at}.excite"
            )
            y = graph.add("product", [y, graph.add("sigmoid", [factors])])
        x = graph.sum(x, y) if row.stride == 1 else y
    x = graph.depthwise(graph.conv(x, "conv3"), "conv4", padding=0)
    x = graph.add("flatten", [x], (1, x.shape[3]))
    graph.outputs = {"logits": graph.linear(x, "logits")}
    return graph
