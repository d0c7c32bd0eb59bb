"""The question when somebody leaves while a training runs, and the hand-over to the background."""

from __future__ import annotations

import textwrap
import time
from collections.abc import Callable
from pathlib import Path
from typing import ClassVar, Literal

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from minigpt_tui.jobs.detached import STARTING_SECONDS, can_detach
from minigpt_tui.runs.status import read_status
from minigpt_tui.text.safe import visible
from minigpt_tui.tui.keys.key_prose import keymap_of, with_keys
from minigpt_tui.tui.keys.keymap import Keymap
from minigpt_tui.tui.session import TrainingSession
from minigpt_tui.tui.trainings.hand_over import HandOver
from minigpt_tui.tui.widgets.dialog import Dialog
from minigpt_tui.tui.widgets.numbers import duration

Answer = Literal["stay", "stop", "leave", "resume"]
"""Stay; save, stop and leave; leave, for the training is handed over or over; train on here."""

PULL_SECONDS = 0.25
SIGNS = "◐◓◑◒"

_CHOICES = (
    (
        "stop",
        "s",
        "Save and stop",
        "Writes a checkpoint after the step in hand. ‹train.pause› goes on from exactly there.",
    ),
    (
        "background",
        "b",
        "Keep training in the background",
        "Goes on without this window, bit for bit the same. The next start shows it live and can "
        "take it back.",
    ),
    ("stay", "esc", "Stay here", ""),
)
_AFTER_A_FAILURE = (
    ("resume", "r", "Train on in this window", ""),
    ("leave", "q", "Leave", ""),
    ("stay", "esc", "Stay here", "The run is saved; ‹train.pause› goes on with it."),
)


class LeaveDialog(Dialog[Answer]):
    """Asks; and where the training is to go on in the background, shows how that comes about."""

    DEFAULT_CSS = Path(__file__).with_suffix(".tcss").read_text(encoding="utf-8")
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("s", "choose('stop')", "Save and stop"),
        Binding("b", "choose('background')", "Background"),
        Binding("r", "choose('resume')", "Train on here"),
        Binding("q", "choose('leave')", "Leave"),
        Binding("escape,c", "choose('stay')", "Stay"),
    ]

    def __init__(self, session: TrainingSession, begin: Callable[[], HandOver]) -> None:
        super().__init__()
        self._session = session
        self._begin_hand_over = begin
        self._hand_over: HandOver | None = None
        self._began = 0.0

    def compose(self) -> ComposeResult:
        with Vertical() as box:
            box.border_title = "A training is running"
            yield Static(_where_it_stands(self._session), id="standing", markup=False)
            yield Static("", id="progress", markup=False)
            yield OptionList(*_options(_CHOICES, keymap_of(self)))

    def on_mount(self) -> None:
        self.set_interval(PULL_SECONDS, self._pull)
        self.query_one(OptionList).focus()

    def action_choose(self, choice: str) -> None:
        """By letter; only what is offered now can be chosen."""
        choices = self.query_one(OptionList)
        if choice == "stay" and self._waiting:
            self._cancel()
        elif choices.display and any(option.id == choice for option in choices.options):
            self._choose(choice)

    @on(OptionList.OptionSelected)
    def _selected(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        assert event.option_id is not None
        self._choose(event.option_id)

    @property
    def _waiting(self) -> bool:
        return self._hand_over is not None and not self._hand_over.done.is_set()

    def _choose(self, choice: str) -> None:
        match choice:
            case "background" if self._session.active:
                self._begin()
            case "background" | "stop" if not self._session.active:
                self.dismiss("leave")  # it has ended while the question stood
            case "stay" | "stop" | "leave" | "resume":
                self.dismiss(choice)

    def _begin(self) -> None:
        self._hand_over = self._begin_hand_over()
        self._began = time.monotonic()
        self.add_class("-handing-over")
        self.query_one(OptionList).display = False
        self.query_one(Vertical).border_title = "To the background"
        self.query_one(Vertical).border_subtitle = "esc: train on here after all"
        self._pull()

    def _cancel(self) -> None:
        assert self._hand_over is not None
        self._hand_over.cancel()
        self.query_one(Vertical).border_subtitle = ""
        self._pull()

    def _pull(self) -> None:
        hand_over = self._hand_over
        self.query_one("#standing", Static).update(_where_it_stands(self._session))
        if hand_over is None:
            return
        if not hand_over.done.is_set():
            self._show_progress(hand_over)
        elif hand_over.error is not None:
            if not self.query_one(OptionList).display:
                self._show_failure(hand_over.error)
        elif hand_over.cancelled and hand_over.detached is None:
            self.dismiss("resume" if hand_over.job.done.is_set() else "stay")
        else:
            self.dismiss("leave")

    def _show_progress(self, hand_over: HandOver) -> None:
        seconds = time.monotonic() - self._began
        sign = SIGNS[int(seconds / PULL_SECONDS) % len(SIGNS)]
        doing = "Calling it off" if hand_over.cancelled else hand_over.doing
        self.query_one("#progress", Static).update(
            Content.assemble(
                (f"{sign} ", "$primary"),
                (f"{doing}…", "bold"),
                (f"  {duration(int(seconds))}\n\n", "dim"),
                (
                    "This window closes when the process in the background has given its first "
                    f"sign of life. Without one in {STARTING_SECONDS:.0f} s it stays open.",
                    "dim",
                ),
            )
        )

    def _show_failure(self, error: str) -> None:
        self.query_one(Vertical).border_title = "Not in the background"
        self.query_one(Vertical).border_subtitle = ""
        self.query_one("#progress", Static).update(
            Content.assemble(("Nothing trains in the background.\n", "bold $error"), visible(error))
        )
        choices = self.query_one(OptionList)
        choices.clear_options()
        choices.add_options(_options(_AFTER_A_FAILURE, keymap_of(self)))
        choices.highlighted = 0
        choices.display = True
        choices.focus()


def _options(choices: tuple[tuple[str, str, str, str], ...], keymap: Keymap) -> list[Option]:
    """Key and title in bold, below them what it means."""
    options = []
    for choice, key, title, meaning in choices:
        if choice == "background" and not can_detach():
            continue
        parts: list[Content] = [Content.assemble((f"{key:>3}  ", "$primary bold"), (title, "bold"))]
        said = with_keys(meaning, keymap)
        parts += [Content.styled(f"     {line}", "dim") for line in textwrap.wrap(said, 54)]
        options.append(Option(Content("\n").join(parts), id=choice))
    return options


def _where_it_stands(session: TrainingSession) -> Content:
    """`sample_corpus-1  step 340 of 2,000  12:30 left`."""
    job = session.job
    if job is None or job.run is None:
        return Content.styled("It is being prepared.", "dim")
    status = read_status(job.run)
    parts = [f"step {status.step:,} of {status.total_steps:,}"]
    if status.eta_seconds is not None and status.live:
        parts.append(f"{duration(status.eta_seconds)} left")
    if not status.live:
        parts.append(status.state)
    return Content.assemble((visible(job.run.name), "bold"), ("  " + "  ".join(parts), "dim"))
