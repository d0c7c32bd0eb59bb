"""The small-GPT recipe for a CPU that the field knows, written out: what ours is compared with.

L4 H4 D128, T64, B12, AdamW 1e-3 → 1e-4 along a cosine, warm-up 100, fp32, eager.
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F

from minigpt_tui.config import ModelConfig
from minigpt_tui.inference.evaluation import evaluate
from minigpt_tui.model.gpt2 import GPT

REFERENCE_SHAPE = {"d_model": 128, "n_heads": 4, "n_layers": 4, "d_ff": 512, "max_seq_len": 64}
REFERENCE_BATCH, REFERENCE_STEPS, REFERENCE_WARM_UP = 12, 2000, 100


@dataclass
class Text:
    """A text as ids, the first 90 % for training."""

    path: Path
    train: np.ndarray
    val: np.ndarray
    characters: int
    vocab_size: int


def read_text(path: Path) -> Text:
    content = path.read_text(encoding="utf-8")
    characters = sorted(set(content))
    number = {c: i for i, c in enumerate(characters)}
    ids = np.array([number[c] for c in content], dtype=np.int64)
    cut = int(0.9 * len(ids))
    return Text(path.absolute(), ids[:cut], ids[cut:], len(content) - cut, len(characters))


def reference_run(text: Text, steps: int) -> tuple[float, float]:
    """The reference recipe: (validation loss, seconds of training)."""
    torch.manual_seed(1337)
    model, optimizer = reference_model(text.vocab_size)
    draw = np.random.default_rng(1337)
    seconds = 0.0
    for step in range(steps):
        started = time.perf_counter()
        reference_step(model, optimizer, text, draw, step, steps)
        seconds += time.perf_counter() - started
    return val_loss(model, text), seconds


def reference_model(
    vocab_size: int, shape: dict[str, int] = REFERENCE_SHAPE
) -> tuple[GPT, torch.optim.Optimizer]:
    model = GPT(ModelConfig(**shape, dropout=0.0), vocab_size)
    model.init_weights(torch.Generator().manual_seed(1337))
    matrices = [p for p in model.parameters() if p.ndim >= 2]
    others = [p for p in model.parameters() if p.ndim < 2]
    groups = [{"params": matrices, "weight_decay": 0.1}, {"params": others, "weight_decay": 0.0}]
    return model, torch.optim.AdamW(groups, lr=1e-3, betas=(0.9, 0.99))


def reference_step(
    model: GPT,
    optimizer: torch.optim.Optimizer,
    text: Text,
    draw: np.random.Generator,
    step: int,
    steps: int,
    batch: int = REFERENCE_BATCH,
) -> None:
    """One step as the well-known loop takes it: random windows, eager fp32, clipping at 1."""
    length = model.config.max_seq_len
    warm = min(1.0, (step + 1) / (REFERENCE_WARM_UP + 1))
    share = max(0, step - REFERENCE_WARM_UP) / max(1, steps - REFERENCE_WARM_UP)
    rate = 1e-4 + 0.5 * (1 + math.cos(math.pi * share)) * (1e-3 - 1e-4)
    for group in optimizer.param_groups:
        group["lr"] = rate * warm
    starts = draw.integers(0, len(text.train) - length - 1, batch)
    inputs = torch.stack([torch.from_numpy(text.train[s : s + length]) for s in starts])
    targets = torch.stack([torch.from_numpy(text.train[s + 1 : s + 1 + length]) for s in starts])
    model.train()
    loss = F.cross_entropy(model(inputs).flatten(0, 1), targets.flatten())
    loss.backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
    optimizer.zero_grad(set_to_none=True)


def val_loss(model: GPT, text: Text) -> float:
    """Nats a character on the whole validation split, in windows side by side."""
    result = evaluate(
        model, text.val, 64, characters=text.characters, bytes=text.characters, unknown_bytes=0
    )
    assert result is not None
    return result.val_loss
