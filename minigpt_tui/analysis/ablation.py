"""What a model loses without one of its parts, replaced by zero or by its own mean."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from minigpt_tui.analysis.forward import Floats, pieces, run
from minigpt_tui.analysis.sample import mean_loss
from minigpt_tui.model.language_model import LanguageModel
from minigpt_tui.model.tap import Tap
from minigpt_tui.text.cancel import ShouldStop, check_cancelled
from minigpt_tui.text.progress import OnProgress

WAYS = ("mean", "zero")


@dataclass(frozen=True)
class Part:
    """A head (its z), what a whole branch adds to the stream, or both branches of a layer."""

    kind: str  # head, attn, mlp or layer
    layer: int
    head: int | None = None

    def __str__(self) -> str:
        """Labels as in TransformerLens: L0H1, 0_attn_out, 0_mlp_out; layer_0 for both."""
        if self.kind == "head":
            return f"L{self.layer}H{self.head}"
        return f"layer_{self.layer}" if self.kind == "layer" else f"{self.layer}_{self.kind}_out"

    @property
    def activations(self) -> tuple[str, ...]:
        """The names of what is replaced."""
        block = f"blocks.{self.layer}."
        if self.kind == "head":
            return (block + "attn.hook_z",)
        branches = ("attn", "mlp") if self.kind == "layer" else (self.kind,)
        return tuple(f"{block}hook_{branch}_out" for branch in branches)


@dataclass(frozen=True, eq=False)
class Ablation:
    """The loss of a model with each of P parts replaced."""

    way: str  # mean or zero
    parts: tuple[Part, ...]
    loss: float  # of the whole model, nats a token
    changes: Floats  # [P] nats a token more (or less) without the part
    targets: int  # tokens that were predicted


def all_parts(model: LanguageModel) -> list[Part]:
    """Layer by layer: the layer, its branches, its heads."""
    return [
        part
        for layer in range(len(model.blocks))
        for part in (
            Part("layer", layer),
            Part("attn", layer),
            Part("mlp", layer),
            *(Part("head", layer, head) for head in range(model.config.n_heads)),
        )
    ]


def ablation(
    model: LanguageModel,
    windows: Tensor,
    parts: Sequence[Part],
    way: str = "mean",
    *,
    reference: Tensor | None = None,
    should_stop: ShouldStop = None,
    on_progress: OnProgress = None,
) -> Ablation:
    """How the loss on `windows` [B, T + 1] changes without each of `parts`, one at a time.

    The mean is taken over all positions of the windows of `reference` (None: `windows`
    themselves). `on_progress` is told the share of the parts that are measured. Raises ValueError
    for another way than WAYS, CancelledError when `should_stop()` says so.
    """
    if way not in WAYS:
        raise ValueError(f"A part is replaced by its {' or by '.join(WAYS)}, not “{way}”.")
    means: dict[str, Tensor] = {}
    if way == "mean":
        means = mean_activations(model, windows if reference is None else reference)
    loss = mean_loss(model, windows)
    changes = []
    for part in parts:
        check_cancelled(should_stop)
        changes.append(mean_loss(model, windows, without(part, means)) - loss)
        if on_progress is not None:
            on_progress(len(changes) / len(parts))
    return Ablation(way, tuple(parts), loss, np.array(changes), windows[:, 1:].numel())


def without(part: Part, means: dict[str, Tensor]) -> Tap:
    """A tap that replaces a part by its mean, or by zero where `means` has none for it."""

    def replace(name: str, x: Tensor) -> Tensor | None:
        if name not in part.activations:
            return None
        mean = means[name].to(x.dtype) if name in means else torch.zeros_like(x[0, 0])
        edited = x.clone()
        if part.head is None:
            edited[:] = mean
        else:
            edited[:, :, part.head] = mean[part.head]
        return edited

    return replace


@torch.inference_mode()
def mean_activations(model: LanguageModel, windows: Tensor) -> dict[str, Tensor]:
    """The mean z [H, d_head] and branch outputs [D] over the inputs of `windows` [B, T + 1]."""
    sums: dict[str, Tensor] = {}

    def add(name: str, x: Tensor) -> None:
        if name.endswith(("attn.hook_z", "hook_attn_out", "hook_mlp_out")):
            sums[name] = sums.get(name, 0) + x.double().sum((0, 1))

    for piece in pieces(model, windows):
        run(model, piece[:, :-1], add)
    n_positions = windows[:, :-1].numel()
    return {name: total / n_positions for name, total in sums.items()}
