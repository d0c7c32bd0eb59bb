"""How a training reads on the command line: a live bar on a terminal, plain lines in a pipe."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from typing import TextIO

from minigpt_tui.text.safe import visible
from minigpt_tui.training.events import (
    Diagnosed,
    EpochEnded,
    Evaluated,
    Event,
    Finished,
    Paused,
    PlanChanged,
    Preparing,
    Resumed,
    Sampled,
    Started,
    StepDone,
)

BAR_WIDTH = 24
CLEAR_LINE = "\r\x1b[2K"
REDRAW_SECONDS = 0.1


def printer(out: TextIO) -> Callable[[Event], None]:
    """The listener for `train`: live lines if `out` is a terminal, else lines for a log."""
    return (_LivePrinter(out) if out.isatty() else _PlainPrinter(out)).show


class _PlainPrinter:
    """A line for each thing worth knowing; nothing is ever overwritten."""

    def __init__(self, out: TextIO) -> None:
        self.out = out
        self.started: Started | None = None
        self.epoch = 0
        self.val_loss = 0.0

    def show(self, event: Event) -> None:
        match event:
            case Started():
                self.started = event
                self._lines(*_opening(event))
            case StepDone():
                self._step(event)
            case EpochEnded():
                lines = [f"Epoch {event.epoch} Summary:", f"  Train Loss: {event.train_loss:.4f}"]
                if event.val_loss is not None and event.perplexity is not None:
                    lines.append(f"  Val Loss: {event.val_loss:.4f}")
                    lines.append(f"  Perplexity: {event.perplexity:.2f}")
                lines.append(f"  Time: {event.seconds:.1f}s ({event.tokens_per_second:,.0f} tok/s)")
                if event.is_best:
                    measured = "train_loss" if event.val_loss is None else "val_loss"
                    lines.append(f"  ✓ Best model saved ({measured}: {self.val_loss:.4f})")
                self._lines(*lines)
            case Evaluated():
                self.val_loss = event.val_loss
                if self._is_within_epoch(event):
                    best = "  ✓ Best model saved" if event.is_best else ""
                    self._lines(f"  Step {event.step}, Val Loss: {event.val_loss:.4f}{best}")
            case PlanChanged():
                self.started = _with_plan(self.started, event)
                if event.kind == "rolled-back":
                    self.epoch = 0  # the epoch that it stands in now is announced again
                if event.kind != "replanned":
                    self._lines(f"Step {event.from_step}: {event.in_words}")
            case Paused() if event.reason:
                self._lines(f"Waiting at step {event.step}: {event.reason}")
            case Resumed():
                self._lines(f"Going on at step {event.step}.")
            case Diagnosed():
                self._lines(f"Note (step {event.step}): {event.message} {event.advice}")
            case Finished():
                self._lines(f"{event.state.capitalize()}: {event.message}")

    def _step(self, event: StepDone) -> None:
        assert self.started is not None
        per_epoch = self.started.steps_per_epoch
        if event.epoch != self.epoch:
            self.epoch = event.epoch
            self._lines(f"Epoch {event.epoch}/{self.started.epochs}")
        if event.batch % max(10, per_epoch // 10) == 0:
            self._lines(f"  Batch {event.batch}/{per_epoch}, Loss: {event.loss:.4f}")

    def _is_within_epoch(self, event: Evaluated) -> bool:
        """Whether no epoch's summary follows this evaluation."""
        assert self.started is not None
        ends = (0, self.started.total_steps)
        return event.step not in ends and event.step % self.started.steps_per_epoch != 0

    def _lines(self, *lines: str) -> None:
        for line in lines:
            print(line, file=self.out)
        self.out.flush()


class _LivePrinter:
    """A bar that moves in place, and one line for each epoch that is done."""

    def __init__(self, out: TextIO) -> None:
        self.out = out
        self.started: Started | None = None
        self.seconds_per_step = 0.0
        self.last_seconds = 0.0
        self.last_drawn = -1.0
        self.sample = ""

    def show(self, event: Event) -> None:
        match event:
            case Preparing():
                self._live(f"{event.message}…")
            case Started():
                self.started = event
                self._line(*_opening(event))
                self._line(_epoch_header())
            case StepDone():
                self._step(event)
            case Sampled():
                self.sample = event.prompt + event.text
            case EpochEnded():
                self._line(_epoch_row(event, self.started))
            case Evaluated() if not event.held_out and event.step == 0:
                self._line("No validation text: the loss shown is that of the training text.")
            case PlanChanged():
                self.started = _with_plan(self.started, event)
                if event.kind != "replanned":
                    self._line(f"Step {event.from_step:,}: {event.in_words}")
            case Paused() if event.reason:
                self._line(f"Waiting at step {event.step:,}: {event.reason}")
            case Diagnosed():
                self._line(f"! Step {event.step:,}: {event.message}", f"  {event.advice}")
            case Finished():
                if self.sample:
                    self._line("", "The model writes:", visible(self.sample, keep_newlines=True))
                self._line("", f"{event.state.capitalize()}: {event.message}")
                if self.started is not None:
                    self._line(f"Run folder: {visible(self.started.run_path)}")
            case Resumed():
                self._live("")

    def _step(self, event: StepDone) -> None:
        assert self.started is not None
        taken = event.seconds - self.last_seconds
        self.last_seconds = event.seconds
        known = self.seconds_per_step
        self.seconds_per_step = 0.9 * known + 0.1 * taken if known else taken
        if event.seconds - self.last_drawn < REDRAW_SECONDS:
            return
        self.last_drawn = event.seconds
        share = event.step / self.started.total_steps
        full = int(share * BAR_WIDTH)
        bar = "━" * full + "─" * (BAR_WIDTH - full)
        left = (self.started.total_steps - event.step) * self.seconds_per_step
        self._live(
            f"{bar} {share:4.0%}  epoch {event.epoch}/{self.started.epochs}  "
            f"loss {event.loss:.4f}  {event.n_targets / self.seconds_per_step:,.0f} tok/s  "
            f"ETA {_clock(left)}"
        )

    def _live(self, text: str) -> None:
        width = shutil.get_terminal_size().columns
        self.out.write(CLEAR_LINE + text[: width - 1])
        self.out.flush()

    def _line(self, *lines: str) -> None:
        self.out.write(CLEAR_LINE + "\n".join(lines) + "\n")
        self.out.flush()


def _with_plan(started: Started | None, change: PlanChanged) -> Started:
    assert started is not None
    total = change.total_steps
    return replace(started, total_steps=total, epochs=-(-total // started.steps_per_epoch))


def _opening(event: Started) -> list[str]:
    lines = [
        f"Run: {event.run_name}",
        f"Model: {event.parameters:,} parameters, vocabulary {event.vocab_size:,}, "
        f"on {event.device} in {event.precision} with {event.threads} threads",
        f"Steps: {event.total_steps:,} ({event.steps_per_epoch:,} an epoch)",
    ]
    if event.step:
        lines.append(f"Resumed after step {event.step:,}")
    return lines + [f"Note: {warning}" for warning in event.warnings]


def _epoch_header() -> str:
    return f"{'epoch':>9} {'train':>8} {'val':>8} {'ppl':>8} {'tok/s':>9} {'time':>7}"


def _epoch_row(event: EpochEnded, started: Started | None) -> str:
    assert started is not None
    epoch = f"{event.epoch}/{started.epochs}"
    val = f"{event.val_loss:8.4f}" if event.val_loss is not None else f"{'–':>8}"
    perplexity = f"{event.perplexity:8.2f}" if event.perplexity is not None else f"{'–':>8}"
    best = "  ✓ best model saved" if event.is_best else ""
    return (
        f"{epoch:>9} {event.train_loss:8.4f} {val} {perplexity} "
        f"{event.tokens_per_second:9,.0f} {_clock(event.seconds):>7}{best}"
    )


def _clock(seconds: float) -> str:
    whole = round(seconds)
    hours, minutes, rest = whole // 3600, whole % 3600 // 60, whole % 60
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"
