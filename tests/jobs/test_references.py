"""The reference lines of a corpus are measured once, kept, and told from what they come."""

from __future__ import annotations

import json
import math
from functools import partial
from pathlib import Path

import pytest

from minigpt_tui.config import RunConfig
from minigpt_tui.jobs import references as module
from minigpt_tui.jobs.prepare import Prepared, compared_validation_text, prepare
from minigpt_tui.paths import DataFolder
from minigpt_tui.runs.info import BaselineLosses
from minigpt_tui.settings import with_settings
from minigpt_tui.text.cancel import CancelledError
from minigpt_tui.text.compression import compression
from minigpt_tui.text.ngrams import baselines


def files(data: DataFolder, kind: str) -> list[Path]:
    return sorted((data.root / "cache" / "references").glob(f"*-{kind}.json"))


def baselines_of(prepared: Prepared) -> BaselineLosses:
    assert prepared.baselines is not None
    return prepared.baselines


def prepared_and_said(config: RunConfig, data: DataFolder) -> tuple[BaselineLosses, list[str]]:
    """The references, and which of them were measured."""
    said: list[str] = []
    found = baselines_of(prepare(config, data, say=said.append))
    return found, [line.split()[0] for line in said if line.endswith("comparison")]


def test_all_lines_are_losses_of_the_validation_text(config: RunConfig, data: DataFolder) -> None:
    prepared = prepare(config, data)
    found = baselines_of(prepared)
    assert found.uniform == math.log(prepared.tokenizer.vocab_size)
    ngram_losses = [line.nats for line in found.lines()[:5]]
    assert ngram_losses == sorted(ngram_losses, reverse=True)  # the text repeats itself
    assert found.tokens_used is None
    (file,) = files(data, "compression")
    kept = json.loads(file.read_text())
    assert prepared.val is not None
    nats = kept["zlib"] * math.log(2) * prepared.val.bytes
    assert nats > 0
    assert found.zlib == pytest.approx(nats / (prepared.val.tokens - 1))
    assert found.bytes_used is None


def test_a_second_run_takes_the_numbers_that_were_kept(config: RunConfig, data: DataFolder) -> None:
    first, measured = prepared_and_said(config, data)
    assert measured == ["Counting", "Compressing"]
    for kind, name in (("n-grams", "trigram"), ("compression", "zlib")):
        (file,) = files(data, kind)
        file.write_text(json.dumps({**json.loads(file.read_text()), name: 0.125}))
    again, measured = prepared_and_said(config, data)
    assert measured == []
    assert again.trigram == 0.125
    assert again.zlib != first.zlib
    assert (again.five_gram, again.lzma) == (first.five_gram, first.lzma)


def test_an_evaluation_takes_the_same_numbers(config: RunConfig, data: DataFolder) -> None:
    prepared = prepare(config, data)
    kept = files(data, "*")
    text, found = compared_validation_text(config, data, prepared.tokenizer)
    assert prepared.val is not None
    assert text.digest == prepared.val.digest
    assert found == prepared.baselines
    assert files(data, "*") == kept


def test_another_level_shares_what_depends_on_the_text_alone(
    config: RunConfig, data: DataFolder
) -> None:
    by_character, _ = prepared_and_said(config, data)
    by_word, measured = prepared_and_said(with_settings(config, {"level": "word"}), data)
    assert measured == ["Counting"]
    assert by_word.zlib is not None
    assert by_character.zlib is not None
    assert by_word.zlib > 2 * by_character.zlib  # the same bits, shared among fewer tokens


def test_another_text_or_split_is_measured_anew(
    config: RunConfig, corpus: Path, data: DataFolder
) -> None:
    prepare(config, data)
    _, measured = prepared_and_said(with_settings(config, {"val_fraction": 0.3}), data)
    assert measured == ["Counting", "Compressing"]
    corpus.write_text(corpus.read_text()[::-1])
    _, measured = prepared_and_said(config, data)
    assert measured == ["Counting", "Compressing"]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b"3",
        b"\xff",
        b"{}",
        b"[" * 4000,
        b'{"zlib": 1.0, "lzma": NaN, "bytes_used": null}',
        b'{"zlib": null, "lzma": 1.0, "bytes_used": null}',
        b'{"zlib": "1", "lzma": 1.0, "bytes_used": null}',
        b'{"zlib": 1.0, "lzma": true, "bytes_used": null}',
        b'{"zlib": 1.0, "lzma": 1.0, "bytes_used": 0.5}',
    ],
)
def test_a_damaged_file_is_measured_and_written_again(
    content: bytes, config: RunConfig, data: DataFolder, caplog: pytest.LogCaptureFixture
) -> None:
    first, _ = prepared_and_said(config, data)
    (file,) = files(data, "compression")
    whole = file.read_bytes()
    file.write_bytes(content)
    again, measured = prepared_and_said(config, data)
    assert measured == ["Compressing"]
    assert again == first
    assert file.read_bytes() == whole
    assert file.name in caplog.text


def test_a_new_way_of_measuring_makes_the_kept_numbers_void(
    config: RunConfig, data: DataFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    prepare(config, data)
    monkeypatch.setattr(module, "VERSION", module.VERSION + 1)
    assert prepared_and_said(config, data)[1] == ["Counting", "Compressing"]


def test_a_folder_that_cannot_be_written_to_only_means_measuring_again(
    config: RunConfig, data: DataFolder, caplog: pytest.LogCaptureFixture
) -> None:
    (data.root / "cache").mkdir(exist_ok=True)
    (data.root / "cache" / "references").write_text("a file where the folder belongs")
    first, _ = prepared_and_said(config, data)
    again, measured = prepared_and_said(config, data)
    assert measured == ["Counting", "Compressing"]
    assert again == first
    assert "cannot be written" in caplog.text


def test_calling_it_off_keeps_nothing(config: RunConfig, data: DataFolder) -> None:
    stage: list[str] = []
    with pytest.raises(CancelledError):
        prepare(
            config,
            data,
            say=stage.append,
            should_stop=lambda: stage[-1].startswith("Compressing"),
        )
    assert len(files(data, "n-grams")) == 1
    assert files(data, "compression") == []


def test_lines_from_a_part_of_the_text_say_so(
    config: RunConfig, data: DataFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "baselines", partial(baselines, max_tokens=1000))
    monkeypatch.setattr(module, "compression", partial(compression, max_train_bytes=500))
    found = baselines_of(prepare(config, data))
    assert (found.tokens_used, found.bytes_used) == (1000, 500)
    again = baselines_of(prepare(config, data))
    assert again == found
