"""The networks and their losses in PyTorch, their weight files, and float64 evaluation of those."""
