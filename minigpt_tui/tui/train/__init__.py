"""The Train pane: the form with its live answers, and the run that is watched and steered."""
