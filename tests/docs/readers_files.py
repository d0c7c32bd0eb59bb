"""What the reader of a page has before its first command: files such as the page is about."""

from __future__ import annotations

import csv
import gzip
import json
from collections.abc import Callable

from tests.docs.blocks import ROOT
from tests.docs.reader import Reader

_STORIES = ROOT / "sample_data" / "stories.txt"


def prepare(reader: Reader, page: str) -> None:
    """Puts into the reader's folder what the page takes for granted."""
    if page in _FILES:
        _FILES[page](reader)


def _readme(reader: Reader) -> None:
    """A run, one of its files, and a model of nanoGPT with the text that it learned."""
    reader.types("minigpt-tui train --preset tiny --steps 5 --run my-run")
    reader.types('cp "$MINIGPT_TUI_HOME/runs/my-run/best_model.pt" .')
    _nanogpt(reader)


def _own_texts(reader: Reader) -> None:
    """A text of one's own, several of them, and records of two kinds."""
    story = _STORIES.read_text(encoding="utf-8")
    (reader.folder / "my-text.txt").write_text(story, encoding="utf-8")
    books, data = reader.folder / "books", reader.folder / "data"
    books.mkdir()
    data.mkdir()
    for name, text in (("one.txt", story[:20_000]), ("two.txt", story[20_000:40_000])):
        (books / name).write_text(text, encoding="utf-8")
    tales = story[:30_000].splitlines()
    lines = "".join(json.dumps({"story": one}) + "\n" for one in tales)
    (data / "tales.jsonl.gz").write_bytes(gzip.compress(lines.encode()))
    with (reader.folder / "reviews.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([("stars", "body"), *((5, one) for one in tales)])


def _models_of_others(reader: Reader) -> None:
    """A folder that transformers itself has saved, and a model of nanoGPT."""
    reader.types("minigpt-tui train --preset tiny --steps 5 --run seed")
    reader.types("minigpt-tui export seed --to hf --out once")
    reader.runs_python(
        "from transformers import AutoModelForCausalLM, AutoTokenizer\n"
        "for one in (AutoModelForCausalLM, AutoTokenizer):\n"
        "    one.from_pretrained('once').save_pretrained('theirs')\n"
    )
    _nanogpt(reader)


def _nanogpt(reader: Reader) -> None:
    from tests.interop import models, nanogpt_reference  # they bring torch

    (reader.folder / "input.txt").write_text(models.TEXT, encoding="utf-8")
    nanogpt_reference.write(reader.folder / "ckpt.pt", len(set(models.TEXT)))


_FILES: dict[str, Callable[[Reader], None]] = {
    "README.md": _readme,
    "docs/how-to/own-corpus.md": _own_texts,
    "docs/how-to/import.md": _models_of_others,
}
