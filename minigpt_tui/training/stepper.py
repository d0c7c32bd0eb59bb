"""One optimizer step: a batch moves the weights, in the run's precision and micro-batches."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from minigpt_tui.config import TrainingConfig
from minigpt_tui.model.language_model import LanguageModel
from minigpt_tui.training.batches import IGNORED_TARGET, Batch
from minigpt_tui.training.dealt_out import whole
from minigpt_tui.training.distributed import ALONE, World
from minigpt_tui.training.execution import Execution
from minigpt_tui.training.optimizer import build_optimizer

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Step:
    """What a step found: the mean loss in nats a token, and the gradient's norm before clipping."""

    loss: float
    grad_norm: float


class Stepper:
    """A model with its optimizer, and how their arithmetic is carried out.

    Of several processes each takes its rows of a batch; their gradients are added up (DDP), or
    every process keeps a part of the weights as well (FSDP2, `shard`).
    """

    def __init__(
        self,
        model: LanguageModel,
        training: TrainingConfig,
        device: torch.device,
        execution: Execution,
        world: World = ALONE,
    ) -> None:
        self.model = model
        self.device = device
        self.world = world
        self.sharded = training.shard == "on" and not world.alone
        self._wrapped: nn.Module = model
        if self.sharded:
            from minigpt_tui.training.sharding import shard

            shard(model, device)
        elif not world.alone:
            self._wrapped = DistributedDataParallel(model, gradient_as_bucket_view=True)
        self.optimizer = build_optimizer(model, training)
        self.grad_clip = training.grad_clip or math.inf
        self.micro_batch = training.micro_batch or training.batch_size
        self.carry_out(execution)

    def carry_out(self, execution: Execution) -> None:
        """Computes in this way from here on."""
        self.execution = execution
        torch.set_num_threads(execution.threads)
        self.forward: Callable[[Tensor], Tensor] = self._wrapped
        if execution.compiled:
            # On a GPU small models wait for their kernels to be launched: CUDA graphs replay them.
            graphs = self.device.type == "cuda" and self.world.alone
            self.forward = torch.compile(
                self._wrapped, mode="reduce-overhead" if graphs else "default"
            )

    def compiles(self) -> bool:
        """Whether the compiled model can be run here; the reason against it goes to the log."""
        try:
            self.forward(torch.zeros((1, 1), dtype=torch.int64, device=self.device))
        except RuntimeError as error:
            log.warning("The model cannot be compiled here: %s", str(error).strip().splitlines()[0])
            return False
        return True

    def take(self, batch: Batch, lr: float, dropout_seed: Callable[[int], int]) -> Step | None:
        """Moves the weights once; None, with the weights untouched, if a number is not finite.

        `dropout_seed` gives the seed of a micro-batch by its first window's place in the batch.
        """
        for group in self.optimizer.param_groups:
            group["lr"] = lr * group["lr_scale"]
        loss = self.world.sum(self._gradients(batch, dropout_seed))
        grad_norm = whole(torch.nn.utils.clip_grad_norm_(self.model.parameters(), self.grad_clip))
        found = Step(loss.item(), grad_norm.item())
        if not (math.isfinite(found.loss) and math.isfinite(found.grad_norm)):
            return None
        self.optimizer.step()
        return found

    def _gradients(self, batch: Batch, dropout_seed: Callable[[int], int]) -> Tensor:
        """Leaves the batch's gradient in the parameters; this process's share of the mean loss.

        The windows go through in micro-batches, so that a large batch fits into the memory. When
        a GPU's is too small all the same, they are halved from then on; the batch stays as it is.
        """
        while True:
            self.model.train()
            self.optimizer.zero_grad(set_to_none=True)
            total = torch.zeros((), device=self.device)
            try:
                for part in self._micro_batches(batch):
                    total += self._share(part, dropout_seed(part.first))
                return total
            except torch.OutOfMemoryError:
                # Of several processes the others are already waiting for this one's gradient.
                if self.micro_batch == 1 or not self.world.alone:
                    raise
                self.micro_batch = -(-min(self.micro_batch, len(batch.inputs)) // 2)
                log.warning(
                    "The memory of %s is full: from here on %d windows at a time",
                    self.device,
                    self.micro_batch,
                )
                if self.device.type == "cuda":
                    torch.cuda.empty_cache()

    def _micro_batches(self, batch: Batch) -> Iterator[_MicroBatch]:
        """The parts of a batch that this process takes, as many as every other one takes."""
        rows = self.world.rows_of(len(batch.inputs))
        most_rows = -(-len(batch.inputs) // self.world.size)
        count = -(-most_rows // self.micro_batch)
        for number in range(count):
            first = rows.start + number * self.micro_batch
            last = min(first + self.micro_batch, rows.stop)
            inputs, targets = batch.inputs[first:last], batch.targets[first:last]
            if first >= last:  # nothing is left for this process, but the others wait for it
                inputs = batch.inputs[:1]
                targets = np.full_like(inputs, IGNORED_TARGET)
            divisor = batch.n_targets / self.world.size  # the processes' gradients are averaged
            yield _MicroBatch(inputs, targets, first, divisor, is_last=number == count - 1)

    def _share(self, part: _MicroBatch, seed: int) -> Tensor:
        """Adds the gradient of one micro-batch; its share of the batch's loss."""
        inputs, targets = self._placed(part.inputs), self._placed(part.targets)
        torch.manual_seed(seed)  # dropout is the only user of torch's default generator
        with self._adding_up(part.is_last):
            with self.execution.autocast(self.device):
                logits = self.forward(inputs)  # [rows, T, V]
            nats = F.cross_entropy(
                logits.float().flatten(0, 1),
                targets.flatten(),
                ignore_index=IGNORED_TARGET,
                reduction="sum",
            )
            share = nats / part.divisor
            torch.autograd.backward(share)
        return share.detach() / self.world.size

    def _adding_up(self, is_last: bool) -> AbstractContextManager[object]:
        """Whether the processes add up their gradients now: once a step is enough."""
        if isinstance(self._wrapped, DistributedDataParallel) and not is_last:
            return self._wrapped.no_sync()
        return nullcontext()

    def _placed(self, ids: np.ndarray[tuple[int, ...], np.dtype[np.int64]]) -> Tensor:
        """The ids on the device; from pinned memory a GPU fetches them while work goes on."""
        tensor = torch.from_numpy(ids)
        if self.device.type == "cuda":
            return tensor.pin_memory().to(self.device, non_blocking=True)
        return tensor.to(self.device)


@dataclass(frozen=True)
class _MicroBatch:
    """Windows that go through at once, ids [rows, T]; their nats are divided by `divisor`."""

    inputs: np.ndarray[tuple[int, ...], np.dtype[np.int64]]
    targets: np.ndarray[tuple[int, ...], np.dtype[np.int64]]
    first: int
    divisor: float
    is_last: bool
