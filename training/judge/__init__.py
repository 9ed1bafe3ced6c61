"""Scores, metrics and reports."""
