"""Runs a model for its activations, and leaves it as it was."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from minigpt_tui.model.language_model import LanguageModel
from minigpt_tui.model.tap import Tap

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Ids = Sequence[int] | npt.NDArray[np.integer[Any]]

MAX_NUMBERS = 2**24
"""Of one activation at once (64 MiB of float32); larger batches go through in pieces."""


@torch.inference_mode()
def run(model: LanguageModel, ids: Tensor, tap: Tap | None = None) -> Tensor:
    """Logits [B, T, V], float32 on the model's device, of ids [B, T].

    A model in training mode is read in evaluation mode and put back; the thread that trains it
    may do so between two steps. Nothing is drawn from torch's default generator. Raises ValueError
    if the model gives anything but finite numbers.
    """
    assert 0 < ids.shape[1] <= model.config.max_seq_len, "the caller cuts texts to a window"
    training = model.training
    if training:
        model.eval()
    try:
        logits: Tensor = model(ids.to(model.unembedding.device), tap).float()
    finally:
        if training:
            model.train()
    if not torch.isfinite(logits).all():
        raise ValueError(
            "The model gives no finite numbers: its training diverged. Use an earlier checkpoint, "
            "or train again with a lower learning rate."
        )
    return logits


def one_window(ids: Ids) -> Tensor:
    """The ids [T] of one text as a batch [1, T]."""
    return torch.from_numpy(np.asarray(ids, dtype=np.int64))[None]


def recorded(
    model: LanguageModel, ids: Tensor, wanted: Callable[[str], bool]
) -> tuple[dict[str, Tensor], Tensor]:
    """The activations whose names are `wanted` (see `model/tap.py`), and the logits [B, T, V]."""
    seen: dict[str, Tensor] = {}

    def read(name: str, x: Tensor) -> None:
        if wanted(name):
            seen[name] = x

    return seen, run(model, ids, read)


def pieces(model: LanguageModel, windows: Tensor) -> Iterator[Tensor]:
    """Rows of `windows` [B, T] in batches whose largest activation fits into the memory."""
    config, length = model.config, windows.shape[1]
    widest = max(model.vocab_size, config.n_heads * length, config.d_ff)  # logits, patterns, MLP
    rows = max(1, MAX_NUMBERS // (length * widest))
    return iter(torch.split(windows, rows))
