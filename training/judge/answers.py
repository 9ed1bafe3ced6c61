"""What MiniFASNets say of every frame of whole-frame clips, as soft targets of other networks.

    python3 -m training.judge.answers DATA... --weights models/fusion-sgtd.safetensors FILE...

Each network looks at the view that its file names. DATA/answers.npy, float32 [clips][frames], is
the probability of live by the mean of all their log odds; `training.train.guide --distil` and
[losses] distil of a recipe learn from it. So what these networks learned from real pictures comes
to a network that sees made ones alone.
"""

import argparse
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch

from training.data.clipset import ANSWERS, BadClips, Folder, planes
from training.networks import folded
from training.networks.minifas import DESIGNS, log_odds

LIMIT = 7.0  # of the log odds: no answer is surer than 0.999


class Judge(NamedTuple):
    """One network of a weight file."""

    network: str
    view: str
    scale: float  # of the view, in face boxes
    tensors: dict

    def __call__(self, images):
        """[b][3][80][80] bytes as floats -> log of the odds of live [b]"""
        return log_odds(folded.minifas(self.tensors, self.network, images)).clamp(-LIMIT, LIMIT)

    def to(self, device):
        return self._replace(tensors={name: own.to(device) for name, own in self.tensors.items()})


def judges(path):
    """The MiniFASNets of a weight file; ValueError if it has none"""
    tensors, metadata = folded.load(path)
    found = []
    for name in metadata.get("scorers", "").split():
        network = metadata[f"{name}.network"]
        if network in DESIGNS:
            prefix = f"{name}."
            own = {
                key.removeprefix(prefix): tensor.float()
                for key, tensor in tensors.items()
                if key.startswith(prefix)
            }
            view = metadata[f"{name}.view"]
            found.append(Judge(network, view, float(metadata[f"view.{view}.scale"]), own))
    if not found:
        raise ValueError(f"{path}: no MiniFASNet in it")
    return found


@torch.no_grad()
def answers(path, asked):
    """A folder of clips and Judges -> float32 [clips][frames] probabilities of live"""
    folders = {view: Folder(path, view=view) for view in {judge.view for judge in asked}}
    frames = next(iter(folders.values()))
    odds = torch.zeros(len(frames.records), frames.info["frames"])
    for judge in asked:
        clips = folders[judge.view].clips
        for row in range(len(odds)):
            images = planes(torch.from_numpy(clips[row][None].copy()))[0]
            odds[row] += judge(images)
    return (odds / len(asked)).sigmoid().numpy()


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", nargs="+", type=Path, help="folders of clips with several views")
    parser.add_argument("--weights", nargs="+", required=True, type=Path, metavar="FILE")
    parser.add_argument("--views", nargs="+", metavar="VIEW", help="only those that see these")
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    try:
        asked = [judge for path in options.weights for judge in judges(path)]
        if options.views:
            asked = [judge for judge in asked if judge.view in options.views]
            if not asked:
                raise ValueError(f"no network sees {' or '.join(options.views)}")
        for path in options.data:
            found = answers(path, asked)
            np.save(path / ANSWERS, found)
            print(f"{path / ANSWERS}: {len(found)} clips, mean {found.mean():.3f}")
    except (BadClips, OSError, ValueError) as error:
        raise SystemExit(f"answers.py: {error}") from None


if __name__ == "__main__":
    main()
