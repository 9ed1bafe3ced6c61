"""The import order of training/: a module imports its own folder and those named before it here,
which is also the order in which to read them; in a folder no circle.

    python3 -m training.tests.test_layers

needs nothing but Python, so that `make lint` runs it."""

import ast
import unittest
from graphlib import CycleError, TopologicalSorter

from training import ROOT

ORDER = ["networks", "data", "judge", "benchmarks", "clips", "train", "ship", "tests"]


def imported(own, text):
    """Yields (line, module) for what the module `own` imports of this project."""
    folder = own.rsplit(".", 1)[0]
    for node in ast.walk(ast.parse(text, own)):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = ".".join(filter(None, [folder if node.level else "", node.module]))
            names = [f"{base}.{alias.name}" for alias in node.names]
        else:
            continue
        yield from ((node.lineno, name) for name in names if name.startswith("training."))


def faults(files):
    """{module: text of its file} -> what breaks the order, one line each"""
    found, graph = [], {}
    for own, text in files.items():
        folder = own.split(".")[1]
        if folder not in ORDER:
            found.append(f"{own}: its folder is not in the order")
            continue
        for line, name in imported(own, text):
            parts = name.split(".")
            if parts[1] == "ROOT":
                continue
            if parts[1] not in ORDER or ORDER.index(parts[1]) > ORDER.index(folder):
                found.append(f"{own}:{line}: must not import {name}")
            graph.setdefault(own, set()).update({f"training.{'.'.join(parts[1:3])}"} & files.keys())
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        found.append(f"circle: {' <- '.join(error.args[1])}")
    return found


class Layers(unittest.TestCase):
    def test_training(self):
        files = {}
        for path in sorted((ROOT / "training").glob("*/*.py")):
            module = ".".join(path.relative_to(ROOT).with_suffix("").parts)
            files[module.removesuffix(".__init__")] = path.read_text()
        self.assertGreater(len(files), 60)
        self.assertEqual(faults(files), [])

    def test_faults_are_found(self):
        good = {
            "training.data.a": "from training import ROOT\nfrom training.networks import b",
            "training.networks.b": "import json",
        }
        self.assertEqual(faults(good), [])
        upwards = {**good, "training.networks.c": "def f():\n    from training.data.a import x"}
        self.assertEqual(
            faults(upwards), ["training.networks.c:2: must not import training.data.a.x"]
        )
        circle = {"training.data.a": "from .b import x", "training.data.b": "from . import a"}
        self.assertIn("circle", faults(circle)[0])
        self.assertIn("not in the order", faults({"training.new.a": ""})[0])


if __name__ == "__main__":
    unittest.main()
