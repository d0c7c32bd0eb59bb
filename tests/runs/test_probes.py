"""Probes: written a line at a time, read without torch, forgotten beyond the step of a resume."""

from __future__ import annotations

import pytest

from minigpt_tui.config import RunConfig
from minigpt_tui.runs.folder import RunFolder, create_run
from minigpt_tui.runs.probes import (
    Probe,
    Questions,
    Reply,
    begin_probes,
    forget_probes_after,
    read_probes,
    record_probe,
)

QUESTIONS = Questions(("I eat", "\x1b["), (" ", None), (("<EOT>", "a", "é"),), held_out=True)


def probe(step: int) -> Probe:
    replies = (Reply((("a", 0.75), ("\n", 0.25)), 0.81, 0.75), Reply((("b", 1.0),), 0.0, None))
    return Probe(step, replies, (1.5, 0.25), ((0.1, 0.2),), ((0.3, 0.4),))


@pytest.fixture
def run(data) -> RunFolder:
    return create_run(data, "probed", RunConfig())


def test_what_is_written_is_read(run):
    assert read_probes(run) is None
    begin_probes(run, QUESTIONS)
    begin_probes(run, QUESTIONS)  # a run that goes on
    for step in (0, 1, 2):
        record_probe(run, probe(step))
    history = read_probes(run)
    assert history is not None
    assert history.questions == QUESTIONS
    assert history.probes == (probe(0), probe(1), probe(2))
    assert history.probes[0].mean_nats == 0.875


def test_later_steps_are_forgotten_and_the_questions_stay(run):
    forget_probes_after(run, 0)  # where nothing was asked, nothing happens
    assert not run.probes_file.exists()
    begin_probes(run, QUESTIONS)
    for step in (0, 1, 2, 3):
        record_probe(run, probe(step))
    forget_probes_after(run, 1)
    history = read_probes(run)
    assert history is not None
    assert history.questions == QUESTIONS
    assert [one.step for one in history.probes] == [0, 1]


def test_a_broken_file_is_named(run):
    run.probes_file.write_text('{"step": 1}\n')
    with pytest.raises(ValueError, match=r"probes\.jsonl is broken"):
        read_probes(run)
    forget_probes_after(run, 0)  # a run that goes on begins anew
    assert read_probes(run) is None
    assert run.probes_file.with_suffix(".broken").is_file()
