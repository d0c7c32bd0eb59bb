"""The word search finds the probabilities that the model really gives to whole next words."""

from __future__ import annotations

import codecs
import itertools
import re
from dataclasses import dataclass, field

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from minigpt_tui.inference.word_search import WordPredictions
from minigpt_tui.text.tokenizers import EOT_ID, UNK_ID, Tokenizer, is_word_character
from tests.inference.models import (
    MarkovChain,
    chain,
    random_chain,
    service_around,
    tiny_gpt,
    tokenizer_of,
)


@dataclass
class Exact:
    """The truth about a chain, summed over every text that it can write."""

    words: dict[str, float] = field(default_factory=dict)
    continuation: float = 0.0
    end: float = 0.0
    unknown: float = 0.0


def exact(model: MarkovChain, tokenizer: Tokenizer, prompt: str, least: float = 1e-12) -> Exact:
    """Writes out all texts of a chain with few ways on, and reads their words with a pattern."""
    truth = Exact()
    probs = torch.softmax(model.table.detach().double(), dim=-1)
    ids = tokenizer.encode(prompt).tolist()
    inside = bool(prompt) and is_word_character(prompt[-1])
    stack = [(ids[-1] if ids else EOT_ID, b"", 1.0)]
    while stack:
        last, data, mass = stack.pop()
        for token in torch.nonzero(probs[last]).flatten().tolist():
            part = mass * float(probs[last, token])
            if part < least:
                continue
            whole = data + tokenizer.token_bytes(token)
            if token == UNK_ID:
                truth.unknown += part
                continue
            decoder = codecs.getincrementaldecoder("utf-8")("replace")
            text = decoder.decode(whole, final=token == EOT_ID)
            if inside and re.match(r"\w", text):
                truth.continuation += part
            elif found := re.match(r"\W*(\w+)(\W|$)" if token == EOT_ID else r"\W*(\w+)\W", text):
                truth.words[found[1]] = truth.words.get(found[1], 0.0) + part
            elif token == EOT_ID:
                truth.end += part
            else:
                stack.append((token, whole, part))
    return truth


def total(found: WordPredictions) -> float:
    return (
        sum(word.prob for word in found.words)
        + found.other_words_mass
        + found.word_continuation_mass
        + found.end_mass
        + found.unknown_mass
        + found.unexplored_mass
    )


def check_against(found: WordPredictions, truth: Exact, tolerance: float) -> None:
    assert total(found) == pytest.approx(1, abs=1e-9)
    assert found.unexplored_mass <= tolerance
    best = sorted(truth.words.items(), key=lambda item: -item[1])[: len(found.words)]
    assert [w.prob for w in found.words] == pytest.approx([p for _, p in best], abs=tolerance)
    for word in found.words:
        assert word.prob == pytest.approx(truth.words[word.word], abs=tolerance)
    assert found.word_continuation_mass == pytest.approx(truth.continuation, abs=tolerance)
    assert found.end_mass == pytest.approx(truth.end, abs=tolerance)
    assert found.unknown_mass == pytest.approx(truth.unknown, abs=tolerance)


CHARACTERS = tokenizer_of("I eat rice, rye. A hot tea!", "char")
EATING = chain(
    CHARACTERS,
    {
        "t": {" ": 0.7, "e": 0.1, "<EOT>": 0.1, "<UNK>": 0.05, ".": 0.05},
        " ": {" ": 0.1, "r": 0.5, "a": 0.3, ",": 0.06, "<EOT>": 0.04},
        ",": {" ": 1.0},
        "r": {"i": 0.5, "y": 0.5},
        "i": {"c": 0.9, "e": 0.1},
        "c": {"e": 1.0},
        "y": {"e": 0.8, "<UNK>": 0.2},
        "e": {" ": 0.5, ".": 0.3, "<EOT>": 0.2},
        "a": {"t": 0.4, " ": 0.6},
        ".": {"<EOT>": 1.0},
    },
)


@pytest.mark.parametrize("prompt", ["I eat", "I eat ", "eat,", "", "I ea", "rice."])
def test_characters(prompt: str) -> None:
    truth = exact(EATING, CHARACTERS, prompt)
    found = service_around(EATING, CHARACTERS).predict_words(prompt, 4, tolerance=1e-6)
    check_against(found, truth, 1e-4)


def test_a_word_known_by_hand() -> None:
    # After "I eat": a space (0.7), any more of them and commas, then the word and its end.
    found = service_around(EATING, CHARACTERS).predict_words("I eat", tolerance=1e-9)
    spaces = 0.7 / (1 - 0.1 - 0.06)
    by_word = {word.word: word.prob for word in found.words}
    assert by_word["rice"] == pytest.approx(spaces * 0.5 * 0.5 * 0.9, abs=1e-5)
    assert by_word["rie"] == pytest.approx(spaces * 0.5 * 0.5 * 0.1, abs=1e-5)
    assert by_word["rye"] == pytest.approx(spaces * 0.5 * 0.5 * 0.8, abs=1e-5)
    assert found.word_continuation_mass == pytest.approx(0.1)
    assert [word.word for word in found.words][:4] == ["rice", "rye", "a", "at"]


def test_any_character_chain_agrees_with_linear_algebra() -> None:
    tokenizer = tokenizer_of("ab ,", "char")
    model = random_chain(tokenizer.vocab_size, seed=5)
    step = torch.softmax(model.table.detach().double(), dim=-1)
    word = [tokenizer.encode(c).item() for c in "ab"]
    other = [tokenizer.encode(c).item() for c in " ,"]
    # Visits to each of the others before the first word, from a first step out of "b".
    between = torch.linalg.inv(torch.eye(2).double() - step[other][:, other])
    visits = step[word[1], other] @ between
    enters = visits @ step[other][:, word]
    ends = step[word][:, other].sum(1) + step[word, EOT_ID]
    truth = {}
    for length in range(1, 9):
        for letters in itertools.product(range(2), repeat=length):
            mass = enters[letters[0]] * ends[letters[-1]]
            for a, b in itertools.pairwise(letters):
                mass = mass * step[word[a], word[b]]
            truth["".join("ab"[i] for i in letters)] = float(mass)
    found = service_around(model, tokenizer).predict_words("ab", 12, tolerance=1e-3, max_passes=400)
    assert total(found) == pytest.approx(1, abs=1e-9)
    best = sorted(truth, key=lambda w: -truth[w])[:12]
    assert {w.word for w in found.words} == set(best)
    for prediction in found.words:
        assert prediction.prob == pytest.approx(truth[prediction.word], abs=1e-3)
    assert found.word_continuation_mass == pytest.approx(float(step[word[1], word].sum()))
    end = step[word[1], EOT_ID] + visits @ step[other, EOT_ID]
    assert found.end_mass == pytest.approx(float(end), abs=1e-3)


WORDS = tokenizer_of("I eat rice, rye. A hot tea!\nI eat\n", "word")


def test_words_end_when_something_else_follows() -> None:
    model = chain(
        WORDS,
        {
            " eat": {" rice": 0.5, " rye": 0.2, ",": 0.1, "<UNK>": 0.1, "<EOT>": 0.05, "I": 0.05},
            ",": {" rice": 0.5, "\n": 0.5},
            "\n": {"I": 1.0},
            " rice": {",": 0.6, ".": 0.2, "I": 0.2},  # "riceI" is one word, unlikely as it is
            "I": {" eat": 0.9, "<EOT>": 0.1},
            " rye": {"<EOT>": 0.5, "<UNK>": 0.5},
        },
    )
    found = service_around(model, WORDS).predict_words("I eat", tolerance=1e-9)
    check_against(found, exact(model, WORDS, "I eat"), 1e-6)
    by_word = {word.word: word.prob for word in found.words}
    assert by_word["rice"] == pytest.approx(0.8 * (0.5 + 0.1 * 0.5))
    assert by_word["riceI"] == pytest.approx(0.2 * (0.5 + 0.1 * 0.5))
    assert by_word["rye"] == pytest.approx(0.1)
    assert found.unknown_mass == pytest.approx(0.1 + 0.1)
    assert "<UNK>" not in by_word


CAFE = "the café naïve 🙂 the cat "
PIECES = tokenizer_of(CAFE * 3, "bpe", 262)


def test_byte_pieces_add_up_over_all_the_ways_to_a_word() -> None:
    e1, e2 = "é".encode()[:1], "é".encode()[1:]
    smile = [bytes([b]) for b in "🙂".encode()]
    model = chain(
        PIECES,
        {
            "t": {"h": 0.5, " ": 0.3, e1: 0.1, smile[0]: 0.1},
            " ": {"c": 0.5, "a": 0.1, e1: 0.2, smile[0]: 0.1, smile[3]: 0.1},
            "c": {"a": 1.0},
            "a": {"f": 0.6, " ": 0.2, smile[0]: 0.1, e1: 0.05, "<EOT>": 0.05},
            "f": {e1: 1.0},
            e1: {e2: 0.9, "a": 0.05, "<EOT>": 0.05},  # "\xc3a" is no UTF-8, nor a lone \xc3
            e2: {".": 0.5, "<EOT>": 0.5},
            smile[0]: {smile[1]: 1.0},
            smile[1]: {smile[2]: 1.0},
            smile[2]: {smile[3]: 1.0},
            smile[3]: {"a": 0.5, "<EOT>": 0.5},
        },
    )
    service = service_around(model, PIECES)
    for prompt in ("a t", "t ", "🙂", "é", ""):
        found = service.predict_words(prompt, 20, tolerance=1e-7, max_passes=200)
        check_against(found, exact(model, PIECES, prompt, 1e-9), 1e-5)
    assert "café" in [word.word for word in service.predict_words("t ").words]


def test_one_word_spelled_by_different_tokens_is_counted_once_with_all_its_mass() -> None:
    tokenizer = tokenizer_of("the the the the the then", "bpe", 265)
    ids = [i for i in range(tokenizer.vocab_size) if tokenizer.token_bytes(i) == b" the"]
    assert ids, "the vocabulary has the whole word"
    model = chain(
        tokenizer,
        {
            ".": {" the": 0.4, " ": 0.4, "<EOT>": 0.2},
            " ": {"t": 1.0},
            "t": {"h": 1.0},
            "h": {"e": 1.0},
            "e": {" ": 0.5, ".": 0.5},
            " the": {"n": 0.5, " ": 0.5},
            "n": {".": 1.0},
        },
    )
    found = service_around(model, tokenizer).predict_words(".", tolerance=1e-9)
    assert [(w.word, pytest.approx(w.prob)) for w in found.words] == [("the", 0.6), ("then", 0.2)]


@settings(deadline=None, max_examples=60)
@given(
    level=st.sampled_from(["char", "word", "bpe"]),
    prompt=st.text("ab é🙂,.\nß", max_size=6),
    seed=st.integers(0, 1000),
    spread=st.sampled_from([0.0, 2.0, 12.0]),
    top_k=st.integers(1, 8),
    max_passes=st.integers(1, 6),
)
def test_everything_adds_up_to_one_and_only_gets_more_certain(
    level: str, prompt: str, seed: int, spread: float, top_k: int, max_passes: int
) -> None:
    tokenizer = tokenizer_of("ab ba, é🙂 abba.\nba", level)
    service = service_around(random_chain(tokenizer.vocab_size, seed, spread), tokenizer)
    results = list(service.search_words(prompt, top_k, max_passes=max_passes))
    assert results[0].unexplored_mass == 1
    assert 2 <= len(results) <= max_passes + 1
    for before, after in itertools.pairwise(results):
        assert total(after) == pytest.approx(1, abs=1e-9)
        assert after.unexplored_mass <= before.unexplored_mass + 1e-12
        assert len(after.words) <= top_k
        probs = [word.prob for word in after.words]
        assert probs == sorted(probs, reverse=True)
        for word in after.words:
            assert word.word
            assert all(map(is_word_character, word.word))
        if not (prompt and is_word_character(prompt[-1])):
            assert after.word_continuation_mass == 0


@pytest.mark.parametrize("level", ["char", "word", "bpe"])
@pytest.mark.parametrize(
    "prompt", ["", "ж unknown ☃", "🙂", "👩‍👩‍👧", "rice " * 2000, "\x1b[2J", "a\ud800b"]
)
def test_any_prompt_is_answered_by_a_real_model(level: str, prompt: str) -> None:
    tokenizer = tokenizer_of("I eat rice, rye. A hot tea!\n" * 2, level)
    service = service_around(tiny_gpt(tokenizer.vocab_size), tokenizer)
    found = service.predict_words(prompt, max_passes=8)
    assert total(found) == pytest.approx(1, abs=1e-9)
    assert found.words


def test_an_endless_word_does_not_make_an_endless_search() -> None:
    tokenizer = tokenizer_of("ab", "char")
    model = chain(tokenizer, {"<EOT>": {"a": 1.0}, "a": {"a": 1.0}})
    found = service_around(model, tokenizer).predict_words("", max_passes=1000)
    assert found.words == ()
    assert found.unexplored_mass == 1


def test_the_search_stops_when_asked() -> None:
    passes = []

    def should_stop() -> bool:
        passes.append(None)
        return len(passes) > 2

    service = service_around(random_chain(CHARACTERS.vocab_size, 1), CHARACTERS)
    assert len(list(service.search_words("I", should_stop=should_stop))) == 3
    stopped = service.predict_words("I", should_stop=lambda: True)
    assert (stopped.words, stopped.unexplored_mass) == ((), 1.0)


def test_bounds_that_mean_nothing_are_refused_at_once() -> None:
    service = service_around(EATING, CHARACTERS)
    with pytest.raises(ValueError, match="top_k must be"):
        service.search_words("I", 0)
    with pytest.raises(ValueError, match="max_passes must be"):
        service.search_words("I", max_passes=0)
    with pytest.raises(ValueError, match="tolerance must be"):
        service.search_words("I", tolerance=-1)
