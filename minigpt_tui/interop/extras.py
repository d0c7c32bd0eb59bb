"""Says which extra to install where an optional package is missing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def needs_extra(extra: str, doing: str) -> Iterator[None]:
    """Around the imports of optional packages.

    Raises ValueError that names the missing package and how to get it.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        raise ValueError(
            f"{doing} needs {error.name}, which is not installed: "
            f'pip install "minigpt-tui[{extra}]".'
        ) from error
