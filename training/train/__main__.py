"""Trains a network on folders of clips (clipset.py), in the papers' two stages.

    python3 -m training.train made CLIPS... --out RUN --minutes 40 9
    python3 -m training.train RECIPE CLIPS... --out RUN ... --set network.size=64 one.rate=1e-3
    python3 -m training.train RECIPE CLIPS... --out RUN ... --resume
    torchrun --nproc-per-node 8 -m training.train RECIPE CLIPS... --out RUN ...

    stage one  trunk on single frames, losses.stage_one     -> RUN/one.pt
    stage two  temporal part on clips, losses.stage_two,
               the trunk frozen as at inference             -> RUN/two.pt, for finish.py

RECIPE is a name of recipes/ or a path of a .toml (recipe.py); it says what is trained and how. The
options here belong to the run and the machine.

RUN/log.jsonl and RUN/tensorboard have the losses. A checkpoint's "model" holds averaged weights (an
exponential moving average, with batch-norm statistics of its own measured at the end): these are
what is evaluated and exported. "training" is there to resume, which needs no state of random
generators: all draws follow from (seed, stage, step, process). The checkpoint has the whole recipe.

The budget is the larger share of --steps and --minutes that is used; without both, the recipe's
epochs. The learning rate follows it.
"""

import argparse
from pathlib import Path

import torch

from training.data.clipset import BadClips
from training.train import recipe
from training.train.recipe import STAGES, TrainingError
from training.train.run import leave_processes, train
from training.train.unfold import Unlike


def arguments(argv=None):
    """-> (recipe.Recipe, options of the run)"""
    parser = argparse.ArgumentParser(
        prog="training.train",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("recipe", help="name of recipes/, or path of a .toml")
    add("data", nargs="+", type=Path, help="folders of clips")
    add(
        "--set",
        nargs="+",
        action="extend",
        default=[],
        metavar="TABLE.KEY=VALUE",
        help="changes of the recipe",
    )
    add("--out", type=Path, required=True, help="folder of the run")
    add("--view", help="of folders with several (clips/context.py)")
    add("--resume", action="store_true")
    add("--verify", action="store_true", help="check the data's hash first")
    add("--leaky", action="store_true", help="also clips that failed their leak gate")
    add("--stage", choices=(*STAGES, "both"), default="both")
    add(
        "--start",
        type=Path,
        metavar="FILE",
        help="weight file or checkpoint whose training goes on",
    )
    add(
        "--trunk",
        type=Path,
        help="for --stage two: a stage-one checkpoint other than RUN/one.pt; without either, "
        "stage two begins with what --start has",
    )
    add(
        "--guide",
        type=Path,
        metavar="FILE",
        help="a guide.py network, trained on pictures of [network] size, or a weight file with "
        "MiniFASNets of a view as wide: their opinion of the very pictures is the soft target of "
        "[losses] soft and distil",
    )
    add("--seed", type=int, default=1)
    add("--steps", type=int, nargs="+", help="budget: of stage one and two, or of both")
    add("--minutes", type=float, nargs="+", help="the same, with pauses left out")
    add("--threads", type=int, default=1)
    add(
        "--precision",
        choices=("bf16", "f32"),
        help="default: bf16 where the processor has it; where it has not, f32 was 13 times as fast",
    )
    add("--compile", action="store_true")
    add("--save-minutes", type=float, default=3.0)
    add("--dev-clips", type=int, default=200, help="for the AUC at a stage's end; 0: none")
    options = parser.parse_args(argv)
    try:
        read = recipe.read(options.recipe, options.set)
    except recipe.BadRecipe as error:
        parser.error(str(error))
    if options.guide and not (read.losses.soft or read.losses.distil):
        parser.error("--guide gives a soft target: [losses] soft says its share, distil its weight")
    names = STAGES if options.stage == "both" else (options.stage,)
    if not options.steps and not options.minutes:
        for name in names:
            if not getattr(read, name).epochs:
                parser.error(f"give a budget: --steps, --minutes, or [{name}] epochs")
    options.precision = options.precision or ("bf16" if has_bf16() else "f32")
    del options.set, options.recipe  # the recipe has both
    return read, options


def has_bf16():
    return torch.cuda.is_available() or torch.cpu._is_avx512_bf16_supported()


def main():
    try:
        train(*arguments())
    except (BadClips, TrainingError, Unlike, ValueError, OSError) as error:
        raise SystemExit(f"training.train: {error}") from None
    finally:
        leave_processes()


if __name__ == "__main__":
    main()
