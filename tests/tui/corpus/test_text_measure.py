"""The sizes of a text that the form shows before anything is trained."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from minigpt_tui.config import DataConfig, RunConfig
from minigpt_tui.paths import DataFolder
from minigpt_tui.tui.corpus import text_measure
from minigpt_tui.tui.corpus.text_measure import measure_text
from minigpt_tui.tui.train.plan import plan

WORDS = "a cat sat on a mat, and a dog sat too. "


def settings(path: Path, **changes: object) -> DataConfig:
    return dataclasses.replace(DataConfig(corpus=(str(path),)), **changes)  # type: ignore[arg-type]


def test_characters_are_counted_exactly(tmp_path: Path, data: DataFolder) -> None:
    path = tmp_path / "text.txt"
    path.write_text("ab" * 500)
    measured = measure_text(settings(path), data)
    assert measured.vocab_size == 4  # a, b and the two special tokens
    assert measured.train_tokens == 901  # with the one that opens the text
    assert measured.val_tokens == 101
    assert not measured.estimated


def test_a_changed_file_is_measured_again(tmp_path: Path, data: DataFolder) -> None:
    path = tmp_path / "text.txt"
    path.write_text("ab" * 500)
    before = measure_text(settings(path), data)
    path.write_text("abc" * 500)
    assert measure_text(settings(path), data).vocab_size == before.vocab_size + 1


@pytest.mark.parametrize("level", ["char", "word"])
def test_the_beginning_of_a_large_text_stands_for_it(
    level: str, tmp_path: Path, data: DataFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    small, large = tmp_path / "small.txt", tmp_path / "large.txt"
    small.write_text((WORDS + "é") * 2_000, encoding="utf-8")
    whole = measure_text(settings(small, level=level), data)
    large.write_text((WORDS + "é") * 2_000, encoding="utf-8")
    monkeypatch.setattr(text_measure, "MEASURED_BYTES", 4_100)  # which ends inside an é
    estimate = measure_text(settings(large, level=level), data)
    assert estimate.estimated
    assert estimate.train_tokens == pytest.approx(whole.train_tokens, rel=0.02)


def test_faults_are_sentences(tmp_path: Path, data: DataFolder) -> None:
    with pytest.raises(ValueError, match="nothing_here"):
        measure_text(settings(tmp_path / "nothing_here.txt"), data)
    (tmp_path / "latin.txt").write_bytes("café".encode("latin-1") * 50)
    with pytest.raises(ValueError, match="UTF-8"):
        measure_text(settings(tmp_path / "latin.txt"), data)


def test_a_text_shorter_than_the_context_cannot_be_trained_on(
    tmp_path: Path, data: DataFolder
) -> None:
    path = tmp_path / "text.txt"
    path.write_text("too short")
    config = RunConfig(data=settings(path))
    problem = plan(config, measure_text(config.data, data)).problem
    assert problem is not None
    assert "max_seq_len" in problem
