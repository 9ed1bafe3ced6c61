"""The parts that the two published networks share, trainable. Twin of src/blocks.c.

Every block has two forms: forward(), with its batch norms, and folded(), the tensors that the
weight file holds, {name after the block's own: float64 tensor}. Tensors are [b][c][h][w] here.

"text" is the paper, "released" its published TensorFlow code; where the text is silent (which
batch norm, how to initialise) the blocks of the text use PyTorch's batch norm and He
initialisation, those of the released code slim's batch norm and Xavier initialisation.
"""

import torch
import torch.nn.functional as F
from torch import nn

EDGE_EPSILON = 1e-8  # under the root of the released gradient block
# First gamma of the squares in the text's gradient block. Ten such blocks in a row are a polynomial
# of degree 2^10 or more in the input, and with fixed statistics nothing bounds it: with gamma 0.03
# hard edges drove one of two random networks to infinity, with 0.1 both, with 0.01 none.
EDGE_GAMMA = 0.01


def sobel(x, transposed):
    """Correlation with ((-1, 0, 1), (-2, 0, 2), (-1, 0, 1)) or its transpose, by channel, zero
    padding. Shifts, not a convolution: torch.compile joins them with what follows."""
    along, across = (-1, -2) if transposed else (-2, -1)
    height, width = x.shape[along], x.shape[across]
    x = F.pad(x, (1, 1, 1, 1))
    slope = x.narrow(across, 2, width) - x.narrow(across, 0, width)
    above, here, below = (slope.narrow(along, i, height) for i in range(3))
    return above + 2 * here + below


def sobel_x(x):
    return sobel(x, False)


def sobel_y(x, downwards=True):
    """downwards: plus below. The released STSTB has plus above."""
    return sobel(x, True) if downwards else -sobel(x, True)


LOCAL = 15  # pixels: side of the square about each that local_norm() looks at
LOCAL_FLOOR = 0.02  # of the range of bytes: above a camera's noise


def local_norm(x):
    """Each value by the mean and the deviation of its channel around it,
        rest = x - mean(x),  rest / (4 (sqrt(mean(rest^2)) + LOCAL_FLOOR)),
    mean: over the LOCAL x LOCAL pixels about each; beyond the border lies nothing. The result
    deviates by about 1/4. Light, tint and exposure are lost, structure stays (local contrast
    normalisation)."""

    def mean(x):  # down, then across: 30 values instead of 225
        for side, pad in (((LOCAL, 1), (LOCAL // 2, 0)), ((1, LOCAL), (0, LOCAL // 2))):
            x = F.avg_pool2d(x, side, 1, pad, count_include_pad=False)
        return x

    rest = x - mean(x)
    return rest / (4 * (mean(rest.square()).sqrt() + LOCAL_FLOOR))


def concat(*parts):
    return torch.cat([part for part in parts if part is not None], 1)


class SlimNorm(nn.BatchNorm2d):
    """slim.batch_norm as the released code uses it: no gamma, epsilon 1e-3, decay 0.999."""

    def __init__(self, channels):
        super().__init__(channels, eps=1e-3, momentum=1 - 0.999, affine=False)
        self.bias = nn.Parameter(torch.zeros(channels))


def affine(norm):
    """(scale, bias): what a batch norm does at inference, in float64."""
    scale = (norm.running_var.double() + norm.eps).rsqrt()
    if norm.weight is not None:
        scale = scale * norm.weight.double()
    return scale, norm.bias.double() - norm.running_mean.double() * scale


def conv(inputs, out, k, slim=False):
    layer = nn.Conv2d(inputs, out, k, padding=k // 2)
    initialise(layer, slim)
    return layer


def initialise(layer, slim):
    if slim:
        nn.init.xavier_uniform_(layer.weight)
    else:
        nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
    nn.init.zeros_(layer.bias)


def scaled(weight, scale):
    return weight.double() * scale.view(-1, 1, 1, 1)


class NormedConv(nn.Conv2d):
    """conv -> batch norm, which folds; blocks of the text add the ReLU."""

    def __init__(self, inputs, out, k):
        super().__init__(inputs, out, k, padding=k // 2)
        self.norm = nn.BatchNorm2d(out)
        initialise(self, slim=False)

    def forward(self, x):
        return self.norm(super().forward(x))

    def folded(self):
        scale, bias = affine(self.norm)
        return {"weight": scaled(self.weight, scale), "bias": self.bias.double() * scale + bias}


class PlainConv(nn.Conv2d):
    """conv without a batch norm."""

    def __init__(self, inputs, out, k, slim):
        super().__init__(inputs, out, k, padding=k // 2)
        initialise(self, slim)

    def folded(self):
        return {"weight": self.weight.double(), "bias": self.bias.double()}


class ConvReluNorm(nn.Conv2d):
    """Released order conv -> ReLU -> batch norm. Zero padding of the next layer comes after the
    bias, so that the norm stays a layer of its own: x * norm.scale + norm.bias."""

    def __init__(self, inputs, out, k):
        super().__init__(inputs, out, k, padding=k // 2)
        self.norm = SlimNorm(out)
        initialise(self, slim=True)

    def forward(self, x):
        return self.norm(F.relu(super().forward(x)))

    def folded(self):
        scale, bias = affine(self.norm)
        return {
            "weight": self.weight.double(),
            "bias": self.bias.double(),
            "norm.scale": scale,
            "norm.bias": bias,
        }


class Conv(NormedConv):
    """Plain block: relu(norm(conv3x3(x))). arXiv:1811.05118, the single-frame network."""

    def __init__(self, inputs, out):
        super().__init__(inputs, out, 3)

    def forward(self, x):
        return F.relu(super().forward(x))


class RsgbPaper(nn.Module):
    """Residual spatial gradient block as in the text, arXiv:2003.08061 section 3.1:
    x' = conv1x1(x);  relu(norm_sum(conv3x3(x) + norm(sobel_x(x')^2 + sobel_y(x')^2)))"""

    def __init__(self, inputs, out):
        super().__init__()
        self.conv, self.edge = conv(inputs, out, 3), conv(inputs, out, 1)
        self.norm, self.norm_sum = nn.BatchNorm2d(out), nn.BatchNorm2d(out)
        nn.init.constant_(self.norm.weight, EDGE_GAMMA)

    def forward(self, x):
        edge = self.edge(x)
        energy = sobel_x(edge) ** 2 + sobel_y(edge) ** 2
        return F.relu(self.norm_sum(self.conv(x) + self.norm(energy)))

    def folded(self):
        (inner, shift), (outer, bias) = affine(self.norm), affine(self.norm_sum)
        return {
            "conv.weight": scaled(self.conv.weight, outer),
            "conv.bias": (self.conv.bias.double() + shift) * outer + bias,
            "edge.weight": self.edge.weight.double(),
            "edge.bias": self.edge.bias.double(),
            "norm.scale": inner * outer,
        }


class RsgbReference(nn.Module):
    """The same as released:
    relu(norm_sum(conv3x3(x) + norm(conv1x1(sqrt(sobel_x(x)^2 + sobel_y(x)^2 + 1e-8)))))"""

    def __init__(self, inputs, out):
        super().__init__()
        self.conv, self.edge = conv(inputs, out, 3, slim=True), conv(inputs, out, 1, slim=True)
        self.norm, self.norm_sum = SlimNorm(out), SlimNorm(out)

    def forward(self, x):
        magnitude = torch.sqrt(sobel_x(x) ** 2 + sobel_y(x) ** 2 + EDGE_EPSILON)
        return F.relu(self.norm_sum(self.conv(x) + self.norm(self.edge(magnitude))))

    def folded(self):
        (inner, shift), (outer, bias) = affine(self.norm), affine(self.norm_sum)
        edge_bias = self.edge.bias.double() * inner + shift
        return {
            "conv.weight": scaled(self.conv.weight, outer),
            "conv.bias": (self.conv.bias.double() + edge_bias) * outer + bias,
            "edge.weight": scaled(self.edge.weight, inner * outer),
        }


class ReducePaper(NormedConv):
    """Compression before OFF and STSTB blocks: relu(norm(conv1x1(x)))."""

    def __init__(self, inputs, out):
        super().__init__(inputs, out, 1)

    def forward(self, x):
        return F.relu(super().forward(x))


class ReduceReference(ConvReluNorm):
    """As released: norm(relu(conv1x1(x)))."""

    def __init__(self, inputs, out):
        super().__init__(inputs, out, 1)


class Off(NormedConv):
    """Optical-flow-guided feature block between frames t and t+1, arXiv:1811.05118:
    maxpool(relu(norm(conv3x3([g(t), sobel_x(g(t)), sobel_y(g(t)), g(t) - g(t+1), below]))))
    g: compressed features; below: the block of the level before, or None."""

    def __init__(self, compressed, below, out):
        super().__init__(4 * compressed + below, out, 3)

    def forward(self, now, next, below):
        x = concat(now, sobel_x(now), sobel_y(now), now - next, below)
        return F.max_pool2d(F.relu(super().forward(x)), 2)


class StstbPaper(NormedConv):
    """Short-term spatio-temporal block, arXiv:2003.08061 section 3.2: adds the gradients of t+1.
    maxpool(relu(norm(conv3x3(
        [f, sx(g(t)), sy(g(t)), sx(g(t+1)), sy(g(t+1)), g(t) - g(t+1), below]))))
    f is g(t)."""

    def __init__(self, compressed, below, out):
        super().__init__(6 * compressed + below, out, 3)

    def forward(self, f, now, next, below):
        x = concat(f, sobel_x(now), sobel_y(now), sobel_x(next), sobel_y(next), now - next, below)
        return F.max_pool2d(F.relu(super().forward(x)), 2)


class StstbReference(PlainConv):
    """As released: f are the uncompressed features of t, no norm, no block below, and sobel_y has
    its plus above."""

    def __init__(self, features, compressed, out):
        super().__init__(features + 5 * compressed, out, 3, slim=True)

    def forward(self, f, now, next, below=None):
        x = concat(
            f,
            sobel_x(now),
            sobel_y(now, downwards=False),
            sobel_x(next),
            sobel_y(next, downwards=False),
            now - next,
            below,
        )
        return F.max_pool2d(F.relu(super().forward(x)), 2)


class Cascade(ConvReluNorm):
    """The released graph joins two levels so: norm(relu(conv3x3(x)))."""

    def __init__(self, inputs, out):
        super().__init__(inputs, out, 3)


class ConvGruPaper(nn.Module):
    """Convolutional GRU cell; returns the next state, from x and the state h:
    r, u = split(sigmoid(conv3x3([x, h]) "gates"));  n = tanh(conv3x3([x, r * h]) "candidate")
    h + u * (n - h)"""

    def __init__(self, inputs, hidden):
        super().__init__()
        self.hidden = hidden
        self.gates = conv(inputs + hidden, 2 * hidden, 3, slim=True)
        self.candidate = conv(inputs + hidden, hidden, 3, slim=True)

    def gated(self, x, h):
        """(u, n)"""
        r, u = torch.sigmoid(self.gates(concat(x, h))).split(self.hidden, 1)
        return u, torch.tanh(self.candidate(concat(x, r * h)))

    def forward(self, x, h):
        u, n = self.gated(x, h)
        return h + u * (n - h)

    def folded(self):
        return {
            f"{name}.{kind}": getattr(getattr(self, name), kind).double()
            for name in ("gates", "candidate")
            for kind in ("weight", "bias")
        }


class ConvGruReference(ConvGruPaper):
    """As released: u keeps, n + u * (h - n), and the gates' bias starts at one."""

    def __init__(self, inputs, hidden):
        super().__init__(inputs, hidden)
        nn.init.ones_(self.gates.bias)

    def forward(self, x, h):
        u, n = self.gated(x, h)
        return n + u * (h - n)


class Depth(PlainConv):
    """Depth of one frame: relu(conv3x3 -> 1)."""

    def __init__(self, inputs, slim):
        super().__init__(inputs, 1, 3, slim)

    def forward(self, x):
        return F.relu(super().forward(x))


class Head(nn.ModuleList):
    """Two fully connected layers: [b][inputs] -> hidden relu -> 2 (live, attack); released: relu on
    both."""

    def __init__(self, inputs, hidden, relu_last):
        super().__init__([nn.Linear(inputs, hidden), nn.Linear(hidden, 2)])
        self.relu_last = relu_last
        for layer in self:
            initialise(layer, slim=True)

    def forward(self, x):
        logits = self[1](F.relu(self[0](x)))
        return F.relu(logits) if self.relu_last else logits

    def folded(self):
        return {
            f"{i}.{kind}": getattr(layer, kind).double()
            for i, layer in enumerate(self)
            for kind in ("weight", "bias")
        }
