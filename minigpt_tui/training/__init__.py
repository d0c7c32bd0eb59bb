"""Finding the weights: batches, the optimizer, and the loop that reports what happens."""
