"""The learning-rate range test: a short training whose rate rises until the loss turns up.

Smith 2017, "Cyclical Learning Rates for Training Neural Networks", section 3.3.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from minigpt_tui.config import RunConfig
from minigpt_tui.jobs.deciding import decide
from minigpt_tui.jobs.prepare import prepare
from minigpt_tui.paths import DataFolder
from minigpt_tui.text.cancel import check_cancelled
from minigpt_tui.training.batches import seed_for
from minigpt_tui.training.control import Control
from minigpt_tui.training.device import without_denormals
from minigpt_tui.training.trainer import Trainer, TrainingData

STEPS = 120
RANGES = {"adam": (1e-5, 1.0), "adamw": (1e-5, 1.0), "muon": (1e-4, 10.0)}
"""First and last rate, by optimizer: Muon's rates are about ten times Adam's."""
SMOOTHING = 0.9
"""Weight of the past in the running mean of the loss: about ten steps, 0.4 of a decade."""
RISEN = 1.5
"""The test ends when the smoothed loss exceeds its best by this factor."""
REACHED = 0.9
"""The suggestion is the rate at which this share of the whole fall of the loss was reached."""
BELOW_LOWEST = 3.0
"""And by this factor at least it stays below the rate with the lowest loss."""
CLEAR_FALL = 0.05
"""A loss that has fallen by a smaller share than this tells nothing about rates."""


@dataclass(frozen=True)
class LrRange:
    """What the test saw at each step: the rate, the loss and its running mean (nats a token)."""

    lrs: tuple[float, ...]
    losses: tuple[float, ...]
    smoothed: tuple[float, ...]
    suggestion: float | None
    """A peak rate for a run, or None when the loss never clearly fell."""
    diverged_at: float | None
    """The rate at which the loss had clearly risen or was no number; None if it never was."""


def find_lr(
    config: RunConfig,
    data: DataFolder,
    control: Control,
    *,
    say: Callable[[str], None] = lambda message: None,
) -> LrRange:
    """Tests the rates on a model that is thrown away; the data folder gets nothing but caches.

    Text, batches, dropout and execution are those of a run with this configuration. Raises
    ValueError when such a run could not begin and CancelledError when it is stopped.
    """
    prepared = prepare(config, data, say=say, should_stop=control.stopping)
    training_data = TrainingData(prepared.tokenizer, prepared.train, prepared.val)
    say("Trying how this machine computes fastest")
    decided = decide(config, training_data, data, control.stopping)
    trainer = Trainer(decided.config, training_data, decided.execution)

    lrs: list[float] = []
    losses: list[float] = []
    smoothed: list[float] = []
    running = 0.0
    diverged_at = None
    with without_denormals():
        for step, lr in enumerate(_rising(*RANGES[config.training.optimizer])):
            check_cancelled(control.stopping)
            say(f"Step {step + 1}/{STEPS} at the rate {lr:.1e}")
            loss = _loss_of_step(trainer, step, lr)
            if loss is None:
                diverged_at = lr
                break
            lrs.append(lr)
            losses.append(loss)
            running = SMOOTHING * running + (1 - SMOOTHING) * loss
            # Kingma & Ba 2015, "Adam", section 3: corrected for the zero it began with.
            smoothed.append(running / (1 - SMOOTHING ** len(losses)))
            if smoothed[-1] > RISEN * min(smoothed):
                diverged_at = lr
                break
    return LrRange(
        tuple(lrs), tuple(losses), tuple(smoothed), suggested_lr(lrs, smoothed), diverged_at
    )


def suggested_lr(lrs: Sequence[float], smoothed: Sequence[float]) -> float | None:
    """A peak rate from rising `lrs` and the smoothed losses there; None without a clear fall.

    The loss is steepest where the model learns the frequencies of its tokens, which a large model
    does at rates far below the useful ones, and its lowest point lies next to divergence. Between
    them, the end of the fall is found alike for small and large models: the first rate at which
    nine tenths of the fall are done. The suggestion is rounded to two digits.
    """
    if not lrs:
        return None
    lowest = min(range(len(lrs)), key=lambda at: smoothed[at])
    fall = smoothed[0] - smoothed[lowest]
    if fall < CLEAR_FALL * smoothed[0]:
        return None
    reached = next(
        lr for lr, loss in zip(lrs, smoothed, strict=True) if loss <= smoothed[0] - REACHED * fall
    )
    return float(f"{min(reached, lrs[lowest] / BELOW_LOWEST):.1e}")


def _rising(first: float, last: float) -> Iterator[float]:
    """`STEPS` rates, each the same factor above the one before."""
    for step in range(STEPS):
        yield first * (last / first) ** (step / (STEPS - 1))


def _loss_of_step(trainer: Trainer, step: int, lr: float) -> float | None:
    """Takes one optimizer step at a rate of ours; None if its loss is not finite."""
    seed = trainer.config.training.seed
    batch = trainer.batches.batch(step)
    taken = trainer.stepper.take(batch, lr, lambda first: seed_for(seed, "dropout", step, first))
    return None if taken is None else taken.loss
