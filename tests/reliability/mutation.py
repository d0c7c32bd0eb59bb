"""Documents with a few bytes changed, left out or put in, or with their end torn off."""

from __future__ import annotations

from hypothesis import strategies as st


def mutated(raw: bytes) -> st.SearchStrategy[bytes]:
    """The document with up to four such changes."""
    edit = st.tuples(st.integers(0, len(raw)), st.integers(0, 4), st.binary(max_size=4))

    def changed(one: tuple[list[tuple[int, int, bytes]], int | None]) -> bytes:
        edits, end = one
        found = raw
        for at, gone, new in edits:
            found = found[:at] + new + found[at + gone :]
        return found[:end]

    ends = st.none() | st.integers(0, len(raw))
    return st.tuples(st.lists(edit, max_size=4), ends).map(changed)
