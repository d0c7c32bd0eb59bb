"""The queue of runs: see what waits, change the order, take one out, hold them all."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from minigpt_tui.tui.keys.key_prose import keymap_of, with_keys
from minigpt_tui.tui.keys.keymap import Keymap
from minigpt_tui.tui.trainings.run_queue import RunQueue, WaitingRun
from minigpt_tui.tui.widgets.dialog import Dialog

PULL_SECONDS = 0.5
_KEYS = "e earlier, l later, d takes it out, h holds all, s starts the first, esc closes"


class QueueDialog(Dialog[None]):
    """Shows the queue as it is, also when a run begins while somebody looks.

    `start` begins the first one; it is for the time when nothing trains.
    """

    DEFAULT_CSS = """
    QueueDialog > Vertical { max-height: 80%; }
    QueueDialog OptionList, QueueDialog OptionList:focus {
        height: auto; max-height: 14; border: none; padding: 0; background: $surface;
    }
    QueueDialog #queue-words { margin-bottom: 1; }
    QueueDialog #queue-keys { margin-top: 1; color: $foreground 60%; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,ctrl+n", "dismiss(None)", "Close", priority=True),
        Binding("e", "move(-1)", "Earlier"),
        Binding("l", "move(1)", "Later"),
        Binding("d,delete", "remove", "Take out"),
        Binding("h", "hold", "Hold"),
        Binding("s", "start", "Start"),
    ]

    def __init__(
        self, queue: RunQueue, training: Callable[[], bool], start: Callable[[], None]
    ) -> None:
        super().__init__()
        self.queue = queue
        self._training = training
        self._start = start
        self._shown: object = None

    def compose(self) -> ComposeResult:
        with Vertical() as box:
            box.border_title = "Runs that wait"
            yield Static(id="queue-words", markup=False)
            yield OptionList(markup=False)
            yield Static(_KEYS, id="queue-keys", markup=False)

    def on_mount(self) -> None:
        self._draw()
        self.query_one(OptionList).focus()
        self.set_interval(PULL_SECONDS, self._draw)

    def action_move(self, by: int) -> None:
        if (run := self._highlighted()) is not None:
            self.queue.move(run, by)
            self._draw(run)

    def action_remove(self) -> None:
        if (run := self._highlighted()) is not None:
            self.queue.remove(run)
            self._draw()

    def action_hold(self) -> None:
        self.queue.held = not self.queue.held
        self._draw()

    def action_start(self) -> None:
        if self.queue.waiting and not self._training():
            self.queue.held = False
            self._start()
            self._draw()

    def _highlighted(self) -> WaitingRun | None:
        at = self.query_one(OptionList).highlighted
        return self.queue.waiting[at] if at is not None and at < len(self.queue.waiting) else None

    def _draw(self, chosen: WaitingRun | None = None) -> None:
        queue, training = self.queue, self._training()
        state = tuple(queue.waiting), queue.held, training
        if state == self._shown and chosen is None:
            return
        self._shown = state
        options = self.query_one(OptionList)
        at = queue.waiting.index(chosen) if chosen in queue.waiting else options.highlighted or 0
        options.set_options(
            Option(Content(f"{number}  {run.title}")) for number, run in enumerate(queue.waiting, 1)
        )
        if queue.waiting:
            options.highlighted = min(at, len(queue.waiting) - 1)
        self.query_one("#queue-words", Static).update(_words(queue, training, keymap_of(self)))


def _words(queue: RunQueue, training: bool, keymap: Keymap) -> Content:
    if not queue.waiting:
        words = "Nothing waits. While a training runs, ‹train.start› queues the settings."
        return Content(with_keys(words, keymap))
    if queue.held:
        return Content.styled("‖ Held: none of them begins by itself. h lets them go on.", "bold")
    if training:
        return Content("The first begins when the training ends, is stopped, or fails.")
    return Content("Nothing trains: s starts the first.")
