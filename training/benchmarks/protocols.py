"""Protocols of the benchmark data sets, as rules over names.py: which video trains, which tests.

oulu    OULU-NPU: 1, 2, 3.1 to 3.6, 4.1 to 4.6     replay  Replay-Attack: grandtest, print, ...
siw     SiW: 1, 2.1 to 2.4, 3.1, 3.2               dmad    colour with measured depth: all
casia   CASIA-MFSD: low, ..., overall              cross   casia->replay, replay->casia
"""

from pathlib import Path
from warnings import warn

from training.benchmarks.names import (
    OULU_PHONES,
    REPLAY_CLIENTS,
    RULES,
    SIW_SUBJECTS,
    SIW_TYPES,
    DatasetError,
    FilesMissing,
    Video,
    parse,
)
from training.data.clipset import SPLITS

# --- where a video goes, or None ---


def _oulu(kind, held_out=None):
    """1 a new session at test, 2 new instruments, 3 a new phone (held_out), 4 all of them."""

    def place(video):
        test = video.split == "test"
        fits = (
            (kind not in "14" or (video.session == "3") == test)
            and (kind not in "34" or (video.sensor == held_out) == test)
            and (kind not in "24" or video.live or video.instrument[-1] == "12"[test])
        )
        return video.split if fits else None

    return place


def _siw_species(train, test):
    def place(video):
        species = test if video.split == "test" else train
        return video.split if video.live or video.species == species else None

    return place


def _siw_unseen_medium(held_out):
    def place(video):
        fits = video.species == "replay" and (
            (video.instrument == held_out) == (video.split == "test")
        )
        return video.split if fits or video.live else None

    return place


def _all(video):
    return video.split


def _only(*kinds):
    """Attacks whose species, instrument or part of its name is among kinds, and all live videos."""

    def place(video):
        kind = {video.species, video.instrument, *video.instrument.split("-")}
        return video.split if video.live or kind.intersection(kinds) else None

    return place


def _quality(quality):
    return lambda video: video.split if video.sensor == quality else None


def _moved(places):
    return lambda video: places.get((video.dataset, video.split))


PROTOCOLS = {
    "oulu": {
        "1": _oulu("1"),
        "2": _oulu("2"),
        **{f"{kind}.{phone}": _oulu(kind, phone) for kind in "34" for phone in OULU_PHONES},
    },
    "siw": {
        "1": _all,
        **{
            f"2.{number}": _siw_unseen_medium(medium)
            for number, medium in SIW_TYPES["3"][1].items()
        },
        "3.1": _siw_species("print", "replay"),
        "3.2": _siw_species("replay", "print"),
    },
    "casia": {
        **{quality: _quality(quality) for quality in ("low", "normal", "high")},
        "warped": _only("warped"),
        "cut": _only("cut"),
        "video": _only("replay"),
        "overall": _all,
    },
    "replay": {
        "grandtest": _all,
        "print": _only("print"),
        "mobile": _only("mobile"),
        "highdef": _only("highdef"),
        "photo": _only("print", "photo"),
        "digitalphoto": _only("photo"),
        "video": _only("video"),
    },
    "dmad": {"all": _all},
    # The threshold may come from "dev", which is of the source set. CASIA-MFSD has no dev set, and
    # its test subjects are not needed otherwise.
    "cross": {
        "casia->replay": _moved(
            {("casia", "train"): "train", ("casia", "test"): "dev", ("replay", "test"): "test"}
        ),
        "replay->casia": _moved(
            {("replay", "train"): "train", ("replay", "dev"): "dev", ("casia", "test"): "test"}
        ),
    },
}
MEMBERS = {dataset: (dataset,) for dataset in RULES} | {"cross": ("casia", "replay")}
TRAIN_FRAMES = {("siw", "1"): 60}  # SiW 1: mostly frontal frames to train, all poses to test


def _place(dataset, name):
    if name not in PROTOCOLS.get(dataset, ()):
        raise DatasetError(f"no protocol {name!r} of {dataset!r}")
    return PROTOCOLS[dataset][name]


def _absent_subjects(dataset, place, videos):
    """Subjects whose files cannot be named, since their split or number is not known."""
    if dataset == "siw":
        seen = {int(video.subject) for video in videos}
        return [f"subject {subject:03d}" for subject in SIW_SUBJECTS if subject not in seen]
    texts = []
    for split, count in REPLAY_CLIENTS.items() if dataset == "replay" else ():
        live = Video(Path(), "", dataset, split, "", "live", "none", "", "")  # is in all of them
        clients = len({video.subject for video in videos if video.split == split})
        if place(live) and clients != count:
            texts.append(f"clients of {split} ({clients} of {count})")
    return texts


def missing(dataset, name, videos):
    """Videos that the protocol uses by rule and `videos` does not have: file names, or subjects."""
    place = _place(dataset, name)
    names = []
    for member in MEMBERS[dataset]:
        own = [video for video in videos if video.dataset == member]
        there = {video.name for video in own}
        suffix = RULES[member].suffixes[0]
        names += [
            file + suffix
            for file in RULES[member].expected(own)
            if file not in there and place(parse(member, file + suffix))
        ]
        names += _absent_subjects(member, place, own)
    return names


def folds(dataset, name):
    """The protocols that make up `name`: "3" of OULU-NPU is 3.1 to 3.6, "3.2" itself alone."""
    names = [own for own in PROTOCOLS.get(dataset, ()) if own == name or own.startswith(f"{name}.")]
    if not names:
        raise DatasetError(
            f"no protocol {name!r} of {dataset!r}: one of {', '.join(PROTOCOLS.get(dataset, ()))}"
        )
    return names


def protocol(dataset, name, videos, incomplete=False):
    """{"train": videos, "dev": videos, "test": videos}, each in the order of names.

    SiW and CASIA-MFSD have no dev set: theirs is empty. Raises FilesMissing, or warns for SiW and
    if it may be incomplete.
    """
    place = _place(dataset, name)
    for video in videos:
        if video.dataset not in MEMBERS[dataset]:
            raise DatasetError(f"{video.path}: of {video.dataset}, not of {dataset}")
    lost = missing(dataset, name, videos)
    if lost and not incomplete and all(RULES[member].strict for member in MEMBERS[dataset]):
        raise FilesMissing(f"protocol {name} of {dataset}", lost)
    if lost:
        warn(str(FilesMissing(f"protocol {name} of {dataset}", lost)), stacklevel=2)
    parts = {split: [] for split in SPLITS}
    for video in sorted(videos, key=lambda video: (video.dataset, video.name)):
        split = place(video)
        if split:
            limit = TRAIN_FRAMES.get((dataset, name)) if split == "train" else None
            parts[split].append(video._replace(frames=limit))
    for split in ("train", "test"):
        if {video.live for video in parts[split]} != {True, False}:
            raise DatasetError(f"protocol {name} of {dataset}: no live or no attack in {split}")
    return parts
