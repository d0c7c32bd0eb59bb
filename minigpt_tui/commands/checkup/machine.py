"""The machine: processor, memory, device, and what its arithmetic is worth in each precision."""

from __future__ import annotations

import os
from collections.abc import Iterator

from minigpt_tui.commands.checkup.finding import Finding
from minigpt_tui.planning.memory import available_memory, memory_in_words

LITTLE_MEMORY = 10**9
PROBE_SECONDS = 0.5
"""For each precision."""


def machine() -> Iterator[Finding]:
    """Cores, load, memory, the device that a training takes, and a probe of its precisions."""
    yield _processors()
    yield _memory()
    yield from _device()


def _processors() -> Finding:
    cores = os.cpu_count() or 1
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else cores
    shown = f"{usable} of {cores} cores" if usable != cores else f"{cores} cores"
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0
    shown += f", load {load:.1f} in the last minute"
    if load > 1.5 * usable + 0.5:
        return Finding(
            "processor", shown, "Other programs are busy: a training is slower beside them."
        )
    return Finding("processor", shown)


def _memory() -> Finding:
    free = available_memory()
    if free is None:
        return Finding("memory", "the system does not say how much is free")
    shown = f"{memory_in_words(free)} free"
    if free < LITTLE_MEMORY:
        return Finding("memory", shown, "Close other programs, or train the preset tiny or quick.")
    return Finding("memory", shown)


def _device() -> Iterator[Finding]:
    import torch

    from minigpt_tui.training.device import resolve_device
    from minigpt_tui.training.execution import matrix_product_speed, supports_bf16

    device = resolve_device("auto")
    yield Finding("device", f"{device_name(device)}, torch with {torch.get_num_threads()} threads")
    fp32 = matrix_product_speed(device, "fp32", PROBE_SECONDS)
    shown = f"fp32 {fp32 / 1e9:,.0f} GFLOP/s"
    if not supports_bf16(device):
        yield Finding("precision", f"{shown}; bf16 has no hardware here, so fp32 is taken")
        return
    bf16 = matrix_product_speed(device, "bf16", PROBE_SECONDS)
    shown += f", bf16 {bf16 / 1e9:,.0f} GFLOP/s ({bf16 / fp32:.1f} times)"
    yield Finding("precision", f"{shown}; precision auto measures which is faster in a run")


def device_name(device: object) -> str:
    import torch

    if str(device) == "cuda":
        count = torch.cuda.device_count()
        others = f" and {count - 1} more (torchrun uses them)" if count > 1 else ""
        memory = memory_in_words(torch.cuda.get_device_properties(0).total_memory)
        return f"cuda: {torch.cuda.get_device_name(0)}, {memory}{others}"
    if str(device) == "mps":
        return "mps: the GPU of this Mac"
    return f"cpu: {torch.cpu.get_capabilities().get('cpu_name', 'unknown processor')}"
