"""Makes a run of an imported model: it is listed, asked and inspected like one trained here."""

from __future__ import annotations

import re
import time
from dataclasses import replace
from pathlib import Path

from minigpt_tui import __version__
from minigpt_tui.config_files import from_dict
from minigpt_tui.interop.imported import Imported
from minigpt_tui.paths import MAX_NAME_LENGTH, DataFolder
from minigpt_tui.planning.parameters import parameter_count
from minigpt_tui.runs.atomic import write_atomic
from minigpt_tui.runs.checkpoint import save_checkpoint
from minigpt_tui.runs.folder import RunFolder, create_run, read_info, write_info
from minigpt_tui.runs.journal import append_line
from minigpt_tui.runs.metrics import EVALUATION, RecordWriter
from minigpt_tui.runs.run_tokenizer import digest_of_tokenizer
from minigpt_tui.runs.status import Status, write_status
from minigpt_tui.text.safe import visible


def import_run(imported: Imported, origin: Path, data: DataFolder, name: str | None) -> RunFolder:
    """A complete run with the model as its best_model.pt; without a name it gets the file's.

    It holds no optimizer: a new run can start from its weights. Raises ValueError if the name is
    unsafe or taken, or the folder cannot be written; nothing is left then.
    """
    checkpoint = imported.checkpoint
    config = from_dict(checkpoint.config)

    def fill(run: RunFolder) -> None:
        write_atomic(run.tokenizer_file, checkpoint.tokenizer_json.encode())
        write_info(
            run,
            replace(
                read_info(run),
                created=time.time(),
                version=__version__,
                level=config.data.level,
                vocab_size=checkpoint.vocab_size,
                parameters=parameter_count(config.model, checkpoint.vocab_size),
                tokenizer_digest=digest_of_tokenizer(checkpoint.tokenizer_json),
                imported=f"{imported.source}, {visible(origin.name)}",
            ),
        )
        _keep_loss(run, checkpoint.metrics)
        save_checkpoint(run.best, checkpoint)
        write_status(run, _status(imported))

    return create_run(data, _name_of(origin) if name is None else name, config, fill)


def _keep_loss(run: RunFolder, metrics: dict[str, float]) -> None:
    """The loss that the model brings along, as a run keeps it, where all of it is known."""
    losses = ("val_loss", "bits_per_char", "bits_per_byte")
    if not all(name in metrics for name in ("step", "epoch", *losses)):
        return
    step = int(metrics["step"])
    evaluations = RecordWriter(run.evaluations_file, EVALUATION)
    try:
        found = {name: float(metrics[name]) for name in losses}
        evaluations.append(step=step, epoch=int(metrics["epoch"]), best=1, **found)
    finally:
        evaluations.close()
    line = {"event": "checkpoint", "kind": "best", "file": run.best.name, "step": step}
    append_line(run.events_file, {"time": time.time(), **line})


def _status(imported: Imported) -> Status:
    metrics = imported.checkpoint.metrics
    step, epoch = (int(metrics.get(name, 0)) for name in ("step", "epoch"))
    loss = metrics.get("val_loss")
    return Status(
        "completed",
        step=step,
        total_steps=step,
        epoch=epoch,
        epochs=epoch,
        val_loss=loss,
        best_val_loss=metrics.get("best_val_loss", loss),
        message="Imported; it was not trained here.",
    )


def _name_of(origin: Path) -> str:
    """The file's or folder's name as far as it can name a run."""
    plain = re.sub(r"[^A-Za-z0-9._-]+", "-", origin.resolve().name)
    stem = re.sub(r"\.(safetensors|pth?)$", "", plain).strip("-._")
    return stem[:MAX_NAME_LENGTH].rstrip(".") or "imported"
