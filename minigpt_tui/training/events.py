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
class PlanChanged:
    """The run's plan is another from `step` on; yielded before it takes effect.

    `kind` is that of `planning.step_plan.Change`; `lr` the peak learning rate from here on.
    """

    kind: str
    step: int
    total_steps: int
    lr: float
    lr_factor: float
    budget_minutes: float | None
    from_step: int
    """Where the training stood: beyond `step` when it went back."""
    reason: str = ""

    @property
    def in_words(self) -> str:
        """The change in a sentence."""
        end = f"{self.total_steps:,} steps in all"
        match self.kind:
            case "replanned":
                return f"Planned anew to keep the time: {end}."
            case "extended":
                return f"Extended: {end}."
            case "rate":
                return f"Peak learning rate {self.lr:.3g} from step {self.step:,} on."
            case "rolled-back":
                return (
                    f"{self.reason} Back from step {self.from_step:,} to {self.step:,}, "
                    f"with a peak learning rate of {self.lr:.3g}."
                )
        raise AssertionError(self.kind)


@dataclass(frozen=True)
class RollbackDue:
    """The training is to go back to a state of `before` or earlier; whoever drives it does so."""

    step: int
    before: int
    reason: str


@dataclass(frozen=True)
class Diagnosed:
    """Something about the run that its owner should know, and what can be done about it."""

    step: int
    kind: str
    message: str
    advice: str


@dataclass(frozen=True)
class Paused:
    """The training stands still: somebody asked for it or, with a `reason`, it cannot write."""

    step: int
    reason: str = ""


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
    | PlanChanged
    | RollbackDue
    | Diagnosed
    | Paused
    | Waiting
    | Resumed
    | Finished
)
