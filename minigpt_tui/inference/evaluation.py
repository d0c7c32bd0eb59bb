"""The loss on held-out text: every target once, in units that compare between tokenizers."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from torch import Tensor

from minigpt_tui.model.language_model import LanguageModel
from minigpt_tui.text.tokenizers import EOT_ID

NO_TARGET = -100
BITS_PER_UNKNOWN_BYTE = 8  # an unknown's text is charged as if its bytes were equally likely

Ids = npt.NDArray[np.integer[Any]]


@dataclass(frozen=True)
class Evaluation:
    """How well a model predicts a text; all of it NaN when the model gives no numbers."""

    val_loss: float  # nats a token, the mean over all targets
    perplexity: float  # e to the val_loss
    bits_per_char: float
    bits_per_byte: float
    unknown_share: float  # of the text's bytes: those that no token stands for
    targets: int


class Processes(Protocol):
    """Several processes that measure one text together: `training.distributed.World`."""

    @property
    def rank(self) -> int: ...
    @property
    def size(self) -> int: ...
    def sum(self, tensor: Tensor) -> Tensor: ...
    def any(self, flag: bool) -> bool: ...


def evaluate(
    model: LanguageModel,
    ids: Ids,
    batch_size: int,
    *,
    characters: int,
    bytes: int,
    unknown_bytes: int,
    should_stop: Callable[[], bool] | None = None,
    processes: Processes | None = None,
) -> Evaluation | None:
    """Measures a model on `ids` [N], which begin with <EOT>; None when `should_stop()` says so.

    The N − 1 targets lie in windows of max_seq_len side by side, `batch_size` windows a batch.
    `characters`, `bytes` (UTF-8) and `unknown_bytes` are those of the text behind the ids.

    Bits a byte are Σ nats / (ln 2 · Σ bytes) of the predicted text. <EOT> is no text: its nats and
    its bytes count nothing. <UNK> hides its text: to its own nats come 8 bits a hidden byte.

    Of several `processes`, which must all call this, each takes its share of the batches.

    Raises ValueError when there is nothing to predict.
    """
    if len(ids) < 2 or characters < 1:
        raise ValueError("The validation text is empty: there is no token to predict.")
    total_nats = eot_nats = 0.0  # Python's floats are float64
    rank, size = (0, 1) if processes is None else (processes.rank, processes.size)
    device = next(model.parameters()).device
    training = model.training
    model.eval()
    try:
        # FSDP keeps what it gathers here for training, which inference mode would not allow.
        with torch.inference_mode() if processes is None else torch.no_grad():
            for inputs, targets in _batches(ids, model.config.max_seq_len, batch_size, rank, size):
                stop = should_stop is not None and should_stop()
                if stop if processes is None else processes.any(stop):
                    return None
                logits = model(torch.from_numpy(inputs).to(device))  # [B, T, V]
                nats = F.cross_entropy(
                    logits.float().flatten(0, 1),
                    torch.from_numpy(targets).to(device).flatten(),
                    ignore_index=NO_TARGET,
                    reduction="none",
                )
                nats = nats.cpu().double()
                total_nats += float(nats.sum())
                eot_nats += float(nats[torch.from_numpy(targets).flatten() == EOT_ID].sum())
    finally:
        model.train(training)
    if processes is not None:
        sums = torch.tensor([total_nats, eot_nats], dtype=torch.float64)
        total_nats, eot_nats = processes.sum(sums).tolist()
    val_loss = total_nats / (len(ids) - 1)
    bits = (total_nats - eot_nats) / math.log(2) + BITS_PER_UNKNOWN_BYTE * unknown_bytes
    return Evaluation(
        val_loss=val_loss,
        perplexity=float(torch.tensor(val_loss, dtype=torch.float64).exp()),  # ∞, not an error
        bits_per_char=bits / characters,
        bits_per_byte=bits / bytes,
        unknown_share=unknown_bytes / bytes,
        targets=len(ids) - 1,
    )


def _batches(
    ids: Ids, window: int, batch_size: int, rank: int, size: int
) -> Iterator[tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]]:
    """Inputs and targets [B, window] of every `size`-th batch, from number `rank` on.

    The end of the last window is padded and has no targets. Every rank gets as many batches: where
    they run out, an empty one, for models whose weights are dealt out compute in step.
    """
    n_targets = len(ids) - 1
    for first in range(0, n_targets, window * batch_size * size):
        start = first + rank * window * batch_size
        stop = min(start + window * batch_size, n_targets)
        rows = max(1, -(-(stop - start) // window))
        inputs = np.full(rows * window, EOT_ID, dtype=np.int64)
        targets = np.full(rows * window, NO_TARGET, dtype=np.int64)
        if start < stop:
            inputs[: stop - start] = ids[start:stop]
            targets[: stop - start] = ids[start + 1 : stop + 1]
        yield inputs.reshape(rows, window), targets.reshape(rows, window)
