"""Draws follow the chain's choice, and a seed repeats them."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings

from minigpt_tui.inference.sampler_chain import Logits, SamplerChain
from minigpt_tui.inference.sampling import Sampling, draw
from tests.inference.test_sampler_chain import chains, log, logits_of_a_model


@settings(deadline=None)
@given(logits_of_a_model, chains)
def test_what_is_drawn_is_possible_and_the_seed_repeats_it(
    logits: Logits, chain: SamplerChain
) -> None:
    seed = Sampling(seed=7)
    token = draw(logits, chain, seed.generator())
    assert chain.apply(logits).probabilities[token] > 0
    assert token == draw(logits, chain, seed.generator())


def test_draws_follow_the_distribution() -> None:
    logits = log(0.0, 0.6, 0.3, 0.1)
    sampling = Sampling(seed=1)
    generator = sampling.generator()
    drawn = [draw(logits, sampling, generator) for _ in range(4000)]
    shares = np.bincount(drawn, minlength=4) / len(drawn)
    assert shares.tolist() == pytest.approx([0, 0.6, 0.3, 0.1], abs=0.03)


def test_without_a_seed_every_source_draws_its_own() -> None:
    first, second = (Sampling().generator().random(4).tolist() for _ in range(2))
    assert first != second


def test_draws_leave_the_default_generators_alone() -> None:
    torchs, numpys = torch.random.get_rng_state(), np.random.get_state()[1]
    for seed in (None, 3):
        sampling = Sampling(seed=seed)
        draw(np.zeros(9), sampling, sampling.generator())
    assert torch.equal(torchs, torch.random.get_rng_state())
    assert np.array_equal(numpys, np.random.get_state()[1])


@pytest.mark.parametrize("seed", [-1, 2**63, 1.0, True])
def test_a_meaningless_seed_is_refused_by_name(seed: object) -> None:
    with pytest.raises(ValueError, match=r"^seed must be"):
        Sampling(seed=seed)  # type: ignore[arg-type]


def test_a_chain_is_checked_with_its_seed() -> None:
    with pytest.raises(ValueError, match=r"^top_p must be"):
        Sampling(top_p=2.0, seed=1)
