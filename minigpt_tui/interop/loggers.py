"""What takes the figures of a training to another program: TensorBoard or Weights & Biases.

A logger is slow and may fail: whoever uses one does so in a thread of its own.
"""

from __future__ import annotations

import importlib.util
import inspect
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

from minigpt_tui.interop.tensorboard_files import EventFile

FOLDERS = {"tensorboard": "tensorboard", "wandb": "wandb"}
"""Where a logger writes, in the run folder."""
WANDB_PROJECT = "minigpt-tui"
_FENCE = re.compile("`{3,}")


class Logger(Protocol):
    """Steps count from 1 and rise, unless `go_back` says that they are taken anew."""

    note: str
    """What the owner of the run should know of it; empty most often."""

    def scalars(self, step: int, values: Mapping[str, float]) -> None: ...

    def text(self, step: int, name: str, text: str) -> None: ...

    def go_back(self, step: int) -> None:
        """The training stands at `step` again."""

    def flush(self) -> None: ...

    def close(self) -> None: ...


def check_logger(kind: str) -> None:
    """Raises ValueError, which names the extra, where a logger cannot work here."""
    if kind == "wandb" and importlib.util.find_spec("wandb") is None:
        raise ValueError(
            "--log wandb needs the package wandb: pip install 'minigpt-tui[wandb]'. "
            "--log tensorboard needs nothing more."
        )


def open_logger(
    kind: str, run_path: Path, run_name: str, config: Mapping[str, Any], step: int
) -> Logger:
    """The logger of a run whose training goes on from `step`; may wait for a network."""
    if kind == "tensorboard":
        return TensorBoard(run_path / FOLDERS[kind], step)
    assert kind == "wandb", kind
    return WeightsAndBiases(run_path, run_name, config)


class TensorBoard:
    """Event files in the run's folder `tensorboard`: `tensorboard --logdir` on it, or on `runs`."""

    note = ""

    def __init__(self, folder: Path, step: int) -> None:
        self._file = EventFile(folder, step + 1 if step else 0)

    def scalars(self, step: int, values: Mapping[str, float]) -> None:
        self._file.scalars(step, values)

    def text(self, step: int, name: str, text: str) -> None:
        self._file.text(step, name, _as_code(text))

    def go_back(self, step: int) -> None:
        self._file.forget_from(step + 1)

    def flush(self) -> None:
        self._file.flush()

    def close(self) -> None:
        self._file.close()


class WeightsAndBiases:
    """A run of wandb: online where somebody is logged in, else offline in the run's folder.

    Its own step only rises, so the training's is a figure of its own, on which all are drawn.
    """

    note = ""

    def __init__(self, run_path: Path, run_name: str, config: Mapping[str, Any]) -> None:
        os.environ.setdefault("WANDB_SILENT", "true")  # the terminal belongs to somebody else
        import wandb

        mode: Any = os.environ.get("WANDB_MODE", "online")
        if mode == "online" and not _has_key(wandb):  # it would ask for the key on the terminal
            mode = "offline"
            self.note = "Nobody is logged in to wandb, so it logs offline, in the run's folder."
        self._wandb = wandb
        self._run = wandb.init(
            project=os.environ.get("WANDB_PROJECT", WANDB_PROJECT),
            name=run_name,
            dir=str(run_path),
            config=dict(config),
            mode=mode,
            settings=wandb.Settings(
                console="off", silent=True, disable_git=True, x_disable_stats=True
            ),
        )
        self._run.define_metric("step")
        self._run.define_metric("*", step_metric="step")

    def scalars(self, step: int, values: Mapping[str, float]) -> None:
        self._run.log({"step": step, **values})

    def text(self, step: int, name: str, text: str) -> None:
        self._run.log({"step": step, name: self._wandb.Html(f"<pre>{_escaped(text)}</pre>")})

    def go_back(self, step: int) -> None:
        """Nothing: steps that are taken anew are drawn anew."""

    def flush(self) -> None:
        """Nothing: wandb sends by itself."""

    def close(self) -> None:
        self._run.finish()


def _has_key(wandb: Any) -> bool:
    """Whether somebody is logged in; asks nobody, and sends nothing."""
    if os.environ.get("WANDB_API_KEY"):
        return True
    if "prompt" in inspect.signature(wandb.login).parameters:
        return bool(wandb.login(prompt=False, verify=False))
    return bool(wandb.api.api_key)  # before 0.31, where the other would ask on the terminal


def _as_code(text: str) -> str:
    """A text as Markdown that shows it as it is."""
    longest = max((len(found) for found in _FENCE.findall(text)), default=2)
    fence = "`" * (longest + 1)
    return f"{fence}\n{text}\n{fence}"


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
