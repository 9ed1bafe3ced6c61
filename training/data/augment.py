"""Random changes of a batch of clips, on tensors of any device.

All parameters are drawn once a unit: the same for the live clip, the attack beside it and all of
their frames, so that no change tells the classes apart. Only the noise itself is drawn for every
value. Every strength may be 0, which leaves its step out.
"""

from dataclasses import dataclass, fields
from math import cos, pi, radians

import torch
import torch.nn.functional as F


@dataclass(frozen=True)
class Strengths:
    flip: float = 0.5  # probability of left-right
    reverse: float = 0.5  # probability of the frames in reverse order
    shift: float = 0.05  # at most, of the side
    scale: float = 0.12  # log of the zoom, at most
    rotate: float = 6.0  # degrees, at most
    brightness: float = 0.12  # added, at most, of the range
    contrast: float = 0.25  # log of the factor, at most
    gamma: float = 0.25  # log of the exponent, at most
    saturation: float = 0.4  # change of the factor, at most
    cast: float = 0.08  # log of a channel's factor, at most
    blur: float = 0.25  # weight of a neighbour, at most 1/3, of half of the units
    noise: float = 0.02  # standard deviation, at most, of the range
    jpeg: float = 0.0  # quantisation step, at most, of the range, of half of the units
    cutout: float = 0.25  # probability of a grey rectangle

    def __post_init__(self):
        for field in fields(self):
            if getattr(self, field.name) < 0:
                raise ValueError(f"augmentation {field.name} is negative")
        if self.blur > 1 / 3:
            raise ValueError("augmentation blur is above 1/3")

    def times(self, factor):
        """All strengths, probabilities too, times this"""
        return Strengths(
            **{
                field.name: min(
                    getattr(self, field.name) * factor,
                    {"blur": 1 / 3}.get(field.name, float("inf")),
                )
                for field in fields(self)
            }
        )


class Dice:
    """Draws one value a unit, repeated for its two clips: [b] or [b][n]."""

    def __init__(self, generator, clips, device):
        self.generator, self.units, self.device = generator, clips // 2, device

    def uniform(self, low, high, *shape):
        x = torch.rand(self.units, *shape, generator=self.generator) * (high - low) + low
        return x.repeat_interleave(2, 0).to(self.device)

    def within(self, limit, *shape):
        return self.uniform(-limit, limit, *shape)

    def chance(self, probability):
        return self.uniform(0, 1) < probability


def augment(images, depth, mask, strengths, generator, views=1):
    """images float32 0..255 [b][T][3][s][s], live and attack of a unit side by side; depth and mask
    [b][T][m][m]; generator: of the CPU; views: so many versions of each clip, which differ in tone,
    blur, noise and the like -> the three, changed [views * b], one version of all clips after the
    other; depth and mask move with the picture."""
    dice = Dice(generator, len(images), images.device)
    if strengths.reverse and images.shape[1] > 1:
        turned = dice.chance(strengths.reverse).view(-1, 1, 1, 1)
        images = torch.where(turned[..., None], images.flip(1), images)
        depth, mask = (torch.where(turned, x.flip(1), x) for x in (depth, mask))
    if strengths.flip or strengths.shift or strengths.scale or strengths.rotate:
        images, depth, mask = move(images, depth, mask, strengths, dice)
    if views > 1:
        images, depth, mask = (x.repeat(views, *[1] * (x.dim() - 1)) for x in (images, depth, mask))
        dice = Dice(generator, len(images), images.device)
    x = tone(images / 255, strengths, dice)
    if strengths.blur:
        x = blurred(x, dice.uniform(0, strengths.blur) * dice.chance(0.5))
    if strengths.noise:
        sigma = dice.uniform(0, strengths.noise).view(-1, 1, 1, 1, 1)
        x = x.addcmul_(sigma, normal(x, generator))
    if strengths.jpeg:
        x = coarse(x, dice.uniform(0, strengths.jpeg) * dice.chance(0.5))
    if strengths.cutout:
        x = cut(x, strengths.cutout, dice)
    return x.clamp_(0, 1).mul_(255), depth, mask


def normal(x, generator):
    """Like x: on the CPU from the generator, elsewhere from one there that it seeds."""
    if x.device.type == "cpu":
        return torch.randn(x.shape, generator=generator)
    seed = int(torch.randint(1 << 62, (1,), generator=generator))
    own = torch.Generator(x.device).manual_seed(seed)
    return torch.randn(x.shape, generator=own, device=x.device)


def move(images, depth, mask, strengths, dice):
    """Flip, rotation, zoom and shift"""
    angle = dice.within(radians(strengths.rotate))
    zoom = torch.exp(dice.within(strengths.scale))
    sign = 1 - 2 * dice.chance(strengths.flip).float()
    shift = dice.within(2 * strengths.shift, 2)
    c, s = torch.cos(angle) / zoom, torch.sin(angle) / zoom
    theta = torch.stack(
        [torch.stack([sign * c, -sign * s, shift[:, 0]], 1), torch.stack([s, c, shift[:, 1]], 1)], 1
    )
    return warped(images, depth, mask, theta)


def warped(images, depth, mask, theta):
    """What the matrices [b][2][3] of places, -1..1, say, in one bilinear step; outside lies the
    mirrored picture."""

    def sampled(x):
        grid = F.affine_grid(theta, (len(x), 1, *x.shape[-2:]), align_corners=False)
        return F.grid_sample(
            x.contiguous(), grid, mode="bilinear", padding_mode="reflection", align_corners=False
        )

    frames = images.shape[1]
    images = sampled(images.flatten(1, 2)).view(images.shape)
    labels = sampled(torch.cat([depth, mask], 1))
    return images, labels[:, :frames], labels[:, frames:]


def tone(x, strengths, dice):
    """Gamma, then in one matrix saturation, colour cast, contrast about the clip's mean grey and
    brightness"""
    b, frames, _, s, _ = x.shape
    if strengths.gamma:
        exponent = torch.exp(dice.within(strengths.gamma)).view(-1, 1, 1, 1, 1)
        x = x.clamp(min=1e-4).pow_(exponent)
    contrast = torch.exp(dice.within(strengths.contrast, 1, 1))
    colour = 1 + dice.within(strengths.saturation, 1, 1)
    mix = colour * torch.eye(3, device=x.device) + (1 - colour) / 3
    mix = contrast * torch.exp(dice.within(strengths.cast, 3, 1)) * mix
    mean = x.mean((1, 2, 3, 4)).view(-1, 1, 1)
    offset = mean * (1 - contrast) + dice.within(strengths.brightness, 1, 1)
    mix, offset = (value.repeat_interleave(frames, 0) for value in (mix, offset.expand(b, 3, 1)))
    return torch.baddbmm(offset, mix, x.reshape(b * frames, 3, s * s)).view(x.shape)


def blurred(x, weight):
    """(w, 1 - 2 w, w) along both axes of the clips whose weight [b] is above 0; the border
    repeats"""
    chosen = weight.nonzero()[:, 0]
    y, weight = x[chosen], weight[chosen].view(-1, 1, 1, 1, 1)
    for axis in (-1, -2):
        n = y.shape[axis]
        step = y.diff(dim=axis).mul_(weight)
        y.narrow(axis, 0, n - 1).add_(step)
        y.narrow(axis, 1, n - 1).sub_(step)
    return x.index_copy_(0, chosen, y)


def cosines(device):
    """The orthonormal DCT of 8 values, [8][8]"""
    rows = [
        [cos(pi * (2 * j + 1) * i / 16) * (0.5 if i else 8**-0.5) for j in range(8)]
        for i in range(8)
    ]
    return torch.tensor(rows, device=device)


def coarse(x, step):
    """Rounds the DCT of 8x8 blocks of the clips whose step is above 0, high frequencies more
    coarsely, as JPEG does. step [b]"""
    chosen = step.nonzero()[:, 0]
    if not len(chosen):
        return x
    b, frames, channels, s, _ = x[chosen].shape
    dct = cosines(x.device)
    tiles = x[chosen].view(b, frames, channels, s // 8, 8, s // 8, 8)
    place = torch.arange(8, device=x.device)
    quantum = step[chosen].view(-1, 1, 1, 1, 1, 1, 1) * (
        1 + (place[:, None, None] + place) / 2
    )  # broadcasts over row, block, column
    waves = torch.einsum("ij,bfcyjxk,lk->bfcyixl", dct, tiles, dct)
    waves = (waves / quantum).round() * quantum
    rounded = torch.einsum("ij,bfcyixl,lk->bfcyjxk", dct, waves, dct)
    return x.index_copy(0, chosen, rounded.reshape(b, frames, channels, s, s))


def cut(x, probability, dice):
    """A grey rectangle of 0.1 .. 0.4 of each side, at one place in all frames"""
    s = x.shape[-1]
    size, centre = dice.uniform(0.1, 0.4, 2) * s, dice.uniform(0, 1, 2) * s
    grey, chosen = dice.uniform(0, 1), dice.chance(probability)
    hole = rectangles(centre, size, s) & chosen.view(-1, 1, 1)
    return torch.where(hole[:, None, None], grey.view(-1, 1, 1, 1, 1), x)


def rectangles(centre, size, s):
    """[b][s][s] bool: within size [b][2], or [b][1] of squares, about centre [b][2], pixels"""
    place = torch.arange(s, device=centre.device) + 0.5
    inside = (place - centre[..., None]).abs() < size[..., None] / 2  # [b][2][s]
    return inside[:, 0, :, None] & inside[:, 1, None, :]
