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

def work():
    for _ in range(3):
        parts = [torch.ones(1_000_000) for _ in range(8)]
    before = faults()
    for _ in range(20):
        parts = [torch.ones(1_000_000) for _ in range(8)]
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
    # 20 rounds of 8 blocks of 1,000 pages, most of which would be mapped anew.
    assert int(faults) < 20_000
