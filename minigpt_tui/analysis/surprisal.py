"""How surprised a model is: by each token of a text, by position, and by kind of token."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from minigpt_tui.analysis.forward import Floats, Ids, Ints, one_window, run
from minigpt_tui.analysis.sample import Scored
from minigpt_tui.model.language_model import LanguageModel
from minigpt_tui.text.tokenizers import SPECIALS, Tokenizer


@dataclass(frozen=True, eq=False)
class Surprisal:
    """Of N tokens, each predicted from those before it; all of shape [N]."""

    bits: Floats  # −log2 p(token)
    entropy: Floats  # −Σ p log2 p, bits: the surprisal that the model expected
    rank: Ints  # 1 for the most probable token
    expected: Ints  # the id of the most probable token


@torch.inference_mode()
def surprisal(model: LanguageModel, ids: Ids) -> Surprisal:
    """The surprisal of the tokens `ids[1:]`; of `ids` [N + 1] the first is context only.

    N is at most max_seq_len, and may be 0.
    """
    if len(ids) < 2:
        none, nothing = np.zeros(0), np.zeros(0, dtype=np.int64)
        return Surprisal(bits=none, entropy=none, rank=nothing, expected=nothing)
    text = one_window(ids)
    return surprisal_of(run(model, text[:, :-1])[0], text[0, 1:])


def surprisal_of(logits: Tensor, targets: Tensor) -> Surprisal:
    """The surprisal of N tokens by the logits [N, V] that a model gave before each."""
    log_p = logits.double().log_softmax(-1)
    of_target = log_p.gather(-1, targets[:, None].to(log_p.device))  # [N, 1]
    entropy = torch.special.entr(log_p.exp()).sum(-1)
    return Surprisal(
        bits=-of_target[:, 0].cpu().numpy() / math.log(2),
        entropy=entropy.cpu().numpy() / math.log(2),
        rank=1 + (log_p > of_target).sum(-1).cpu().numpy(),
        expected=log_p.argmax(-1).cpu().numpy(),
    )


@dataclass(frozen=True, eq=False)
class LossByPosition:
    """What context is worth: the loss where 1, 2, … T tokens are seen; both of shape [T]."""

    nats: Floats  # mean, nats a token
    targets: Ints  # how many were averaged


def loss_by_position(scored: Scored) -> LossByPosition:
    """The mean loss of the targets at each position in the window."""
    targets = np.bincount(scored.positions)
    sums = np.bincount(scored.positions, weights=scored.nats)
    return LossByPosition(nats=sums / targets, targets=targets)


@dataclass(frozen=True)
class ClassLoss:
    """The loss on one kind of token."""

    name: str
    targets: int
    nats: float  # mean, nats a token
    share: float  # of the whole loss, 0 to 1


CLASSES: dict[str, Callable[[str], bool]] = {
    "white space": str.isspace,
    "letters": lambda text: text.strip().isalpha(),
    "digits": lambda text: text.strip().isdigit(),
    "punctuation": lambda text: not any(c.isalnum() for c in text),
    "mixed": lambda text: True,
}
"""The first that holds; the space that a token carries before it does not count."""


def token_class(token: str) -> str:
    """The kind of a token, given by `Tokenizer.token_text`: one of CLASSES, or "special"."""
    if token in SPECIALS:
        return "special"
    return next(name for name, holds in CLASSES.items() if holds(token))


def loss_by_class(scored: Scored, tokenizer: Tokenizer) -> list[ClassLoss]:
    """The loss on each kind of token that occurs, the kind with the largest share first."""
    present, place = np.unique(scored.targets, return_inverse=True)
    names = ["special", *CLASSES]
    of_id = [names.index(token_class(tokenizer.token_text(i))) for i in present.tolist()]
    of_target = np.array(of_id)[place]
    targets = np.bincount(of_target, minlength=len(names))
    sums = np.bincount(of_target, weights=scored.nats, minlength=len(names))
    found = [
        ClassLoss(name, int(n), float(nats / n), float(nats / sums.sum()))
        for name, n, nats in zip(names, targets, sums, strict=True)
        if n
    ]
    return sorted(found, key=lambda one: -one.share)
