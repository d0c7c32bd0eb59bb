"""The same questions along a training: at fewer and fewer steps, without a trace in the weights."""

from __future__ import annotations

import math
from itertools import islice

import pytest
import torch

from minigpt_tui.inference.service import GPTService
from minigpt_tui.jobs.probes import next_step
from minigpt_tui.jobs.train import train_branch, train_new, train_resumed
from minigpt_tui.runs.checkpoint import load_checkpoint
from minigpt_tui.runs.folder import read_info
from minigpt_tui.runs.probes import read_probes
from minigpt_tui.settings import with_settings
from minigpt_tui.training.control import Control
from minigpt_tui.training.events import StepDone


@pytest.fixture(autouse=True)
def _no_hurry(monkeypatch):
    """On a busy machine a training of a few steps has no time for probes; here they all count."""
    monkeypatch.setattr("minigpt_tui.jobs.probes.FREE_SECONDS", 1e9)


def stop_at(control, step):
    def listen(event):
        if isinstance(event, StepDone) and event.step == step:
            control.stop()

    return listen


def history_of(run):
    history = read_probes(run)
    assert history is not None
    return history


def test_there_are_two_steps_to_each_doubling():
    def steps():
        step = -1
        while True:
            step = next_step(step)
            yield step

    assert list(islice(steps(), 12)) == [0, 1, 2, 3, 4, 6, 8, 11, 16, 23, 32, 45]


def test_what_was_recorded_is_what_the_model_says(config, data):
    run = train_new(config, data, Control()).run
    history, total = history_of(run), read_info(run).total_steps
    asked = [probe.step for probe in history.probes]
    assert asked[:5] == [0, 1, 2, 3, 4]
    assert asked[-1] == total
    questions, last = history.questions, history.probes[-1]
    assert questions.held_out
    assert len(questions.prompts) == 3
    service = GPTService(run.final)
    for prompt, target, reply in zip(
        questions.prompts, questions.targets, last.replies, strict=True
    ):
        said = service.predict_next(prompt[-config.model.max_seq_len :], top_k=10)
        assert [token for token, _ in reply.top] == [one.token for one in said]
        assert [p for _, p in reply.top] == pytest.approx([one.prob for one in said], abs=1e-4)
        every = service.predict_next(prompt, top_k=service.vocab_size)
        assert reply.target == pytest.approx(
            next(one.prob for one in every if one.token == target), abs=1e-4
        )
        bits = -sum(one.prob * math.log2(one.prob) for one in every if one.prob)
        assert reply.entropy == pytest.approx(bits, abs=1e-3)
    targets = sum(len(window) - 1 for window in questions.windows)
    assert all(len(probe.nats) == targets for probe in history.probes)
    assert history.probes[-1].mean_nats < history.probes[0].mean_nats
    assert len(last.induction) == config.model.n_layers
    assert len(last.induction[0]) == config.model.n_heads


def test_the_weights_are_the_same_with_and_without_probes(config, data):
    asked = train_new(config, data, Control(), name="asked").run
    silent = train_new(
        with_settings(config, {"probes": "none"}), data, Control(), name="silent"
    ).run
    assert not silent.probes_file.exists()
    one, other = load_checkpoint(asked.final), load_checkpoint(silent.final)
    assert all(
        torch.equal(one.model_state[name], other.model_state[name]) for name in one.model_state
    )


def test_a_resumed_run_asks_on_and_asks_nothing_twice(config, data):
    whole = train_new(config, data, Control(), name="whole").run
    control = Control()
    halves = train_new(config, data, control, name="halves", on_event=stop_at(control, 7)).run
    train_resumed(halves, data, Control())
    assert history_of(halves) == history_of(whole)


def test_a_branch_takes_the_answers_up_to_its_step_along(config, data):
    run = train_new(config, data, Control()).run
    checkpoint = run.epoch_checkpoint(2)
    step = load_checkpoint(checkpoint).metrics["step"]
    branch = train_branch(checkpoint, data, Control(), name="branch").run
    before = [probe for probe in history_of(run).probes if probe.step <= step]
    assert list(history_of(branch).probes[: len(before)]) == before
    assert history_of(branch).probes[-1].step == read_info(branch).total_steps


def test_prompts_may_be_given(config, data):
    run = train_new(
        with_settings(config, {"probes": "the cat|the d", "steps": 2}), data, Control()
    ).run
    questions = history_of(run).questions
    assert questions.prompts == ("the cat", "the d")
    assert questions.targets == (None, None)
    assert history_of(run).probes[-1].replies[0].target is None


def test_without_held_out_text_the_training_text_is_followed_and_so_called(config, data):
    run = train_new(with_settings(config, {"val_fraction": 0.0, "steps": 2}), data, Control()).run
    assert not history_of(run).questions.held_out
