"""The page about a run: how far it is, what its loss means, how it was set up, what it keeps."""

from __future__ import annotations

import math
import os
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.cells import cell_len
from textual.content import Content

from minigpt_tui.config import RunConfig
from minigpt_tui.config_files import load_preset
from minigpt_tui.runs.checkpoint_files import CheckpointFile
from minigpt_tui.runs.folder import RunFolder
from minigpt_tui.runs.info import RunInfo
from minigpt_tui.runs.summary import RunSummary
from minigpt_tui.settings import differences
from minigpt_tui.text.safe import visible
from minigpt_tui.tui.keys.key_prose import USUAL
from minigpt_tui.tui.keys.keymap import Keymap
from minigpt_tui.tui.runs.run_choice import age_in_words
from minigpt_tui.tui.runs.run_view import RunView
from minigpt_tui.tui.runs.run_words import figures_line, progress_line, sentences, title_line
from minigpt_tui.tui.widgets.numbers import short_count, size

if TYPE_CHECKING:
    from minigpt_tui.jobs.verify import Check

PRESET = "standard"
MARKED = "◆ Marked. Select another run to see what the two set differently."
_GAP = 2


@dataclass(frozen=True, eq=False)
class Details:
    """What is to be said of the selected run. `waiting` are requests that were not taken yet."""

    summary: RunSummary
    view: RunView
    checkpoints: Sequence[CheckpointFile] = ()
    marked: RunSummary | None = None
    checks: Sequence[Check] | None = None
    checking: bool = False
    waiting: Sequence[str] = ()
    trained_here: bool = False


def page(details: Details, width: int, keymap: Keymap = USUAL) -> Content:
    """The page of a run in lines of `width` cells; what was asked for comes first."""
    summary, view = details.summary, details.view
    parts = []
    if details.checks is not None:
        parts.append(_checks(details.checks, details.checking, summary.run))
    other = details.marked
    if other is not None and other.run == summary.run:
        parts.append(Content.styled(MARKED, "$accent"))
    elif other is not None:
        parts.append(_comparison(summary, other, width))
    parts.append(_state(details, width, keymap))
    if summary.notes:
        parts.append(_section("Notes", [Content(visible(summary.notes, keep_newlines=True))]))
    if summary.config is not None:
        parts.append(_from_preset(summary.config, width))
        parts.append(_text(summary.config, view.info))
    if details.checkpoints:
        parts.append(_checkpoints(details.checkpoints, width))
    return Content("\n\n").join(parts)


def baseline_sentence(loss: float | None, info: RunInfo | None) -> str:
    """How a loss (nats a token) compares with models that need no training; empty if unknown."""
    if loss is None or not math.isfinite(loss) or info is None or info.baselines is None:
        return ""
    lines = info.baselines
    if loss < lines.five_gram:
        return (
            f"{lines.five_gram - loss:.2f} nats better than a 5-gram table ({lines.five_gram:.2f})."
        )
    if loss < lines.unigram:
        return (
            f"Better than knowing how frequent each token is ({lines.unigram:.2f}), "
            f"not than a 5-gram table ({lines.five_gram:.2f})."
        )
    if loss < lines.uniform:
        return (
            f"Better than guessing blindly ({lines.uniform:.2f}), "
            f"not than knowing how frequent each token is ({lines.unigram:.2f})."
        )
    return f"No better than guessing blindly ({lines.uniform:.2f})."


def _state(details: Details, width: int, keymap: Keymap) -> Content:
    summary, view = details.summary, details.view
    lines = [
        title_line(view, view.status.state, width),
        *_progress(view, width),
        figures_line(view, width),
    ]
    if details.waiting:
        asked = " and ".join(dict.fromkeys(details.waiting))
        lines.append(Content.styled(f"Asked to {asked}; its process has not answered yet.", "bold"))
    said = sentences(view, details.trained_here, brief=True, keymap=keymap)
    baseline = baseline_sentence(summary.status.best_val_loss, view.info)
    problems = [problem for problem in summary.problems if problem not in said]
    lines += [Content(visible(sentence)) for sentence in (*said, baseline, *problems) if sentence]
    return Content("\n").join(lines)


def _progress(view: RunView, width: int) -> list[Content]:
    """The bar; where it is too short for the speed, that has a line of its own."""
    line = progress_line(view, width)
    if line.cell_length <= width:
        return [line]
    slow = replace(view, status=replace(view.status, tokens_per_second=0.0))
    speed = f"{short_count(view.status.tokens_per_second)} tokens/s"
    return [progress_line(slow, width), Content(speed)]


def _comparison(one: RunSummary, other: RunSummary, width: int) -> Content:
    """Only the settings that differ, side by side."""
    title = f"Compared with ◆ {visible(other.run.name)}"
    if one.config is None or other.config is None:
        return _section(title, [Content("The configuration of one cannot be read.")])
    rows: list[Sequence[str]] = [("", "this", "◆")]
    for field, words in (("loss", "best loss"), ("bits_per_byte", "bits/byte")):
        values = [summary.fact(field) for summary in (one, other)]
        if values != [None, None]:
            shown = [f"{v:.3f}" if isinstance(v, float) else "–" for v in values]
            rows.append((words, *shown))
    differing = differences(one.config, other.config)
    rows += [(name, _shown(a), _shown(b)) for name, (a, b) in differing.items()]
    lines = _side_by_side(rows, width)
    if not differing:
        lines.append(Content("The settings are the same."))
    return _section(title, lines)


@cache
def _preset() -> RunConfig:
    return load_preset(PRESET)


def _from_preset(config: RunConfig, width: int) -> Content:
    own = {"corpus", "seed"}
    differing = {
        name: pair for name, pair in differences(config, _preset()).items() if name not in own
    }
    if not differing:
        return Content.styled(f"Set up as the preset {PRESET}.", "dim")
    rows: list[Sequence[str]] = [("", "this", PRESET)]
    rows += [(name, _shown(a), _shown(b)) for name, (a, b) in differing.items()]
    return _section(f"Other than the preset {PRESET}", _side_by_side(rows, width))


def _text(config: RunConfig, info: RunInfo | None) -> Content:
    facts = [f"{', '.join(config.data.corpus)} by {config.data.level}"]
    if info is not None and info.train_tokens:
        facts.append(
            f"{short_count(info.train_tokens)} tokens to learn from, "
            f"{short_count(info.val_tokens)} held out, {info.vocab_size:,} different"
        )
    if info is not None and info.unknown_share > 0:
        facts.append(f"{100 * info.unknown_share:.1f} % of what is held out is unknown")
    return _section("Text", [Content(visible(fact)) for fact in facts])


def _checkpoints(checkpoints: Sequence[CheckpointFile], width: int) -> Content:
    """A line for each; on a narrow page two, so that nothing is left out."""
    names = [visible(checkpoint.path.name) for checkpoint in checkpoints]
    steps = ["–" if c.step is None else f"{c.step:,}" for c in checkpoints]
    epochs = ["–" if c.epoch is None else f"{c.epoch:.3g}" for c in checkpoints]
    losses = ["–" if c.val_loss is None else f"{c.val_loss:.3f}" for c in checkpoints]
    sizes = [size(checkpoint.bytes) for checkpoint in checkpoints]
    ages = [age_in_words(time.time() - checkpoint.written) for checkpoint in checkpoints]
    titles = ["", "step", "epoch", "loss", "size", "age"]
    lines = _figures([titles, *zip(names, steps, epochs, losses, sizes, ages, strict=True)])
    if lines[0].cell_length > width:
        first = _figures([["", "size", "age"], *zip(names, sizes, ages, strict=True)])
        second = [
            Content.styled(f"  step {step}, epoch {epoch}, loss {loss}", "$foreground 70%")
            for step, epoch, loss in zip(steps, epochs, losses, strict=True)
        ]
        pairs = zip(first[1:], second, strict=True)
        lines = [first[0], *(line for pair in pairs for line in pair)]
    return _section("Checkpoints", lines)


def _checks(checks: Sequence[Check], checking: bool, run: RunFolder) -> Content:
    lines = []
    for check in checks:
        sign, style = ("✓ ", "$success") if check.passed else ("✗ ", "bold $error")
        detail = check.detail.replace(f"{run.path}{os.sep}", "").removeprefix(check.what).strip()
        shown = f"  {visible(detail)}"
        lines.append(
            Content.assemble((sign, style), visible(check.what), (shown, "$foreground 70%"))
        )
    failed = sum(not check.passed for check in checks)
    if checking:
        lines.append(Content.styled("Checking…", "dim"))
    elif failed:
        lines.append(Content.styled(f"{failed} of {len(checks)} are damaged.", "bold $error"))
    else:
        lines.append(Content.styled("Every file is whole.", "bold $success"))
    return _section("Verified", lines)


def _section(title: str, lines: Sequence[Content]) -> Content:
    return Content("\n").join([Content.styled(title, "bold $primary"), *lines])


def _side_by_side(rows: Sequence[Sequence[str]], width: int) -> list[Content]:
    """Names and two values each under a heading; what is too long for its column is cut."""
    most = max((width - 2 * _GAP) // 3, 6)
    widths = [min(max(map(cell_len, column)), most) for column in zip(*rows, strict=True)]
    return _table(
        [
            [
                Content(text).truncate(w, ellipsis=True, pad=True)
                for text, w in zip(row, widths, strict=True)
            ]
            for row in rows
        ]
    )


def _figures(rows: Sequence[Sequence[str]]) -> list[Content]:
    """A name and figures under a heading."""
    widths = [max(map(cell_len, column)) for column in zip(*rows, strict=True)]
    return _table(
        [
            [
                Content(text.rjust(w) if place else text.ljust(w))
                for place, (text, w) in enumerate(zip(row, widths, strict=True))
            ]
            for row in rows
        ]
    )


def _table(rows: Sequence[Sequence[Content]]) -> list[Content]:
    gap = Content(" " * _GAP)
    heading, *lines = [gap.join([row[0].stylize("$foreground 70%"), *row[1:]]) for row in rows]
    return [heading.stylize("$foreground 60%"), *lines]


def _shown(value: Any) -> str:
    if value is None:
        return "none"
    if isinstance(value, tuple):
        return visible(", ".join(Path(part).name or part for part in value))
    return f"{value:.12g}" if isinstance(value, float) else visible(str(value))
