"""The reference lines in a run's facts: what is kept, what older runs lack, how they are named."""

from __future__ import annotations

import dataclasses
import json

import pytest

from minigpt_tui.runs.info import BaselineLosses, RunInfo, info_to_json, parse_info

INFO = RunInfo(created=1.0, version="9", corpus_name="c", level="char")
ALL = BaselineLosses(
    uniform=4.0,
    unigram=3.0,
    bigram=2.5,
    trigram=2.0,
    five_gram=1.5,
    zlib=2.25,
    lzma=1.75,
    tokens_used=20_000_000,
    bytes_used=4_000_000,
)


def with_baselines(values: object) -> bytes:
    plain = json.loads(info_to_json(INFO))
    del plain["check"]
    return json.dumps({**plain, "baselines": values}).encode()


@pytest.mark.parametrize("baselines", [ALL, dataclasses.replace(ALL, zlib=None, bytes_used=None)])
def test_reference_lines_come_back_as_they_were_written(baselines: BaselineLosses) -> None:
    info = dataclasses.replace(INFO, baselines=baselines)
    assert parse_info(info_to_json(info)) == info


def test_a_run_of_an_earlier_version_has_three_lines() -> None:
    found = parse_info(with_baselines({"uniform": 4, "unigram": 3.0, "five_gram": 1.5})).baselines
    assert found == BaselineLosses(uniform=4.0, unigram=3.0, five_gram=1.5)
    assert [(line.label, line.nats) for line in found.lines()] == [
        ("uniform", 4.0),
        ("unigram", 3.0),
        ("5-gram", 1.5),
    ]


@pytest.mark.parametrize(
    "values",
    [
        {"uniform": 4.0, "unigram": 3.0},
        {"uniform": 4.0, "unigram": 3.0, "five_gram": None},
        {"uniform": 4.0, "unigram": 3.0, "five_gram": 1.5, "lzma": "1"},
        {"uniform": 4.0, "unigram": 3.0, "five_gram": 1.5, "tokens_used": 1.5},
        [4.0, 3.0, 1.5],
    ],
)
def test_lines_that_are_no_numbers_are_an_error(values: object) -> None:
    with pytest.raises(ValueError, match="has no"):
        parse_info(with_baselines(values))


def test_lines_from_a_part_of_the_text_say_so() -> None:
    assert [line.label for line in ALL.lines()] == [
        "uniform",
        "unigram from 20 million tokens",
        "bigram from 20 million tokens",
        "trigram from 20 million tokens",
        "5-gram from 20 million tokens",
        "zlib from 4 MB",
        "lzma from 4 MB",
    ]
    whole = dataclasses.replace(ALL, tokens_used=None, bytes_used=None)
    assert {line.part for line in whole.lines()} == {""}


def test_a_changed_digit_is_an_error() -> None:
    raw = info_to_json(dataclasses.replace(INFO, total_steps=1234))
    with pytest.raises(ValueError, match="is damaged"):
        parse_info(raw.replace(b"1234", b"9234"))


def test_half_a_character_is_an_error() -> None:
    raw = info_to_json(dataclasses.replace(INFO, opening="half"))
    plain = {**json.loads(raw), "opening": "\ud800"}
    del plain["check"]
    with pytest.raises(ValueError, match="has no sensible “opening”"):
        parse_info(json.dumps(plain).encode())
