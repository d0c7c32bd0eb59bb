"""How the arithmetic of a run is carried out: precision, threads, compilation.

Each of them changes the last bits of every sum, so they are decided once, by measuring a few real
steps on a throwaway model, and then belong to the run and its checkpoints.
"""

from __future__ import annotations

import shutil
import statistics
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass

import torch

from minigpt_tui.config import TrainingConfig

MOST_THREADS = torch.get_num_threads()
"""As the library sets it for this machine, before a run sets its own."""
WARM_UP_STEPS, TIMED_STEPS = 2, 3
WORTH_PROBING_STEPS = 100
"""A run with fewer steps is over before a probe has paid for itself."""
WORTH_COMPILING_SECONDS = 600.0
CLEARLY_FASTER = 0.95
"""A candidate must take at most this share of the time of what is simpler."""


@dataclass(frozen=True)
class Execution:
    """One way to carry out the arithmetic: precision (fp32, or bf16 by autocast), threads, …"""

    precision: str = "fp32"
    threads: int = 1
    compiled: bool = False

    def __str__(self) -> str:
        threads = f"{self.threads} thread{'s' * (self.threads > 1)}"
        compiled = ", compiled" if self.compiled else ""
        return f"{self.precision}, {threads}{compiled}"

    def autocast(self, device: torch.device) -> AbstractContextManager[object]:
        """The context in which a forward pass runs."""
        if self.precision == "fp32":
            return nullcontext()
        return torch.autocast(device.type, torch.bfloat16)


@dataclass(frozen=True)
class Measurement:
    """Seconds a step took, the median of a few."""

    execution: Execution
    seconds: float


def choose_execution(
    training: TrainingConfig,
    device: torch.device,
    total_steps: int | None,
    seconds_per_step: Callable[[Execution], float],
) -> tuple[Execution, list[Measurement]]:
    """The fastest way to carry out a run, and what was measured on the way to it.

    `total_steps` is None for a run that a time budget ends. `seconds_per_step` times real steps.
    What the settings force is not measured. A candidate that fails (a compiler that is missing a
    header, say) raises RuntimeError there and is left out.
    """
    precisions = [training.precision]
    if training.precision == "auto":
        precisions = ["bf16", "fp32"] if supports_bf16(device) else ["fp32"]
    most_threads = training.threads or MOST_THREADS
    simplest = Execution(precisions[-1], most_threads, compiled=training.compile == "on")
    open_choices = len(precisions) > 1 or (training.threads is None and device.type == "cpu")
    if not open_choices or (total_steps is not None and total_steps < WORTH_PROBING_STEPS):
        return simplest, []

    measured = [Measurement(simplest, seconds_per_step(simplest))]
    best = measured[0]
    for precision in precisions[:-1]:
        candidate = Execution(precision, most_threads, simplest.compiled)
        measured.append(Measurement(candidate, seconds_per_step(candidate)))
        best = _faster(measured[-1], best)
    threads = most_threads // 2
    while training.threads is None and device.type == "cpu" and threads >= 1:
        candidate = Execution(best.execution.precision, threads, simplest.compiled)
        measured.append(Measurement(candidate, seconds_per_step(candidate)))
        if _faster(measured[-1], best) is best:
            break
        best, threads = measured[-1], threads // 2
    run_seconds = (
        (training.minutes or 0.0) * 60 if total_steps is None else total_steps * best.seconds
    )
    if training.compile == "auto" and run_seconds > WORTH_COMPILING_SECONDS:
        best = _try_compiling(best, seconds_per_step, measured)
    return best.execution, measured


def supports_bf16(device: torch.device) -> bool:
    """Whether bfloat16 products are done by the hardware; elsewhere they are slower than fp32."""
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    if device.type == "cpu":
        capabilities = torch.cpu.get_capabilities()
        return any(capabilities.get(name, False) for name in ("avx512_bf16", "amx_bf16", "bf16"))
    return False


def can_compile() -> bool:
    """Whether there is a C++ compiler, which torch.compile needs."""
    return any(shutil.which(compiler) for compiler in ("c++", "g++", "clang++"))


def matrix_product_speed(
    device: torch.device, precision: str | None = None, least_seconds: float = 0.0
) -> float:
    """Floating-point operations a second of a large product, the best of at least six.

    Without a precision, in the fastest that there is.
    """
    precision = precision or ("bf16" if supports_bf16(device) else "fp32")
    dtype = torch.bfloat16 if precision == "bf16" else torch.float32
    size = 1024
    a = torch.ones(size, size, dtype=dtype, device=device)
    seconds: list[float] = []
    while len(seconds) < 6 or sum(seconds) < least_seconds:
        started = time.perf_counter()
        a @ a
        if device.type == "cuda":
            torch.cuda.synchronize()
        seconds.append(time.perf_counter() - started)
    return 2 * size**3 / min(seconds)


def median_step_seconds(step: Callable[[], object], device: torch.device) -> float:
    """Times `step` a few times after a warm-up."""
    seconds = []
    for _ in range(WARM_UP_STEPS + TIMED_STEPS):
        started = time.perf_counter()
        step()
        if device.type == "cuda":
            torch.cuda.synchronize()
        seconds.append(time.perf_counter() - started)
    return statistics.median(seconds[WARM_UP_STEPS:])


def _try_compiling(
    best: Measurement,
    seconds_per_step: Callable[[Execution], float],
    measured: list[Measurement],
) -> Measurement:
    if not can_compile():
        return best
    candidate = Execution(best.execution.precision, best.execution.threads, compiled=True)
    try:
        measured.append(Measurement(candidate, seconds_per_step(candidate)))
    except RuntimeError:
        return best
    return _faster(measured[-1], best)


def _faster(candidate: Measurement, standing: Measurement) -> Measurement:
    clearly = candidate.seconds <= CLEARLY_FASTER * standing.seconds
    return candidate if clearly else standing
