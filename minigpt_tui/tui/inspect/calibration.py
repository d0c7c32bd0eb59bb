"""Calibration on held-out text, and where the loss comes from: by position and by kind of token."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from textual.content import Content

from minigpt_tui.tui.inspect.inspecting import Asked, Watch, Work, validation_ids
from minigpt_tui.tui.inspect.line_plot import GUTTER, Curve, line_plot
from minigpt_tui.tui.inspect.view import InspectView
from minigpt_tui.tui.widgets.bars import block, percent

if TYPE_CHECKING:
    from minigpt_tui.analysis.calibration import Calibration
    from minigpt_tui.analysis.surprisal import ClassLoss, LossByPosition

SIDE_BY_SIDE = 100
"""Cells from which on the losses stand beside the diagram."""
WORTH_A_WORD = 0.05
"""An ECE from which on the model is called wrongly sure."""


@dataclass(frozen=True, eq=False)
class Judged:
    """What a sample of the validation text says of a model."""

    targets: int
    calibration: Calibration
    by_class: tuple[ClassLoss, ...]
    by_position: LossByPosition


class CalibrationView(InspectView):
    """Does not depend on the prompt. Up and down scroll where all does not fit."""

    title = "Calibration"
    explanation = (
        "When the model says 80 %, is it right 80 times in a hundred? A bar is how often the most "
        "probable token came; ┃ marks how sure the model was. A bar short of ┃: too sure; beyond: "
        "not sure enough. ECE is the mean gap, 0 is perfect. The loss falls with the tokens it has "
        "seen; the kinds of tokens show where it is spent."
    )
    uses_prompt = False
    keys = "↑↓ scroll · esc stop"

    def __init__(self) -> None:
        super().__init__()
        self._judged: Judged | None = None
        self._top = 0

    def work(self) -> Work:
        return _judged

    def has_answer(self) -> bool:
        return self._judged is not None

    def show(self, result: object) -> None:
        assert isinstance(result, Judged)
        self._judged = result
        self.post_message(self.Noted(""))

    def move(self, right: int, down: int) -> None:
        self._top = max(0, self._top + down)

    def lines(self, width: int, height: int) -> Sequence[Content]:
        if width >= SIDE_BY_SIDE:
            left_width = width // 2 - 2
            left = self._diagram(left_width)
            right = [
                *self._kinds(width - left_width - 4),
                Content(""),
                *self._positions(width - left_width - 4, max(5, height - 11)),
            ]
            lines = []
            for row in range(max(len(left), len(right))):
                own = left[row] if row < len(left) else Content("")
                blank = " " * max(0, left_width - own.cell_length)
                other = right[row] if row < len(right) else ""
                lines.append(Content.assemble(own, blank, "    ", other))
        else:
            lines = [
                *self._diagram(width),
                Content(""),
                *self._kinds(width),
                Content(""),
                *self._positions(width, 8),
            ]
        self._top = min(self._top, max(0, len(lines) - height))
        shown = lines[self._top :]
        if len(shown) > height:
            more = f"▼ {len(shown) - height + 1} more lines: losses by kind and position"
            shown = [*shown[: height - 1], Content(more).stylize("$foreground 60%")]
        return shown

    def _diagram(self, width: int) -> list[Content]:
        judged = self._judged
        assert judged is not None
        found = judged.calibration
        bins = len(found.counts)
        wide = max(10, width - 37)
        gap = np.nansum(found.counts * (found.confidence - found.accuracy)) / judged.targets
        words = "well calibrated"
        if found.ece >= WORTH_A_WORD:
            words = "too sure of itself" if gap > 0 else "not sure enough"
        lines = [
            Content(f"ECE {found.ece:.4f} on {judged.targets:,} held-out tokens: {words}").stylize(
                "bold"
            ),
            Content(f"{'it says':<12}{'it came':>8} {'':{wide}}{'tokens':>9}").stylize(
                "$foreground 60%"
            ),
        ]
        for b in range(bins):
            said = f"{b / bins:>4.0%}–{(b + 1) / bins:<5.0%}"
            if not found.counts[b]:
                lines.append(Content(f"{said:<12}{'–':>8}").stylize("$foreground 50%"))
                continue
            accuracy, confidence = float(found.accuracy[b]), float(found.confidence[b])
            drawn = block(accuracy, wide).ljust(wide)
            mark = min(wide - 1, int(confidence * wide))
            lines.append(
                Content.assemble(
                    f"{said:<12}{percent(accuracy):>8} ",
                    (drawn[:mark], "$primary"),
                    ("┃", "bold $accent"),
                    (drawn[mark + 1 :], "$primary"),
                    (f"{int(found.counts[b]):>9,}", "$foreground 60%"),
                )
            )
        return lines

    def _kinds(self, width: int) -> list[Content]:
        assert self._judged is not None
        wide = max(4, width - 49)
        lines = [
            Content("Loss by kind of token").stylize("bold"),
            Content(f"{'':<13}{'tokens':>8}{'nats':>8}  {'share of the loss':<20}").stylize(
                "$foreground 60%"
            ),
        ]
        for one in self._judged.by_class:
            lines.append(
                Content.assemble(
                    f"{one.name:<13}{one.targets:>8,}{one.nats:>8.3f}  {percent(one.share):>8} ",
                    (block(one.share, wide), "$primary"),
                )
            )
        return lines

    def _positions(self, width: int, height: int) -> list[Content]:
        """The loss over the tokens seen, as a line with its two ends named."""
        assert self._judged is not None
        nats = self._judged.by_position.nats
        x = np.linspace(0.0, 1.0, len(nats))
        deep = max(2, height - 3)
        lines = [Content("Loss by how many tokens were seen, nats").stylize("bold")]
        lines += line_plot([Curve(x, nats)], width, deep, float(nats.min()), float(nats.max()))
        wide = max(4, width - GUTTER)
        axis = f"{'1':<{wide - len(str(len(nats)))}}{len(nats)}"
        lines.append(Content(" " * GUTTER + axis).stylize("$foreground 60%"))
        return lines


def _judged(asked: Asked, watch: Watch) -> Iterator[Judged]:
    """In the thread."""
    from minigpt_tui.analysis.calibration import calibration
    from minigpt_tui.analysis.sample import sample_windows, score
    from minigpt_tui.analysis.surprisal import loss_by_class, loss_by_position

    service = asked.model.service
    watch.say("reading the held-out text…")
    ids = validation_ids(asked)
    watch.say("predicting held-out text…")
    windows = sample_windows(ids, service.config.model.max_seq_len)
    scored = score(service.model, windows, watch.should_stop)
    yield Judged(
        targets=len(scored.targets),
        calibration=calibration(scored.confidence, scored.correct),
        by_class=tuple(loss_by_class(scored, service.tokenizer)),
        by_position=loss_by_position(scored),
    )
