"""Counts what a person wants to know of a text: bytes, characters, words, lines, tokens."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from minigpt_tui.text.border import BORDER
from minigpt_tui.text.cancel import ShouldStop, check_cancelled
from minigpt_tui.text.file_text import Text, chunks
from minigpt_tui.text.pieces import code_points, pieces_of_all, utf8_lengths
from minigpt_tui.text.progress import OnProgress, watched
from minigpt_tui.text.vocabulary import UNK_ID, Tokenizer
from minigpt_tui.text.word_pattern import SPACES

_PIECE_CHARACTERS = 1 << 20
_IS_SPACE = np.zeros(0x3002, dtype=np.bool_)  # the largest white space is U+3000
_IS_SPACE[[ord(c) for c in SPACES]] = True
_BORDER = np.uint32(ord(BORDER))


@dataclass(frozen=True)
class TextStatistics:
    """Words are what white space parts; a document's last line counts without its newline too."""

    documents: int
    bytes: int
    characters: int
    words: int
    lines: int
    distinct_characters: int


@dataclass(frozen=True)
class TokenStatistics:
    """What a tokenizer makes of a text."""

    tokens: int
    distinct_tokens: int
    unknown_tokens: int


def text_statistics(
    texts: Sequence[Text], should_stop: ShouldStop = None, on_progress: OnProgress = None
) -> TextStatistics:
    """The counts over all texts. Bytes are those of UTF-8.

    Raises CancelledError when `should_stop` says so.
    """
    counts = np.zeros(0x110000, dtype=np.int64)
    documents = words = lines = done = 0
    total = sum(map(len, texts))
    for text in texts:
        after_space, last = True, "\n"
        for chunk in chunks(text):
            check_cancelled(should_stop)
            codes = code_points(chunk)
            seen = np.bincount(codes)
            counts[: len(seen)] += seen
            space = _IS_SPACE.take(np.minimum(codes, np.uint32(len(_IS_SPACE) - 1)))
            borders = np.flatnonzero(codes == _BORDER)
            space[borders] = True
            words += int(np.count_nonzero(~space[1:] & space[:-1]))
            words += int(after_space and not space[0])
            lines += chunk.count("\n")
            if len(borders):
                documents += len(borders)
                lines += sum((chunk[at - 1] if at else last) != "\n" for at in borders.tolist())
            after_space, last = bool(space[-1]), chunk[-1]
            done += len(chunk)
            if on_progress is not None:
                on_progress(done / total)
        documents += last != BORDER
        lines += last not in ("\n", BORDER)
    counts[_BORDER] = 0
    distinct = np.flatnonzero(counts)
    return TextStatistics(
        documents=documents,
        bytes=int(utf8_lengths(distinct.astype(np.uint32)) @ counts[distinct]),
        characters=int(counts.sum()),
        words=words,
        lines=lines,
        distinct_characters=len(distinct),
    )


def token_statistics(
    texts: Sequence[Text], tokenizer: Tokenizer, should_stop: ShouldStop = None
) -> TokenStatistics:
    """What `tokenizer` makes of the texts. Raises CancelledError when `should_stop` says so."""
    counts = token_counts(texts, tokenizer, should_stop)
    return TokenStatistics(
        tokens=int(counts.sum()),
        distinct_tokens=int(np.count_nonzero(counts)),
        unknown_tokens=int(counts[UNK_ID]),
    )


def token_counts(
    texts: Sequence[Text],
    tokenizer: Tokenizer,
    should_stop: ShouldStop = None,
    on_progress: OnProgress = None,
) -> npt.NDArray[np.int64]:
    """How often each id occurs in the texts: int64 [vocab_size]. CancelledError as above."""
    counts = np.zeros(tokenizer.vocab_size, dtype=np.int64)
    every_piece = pieces_of_all(texts, _PIECE_CHARACTERS)
    for piece in watched(every_piece, sum(map(len, texts)), should_stop, on_progress):
        counts += np.bincount(tokenizer.encode(piece), minlength=len(counts))
    return counts
