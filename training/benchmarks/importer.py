"""A data set as its authors ship it, into folders of clips, one for every fold of a protocol.

    python3 -m training.benchmarks.importer oulu 3 OULU --out SETS --assets ASSETS
    python3 -m training.benchmarks.importer casia overall CASIA --locations BOXES --out SETS ...
    python3 -m training.benchmarks.importer cross "casia->replay" CASIA REPLAY --out SETS ...

Names and protocols: protocols.py. The whole set is cut once into SETS/oulu; further protocols of it
cost next to nothing. Clips: five frames, every third, 256x256, the box of the first frame times
1.3 (cut.py); depth of live faces from the face mesh, or as measured where the set has it, of
attacks 0. Boxes come from the set's own files, or with --boxes detector from the product's.

What is missing or broken is named and counted, and stops the import, before the cutting or before
the folders are written; with --incomplete it goes on without. A stopped import goes on where it
was.
"""

import argparse
import shutil
import warnings
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

import cv2
from tqdm import tqdm

from training.benchmarks.cut import BOXES, CROPS, VERSION, Broken, Cutter, Settings
from training.benchmarks.datasets import CLIP_FRAMES, videos
from training.benchmarks.names import RULES, DatasetError, FilesMissing
from training.benchmarks.protocols import MEMBERS, PROTOCOLS, TRAIN_FRAMES, folds, missing, protocol
from training.benchmarks.store import Store, folders, write_fold
from training.data.clipset import DEPTH_SIZE

USUAL = {("train", True): 16, ("train", False): 4, ("test", True): 6, ("test", False): 6}


def cuts_of(video):
    """{name of a cut: the video to cut}: what any protocol may ask of it"""
    if video.split != "train":
        return {"test": video}
    limits = {limit for (dataset, _), limit in TRAIN_FRAMES.items() if dataset == video.dataset}
    return {"train": video, **{f"train-{limit}": video._replace(frames=limit) for limit in limits}}


def disk(found, size):
    """Bytes of these videos' clips, by the usual number of clips a video"""
    clips = sum(
        USUAL[name.partition("-")[0], video.live] for video in found for name in cuts_of(video)
    )
    return clips * CLIP_FRAMES * (3 * size**2 + 2 * DEPTH_SIZE**2)


# --- cutting, in several processes ---


def begin(settings):
    global cutter  # of this process
    cv2.setNumThreads(1)
    cutter = Cutter(settings)


def work(video):
    """-> video, {name: Cut}, {name: why there is none}"""
    cuts, left_out = {}, {}
    for name, own in cuts_of(video).items():
        try:
            cuts[name] = cutter.cut(own, name != "test")
        except Broken as error:
            left_out[name] = str(error)
    return video, cuts, left_out


def cut_all(store, found, settings, processes):
    todo = [video for video in found if video.name not in store.lines]
    with tqdm(total=len(found), initial=len(found) - len(todo), unit="video", mininterval=2) as bar:
        if processes == 1:
            begin(settings)
            results = map(work, todo)
            collect(store, results, bar)
        elif todo:
            with ProcessPoolExecutor(processes, initializer=begin, initargs=(settings,)) as pool:
                try:
                    collect(store, pool.map(work, todo), bar)
                except BrokenProcessPool as error:  # its own traceback stands above
                    raise DatasetError(str(error)) from None
                finally:
                    pool.shutdown(cancel_futures=True)


def collect(store, results, bar):
    for video, cuts, left_out in results:
        store.add(video, cuts, left_out)
        bar.update()


# --- the whole import ---


def check(dataset, names, found, incomplete):
    """Prints what the folds lack; FilesMissing if that may not be"""
    for name in names:
        lost = missing(dataset, name, found)
        if not lost:
            continue
        error = FilesMissing(f"protocol {name} of {dataset}", lost)
        if not incomplete and all(RULES[own].strict for own in MEMBERS[dataset]):
            raise error
        print(f"{error}")


def member(dataset, found, locations, options):
    """Cuts one data set's videos -> its Store, closed"""
    settings = Settings(
        options.size,
        options.boxes,
        options.crop,
        str(options.assets),
        str(locations) if locations else None,
    )
    needed = disk(found, options.size)
    store = Store(
        options.out / dataset,
        {
            "version": VERSION,
            "size": settings.size,
            "boxes": settings.boxes,
            "crop": settings.crop,
        },
    )
    try:
        done = disk([video for video in found if video.name in store.lines], options.size)
        free = shutil.disk_usage(options.out).free
        print(
            f"{dataset}: {len(found)} videos, about {needed / 1e9:.1f} GB of clips in "
            f"{options.out / dataset}, {free / 1e9:.1f} GB free"
        )
        if needed - done > free:
            raise DatasetError(f"{options.out}: {free / 1e9:.1f} GB free are not enough")
        cut_all(store, found, settings, options.processes)
    finally:
        store.close()
    return store


def report(dataset, store):
    """Prints what was left out; -> {video: {cut: why}}"""
    left_out = {name: line["left_out"] for name, line in store.lines.items() if line["left_out"]}
    for name, reasons in sorted(left_out.items()):
        for cut, reason in reasons.items():
            print(f"left out: {dataset}/{name}, {cut}: {reason}")
    dropped, unmasked = (
        sum(line[key] for line in store.lines.values()) for key in ("dropped", "unmasked")
    )
    print(
        f"{dataset}: {len(left_out)} videos left out, {dropped} live clips of train without a "
        f"depth label, {unmasked} frames without a mask"
    )
    return left_out


def fold(dataset, name, stores, found, left_out, options):
    """Writes the folders of one fold, and prints its counts."""

    def has_clips(video):
        cut = train_cut(dataset, name) if video.split == "train" else "test"
        return any(clip["cut"] == cut for clip in stores[video.dataset].lines[video.name]["clips"])

    place = PROTOCOLS[dataset][name]
    used = [video for video in found if has_clips(video)]
    lost = missing(dataset, name, used)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # check() has said it
        parts = protocol(dataset, name, used, options.incomplete)
    counts = {
        split: {
            "live": sum(video.live for video in part),
            "attack": sum(not video.live for video in part),
        }
        for split, part in parts.items()
    }
    for own, folder in folders(options.out, dataset, name).items():
        placed = {
            video.name: split
            for split, part in parts.items()
            for video in part
            if video.dataset == own
        }
        about = {
            "dataset": dataset,
            "protocol": name,
            "videos": counts,
            "missing": lost,
            "left_out": {
                video.name: left_out[own][video.name]
                for video in found
                if video.dataset == own and place(video) and not has_clips(video)
            },
            "boxes": options.boxes,
            "crop": options.crop,
        }
        write_fold(folder, stores[own], own, placed, train_cut(dataset, name), about)
    text = ", ".join(f"{split} {own['live']} + {own['attack']}" for split, own in counts.items())
    print(f"{dataset} {name}: videos live + attack: {text}; {len(lost)} missing")


def train_cut(dataset, name):
    limit = TRAIN_FRAMES.get((dataset, name))
    return f"train-{limit}" if limit else "train"


def run(options):
    names = folds(options.dataset, options.protocol)
    members = MEMBERS[options.dataset]
    if len(options.roots) != len(members):
        raise DatasetError(f"{options.dataset} takes {len(members)} folders: {' '.join(members)}")
    if options.locations and len(options.locations) != len(members):
        raise DatasetError(f"--locations takes {len(members)} folders: {' '.join(members)}")
    trees = {own: videos(own, root) for own, root in zip(members, options.roots)}
    found = [video for tree in trees.values() for video in tree]
    check(options.dataset, names, found, options.incomplete)
    options.out.mkdir(parents=True, exist_ok=True)
    stores, left_out = {}, {}
    for own, locations in zip(members, options.locations or [None] * len(members)):
        stores[own] = member(own, trees[own], locations, options)
        left_out[own] = report(own, stores[own])
    for name in names:
        fold(options.dataset, name, stores, found, left_out, options)


def parse(arguments):
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("dataset", choices=MEMBERS)
    add("protocol", help="one of protocols.py; 3 of OULU-NPU is 3.1 to 3.6")
    add("roots", nargs="+", type=Path, metavar="ROOT", help="the data set's folder; cross: both")
    add("--out", type=Path, required=True, metavar="SETS")
    add("--assets", type=Path, required=True, help="folder of the face mesh (models/README.md)")
    add(
        "--locations",
        nargs="+",
        type=Path,
        help="Idiap's face-locations of CASIA-MFSD and Replay-Attack, one for each ROOT",
    )
    add("--boxes", choices=BOXES, default="own")
    add("--crop", choices=CROPS, default="square", help="the engine's, or the released code's")
    add("--size", type=int, default=256)
    add("--incomplete", action="store_true", help="go on without what is missing or broken")
    add("--processes", type=int, default=1)
    return parser.parse_args(arguments)


def main(arguments=None):
    try:
        run(parse(arguments))
    except (DatasetError, OSError) as error:
        raise SystemExit(f"importer: {error}") from None


if __name__ == "__main__":
    main()
