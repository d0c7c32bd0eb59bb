"""What every pane is: a container that knows the workbench and where the focus begins."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from textual.containers import Container

if TYPE_CHECKING:
    from minigpt_tui.runs.folder import RunFolder
    from minigpt_tui.tui.app import Workbench


class Pane(Container):
    """One of the panes. The pulling of live data stops by itself when the pane is unmounted."""

    DEFAULT_CSS = "Pane { width: 1fr; height: 1fr; }"

    @property
    def workbench(self) -> Workbench:
        from minigpt_tui.tui.app import Workbench

        return cast(Workbench, self.app)

    def focus_first(self) -> None:
        """Puts the focus where a newcomer's next key should act."""
        raise NotImplementedError

    def follow(self, run: RunFolder) -> None:
        """Another run is to be shown; for panes that show one."""
