"""The workbench: the panes that choose a text, train on it and ask the model."""
