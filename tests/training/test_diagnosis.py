"""A training in trouble is told so, once and with advice; a healthy one is left in peace."""

from __future__ import annotations

import json
import math
import random
from collections.abc import Iterable, Sequence
from dataclasses import asdict

import hypothesis
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minigpt_tui.config import TrainingConfig
from minigpt_tui.runs.info import BaselineLosses
from minigpt_tui.settings import settings
from minigpt_tui.training.diagnosis import (
    Diagnosis,
    DiagnosisState,
    Finding,
    divergence_advice,
    out_of_memory_advice,
)
from minigpt_tui.training.schedule import learning_rate

LETTERS = BaselineLosses(uniform=4.0, unigram=3.0, five_gram=1.5)
WORDS = BaselineLosses(uniform=9.2, unigram=6.5, five_gram=5.2)


def diagnosis(
    total_steps: int,
    references: BaselineLosses | None = LETTERS,
    state: DiagnosisState | None = None,
    unknown_share: float = 0.0,
) -> Diagnosis:
    uniform = references.uniform if references is not None else LETTERS.uniform
    return Diagnosis(
        total_steps, references, uniform=uniform, unknown_share=unknown_share, state=state
    )


def noisy(losses: Iterable[float], noise: float, seed: int = 0) -> list[float]:
    scatter = random.Random(seed)
    return [loss + scatter.gauss(0, noise) for loss in losses]


def power_law(steps: int, start: float, end: float, exponent: float = 0.4) -> list[float]:
    """A healthy curve from `start` to `end`: a · t^−b + c."""
    drop = (start - end) / (1 - steps**-exponent)
    return [end + drop * (t**-exponent - steps**-exponent) for t in range(1, steps + 1)]


def watched(watcher: Diagnosis, losses: Sequence[float], lr: float = 1e-3) -> list[Finding]:
    """What is found while the losses come in, after a warm-up of 20 steps."""
    return [
        finding
        for step, loss in enumerate(losses, start=1)
        for finding in watcher.step(step, loss, lr * min(1.0, step / 20))
    ]


def kinds(findings: Iterable[Finding]) -> list[str]:
    return [finding.kind for finding in findings]


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("noise", [0.01, 0.05, 0.3])
@pytest.mark.parametrize("references", [LETTERS, WORDS], ids=["letters", "words"])
@pytest.mark.parametrize(("steps", "exponent"), [(100, 0.7), (600, 0.4), (3000, 0.3)])
def test_a_healthy_run_is_left_in_peace(steps, exponent, references, noise, seed):
    end = references.five_gram
    noise *= references.uniform / 4
    training = TrainingConfig(schedule=("cosine", "linear", "wsd", "constant")[seed])
    watcher = diagnosis(steps, references)
    train = noisy(power_law(steps, references.uniform, end, exponent), noise, seed)
    val = noisy(power_law(steps, references.uniform, end + 0.2, exponent), noise / 10, seed)
    found = watcher.evaluated(0, references.uniform)
    for i in range(steps):
        found += watcher.step(i + 1, train[i], learning_rate(training, i, steps))
        if (i + 1) % (steps // 20) == 0:
            found += watcher.evaluated(i + 1, val[i])
    assert found == []


@pytest.mark.parametrize("references", [LETTERS, None], ids=["baselines", "none"])
def test_a_loss_that_stays_at_blind_guessing_asks_for_a_larger_learning_rate(references):
    found = watched(diagnosis(600, references), noisy([4.03] * 600, 0.005), lr=1e-7)
    assert kinds(found) == ["not-decreasing"]
    assert "stands at 4.0" in found[0].message
    assert "lr, now 1e-07, is probably too small" in found[0].advice


def test_a_loss_stuck_at_guessing_by_frequency_asks_for_a_smaller_learning_rate():
    sinking = power_law(60, 4.0, 3.03, 1.0)
    found = watched(diagnosis(2000), noisy([*sinking, *[3.03] * 1000], 0.03), lr=0.3)
    assert kinds(found) == ["not-decreasing"]
    assert "guessing by frequency (3.000)" in found[0].message
    assert "lr, now 0.3, is probably too large" in found[0].advice


def test_nothing_is_said_of_a_flat_loss_while_the_warm_up_lasts():
    watcher = diagnosis(1000)
    losses = noisy([4.0] * 300, 0.01)
    assert not any(watcher.step(i, loss, i * 1e-5) for i, loss in enumerate(losses, start=1))


def test_a_fall_that_leads_nowhere_by_the_end_is_too_slow():
    falling = [4.0 - 0.6 * t / 1000 for t in range(1000)]
    found = watched(diagnosis(1000), noisy(falling, 0.02))
    assert kinds(found) == ["slow"]
    assert "3.4" in found[0].message
    assert "lr" in found[0].advice
    assert "n_layers" in found[0].advice


def test_the_same_fall_is_not_too_slow_when_the_run_is_extended():
    watcher = diagnosis(4000)
    assert watched(watcher, noisy([4.0 - 0.6 * t / 1000 for t in range(1000)], 0.02)) == []


def test_a_jump_of_the_loss_is_told_once_until_it_was_gone():
    low, high = [2.0] * 200, [2.9] * 100
    found = watched(diagnosis(1000), noisy([*low, *high, *low, *high], 0.05))
    assert kinds(found) == ["spike", "spike"]
    assert not any(finding.severe for finding in found)
    assert "from 1.9" in found[0].message or "from 2.0" in found[0].message


def test_a_single_wild_batch_is_no_spike():
    losses = noisy([2.0] * 500, 0.05)
    losses[200], losses[300] = 9.0, 1e30
    assert watched(diagnosis(500), losses) == []


@pytest.mark.parametrize("references", [LETTERS, None], ids=["baselines", "none"])
def test_a_run_that_lost_what_it_had_learned_is_severe(references):
    losses = noisy([*power_law(300, 4.0, 2.0), *[5.0] * 30], 0.05)
    found = watched(diagnosis(1000, references), losses)
    assert [(finding.kind, finding.severe) for finding in found] == [
        ("spike", False),
        ("spike", True),
    ]


def test_a_blow_up_of_a_run_that_had_learned_nothing_is_a_spike_but_not_severe():
    losses = [4.0, 4.0, *(6.0 * 1.5**t for t in range(20))]
    found = watched(diagnosis(1000), losses, lr=3.0)
    assert [(finding.kind, finding.severe) for finding in found] == [("spike", False)]


def evaluated_run(val: Sequence[float], train_fall: float = 1.0) -> list[Finding]:
    """A training loss that falls from 2, and an evaluation each 50 steps."""
    watcher = diagnosis(50 * len(val))
    found = []
    for place, val_loss in enumerate(val):
        for step in range(50 * place + 1, 50 * place + 51):
            found += watcher.step(step, 2.0 - train_fall * step / (50 * len(val)), 1e-3)
        found += watcher.evaluated(50 * (place + 1), val_loss)
    return found


TURNING = [1.9, 1.8, 1.7, 1.6, 1.65, 1.7, 1.75, 1.8]
"""The best is the fourth, at step 200."""


def test_overfitting_names_the_best_step_and_is_told_once():
    found = evaluated_run(TURNING)
    assert kinds(found) == ["overfitting"]
    assert "from 1.600, its best at step 200, by 0." in found[0].message
    assert "best_model.pt" in found[0].advice
    assert "dropout" in found[0].advice


def test_overfitting_is_told_again_after_a_new_best():
    assert kinds(evaluated_run([*TURNING, 1.7, 1.6, 1.5, 1.4, *[1.7] * 6])) == ["overfitting"] * 2


def test_one_rise_of_the_validation_loss_is_no_overfitting_yet():
    assert evaluated_run([*[1.6] * 8, 1.9, 1.6, 1.6]) == []


@pytest.mark.parametrize("seed", range(10))
def test_a_rise_within_the_scatter_of_the_evaluations_is_no_overfitting(seed):
    assert evaluated_run(noisy([1.6] * 40, 0.1, seed)) == []


@pytest.mark.parametrize("train_fall", [0.0, -0.3])
def test_without_a_falling_training_loss_it_is_no_overfitting(train_fall):
    assert "overfitting" not in kinds(evaluated_run(TURNING, train_fall))


def test_unknown_tokens_are_told_at_the_first_evaluation_only():
    watcher = diagnosis(100, WORDS, unknown_share=0.088)
    found = watcher.evaluated(0, 9.2)
    assert kinds(found) == ["unknowns"]
    assert "8.8 %" in found[0].message
    assert "min_frequency" in found[0].advice
    assert watcher.evaluated(10, 9.0) == []
    assert diagnosis(100, WORDS, unknown_share=0.009).evaluated(0, 9.2) == []


def test_baselines_that_are_no_numbers_count_as_none():
    broken = BaselineLosses(uniform=4.0, unigram=math.nan, five_gram=math.inf)
    assert kinds(watched(diagnosis(600, broken), [4.0] * 300, lr=1e-7)) == ["not-decreasing"]


any_loss = st.floats() | st.sampled_from([1.5, 2.0, 3.0, 4.0, 8.0])
phases = st.lists(st.tuples(any_loss, st.integers(1, 60)), max_size=6)
"""A course of losses: each stays for some steps, so that troubles have time to be found."""


def course(drawn: list[tuple[float, int]]) -> list[float]:
    return [loss for loss, steps in drawn for _ in range(steps)]


def followed(watcher: Diagnosis, losses: Sequence[float], after: int) -> list[tuple[int, Finding]]:
    """The findings of the losses after step `after`, with their steps; an evaluation each 20."""
    found = []
    for step, loss in list(enumerate(losses, start=1))[after:]:
        found += [(step, finding) for finding in watcher.step(step, loss, 1e-3)]
        if step % 20 == 0:
            found += [(step, finding) for finding in watcher.evaluated(step, loss * 1.1)]
    return found


@given(phases, st.data())
@hypothesis.settings(deadline=None, max_examples=60)
def test_a_resumed_run_is_diagnosed_like_one_without_a_stop(drawn, data):
    losses = noisy(course(drawn), 0.02)
    stop = data.draw(st.integers(0, len(losses)))
    whole = followed(diagnosis(250, unknown_share=0.1), losses, 0)

    stopped = diagnosis(250, unknown_share=0.1)
    found = followed(stopped, losses[:stop], 0)
    saved = json.dumps(asdict(stopped.state), allow_nan=False)
    resumed = diagnosis(250, unknown_share=0.1, state=DiagnosisState(**json.loads(saved)))
    assert found + followed(resumed, losses, stop) == whole


@given(phases, st.sampled_from([LETTERS, WORDS, None]), st.integers(1, 300))
@hypothesis.settings(deadline=None, max_examples=60)
def test_whatever_the_losses_a_trouble_is_told_once_until_it_has_gone(drawn, references, total):
    watcher = diagnosis(total, references)
    known: list[str] = []
    for step, loss in enumerate(course(drawn), start=1):
        found = [*watcher.step(step, loss, 1e-3), *watcher.evaluated(step, loss)]
        troubles = ["lost" if finding.severe else finding.kind for finding in found]
        assert not set(troubles) & set(known), "told, and not gone since"
        known = list(watcher.state.reported)
        assert set(troubles) <= set(known)
        json.dumps(asdict(watcher.state), allow_nan=False)


@given(st.lists(st.floats(0, 100), max_size=300))
@hypothesis.settings(deadline=None, max_examples=60)
def test_a_loss_that_never_falls_brings_each_finding_once_at_most(losses):
    found = watched(diagnosis(300), sorted(losses))
    marks = [(finding.kind, finding.severe) for finding in found]
    assert len(marks) == len(set(marks))


def test_advice_for_a_divergence_names_what_is_not_yet_so():
    assert "Set grad_clip to 1" in divergence_advice(0.1, 0.0)
    assert "from 5 to 1" in divergence_advice(0.1, 5.0)
    assert "grad_clip" not in divergence_advice(0.1, 1.0)
    assert all("0.1" in divergence_advice(0.1, clip) for clip in (0.0, 1.0, 5.0))


def test_advice_for_a_full_memory_halves_what_can_be_halved():
    advice = out_of_memory_advice(32, 256)
    assert "batch_size from 32 to 16" in advice
    assert "max_seq_len from 256 to 128" in advice
    assert out_of_memory_advice(1, 1) == "Take a smaller model (d_model, n_layers)."


def test_the_settings_that_advice_names_exist():
    named = {"lr", "grad_clip", "warmup_steps", "micro_batch", "batch_size", "max_seq_len"}
    named |= {"min_frequency", "vocab_size", "level", "patience", "dropout", "d_model", "n_layers"}
    assert named <= settings().keys()
