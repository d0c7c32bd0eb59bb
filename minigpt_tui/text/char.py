"""The character tokenizer: a token is one code point."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from minigpt_tui.text.border import BORDER
from minigpt_tui.text.cancel import ShouldStop
from minigpt_tui.text.file_text import Text, chunks
from minigpt_tui.text.pieces import code_points
from minigpt_tui.text.progress import OnProgress, watched
from minigpt_tui.text.vocabulary import (
    EOT_ID,
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

PATTERN = r"[\s\S]"


class CharTokenizer:
    """Ids 2, 3, … are the known characters, in the order of their code points."""

    level = "char"

    def __init__(self, characters: Sequence[str]) -> None:
        assert all(len(c) == 1 for c in characters), "a token of this level is one character"
        self._tokens = [*SPECIALS, *characters]
        known = np.array([ord(c) for c in characters], dtype=np.uint32)
        self._codes = np.concatenate([np.array([ord(UNKNOWN_SHOWN), 0], np.uint32), known])
        # One id for each code point up to the largest known one, and UNK for all beyond it.
        self._ids = np.zeros(int(known.max(initial=0)) + 2, dtype=np.int32)
        self._ids[known] = np.arange(len(SPECIALS), len(self._tokens), dtype=np.int32)

    @property
    def vocab_size(self) -> int:
        return len(self._tokens)

    def encode(self, text: str) -> Ids:
        return self._encode(code_points(text))

    def decode(self, ids: Iterable[int]) -> str:
        array = id_array(ids, self.vocab_size)
        raw: bytes = self._codes[array[array != EOT_ID]].astype("<u4").tobytes()
        return raw.decode("utf-32-le")

    def token_bytes(self, token_id: int) -> bytes:
        index = check_id(token_id, self.vocab_size)
        return self._tokens[index].encode() if index >= len(SPECIALS) else b""

    def token_text(self, token_id: int) -> str:
        return self._tokens[check_id(token_id, self.vocab_size)]

    def unknown(self, text: str) -> list[str]:
        codes = code_points(text)
        missing = codes[self._encode(codes) == UNK_ID]
        return [chr(code) for code in dict.fromkeys(missing.tolist())]

    def spans(self, text: str) -> list[Span]:
        return [(i, i + 1, token_id) for i, token_id in enumerate(self.encode(text).tolist())]

    def to_json(self) -> str:
        return json.dumps(self.document(), ensure_ascii=False)

    def document(self) -> dict[str, Any]:
        """The content of `tokenizer.json`."""
        return word_level_document(PATTERN, ids_of_tokens(self._tokens[2:]))

    def _encode(self, codes: npt.NDArray[np.uint32]) -> Ids:
        last = np.uint32(len(self._ids) - 1)
        return self._ids.take(np.minimum(codes, last))


def train_char(
    texts: Sequence[Text],
    vocab_size: int | None,
    should_stop: ShouldStop = None,
    on_progress: OnProgress = None,
) -> CharTokenizer:
    """The tokenizer of the characters of `texts`, or of the most frequent that fit.

    `vocab_size` counts the special tokens. Of two characters equally frequent the one with the
    smaller code point stays.
    """
    counts = np.zeros(0x110000, dtype=np.int64)
    every_chunk = (chunk for text in texts for chunk in chunks(text))
    for chunk in watched(every_chunk, sum(map(len, texts)), should_stop, on_progress):
        seen = np.bincount(code_points(chunk))
        counts[: len(seen)] += seen
    counts[ord(BORDER)] = 0
    known = np.flatnonzero(counts)
    if vocab_size is not None:
        by_frequency = known[np.argsort(-counts[known], kind="stable")]
        known = np.sort(by_frequency[: max(0, vocab_size - len(SPECIALS))])
    return CharTokenizer([chr(code) for code in known.tolist()])


def char_from_document(document: dict[str, Any]) -> CharTokenizer:
    """The tokenizer of a parsed `tokenizer.json`. Raises ValueError if its tokens do not fit."""
    characters = tokens_of_ids(document["model"].get("vocab"))
    if any(len(c) != 1 for c in characters):
        raise ValueError("its vocabulary has a token that is not one character")
    return CharTokenizer(characters)
