"""Packed files and records are read as the texts that they hold."""

from __future__ import annotations

import gzip
import json
import os
import sys
import time
from pathlib import Path

import pytest

from minigpt_tui.config import DataConfig
from minigpt_tui.paths import DataFolder
from minigpt_tui.text import corpus as corpus_module
from minigpt_tui.text import plain_text as module
from minigpt_tui.text import unpacking
from minigpt_tui.text.cancel import CancelledError
from minigpt_tui.text.corpus import read_corpus, split
from minigpt_tui.text.plain_text import documents, plain_text
from minigpt_tui.text.statistics import text_statistics
from minigpt_tui.text.token_file import token_file
from minigpt_tui.text.tokenizers import EOT_ID, build_tokenizer

DOCUMENTS = ["Once upon a time,\na cat sat.", "größe 日本", 'He said "no", twice.\n'] * 20


def write_jsonl(path: Path, texts: list[str], field: str = "text") -> Path:
    raw = "".join(json.dumps({"id": 1, field: text}) + "\n" for text in texts).encode()
    path.write_bytes(gzip.compress(raw) if path.suffix == ".gz" else raw)
    return path


def write_csv(path: Path, texts: list[str]) -> Path:
    rows = "".join('7,"' + text.replace('"', '""') + '"\r\n' for text in texts)
    path.write_bytes(("n,text\r\n" + rows).encode())
    return path


def write_parquet(path: Path, texts: list[str]) -> Path:
    import pyarrow
    import pyarrow.parquet

    numbers = list(range(len(texts)))
    pyarrow.parquet.write_table(pyarrow.table({"n": numbers, "text": texts}), path)
    return path


@pytest.mark.parametrize(
    ("write", "name"),
    [
        (write_jsonl, "a.jsonl"),
        (write_jsonl, "a.JSONL.gz"),
        (write_csv, "a.csv"),
        pytest.param(write_parquet, "a.parquet", marks=pytest.mark.peer),
    ],
)
@pytest.mark.parametrize("kept", [1 << 20, 0], ids=["in memory", "from its file"])
def test_every_record_becomes_a_document_behind_an_eot(
    tmp_path: Path,
    data: DataFolder,
    monkeypatch: pytest.MonkeyPatch,
    write: object,
    name: str,
    kept: int,
) -> None:
    assert callable(write)
    monkeypatch.setattr(corpus_module, "_KEPT_BYTES", kept)
    corpus = read_corpus([str(write(tmp_path / name, DOCUMENTS))], data)
    assert corpus.in_memory == bool(kept)
    assert corpus.name == "a"
    assert corpus.statistics == text_statistics(DOCUMENTS)
    tokenizer = build_tokenizer(corpus.texts, DataConfig())
    expected = [i for text in DOCUMENTS for i in (EOT_ID, *tokenizer.encode(text))]
    assert token_file(corpus.texts, tokenizer, data.tokens).ids.tolist() == expected
    # Split anywhere, each document is there once, and none is empty.
    parts = [token_file(part, tokenizer, data.tokens).ids for part in split(corpus, 0.37)]
    together = [i for ids in parts for i in ids.tolist()]
    assert together.count(EOT_ID) in (len(DOCUMENTS), len(DOCUMENTS) + 1)
    assert [i for i in together if i != EOT_ID] == [i for i in expected if i != EOT_ID]


def test_a_packed_text_is_the_text(tmp_path: Path, data: DataFolder) -> None:
    plain, packed = tmp_path / "a.txt", tmp_path / "b.txt.gz"
    plain.write_bytes("Zeile\r\n größe".encode("utf-16"))
    packed.write_bytes(gzip.compress(plain.read_bytes()))
    found = [read_corpus([str(path)], data).texts for path in (plain, packed)]
    assert found[0] == found[1] == ["Zeile\n größe"]


def test_the_encoding_and_the_field_are_those_that_are_named(
    tmp_path: Path, data: DataFolder
) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes("n,Größe\n1,äöü\n".encode("latin-1"))
    with pytest.raises(ValueError, match=r"a\.csv is not UTF-8"):
        read_corpus([str(path)], data)
    assert read_corpus([str(path)], data, "latin-1", field="Größe").texts == ["äöü"]
    with pytest.raises(ValueError, match=r"no column “text”\. It has: n, Größe\. Name the one"):
        read_corpus([str(path)], data, "latin-1")


def test_a_copy_is_made_once_and_anew_when_its_file_changes(
    tmp_path: Path, data: DataFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_jsonl(tmp_path / "a.jsonl", ["one"])
    first = plain_text(path, data)
    with monkeypatch.context() as patch:
        patch.setattr(module, "documents", None)  # which cannot be called
        assert plain_text(path, data) == first
    write_jsonl(path, ["one", "two"])
    second = plain_text(path, data)
    assert second.decode(second.path.read_bytes()).split("\ufdd0") == ["one", "two"]
    assert [copy.name for copy in data.texts.iterdir()] == [second.path.parent.name]


def test_a_copy_goes_a_month_after_it_was_last_wanted(tmp_path: Path, data: DataFolder) -> None:
    old, used = (write_jsonl(tmp_path / f"{name}.jsonl", ["one"]) for name in "ab")
    copies = [plain_text(path, data).path.parent for path in (old, used)]
    long_ago = time.time() - 31 * 86_400
    for copy in copies:
        os.utime(copy, (long_ago, long_ago))
    plain_text(used, data)
    plain_text(write_jsonl(tmp_path / "c.jsonl", ["three"]), data)
    assert [copy.exists() for copy in copies] == [False, True]


def test_a_file_that_changes_while_it_is_read_is_refused(tmp_path: Path, data: DataFolder) -> None:
    path = write_jsonl(tmp_path / "a.jsonl", ["one"])

    def change(share: float) -> None:
        write_jsonl(path, ["one", "two"])

    with pytest.raises(ValueError, match="was changed while it was read"):
        plain_text(path, data, on_progress=change)
    assert list(data.texts.iterdir()) == []


def test_nothing_is_left_of_a_copy_that_failed_or_was_called_off(
    tmp_path: Path, data: DataFolder
) -> None:
    path = write_jsonl(tmp_path / "a.jsonl", ["one"])
    with pytest.raises(CancelledError):
        plain_text(path, data, should_stop=lambda: True)
    path.write_bytes(path.read_bytes() + b"{broken\n")
    with pytest.raises(ValueError, match="line 2"):
        plain_text(path, data)
    assert list(data.texts.iterdir()) == []


@pytest.mark.parametrize(
    ("name", "raw", "sentence"),
    [
        ("a.jsonl", b'{"text": ""}\n', "is empty: there is nothing to learn from"),
        ("a.txt.gz", gzip.compress(bytes(1000)), "looks binary"),
        ("a.txt", "one \ufdd0 two".encode(), r"has the character U\+FDD0"),
        ("a.txt.gz", gzip.compress("a\ufdd0b".encode()), r"has the character U\+FDD0"),
        ("a.parquet.gz", gzip.compress(b"PAR1"), "Parquet is packed inside"),
        pytest.param(
            "a.parquet", b"no parquet", "cannot be read as Parquet", marks=pytest.mark.peer
        ),
    ],
    ids=["empty", "binary", "border", "packed border", "packed Parquet", "no Parquet"],
)
def test_what_cannot_be_learned_is_refused(
    tmp_path: Path, data: DataFolder, name: str, raw: bytes, sentence: str
) -> None:
    (tmp_path / name).write_bytes(raw)
    with pytest.raises(ValueError, match=sentence):
        read_corpus([str(tmp_path / name)], data)


@pytest.mark.peer
def test_a_table_of_one_text_repeated_is_a_bomb(
    tmp_path: Path, data: DataFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_parquet(tmp_path / "a.parquet", ["word " * 20_000] * 2000)
    assert path.stat().st_size < 200_000
    monkeypatch.setattr(unpacking, "SMALL_BYTES", 1_000_000)
    with pytest.raises(ValueError, match="grows to more than 200 times its size"):
        plain_text(path, data)


@pytest.mark.parametrize("name", ["a.parquet", "a.txt.zst"])
def test_without_the_extra_it_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    if name.endswith(".zst") and sys.version_info >= (3, 14):
        pytest.skip("this Python unpacks zstd by itself")
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    (tmp_path / name).write_bytes(b"anything")
    with pytest.raises(ValueError, match=r"pip install 'minigpt-tui\[parquet\]'"):
        list(documents(tmp_path / name))
