"""The logit lens (nostalgebraist 2020): what the model would say if it stopped after each layer.

The stream after a layer goes through the final norm, whose statistics are computed anew, and the
unembedding. The last row is what the model says.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from minigpt_tui.analysis.forward import Floats, Ids, Ints, one_window, recorded
from minigpt_tui.model.language_model import LanguageModel


@dataclass(frozen=True, eq=False)
class LogitLens:
    """R = n_layers + 1 rows, the embedding first; all arrays of shape [R, T]."""

    places: tuple[str, ...]  # [R] the activation that each row reads
    top: Ints  # id of the most probable token
    probability: Floats  # of that token
    final_rank: Ints  # in this row, of the token that is the most probable in the end; from 1
    final_probability: Floats  # in this row, of that same token
    kl: Floats  # Σ p_end log2(p_end / p_row), bits: what is still missing


@torch.inference_mode()
def logit_lens(model: LanguageModel, ids: Ids) -> LogitLens:
    """The lens on a text of T ≤ max_seq_len tokens."""
    seen, logits = recorded(model, one_window(ids), _is_read)
    end = logits[0].double().log_softmax(-1)  # [T, V]
    final = end.argmax(-1, keepdim=True)
    rows: dict[str, list[Tensor]] = {name: [] for name in ("p", "top", "rank", "of_final", "kl")}
    for place in _places(model):
        log_p = _read_out(model, seen[place])[0].double().log_softmax(-1)
        best = log_p.max(-1)
        of_final = log_p.gather(-1, final)
        rows["p"].append(best.values.exp())
        rows["top"].append(best.indices)
        rows["rank"].append(1 + (log_p > of_final).sum(-1))
        rows["of_final"].append(of_final[:, 0].exp())
        missing = (end.exp() * (end - log_p)).sum(-1) / math.log(2)
        rows["kl"].append(missing.clamp(min=0))  # rounding may leave −1e-17
    array = {name: torch.stack(found).cpu().numpy() for name, found in rows.items()}
    return LogitLens(
        places=tuple(_places(model)),
        top=array["top"],
        probability=array["p"],
        final_rank=array["rank"],
        final_probability=array["of_final"],
        kl=array["kl"],
    )


@torch.inference_mode()
def lens_logits(model: LanguageModel, ids: Ids) -> Iterator[tuple[str, Tensor]]:
    """Each row's place and its logits [T, V], one after the other: together they may be large."""
    seen, _ = recorded(model, one_window(ids), _is_read)
    for place in _places(model):
        yield place, _read_out(model, seen[place])[0]


def _read_out(model: LanguageModel, stream: Tensor) -> Tensor:
    return model.unembed(model.final_norm(stream)).float()


def _places(model: LanguageModel) -> list[str]:
    after = [f"blocks.{layer}.hook_resid_post" for layer in range(len(model.blocks))]
    return ["blocks.0.hook_resid_pre", *after]


def _is_read(name: str) -> bool:
    return name == "blocks.0.hook_resid_pre" or name.endswith("hook_resid_post")
