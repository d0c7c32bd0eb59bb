"""What is copied: the selection, what the focused part has to give, or what it shows.

No program can know whether a terminal took what it was sent for the clipboard (OSC 52). So the
text also goes into a file, and the notice names it.
"""

from __future__ import annotations

import textwrap
from typing import Protocol, runtime_checkable

from textual.app import App
from textual.screen import Screen
from textual.widget import Widget
from textual.widgets import Input, TextArea

from minigpt_tui.paths import DataFolder
from minigpt_tui.text.safe import visible
from minigpt_tui.tui.parts import part_of


@runtime_checkable
class Copyable(Protocol):
    """A widget that knows better than its cells what is worth copying."""

    def copy_text(self) -> str: ...


def text_to_copy(screen: Screen[object]) -> str:
    """The selection; else the text of the focused field or part; else what the part shows."""
    selected = screen.get_selected_text()
    if selected:
        return selected
    focused = screen.focused
    if isinstance(focused, Input):
        return focused.selected_text or focused.value
    if isinstance(focused, TextArea):
        return focused.selected_text or focused.text
    for widget in () if focused is None else focused.ancestors_with_self:
        if isinstance(widget, Copyable):
            return widget.copy_text()
    part = part_of(screen)
    return "" if part is None else shown_text(part)


def shown_text(part: Widget) -> str:
    """The characters of a part as they stand on the screen, without the blanks around them."""
    rows: dict[int, list[tuple[int, str]]] = {}
    for widget in part.walk_children(Widget, with_self=True):
        if widget.is_container:
            continue
        placed = part.screen.find_widget(widget)
        seen, content = placed.visible_region, widget.content_region
        seen = seen.intersection(content)
        if not seen.area:
            continue
        crop = seen.translate(-placed.region.offset)
        for y, strip in enumerate(widget.render_lines(crop), start=seen.y):
            rows.setdefault(y, []).append((seen.x, strip.text))
    lines = []
    for y in sorted(rows):
        line = ""
        for x, text in sorted(rows[y]):
            line = line.ljust(x - part.region.x) + text
        lines.append(line.rstrip())
    return textwrap.dedent("\n".join(lines)).strip("\n")


def copy(app: App[None], data: DataFolder, text: str) -> None:
    """Sends a text to the terminal's clipboard and keeps it in a file; says both."""
    from minigpt_tui.runs.atomic import write_atomic

    if not text.strip():
        app.notify("There is no text in this part.", title="Nothing copied", markup=False)
        return
    app.copy_to_clipboard(text)
    kept = data.root / "clipboard.txt"
    try:
        write_atomic(kept, text.encode())
        where = f"Where the terminal does not take it (OSC 52): {visible(str(kept))}"
    except OSError as error:
        where = f"It could not be written to {visible(str(kept))}: {error.strerror}."
    app.notify(where, title=f"Copied {len(text):,} characters", markup=False)
