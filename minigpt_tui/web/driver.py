"""Textual's driver for a browser, which begins with the page in front."""

from __future__ import annotations

from textual import events
from textual.drivers.web_driver import WebDriver


class BrowserDriver(WebDriver):
    """Takes the page for the one that somebody looks at: it was opened a moment ago.

    Textual takes it for one that lies behind, so that no widget has the focus and the footer lacks
    the pane's keys. The page says once that it is in front, and may say so before Textual assumes
    the contrary.
    """

    def start_application_mode(self) -> None:
        super().start_application_mode()
        self._app.call_later(self._app.post_message, events.AppFocus())
