"""The numbers of a run, one fixed-width record a step: appended, and mapped into memory to read.

A file is a header (magic, length, the record's fields as JSON, padded) and records without gaps.
What a killed process left of a record shows by the file's size, and is not read.
"""

from __future__ import annotations

import contextlib
import errno
import io
import json
import os
import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from minigpt_tui.regular_file import open_regular
from minigpt_tui.runs.atomic import write_atomic
from minigpt_tui.text.safe import visible

METRIC = np.dtype(
    [
        ("step", "<i8"),  # optimizer steps done
        ("epoch", "<f8"),  # epochs done, with the fraction
        ("loss", "<f4"),  # mean of the step's batch, nats a token
        ("lr", "<f4"),
        ("grad_norm", "<f4"),  # before clipping
        ("tokens", "<f4"),  # targets in the step
        ("seconds", "<f8"),  # of training since its start, pauses left out
    ]
)
EVALUATION = np.dtype(
    [
        ("step", "<i8"),
        ("epoch", "<i8"),
        ("val_loss", "<f8"),  # nats a token
        ("bits_per_char", "<f8"),
        ("bits_per_byte", "<f8"),
        ("best", "<i8"),  # 1 if it was the best so far
    ]
)
_MAGIC = b"MGPTREC\x01"
_ALIGNMENT = 64
_MAX_HEADER = 64 * 1024
_SUMMED_ROWS = 1 << 18
_SUMMED_BYTES = 1 << 24

Records = npt.NDArray[np.void]


class RecordWriter:
    """Appends records to a file that it owns.

    Every record goes to the system at once, so that a reader sees it and a killed process loses
    none; `flush` waits until the disk has them.

    Raises ValueError if the file holds other records, OSError if it cannot be written.
    """

    def __init__(self, path: Path, dtype: np.dtype[np.void]) -> None:
        self.path = path
        self.dtype = dtype
        self._header = _header(dtype)
        self._record = np.zeros(1, dtype)
        self._checksum = 0
        if _records_in(path, self._header, dtype) is None:
            write_atomic(path, self._header)
        self._open()

    def append(self, **values: float) -> None:
        """Add one record; every field must be given. NaN and infinite figures are kept as such."""
        assert values.keys() == set(self.dtype.names or ()), sorted(values)
        with np.errstate(over="ignore"):  # a loss beyond fp32 is infinite, and worth seeing
            for name, value in values.items():
                self._record[name] = value
        raw = self._record.tobytes()
        if self._file.closed:
            self._reopen()
        try:
            if self._file.write(raw) != len(raw):  # the disk filled up in the middle of the record
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(self.path))
        except OSError:
            # Of a disk that was taken out and is back, only a newly opened file can be written.
            with contextlib.suppress(OSError):
                self._file.close()
            raise
        self._size += self.dtype.itemsize
        self._checksum = zlib.crc32(raw, self._checksum)

    @property
    def rows(self) -> int:
        return (self._size - len(self._header)) // self.dtype.itemsize

    @property
    def checksum(self) -> int:
        """The CRC-32 of all records, by which damage shows later (see `checksum`)."""
        return self._checksum

    def flush(self) -> None:
        """Wait until the disk has every record."""
        os.fsync(self._file.fileno())

    def close(self) -> None:
        """Write everything to the disk and let go of the file. May be called again."""
        if not self._file.closed:
            try:
                self.flush()
            finally:
                self._file.close()

    def truncate_after(self, step: int) -> None:
        """Forget the records behind the last whose step is at most `step`: a resume goes on there.

        The file is replaced, not cut: another process may have the old records mapped, and would
        be killed for touching them. May be called again when it was refused.
        """
        records = read_records(self.path, self.dtype)
        if len(records) < self.rows:  # it was moved away
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(self.path))
        kept_rows = np.flatnonzero(records["step"] <= step)
        # Up to the last of them: a damaged step must not take the records behind it along.
        rows = int(kept_rows[-1]) + 1 if len(kept_rows) else 0
        if rows < len(records):
            content = self._header + records[:rows].tobytes()
            del records
            self._file.close()
            write_atomic(self.path, content)
            self._size = len(content)
        if self._file.closed:
            self._open()

    def _open(self) -> None:
        """Opens the file at its end; a torn record is cut."""
        file = open(self.path, "a+b", buffering=0, opener=_existing)  # noqa: SIM115
        try:
            size = os.fstat(file.fileno()).st_size
            whole = size - (size - len(self._header)) % self.dtype.itemsize
            if size != whole:
                file.truncate(whole)
            crc = _checksum_of(file, len(self._header), whole)
        except BaseException:
            file.close()
            raise
        self._file, self._size, self._checksum = file, whole, crc

    def _reopen(self) -> None:
        """Goes on in the file that was let go of, behind the last record that it took."""
        file = open(self.path, "ab", buffering=0, opener=_existing)  # noqa: SIM115
        if os.fstat(file.fileno()).st_size < self._size:
            file.close()
            raise ValueError(_lost(self.path, self.rows))
        file.truncate(self._size)
        self._file = file


def _existing(path: str, flags: int) -> int:
    """Opens a file that must be there: what is gone is not begun anew."""
    return os.open(path, flags & ~os.O_CREAT)


def read_records(path: Path, dtype: np.dtype[np.void]) -> Records:
    """The whole records of a file [n], mapped into memory and read-only; empty without a file.

    What is appended later shows in the next call. Raises ValueError if the file holds anything
    else, or cannot be read.
    """
    header = _header(dtype)
    count = _records_in(path, header, dtype)
    if not count:
        return np.empty(0, dtype)
    return np.memmap(path, dtype, mode="r", offset=len(header), shape=(count,))


def checksum(path: Path, dtype: np.dtype[np.void], rows: int) -> int:
    """The CRC-32 of the first `rows` records of a file. Raises ValueError if it has fewer."""
    records = read_records(path, dtype)
    if len(records) < rows:
        raise ValueError(_lost(path, rows))
    crc = 0
    for first in range(0, rows, _SUMMED_ROWS):
        crc = zlib.crc32(records[first : min(first + _SUMMED_ROWS, rows)].tobytes(), crc)
    return crc


def _lost(path: Path, rows: int) -> str:
    return f"{visible(str(path))} has lost records: there were {rows:,} once."


def _checksum_of(file: io.FileIO, start: int, end: int) -> int:
    """The CRC-32 of the bytes from `start` to `end`."""
    file.seek(start)
    crc = 0
    while start < end:
        block = file.read(min(_SUMMED_BYTES, end - start))
        if not block:
            raise OSError(errno.EIO, os.strerror(errno.EIO), file.name)
        crc = zlib.crc32(block, crc)
        start += len(block)
    return crc


def _records_in(path: Path, header: bytes, dtype: np.dtype[np.void]) -> int | None:
    """How many whole records a file has; None if there is no file, or only a part of a header."""
    try:
        with open_regular(path) as file:
            start = file.read(len(header))
            size = os.fstat(file.fileno()).st_size
    except FileNotFoundError:
        return None
    except OSError as error:
        raise ValueError(f"Cannot read {visible(str(path))}: {error.strerror}.") from error
    if start == header:
        return (size - len(header)) // dtype.itemsize
    if size < len(header) and header.startswith(start):
        return None
    raise ValueError(
        f"{visible(str(path))} does not hold the records of this version of minigpt-tui."
    )


def _header(dtype: np.dtype[np.void]) -> bytes:
    fields: list[Any] = dtype.descr
    text = json.dumps(fields).encode("ascii")
    length = len(_MAGIC) + 4 + len(text)
    padded = -(-length // _ALIGNMENT) * _ALIGNMENT
    assert padded <= _MAX_HEADER
    return (_MAGIC + struct.pack("<I", padded) + text).ljust(padded, b" ")
