"""Runs the unit tests beside this file, of those only with WORD in their name,

    python3 -m training.tests.suite [WORD]

and closes with "N passed, N failed, N skipped", which
tests/run.sh adds up. A class or module that is skipped as a whole counts as one."""

import sys
import unittest
from pathlib import Path

from training import ROOT


class Result(unittest.TextTestResult):
    """Counts a test once, however many of its subtests fail."""

    def __init__(self, *arguments, **options):
        super().__init__(*arguments, **options)
        self.passed = 0

    def addSuccess(self, test):
        super().addSuccess(test)
        self.passed += 1

    def failed(self):
        tests = [getattr(test, "test_case", test) for test, _ in self.failures + self.errors]
        return len({test.id() for test in tests}) + len(self.unexpectedSuccesses)


def main():
    pattern = f"test_*{''.join(sys.argv[1:2])}*.py"
    tests = unittest.defaultTestLoader.discover(
        str(Path(__file__).parent), pattern, top_level_dir=str(ROOT)
    )
    result = unittest.TextTestRunner(resultclass=Result, verbosity=2).run(tests)
    print(f"{result.passed} passed, {result.failed()} failed, {len(result.skipped)} skipped")
    sys.exit(not result.wasSuccessful())


if __name__ == "__main__":
    main()
