"""Token files: right, read-only, cached, and built again whenever anything is wrong with them."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from minigpt_tui.config import DataConfig
from minigpt_tui.text import token_file as module
from minigpt_tui.text.cancel import CancelledError
from minigpt_tui.text.char import CharTokenizer
from minigpt_tui.text.token_file import token_file
from minigpt_tui.text.tokenizers import EOT_ID, Tokenizer, build_tokenizer

TEXTS = ["It was the best of times,\n", "it was – the worst of times. " * 30]


@pytest.fixture(params=["char", "word", "bpe"])
def tokenizer(request: pytest.FixtureRequest) -> Tokenizer:
    return build_tokenizer(TEXTS, DataConfig(level=request.param))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "cache"


def test_each_document_follows_an_eot(tokenizer: Tokenizer, folder: Path) -> None:
    found = token_file(TEXTS, tokenizer, folder)
    expected = [EOT_ID, *tokenizer.encode(TEXTS[0]), EOT_ID, *tokenizer.encode(TEXTS[1])]
    assert found.ids.tolist() == expected
    assert found.tokens == len(expected)
    assert found.characters == sum(map(len, TEXTS))
    assert found.bytes == sum(len(text.encode()) for text in TEXTS)
    assert (found.unknown_tokens, found.unknown_bytes) == (0, 0)


def test_long_texts_are_encoded_in_pieces_that_join(
    tokenizer: Tokenizer, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = token_file(TEXTS, tokenizer, folder / "whole")
    monkeypatch.setattr(module, "_PIECE_CHARACTERS", 7)
    assert token_file(TEXTS, tokenizer, folder / "pieces").digest == whole.digest


def test_unknown_tokens_and_their_bytes_are_counted(folder: Path) -> None:
    chars = build_tokenizer(["abc"], DataConfig(level="char"))
    found = token_file(["a–c", "🙂b"], chars, folder)
    assert (found.unknown_tokens, found.unknown_bytes) == (2, 7)
    words = build_tokenizer(["one two"], DataConfig(level="word"))
    found = token_file(["one größe two"], words, folder)
    assert (found.unknown_tokens, found.unknown_bytes) == (1, len(" größe".encode()))


def test_ids_cannot_be_written(tokenizer: Tokenizer, folder: Path) -> None:
    ids = token_file(TEXTS, tokenizer, folder).ids
    assert isinstance(ids, np.memmap)
    assert ids.dtype == np.uint16
    with pytest.raises(ValueError, match="read-only"):
        ids[0] = 5


def test_a_large_vocabulary_takes_wider_ids(folder: Path) -> None:
    everything = [chr(code) for code in range(0x100, 0x20000) if not 0xD800 <= code < 0xE000]
    tokenizer = CharTokenizer(everything)
    found = token_file([everything[-1]], tokenizer, folder)
    assert found.ids.dtype == np.uint32
    assert found.ids.tolist() == [EOT_ID, tokenizer.vocab_size - 1]


def test_the_second_time_it_is_only_opened(tokenizer: Tokenizer, folder: Path) -> None:
    first = token_file(TEXTS, tokenizer, folder)
    [file] = folder.iterdir()
    built = file.stat()
    second = token_file(TEXTS, tokenizer, folder)
    assert (file.stat().st_ino, file.stat().st_mtime_ns) == (built.st_ino, built.st_mtime_ns)
    assert second.digest == first.digest
    assert second.ids.tolist() == first.ids.tolist()


def test_other_texts_and_tokenizers_get_files_of_their_own(folder: Path) -> None:
    one = build_tokenizer(TEXTS, DataConfig(level="char"))
    other = build_tokenizer(TEXTS, DataConfig(level="char", vocab_size=9))
    for texts, tokenizer in (
        (TEXTS, one),
        (TEXTS, other),
        (TEXTS[:1], one),
        (["".join(TEXTS)], one),
    ):
        token_file(texts, tokenizer, folder)
    assert len(list(folder.iterdir())) == 4


DAMAGE: dict[str, Callable[[bytes], bytes]] = {
    "empty": lambda raw: b"",
    "torn": lambda raw: raw[:-1],
    "torn in the header": lambda raw: raw[:100],
    "longer": lambda raw: raw + b"\0\0",
    "flipped id": lambda raw: raw[:-2] + bytes([raw[-2] ^ 1]) + raw[-1:],
    "flipped magic": lambda raw: b"M" + raw[1:],
    "no header": lambda raw: raw[:21].ljust(4096) + raw[4096:],
    "header is a list": lambda raw: (raw[:21] + b"[1]").ljust(4096) + raw[4096:],
    "other text": lambda raw: raw.replace(b'"content": "', b'"content": "0', 1),
    "negative count": lambda raw: raw.replace(b'"unknown_bytes": 0', b'"unknown_bytes":-1'),
    "another count": lambda raw: raw.replace(b'"characters": 8', b'"characters": 9'),
    "other type": lambda raw: raw.replace(b"<u2", b"<O8"),
    "random": lambda raw: os.urandom(len(raw)),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_file_is_built_again(damage: str, folder: Path) -> None:
    tokenizer = build_tokenizer(TEXTS, DataConfig(level="char"))
    before = token_file(TEXTS, tokenizer, folder)
    expected, digest = before.ids.tolist(), before.digest
    [file] = folder.iterdir()
    raw = file.read_bytes()
    damaged = DAMAGE[damage](raw)
    assert damaged != raw
    file.unlink()
    file.write_bytes(damaged)
    after = token_file(TEXTS, tokenizer, folder)
    assert (after.ids.tolist(), after.digest) == (expected, digest)
    assert file.read_bytes() == raw


def test_calling_it_off_leaves_nothing(
    tokenizer: Tokenizer, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_PIECE_CHARACTERS", 100)
    folder.mkdir()
    for questions in range(8):
        asked = iter(range(1000))
        with pytest.raises(CancelledError):
            token_file(
                TEXTS, tokenizer, folder, lambda last=questions, asked=asked: next(asked) >= last
            )
        assert list(folder.iterdir()) == []


def test_what_is_done_is_reported(
    tokenizer: Tokenizer, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_PIECE_CHARACTERS", 100)
    shares: list[float] = []
    token_file(TEXTS, tokenizer, folder, on_progress=shares.append)
    assert shares == sorted(shares)
    assert (shares[0], shares[-1]) == (0, 1)
    assert len(set(shares)) > 4


def test_a_full_disk_is_said_and_leaves_nothing(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    tokenizer = build_tokenizer(TEXTS, DataConfig(level="char"))
    with pytest.raises(ValueError, match=r"No space left.*--data-dir"):
        token_file(TEXTS, tokenizer, folder)
    assert list(folder.iterdir()) == []


def test_a_folder_that_cannot_be_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    tokenizer = build_tokenizer(TEXTS, DataConfig(level="char"))
    with pytest.raises(ValueError, match="Cannot write the token file"):
        token_file(TEXTS, tokenizer, tmp_path / "file")


def test_no_texts_are_no_tokens(folder: Path) -> None:
    tokenizer = build_tokenizer(TEXTS, DataConfig(level="char"))
    for _ in range(2):
        found = token_file([], tokenizer, folder)
        assert (found.tokens, found.characters, len(found.ids)) == (0, 0, 0)
