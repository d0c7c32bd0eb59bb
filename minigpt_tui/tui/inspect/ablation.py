"""Ablation: what the model loses without a layer, a branch or a head."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from textual.content import Content

from minigpt_tui.tui.inspect.inspecting import Asked, Watch, Work, notes_on, validation_ids
from minigpt_tui.tui.inspect.number_grid import number_grid
from minigpt_tui.tui.inspect.view import InspectView, clamp

if TYPE_CHECKING:
    from minigpt_tui.analysis.ablation import Ablation

VALIDATION_TARGETS = 4_096
"""Of the validation text: every part costs a pass over them."""
BRANCHES = ("layer", "attn", "mlp")


@dataclass(frozen=True, eq=False)
class Losses:
    """What is lost on the prompt, and on a sample of held-out text once that is known."""

    n_layers: int
    n_heads: int
    prompt: Ablation | None
    no_prompt: str
    validation: Ablation | None
    no_validation: str
    notes: str


class AblationView(InspectView):
    """Arrows choose a part."""

    title = "Ablation"
    explanation = (
        "Each number says how much worse (+) or better (−) the model predicts, in nats a token, "
        "when one part is silenced: a whole layer, its attention, its feed-forward part (mlp), one "
        "head. Large: the model needs it. z switches between putting the part's mean or zero in "
        "its place."
    )
    keys = "arrows: part · esc stop"
    options = frozenset({"way"})

    def __init__(self) -> None:
        super().__init__()
        self._losses: Losses | None = None
        self.way = "mean"
        self.row = self.column = 0

    def work(self) -> Work:
        way = self.way
        return lambda asked, watch: _losses(asked, watch, way)

    def has_answer(self) -> bool:
        return self._losses is not None

    def show(self, result: object) -> None:
        assert isinstance(result, Losses)
        self._losses = result
        self.post_message(self.Noted(result.notes))

    def option(self, name: str) -> None:
        self.way = "zero" if self.way == "mean" else "mean"
        self.ask_again()

    def move(self, right: int, down: int) -> None:
        assert self._losses is not None
        self.row = clamp(self.row + down, self._losses.n_layers)
        self.column = clamp(self.column + right, len(BRANCHES) + self._losses.n_heads)

    def lines(self, width: int, height: int) -> Sequence[Content]:
        losses = self._losses
        assert losses is not None
        each = min(losses.n_layers + 1, max(2, (height - 4) // 2))
        lines = self._table("the prompt", losses.prompt, losses.no_prompt, width, each)
        lines.append(Content(""))
        lines += self._table(
            "held-out text",
            losses.validation,
            losses.no_validation or self.progress or "…",
            width,
            each,
        )
        if height > len(lines) + 2:
            lines += [Content(""), self._reading()]
        return [line.truncate(width, ellipsis=True) for line in lines]

    def _table(
        self, what: str, found: Ablation | None, why_not: str, width: int, height: int
    ) -> list[Content]:
        losses = self._losses
        assert losses is not None
        if found is None:
            return [
                Content(f"On {what}:").stylize("bold"),
                Content(why_not).stylize("$warning"),
            ]
        heading = (
            f"{what.capitalize()}, {found.targets:,} tokens: {found.loss:.3f} nats each; "
            f"more without a part (→ {found.way}):"
        )
        rows = [f"L{layer}" for layer in range(losses.n_layers)]
        columns = [*BRANCHES, *(f"H{head}" for head in range(losses.n_heads))]
        values = found.changes.reshape(losses.n_layers, len(columns))
        grid = number_grid(rows, columns, values, (self.row, self.column), width, height)
        return [Content(heading).stylize("bold"), *grid]

    def _reading(self) -> Content:
        """The chosen part in words."""
        losses = self._losses
        assert losses is not None
        at = self.row * (len(BRANCHES) + losses.n_heads) + self.column
        if self.column == 0:
            part = f"layer {self.row}"
        elif self.column < len(BRANCHES):
            part = f"the {('', 'attention', 'feed-forward part')[self.column]} of layer {self.row}"
        else:
            part = f"head {self.column - len(BRANCHES)} of layer {self.row}"
        said = []
        for what, found in (("the prompt", losses.prompt), ("held-out text", losses.validation)):
            if found is not None:
                change = float(found.changes[at])
                word = "worse" if change >= 0 else "better"
                said.append(f"{abs(change):.4f} nats a token {word} on {what}")
        return Content(f"Without {part}: {', '.join(said)}.")


def _losses(asked: Asked, watch: Watch, way: str) -> Iterator[Losses]:
    """In the thread: first the prompt, then the sample of held-out text."""
    from minigpt_tui.analysis.ablation import ablation, all_parts
    from minigpt_tui.analysis.sample import sample_windows
    from minigpt_tui.analysis.window import scored_window

    service = asked.model.service
    shape = service.config.model
    window = scored_window(service, asked.prompt)
    parts = all_parts(service.model)
    losses = Losses(shape.n_layers, shape.n_heads, None, "", None, "", notes_on(window))
    watch.say("ablating on the prompt…")
    if len(window.ids) > 1:
        windows = sample_windows(np.array(window.ids), shape.max_seq_len)
        found = ablation(service.model, windows, parts, way, should_stop=watch.should_stop)
        losses = replace(losses, prompt=found)
    else:
        losses = replace(losses, no_prompt="Type a prompt of at least one token to measure it.")
    yield losses
    try:
        ids = validation_ids(asked)
    except ValueError as error:
        yield replace(losses, no_validation=str(error))
        return
    found = ablation(
        service.model,
        sample_windows(ids, shape.max_seq_len, VALIDATION_TARGETS),
        parts,
        way,
        should_stop=watch.should_stop,
        on_progress=watch.share("ablating on held-out text"),
    )
    yield replace(losses, validation=found)
