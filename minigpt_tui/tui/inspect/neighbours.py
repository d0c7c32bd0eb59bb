"""Embeddings: which tokens the model holds to be alike, and which positions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from textual.content import Content

from minigpt_tui.tui.inspect.heat import Floats, heat_row, pooled
from minigpt_tui.tui.inspect.inspecting import Asked, Watch, Work, notes_on
from minigpt_tui.tui.inspect.signed_bars import signed_bars
from minigpt_tui.tui.inspect.token_label import label_width, quoted, token_label
from minigpt_tui.tui.inspect.view import InspectView, clamp

NEIGHBOURS = 40
SIDE_BY_SIDE = 100
"""Cells from which on the positions stand beside the neighbours."""


@dataclass(frozen=True, eq=False)
class Alike:
    """The prompt's tokens, the neighbours of one of them, and the positions' cosines [P, P]."""

    tokens: tuple[str, ...]
    at: int
    texts: tuple[str, ...]
    cosines: tuple[float, ...]
    positions: Floats | None
    no_positions: str
    notes: str


class NeighboursView(InspectView):
    """Left and right choose a token; up and down go between tokens and positions."""

    title = "Embeddings"
    explanation = (
        "A token is a list of numbers to the model. Tokens whose lists point the same way are used "
        "alike: 1 is the same direction, 0 unrelated, −1 opposite. Train longer and vowels, digits "
        "or verbs find together. Positions have lists too: neighbouring positions should be alike, "
        "which shows as a solid diagonal."
    )
    keys = "←→ token of the prompt · ↑↓ tokens, positions"

    def __init__(self) -> None:
        super().__init__()
        self._alike: Alike | None = None
        self.from_end = 0
        self.shows_positions = False  # instead of the neighbours, where one of them has room

    def work(self) -> Work:
        from_end = self.from_end
        return lambda asked, watch: _alike(asked, watch, from_end)

    def has_answer(self) -> bool:
        return self._alike is not None

    def show(self, result: object) -> None:
        assert isinstance(result, Alike)
        self._alike = result
        self.post_message(self.Noted(result.notes))

    def move(self, right: int, down: int) -> None:
        assert self._alike is not None
        if down:
            self.shows_positions = down > 0
            return
        self.from_end = clamp(self.from_end - right, len(self._alike.tokens))
        self.ask_again()

    def lines(self, width: int, height: int) -> Sequence[Content]:
        alike = self._alike
        assert alike is not None
        beside = width >= SIDE_BY_SIDE
        left_width = width // 2 - 2 if beside else width
        heading = Content.assemble(
            "Most like ", quoted(alike.tokens[alike.at]), f", token {alike.at} of the prompt"
        ).stylize("bold")
        rows = height - 1 if beside else max(3, height - 2)
        left = [heading, *self._bars(left_width, rows)]
        if not beside:
            if self.shows_positions:
                return self._positions(width, height)
            remark = Content("↓ shows which positions are alike").stylize("$foreground 60%")
            return [*left, remark]
        right = self._positions(width - left_width - 2, height)
        lines = []
        for row in range(height):
            own = left[row] if row < len(left) else Content("")
            blank = " " * max(0, left_width - own.cell_length)
            lines.append(Content.assemble(own, blank, "  ", right[row] if row < len(right) else ""))
        return lines

    def _bars(self, width: int, rows: int) -> list[Content]:
        alike = self._alike
        assert alike is not None
        labels = label_width(alike.texts, 14)
        shown = min(rows, len(alike.texts))
        bars = signed_bars([""] * shown, alike.cosines[:shown], width - labels, digits=3)
        return [
            Content.assemble(token_label(text, labels).stylize("bold"), bar)
            for text, bar in zip(alike.texts, bars, strict=False)
        ]

    def _positions(self, width: int, height: int) -> list[Content]:
        alike = self._alike
        assert alike is not None
        heading = Content("Positions that are alike").stylize("bold")
        if alike.positions is None:
            words = Content(alike.no_positions).stylize("$foreground 60%")
            return [heading, *words.wrap(width)]
        side = max(2, min(height - 3, width // 2))
        small = pooled(np.clip(alike.positions, 0, 1), side, side)
        cell = 2 if 2 * small.shape[1] <= width else 1
        last = len(alike.positions) - 1
        axis = f"0{'position':^{max(8, cell * small.shape[1] - 2 - len(str(last)))}}{last}"
        return [
            heading,
            *(heat_row(row, cell, faint=False) for row in small),
            Content(axis).stylize("$foreground 60%"),
        ]


def _alike(asked: Asked, watch: Watch, from_end: int) -> Iterator[Alike]:
    """In the thread."""
    from minigpt_tui.analysis.embeddings import neighbours, position_similarity
    from minigpt_tui.analysis.window import context_window

    service = asked.model.service
    window = context_window(service, asked.prompt)
    at = clamp(len(window.ids) - 1 - from_end, len(window.ids))
    found = neighbours(service.model, window.ids[at], NEIGHBOURS)
    positions, why_not = None, ""
    try:
        positions = position_similarity(service.model)
    except ValueError as error:
        why_not = str(error)
    yield Alike(
        tokens=window.tokens,
        at=at,
        texts=tuple(service.tokenizer.token_text(int(i)) for i in found.ids),
        cosines=tuple(found.cosines.tolist()),
        positions=positions,
        no_positions=why_not,
        notes=notes_on(window),
    )
