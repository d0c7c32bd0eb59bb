"""The logit lens: what the model would say if it stopped after each layer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from textual.content import Content

from minigpt_tui.tui.inspect.inspecting import Asked, Watch, Work, notes_on
from minigpt_tui.tui.inspect.token_label import label_width, quoted, token_label
from minigpt_tui.tui.inspect.view import InspectView, clamp, first_shown
from minigpt_tui.tui.widgets.bars import block, percent

if TYPE_CHECKING:
    from minigpt_tui.analysis.lens import LogitLens

WIDEST_CELL = 9
GUTTER = 9
DETAIL_ROWS = 4
"""Room that the words about one cell take at least, below the grid."""


@dataclass(frozen=True, eq=False)
class Seen:
    """The lens on T tokens, and the text of every token that it names."""

    tokens: tuple[str, ...]
    lens: LogitLens
    texts: dict[int, str]
    notes: str


class LensView(InspectView):
    """Arrows choose a layer and a position."""

    title = "Logit lens"
    explanation = (
        "Read downwards: what the model would write next if it stopped after each layer. Columns "
        "are the tokens of the prompt; a cell is the most probable next token there, brighter and "
        "with a fuller sign when it is surer. The last row is what the model really says."
    )
    keys = "arrows: layer and position"

    def __init__(self) -> None:
        super().__init__()
        self._seen: Seen | None = None
        self.row = 0
        self.at = 0

    def work(self) -> Work:
        return _seen

    def has_answer(self) -> bool:
        return self._seen is not None

    def show(self, result: object) -> None:
        assert isinstance(result, Seen)
        if self._seen is None or self._seen.tokens != result.tokens:
            self.at = len(result.tokens) - 1
            self.row = len(result.lens.places) - 1
        self._seen = result
        self.row = clamp(self.row, len(result.lens.places))
        self.post_message(self.Noted(result.notes))

    def move(self, right: int, down: int) -> None:
        assert self._seen is not None
        self.at = clamp(self.at + right, len(self._seen.tokens))
        self.row = clamp(self.row + down, len(self._seen.lens.places))

    def lines(self, width: int, height: int) -> Sequence[Content]:
        assert self._seen is not None
        grid = self._grid(width, max(1, height - DETAIL_ROWS))
        return [*grid, Content(""), *self._details(width, height - len(grid) - 1)]

    def _grid(self, width: int, height: int) -> list[Content]:
        seen = self._seen
        assert seen is not None
        cell = 2 + label_width([*seen.texts.values(), *seen.tokens], WIDEST_CELL)
        columns = max(1, (width - GUTTER) // cell)
        left = first_shown(self.at, len(seen.tokens), columns)
        shown = range(left, min(len(seen.tokens), left + columns))
        heading = [
            token_label(seen.tokens[t], cell - 1).stylize(
                "bold reverse" if t == self.at else "bold"
            )
            for t in shown
        ]
        before = "◀ " if left else "  "
        lines = [
            Content.assemble(
                (f"{before}after".ljust(GUTTER), "$foreground 60%"),
                *(part for label in heading for part in (label, " ")),
            )
        ]
        rows = len(seen.lens.places)
        top = first_shown(self.row, rows, height - 1)
        for row in range(top, min(rows, top + height - 1)):
            chosen = row == self.row
            parts: list[Content | tuple[str, str]] = [
                (_name(row).ljust(GUTTER), "bold $accent" if chosen else "$foreground 60%")
            ]
            for t in shown:
                parts.append(self._cell(row, t, cell))
            lines.append(Content.assemble(*parts))
        return lines

    def _cell(self, row: int, t: int, width: int) -> Content:
        seen = self._seen
        assert seen is not None
        probability = float(seen.lens.probability[row, t])
        level = min(3, int(4 * probability))
        style = ("$foreground 50%", "$primary 70%", "$primary 85%", "$primary bold")[level]
        label = token_label(seen.texts[int(seen.lens.top[row, t])], width - 2)
        drawn = Content.assemble(label, "░▒▓█"[level]).stylize(style)
        if (row, t) == (self.row, self.at):
            drawn = drawn.stylize("reverse")
        return Content.assemble(drawn, " ")

    def _details(self, width: int, height: int) -> list[Content]:
        """The chosen column, layer by layer where there is room; else the chosen cell."""
        seen = self._seen
        assert seen is not None
        lens, t = seen.lens, self.at
        final = quoted(seen.texts[int(lens.top[-1, t])], 12)
        heading = Content.assemble(
            "After ", quoted(seen.tokens[t], 12), f", position {t}; in the end it says ", final
        ).stylize("bold")
        rows = len(lens.places)
        if height < rows + 2:
            return [heading, *self._sentence(final, width)]
        bar_width = max(4, min(30, width - GUTTER - 65))
        titles = f"{'':{GUTTER}}{'says':<14}{'probability':<{bar_width + 10}}"
        lines = [
            heading,
            Content.assemble(
                (titles, "$foreground 60%"),
                Content.assemble(("of ", ""), final).stylize("$foreground 60%"),
                (f"{'its rank':>{22 - final.cell_length}}   bits missing", "$foreground 60%"),
            ),
        ]
        for row in range(rows):
            probability = float(lens.probability[row, t])
            chosen = row == self.row
            lines.append(
                Content.assemble(
                    (_name(row).ljust(GUTTER), "bold $accent" if chosen else "$foreground 60%"),
                    token_label(seen.texts[int(lens.top[row, t])], 14),
                    f"{percent(probability):>8} ",
                    (block(probability, bar_width).ljust(bar_width), "$primary"),
                    f" {percent(float(lens.final_probability[row, t])):>8}"
                    f"{int(lens.final_rank[row, t]):>17,}{float(lens.kl[row, t]):>15.2f}",
                )
            )
        return [line.truncate(width) for line in lines]

    def _sentence(self, final: Content, width: int) -> list[Content]:
        seen = self._seen
        assert seen is not None
        lens, at = seen.lens, (self.row, self.at)
        first = Content.assemble(
            _name(self.row).strip().capitalize() + ": ",
            quoted(seen.texts[int(lens.top[at])], 12),
            f" {percent(float(lens.probability[at]))} is first; ",
            final,
            f" {percent(float(lens.final_probability[at]))}, rank {int(lens.final_rank[at]):,}; "
            f"{float(lens.kl[at]):.2f} bits missing",
        )
        return [first.truncate(width, ellipsis=True)]


def _name(row: int) -> str:
    return "embed" if row == 0 else f"layer {row - 1}"


def _seen(asked: Asked, watch: Watch) -> Iterator[Seen]:
    """In the thread."""
    from minigpt_tui.analysis.lens import logit_lens
    from minigpt_tui.analysis.window import context_window

    service = asked.model.service
    window = context_window(service, asked.prompt)
    found = logit_lens(service.model, window.ids)
    named = {int(i) for i in found.top.flatten()}
    texts = {i: service.tokenizer.token_text(i) for i in named}
    yield Seen(window.tokens, found, texts, notes_on(window))
