"""A data folder with a small text and small runs in it, and a look at everything in a run."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import torch

from minigpt_tui.config import RunConfig
from minigpt_tui.config_files import from_dict
from minigpt_tui.jobs.resuming import recorded_changes
from minigpt_tui.jobs.train import train_new
from minigpt_tui.jobs.verify import verify_files
from minigpt_tui.paths import DataFolder
from minigpt_tui.runs.checkpoint import load_checkpoint
from minigpt_tui.runs.checkpoint_files import checkpoint_files
from minigpt_tui.runs.folder import RunFolder, list_runs, read_config, read_info
from minigpt_tui.runs.journal import read_lines
from minigpt_tui.runs.manage import deleted_runs, read_notes
from minigpt_tui.runs.metrics import EVALUATION, METRIC, read_records
from minigpt_tui.runs.probes import read_probes
from minigpt_tui.runs.requests import waiting_requests
from minigpt_tui.runs.run_tokenizer import read_tokenizer
from minigpt_tui.runs.status import read_status
from minigpt_tui.runs.summary import RunsReader, read_summary
from minigpt_tui.training.control import Control
from minigpt_tui.training.events import StepDone

TEXT = "the cat sat on the mat. the dog ate the cake and the cat ate the fish.\n" * 20


def config_for(corpus: Path, **training: Any) -> RunConfig:
    """A training that takes a fraction of a second: 9 steps over 3 epochs."""
    settings = {
        "epochs": 3,
        "batch_size": 32,
        "checkpoint_every": 1,
        "dropout": 0.1,
        "threads": 1,
        "precision": "fp32",
        "compile": "off",
        "device": "cpu",
    }
    plain: dict[str, Any] = {
        "data": {"corpus": [str(corpus)]},
        "model": {"d_model": 16, "n_heads": 2, "n_layers": 1, "d_ff": 32, "max_seq_len": 16},
        "training": {},
    }
    for name, value in {**settings, **training}.items():
        section = next((s for s in ("data", "model") if name in _names(s)), "training")
        plain[section][name] = value
    return from_dict(plain)


def _names(section: str) -> set[str]:
    from minigpt_tui.settings import settings

    return {name for name, this in settings().items() if this.section == section}


def corpus_in(folder: Path, text: str = TEXT) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "pets.txt"
    path.write_text(text, encoding="utf-8")
    return path


def trained(
    data: DataFolder, name: str, config: RunConfig, stop_at: int | None = None
) -> RunFolder:
    """A run trained to its end, or stopped after a step."""
    control = Control()

    def listen(event: object) -> None:
        if isinstance(event, StepDone) and event.step == stop_at:
            control.stop()

    return train_new(config, data, control, name=name, on_event=listen).run


def weights(path: Path) -> dict[str, torch.Tensor]:
    return load_checkpoint(path).model_state


def same_weights(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> bool:
    """Whether every weight is equal bit for bit."""
    return one.keys() == other.keys() and all(
        torch.equal(weight, other[name]) for name, weight in one.items()
    )


def readers(run: RunFolder) -> Iterator[tuple[str, Callable[[], object]]]:
    """Every way in which the program reads a run. Each may refuse in words, and nothing else."""
    yield "status", lambda: read_status(run)
    yield "settings", lambda: read_config(run)
    yield "facts", lambda: read_info(run)
    yield "vocabulary", lambda: read_tokenizer(run)
    yield "metrics", lambda: read_records(run.metrics_file, METRIC)["loss"].sum()
    yield "evaluations", lambda: read_records(run.evaluations_file, EVALUATION)["best"].sum()
    yield "events", lambda: read_lines(run.events_file)
    yield "samples", lambda: read_lines(run.samples_file)
    yield "probes", lambda: read_probes(run)
    yield "changes", lambda: recorded_changes(run)
    yield "notes", lambda: read_notes(run)
    yield "requests", lambda: waiting_requests(run)
    yield "row", lambda: read_summary(run)
    yield "checkpoints", lambda: checkpoint_files(run)
    yield "verify", lambda: list(verify_files(run))
    yield "view", lambda: _view(run)


def open_everything(data: DataFolder) -> None:
    """Opens a data folder as the workbench and the commands do. Raises what breaks."""
    for run in list_runs(data):
        for _, read in readers(run):
            with contextlib.suppress(ValueError, OSError):
                read()
    for rows in RunsReader(data).pull(look=True):
        assert rows is not None
    deleted_runs(data)
    json.dumps([read_status(run).state for run in list_runs(data)])


def leftovers(data: DataFolder) -> list[Path]:
    """The unfinished files anywhere in the data folder: whatever is hidden, but for the trash."""
    return sorted(path for path in data.root.rglob(".*") if path.name != ".trash")


def _view(run: RunFolder) -> object:
    """What the screen shows of a run, down to its words and its curve."""
    from minigpt_tui.tui.runs.run_view import RunReader
    from minigpt_tui.tui.runs.run_words import end_sentence, figures_line, progress_line, sentences
    from minigpt_tui.tui.runs.run_words import title_line as title

    view = RunReader(run).pull()
    assert view is not None
    words: list[object] = [title(view, view.status.state, 80), progress_line(view, 80)]
    words += [figures_line(view, 80), *sentences(view, False), end_sentence(view)]
    return words
