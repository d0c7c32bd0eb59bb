"""Several processes that train one model: who they are, and how they agree.

torchrun starts the same command once for each process and says in the environment who is who. Each
step's batch is dealt out to them, so the run is the same for any number of processes, but for
rounding. The first process (rank 0) writes and decides; the others follow it.
"""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import astuple, dataclass, fields
from datetime import timedelta
from typing import TypeVar

import torch
import torch.distributed as dist
from torch import Tensor
from torch.distributed import PrefixStore  # type: ignore[attr-defined]
from torch.distributed.rendezvous import rendezvous

from minigpt_tui.training.control import Orders

T = TypeVar("T")

PATIENCE = timedelta(hours=2)
"""How long a process waits for the others: the first may prepare a large text meanwhile."""
NOTHING = -1.0
"""Stands for None among numbers that are never negative."""


@dataclass(frozen=True)
class World:
    """The processes of a training, seen by one of them. Alone, every method costs nothing."""

    rank: int = 0
    size: int = 1
    local_rank: int = 0
    """Among those of this machine."""

    @property
    def alone(self) -> bool:
        return self.size == 1

    @property
    def first(self) -> bool:
        """Whether this process writes and decides."""
        return self.rank == 0

    def rows_of(self, n_rows: int) -> slice:
        """The rows of a batch of `n_rows` that this process takes."""
        return slice(self.rank * n_rows // self.size, (self.rank + 1) * n_rows // self.size)

    def sum(self, tensor: Tensor) -> Tensor:
        """The sum over all processes, in place."""
        if not self.alone:
            dist.all_reduce(tensor)
        return tensor

    def any(self, flag: bool) -> bool:
        """Whether any process says so."""
        if self.alone:
            return flag
        said = torch.tensor(float(flag))
        dist.all_reduce(said, dist.ReduceOp.MAX)
        return bool(said)

    def from_first(self, value: T) -> T:
        """What the first process gives; the others' values are not looked at."""
        if self.alone:
            return value
        box = [value]
        dist.broadcast_object_list(box, src=0, device=torch.device("cpu"))
        return box[0]

    def agree(self, orders: Orders) -> Orders:
        """The first process's orders, but any process may stop the run: it may be told to end."""
        if self.alone:
            return orders
        given = torch.full((len(fields(Orders)),), NOTHING, dtype=torch.float64)
        if self.first:
            plain = [NOTHING if v is None else float(v) for v in astuple(orders)]
            given = torch.tensor(plain, dtype=torch.float64)
        given[0] = float(orders.stop)
        dist.all_reduce(given, dist.ReduceOp.MAX)
        stop, pause, checkpoint, evaluate, lr, total_steps, minutes, end = given.tolist()
        return Orders(
            stop=bool(stop),
            pause=bool(pause),
            checkpoint=bool(checkpoint),
            evaluate=bool(evaluate),
            lr=None if lr == NOTHING else lr,
            total_steps=None if total_steps == NOTHING else int(total_steps),
            more_minutes=None if minutes == NOTHING else minutes,
            end_in_time=None if end == NOTHING else int(end),
        )

    def wait(self) -> None:
        """Returns when every process has come here."""
        if not self.alone:
            dist.barrier()

    @contextmanager
    def one_after_the_first(self) -> Iterator[None]:
        """The first process of a machine works alone, then the others do: from its cache."""
        if self.local_rank != 0:
            self.wait()
        yield
        if self.local_rank == 0:
            self.wait()


ALONE = World()


def started_by_torchrun() -> bool:
    """Whether this process is one of several that torchrun (or the like) has started."""
    return "RANK" in os.environ and "WORLD_SIZE" in os.environ and "MASTER_ADDR" in os.environ


def restarts() -> int:
    """How often torchrun has started these processes again after one of them died."""
    return int(os.environ.get("TORCHELASTIC_RESTART_COUNT", "0"))


@contextmanager
def joined() -> Iterator[World]:
    """The world that the environment describes; without torchrun, a process of its own.

    Raises ValueError when the variables make no sense or the other processes cannot be reached.
    """
    if not started_by_torchrun():
        yield ALONE
        return
    try:
        world = World(
            rank=int(os.environ["RANK"]),
            size=int(os.environ["WORLD_SIZE"]),
            local_rank=int(os.environ.get("LOCAL_RANK", "0")),
        )
    except ValueError as error:
        raise ValueError(
            "RANK, WORLD_SIZE and LOCAL_RANK must be whole numbers, as torchrun sets them."
        ) from error
    # Gloo for what processes tell one another, and for gradients on CPUs; NCCL between GPUs.
    backend = "cpu:gloo,cuda:nccl" if torch.cuda.is_available() else "gloo"
    if torch.cuda.is_available():
        torch.cuda.set_device(world.local_rank)
    try:
        store, _, _ = next(rendezvous("env://", timeout=PATIENCE))
        # Gloo keeps addresses in the store: after a restart those of the dead would be found.
        store = PrefixStore(f"start-{restarts()}", store)
        dist.init_process_group(
            backend, store=store, rank=world.rank, world_size=world.size, timeout=PATIENCE
        )
    except (RuntimeError, ValueError) as error:
        raise ValueError(
            f"The {world.size} processes of this training cannot reach one another: {error}"
        ) from error
    try:
        yield world
        world.wait()  # without it the end of one process aborts another, one time in eight
    finally:
        dist.destroy_process_group()


def leave_if_one_of_many(code: int) -> None:
    """Ends a process of torchrun whose work is done and on the disk; elsewhere does nothing.

    At the ordinary end gloo's threads are now and then still there when the C++ library takes
    itself apart, which aborts the process: torchrun then calls a complete training failed.
    """
    if started_by_torchrun():
        logging.shutdown()
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
