"""The engine with a cache says what the model itself says, whatever it read before."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from minigpt_tui.config import ModelConfig
from minigpt_tui.inference.engine import ROWS_AT_ONCE, Branches, CachedEngine, engine_for
from minigpt_tui.inference.next_token import UncachedEngine, first_seen
from minigpt_tui.model.build import build_model
from minigpt_tui.model.language_model import LanguageModel
from tests.inference.models import random_chain

VOCAB_SIZE = 17
WINDOW = 12
Model = Callable[..., LanguageModel]


@pytest.fixture(params=["gpt2", "qwen3"])
def model(request: pytest.FixtureRequest) -> LanguageModel:
    return random_model(request.param)


def random_model(
    layout: str, head: str = "untied", std: float = 0.3, seed: int = 0, window: int = WINDOW
) -> LanguageModel:
    """Every weight drawn, also those that begin as zero or one."""
    shape = {"d_model": 16, "n_heads": 2, "n_layers": 3, "d_ff": 24, "max_seq_len": window}
    model = build_model(ModelConfig(layout=layout, head=head, **shape, dropout=0.2), VOCAB_SIZE)
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.normal_(0.0, std, generator=generator)
    return model.eval()


def random_ids(count: int, seed: int = 0) -> list[int]:
    return np.random.default_rng(seed).integers(0, VOCAB_SIZE, count).tolist()


@torch.inference_mode()
def models_own(model: LanguageModel, ids: list[int]) -> np.ndarray:
    """Logits [T, V] after each of the ids, in one pass of the module."""
    return model(torch.tensor([ids]))[0].numpy()


contexts = st.lists(st.integers(0, VOCAB_SIZE - 1), min_size=1, max_size=WINDOW)
LAYOUTS = [(layout, head) for layout in ("gpt2", "qwen3") for head in ("untied", "tied")]


@pytest.mark.parametrize(("layout", "head"), LAYOUTS)
@pytest.mark.parametrize("std", [0.02, 0.3, 1.0])  # as drawn, as trained, and far beyond
def test_the_logits_are_the_models_own_at_every_length(layout: str, head: str, std: float) -> None:
    model = random_model(layout, head, std)
    ids = random_ids(WINDOW)
    expected = models_own(model, ids)
    at_once = [engine_for(model).logits_after(ids[:n]) for n in range(1, WINDOW + 1)]
    np.testing.assert_allclose(at_once, expected, atol=1e-4)
    engine = engine_for(model)
    one_by_one = [engine.logits_after(ids[:n]) for n in range(1, WINDOW + 1)]
    np.testing.assert_allclose(one_by_one, expected, atol=1e-4)


@settings(deadline=None, max_examples=40)
@given(st.sampled_from(["gpt2", "qwen3"]), st.lists(contexts, min_size=2, max_size=6))
def test_what_was_read_before_makes_no_difference(layout: str, texts: list[list[int]]) -> None:
    model = random_model(layout)
    engine = CachedEngine(model)
    for ids in texts:
        np.testing.assert_allclose(engine.logits_after(ids), models_own(model, ids)[-1], atol=1e-4)


def test_an_edited_text_costs_only_the_tokens_that_differ(model: LanguageModel) -> None:
    engine = CachedEngine(model)
    ids = random_ids(10)
    engine.logits_after(ids)
    engine.cache.keys[:, :, :7] = 1.0  # would be put right if these tokens were read again
    engine.logits_after([*ids[:7], (ids[7] + 1) % VOCAB_SIZE, 4])
    assert engine.cache.used == 9
    assert (engine.cache.keys[:, :, :7] == 1.0).all()
    assert (engine.cache.keys[:, :, 7:9] != 1.0).all()


def test_a_long_prompt_is_read_in_parts_and_is_the_same() -> None:
    length = 2 * ROWS_AT_ONCE + 5
    for layout in ("gpt2", "qwen3"):
        model = random_model(layout, window=length)
        ids = random_ids(length)
        expected = models_own(model, ids)[-1]
        np.testing.assert_allclose(CachedEngine(model).logits_after(ids), expected, atol=1e-4)


@torch.inference_mode()
def test_it_computes_in_float32_close_to_the_module_in_bfloat16(model: LanguageModel) -> None:
    ids = random_ids(WINDOW)
    with torch.autocast("cpu", torch.bfloat16):
        expected = model(torch.tensor([ids]))[0].float().numpy()
    engine = CachedEngine(model)
    ours = [engine.logits_after(ids[:n]) for n in range(1, WINDOW + 1)]
    np.testing.assert_allclose(ours, expected, atol=5e-2)


def test_a_fork_goes_its_own_way(model: LanguageModel) -> None:
    ids = random_ids(WINDOW)
    engine = CachedEngine(model)
    engine.logits_after(ids[:6])
    fork = engine.fork()
    fork.logits_after([*ids[:6], 2, 2, 2])
    expected = models_own(model, ids)[7]
    np.testing.assert_allclose(engine.logits_after(ids[:8]), expected, atol=1e-4)


def test_new_weights_are_seen_when_the_engine_is_told(model: LanguageModel) -> None:
    ids = random_ids(8)
    engine = CachedEngine(model)
    before = engine.logits_after(ids)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.mul_(1.5)
    engine.refresh()
    after = engine.logits_after(ids)
    np.testing.assert_allclose(after, models_own(model, ids)[-1], atol=1e-4)
    assert np.abs(after - before).max() > 0.1


@given(st.integers(1, 40), st.integers(1, 200))
def test_the_window_moves_on_by_half_when_it_is_full(window: int, length: int) -> None:
    first = first_seen(length, window)
    if length <= window:
        assert first == 0
    else:
        assert window // 2 < length - first <= window
        # It moves when, and only when, the window was full.
        was_full = length - 1 - first_seen(length - 1, window) == window
        assert (first != first_seen(length - 1, window)) == was_full


def test_a_text_longer_than_the_window_goes_on_as_documented(model: LanguageModel) -> None:
    ids = random_ids(4 * WINDOW)
    engine = CachedEngine(model)
    for length in range(1, len(ids) + 1):
        seen = ids[:length][first_seen(length, WINDOW) :]
        expected = models_own(model, seen)[-1]
        np.testing.assert_allclose(engine.logits_after(ids[:length]), expected, atol=1e-4)


continuations = st.lists(
    st.lists(st.integers(0, 2), max_size=2 * WINDOW).map(tuple), min_size=1, max_size=12
)


@settings(deadline=None, max_examples=60)
@given(
    st.sampled_from(["gpt2", "qwen3"]),
    contexts,
    st.lists(continuations, min_size=1, max_size=3),
)
def test_branches_are_what_each_would_be_alone(
    layout: str, context: list[int], batches: list[list[tuple[int, ...]]]
) -> None:
    model = random_model(layout)
    branches = CachedEngine(model).branches(context)
    for batch in batches:
        alone = [CachedEngine(model).logits_after([*context, *added]) for added in batch]
        np.testing.assert_allclose(branches(batch), alone, atol=1e-4)
        uncached = UncachedEngine(model).branches(context)(batch)
        np.testing.assert_allclose(uncached, alone, atol=1e-4)


def test_branches_share_their_context(model: LanguageModel) -> None:
    engine = CachedEngine(model)
    context = random_ids(9)
    engine.logits_after(context)
    branches = engine.branches(context)
    assert isinstance(branches, Branches)
    branches([(token,) for token in range(VOCAB_SIZE)])
    (tree,) = branches.trees.values()
    assert tree.engine.cache.used == len(context) + VOCAB_SIZE
    branches([(3, token) for token in range(VOCAB_SIZE)])  # their parent is there already
    assert tree.engine.cache.used == len(context) + 2 * VOCAB_SIZE


def test_other_models_are_asked_themselves() -> None:
    chain = random_chain(VOCAB_SIZE, seed=1)
    assert isinstance(engine_for(chain), UncachedEngine)  # type: ignore[arg-type]
    in_double = random_model("gpt2").double()
    engine = engine_for(in_double)
    assert isinstance(engine, UncachedEngine)
    ids = random_ids(5)
    expected = in_double(torch.tensor([ids]))[0, -1].detach().numpy()
    np.testing.assert_allclose(engine.logits_after(ids), expected, atol=1e-5)


def test_a_model_in_training_is_read_without_dropout_and_left_as_it_is(
    model: LanguageModel,
) -> None:
    weights = {name: weight.clone() for name, weight in model.state_dict().items()}
    expected = models_own(model, random_ids(6))
    model.train()
    before = torch.random.get_rng_state()
    engine = engine_for(model)
    ours = [engine.logits_after(random_ids(6)[:n]) for n in range(1, 7)]
    np.testing.assert_allclose(ours, expected, atol=1e-4)
    assert all(module.training for module in model.modules())
    assert torch.equal(before, torch.random.get_rng_state())
    assert all(torch.equal(weight, weights[name]) for name, weight in model.state_dict().items())


def test_a_diverged_model_is_named(model: LanguageModel) -> None:
    with torch.no_grad():
        model.token_embedding.weight[3] = math.nan
    engine = CachedEngine(model)
    with pytest.raises(ValueError, match="diverged"):
        engine.logits_after([1, 3, 2])
    with pytest.raises(ValueError, match="diverged"):
        engine.branches([1, 2])([(3,)])


@torch.inference_mode()
def test_the_loaded_weights_are_not_kept_twice(model: LanguageModel) -> None:
    engine = CachedEngine(model)
    weight = model.get_parameter("blocks.0.attention.qkv.weight")
    assert np.shares_memory(engine.weights.blocks[0].qkv.weight, weight.numpy())
