"""Small models in which every weight matters, with a vocabulary of each kind."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import torch

from minigpt_tui.config import DataConfig, ModelConfig, RunConfig
from minigpt_tui.config_files import to_dict
from minigpt_tui.inference.service import GPTService
from minigpt_tui.model.build import build_model
from minigpt_tui.model.language_model import LanguageModel
from minigpt_tui.runs.checkpoint import Checkpoint, save_checkpoint
from minigpt_tui.text.tokenizers import build_tokenizer

TEXT = "I eat bread.\nI eat rice, don't you?\nWe eat bread and rice in the morning.\n" * 20
LAYOUTS = ("gpt2", "qwen3")
EVERY = [(layout, head) for layout in LAYOUTS for head in ("untied", "tied")]
METRICS = {"step": 60, "epoch": 2, "val_loss": 1.25, "perplexity": 3.49, "bits_per_byte": 1.8}


def shape(layout: str, head: str = "untied") -> ModelConfig:
    return ModelConfig(
        layout=layout, head=head, d_model=16, n_heads=2, n_layers=2, d_ff=24, max_seq_len=16
    )


def noisy(config: ModelConfig, vocab_size: int, seed: int = 0) -> LanguageModel:
    """Weights of which none is zero or one."""
    model, generator = build_model(config, vocab_size), torch.Generator().manual_seed(seed)
    model.init_weights(generator)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.2 * torch.randn(parameter.shape, generator=generator))
    return model.eval()


@cache
def checkpoint(layout: str = "gpt2", level: str = "char", head: str = "untied") -> Checkpoint:
    vocab_size = 300 if level == "bpe" else None
    data = DataConfig(level=level, vocab_size=vocab_size, corpus=("/home/someone/diary.txt",))
    tokenizer = build_tokenizer([TEXT], data)
    config = RunConfig(data=data, model=shape(layout, head))
    model = noisy(config.model, tokenizer.vocab_size)
    return Checkpoint(
        model.state_dict(), tokenizer.to_json(), to_dict(config), dict(METRICS), model.vocab_size
    )


def checkpoint_file(folder: Path, *which: str) -> Path:
    path = folder / "model.pt"
    save_checkpoint(path, checkpoint(*which))
    return path


def service(folder: Path, *which: str) -> GPTService:
    return GPTService(checkpoint_file(folder, *which))


def same_model(one: Checkpoint, other: Checkpoint) -> bool:
    return (
        one.tokenizer_json == other.tokenizer_json
        and one.model_state.keys() == other.model_state.keys()
        and all(torch.equal(one.model_state[n], other.model_state[n]) for n in one.model_state)
    )


def gpt2_tokenizer() -> dict[str, Any]:
    """As OpenAI's: the bytes, the merges, and the end of a text as the last token."""
    bpe = json.loads(checkpoint("gpt2", "bpe").tokenizer_json)
    names = sorted(bpe["model"]["vocab"], key=bpe["model"]["vocab"].get)[2:]
    names.append("<|endoftext|>")
    bpe["model"]["vocab"] = {name: i for i, name in enumerate(names)}
    bpe["model"]["merges"] = [" ".join(pair) for pair in bpe["model"]["merges"]]
    bpe["pre_tokenizer"]["trim_offsets"] = False
    bpe["added_tokens"] = [{"id": len(names) - 1, "content": "<|endoftext|>", "special": True}]
    return bpe


def as_hugging_face(model: LanguageModel, **options: Any) -> Any:
    """Our weights in their model, built from what would be exported."""
    from transformers import AutoConfig, AutoModelForCausalLM

    from minigpt_tui.interop.hugging_face_config import config_document
    from minigpt_tui.interop.hugging_face_weights import to_hugging_face

    document = config_document(RunConfig(model=model.config), model.vocab_size, {})
    theirs = AutoModelForCausalLM.from_config(AutoConfig.for_model(**document), **options)
    weights = to_hugging_face(model.state_dict(), model.config)
    missing, unexpected = theirs.load_state_dict(weights, strict=False)
    assert not unexpected
    assert set(missing) <= {"lm_head.weight"}, missing  # a tied head has no tensor of its own
    theirs.tie_weights()
    return theirs.eval()
