"""Asks for a file or folder of the disk: a field that completes names, and a tree below it."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from rich.text import Text, TextType
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.message import Message
from textual.suggester import Suggester
from textual.widgets import DirectoryTree, Input, Static
from textual.widgets.tree import TreeNode

from minigpt_tui.text.safe import visible

FOLLOW_SECONDS = 0.15
_COMPLETED_ENTRIES = 20_000


class PathOpener(Vertical):
    """Posts `Asked` when a path is to be opened and `Closed` when the question is withdrawn."""

    DEFAULT_CSS = """
    PathOpener {
        Input, Input:focus { border: none; padding: 0; height: 1; background: $panel; }
        #path-words { height: auto; max-height: 4; margin: 0 0 1 0; }
        DirectoryTree { height: 1fr; background: $background; scrollbar-size-vertical: 1; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "close", "Back"),
        Binding("down", "to_tree", show=False),
        Binding("o", "open_under_cursor", show=False),
    ]

    @dataclass
    class Asked(Message):
        typed: str

    class Closed(Message):
        pass

    def __init__(self, start: Path, id: str | None = None) -> None:
        super().__init__(id=id)
        self.start = start

    def compose(self) -> ComposeResult:
        yield PathInput(
            placeholder="path of a text file or folder",
            suggester=PathSuggester(),
            id="path",
            max_length=4096,
        )
        yield Static(id="path-words", markup=False)
        yield DiskTree(self.start, id="disk")

    def on_mount(self) -> None:
        self.show_hint()
        self.query_one("#path", Input).focus()

    def show_hint(self) -> None:
        words = (
            "Typing narrows the tree, tab completes, enter opens a file, or a folder's texts. "
            "↓ goes to the tree: enter unfolds, o opens a folder."
        )
        self.query_one("#path-words", Static).update(Content.styled(words, "$foreground 60%"))

    def show_fault(self, sentence: str) -> None:
        """Says what is wrong with the path, and leaves it to be mended."""
        self.query_one("#path-words", Static).update(Content.styled("⚠ " + sentence, "$error"))
        self.query_one("#path", Input).focus()

    def action_close(self) -> None:
        self.post_message(self.Closed())

    def action_to_tree(self) -> None:
        self.query_one("#disk", DiskTree).focus()

    @on(Input.Changed, "#path")
    def _typed(self, event: Input.Changed) -> None:
        event.stop()
        self.show_hint()
        if self.query_one("#path", Input).has_focus:
            self.run_worker(self._follow(event.value), group="follow", exclusive=True)

    async def _follow(self, typed: str) -> None:
        """Lets the tree show the folder that is being typed, and of it what the rest narrows to."""
        await asyncio.sleep(FOLLOW_SECONDS)
        folder = await asyncio.to_thread(typed_folder, typed)
        trees = self.query(DiskTree)
        if not trees:  # closed while the disk was read
            return
        tree = trees.first()
        if folder is None and os.sep in typed:
            return
        moved = folder is not None and folder != os.path.abspath(tree.path)
        narrowed = tree.narrow(os.path.basename(typed))
        if moved and folder is not None:
            tree.path = folder
        elif narrowed:
            tree.reload()

    @on(Input.Submitted, "#path")
    def _submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self.post_message(self.Asked(event.value))

    @on(DirectoryTree.FileSelected)
    def _file_selected(self, event: DirectoryTree.FileSelected) -> None:
        event.stop()
        self.post_message(self.Asked(str(event.path)))

    def action_open_under_cursor(self) -> None:
        """Opens what is under the tree's cursor, folders too (Enter only unfolds those)."""
        tree = self.query_one("#disk", DiskTree)
        path = tree.path_of(tree.cursor_node) if tree.cursor_node else None
        if tree.has_focus and path is not None:
            self.post_message(self.Asked(path))

    @on(DirectoryTree.NodeHighlighted)
    def _highlighted(self, event: DirectoryTree.NodeHighlighted[object]) -> None:
        """The path of what is under the tree's cursor stands in the field, ready for Enter."""
        event.stop()
        tree = self.query_one("#disk", DiskTree)
        path = tree.path_of(event.node)
        if tree.has_focus and path is not None and visible(path) == path:
            self.query_one("#path", Input).value = path


class PathInput(Input):
    """A text field in which Tab completes the path."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("tab", "complete", show=False)]

    def action_complete(self) -> None:
        """Takes the completion that stands behind the cursor; without one, moves the focus."""
        before = self.value
        self.action_end()
        self.action_cursor_right()
        if self.value == before:
            self.screen.focus_next()


class PathSuggester(Suggester):
    """Completes the last part of a path by what is on the disk; folders get a separator."""

    def __init__(self) -> None:
        super().__init__(use_cache=False, case_sensitive=True)

    async def get_suggestion(self, value: str) -> str | None:
        return await asyncio.to_thread(completed_path, value)


class DiskTree(DirectoryTree):
    """The disk without hidden files; names are made safe before they are drawn.

    Right in its folder only what has the words of `narrow` in its name is listed, if anything does.
    """

    ICON_NODE = "▸ "
    ICON_NODE_EXPANDED = "▾ "
    ICON_FILE = "  "

    def __init__(self, path: Path, id: str | None = None) -> None:
        super().__init__(path, id=id)
        self._wanted: list[str] = []

    def narrow(self, typed: str) -> bool:
        """Takes the words that names must have; whether they are others than before."""
        before, self._wanted = self._wanted, typed.casefold().split()
        return before != self._wanted

    def process_label(self, label: TextType) -> Text:
        return Text(visible(label if isinstance(label, str) else label.plain))

    def filter_paths(self, paths: Iterable[Path]) -> list[Path]:
        shown = [path for path in paths if not path.name.startswith(".")]
        folder = os.path.abspath(self.path)
        if not shown or os.path.abspath(shown[0].parent) != folder:
            return shown  # the inside of a folder that was unfolded
        found = [p for p in shown if all(word in p.name.casefold() for word in self._wanted)]
        return found or shown

    def path_of(self, node: TreeNode[Any]) -> str | None:
        """The path that a node of the tree stands for, as text."""
        path = getattr(node.data, "path", None)
        return None if path is None else os.path.abspath(path)


def typed_folder(typed: str) -> str | None:
    """The folder in which the last part of a typed path lies; None if there is no such folder."""
    head = os.path.dirname(typed)
    try:
        folder = os.path.abspath(Path(head).expanduser())
        return folder if head and os.path.isdir(folder) else None
    except (OSError, ValueError, RuntimeError):  # a NUL, no such user behind ~
        return None


def completed_path(typed: str) -> str | None:
    """The first entry of the disk, by name, that what was typed begins; None if there is none.

    Names that a terminal could not show as they are, and hidden ones not asked for, are left out.
    """
    head, begun = os.path.split(typed)
    if not begun:
        return None
    names: list[str] = []
    try:
        with os.scandir(Path(head or ".").expanduser()) as entries:
            for _, entry in zip(range(_COMPLETED_ENTRIES), entries, strict=False):
                name = entry.name + (os.sep if entry.is_dir() else "")
                hidden = name.startswith(".") and not begun.startswith(".")
                if name.startswith(begun) and not hidden and visible(name) == name:
                    names.append(name)
    except (OSError, ValueError, RuntimeError):  # no such folder, a NUL, no such user: no help
        return None
    return os.path.join(head, min(names)) if names else None
