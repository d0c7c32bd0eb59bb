"""Preparing a run says how far it is, and can be called off between any two pieces."""

from __future__ import annotations

import dataclasses
from functools import partial

import pytest

from minigpt_tui.config import RunConfig
from minigpt_tui.jobs import prepare as module
from minigpt_tui.jobs.prepare import prepare
from minigpt_tui.paths import DataFolder
from minigpt_tui.text import bpe_sample, corpus, file_text, token_file
from minigpt_tui.text.cancel import CancelledError


@pytest.fixture(autouse=True)
def small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    """The text stays in its file and is read and tokenized a few characters at a time."""
    monkeypatch.setattr(corpus, "_KEPT_BYTES", 0)
    monkeypatch.setattr(file_text, "_BLOCK_BYTES", 100)
    monkeypatch.setattr(token_file, "_PIECE_CHARACTERS", 100)


def test_it_says_how_far_it_is(
    config: RunConfig, data: DataFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "SECONDS_BETWEEN_SHARES", 0.0)
    said: list[str] = []
    prepare(config, data, say=said.append)
    for stage in ("Building the vocabulary", "Tokenizing", "Tokenizing the validation part"):
        begun = said.index(stage) if stage in said else 0
        assert said.index(f"{stage} 100 %") > begun
    assert any(line.startswith("Tokenizing 4") for line in said)


@pytest.mark.parametrize("level", ["char", "word", "bpe"])
def test_calling_it_off_leaves_no_token_file(
    config: RunConfig, data: DataFolder, level: str
) -> None:
    config = dataclasses.replace(config, data=dataclasses.replace(config.data, level=level))
    stopped = 0
    for questions in range(0, 60, 2):
        answers = iter([False] * questions)
        try:
            prepare(config, data, should_stop=partial(next, answers, True))
        except CancelledError:
            stopped += 1
            assert all(path.suffix == ".tokens" for path in data.tokens.iterdir())
    assert stopped > 20


def test_a_sampled_vocabulary_is_a_warning(
    config: RunConfig, data: DataFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bpe_sample, "_MOST_CHARACTERS", 5000)
    monkeypatch.setattr("minigpt_tui.text.bpe._TRAINING_PIECE", 100)
    config = dataclasses.replace(config, data=dataclasses.replace(config.data, level="bpe"))
    prepared = prepare(config, data)
    assert not any("sample of the text" in warning for warning in prepared.warnings)
    monkeypatch.setattr(bpe_sample, "_MOST_CHARACTERS", 500)
    prepared = prepare(config, data)
    assert any("sample of the text" in warning for warning in prepared.warnings)
