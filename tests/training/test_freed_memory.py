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

kept = keep_freed_memory()
thread = threading.Thread(target=work)
thread.start()
thread.join()
print(kept)
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="glibc alone can be told")
def test_freed_memory_is_used_again():
    program = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True)
    faults, kept = program.stdout.split()
    if kept == "False":
        pytest.skip("this C library cannot be told")
    # Twenty steps of eight blocks; without the setting they cost thousands.
    assert int(faults) < 1_000
