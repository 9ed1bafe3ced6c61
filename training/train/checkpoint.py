"""A stage's checkpoint: what is evaluated and exported, and what a stopped run goes on from."""

from dataclasses import asdict
from pathlib import Path

from training.networks.ablations import write_checkpoint
from training.train.recipe import TrainingError

# Options of a run that --resume may change; the others must be as they were.
FREE = {
    "data",
    "out",
    "resume",
    "verify",
    "steps",
    "minutes",
    "threads",
    "compile",
    "save_minutes",
    "dev_clips",
    "stage",
    "leaky",
}


def path_of(stage):
    return Path(stage.options.out, f"{stage.name}.pt")


def save(stage, done=False):
    """A loop.Stage into RUN/NAME.pt, by process 0; done: without what resuming needs"""
    if stage.processes.rank:
        return
    recipe, network = stage.recipe, stage.network
    training = {
        "done": done,
        "step": stage.step,
        "elapsed": stage.elapsed,
        "skipped": stage.skipped,
    }
    if not done:
        training |= {"model": network.state_dict(), "optimiser": stage.optimiser.state_dict()}
    if stage.opinion:
        training["opinion"] = stage.opinion.state_dict()
    ablations = [*recipe.network.without, *(["single"] if stage.name == "one" else [])]
    write_checkpoint(
        path_of(stage),
        {
            "config": asdict(network.config),
            "ablations": ablations,
            "model": stage.average.state,
            "stage": stage.name,
            "recipe": recipe.plain(),
            "options": recorded(stage.options),
            "losses": asdict(recipe.loss_config()),
            "augmentation": recipe.augmentation(),
            "data": stage.clips.hashes,
            "processes": stage.processes.world,
            "training": training,
        },
    )


def refuse_changes(stage, checkpoint):
    """TrainingError if anything but its machine has changed since a loop.Stage was saved"""
    changed = sorted(changes(stage, checkpoint))
    if changed:
        raise TrainingError(f"{path_of(stage)}: resumed with other {', '.join(changed)}")


def resume(stage, checkpoint):
    """A loop.Stage as it was when the checkpoint was saved"""
    training = checkpoint["training"]
    stage.network.load_state_dict(training["model"])
    stage.average.state = {
        name: value.to(stage.device) for name, value in checkpoint["model"].items()
    }
    stage.optimiser.load_state_dict(training["optimiser"])
    if stage.opinion:
        stage.opinion.load_state_dict(training["opinion"])
    stage.step, stage.elapsed = training["step"], training["elapsed"]
    stage.skipped = training["skipped"]


def changes(stage, checkpoint):
    """Names of what is not as the checkpoint's run had it"""
    ours, theirs = recorded(stage.options), checkpoint["options"]
    yield from (name for name in ours if name not in FREE and ours[name] != theirs.get(name))
    ours, theirs = stage.recipe.plain(), checkpoint.get("recipe") or {}
    yield from (
        f"{table}.{key}"
        for table, keys in ours.items()
        for key in keys
        if keys[key] != theirs.get(table, {}).get(key)
    )
    if checkpoint["data"] != stage.clips.hashes:
        yield "data (its hash)"
    if checkpoint["processes"] != stage.processes.world:
        yield "number of processes"


def recorded(options):
    """The run's options as plain values, for the checkpoint"""

    def plain(value):
        if isinstance(value, list):
            return [plain(one) for one in value]
        return str(value) if isinstance(value, Path) else value

    return {name: plain(value) for name, value in vars(options).items()}
