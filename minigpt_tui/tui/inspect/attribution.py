"""Direct logit attribution: which part of the model speaks for a token, and which against it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from textual.content import Content

from minigpt_tui.tui.inspect.inspecting import Asked, Watch, Work, notes_on
from minigpt_tui.tui.inspect.signed_bars import signed_bars
from minigpt_tui.tui.inspect.token_label import quoted
from minigpt_tui.tui.inspect.view import InspectView, clamp, first_shown
from minigpt_tui.tui.widgets.bars import percent

if TYPE_CHECKING:
    from minigpt_tui.analysis.attribution import Attribution

CANDIDATES = 10
"""The most probable tokens among which one chooses what is explained."""


@dataclass(frozen=True, eq=False)
class Parts:
    """What speaks for a token at a position; `texts` and `probabilities` are the candidates'."""

    tokens: tuple[str, ...]
    found: Attribution
    texts: tuple[str, ...]
    probabilities: tuple[float, ...]
    notes: str


class AttributionView(InspectView):
    """Left and right choose the position, up and down scroll the parts."""

    title = "Attribution"
    explanation = (
        "A token's score (logit) is a sum, and every part of the model adds to it: to the right it "
        "speaks for the token, to the left against it. Read it as: who wrote this answer? t takes "
        "the next most probable token, d shows the difference to another, h splits attention into "
        "heads. What a part does through later parts is not counted: Ablate shows that."
    )
    keys = "←→ position · ↑↓ scroll"
    options = frozenset({"heads", "token", "minus"})

    def __init__(self) -> None:
        super().__init__()
        self._parts: Parts | None = None
        self.at: int | None = None  # counted from the end, so that typing keeps the last one
        self.rank = 0
        self.minus_rank: int | None = None
        self.by_head = False
        self.row = 0

    def work(self) -> Work:
        at, rank, minus, by_head = self.at, self.rank, self.minus_rank, self.by_head
        return lambda asked, watch: _parts(asked, watch, at, rank, minus, by_head)

    def has_answer(self) -> bool:
        return self._parts is not None

    def show(self, result: object) -> None:
        assert isinstance(result, Parts)
        self._parts = result
        self.row = clamp(self.row, len(result.found.parts))
        self.post_message(self.Noted(result.notes))

    def option(self, name: str) -> None:
        assert self._parts is not None
        count = len(self._parts.texts)
        if name == "heads":
            self.by_head = not self.by_head
        elif name == "token":
            self.rank = (self.rank + 1) % count
            self.minus_rank = None if self.minus_rank == self.rank else self.minus_rank
        else:
            choices = [None, *(rank for rank in range(count) if rank != self.rank)]
            here = choices.index(self.minus_rank) if self.minus_rank in choices else 0
            self.minus_rank = choices[(here + 1) % len(choices)]
        self.ask_again()

    def move(self, right: int, down: int) -> None:
        assert self._parts is not None
        self.row = clamp(self.row + down, len(self._parts.found.parts))
        if right:
            length = len(self._parts.tokens)
            at = clamp((length - 1 if self.at is None else self.at) + right, length)
            self.at = None if at == length - 1 else at
            self.ask_again()

    def lines(self, width: int, height: int) -> Sequence[Content]:
        parts = self._parts
        assert parts is not None
        found = parts.found
        what = Content.assemble("The logit of ", quoted(self._text(found.token)))
        if found.minus is not None:
            what = Content.assemble(what, " less that of ", quoted(self._text(found.minus)))
        heading = Content.assemble(
            what,
            " after ",
            quoted(parts.tokens[found.position]),
            f", position {found.position}: {found.total:+.2f}",
        )
        first = 0
        room = max(1, height - 3)
        if room < len(found.parts):
            first = first_shown(self.row, len(found.parts), room)
        shown = slice(first, first + room)
        scrolls = room < len(found.parts)
        lines = [heading.stylize("bold"), self._candidates(width)]
        lines += signed_bars(
            found.parts[shown],
            found.logits[shown].tolist(),
            min(width, 120),
            cursor=self.row - first if scrolls else None,
        )
        if scrolls:
            last = min(len(found.parts), first + room)
            lines.append(
                Content(f"parts {first + 1}–{last} of {len(found.parts)}").stylize(
                    "$foreground 60%"
                )
            )
        else:
            wide = max(map(len, found.parts))
            lines.append(Content(f"{'sum':<{wide}} {found.total:>+8.2f}").stylize("bold"))
        return [line.truncate(width) for line in lines]

    def _text(self, token: int) -> str:
        assert self._asked is not None
        text: str = self._asked.model.service.tokenizer.token_text(token)
        return text

    def _candidates(self, width: int) -> Content:
        """The most probable tokens; the explained one with ▶, the subtracted one with −."""
        parts = self._parts
        assert parts is not None
        shown: list[Content | str | tuple[str, str]] = []
        for rank, text in enumerate(parts.texts):
            sign = "▶" if rank == self.rank else "−" if rank == self.minus_rank else " "
            style = "bold" if sign != " " else "$foreground 60%"
            words = Content.assemble(
                sign, quoted(text, 8), f" {percent(parts.probabilities[rank])}"
            )
            shown += [words.stylize(style), "  "]
        return Content.assemble(*shown).truncate(width, ellipsis=True)


def _parts(
    asked: Asked, watch: Watch, at: int | None, rank: int, minus: int | None, by_head: bool
) -> Iterator[Parts]:
    """In the thread."""
    from minigpt_tui.analysis.attribution import attribution
    from minigpt_tui.analysis.forward import one_window, run
    from minigpt_tui.analysis.window import context_window

    service = asked.model.service
    window = context_window(service, asked.prompt)
    length = len(window.ids)
    position = length - 1 if at is None else clamp(at, length)
    probabilities = run(service.model, one_window(window.ids))[0, position].softmax(-1)
    best = probabilities.topk(min(CANDIDATES, service.vocab_size))
    ids = [int(i) for i in best.indices]
    found = attribution(
        service.model,
        window.ids,
        ids[min(rank, len(ids) - 1)],
        None if minus is None else ids[min(minus, len(ids) - 1)],
        position=position,
        by_head=by_head,
    )
    yield Parts(
        tokens=window.tokens,
        found=found,
        texts=tuple(service.tokenizer.token_text(i) for i in ids),
        probabilities=tuple(float(p) for p in best.values),
        notes=notes_on(window),
    )
