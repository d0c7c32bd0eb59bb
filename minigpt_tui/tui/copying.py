"""What is copied: the selection, else the field or the part that has the focus.

No program can know whether a terminal took what it was sent for the clipboard (OSC 52). So the
text also goes into a file, and the notice names it.
"""

from __future__ import annotations

import textwrap

from textual.app import App
from textual.screen import Screen
from textual.widget import Widget
from textual.widgets import Input, TextArea

from minigpt_tui.paths import DataFolder
from minigpt_tui.text.safe import visible
from minigpt_tui.tui.parts import part_of


def text_to_copy(screen: Screen[object]) -> str:
    """The selection; else the text of the focused field, or of the part with the focus."""
    selected = screen.get_selected_text()
    if selected:
        return selected
    focused = screen.focused
    if isinstance(focused, Input):
        return focused.selected_text or focused.value
    if isinstance(focused, TextArea):
        return focused.selected_text or focused.text
    part = part_of(screen)
    return "" if part is None else text_of_part(part)


def text_of_part(part: Widget) -> str:
    """The characters of a part, line by line, also those that are scrolled out of sight.

    Of a list that draws only what is seen, it is what is seen.
    """
    rows: dict[int, list[tuple[int, str]]] = {}
    for widget in part.walk_children(Widget, with_self=True):
        place = widget.content_region
        if widget.is_container or not place.area:
            continue
        crop = place.translate(-widget.region.offset)
        for y, strip in enumerate(widget.render_lines(crop), start=place.y):
            rows.setdefault(y, []).append((place.x, strip.text))
    lines = []
    for y in sorted(rows):
        line = ""
        for x, text in sorted(rows[y]):
            line = line.ljust(x - part.region.x) + text
        lines.append(line.rstrip())
    return textwrap.dedent("\n".join(lines)).strip("\n")


def keep_copy(app: App[None], data: DataFolder, text: str) -> None:
    """Keeps what was sent to the clipboard in a file as well, and says where."""
    from minigpt_tui.runs.atomic import write_atomic

    kept = data.root / "clipboard.txt"
    try:
        write_atomic(kept, text.encode())
        where = f"Where the terminal does not take it (OSC 52): {visible(str(kept))}"
    except OSError as error:
        where = f"It could not be written to {visible(str(kept))}: {error.strerror}."
    app.notify(where, title=f"Copied {len(text):,} characters", markup=False)
