"""Takes the documents out of records: lines of JSON, rows of CSV, rows of Parquet.

Each record has its text in a field of the same name. A record without a text (null, or an empty
one) gives no document; whatever else is wrong is said with the file and the line.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from minigpt_tui.text.border import BORDER
from minigpt_tui.text.cancel import ShouldStop, check_cancelled
from minigpt_tui.text.progress import OnProgress
from minigpt_tui.text.safe import visible
from minigpt_tui.text.unpacking import Expansion

LONGEST_RECORD = 1 << 26
"""Characters: a longer line is no record, and would fill the memory."""
_NAMED_FIELDS = 8
_BATCH_ROWS = 256


def json_lines(pieces: Iterable[str], path: Path, field: str) -> Iterator[str]:
    """The documents of a JSON Lines file that comes in pieces of text.

    Raises ValueError that names the line.
    """
    for number, line in enumerate(_lines(pieces, path), start=1):
        if not line.strip():
            continue
        where = f"{visible(str(path))}, line {number:,}"
        try:
            record = json.loads(line)
        except (ValueError, RecursionError) as error:
            reason = error.msg if isinstance(error, json.JSONDecodeError) else "nested too deeply"
            raise ValueError(f"{where} is not valid JSON: {reason}.") from error
        if not isinstance(record, dict):
            raise ValueError(f"{where} holds no fields: each line must be an object, {{…}}.")
        if field not in record:
            raise ValueError(_missing(where, "field", field, list(record)))
        if text := _document(record[field], where, field):
            yield text


def csv_rows(pieces: Iterable[str], path: Path, column: str) -> Iterator[str]:
    """The documents of a CSV file that comes in pieces of text; its first row names the columns.

    Raises ValueError that names the line on which the faulty row begins.
    """
    shown = visible(str(path))
    csv.field_size_limit(max(LONGEST_RECORD, csv.field_size_limit()))
    rows = csv.reader(_lines(pieces, path), strict=True)
    index = -1
    while True:
        where = f"{shown}, line {rows.line_num + 1:,}"
        try:
            row = next(rows)
        except StopIteration:
            return
        except csv.Error as error:
            raise ValueError(f"{where} is not valid CSV: {error}.") from error
        if index < 0:
            if column not in row:
                raise ValueError(_missing(shown, "column", column, row))
            index = row.index(column)
        elif row:  # an empty line is none
            if len(row) <= index:
                raise ValueError(
                    f"{where} has {len(row)} columns, but “{visible(column)}” is number "
                    f"{index + 1}."
                )
            if text := _document(row[index], where, column):
                yield text


def parquet_rows(
    path: Path, column: str, should_stop: ShouldStop = None, on_progress: OnProgress = None
) -> Iterator[str]:
    """The documents of a Parquet file, some hundred rows in memory at a time.

    Raises ValueError that names the row, or the extra where pyarrow is not installed.
    """
    shown = visible(str(path))
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError as error:
        raise ValueError(
            f"{shown} needs pyarrow to be read: pip install 'minigpt-tui[parquet]'."
        ) from error
    try:
        # A dictionary stays one, so that a text that stands in every row is in memory once.
        with pyarrow.parquet.ParquetFile(path, read_dictionary=[column]) as file:
            names = file.schema_arrow.names
            if column not in names:
                raise ValueError(_missing(shown, "column", column, names))
            _check_expansion(file.metadata, column, path)
            done = 0
            batches = file.iter_batches(_BATCH_ROWS, columns=[column], use_threads=False)
            for batch in batches:
                check_cancelled(should_stop)
                for row, value in enumerate(batch.column(0), start=done + 1):
                    where = f"{shown}, row {row:,}"
                    if text := _document(value.as_py(), where, column):
                        yield text
                done += batch.num_rows
                if on_progress is not None:
                    on_progress(done / max(1, file.metadata.num_rows))
    except (pyarrow.ArrowException, OSError) as error:
        reason = visible(" ".join(str(error).split()))
        raise ValueError(f"{shown} cannot be read as Parquet: {reason}") from error


def _check_expansion(metadata: Any, column: str, path: Path) -> None:
    """Refuses a file that says of itself that it grows beyond what a text does."""
    expansion = Expansion(path, path.stat().st_size)
    for group in map(metadata.row_group, range(metadata.num_row_groups)):
        for chunk in map(group.column, range(group.num_columns)):
            if chunk.path_in_schema == column:
                expansion.add(chunk.total_uncompressed_size)


def _lines(pieces: Iterable[str], path: Path) -> Iterator[str]:
    """The lines of a text that comes in pieces, each with its end; the last may have none."""
    held: list[str] = []
    number, length = 1, 0
    for piece in pieces:
        # Other ends than a newline are parted here as well, and joined again.
        for line in piece.splitlines(keepends=True):
            held.append(line)
            length += len(line)
            if length > LONGEST_RECORD:
                raise ValueError(
                    f"{visible(str(path))}, line {number:,} is longer than {LONGEST_RECORD:,} "
                    "characters: that is no record. Is each record on a line of its own?"
                )
            if line.endswith("\n"):
                yield "".join(held)
                held, number, length = [], number + 1, 0
    if held:
        yield "".join(held)


def _document(value: Any, where: str, field: str) -> str:
    """A record's text; empty where it has none."""
    if value is None:
        return ""
    if not isinstance(value, str):
        kind = "a number" if isinstance(value, int | float) else f"a {type(value).__name__}"
        raise ValueError(
            f"{where}: “{visible(field)}” holds {kind}, not text. "
            "Name the field that does with --text-field."
        )
    if not value.isascii():
        if BORDER in value:
            raise ValueError(f"{where}: the text has U+FDD0, which parts documents here.")
        try:
            value.encode()
        except UnicodeEncodeError as error:
            raise ValueError(f"{where}: the text has half a character (a surrogate).") from error
    return value.replace("\r\n", "\n")


def _missing(where: str, what: str, name: str, names: list[str]) -> str:
    known = visible(", ".join(names[:_NAMED_FIELDS])) + (
        ", …" if len(names) > _NAMED_FIELDS else ""
    )
    return (
        f"{where} has no {what} “{visible(name)}”. It has: {known}. "
        "Name the one that holds the text with --text-field."
    )
