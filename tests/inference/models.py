"""Models whose probabilities are known exactly, and real tiny ones."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from minigpt_tui.config import DataConfig, ModelConfig, RunConfig
from minigpt_tui.inference.service import GPTService
from minigpt_tui.model.gpt2 import GPT
from minigpt_tui.text.tokenizers import EOT, EOT_ID, UNK, UNK_ID, Tokenizer, build_tokenizer

IMPOSSIBLE = -1e4  # a logit whose probability is 0, and a finite number


class MarkovChain(nn.Module):
    """A language model that looks at the last token only: its table [V, V] holds the logits."""

    def __init__(self, logits: Tensor, max_seq_len: int = 16) -> None:
        super().__init__()
        self.config = ModelConfig(max_seq_len=max_seq_len)
        self.vocab_size = len(logits)
        self.table = nn.Parameter(logits.float())
        self.longest_seen = 0

    def forward(self, ids: Tensor) -> Tensor:
        assert ids.shape[1] <= self.config.max_seq_len
        self.longest_seen = max(self.longest_seen, ids.shape[1])
        return self.table[ids]


def random_chain(vocab_size: int, seed: int, spread: float = 2.0) -> MarkovChain:
    generator = torch.Generator().manual_seed(seed)
    return MarkovChain(spread * torch.randn(vocab_size, vocab_size, generator=generator))


def chain(
    tokenizer: Tokenizer, follows: Mapping[str | bytes, Mapping[str | bytes, float]]
) -> MarkovChain:
    """token → what may follow it, with its probability; after any other token comes <EOT>.

    A token is named by its text, by its bytes where it is less than a character, or as a special.
    """
    id_of: dict[str | bytes, int] = {
        tokenizer.token_bytes(i): i for i in range(tokenizer.vocab_size)
    }
    id_of |= {bytes_.decode(): i for bytes_, i in id_of.items() if _is_text(bytes_)}
    id_of |= {UNK: UNK_ID, EOT: EOT_ID}
    probs = torch.zeros(tokenizer.vocab_size, tokenizer.vocab_size, dtype=torch.float64)
    probs[:, EOT_ID] = 1.0
    for token, nexts in follows.items():
        row = probs[id_of[token]]
        row.zero_()
        for following, prob in nexts.items():
            row[id_of[following]] = prob
        assert abs(float(row.sum()) - 1) < 1e-9, token
    return MarkovChain(probs.log().clamp(min=IMPOSSIBLE))


def _is_text(data: bytes | str) -> bool:
    try:
        return isinstance(data, bytes) and data.decode() is not None
    except UnicodeDecodeError:
        return False


def service_around(model: nn.Module, tokenizer: Tokenizer) -> GPTService:
    config = RunConfig(model=model.config)  # type: ignore[arg-type]
    return GPTService.from_parts(model, tokenizer, config, {"epoch": 0})  # type: ignore[arg-type]


def tokenizer_of(text: str, level: str, vocab_size: int | None = None) -> Tokenizer:
    return build_tokenizer([text], DataConfig(level=level, vocab_size=vocab_size))


def tiny_gpt(vocab_size: int, seed: int = 0, **shape: int) -> GPT:
    defaults = {"d_model": 16, "n_heads": 2, "n_layers": 2, "d_ff": 32, "max_seq_len": 12}
    model = GPT(ModelConfig(**(defaults | shape), dropout=0.3), vocab_size)
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.normal_(0.0, 0.3, generator=generator)
    return model
