"""The compressors against the definition, and the bound that keeps them quick."""

from __future__ import annotations

import dataclasses
import lzma
import math
import random
import sys
import zlib
from pathlib import Path

import pytest

from minigpt_tui.text.cancel import CancelledError
from minigpt_tui.text.compression import compression, nats_per_token
from minigpt_tui.text.file_text import open_text

LETTERS = "".join(random.Random(1).choices("ab cdé\n", k=40_000))


def xz(text: str) -> int:
    return len(lzma.compress(text.encode(), format=lzma.FORMAT_ALONE))


def test_it_is_what_the_validation_text_adds_to_the_compressed_size() -> None:
    train, val = LETTERS[:30_000], LETTERS[30_000:]
    found = compression([train], [val])
    n_bytes = len(val.encode())
    deflated = len(zlib.compress((train + val).encode(), 9)) - len(zlib.compress(train.encode(), 9))
    assert found.zlib == pytest.approx(8 * deflated / n_bytes)
    assert found.lzma == pytest.approx(8 * (xz(train + val) - xz(train)) / n_bytes)
    assert found.bytes_used is None


def test_letters_by_chance_cost_about_their_entropy() -> None:
    found = compression([LETTERS[:30_000]], [LETTERS[30_000:]])
    a_byte = math.log2(7) * 7 / 8  # seven letters, of which one has two bytes
    assert found.lzma is not None
    assert a_byte < found.lzma < 1.25 * a_byte
    assert a_byte < found.zlib < 1.25 * a_byte


def test_what_was_read_before_is_cheap_but_zlib_remembers_its_window_alone() -> None:
    secret = LETTERS[:2000]
    nearby = compression([LETTERS], [LETTERS[-2000:]])
    assert nearby.lzma is not None
    assert max(nearby.zlib, nearby.lzma) < 0.2
    far_away = compression([secret + LETTERS[2000:]], [secret])
    assert far_away.lzma is not None
    assert far_away.lzma < 0.2
    assert far_away.zlib > 2


def test_documents_and_files_are_one_text(tmp_path: Path) -> None:
    path = tmp_path / "letters.txt"
    path.write_text(LETTERS, encoding="utf-8", newline="")
    text = open_text(path, "utf-8")
    whole = compression([LETTERS[:30_000]], [LETTERS[30_000:]])
    parts = compression(
        [LETTERS[:10], text[10:10], text[10:30_000]], [text[30_000:35_000], LETTERS[35_000:]]
    )
    assert parts == whole


@pytest.mark.parametrize("documents", [1, 7])
def test_long_texts_are_bounded_at_the_border_of_the_parts(documents: int) -> None:
    train = [LETTERS[:30_000][i::documents] for i in range(documents)]
    val = [LETTERS[30_000:][i::documents] for i in range(documents)]
    bounded = compression(train, val, max_train_bytes=9_999, max_val_bytes=1_001)
    near_train = "".join(train).encode()[-9_999:].decode("latin-1")
    near_val = "".join(val).encode()[:1_001].decode("latin-1")
    near = len(zlib.compress((near_train + near_val).encode("latin-1"), 9))
    alone = len(zlib.compress(near_train.encode("latin-1"), 9))
    assert bounded.zlib == pytest.approx(8 * (near - alone) / 1_001)
    assert bounded.bytes_used == 9_999


def test_a_cut_in_either_part_is_told() -> None:
    whole = compression(["abcé"], ["abc"], max_train_bytes=5, max_val_bytes=3)
    assert whole.bytes_used is None
    assert compression(["abcé"], ["abc"], max_train_bytes=4).bytes_used == 4
    assert compression(["abcé"], ["abc"], max_val_bytes=2).bytes_used == 5


def test_a_python_without_lzma_has_one_line_less(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    whole = compression([LETTERS], ["abc"])
    monkeypatch.setitem(sys.modules, "lzma", None)
    assert compression([LETTERS], ["abc"]) == dataclasses.replace(whole, lzma=None)
    assert "lzma" in caplog.text


def test_bits_a_byte_as_a_loss() -> None:
    # A model that is sure of half of 8 equally likely tokens of 3 bytes: ln 8 / 2 nats a token.
    assert nats_per_token(0.5, n_bytes=30, n_targets=10) == pytest.approx(math.log(8) / 2)


def test_it_can_be_called_off_between_two_pieces() -> None:
    answers = iter([False, False, True])
    with pytest.raises(CancelledError):
        compression([LETTERS * 10], ["a"], should_stop=lambda: next(answers))


def test_no_validation_text_is_refused() -> None:
    with pytest.raises(ValueError, match="no validation text"):
        compression(["abc"], [])
