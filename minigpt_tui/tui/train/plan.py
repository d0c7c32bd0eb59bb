"""What a configuration amounts to on a text: weights, steps, memory, and what speaks against it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from minigpt_tui.config import RunConfig
from minigpt_tui.planning.advice import corpus_verdict
from minigpt_tui.planning.conflicts import conflicts
from minigpt_tui.planning.memory import check_memory, training_memory
from minigpt_tui.planning.parameters import parameter_count
from minigpt_tui.planning.steps import steps_per_epoch, total_steps, windows_per_epoch
from minigpt_tui.runs.pace import Pace, RecentRun, pace_by
from minigpt_tui.tui.corpus.text_measure import TextMeasure


@dataclass(frozen=True)
class Plan:
    """The figures of a run that has not begun. `problem` is why it cannot, in a sentence."""

    vocab_size: int
    parameters: int
    tokens_per_epoch: int
    steps_per_epoch: int
    total_steps: int
    memory: int  # bytes
    estimated: bool  # the text was too large to be read whole
    pace: Pace | None  # None: it has its minutes, or this machine has not trained yet
    verdict: str
    advice: tuple[str, ...]  # a sentence for each pair of settings that fight
    problem: str | None


def plan(config: RunConfig, text: TextMeasure, recent: Sequence[RecentRun] = ()) -> Plan:
    """The figures of `config` (checked) on a text of these sizes. Costs no more than a moment.

    `recent` are the runs by which the time is judged (see `recent_runs`).
    """
    model, training = config.model, config.training
    targets = text.train_tokens - 1
    per_epoch = steps_per_epoch(targets, model.max_seq_len, training.batch_size)
    windows = windows_per_epoch(targets, model.max_seq_len)
    parameters = parameter_count(model, text.vocab_size)
    steps = total_steps(training, per_epoch)
    tokens = round(targets * steps / per_epoch)
    return Plan(
        vocab_size=text.vocab_size,
        parameters=parameters,
        tokens_per_epoch=targets,
        steps_per_epoch=per_epoch,
        total_steps=steps,
        memory=training_memory(model, training, text.vocab_size, windows),
        estimated=text.estimated,
        verdict=corpus_verdict(
            text.train_characters,
            text.train_tokens,
            parameters,
            model.max_seq_len,
            unknown_share=text.unknown_share,
        ),
        pace=None if training.minutes is not None else pace_by(recent, config, parameters, tokens),
        advice=tuple(
            conflicts(
                config,
                vocab_size=text.vocab_size,
                train_tokens=text.train_tokens,
                windows=windows,
                total_steps=steps,
            )
        ),
        problem=_problem(config, text, windows),
    )


def _problem(config: RunConfig, text: TextMeasure, windows: int) -> str | None:
    context = config.model.max_seq_len
    if text.train_tokens <= context:
        return (
            f"The training text has {text.train_tokens:,} tokens and max_seq_len takes "
            f"{context + 1:,} at once: choose a longer text or a smaller max_seq_len."
        )
    try:
        check_memory(config, text.vocab_size, windows)
    except ValueError as error:
        return str(error)
    return None
