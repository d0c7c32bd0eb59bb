"""A small text ready to be trained on."""

from __future__ import annotations

from pathlib import Path

import pytest

from minigpt_tui.config import RunConfig
from minigpt_tui.config_files import from_dict
from minigpt_tui.text.token_file import token_file
from minigpt_tui.text.tokenizers import build_tokenizer
from minigpt_tui.training.trainer import TrainingData

TEXT = "the cat sat on the mat. the dog ate the cake and the cat ate the fish. " * 12


@pytest.fixture
def config() -> RunConfig:
    return from_dict(
        {
            "model": {
                "d_model": 16,
                "n_heads": 2,
                "n_layers": 2,
                "d_ff": 32,
                "max_seq_len": 16,
                "dropout": 0.1,
            },
            "training": {"epochs": 3, "batch_size": 8, "lr": 0.003, "threads": 1, "device": "cpu"},
        }
    )


@pytest.fixture
def training_data(tmp_path: Path, config: RunConfig) -> TrainingData:
    tokenizer = build_tokenizer([TEXT], config.data)
    folder = tmp_path / "tokens"
    return TrainingData(
        tokenizer,
        token_file([TEXT], tokenizer, folder),
        token_file([TEXT[:100]], tokenizer, folder),
    )
