"""Joins weight files of one network each into a bundle, a file of format version 2 (src/bundle.h).

    python3 -m training.ship.bundle OUT --preset NAME \\
        --scorer depth=FILE --scorer near=FILE --scorer wide=FILE \\
        --weights depth=.5 near=.5 wide=.5 --bias 0 --live 0.65 --spoof 0.35 --clips 6 \\
        --photo-weights near=.5 wide=.5 --photo-bias 0 --photo-live 0.75 --photo-spoof 0.25 \\
        [--every near=2 wide=2]

A FILE is of version 1, a network of the FAS family, or a bundle of one scorer. Scorers come in the
order of the options; a view that two of them share is in the file once. Tensors keep their bytes, a
part its provenance and licence. fit_fusion.py chooses weights and thresholds for a bundle; those of
fusion-sgtd stand in its metadata.
"""

import argparse
import hashlib
import json
from pathlib import Path
from typing import NamedTuple

from training.networks import weightfile
from training.networks.networks import FORMAT

FORMAT_VERSION = "2"
VIEW, VIEW_KEYS = "face", {"scale": "crop_scale", "size": "input_size"}  # of a file of version 1
WHOLE = {
    "format",
    "format_version",
    "preset",
    "trained",
    "provenance",
    "license",
    "frame_interval_ms",
    "clips",
    "live_threshold",
    "spoof_threshold",
    "views",
    "scorers",
}


class Part(NamedTuple):
    """A scorer, from a file of its own. Names of tensors and keys are without prefix."""

    view_name: str
    view: dict
    keys: dict  # of the scorer, without its view's name
    quality: dict
    tensors: dict
    whole: dict  # metadata of its whole file
    origin: dict


def under(prefix, values):
    """The entries that begin with the prefix, without it."""
    return {name[len(prefix) :]: value for name, value in values.items() if name.startswith(prefix)}


def prefixed(prefix, values):
    return {prefix + name: value for name, value in values.items()}


def provenance(metadata):
    """As it was JSON or plain text."""
    text = metadata.get("provenance", "")
    try:
        return json.loads(text)
    except ValueError:
        return text


def read_part(path):
    metadata, tensors = weightfile.read(path)
    origin = {
        "file": Path(path).name,
        "preset": metadata["preset"],
        "sha256": hashlib.sha256(Path(path).read_bytes()).hexdigest(),
        "provenance": provenance(metadata),
    }
    if metadata["format_version"] == "1":
        view = {key: metadata[name] for key, name in VIEW_KEYS.items()}
        keys = {
            key: value
            for key, value in metadata.items()
            if key not in WHOLE and key not in VIEW_KEYS.values()
        }
        return Part(
            VIEW,
            view | {"follows": "run", "filter": "triangle"},
            keys | {"use": "needed"},
            {},
            tensors,
            metadata,
            origin,
        )
    if metadata["format_version"] != FORMAT_VERSION:
        raise ValueError(f"{path}: format_version {metadata['format_version']}")
    name, *others = metadata["scorers"].split()
    if others:
        raise ValueError(f"{path} has several scorers: {metadata['scorers']}")
    keys = under(f"{name}.", metadata)
    view = keys.pop("view")
    return Part(
        view,
        under(f"view.{view}.", metadata),
        keys,
        under("quality.", metadata),
        under(f"{name}.", tensors),
        metadata,
        origin,
    )


def merged(values, more, what):
    """Both; a name that both have must mean the same."""
    for name, value in more.items():
        if values.setdefault(name, value) != value:
            raise ValueError(f"{what} {name} is {values[name]} in one file and {value} in another")
    return values


class Fusion(NamedTuple):
    """How scores become one, and what it says."""

    weights: dict  # {scorer: number}
    bias: float = 0.0
    live: float = 0.5
    spoof: float = 0.5

    def check(self):
        if min(self.weights.values()) < 0 or not sum(self.weights.values()) > 0:
            raise ValueError("weights must not be negative, and one must be above 0")
        if not 0 <= self.spoof <= self.live <= 1:
            raise ValueError(
                f"thresholds must be 0 <= spoof {self.spoof:g} <= live {self.live:g} <= 1"
            )

    def thresholds(self):
        return {
            "live_threshold": f"{self.live:.9g}",
            "spoof_threshold": f"{self.spoof:.9g}",
        }

    def sum(self):
        """In the order of the weights"""
        return {
            "bias": f"{self.bias:.9g}",
            **{name: f"{weight:.9g}" for name, weight in self.weights.items()},
        }


def join(parts, preset, fusion, clips=6, photo=None, every=None, quality=None):
    """parts {scorer: Part}, Fusion of clips and, of some scorers, of photos -> (metadata, tensors)
    of the bundle; every {scorer: number}: those look at one frame of so many (src/single.h);
    quality {"<check>.min" or ".max": number}: rules beside those of the parts (src/quality.h)"""
    every = every or {}
    quality = {key: f"{value:.9g}" for key, value in (quality or {}).items()}
    if not set(every) <= set(parts):
        raise ValueError(f"no scorers {', '.join(set(every) - set(parts))}")
    if set(fusion.weights) != set(parts):
        raise ValueError(f"weights of {', '.join(fusion.weights)} for scorers {', '.join(parts)}")
    if photo and not set(photo.weights) <= set(parts):
        raise ValueError(f"a photo's weights of {', '.join(photo.weights)}: no such scorers")
    for each in (fusion, photo):
        if each:
            each.check()
    views, whole, licenses = {}, {}, {}
    for name, part in parts.items():
        merged(views, {part.view_name: part.view}, "view")
        merged(quality, part.quality, "quality")
        merged(whole, {"frame_interval_ms": part.whole["frame_interval_ms"]}, "metadata")
        if text := part.whole.get("license"):
            licenses.setdefault(text, []).append(name)
    trained = all(part.whole["trained"] == "yes" for part in parts.values())
    metadata = {
        "format": FORMAT,
        "format_version": FORMAT_VERSION,
        "preset": preset,
        "trained": "yes" if trained else "no",
        **whole,
        "clips": str(clips),
        **fusion.thresholds(),
        "views": " ".join(views),
    }
    for name, view in views.items():
        metadata |= prefixed(f"view.{name}.", view)
    metadata["scorers"] = " ".join(parts)
    for name, part in parts.items():
        metadata |= prefixed(f"{name}.", {"view": part.view_name, **part.keys})
        if name in every:
            metadata[f"{name}.every"] = str(every[name])
    metadata |= prefixed("fusion.", fusion.sum())
    if photo:
        metadata |= prefixed("photo.", photo.thresholds() | photo.sum())
    metadata |= prefixed("quality.", quality)
    if licenses:
        metadata["license"] = "; ".join(
            f"{', '.join(names)}: {text}" for text, names in licenses.items()
        )
    metadata["provenance"] = json.dumps({name: part.origin for name, part in parts.items()})
    tensors = {}
    for name, part in parts.items():
        tensors |= prefixed(f"{name}.", part.tensors)
    return metadata, tensors


def assignment(kind):
    """An option NAME=VALUE -> (name, kind(value))"""

    def parse(text):
        name, equals, value = text.partition("=")
        if not (name and equals):
            raise argparse.ArgumentTypeError(f"{text} is not NAME=VALUE")
        return name, kind(value)

    return parse


def unique(pairs, what):
    values = dict(pairs)
    if len(values) != len(pairs):
        raise ValueError(f"a {what} is named twice")
    return values


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("out")
    parser.add_argument("--preset", required=True)
    parser.add_argument(
        "--scorer", action="append", required=True, type=assignment(Path), metavar="NAME=FILE"
    )
    parser.add_argument(
        "--weights", nargs="+", required=True, type=assignment(float), metavar="NAME=W"
    )
    parser.add_argument("--bias", type=float, default=0)
    parser.add_argument("--live", type=float, default=0.5, help="threshold")
    parser.add_argument("--spoof", type=float, default=0.5, help="threshold")
    parser.add_argument("--clips", type=int, default=6, help="that a verdict rests on")
    parser.add_argument(
        "--photo-weights",
        nargs="+",
        type=assignment(float),
        metavar="NAME=W",
        help="of the scorers that look at single frames, if one photo is scored",
    )
    parser.add_argument("--photo-bias", type=float, default=0)
    parser.add_argument("--photo-live", type=float, default=0.5, help="threshold")
    parser.add_argument("--photo-spoof", type=float, default=0.5, help="threshold")
    parser.add_argument(
        "--every",
        nargs="+",
        default=[],
        type=assignment(int),
        metavar="NAME=N",
        help="this scorer, one of single frames, looks at one of so many",
    )
    parser.add_argument(
        "--quality",
        nargs="+",
        default=[],
        type=assignment(float),
        metavar="CHECK.max=X",
        help="in place of the library's rule (src/quality.c), .min likewise",
    )
    args = parser.parse_args()
    try:
        parts = {name: read_part(path) for name, path in unique(args.scorer, "scorer").items()}
        weights = unique(args.weights, "weight")
        photo = args.photo_weights and Fusion(
            unique(args.photo_weights, "weight"), args.photo_bias, args.photo_live, args.photo_spoof
        )
        fusion = Fusion(weights, args.bias, args.live, args.spoof)
        metadata, tensors = join(
            parts,
            args.preset,
            fusion,
            args.clips,
            photo,
            unique(args.every, "scorer"),
            unique(args.quality, "rule"),
        )
        weightfile.write(args.out, metadata, tensors)
    except (KeyError, ValueError, OSError) as error:
        parser.error(str(error))
    print(f"{args.out}: {Path(args.out).stat().st_size} bytes, {len(tensors)} tensors")


if __name__ == "__main__":
    main()
