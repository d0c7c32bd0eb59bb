"""Settings that work against one another are named, and good ones are left in peace."""

from __future__ import annotations

from typing import Any

import pytest

from minigpt_tui.config_files import load_preset, preset_names
from minigpt_tui.planning.conflicts import conflicts
from minigpt_tui.planning.steps import steps_per_epoch, total_steps, windows_per_epoch
from minigpt_tui.settings import with_settings


def found(preset: str = "standard", tokens: int = 100_000, vocab: int = 60, **changes: Any) -> str:
    config = with_settings(load_preset(preset), changes)
    model, training = config.model, config.training
    per_epoch = steps_per_epoch(tokens - 1, model.max_seq_len, training.batch_size)
    return " ".join(
        conflicts(
            config,
            vocab_size=vocab,
            train_tokens=tokens,
            windows=windows_per_epoch(tokens - 1, model.max_seq_len),
            total_steps=total_steps(training, per_epoch),
        )
    )


@pytest.mark.parametrize("preset", preset_names())
def test_the_presets_have_none_on_a_text_of_some_size(preset: str) -> None:
    assert found(preset, tokens=2_000_000) == ""


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"tokens": 500}, "batch_size 32 is more than the 11 windows"),
        ({"lr": 0.1}, "lr 0.1 is high for adam"),
        ({"optimizer": "muon"}, "lr 0.001 is low for muon"),
        ({"n_heads": 32}, "Each head has 8 numbers"),
        ({"level": "word", "vocab": 20_000}, "occurs 5 times on average"),
        ({"level": "bpe", "vocab": 20_000, "tokens": 10**7}, "only name the 20,000 tokens"),
        ({"dropout": 0.0}, "sees the text 50 times without dropout"),
        ({"dropout": 0.0, "epochs": 5000}, "sees the text 5,037 times without dropout"),
        ({"patience": 3, "val_fraction": 0.0}, "patience has nothing"),
        ({"weight_decay": 0.2}, "weight_decay does nothing with adam"),
        ({"min_frequency": 3}, "min_frequency does nothing"),
    ],
)
def test_what_fights_is_named_with_its_figures(changes: dict[str, Any], named: str) -> None:
    assert named in found(**changes)


def test_what_is_decided_later_is_not_judged() -> None:
    """With plan `time` shape and batch are chosen by the machine."""
    assert found(plan="time", minutes=5.0, tokens=500, n_heads=32, d_model=256) == ""
