"""The top line: the panes to the left, the run in progress to the right, on every pane."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.content import Content
from textual.events import Click
from textual.widgets import Static

from minigpt_tui.runs.folder import RunFolder
from minigpt_tui.runs.status import Status, read_status
from minigpt_tui.tui.keys.key_names import key_words
from minigpt_tui.tui.keys.keymap import Keymap
from minigpt_tui.tui.runs.serving import Serving
from minigpt_tui.tui.session import TrainingSession
from minigpt_tui.tui.trainings.run_queue import RunQueue
from minigpt_tui.tui.widgets.numbers import duration
from minigpt_tui.tui.widgets.repaint import put

REFRESH_SECONDS = 1.0


class Header(Horizontal):
    """One line: tabs that a click opens, and name, step, loss and time left of the training."""

    SCOPED_CSS = False  # the rule for narrow screens begins at the screen
    DEFAULT_CSS = """
    Header {
        dock: top; height: 1; background: $panel;
        #brand { width: auto; padding: 0 1; color: $primary; text-style: bold; }
        #progress { width: 1fr; padding: 0 1; text-align: right; color: $foreground 80%; }
    }
    Header Tab {
        width: auto; padding: 0 1; color: $foreground 65%;
        &.-current { background: $background; color: $foreground; text-style: bold; }
        &:hover { color: $foreground; }
    }
    .-narrow Header #brand { display: none; }
    .-narrow Header Tab { padding: 0 0 0 1; }
    """

    def __init__(self, panes: tuple[str, ...], keymap: Keymap) -> None:
        super().__init__()
        self.keymap = keymap
        self.panes = panes
        self._shown = ""

    def compose(self) -> ComposeResult:
        yield Static("minigpt-tui", id="brand", markup=False)
        for name in self.panes:
            yield Tab(name, key_words(self.keymap.keys_of(f"app.{name}")))
        yield Static("", id="progress", markup=False)

    def on_mount(self) -> None:
        self.set_interval(REFRESH_SECONDS, self._pull)
        self._pull()

    def show_pane(self, name: str) -> None:
        for tab in self.query(Tab):
            tab.set_class(tab.pane_name == name, "-current")

    def _pull(self) -> None:
        session: TrainingSession = self.app.session  # type: ignore[attr-defined]
        shown: RunFolder | None = self.app.shown_run  # type: ignore[attr-defined]
        queued = "  ".join(
            filter(None, (queue_line(self.app.queue), served_line(self.app.serving)))  # type: ignore[attr-defined]
        )
        room = self.query_one("#progress").content_size.width - (len(queued) + 2 if queued else 0)
        text = "  ".join(filter(None, (progress_line(session, shown, room), queued)))
        if text != self._shown:
            self._shown = text
            put(self.query_one("#progress", Static), text, fixed=True)


class Tab(Static):
    """The name of a pane with its key; a click opens it."""

    def __init__(self, pane_name: str, key: str) -> None:
        super().__init__(Content.assemble((f"{key} ", "dim"), pane_name.capitalize()))
        self.pane_name = pane_name

    async def on_click(self, event: Click) -> None:
        event.stop()
        await self.app.run_action(f"app.pane('{self.pane_name}')")


def served_line(serving: Serving | None) -> str:
    """Where a model answers other programs; empty when none does."""
    if serving is None or not serving.running:
        return ""
    return f"⇄ :{serving.port}" if serving.port is not None else "⇄ …"


def queue_line(queue: RunQueue) -> str:
    """How many runs wait; empty when none does."""
    count = len(queue.waiting)
    return (f"‖{count} held" if queue.held else f"+{count} queued") if count else ""


def progress_line(session: TrainingSession, shown: RunFolder | None, width: int) -> str:
    """The training of this process in one line, or of the shown run in another process.

    Empty where nothing has been trained.
    """
    if shown is not None and not session.active:
        status = read_status(shown)
        if status.live:
            paused = status.state == "paused"
            return _where_it_stands(shown.name, status, paused, width, "elsewhere")
    job = session.job
    if job is None:
        return ""
    if job.phase == "preparing" or job.run is None:
        return f"⚠ {job.title}: not started" if job.error else f"◌ {job.title}: {job.message}…"
    if job.phase == "ended":
        if job.error:
            return f"⚠ {job.run.name}: failed"
        assert job.outcome is not None
        mark = {"completed": "✓", "stopped": "■"}.get(job.outcome.state, "⚠")
        return f"{mark} {job.run.name}: {job.outcome.state}"
    paused, status = job.control.paused or bool(job.refusal), read_status(job.run)
    if status.state == "unknown" and paused:
        return f"‖ {job.run.name}: waiting"  # its folder is gone; Train says what is missing
    return _where_it_stands(job.run.name, status, paused, width)


def _where_it_stands(name: str, status: Status, paused: bool, width: int, where: str = "") -> str:
    """As much as fits: step and loss before the name, which stands on the screen elsewhere too."""
    mark = "‖" if paused else "●"
    step = f"step {status.step:,}"
    of_all = f"{step}/{status.total_steps:,}"
    loss = "" if status.train_loss is None else f"loss {status.train_loss:.3f}"
    left = ""
    if status.eta_seconds is not None and not paused:
        left = f"{duration(status.eta_seconds)} left"
    choices = (
        (name, of_all, where, loss, left),
        (name, of_all, where, loss),
        (of_all, where, loss),
        (step, where, loss),
        (step, loss),
    )
    lines = (f"{mark} " + "  ".join(filter(None, parts)) for parts in choices)
    return next((line for line in lines if len(line) <= width), f"{mark} {step}")
