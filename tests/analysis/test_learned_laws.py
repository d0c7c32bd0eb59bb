"""Trained models against what is known beforehand: minutes, so only with `-m long`."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from minigpt_tui.analysis.attention import head_scores
from minigpt_tui.analysis.calibration import calibration
from minigpt_tui.analysis.evidence import TrainingText, continuations
from minigpt_tui.analysis.forward import one_window, run
from minigpt_tui.analysis.sample import sample_windows, score
from minigpt_tui.config_files import from_dict
from minigpt_tui.inference.service import GPTService
from minigpt_tui.jobs.prepare import prepare
from minigpt_tui.jobs.train import train_new
from minigpt_tui.runs.probes import read_probes
from minigpt_tui.training.control import Control

LETTERS = "abcdefghijklmnopqrstuvwxyz"


def settings(corpus: Path, model: dict[str, object], training: dict[str, object]):
    fixed = {"threads": 1, "precision": "fp32", "compile": "off", "device": "cpu"}
    return from_dict(
        {
            "data": {"corpus": [str(corpus)]},
            "model": {"dropout": 0.0, **model},
            "training": {"checkpoint_every": 0, **fixed, **training},
        }
    )


@pytest.mark.long
def test_repeated_random_blocks_teach_induction(data, tmp_path):
    generator = np.random.default_rng(7)
    signs = list(LETTERS + LETTERS.upper() + "0123456789")
    blocks = []
    for length in generator.integers(8, 25, size=20_000):
        block = "".join(generator.choice(signs, size=length))
        blocks.append(block + block)
    corpus = tmp_path / "blocks.txt"
    corpus.write_text("\n".join(blocks), encoding="utf-8")
    config = settings(
        corpus,
        {"layout": "qwen3", "d_model": 64, "n_heads": 2, "n_layers": 2, "d_ff": 128}
        | {"max_seq_len": 48},
        {"steps": 1_000, "batch_size": 32, "optimizer": "muon", "lr": 0.01},
    )
    trained = train_new(config, data, Control()).run
    scores = head_scores(GPTService(trained.final).model)
    assert scores.induction.max() > 0.5
    assert scores.previous_token[0].max() > 0.4, "the head below fetches the token before"
    history = read_probes(trained)
    assert history is not None
    along = [np.max(probe.induction) for probe in history.probes]
    assert along[0] < 0.1
    assert along[-1] == pytest.approx(scores.induction.max(), abs=0.1)


@pytest.mark.long
def test_a_markov_chain_is_learned_to_its_entropy(data, tmp_path):
    generator = np.random.default_rng(3)
    states, length = 8, 400_000
    law = generator.dirichlet(np.full(states, 0.5), size=states)  # p(next | now)
    chain = [0]
    cumulative = law.cumsum(axis=1)
    for draw in generator.random(length - 1):
        chain.append(min(states - 1, int(np.searchsorted(cumulative[chain[-1]], draw))))
    corpus = tmp_path / "chain.txt"
    corpus.write_text("".join(LETTERS[state] for state in chain), encoding="utf-8")
    config = settings(
        corpus,
        {"d_model": 32, "n_heads": 2, "n_layers": 1, "d_ff": 64, "max_seq_len": 16},
        {"steps": 1_500, "batch_size": 64, "lr": 0.003},
    )
    trained = train_new(config, data, Control()).run
    service = GPTService(trained.final)
    prepared = prepare(config, data, service.tokenizer)
    assert prepared.val is not None
    held_out = prepared.val.ids

    # The chain's entropy on this very text: what no model can beat but by luck.
    text = service.tokenizer.decode(held_out[1:].tolist())
    seen = [LETTERS.index(letter) for letter in text]
    entropy = -np.log(law[seen[:-1], seen[1:]]).mean()
    scored = score(service.model, sample_windows(held_out, 16, 40_000))
    known = scored.positions > 0  # after one letter at least of this window
    assert scored.nats[known].mean() == pytest.approx(entropy, rel=0.02)
    found = calibration(scored.confidence[known], scored.correct[known])
    assert found.ece < 0.02

    # The counts of the training text agree with the law and with the model.
    index = TrainingText(prepared.train.ids)
    for state, letter in enumerate(LETTERS[:states]):
        ids = service.tokenize(letter, add_special_tokens=False)
        evidence = continuations(index, ids)
        train = prepared.train.ids
        follows = train[1:][train[:-1] == ids[0]]
        assert evidence.occurrences == len(follows)
        shares = dict(zip(evidence.ids.tolist(), evidence.counts / len(follows), strict=True))
        said = run(service.model, one_window(ids))[0, -1].softmax(-1)
        for other in range(states):
            (token,) = service.tokenize(LETTERS[other], add_special_tokens=False)
            assert shares.get(token, 0.0) == pytest.approx(law[state, other], abs=0.02)
            assert float(said[token]) == pytest.approx(law[state, other], abs=0.05)
