"""`minigpt-tui inspect`: what a model does with a text, as tables or as JSON.

The JSON of a view has `view`, `checkpoint`, the keys that the view names, and under them the fields
of the results in `minigpt_tui/analysis/`, whose classes say shapes and units. Arrays are nested
lists; what is not a number is null.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import math
import textwrap
from collections.abc import Callable, Mapping

import numpy as np

from minigpt_tui.analysis.ablation import Part
from minigpt_tui.commands.ask import load_service
from minigpt_tui.commands.views import causes, corpus, prompt
from minigpt_tui.commands.views.answer import Answer
from minigpt_tui.inference.service import GPTService
from minigpt_tui.text.safe import visible

WIDTH = 80  # of a terminal

VIEWS: Mapping[str, Callable[[GPTService, argparse.Namespace], Answer]] = {
    "lens": prompt.lens,
    "attention": prompt.attention,
    "attribution": causes.attribute,
    "ablate": causes.ablate,
    "surprisal": prompt.surprise,
    "neighbours": prompt.neighbours_of,
    "calibration": corpus.calibrate,
    "evidence": corpus.evidence,
}


def inspect(arguments: argparse.Namespace) -> int:
    """Prints one view of a model."""
    service = load_service(arguments)
    answer = VIEWS[arguments.view](service, arguments)
    if arguments.json:
        opening = {"view": arguments.view, "checkpoint": str(service.checkpoint_path)}
        # ASCII only: nothing in it can steer a terminal.
        print(json.dumps({**opening, **_plain_items(answer.result)}, indent=2, allow_nan=False))
        return 0
    print(f"Model: {visible(str(service.checkpoint_path))}")
    for line in "\n".join(answer.lines).split("\n"):
        is_table = line.startswith("  ")
        print(line if is_table else textwrap.fill(line, WIDTH))
    return 0


def _plain(value: object) -> object:
    """A result as JSON has it."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        if isinstance(value, Part):
            return str(value)
        fields = dataclasses.fields(value)
        return {field.name: _plain(getattr(value, field.name)) for field in fields}
    if isinstance(value, np.ndarray):
        return _plain(value.tolist())
    if isinstance(value, Mapping):
        return _plain_items(value)
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def _plain_items(items: Mapping[str, object]) -> dict[str, object]:
    return {name: _plain(value) for name, value in items.items()}
