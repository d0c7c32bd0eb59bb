"""Texts that change while one looks at them, painted again only where they have changed.

A Static that is updated has the whole screen laid out anew, and a title has its whole box painted,
with all that is in it, whether anything has changed or not. A screen that pulls four times a
second would spend most of its time on that, and a key would wait for it.
"""

from __future__ import annotations

from textual.content import Content
from textual.widget import Widget
from textual.widgets import Static


def put(place: Static, text: Content | str, *, fixed: bool = False) -> None:
    """Shows a text in a Static; one of `fixed` size needs no new layout. A str is no markup."""
    content = text if isinstance(text, Content) else Content(text)
    before = place.content
    if isinstance(before, Content) and before.is_same(content):
        return
    place.update(content, layout=not fixed)


def entitle(
    box: Widget, title: Content | str | None = None, subtitle: Content | str | None = None
) -> None:
    """Sets what stands in the upper and in the lower border; None leaves it as it is."""
    if title is not None and box.border_title != _markup(title):
        box.border_title = Content(title) if isinstance(title, str) else title
    if subtitle is not None and box.border_subtitle != _markup(subtitle):
        box.border_subtitle = Content(subtitle) if isinstance(subtitle, str) else subtitle


def _markup(text: Content | str) -> str:
    return (Content(text) if isinstance(text, str) else text).markup
