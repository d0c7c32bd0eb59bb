"""A run in words and aligned figures: its state, how far it is, whether its loss is good.

Pure functions of a `RunView`; the text they return is safe to show.
"""

from __future__ import annotations

import math
import socket

import numpy as np
from textual.content import Content

from minigpt_tui.planning.advice import loss_stage, perplexity_in_words
from minigpt_tui.runs.status import Status
from minigpt_tui.text.safe import visible
from minigpt_tui.tui.keys.key_prose import USUAL, with_keys
from minigpt_tui.tui.keys.keymap import Keymap
from minigpt_tui.tui.runs.run_view import RunView
from minigpt_tui.tui.widgets.numbers import duration, short_count

EVALUATIONS_BEFORE_A_HINT = 3
_TREND_ROWS = 400  # steps over which the training loss is averaged to see where it goes

STATE_MARKS = {
    "preparing": ("◌", "$primary"),
    "training": ("●", "$success"),
    "paused": ("‖", "$warning"),
    "stopped": ("■", "$foreground"),
    "completed": ("✓", "$success"),
    "interrupted": ("⚠", "$warning"),
    "diverged": ("⚠", "$error"),
    "failed": ("⚠", "$error"),
}


def title_line(view: RunView, state: str, width: int) -> Content:
    """Name, state, epoch and step: `sample_corpus-1  ● training  epoch 12/50  step 340/2,000`."""
    status = view.status
    mark, colour = STATE_MARKS.get(view.status.state, ("?", "$foreground"))
    parts = [
        Content.assemble((f"{mark} {state}", f"bold {colour}")),
        Content.assemble(("epoch ", "dim"), f"{status.epoch:,}/{status.epochs:,}"),
        Content.assemble(("step ", "dim"), _of(status.step, status.total_steps)),
    ]
    info = view.info
    if info is not None and info.parameters:
        parts.append(Content.styled(f"{short_count(info.parameters)} parameters", "dim"))
    if info is not None and info.device:
        parts.append(Content.styled(f"on {visible(info.device)}", "dim"))
    return _fitting(parts, width)


def progress_line(view: RunView, width: int) -> Content:
    """A bar as wide as the rest leaves it, and time gone, time left, speed."""
    status = view.status
    share = min(status.step / status.total_steps, 1.0) if status.total_steps else 0.0
    facts = [f"{100 * share:3.0f} %", f"{duration(status.seconds):>5} gone"]
    if status.state in ("training", "paused") and status.eta_seconds is not None:
        facts.append(f"{duration(status.eta_seconds):>5} left")
    if status.tokens_per_second:
        facts.append(f"{short_count(status.tokens_per_second):>6} tokens/s")
    text = "  ".join(facts)
    length = max(width - len(text) - 2, 4)
    done = round(share * length)
    return Content.assemble(
        ("━" * done, "$primary"), ("╌" * (length - done), "$foreground 30%"), f"  {text}"
    )


def figures_line(view: RunView, width: int) -> Content:
    """The losses and what they amount to; the most telling first, as many as fit."""
    parts = [_figure("train", view.status.train_loss)]
    evaluations, best = view.evaluations, view.best
    if len(evaluations):
        newest = evaluations[-1]
        loss = float(newest["val_loss"])
        parts.append(_figure("val" if _held_out(view) else "measured", loss))
        if best is not None:
            parts.append(
                Content.assemble(
                    ("best ", "dim"),
                    (_loss(float(best["val_loss"])), "bold"),
                    (f" at epoch {int(best['epoch'])}", "dim"),
                )
            )
        perplexity = math.exp(loss) if loss < 50 else math.inf
        parts.append(Content.assemble(("perplexity ", "dim"), f"{perplexity:.3g}"))
        parts.append(Content.assemble(("bits/char ", "dim"), f"{newest['bits_per_char']:.2f}"))
    if len(view.metrics):
        newest = view.metrics[-1]
        parts.append(Content.assemble(("lr ", "dim"), f"{newest['lr']:.1e}"))
        parts.append(Content.assemble(("gradient ", "dim"), f"{newest['grad_norm']:.2f}"))
    return _fitting(parts, width)


def sentences(
    view: RunView, trained_here: bool, brief: bool = False, keymap: Keymap = USUAL
) -> list[str]:
    """What to make of it, the most important first; `brief` for where there is little room."""
    found = [*_end(view, trained_here), *_findings(view, brief), *_standstill(view)]
    nats = view.nats_per_char
    if nats is None and view.info is not None and view.info.level == "char":
        nats = view.status.train_loss
    if nats is not None and view.status.state != "diverged":
        found.append(loss_stage(nats))
    if len(view.evaluations) and view.info is not None and view.info.vocab_size:
        loss, unit = float(view.evaluations["val_loss"][-1]), _unit(view.info.level)
        words = perplexity_in_words(loss, view.info.vocab_size, unit)
        if brief and loss < math.log(view.info.vocab_size):
            guesses = f"{math.exp(loss):.3g}"
            words = f"Perplexity {guesses}: as unsure as if guessing among {guesses} {unit}s."
        found.append(words)
    if view.info is not None and not _held_out(view):
        found.append("Nothing is held out (val_fraction 0), so overfitting cannot be seen.")
    return [*(with_keys(sentence, keymap) for sentence in found), *view.problems]


def end_sentence(view: RunView, keymap: Keymap = USUAL) -> str:
    """How a run ended, for the plot's foot and for the notification."""
    return with_keys(_end_sentence(view), keymap)


def _end_sentence(view: RunView) -> str:
    best = view.best
    if view.info is not None and view.info.imported:
        return f"Imported: {visible(view.info.imported)}. ‹app.predict› asks the model."
    asks = "‹app.predict› asks the model."
    if view.status.state == "completed":
        if best is None:
            return f"Done. {asks}"
        kind = "validation loss" if _held_out(view) else "loss"
        value = f"{float(best['val_loss']):.2f}"
        return f"Done. Best {kind} {value} at epoch {int(best['epoch'])}. {asks}"
    if view.status.state == "stopped":
        return f"Stopped at step {view.status.step:,}. It can be resumed."
    message = visible(view.status.message)
    return f"{view.status.state.capitalize()} at step {view.status.step:,}. {message}".rstrip()


def _end(view: RunView, trained_here: bool) -> list[str]:
    """Why nothing moves any more, or who moves it."""
    status = view.status
    goes_on = "‹train.pause› goes on from its last checkpoint." if view.resumable else ""
    match status.state:
        case "completed" | "diverged":
            return [_end_sentence(view)]
        case "stopped":
            asks = " ‹app.predict› asks its best model." if view.best is not None else ""
            return [f"Stopped at step {status.step:,}. {goes_on}{asks}".rstrip()]
        case "interrupted":
            return [f"Interrupted: the process that trained it is gone. {goes_on}".rstrip()]
        case "failed":
            return [f"Failed at step {status.step:,}: {visible(status.message)} {goes_on}".rstrip()]
        case "unknown":
            return [visible(status.message)]
        case "paused" if status.message:  # a disk that refuses, not a key
            here = "" if trained_here else f" ({whereabouts(status)})"
            return [f"Waiting{here}: {visible(status.message)}"]
        case "paused" if trained_here:
            return ["Paused after a step. ‹train.pause› goes on; ‹train.stop› stops and saves."]
        case _ if not trained_here:
            done = "Paused in" if status.state == "paused" else "Trained by"
            process = f"{done} another process ({whereabouts(status)})"
            return [f"{process}. ‹train.steer› takes it into this window."]
    return []


def whereabouts(status: Status) -> str:
    """Which process trains a run: `pid 123`, with the host where that is another one."""
    if status.host == socket.gethostname():
        return f"pid {status.pid}"
    return f"pid {status.pid} on {visible(status.host)}"


def _findings(view: RunView, brief: bool) -> list[str]:
    """What the training's own diagnosis has found, with what helps where there is room."""
    return [
        visible(finding.message if brief else f"{finding.message} {finding.advice}")
        for finding in view.findings
    ]


def _standstill(view: RunView) -> list[str]:
    """A hint when the validation loss stands still, long before that is clearly overfitting."""
    since = view.evaluations_since_best
    best = view.best
    found_already = any(finding.kind == "overfitting" for finding in view.findings)
    if best is None or not _held_out(view) or since < EVALUATIONS_BEFORE_A_HINT or found_already:
        return []
    if _falls_since(view, int(best["step"])):
        return [
            f"No better validation loss for {since} evaluations, while the training loss falls: "
            "it begins to learn the text by heart. best_model.pt keeps the best moment."
        ]
    return [f"No better validation loss for {since} evaluations: little is left to gain this way."]


def _falls_since(view: RunView, step: int) -> bool:
    """Whether the training loss of the newest steps is, on average, below that up to `step`."""
    border = int(np.searchsorted(view.metrics["step"], step, side="right"))
    rows = min(_TREND_ROWS, border, len(view.metrics) - border)
    if rows < 2:
        return False
    before = view.metrics["loss"][border - rows : border].astype(np.float64)
    newest = view.metrics["loss"][-rows:].astype(np.float64)
    noise = (before.std() + newest.std()) / math.sqrt(rows)
    return bool(newest.mean() < before.mean() - noise)


def _held_out(view: RunView) -> bool:
    info = view.info
    return info is None or info.val_tokens > 0 or bool(info.imported)


def _unit(level: str) -> str:
    return {"char": "character", "word": "word"}.get(level, "token")


def _figure(name: str, value: float | None) -> Content:
    text = f"{'–':>5}" if value is None else _loss(value)
    return Content.assemble((f"{name} ", "dim"), (text, "bold"))


def _loss(value: float) -> str:
    return f"{value:5.3f}" if value < 100 else f"{value:5.3g}"


def _of(step: int, total: int) -> str:
    whole = f"{total:,}"
    return f"{step:>{len(whole)},}/{whole}"


def _fitting(parts: list[Content], width: int) -> Content:
    """The parts with gaps between them, as many as fit into `width`; the first in any case."""
    gap = Content("   ")
    line = parts[0]
    for part in parts[1:]:
        if line.cell_length + gap.cell_length + part.cell_length > width:
            break
        line = line + gap + part
    return line
