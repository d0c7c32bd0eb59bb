"""A corpus that is left in its files gives what the same corpus gives in memory."""

from __future__ import annotations

import gzip
import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minigpt_tui.config import DataConfig
from minigpt_tui.paths import DataFolder, sample_data_folder
from minigpt_tui.text import corpus as corpus_module
from minigpt_tui.text import file_text, pieces, token_file
from minigpt_tui.text.corpus import Corpus, read_corpus, split
from minigpt_tui.text.file_text import chunks
from minigpt_tui.text.statistics import text_statistics, token_statistics
from minigpt_tui.text.tokenizers import build_tokenizer
from tests.text.strategies import texts

LEVELS = ["char", "word", "bpe"]
FEW_CONTROLS = "plain words " * 30  # so that none of the texts looks binary
documents = st.lists(
    st.tuples(
        st.one_of(texts, st.text("ab ,'\n\r\t日🙂", max_size=60)),
        st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-32"]),
    ),
    min_size=1,
    max_size=3,
)


def everything(corpus: Corpus, level: str, fraction: float, folder: Path) -> list[object]:
    config = DataConfig(level=level, vocab_size=300)
    parts = split(corpus, fraction)
    tokenizer = build_tokenizer(parts[0], config)
    found: list[object] = [corpus.digest, corpus.characters, tokenizer.to_json()]
    for part in parts:
        tokens = token_file.token_file(part, tokenizer, folder)
        found += [["".join(chunks(text)) for text in part], tokens.ids.tolist()]
        found += [tokens.digest, tokens.characters, tokens.bytes, tokens.unknown_bytes]
        found += [text_statistics(part), token_statistics(part, tokenizer)]
    return found


@pytest.mark.parametrize("level", LEVELS)
@given(
    documents=documents,
    fraction=st.floats(0, 0.9),
    block=st.integers(1, 40),
    size=st.integers(1, 40),
)
@settings(deadline=None, max_examples=25)
def test_reading_in_pieces_changes_nothing(
    level: str, documents: list[tuple[str, str]], fraction: float, block: int, size: int
) -> None:
    with tempfile.TemporaryDirectory() as name, pytest.MonkeyPatch.context() as patch:
        folder = Path(name)
        for i, (text, encoding) in enumerate(documents):
            raw = (FEW_CONTROLS + text.replace("\0", "")).encode(encoding)
            (folder / f"{i}.txt").write_bytes(raw)
        data = DataFolder(folder / "data")
        in_memory = read_corpus([name], data)
        assert in_memory.in_memory
        whole = everything(in_memory, level, fraction, folder / "whole")
        patch.setattr(corpus_module, "_KEPT_BYTES", 0)
        patch.setattr(file_text, "_BLOCK_BYTES", block)
        patch.setattr(token_file, "_PIECE_CHARACTERS", size)
        streamed = read_corpus([name], data)
        assert not streamed.in_memory
        assert everything(streamed, level, fraction, folder / "streamed") == whole


@pytest.mark.parametrize("level", LEVELS)
def test_a_text_without_any_space_cannot_fill_the_memory(
    level: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is cut where it has to be; the text stays the same, and so do most tokens."""
    monkeypatch.setattr(corpus_module, "_KEPT_BYTES", 0)
    monkeypatch.setattr(file_text, "_BLOCK_BYTES", 1000)
    file = tmp_path / "text.txt"
    file.write_text("the、best。" * 2000 + "\n", encoding="utf-8")
    corpus = read_corpus([str(file)], DataFolder(tmp_path))
    longest = [len(piece) for piece in pieces.pieces(corpus.texts[0], 100, longest=500)]
    assert max(longest) == 500
    tokenizer = build_tokenizer(corpus.texts, DataConfig(level=level, vocab_size=300))
    ids = token_file.token_file(corpus.texts, tokenizer, tmp_path / "tokens").ids
    assert tokenizer.decode(np.array(ids[1:])) == file.read_text(encoding="utf-8")


MEASURED = """
import re, sys, threading, time
from pathlib import Path
from minigpt_tui.config import DataConfig
from minigpt_tui.paths import DataFolder
from minigpt_tui.text import corpus as module
from minigpt_tui.text.corpus import read_corpus, split
from minigpt_tui.text.token_file import token_file
from minigpt_tui.text.tokenizers import build_tokenizer

def anonymous():
    return int(re.search(r"RssAnon:\\s+(\\d+) kB", Path("/proc/self/status").read_text())[1]) / 1024

def watch():
    while True:
        peak[0] = max(peak[0], anonymous())
        time.sleep(0.005)

level, path = sys.argv[1], Path(sys.argv[2])
module._KEPT_BYTES = 0
build_tokenizer(["a b"], DataConfig(level=level))  # what it imports does not count
before = anonymous()
peak = [before]
threading.Thread(target=watch, daemon=True).start()
corpus = read_corpus([str(path)], DataFolder(path.parent))
parts = split(corpus, 0.1)
tokenizer = build_tokenizer(parts[0], DataConfig(level=level))
for part in parts:
    token_file(part, tokenizer, path.parent / "tokens")
corpus.digest
print(peak[0] - before)
"""


tells_its_memory = pytest.mark.skipif(
    not Path("/proc/self/status").exists()
    or "RssAnon" not in Path("/proc/self/status").read_text(),
    reason="this system does not tell how much anonymous memory a process has",
)


def megabytes_taken(level: str, path: Path) -> float:
    """What reading, splitting and tokenizing a file takes at most, in a process of its own."""
    command = [sys.executable, "-c", MEASURED, level, str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert re.fullmatch(r"[\d.]+\n", done.stdout)
    return float(done.stdout)


@tells_its_memory
@pytest.mark.parametrize(("level", "megabytes"), [("char", 60), ("word", 12), ("bpe", 5)])
def test_the_memory_does_not_grow_with_the_text(level: str, megabytes: int, tmp_path: Path) -> None:
    stories = (sample_data_folder() / "stories.txt").read_bytes()
    file = tmp_path / "text.txt"
    file.write_bytes(stories * (megabytes * 10**6 // len(stories)))
    # The text of characters alone would take 60, its ids 240.
    assert megabytes_taken(level, file) < 120


@pytest.mark.peer
@tells_its_memory
@pytest.mark.parametrize("name", ["text.jsonl.gz", "text.csv.zst", "text.parquet"])
def test_the_memory_does_not_grow_with_packed_records(name: str, tmp_path: Path) -> None:
    stories = (sample_data_folder() / "stories.txt").read_text(encoding="utf-8")
    write_records(tmp_path / name, stories, 30 * 10**6 // len(stories))
    assert megabytes_taken("char", tmp_path / name) < 90  # the ids alone would take 120


def write_records(path: Path, text: str, count: int) -> None:
    """A text so often, each time as a record of its own."""
    import pyarrow
    from pyarrow import parquet

    if path.name.endswith(".jsonl.gz"):
        with gzip.open(path, "wt", compresslevel=1) as file:
            for _ in range(count):
                file.write(json.dumps({"text": text}) + "\n")
    elif path.name.endswith(".csv.zst"):
        # Blocks by themselves: one window over them all would look like a bomb.
        codec, quoted = pyarrow.Codec("zstd"), text.replace('"', '""')
        rows = [b"text\n", *[f'"{quoted}"\n'.encode()] * count]
        path.write_bytes(b"".join(codec.compress(row, asbytes=True) for row in rows))
    else:
        schema = pyarrow.schema([("text", pyarrow.string())])
        with parquet.ParquetWriter(path, schema, use_dictionary=False) as writer:
            for _ in range(count):
                writer.write_table(pyarrow.table({"text": [text]}))
