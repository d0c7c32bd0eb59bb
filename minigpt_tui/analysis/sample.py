"""How a model predicts a sample of a long text: the material of losses by kind and calibration."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from torch import Tensor

from minigpt_tui.analysis.forward import Floats, Ids, Ints, pieces, run
from minigpt_tui.model.language_model import LanguageModel
from minigpt_tui.model.tap import Tap
from minigpt_tui.text.cancel import ShouldStop, check_cancelled

MOST_TARGETS = 20_000


@dataclass(frozen=True, eq=False)
class Scored:
    """N targets and what the model said before each; all of shape [N]."""

    targets: Ints  # token ids
    positions: Ints  # in the window, from 0: how many tokens stood before the target, less one
    nats: Floats  # −ln p(target)
    confidence: Floats  # probability of the most probable token
    correct: npt.NDArray[np.bool_]  # whether that token was the target


def sample_windows(ids: Ids, window: int, most_targets: int = MOST_TARGETS) -> Tensor:
    """Windows [B, T + 1] of a text: T inputs, and the same shifted by one as targets.

    They lie side by side (T = `window`, or all of a shorter text); of more than `most_targets`
    targets, windows spread evenly over the text. Raises ValueError when nothing can be predicted.
    """
    text = np.asarray(ids)
    if len(text) < 2:
        raise ValueError("There is no token to predict: give a text of at least one token.")
    length = min(window, len(text) - 1)
    available = (len(text) - 1) // length
    chosen = np.linspace(0, available - 1, min(available, max(1, most_targets // length)))
    starts = chosen.round().astype(np.int64) * length
    places = starts[:, None] + np.arange(length + 1)
    return torch.from_numpy(text[places].astype(np.int64))


@torch.inference_mode()
def score(model: LanguageModel, windows: Tensor, should_stop: ShouldStop = None) -> Scored:
    """Scores every target of `windows` [B, T + 1].

    Raises CancelledError when `should_stop()` says so.
    """
    nats, confidence, correct = [], [], []
    for piece in pieces(model, windows):
        check_cancelled(should_stop)
        logits = run(model, piece[:, :-1]).flatten(0, 1)
        targets = piece[:, 1:].to(logits.device).flatten()
        best = logits.max(dim=-1)
        nats.append(F.cross_entropy(logits, targets, reduction="none").cpu())
        confidence.append((best.values - logits.logsumexp(-1)).exp().cpu())
        correct.append((best.indices == targets).cpu())
    n_windows, length = windows.shape[0], windows.shape[1] - 1
    return Scored(
        targets=windows[:, 1:].flatten().numpy(),
        positions=np.tile(np.arange(length, dtype=np.int64), n_windows),
        nats=torch.cat(nats).double().numpy(),
        confidence=torch.cat(confidence).double().numpy(),
        correct=torch.cat(correct).numpy(),
    )


@torch.inference_mode()
def mean_loss(model: LanguageModel, windows: Tensor, tap: Tap | None = None) -> float:
    """Nats a token over all targets of `windows` [B, T + 1], with the edits of a `tap`."""
    total = 0.0
    for piece in pieces(model, windows):
        logits = run(model, piece[:, :-1], tap).flatten(0, 1)
        targets = piece[:, 1:].to(logits.device).flatten()
        total += float(F.cross_entropy(logits, targets, reduction="none").double().sum())
    return total / windows[:, 1:].numel()
