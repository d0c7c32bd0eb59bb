"""What the embeddings hold to be alike: tokens that are used alike, positions that are near."""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F

from minigpt_tui.analysis.forward import Floats, Ints
from minigpt_tui.model.gpt2 import GPT
from minigpt_tui.model.language_model import LanguageModel
from minigpt_tui.text.vocabulary import check_id


@dataclass(frozen=True, eq=False)
class Neighbours:
    """The tokens whose embeddings point most nearly the same way, the nearest first; [k]."""

    token: int  # id
    ids: Ints
    cosines: Floats  # −1 to 1


@torch.inference_mode()
def neighbours(model: LanguageModel, token: int, k: int = 10) -> Neighbours:
    """The k nearest of all other tokens. ValueError for a token that does not exist or k < 1."""
    if k < 1:
        raise ValueError(f"The number of neighbours must be a whole number from 1 up, not {k}.")
    check_id(token, model.vocab_size)
    unit = F.normalize(model.token_embedding.weight.double(), dim=-1)
    cosines = unit @ unit[token]
    cosines[token] = -torch.inf
    nearest = cosines.topk(min(k, model.vocab_size - 1))
    return Neighbours(token, nearest.indices.cpu().numpy(), nearest.values.cpu().numpy())


@torch.inference_mode()
def position_similarity(model: LanguageModel) -> Floats:
    """Cosines [P, P] between the embeddings of all positions.

    Raises ValueError for a layout that learns none: rotations are fixed.
    """
    if not isinstance(model, GPT):
        raise ValueError(
            "This model's layout rotates by position and learns no positions to compare. "
            "The gpt2 layout does."
        )
    unit = F.normalize(model.position_embedding.weight.double(), dim=-1)
    similarity: Floats = (unit @ unit.T).cpu().numpy()
    return similarity
