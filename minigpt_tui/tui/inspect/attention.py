"""Where the heads look: every head as a thumbnail with its scores, and one of them enlarged."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from textual.content import Content

from minigpt_tui.tui.inspect.heat import Floats, heat_row, legend, pooled
from minigpt_tui.tui.inspect.inspecting import MOST_NUMBERS, Asked, Watch, Work, notes_on
from minigpt_tui.tui.inspect.token_label import label_width, quoted, token_label
from minigpt_tui.tui.inspect.view import InspectView, clamp, first_shown

if TYPE_CHECKING:
    from minigpt_tui.analysis.attention import HeadScores

MIN_THUMBNAIL, MAX_THUMBNAIL = 7, 16
WIDEST_LABEL = 8
TALLEST_CELL = 5
"""Rows of a cell of the enlarged picture at most: a short prompt's picture fills the room."""
STRONG = 0.4
"""A score from which on a head is called by what it does."""
OPTIONS = frozenset({"first", "rollout"})
HEADS_KEYS = "arrows: head · ⏎ read the picture"
PICTURE_KEYS = "arrows: who looks at whom · esc: back to the heads"


@dataclass(frozen=True, eq=False)
class Looks:
    """The patterns [L, H, T, T] of T tokens, the rollout [L, T, T], the heads' scores."""

    tokens: tuple[str, ...]
    patterns: Floats
    rollout: Floats
    scores: HeadScores | None
    notes: str


class AttentionView(InspectView):
    """Arrows choose a head; Enter goes into its picture, where they choose who looks at whom."""

    title = "Attention"
    explanation = (
        "A head carries information between tokens. Each row of a picture is a token that looks, "
        "each column one that is looked at; the fuller the sign, the more it takes from there. p: "
        "how much the head looks at the token before (0–1). i: induction, how much it looks at "
        "what followed this token the last time. b: bits, 0 looks at one place, more is spread out."
    )
    keys = HEADS_KEYS
    options = OPTIONS | {"enter"}

    def __init__(self) -> None:
        super().__init__()
        self._looks: Looks | None = None
        self._pictures: dict[tuple[int, int, int, int, bool], list[Content]] = {}
        """The thumbnails as they were drawn: a key must not wait for all of them."""
        self.layer_at = self.head_at = 0
        self.query_at = self.key_at = 0
        self.inside = False
        self.hides_first = False
        self.rolled = False

    def work(self) -> Work:
        return _looks

    def has_answer(self) -> bool:
        return self._looks is not None

    def show(self, result: object) -> None:
        assert isinstance(result, Looks)
        length = len(result.tokens)
        layers, heads = result.patterns.shape[:2]
        if self._looks is None and result.scores is not None:
            best = int(result.scores.induction.argmax())  # the head that is most worth a look
            self.layer_at, self.head_at = divmod(best, heads)
        if self._looks is None or self._looks.tokens != result.tokens:
            self.query_at = length - 1
            self.key_at = 0
        self._looks = result
        self._pictures.clear()
        self.layer_at, self.head_at = clamp(self.layer_at, layers), clamp(self.head_at, heads)
        self.post_message(self.Noted(result.notes))

    def option(self, name: str) -> None:
        if name == "first":
            self.hides_first = not self.hides_first
        elif name == "rollout":
            self.rolled = not self.rolled
        else:
            self._go_inside(True)

    def back(self) -> bool:
        if super().back():
            return True
        was_inside = self.inside
        self._go_inside(False)
        return was_inside

    def _go_inside(self, inside: bool) -> None:
        self.inside = inside
        self.keys = PICTURE_KEYS if inside else HEADS_KEYS
        self.options = OPTIONS if inside else OPTIONS | {"enter"}
        self.show_keys()
        self.redraw()

    def move(self, right: int, down: int) -> None:
        assert self._looks is not None
        layers, heads, length = self._looks.patterns.shape[:3]
        if self.inside:
            self.query_at = clamp(self.query_at + down, length)
            self.key_at = clamp(self.key_at + right, self.query_at + 1)
        else:
            self.head_at = clamp(self.head_at + right, heads)
            self.layer_at = clamp(self.layer_at + down, layers)

    def lines(self, width: int, height: int) -> Sequence[Content]:
        assert self._looks is not None
        heads = self._looks.patterns.shape[1]
        thumbnail = min(MAX_THUMBNAIL, max(MIN_THUMBNAIL, (width // 2 - 4) // heads - 1))
        fitting = max(1, min(heads, (width // 2 - 4) // (thumbnail + 1)))
        left_width = 4 + fitting * (thumbnail + 1)
        left = self._thumbnails(fitting, thumbnail, height)
        right = self._enlarged(width - left_width - 2, height)
        blank = Content(" " * left_width)
        return [
            Content.assemble(
                left[row] if row < len(left) else blank,
                "  ",
                right[row] if row < len(right) else "",
            )
            for row in range(height)
        ]

    def _thumbnails(self, fitting: int, width: int, height: int) -> list[Content]:
        """The heads around the chosen one, as many as fit; a row of them is a layer."""
        assert self._looks is not None
        layers, heads = self._looks.patterns.shape[:2]
        compact = height < 5 * layers  # then the scores stand beside the name
        least = 3 if compact else 5
        each = max(least, min(width // 2 + 2, height // layers))
        rows = each - (1 if compact else 2)
        room = max(1, height // each)
        top, first = (
            first_shown(self.layer_at, layers, room),
            first_shown(self.head_at, heads, fitting),
        )
        shown = range(first, first + fitting)
        lines = []
        for layer in range(top, min(layers, top + room)):
            pictures = [self._thumbnail(layer, head, rows, width, compact) for head in shown]
            more = ("↕" if room < layers else "") + ("↔" if fitting < heads else "")
            for row in range(each):
                gutter = f"L{layer}{more}".ljust(4) if row == 0 else "    "
                lines.append(
                    Content.assemble(
                        (gutter, "$foreground 60%"),
                        *(part for picture in pictures for part in (picture[row], " ")),
                    )
                )
        return lines

    def _thumbnail(
        self, layer: int, head: int, rows: int, width: int, compact: bool
    ) -> list[Content]:
        looks = self._looks
        assert looks is not None
        chosen = (layer, head) == (self.layer_at, self.head_at)
        name = f"▶H{head}" if chosen else f" H{head}"
        title = Content(name).stylize("bold $accent" if chosen else "bold")
        key = (layer, head, rows, width, self.hides_first)
        picture = self._pictures.get(key)
        if picture is None:
            drawn = pooled(self._without_first(looks.patterns[layer, head]), rows, width)
            stretch = max(1, width // drawn.shape[1])
            picture = [_padded(heat_row(row, stretch, faint=False), width) for row in drawn]
            self._pictures[key] = picture
        if compact:
            blank = " " if width > MIN_THUMBNAIL else ""
            score = self._score(layer, head, width - title.cell_length - len(blank))
            title = Content.assemble(title, blank, score)
        lines = [_padded(title, width)]
        lines += picture
        lines += [Content(" " * width)] * (1 + rows - len(lines))
        return lines if compact else [*lines, self._score(layer, head, width)]

    def _score(self, layer: int, head: int, width: int) -> Content:
        """The scores of a head, as many as fit; high ones stand out."""
        assert self._looks is not None
        scores = self._looks.scores
        if scores is None:
            return Content("unscored".ljust(width)[:width]).stylize("$foreground 60%")
        previous, induction = scores.previous_token[layer, head], scores.induction[layer, head]
        p, i = (f"{name}{value:.2f}" for name, value in (("p", previous), ("i", induction)))
        short_p, short_i = p.replace("0.", "."), i.replace("0.", ".")
        wordings = (
            f"{p} {i} {scores.entropy[layer, head]:.1f}b",
            f"{p} {i}",
            f"{short_p} {short_i}",
            short_i if induction > previous else short_p,  # the one that says more
        )
        text = next((words for words in wordings if len(words) <= width), "")
        strong = max(previous, induction) > STRONG
        return Content(text.ljust(width)[:width]).stylize("bold" if strong else "$foreground 60%")

    def _enlarged(self, width: int, height: int) -> list[Content]:
        looks = self._looks
        assert looks is not None
        pattern = (
            looks.rollout[self.layer_at]
            if self.rolled
            else looks.patterns[self.layer_at, self.head_at]
        )
        length = len(looks.tokens)
        if self.rolled:
            name = f"Rollout to layer {self.layer_at}: a heuristic"
        else:
            name = f"Layer {self.layer_at}, head {self.head_at}"
        if self.hides_first:
            name += ", the first token hidden"
        name += self._scores_in_words() if not self.rolled and height > 16 else ""
        labels = label_width(looks.tokens, WIDEST_LABEL)
        rows = max(1, height - 4)
        room = max(1, width - labels - 1)
        tall = max(1, min(rows // length, room // (2 * length), TALLEST_CELL))
        cell = 2 * tall if 2 * length <= room else 1
        columns = max(1, room // cell)
        top = first_shown(self.query_at, length, rows)
        left = first_shown(self.key_at if self.inside else self.query_at, length, columns)
        keys = range(left, min(length, left + columns))
        shown = self._without_first(pattern)
        heading = Content.assemble(
            " " * (labels + 1),
            *(
                _padded(token_label(looks.tokens[t], max(1, cell - 1)), cell).stylize(
                    self._key_style(t)
                )
                for t in keys
            ),
        )
        lines = [Content(name).stylize("bold"), heading]
        for query in range(top, min(length, top + rows)):
            values = [shown[query, key] if key <= query else np.nan for key in keys]
            at = self.key_at - left if query == self.query_at and self.inside else None
            label = token_label(looks.tokens[query], labels, right=True)
            chosen = query == self.query_at
            heat = heat_row(values, cell, at)
            lines.append(
                Content.assemble(
                    label.stylize("bold reverse" if chosen else "$foreground 80%"), " ", heat
                )
            )
            lines += [Content.assemble(" " * (labels + 1), heat)] * (tall - 1)
        lines += [Content("")] * (height - 2 - len(lines))
        lines.append(self._reading(pattern))
        lines.append(legend(width) if height > 8 else Content(""))
        return [line.truncate(width, ellipsis=True) for line in lines]

    def _key_style(self, t: int) -> str:
        return "bold reverse" if self.inside and t == self.key_at else "$foreground 80%"

    def _scores_in_words(self) -> str:
        assert self._looks is not None
        if self._looks.scores is None:
            return ""
        scores, at = self._looks.scores, (self.layer_at, self.head_at)
        words = []
        if scores.induction[at] > STRONG:
            words.append("an induction head")
        if scores.previous_token[at] > STRONG:
            words.append("a previous-token head")
        return f": {' and '.join(words)}" if words else ""

    def _reading(self, pattern: Floats) -> Content:
        """The chosen cell, or where the chosen token looks most, in words."""
        looks = self._looks
        assert looks is not None
        row = pattern[self.query_at]
        who = Content.assemble(quoted(looks.tokens[self.query_at], 8), f" at {self.query_at}")
        if self.inside:
            whom = Content.assemble(quoted(looks.tokens[self.key_at], 8), f" at {self.key_at}")
            return Content.assemble(who, " looks at ", whom, f": {row[self.key_at]:.1%}")
        best = np.argsort(-row, kind="stable")[:3]
        parts: list[Content | str] = []
        for key in best.tolist():
            if row[key] >= 0.005:
                parts += [" ", quoted(looks.tokens[key], 8), f" {key}: {row[key]:.0%}"]
        return Content.assemble(who, " looks at", *parts)

    def _without_first(self, pattern: Floats) -> Floats:
        if not self.hides_first:
            return pattern
        hidden = pattern.copy()
        hidden[:, 0] = 0
        return hidden


def _padded(line: Content, width: int) -> Content:
    return Content.assemble(line, " " * (width - line.cell_length))


def _looks(asked: Asked, watch: Watch) -> Iterator[Looks]:
    """In the thread."""
    from minigpt_tui.analysis.attention import attention_patterns, head_scores, rollout
    from minigpt_tui.analysis.window import context_window

    service = asked.model.service
    window = context_window(service, asked.prompt)
    shape = service.config.model
    most = max(8, int((MOST_NUMBERS / (shape.n_layers * shape.n_heads)) ** 0.5))
    patterns = attention_patterns(service.model, window.ids[-most:])
    rolled = rollout(patterns)
    tokens = window.tokens[-most:]
    notes = notes_on(window, len(tokens))
    watch.say("scoring the heads…")
    if watch.should_stop():
        return
    try:
        scores = head_scores(service.model)
    except ValueError as error:  # a window that is too short for it has patterns all the same
        scores = None
        notes = f"{notes}  {error}".strip()
    yield Looks(tokens, patterns, rolled, scores, notes)
