"""A training that repeats its allocations gets the same memory again, also in a worker thread."""

from __future__ import annotations

import subprocess
import sys

import pytest

PROGRAM = """
import resource, sys, threading
import torch
from minigpt_tui.training.freed_memory import keep_freed_memory

def faults():
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt

def step():
    parts = [torch.ones(1_000_000 + 100_000 * size) for size in range(8)]

def work():
    for _ in range(5):
        step()
    before = faults()
    for _ in range(20):
        step()
    print(faults() - before)

kept = sys.argv[1] == "keep" and keep_freed_memory()
thread = threading.Thread(target=work)
thread.start()
thread.join()
print(kept)
"""


def page_faults(mode: str) -> tuple[int, bool]:
    """Page faults of twenty steps, and whether the C library took the setting."""
    command = [sys.executable, "-c", PROGRAM, mode]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    faults, kept = done.stdout.split()
    return int(faults), kept == "True"


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="glibc alone can be told")
def test_freed_memory_is_used_again():
    with_it, kept = page_faults("keep")
    if not kept:
        pytest.skip("this C library cannot be told")
    without_it, _ = page_faults("default")
    assert with_it < without_it / 2
