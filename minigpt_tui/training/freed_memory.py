"""Lets the C library keep the memory that a step frees for the next step.

A training step frees every activation that it has allocated, in blocks of megabytes. By default
glibc gives these back to the kernel at once, which clears and maps them anew, page by page, in the
next step: some ten thousand page faults a step at small sizes, a tenth to a fifth of its time.
"""

from __future__ import annotations

import ctypes
import sys

# The names and numbers of glibc's malloc.h.
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD, _M_ARENA_MAX = -1, -3, -8
_LARGEST_INT = 2**31 - 1
_LARGEST_KEPT_BLOCK = 2**30


def keep_freed_memory() -> bool:
    """For the whole process, from the next allocation on; False where there is no glibc.

    Only the first arena can grow without bound, so that threads must share it: to be called before
    a training thread allocates. What is kept is at most what one step needed at its peak.
    """
    if not sys.platform.startswith("linux"):
        return False
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)  # musl has none
    if mallopt is None:
        return False
    accepted = [
        mallopt(_M_MMAP_THRESHOLD, _LARGEST_KEPT_BLOCK),
        mallopt(_M_TRIM_THRESHOLD, _LARGEST_INT),
        mallopt(_M_ARENA_MAX, 1),
    ]
    return all(accepted)
