"""Evaluation measures every target once, in comparable units, and leaves no trace."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from minigpt_tui.inference.evaluation import Evaluation, evaluate
from minigpt_tui.text.tokenizers import EOT_ID, UNK_ID
from tests.inference.models import MarkovChain, random_chain, tiny_gpt

VOCABULARY = 11


def random_ids(n: int, seed: int = 0) -> np.ndarray:
    ids = np.random.default_rng(seed).integers(0, VOCABULARY, n).astype(np.uint16)
    ids[0] = EOT_ID
    return ids


def measured(model: torch.nn.Module, ids: np.ndarray, batch_size: int = 4) -> Evaluation:
    found = evaluate(
        model,  # type: ignore[arg-type]
        ids,
        batch_size,
        characters=len(ids),
        bytes=2 * len(ids),
        unknown_bytes=0,
    )
    assert found is not None
    return found


def nats_by_hand(model: MarkovChain, ids: np.ndarray) -> torch.Tensor:
    logs = torch.log_softmax(model.table.detach().double(), dim=-1)
    return -logs[ids[:-1].astype(int), ids[1:].astype(int)]


@settings(deadline=None, max_examples=60)
@given(st.integers(2, 90), st.integers(1, 20), st.integers(1, 7))
def test_every_target_counts_once_whatever_the_windows_and_batches(
    n: int, window: int, batch_size: int
) -> None:
    ids = random_ids(n, seed=n)
    model = random_chain(VOCABULARY, seed=1)
    model = MarkovChain(model.table.detach(), max_seq_len=window)
    found = measured(model, ids, batch_size)
    nats = nats_by_hand(model, ids)
    assert found.targets == n - 1
    assert found.val_loss == pytest.approx(float(nats.mean()), rel=1e-5)
    assert found.perplexity == pytest.approx(math.exp(found.val_loss))


def test_windows_lie_side_by_side_from_the_beginning() -> None:
    ids, model = random_ids(3 * 12 + 6), tiny_gpt(VOCABULARY).eval()
    nats = []
    for start in range(0, len(ids) - 1, 12):
        piece = torch.from_numpy(ids[start : start + 13].astype(np.int64))
        logs = torch.log_softmax(model(piece[None, :-1])[0].double(), dim=-1)
        nats.append(-logs[torch.arange(len(piece) - 1), piece[1:]])
    assert measured(model, ids).val_loss == pytest.approx(torch.cat(nats).mean().item(), rel=1e-6)


def test_bits_leave_the_end_of_text_out_and_charge_what_unknown_hides() -> None:
    model = random_chain(VOCABULARY, seed=2)
    ids = np.array([EOT_ID, 4, UNK_ID, 5, EOT_ID, 6, 7, UNK_ID], dtype=np.uint32)
    nats = nats_by_hand(model, ids)
    text_nats = float(nats.sum() - nats[3])  # without the <EOT> between the documents
    found = evaluate(model, ids, 2, characters=9, bytes=13, unknown_bytes=5)  # type: ignore[arg-type]
    assert found is not None
    bits = text_nats / math.log(2) + 8 * 5
    assert found.bits_per_char == pytest.approx(bits / 9)
    assert found.bits_per_byte == pytest.approx(bits / 13)
    assert found.unknown_share == pytest.approx(5 / 13)
    assert found.val_loss == pytest.approx(float(nats.mean()))


def test_a_uniform_model_costs_ln_v_and_rounding_does_not_pile_up() -> None:
    model = MarkovChain(torch.zeros(VOCABULARY, VOCABULARY), max_seq_len=512)
    found = measured(model, random_ids(200_001), 64)
    assert found.val_loss == pytest.approx(math.log(VOCABULARY), abs=1e-7)
    assert found.perplexity == pytest.approx(VOCABULARY, rel=1e-6)


@pytest.mark.parametrize("training", [True, False])
def test_the_model_and_the_default_generator_are_left_as_they_were(training: bool) -> None:
    model = tiny_gpt(VOCABULARY).train(training)
    before = torch.random.get_rng_state()
    assert measured(model, random_ids(50)) == measured(model, random_ids(50))
    assert torch.equal(before, torch.random.get_rng_state())
    assert all(module.training is training for module in model.modules())


def test_it_stops_between_two_batches() -> None:
    asked = []

    def should_stop() -> bool:
        asked.append(None)
        return len(asked) > 2

    model = tiny_gpt(VOCABULARY).train()
    sizes = {"characters": 9, "bytes": 9, "unknown_bytes": 0}
    assert evaluate(model, random_ids(500), 2, **sizes, should_stop=should_stop) is None
    assert len(asked) == 3
    assert model.training


def test_a_diverged_model_gives_nan_and_a_hopeless_one_infinite_perplexity() -> None:
    broken = MarkovChain(torch.full((VOCABULARY, VOCABULARY), math.nan))
    assert math.isnan(measured(broken, random_ids(20)).perplexity)
    table = torch.zeros(VOCABULARY, VOCABULARY)
    table[:, 3] = 1e6
    hopeless = measured(MarkovChain(table), np.array([EOT_ID, 4, 5]))
    assert hopeless.perplexity == math.inf


@pytest.mark.parametrize(("ids", "characters"), [([EOT_ID], 0), ([EOT_ID, EOT_ID], 0), ([], 0)])
def test_an_empty_text_is_refused(ids: list[int], characters: int) -> None:
    model = tiny_gpt(VOCABULARY)
    with pytest.raises(ValueError, match="no token to predict"):
        evaluate(model, np.array(ids), 2, characters=characters, bytes=0, unknown_bytes=0)
