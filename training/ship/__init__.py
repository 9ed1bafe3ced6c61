"""From a checkpoint to the file that ships, and the tensors that tests compare with."""
