"""Views of what makes a model say so: direct logit attribution, ablation, activation patching."""

from __future__ import annotations

import argparse

import numpy as np

from minigpt_tui.analysis.ablation import ablation, all_parts
from minigpt_tui.analysis.attribution import attribution
from minigpt_tui.analysis.patching import Patching, patching
from minigpt_tui.analysis.sample import sample_windows
from minigpt_tui.analysis.window import Window, context_window, scored_window
from minigpt_tui.commands.table import bar, table, token_cell
from minigpt_tui.commands.views.answer import (
    Answer,
    checked_position,
    remarks,
    token_id,
    token_text,
)
from minigpt_tui.commands.views.corpus import validation_ids
from minigpt_tui.inference.service import GPTService
from minigpt_tui.text.safe import visible

POSITIONS_SHOWN = 6
ABLATION_TARGETS = 4_096
"""Of the validation text: every part costs a pass over them."""


def attribute(service: GPTService, arguments: argparse.Namespace) -> Answer:
    """Direct logit attribution; JSON: `window`, `attribution`."""
    window = context_window(service, arguments.prompt)
    found = attribution(
        service.model,
        window.ids,
        None if arguments.token is None else token_id(service, arguments.token),
        None if arguments.minus is None else token_id(service, arguments.minus),
        position=checked_position(arguments.position, window),
        by_head=arguments.heads,
    )
    what = f"The logit of “{token_cell(token_text(service, found.token))}”"
    if found.minus is not None:
        what += f" less that of “{token_cell(token_text(service, found.minus))}”"
    largest = float(np.abs(found.logits).max()) or 1.0
    lines = [
        *remarks(window),
        f"\n{what} after “{token_cell(window.tokens[found.position])}” "
        f"(position {found.position}):",
        *table(
            ["part", ">logits", ""],
            [
                [part, f"{value:+.3f}", bar(abs(value) / largest)]
                for part, value in zip(found.parts, found.logits, strict=True)
            ]
            + [["sum", f"{found.total:+.3f}", ""]],
        ),
    ]
    return Answer({"window": window, "attribution": found}, lines)


def ablate(service: GPTService, arguments: argparse.Namespace) -> Answer:
    """The loss without each part; JSON: `window`, `prompt`, `validation` or null.

    With `--patch`: activation patching; JSON: `window`, `source`, `patching`.
    """
    if arguments.patch is not None:
        if arguments.validation:
            raise ValueError("--patch compares two prompts; --validation does not go with it.")
        return _patch(service, arguments)
    window = scored_window(service, arguments.prompt)
    prompt = sample_windows(window.ids, service.model.config.max_seq_len)
    sample = None
    if arguments.validation:
        ids = validation_ids(service, arguments)
        sample = sample_windows(ids, service.model.config.max_seq_len, ABLATION_TARGETS)
    parts = all_parts(service.model)
    found = ablation(service.model, prompt, parts, arguments.how, reference=sample)
    on_sample = None
    headings = ["without", ">prompt"]
    columns = [found.changes]
    lines = [
        *remarks(window),
        f"\nLoss on the prompt: {found.loss:.4f} nats a token over {found.targets:,} tokens",
    ]
    if sample is not None:
        on_sample = ablation(service.model, sample, parts, arguments.how)
        headings.append(">validation")
        columns.append(on_sample.changes)
        lines.append(
            f"Loss on a sample of the validation text: {on_sample.loss:.4f} over "
            f"{on_sample.targets:,} tokens"
        )
    lines += [
        f"Nats a token more without a part, which is replaced by {_way(arguments)}:",
        *table(
            headings,
            [
                [str(part), *(f"{column[i]:+.4f}" for column in columns)]
                for i, part in enumerate(parts)
            ],
        ),
    ]
    return Answer({"window": window, "prompt": found, "validation": on_sample}, lines)


def _patch(service: GPTService, arguments: argparse.Namespace) -> Answer:
    window = context_window(service, arguments.prompt)
    source = context_window(service, arguments.patch)
    found = patching(service.model, window.ids, source.ids)
    what = f"logit of “{token_cell(token_text(service, found.token))}”"
    if found.minus is not None:
        what += f" less that of “{token_cell(token_text(service, found.minus))}”"
    shown = range(max(0, len(window.ids) - POSITIONS_SHOWN), len(window.ids))
    columns = [f">{_exchanged(source, window, t)}" for t in shown]
    lines = [
        *remarks(window),
        f"\nThe {what} after the prompt: {found.target:+.2f}; "
        f"after “{visible(arguments.patch)}”: {found.source:+.2f}",
        "With the stream before a layer taken from there, at one position:",
        *table(["", *columns], _stream_rows(found, shown)),
        "With a head's output taken from there, at all positions:",
        *table(["head", ">logits"], _head_rows(found)),
    ]
    return Answer({"window": window, "source": source, "patching": found}, lines)


def _stream_rows(found: Patching, shown: range) -> list[list[str]]:
    return [
        [f"layer {layer}", *(f"{row[t]:+.2f}" for t in shown)]
        for layer, row in enumerate(found.stream)
    ]


def _head_rows(found: Patching) -> list[list[str]]:
    return [
        [f"L{layer}H{head}", f"{found.heads[layer, head]:+.2f}"]
        for layer, head in np.ndindex(*found.heads.shape)
    ]


def _exchanged(source: Window, window: Window, t: int) -> str:
    """The token at a position, and where the prompts differ, the one that comes for it."""
    if source.ids[t] == window.ids[t]:
        return token_cell(window.tokens[t], 8)
    return f"{token_cell(source.tokens[t], 4)}→{token_cell(window.tokens[t], 4)}"


def _way(arguments: argparse.Namespace) -> str:
    if arguments.how == "zero":
        return "zero"
    return f"its mean over {'that sample' if arguments.validation else 'the prompt'}"
