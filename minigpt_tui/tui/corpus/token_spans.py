"""Where the tokens of a part of a text lie: (start, end, id) in its characters."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import TYPE_CHECKING

from minigpt_tui.config import DataConfig

if TYPE_CHECKING:
    from minigpt_tui.text.part import Part
    from minigpt_tui.text.tokenizers import Tokenizer

Span = tuple[int, int, int]


def provisional_spans(part: Part, config: DataConfig) -> Sequence[Span]:
    """The tokens of a part as if all of them were in the vocabulary; none for BPE, where they
    depend on what else is in the text."""
    from minigpt_tui.text.tokenizers import build_tokenizer

    if config.level == "bpe":
        return ()
    everything = dataclasses.replace(config, vocab_size=None, min_frequency=1)
    texts = [text for _, text in part.documents]
    return part_spans(part, build_tokenizer(texts, everything))


def part_spans(part: Part, tokenizer: Tokenizer) -> Sequence[Span]:
    """The tokens of a part; between its documents there is an EOT."""
    from minigpt_tui.text.vocabulary import EOT_ID

    spans: list[Span] = []
    for start, text in part.documents:
        if start:
            spans.append((start - 1, start, EOT_ID))
        found = tokenizer.spans(text)
        spans += [(start + begin, start + end, i) for begin, end, i in found] if start else found
    return spans
