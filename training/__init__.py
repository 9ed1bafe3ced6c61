"""Everything that makes a weight file; see training/README.md. Commands run from the repository's
root: python3 -m training.FOLDER.NAME."""

from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent  # of the repository
