"""The bytes of a file, unpacked where it is packed: block by block, and only up to a limit.

A few kilobytes can be made that unpack to as many terabytes. Text shrinks to a fifth or a tenth,
the dullest log to a fiftieth: what grows far beyond that is refused before it fills the disk.
"""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Protocol

from minigpt_tui.regular_file import open_regular
from minigpt_tui.text.cancel import ShouldStop, check_cancelled
from minigpt_tui.text.progress import OnProgress
from minigpt_tui.text.safe import visible

MOST_EXPANSION = 200
SMALL_BYTES = 64 * 2**20
"""What stays below this is let through, however much it has grown."""
_BLOCK_BYTES = 1 << 18


@dataclass
class Expansion:
    """Counts what comes out of a file of `packed` bytes."""

    path: Path
    packed: int
    unpacked: int = 0

    def add(self, n_bytes: int) -> None:
        """Raises ValueError as soon as the file has grown beyond what a text does."""
        self.unpacked += n_bytes
        if self.unpacked > max(SMALL_BYTES, MOST_EXPANSION * self.packed):
            raise ValueError(
                f"{visible(str(self.path))} grows to more than {MOST_EXPANSION} times its size "
                "when it is unpacked, which no ordinary text does: it may be made to fill the "
                "disk. If you trust it, unpack it yourself and name the unpacked file."
            )


class _Readable(Protocol):
    def read(self, size: int, /) -> bytes: ...


def unpacked(
    path: Path, packing: str, should_stop: ShouldStop = None, on_progress: OnProgress = None
) -> Iterator[bytes]:
    """The bytes of a file in blocks; `packing` is `.gz`, `.zst` or empty.

    Raises ValueError that names the file: unreadable, damaged, cut short, a bomb, or packed by
    what this Python cannot unpack; CancelledError when `should_stop` says so.
    """
    shown = visible(str(path))
    try:
        with open_regular(path) as file:
            size = file.seek(0, 2)
            file.seek(0)
            expansion = Expansion(path, size)
            stream = _stream(file, path, packing)
            while block := stream.read(_BLOCK_BYTES):
                check_cancelled(should_stop)
                if packing:
                    expansion.add(len(block))
                yield block
                if on_progress is not None:
                    on_progress(min(1.0, file.tell() / max(1, size)))
    except EOFError as error:
        raise ValueError(f"{shown} is cut short: its end is missing. Fetch it again.") from error
    except zlib.error as error:
        raise ValueError(f"{shown} is damaged and cannot be unpacked: {error}.") from error
    except OSError as error:
        if error.strerror is None:  # of the unpacking, not of the system
            raise ValueError(
                f"{shown} is not what its ending {packing} says, is damaged, or is cut short: "
                f"{visible(str(error))}."
            ) from error
        raise ValueError(f"Cannot read {shown}: {error.strerror}.") from error


def _stream(file: BinaryIO, path: Path, packing: str) -> _Readable:
    if packing == ".gz":
        return gzip.GzipFile(fileobj=file)
    if packing == ".zst":
        return _zstd(file, path)
    return file


def _zstd(file: BinaryIO, path: Path) -> _Readable:
    """Python's own reader from 3.14 on, else pyarrow's."""
    try:
        from compression import zstd
    except ImportError:
        pass
    else:
        return _Zstd(zstd.ZstdFile(file), zstd.ZstdError)
    try:
        import pyarrow
    except ImportError as error:
        raise ValueError(
            f"{visible(str(path))} is packed by zstd, which needs pyarrow before Python 3.14: "
            "pip install 'minigpt-tui[parquet]'."
        ) from error
    return _Zstd(pyarrow.CompressedInputStream(pyarrow.PythonFile(file, "r"), "zstd"), OSError)


class _Zstd:
    """Reads like the others, and says of damage what they say."""

    def __init__(self, stream: _Readable, damage: type[Exception]) -> None:
        self._stream = stream
        self._damage = damage

    def read(self, size: int, /) -> bytes:
        try:
            return self._stream.read(size)
        except self._damage as error:
            raise OSError(str(error)) from error
