"""What a training frees stays with the process, so that its next step need not ask for it again."""

from __future__ import annotations

import subprocess
import sys

import pytest

PROGRAM = """
import sys, threading
import torch
from minigpt_tui.training.freed_memory import keep_freed_memory

def resident_megabytes():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * 4096 // 2**20

def work():
    before = resident_megabytes()
    block = torch.ones(25_000_000)  # 100 MB
    del block
    print(resident_megabytes() - before)

print(sys.argv[1] == "keep" and keep_freed_memory())
thread = threading.Thread(target=work)
thread.start()
thread.join()
"""


def kept_megabytes(mode: str) -> tuple[bool, int]:
    """Whether the C library took the setting, and what a thread keeps of a freed block."""
    command = [sys.executable, "-c", PROGRAM, mode]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    taken, kept = done.stdout.split()
    return taken == "True", int(kept)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="glibc alone can be told")
def test_a_freed_block_stays_with_the_process():
    taken, kept = kept_megabytes("keep")
    if not taken:
        pytest.skip("this C library cannot be told")
    assert kept > 80
    assert kept_megabytes("default")[1] < 20
