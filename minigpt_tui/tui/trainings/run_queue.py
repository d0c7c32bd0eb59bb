"""The runs that wait for the training in progress to end, in their order."""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass, field
from pathlib import Path

from minigpt_tui.config import RunConfig
from minigpt_tui.config_files import from_dict, to_dict
from minigpt_tui.paths import DataFolder
from minigpt_tui.regular_file import open_regular
from minigpt_tui.text.safe import visible

MAX_BYTES = 1 << 20

log = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class WaitingRun:
    """A configuration as it was when it was queued; its text is read when it begins."""

    config: RunConfig

    @property
    def title(self) -> str:
        """`stories, word, 4 × 256, 50 epochs, lr 0.001`: what tells runs apart, safe to show."""
        data, model, training = self.config.data, self.config.model, self.config.training
        more = f" and {len(data.corpus) - 1} more" if len(data.corpus) > 1 else ""
        if training.minutes is not None:
            length = f"{training.minutes:g} min"
        elif training.steps is not None:
            length = f"{training.steps:,} steps"
        else:
            length = f"{training.epochs:,} epochs"
        name = data.corpus[0].rstrip("/\\").replace("\\", "/").split("/")[-1]
        parts = [visible(name) + more, data.level, model.layout]
        parts += [f"{model.n_layers} × {model.d_model}", length, f"lr {training.lr:g}"]
        return ", ".join(parts)


@dataclass
class RunQueue:
    """The next run begins when one ends, however it ended, unless the queue is held.

    A training that fails or is stopped does not keep the others from beginning, as a printer goes
    on with the next job; who wants nothing to begin holds the queue.
    """

    waiting: list[WaitingRun] = field(default_factory=list)
    held: bool = False

    def add(self, config: RunConfig) -> WaitingRun:
        run = WaitingRun(config)
        self.waiting.append(run)
        return run

    def remove(self, run: WaitingRun) -> None:
        if run in self.waiting:  # it may have begun meanwhile
            self.waiting.remove(run)

    def move(self, run: WaitingRun, by: int) -> None:
        """Lets a run begin earlier (negative) or later, as far as that goes."""
        if run in self.waiting:
            at = self.waiting.index(run)
            self.waiting.remove(run)
            self.waiting.insert(max(0, at + by), run)

    def take(self) -> WaitingRun | None:
        """The run that begins now, which waits no more; None if none does, or all are held."""
        return None if self.held or not self.waiting else self.waiting.pop(0)


def save_queue(queue: RunQueue, data: DataFolder) -> None:
    """Leaves what waits to the next start of the workbench; a disk that refuses is in the log.

    What another workbench on this folder has left there since stands before it.
    """
    from minigpt_tui.runs.atomic import write_atomic

    if not queue.waiting:
        return
    runs = [*_read(data), *queue.waiting]
    text = json.dumps([to_dict(run.config) for run in runs])
    try:
        data.root.mkdir(parents=True, exist_ok=True)
        write_atomic(_file(data), text.encode())
    except OSError as error:
        log.warning("%s cannot be written: %s", _file(data), error)
        return
    queue.waiting.clear()  # left once, however often the leaving is told


def take_saved_queue(data: DataFolder) -> list[WaitingRun]:
    """What an earlier workbench left waiting; it is this one's now, and its file is gone."""
    found = _read(data)
    if found:
        try:
            _file(data).unlink()
        except OSError as error:  # else it would begin again with every start
            log.warning("%s cannot be removed: %s", _file(data), error)
            return []
    return found


def _read(data: DataFolder) -> list[WaitingRun]:
    try:
        with open_regular(_file(data)) as file:
            plain = json.loads(file.read(MAX_BYTES))
        if not isinstance(plain, list):
            raise ValueError("it is no list of configurations")
        return [WaitingRun(from_dict(config)) for config in plain]
    except FileNotFoundError:
        return []
    except (OSError, ValueError, RecursionError) as error:
        log.warning("%s is not taken up: %s", _file(data), error)
        return []


def _file(data: DataFolder) -> Path:
    return data.root / "queue.json"
