"""What a training reports, in the order in which it happens. No torch here: faces import this."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Preparing:
    """Reading, tokenizing, building: what is being done before the first step."""

    message: str


@dataclass(frozen=True)
class Started:
    """The run folder exists and the first step is next."""

    run_path: str
    run_name: str
    step: int
    total_steps: int
    steps_per_epoch: int
    epochs: int
    parameters: int
    vocab_size: int
    device: str
    threads: int
    precision: str
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True)
class StepDone:
    """One optimizer step. `step` counts completed steps; `loss` is the mean in nats a token."""

    step: int
    epoch: int
    batch: int
    loss: float
    lr: float
    grad_norm: float
    n_targets: int
    seconds: float
    """Seconds of training since the run began, pauses and evaluations left out."""


@dataclass(frozen=True)
class CheckpointDue:
    """The trainer stands still at a state worth keeping. `kind`: epoch, last, best or final."""

    kind: str
    step: int
    epochs_completed: int


@dataclass(frozen=True)
class Evaluated:
    """The whole validation split was measured; without one, the training loss of the epoch."""

    step: int
    epoch: int
    val_loss: float
    perplexity: float
    bits_per_char: float
    bits_per_byte: float
    is_best: bool
    held_out: bool


@dataclass(frozen=True)
class EpochEnded:
    epoch: int
    train_loss: float
    val_loss: float | None
    perplexity: float | None
    seconds: float
    tokens_per_second: float
    is_best: bool


@dataclass(frozen=True)
class Sampled:
    """Text that the model wrote at a step, going on from `prompt`."""

    step: int
    prompt: str
    text: str


@dataclass(frozen=True)
class Replanned:
    """From `step` on, the run is to end after `total_steps`; yielded before it takes effect."""

    step: int
    total_steps: int


@dataclass(frozen=True)
class Paused:
    step: int


@dataclass(frozen=True)
class Waiting:
    """Sent now and then while paused, so that whoever listens knows the training lives."""

    step: int


@dataclass(frozen=True)
class Resumed:
    step: int


@dataclass(frozen=True)
class Finished:
    """The end. `state`: completed, stopped or diverged; `message` says why in a sentence."""

    state: str
    step: int
    message: str


Event = (
    Preparing
    | Started
    | StepDone
    | CheckpointDue
    | Evaluated
    | EpochEnded
    | Sampled
    | Replanned
    | Paused
    | Waiting
    | Resumed
    | Finished
)
