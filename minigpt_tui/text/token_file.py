"""The token file: a text as ids on the disk, memory-mapped, so that its size does not matter.

A file is one block of 4096 bytes (a magic word and JSON, padded with spaces) and then the ids,
little-endian, uint16 where the vocabulary allows it and uint32 elsewhere. It is a cache: whatever
is torn, damaged or another text's is built again.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

from minigpt_tui.text.cancel import ShouldStop, check_cancelled
from minigpt_tui.text.corpus import content_digest
from minigpt_tui.text.pieces import pieces
from minigpt_tui.text.safe import visible
from minigpt_tui.text.statistics import text_statistics
from minigpt_tui.text.vocabulary import EOT_ID, UNK_ID, Tokenizer

_MAGIC = b"minigpt-tui tokens 1\n"
_HEADER_BYTES = 4096
_PIECE_CHARACTERS = 1 << 20
_HASHED_BYTES = 1 << 24

TokenIds = npt.NDArray[np.unsignedinteger[Any]]


@dataclass(frozen=True)
class TokenFile:
    """`ids` [tokens], read-only: EOT, first document, EOT, second document, …

    The counts are of the documents' text alone, without the EOTs; `unknown_bytes` are the UTF-8
    bytes of what became UNK. `digest` is the SHA-256 of the ids as they stand in the file.
    """

    ids: TokenIds
    characters: int
    bytes: int
    unknown_tokens: int
    unknown_bytes: int
    digest: str

    @property
    def tokens(self) -> int:
        """How many ids there are, EOTs included."""
        return len(self.ids)


@dataclass(frozen=True)
class _Header:
    content: str  # digest of the texts
    tokenizer: str  # digest of the tokenizer
    dtype: str
    tokens: int
    characters: int
    bytes: int
    unknown_tokens: int
    unknown_bytes: int
    digest: str


def token_file(
    texts: Sequence[str], tokenizer: Tokenizer, folder: Path, should_stop: ShouldStop = None
) -> TokenFile:
    """The ids of `texts`, from the cache in `folder` or built into it.

    Raises ValueError if the folder cannot be written to, CancelledError when `should_stop` says
    so; neither leaves anything behind.
    """
    content = content_digest(texts)
    vocabulary = hashlib.sha256(tokenizer.to_json().encode()).hexdigest()
    path = folder / f"{content[:24]}-{vocabulary[:24]}.tokens"
    cached = _open(path, content, vocabulary, should_stop)
    if cached is not None:
        return cached
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _build(path, texts, tokenizer, content, vocabulary, should_stop)
    except OSError as error:
        raise ValueError(
            f"Cannot write the token file into {visible(str(folder))}: {error.strerror}. "
            "Make room there, or choose another data folder with --data-dir."
        ) from error
    built = _open(path, content, vocabulary, should_stop)
    if built is None:
        raise ValueError(
            f"The token file {visible(str(path))} does not read back as it was written. "
            "Check the disk, or choose another data folder with --data-dir."
        )
    return built


def _build(
    path: Path,
    texts: Sequence[str],
    tokenizer: Tokenizer,
    content: str,
    vocabulary: str,
    should_stop: ShouldStop,
) -> None:
    """Write the file beside its place, make it durable, and move it there."""
    statistics = text_statistics(texts, should_stop)
    dtype = np.dtype("<u2" if tokenizer.vocab_size <= 2**16 else "<u4")
    token_bytes = np.array(
        [len(tokenizer.token_bytes(i)) for i in range(tokenizer.vocab_size)], dtype=np.int64
    )
    tokens = unknown_tokens = known_bytes = 0
    digest = hashlib.sha256()
    descriptor, temporary = tempfile.mkstemp(prefix=".", suffix=".tmp", dir=path.parent)
    try:
        with open(descriptor, "wb") as file:
            file.write(bytes(_HEADER_BYTES))
            for ids in _id_pieces(texts, tokenizer, should_stop):
                tokens += len(ids)
                unknown_tokens += int(np.count_nonzero(ids == UNK_ID))
                known_bytes += int(token_bytes.take(ids).sum())
                raw = ids.astype(dtype).tobytes()
                digest.update(raw)
                file.write(raw)
            header = _Header(
                content=content,
                tokenizer=vocabulary,
                dtype=dtype.str,
                tokens=tokens,
                characters=statistics.characters,
                bytes=statistics.bytes,
                unknown_tokens=unknown_tokens,
                unknown_bytes=statistics.bytes - known_bytes,
                digest=digest.hexdigest(),
            )
            file.seek(0)
            file.write((_MAGIC + json.dumps(asdict(header)).encode()).ljust(_HEADER_BYTES))
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def _id_pieces(
    texts: Sequence[str], tokenizer: Tokenizer, should_stop: ShouldStop
) -> Iterator[npt.NDArray[np.int32]]:
    for text in texts:
        yield np.array([EOT_ID], dtype=np.int32)
        for piece in pieces(text, _PIECE_CHARACTERS):
            check_cancelled(should_stop)
            yield tokenizer.encode(piece)


def _open(path: Path, content: str, vocabulary: str, should_stop: ShouldStop) -> TokenFile | None:
    """The cached file, or None if there is none that is whole and of this text."""
    try:
        with open(path, "rb") as file:
            header = _read_header(file)
            if header is None or (header.content, header.tokenizer) != (content, vocabulary):
                return None
            dtype = np.dtype(header.dtype)
            size = os.fstat(file.fileno()).st_size
            if size != _HEADER_BYTES + header.tokens * dtype.itemsize:
                return None
            if _digest_of_rest(file, should_stop) != header.digest:
                return None
        if header.tokens == 0:  # nothing that could be mapped
            ids: TokenIds = np.zeros(0, dtype=dtype)
            ids.flags.writeable = False
        else:
            ids = np.memmap(path, dtype=dtype, mode="r", offset=_HEADER_BYTES)
    except OSError:
        return None  # most often: it does not exist yet
    return TokenFile(
        ids=ids,
        characters=header.characters,
        bytes=header.bytes,
        unknown_tokens=header.unknown_tokens,
        unknown_bytes=header.unknown_bytes,
        digest=header.digest,
    )


def _read_header(file: BinaryIO) -> _Header | None:
    block = file.read(_HEADER_BYTES)
    if len(block) != _HEADER_BYTES or not block.startswith(_MAGIC):
        return None
    try:
        header = _Header(**json.loads(block[len(_MAGIC) :]))
    except (ValueError, TypeError, RecursionError):
        return None
    counts = (
        header.tokens,
        header.characters,
        header.bytes,
        header.unknown_tokens,
        header.unknown_bytes,
    )
    whole = all(type(count) is int and count >= 0 for count in counts)
    return header if whole and header.dtype in ("<u2", "<u4") else None


def _digest_of_rest(file: BinaryIO, should_stop: ShouldStop) -> str:
    digest = hashlib.sha256()
    while block := file.read(_HASHED_BYTES):
        check_cancelled(should_stop)
        digest.update(block)
    return digest.hexdigest()
