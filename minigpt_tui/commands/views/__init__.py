"""The views of `minigpt-tui inspect`: from a model and the flags to a result and its table."""
