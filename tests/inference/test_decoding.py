"""Many texts side by side are the texts that each would be alone."""

from __future__ import annotations

import queue
import threading

import numpy as np
import pytest

from minigpt_tui.inference.decoding import BusyError, Decoder, Generation, ScoredToken
from minigpt_tui.inference.engine import Engine, engine_for, logits_side_by_side
from minigpt_tui.inference.sampling import Sampling
from minigpt_tui.text.tokenizers import EOT_ID
from tests.inference.test_engine import random_model


@pytest.mark.parametrize("layout", ["gpt2", "qwen3"])
def test_logits_side_by_side_are_those_of_each(layout: str) -> None:
    model = random_model(layout)
    window = model.config.max_seq_len
    draw = np.random.default_rng(0)
    texts = [draw.integers(2, model.vocab_size, n).tolist() for n in (1, 5, window - 1, window + 3)]
    alone = engine_for(model)
    together = [alone.fork() for _ in texts]
    for _ in range(window + 4):  # beyond the window each is read anew at another moment
        logits = logits_side_by_side(together, texts)
        for row, text in zip(logits, texts, strict=True):
            np.testing.assert_allclose(row, alone.fork().logits_after(text), atol=1e-4)
            text.append(int(draw.integers(2, model.vocab_size)))


def _generation(engine: Engine, seen: queue.Queue[object], **changes: object) -> Generation:
    settings = {
        "engine": engine.fork(),
        "context": [2, 3],
        "sampling": Sampling(seed=1),
        "max_new_tokens": 5,
        "bias": {EOT_ID: -np.inf},  # so that only a bound ends the text
        "on_token": seen.put,
        "on_end": lambda reason, sentence: seen.put(reason),
    }
    return Generation(**{**settings, **changes})  # type: ignore[arg-type]


def _all(seen: queue.Queue[object]) -> tuple[list[int], str]:
    ids = []
    while isinstance(event := seen.get(timeout=60), ScoredToken):
        ids.append(event.id)
    return ids, str(event)


@pytest.fixture
def decoder():
    decoder = Decoder(line=8)
    yield decoder
    decoder.close()


def test_a_text_is_the_same_whoever_writes_beside_it(decoder: Decoder) -> None:
    model = engine_for(random_model("gpt2"))
    alone: queue.Queue[object] = queue.Queue()
    decoder.submit([_generation(model, alone, max_new_tokens=30)])
    expected = _all(alone)
    queues = [queue.Queue() for _ in range(6)]
    decoder.submit(
        [
            _generation(model, seen, max_new_tokens=30, sampling=Sampling(seed=seed))
            for seed, seen in enumerate(queues)
        ]
    )
    found = [_all(seen) for seen in queues]
    assert found[1] == expected
    assert len({tuple(ids) for ids, _ in found}) > 1


def test_nothing_to_write_ends_at_once(decoder: Decoder) -> None:
    seen: queue.Queue[object] = queue.Queue()
    decoder.submit([_generation(engine_for(random_model("gpt2")), seen, max_new_tokens=0)])
    assert _all(seen) == ([], "length")


def test_a_text_that_nobody_wants_any_more_ends(decoder: Decoder) -> None:
    seen: queue.Queue[object] = queue.Queue()
    endless = _generation(engine_for(random_model("gpt2")), seen, max_new_tokens=10**9)
    decoder.submit([endless])
    seen.get(timeout=60)
    endless.cancelled = True
    assert _all(seen)[1] == "cancelled"


def test_a_full_line_refuses_all_of_a_request(decoder: Decoder) -> None:
    seen: queue.Queue[object] = queue.Queue()
    many = [_generation(engine_for(random_model("gpt2")), seen) for _ in range(9)]
    with pytest.raises(BusyError):
        decoder.submit(many)
    assert seen.empty()


def test_a_model_without_numbers_is_said(decoder: Decoder) -> None:
    import torch

    model = random_model("gpt2")
    with torch.no_grad():
        model.final_norm.weight.fill_(float("nan"))
    said: queue.Queue[tuple[str, str]] = queue.Queue()
    generation = _generation(engine_for(model), queue.Queue(), on_end=lambda *end: said.put(end))
    decoder.submit([generation])
    reason, sentence = said.get(timeout=60)
    assert reason == "error"
    assert "finite" in sentence


def test_closing_ends_every_text() -> None:
    decoder = Decoder()
    seen: queue.Queue[object] = queue.Queue()
    decoder.submit([_generation(engine_for(random_model("gpt2")), seen, max_new_tokens=10**9)])
    seen.get(timeout=60)
    closing = threading.Thread(target=decoder.close)
    closing.start()
    assert _all(seen)[1] == "cancelled"
    closing.join(60)
    assert not closing.is_alive()
    with pytest.raises(BusyError):
        decoder.submit([_generation(engine_for(random_model("gpt2")), seen)])
