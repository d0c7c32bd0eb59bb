"""Several runs: each an ordinary one, sharing a time budget; failures do not end the rest."""

from __future__ import annotations

import math

import pytest

from minigpt_tui.jobs.several import Trained, cells_of, ranked, seeds_from, spread, train_several
from minigpt_tui.runs.folder import list_runs, read_config
from minigpt_tui.runs.metrics import EVALUATION, read_records
from minigpt_tui.settings import with_settings
from minigpt_tui.training.control import Control
from minigpt_tui.training.events import StepDone


@pytest.fixture
def short(config):
    return with_settings(config, {"steps": 3, "checkpoint_every": 0})


def test_seeds_are_ordinary_runs_that_differ_by_their_seed(short, data):
    results = list(train_several(seeds_from(short, 3, "pets"), data, Control()))
    assert [one.run.name for one in results] == [f"pets-seed-{s}" for s in (1337, 1338, 1339)]
    assert all(one.state == "completed" and one.steps == 3 for one in results)
    assert len({one.best_val_loss for one in results}) == 3
    for seed, one in zip((1337, 1338, 1339), results, strict=True):
        assert read_config(one.run) == with_settings(short, {"seed": seed})
        evaluations = read_records(one.run.evaluations_file, EVALUATION)
        best = evaluations[evaluations["val_loss"].argmin()]
        assert (one.best_val_loss, one.bits_per_byte) == (best["val_loss"], best["bits_per_byte"])


def test_a_grid_is_the_product_of_its_values(short):
    cells = cells_of(short, {"lr": [1e-3, 2e-3], "d_model": [8, 16]}, "mine")
    assert [cell.label for cell in cells] == [
        "lr=0.001 d_model=8",
        "lr=0.001 d_model=16",
        "lr=0.002 d_model=8",
        "lr=0.002 d_model=16",
    ]
    assert [cell.name for cell in cells] == ["mine-1", "mine-2", "mine-3", "mine-4"]
    assert cells[2].config == with_settings(short, {"lr": 2e-3, "d_model": 8})


@pytest.mark.parametrize(
    ("grid", "base", "sentence"),
    [
        ({"d_model": [16, 17]}, {}, "cell d_model=17 .* multiple of n_heads"),
        ({"seed": list(range(65))}, {}, "65 cells; 64"),
        ({"d_model": [16]}, {"plan": "time"}, "d_model is chosen"),
        ({"batch_size": [16]}, {"batch": "auto"}, "batch_size is measured"),
    ],
)
def test_a_grid_that_cannot_be_trained_is_refused_as_a_whole(short, grid, base, sentence):
    with pytest.raises(ValueError, match=sentence):
        cells_of(with_settings(short, base), grid, None)


@pytest.mark.parametrize("count", [1, 65])
def test_too_few_or_many_seeds_are_refused(short, count):
    with pytest.raises(ValueError, match="2 to 64"):
        seeds_from(short, count, None)


def test_a_taken_name_is_said_before_the_first_run(short, data):
    planned = seeds_from(short, 2, "pets")
    list(train_several(planned[1:], data, Control()))
    with pytest.raises(ValueError, match="pets-seed-1338"):
        next(train_several(planned, data, Control()))
    assert [run.name for run in list_runs(data)] == ["pets-seed-1338"]


def test_what_fails_is_a_result_and_the_others_go_on(short, data):
    cells = cells_of(short, {"max_seq_len": [5000, 16]}, None)
    results = list(train_several(cells, data, Control()))
    assert [one.state for one in results] == ["failed", "completed"]
    assert "smaller max_seq_len" in results[0].message
    assert results[0].run is None


def test_a_budget_is_shared_by_those_that_can_begin(short, data):
    cells = cells_of(short, {"max_seq_len": [8, 5000, 16]}, None)
    results = list(train_several(cells, data, Control(), minutes=0.06))
    assert [one.planned.settings["max_seq_len"] for one in results] == [5000, 8, 16]
    assert [one.state for one in results] == ["failed", "completed", "completed"]
    assert all(read_config(one.run).training.minutes == one.minutes for one in results[1:])
    first, last = (one.minutes for one in results[1:])
    assert first <= 0.03, "half of what preparing has left"
    assert last < 0.06, "all that is left, also where the first ended early"


def test_too_small_a_budget_is_refused(short, data):
    cells = cells_of(short, {"d_model": [8, 16]}, None)
    with pytest.raises(ValueError, match="too few for 2 runs"):
        next(train_several(cells, data, Control(), minutes=0.01))
    assert list_runs(data) == []


def test_a_stop_ends_after_the_run_in_hand(short, data):
    control = Control()

    def stop_in_the_second(planned, event):
        if planned.settings["seed"] == 1338 and isinstance(event, StepDone):
            control.stop()

    planned = seeds_from(short, 3, None)
    results = list(train_several(planned, data, control, on_event=stop_in_the_second))
    assert [one.state for one in results] == ["completed", "stopped"]
    assert results[1].run.last.exists()


def test_completed_runs_come_first_ranked_by_what_compares(short):
    cells = cells_of(short, {"lr": [1.0, 2.0, 3.0, 4.0]}, None)
    good = Trained(cells[0], "completed", "", best_val_loss=2.0, bits_per_byte=3.0)
    short_tokens = Trained(cells[1], "completed", "", best_val_loss=1.0, bits_per_byte=4.0)
    diverged = Trained(cells[2], "diverged", "", best_val_loss=0.5, bits_per_byte=0.5)
    failed = Trained(cells[3], "failed", "")
    results = [failed, diverged, good, short_tokens]
    assert ranked(results, by_bytes=False) == [short_tokens, good, diverged, failed]
    assert ranked(results, by_bytes=True) == [good, short_tokens, diverged, failed]


def test_the_spread_is_that_of_a_sample():
    known = spread([1.0, 2.0, 4.0])
    assert known.mean == pytest.approx(7 / 3)
    assert known.standard_deviation == pytest.approx(math.sqrt(7 / 3))
    assert (known.lowest, known.highest) == (1.0, 4.0)
