"""What every layout of the transformer has in common: the face that training and inference know."""

from __future__ import annotations

from abc import ABC, abstractmethod

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from minigpt_tui.config import ModelConfig


class LanguageModel(nn.Module, ABC):
    """Token ids [B, T] → logits [B, T, V]; position t sees the tokens 0..t and predicts t + 1.

    `head` is None where it is tied: the token embedding then reads the stream out as well (Press &
    Wolf 2017), and its one tensor stands once in the `state_dict`.
    """

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

    def unembed(self, x: Tensor) -> Tensor:
        """The normalised stream [B, T, D] → logits [B, T, V]."""
        head = self.token_embedding if self.head is None else self.head
        return F.linear(x, head.weight)

    @abstractmethod
    def forward(self, ids: Tensor) -> Tensor:
        """Logits [B, T, V] of ids [B, T]; T is at most max_seq_len."""

    @abstractmethod
    def init_weights(self, generator: torch.Generator) -> None:
        """Draws every weight from `generator`."""
