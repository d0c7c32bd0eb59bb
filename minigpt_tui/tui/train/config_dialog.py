"""The form's settings for elsewhere: the equivalent command, and a YAML file to save or load."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.widgets import Button, Static

from minigpt_tui.config import RunConfig
from minigpt_tui.config_files import dump_yaml, load_yaml
from minigpt_tui.runs.atomic import write_atomic
from minigpt_tui.text.safe import visible
from minigpt_tui.tui.widgets.dialog import Dialog
from minigpt_tui.tui.widgets.path_opener import PathInput, PathSuggester


class ConfigDialog(Dialog[bool]):
    """`load` takes the configuration of a file that was read; the dialog closes then."""

    DEFAULT_CSS = """
    ConfigDialog #command-box { height: auto; max-height: 8; background: $background;
                                padding: 0 1; }
    ConfigDialog .label { color: $primary; text-style: bold; }
    ConfigDialog #said { height: auto; min-height: 1; max-height: 4; }
    ConfigDialog Horizontal { height: 1; margin-top: 1; align-horizontal: right; }
    ConfigDialog Button { margin-left: 1; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss(False)", "Close", priority=True),
        Binding("ctrl+k", "copy", "Copy the command", priority=True),
        Binding("ctrl+s", "save", "Save", priority=True),
        Binding("ctrl+r", "load", "Load", priority=True),
    ]

    def __init__(
        self, config: RunConfig, command: str, path: Path, load: Callable[[RunConfig], None]
    ) -> None:
        super().__init__()
        self.command = command
        self._config = config
        self._path = path
        self._load = load
        self._replaced: Path | None = None
        """The file that a second press replaces."""

    def compose(self) -> ComposeResult:
        with Vertical() as box:
            box.border_title = "These settings elsewhere"
            box.border_subtitle = "esc closes"
            yield Static("The same training by command", classes="label", markup=False)
            with VerticalScroll(id="command-box", can_focus=False):
                yield Static(Content(visible(self.command)), id="command")
            yield Static("A file of settings (YAML)", classes="label", markup=False)
            yield PathInput(
                str(self._path), suggester=PathSuggester(), compact=True, max_length=4096
            )
            yield Static("", id="said", markup=False)
            with Horizontal():
                yield Button("Copy command ^k", id="copy", compact=True)
                yield Button("Save ^s", id="save", compact=True)
                yield Button("Load ^r", id="load", compact=True)

    def on_mount(self) -> None:
        field = self.query_one(PathInput)
        field.focus()
        self.action_copy()

    def action_copy(self) -> None:
        self.app.copy_to_clipboard(self.command)
        self._say(
            "The command was sent to the clipboard. If your terminal does not take it, "
            "select it with the mouse."
        )

    def action_save(self) -> None:
        path = self._typed()
        if path.exists() and path != self._replaced:
            self._replaced = path
            self._say(f"{path.name} exists. ^s again replaces it.", "warning")
            return
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            write_atomic(path, dump_yaml(self._config).encode())
        except OSError as error:
            self._say(f"Cannot write {path}: {error.strerror}.", "error")
        else:
            self._replaced = path
            self._say(f"Saved. minigpt-tui train --config {path} trains with it.")

    def action_load(self) -> None:
        try:
            config = load_yaml(self._typed())
        except ValueError as error:
            self._say(str(error), "error")
        else:
            self._load(config)
            self.dismiss(True)

    @on(Button.Pressed)
    async def _pressed(self, event: Button.Pressed) -> None:
        event.stop()
        await self.run_action(str(event.button.id))

    def _typed(self) -> Path:
        try:
            return Path(self.query_one(PathInput).value.strip()).expanduser()
        except RuntimeError:  # no such user behind ~
            return Path(self.query_one(PathInput).value.strip())

    def _say(self, sentence: str, style: str = "") -> None:
        said = self.query_one("#said", Static)
        said.update(Content.styled(visible(sentence), f"${style}" if style else "$foreground 70%"))
