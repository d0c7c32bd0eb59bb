"""What the program says about a loss, a perplexity and a corpus."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minigpt_tui.planning.advice import corpus_verdict, loss_stage, perplexity_in_words


@pytest.mark.parametrize(
    ("loss", "stage"),
    [
        (4.6, "Random"),
        (4.0, "Frequencies"),
        (3.5, "Frequencies"),
        (2.5, "Patterns"),
        (1.5, "Good"),
        (0.7, "Very good"),
        (0.0, "Very good"),
        (math.nan, "Diverged"),
        (math.inf, "Diverged"),
    ],
)
def test_stages_of_the_loss(loss: float, stage: str) -> None:
    assert loss_stage(loss).startswith(stage + ":")


def test_perplexity_is_explained() -> None:
    words = perplexity_in_words(math.log(5.4), 100, "character")
    assert words.startswith("Perplexity 5.4:")
    assert "choosing among 5.4 equally likely characters, of 100" in words


def test_a_perplexity_above_the_vocabulary_is_worse_than_chance() -> None:
    assert "worse than choosing blindly" in perplexity_in_words(math.log(150), 100)


@given(st.floats())
def test_any_loss_has_words(loss: float) -> None:
    assert loss_stage(loss)
    assert perplexity_in_words(loss, 100)


@pytest.mark.parametrize(
    ("tokens", "parameters", "beginning"),
    [
        (0, 3_000_000, "Too small"),
        (80, 3_000_000, "Too small"),
        (20_000, 3_000_000, "Small for this model"),
        (1_000_000, 3_000_000, "Enough"),
        (10_000_000, 3_000_000, "Fine"),
        (10_000_000, 100_000, "Plenty"),
    ],
)
def test_verdict_on_a_corpus(tokens: int, parameters: int, beginning: str) -> None:
    assert corpus_verdict(tokens, tokens, parameters, 50).startswith(beginning)


def test_many_unknown_characters_are_said_first() -> None:
    words = corpus_verdict(10**6, 10**6, 10**6, 50, unknown_share=0.4)
    assert words.startswith("40 % of the text is outside the vocabulary.")
