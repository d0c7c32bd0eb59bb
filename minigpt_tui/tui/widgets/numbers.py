"""Numbers as people read them: durations, counts, sizes."""

from __future__ import annotations

import math


def duration(seconds: float) -> str:
    """`0:07`, `12:30`, `3:05:00`, `2 d 04 h`; `–` when it is not known."""
    if not math.isfinite(seconds) or seconds < 0:
        return "–"
    whole = round(seconds)
    if whole >= 172_800:
        return f"{whole // 86_400} d {whole % 86_400 // 3600:02d} h"
    hours, minutes, rest = whole // 3600, whole % 3600 // 60, whole % 60
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


def short_count(number: float) -> str:
    """`812`, `3.16 M`, `45.2 k`, `1.2 G`: three digits that fit a narrow column."""
    for limit, unit in ((1e9, " G"), (1e6, " M"), (1e4, " k")):
        if abs(number) >= limit:
            scaled = number / (1e3 if unit == " k" else limit)
            return f"{scaled:.3g}{unit}" if scaled < 1000 else f"{scaled:.0f}{unit}"
    return f"{number:,.0f}"


def size(n_bytes: float) -> str:
    """Bytes in the largest unit that leaves a number of at least one."""
    for unit in ("bytes", "kB", "MB", "GB"):
        if n_bytes < 1000 or unit == "GB":
            return f"{n_bytes:.0f} {unit}" if unit == "bytes" else f"{n_bytes:.3g} {unit}"
        n_bytes /= 1000
    raise AssertionError("the last unit always fits")
