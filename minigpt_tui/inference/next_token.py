"""The model's logits for the token after a context, asked of the model itself, without a cache."""

from __future__ import annotations

import threading
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from minigpt_tui.inference.layers import Floats
from minigpt_tui.inference.word_search import NextLogits
from minigpt_tui.model.language_model import LanguageModel
from minigpt_tui.text.tokenizers import EOT_ID

MAX_LOGITS = 2**25
"""Logits computed at once (128 MiB of float32); larger batches are cut into pieces."""


def first_seen(length: int, window: int) -> int:
    """The index of the first token that the model sees of so many.

    All are seen while they fit. Then the window moves on by half its length at once, so that a
    text that grows has the last half read again only each time that the window is full: positions
    count from its start, and keys and values know theirs.
    """
    step = window - window // 2
    return step * max(0, -(-(length - window) // step))


class UncachedEngine:
    """Sends the whole context through the model each time (see `Engine`)."""

    def __init__(self, model: LanguageModel) -> None:
        self._model = model
        self._lock = threading.Lock()  # its mode may have to change

    def refresh(self) -> None:
        """Nothing is kept."""

    def fork(self) -> UncachedEngine:
        return self

    def logits_after(self, ids: Sequence[int]) -> Floats:
        logits: Floats = self._logits([ids])[0]
        return logits

    def branches(self, ids: Sequence[int]) -> NextLogits:
        return lambda continuations: self._logits([[*ids, *added] for added in continuations])

    def _logits(self, contexts: Sequence[Sequence[int]]) -> Floats:
        window = self._model.config.max_seq_len
        seen = [context[first_seen(len(context), window) :] for context in contexts]
        with self._lock:
            return next_logits(self._model, seen).numpy()


@torch.inference_mode()
def next_logits(model: LanguageModel, contexts: Sequence[Sequence[int]]) -> Tensor:
    """Logits [B, V] (float32, on the CPU) for the token that follows each of B contexts.

    A context is at most `max_seq_len` tokens. A model in training mode is read in evaluation mode
    and put back. Raises ValueError if the model gives anything but finite numbers.
    """
    assert all(contexts), "a context has at least one token"
    longest = max(map(len, contexts))
    at_once = max(1, MAX_LOGITS // (longest * model.vocab_size))
    training = model.training
    if training:
        model.eval()
    try:
        pieces = [
            _forward(model, contexts[i : i + at_once]) for i in range(0, len(contexts), at_once)
        ]
    finally:
        if training:
            model.train()
    logits = torch.cat(pieces)
    check_finite(logits.numpy())
    return logits


def check_finite(logits: Floats) -> None:
    """Raises ValueError when a logit is no number or infinite."""
    if not np.isfinite(logits).all():
        raise ValueError(
            "The model gives no finite numbers: its training diverged. Use an earlier checkpoint, "
            "or train again with a lower learning rate."
        )


def _forward(model: LanguageModel, contexts: Sequence[Sequence[int]]) -> Tensor:
    # Padding goes to the right, where no earlier position sees it, and positions count from 0.
    last = torch.tensor([len(context) - 1 for context in contexts])
    ids = torch.full((len(contexts), int(last.max()) + 1), EOT_ID)
    for row, context in zip(ids, contexts, strict=True):
        row[: len(context)] = torch.tensor(context)
    device = next(model.parameters()).device
    logits: Tensor = model(ids.to(device))
    return logits[torch.arange(len(contexts)), last].float().cpu()
