"""Where the arithmetic happens, and with how many threads."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

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


@contextmanager
def without_denormals() -> Iterator[None]:
    """Computes with denormal numbers as zero in this thread: they are a hundred times slower."""
    torch.set_flush_denormal(True)
    try:
        yield
    finally:
        torch.set_flush_denormal(False)
