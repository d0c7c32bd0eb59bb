"""Whether a training run fits into the memory of this machine, before anything is allocated."""

from __future__ import annotations

import os
from pathlib import Path

from minigpt_tui.config import ModelConfig, RunConfig, TrainingConfig
from minigpt_tui.planning.parameters import parameter_count

FLOAT_BYTES = 4
LONGEST_WRITTEN_OUT_ATTENTION = 512
"""Tokens of a window up to which attention in bf16 on a CPU keeps T² weights for every head."""
# Weight, gradient, and Adam's two moments.
_COPIES_OF_WEIGHTS = 4
# Logits, their logarithmic softmax, the gradient of both.
_COPIES_OF_LOGITS = 4
# What a block keeps of one token for the backward pass, in vectors of d_model: two norm outputs,
# q, k and v, the heads' output, the projection, two dropout masks, the feed-forward output, the
# residual stream after each branch, and two for what the backward pass itself holds at a time.
# The feed-forward keeps its hidden layer before and after GELU, and again one for the way back;
# SwiGLU has two of them and the opened gate.
# Against the measured peak of an fp32 step the sum was 14 % low to 12 % high at eight shapes.
_WIDTHS_PER_BLOCK = 14
_HIDDEN_WIDTHS_PER_BLOCK = {"gpt2": 3, "qwen3": 6}
# Attention written out keeps the weights of every block, and two more on the way back, in bf16.
_HALF_BYTES = 2
_EXTRA_SCORES = 2


def training_memory(
    model: ModelConfig, training: TrainingConfig, vocab_size: int, windows: int | None = None
) -> int:
    """Bytes that a training step needs: an estimate, good to some tens of per cent.

    Counts the weights, their gradients and Adam's moments, the activations kept for the backward
    pass, and the logits, all in fp32 with fused attention, which keeps no matrix of position times
    position; or, where that is more, in bf16 with attention written out. The interpreter and torch
    itself are not counted.

    `windows` is how many windows of text an epoch has; a batch never holds more than that.
    """
    return sum(_memory_by_part(model, training, vocab_size, windows).values())


def available_memory(root: Path = Path("/")) -> int | None:
    """Bytes that a process may still take here, or None where the system does not say.

    On Linux the smaller of the kernel's estimate and what the control groups of this process
    leave; elsewhere the free pages, or all pages where only those are known. `root` is the folder
    that holds `proc` and `sys`.
    """
    known = [_kernel_available(root / "proc" / "meminfo"), *_control_group_rooms(root)]
    rooms = [room for room in known if room is not None]
    if rooms:
        return min(rooms)
    return _pages("SC_AVPHYS_PAGES") or _pages("SC_PHYS_PAGES")


def check_memory(
    config: RunConfig,
    vocab_size: int,
    windows: int | None = None,
    available: int | None = None,
) -> None:
    """Raise ValueError in words if the run needs more memory than there is.

    `available` replaces the machine's own figure. Where no figure is known nothing is refused.
    """
    available = available_memory() if available is None else available
    parts = _memory_by_part(config.model, config.training, vocab_size, windows)
    needed = sum(parts.values())
    if available is None or needed <= available:
        return
    largest = max(parts, key=lambda part: parts[part])
    advice = {
        "weights": "d_model, d_ff or n_layers",
        "activations": "batch_size, max_seq_len, d_model or n_layers",
        "logits": "batch_size, max_seq_len or vocab_size",
    }[largest]
    raise ValueError(
        f"Training this needs about {memory_in_words(needed)} of memory, and "
        f"{memory_in_words(available)} are free. Most of it, {memory_in_words(parts[largest])}, "
        f"is for the {_PART_IN_WORDS[largest]}: reduce {advice}."
    )


def memory_in_words(size: int) -> str:
    """A number of bytes for people: `812 kB`, `180 MB`, `3.2 GB`, powers of ten."""
    for unit, factor in (("TB", 10**12), ("GB", 10**9)):
        if size >= factor:
            return f"{size / factor:,.1f} {unit}"
    return f"{size / 10**6:,.0f} MB" if size >= 10**6 else f"{-(-size // 1000)} kB"


_PART_IN_WORDS = {
    "weights": "weights, their gradients and the optimizer's memory",
    "activations": "activations of one step",
    "logits": "logits of one step",
}


def _memory_by_part(
    model: ModelConfig, training: TrainingConfig, vocab_size: int, windows: int | None
) -> dict[str, int]:
    batch = min(training.batch_size, training.micro_batch or training.batch_size)
    batch = batch if windows is None else min(batch, max(windows, 1))
    tokens = batch * model.max_seq_len
    hidden_widths = _HIDDEN_WIDTHS_PER_BLOCK[model.layout]
    per_block = _WIDTHS_PER_BLOCK * model.d_model + hidden_widths * model.d_ff
    # Of the stream there are three more: the embedding, the final norm and its input.
    numbers = tokens * (model.n_layers * per_block + 3 * model.d_model)
    scores = 0
    if model.max_seq_len <= LONGEST_WRITTEN_OUT_ATTENTION:
        scores = (model.n_layers + _EXTRA_SCORES) * tokens * model.n_heads * model.max_seq_len
    return {
        "weights": _COPIES_OF_WEIGHTS * FLOAT_BYTES * parameter_count(model, vocab_size),
        "activations": max(FLOAT_BYTES * numbers, _HALF_BYTES * (numbers + scores)),
        "logits": _COPIES_OF_LOGITS * FLOAT_BYTES * tokens * vocab_size,
    }


def _kernel_available(meminfo: Path) -> int | None:
    try:
        lines = meminfo.read_text(encoding="ascii", errors="replace").splitlines()
    except OSError:  # not Linux
        return None
    for line in lines:
        fields = line.split()
        if len(fields) >= 2 and fields[0] == "MemAvailable:" and fields[1].isdigit():
            return int(fields[1]) * 1024
    return None


def _control_group_rooms(root: Path) -> list[int]:
    """What the limits of this process's control groups leave, from its own group up to the root."""
    try:
        text = (root / "proc" / "self" / "cgroup").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return []
    mount = root / "sys" / "fs" / "cgroup"
    rooms: list[int] = []
    for line in text.splitlines():
        _, controllers, path = [*line.split(":", 2), "", ""][:3]
        if controllers == "":
            base, limit_name, used_name = mount, "memory.max", "memory.current"
        elif "memory" in controllers.split(","):
            base = mount / "memory"
            limit_name, used_name = "memory.limit_in_bytes", "memory.usage_in_bytes"
        else:
            continue
        group = base / path.strip("/")
        for folder in (group, *group.parents):
            limit, used = _number(folder / limit_name), _number(folder / used_name)
            if limit is not None and used is not None:
                rooms.append(max(0, limit - used + _reclaimable(folder / "memory.stat")))
            if folder == base:
                break
    return rooms


def _reclaimable(stat: Path) -> int:
    """Bytes of cached files that the kernel gives back before it runs out of memory."""
    try:
        lines = stat.read_text(encoding="ascii", errors="replace").splitlines()
    except OSError:
        return 0
    figures = dict(line.split(" ", 1) for line in lines if " " in line)
    # The first is the hierarchy's total in version 1; version 2 has only the second.
    text = figures.get("total_inactive_file", figures.get("inactive_file", "0")).strip()
    return int(text) if text.isdigit() else 0


def _number(path: Path) -> int | None:
    """The number in a file of a control group; None for `max`, or without the file."""
    try:
        text = path.read_text(encoding="ascii", errors="replace").strip()
    except OSError:
        return None
    return int(text) if text.isdigit() else None


def _pages(name: str) -> int | None:
    try:
        size = os.sysconf(name) * os.sysconf("SC_PAGE_SIZE")
    except (ValueError, OSError, AttributeError):  # unknown name, or a system without sysconf
        return None
    return size if size > 0 else None
