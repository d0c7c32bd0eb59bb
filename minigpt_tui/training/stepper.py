"""One optimizer step: a batch moves the weights, in the run's precision and micro-batches."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from minigpt_tui.config import TrainingConfig
from minigpt_tui.model.language_model import LanguageModel
from minigpt_tui.training.batches import IGNORED_TARGET, Batch
from minigpt_tui.training.execution import Execution
from minigpt_tui.training.optimizer import build_optimizer

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Step:
    """What a step found: the mean loss in nats a token, and the gradient's norm before clipping."""

    loss: float
    grad_norm: float


class Stepper:
    """A model with its optimizer, and how their arithmetic is carried out."""

    def __init__(
        self,
        model: LanguageModel,
        training: TrainingConfig,
        device: torch.device,
        execution: Execution,
    ) -> None:
        self.model = model
        self.device = device
        self.optimizer = build_optimizer(model, training)
        self.grad_clip = training.grad_clip or math.inf
        self.micro_batch = training.micro_batch or training.batch_size
        self.carry_out(execution)

    def carry_out(self, execution: Execution) -> None:
        """Computes in this way from here on."""
        self.execution = execution
        torch.set_num_threads(execution.threads)
        self.forward: Callable[[Tensor], Tensor] = (
            torch.compile(self.model) if execution.compiled else self.model
        )

    def take(self, batch: Batch, lr: float, dropout_seed: Callable[[int], int]) -> Step | None:
        """Moves the weights once; None, with the weights untouched, if a number is not finite.

        `dropout_seed` gives the seed of a micro-batch by its first window's place in the batch.
        """
        for group in self.optimizer.param_groups:
            group["lr"] = lr * group["lr_scale"]
        loss = self._gradients(batch, dropout_seed)
        grad_norm = torch.nn.utils.clip_grad_norm_(self.model.parameters(), self.grad_clip)
        found = Step(loss.item(), grad_norm.item())
        if not (math.isfinite(found.loss) and math.isfinite(found.grad_norm)):
            return None
        self.optimizer.step()
        return found

    def _gradients(self, batch: Batch, dropout_seed: Callable[[int], int]) -> Tensor:
        """Leaves the batch's gradient in the parameters; the mean loss over its real targets.

        The windows go through in micro-batches, so that a large batch fits into the memory. When
        a GPU's is too small all the same, they are halved from then on; the batch stays as it is.
        """
        while True:
            self.model.train()
            self.optimizer.zero_grad(set_to_none=True)
            total = torch.zeros((), device=self.device)
            try:
                for first in range(0, len(batch.inputs), self.micro_batch):
                    total += self._share(batch, first, dropout_seed(first))
                return total
            except torch.OutOfMemoryError:
                if self.micro_batch == 1:
                    raise
                self.micro_batch = -(-min(self.micro_batch, len(batch.inputs)) // 2)
                log.warning(
                    "The memory of %s is full: from here on %d windows at a time",
                    self.device,
                    self.micro_batch,
                )
                if self.device.type == "cuda":
                    torch.cuda.empty_cache()

    def _share(self, batch: Batch, first: int, seed: int) -> Tensor:
        """Adds the gradient of one micro-batch; its share of the batch's loss."""
        rows = slice(first, first + self.micro_batch)
        inputs = torch.from_numpy(batch.inputs[rows]).to(self.device, non_blocking=True)
        targets = torch.from_numpy(batch.targets[rows]).to(self.device, non_blocking=True)
        torch.manual_seed(seed)  # dropout is the only user of torch's default generator
        with self.execution.autocast(self.device):
            logits = self.forward(inputs)  # [rows, T, V]
        nats = F.cross_entropy(
            logits.float().flatten(0, 1),
            targets.flatten(),
            ignore_index=IGNORED_TARGET,
            reduction="sum",
        )
        share = nats / batch.n_targets
        torch.autograd.backward(share)
        return share.detach()
