"""The reference lines of a corpus: what models that need no training reach on its validation text.

They are measured once and kept in the data folder: the n-grams for the two token files, the
compressors for the two texts, whichever tokens these become. A damaged file means measuring again.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import logging
import math
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from minigpt_tui.paths import DataFolder
from minigpt_tui.regular_file import open_regular
from minigpt_tui.runs.atomic import write_atomic
from minigpt_tui.runs.info import BaselineLosses
from minigpt_tui.text.cancel import ShouldStop
from minigpt_tui.text.compression import Compression, compression, nats_per_token
from minigpt_tui.text.corpus import Corpus, split
from minigpt_tui.text.ngrams import Baselines, baselines
from minigpt_tui.text.token_file import TokenFile

log = logging.getLogger(__name__)

VERSION = 1
"""Of the way in which the numbers are measured: another one makes the stored ones void."""
MAX_BYTES = 4096

Measured = TypeVar("Measured", Baselines, Compression)


def references(
    corpus: Corpus,
    val_fraction: float,
    train: TokenFile,
    val: TokenFile,
    vocab_size: int,
    data: DataFolder,
    *,
    say: Callable[[str], None] = lambda message: None,
    should_stop: ShouldStop = None,
) -> BaselineLosses:
    """The reference lines of a corpus of which `train` and `val` are the two parts' tokens.

    `say` is told what is measured, and nothing when all is known already. Raises CancelledError
    when `should_stop` says so.
    """

    def count_ngrams() -> Baselines:
        say("Counting n-grams for comparison")
        return baselines(train.ids, val.ids, vocab_size, should_stop=should_stop)

    def compress() -> Compression:
        say("Compressing the text for comparison")
        return compression(*split(corpus, val_fraction), should_stop=should_stop)

    def loss(bits_per_byte: float | None) -> float | None:
        if bits_per_byte is None:
            return None
        return nats_per_token(bits_per_byte, val.bytes, val.tokens - 1)

    folder = data.root / "cache" / "references"
    of_tokens = _file(folder, "n-grams", train.digest, val.digest, vocab_size)
    of_text = _file(folder, "compression", corpus.digest, train.characters)
    counted = _remembered(of_tokens, Baselines, count_ngrams)
    compressed = _remembered(of_text, Compression, compress)
    return BaselineLosses(
        **dataclasses.asdict(counted),
        zlib=loss(compressed.zlib),
        lzma=loss(compressed.lzma),
        bytes_used=compressed.bytes_used,
    )


def _file(folder: Path, kind: str, *measured: str | int) -> Path:
    """The file for what was measured, named by all that the numbers depend on."""
    key = hashlib.sha256(json.dumps([VERSION, *measured]).encode()).hexdigest()[:24]
    return folder / f"{key}-{kind}.json"


def _remembered(file: Path, kind: type[Measured], measure: Callable[[], Measured]) -> Measured:
    found = _read(file, kind)
    if found is None:
        found = measure()
        _write(file, found)
    return found


def _read(file: Path, kind: type[Measured]) -> Measured | None:
    """What the file holds; None if there is none, or none that can be believed."""
    try:
        with open_regular(file) as opened:
            plain = json.loads(opened.read(MAX_BYTES))
        values = {field.name: plain[field.name] for field in dataclasses.fields(kind)}
        for field in dataclasses.fields(kind):
            if not _is_sensible(values[field.name], str(field.type)):
                raise ValueError(f"it has no sensible {field.name}")
        return kind(**values)
    except FileNotFoundError:
        return None
    except (OSError, ValueError, TypeError, KeyError, RecursionError) as error:
        log.warning("%s is ignored and written anew: %s", file, error)
        return None


def _is_sensible(value: object, kind: str) -> bool:
    """Whether a field of the type `kind` holds such a value: a finite number, or none."""
    if value is None:
        return kind.endswith(" | None")
    if type(value) is int:
        return True
    return type(value) is float and kind.startswith("float") and math.isfinite(value)


def _write(file: Path, measured: Baselines | Compression) -> None:
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        write_atomic(file, json.dumps(dataclasses.asdict(measured)).encode())
    except OSError as error:
        log.warning("%s cannot be written; the next run measures again: %s", file, error)
