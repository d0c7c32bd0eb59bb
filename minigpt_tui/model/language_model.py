"""What every layout of the transformer has in common: the face that training and inference know."""

from __future__ import annotations

from abc import ABC, abstractmethod

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from minigpt_tui.config import ModelConfig
from minigpt_tui.model.tap import Tap


class LanguageModel(nn.Module, ABC):
    """Token ids [B, T] → logits [B, T, V]; position t sees the tokens 0..t and predicts t + 1.

    `head` is None where it is tied: the token embedding then reads the stream out as well (Press &
    Wolf 2017), and its one tensor stands once in the `state_dict`.
    """

    blocks: nn.ModuleList
    final_norm: nn.Module
    head: nn.Linear | None

    def __init__(self, config: ModelConfig, vocab_size: int) -> None:
        super().__init__()
        self.config = config
        self.vocab_size = vocab_size
        self.token_embedding = nn.Embedding(vocab_size, config.d_model)

    def add_head(self) -> None:
        """The last part to be built, so that a `state_dict` follows the way of the data."""
        tied = self.config.head == "tied"
        width = self.config.d_model
        self.head = None if tied else nn.Linear(width, self.vocab_size, bias=False)

    @property
    def unembedding(self) -> Tensor:
        """The weights [V, D] that read the normalised stream out; a row belongs to a token."""
        return self.token_embedding.weight if self.head is None else self.head.weight

    def unembed(self, x: Tensor) -> Tensor:
        """The normalised stream [B, T, D] → logits [B, T, V]."""
        return F.linear(x, self.unembedding)

    @abstractmethod
    def forward(self, ids: Tensor, tap: Tap | None = None) -> Tensor:
        """Logits [B, T, V] of ids [B, T]; T is at most max_seq_len.

        A `tap` reads and edits the activations on the way (see `tap.py`); without one the pass
        takes the fastest way and keeps nothing.
        """

    @abstractmethod
    def init_weights(self, generator: torch.Generator) -> None:
        """Draws every weight from `generator`."""
