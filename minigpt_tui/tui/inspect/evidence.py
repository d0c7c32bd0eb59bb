"""Evidence: what follows in the training text, and what a written text copies from it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from textual.content import Content

from minigpt_tui.text.safe import shown_token, visible
from minigpt_tui.tui.inspect.inspecting import (
    Asked,
    Watch,
    Work,
    notes_on,
    training_text,
    validation_ids,
)
from minigpt_tui.tui.inspect.token_label import label_width, token_label
from minigpt_tui.tui.inspect.view import InspectView, clamp
from minigpt_tui.tui.widgets.bars import block, percent

if TYPE_CHECKING:
    from minigpt_tui.analysis.evidence import Continuations, Span

WRITTEN_TOKENS = 160
CONTINUATIONS = 30
AROUND = 24
"""Tokens of the training text that are shown before and after a place."""
SPANS = 12


@dataclass(frozen=True, eq=False)
class Written:
    """A text that the model wrote, and where its spans stand in the training text."""

    tokens: tuple[str, ...]
    spans: tuple[Span, ...]  # the longest first
    places: tuple[tuple[str, str, str], ...]  # of each span: what stands before, there, after
    usual: int | None  # tokens: the longest span of most held-out texts of this length
    usual_most: int | None
    why_not: str = ""  # held-out text cannot be compared


@dataclass(frozen=True, eq=False)
class Evidence:
    """The continuations in the text beside the model's probabilities of the same tokens."""

    found: Continuations
    texts: tuple[str, ...]
    probabilities: tuple[float, ...]
    written: Written | None
    notes: str


class EvidenceView(InspectView):
    """Up and down choose a verbatim span."""

    title = "Evidence"
    explanation = (
        "Left bars: what follows in the training text wherever the end of the prompt stands there. "
        "Right bars: what the model expects. Alike: it has learned the statistics. Below, a text "
        "the model wrote: underlined stands word for word in the training text, bold is longer "
        "than unseen text usually shares with it, so it was copied. w writes another."
    )
    keys = "↑↓ verbatim span · esc stop"
    options = frozenset({"write"})

    def __init__(self) -> None:
        super().__init__()
        self._evidence: Evidence | None = None
        self.seed = 1
        self.span = 0

    def work(self) -> Work:
        seed = self.seed
        return lambda asked, watch: _evidence(asked, watch, seed)

    def has_answer(self) -> bool:
        return self._evidence is not None

    def show(self, result: object) -> None:
        assert isinstance(result, Evidence)
        self._evidence = result
        if result.written is not None:
            self.span = clamp(self.span, max(1, len(result.written.spans)))
        self.post_message(self.Noted(result.notes))

    def option(self, name: str) -> None:
        self.seed += 1
        self.span = 0
        self.ask_again()

    def move(self, right: int, down: int) -> None:
        assert self._evidence is not None
        written = self._evidence.written
        if written is not None and written.spans:
            self.span = clamp(self.span + down, len(written.spans))

    def lines(self, width: int, height: int) -> Sequence[Content]:
        upper = max(2, height // 2 - 1)
        lines = self._continuations(width, upper)
        lines += [Content("─" * width).stylize("$foreground 30%")]
        lines += self._written(width, height - len(lines))
        return lines

    def _continuations(self, width: int, height: int) -> list[Content]:
        evidence = self._evidence
        assert evidence is not None
        found = evidence.found
        where = f"{found.tokens:,} training tokens"
        if found.searched < found.tokens:
            where = f"the first {found.searched:,} of {where}"
        if found.matched:
            stand = "token stands" if found.matched == 1 else f"{found.matched} tokens stand"
            times = "once" if found.occurrences == 1 else f"{found.occurrences:,} times"
            what = f"The last {stand} {times} in {where}; then comes:"
        else:
            what = f"The last token never stands in {where}. All of them:"
        labels = label_width(evidence.texts, 12)
        half = max(4, (width - labels - 30) // 2)
        lines = [
            Content(what).stylize("bold").truncate(width, ellipsis=True),
            Content.assemble(
                (" " * labels, ""),
                (f"{'times':>8} {'in the text':<{half + 10}}{'model':<{half}}", "$foreground 60%"),
            ).truncate(width),
        ]
        shown = zip(evidence.texts, found.counts, evidence.probabilities, strict=False)
        for text, count, probability in list(shown)[: max(1, height - 2)]:
            share = float(count) / found.occurrences
            lines.append(
                Content.assemble(
                    token_label(text, labels).stylize("bold"),
                    f"{int(count):>8,} ",
                    f"{percent(share):>8} ",
                    (block(share, half).ljust(half), "$accent"),
                    f" {percent(probability):>8} ",
                    (block(probability, half), "$primary"),
                ).truncate(width)
            )
        return lines

    def _written(self, width: int, height: int) -> list[Content]:
        evidence = self._evidence
        assert evidence is not None
        written = evidence.written
        if written is None:
            return [Content(self.progress or "…").stylize("$foreground 60%")]
        spans = written.spans
        longest = spans[0].length if spans else 0
        if written.usual is None:
            verdict = f"longest verbatim span {longest} tokens. {written.why_not}"
        else:
            copied = longest > (written.usual_most or 0)
            verdict = (
                f"longest verbatim span {longest} tokens; held-out text reaches {written.usual} "
                f"(median), at most {written.usual_most}: "
                f"{'copied' if copied else 'nothing is copied beyond that'}"
            )
        heading = Content(f"The model wrote {len(written.tokens)} tokens, {verdict}").stylize(
            "bold"
        )
        details = self._place(written, width) if spans else []
        text = self._text(written).wrap(width)
        title = heading.wrap(width)
        room = max(1, height - len(title) - len(details))
        if len(text) > room:
            text = [*text[: room - 1], Content("…").stylize("$foreground 60%")]
        lines = [*title, *text, *details]
        if height > len(lines) + 2:
            lines += [Content(""), *self._all_places(written, width)[: height - len(lines) - 1]]
        return lines

    def _text(self, written: Written) -> Content:
        """The written text: underlined what stands in the training text, bold what was copied."""
        least = max(2, (written.usual or 2) // 2)
        styles = [""] * len(written.tokens)
        for span in reversed(written.spans):
            if span.length >= least:
                is_copied = written.usual is not None and span.length > written.usual
                style = "underline bold $accent" if is_copied else "underline"
                for t in range(span.start, span.start + span.length):
                    styles[t] = style
        if written.spans:
            chosen = written.spans[self.span]
            for t in range(chosen.start, chosen.start + chosen.length):
                styles[t] += " reverse"
        return Content.assemble(
            *(
                (visible(token.replace("\n", "⏎")), style)
                for token, style in zip(written.tokens, styles, strict=True)
            )
        )

    def _place(self, written: Written, width: int) -> list[Content]:
        """The chosen span, and where it stands in the training text."""
        span = written.spans[self.span]
        before, there, after = written.places[self.span]
        assert self._evidence is not None
        total = self._evidence.found.tokens
        words = (
            f"span {self.span + 1} of {len(written.spans)}: {span.length} tokens, "
            f"at token {span.place:,} of {total:,} ({span.place / total:.0%}):"
        )
        excerpt = Content.assemble(
            ("…" + shown_token(before), "$foreground 60%"),
            (shown_token(there), "bold underline"),
            (shown_token(after) + "…", "$foreground 60%"),
        )
        return [Content(words).stylize("$foreground 80%"), excerpt.truncate(width, ellipsis=True)]

    def _all_places(self, written: Written, width: int) -> list[Content]:
        """Every span with its length and place, the longest first."""
        lines = [Content(f"{'tokens':>8}{'at':>12}  text").stylize("$foreground 60%")]
        for number, (span, place) in enumerate(zip(written.spans, written.places, strict=True)):
            chosen = "▶" if number == self.span else " "
            words = f"{chosen}{span.length:>7,}{span.place:>12,}  {shown_token(place[1])}"
            line = Content(words).truncate(width, ellipsis=True)
            lines.append(line.stylize("bold") if number == self.span else line)
        return lines


def _evidence(asked: Asked, watch: Watch, seed: int) -> Iterator[Evidence]:
    """In the thread: the continuations first, then a written text and what it copies."""
    from minigpt_tui.analysis.evidence import continuations, held_out_lengths, verbatim_spans
    from minigpt_tui.analysis.forward import one_window, run
    from minigpt_tui.analysis.window import context_window

    service = asked.model.service
    window = context_window(service, asked.prompt)
    text = training_text(asked, watch)
    watch.say("searching…")
    found = continuations(text, window.ids)
    probabilities = run(service.model, one_window(window.ids))[0, -1].double().softmax(-1)
    shown = found.ids[:CONTINUATIONS]
    evidence = Evidence(
        found=found,
        texts=tuple(service.tokenizer.token_text(int(i)) for i in shown),
        probabilities=tuple(probabilities.cpu().numpy()[shown].tolist()),
        written=None,
        notes=notes_on(window),
    )
    yield evidence
    watch.say("writing…")
    pieces = []
    for piece in service.generate(asked.prompt, WRITTEN_TOKENS, temperature=1.0, seed=seed):
        pieces.append(piece)
        if watch.should_stop():
            return
    ids = service.tokenize("".join(pieces), add_special_tokens=False)
    spans = sorted(verbatim_spans(text, ids), key=lambda span: -span.length)[:SPANS]
    watch.say("comparing with held-out text…")
    usual: int | None = None
    most: int | None = None
    why_not = ""
    try:
        held_out = validation_ids(asked)
        if ids:
            lengths = held_out_lengths(text, held_out, len(ids), should_stop=watch.should_stop)
            usual, most = int(np.median(lengths)), int(lengths.max())
    except ValueError as error:
        why_not = str(error)
    decode = service.tokenizer.decode
    places = []
    for span in spans:
        end = span.place + span.length
        before = text.ids[max(0, span.place - AROUND) : span.place].tolist()
        there, after = text.ids[span.place : end].tolist(), text.ids[end : end + AROUND].tolist()
        places.append((decode(before), decode(there), decode(after)))
    written = Written(
        tokens=tuple(service.tokenizer.token_text(i) for i in ids),
        spans=tuple(spans),
        places=tuple(places),
        usual=usual,
        usual_most=most,
        why_not=why_not,
    )
    yield replace(evidence, written=written)
