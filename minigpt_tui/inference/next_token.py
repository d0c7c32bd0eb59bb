"""The model's logits for the token after a context: the one step that all inference repeats."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from minigpt_tui.model.language_model import LanguageModel
from minigpt_tui.text.tokenizers import EOT_ID

MAX_LOGITS = 2**25
"""Logits computed at once (128 MiB of float32); larger batches are cut into pieces."""


@torch.inference_mode()
def next_logits(model: LanguageModel, contexts: Sequence[Sequence[int]]) -> Tensor:
    """Logits [B, V] (float32, on the CPU) for the token that follows each of B contexts.

    Of a context longer than the model's window the last `max_seq_len` tokens count. A model in
    training mode is read in evaluation mode and put back. Raises ValueError if the model gives
    anything but finite numbers.
    """
    assert all(contexts), "a context has at least one token"
    window = model.config.max_seq_len
    cut = [context[-window:] for context in contexts]
    longest = max(map(len, cut))
    at_once = max(1, MAX_LOGITS // (longest * model.vocab_size))
    training = model.training
    if training:
        model.eval()
    try:
        pieces = [_forward(model, cut[i : i + at_once]) for i in range(0, len(cut), at_once)]
    finally:
        if training:
            model.train()
    logits = torch.cat(pieces)
    if not torch.isfinite(logits).all():
        raise ValueError(
            "The model gives no finite numbers: its training diverged. Use an earlier checkpoint, "
            "or train again with a lower learning rate."
        )
    return logits


def _forward(model: LanguageModel, contexts: Sequence[Sequence[int]]) -> Tensor:
    # Padding goes to the right, where no earlier position sees it, and positions count from 0.
    last = torch.tensor([len(context) - 1 for context in contexts])
    ids = torch.full((len(contexts), int(last.max()) + 1), EOT_ID)
    for row, context in zip(ids, contexts, strict=True):
        row[: len(context)] = torch.tensor(context)
    device = next(model.parameters()).device
    logits: Tensor = model(ids.to(device))
    return logits[torch.arange(len(contexts)), last].float().cpu()
