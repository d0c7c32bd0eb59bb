"""`minigpt-tui train --dry-run`: what a run would be, before a step is paid for."""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict

from minigpt_tui.commands.train import config_from
from minigpt_tui.paths import data_folder
from minigpt_tui.planning.memory import memory_in_words
from minigpt_tui.planning.parameters import parameter_counts
from minigpt_tui.runs.pace import Pace, recent_runs
from minigpt_tui.tui.corpus.text_measure import measure_text
from minigpt_tui.tui.train.plan import plan
from minigpt_tui.tui.widgets.numbers import duration


def preflight(arguments: argparse.Namespace) -> int:
    """Prints weights, memory, steps, time and a verdict; exit code 1 when the run cannot begin."""
    config = config_from(arguments)
    data = data_folder(arguments.data_dir).ready()
    planned = plan(config, measure_text(config.data, data), recent_runs(data))
    parts = parameter_counts(config.model, planned.vocab_size)
    minutes, pace = config.training.minutes, planned.pace
    if arguments.json:
        seconds = 60 * minutes if minutes is not None else pace.seconds if pace else None
        facts = {**asdict(planned), "parameters_by_part": parts, "seconds": seconds}
        print(json.dumps(facts, indent=2))
        return int(planned.problem is not None)
    about = "about " if planned.estimated else ""
    steps = "as many as fit" if minutes else f"{about}{planned.total_steps:,}"
    rows = [
        ("Vocabulary", f"{about}{planned.vocab_size:,} tokens"),
        ("Parameters", f"{planned.parameters:,}"),
        *((f"  {part}", f"{count:,}") for part, count in parts.items()),
        ("Memory", f"about {memory_in_words(planned.memory)}"),
        ("Tokens an epoch", f"{about}{planned.tokens_per_epoch:,}"),
        ("Steps an epoch", f"{about}{planned.steps_per_epoch:,}"),
        ("Steps in all", steps),
        ("Tokens a parameter", f"{planned.tokens_per_epoch / planned.parameters:.3g}"),
        ("Time", duration(60 * minutes) if minutes is not None else _time_in_words(pace)),
    ]
    for name, value in rows:
        print(f"{name:<22} {value}")
    print(f"\n{planned.problem or planned.verdict}")
    for sentence in planned.advice:
        print(f"! {sentence}")
    return int(planned.problem is not None)


def _time_in_words(pace: Pace | None) -> str:
    if pace is None:
        return "known after the first run here"
    judged = f"about {duration(pace.seconds)}, judged by {pace.run}"
    return judged if pace.alike else f"{judged}, whose steps are of another size: a guess"
