"""The common part of the clip makers' commands: processes, the leak gate, the printed report."""

import argparse
import subprocess
import sys
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context
from pathlib import Path
from typing import NamedTuple

import cv2
from tqdm import tqdm

from training import ROOT
from training.data.clipset import SPLITS

from .cues import cues_of
from .gate import need_pairs
from .labels import Rejected
from .store import Store

maker, gated = None, None  # of this process: makes pairs; the view that the leak gate looks at


class Plan(NamedTuple):
    """What a data set shall be."""

    pairs: tuple  # of each of SPLITS
    views: dict  # see store.Store
    gated: str  # the view that the leak gate looks at
    frames: int
    interval_ms: float
    seed: int
    keep: float  # least share left by balancing
    takes: int = 1  # pairs of a job


def start(kind, arguments, view):
    global maker, gated
    maker, gated = kind(*arguments), view


def work(job):
    """-> [(pair, cues of both) or (None, why it was rejected)] of a job (split, number)"""
    try:
        found = maker.take(*job)
    except Rejected as reason:
        found = [reason]
    except (cv2.error, ArithmeticError, IndexError, ValueError) as error:  # a fault, counted
        found = [Rejected(f"{type(error).__name__}: {error}".splitlines()[0])]
    return [
        (None, str(pair))
        if isinstance(pair, Rejected)
        else (pair, [cues_of(clip.views[gated]) for clip in pair])
        for pair in found
    ]


def commit():
    answer = subprocess.run(["git", "rev-parse", "HEAD"], capture_output=True, text=True, cwd=ROOT)
    return answer.stdout.strip()


def build(folder, kind, arguments, plan, processes):
    """kind(*arguments), one in each process, has take(split, number) -> [(live, attack) or
    Rejected] -> report of the leak gate, {reason: rejected pairs}, lines of clips.jsonl"""
    jobs = [
        (split, i)
        for split, count in zip(SPLITS, plan.pairs)
        for i in range(-(-count // plan.takes))
    ]
    need_pairs(plan.takes * len(jobs))  # before hours of rendering
    store = Store(folder, 2 * plan.takes * len(jobs), plan.frames, plan.views)
    refused = {}
    with ProcessPoolExecutor(
        processes, get_context("spawn"), start, (kind, arguments, plan.gated)
    ) as pool:
        for found in tqdm(
            pool.map(work, jobs), total=len(jobs), unit="job", smoothing=0.05, disable=None
        ):
            for clips, more in found:
                if clips:
                    store.add(clips, more)
                else:
                    refused[more] = refused.get(more, 0) + 1
    report, rows = store.finish(
        plan.seed,
        plan.keep,
        {
            "interval_ms": plan.interval_ms,
            "seed": plan.seed,
            "commit": commit(),
            "pairs": [plan.takes * -(-count // plan.takes) for count in plan.pairs],
            "rejected": refused,
        },
    )
    return report, refused, rows


def parser(description, pairs, keep):
    """The options of both commands"""
    parser = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument(
        "--pairs",
        type=int,
        nargs=3,
        default=pairs,
        metavar=SPLITS,
        help="pairs of each split before balancing",
    )
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--keep", type=float, default=keep, help="least share left by balancing")
    parser.add_argument("--cache", type=Path, help="keeps landmarks and silhouettes; FOLDER/cache")
    return parser


def run(name, build, *arguments):
    """Builds, says what came of it, and ends the process: with 1 if the clips leak"""
    try:
        report, refused, rows = build(*arguments)
    except (BrokenProcessPool, ValueError) as error:  # the traceback of the former stands above
        raise SystemExit(f"{name}: {error}") from None
    print(f"{len(rows)} clips; rejected pairs: {refused or 'none'}")
    worst, area = next(iter(report["cues"].items()))
    print(
        f"leak gate: AUC {report['auc']:.3f} (limit {report['limit']}), "
        f"worst single cue {worst} {area:.3f}"
    )
    sys.exit(not report["passed"])
