"""The BPE tokenizer: a token is a piece of a word, learned from the bytes of the text.

Byte-level: all 256 bytes are in the vocabulary, so nothing is unknown and every text comes back
exactly. The split before the merges is GPT-2's (Radford et al. 2019, "Language Models are
Unsupervised Multitask Learners"), the merges are those of Sennrich et al. 2016 ("Neural Machine
Translation of Rare Words with Subword Units"), both as the `tokenizers` library computes them.
"""

from __future__ import annotations

import itertools
import json
import logging
import re
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from minigpt_tui.text.bpe_sample import sample
from minigpt_tui.text.cancel import ShouldStop, check_cancelled
from minigpt_tui.text.file_text import Text
from minigpt_tui.text.pieces import pieces, pieces_of_all
from minigpt_tui.text.progress import OnProgress, watched
from minigpt_tui.text.vocabulary import (
    MAX_VOCABULARY,
    SPECIALS,
    UNK_ID,
    UNKNOWN_SHOWN,
    Ids,
    Span,
    Warn,
    byte_level_document,
    check_id,
    id_array,
    ids_of_tokens,
    tokens_of_ids,
)

DEFAULT_VOCABULARY = 2048
SMALLEST_VOCABULARY = 256 + len(SPECIALS)
# A merge that was seen once would only learn a passage by heart.
_MIN_PAIR_FREQUENCY = 2
# The library's training takes quadratic time in the length of a run without any white space.
_TRAINING_PIECE, _LONGEST_TRAINING_PIECE = 2048, 4096
# A batch is what the library's threads share, and what is in memory at once.
_PIECE_CHARACTERS, _BATCH_PIECES = 1 << 13, 128

_SURROGATE = re.compile("[\ud800-\udfff]")

Merges = list[tuple[str, str]]

log = logging.getLogger(__name__)


def _byte_alphabet() -> list[str]:
    """The visible character that stands for each byte in the vocabulary, as GPT-2 chose them."""
    shown = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    alphabet = {byte: chr(byte) for byte in shown}
    hidden = (byte for byte in range(256) if byte not in alphabet)
    alphabet.update({byte: chr(0x100 + i) for i, byte in enumerate(hidden)})
    return [alphabet[byte] for byte in range(256)]


ALPHABET = _byte_alphabet()
_BYTE_OF = {ord(c): byte for byte, c in enumerate(ALPHABET)}


class BPETokenizer:
    """`tokens` are the vocabulary behind the special tokens, spelled in the byte alphabet."""

    level = "bpe"

    def __init__(self, tokens: Sequence[str], merges: Merges) -> None:
        from tokenizers import Tokenizer as Library  # 60 ms that characters and words save

        self._tokens = [*SPECIALS, *tokens]
        self._merges = merges
        self._bytes = [b"", b"", *(bytes(token.translate(_BYTE_OF), "latin-1") for token in tokens)]
        self._lengths = np.array([len(b) for b in self._bytes], dtype=np.int64)
        self.library = Library.from_str(self.to_json())

    @property
    def vocab_size(self) -> int:
        return len(self._tokens)

    def encode(self, text: str) -> Ids:
        found: list[Ids] = []
        whole = pieces(_well_formed(text), _PIECE_CHARACTERS)
        while batch := list(itertools.islice(whole, _BATCH_PIECES)):
            for encoding in self.library.encode_batch_fast(batch, add_special_tokens=False):
                found.append(np.array(encoding.ids, dtype=np.int32))
        return np.concatenate(found) if found else np.zeros(0, np.int32)

    def decode(self, ids: Iterable[int]) -> str:
        unknown = UNKNOWN_SHOWN.encode()
        array = id_array(ids, self.vocab_size)
        parts = (unknown if i == UNK_ID else self._bytes[i] for i in array.tolist())
        return b"".join(parts).decode("utf-8", "replace")

    def token_bytes(self, token_id: int) -> bytes:
        return self._bytes[check_id(token_id, self.vocab_size)]

    def token_text(self, token_id: int) -> str:
        index = check_id(token_id, self.vocab_size)
        if index < len(SPECIALS):
            return SPECIALS[index]
        return self._bytes[index].decode("utf-8", "replace")

    def unknown(self, text: str) -> list[str]:
        return []

    def spans(self, text: str) -> list[Span]:
        """As the protocol says; of the tokens that share a character the first one has it."""
        ids = self.encode(text)
        raw = np.frombuffer(_well_formed(text).encode(), dtype=np.uint8)
        characters = np.concatenate([[0], np.cumsum((raw & 0xC0) != 0x80)])  # begun before byte b
        ends = np.cumsum(self._lengths[ids])
        borders = characters[np.concatenate([[0], ends])].tolist()
        return list(zip(borders, borders[1:], ids.tolist(), strict=False))

    def to_json(self) -> str:
        return json.dumps(self.document(), ensure_ascii=False)

    def document(self) -> dict[str, Any]:
        """The content of `tokenizer.json`."""
        return byte_level_document(ids_of_tokens(self._tokens[2:]), self._merges)


def train_bpe(
    texts: Sequence[Text],
    vocab_size: int | None,
    should_stop: ShouldStop = None,
    on_progress: OnProgress = None,
    warn: Warn = log.warning,
) -> BPETokenizer:
    """The tokenizer of the most useful merges in `texts`.

    `vocab_size` (default DEFAULT_VOCABULARY) is reached unless the text has too few pairs that
    repeat. Of a text of more than 32 million characters, or of very many different words, an even
    sample has to do (see `bpe_sample`), and `warn` is told. Raises ValueError if `vocab_size`
    leaves no room for the 256 bytes and the special tokens.
    """
    from tokenizers import Tokenizer as Library
    from tokenizers import models, pre_tokenizers, trainers

    size = DEFAULT_VOCABULARY if vocab_size is None else vocab_size
    if size < SMALLEST_VOCABULARY:
        raise ValueError(
            f"vocab_size ({size}) is too small for bpe: it holds every byte and two special "
            f"tokens, so it must be {SMALLEST_VOCABULARY} or more."
        )

    total = sum(map(len, texts))
    every_piece = pieces_of_all(texts, _TRAINING_PIECE, longest=_LONGEST_TRAINING_PIECE)
    chosen, every = sample(watched(every_piece, total, should_stop, on_progress))
    if every > 1:
        used = sum(map(len, chosen))
        warn(
            f"The merges of BPE are learned from an even sample of the text: {used / 1e6:,.0f} of "
            f"its {total / 1e6:,.0f} million characters."
        )
    library = Library(models.BPE())
    library.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    trainer = trainers.BpeTrainer(
        vocab_size=min(size, MAX_VOCABULARY),
        min_frequency=_MIN_PAIR_FREQUENCY,
        special_tokens=list(SPECIALS),
        initial_alphabet=ALPHABET,
        show_progress=False,
    )
    library.train_from_iterator(watched(chosen, total, should_stop, None), trainer)
    check_cancelled(should_stop)
    model = json.loads(library.to_str())["model"]
    merges = [(left, right) for left, right in model["merges"]]
    return BPETokenizer(tokens_of_ids(model["vocab"]), merges)


def bpe_from_document(document: dict[str, Any]) -> BPETokenizer:
    """The tokenizer of a parsed `tokenizer.json`.

    Raises ValueError unless its tokens are spelled in bytes, all 256 among them, and every merge
    joins two tokens to a third.
    """
    tokens = tokens_of_ids(document["model"].get("vocab"))
    known = set(tokens)
    if not known.issuperset(ALPHABET):
        raise ValueError("its vocabulary lacks some of the 256 bytes")
    if any(not token or any(ord(c) not in _BYTE_OF for c in token) for token in tokens):
        raise ValueError("its vocabulary has a token that is not spelled in bytes")
    merges: Merges = []
    given = document["model"].get("merges")
    for pair in given if isinstance(given, list) else [None]:
        if not isinstance(pair, list) or [type(part) for part in pair] != [str, str]:
            raise ValueError("its merges are no pairs of tokens")
        left, right = pair
        if not {left, right, left + right} <= known:
            raise ValueError("it merges what is not in its vocabulary")
        merges.append((left, right))
    return BPETokenizer(tokens, merges)


def _well_formed(text: str) -> str:
    """`text` with U+FFFD for the lone surrogates, which have no bytes in UTF-8."""
    return text if text.isascii() else _SURROGATE.sub(UNKNOWN_SHOWN, text)
