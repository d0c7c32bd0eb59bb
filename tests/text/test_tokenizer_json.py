"""tokenizer.json: read back as it was, the same for the `tokenizers` library, and never trusted."""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer as Library

from minigpt_tui.config import DataConfig
from minigpt_tui.text import tokenizers, vocabulary
from minigpt_tui.text.tokenizers import UNK_ID, Tokenizer, build_tokenizer, tokenizer_from_json
from minigpt_tui.text.word_pattern import pattern
from tests.text.strategies import PIECES, any_python_text, texts

LEVELS = ["char", "word", "bpe"]


def tokenizer_of(level: str) -> Tokenizer:
    rng = random.Random(11)
    corpus = "".join(rng.choice(PIECES) for _ in range(3000)) + " the cat don't\n" * 20
    return build_tokenizer([corpus], DataConfig(level=level, vocab_size=500))


TOKENIZERS = {level: tokenizer_of(level) for level in LEVELS}
LIBRARIES = {level: Library.from_str(TOKENIZERS[level].to_json()) for level in LEVELS}


@pytest.mark.parametrize("level", LEVELS)
@given(text=texts)
@settings(deadline=None)
def test_the_library_gives_the_same_ids(level: str, text: str) -> None:
    ours = TOKENIZERS[level].encode(text).tolist()
    assert LIBRARIES[level].encode(text).ids == ours
    if UNK_ID not in ours:
        assert LIBRARIES[level].decode(ours, skip_special_tokens=False) == text


@pytest.mark.parametrize("level", LEVELS)
@given(text=any_python_text)
@settings(deadline=None)
def test_it_reads_back_as_it_was(level: str, text: str) -> None:
    again = AGAIN[level]
    assert again.level == level
    assert again.to_json() == TOKENIZERS[level].to_json()
    assert again.encode(text).tolist() == TOKENIZERS[level].encode(text).tolist()


AGAIN = {level: tokenizer_from_json(TOKENIZERS[level].to_json()) for level in LEVELS}


def test_a_word_tokenizer_keeps_the_class_it_was_trained_with() -> None:
    document = json.loads(TOKENIZERS["word"].to_json())
    ranges = ((ord("a"), ord("z")),)  # as if written where Unicode knew fewer letters
    document["pre_tokenizer"]["pattern"]["Regex"] = pattern(ranges)
    text = json.dumps(document)
    tokenizer = tokenizer_from_json(text)
    assert json.loads(tokenizer.to_json()) == document
    spans = [(a, b) for a, b, _ in tokenizer.spans("ab éf")]
    assert spans == [(0, 2), (2, 4), (4, 5)]
    assert Library.from_str(text).encode("ab éf").ids == tokenizer.encode("ab éf").tolist()


Change = Callable[[dict[str, Any]], object]
DAMAGE: dict[str, Change] = {
    "gap in the ids": lambda d: d["model"]["vocab"].update(new=10**4),
    "negative id": lambda d: d["model"]["vocab"].update(new=-1),
    "duplicate id": lambda d: d["model"]["vocab"].update(new=5),
    "id is a truth": lambda d: d["model"]["vocab"].update({"<EOT>": True}),
    "id is a fraction": lambda d: d["model"]["vocab"].update({"<EOT>": 1.0}),
    "id is not a number": lambda d: d["model"]["vocab"].update({"<EOT>": float("nan")}),
    "id is huge": lambda d: d["model"]["vocab"].update({"<EOT>": 10**400}),
    "special tokens swapped": lambda d: d["model"]["vocab"].update({"<EOT>": 0, "<UNK>": 1}),
    "special token gone": lambda d: d["model"]["vocab"].pop("<UNK>"),
    "vocabulary is a list": lambda d: d["model"].update(vocab=list(d["model"]["vocab"])),
    "vocabulary is empty": lambda d: d["model"].update(vocab={}),
    "no vocabulary": lambda d: d["model"].pop("vocab"),
    "no model": lambda d: d.pop("model"),
    "model is text": lambda d: d.update(model="WordLevel"),
    "model of another kind": lambda d: d["model"].update(type="Unigram"),
    "model type is a list": lambda d: d["model"].update(type=["BPE"]),
    "no split": lambda d: d.pop("pre_tokenizer"),
    "split is a number": lambda d: d.update(pre_tokenizer=3),
    "a normalizer": lambda d: d.update(normalizer={"type": "Lowercase"}),
    "an added token": lambda d: d.update(added_tokens=[{"id": 1, "content": "<EOT>"}]),
    "a foreign key": lambda d: d.update(extra=1),
    "a lone surrogate": lambda d: d["model"]["vocab"].update(
        {"\ud800": d["model"]["vocab"].pop("a" if "a" in d["model"]["vocab"] else "the")}
    ),
}


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("damage", DAMAGE)
def test_damage_is_refused(level: str, damage: str) -> None:
    document = json.loads(TOKENIZERS[level].to_json())
    DAMAGE[damage](document)
    with pytest.raises(ValueError, match="not a tokenizer of minigpt-tui"):
        tokenizer_from_json(json.dumps(document))


@pytest.mark.parametrize(
    ("level", "path", "value"),
    [
        ("word", ("pre_tokenizer", "pattern", "Regex"), "(a+)+b"),
        ("word", ("pre_tokenizer", "pattern", "Regex"), ""),
        ("word", ("pre_tokenizer", "pattern", "Regex"), pattern(((97, 99), (98, 100)))),
        ("word", ("pre_tokenizer", "pattern", "Regex"), pattern(((32, 33),))),
        ("word", ("pre_tokenizer", "pattern", "Regex"), pattern(((91, 95),))),
        ("word", ("pre_tokenizer", "pattern", "Regex"), ["x"]),
        ("word", ("pre_tokenizer", "invert"), True),
        ("bpe", ("model", "merges"), None),
        ("bpe", ("model", "merges"), [["a", "nowhere"]]),
        ("bpe", ("model", "merges"), [["<UN", "K>"]]),
        ("bpe", ("model", "merges"), ["t h"]),
        ("bpe", ("model", "merges"), [["t", ["h"]]]),
        ("bpe", ("model", "dropout"), 0.5),
        ("bpe", ("model", "unk_token"), "<UNK>"),
        ("bpe", ("pre_tokenizer", "add_prefix_space"), True),
    ],
)
def test_other_parts_are_refused(level: str, path: tuple[str, ...], value: object) -> None:
    document = json.loads(TOKENIZERS[level].to_json())
    place = document
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    with pytest.raises(ValueError, match="not a tokenizer of minigpt-tui"):
        tokenizer_from_json(json.dumps(document))


def test_tokens_that_the_level_cannot_have_are_refused() -> None:
    for level, token in (("char", "ab"), ("char", ""), ("word", ""), ("bpe", ""), ("bpe", "日")):
        document = json.loads(TOKENIZERS[level].to_json())
        document["model"]["vocab"][token] = len(document["model"]["vocab"])
        with pytest.raises(ValueError, match="not a tokenizer of minigpt-tui"):
            tokenizer_from_json(json.dumps(document))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "null",
        "[]",
        '"text"',
        "7",
        "9" * 10_000,
        "[" * 200_000,
        '{"model":' * 100_000,
        '{"model": {"type": "WordLevel", "vocab": ' + '{"a":' * 5000 + "1" + "}" * 5002,
    ],
)
def test_what_is_no_document_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not a tokenizer of minigpt-tui"):
        tokenizer_from_json(text)


def test_giants_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    text = TOKENIZERS["word"].to_json()
    monkeypatch.setattr(vocabulary, "MAX_VOCABULARY", 100)
    with pytest.raises(ValueError, match="at most"):
        tokenizer_from_json(text)
    monkeypatch.setattr(tokenizers, "MAX_JSON_CHARACTERS", 1000)
    with pytest.raises(ValueError, match="at most"):
        tokenizer_from_json(text)
    with pytest.raises(ValueError, match="Set vocab_size"):
        build_tokenizer(["one two three " * 3, text], DataConfig(level="word"))


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=6,
)


@pytest.mark.parametrize("level", LEVELS)
@given(value=json_values, choice=st.randoms(use_true_random=False))
@settings(deadline=None, max_examples=40)
def test_nothing_but_a_value_error_comes_of_any_change(
    level: str, value: object, choice: random.Random
) -> None:
    document: Any = copy.deepcopy(DOCUMENTS[level])
    place = document
    while True:
        key = choice.choice(list(place) if isinstance(place, dict) else range(len(place)))
        if not isinstance(place[key], dict | list) or not place[key] or choice.random() < 0.3:
            place[key] = value
            break
        place = place[key]
    try:
        tokenizer_from_json(json.dumps(document)).encode("the cat")
    except ValueError as error:
        assert "not a tokenizer of minigpt-tui" in str(error)  # noqa: PT017


DOCUMENTS = {level: json.loads(TOKENIZERS[level].to_json()) for level in LEVELS}
