"""Direct logit attribution: what each part of a model adds to a token's logit.

The stream is a sum, and so is a logit once the final norm's scale is held at its real value: the
parts add up to it (Elhage et al. 2021, "A mathematical framework for transformer circuits"). With
LayerNorm a part c adds ((c − mean c) / σ) · (γ ⊙ u), where u is the token's unembedding, and the
norm's bias adds a constant β · u; RMSNorm does not centre and has no bias.
What a part does by way of later parts is not counted: that is ablation's question.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from minigpt_tui.analysis.forward import Floats, Ids, one_window, recorded
from minigpt_tui.model.fused import NORM_EPSILON
from minigpt_tui.model.language_model import LanguageModel
from minigpt_tui.text.vocabulary import check_id


@dataclass(frozen=True, eq=False)
class Attribution:
    """The parts of one logit, or of the difference of two, at one position."""

    position: int  # in the window, from 0
    token: int  # id
    minus: int | None  # id of the token whose logit was subtracted
    parts: tuple[str, ...]  # [C] labels as in TransformerLens: embed, 0_attn_out, L0H1, 0_mlp_out
    logits: Floats  # [C] what each adds; they sum to `total`
    total: float  # the model's own logit, or difference of logits


@torch.inference_mode()
def attribution(
    model: LanguageModel,
    ids: Ids,
    token: int | None = None,
    minus: int | None = None,
    *,
    position: int = -1,
    by_head: bool = False,
) -> Attribution:
    """Attributes the logit of `token` (None: the most probable), less that of `minus`.

    `by_head` shows an attention layer as its heads and, where it has one, its bias. Raises
    ValueError for a token or position that does not exist.
    """
    if not -len(ids) <= position < len(ids):
        raise ValueError(f"There is no position {position} in a window of {len(ids)} tokens.")
    position %= len(ids)
    seen, all_logits = recorded(model, one_window(ids), _is_part)
    logits = all_logits[0, position].double()
    token = int(logits.argmax()) if token is None else check_id(token, model.vocab_size)
    direction, total = model.unembedding[token].double(), logits[token]
    if minus is not None:
        direction = direction - model.unembedding[check_id(minus, model.vocab_size)].double()
        total = total - logits[minus]
    end = f"blocks.{len(model.blocks) - 1}.hook_resid_post"
    direction, constant = _before_norm(model, seen[end][0, position].double(), direction)
    found = [
        (label, float(part.double() @ direction))
        for label, part in _parts(model, seen, position, by_head)
    ]
    if constant is not None:
        found.append(("constant", constant))
    return Attribution(
        position=position,
        token=token,
        minus=minus,
        parts=tuple(label for label, _ in found),
        logits=np.array([value for _, value in found]),
        total=float(total),
    )


def _before_norm(
    model: LanguageModel, stream: Tensor, direction: Tensor
) -> tuple[Tensor, float | None]:
    """The direction [D] that a part of the stream [D] is read along, and the constant beside it."""
    norm = model.final_norm
    assert isinstance(norm.weight, Tensor)
    scaled = norm.weight.double() * direction
    if not isinstance(norm, nn.LayerNorm):
        return scaled / (stream.square().mean() + NORM_EPSILON).sqrt(), None
    sigma = (stream.var(correction=0) + norm.eps).sqrt()
    # (c − mean c) · d = c · (d − mean d)
    return (scaled - scaled.mean()) / sigma, float(norm.bias.double() @ direction)


def _parts(
    model: LanguageModel, seen: dict[str, Tensor], position: int, by_head: bool
) -> Iterator[tuple[str, Tensor]]:
    """Every part [D] of the stream at a position, by its label."""
    for name in ("embed", "pos_embed"):
        if f"hook_{name}" in seen:
            yield name, seen[f"hook_{name}"][0, position]
    for layer, block in enumerate(model.blocks):
        prefix = f"blocks.{layer}."
        if by_head:
            z = seen[prefix + "attn.hook_z"][0, position].double()  # [H, d_head]
            out = block.get_submodule("attention.out")
            assert isinstance(out, nn.Linear)
            n_heads, d_head = z.shape
            of_head = out.weight.double().view(-1, n_heads, d_head)  # [D, H, d_head]
            for head in range(n_heads):
                yield f"L{layer}H{head}", of_head[:, head] @ z[head]
            if out.bias is not None:
                yield f"{layer}_attn_bias", out.bias
        else:
            yield f"{layer}_attn_out", seen[prefix + "hook_attn_out"][0, position]
        yield f"{layer}_mlp_out", seen[prefix + "hook_mlp_out"][0, position]


def _is_part(name: str) -> bool:
    endings = ("hook_embed", "hook_pos_embed", "_out", "hook_z", "hook_resid_post")
    return name.endswith(endings)
