"""From pictures to the batches that a network learns from."""
