"""Labelled clips in batches, random changes of them, and the product's own view of a frame."""
