"""Rows for <UNK> and <EOT> in a model that was trained without them, changing nothing else.

Every vocabulary here begins with the two special tokens; those of other programs do not. Their
logits should be low after every text, whatever the final state is, so that the probabilities of the
other tokens stay what they are. A classic model can have that exactly, a modern one nearly.

A final LayerNorm ends with x = γ ⊙ n + β, where the numbers of n sum to 0 (Ba et al. 2016). A row
w = a / γ of the output head therefore reads a constant: w · x = a Σ β/γ. So β is moved by γ, which
makes that sum differ by D, and what the move adds to the logit of each token of the model is taken
away again by such a multiple of 1/γ in its row. Exact but for rounding.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from minigpt_tui.text.tokenizers import EOT_ID, SPECIALS, UNK_ID

if TYPE_CHECKING:
    from torch import Tensor

_SMALLEST_SCALE = 1e-3  # of the final norm's weights: 1/γ must not drown the rest in rounding


def with_special_tokens(
    own: Mapping[str, Tensor], rows: Sequence[int], *, opening: int | None, special_logit: float
) -> dict[str, Tensor]:
    """The weights of a classic model whose vocabulary is <UNK>, <EOT> and then `rows` of the old.

    The head becomes untied. The embedding of <EOT> is that of the old token `opening`, with which
    texts began, or else the mean; <UNK> has the mean. Both have `special_logit` after every text.
    Raises ValueError, in words that go on from the file's name, where that cannot be reached.
    """
    import torch

    old = own["token_embedding.weight"].double()
    head = own.get("head.weight", own["token_embedding.weight"]).double()
    scale, shift = own["final_norm.weight"].double(), own["final_norm.bias"].double()
    if float(scale.abs().min()) < _SMALLEST_SCALE * float(scale.abs().max()):
        raise ValueError(
            "has a final norm that silences a part of the stream: no token can be "
            "added to its vocabulary"
        )
    # The sum Σ β/γ may be near −D by itself; then β is moved the other way.
    before = float((shift / scale).sum())
    sign = 1.0 if before >= 0 else -1.0
    move = sign * scale
    total = before + sign * len(scale)  # Σ β/γ afterwards
    kept = torch.tensor(list(rows))
    tokens = head[kept]
    tokens = tokens - torch.outer(tokens @ move, 1 / scale) / total
    special = (special_logit / total / scale).expand(len(SPECIALS), -1)
    mean = old[kept].mean(dim=0)
    embeddings = torch.empty(len(SPECIALS) + len(kept), old.shape[1], dtype=torch.double)
    embeddings[UNK_ID] = mean
    embeddings[EOT_ID] = mean if opening is None else old[opening]
    embeddings[len(SPECIALS) :] = old[kept]
    changed = {
        "token_embedding.weight": embeddings,
        "final_norm.bias": shift + move,
        "head.weight": torch.cat([special, tokens]),
    }
    weights = {name: w.float().contiguous() for name, w in {**own, **changed}.items()}
    if not all(bool(torch.isfinite(weights[name]).all()) for name in changed):
        raise ValueError(
            "has weights so large or a final norm so small that no token can be added to its "
            "vocabulary"
        )
    return weights


def with_unknown_row(
    own: Mapping[str, Tensor], rows: Sequence[int], *, opening: int
) -> dict[str, Tensor]:
    """The weights of a modern model whose vocabulary is <UNK>, <EOT> and then `rows` of the old.

    <EOT> is the old token `opening` with all it has learned. <UNK> has rows of zeros: RMSNorm has
    no shift, so that no row reads a low constant, and a logit of 0 is the only one that is the same
    after every text. It takes its share from all other tokens alike, and they keep their logits.
    """
    import torch

    kept = torch.tensor([opening, *rows])
    changed = {}
    for name in ("token_embedding.weight", "head.weight"):
        if name in own:
            changed[name] = torch.cat([torch.zeros_like(own[name][:1]), own[name][kept]])
    return {**own, **changed}
