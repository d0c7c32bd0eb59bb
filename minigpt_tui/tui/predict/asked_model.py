"""The model of a run as it is asked: read from a checkpoint, in a worker thread."""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from minigpt_tui.runs.folder import RunFolder

if TYPE_CHECKING:
    from minigpt_tui.inference.service import GPTService

Stamp = tuple[int, int]
"""When a file was last written (nanoseconds) and its size: another stamp, another model."""


@dataclass(frozen=True, eq=False)
class AskedModel:
    """A run's model, ready to answer: the best, or the one of another checkpoint."""

    run: RunFolder
    service: GPTService
    vocabulary: str = ""
    """A digest of the tokenizer: the same means the same ids."""
    checkpoint: str = "best"

    @property
    def level(self) -> str:
        return self.service.tokenizer.level

    @property
    def nats_per_char(self) -> float | None:
        """The validation loss on the scale of `loss_stage`, at every level; None: not measured."""
        bits = self.metric("bits_per_char")
        return None if bits is None else bits * math.log(2)

    def metric(self, name: str) -> float | None:
        """A number that the checkpoint tells; None where it tells none."""
        value = self.service.metrics.get(name)
        return value if isinstance(value, int | float) and math.isfinite(value) else None


def stamp_of(run: RunFolder) -> Stamp | None:
    """The stamp of a run's best model; None when it has none."""
    try:
        status = run.best.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size


def load_model(run: RunFolder, path: Path | None = None) -> AskedModel:
    """The best model of a run, or that of one checkpoint.

    Raises ValueError that names the file and the fault.
    """
    from minigpt_tui.inference.service import GPTService

    service = GPTService(path or run.best)
    digest = hashlib.blake2b(service.tokenizer.to_json().encode(), digest_size=16).hexdigest()
    return AskedModel(run, service, digest, checkpoint_title(path or run.best))


def checkpoint_title(path: Path) -> str:
    """`best`, `final`, `last`, `epoch 3`: how a checkpoint is called beside its run."""
    stem = path.stem
    if stem.startswith("checkpoint_epoch_"):
        return "epoch " + stem.removeprefix("checkpoint_epoch_")
    return stem.split("_")[0]
