"""The Inspect pane: views of what happens in a model between a prompt and its answer."""
