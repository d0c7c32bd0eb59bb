"""Packed files come out as they went in, and those made to fill a disk are refused."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from minigpt_tui.text import unpacking
from minigpt_tui.text.cancel import CancelledError
from minigpt_tui.text.unpacking import unpacked

RAW = b"It was the best of times,\n" * 50_000


@pytest.fixture
def packed(tmp_path: Path) -> Path:
    path = tmp_path / "times.txt.gz"
    path.write_bytes(gzip.compress(RAW[:1000]) + gzip.compress(RAW[1000:]))
    return path


def test_gzip_comes_out_whole_and_in_blocks(packed: Path) -> None:
    shares: list[float] = []
    blocks = list(unpacked(packed, ".gz", on_progress=shares.append))
    assert b"".join(blocks) == RAW
    assert max(map(len, blocks)) <= 1 << 18
    assert shares == sorted(shares)
    assert shares[-1] == 1.0


def test_a_bomb_is_refused_before_it_fills_anything(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bomb = tmp_path / "bomb.gz"
    bomb.write_bytes(gzip.compress(bytes(20_000_000)))
    monkeypatch.setattr(unpacking, "SMALL_BYTES", 1_000_000)
    came_out: list[int] = []
    with pytest.raises(ValueError, match=r"bomb\.gz grows to more than 200 times its size"):
        came_out.extend(map(len, unpacked(bomb, ".gz")))
    assert sum(came_out) < 201 * bomb.stat().st_size < 20_000_000


def test_the_dullest_small_file_is_no_bomb(tmp_path: Path) -> None:
    path = tmp_path / "dull.txt.gz"
    path.write_bytes(gzip.compress(b"a" * 10_000_000))
    assert sum(map(len, unpacked(path, ".gz"))) == 10_000_000


@pytest.mark.parametrize(
    ("damage", "sentence"),
    [
        (lambda raw: raw[:-20], "times.txt.gz is cut short"),
        (lambda raw: b"plain words", "is not what its ending .gz says"),
        (lambda raw: raw[:3000] + bytes(200) + raw[3200:], "damaged"),
    ],
)
def test_damage_is_named(packed: Path, damage: object, sentence: str) -> None:
    assert callable(damage)
    packed.write_bytes(damage(packed.read_bytes()))
    with pytest.raises(ValueError, match=sentence):
        list(unpacked(packed, ".gz"))


def test_it_can_be_called_off(packed: Path) -> None:
    with pytest.raises(CancelledError):
        list(unpacked(packed, ".gz", should_stop=lambda: True))


@pytest.mark.peer
def test_zstd_comes_out_whole_and_damage_is_named(tmp_path: Path) -> None:
    import pyarrow

    path = tmp_path / "times.txt.zst"
    codec = pyarrow.Codec("zstd")
    raw = b"".join(codec.compress(part, asbytes=True) for part in (RAW[:1000], RAW[1000:]))
    path.write_bytes(raw)
    assert b"".join(unpacked(path, ".zst")) == RAW
    path.write_bytes(raw[:-20])
    with pytest.raises(ValueError, match="cut short"):
        list(unpacked(path, ".zst"))
    path.write_bytes(b"plain words")
    with pytest.raises(ValueError, match=r"is not what its ending \.zst says"):
        list(unpacked(path, ".zst"))
