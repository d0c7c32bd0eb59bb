"""The laws of the samplers."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from minigpt_tui.inference.sampling import (
    Sampling,
    distribution,
    draw,
    keep_min_p,
    keep_top_k,
    keep_top_p,
)
from minigpt_tui.text.tokenizers import UNK_ID

logits_of_a_model = st.lists(
    st.floats(-60, 60, width=32) | st.sampled_from([0.0, 1.0]), min_size=2, max_size=40
).map(lambda values: torch.tensor(values, dtype=torch.float64))
samplings = st.builds(
    Sampling,
    temperature=st.sampled_from([0.0, 1e-6, 0.3, 1.0, 2.5, 1e6]),
    top_k=st.none() | st.integers(1, 60),
    top_p=st.none() | st.floats(0, 1, exclude_min=True),
    min_p=st.none() | st.floats(0, 1),
    seed=st.integers(0, 2**63 - 1),
)


def kept(logits: Tensor) -> Tensor:
    return torch.isfinite(logits)


@settings(deadline=None)
@given(logits_of_a_model, samplings)
def test_the_distribution_adds_up_to_one_and_never_has_unknown(
    logits: Tensor, sampling: Sampling
) -> None:
    probs = distribution(logits, sampling)
    assert probs.sum().item() == pytest.approx(1)
    assert probs[UNK_ID] == 0
    assert (probs >= 0).all()


@settings(deadline=None)
@given(logits_of_a_model, samplings)
def test_what_is_drawn_is_possible_and_the_seed_repeats_it(
    logits: Tensor, sampling: Sampling
) -> None:
    token = draw(logits, sampling, sampling.generator())
    assert distribution(logits, sampling)[token] > 0
    assert token == draw(logits, sampling, sampling.generator())


@settings(deadline=None)
@given(logits_of_a_model, st.integers(1, 60))
def test_top_k_keeps_exactly_the_k_largest(logits: Tensor, k: int) -> None:
    keep = kept(keep_top_k(logits, k))
    assert keep.sum() == min(k, len(logits))
    if not keep.all():
        assert logits[keep].min() >= logits[~keep].max()


@settings(deadline=None)
@given(logits_of_a_model, st.floats(0.001, 1))
def test_top_p_keeps_the_smallest_descending_set_of_mass_p(logits: Tensor, p: float) -> None:
    probs = torch.softmax(logits, dim=-1)
    keep = kept(keep_top_p(logits, p))
    assert probs[keep].sum() >= p - 1e-9
    if p < 1:
        assert probs[keep].sum() - probs[keep].min() < p + 1e-9  # one fewer would not do
    if not keep.all():
        assert probs[keep].min() >= probs[~keep].max()


def test_top_p_never_empties_the_set() -> None:
    assert kept(keep_top_p(torch.zeros(5), 1e-300)).sum() == 1


@settings(deadline=None)
@given(logits_of_a_model, st.floats(0, 1))
def test_min_p_keeps_what_is_near_enough_to_the_most_probable(logits: Tensor, min_p: float) -> None:
    probs = torch.softmax(logits, dim=-1)
    keep = kept(keep_min_p(logits, min_p))
    assert (probs[keep] >= min_p * probs.max() * (1 - 1e-9)).all()
    assert (probs[~keep] <= min_p * probs.max() * (1 + 1e-9)).all()
    assert keep[logits.argmax()]


def test_cuts_judge_the_models_probabilities_before_the_temperature() -> None:
    logits = torch.tensor([0.0, 0.5, 0.3, 0.15, 0.05]).log()
    hot = Sampling(temperature=100.0, top_p=0.75)
    assert (distribution(logits, hot) > 0).tolist() == [False, True, True, False, False]


def test_top_p_measures_what_top_k_left() -> None:
    logits = torch.tensor([0.0, 0.4, 0.3, 0.2, 0.1]).log()
    # Of the three that top-k leaves, the first two hold 7/9 of the mass.
    probs = distribution(logits, Sampling(top_k=3, top_p=0.75))
    assert probs.tolist() == pytest.approx([0, 4 / 7, 3 / 7, 0, 0], abs=1e-6)


def test_temperature_sharpens_flattens_and_at_zero_takes_the_most_probable() -> None:
    logits = torch.tensor([9.0, 1.0, 2.0, 2.0])
    assert distribution(logits, Sampling(temperature=0)).tolist() == [0, 0, 1, 0]
    top = [float(distribution(logits, Sampling(temperature=t))[2]) for t in (0.5, 1.0, 2.0)]
    assert top == sorted(top, reverse=True)
    expected = torch.softmax(torch.tensor([1.0, 2.0, 2.0]) / 0.5, dim=-1)
    assert distribution(logits, Sampling(temperature=0.5))[1:].tolist() == pytest.approx(
        expected.tolist()
    )


def test_draws_follow_the_distribution() -> None:
    logits = torch.tensor([0.0, 0.6, 0.3, 0.1]).log()
    sampling = Sampling(seed=1)
    generator = sampling.generator()
    drawn = torch.tensor([draw(logits, sampling, generator) for _ in range(4000)])
    shares = torch.bincount(drawn, minlength=4) / len(drawn)
    assert shares.tolist() == pytest.approx([0, 0.6, 0.3, 0.1], abs=0.03)


def test_draws_leave_torchs_default_generator_alone() -> None:
    before = torch.random.get_rng_state()
    for seed in (None, 3):
        sampling = Sampling(seed=seed)
        draw(torch.zeros(9), sampling, sampling.generator())
    assert torch.equal(before, torch.random.get_rng_state())


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("temperature", -0.1),
        ("temperature", math.nan),
        ("temperature", math.inf),
        ("top_k", 0),
        ("top_k", -3),
        ("top_k", 2.5),
        ("top_k", True),
        ("top_p", 0.0),
        ("top_p", 1.01),
        ("top_p", math.nan),
        ("min_p", -0.01),
        ("min_p", 1.5),
        ("seed", -1),
        ("seed", 2**63),
        ("seed", 1.0),
    ],
)
def test_a_meaningless_value_is_refused_by_name(name: str, value: float) -> None:
    with pytest.raises(ValueError, match=f"^{name} must be"):
        Sampling(**{name: value})  # type: ignore[arg-type]
