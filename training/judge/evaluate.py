"""Error rates of networks on a data set folder: tables, plots and results.json.

    python3 -m training.judge.evaluate DATA FILE... --out DIR
    python3 -m training.judge.evaluate DATA --run full a0.pt a1.pt --run "no RSGB" b0.pt --out DIR

The files of a run are its seeds: checkpoints (.pt), weight files (.safetensors), or what
`node js/node/cli.mjs score --json` printed (any other name) for the clips of both splits, as files
or folders named by the clips' ids: then DATA needs clips.jsonl only. Thresholds come from the dev
split, all figures from the test split. A row's `video`, if it has one, names what its clip is part
of; scores are averaged per video.

Beside the clip's score stand the depth of the single frames (mean over map and frames) and the
teacher's probability of live (mean of its two), each with a threshold of its own from dev.
"""

import argparse
import json
import re
from pathlib import Path

from training.data.clipset import BadClips
from training.judge import metrics
from training.judge.figures import evaluate
from training.judge.pictures import draw
from training.judge.report import report_text
from training.judge.results import results
from training.judge.scores import read_file

CONVENTIONS = {each.name: each for each in (metrics.PAPERS, metrics.CDCN, metrics.ENGINE)}


def parse(arguments):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", help="data set folder, with splits dev and test")
    parser.add_argument("files", nargs="*", help="seeds of one run; or --run")
    parser.add_argument(
        "--run",
        nargs="+",
        action="append",
        default=[],
        metavar=("NAME", "FILE"),
        help="a named run and its seeds; again for each run",
    )
    parser.add_argument("--out", help="folder for results.json, report.md and plots")
    parser.add_argument("--convention", choices=CONVENTIONS, default="papers")
    parser.add_argument("--markdown", action="store_true", help="print markdown")
    parser.add_argument("--failures", type=int, default=12, help="so many of each kind")
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--limit", type=int, help="clips a split, for a trial")
    parser.add_argument(
        "--masked",
        action="store_true",
        help="the papers' score: depth of the set's face masks alone",
    )
    options = parser.parse_args(arguments)
    options.runs = {name: files for name, *files in options.run}
    if options.files:
        options.runs = {Path(options.files[0]).stem: options.files} | options.runs
    if not options.runs or not all(options.runs.values()):
        parser.error("a run needs a file")
    if len(options.runs) != len(options.run) + bool(options.files):
        parser.error("two runs have one name")
    return options


def main(arguments=None):
    try:
        run(parse(arguments))
    except (BadClips, ValueError, OSError) as error:
        raise SystemExit(f"evaluate: {error}") from None


def run(options):
    convention = CONVENTIONS[options.convention]
    runs = {
        name: [
            evaluate(
                file,
                read_file(
                    file,
                    options.data,
                    batch=options.batch,
                    limit=options.limit,
                    masked=options.masked,
                ),
                convention,
            )
            for file in files
        ]
        for name, files in options.runs.items()
    }
    print(report_text(runs, options.markdown, options.failures), end="")
    if not options.out:
        return
    out = Path(options.out)
    out.mkdir(parents=True, exist_ok=True)
    info = Path(options.data) / "info.json"
    info = json.loads(info.read_text(encoding="utf-8")) if info.is_file() else {}
    data = {key: info.get(key) for key in ("sha256", "seed", "commit")}
    text = json.dumps(results(runs, data, convention), indent=1, allow_nan=False)
    (out / "results.json").write_text(text + "\n", encoding="utf-8")
    (out / "report.md").write_text(report_text(runs, True, options.failures), encoding="utf-8")
    for name, evaluations in runs.items():
        folder = out / re.sub(r"[^\w.-]+", "-", name)
        draw(evaluations[0], options.data, folder, options.failures)


if __name__ == "__main__":
    main()
