"""The zip around a checkpoint, checked with the standard library before torch reads a byte of it.

A checkpoint is an archive of uncompressed records. Whatever departs from that (compression that
could expand to any size, sizes beyond the file's, records over one another, a checksum that is
wrong) is refused here.
"""

from __future__ import annotations

import io
import re
import struct
import zipfile
import zlib

ARCHIVE_START = b"PK\x03\x04"
_RECORD = re.compile(
    r"[^/\\]+/(data\.pkl|byteorder|version|\.format_version|\.storage_alignment"
    r"|\.data/serialization_id|data/[0-9]{1,9})"
)
_ENCRYPTED = 0x1
_LOCAL_HEADER_BYTES = 30
# The pickle names the tensors and holds the vocabulary; the tensors' bytes are other records.
_MAX_PICKLE_BYTES = 512 * 1024 * 1024
# What zipfile raises on damaged input, beyond its own error.
_DAMAGE = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    NotImplementedError,
    RuntimeError,
    EOFError,
    OSError,
    ValueError,
    OverflowError,
)


def check_archive(raw: bytes) -> int:
    """The bytes of all tensor records of the archive in `raw`, if it is what torch.save writes.

    Raises ValueError whose message goes on from the file's name.
    """
    if not raw:
        raise ValueError("it is empty")
    if not raw.startswith(ARCHIVE_START):
        raise ValueError("it is no such archive")
    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as archive:
            records = archive.infolist()
            _check_records(records, len(raw))
            damaged = archive.testzip()
    except _Refused as refused:
        raise ValueError(str(refused)) from None
    except _DAMAGE as error:
        raise ValueError("it is cut short or damaged") from error
    if damaged is not None:
        raise ValueError("it is damaged (a checksum is wrong)")
    return sum(record.file_size for record in records if "/data/" in record.filename)


class _Refused(Exception):
    """A reason to refuse an archive that is in itself sound."""


def _check_records(records: list[zipfile.ZipInfo], size: int) -> None:
    names = [record.filename for record in records]
    if len(set(names)) != len(names):
        raise _Refused("it names a record twice")
    if len({name.split("/")[0] for name in names}) > 1:
        raise _Refused("its records do not belong together")
    if not any(name.endswith("/data.pkl") for name in names):
        raise _Refused("it holds no tensors of torch")
    end = 0
    for record in sorted(records, key=lambda record: record.header_offset):
        if not _RECORD.fullmatch(record.filename):
            raise _Refused("it holds records that no checkpoint has")
        if record.compress_type != zipfile.ZIP_STORED or record.flag_bits & _ENCRYPTED:
            raise _Refused("its records are compressed or encrypted")
        if record.file_size != record.compress_size:
            raise _Refused("the sizes of its records contradict one another")
        if record.header_offset < end:
            raise _Refused("its records lie over one another")
        end = record.header_offset + _LOCAL_HEADER_BYTES + record.file_size
        if end > size:
            raise _Refused("its records are larger than the file")
        if record.filename.endswith("/data.pkl") and record.file_size > _MAX_PICKLE_BYTES:
            raise _Refused("its index is too large")
