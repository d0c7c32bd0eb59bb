"""The transformer that a configuration describes."""

from __future__ import annotations

from minigpt_tui.config import ModelConfig
from minigpt_tui.model.gpt2 import GPT
from minigpt_tui.model.language_model import LanguageModel
from minigpt_tui.model.qwen3 import Qwen3

LAYOUTS: dict[str, type[GPT] | type[Qwen3]] = {"gpt2": GPT, "qwen3": Qwen3}


def build_model(config: ModelConfig, vocab_size: int) -> LanguageModel:
    """A model of the configured layout with weights yet to be drawn (`init_weights`) or loaded."""
    return LAYOUTS[config.layout](config, vocab_size)
