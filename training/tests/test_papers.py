"""Checks the way from a data set's tree to the paper's table, on tiny trees of all five sets, by
the commands of training/README.md."""

import contextlib
import io
import json
import os
import re
import shlex
import shutil
import subprocess
import tempfile
import unittest
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from importlib import import_module
from multiprocessing import get_context
from pathlib import Path
from unittest import mock

import numpy as np
import torch
from torch.utils import tensorboard  # noqa: F401  (slow to load; not part of a test's time)

from training import ROOT
from training.benchmarks import cut, datasets, importer, names, protocols
from training.benchmarks.store import folders
from training.data import facemesh
from training.data.clipset import SPLITS, ClipSet, digest
from training.networks.networks import Config
from training.ship import export
from training.tests import tiny_sets
from training.train import run
from training.train.loop import Stage
from training.train.recipe import TrainingError

# For networks that are over in a second. --incomplete: a tiny tree lacks most of its set.
TINY = {
    "training.benchmarks.importer": "--incomplete --size 64",
    "training.train.folds": "--set network.size=32 network.width=0.0625 one.batch=2 "
    "one.epochs=0.1 two.epochs=0.1 one.norm_batches=4 "
    "two.norm_batches=4 --dev-clips 0 --precision f32",
    "training.benchmarks.table": "",
}


def blocks():
    """[[words of a line]] of the section of training/README.md"""
    text = (ROOT / "training/README.md").read_text(encoding="utf-8")
    section = text.split("\n## The papers\n")[1].split("\n## ")[0]
    for block in re.findall(r"(?:^    .*\n)+", section, re.M):
        lines = block.replace("\\\n", " ").splitlines()
        yield [words for line in lines if (words := shlex.split(line, comments=True))]


def commands():
    """{data set: [(module, words)]} from import to table"""
    found = {}
    for block in blocks():
        for words in block:
            if words[:2] == ["python3", "-m"] and words[2] in TINY:
                dataset = next(word for word in words if word in protocols.MEMBERS)
                found.setdefault(dataset, []).append((words[2], words[3:]))
    return found


FACE_MESH = facemesh.FaceMesh  # not the made-up one


class WithTrees(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        torch.set_num_threads(1)
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.temp = Path(folder.name)
        cls.trees = {dataset: tiny_sets.plant(cls.temp, dataset) for dataset in tiny_sets.NAMES}
        for name, own in (("FaceMesh", tiny_sets.Mesh), ("canonical", tiny_sets.canonical)):
            patch = mock.patch.object(facemesh, name, own)
            patch.start()
            cls.addClassCleanup(patch.stop)

    def call(self, module, words):
        """Runs a command in this process -> what it printed"""
        said = io.StringIO()
        with contextlib.redirect_stdout(said), contextlib.redirect_stderr(io.StringIO()):
            import_module(module).main(list(map(str, words)))
        return said.getvalue()

    def bring(self, dataset, protocol, out, *more):
        members = protocols.MEMBERS[dataset]
        boxes = [self.temp / "boxes" / own for own in members]
        return self.call(
            "training.benchmarks.importer",
            [
                dataset,
                protocol,
                *(self.trees[own] for own in members),
                "--out",
                self.temp / out,
                "--assets",
                "none",
                "--size",
                64,
                "--locations",
                *boxes,
                *more,
            ],
        )


class Group:
    """In place of torch.distributed, which would wait for others"""

    def __init__(self):
        self.calls, self.there = [], False

    def is_available(self):
        return True

    def is_initialized(self):
        return self.there

    def init_process_group(self, kind):
        self.calls.append("begin")
        self.there = True

    def destroy_process_group(self):
        self.calls.append("leave")
        self.there = False


class Commands(WithTrees):
    def test_readme(self):
        """Every command of the section, in its order; their tables have rows with numbers. The
        other cross test is said in words."""
        found = commands()
        self.assertEqual(set(found), set(protocols.MEMBERS))
        there, back = protocols.PROTOCOLS["cross"]
        found[back] = [
            (module, [back if word == there else word for word in words])
            for module, words in found["cross"]
        ]
        places = {
            "OULU": "oulu",
            "SIW": "siw",
            "CASIA": "casia",
            "REPLAY": "replay",
            "DMAD": "dmad",
            "CASIA_BOXES": "boxes/casia",
            "REPLAY_BOXES": "boxes/replay",
            "SETS": "sets",
            "RUNS": "runs",
            "ASSETS": "none",
        }
        for dataset, own in found.items():
            with self.subTest(dataset):
                self.assertEqual([module for module, _ in own], list(TINY))
                for module, words in own:
                    words = [self.temp / places[word] if word in places else word for word in words]
                    said = self.call(module, [*words, *shlex.split(TINY[module])])
                rows = [line.split() for line in said.splitlines() if line.startswith("this run,")]
                self.assertTrue(rows)
                for row in rows:
                    self.assertTrue(any(re.match(r"\d+\.\d\d(±\d+\.\d\d)?$", word) for word in row))
                # Nobody knows what a double-modal set should have; SiW has gaps of its own.
                self.assertEqual("INCOMPLETE, not comparable" in said, dataset != "dmad")
                self.assertEqual("names of the rule missing" in said, dataset == "siw")

    def test_engine_is_judged(self):
        """The lines about the engine's scores, in their order: the last prints error rates."""
        self.bring("oulu", "1", "judged", "--incomplete", "--size", 32)
        config = Config(preset="untrained", input_size=32, width=1 / 16)
        export.export(export.random_network(config, 2), self.temp / "NAME.safetensors")
        (block,) = (block for block in blocks() if any(words[0] == "livedepth" for words in block))
        places = {"SETS/oulu-1": "judged/oulu-1", "CLIPS": "CLIPS", "scores.jsonl": "scores.jsonl"}
        for words in block:
            if words[0] == "livedepth":
                self.assertEqual((words[2], words[-2:]), ("CLIPS/*", [">", "scores.jsonl"]))
                clips = sorted((self.temp / "CLIPS").iterdir())
                command = ["node", ROOT / "js/node/cli.mjs", "score", *clips, *words[3:-2]]
                with open(self.temp / "scores.jsonl", "w", encoding="utf-8") as file:
                    subprocess.run(command, cwd=self.temp, stdout=file, check=True)
            else:
                own = [self.temp / places[word] if word in places else word for word in words[3:]]
                said = self.call(words[2], own)
        self.assertRegex(said, r"(?m)^\W*ACER .*\d")

    def test_processes_of_all_folds(self):
        """Processes of torchrun become one group, for all folds together, and leave it at the end,
        also of a fold that fails."""
        self.bring("siw", "3", "two-folds", "--incomplete")
        words = ["released", "siw", "3", "--sets", self.temp / "two-folds", "--out"]
        tiny = TINY["training.train.folds"].replace("one.batch=2", "one.batch=4 two.batch=4")
        trained = []

        def train(stage, log):
            trained.append(stage.name)
            if len(trained) > 4:
                raise TrainingError("full")

        for out in ("good", "bad"):
            with (
                self.subTest(out),
                mock.patch.dict(os.environ, {"WORLD_SIZE": "2", "RANK": "0"}),
                mock.patch.object(run, "dist", Group()) as group,
                mock.patch.object(run, "DistributedDataParallel", lambda module, **_: module),
                mock.patch.object(Stage, "train", train),
                contextlib.nullcontext() if out == "good" else self.assertRaises(SystemExit),
            ):
                self.call("training.train.folds", [*words, self.temp / out, *shlex.split(tiny)])
            self.assertEqual(group.calls, ["begin", "leave"])
        self.assertEqual(trained, ["one", "two"] * 2 + ["one"])


class Import(WithTrees):
    def read(self, folder, split):
        return ClipSet(folder, split, verify=True)

    def test_clips(self):
        """Depth and mask where they belong, the crop, the ids; the hash is that of the bytes."""
        self.bring("oulu", "1", "clips", "--incomplete")
        folder = self.temp / "clips/oulu-1"
        self.assertEqual(json.loads((folder / "info.json").read_text())["sha256"], digest(folder))
        test = self.read(folder, "test")
        self.assertEqual(
            {record["video"] for record in test.records},
            {f"oulu/{name[:-4]}" for name, _ in tiny_sets.oulu_names() if name.startswith("Test")},
        )
        self.assertEqual([record["start"] for record in test.records[:6]], [0, 2, 4, 6, 8, 10])
        live = int(np.flatnonzero(test.live)[0])
        f, row = test.places[live]
        arrays = test.folders[f]
        # 1.3 times the longer side of the eyes' box of 24 x 31: from about (9.5, 6) to (50, 46).
        self.assertGreater(arrays.depth[row, 0, 14:18, 14:18].min(), 190)
        self.assertEqual(arrays.depth[row, 0, 0].max(), 0)
        self.assertGreater((arrays.mask[row, 0] == 255).mean(), 0.3)
        self.assertGreater(int(arrays.clips[row, 0, 32, 32].min()), 180)
        attack = int(np.flatnonzero(~test.live)[0])
        f, row = test.places[attack]
        self.assertEqual(test.folders[f].depth[row].max(), 0)
        self.assertGreater((test.folders[f].mask[row] == 255).mean(), 0.3)

    def test_folds(self):
        """OULU-NPU 3: fold i tests on phone i and trains on others; arrays are there once."""
        said = self.bring("oulu", "3", "folds", "--incomplete")
        for phone in "123456":
            folder = folders(self.temp / "folds", "oulu", f"3.{phone}")["oulu"]
            self.assertEqual(
                {record["families"]["camera"] for record in self.read(folder, "test").records},
                {phone},
            )
            self.assertNotIn(
                phone,
                {record["families"]["camera"] for record in self.read(folder, "train").records},
            )
            self.assertTrue((folder / "clips.npy").is_symlink())
            self.assertRegex(said, rf"oulu 3.{phone}: videos live \+ attack: train")

    def test_siw_frames(self):
        """Protocol 1 trains on the first 60 frames (here all), protocol 2 on a cut of its own."""
        video = names.parse("siw", "Train/live/003/003-1-1-1-1.mov")
        self.assertEqual(
            {name: own.frames for name, own in importer.cuts_of(video).items()},
            {"train": None, "train-60": 60},
        )
        for protocol, name in (("1", "train-60"), ("2.1", "train")):
            self.bring("siw", protocol, "siw-sets", "--incomplete")
            train = self.read(self.temp / f"siw-sets/siw-{protocol}", "train")
            self.assertEqual(
                {record["id"].split("#")[1].rpartition("-")[0] for record in train.records}, {name}
            )

    def test_cross(self):
        """Two folders, one for each set; dev is of the set that is trained on."""
        self.bring("cross", "casia->replay", "cross-sets", "--incomplete")
        paths = folders(self.temp / "cross-sets", "cross", "casia->replay")
        for split, source in (("train", "casia"), ("dev", "casia"), ("test", "replay")):
            clips = self.read(list(paths.values()), split)
            self.assertEqual({record["source"] for record in clips.records}, {source})

    def test_measured(self):
        """The middle of the face is nearest, its rim farthest; an attack's is 0 all the same."""
        self.bring("dmad", "all", "dmad-sets", "--incomplete")
        test = self.read(self.temp / "dmad-sets/dmad-all", "test")
        for i, live in enumerate(test.live):
            f, row = test.places[i]
            depth = test.folders[f].depth[row, 2].astype(int)
            if live:
                # 600 mm in the middle, 700 at the rim, 741 in the corners of this mesh
                self.assertGreater(depth[15:17, 15:17].min(), 230)
                self.assertLess(np.abs(depth[15:17, 26] - 255 * 41 / 141).max(), 20)
            else:
                self.assertEqual(depth.max(), 0)

    def test_missing(self):
        """Stops before the cutting, names and counts; SiW, whose own gaps are known, goes on."""
        with self.assertRaisesRegex(SystemExit, r"protocol 1 of oulu lacks 2670: Train_files/"):
            self.bring("oulu", "1", "nothing")
        self.assertFalse((self.temp / "nothing").exists())
        self.assertIn("protocol 3.1 of siw lacks", self.bring("siw", "3.1", "siw-gaps"))

    def test_broken(self):
        """Named with the reason, counted, and in info.json; tried again at the next import."""
        tree = self.temp / "broken" / "dmad"
        shutil.copytree(self.trees["dmad"], tree)
        broken = {
            "train/001-print-a4-1": ("mp4", b"no video"),
            "dev/002-print-a4-1": ("face", b"a b"),
            "test/300-print-a4-1": ("face", b"0 1 2 3 4\n"),
        }
        kept = {}
        for name, (suffix, content) in broken.items():
            path = (tree / name).with_suffix(f".{suffix}")
            kept[path] = path.read_bytes()
            path.write_bytes(content)
        words = [
            "dmad",
            "all",
            tree,
            "--out",
            self.temp / "broken-sets",
            "--assets",
            "none",
            "--size",
            64,
            "--incomplete",
        ]
        said = self.call("training.benchmarks.importer", words)
        self.assertRegex(said, r"left out: dmad/train/001-print-a4-1, train: cannot be decoded")
        self.assertRegex(said, r"left out: dmad/dev/002-print-a4-1, test: .*face:1: 'a b' is not 5")
        self.assertRegex(said, r"left out: dmad/test/300-print-a4-1, test: no 5 frames, 3 apart")
        self.assertIn("dmad: 3 videos left out", said)
        info = json.loads((self.temp / "broken-sets/dmad-all/info.json").read_text())
        self.assertEqual(set(info["left_out"]), set(broken))
        self.assertEqual(info["videos"]["test"], {"live": 1, "attack": 1})
        for path, content in kept.items():
            path.write_bytes(content)
        self.assertIn("dmad: 0 videos left out", self.call("training.benchmarks.importer", words))

    def test_broken_of_one_fold(self):
        """A video is left out of the folds that use it: SiW's 3.2 trains on replays, 3.1 on prints
        alone."""
        tree = self.temp / "broken" / "siw"
        shutil.copytree(self.trees["siw"], tree)
        (tree / "Train/spoof/003/003-1-3-1-1.mov").write_bytes(b"no video")
        with mock.patch.dict(self.trees, {"siw": tree}):
            self.bring("siw", "3", "broken-folds", "--incomplete")
        for name, expected in (("3.1", []), ("3.2", ["Train/spoof/003/003-1-3-1-1"])):
            info = json.loads((self.temp / f"broken-folds/siw-{name}/info.json").read_text())
            self.assertEqual(list(info["left_out"]), expected)

    def test_resumed(self):
        """Stopped after three videos, and in the middle of writing one: the same bytes at the end;
        other settings are refused."""
        whole = self.bring("casia", "overall", "whole", "--incomplete")
        self.assertIn("about 0.0 GB", whole)

        class Stop(Exception):
            pass

        add, added = importer.Store.add, []

        def stopping(store, video, *more):
            if len(added) == 3:
                store.arrays["clips"].append(np.zeros((1, 5, 64, 64, 3), np.uint8))
                raise Stop
            added.append(video)
            add(store, video, *more)

        with mock.patch.object(importer.Store, "add", stopping), self.assertRaises(Stop):
            self.bring("casia", "overall", "again", "--incomplete")
        path = self.temp / "again/casia/videos.jsonl"
        path.write_text(path.read_text() + '{"video": "train_rel')
        with mock.patch.object(importer, "work", wraps=importer.work) as worked:
            self.bring("casia", "overall", "again", "--incomplete")
        self.assertEqual(worked.call_count, 13)
        self.assertEqual(
            *(
                json.loads((self.temp / name / "casia-overall/info.json").read_text())
                for name in ("whole", "again")
            )
        )
        with self.assertRaisesRegex(SystemExit, "begun with other settings"):
            self.bring("casia", "overall", "again", "--incomplete", "--crop", "stretched")
        path = self.temp / "again/casia/settings.json"
        settings = json.loads(path.read_text())
        path.write_text(json.dumps({key: settings[key] for key in ("size", "boxes", "crop")}))
        with self.assertRaisesRegex(SystemExit, 'other settings, .*, not {"version": 2, '):
            self.bring("casia", "overall", "again", "--incomplete")

    def test_processes(self):
        """Two processes give the bytes of one."""
        self.bring("dmad", "all", "one-process", "--incomplete")
        with self.forking():
            self.bring("dmad", "all", "two-processes", "--incomplete", "--processes", "2")
        self.assertEqual(
            *(digest(self.temp / name / "dmad-all") for name in ("one-process", "two-processes"))
        )

    def forking(self):
        """Processes that know the made-up face mesh"""
        fork = partial(ProcessPoolExecutor, mp_context=get_context("fork"))
        return mock.patch.object(importer, "ProcessPoolExecutor", fork)

    def test_no_assets(self):
        """Processes that cannot start end the import."""
        for count in "12":
            with (
                self.subTest(count),
                self.forking(),
                mock.patch.object(facemesh, "FaceMesh", FACE_MESH),
                mock.patch("concurrent.futures.process._base.LOGGER.critical"),
                self.assertRaisesRegex(SystemExit, "face_detection|process pool"),
            ):
                self.bring("dmad", "all", f"bare-{count}", "--incomplete", "--processes", count)

    def test_crop_of_the_first_frame(self):
        """The face walks 4 pixels through a clip's five frames, whose crop stays."""
        cutter = cut.Cutter(cut.Settings(size=64))
        video = names.parse("dmad", "test/300-print-a4-1.mp4", self.trees["dmad"])
        left, top, width, height = tiny_sets.BOX
        boxes = {i: datasets.Box(left + i / 3, top, width, height) for i in range(13)}
        with mock.patch.object(datasets, "read_boxes", lambda *_: boxes):
            made = cutter.cut(video, train=False)
        self.assertEqual(made.starts, [0])
        middle = [np.average(np.arange(32) + 0.5, weights=mask.sum(0)) for mask in made.mask[0]]
        crop = 1.3 * height
        np.testing.assert_allclose(np.diff(middle), 32 / crop, atol=0.2)

    def test_no_mesh(self):
        """A live clip to train on whose frame has no face mesh is dropped and counted; any other
        frame has an empty mask, and is counted. No clip to test on is lost, whatever its class."""
        looked = []

        def landmarks(self, image, box):
            looked.append(image)
            return None if len(looked) % 11 == 4 else tiny_sets.Mesh.landmarks_of(box)

        with mock.patch.object(tiny_sets.Mesh, "landmarks", landmarks):
            said = self.bring("dmad", "all", "no-mesh", "--incomplete")
        lines = [
            json.loads(line)
            for line in (self.temp / "no-mesh/dmad/videos.jsonl").read_text().splitlines()
        ]
        dropped, unmasked = (sum(line[key] for line in lines) for key in ("dropped", "unmasked"))
        self.assertGreater(min(dropped, unmasked), 0)
        self.assertIn(f"{dropped} live clips of train without a depth label, {unmasked} fr", said)
        whole = self.bring("dmad", "all", "with-mesh", "--incomplete")
        self.assertIn("0 live clips of train without a depth label, 0 frames", whole)
        masks = {}
        for name in ("with-mesh", "no-mesh"):
            clips = {split: self.read(self.temp / name / "dmad-all", split) for split in SPLITS}
            masks[name] = {
                (split, live): [
                    own.folders[f].mask[row]
                    for (f, row), yes in zip(own.places, own.live)
                    if yes == live
                ]
                for split, own in clips.items()
                for live in (True, False)
            }
        lost = {
            kind: len(own) - len(masks["no-mesh"][kind]) for kind, own in masks["with-mesh"].items()
        }
        self.assertEqual(lost.pop(("train", True)), dropped)
        self.assertEqual(set(lost.values()), {0})
        empty = {
            kind: sum(int(not frame.any()) for clip in own for frame in clip)
            for kind, own in masks["no-mesh"].items()
        }
        self.assertGreater(min(empty["test", True], empty["test", False]), 0)
        self.assertEqual(empty["train", True], 0)
        self.assertEqual(sum(empty.values()), unmasked)

    def test_detector(self):
        """Boxes of the product's detector, for any video"""
        cutter = cut.Cutter(cut.Settings(boxes="detector"))
        video = names.parse("dmad", "test/300-live-none-1.mp4")
        boxes = cutter.boxes(video._replace(path=ROOT / "tests/clips/live.mp4"))
        count = cut.count_frames(ROOT / "tests/clips/live.mp4")
        self.assertGreater(len(boxes), 0.9 * count)
        self.assertLess(max(boxes), count)

    def test_stretched(self):
        """The released code's crop: both sides of the box times 1.3, whatever their ratio."""
        for crop in ("square", "stretched"):
            self.bring("dmad", "all", crop, "--incomplete", "--crop", crop)
        wide = []
        for crop in ("square", "stretched"):
            clips = self.read(self.temp / crop / "dmad-all", "test")
            f, row = clips.places[int(np.flatnonzero(clips.live)[0])]
            wide.append((clips.folders[f].mask[row, 0, 16] > 127).sum())
        # Of 32 cells, 24 / (1.3 * 28) and 1 / 1.3 are face, 21.1 and 24.6; half of one counts.
        self.assertEqual(wide, [22, 24])

    def test_usage(self):
        for words, message in (
            (["oulu", "5", "x"], "no protocol '5' of 'oulu': one of 1, 2, 3.1"),
            (["cross", "casia->replay", "x"], "takes 2 folders: casia replay"),
            (["oulu", "1", "no-tree"], "no-tree: no such folder"),
        ):
            with self.subTest(words), self.assertRaisesRegex(SystemExit, message):
                self.call(
                    "training.benchmarks.importer",
                    [*words, "--out", self.temp / "u", "--assets", "none"],
                )
        with self.assertRaisesRegex(SystemExit, "oulu-2/info.json"):
            self.call(
                "training.benchmarks.table", ["oulu", "2", "--sets", self.temp, "--runs", self.temp]
            )


if __name__ == "__main__":
    unittest.main()
