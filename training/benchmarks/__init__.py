"""The public data sets, their protocols and their files."""
