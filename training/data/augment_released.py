"""The random changes of FAS-SGTD's released code (clks-wzz/FAS-SGTD, generate_data_train.py), each
drawn once a clip:

    sides     each side of the face's box moves outwards, by itself, by 0.05 to 0.2 of the box
    flip      left-right, half of the clips
    tone      half of the clips: factor 0.5 .. 1.5, then -40 .. 40 of 255 added
    cut-out   half of the clips: a black square of up to 50 pixels

Mended here: the released code turns the picture without its depth, draws the tone anew for every
frame, which looks like motion, and puts the cut-out's centre where the whole frame has it. Our
clips hold the box times 1.3, 0.15 a side: what lies beyond is the mirrored picture.
"""

import torch

from training.data.augment import rectangles, warped

BOX = 1.3  # side of a clip's pictures, in sides of the face's box
SIDES = 0.05, 0.2
FACTOR, ADDED = (0.5, 1.5), (-40, 40)
CUT = 50  # pixels, of pictures of 256x256
CHANCE = 0.5


def augment(images, depth, mask, generator):
    """images float32 0..255 [b][T][3][s][s]; depth and mask [b][T][m][m]; generator: of the CPU
    -> the three, changed; depth and mask move with the picture."""
    b, _, _, s, _ = images.shape

    def draw(low, high, *shape):
        x = torch.rand(b, *shape, generator=generator) * (high - low) + low
        return x.to(images.device)

    def half():
        return draw(0, 1) < CHANCE

    left, top, right, bottom = draw(*SIDES, 4).unbind(1)
    sign = 1 - 2 * half().float()
    images, depth, mask = cropped(images, depth, mask, (left, top, right, bottom), sign)

    toned = half()
    factor = torch.where(toned, draw(*FACTOR), 1.0).view(-1, 1, 1, 1, 1)
    added = torch.where(toned, draw(*ADDED), 0.0).view(-1, 1, 1, 1, 1)
    images = (images * factor + added).clamp_(0, 255)

    side = torch.where(half(), draw(1, CUT) * s / 256, 0.0)
    hole = rectangles(draw(0, s, 2), side[:, None], s)
    return images.masked_fill_(hole[:, None, None], 0), depth, mask


def cropped(images, depth, mask, sides, sign):
    """The part from `sides` (left, top, right, bottom [b], beyond the box, in sides of it), turned
    left-right where sign [b] is -1"""
    left, top, right, bottom = sides
    zero = torch.zeros_like(left)
    theta = torch.stack(
        [
            torch.stack([sign * (1 + left + right) / BOX, zero, (right - left) / BOX], 1),
            torch.stack([zero, (1 + top + bottom) / BOX, (bottom - top) / BOX], 1),
        ],
        1,
    )
    return warped(images, depth, mask, theta)
