"""Tiny models in which every weight matters."""

from __future__ import annotations

import dataclasses
import itertools

import torch

from minigpt_tui.config import ModelConfig, RunConfig
from minigpt_tui.inference.service import GPTService
from minigpt_tui.model.build import build_model
from minigpt_tui.model.language_model import LanguageModel
from minigpt_tui.text.tokenizers import EOT_ID, Tokenizer

V, T, L, H = 11, 7, 2, 2
EVERY = list(itertools.product(("gpt2", "qwen3"), ("untied", "tied")))


def noisy(
    layout: str = "gpt2", head: str = "untied", vocab: int = V, **shape: int
) -> LanguageModel:
    """A model in evaluation mode whose weights are neither zero nor one."""
    config = ModelConfig(
        layout=layout, head=head, d_model=16, n_heads=H, n_layers=L, d_ff=24, max_seq_len=8
    )
    model = build_model(dataclasses.replace(config, **shape), vocab)
    generator = torch.Generator().manual_seed(5)
    model.init_weights(generator)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.3 * torch.randn(parameter.shape, generator=generator))
    return model.eval()


def some_ids(n: int = T, seed: int = 1) -> list[int]:
    ids = torch.randint(V, (n,), generator=torch.Generator().manual_seed(seed)).tolist()
    return [EOT_ID, *ids[1:]]


def service_of(tokenizer: Tokenizer, layout: str = "gpt2") -> GPTService:
    model = noisy(layout, vocab=tokenizer.vocab_size)
    return GPTService.from_parts(model, tokenizer, RunConfig(model=model.config), {})


def broken() -> LanguageModel:
    """A model whose training diverged."""
    model = noisy()
    with torch.no_grad():
        model.token_embedding.weight.fill_(torch.nan)
    return model
