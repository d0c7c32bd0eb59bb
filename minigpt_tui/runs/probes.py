"""What a model said to the same questions at steps along its training: one JSON object a line.

The first line holds the questions, every other one the answers at a step. Reading needs no torch.
"""

from __future__ import annotations

import logging
import os
from dataclasses import asdict, dataclass
from typing import Any

from minigpt_tui.runs.atomic import write_atomic
from minigpt_tui.runs.folder import RunFolder
from minigpt_tui.runs.journal import append_line, as_line, read_lines
from minigpt_tui.text.safe import visible

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Questions:
    """What a run is asked along its training.

    `targets` are the tokens that follow the prompts in the text that they come from, None where a
    person typed the prompt. `windows` are tokens of the text whose losses are followed: of each,
    all but the first are predicted.
    """

    prompts: tuple[str, ...]
    targets: tuple[str | None, ...]
    windows: tuple[tuple[str, ...], ...]
    held_out: bool  # whether the model never trained on the windows


@dataclass(frozen=True)
class Reply:
    """What a model expects after a prompt."""

    top: tuple[tuple[str, float], ...]  # tokens with their probabilities, the most probable first
    entropy: float  # bits
    target: float | None  # probability of the target


@dataclass(frozen=True)
class Probe:
    """The answers at a step."""

    step: int
    replies: tuple[Reply, ...]  # one a prompt
    nats: tuple[float, ...]  # −ln p of each target of the windows, one window after the other
    previous_token: tuple[tuple[float, ...], ...]  # [L][H] 0 to 1; empty: heads cannot be scored
    induction: tuple[tuple[float, ...], ...]  # [L][H] 0 to 1

    @property
    def mean_nats(self) -> float:
        return sum(self.nats) / len(self.nats) if self.nats else float("nan")


@dataclass(frozen=True)
class ProbeHistory:
    """All that a run was asked, in the order of the steps."""

    questions: Questions
    probes: tuple[Probe, ...]


def read_probes(run: RunFolder) -> ProbeHistory | None:
    """The probes of a run; None where it has none. Raises ValueError for a broken file."""
    lines = read_lines(run.probes_file)
    if not lines:
        return None
    try:
        questions = _questions(lines[0])
        return ProbeHistory(questions, tuple(_probe(line) for line in lines[1:]))
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise ValueError(
            f"{visible(str(run.probes_file))} is broken: it holds no probes that can be read."
        ) from error


def begin_probes(run: RunFolder, questions: Questions) -> None:
    """Writes the questions, where the run has none yet."""
    if not read_lines(run.probes_file):
        append_line(run.probes_file, asdict(questions))


def record_probe(run: RunFolder, probe: Probe) -> None:
    """Adds the answers at a step. Raises OSError; then the file is as before."""
    append_line(run.probes_file, asdict(probe))


def forget_probes_after(run: RunFolder, step: int) -> None:
    """Drops the answers of later steps: the training goes on from `step` and takes them anew.

    A broken file must not keep a run from going on: it is put aside, and the log says so.
    """
    try:
        read_probes(run)
        lines = read_lines(run.probes_file)
    except ValueError as error:
        aside = run.probes_file.with_suffix(".broken")
        log.warning("%s It is put aside as %s.", error, aside.name)
        os.replace(run.probes_file, aside)
        return
    kept = [line for line in lines if "step" not in line or int(line["step"]) <= step]
    if len(kept) < len(lines):
        write_atomic(run.probes_file, b"".join(map(as_line, kept)))


def _questions(line: dict[str, Any]) -> Questions:
    return Questions(
        prompts=tuple(str(prompt) for prompt in line["prompts"]),
        targets=tuple(None if one is None else str(one) for one in line["targets"]),
        windows=tuple(tuple(str(token) for token in window) for window in line["windows"]),
        held_out=bool(line["held_out"]),
    )


def _probe(line: dict[str, Any]) -> Probe:
    return Probe(
        step=int(line["step"]),
        replies=tuple(
            Reply(
                top=tuple((str(token), float(p)) for token, p in reply["top"]),
                entropy=float(reply["entropy"]),
                target=None if reply["target"] is None else float(reply["target"]),
            )
            for reply in line["replies"]
        ),
        nats=tuple(float(one) for one in line["nats"]),
        previous_token=_scores(line["previous_token"]),
        induction=_scores(line["induction"]),
    )


def _scores(rows: list[list[float]]) -> tuple[tuple[float, ...], ...]:
    return tuple(tuple(float(score) for score in row) for row in rows)
