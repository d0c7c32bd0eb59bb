"""The word tokenizer: a token is a word or a mark with the space before it, or white space."""

from __future__ import annotations

import json
import logging
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from minigpt_tui.text.cancel import ShouldStop
from minigpt_tui.text.file_text import Text
from minigpt_tui.text.pieces import code_points, pieces, pieces_of_all
from minigpt_tui.text.progress import OnProgress, watched
from minigpt_tui.text.vocabulary import (
    MAX_VOCABULARY,
    SPECIALS,
    UNK_ID,
    UNKNOWN_SHOWN,
    Ids,
    Span,
    Warn,
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
# So many different tokens are counted at once, in some 200 MB.
_COUNTED_TOKENS = MAX_VOCABULARY

_PIECE_CHARACTERS = 1 << 16

log = logging.getLogger(__name__)


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


def split(text: str, word_split: WordSplit, *, longest: int | None = None) -> Iterable[str]:
    """The tokens of a text, in order; they join to it, unless `longest` leaves some out."""
    starts = word_split.starts(code_points(text))
    ends = np.append(starts[1:], len(text))
    if longest is not None:
        bounded = ends - starts <= longest
        starts, ends = starts[bounded], ends[bounded]
    return map(text.__getitem__, map(slice, starts.tolist(), ends.tolist()))


def train_word(
    texts: Sequence[Text],
    vocab_size: int | None,
    min_frequency: int,
    should_stop: ShouldStop = None,
    on_progress: OnProgress = None,
    warn: Warn = log.warning,
) -> WordTokenizer:
    """The tokenizer of the tokens of `texts`, the most frequent first.

    Tokens seen less often than `min_frequency`, and those longer than LONGEST_TOKEN characters,
    stay unknown; `vocab_size` bounds the rest and counts the special tokens (without it:
    MAX_VOCABULARY). Of two tokens equally frequent the one that sorts first comes first.

    A text with more different tokens than a million is counted in bounded memory: whenever the
    table is full the rarest half is forgotten (Manku & Motwani 2002, "Approximate Frequency
    Counts over Data Streams"). `warn` is then told how far the counts may be off. The same text
    gives the same vocabulary all the same.
    """
    word_split = WordSplit(word_ranges())
    counts: Counter[str] = Counter()
    uncounted = 0
    every_piece = pieces_of_all(texts, _PIECE_CHARACTERS)
    for piece in watched(every_piece, sum(map(len, texts)), should_stop, on_progress):
        counts.update(split(piece, word_split, longest=LONGEST_TOKEN))
        if len(counts) > _COUNTED_TOKENS:
            counts, most = _without_rarest(counts, _COUNTED_TOKENS // 2)
            uncounted += most
    if uncounted:
        warn(
            f"The text has more than {_COUNTED_TOKENS:,} different words. Those seen at most "
            f"{uncounted:,} times may be missing from the vocabulary."
        )
    frequent = sorted(token for token, count in counts.items() if count >= min_frequency)
    frequent.sort(key=counts.__getitem__, reverse=True)
    room = min(vocab_size or MAX_VOCABULARY, MAX_VOCABULARY) - len(SPECIALS)
    return WordTokenizer(frequent[: max(0, room)])


def _without_rarest(counts: Counter[str], room: int) -> tuple[Counter[str], int]:
    """At most `room` of the tokens, and how often those that had to go were seen at most."""
    most, left = 0, len(counts)
    for count, tokens in sorted(Counter(counts.values()).items()):
        if left <= room:
            break
        most, left = count, left - tokens
    return Counter({token: count for token, count in counts.items() if count > most}), most


def word_from_document(document: dict[str, Any]) -> WordTokenizer:
    """The tokenizer of a parsed `tokenizer.json`. Raises ValueError if it is not of words."""
    ranges = ranges_of_pattern(document["pre_tokenizer"]["pattern"]["Regex"])
    tokens = tokens_of_ids(document["model"].get("vocab"))
    if not all(tokens):
        raise ValueError("its vocabulary has an empty token")
    return WordTokenizer(tokens, ranges)
