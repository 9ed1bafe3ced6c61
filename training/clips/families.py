"""The split of each family of lights, cameras, instruments, heads and people.

Whole families are held out, so that dev and test measure generalisation, as the four protocols of
OULU-NPU do. People are held out everywhere: those of dev and test are in no training clip. A test
pair is new to training in its person and in the factors of one of PROTOCOLS.
"""

import hashlib

from . import camera, masks, prints, replay

SPECIES = {
    "replay": replay.FAMILIES,
    "print": prints.FAMILIES,
    "cutout": prints.FAMILIES,
    "mask": masks.FAMILIES,
}
SHARES = {"replay": 0.45, "print": 0.35, "cutout": 0.12, "mask": 0.08}
# family: split it is kept for; all others are for training
KEPT = {
    "tablet-front": "dev",
    "webcam-1080p": "test",
    "raw-like": "test",
    "laptop-tn": "dev",
    "phone-oled": "test",
    "monitor-va": "test",
    "inkjet-plain": "dev",
    "photo-lab": "test",
    "silicone": "test",
}
KEPT_LIGHTS = {
    "empty_warehouse_01_1k": "dev",
    "st_fagans_interior_1k": "test",
    "adams_place_bridge_1k": "test",
    "hall": "dev",
    "apartment": "test",
    "workshop": "test",
}
KEPT_HEADS = {"interfaces": "test"}
PROTOCOLS = (
    (),
    ("light",),
    ("instrument",),
    ("camera",),
    ("head",),
    ("light", "instrument", "camera", "head"),
)
PEOPLE = {"dev": 0.12, "test": 0.18}


def of_split(names, split, kept=KEPT):
    """The names that are for this split: "train" also means all that is kept for none."""
    return [name for name in names if kept.get(name, "train") == split]


def person_split(source, identity):
    """A person's split, by the hash of the name; heads kept for a split are whole."""
    if source in KEPT_HEADS:
        return KEPT_HEADS[source]
    place = int(hashlib.sha256(f"{source}/{identity}".encode()).hexdigest()[:8], 16) / 2**32
    if place < PEOPLE["dev"]:
        return "dev"
    return "test" if place < PEOPLE["dev"] + PEOPLE["test"] else "train"


def held_out(split, number, known):
    """The factors of PROTOCOLS, of those `known`, in which a pair is new; none but of test"""
    protocol = "identity", *PROTOCOLS[number % len(PROTOCOLS)]
    return [factor for factor in protocol if split == "test" and factor in known]


def choices(split, held_out, lights):
    """Families for a pair of this split: {"camera": names, "light": names, species: names}.
    held_out: the test pair's factors of PROTOCOLS; dev pairs are new in all of them."""

    def pick(names, factor, kept=KEPT):
        new = split != "train" and (split == "dev" or factor in held_out)
        return of_split(names, split if new else "train", kept) or of_split(names, "train", kept)

    return {
        "camera": pick(camera.FAMILIES, "camera"),
        "light": pick(lights, "light", KEPT_LIGHTS),
        **{name: pick(families, "instrument") for name, families in SPECIES.items()},
    }
