"""The line that says which model answers; it reads the model, and again when there is a better."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass

from textual.content import Content
from textual.events import Click
from textual.message import Message
from textual.widgets import Static

from minigpt_tui.paths import DataFolder
from minigpt_tui.planning.advice import loss_stage
from minigpt_tui.runs.folder import RunFolder, list_runs
from minigpt_tui.text.safe import visible
from minigpt_tui.tui.predict.asked_model import AskedModel, Stamp, load_model, stamp_of
from minigpt_tui.tui.widgets.repaint import put

log = logging.getLogger(__name__)

LOADING = "Loading the model…"
REST = 20
"""A model is not read again before so many times as long as asking it took: others work too."""
SCAN_SECONDS = 2.0
"""How often the runs are searched, while none has a model."""


class ModelLine(Static):
    """Holds the model that is asked. A click asks for another."""

    DEFAULT_CSS = """
    ModelLine { height: 1; padding: 0 1; }
    ModelLine:hover { background: $panel; }
    """

    class Changed(Message):
        """There is another model, or none for another reason."""

    class Chosen(Message):
        """The line was clicked."""

    @dataclass
    class Read(Message):
        """From the thread: a model, or why there is none; without a run, none has a model."""

        number: int
        run: RunFolder | None
        stamp: Stamp | None
        model: AskedModel | None
        reason: str

    def __init__(self, data: DataFolder, **options: str) -> None:
        super().__init__("", markup=False, **options)  # type: ignore[arg-type]  # id and classes
        self.data = data
        self.model: AskedModel | None = None
        self.reason = LOADING
        """Why there is no model: it is being read, or a sentence; empty when no run has one."""
        self.run: RunFolder | None = None
        """The run whose model was read last, whether it could be or not."""
        self._stamp: Stamp | None = None
        self._number = 0
        self._reading = False
        self._rests_until = 0.0

    def read(self, run: RunFolder | None) -> None:
        """Reads a run's best model, or the newest that there is, in a thread."""
        if self.model is None or self.model.run != run:
            self.run = None
            self._change(None, LOADING)
        self._start(run)

    def follow(self, run: RunFolder | None) -> None:
        """Reads the model of `run`, or else of the run in hand, if it has another one now.

        To be called again and again: it costs a look at one file, and does nothing while a model
        is read or rests.
        """
        if self._reading:
            return
        rests = time.monotonic() < self._rests_until
        run = run or self.run
        if run is None:
            if not rests:
                self._start(None)
            return
        stamp = stamp_of(run)
        if stamp is not None and (run != self.run or (stamp != self._stamp and not rests)):
            self.read(run)

    def rest_after(self, seconds: float) -> None:
        """Leaves the processor to others, after the model took so long to answer."""
        self._rests_until = time.monotonic() + REST * seconds

    def on_resize(self) -> None:
        self._describe()

    def on_click(self, event: Click) -> None:
        event.stop()
        self.post_message(self.Chosen())

    def on_model_line_read(self, message: Read) -> None:
        message.stop()
        if message.number != self._number:
            return
        self._reading = False
        if message.run is None:
            self._rests_until = time.monotonic() + SCAN_SECONDS
        else:
            self.run, self._stamp = message.run, message.stamp
        self._change(message.model, message.reason)

    def _start(self, run: RunFolder | None) -> None:
        self._number += 1
        self._reading = True
        number = self._number
        self.run_worker(
            lambda: self.post_message(_read(number, run, self.data)),
            thread=True,
            group="read",
            exit_on_error=False,
        )

    def _change(self, model: AskedModel | None, reason: str) -> None:
        if (model, reason) != (self.model, self.reason):
            self.model, self.reason = model, reason
            self._describe()
            self.post_message(self.Changed())

    def _describe(self) -> None:
        if self.model is not None:
            put(self, described(self.model, self.size.width))
        else:
            name = "No model" if self.run is None else visible(self.run.name)
            put(self, Content.assemble((name, "bold $foreground 60%"), (" ▾", "$primary")))


def described(model: AskedModel, width: int) -> Content:
    """Run, epoch, loss with its meaning, vocabulary and level, in `width` cells."""
    name = Content(visible(model.run.name))
    for wording in ("full", "brief", "terse"):
        facts = _facts(model, wording)
        if name.cell_length + len(facts) <= width - 4:
            break
    name = name.truncate(max(8, width - len(facts) - 4), ellipsis=True)
    return Content.assemble(
        (name.plain, "bold"), (" ▾", "$primary"), "  ", (facts, "$foreground 75%")
    ).truncate(width, ellipsis=True)


def _facts(model: AskedModel, wording: str) -> str:
    epoch = model.metric("epoch")
    parts = [] if epoch is None else [f"epoch {epoch:g}"]
    parts.append(_loss(model, wording))
    size = f"{model.service.vocab_size:,}"
    if wording == "terse":
        parts.append(f"{size} tokens ({model.level})")
    else:
        parts.append(f"vocabulary {size} ({model.level})")
    return ("   " if wording == "full" else "  ").join(parts)


def _loss(model: AskedModel, wording: str) -> str:
    """The loss is measured a token, its meaning a character: where there is room, both are said."""
    loss, nats = model.metric("val_loss"), model.nats_per_char
    if loss is None:
        return "loss not measured"
    said = f"{'val' if wording == 'terse' else 'validation'} loss {loss:.3f}"
    if nats is None:
        return said
    stage = loss_stage(nats).rstrip(".")
    meaning = stage if wording == "full" else stage.split(":")[0].lower()
    if model.level == "char" or wording == "terse":
        return f"{said}: {meaning}"
    return f"{said}, {nats:.2f} a character: {meaning}"


def _read(number: int, run: RunFolder | None, data: DataFolder) -> ModelLine.Read:
    """In the thread."""
    stamp = None
    try:
        run = run or next((run for run in list_runs(data) if run.best.is_file()), None)
        if run is None:
            return ModelLine.Read(number, None, None, None, "")
        stamp = stamp_of(run)  # before the reading: a file replaced meanwhile is then another
        return ModelLine.Read(number, run, stamp, load_model(run), "")
    except ValueError as error:
        reason = str(error)
    except Exception as error:  # a bug must end the reading, not the app
        log.exception("The model could not be read")
        reason = f"{type(error).__name__}: {error}. The log has the details."
    return ModelLine.Read(number, run, stamp, None, reason)
