"""What is known of a setting, and which values of it are legal: in words where they are not."""

from __future__ import annotations

import math
import re
from dataclasses import fields
from typing import Any

import pytest

from minigpt_tui.config import SECTIONS, ModelConfig, RunConfig
from minigpt_tui.settings import (
    check,
    check_setting,
    differences,
    get_setting,
    parse_setting,
    settings,
    with_settings,
)


def test_every_field_of_every_section_is_a_setting_with_its_help() -> None:
    names = [field.name for section in SECTIONS.values() for field in fields(section)]
    assert list(settings()) == names
    assert all(this.help.endswith(".") for this in settings().values())


def test_every_default_is_legal_and_is_itself_again_when_it_is_typed() -> None:
    config = check(RunConfig())
    for name, this in settings().items():
        value = get_setting(config, name)
        typed = ", ".join(value) if isinstance(value, tuple) else "" if value is None else value
        assert parse_setting(name, str(typed)) == value, name
        assert not this.choices or value in this.choices, name


@pytest.mark.parametrize("name", [n for n, this in settings().items() if this.minimum is not None])
def test_a_number_is_legal_up_to_its_bounds_and_not_beyond(name: str) -> None:
    this = settings()[name]
    assert this.minimum is not None
    assert this.maximum is not None
    low, high = this.kind(this.minimum), this.kind(this.maximum)
    assert check_setting(name, high) == high
    beyond = [math.nextafter(high, math.inf), math.nextafter(low, -math.inf)]
    if this.kind is int:
        beyond = [high + 1, low - 1]
    if this.above_minimum:
        beyond.append(low)
    else:
        assert check_setting(name, low) == low
    for value in beyond:
        with pytest.raises(ValueError, match=name):
            check_setting(name, value)


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("epochs", " 1_000 ", 1000),
        ("lr", "3e-4", 0.0003),
        ("steps", "", None),
        ("steps", "20", 20),
        ("corpus", "a.txt, books/*.txt,", ("a.txt", "books/*.txt")),
        ("sample_prompt", " with blanks ", " with blanks "),
        ("schedule", "wsd", "wsd"),
    ],
)
def test_what_is_typed_is_read(name: str, text: str, value: Any) -> None:
    assert parse_setting(name, text) == value


@pytest.mark.parametrize(
    ("name", "text", "sentence"),
    [
        ("epochs", "many", "epochs must be a whole number, not “many”"),
        ("epochs", "1.5", "epochs must be a whole number"),
        ("epochs", "9" * 5000, "epochs must be a whole number"),
        ("epochs", "", "epochs must be a whole number"),
        ("lr", "fast", "lr must be a number, not “fast”"),
        ("lr", "nan", "lr must be above 0 to 10, not “nan”"),
        ("lr", "0", "lr must be above 0 to 10"),
        ("corpus", " , ", "corpus must be one or more names"),
        ("level", "letter", "level must be one of char, word, bpe"),
        ("device", "\x1b[2J", "device must be one of auto, cpu, cuda, mps, not “�"),
    ],
)
def test_what_cannot_be_read_is_said_in_words(name: str, text: str, sentence: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(sentence)}") as refused:
        parse_setting(name, text)
    assert str(refused.value).isprintable()


@pytest.mark.parametrize(
    ("name", "value"),
    [("epochs", True), ("epochs", 2.0), ("lr", None), ("corpus", []), ("corpus", [1]), ("log", 0)],
)
def test_a_value_of_another_kind_is_refused(name: str, value: Any) -> None:
    with pytest.raises(ValueError, match=name):
        check_setting(name, value)


def test_heads_that_do_not_share_the_width_are_refused_with_those_that_do() -> None:
    with pytest.raises(ValueError, match=r"multiple of n_heads \(5\). Heads that fit: 3, 4, 6"):
        check(RunConfig(model=ModelConfig(d_model=48, n_heads=5)))
    with pytest.raises(ValueError, match="must be even, not 3"):
        check(RunConfig(model=ModelConfig(d_model=12, n_heads=4, layout="qwen3")))


def test_settings_are_changed_in_a_copy_and_the_difference_is_told() -> None:
    one = RunConfig()
    other = with_settings(one, {"lr": 0.01, "d_model": 64})
    assert (one.training.lr, other.training.lr, other.model.d_model) == (0.001, 0.01, 64)
    assert differences(one, other) == {"d_model": (256, 64), "lr": (0.001, 0.01)}
    assert differences(other, other) == {}
