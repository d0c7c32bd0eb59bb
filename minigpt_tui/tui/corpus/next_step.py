"""The line above the text: what the next key does with it, or why none does."""

from __future__ import annotations

from dataclasses import dataclass

from textual import on
from textual.content import Content
from textual.message import Message
from textual.widgets import Static

from minigpt_tui.paths import DataFolder
from minigpt_tui.runs.folder import RunFolder, list_runs
from minigpt_tui.text.safe import visible
from minigpt_tui.tui.keys.key_prose import keys_in


@dataclass(frozen=True)
class Standing:
    """What the line depends on."""

    opening: bool = False
    """Whether a path is being asked for."""
    training: bool = False
    failure: str = ""
    """Why the text cannot be trained on; empty: nothing speaks against it."""
    marked: int = 0
    """How many texts are marked, to be trained on together."""


class NextStep(Static):
    """Looks in a thread for the newest run, with which somebody may want to go on."""

    @dataclass
    class RunKnown(Message):
        way_on: str
        """How to go on with the newest run, in words; empty if there is none."""

    def __init__(self, data: DataFolder, id: str | None = None) -> None:
        super().__init__(id=id, markup=False)
        self.data = data
        self._way_on = ""
        self._standing: Standing | None = None

    def on_mount(self) -> None:
        self.run_worker(self._find_run, name="runs", thread=True, exit_on_error=False)

    def show(self, standing: Standing) -> None:
        """Draws the line, if something has changed."""
        if standing != self._standing:
            self._standing = standing
            self._draw()

    def _draw(self) -> None:
        if self._standing is None:
            return
        words, more = (keys_in(self, part) for part in _words(self._standing, self._way_on))
        style = "bold $error" if self._standing.failure else "bold $accent"
        self.update(Content.assemble((words, style), (more, "$foreground 70%")))

    @on(RunKnown)
    def _run_known(self, message: RunKnown) -> None:
        message.stop()
        self._way_on = message.way_on
        self._draw()

    def _find_run(self) -> None:
        newest = next(iter(list_runs(self.data)), None)
        self.post_message(self.RunKnown(_way_on(newest) if newest else ""))


def _words(standing: Standing, way_on: str) -> tuple[str, str]:
    if standing.opening:
        return "", ""
    if standing.training:
        return "● A training is running.", "  ‹app.train› shows it."
    if standing.failure:
        return "✗ This text cannot be trained on as it is.", ""
    if marked := standing.marked:
        several = "this text" if marked == 1 else f"these {marked} texts together"
        words = f"▶ Press ‹corpus.train_corpus› to train a GPT on {several}"
        return words, "\n  esc lets go of the marks"
    return "▶ Press ‹corpus.train_corpus› to train a GPT on this text", way_on


def _way_on(run: RunFolder) -> str:
    """What can be done with a run that was left."""
    from minigpt_tui.tui.runs.run_view import RunReader  # brings numpy: not before the first paint

    view = RunReader(run).pull()
    if view is not None and view.resumable:
        return f"\n  or ‹app.train›, then ‹train.pause› to go on with {visible(run.name)}"
    return f"\n  or ‹app.predict› to ask {visible(run.name)}" if run.best.exists() else ""
