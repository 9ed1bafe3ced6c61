"""Trains one network for each fold of a benchmark's protocol, one after the other.

    python3 -m training.train.folds released oulu 3 --sets SETS --out RUNS [OPTIONS]

SETS is training.benchmarks.importer's; leaves RUNS/oulu-3.1/two.pt and so on, for
training.benchmarks.table. OPTIONS are training.train's, for all folds. A fold that is done is not
trained again; one that was stopped goes on. Another seed, recipe or set needs other RUNS.
"""

import argparse
from pathlib import Path

from training.benchmarks.names import DatasetError
from training.benchmarks.protocols import MEMBERS, folds
from training.benchmarks.store import folders
from training.data.clipset import BadClips
from training.train.__main__ import arguments
from training.train.recipe import TrainingError
from training.train.run import leave_processes, train
from training.train.unfold import Unlike


def main(words=None):
    parser = argparse.ArgumentParser(
        description=__doc__,
        allow_abbrev=False,  # --set is not --sets
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("recipe", help="of training.train")
    parser.add_argument("dataset", choices=MEMBERS)
    parser.add_argument("protocol")
    parser.add_argument("--sets", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True, metavar="RUNS")
    options, more = parser.parse_known_args(words)
    try:
        for name in folds(options.dataset, options.protocol):
            paths = folders(options.sets, options.dataset, name)
            fold = next(iter(paths.values())).relative_to(options.sets).parts[0]
            print(fold, flush=True)
            train(
                *arguments(
                    [
                        options.recipe,
                        *map(str, paths.values()),
                        "--out",
                        str(options.out / fold),
                        "--resume",
                        *more,
                    ]
                )
            )
    except (DatasetError, BadClips, TrainingError, Unlike, ValueError, OSError) as error:
        raise SystemExit(f"folds: {error}") from None
    finally:
        leave_processes()


if __name__ == "__main__":
    main()
