"""A widget that is drawn as a whole, in strips, and asks the screen for the rows that changed."""

from __future__ import annotations

from rich.style import Style
from textual.app import RenderResult
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

from minigpt_tui.tui.plot.cells import Cells, Role, StripCache, strips


class PlotCanvas(Widget):
    """What it draws is up to the plot; the styles are its component classes `loss-plot--ROLE`."""

    _strips: list[Strip] | None = None
    _cache: StripCache | None = None

    def drawn(self, width: int, height: int) -> list[Strip]:
        """The picture in so many cells, of which there is at least one."""
        raise NotImplementedError

    def redraw(self) -> None:
        """Draw now, and ask for the rows that changed; or leave it to the next `render_line`."""
        if self._strips is None or not self.size:
            self._strips = None
            self.refresh()
            return
        before, self._strips = self._strips, self._draw()
        if len(before) != len(self._strips):
            self.refresh()
            return
        changed = [
            y for y, (a, b) in enumerate(zip(before, self._strips, strict=True)) if a is not b
        ]
        if changed:
            width = self.size.width
            self.refresh(*(Region(0, y, width, 1) for y in changed))

    def coloured(self, cells: Cells) -> list[Strip]:
        """Cells in the styles of their roles."""
        if self._cache is None:
            plain = [self.get_component_rich_style(f"loss-plot--{r.name.lower()}") for r in Role]
            cursor = self.get_component_rich_style("loss-plot--cursor")
            lit = [style + Style(bgcolor=cursor.bgcolor) for style in plain]
            self._cache = StripCache(plain, lit)
        return self._cache.strips(cells)

    def sentence(self, text: str, width: int, height: int) -> list[Strip]:
        """A sentence in the middle; where it does not fit, what stands before its first period."""
        style = self.get_component_rich_style("loss-plot--empty")
        cells = Cells.blank(width, height)
        text = text if len(text) <= width else text.split(". ")[0].rstrip(".")
        text = text[:width]
        cells.write((width - len(text)) // 2, (height - 1) // 2, text, Role.LABEL)
        return strips(cells, [style] * len(Role), [style] * len(Role))

    def render(self) -> RenderResult:
        return ""  # the lines come from render_line

    def render_line(self, y: int) -> Strip:
        if self._strips is None:
            self._strips = self._draw()
        return self._strips[y] if y < len(self._strips) else Strip.blank(self.size.width)

    def on_resize(self) -> None:
        self._strips = None

    def notify_style_update(self) -> None:
        self._strips = self._cache = None
        super().notify_style_update()

    def _draw(self) -> list[Strip]:
        width, height = self.size
        return self.drawn(width, height) if width and height else []
