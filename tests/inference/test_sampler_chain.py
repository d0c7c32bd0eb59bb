"""The laws of the sampler chain, and its agreement with Hugging Face's."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minigpt_tui.inference.sampler_chain import (
    GIVEN,
    ORDERS,
    UNKNOWN,
    Logits,
    SamplerChain,
    keep_min_p,
    keep_top_k,
    keep_top_p,
    keep_typical,
    softmax,
    with_repetition_penalty,
    with_temperature,
)
from minigpt_tui.text.tokenizers import UNK_ID

logits_of_a_model = st.lists(
    st.floats(-60, 60, width=32) | st.sampled_from([0.0, 1.0]), min_size=2, max_size=40
).map(np.array)
masses = st.floats(0.001, 1)
active = {
    "temperature": st.sampled_from([0.0, 1e-6, 0.3, 2.5, 1e6]),
    "top_k": st.integers(1, 60),
    "top_p": st.floats(0, 1, exclude_min=True),
    "min_p": st.floats(0, 1),
    "typical_p": st.floats(0, 1, exclude_min=True),
    "repetition_penalty": st.sampled_from([0.5, 1.1, 2.0]),
}
NEUTRAL = SamplerChain()
chains = st.builds(
    SamplerChain,
    **{name: st.just(getattr(NEUTRAL, name)) | values for name, values in active.items()},
    order=st.sampled_from(list(ORDERS)),
)


def kept(logits: Logits) -> np.ndarray:
    return logits > -np.inf


def log(*probabilities: float) -> Logits:
    with np.errstate(divide="ignore"):
        return np.log(np.array(probabilities))


@settings(deadline=None)
@given(logits_of_a_model, chains, st.sets(st.integers(0, 1)))
def test_a_choice_adds_up_to_one_and_never_has_unknown(
    logits: Logits, chain: SamplerChain, seen: set[int]
) -> None:
    choice = chain.apply(logits, seen)
    assert choice.probabilities.sum() == pytest.approx(1)
    assert (choice.probabilities >= 0).all()
    assert choice.probabilities[UNK_ID] == 0
    assert choice.cut_by(UNK_ID) == UNKNOWN


@settings(deadline=None)
@given(logits_of_a_model, chains, st.sets(st.integers(0, 1)))
def test_every_cut_token_names_a_stage_that_was_on(
    logits: Logits, chain: SamplerChain, seen: set[int]
) -> None:
    choice = chain.apply(logits, seen)
    for token in range(len(logits)):
        stage = choice.cut_by(token)
        if choice.probabilities[token] > 0:
            assert stage is None
        elif stage != UNKNOWN and stage is not None:
            assert getattr(chain, stage) != getattr(NEUTRAL, stage)
    assert any(choice.cut_by(token) is None for token in range(len(logits)))


@given(logits_of_a_model, st.sampled_from(list(ORDERS)))
def test_neutral_settings_change_nothing_but_unknown(logits: Logits, order: str) -> None:
    neutral = SamplerChain(1.0, top_k=len(logits), top_p=1.0, min_p=0.0, typical_p=1.0, order=order)
    raw = np.array([-np.inf, *logits[1:]])
    for chain in (neutral, SamplerChain(order=order)):
        choice = chain.apply(logits, {1})
        np.testing.assert_array_equal(choice.probabilities, softmax(raw))
        assert all(choice.cut_by(token) is None for token in range(1, len(logits)))


@settings(deadline=None)
@given(st.data(), logits_of_a_model, st.sampled_from(list(active)))
def test_the_orders_agree_while_only_one_stage_is_on(
    data: st.DataObject, logits: Logits, stage: str
) -> None:
    value = data.draw(active[stage])
    ours, theirs = (SamplerChain(**{stage: value, "order": order}) for order in ORDERS)
    assert ours.apply(logits, {1}).probabilities.tolist() == pytest.approx(
        theirs.apply(logits, {1}).probabilities.tolist()
    )


@given(logits_of_a_model, st.integers(1, 60))
def test_top_k_keeps_exactly_the_k_largest_of_equals_the_first(logits: Logits, k: int) -> None:
    best_first = sorted(range(len(logits)), key=lambda token: (-logits[token], token))
    assert np.flatnonzero(kept(keep_top_k(logits, k))).tolist() == sorted(best_first[:k])


@given(logits_of_a_model, masses)
def test_top_p_keeps_the_smallest_descending_set_of_mass_p(logits: Logits, p: float) -> None:
    probs = softmax(logits)
    keep = kept(keep_top_p(logits, p))
    assert probs[keep].sum() >= p - 1e-9
    if p < 1:
        assert probs[keep].sum() - probs[keep].min() < p + 1e-9  # one fewer would not do
    if not keep.all():
        assert probs[keep].min() >= probs[~keep].max()


@given(logits_of_a_model, masses)
def test_typical_keeps_the_smallest_set_of_mass_p_nearest_to_the_entropy(
    logits: Logits, p: float
) -> None:
    probs = softmax(logits)
    surprisal = -np.log(probs)
    distance = np.abs(surprisal - (probs * surprisal).sum())
    keep = kept(keep_typical(logits, p))
    assert probs[keep].sum() >= p - 1e-9
    if not keep.all():
        farthest = distance[keep].max()
        assert farthest <= distance[~keep].min() + 1e-6
        nearer = keep & (distance < farthest - 1e-6)
        assert probs[nearer].sum() < p + 1e-9


def test_typical_may_drop_the_most_probable() -> None:
    # Entropy 2.44 bits; 0.35 has a surprisal of 1.5, 0.15 one of 2.7.
    logits = log(0.35, 0.15, 0.15, 0.15, 0.10, 0.10)
    assert kept(keep_typical(logits, 0.4)).tolist() == [False, True, True, True, False, False]


@pytest.mark.parametrize("cut", [keep_top_p, keep_typical])
def test_a_tiny_mass_never_empties_the_set(cut) -> None:
    assert kept(cut(np.zeros(5), 1e-300)).sum() == 1


@given(logits_of_a_model, st.floats(0, 1))
def test_min_p_keeps_what_is_near_enough_to_the_most_probable(logits: Logits, min_p: float) -> None:
    probs = softmax(logits)
    keep = kept(keep_min_p(logits, min_p))
    assert (probs[keep] >= min_p * probs.max() * (1 - 1e-9)).all()
    assert (probs[~keep] <= min_p * probs.max() * (1 + 1e-9)).all()
    assert keep[logits.argmax()]


@given(logits_of_a_model, st.sampled_from([1e-6, 0.3, 2.5, 1e6]))
def test_temperature_keeps_the_order(logits: Logits, temperature: float) -> None:
    changed = with_temperature(logits, temperature)
    rising = np.argsort(logits, kind="stable")
    assert (np.diff(changed[rising]) >= 0).all()


@given(logits_of_a_model, st.integers(1, 60), st.floats(0, 1))
def test_cuts_that_compare_tokens_change_nothing_the_second_time(
    logits: Logits, k: int, min_p: float
) -> None:
    best_k = keep_top_k(logits, k)
    np.testing.assert_array_equal(keep_top_k(best_k, k), best_k)
    near = keep_min_p(logits, min_p)
    np.testing.assert_array_equal(keep_min_p(near, min_p), near)
    greedy = with_temperature(logits, 0)
    np.testing.assert_array_equal(with_temperature(greedy, 0), greedy)


def test_cuts_of_mass_judge_anew_the_second_time() -> None:
    once = keep_top_p(log(0.5, 0.3, 0.2), 0.6)
    assert kept(once).tolist() == [True, True, False]
    assert kept(keep_top_p(once, 0.6)).tolist() == [True, False, False]  # 0.5 / 0.8 is enough


@given(logits_of_a_model, st.sampled_from([1.1, 2.0]), st.sets(st.integers(0, 1)))
def test_the_penalty_makes_seen_tokens_less_probable_and_touches_no_other(
    logits: Logits, penalty: float, seen: set[int]
) -> None:
    changed = with_repetition_penalty(logits, penalty, seen)
    for token, (before, after) in enumerate(zip(logits, changed, strict=True)):
        assert after <= before if token in seen else after == before
    undone = with_repetition_penalty(changed, 1 / penalty, seen)
    np.testing.assert_allclose(undone, logits)


def test_in_llama_cpps_order_cuts_judge_before_the_temperature() -> None:
    logits = log(0.0, 0.5, 0.3, 0.15, 0.05)
    hot = SamplerChain(temperature=100.0, top_p=0.78)
    assert (hot.apply(logits).probabilities > 0).tolist() == [False, True, True, False, False]
    after = dataclasses.replace(hot, order="huggingface")
    assert (after.apply(logits).probabilities > 0).tolist() == [False, True, True, True, True]


def test_top_p_measures_what_top_k_left() -> None:
    logits = log(0.0, 0.4, 0.3, 0.2, 0.1)
    # Of the three that top-k leaves, the first two hold 7/9 of the mass.
    choice = SamplerChain(top_k=3, top_p=0.75).apply(logits)
    assert choice.probabilities.tolist() == pytest.approx([0, 4 / 7, 3 / 7, 0, 0])
    cut_by = [choice.cut_by(token) for token in range(5)]
    assert cut_by == [GIVEN, None, None, "top_p", "top_k"]


def test_what_was_ruled_out_before_stays_out() -> None:
    choice = SamplerChain(top_k=2).apply(log(0.4, 0.3, 0.0, 0.2, 0.1))
    assert choice.probabilities[2] == 0
    assert [choice.cut_by(token) for token in (0, 2, 4)] == [UNKNOWN, GIVEN, "top_k"]


def test_temperature_sharpens_flattens_and_at_zero_takes_the_most_probable() -> None:
    logits = np.array([9.0, 1.0, 2.0, 2.0])
    greedy = SamplerChain(temperature=0).apply(logits)
    assert greedy.probabilities.tolist() == [0, 0, 1, 0]
    assert greedy.cut_by(3) == "temperature"
    top = [SamplerChain(t).apply(logits).probabilities[2] for t in (0.5, 1.0, 2.0)]
    assert top == sorted(top, reverse=True)
    halved = SamplerChain(0.5).apply(logits).probabilities[1:]
    assert halved.tolist() == pytest.approx(softmax(np.array([2.0, 4.0, 4.0])).tolist())


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
        ("typical_p", 0.0),
        ("typical_p", 1.01),
        ("min_p", -0.01),
        ("min_p", 1.5),
        ("repetition_penalty", 0.0),
        ("repetition_penalty", math.inf),
        ("order", "alphabetical"),
    ],
)
def test_a_meaningless_value_is_refused_by_name(name: str, value: object) -> None:
    with pytest.raises(ValueError, match=f"^{name} must be"):
        SamplerChain(**{name: value})  # type: ignore[arg-type]


PEERS = {
    "temperature": ("TemperatureLogitsWarper", [0.3, 1.7]),
    "top_k": ("TopKLogitsWarper", [1, 5, 200]),
    "top_p": ("TopPLogitsWarper", [0.1, 0.6, 0.95]),
    "min_p": ("MinPLogitsWarper", [0.02, 0.3]),
    "typical_p": ("TypicalLogitsWarper", [0.2, 0.6, 0.95]),
    "repetition_penalty": ("RepetitionPenaltyLogitsProcessor", [0.8, 1.3]),
}


def hugging_faces_choice(logits: Logits, seen: list[int], settings: dict[str, float]) -> Logits:
    """What their processors make of the same logits, with <UNK> gone before."""
    import torch
    from transformers.generation import logits_process

    scores = torch.from_numpy(logits.copy())[None]
    scores[0, UNK_ID] = -math.inf
    for stage in ORDERS["huggingface"]:
        if stage in settings:
            processor = getattr(logits_process, PEERS[stage][0])(settings[stage])
            scores = processor(torch.tensor([seen]), scores)
    return torch.softmax(scores[0], dim=-1).numpy()


@pytest.mark.peer
@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("spread", [0.5, 3.0])
def test_every_stage_and_the_whole_chain_agree_with_hugging_faces(seed: int, spread: float) -> None:
    pytest.importorskip("transformers")
    random = np.random.default_rng(seed)
    logits = random.normal(0, spread, 100)
    seen = random.integers(2, 100, 20).tolist()
    tried: list[dict[str, float]] = [
        {stage: value} for stage, (_, values) in PEERS.items() for value in values
    ]
    tried += [
        {stage: random.choice(values).item() for stage, (_, values) in PEERS.items()}
        for _ in range(10)
    ]
    for settings_ in tried:
        chain = SamplerChain(**settings_, order="huggingface")  # type: ignore[arg-type]
        theirs = hugging_faces_choice(logits, seen, settings_)
        np.testing.assert_allclose(chain.apply(logits, set(seen)).probabilities, theirs, atol=1e-12)


@pytest.mark.parametrize("logits", [[0.0, math.nan], [0.0, math.inf], [0.0, -math.inf]])
def test_logits_that_are_no_numbers_are_refused_in_words(logits: list[float]) -> None:
    with pytest.raises(ValueError, match="No token can be drawn"):
        SamplerChain(top_p=0.5, typical_p=0.5).apply(logits)
