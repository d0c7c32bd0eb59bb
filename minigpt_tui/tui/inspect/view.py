"""What every view of the Inspect pane is: a question for a thread, and a picture of the answer.

The newest question wins: an older one is told to stop, and its answer is thrown away.
"""

from __future__ import annotations

import logging
import textwrap
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.content import Content
from textual.message import Message
from textual.timer import Timer

from minigpt_tui.text.safe import visible
from minigpt_tui.tui.inspect.inspecting import Asked, Watch, Work
from minigpt_tui.tui.pane import while_there
from minigpt_tui.tui.widgets.drawn_rows import DrawnRows
from minigpt_tui.tui.widgets.repaint import entitle

log = logging.getLogger(__name__)

DEBOUNCE_SECONDS = 0.06


class InspectView(DrawnRows, can_focus=True):
    """A box that fills its size. Arrows move what a view has to be moved."""

    DEFAULT_CSS = "InspectView { height: 1fr; width: 1fr; }"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left", "move(-1, 0)", "Move", show=False),
        Binding("right", "move(1, 0)", "Move", show=False),
        Binding("up", "move(0, -1)", "Move", show=False),
        Binding("down", "move(0, 1)", "Move", show=False),
        Binding("home", "move(-1000000, 0)", "To the first", show=False),
        Binding("end", "move(1000000, 0)", "To the last", show=False),
        Binding("pageup", "move(0, -8)", "Up", show=False),
        Binding("pagedown", "move(0, 8)", "Down", show=False),
    ]

    title: ClassVar[str]
    explanation: ClassVar[str]
    """What one sees and how to read it, for somebody who has not heard of it."""
    keys: str = ""
    """What the arrows do here, for the lower border."""
    options: frozenset[str] = frozenset()
    """The names that `option` takes now, as in the actions."""
    uses_prompt: ClassVar[bool] = True
    uses_source: ClassVar[bool] = False

    @dataclass
    class Found(Message):
        """From the thread: an answer to question `number`, which may get better."""

        number: int
        result: object

    @dataclass
    class Said(Message):
        """From the thread: how far it is."""

        number: int
        sentence: str

    @dataclass
    class Failed(Message):
        """From the thread: why there is no answer."""

        number: int
        sentence: str

    @dataclass
    class Ended(Message):
        """From the thread: it is through with question `number`."""

        number: int

    @dataclass
    class Noted(Message):
        """What the model does not see of the prompt; empty when it sees all."""

        notes: str

    def __init__(self) -> None:
        super().__init__(id="view", classes="box")
        self.border_title = self.title
        self.trouble = ""
        """Why there is no picture, in a sentence."""
        self.progress = ""
        self.took = 0.0
        """Seconds from the last question to the end of its answer."""
        self._begun = 0.0
        self._asked: Asked | None = None
        self._number = 0
        self._thread_is_busy = False
        self._given_up = False
        self._timer: Timer | None = None

    # What a view defines

    def work(self) -> Work:
        """What a thread is to do for the options as they are now."""
        raise NotImplementedError

    def show(self, result: object) -> None:
        """Takes an answer; called in the screen's thread."""
        raise NotImplementedError

    def has_answer(self) -> bool:
        """Whether there is something to draw."""
        raise NotImplementedError

    def lines(self, width: int, height: int) -> Sequence[Content]:
        """The picture, in so many cells."""
        raise NotImplementedError

    def move(self, right: int, down: int) -> None:
        """An arrow was pressed."""

    def pull(self) -> None:
        """Called now and then: a view that follows a training looks whether there is news."""

    def option(self, name: str) -> None:
        """One of `options` was pressed."""

    # What the pane calls

    @property
    def busy(self) -> bool:
        """Whether a question is not answered completely yet."""
        return self._thread_is_busy or self._timer is not None

    def ask(self, asked: Asked) -> None:
        """Asks after a moment's wait, in which a newer question may take its place."""
        self._asked = asked
        self.ask_again()

    def ask_again(self) -> None:
        """The same question with other options."""
        if self._asked is not None and self._timer is None:
            self._timer = self.set_timer(DEBOUNCE_SECONDS, while_there(self, self._begin))

    def back(self) -> bool:
        """Gives up what is being computed, or goes back a step; False when there is none."""
        if not self.busy:
            return False
        self._number += 1
        self._given_up = True
        self._set_progress("stopped; another prompt or view begins again")
        return True

    def on_unmount(self) -> None:
        self._number += 1

    def rows_now(self) -> Sequence[Content]:
        width, height = self.content_size
        if self.trouble:
            wrapped = textwrap.wrap(f"⚠ {visible(self.trouble)}", max(width, 10))
            return [Content.styled(line, "$warning") for line in wrapped]
        if not self.has_answer():
            return [Content(self.progress or "…").stylize("$foreground 60%")]
        return list(self.lines(width, height))[:height]

    def action_move(self, right: int, down: int) -> None:
        if self.has_answer() and not self.trouble:
            self.move(right, down)
            self.redraw()

    # The thread

    def on_inspect_view_found(self, message: Found) -> None:
        message.stop()
        if message.number == self._number:
            self.trouble = ""
            self.show(message.result)
            self.redraw()

    def on_inspect_view_said(self, message: Said) -> None:
        message.stop()
        if message.number == self._number:
            self._set_progress(message.sentence)

    def on_inspect_view_failed(self, message: Failed) -> None:
        message.stop()
        if message.number == self._number:
            self.trouble = message.sentence
            self.redraw()

    def on_inspect_view_ended(self, message: Ended) -> None:
        message.stop()
        self._thread_is_busy = False
        if message.number == self._number:
            self.took = time.monotonic() - self._begun
            self._set_progress("")
        elif not self._given_up and self._timer is None and self.is_mounted:
            self._work()

    def show_keys(self) -> None:
        """Says in the lower border what is being done, or else what the arrows do."""
        entitle(self, subtitle=self.progress or self.keys)

    def _set_progress(self, sentence: str) -> None:
        self.progress = sentence
        self.show_keys()
        if not self.has_answer():
            self.redraw()

    def _begin(self) -> None:
        self._timer, self._given_up = None, False
        self._number += 1
        self._set_progress("computing…")
        if not self._thread_is_busy:
            self._work()

    def _work(self) -> None:
        asked, number, work = self._asked, self._number, self.work()
        self._begun = time.monotonic()
        assert asked is not None
        self._thread_is_busy = True
        self.run_worker(
            lambda: self._answer(asked, number, work),
            thread=True,
            group="inspect",
            exit_on_error=False,
        )

    def _answer(self, asked: Asked, number: int, work: Work) -> None:
        """In the thread."""
        from minigpt_tui.text.cancel import CancelledError

        def say(sentence: str) -> None:
            self.post_message(self.Said(number, sentence))

        watch = Watch(lambda: number != self._number, say)
        try:
            for result in work(asked, watch):
                self.post_message(self.Found(number, result))
                if watch.should_stop():
                    break
        except CancelledError:
            log.info("A view was given up")
        except ValueError as error:
            self.post_message(self.Failed(number, str(error)))
        except MemoryError:
            words = "This does not fit into the memory of this machine. Try a shorter prompt."
            self.post_message(self.Failed(number, words))
        except Exception as error:  # a bug must end the answer, not the app
            log.exception("A view could not be computed")
            words = f"{type(error).__name__}: {error}. The log has the details."
            self.post_message(self.Failed(number, words))
        finally:
            self.post_message(self.Ended(number))


def clamp(value: int, length: int) -> int:
    """The nearest index of a sequence of `length` ≥ 1."""
    return min(max(value, 0), length - 1)


def first_shown(cursor: int, length: int, room: int) -> int:
    """Where a window of `room` begins on `length` rows so that the cursor is well inside."""
    return min(max(0, cursor - room // 2), max(0, length - room))
