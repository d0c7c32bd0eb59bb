"""How tokens spell words: the bytes of every token, and where a text stands as they are added.

A word is a maximal run of word characters (`is_word_character`). Byte-level tokens may end inside
a character, so text is walked as bytes and judged by complete characters only.
"""

from __future__ import annotations

import codecs
from dataclasses import dataclass
from enum import IntEnum

import torch
from torch import Tensor

from minigpt_tui.text.tokenizers import EOT_ID, UNK_ID, Tokenizer, is_word_character


class Phase(IntEnum):
    """Where a continuation of the prompt stands on its way to the next whole word."""

    IN_PROMPT_WORD = 0  # the prompt ends inside a word, and nothing complete has followed
    BETWEEN_WORDS = 1
    IN_WORD = 2
    CONTINUED = 3  # final: the prompt's last word goes on
    COMPLETE = 4  # final: the next word has ended


class Opening(IntEnum):
    """What a token begins with."""

    UNKNOWN = 0  # it is <UNK>
    END = 1  # it is <EOT>
    WORD = 2  # a word character
    OTHER = 3  # another character
    PARTIAL = 4  # the beginning of a character


@dataclass(frozen=True)
class Spellings:
    """What the search needs to know of a vocabulary, once."""

    token_bytes: tuple[bytes, ...]
    openings: Tensor  # [V, 5] float64: 1 at the token's Opening, so that a product sums by opening


def spellings(tokenizer: Tokenizer) -> Spellings:
    """The spellings of a tokenizer's vocabulary; takes a few µs a token."""
    token_bytes = tuple(tokenizer.token_bytes(i) for i in range(tokenizer.vocab_size))
    openings = torch.tensor([_opening(i, spelled) for i, spelled in enumerate(token_bytes)])
    return Spellings(token_bytes, torch.nn.functional.one_hot(openings, len(Opening)).double())


def phase_after(prompt: str) -> Phase:
    """Where a continuation begins."""
    inside = prompt != "" and is_word_character(prompt[-1])
    return Phase.IN_PROMPT_WORD if inside else Phase.BETWEEN_WORDS


def advance(phase: Phase, word: str, data: bytes) -> tuple[Phase, str, bytes]:
    """Phase, word so far and bytes of an unfinished character after `data` was added.

    `data` begins with what was left unfinished before. Bytes that are no UTF-8 count as the
    replacement character, which belongs to no word.
    """
    text, used = codecs.utf_8_decode(data, "replace", False)
    for character in text:
        if is_word_character(character):
            if phase is Phase.IN_PROMPT_WORD:
                return Phase.CONTINUED, "", b""
            word += character
            phase = Phase.IN_WORD
        elif phase is Phase.IN_WORD:
            return Phase.COMPLETE, word, b""
        else:
            phase = Phase.BETWEEN_WORDS
    return phase, word, data[used:]


def _opening(token_id: int, spelled: bytes) -> Opening:
    if token_id == UNK_ID:
        return Opening.UNKNOWN
    if token_id == EOT_ID:
        return Opening.END
    text, _ = codecs.utf_8_decode(spelled, "replace", False)
    if not text:
        return Opening.PARTIAL
    return Opening.WORD if is_word_character(text[0]) else Opening.OTHER
