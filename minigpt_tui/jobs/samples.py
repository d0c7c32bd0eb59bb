"""The texts that a model writes while it is trained."""

from __future__ import annotations

import time
from collections.abc import Iterator

from minigpt_tui.inference.service import GPTService
from minigpt_tui.training.batches import seed_for
from minigpt_tui.training.control import Control
from minigpt_tui.training.events import Sampled
from minigpt_tui.training.trainer import Trainer

SAMPLE_TOKENS = 120
SAMPLE_TEMPERATURE = 0.8
SAMPLE_TIME_SHARE = 0.03
"""Samples may take this share of the training time; those that would take more are left out."""


class Sampler:
    """Lets the model write a little after an evaluation, without costing much time."""

    def __init__(self, trainer: Trainer, control: Control) -> None:
        self.trainer = trainer
        self.control = control
        self.spent = 0.0

    def samples(self, step: int) -> Iterator[Sampled]:
        """What the model writes at this step, if it is time for a sample."""
        is_last = step >= self.trainer.total_steps
        if not is_last and self.spent > SAMPLE_TIME_SHARE * self.trainer.progress.seconds:
            return
        started = time.perf_counter()
        trainer = self.trainer
        training = trainer.config.training
        service = GPTService.from_parts(trainer.model, trainer.data.tokenizer, trainer.config, {})
        pieces = []
        for piece in service.generate(
            training.sample_prompt,
            max_new_tokens=SAMPLE_TOKENS,
            temperature=SAMPLE_TEMPERATURE,
            seed=seed_for(training.seed, "sample", step),
        ):
            pieces.append(piece)
            if self.control.stopping():
                break
        self.spent += time.perf_counter() - started
        yield Sampled(step, training.sample_prompt, "".join(pieces))
