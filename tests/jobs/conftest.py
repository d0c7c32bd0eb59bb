"""A corpus on disk and a configuration that trains on it in a second."""

from __future__ import annotations

from pathlib import Path

import pytest

from minigpt_tui.config import RunConfig
from minigpt_tui.config_files import from_dict

TEXT = "the cat sat on the mat. the dog ate the cake and the cat ate the fish.\n" * 20


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    path = tmp_path / "pets.txt"
    path.write_text(TEXT, encoding="utf-8")
    return path


@pytest.fixture
def config(corpus: Path) -> RunConfig:
    return from_dict(
        {
            "data": {"corpus": [str(corpus)]},
            "model": {"d_model": 16, "n_heads": 2, "n_layers": 1, "d_ff": 32, "max_seq_len": 16},
            "training": {
                "epochs": 3,
                "batch_size": 16,
                "checkpoint_every": 2,
                "threads": 1,
                "compile": "off",  # a long run would spend half a minute on a trial
                "device": "cpu",
            },
        }
    )
