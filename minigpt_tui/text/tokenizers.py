"""Builds the tokenizer that a configuration asks for, and reads it back from `tokenizer.json`."""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence

from minigpt_tui.config import DataConfig
from minigpt_tui.text.bpe import BPETokenizer, bpe_from_document, train_bpe
from minigpt_tui.text.cancel import ShouldStop
from minigpt_tui.text.char import PATTERN as CHAR_PATTERN
from minigpt_tui.text.char import CharTokenizer, char_from_document, train_char
from minigpt_tui.text.file_text import Text
from minigpt_tui.text.progress import OnProgress
from minigpt_tui.text.vocabulary import (
    EOT,
    EOT_ID,
    MAX_JSON_CHARACTERS,
    SPECIALS,
    UNK,
    UNK_ID,
    Tokenizer,
    Warn,
)
from minigpt_tui.text.word import WordTokenizer, train_word, word_from_document
from minigpt_tui.text.word_pattern import is_word_character

__all__ = [
    "EOT",
    "EOT_ID",
    "SPECIALS",
    "UNK",
    "UNK_ID",
    "Tokenizer",
    "build_tokenizer",
    "is_word_character",
    "tokenizer_from_json",
]

log = logging.getLogger(__name__)


def build_tokenizer(
    texts: Sequence[Text],
    data: DataConfig,
    should_stop: ShouldStop = None,
    on_progress: OnProgress = None,
    warn: Warn = log.warning,
) -> Tokenizer:
    """The tokenizer of the training texts: same texts and settings, same vocabulary.

    The texts hold no lone surrogates (`read_corpus` sees to that). However long they are, this
    takes a few hundred megabytes of memory; where not all of a text could count, `warn` is told.
    Raises ValueError if `vocab_size` is too small for the level, or the vocabulary would be too
    large for a file; CancelledError if `should_stop` says so.
    """
    tokenizer: Tokenizer
    if data.level == "char":
        tokenizer = train_char(texts, data.vocab_size, should_stop, on_progress)
    elif data.level == "word":
        tokenizer = train_word(
            texts, data.vocab_size, data.min_frequency, should_stop, on_progress, warn
        )
    else:
        assert data.level == "bpe", data.level
        tokenizer = train_bpe(texts, data.vocab_size, should_stop, on_progress, warn)
    if len(tokenizer.to_json()) > MAX_JSON_CHARACTERS:
        raise ValueError(
            f"This text has {tokenizer.vocab_size:,} different tokens, too many to keep. "
            "Set vocab_size or min_frequency."
        )
    return tokenizer


def tokenizer_from_json(text: str) -> Tokenizer:
    """The tokenizer that `Tokenizer.to_json` wrote.

    The structure tells the level, and nothing but what `to_json` would write for this vocabulary
    is accepted. Raises ValueError with a sentence for anything else.
    """
    wrong = "This is not a tokenizer of minigpt-tui"
    if not isinstance(text, str) or len(text) > MAX_JSON_CHARACTERS:
        raise ValueError(f"{wrong}: it is no text of at most {MAX_JSON_CHARACTERS:,} characters.")
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{wrong}: it is no valid JSON.") from error
    model = document.get("model") if isinstance(document, dict) else None
    kind = model.get("type") if isinstance(model, dict) else None
    split = document.get("pre_tokenizer") if isinstance(document, dict) else None
    split_pattern = split.get("pattern") if isinstance(split, dict) else None
    regex = split_pattern.get("Regex") if isinstance(split_pattern, dict) else None
    tokenizer: CharTokenizer | WordTokenizer | BPETokenizer
    try:
        if kind == "WordLevel" and regex == CHAR_PATTERN:
            tokenizer = char_from_document(document)
        elif kind == "WordLevel" and isinstance(regex, str):
            tokenizer = word_from_document(document)
        elif kind == "BPE":
            tokenizer = bpe_from_document(document)
        else:
            raise ValueError("it is of no known level")
    except ValueError as error:
        raise ValueError(f"{wrong}: {error}.") from error
    if tokenizer.document() != document:
        raise ValueError(f"{wrong}: it has parts that this program does not write.")
    return tokenizer
