"""Event files of TensorBoard, written and read without its package.

A file is a row of records (TFRecord: length, masked CRC-32C of it, bytes, their masked CRC-32C),
each an `Event` message of Protocol Buffers. The few fields that are needed here are those of
tensorflow/core/util/event.proto and framework/summary.proto:

    Event:    1 wall_time (double), 2 step (int64), 3 file_version, 5 summary, 7 session_log
    Summary:  1 value (repeated);  Value: 1 tag, 2 simple_value (float), 8 tensor, 9 metadata
    SessionLog: 1 status (START = 1);  a START forgets what was written of this step and later
"""

from __future__ import annotations

import os
import socket
import struct
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

_VERSION = b"brain.Event:2"
_STRING = 7  # DataType.DT_STRING
_START = 1  # SessionLog.START
_MASK_DELTA = 0xA282EAD8
_MOST_RECORD_BYTES = 1 << 26
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5


def _crc_table() -> list[int]:
    """CRC-32C (Castagnoli), reflected polynomial 0x82F63B78, as RFC 3720 gives it."""
    table = []
    for byte in range(256):
        crc = byte
        for _ in range(8):
            crc = (crc >> 1) ^ (0x82F63B78 if crc & 1 else 0)
        table.append(crc)
    return table


_TABLE = _crc_table()


class EventFile:
    """One file of events in a folder, appended to as the training goes on.

    `first_step`: where a training goes on; what other files of the folder have from there on is
    void. Raises OSError where the disk refuses.
    """

    def __init__(self, folder: Path, first_step: int = 0) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        name = f"events.out.tfevents.{time.time():.6f}.{socket.gethostname()}.{os.getpid()}"
        self._file = open(folder / name, "xb")  # noqa: SIM115  (close() closes it)
        self._event(_field(3, _VERSION))
        if first_step:
            self.forget_from(first_step)

    def scalars(self, step: int, values: Mapping[str, float]) -> None:
        """One figure for each tag."""
        made = (_field(1, tag.encode()) + _float(2, value) for tag, value in values.items())
        self._summary(step, *made)

    def text(self, step: int, tag: str, text: str) -> None:
        """A text, which TensorBoard shows as Markdown."""
        plugin = _field(1, _field(1, b"text"))
        shape = _field(2, _integer(1, 1))
        tensor = _integer(1, _STRING) + _field(2, shape) + _field(8, text.encode())
        self._summary(step, _field(1, tag.encode()) + _field(8, tensor) + _field(9, plugin))

    def forget_from(self, step: int) -> None:
        """The training takes this step anew, and all later ones."""
        self._event(_integer(2, step) + _field(7, _integer(1, _START)))

    def flush(self) -> None:
        self._file.flush()

    def close(self) -> None:
        self._file.close()

    def _summary(self, step: int, *values: bytes) -> None:
        summary = b"".join(_field(1, value) for value in values)
        self._event(_integer(2, step) + _field(5, summary))

    def _event(self, rest: bytes) -> None:
        self._file.write(_record(_double(1, time.time()) + rest))


def read_scalars(path: Path) -> Iterator[tuple[int, str, float]]:
    """(step, tag, value) of each figure in an event file, in the order in which they were written.

    A record that is torn, because its writer was killed, ends the file. Raises ValueError for a
    file that is damaged, and OSError where it cannot be read.
    """
    for event in _records(path):
        step, summaries = 0, []
        for number, value in _fields(event):
            if number == 2 and isinstance(value, int):
                step = value
            elif number == 5 and isinstance(value, bytes):
                summaries.append(value)
        for summary in summaries:
            for number, value in _fields(summary):
                if number == 1 and isinstance(value, bytes):
                    yield from _scalar(step, value)


def _scalar(step: int, value: bytes) -> Iterator[tuple[int, str, float]]:
    """A figure as it was written first, or as a tensor of one number."""
    tag, figure = "", None
    for number, content in _fields(value):
        if number == 1 and isinstance(content, bytes):
            tag = content.decode("utf-8", "replace")
        elif number == 2 and isinstance(content, float):
            figure = content
        elif number == 8 and isinstance(content, bytes):
            figure = _number_of_tensor(content)
    if tag and figure is not None:
        yield step, tag, figure


def _number_of_tensor(tensor: bytes) -> float | None:
    """TensorProto: 1 dtype, 4 tensor_content, 5 float_val, 6 double_val; float32 or float64."""
    kind, numbers = 0, b""
    for number, content in _fields(tensor):
        if number == 1 and isinstance(content, int):
            kind = content
        elif number in (4, 5, 6) and isinstance(content, bytes):
            numbers = content
        elif number in (5, 6) and isinstance(content, float):
            return content
    form = {1: "<f", 2: "<d"}.get(kind)
    if form is None or len(numbers) != struct.calcsize(form):
        return None
    (found,) = struct.unpack(form, numbers)
    return float(found)


def _records(path: Path) -> Iterator[bytes]:
    with open(path, "rb") as file:
        while len(head := file.read(12)) == 12:
            (length,) = struct.unpack("<Q", head[:8])
            if struct.unpack("<I", head[8:]) != (_masked_crc(head[:8]),):
                raise ValueError(f"{path} is damaged, or no event file of TensorBoard.")
            if length > _MOST_RECORD_BYTES:
                raise ValueError(f"{path} has a record of {length:,} bytes, which is no figure.")
            body = file.read(length + 4)
            if len(body) < length + 4:
                return
            if struct.unpack("<I", body[length:]) != (_masked_crc(body[:length]),):
                raise ValueError(f"{path} is damaged.")
            yield body[:length]


def _record(content: bytes) -> bytes:
    length = struct.pack("<Q", len(content))
    ends = (struct.pack("<I", _masked_crc(part)) for part in (length, content))
    return length + next(ends) + content + next(ends)


def _masked_crc(content: bytes) -> int:
    """TFRecord's: rotated by 15 bits, plus a constant, so that a CRC of CRCs is no weak one."""
    crc = 0xFFFFFFFF
    for byte in content:
        crc = _TABLE[(crc ^ byte) & 0xFF] ^ (crc >> 8)
    crc ^= 0xFFFFFFFF
    return (((crc >> 15) | (crc << 17)) + _MASK_DELTA) & 0xFFFFFFFF


def _fields(message: bytes) -> Iterator[tuple[int, int | float | bytes]]:
    """Number and content of each field of a message; ValueError where it is none."""
    at = 0
    try:
        while at < len(message):
            key, at = _read_varint(message, at)
            number, kind = key >> 3, key & 7
            if kind == _VARINT:
                content, at = _read_varint(message, at)
                yield number, content
            elif kind == _FIXED64:
                yield number, float(struct.unpack_from("<d", message, at)[0])
                at += 8
            elif kind == _FIXED32:
                yield number, float(struct.unpack_from("<f", message, at)[0])
                at += 4
            elif kind == _BYTES:
                length, at = _read_varint(message, at)
                if at + length > len(message):
                    raise IndexError
                yield number, message[at : at + length]
                at += length
            else:
                raise IndexError
    except (IndexError, struct.error) as error:
        raise ValueError("This is no message of TensorBoard.") from error


def _read_varint(message: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = message[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return value, at
        if shift > 63:
            raise IndexError


def _varint(value: int) -> bytes:
    assert value >= 0
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def _integer(number: int, value: int) -> bytes:
    return _varint(number << 3 | _VARINT) + _varint(value)


def _double(number: int, value: float) -> bytes:
    return _varint(number << 3 | _FIXED64) + struct.pack("<d", value)


def _float(number: int, value: float) -> bytes:
    """A figure beyond float32 becomes infinite, as in the run's own record."""
    try:
        packed = struct.pack("<f", value)
    except OverflowError:
        packed = struct.pack("<f", float("inf") if value > 0 else float("-inf"))
    return _varint(number << 3 | _FIXED32) + packed


def _field(number: int, content: bytes) -> bytes:
    return _varint(number << 3 | _BYTES) + _varint(len(content)) + content
