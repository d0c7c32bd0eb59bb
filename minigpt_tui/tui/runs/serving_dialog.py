"""What is served to other programs: its address, what to try it with, and who asks."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.widgets import Static

from minigpt_tui.text.safe import visible
from minigpt_tui.tui.runs.serving import Serving
from minigpt_tui.tui.widgets.dialog import Dialog
from minigpt_tui.tui.widgets.repaint import put

PULL_SECONDS = 0.25


class ServingDialog(Dialog[None]):
    """Follows a server that goes on when the dialog is closed."""

    DEFAULT_CSS = """
    ServingDialog > Vertical { max-height: 90%; }
    ServingDialog #asked { height: auto; max-height: 10; margin-top: 1; }
    ServingDialog Static { height: auto; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,h", "dismiss(None)", "Close", priority=True),
        Binding("c", "copy_address", "Copy the address"),
        Binding("s", "stop_or_start", "Stop or start"),
    ]

    def __init__(self, serving: Serving) -> None:
        super().__init__()
        self.serving = serving

    def compose(self) -> ComposeResult:
        with Vertical() as box:
            box.border_title = Content(f"{visible(self.serving.run.name)} for other programs")
            yield Static("", id="served", markup=False)
            with VerticalScroll(id="asked"):
                yield Static("", id="requests", markup=False)

    def on_mount(self) -> None:
        self.query_one("#asked").focus()
        self.set_interval(PULL_SECONDS, self._draw)
        self._draw()

    def action_copy_address(self) -> None:
        if self.serving.address is not None:
            self.app.copy_to_clipboard(self.serving.address)

    def action_stop_or_start(self) -> None:
        if self.serving.running:
            self.serving.stop()
        else:
            self.serving.start()
        self._draw()

    def _draw(self) -> None:
        serving = self.serving
        put(self.query_one("#served", Static), Content("\n").join(_lines(serving)))
        asked = self.query_one("#asked", VerticalScroll)
        at_end = asked.scroll_offset.y >= asked.max_scroll_y
        put(self.query_one("#requests", Static), "\n".join(serving.requests))
        if at_end:
            asked.scroll_end(animate=False)
        ends = "s stops it" if serving.running else "s starts it again"
        keys = f"{ends}, c copies the address, esc closes" if serving.port else "esc closes"
        box = self.query_one(Vertical)
        if box.border_subtitle != keys:
            box.border_subtitle = keys


def _lines(serving: Serving) -> list[Content]:
    """How it stands, and what to try."""
    if not serving.running and serving.port is None:
        reasons = [Content(line) for line in serving.said] or [Content("It ended at once.")]
        return [Content.styled("⚠ It does not serve.", "bold $warning"), Content(""), *reasons]
    if not serving.running:
        count = f"{serving.answered:,} request" + "s" * (serving.answered != 1)
        return [Content.assemble(("■ Stopped", "bold"), f" after {count}.")]
    if serving.address is None:
        return [Content.styled("◌ Loading the model…", "bold")]
    lines = [Content.assemble(("● Serving on ", "bold $success"), (serving.address, "bold"))]
    if serving.took_another_port:
        taken = f"The usual port {serving.usual_port} is taken by another program."
        lines.append(Content.styled(taken, "$foreground 70%"))
    lines += [
        Content.styled("It speaks as OpenAI's completions do, and takes up a better", "dim"),
        Content.styled("checkpoint by itself. It ends with this window. To try it:", "dim"),
        Content(f"curl {serving.address}/completions \\"),
        Content('  -d \'{"prompt": "I eat", "max_tokens": 20}\''),
        Content(""),
        Content.styled(
            "Requests" if serving.answered else "Nobody has asked yet.", "$foreground 70%"
        ),
    ]
    return lines
