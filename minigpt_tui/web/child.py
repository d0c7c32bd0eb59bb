"""The workbench as a process of its own, whose terminal is a page in a browser."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping

DRIVER = "minigpt_tui.web.driver:BrowserDriver"


def command(data_dir: str) -> list[str]:
    """The command line that opens the workbench on a data folder."""
    return [sys.executable, "-m", "minigpt_tui", "--data-dir", data_dir]


def in_browser(environment: Mapping[str, str] = os.environ) -> bool:
    """Whether this process was started to draw into a browser: through pipes, not a terminal."""
    return environment.get("TEXTUAL_DRIVER") == DRIVER
