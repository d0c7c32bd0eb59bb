"""The page about a run says what it is, what its loss is worth, and what it keeps."""

from __future__ import annotations

import dataclasses
import time
from pathlib import Path

import pytest

from minigpt_tui.config import RunConfig
from minigpt_tui.config_files import load_preset
from minigpt_tui.jobs.verify import Check
from minigpt_tui.paths import DataFolder
from minigpt_tui.runs.checkpoint_files import CheckpointFile
from minigpt_tui.runs.folder import create_run, read_info
from minigpt_tui.runs.info import BaselineLosses
from minigpt_tui.runs.status import Status, write_status
from minigpt_tui.runs.summary import read_summary
from minigpt_tui.settings import with_settings
from minigpt_tui.tui.runs.run_page import Details, baseline_sentence, page
from minigpt_tui.tui.runs.run_view import RunReader


def details(data: DataFolder, config: RunConfig, name: str = "one") -> Details:
    run = create_run(data, name, config)
    write_status(run, Status("stopped", 50, 100, tokens_per_second=12_345.0, seconds=70.0))
    view = RunReader(run).pull()
    assert view is not None
    return Details(read_summary(run), view)


@pytest.mark.parametrize(
    ("loss", "words"),
    [
        (1.5, "0.40 nats better than a 5-gram table (1.90)."),
        (2.5, "Better than knowing how frequent each token is (3.10), not than a 5-gram table"),
        (3.5, "Better than guessing blindly (4.20), not than knowing how frequent"),
        (4.5, "No better than guessing blindly (4.20)."),
        (float("nan"), ""),
        (None, ""),
    ],
)
def test_a_loss_is_compared_with_what_needs_no_training(
    data: DataFolder, loss: float | None, words: str
) -> None:
    info = read_info(create_run(data, "one", RunConfig()))
    assert baseline_sentence(loss, info) == ""
    known = dataclasses.replace(info, baselines=BaselineLosses(4.2, 3.1, 1.9))
    assert baseline_sentence(loss, known).startswith(words)
    assert bool(words) == bool(baseline_sentence(loss, known))


def test_what_differs_from_the_standard_preset_is_named(data: DataFolder) -> None:
    standard = load_preset("standard")
    assert "Set up as the preset standard." in page(details(data, standard), 60).plain
    other = with_settings(standard, {"lr": 0.02, "minutes": 5.0, "corpus": ("/a/tale.txt",)})
    shown = page(details(data, other, "two"), 60).plain
    setup = shown[shown.index("Other than") :].split("\n\n")[0].splitlines()
    assert [line.split() for line in setup[2:]] == [
        ["minutes", "5", "none"],
        ["lr", "0.02", "0.001"],
    ]


@pytest.mark.parametrize("width", [38, 45, 76])
def test_checkpoints_are_complete_at_any_width(data: DataFolder, width: int) -> None:
    files = [
        CheckpointFile(Path("best_model.pt"), 12_900_000, time.time() - 400, 1200, 10.0, 1.532),
        CheckpointFile(Path("checkpoint_epoch_10.pt"), 38_700_000, time.time(), None, None, None),
    ]
    full = dataclasses.replace(details(data, RunConfig()), checkpoints=files)
    kept = page(full, width).plain.split("Checkpoints\n")[1]
    for fact in ("best_model.pt", "12.9 MB", "6 min", "1,200", "10", "1.532", "38.7 MB", "now"):
        assert fact in kept
    assert all(len(line) <= width for line in kept.splitlines())


def test_the_speed_is_never_cut(data: DataFolder) -> None:
    for width in (30, 38, 60, 100):
        assert "12.3 k tokens/s" in page(details(data, RunConfig(), f"w{width}"), width).plain


def test_checks_come_first_and_name_what_is_damaged(data: DataFolder) -> None:
    shown = details(data, RunConfig())
    path = shown.summary.run.path / "best_model.pt"
    checks = [
        Check("config.yaml", True, "seed 1"),
        Check("best_model.pt", False, f"{path} is cut short"),
    ]
    running = page(dataclasses.replace(shown, checks=checks[:1], checking=True), 60).plain
    assert running.startswith("Verified\n✓ config.yaml  seed 1\nChecking…")
    done = page(dataclasses.replace(shown, checks=checks), 60).plain
    assert "✗ best_model.pt  is cut short\n1 of 2 are damaged." in done
