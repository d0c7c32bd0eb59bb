"""Activation patching: which activations of one prompt carry its answer into another.

Two prompts of equal length differ in a word or so. The second is run with one activation taken
from the first; where the first one's answer comes back, the activation carried it (Meng et al.
2022, "causal tracing"; Wang et al. 2022).
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from minigpt_tui.analysis.forward import Floats, Ids, one_window, pieces, recorded, run
from minigpt_tui.model.language_model import LanguageModel
from minigpt_tui.text.cancel import ShouldStop, check_cancelled
from minigpt_tui.text.vocabulary import check_id


@dataclass(frozen=True, eq=False)
class Patching:
    """Logit differences between two answers after the last token.

    The answers are what the two prompts make most probable; where both make the same, it is that
    token's logit alone. A value near `source` says that the patch brings the source's answer.
    """

    token: int  # id of the source's answer
    minus: int | None  # id of the other prompt's own answer
    source: float  # the source prompt, unpatched
    target: float  # the other prompt, unpatched
    stream: Floats  # [L, T] its stream before layer l patched at position t
    heads: Floats  # [L, H] a head's z patched at all positions


def patched_logits(model: LanguageModel, ids: Ids, source: Ids, names: Collection[str]) -> Tensor:
    """Logits [T, V] of `ids` with the activations `names` taken from `source`, at all positions."""
    _check_lengths(ids, source)
    taken, _ = recorded(model, one_window(source), lambda name: name in names)
    assert len(taken) == len(set(names)), "every name is an activation of this model"
    return run(model, one_window(ids), lambda name, x: taken.get(name))[0]


@torch.inference_mode()
def patching(
    model: LanguageModel,
    ids: Ids,
    source: Ids,
    token: int | None = None,
    minus: int | None = None,
    *,
    should_stop: ShouldStop = None,
) -> Patching:
    """Patches every layer's stream at every position, and every head, from `source` into `ids`.

    `token` and `minus` choose other answers than the most probable ones. Raises ValueError for
    prompts of different lengths or a token that does not exist, CancelledError when `should_stop()`
    says so.
    """
    _check_lengths(ids, source)
    taken, source_logits = recorded(
        model, one_window(source), lambda name: name.endswith(("hook_resid_pre", "attn.hook_z"))
    )
    target_logits = run(model, one_window(ids))
    if token is None:
        token = int(source_logits[0, -1].argmax())
    if minus is None:
        answer = int(target_logits[0, -1].argmax())
        minus = answer if answer != token else None
    for answer in filter(None, (token, minus)):
        check_id(answer, model.vocab_size)
    answers = token, minus
    layers, length = len(model.blocks), len(ids)
    differs = [t for t in range(length) if ids[t] != source[t]]
    # Before the first difference the two streams are one.
    positions = range(min(differs, default=length), length)
    stream = np.full((layers, length), float(_difference(target_logits, answers)))
    heads = np.empty((layers, model.config.n_heads))
    for layer in range(layers):
        name = f"blocks.{layer}.hook_resid_pre"
        check_cancelled(should_stop)
        stream[layer, positions.start :] = _patched_one_by_one(
            model, ids, name, taken[name], 1, positions, answers
        )
        name = f"blocks.{layer}.attn.hook_z"
        check_cancelled(should_stop)
        every_head = range(model.config.n_heads)
        heads[layer] = _patched_one_by_one(model, ids, name, taken[name], 2, every_head, answers)
    return Patching(
        token=token,
        minus=minus,
        source=float(_difference(source_logits, answers)),
        target=float(_difference(target_logits, answers)),
        stream=stream,
        heads=heads,
    )


def _patched_one_by_one(
    model: LanguageModel,
    ids: Ids,
    name: str,
    taken: Tensor,
    dim: int,
    indices: range,
    answers: tuple[int, int | None],
) -> Floats:
    """The logit differences [indices], each index of dimension `dim` patched alone."""
    found = [np.zeros(0)]
    for rows in pieces(model, torch.tensor(indices)[:, None].expand(-1, len(ids))):
        places = rows[:, 0].tolist()

        def patch(at: str, x: Tensor, places: list[int] = places) -> Tensor | None:
            if at != name:
                return None
            edited = x.clone()
            for row, place in enumerate(places):
                edited[row].select(dim - 1, place).copy_(taken[0].select(dim - 1, place))
            return edited

        logits = run(model, one_window(ids).expand(len(places), -1), patch)
        found.append(_difference(logits, answers).double().cpu().numpy())
    return np.concatenate(found)


def _difference(logits: Tensor, answers: tuple[int, int | None]) -> Tensor:
    """The answers' difference [B] after the last token of logits [B, T, V]."""
    token, minus = answers
    last = logits[:, -1]
    return last[:, token] if minus is None else last[:, token] - last[:, minus]


def _check_lengths(ids: Ids, source: Ids) -> None:
    if len(ids) != len(source):
        raise ValueError(
            f"Two prompts of equal length are compared, not of {len(source)} and {len(ids)} "
            "tokens: exchange a word for one of as many tokens."
        )
