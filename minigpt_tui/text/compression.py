"""What general compressors reach on a text: two more reference lines beside a loss curve.

Whoever predicts a text can compress it and the other way round, so a compressor is a model whose
loss is the size of what it writes (Delétang et al. 2024, "Language Modeling Is Compression"). What
it has learned from the training text T shows in the validation text v that follows it:

    bits per byte = 8 · (size of compress(T v) − size of compress(T)) / bytes of v

zlib finds repetitions in the last 32 kB alone, its window; lzma in all that it is given here.
"""

from __future__ import annotations

import logging
import math
import zlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from minigpt_tui.text.border import without_borders
from minigpt_tui.text.cancel import ShouldStop, check_cancelled
from minigpt_tui.text.file_text import Text, chunks

log = logging.getLogger(__name__)

MAX_TRAIN_BYTES = 4_000_000
MAX_VAL_BYTES = 1_000_000
"""At most so much is compressed: lzma takes in 2 to 4 MB a second, and the training text twice."""
_FED_AT_ONCE = 1 << 16


@dataclass(frozen=True)
class Compression:
    """Bits per UTF-8 byte of the validation text."""

    zlib: float
    lzma: float | None  # None where Python was built without it
    bytes_used: int | None  # of the training text; None: the whole of both parts


class _Compressor(Protocol):
    def compress(self, data: bytes, /) -> bytes: ...

    def flush(self) -> bytes: ...


def compression(
    training: Sequence[Text],
    validation: Sequence[Text],
    *,
    max_train_bytes: int = MAX_TRAIN_BYTES,
    max_val_bytes: int = MAX_VAL_BYTES,
    should_stop: ShouldStop = None,
) -> Compression:
    """How well zlib (level 9) and lzma (preset 6) compress the validation text after training's.

    Of longer texts the bytes nearest to the border between the two parts count: the last
    `max_train_bytes` of training, the first `max_val_bytes` of validation. Raises ValueError if
    there is no validation text, CancelledError when `should_stop` says so.
    """
    if not any(validation):
        raise ValueError("There is no validation text to compress.")
    train, train_cut = _last_bytes(training, max_train_bytes)
    val, val_cut = _first_bytes(validation, max_val_bytes)

    def bits_per_byte(new: Callable[[], _Compressor]) -> float:
        alone = _size(new(), (train,), should_stop)
        together = _size(new(), (train, val), should_stop)
        return 8 * (together - alone) / len(val)

    new_lzma = _lzma()
    return Compression(
        zlib=bits_per_byte(lambda: zlib.compressobj(9)),
        lzma=None if new_lzma is None else bits_per_byte(new_lzma),
        bytes_used=len(train) if train_cut or val_cut else None,
    )


def nats_per_token(bits_per_byte: float, n_bytes: int, n_targets: int) -> float:
    """The loss in nats a token that as many bits stand for, of a text in bytes and in targets.

    A bit is ln 2 nats, and the nats of the whole text are shared among its targets.
    """
    return bits_per_byte * math.log(2) * n_bytes / n_targets


def _lzma() -> Callable[[], _Compressor] | None:
    try:
        import lzma
    except ImportError as error:  # a Python that was built where the library was missing
        log.warning("There is no reference line for lzma: %s", error)
        return None
    # The older container: the size of an .xz file is rounded up to four bytes.
    return lambda: lzma.LZMACompressor(format=lzma.FORMAT_ALONE, preset=6)


def _size(compressor: _Compressor, parts: Iterable[bytes], should_stop: ShouldStop) -> int:
    """The bytes that come out; nothing of them is kept."""
    size = 0
    for part in parts:
        for start in range(0, len(part), _FED_AT_ONCE):
            check_cancelled(should_stop)
            size += len(compressor.compress(part[start : start + _FED_AT_ONCE]))
    return size + len(compressor.flush())


def _last_bytes(texts: Sequence[Text], most: int) -> tuple[bytes, bool]:
    """The end of the texts in UTF-8, and whether there is more before it."""
    endings: list[Text] = []
    missing = most + 1  # characters, which have a byte each at least
    for text in reversed(texts):
        endings.append(text[max(0, len(text) - missing) :])
        missing -= len(endings[-1])
        if not missing:
            break
    every_chunk = (chunk for text in reversed(endings) for chunk in chunks(text))
    raw = b"".join(without_borders(chunk).encode() for chunk in every_chunk)
    return raw[-most:], len(raw) > most


def _first_bytes(texts: Sequence[Text], most: int) -> tuple[bytes, bool]:
    """The beginning of the texts in UTF-8, and whether there is more after it."""
    raw = bytearray()
    for chunk in (chunk for text in texts for chunk in chunks(text)):
        raw += without_borders(chunk).encode()
        if len(raw) > most:
            break
    return bytes(raw[:most]), len(raw) > most
