"""The dialog with every text that was written: the tree to walk, name, prune and export."""

from __future__ import annotations

import time
from pathlib import Path
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from minigpt_tui.text.safe import shown_token, visible
from minigpt_tui.text.text_tree import Segment, TextTree
from minigpt_tui.tui.keys.key_prose import keys_in
from minigpt_tui.tui.predict.composing import Composition
from minigpt_tui.tui.widgets.dialog import Dialog
from minigpt_tui.tui.widgets.line_dialog import LineDialog

EMPTY = "Nothing is written yet: ‹predict.generate› lets the model write on from the prompt."
KEYS = "enter goes there · n names · d prunes · u brings back · e exports"


class BranchesDialog(Dialog[int | None]):
    """Answers with the node to go to, or None. Names and prunes in the composition itself."""

    DEFAULT_CSS = """
    BranchesDialog > Vertical { width: 94%; max-width: 130; max-height: 90%; }
    BranchesDialog #line { color: $foreground 70%; padding: 0 1; height: auto; max-height: 4; }
    BranchesDialog OptionList, BranchesDialog OptionList:focus {
        height: auto; max-height: 100%; border: none; padding: 0; background: $surface;
        text-wrap: nowrap;
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,ctrl+b", "dismiss(None)", "Close"),
        Binding("n", "name", "Name"),
        Binding("d,delete", "prune", "Prune"),
        Binding("u,ctrl+z", "restore", "Bring back"),
        Binding("e", "export", "Export"),
    ]

    def __init__(self, composition: Composition, exports: Path) -> None:
        super().__init__()
        self.composition = composition
        self.exports = exports
        self.segments: list[Segment] = []
        self._pruned: list[tuple[TextTree, int]] = []

    def compose(self) -> ComposeResult:
        with Vertical() as box:
            box.border_title = "Branches"
            box.border_subtitle = KEYS
            yield OptionList(markup=False)
            yield Static("", id="line", markup=False)

    def on_mount(self) -> None:
        self._list(self.composition.place.head)
        self.query_one(OptionList).focus()

    def on_resize(self) -> None:
        self._list(self._selected())

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        self.dismiss(self.segments[event.option_index].last)

    def on_option_list_option_highlighted(self, event: OptionList.OptionHighlighted) -> None:
        segment = self.segments[event.option_index]
        whole = self.composition.tree.text(segment.last)
        shown = whole if len(whole) <= 300 else "…" + whole[-300:]
        self.query_one("#line", Static).update(Content(visible(shown.replace("\n", "⏎"))))

    def action_name(self) -> None:
        selected = self._selected()
        if selected is None:
            return
        tree = self.composition.tree

        def accept(name: str) -> None:
            tree.rename(selected, name.strip())

        def named(_: bool | None) -> None:
            self._list(selected)

        self.app.push_screen(
            LineDialog("Name of this branch", tree.nodes[selected].name, accept), named
        )

    def action_prune(self) -> None:
        options = self.query_one(OptionList)
        row = options.highlighted
        if row is None:
            return
        segment = self.segments[row]
        self._pruned.append((self.composition.tree.copy(), segment.last))
        self.composition.prune(segment.first)
        self._list(None)
        if self.segments:
            options.highlighted = max(0, min(row, len(self.segments) - 1))
        self._say("Pruned. u brings it back.")

    def action_restore(self) -> None:
        """Brings back what was pruned last, while the dialog is open."""
        if self._pruned:
            self.composition.tree, last = self._pruned.pop()
            self._list(last)

    def action_export(self) -> None:
        """Writes all texts beside each other, once for people and once for programs."""
        if not self.segments:
            return
        from minigpt_tui.runs.atomic import write_atomic

        tree = self.composition.tree
        stem = time.strftime("texts-%Y-%m-%d-%H%M%S")
        try:
            self.exports.mkdir(parents=True, exist_ok=True)
            for suffix, text in ((".txt", tree.to_text()), (".json", tree.to_json())):
                data = text.encode("utf-8", "surrogatepass")
                write_atomic(self.exports / f"{stem}{suffix}", data)
        except OSError as error:
            self._say(f"{self.exports} cannot be written: {error.strerror}.")
            return
        self._say(f"Written: {self.exports / stem}.txt and .json")

    def _selected(self) -> int | None:
        """The last node of the chosen segment."""
        row = self.query_one(OptionList).highlighted
        return None if row is None or row >= len(self.segments) else self.segments[row].last

    def _list(self, selected: int | None) -> None:
        """Fills the list anew, and keeps the choice."""
        composition, options = self.composition, self.query_one(OptionList)
        self.segments = composition.tree.segments()
        head = composition.place.head
        path = set(composition.tree.path(head)) if head in composition.tree.nodes else set()
        width = max(20, options.size.width or self.app.size.width - 12)
        options.clear_options()
        rows = [_row(segment, segment.first in path, width) for segment in self.segments]
        options.add_options([Option(row) for row in rows])
        lasts = [segment.last for segment in self.segments]
        within = next((s.last for s in self.segments if selected in (s.first, s.last)), None)
        if lasts:
            options.highlighted = lasts.index(within) if within in lasts else len(lasts) - 1
        else:
            self._say(keys_in(self, EMPTY))

    def _say(self, sentence: str) -> None:
        self.query_one("#line", Static).update(Content(visible(sentence)))


def _row(segment: Segment, on_path: bool, width: int) -> Content:
    """Where it hangs, its text, its name and length; the text that stands is marked."""
    indent = "  " * min(segment.depth, 12) + ("└ " if segment.depth else "")
    tokens = f"  {segment.tokens:,} tokens" if segment.tokens else "  prompt"
    name = f"  {visible(segment.name)}" if segment.name else ""
    room = width - len(indent) - Content(name + tokens).cell_length - 3
    text = segment.text[: 2 * width]
    label = Content(shown_token(text) or "(empty prompt)")
    return Content.assemble(
        ("● " if on_path else "  ", "$primary"),
        (indent, "$foreground 50%"),
        label.truncate(max(8, room), ellipsis=True, pad=True).stylize("bold" if on_path else ""),
        (name, "$accent"),
        (tokens, "$foreground 60%"),
    )
