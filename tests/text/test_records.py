"""Records give their texts, and what is wrong with one is said with its line."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minigpt_tui.text import records
from minigpt_tui.text.records import csv_rows, json_lines
from tests.text.strategies import texts

FILE = Path("data.x")


def in_pieces(text: str, size: int) -> list[str]:
    return [text[at : at + size] for at in range(0, len(text), size)]


@given(st.lists(texts), st.integers(1, 30))
def test_each_line_of_json_is_a_document(documents: list[str], size: int) -> None:
    written = "".join(json.dumps({"id": 1, "body": text}) + "\n" for text in documents)
    found = list(json_lines(in_pieces(written, size), FILE, "body"))
    assert found == [text.replace("\r\n", "\n") for text in documents if text]


@given(st.lists(texts.map(lambda text: text.replace("\0", ""))), st.integers(1, 30))
def test_each_row_of_csv_is_a_document(documents: list[str], size: int) -> None:
    rows = ('1,"' + text.replace('"', '""') + '"\n' for text in documents)
    written = "id,body\n" + "".join(rows)
    found = list(csv_rows(in_pieces(written, size), FILE, "body"))
    assert found == [text.replace("\r\n", "\n") for text in documents if text]


def test_records_without_a_text_are_passed_over() -> None:
    lines = ['{"text": "one"}\n', "\n", '{"text": null}\n', '{"text": ""}\n', '{"text": "two"}']
    assert list(json_lines(lines, FILE, "text")) == ["one", "two"]
    rows = ["n,text\n", "1,one\n", "\n", "2,\n", "3,two"]
    assert list(csv_rows(rows, FILE, "text")) == ["one", "two"]


Reader = Callable[[Iterable[str], Path, str], Iterator[str]]


@pytest.mark.parametrize(
    ("reader", "lines", "sentence"),
    [
        (json_lines, ['{"text": "a"}', "{oops"], r"data\.x, line 2 is not valid JSON: .+\."),
        (json_lines, ["[" * 100_000], "line 1 is not valid JSON: nested too deeply"),
        (json_lines, ['"text"'], "line 1 holds no fields"),
        (json_lines, ["", '{"body": "a"}'], "line 2 has no field “text”. It has: body. .*--text-f"),
        (json_lines, ['{"text": 7}'], "line 1: “text” holds a number, not text"),
        (json_lines, ['{"text": ["a"]}'], "line 1: “text” holds a list, not text"),
        (json_lines, [r'{"text": "\ud800"}'], "line 1: the text has half a character"),
        (json_lines, [r'{"text": "\ufdd0"}'], "line 1: the text has U\\+FDD0"),
        (csv_rows, ["id,body", "1,a"], "data.x has no column “text”. It has: id, body"),
        (csv_rows, ["id,text", "1,a", "2"], "line 3 has 1 columns, but “text” is number 2"),
        (csv_rows, ["text", '"a', 'b"', '"c" d'], "line 4 is not valid CSV"),
        (csv_rows, ["text", "a", '"never ends', "b"], "line 3 is not valid CSV"),
    ],
)
def test_a_faulty_record_is_named(reader: Reader, lines: list[str], sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        list(reader((line + "\n" for line in lines), FILE, "text"))


def test_a_line_that_never_ends_does_not_fill_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(records, "LONGEST_RECORD", 1000)
    endless = ("a" * 100 for _ in range(10**9))
    with pytest.raises(ValueError, match="line 2 is longer than 1,000 characters"):
        list(json_lines(('{"text": "a"}\n', *(next(endless) for _ in range(20))), FILE, "text"))


def test_a_cell_of_csv_may_be_longer_than_python_likes_by_itself() -> None:
    long = "word " * 100_000
    assert list(csv_rows(["text\n", long + "\n"], FILE, "text")) == [long]
