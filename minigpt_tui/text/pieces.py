"""Takes a long text apart where no token can span the cut, and turns text into code points."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

from minigpt_tui.text.border import BORDER
from minigpt_tui.text.file_text import Text, chunks

PIECE_CHARACTERS = 1 << 16
LONGEST_PIECE = 1 << 21

# Before a space or newline that follows something else: there the split of GPT-2 and the word
# split always begin a token, and neither looks behind. Python's \S leaves out more than
# Unicode's White_Space does, never less, so the cut is right for both.
_CUT = re.compile(r"(?<=\S)(?=[ \n])")


def pieces(
    text: Text, size: int = PIECE_CHARACTERS, *, longest: int = LONGEST_PIECE
) -> Iterator[str]:
    """Pieces of about `size` characters that join to `text`; none of them empty.

    Cutting there leaves the tokens of words and of byte-level BPE as they are in the whole text.
    Only where a stretch has no such place is it cut anywhere, after `longest` characters, so that
    no text can fill the memory. The pieces are the same whether the text is in memory or not.
    """
    assert longest > size > 0
    buffer, start = "", 0
    for chunk in chunks(text):
        buffer, start = buffer[start:] + chunk, 0
        while True:
            limit = min(len(buffer), start + longest)
            cut = _CUT.search(buffer, start + size, limit) if start + size < limit else None
            if cut is None and limit < start + longest:
                break  # what follows may show where to cut
            end = cut.start() if cut else limit
            yield buffer[start:end]
            start = end
    if start < len(buffer):
        yield buffer[start:]


def document_pieces(texts: Sequence[Text], size: int = PIECE_CHARACTERS) -> Iterator[str]:
    """The pieces of all documents in order; an empty one opens each document.

    A document has text. None of the pieces has a BORDER.
    """
    for text in texts:
        is_open = False
        for piece in pieces(text, size):
            for number, part in enumerate(piece.split(BORDER)):
                is_open = is_open and not number
                if part and not is_open:
                    is_open = True
                    yield ""
                if part:
                    yield part


def pieces_of_all(
    texts: Sequence[Text], size: int = PIECE_CHARACTERS, *, longest: int = LONGEST_PIECE
) -> Iterator[str]:
    """The pieces of all texts in order, none of them empty or with a BORDER."""
    for text in texts:
        for piece in pieces(text, size, longest=longest):
            yield from filter(None, piece.split(BORDER))


def code_points(text: str) -> npt.NDArray[np.uint32]:
    """The code points of `text`: uint32 [characters]. Lone surrogates are code points as well."""
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype="<u4")


def utf8_lengths(codes: npt.NDArray[np.uint32]) -> npt.NDArray[np.int64]:
    """How many bytes each code point takes in UTF-8: [n] of 1 to 4."""
    borders = np.array([0x80, 0x800, 0x10000], dtype=np.uint32)
    return 1 + np.searchsorted(borders, codes, side="right")
