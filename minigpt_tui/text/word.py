"""The word tokenizer: a token is a word or a mark with the space before it, or white space."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from minigpt_tui.text.cancel import ShouldStop, check_cancelled
from minigpt_tui.text.pieces import code_points, pieces
from minigpt_tui.text.vocabulary import (
    MAX_VOCABULARY,
    SPECIALS,
    UNK_ID,
    UNKNOWN_SHOWN,
    Ids,
    Span,
    check_id,
    id_array,
    ids_of_tokens,
    tokens_of_ids,
    word_level_document,
)
from minigpt_tui.text.word_pattern import (
    Ranges,
    WordSplit,
    pattern,
    ranges_of_pattern,
    word_ranges,
)

# What is longer is no word but data (hashes, base64); it would fill the vocabulary's file.
LONGEST_TOKEN = 100


class _IdOf(dict[str, int]):
    """Token → id; what is missing is unknown."""

    def __missing__(self, token: str) -> int:
        return UNK_ID


class WordTokenizer:
    """Ids 2, 3, … are the known tokens, in the order in which they are given."""

    level = "word"

    def __init__(self, tokens: Sequence[str], ranges: Ranges | None = None) -> None:
        self._split = WordSplit(word_ranges() if ranges is None else ranges)
        self._tokens = [*SPECIALS, *tokens]
        self._texts = [UNKNOWN_SHOWN, "", *tokens]
        self._id_of = _IdOf({token: i for i, token in enumerate(tokens, start=len(SPECIALS))})

    @property
    def vocab_size(self) -> int:
        return len(self._tokens)

    def encode(self, text: str) -> Ids:
        known = [
            np.fromiter(map(self._id_of.__getitem__, split(piece, self._split)), np.int32)
            for piece in pieces(text)
        ]
        return np.concatenate(known) if known else np.zeros(0, np.int32)

    def decode(self, ids: Iterable[int]) -> str:
        array = id_array(ids, self.vocab_size)
        return "".join(map(self._texts.__getitem__, array.tolist()))

    def token_bytes(self, token_id: int) -> bytes:
        index = check_id(token_id, self.vocab_size)
        return self._tokens[index].encode() if index >= len(SPECIALS) else b""

    def token_text(self, token_id: int) -> str:
        return self._tokens[check_id(token_id, self.vocab_size)]

    def unknown(self, text: str) -> list[str]:
        missing = (
            token[1:] if token[0] == " " and len(token) > 1 and not token[1].isspace() else token
            for piece in pieces(text)
            for token in split(piece, self._split)
            if token not in self._id_of
        )
        return list(dict.fromkeys(missing))

    def spans(self, text: str) -> list[Span]:
        starts = self._split.starts(code_points(text)).tolist()
        ends = [*starts[1:], len(text)]
        return [(a, b, self._id_of[text[a:b]]) for a, b in zip(starts, ends, strict=False)]

    def to_json(self) -> str:
        return json.dumps(self.document(), ensure_ascii=False)

    def document(self) -> dict[str, Any]:
        """The content of `tokenizer.json`."""
        return word_level_document(pattern(self._split.ranges), ids_of_tokens(self._tokens[2:]))


def split(text: str, word_split: WordSplit) -> Iterable[str]:
    """The tokens of a text, in order; they join to it."""
    starts = word_split.starts(code_points(text)).tolist()
    return map(text.__getitem__, map(slice, starts, [*starts[1:], len(text)]))


def train_word(
    texts: Iterable[str],
    vocab_size: int | None,
    min_frequency: int,
    should_stop: ShouldStop = None,
) -> WordTokenizer:
    """The tokenizer of the tokens of `texts`, the most frequent first.

    Tokens seen less often than `min_frequency`, and those longer than LONGEST_TOKEN characters,
    stay unknown; `vocab_size` bounds the rest and counts the special tokens (without it:
    MAX_VOCABULARY). Of two tokens equally frequent the one that sorts first comes first.
    """
    word_split = WordSplit(word_ranges())
    counts: Counter[str] = Counter()
    for text in texts:
        for piece in pieces(text):
            check_cancelled(should_stop)
            counts.update(split(piece, word_split))
    frequent = [
        (-count, token)
        for token, count in counts.items()
        if count >= min_frequency and len(token) <= LONGEST_TOKEN
    ]
    room = min(vocab_size or MAX_VOCABULARY, MAX_VOCABULARY) - len(SPECIALS)
    return WordTokenizer([token for _, token in sorted(frequent)[: max(0, room)]])


def word_from_document(document: dict[str, Any]) -> WordTokenizer:
    """The tokenizer of a parsed `tokenizer.json`. Raises ValueError if it is not of words."""
    ranges = ranges_of_pattern(document["pre_tokenizer"]["pattern"]["Regex"])
    tokens = tokens_of_ids(document["model"].get("vocab"))
    if not all(tokens):
        raise ValueError("its vocabulary has an empty token")
    return WordTokenizer(tokens, ranges)
