"""The token file: a text as ids on the disk, built piece by piece and then memory-mapped.

A file is one block of 4096 bytes (a magic word and JSON, padded with spaces) and then the ids,
little-endian, uint16 where the vocabulary allows it and uint32 elsewhere. It is a cache: whatever
is torn, damaged or another text's is built again.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

from minigpt_tui.regular_file import open_regular
from minigpt_tui.temporary_files import temporary_beside
from minigpt_tui.text.cancel import ShouldStop, check_cancelled
from minigpt_tui.text.corpus import content_digest
from minigpt_tui.text.file_text import Text
from minigpt_tui.text.pieces import document_pieces
from minigpt_tui.text.progress import OnProgress, watched
from minigpt_tui.text.safe import visible
from minigpt_tui.text.vocabulary import EOT_ID, Ids, Tokenizer

_MAGIC = b"minigpt-tui tokens 1\n"
_HEADER_BYTES = 4096
_PIECE_CHARACTERS = 1 << 18
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
    header: str = ""  # digest of what stands above; made when the header is written


def token_file(
    texts: Sequence[Text],
    tokenizer: Tokenizer,
    folder: Path,
    should_stop: ShouldStop = None,
    on_progress: OnProgress = None,
) -> TokenFile:
    """The ids of `texts`, from the cache in `folder` or built into it.

    Neither the texts nor the ids are ever in memory as a whole. A cached file is verified by its
    digest whenever it is opened: that and the digest of a text of 1 GB take some two seconds.
    `on_progress` is told the share of the characters that is encoded. Raises ValueError if the
    folder cannot be written to, CancelledError when `should_stop` says so; neither leaves anything
    behind.
    """
    content = content_digest(texts, should_stop)
    vocabulary = hashlib.sha256(tokenizer.to_json().encode()).hexdigest()
    path = folder / f"{content[:24]}-{vocabulary[:24]}.tokens"
    cached = _open(path, content, vocabulary, should_stop)
    if cached is not None:
        return cached
    try:
        folder.mkdir(parents=True, exist_ok=True)
        header = _build(path, texts, tokenizer, content, vocabulary, should_stop, on_progress)
        return _mapped(path, header)
    except OSError as error:
        raise ValueError(
            f"Cannot write the token file into {visible(str(folder))}: {error.strerror}. "
            "Make room there, or choose another data folder with --data-dir."
        ) from error


def _build(
    path: Path,
    texts: Sequence[Text],
    tokenizer: Tokenizer,
    content: str,
    vocabulary: str,
    should_stop: ShouldStop,
    on_progress: OnProgress,
) -> _Header:
    """Write the file beside its place, make it durable, and move it there."""
    dtype = np.dtype("<u2" if tokenizer.vocab_size <= 2**16 else "<u4")
    counts = _Counts()
    temporary = temporary_beside(path)
    try:
        with open(temporary, "xb") as file:
            file.write(bytes(_HEADER_BYTES))
            found = _encoded(texts, tokenizer, counts, should_stop, on_progress)
            digest = _write(file, (ids.astype(dtype).tobytes() for ids in found))
            header = _Header(
                content=content,
                tokenizer=vocabulary,
                dtype=dtype.str,
                tokens=counts.tokens,
                characters=counts.characters,
                bytes=counts.bytes,
                unknown_tokens=counts.unknown_tokens,
                unknown_bytes=counts.unknown_bytes,
                digest=digest,
            )
            file.seek(0)
            file.write(_header_block(header))
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    return header


@dataclass
class _Counts:
    tokens: int = 0
    characters: int = 0
    bytes: int = 0
    unknown_tokens: int = 0
    unknown_bytes: int = 0


def _encoded(
    texts: Sequence[Text],
    tokenizer: Tokenizer,
    counts: _Counts,
    should_stop: ShouldStop,
    on_progress: OnProgress,
) -> Iterator[Ids]:
    """The ids of the texts, piece by piece, counted in `counts`."""
    lengths = [len(tokenizer.token_bytes(i)) for i in range(tokenizer.vocab_size)]
    token_bytes = np.array(lengths, dtype=np.int64)
    every_piece = document_pieces(texts, _PIECE_CHARACTERS)
    for piece in watched(every_piece, sum(map(len, texts)), should_stop, on_progress):
        ids = tokenizer.encode(piece) if piece else np.array([EOT_ID], dtype=np.int32)
        n_bytes = len(piece) if piece.isascii() else len(piece.encode())
        unknown = len(ids) - int(np.count_nonzero(ids))  # UNK's id is 0
        if unknown:
            counts.unknown_bytes += n_bytes - int(token_bytes.take(ids).sum())
        counts.unknown_tokens += unknown
        counts.tokens += len(ids)
        counts.characters += len(piece)
        counts.bytes += n_bytes
        yield ids


def _write(file: BinaryIO, blocks: Iterable[bytes]) -> str:
    """Writes the blocks and returns their SHA-256.

    A thread of its own does both while the next block is made: a third less time for characters.
    """
    digest = hashlib.sha256()

    def keep(block: bytes) -> None:
        digest.update(block)
        file.write(block)

    with ThreadPoolExecutor(max_workers=1) as writer:
        kept = writer.submit(keep, b"")
        for block in blocks:
            kept.result()  # so that no more than one block waits
            kept = writer.submit(keep, block)
        kept.result()
    return digest.hexdigest()


def _open(path: Path, content: str, vocabulary: str, should_stop: ShouldStop) -> TokenFile | None:
    """The cached file, or None if there is none that is whole and of this text."""
    try:
        with open_regular(path) as file:
            header = _read_header(file)
            if header is None or (header.content, header.tokenizer) != (content, vocabulary):
                return None
            dtype = np.dtype(header.dtype)
            size = os.fstat(file.fileno()).st_size
            if size != _HEADER_BYTES + header.tokens * dtype.itemsize:
                return None
            if _digest_of_rest(file, should_stop) != header.digest:
                return None
        return _mapped(path, header)
    except OSError:
        return None  # most often: it does not exist yet


def _mapped(path: Path, header: _Header) -> TokenFile:
    ids: TokenIds
    if header.tokens == 0:  # nothing that could be mapped
        ids = np.zeros(0, dtype=header.dtype)
        ids.flags.writeable = False
    else:
        ids = np.memmap(path, dtype=header.dtype, mode="r", offset=_HEADER_BYTES)
    return TokenFile(
        ids=ids,
        characters=header.characters,
        bytes=header.bytes,
        unknown_tokens=header.unknown_tokens,
        unknown_bytes=header.unknown_bytes,
        digest=header.digest,
    )


def _header_block(header: _Header) -> bytes:
    """The first block of a file, with a digest of its own: that of the ids knows no counts."""
    plain = asdict(header)
    plain["header"] = ""
    digest = hashlib.sha256(json.dumps(plain).encode()).hexdigest()
    plain["header"] = digest
    return (_MAGIC + json.dumps(plain).encode()).ljust(_HEADER_BYTES)


def _read_header(file: BinaryIO) -> _Header | None:
    block = file.read(_HEADER_BYTES)
    if len(block) != _HEADER_BYTES or not block.startswith(_MAGIC):
        return None
    try:
        header = _Header(**json.loads(block[len(_MAGIC) :]))
        undamaged = block == _header_block(header)
    except (ValueError, TypeError, RecursionError):
        return None
    if not undamaged:
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
