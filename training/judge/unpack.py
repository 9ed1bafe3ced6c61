"""Clips of a data set as folders of pictures, which the command scores:

    python3 -m training.judge.unpack DATA CLIPS --split test
    node js/node/cli.mjs score CLIPS/* --crop none --fps 10 --mask --json --model FILE > SCORES
    python3 -m training.judge.evaluate DATA SCORES --masked

evaluate wants what was said of dev and test in one file. CLIPS/ID has 0.png, 1.png, ... and in
mask/ the face mask of each frame; a "/" of the id is a "+".
"""

import argparse
from pathlib import Path

from PIL import Image

from training.data.clipset import SPLITS, BadClips, ClipSet
from training.judge.scores import folder_name


def unpack(data, split, out):
    """data: a folder of clips; -> how many clips there are now in the folder `out`"""
    clips = ClipSet(data, split)
    for record, (folder, row) in zip(clips.records, clips.places):
        arrays = clips.folders[folder]
        place = Path(out, folder_name(record["id"]))
        for name, pictures in (("", arrays.clips[row]), ("mask", arrays.mask[row])):
            (place / name).mkdir(parents=True, exist_ok=True)
            for number, picture in enumerate(pictures):
                Image.fromarray(picture).save(place / name / f"{number}.png")
    return len(clips)


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", help="data set folder")
    parser.add_argument("clips", help="folder to write")
    parser.add_argument("--split", choices=SPLITS, default="test")
    options = parser.parse_args(arguments)
    try:
        count = unpack(options.data, options.split, options.clips)
    except (BadClips, OSError) as error:
        raise SystemExit(f"unpack: {error}") from None
    print(f"{count} clips in {options.clips}")


if __name__ == "__main__":
    main()
