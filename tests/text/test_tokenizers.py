"""What every tokenizer promises, and what each level does with text."""

from __future__ import annotations

import random
import re
import time
import unicodedata

import numpy as np
import pytest
from hypothesis import given, settings

from minigpt_tui.config import DataConfig
from minigpt_tui.text import word
from minigpt_tui.text.cancel import CancelledError
from minigpt_tui.text.pieces import code_points
from minigpt_tui.text.tokenizers import (
    EOT_ID,
    UNK_ID,
    Tokenizer,
    build_tokenizer,
    is_word_character,
)
from minigpt_tui.text.word import LONGEST_TOKEN, split, train_word
from minigpt_tui.text.word_pattern import WordSplit, pattern, ranges_of_pattern, word_ranges
from tests.text.strategies import PIECES, any_python_text, texts

CORPUS = ["It was the best of times, it was the worst of times;\n\n  naïve – it isn't.\n" * 4]
LEVELS = ["char", "word", "bpe"]


def build(level: str, corpus: list[str], vocab_size: int | None = None) -> Tokenizer:
    return build_tokenizer(corpus, DataConfig(level=level, vocab_size=vocab_size))


@pytest.fixture(scope="module", params=LEVELS)
def tokenizer(request: pytest.FixtureRequest) -> Tokenizer:
    return build(request.param, CORPUS)


# --- every level


def test_text_of_known_tokens_comes_back(tokenizer: Tokenizer) -> None:
    ids = tokenizer.encode(CORPUS[0])
    assert ids.dtype == np.int32
    assert UNK_ID not in ids
    assert EOT_ID not in ids
    assert tokenizer.decode(ids) == CORPUS[0]
    assert tokenizer.decode(ids.tolist()) == CORPUS[0]
    assert b"".join(tokenizer.token_bytes(i) for i in ids.tolist()) == CORPUS[0].encode()


@given(text=any_python_text)
@settings(deadline=None)
def test_any_text_is_encoded(tokenizer: Tokenizer, text: str) -> None:
    ids = tokenizer.encode(text)
    assert EOT_ID not in ids
    assert bool(tokenizer.unknown(text)) == (UNK_ID in ids)
    tokenizer.decode(ids)


@given(text=texts)
@settings(deadline=None)
def test_spans_are_the_tokens_side_by_side(tokenizer: Tokenizer, text: str) -> None:
    spans = tokenizer.spans(text)
    assert [token_id for _, _, token_id in spans] == tokenizer.encode(text).tolist()
    borders = [0, *(end for _, end, _ in spans)]
    assert [start for start, _, _ in spans] == borders[:-1]
    assert borders == sorted(borders)
    assert borders[-1] == len(text)
    if tokenizer.level != "bpe":
        known = [span for span in spans if span[2] != UNK_ID]
        assert all(tokenizer.token_text(i) == text[a:b] for a, b, i in known)


def test_special_tokens_are_ids_and_never_text(tokenizer: Tokenizer) -> None:
    assert [tokenizer.token_text(i) for i in (0, 1)] == ["<UNK>", "<EOT>"]
    assert [tokenizer.token_bytes(i) for i in (0, 1)] == [b"", b""]
    assert tokenizer.decode([EOT_ID, UNK_ID, EOT_ID]) == "\ufffd"
    assert len(tokenizer.encode("<EOT>")) > 1
    assert len(tokenizer.encode("<UNK>")) > 1


@pytest.mark.parametrize("wrong", [-1, 10**6])
def test_an_id_that_is_not_there_is_an_error(tokenizer: Tokenizer, wrong: int) -> None:
    for call in (tokenizer.token_text, tokenizer.token_bytes, lambda i: tokenizer.decode([2, i])):
        with pytest.raises(ValueError, match=f"no token {wrong}"):
            call(wrong)


def test_no_text_is_no_tokens(tokenizer: Tokenizer) -> None:
    assert tokenizer.encode("").tolist() == []
    assert tokenizer.decode([]) == ""
    assert tokenizer.spans("") == []
    assert tokenizer.unknown("") == []


@pytest.mark.parametrize("level", LEVELS)
def test_the_same_corpus_gives_the_same_vocabulary(level: str) -> None:
    rng = random.Random(7)
    corpus = ["".join(rng.choice(PIECES) for _ in range(2000)) for _ in range(3)]
    assert len({build(level, corpus, 500).to_json() for _ in range(3)}) == 1


@pytest.mark.parametrize("level", LEVELS)
def test_special_names_in_a_corpus_are_ordinary_text(level: str) -> None:
    corpus = ["<EOT> <UNK> <EOT><UNK>\n" * 50]
    tokenizer = build(level, corpus)
    ids = tokenizer.encode(corpus[0])
    assert ids.min() > EOT_ID
    assert tokenizer.decode(ids) == corpus[0]


@pytest.mark.parametrize("level", LEVELS)
def test_training_can_be_called_off(level: str) -> None:
    with pytest.raises(CancelledError):
        build_tokenizer(CORPUS, DataConfig(level=level), should_stop=lambda: True)


@pytest.mark.parametrize("level", LEVELS)
def test_vocab_size_bounds_and_counts_the_special_tokens(level: str) -> None:
    bound = 260 if level == "bpe" else 10
    assert build(level, CORPUS, bound).vocab_size == bound


# --- characters


def test_character_ids_are_sorted_after_the_special_tokens() -> None:
    tokenizer = build("char", ["banana\n", "cab 🙂"])
    assert [tokenizer.token_text(i) for i in range(2, tokenizer.vocab_size)] == list("\n abcn🙂")


def test_the_most_frequent_characters_stay() -> None:
    tokenizer = build("char", ["cccbbbaadd"], 5)
    assert [tokenizer.token_text(i) for i in range(2, 5)] == ["a", "b", "c"]


def test_unknown_characters_are_named_once_in_order() -> None:
    tokenizer = build("char", ["abc"])
    assert tokenizer.unknown("zaxz🙂b\ud800") == ["z", "x", "🙂", "\ud800"]
    assert tokenizer.encode("az\U0010ffff").tolist() == [2, UNK_ID, UNK_ID]


def test_characters_are_encoded_by_table_and_not_one_by_one() -> None:
    text = "the quick brown fox\n" * 200_000
    tokenizer = build("char", [text[:100]])
    best = min(_seconds(lambda: tokenizer.encode(text)) for _ in range(5))
    assert len(text) / 1e6 / best > 50  # MB/s; a quiet machine does 250, a loop over characters 10


def _seconds(work: object) -> float:
    assert callable(work)
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


# --- words


def test_words_take_the_space_before_them() -> None:
    text = "It  isn't\n\n\tsnake_case, e\u0301t\u3000x 3½!  \n"
    parts = ["It", " ", " isn", "'", "t", "\n\n", "\t", "snake_case", ",", " e\u0301t", "\u3000"]
    parts += ["x", " 3½", "!", "  ", "\n"]
    assert list(split(text, WordSplit(word_ranges()))) == parts


@given(texts)
@settings(deadline=None)
def test_the_split_is_what_its_regular_expression_says(text: str) -> None:
    assert list(split(text, WORD_SPLIT)) == WORD_PATTERN.findall(text)
    assert "".join(split(text, WORD_SPLIT)) == text
    assert len(WORD_SPLIT.starts(code_points(text))) == len(list(split(text, WORD_SPLIT)))


WORD_SPLIT = WordSplit(word_ranges())
WORD_PATTERN = re.compile(pattern(word_ranges()))


def test_the_class_of_word_characters_is_one_and_the_same() -> None:
    inside = {code for a, b in word_ranges() for code in range(a, b + 1)}
    assert inside == {code for code in range(0x110000) if is_word_character(chr(code))}
    assert {unicodedata.category(chr(c))[0] for c in inside} == {"L", "M", "N", "P"}  # P: _
    assert ranges_of_pattern(pattern(word_ranges())) == word_ranges()


def test_frequent_words_come_first_and_ties_are_sorted() -> None:
    tokenizer = train_word(["b a c a b,c c"], None, 1)
    tokens = [tokenizer.token_text(i) for i in range(2, tokenizer.vocab_size)]
    assert tokens == [" a", " c", " b", ",", "b", "c"]


def test_rare_words_are_unknown() -> None:
    tokenizer = train_word([" one two two"], None, 2)
    assert tokenizer.vocab_size == 3
    assert tokenizer.unknown(" two one, three\n one") == ["one", ",", "three", "\n"]
    assert tokenizer.decode(tokenizer.encode(" two one two")) == " two\ufffd two"


def test_endless_words_stay_out_of_the_vocabulary() -> None:
    long = "a" * (LONGEST_TOKEN + 1)
    assert train_word([f"{long} b {long}"], None, 1).unknown(long) == [long]


def test_too_many_different_words_are_counted_in_bounded_memory(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    said: list[str] = []
    rng = random.Random(0)
    rare = [f" x{i}" for i in range(3000)]
    text = "".join(rng.choice([" the", " cat", rng.choice(rare)]) for _ in range(20_000))
    everything = train_word([text], None, 1, warn=said.append)
    assert said == []
    monkeypatch.setattr(word, "_COUNTED_TOKENS", 1000)
    monkeypatch.setattr(word, "_PIECE_CHARACTERS", 500)
    bounded = train_word([text], None, 1, warn=said.append)
    assert len(said) == 1
    assert "more than 1,000 different words" in said[0]
    assert {bounded.token_text(2), bounded.token_text(3)} == {" the", " cat"}
    assert 4 < bounded.vocab_size <= 1002 + 100 < everything.vocab_size
    assert train_word([text], None, 1, warn=said.append).to_json() == bounded.to_json()
    assert said[0] == said[1]


# --- BPE


@given(texts)
@settings(deadline=None)
def test_bpe_returns_any_text_exactly(text: str) -> None:
    ids = BPE.encode(text)
    assert UNK_ID not in ids
    assert BPE.decode(ids) == text
    assert BPE.unknown(text) == []


BPE = build("bpe", CORPUS)


def test_bpe_has_every_byte_and_a_default_size() -> None:
    singles = {BPE.token_bytes(i) for i in range(2, BPE.vocab_size)}
    assert {bytes([b]) for b in range(256)} <= singles
    rng = random.Random(3)
    varied = " ".join("".join(rng.choices("abcdefgh", k=6)) for _ in range(20_000))
    assert build("bpe", [varied]).vocab_size == 2048


def test_bpe_shows_a_character_at_the_first_of_its_tokens() -> None:
    spans = BPE.spans("a🙂b")
    assert spans[0][:2] == (0, 1)
    assert [span[:2] for span in spans[1:-1]] == [(1, 2), (2, 2), (2, 2), (2, 2)]
    assert spans[-1][:2] == (2, 3)


def test_bpe_takes_lone_surrogates_for_unknown_signs() -> None:
    assert BPE.decode(BPE.encode("a\ud83d\ude00b")) == "a\ufffd\ufffdb"


def test_bpe_refuses_a_vocabulary_below_the_bytes() -> None:
    with pytest.raises(ValueError, match="must be 258 or more"):
        build("bpe", CORPUS, 257)


def test_bpe_learns_from_a_text_without_white_space_in_reasonable_time() -> None:
    digits = "".join(random.Random(1).choices("0123456789", k=100_000))
    assert _seconds(lambda: build("bpe", [digits], 400)) < 5
