"""Labelled clips of simulated live faces and attacks; see training/README.md."""
