"""Run by `make test`: python3 -m training.tests.suite, python3 -m training.tests.quick."""
