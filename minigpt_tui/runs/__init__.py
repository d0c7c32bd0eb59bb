"""The run folder: everything that is kept of a run, written atomically and read with care."""
