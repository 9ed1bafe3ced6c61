"""The whole chain on 36 pairs made from a test clip of this repository, in about two minutes:

    python3 -m training.tests.quick [FOLDER]

makes clips, trains, finishes, exports, evaluates, and runs the wasm engine, each by the command
that a user types, and checks what came out. `make all product` first. FOLDER, which must not exist,
keeps everything; otherwise it is temporary. The networks are good for nothing: one man, three
seconds, a guessed depth. That the leak gate refuses these clips is as it should be: the man's own
pixels are sharper than those that an attack shows.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

from training import ROOT

RECORDING = ROOT / "tests/clips/live.mp4"
CLIP = ROOT / "tests/clips/live.y4m.gz"
PAIRS = 12, 6, 6
CUES = 14
LEAST_AUC = 0.55  # on dev, so that something was learned


class Failed(Exception):
    """A command or its result is not as it should be."""


def check(value, message):
    if not value:
        raise Failed(message)


def run(*command, expected=0):
    """-> what it printed; expected: the exit status"""
    words = [str(word) for word in command]
    print("$", " ".join(words), flush=True)
    answer = subprocess.run(words, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    print(answer.stdout, end="", flush=True)
    check(answer.returncode == expected, f"exit status {answer.returncode}, not {expected}")
    return answer.stdout


def python(module, *arguments, expected=0):
    return run(sys.executable, "-m", f"training.{module}", *arguments, expected=expected)


# --- the steps; each takes the folder of all results ---


def make(folder):
    python(
        "clips.make",
        folder / "clips",
        "--recording",
        RECORDING,
        "--pairs",
        *PAIRS,
        "--processes",
        1,
        "--keep",
        1,
        expected=1,
    )
    info = json.loads((folder / "clips/info.json").read_text())
    gate = info["gate"]
    check(not gate["passed"] and len(gate["cues"]) == CUES, "the leak gate reports no leak")
    live = 0
    depth = np.load(folder / "clips/depth.npy")
    rows = (folder / "clips/clips.jsonl").read_text().splitlines()
    check(len(rows) == len(depth) >= 1.8 * sum(PAIRS), "too many pairs were rejected")
    for row, maps in zip(map(json.loads, rows), depth):
        check(row["teacher"] is None, "a teacher was asked")
        check((maps.max() > 200) == (row["label"] == "live"), f"{row['id']}: wrong depth")
        live += row["label"] == "live"
    check(2 * live == len(rows), "not as many live clips as attacks")


def train(folder):
    python(
        "train",
        "quick",
        folder / "clips",
        "--out",
        folder / "run",
        "--steps",
        80,
        30,
        "--precision",
        "f32",
        "--verify",
        "--leaky",
    )
    log = [json.loads(line) for line in (folder / "run/log.jsonl").read_text().splitlines()]
    for stage in ("one", "two"):
        own = [entry for entry in log if entry["stage"] == stage]
        losses = [entry["total"] for entry in own if "total" in entry]
        # Not from the first: stage one begins with parts of the pictures, whose sums are smaller.
        check(losses[-1] < 0.8 * max(losses), f"stage {stage}: the loss does not fall: {losses}")
        auc = own[-1]["dev_auc"]
        check(auc >= LEAST_AUC, f"stage {stage}: AUC {auc} on dev")


def finish(folder):
    printed = python(
        "ship.finish",
        folder / "run/two.pt",
        folder / "clips",
        "--preset",
        "quick",
        "--out",
        folder / "quick.pt",
    )
    points = json.loads(printed)["thresholds"]
    check(0 <= points["spoof"] <= points["live"] <= 1, f"thresholds {points}")


def export(folder):
    python("ship.export", folder / "quick.pt", folder / "quick.safetensors", "--dtype", "f16")


def evaluate(folder):
    python(
        "judge.evaluate",
        folder / "clips",
        "--run",
        "trained",
        folder / "quick.pt",
        "--run",
        "exported",
        folder / "quick.safetensors",
        "--out",
        folder / "report",
        "--failures",
        0,
        "--limit",
        12,
    )
    runs = json.loads((folder / "report/results.json").read_text())["runs"]
    trained, exported = (
        runs[name]["summary"]["clip"]["AUC all"]["mean"] for name in ("trained", "exported")
    )
    check(abs(trained - exported) < 0.05, f"AUC {trained} trained, {exported} exported")


def engine(folder):
    python("ship.compare", folder / "quick.safetensors", "--data", folder / "clips", "--count", 6)
    printed = run(
        "node",
        ROOT / "js/node/cli.mjs",
        "score",
        CLIP,
        "--model",
        folder / "quick.safetensors",
        "--json",
    )
    result = json.loads(printed)
    check(0 <= result["score"] <= 1, f"score {result['score']}")
    check(result["reason"] != "untrained_model", "the engine takes the file for untrained")


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", nargs="?", type=Path)
    chosen = parser.parse_args().folder
    steps = make, train, finish, export, evaluate, engine
    with tempfile.TemporaryDirectory() as temporary:
        folder = (chosen or Path(temporary, "quick")).resolve()
        folder.mkdir(parents=True)
        for done, step in enumerate(steps):
            try:
                step(folder)
            except Failed as error:
                print(f"{step.__name__}: {error}\n{done} passed, 1 failed")
                sys.exit(1)
    print(f"{len(steps)} passed, 0 failed")


if __name__ == "__main__":
    main()
