"""One thread: the models here are too small for two."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import torch


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(autouse=True)
def _default_generator_untouched() -> Iterator[None]:
    """Torch's default generator belongs to the training; a test that draws from it restores it."""
    with torch.random.fork_rng(devices=[]):
        yield
