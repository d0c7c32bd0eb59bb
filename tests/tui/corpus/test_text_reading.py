"""What the Corpus pane learns of a text, and in which order."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from minigpt_tui.config import DataConfig
from minigpt_tui.paths import DataFolder
from minigpt_tui.text.border import BORDER
from minigpt_tui.text.cancel import CancelledError
from minigpt_tui.text.corpus import read_corpus, split
from minigpt_tui.text.part import PART_BYTES, PART_CHARACTERS
from minigpt_tui.text.token_file import token_file
from minigpt_tui.text.tokenizers import EOT_ID, UNK_ID, build_tokenizer
from minigpt_tui.tui.corpus import text_measure
from minigpt_tui.tui.corpus.text_measure import measure_text
from minigpt_tui.tui.corpus.text_reading import read_text
from minigpt_tui.tui.corpus.text_steps import (
    Beginning,
    Border,
    Coloured,
    Measured,
    Step,
    Suspicion,
    TextFacts,
    Unpacking,
    Whole,
)


def never() -> bool:
    return False


def steps(path: Path, data: DataFolder, level: str = "char") -> list[Step]:
    return list(read_text(DataConfig(corpus=(str(path),), level=level), data, never))


def only(found: list[Step], kind: type[Step]) -> Step:
    return [step for step in found if isinstance(step, kind)][-1]


@pytest.mark.parametrize("level", ["char", "word", "bpe"])
def test_the_counts_are_those_that_training_will_use(
    data: DataFolder, tmp_path: Path, level: str
) -> None:
    folder = tmp_path / "texts"
    folder.mkdir()
    (folder / "a.txt").write_text("The cat sat on the mat.\n" * 60)
    (folder / "b.txt").write_text("Ein Hund, größer als die Katze.\n" * 40)
    config = DataConfig(corpus=(str(folder),), level=level)
    found = list(read_text(config, data, never))
    measured = only(found, Measured)
    assert isinstance(measured, Measured)
    facts = measured.measure
    parts = split(read_corpus(config.corpus, data), config.val_fraction)
    tokenizer = build_tokenizer(parts[0], config)
    train, val = (token_file(part, tokenizer, data.tokens) for part in parts)
    assert (facts.train_tokens, facts.val_tokens) == (train.tokens, val.tokens)
    assert facts.vocab_size == tokenizer.vocab_size
    assert facts.unknown_tokens == val.unknown_tokens
    assert not facts.estimated
    assert measure_text(config, data) is facts, "the form knows it too"
    assert measured.counts.sum() == facts.tokens - 3, "but for the EOT of each document and part"
    text = only(found, TextFacts)
    assert isinstance(text, TextFacts)
    assert text.files == 2
    assert text.bytes == sum(file.stat().st_size for file in folder.iterdir())


@pytest.mark.parametrize("level", ["char", "word", "bpe"])
def test_records_are_shown_and_counted_as_the_documents_that_are_learned(
    data: DataFolder, tmp_path: Path, level: str
) -> None:
    documents = [f"The cat sat on mat {n}.\nIt slept." for n in range(90)]
    path = tmp_path / "cats.jsonl"
    path.write_text("".join(json.dumps({"text": text}) + "\n" for text in documents))
    found = steps(path, data, level)
    assert isinstance(found[0], Unpacking)
    assert found[0].text == BORDER.join(documents)
    assert bool(found[0].spans) == (level != "bpe")
    assert not any(isinstance(step, Unpacking) for step in steps(path, data, level))
    beginning, coloured = only(found, Beginning), only(found, Coloured)
    assert isinstance(beginning, Beginning)
    assert isinstance(coloured, Coloured)
    assert beginning.part.text == BORDER.join(documents)
    borders = [n for n, character in enumerate(beginning.part.text) if character == BORDER]
    assert [start for start, _, token_id in coloured.spans if token_id == EOT_ID] == borders
    assert not any(token_id == UNK_ID for _, _, token_id in coloured.spans[:-200])
    text, measured = only(found, TextFacts), only(found, Measured)
    assert isinstance(text, TextFacts)
    assert (text.files, text.documents) == (1, len(documents))
    assert text.characters == sum(map(len, documents))
    assert isinstance(measured, Measured)
    config = DataConfig(corpus=(str(path),), level=level)
    parts = split(read_corpus(config.corpus, data), config.val_fraction)
    tokenizer = build_tokenizer(parts[0], config)
    train, val = (token_file(part, tokenizer, data.tokens) for part in parts)
    facts = measured.measure
    assert (facts.train_tokens, facts.val_tokens) == (train.tokens, val.tokens)
    assert facts.vocab_size == tokenizer.vocab_size


@pytest.mark.parametrize("level", ["char", "word", "bpe"])
def test_spans_cover_the_beginning_side_by_side(
    data: DataFolder, tmp_path: Path, level: str
) -> None:
    path = tmp_path / "text.txt"
    path.write_text("Grüße an 🐈‍⬛ und alle.\tEnde\n" * 50, encoding="utf-8")
    found = steps(path, data, level)
    beginning, coloured = only(found, Beginning), only(found, Coloured)
    assert isinstance(beginning, Beginning)
    assert isinstance(coloured, Coloured)
    ends = [0, *(end for _, end, _ in coloured.spans)]
    assert [start for start, _, _ in coloured.spans] == ends[:-1]
    assert ends[-1] == len(beginning.part.text)


def test_a_long_text_shows_its_beginning_first(data: DataFolder, tmp_path: Path) -> None:
    path = tmp_path / "long.txt"
    path.write_text("x" + "ü" * PART_BYTES, encoding="utf-8")  # a character lies on the border
    first, second = steps(path, data)[:2]
    assert isinstance(first, Beginning)
    assert not first.part.is_last
    assert first.part.text == "x" + "ü" * (PART_CHARACTERS - 1)
    assert isinstance(second, Coloured)


def test_above_the_bound_tokens_are_estimated(
    data: DataFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(text_measure.COUNTED_CHARACTERS, "word", 2_000)
    path = tmp_path / "long.txt"
    path.write_text("one two three four\n" * 1_000)
    measured = only(steps(path, data, "word"), Measured)
    assert isinstance(measured, Measured)
    assert measured.measure.estimated
    assert measured.measure.tokens == pytest.approx(5_000, rel=0.02)


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (b"", "empty"),
        (bytes(range(256)) * 4, "binary"),
        ("Grüße".encode("latin-1") * 9, "not UTF-8"),
        (b"good text\n" * PART_BYTES + b"\xff", "not UTF-8"),
    ],
)
def test_what_is_no_text_is_refused_in_words(
    data: DataFolder, tmp_path: Path, raw: bytes, words: str
) -> None:
    path = tmp_path / "bad.txt"
    path.write_bytes(raw)
    with pytest.raises(ValueError, match=words):
        steps(path, data)


def test_a_suspicion_comes_before_the_whole_is_read(data: DataFolder, tmp_path: Path) -> None:
    """A long text may begin with many control characters and be a text all the same."""
    path = tmp_path / "log.txt"
    path.write_bytes(b"\x1b[" * (PART_BYTES // 2) + b"plain text\n" * 100_000)
    found = steps(path, data)
    assert isinstance(found[0], Suspicion)
    assert isinstance(only(found, Beginning), Beginning)


def test_a_huge_file_is_read_no_further_than_its_first_fault(
    data: DataFolder, tmp_path: Path
) -> None:
    path = tmp_path / "huge.txt"
    with open(path, "wb") as file:
        file.write(b"text\n" * PART_BYTES)
        file.truncate(1 << 43)  # 8 TB, of which the disk holds a page
    with pytest.raises(ValueError, match="looks binary"):
        steps(path, data)


def test_reading_stops_when_it_is_called_off(data: DataFolder, tmp_path: Path) -> None:
    path = tmp_path / "text.txt"
    path.write_text("text\n" * 100)
    with pytest.raises(CancelledError):
        list(read_text(DataConfig(corpus=(str(path),)), data, lambda: True))


def test_a_known_text_is_not_read_again(data: DataFolder, tmp_path: Path) -> None:
    path = tmp_path / "text.txt"
    path.write_text("text\n" * 100)
    whole = only(steps(path, data), Whole)
    assert isinstance(whole, Whole)
    again = list(read_text(DataConfig(corpus=(str(path),)), data, never, whole.corpus))
    assert not any(isinstance(step, Whole) for step in again)
    assert isinstance(again[-1], Measured)


def test_the_border_is_where_the_validation_part_begins(data: DataFolder, tmp_path: Path) -> None:
    """By the byte of the file, also where bytes and characters differ."""
    for name, n in (("a", 100), ("b", 200)):
        (tmp_path / f"{name}.txt").write_bytes("Grüße\r\n".encode() * n)
    config = DataConfig(corpus=(str(tmp_path),), val_fraction=0.5)
    border = only(list(read_text(config, data, never)), Border)
    assert border == Border(1, 50 * len("Grüße\r\n".encode()))
    whole = list(read_text(DataConfig(corpus=(str(tmp_path),), val_fraction=0.0), data, never))
    assert not any(isinstance(step, Border) for step in whole)


def test_the_tokens_are_listed_by_frequency(data: DataFolder, tmp_path: Path) -> None:
    path = tmp_path / "text.txt"
    path.write_text("".join(chr(0x4E00 + n) * (n + 1) for n in range(60)))
    measured = only(steps(path, data), Measured)
    assert isinstance(measured, Measured)
    frequent = measured.frequent
    counts = [token.count for token in (*frequent.most, *frequent.least[::-1])]
    assert counts == sorted(counts, reverse=True)
    assert frequent.least[0].text == "\u4e00"
    assert frequent.least[0].count == 1
    assert not set(frequent.most) & set(frequent.least)


def test_it_says_how_far_it_is(data: DataFolder, tmp_path: Path) -> None:
    path = tmp_path / "text.txt"
    path.write_text("some words\n" * 1000)
    said: list[tuple[str, float]] = []
    config = DataConfig(corpus=(str(path),), level="word")
    list(read_text(config, data, never, say=lambda what, share: said.append((what, share))))
    for stage in ("reading", "counting", "vocabulary", "tokenizing"):
        assert max(share for what, share in said if what == stage) == pytest.approx(1)
    assert all(0 <= share <= 1 for _, share in said)
