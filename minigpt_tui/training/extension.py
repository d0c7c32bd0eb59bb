"""What a run that goes on is asked to change. No torch here: faces import this."""

from __future__ import annotations

from dataclasses import dataclass

from minigpt_tui.training.control import Control


@dataclass(frozen=True)
class Extension:
    """What a run that goes on is asked to change. Epochs and steps are totals of the run; minutes
    come on top of what it has had; the learning rate is the peak from here on."""

    epochs: int | None = None
    steps: int | None = None
    minutes: float | None = None
    lr: float | None = None

    @property
    def goes_further(self) -> bool:
        return (self.epochs, self.steps, self.minutes) != (None, None, None)

    def total_steps(self, steps_per_epoch: int) -> int | None:
        """The steps that the run is to have in all, where it says so."""
        if self.steps is not None or self.epochs is None:
            return self.steps
        return self.epochs * steps_per_epoch

    def check(self, step: int, steps_per_epoch: int) -> None:
        """Raises ValueError when the run has done as much already."""
        total = self.total_steps(steps_per_epoch)
        if total is not None and total <= step:
            raise ValueError(
                f"The run has done {step:,} steps ({step / steps_per_epoch:.1f} epochs) already: "
                "give more than that."
            )

    def ask(self, control: Control, steps_per_epoch: int) -> None:
        """Hands the wishes to the trainer, which records them before it acts."""
        control.extend(total_steps=self.total_steps(steps_per_epoch), minutes=self.minutes)
        if self.lr is not None:
            control.set_learning_rate(self.lr)
