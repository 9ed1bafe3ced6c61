"""File names of the benchmark data sets, as rules; no list is copied.

Sources: Boulkenafet et al. FG 2017 (OULU-NPU); Liu et al. CVPR 2018 (SiW); Zhang et al. ICB 2012
(CASIA-MFSD); Chingovska et al. BIOSIG 2012 (Replay-Attack); names also as Idiap's bob.db.* packages
and clks-wzz/FAS-SGTD read them.

DMAD (arXiv:2003.08061) never published its layout. This one is ours:
    {train,dev,test}/SSS-SPECIES-INSTRUMENT-N.mp4   colour; SSS: subject, N: take
    the same name with .npy                         depth, see datasets.read_depth
    the same name with .face                        boxes, `frame x y w h`, see datasets.read_boxes
with live-none, print-a4, print-coated, print-poster, replay-amoled, replay-oled, replay-lcd.
"""

import functools
import re
from collections.abc import Callable
from itertools import product
from pathlib import Path
from typing import NamedTuple


class DatasetError(ValueError):
    """The data set on disk, or that was asked for, is not the one that was published."""


class BadName(DatasetError):
    """A video whose name fits no rule."""


class FilesMissing(DatasetError):
    """Files that are needed and not there: the message names the first of it, `missing` all."""

    def __init__(self, what, missing):
        more = ", ..." if len(missing) > 20 else ""
        super().__init__(f"{what} lacks {len(missing)}: {', '.join(missing[:20])}{more}")
        self.missing = missing


class Video(NamedTuple):
    path: Path
    name: str  # path below the data set's root, without suffix; unique in the set
    dataset: str
    split: str  # of the set; a protocol may place it elsewhere
    subject: str
    species: str  # live, print, replay, warped, cut
    instrument: str  # what the attack was made with; none for live
    session: str  # session, light or take, as the set counts
    sensor: str  # phone, camera or quality
    frames: int | None = None  # use only so many from the start

    @property
    def live(self):
        return self.species == "live"


class Rule(NamedTuple):
    """A data set's names."""

    suffixes: tuple
    pattern: str  # of the name without suffix
    read: Callable  # from the pattern's groups to the fields from split to sensor
    example: str
    expected: Callable  # from the set's videos to all names that must be there
    strict: bool  # a missing file is an error, not a warning


# --- OULU-NPU: Phone_Session_User_File ---

OULU_USERS = {"train": range(1, 21), "dev": range(21, 36), "test": range(36, 56)}
OULU_FILES = {
    "1": ("live", "none"),
    "2": ("print", "print1"),
    "3": ("print", "print2"),
    "4": ("replay", "video1"),
    "5": ("replay", "video2"),
}
OULU_PHONES = "123456"


def _read_oulu(directory, phone, session, user, file):
    split = directory.lower()
    if int(user) not in OULU_USERS[split]:
        raise BadName(f"user {user} is not in {directory}_files")
    return split, user, *OULU_FILES[file], session, phone


def _expected_oulu(videos):
    for split, users in OULU_USERS.items():
        for user, phone, session, file in product(users, OULU_PHONES, "123", OULU_FILES):
            yield f"{split.title()}_files/{phone}_{session}_{user:02d}_{file}"


# --- SiW: Subject-Sensor-Type-Medium-Session ---

SIW_TYPES = {
    "1": ("live", {"1": "none", "2": "none"}),
    "2": ("print", {"1": "high", "2": "low"}),
    "3": ("replay", {"1": "ipad", "2": "iphone", "3": "asus", "4": "samsung"}),
}
SIW_SENSORS = {"1": "canon", "2": "logitech"}
SIW_SUBJECTS = range(1, 166)


def _read_siw(directory, kind, subject, sensor, type_, medium, session):
    species, media = SIW_TYPES[type_]
    if int(subject) not in SIW_SUBJECTS:
        raise BadName(f"subjects are {SIW_SUBJECTS[0]} to {SIW_SUBJECTS[-1]}")
    if medium not in media:
        raise BadName(f"type {type_} has no medium {medium}")
    if (species == "live") != (kind == "live"):
        raise BadName(f"type {type_} does not belong in {kind}")
    # Live: the medium is the light, so it is part of the session.
    session = f"{medium}-{session}" if species == "live" else session
    return directory.lower(), subject, species, media[medium], session, SIW_SENSORS[sensor]


def _expected_siw(videos):
    """Per subject 8 live and 16 replay videos, and 4 prints before the first camera.

    Prints before the second camera exist for some subjects only, so none is expected. By this rule
    the published set itself has gaps: 4,620 are expected, 4,478 announced.
    """
    for split, subject in sorted({(video.split, video.subject) for video in videos}):
        for type_, (species, media) in SIW_TYPES.items():
            for sensor, medium, session in product("1" if type_ == "2" else "12", media, "12"):
                kind = "live" if species == "live" else "spoof"
                name = f"{subject}-{sensor}-{type_}-{medium}-{session}"
                yield f"{split.title()}/{kind}/{subject}/{name}"


# --- CASIA-MFSD: the file's number says quality and attack ---

CASIA_SUBJECTS = {"train": 20, "test": 30}
CASIA_FILES = {
    name: (species, quality)
    for species, names in (
        ("live", ("1", "2", "HR_1")),
        ("warped", ("3", "4", "HR_2")),
        ("cut", ("5", "6", "HR_3")),
        ("replay", ("7", "8", "HR_4")),
    )
    for name, quality in zip(names, ("normal", "low", "high"))
}
CASIA_INSTRUMENTS = {"live": "none", "warped": "photo", "cut": "photo", "replay": "video"}


def _read_casia(split, subject, file):
    if int(subject) not in range(1, CASIA_SUBJECTS[split] + 1):
        raise BadName(f"{split}_release has subjects 1 to {CASIA_SUBJECTS[split]}")
    species, quality = CASIA_FILES[file]
    # Both folders count from 1; as in bob.db.casia_fasd, test subjects are 21 to 50.
    number = int(subject) + (CASIA_SUBJECTS["train"] if split == "test" else 0)
    return split, str(number), species, CASIA_INSTRUMENTS[species], quality, quality


def _expected_casia(videos):
    for split, count in CASIA_SUBJECTS.items():
        for subject, file in product(range(1, count + 1), CASIA_FILES):
            yield f"{split}_release/{subject}/{file}"


# --- Replay-Attack ---

REPLAY_CLIENTS = {"train": 15, "dev": 15, "test": 20}
REPLAY_FOLDERS = {"train": "train", "devel": "dev", "test": "test"}
LIGHTS = ("controlled", "adverse")
REPLAY_ATTACKS = (
    "print_{}_highdef_photo",
    "mobile_{}_mobile_photo",
    "mobile_{}_mobile_video",
    "highdef_{}_highdef_photo",
    "highdef_{}_highdef_video",
)


def _read_replay(folder, client, light, take, support, kind, attacked, device, medium, light_):
    split = REPLAY_FOLDERS[folder]
    if take:
        return split, client, "live", "none", f"{light}-{take}", "webcam"
    if f"{kind}_{{}}_{device}_{medium}" not in REPLAY_ATTACKS:
        raise BadName(f"no {kind} attack shows a {device} {medium}")
    species, instrument = ("print", "print") if kind == "print" else ("replay", f"{kind}-{medium}")
    return split, attacked, species, instrument, f"{light_}-{support}", "webcam"


def _expected_replay(videos):
    """Client numbers have gaps, so they are taken from what is there."""
    folders = {split: folder for folder, split in REPLAY_FOLDERS.items()}
    for split, client in sorted({(video.split, video.subject) for video in videos}):
        who = f"client{client}_session01"
        for light, take in product(LIGHTS, "12"):
            yield f"{folders[split]}/real/{who}_webcam_authenticate_{light}_{take}"
        for support, attack, light in product(("fixed", "hand"), REPLAY_ATTACKS, LIGHTS):
            yield f"{folders[split]}/attack/{support}/attack_{attack.format(who)}_{light}"


# --- the double-modal set ---

DMAD_INSTRUMENTS = {
    "live": ("none",),
    "print": ("a4", "coated", "poster"),
    "replay": ("amoled", "oled", "lcd"),
}


def _read_dmad(split, subject, species, instrument, take):
    if instrument not in DMAD_INSTRUMENTS[species]:
        raise BadName(f"no instrument {instrument} of {species}")
    return split, subject, species, instrument, take, "sr300"


RULES = {
    "oulu": Rule(
        (".avi",),
        r"(Train|Dev|Test)_files/([1-6])_([1-3])_([0-9]{2})_([1-5])",
        _read_oulu,
        "Train_files/1_1_01_2.avi",
        _expected_oulu,
        True,
    ),
    "siw": Rule(
        (".mov", ".mp4"),
        r"(Train|Test)/(live|spoof)/([0-9]{3})/"
        r"\3-([12])-([1-3])-([1-4])-([12])",
        _read_siw,
        "Train/live/003/003-1-1-1-1.mov",
        _expected_siw,
        False,
    ),
    "casia": Rule(
        (".avi",),
        r"(train|test)_release/([1-9][0-9]?)/([1-8]|HR_[1-4])",
        _read_casia,
        "train_release/1/HR_1.avi",
        _expected_casia,
        True,
    ),
    "replay": Rule(
        (".mov",),
        r"(train|devel|test)/"
        r"(?:real/client([0-9]{3})_session01_webcam_authenticate_"
        r"(controlled|adverse)_([12])"
        r"|attack/(fixed|hand)/attack_(print|mobile|highdef)_client([0-9]{3})_session01_"
        r"(mobile|highdef)_(photo|video)_(controlled|adverse))",
        _read_replay,
        "devel/real/client003_session01_webcam_authenticate_adverse_1.mov",
        _expected_replay,
        True,
    ),
    "dmad": Rule(
        (".mp4",),
        r"(train|dev|test)/([0-9]{3})-(live|print|replay)-([a-z0-9]+)-([0-9]+)",
        _read_dmad,
        "train/017-replay-amoled-1.mp4",
        lambda videos: (),
        True,
    ),
}


@functools.cache
def parse(dataset, path, root="."):
    """The video at root/path, known by its name alone."""
    rule, path = RULES[dataset], Path(path)
    match = path.suffix in rule.suffixes and re.fullmatch(
        rule.pattern, path.with_suffix("").as_posix()
    )
    where = Path(root) / path
    if not match:
        raise BadName(f"{where}: not a name of {dataset}, such as {rule.example}")
    try:
        fields = rule.read(*match.groups())
    except BadName as error:
        raise BadName(f"{where}: {error}") from None
    return Video(where, path.with_suffix("").as_posix(), dataset, *fields)
