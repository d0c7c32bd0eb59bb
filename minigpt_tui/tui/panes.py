"""The panes, a folder each. One is imported when it is first opened: a start waits for one only."""

from __future__ import annotations

from importlib import import_module

from minigpt_tui.tui.pane import Pane

_CLASSES = {
    "corpus": "CorpusPane",
    "train": "TrainPane",
    "predict": "PredictPane",
    "inspect": "InspectPane",
    "runs": "RunsPane",
}
PANES = tuple(_CLASSES)
"""Their names, in the order of their keys."""


def build_pane(name: str) -> Pane:
    """A new pane, to be mounted."""
    module = import_module(f"minigpt_tui.tui.{name}.pane")
    pane = getattr(module, _CLASSES[name])()
    assert isinstance(pane, Pane)
    return pane
