"""The loss plot: curves made small, drawn as cells, looked at by keys and mouse, and exported."""
