"""The list of texts with a filter above it; what is highlighted is what is chosen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from rich.cells import cell_len, set_cell_size
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.events import Key, Resize
from textual.message import Message
from textual.widgets import Input, OptionList
from textual.widgets.option_list import Option

from minigpt_tui.text.safe import visible
from minigpt_tui.tui.corpus.text_choices import OWN, SHELVES, TextChoice, together
from minigpt_tui.tui.pane import focus_now
from minigpt_tui.tui.widgets.numbers import size


class TextOption(Option):
    """A line of the list that stands for a text."""

    def __init__(self, prompt: Content, choice: TextChoice) -> None:
        super().__init__(prompt)
        self.choice = choice


class TextList(Vertical):
    """Posts `Chosen` when another text is highlighted, `Entered` when Enter is pressed on it."""

    DEFAULT_CSS = """
    TextList {
        Input, Input:focus { height: 1; border: none; padding: 0; background: $panel; }
        OptionList, OptionList:focus {
            height: 1fr; border: none; padding: 0; background: $background;
            background-tint: $foreground 0%; scrollbar-size-vertical: 1;
            &> .option-list--option-disabled { color: $secondary; }
        }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "clear_filter", show=False)]

    @dataclass
    class Chosen(Message):
        choice: TextChoice

    class Marked(Message):
        """Other texts are marked, to be taken together."""

    @dataclass
    class Entered(Message):
        choice: TextChoice

    def __init__(self, id: str | None = None) -> None:
        super().__init__(id=id)
        self.chosen: TextChoice | None = None
        self.marked: list[TextChoice] = []
        """In the order in which they were marked."""
        self._choices: Sequence[TextChoice] = ()

    def compose(self) -> ComposeResult:
        yield Input(placeholder="/ to filter", id="filter", max_length=200)
        yield OptionList(id="texts", markup=False)

    def show_choices(
        self,
        choices: Sequence[TextChoice],
        chosen: TextChoice,
        marked: Sequence[TextChoice] = (),
    ) -> None:
        """Replaces the list and highlights `chosen`; it and the marked ones are listed in any
        case."""
        unlisted = [choice for choice in (chosen, *marked) if choice not in choices]
        self._choices = (*choices, *dict.fromkeys(unlisted))
        self.chosen, self.marked = chosen, list(marked)
        self._fill()

    def toggle_mark(self) -> None:
        """Marks the highlighted text, or lets go of it, and goes on to the next one."""
        if self.chosen is None:
            return
        if self.chosen in self.marked:
            self.marked.remove(self.chosen)
        else:
            self.marked.append(self.chosen)
        self._redraw([self.chosen])
        self.post_message(self.Marked())

    @property
    def taken(self) -> TextChoice:
        """What is trained on: the marked texts together, or the one that is highlighted."""
        if self.marked:
            return self.marked[0] if len(self.marked) == 1 else together(self.marked)
        assert self.chosen is not None
        return self.chosen

    @property
    def listed(self) -> list[TextChoice]:
        """Everything to choose from, whatever the filter lets through."""
        return [c for shelf in SHELVES for c in self._choices if c.shelf == shelf]

    def focus_list(self) -> None:
        focus_now(self.query_one("#texts", OptionList))

    def focus_filter(self) -> None:
        self.query_one("#filter", Input).focus()

    def clear_filter(self) -> None:
        self.query_one("#filter", Input).value = ""

    def action_clear_filter(self) -> None:
        """Takes back what was typed; where nothing was, the marks."""
        if not self.query_one("#filter", Input).value and self.marked:
            marked, self.marked = self.marked, []
            self._redraw(marked)
            self.post_message(self.Marked())
        self.clear_filter()
        self.focus_list()

    def on_resize(self, event: Resize) -> None:
        self._fill()

    def on_key(self, event: Key) -> None:
        """Arrows in the filter move in the list."""
        moves = {"down": "cursor_down", "up": "cursor_up", "pagedown": "page_down"}
        moves["pageup"] = "page_up"
        if event.key in moves and self.query_one("#filter", Input).has_focus:
            event.stop()
            event.prevent_default()
            getattr(self.query_one("#texts", OptionList), f"action_{moves[event.key]}")()

    @on(Input.Changed, "#filter")
    def _filter_typed(self, event: Input.Changed) -> None:
        event.stop()
        self._fill()

    @on(Input.Submitted, "#filter")
    def _filter_done(self, event: Input.Submitted) -> None:
        event.stop()
        self.focus_list()

    @on(OptionList.OptionHighlighted)
    def _highlighted(self, event: OptionList.OptionHighlighted) -> None:
        event.stop()
        options, option = event.option_list, event.option
        stale = options.highlighted_option is not option  # the list was filled anew meanwhile
        if stale or not isinstance(option, TextOption) or option.choice == self.chosen:
            return
        before, self.chosen = self.chosen, option.choice
        self._redraw([before, self.chosen])
        self.post_message(self.Chosen(option.choice))

    @on(OptionList.OptionSelected)
    def _selected(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        if isinstance(event.option, TextOption):
            self.post_message(self.Entered(event.option.choice))

    def _redraw(self, choices: Sequence[TextChoice | None]) -> None:
        options = self.query_one("#texts", OptionList)
        for index, shown in enumerate(options.options):
            if isinstance(shown, TextOption) and shown.choice in choices:
                options.replace_option_prompt_at_index(index, self._prompt(shown.choice))

    def _fill(self) -> None:
        """Draws the choices that the filter lets through, under the headings of their shelves."""
        wanted = self.query_one("#filter", Input).value.casefold().split()
        lines: list[Option] = []
        places: dict[TextChoice, int] = {}
        for shelf in SHELVES:
            found = [c for c in self._choices if c.shelf == shelf and _matches(c, wanted)]
            if not found and (wanted or shelf != OWN):
                continue
            lines.append(Option(Content(shelf), disabled=True))
            if not found:
                lines.append(Option(Content("  none yet"), disabled=True))
            for choice in found:
                places[choice] = len(lines)
                lines.append(TextOption(self._prompt(choice), choice))
        options = self.query_one("#texts", OptionList)
        options.set_options(lines or [Option(Content("Nothing matches."), disabled=True)])
        if places:
            first = next(iter(places.values()))
            options.highlighted = first if self.chosen is None else places.get(self.chosen, first)

    def _prompt(self, choice: TextChoice) -> Content:
        """`▸ name      19.9 kB`, cut to the width of the list; ◆ for a marked one."""
        width = max(12, self.query_one("#texts", OptionList).scrollable_content_region.width)
        amount = "" if choice.bytes is None else size(choice.bytes)
        room = width - 2 - (len(amount) + 1 if amount else 0)
        name = visible(choice.label)
        if cell_len(name) > room:
            name = set_cell_size(name, room - 1).rstrip() + "…"
        chosen = choice == self.chosen
        gap = " " * (width - 2 - cell_len(name) - len(amount))
        sign = ("◆ ", "bold $accent") if choice in self.marked else "▸ " if chosen else "  "
        return Content.assemble(sign, name, gap, (amount, "" if chosen else "$foreground 60%"))


def _matches(choice: TextChoice, wanted: Sequence[str]) -> bool:
    searched = " ".join((choice.label, *choice.names)).casefold()
    return all(word in searched for word in wanted)
