"""What a reader of a run folder sees, and what is said about it; the folders are real."""

from __future__ import annotations

import dataclasses
import math
from pathlib import Path

import pytest

from minigpt_tui.config_files import load_preset
from minigpt_tui.paths import DataFolder
from minigpt_tui.runs.folder import RunFolder, create_run, read_info, write_info
from minigpt_tui.runs.info import BaselineLosses
from minigpt_tui.runs.journal import append_line
from minigpt_tui.runs.lock import run_lock
from minigpt_tui.runs.metrics import EVALUATION, METRIC, RecordWriter
from minigpt_tui.runs.status import Status, write_status
from minigpt_tui.tui.runs.run_view import SAMPLES_KEPT, RunReader, RunView
from minigpt_tui.tui.runs.run_words import (
    end_sentence,
    figures_line,
    progress_line,
    sentences,
    title_line,
)
from minigpt_tui.tui.train.run_monitor import fitting, plot_data


@pytest.fixture
def run(data: DataFolder) -> RunFolder:
    run = create_run(data, "mine", load_preset("tiny"))
    info = dataclasses.replace(
        read_info(run),
        vocab_size=50,
        val_tokens=100,
        parameters=109_000,
        device="cpu",
        baselines=BaselineLosses(uniform=3.9, unigram=3.0, five_gram=1.5),
    )
    write_info(run, info)
    return run


def write_losses(run: RunFolder, losses: list[float], val: dict[int, float]) -> None:
    """Steps 1, 2, … with these losses, and evaluations by step; the lowest are the best."""
    metrics = RecordWriter(run.metrics_file, METRIC)
    for step, loss in enumerate(losses, start=1):
        metrics.append(
            step=step, epoch=step / 10, loss=loss, lr=1e-3, grad_norm=1.0, tokens=64, seconds=step
        )
    metrics.close()
    evaluations = RecordWriter(run.evaluations_file, EVALUATION)
    best = math.inf
    for step, loss in val.items():
        evaluations.append(
            step=step,
            epoch=step // 10,
            val_loss=loss,
            bits_per_char=loss / math.log(2),
            bits_per_byte=loss / math.log(2),
            best=int(loss < best),
        )
        best = min(best, loss)
    evaluations.close()


def view_of(run: RunFolder) -> RunView:
    view = RunReader(run).pull()
    assert view is not None
    return view


def test_nothing_new_is_nothing_to_show(run: RunFolder) -> None:
    reader = RunReader(run)
    assert reader.pull() is not None
    assert reader.pull() is None


def test_what_is_appended_is_seen(run: RunFolder) -> None:
    reader = RunReader(run)
    reader.pull()
    write_losses(run, [3.0, 2.5], {2: 2.6})
    write_status(run, Status("stopped", step=2, total_steps=10))
    view = reader.pull()
    assert view is not None
    assert view.metrics["loss"].tolist() == [3.0, 2.5]
    assert view.best is not None
    assert view.best["step"] == 2
    assert view.status.state == "stopped"
    assert view.nats_per_char == pytest.approx(2.6)


def test_a_run_whose_owner_is_gone_is_interrupted_without_any_file_changing(
    run: RunFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("minigpt_tui.tui.runs.run_view.LOCK_SECONDS", -1.0)
    reader = RunReader(run)
    with run_lock(run):
        write_status(run, Status("training", step=5, total_steps=10))
        view = reader.pull()
        assert view is not None
        assert view.status.state == "training"
    view = reader.pull()
    assert view is not None
    assert view.status.state == "interrupted"


def test_only_a_run_with_a_checkpoint_can_go_on(run: RunFolder) -> None:
    write_status(run, Status("stopped", step=5, total_steps=10))
    reader = RunReader(run)
    view = reader.pull()
    assert view is not None
    assert not view.resumable
    run.last.write_bytes(b"weights")
    view = reader.pull()
    assert view is not None
    assert view.resumable
    write_status(run, Status("completed", step=10, total_steps=10))
    view = reader.pull()
    assert view is not None
    assert not view.resumable


def test_a_broken_file_is_a_sentence_and_the_rest_is_shown(run: RunFolder) -> None:
    write_losses(run, [3.0], {1: 3.0})
    run.evaluations_file.write_bytes(b"\x00" * 500)
    view = view_of(run)
    assert len(view.metrics) == 1
    assert any("evaluations.bin" in sentence for sentence in sentences(view, False))


def test_a_folder_that_vanishes_does_no_harm(run: RunFolder, tmp_path: Path) -> None:
    reader = RunReader(run)
    reader.pull()
    run.path.rename(tmp_path / "elsewhere")
    view = reader.pull()
    assert view is not None
    assert view.status.state == "unknown"


def test_events_and_samples(run: RunFolder) -> None:
    for line in (
        {"event": "started", "step": 0},
        {"event": "paused", "step": 7},
        {"event": "epoch", "epoch": 1},
        {"event": "started", "step": 9},
    ):
        append_line(run.events_file, {"time": 1.0, **line})
    append_line(run.samples_file, {"step": 1, "prompt": "", "text": "first"})
    append_line(run.samples_file, {"step": 2, "prompt": "I", "text": " second"})
    view = view_of(run)
    assert view.events == ((7, "paused"), (9, "resumed"))
    assert [sample.step for sample in view.samples] == [2, 1]


def test_events_and_samples_that_are_added_join_those_before(run: RunFolder) -> None:
    def found(step: int, kind: str) -> dict[str, object]:
        words = {"kind": kind, "message": "So it is.", "advice": "Wait."}
        return {"event": "diagnosis", "step": step, **words}

    reader = RunReader(run)
    for step in range(1, SAMPLES_KEPT + 2):
        append_line(run.events_file, {"event": "paused", "step": step})
        append_line(run.events_file, {"event": "checkpoint", "step": step, "kind": "last"})
        append_line(run.events_file, found(step, "spike" if step % 2 else "plateau"))
        append_line(run.samples_file, {"step": step, "prompt": "", "text": "said"})
        view = reader.pull()
        assert view is not None
    alone = view_of(run)
    assert len(view.events) == 2 * SAMPLES_KEPT + 2
    assert len(view.samples) == SAMPLES_KEPT
    assert [finding.kind for finding in view.findings] == ["spike", "plateau"]
    for name in ("events", "saved", "findings", "samples"):
        assert getattr(view, name) == getattr(alone, name)

    run.events_file.unlink()
    view = reader.pull()
    assert view is not None
    assert (view.events, view.saved, view.findings) == ((), (), ())
    assert view.samples == alone.samples


def test_marks_name_what_happened_and_what_was_saved(run: RunFolder) -> None:
    for line in (
        {
            "event": "diagnosis",
            "step": 5,
            "kind": "spike",
            "message": "It rose.",
            "advice": "Wait.",
        },
        {"event": "paused", "step": 7},
        {"event": "training", "step": 7},
        {"event": "rate", "step": 8, "lr": 3e-4},
        {"event": "rolled-back", "step": 6},
        {"event": "checkpoint", "step": 3, "kind": "best", "file": "best_model.pt"},
        {"event": "checkpoint", "step": 9, "kind": "epoch", "file": "checkpoint_epoch_1.pt"},
        {"event": "checkpoint", "step": 9, "kind": 7},
        {"event": "checkpoint", "kind": "last"},
    ):
        append_line(run.events_file, {"time": 1.0, **line})
    view = view_of(run)
    assert [words for _, words in view.events] == [
        "spike",
        "paused",
        "went on",
        "learning rate 0.0003",
        "went back here",
    ]
    assert view.saved == ((9, "checkpoint of an epoch"),)
    data = plot_data(view)
    assert data.events == view.events
    assert data.checkpoints == view.saved


def test_the_plot_gets_the_curves_and_the_baselines(run: RunFolder) -> None:
    write_losses(run, [3.0, 2.0, 1.0], {1: 3.0, 3: 2.0})
    data = plot_data(view_of(run))
    assert data.train_loss.tolist() == [3.0, 2.0, 1.0]
    assert data.val_steps.tolist() == [1, 3]
    assert data.best_step == 3
    assert dict(data.references) == {"uniform": 3.9, "unigram": 3.0, "5-gram": 1.5}


def test_reference_lines_from_a_part_of_the_text_say_so(run: RunFolder) -> None:
    baselines = BaselineLosses(3.9, 3.0, 1.5, lzma=1.6, tokens_used=20_000_000)
    write_info(run, dataclasses.replace(read_info(run), baselines=baselines))
    labels = [label for label, _ in plot_data(view_of(run)).references]
    assert labels == [
        "uniform",
        "unigram from 20 million tokens",
        "5-gram from 20 million tokens",
    ]


def test_lines_fit_their_width(run: RunFolder) -> None:
    write_losses(run, [3.0, 2.0], {2: 2.0})
    status = Status(
        "stopped", step=2, total_steps=2_000_000, epoch=1, epochs=50, tokens_per_second=12_345.0
    )
    write_status(run, status)
    view = view_of(run)
    for width in (30, 56, 76, 150):
        assert title_line(view, "stopped", width).cell_length <= max(width, 9)
        assert figures_line(view, width).cell_length <= width
    for width in (56, 76, 150):
        assert progress_line(view, width).cell_length == width


def test_overfitting_is_named_when_validation_stalls_and_training_falls(run: RunFolder) -> None:
    losses = [3.0 - step / 50 for step in range(100)]
    write_losses(run, losses, {10: 3.0, 30: 2.0, 50: 2.1, 70: 2.2, 90: 2.3})
    write_status(run, Status("completed", step=100, total_steps=100))
    assert any("by heart" in sentence for sentence in sentences(view_of(run), False))


def test_a_plateau_is_not_called_overfitting(run: RunFolder) -> None:
    write_losses(run, [2.0, 2.1] * 50, {10: 2.0, 30: 2.1, 50: 2.1, 70: 2.2})
    write_status(run, Status("completed", step=100, total_steps=100))
    said = sentences(view_of(run), False)
    assert not any("by heart" in sentence for sentence in said)
    assert any("No better validation loss for 3 evaluations" in sentence for sentence in said)


def test_the_end_names_the_best_moment(run: RunFolder) -> None:
    write_losses(run, [3.0] * 30, {10: 1.6, 20: 1.42, 30: 1.5})
    write_status(run, Status("completed", step=30, total_steps=30))
    expected = "Done. Best validation loss 1.42 at epoch 2. F4 asks the model."
    assert end_sentence(view_of(run)) == expected
    assert sentences(view_of(run), False)[0] == expected


def test_of_many_sentences_whole_ones_are_shown() -> None:
    found = ["One two three four.", "A sentence that is much too long to fit here.", "Short."]
    assert fitting(found, 20, 2) == ["One two three four.", "Short."]
    assert fitting(["word " * 40], 20, 2) == ["word word word word", "word word word word"]
