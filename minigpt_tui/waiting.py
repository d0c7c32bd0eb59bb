"""How the threads of torch and numpy wait for one another: set before either is imported.

Between two small operations OpenMP's threads may spin, which answers at once and takes the core
from whoever else wants it, or sleep. On two cores of an idle machine a training step with bounded
spinning took 0.6 to 0.9 of its time with sleeping; beside a second training 3.6 times as long.
"""

from __future__ import annotations

import os
from collections.abc import MutableMapping
from pathlib import Path

SPINS = "10000"
"""Some tens of microseconds: longer than the gap between two operations, shorter than a time
slice. The library's own 300,000 gain a twentieth more, and starve a second process by far."""
BUSY_SHARE = 0.5
"""Of the cores: so many others at work at this moment leave none to spin on."""


def choose_waiting(environment: MutableMapping[str, str] = os.environ) -> None:
    """Settles how threads wait in this process, unless the user has."""
    # Numpy computes one token at a time; its threads only get in the way: with two of them some of
    # a model's answers took 0.3 s instead of 0.01 where the cores were busy.
    environment.setdefault("OPENBLAS_NUM_THREADS", "1")
    if "OMP_WAIT_POLICY" in environment or "GOMP_SPINCOUNT" in environment:
        return
    if machine_is_busy():
        environment["OMP_WAIT_POLICY"] = "PASSIVE"
    else:
        environment["GOMP_SPINCOUNT"] = SPINS


def machine_is_busy() -> bool:
    """Whether other processes want a good part of the processor now, where the system tells.

    Linux does, and alone uses the library that reads these settings. Its load averages would not
    do: they still count a training that has just ended.
    """
    try:
        running = int(Path("/proc/loadavg").read_text().split()[3].split("/")[0])
    except OSError:
        return False
    return running - 1 > BUSY_SHARE * (os.cpu_count() or 1)
