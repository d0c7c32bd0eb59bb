"""Where the arithmetic happens, and with how many threads."""

from __future__ import annotations

import torch


def resolve_device(wanted: str) -> torch.device:
    """The device for `auto`, `cpu`, `cuda` or `mps`; ValueError when this machine has none such."""
    has_cuda = torch.cuda.is_available()
    has_mps = torch.backends.mps.is_available()
    if wanted == "auto":
        return torch.device("cuda" if has_cuda else "mps" if has_mps else "cpu")
    if (wanted == "cuda" and not has_cuda) or (wanted == "mps" and not has_mps):
        raise ValueError(
            f"device {wanted} is not available here. Use auto or cpu"
            + (", or install a build of torch that supports it." if wanted == "cuda" else ".")
        )
    return torch.device(wanted)


def use_threads(wanted: int | None) -> int:
    """Sets the processor threads of the arithmetic in this thread and returns their number.

    The number is part of a run: another one changes the last bits of every sum.
    """
    torch.set_num_threads(wanted or torch.get_num_threads())
    torch.set_flush_denormal(True)  # denormal numbers are a hundred times slower and mean zero
    return torch.get_num_threads()
