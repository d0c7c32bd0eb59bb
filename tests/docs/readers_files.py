"""What the reader of a page has before its first command: files such as the page is about."""

from __future__ import annotations

from collections.abc import Callable

from tests.docs.reader import Reader


def prepare(reader: Reader, page: str) -> None:
    """Puts into the reader's folder what the page takes for granted."""
    if page in _FILES:
        _FILES[page](reader)


def _readme(reader: Reader) -> None:
    """A run, one of its files, and a model of nanoGPT with the text that it learned."""
    reader.types("minigpt-tui train --preset tiny --steps 5 --run my-run")
    reader.types('cp "$MINIGPT_TUI_HOME/runs/my-run/best_model.pt" .')
    _nanogpt(reader)


def _nanogpt(reader: Reader) -> None:
    from tests.interop import models, nanogpt_reference  # they bring torch

    (reader.folder / "input.txt").write_text(models.TEXT, encoding="utf-8")
    nanogpt_reference.write(reader.folder / "ckpt.pt", len(set(models.TEXT)))


_FILES: dict[str, Callable[[Reader], None]] = {"README.md": _readme}
