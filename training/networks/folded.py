"""Runs a weight file as the engine does, in any precision. Written from the file format alone,
apart from blocks.py and networks.py, to check them and the folding, and to be the float64 reference
of the engine's rounding. Tensors are [c][h][w], one clip.
"""

import torch
import torch.nn.functional as F
from safetensors import safe_open

from training.networks.minifas import DESIGNS


def load(path):
    """(tensors, metadata) of a safetensors file; bytes times their scales"""
    with safe_open(path, "pt") as file:
        tensors, metadata = {name: file.get_tensor(name) for name in file.keys()}, file.metadata()
    for name in [name for name in tensors if tensors[name].dtype == torch.int8]:
        shape = (1, 1, 1, -1) if tensors[name].shape[0] == 1 else (-1, 1, 1, 1)
        tensors[name] = tensors[name] * tensors.pop(f"{name}.scale").view(shape)
    return tensors, metadata


def minifas(tensors, network, images):
    """Logits [b][3] of a MiniFASNet for images [b][3][80][80], bytes as they are; tensors: named as
    in a file of its own, without prefix."""
    w = {name: tensor.to(images.dtype) for name, tensor in tensors.items()}

    def conv(x, at, stride=1, padding=0):
        weight = w[at + ".weight"]
        depthwise = weight.shape[0] == 1
        weight = weight.permute(3, 0, 1, 2) if depthwise else weight.permute(0, 3, 1, 2)
        y = F.conv2d(
            x, weight, w[at + ".bias"], stride, padding, groups=x.shape[1] if depthwise else 1
        )
        slope = w.get(at + ".slope")
        return y if slope is None else torch.where(y < 0, y * slope[:, None, None], y)

    x = conv(conv(images, "conv1", 2, 1), "conv2", 1, 1)
    for row in DESIGNS[network]:
        y = conv(conv(x, row.at + ".expand"), row.at + ".depthwise", row.stride, 1)
        y = conv(y, row.at + ".project")
        if row.squeeze:
            s = conv(y.mean((2, 3), keepdim=True), row.at + ".squeeze").relu()
            y = y * conv(s, row.at + ".excite").sigmoid()
        x = x + y if row.stride == 1 else y
    x = conv(conv(x, "conv3"), "conv4").flatten(1)
    return x @ w["logits.weight"].T + w["logits.bias"]


class Folded:
    def __init__(self, tensors, metadata, dtype=torch.float64):
        self.w = {name: tensor.to(dtype) for name, tensor in tensors.items()}
        self.metadata = metadata
        self.d = int(metadata["input_size"]) // 8
        self.sgtd = metadata["network"] == "fas-sgtd"
        self.reference = metadata["profile"] == "reference"

    # --- layers ---

    def conv(self, x, name, relu=True):
        weight = self.w[name + ".weight"].permute(0, 3, 1, 2)
        y = F.conv2d(x[None], weight, self.w.get(name + ".bias"), padding=weight.shape[-1] // 2)[0]
        return y.relu() if relu else y

    def affine(self, x, name):
        return x * self.w[name + ".scale"][:, None, None] + self.w[name + ".bias"][:, None, None]

    @staticmethod
    def gradient(x):
        """(x: plus to the right, y: plus below)"""
        c, h, w = x.shape
        p = x.new_zeros(c, h + 2, w + 2)
        p[:, 1:-1, 1:-1] = x
        smooth_rows = p[:, :-2] + 2 * p[:, 1:-1] + p[:, 2:]
        smooth_columns = p[:, :, :-2] + 2 * p[:, :, 1:-1] + p[:, :, 2:]
        return smooth_rows[:, :, 2:] - smooth_rows[:, :, :-2], smooth_columns[
            :, 2:
        ] - smooth_columns[:, :-2]

    @staticmethod
    def pool(x):
        c, h, w = x.shape
        return x.reshape(c, h // 2, 2, w // 2, 2).amax((2, 4))

    def shrink(self, x, size):
        """By 2 or 4. Half-pixel centres lie between the middle two pixels of each axis."""
        k = x.shape[-1] // size
        if k == 1:
            return x
        if self.reference:
            return x[:, ::k, ::k]
        a, b = k // 2 - 1, k // 2
        x = (x[:, a::k] + x[:, b::k]) / 2
        return (x[:, :, a::k] + x[:, :, b::k]) / 2

    # --- blocks ---

    @staticmethod
    def local_norm(x):
        """Means over 15 x 15 pixels, as far as they lie inside, by sums of shifted pictures."""

        def mean(x):
            p = F.pad(torch.cat([x, torch.ones_like(x[:1])]), (7, 7, 7, 7))
            p = sum(p[:, i : i + x.shape[1]] for i in range(15))
            p = sum(p[:, :, i : i + x.shape[2]] for i in range(15))
            return p[:-1] / p[-1:]

        rest = x - mean(x)
        return rest / (4 * (mean(rest * rest).sqrt() + 0.02))

    def block(self, x, name):
        if not self.sgtd:
            return self.conv(x, name)
        y = self.conv(x, name + ".conv", relu=False)
        if self.reference:
            gx, gy = self.gradient(x)
            return (y + self.conv((gx * gx + gy * gy + 1e-8).sqrt(), name + ".edge", False)).relu()
        gx, gy = self.gradient(self.conv(x, name + ".edge", relu=False))
        return (y + self.w[name + ".norm.scale"][:, None, None] * (gx * gx + gy * gy)).relu()

    def reduce(self, x, name):
        x = self.conv(x, name)
        return self.affine(x, name + ".norm") if self.reference else x

    def cascade(self, parts, name):
        return self.affine(self.conv(torch.cat(parts), name), name + ".norm")

    def gru(self, x, h, name):
        hidden = h.shape[0]
        gates = self.conv(torch.cat([x, h]), name + ".gates", relu=False).sigmoid()
        r, u = gates[:hidden], gates[hidden:]
        n = self.conv(torch.cat([x, r * h]), name + ".candidate", relu=False).tanh()
        return u * h + (1 - u) * n if self.reference else (1 - u) * h + u * n

    # --- network ---

    def trunk(self, image):
        """image [3][s][s] -> single [d][d], features, compressed, means of the last features"""
        local = self.metadata.get("input_norm") == "local"
        x = self.block(self.local_norm(image) if local else image, "init")
        features, pooled = [], []
        for level in "123":
            for i in "012":
                x = self.block(x, f"block{level}.{i}")
            features.append(x)
            x = self.pool(x)
            pooled.append(x)
        x = torch.cat([self.shrink(p, self.d) for p in pooled])
        x = self.block(self.block(x, "fuse.0"), "fuse.1")
        compressed = [self.reduce(f, f"reduce{i + 1}") for i, f in enumerate(features)]
        return self.conv(x, "single")[0], features, compressed, x.mean((1, 2))

    def pair(self, now, next):
        _, features, g, _ = now
        outs = []
        for i, (f, g0, g1) in enumerate(zip(features, g, next[2])):
            (x0, y0), (x1, y1) = self.gradient(g0), self.gradient(g1)
            below = outs[-1:]
            if not self.sgtd:
                parts = [g0, x0, y0, g0 - g1, *below]
            elif self.reference:
                parts = [f, x0, -y0, x1, -y1, g0 - g1]
            else:
                parts = [g0, x0, y0, x1, y1, g0 - g1, *below]
            name = f"{'ststb' if self.sgtd else 'off'}{i + 1}"
            outs.append(self.pool(self.conv(torch.cat(parts), name)))
        if not self.reference:
            return outs[-1]
        x = self.cascade([self.shrink(outs[0], 2 * self.d), outs[1]], "cascade2")
        x = self.cascade([self.shrink(x, self.d), outs[2]], "cascade3")
        return self.cascade([x], "out")

    def run(self, images, mask=None):
        """[frames][3][s][s], mask [P][d][d] or None: all -> {"fused", "mean", "logits", "score"};
        see networks.Network.score"""
        number = {key: float(self.metadata[key]) for key in ("alpha", "beta")}
        alpha, beta = number["alpha"], number["beta"]
        frames = [self.trunk(image) for image in images]
        h1 = zero1 = images.new_zeros(self.w["gru1.candidate.bias"].numel(), self.d, self.d)
        h2 = zero2 = images.new_zeros(1, self.d, self.d)
        fused = []
        for now, next in zip(frames, frames[1:]):
            if self.reference:
                h1, h2 = zero1, zero2
            h1 = self.gru(self.pair(now, next), h1, "gru1")
            h2 = self.gru(h1, h2, "gru2")
            fused.append(alpha * h2[0] + (1 - alpha) * now[0])
        fused = torch.stack(fused)
        mean = fused.mean(0)
        if self.metadata.get("head") == "features":
            x = torch.stack([means for *_, means in frames[:-1]]).mean(0)
        else:
            x = (mean if self.sgtd else fused).flatten()
        x = (self.w["head.0.weight"] @ x + self.w["head.0.bias"]).relu()
        logits = self.w["head.1.weight"] @ x + self.w["head.1.bias"]
        logits = logits.relu() if self.reference else logits
        p = 1 / (1 + (logits[1] - logits[0]).exp())
        mask = torch.ones_like(fused) if mask is None else mask
        area = mask.sum((1, 2)).clamp(min=1)
        if self.reference:
            depth = (mean * mask[0]).sum() / area[0]
            raw = 1 / (1 + (1 - beta * p - (2 - beta) * depth).exp())
        else:
            depth = (fused * mask).abs().sum((1, 2))
            if self.metadata.get("depth_term", "mean") == "mean":
                depth = depth / area
            raw = beta * p + (1 - beta) * depth.mean()
        if "calibration_scale" in self.metadata:
            scale, bias = (float(self.metadata["calibration_" + k]) for k in ("scale", "bias"))
            raw = 1 / (1 + (-scale * raw - bias).exp())
        return {"fused": fused, "mean": mean, "logits": logits, "score": raw.reshape(1)}
