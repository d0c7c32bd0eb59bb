"""What a model sees of a text: its last tokens, as many as fit."""

from __future__ import annotations

from dataclasses import dataclass

from minigpt_tui.inference.service import GPTService
from minigpt_tui.text.tokenizers import EOT_ID


@dataclass(frozen=True)
class Window:
    """A text as a model sees it; `ids` and `tokens` [T] with at least one token."""

    ids: tuple[int, ...]
    tokens: tuple[str, ...]  # as `Tokenizer.token_text` gives them
    left_out: int  # tokens at the beginning that do not fit: of a scored text, not predicted
    unknown: tuple[str, ...]  # parts of the text that the vocabulary lacks, read as <UNK>


def context_window(service: GPTService, text: str) -> Window:
    """The context from which a model goes on: the text's last max_seq_len tokens, or <EOT>.

    <EOT> opens every text, so it stands for an empty one.
    """
    ids = service.tokenize(text, add_special_tokens=False) or [EOT_ID]
    return _window(service, text, ids, service.config.model.max_seq_len)


def scored_window(service: GPTService, text: str) -> Window:
    """<EOT> and the text: each token but the first is predicted from those before it.

    Of a longer text the last max_seq_len + 1 tokens: that many the model predicts in one pass.
    """
    ids = service.tokenize(text, add_special_tokens=True)
    return _window(service, text, ids, service.config.model.max_seq_len + 1)


def _window(service: GPTService, text: str, ids: list[int], length: int) -> Window:
    seen = ids[-length:]
    return Window(
        ids=tuple(seen),
        tokens=tuple(service.tokenizer.token_text(i) for i in seen),
        left_out=len(ids) - len(seen),
        unknown=tuple(service.unknown(text)),
    )
