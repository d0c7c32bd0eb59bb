"""What every tokenizer has in common: the protocol, the special tokens, the checks of a vocabulary.

Ids 0 and 1 are `<UNK>` and `<EOT>` at every level. They are ids only: text that reads "<EOT>" is
five ordinary characters, in a corpus and in a prompt.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

UNK_ID = 0
EOT_ID = 1
UNK = "<UNK>"
EOT = "<EOT>"
SPECIALS = (UNK, EOT)
UNKNOWN_SHOWN = "\ufffd"

MAX_VOCABULARY = 1_000_000
MAX_JSON_CHARACTERS = 128 * 2**20

Ids = npt.NDArray[np.int32]
Span = tuple[int, int, int]
Warn = Callable[[str], None]
"""Told a sentence where a vocabulary could not be built from all of a text."""


class Tokenizer(Protocol):
    """Text to token ids and back, at one level."""

    @property
    def level(self) -> str:
        """`char`, `word` or `bpe`."""

    @property
    def vocab_size(self) -> int:
        """How many ids there are, the two special tokens among them."""

    def encode(self, text: str) -> Ids:
        """The ids of `text`: int32 [tokens]. Never raises; what is unknown becomes UNK_ID."""

    def decode(self, ids: Iterable[int]) -> str:
        """The text of `ids`: EOT reads as nothing, UNK as U+FFFD. ValueError: no such id."""

    def token_bytes(self, token_id: int) -> bytes:
        """The UTF-8 bytes that a token stands for; none for the special tokens."""

    def token_text(self, token_id: int) -> str:
        """What a token stands for, as text; the special tokens by their names."""

    def unknown(self, text: str) -> list[str]:
        """The distinct unknown characters or words of `text`, in order of appearance."""

    def spans(self, text: str) -> list[Span]:
        """(start, end, id) of each token of `text`, in characters; side by side, without gaps."""

    def to_json(self) -> str:
        """The tokenizer as a Hugging Face `tokenizer.json`; the level shows in its structure."""


def id_array(ids: Iterable[int], vocab_size: int) -> npt.NDArray[np.int64]:
    """`ids` as int64 [n], each of them checked. Raises ValueError for an id out of range."""
    array = (
        ids.astype(np.int64)
        if isinstance(ids, np.ndarray)
        else np.fromiter((int(i) for i in ids), np.int64)
    )
    if array.size and (array.min() < 0 or array.max() >= vocab_size):
        wrong = array.min() if array.min() < 0 else array.max()
        raise ValueError(f"There is no token {wrong}: this vocabulary has 0 to {vocab_size - 1}.")
    return array


def check_id(token_id: int, vocab_size: int) -> int:
    """`token_id` as an index. Raises ValueError if the vocabulary has no such token."""
    if not 0 <= token_id < vocab_size:
        raise ValueError(
            f"There is no token {token_id}: this vocabulary has 0 to {vocab_size - 1}."
        )
    return int(token_id)


def ids_of_tokens(tokens: Iterable[str]) -> dict[str, int]:
    """Token → id for a whole vocabulary, special tokens first."""
    return {token: i for i, token in enumerate((*SPECIALS, *tokens))}


def tokens_of_ids(vocab: Any) -> list[str]:
    """The tokens behind the two special ones, in id order, of a vocabulary read from a file.

    Raises ValueError unless `vocab` maps well-formed text to the ids 0, 1, 2, … each once.
    """
    if not isinstance(vocab, dict) or len(vocab) > MAX_VOCABULARY:
        raise ValueError("its vocabulary is no table of at most a million tokens")
    tokens: list[str | None] = [None] * len(vocab)
    for token, token_id in vocab.items():
        if type(token_id) is not int or not 0 <= token_id < len(tokens):
            raise ValueError("its vocabulary has an id that is out of range")
        if tokens[token_id] is not None:
            raise ValueError(f"its vocabulary has the id {token_id} twice")
        if any("\ud800" <= c <= "\udfff" for c in token):
            raise ValueError("its vocabulary has a token that is no text")
        tokens[token_id] = token
    complete = [token for token in tokens if token is not None]
    assert len(complete) == len(tokens)  # as many distinct ids in range as there are places
    if tuple(complete[:2]) != SPECIALS:
        raise ValueError(f"its first two tokens are not {UNK} and {EOT}")
    return complete[2:]


def word_level_document(pattern: str, ids: dict[str, int]) -> dict[str, Any]:
    """A `tokenizer.json` that looks every match of `pattern` up in `ids`.

    The special tokens stand in the vocabulary but not among `added_tokens`: those would be
    searched for in the text, and "<EOT>" in a prompt would end it.
    """
    return {
        **_DOCUMENT_FRAME,
        "pre_tokenizer": {
            "type": "Split",
            "pattern": {"Regex": pattern},
            "behavior": "Isolated",
            "invert": False,
        },
        "decoder": {"type": "Fuse"},
        "model": {"type": "WordLevel", "vocab": ids, "unk_token": UNK},
    }


def byte_level_document(ids: dict[str, int], merges: list[tuple[str, str]]) -> dict[str, Any]:
    """A `tokenizer.json` of byte-level BPE with the split of GPT-2."""
    byte_level = {
        "type": "ByteLevel",
        "add_prefix_space": False,
        "trim_offsets": True,
        "use_regex": True,
    }
    return {
        **_DOCUMENT_FRAME,
        "pre_tokenizer": byte_level,
        "decoder": byte_level,
        "model": {
            "type": "BPE",
            "dropout": None,
            "unk_token": None,
            "continuing_subword_prefix": None,
            "end_of_word_suffix": None,
            "fuse_unk": False,
            "byte_fallback": False,
            "ignore_merges": False,
            "vocab": ids,
            "merges": [list(pair) for pair in merges],
        },
    }


_DOCUMENT_FRAME: dict[str, Any] = {
    "version": "1.0",
    "truncation": None,
    "padding": None,
    "added_tokens": [],
    "normalizer": None,
    "post_processor": None,
}
