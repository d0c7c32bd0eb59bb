"""What the tints of a text mean: how surprising each token was, in words, steps and a legend."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from textual.content import Content

from minigpt_tui.text.safe import shown_token
from minigpt_tui.tui.predict.asked_model import AskedModel
from minigpt_tui.tui.predict.asking import Answer
from minigpt_tui.tui.predict.token_text import LESS, MORE, PLAIN, RAMP, UNKNOWN, TokenTints
from minigpt_tui.tui.widgets.bars import percent

if TYPE_CHECKING:
    from minigpt_tui.analysis.surprisal import Surprisal

UNK_ID = 0  # as in text.tokenizers, which loads numpy
CLEARLY, STRONGLY = 0.5, 2.0
"""Bits a piece by which one of two models must be better for a tint, and for a strong one."""


@dataclass(frozen=True)
class Measure:
    """What a token is coloured by: `steps` are the values at which the four tints begin."""

    name: str
    unit: str
    steps: tuple[float, ...]
    of: Callable[[Surprisal, int], float]


MEASURES = (
    Measure("surprisal", "bits", (1, 2, 4, 8), lambda scored, i: scored.bits[i]),
    Measure("entropy", "bits", (1, 2, 3, 5), lambda scored, i: scored.entropy[i]),
    Measure("rank", "", (2, 4, 11, 101), lambda scored, i: scored.rank[i]),
    Measure("nothing", "", (), lambda scored, i: 0.0),
)


def tints_of(answer: Answer, measure: Measure, model: AskedModel) -> TokenTints:
    """The text of an answer with its tints; without them while nothing is measured yet."""
    if answer.compared is not None:
        difference = answer.compared.text.difference.tolist()
        unknown = answer.compared.text.unknown.tolist()
        tints = [
            UNKNOWN if u else _difference_tint(d) for d, u in zip(difference, unknown, strict=True)
        ]
        return TokenTints(answer.pieces, tints)
    scored = answer.scored
    tints = [PLAIN] * len(answer.pieces)
    if scored is not None and measure.steps:
        tints = [
            RAMP[bisect_right(measure.steps, measure.of(scored, i))] for i in range(len(tints))
        ]
    for place, token in enumerate(answer.ids):
        if token == UNK_ID:
            tints[place] = UNKNOWN
    return TokenTints(answer.pieces, tints, answer.prompt_ids, model.level != "char")


def legend(measure: Measure, compared: bool) -> Content:
    """The title of the box: what the tints mean."""
    if compared:
        return Content.assemble(
            "Text  ",
            (" A ", "$foreground on $accent 50%"),
            (" less surprised  ", "not bold $foreground 70%"),
            (" B ", "$foreground on $primary 50%"),
            (" less surprised ", "not bold $foreground 70%"),
        )
    if not measure.steps:
        return Content("Text")
    parts: list[Content | str | tuple[str, str]] = [
        "Text  ",
        (f"{measure.name} ", "not bold $foreground 70%"),
    ]
    for share, step in zip((14, 32, 52, 74), measure.steps, strict=True):
        ink = "$background" if share > 60 else "$foreground"
        parts.append((f" {step:g} ", f"not bold {ink} on $warning {share}%"))
    parts.append((f" {measure.unit}" if measure.unit else " and more", "not bold $foreground 70%"))
    return Content.assemble(*parts)


def value_line(answer: Answer, model: AskedModel, at: int) -> list[str]:
    """What is known of the token under the cursor, the most important first."""
    if answer.compared is not None:
        return _compared_values(answer, at)
    if at >= len(answer.ids):
        return [f"end of the text, {len(answer.ids):,} tokens"]
    token = answer.ids[at]
    parts = [f"“{shown_token(answer.pieces[at])}”"]
    if answer.scored is not None:
        scored = answer.scored
        bits = float(scored.bits[at])
        parts += [
            f"surprisal {bits:.2f} bits ({percent(2**-bits)})",
            f"rank {int(scored.rank[at]):,}",
            f"entropy {float(scored.entropy[at]):.2f}",
        ]
    spelled = model.service.tokenizer.token_bytes(token)
    if token == UNK_ID:
        parts.insert(1, "unknown: read as <UNK>")
    elif len(spelled) <= 8:
        parts.append(f"bytes {spelled.hex(' ')}")
    return parts


def _compared_values(answer: Answer, at: int) -> list[str]:
    assert answer.compared is not None
    text = answer.compared.text
    if at >= len(text.pieces):
        mean = text.mean_difference
        better = "A" if mean > 0 else "B"
        if not text.characters or abs(mean) < 0.0005:
            return ["both are equally surprised"]
        return [f"{better} is less surprised by {abs(mean):.3f} bits a character"]
    first, second = float(text.first_bits[at]), float(text.second_bits[at])
    parts = [f"“{shown_token(text.pieces[at])}”", f"A {first:.2f} bits", f"B {second:.2f} bits"]
    if text.unknown[at]:
        return [*parts, "unknown to one of them"]
    return [*parts, f"difference {second - first:+.2f}"]


def _difference_tint(bits: float) -> int:
    """`bits`: by how much the second model is more surprised than the first."""
    if abs(bits) < CLEARLY:
        return PLAIN
    tints = MORE if bits > 0 else LESS
    return tints[1] if abs(bits) >= STRONGLY else tints[0]
