"""A training from its configuration to its run folder, the same for every face."""
