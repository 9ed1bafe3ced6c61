"""A recipe says what a training does, whoever runs it and wherever: one TOML file of recipes/.

    [network]  which network            [draws]    what is drawn for a step
    [losses]   what is minimised        [augment]  how it is changed
    [one] [two]  how the two stages learn

A key that is left out has the default below. Anything unknown, of another type or out of range is
refused with file, table and key.
"""

import tomllib
from contextlib import suppress
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import get_args, get_origin, get_type_hints

from training.data import augment_released
from training.data.augment import Strengths, augment
from training.networks import losses
from training.networks.ablations import ABLATIONS
from training.networks.networks import Config, need
from training.train.steps import OPTIMISERS, SCHEDULES

FOLDER = Path(__file__).parent / "recipes"
STAGES = ("one", "two")


class TrainingError(Exception):
    """Training cannot start or go on."""


class BadRecipe(TrainingError):
    """A recipe that says what no training can do."""


def one_of(name, value, choices):
    need(value in choices, f"{name} {value!r}: one of {', '.join(choices)}")


@dataclass(frozen=True)
class NetworkTable:
    network: str = "fas-sgtd"
    profile: str = "paper"
    preset: str = ""  # empty: NETWORK-SIZE-wWIDTH
    size: int = 128
    width: float = 0.125
    input_norm: str = "fixed"
    head: str = "maps"  # or "features"
    alpha: float = 0.6
    beta: float = 0.8  # of the score and of the loss
    without: tuple[str, ...] = ()  # ablations
    edge_limit: float = 0.0  # bound of the gammas of RSGB's squares in stage one; 0: none

    def __post_init__(self):
        self.config({"frames": 5, "interval_ms": 100, "crop_scale": 1.3})
        for name in self.without:
            one_of("without", name, ABLATIONS[:-1])
        need(self.edge_limit >= 0, f"edge_limit {self.edge_limit} is negative")

    def config(self, info):
        """Of the weight file, for clips as a data set's info says"""
        preset = self.preset or f"{self.network}-{self.size}-w{self.width:g}"
        return Config(
            self.network,
            self.profile,
            preset,
            self.size,
            self.width,
            info["frames"],
            info["interval_ms"],
            info["crop_scale"],
            input_norm=self.input_norm,
            head=self.head,
            alpha=self.alpha,
            beta=self.beta,
        )


@dataclass(frozen=True)
class LossTable:
    """The papers' losses and the weights of what we add; 0: left out (terms.py)."""

    kind: str = "text"  # or "released"
    contrast: float | None = None  # weight of the contrastive depth loss; default: of the kind
    softmax: int | None = None  # how often the binary loss takes it; default: of the kind
    # Share of other networks' answers, the rest the label, in what is aimed at (soft.py): live or
    # not, and the depth, the map of a live face times it. Both stages.
    soft: float = 0.0
    stored: float = 0.0  # beside a --guide: share of the clips' own answers in the log odds
    distil: float = 0.0  # a term that aims at those answers alone; both stages
    # Stage one: live or not, by a head on features, else by a linear layer that is then dropped.
    binary: float = 0.0
    consistency: float = 0.0  # stage one: two versions of a picture have one map

    def __post_init__(self):
        one_of("kind", self.kind, ("text", "released"))
        need(self.softmax in (None, 1, 2), f"softmax {self.softmax}: 1 or 2")
        for name in ("contrast", "distil", "binary", "consistency"):
            need((getattr(self, name) or 0) >= 0, f"{name} is negative")
        for name in ("soft", "stored"):
            need(0 <= getattr(self, name) <= 1, f"{name} {getattr(self, name)} is not in 0..1")


@dataclass(frozen=True)
class DrawTable:
    drop_unreal: float = 0.0  # share of the pairs left out, farthest from real ones (realism.py)
    species_weights: dict[str, float] = field(default_factory=dict)  # how often drawn, others 1
    patch: int = 0  # stage one begins with square parts of so many pixels; 0: never
    patch_share: float = 0.6  # of stage one's budget

    def __post_init__(self):
        need(0 <= self.drop_unreal < 1, f"drop_unreal {self.drop_unreal} is not in 0..1")
        need(self.patch >= 0 and self.patch % 8 == 0, f"patch {self.patch}: a multiple of 8")
        need(0 <= self.patch_share <= 1, f"patch_share {self.patch_share} is not in 0..1")
        for name, weight in self.species_weights.items():
            need(weight >= 0, f"species_weights: {name} {weight} is negative")


@dataclass(frozen=True)
class AugmentTable:
    """kind "made": augment.py, its default strengths times `strength`, or as given by name;
    "released": augment_released.py, with nothing to choose."""

    kind: str = "made"
    strength: float = 1.0
    flip: float | None = None
    reverse: float | None = None
    shift: float | None = None
    scale: float | None = None
    rotate: float | None = None
    brightness: float | None = None
    contrast: float | None = None
    gamma: float | None = None
    saturation: float | None = None
    cast: float | None = None
    blur: float | None = None
    noise: float | None = None
    jpeg: float | None = None
    cutout: float | None = None

    def __post_init__(self):
        one_of("kind", self.kind, ("made", "released"))
        chosen = [
            each.name for each in fields(self)[1:] if getattr(self, each.name) != each.default
        ]
        need(
            self.kind == "made" or not chosen,
            f"kind 'released' leaves nothing to choose, such as {', '.join(chosen)}",
        )
        self.strengths()

    def strengths(self):
        own = {each.name: getattr(self, each.name) for each in fields(Strengths)}
        own = {name: value for name, value in own.items() if value is not None}
        return replace(Strengths().times(self.strength), **own)


@dataclass(frozen=True)
class StageTable:
    optimiser: str = "adamw"
    rate: float = 2e-3
    schedule: str = "cosine"  # to 1 % at the budget's end; or "constant"
    warmup: int = 50  # steps
    batch: int = 16  # frames in stage one, clips in stage two; of all processes together
    decay: float = 1e-4  # of weights; "adamw": by itself, else an L2 term of the loss
    clip: float = 1.0  # limit of the gradient's norm; 0: none
    ema: float = 0.999  # of the averaged weights; 0: the weights themselves
    norm_batches: int = 64  # that measure the averaged weights' statistics; 0: the running ones
    epochs: float = 0.0  # budget where the command gives none

    def __post_init__(self):
        one_of("optimiser", self.optimiser, OPTIMISERS)
        one_of("schedule", self.schedule, SCHEDULES)
        need(self.rate > 0, f"rate {self.rate} is not above 0")
        need(self.batch > 0 and self.batch % 2 == 0, f"batch {self.batch}: even, live and attack")
        for name in ("warmup", "decay", "clip", "norm_batches", "epochs"):
            need(getattr(self, name) >= 0, f"{name} is negative")
        need(0 <= self.ema < 1, f"ema {self.ema} is not in 0..1")

    def batch_of_each(self, processes):
        if self.batch % (2 * processes):
            raise BadRecipe(
                f"batch {self.batch} is no multiple of 2 in each of {processes} processes"
            )
        return self.batch // processes


@dataclass(frozen=True)
class Recipe:
    network: NetworkTable = NetworkTable()
    losses: LossTable = LossTable()
    draws: DrawTable = DrawTable()
    augment: AugmentTable = AugmentTable()
    one: StageTable = StageTable()
    two: StageTable = StageTable(batch=8)

    def __post_init__(self):
        need(
            self.draws.patch <= self.network.size,
            f"[draws] patch {self.draws.patch} is above [network] size {self.network.size}",
        )
        need(
            not self.losses.consistency or self.augment.kind == "made",
            '[losses] consistency needs [augment] kind "made"',
        )

    def loss_config(self):
        own = self.losses
        config = {"text": losses.TEXT, "released": losses.RELEASED}[own.kind]
        if own.contrast is not None:
            config = replace(config, contrast_one=own.contrast, contrast_two=own.contrast)
        if own.softmax is not None:
            config = replace(config, double_softmax=own.softmax == 2)
        return replace(config, beta=self.network.beta)

    def changed(self, images, depth, mask, generator, views=1):
        """A batch, augmented: see augment.augment()"""
        if self.augment.kind == "released":
            return augment_released.augment(images, depth, mask, generator)
        return augment(images, depth, mask, self.augment.strengths(), generator, views)

    def augmentation(self):
        """{name: value} as it is done, for a checkpoint"""
        return (
            {"kind": "released"}
            if self.augment.kind == "released"
            else asdict(self.augment.strengths())
        )

    def plain(self):
        """{table: {key: value}} of every key, for a checkpoint"""
        return {
            table: {
                key: list(value) if isinstance(value, tuple) else value
                for key, value in keys.items()
            }
            for table, keys in asdict(self).items()
        }


# --- reading ---


def typed(value, kind):
    """A TOML value as a field's type has it, a text as a list of one; TypeError otherwise"""
    options = get_args(kind)
    if get_origin(kind) is tuple:
        if isinstance(value, str):
            value = [value]
        if isinstance(value, list):
            return tuple(typed(each, options[0]) for each in value)
    elif get_origin(kind) is dict:
        if isinstance(value, dict):
            return {name: typed(each, options[1]) for name, each in value.items()}
    elif options:  # float | None: TOML has no None
        return typed(value, options[0])
    elif kind is float and type(value) in (int, float):
        return float(value)
    elif type(value) is kind:
        return value
    raise TypeError


def described(kind):
    plain = {str: "a text", int: "a whole number", float: "a number"}
    if get_origin(kind) is tuple:
        return "a list of texts"
    if get_origin(kind) is dict:
        return "a table of numbers"
    return plain[next(iter(get_args(kind)), kind)]


def from_tables(tables, where, defaults=Recipe()):
    """{table: {key: value}} -> Recipe, over the defaults; where: for BadRecipe"""
    known = {each.name: getattr(defaults, each.name) for each in fields(Recipe)}
    for name, keys in tables.items():
        if name not in known or not isinstance(keys, dict):
            raise BadRecipe(f"{where}: [{name}]: no such table")
        kinds = get_type_hints(type(known[name]))
        values = {}
        for key, value in keys.items():
            if key not in kinds:
                raise BadRecipe(f"{where}: [{name}] {key}: no such key")
            try:
                values[key] = typed(value, kinds[key])
            except TypeError:
                raise BadRecipe(
                    f"{where}: [{name}] {key}: {value!r} is not {described(kinds[key])}"
                ) from None
        try:
            known[name] = replace(known[name], **values)
        except ValueError as error:
            raise BadRecipe(f"{where}: [{name}]: {error}") from None
    try:
        return Recipe(**known)
    except ValueError as error:
        raise BadRecipe(f"{where}: {error}") from None


def changes(texts):
    """["table.key=value"] -> {table: {key: value}}; values as in TOML, a plain word for a text, and
    .5 for 0.5"""
    tables = {}
    for text in texts:
        place, equals, value = text.partition("=")
        table, dot, key = place.strip().partition(".")
        if not equals or not dot:
            raise BadRecipe(f"--set {text}: not table.key=value")
        try:
            value = tomllib.loads(f"value = {value}")["value"]
        except tomllib.TOMLDecodeError:
            value = value.strip()
            if value.startswith("."):
                with suppress(ValueError):
                    value = float(value)
        tables.setdefault(table, {})[key] = value
    return tables


def read(name, changed=()):
    """The recipe of a path, or of a name in recipes/, with changes "table.key=value"."""
    path = Path(name)
    if path.suffix != ".toml":
        path = FOLDER / f"{name}.toml"
        if not path.is_file():
            names = ", ".join(sorted(each.stem for each in FOLDER.glob("*.toml")))
            raise BadRecipe(f"no recipe {name}: a path of a .toml, or one of {names}")
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise BadRecipe(f"{path}: {error}") from None
    return from_tables(changes(changed), "--set", from_tables(tables, path.name))
