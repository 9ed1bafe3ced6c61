"""Contact sheets of a data set folder: what was made, to be looked at.

    python3 -m training.clips.sheets DATASET print.png --species print --count 8 --seed 1
        a clip a row: its frames, its depth label, its families
    python3 -m training.clips.sheets DATASET all.jpg
        a species a row: a live clip and the attack of the same pair, three frames and depth each

Depth lies over the middle frame, red nearest and blue farthest; the white line is the mask.
"""

import argparse
from pathlib import Path

import cv2
import numpy as np

from training.data.clipset import BadClips, Folder

LINE = 14  # pixels from one line of a caption to the next
LETTER = 5.6  # and from one letter to the next, about
CAPTION = 290  # width
SHRINK = 0.85  # a file over the limit is drawn so much smaller, again and again


def overlay(frame, depth, mask):
    """frame [s][s][3], depth and mask [d][d] -> [s][s][3], all uint8"""
    size = frame.shape[1::-1]
    smooth = cv2.resize(depth, size, interpolation=cv2.INTER_LINEAR)
    colours = cv2.applyColorMap(smooth, cv2.COLORMAP_JET)[..., ::-1]
    picture = cv2.addWeighted(frame, 0.45, np.ascontiguousarray(colours), 0.55, 0)
    face = (cv2.resize(mask, size, interpolation=cv2.INTER_LINEAR) > 127).astype(np.uint8)
    outline, _ = cv2.findContours(face, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    return cv2.drawContours(picture, outline, -1, (255, 255, 255), 1)


def words(row):
    """The lines of a clip's caption."""
    yield row["id"]
    yield f"{row['species']}  {row['identity']}"
    yield from (f"{factor}: {value}" for factor, value in row["families"].items() if value)
    if row["held_out"]:
        yield "unseen: " + " ".join(row["held_out"])
    if row["teacher"] is not None:
        yield "teacher: {:.2f} {:.2f}".format(*row["teacher"])


def caption(lines, height):
    """-> [height][CAPTION][3] uint8; what does not fit is cut off."""
    picture = np.full((height, CAPTION, 3), 255, np.uint8)
    for number, text in enumerate(lines, 1):
        cv2.putText(
            picture,
            text[: int((CAPTION - 8) / LETTER)],
            (4, number * LINE),
            cv2.FONT_HERSHEY_SIMPLEX,
            0.35,
            (0, 0, 0),
            1,
            cv2.LINE_AA,
        )
    return picture


def clip_row(dataset, index, frames):
    """These frames of a clip and its depth side by side: [s][(len(frames) + 1) s][3] uint8"""
    clip, middle = dataset.clips[index], dataset.clips.shape[1] // 2
    return np.hstack(
        [
            *(clip[frame] for frame in frames),
            overlay(
                np.ascontiguousarray(clip[middle]),
                dataset.depth[index][middle],
                dataset.mask[index][middle],
            ),
        ]
    )


def species_sheet(dataset, species, count, rng):
    """At most `count` clips of a species, drawn at random, in the order of the data set."""
    indices = [i for i, row in enumerate(dataset.records) if row["species"] == species]
    if not indices:
        raise ValueError(f"no clips of species {species!r}")
    chosen = sorted(rng.choice(indices, min(count, len(indices)), replace=False).tolist())
    height, frames = dataset.clips.shape[2], range(dataset.clips.shape[1])
    return np.vstack(
        [
            np.hstack([clip_row(dataset, i, frames), caption(words(dataset.records[i]), height)])
            for i in chosen
        ]
    )


def overview(dataset, rng):
    """Of every species of attack one, beside the live clip of its pair."""
    live = {row["pair"]: i for i, row in enumerate(dataset.records) if row["label"] == "live"}
    attacks = {}
    for i, row in enumerate(dataset.records):
        if row["label"] == "attack" and row["pair"] in live:
            attacks.setdefault(row["species"], []).append(i)
    if not attacks:
        raise ValueError("no pair of a live clip and an attack")
    count, height = dataset.clips.shape[1:3]
    frames = (0, count // 2, count - 1)
    rows = []
    for species in sorted(attacks):
        attack = int(rng.choice(attacks[species]))
        row = dataset.records[attack]
        rows.append(
            np.hstack(
                [
                    clip_row(dataset, live[row["pair"]], frames),
                    clip_row(dataset, attack, frames),
                    caption(words(row), height),
                ]
            )
        )
    return np.vstack(rows)


def save(picture, path, limit=None):
    """picture [h][w][3] uint8 RGB; PNG or JPEG by the path's suffix; limit: bytes. Where it takes
    more, the picture is made smaller."""
    whole, scale = np.ascontiguousarray(picture[..., ::-1]), 1.0
    while True:
        drawn = (
            whole
            if scale == 1
            else cv2.resize(whole, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        )
        done, data = cv2.imencode(path.suffix, drawn)
        if not done:
            raise ValueError(f"{path}: not written")
        if limit is None or len(data) <= limit:
            path.write_bytes(data)
            return
        if min(drawn.shape[:2]) < 16:
            raise ValueError(f"{path}: no picture is as small as {limit} bytes")
        scale *= SHRINK


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("dataset", type=Path)
    parser.add_argument("out", type=Path, help=".png or .jpg")
    parser.add_argument("--species", help="default: an overview of all")
    parser.add_argument("--count", type=int, default=8, help="clips of --species")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--limit", type=int, metavar="KB", help="size of the file, e.g. 400")
    args = parser.parse_args()
    rng = np.random.default_rng(args.seed)
    try:
        dataset = Folder(args.dataset)
        if args.species:
            picture = species_sheet(dataset, args.species, args.count, rng)
        else:
            picture = overview(dataset, rng)
        save(picture, args.out, args.limit and args.limit * 1000)
    except (BadClips, ValueError, OSError) as error:
        raise SystemExit(f"sheets: {error}") from None


if __name__ == "__main__":
    main()
