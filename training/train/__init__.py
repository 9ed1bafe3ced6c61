"""Training in two stages, and what it is compared with."""
