"""Text and token ids on which an exported model is compared with the one here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from minigpt_tui.config import RunConfig
from minigpt_tui.inference.service import GPTService
from minigpt_tui.paths import DataFolder
from minigpt_tui.text.corpus import read_corpus, split
from minigpt_tui.text.file_text import chunks

if TYPE_CHECKING:
    from torch import Tensor

CHARACTERS = 20_000
MOST_WINDOWS = 8
MOST_LOGITS = 2**24  # at once, beyond the first window
# What vocabularies disagree on: signs that no corpus has, blanks, the names of special tokens.
TRICKY = "I eat\n\n  ünïcödé 😀\tdon't <EOT><UNK> \u202f‰ 12 3x_y .\r\n"


@dataclass(frozen=True)
class SampleText:
    """A text, and in words what it is."""

    text: str
    source: str


def sample_text(service: GPTService, data: DataFolder) -> SampleText:
    """The beginning of the model's validation text, or else a text that the model writes."""
    config = service.config
    text = _validation_text(config, data)
    if text:
        return SampleText(text, "the validation text")
    length = 4 * config.model.max_seq_len
    written = "".join(service.generate("", max_new_tokens=length, temperature=1.0, seed=0))
    # A model that ends its text at once still has a vocabulary.
    spelled = (service.tokenizer.token_text(i) for i in range(2, min(service.vocab_size, length)))
    return SampleText(written + "".join(spelled), "a text that the model wrote")


def windows_of(service: GPTService, text: str) -> Tensor:
    """Up to MOST_WINDOWS windows [B, T] of the ids of a text, side by side, <EOT> before them.

    T is max_seq_len where the text is long enough.
    """
    import torch

    ids = service.tokenize(text)
    length = min(service.config.model.max_seq_len, len(ids))
    count = min(most_windows(length, service.vocab_size), len(ids) // length)
    return torch.tensor(ids[: count * length]).view(count, length)


def most_windows(length: int, vocab_size: int) -> int:
    """How many windows of a length are tried together, so that their logits fit into the memory."""
    return max(1, min(MOST_WINDOWS, MOST_LOGITS // (length * vocab_size)))


def _validation_text(config: RunConfig, data: DataFolder) -> str:
    """Empty where the corpus is gone, or nothing of it was held out."""
    try:
        corpus = read_corpus(config.data.corpus, data, config.data.encoding)
    except ValueError:
        return ""
    _, held_out = split(corpus, config.data.val_fraction)
    found = ""
    for text in held_out:
        for chunk in chunks(text):
            found += chunk[: CHARACTERS - len(found)]
            if len(found) == CHARACTERS:
                return found
    return found
