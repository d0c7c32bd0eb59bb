"""Which kinds of files hold texts, as their names tell.

A file is plain text or records (lines of JSON, rows of CSV or Parquet, each with a text in one
field), and either may be packed by gzip or zstd: `stories.jsonl.gz`.
"""

from __future__ import annotations

from dataclasses import dataclass

PLAIN = (".txt", ".md")
RECORDS = (".jsonl", ".csv", ".parquet")
PACKED = (".gz", ".zst")
IN_WORDS = "text files (.txt, .md, .jsonl, .csv, .parquet, also as .gz or .zst)"


@dataclass(frozen=True)
class Format:
    """`kind` is one of RECORDS, or empty for plain text; `packing` one of PACKED, or empty."""

    kind: str
    packing: str

    @property
    def is_plain(self) -> bool:
        """Whether the bytes of the file are those of its text."""
        return not self.kind and not self.packing


def format_of(name: str) -> Format:
    """The format of a file of this name; one without a known ending is plain text."""
    _, ending = split_name(name)
    packing = next((packed for packed in PACKED if ending.endswith(packed)), "")
    kind = ending.removesuffix(packing)
    return Format(kind if kind in RECORDS else "", packing)


def is_text_name(name: str) -> bool:
    """Whether a folder's file of this name is one of its texts; hidden ones are not."""
    _, ending = split_name(name)
    return ending not in ("", *PACKED) and not name.startswith(".")


def split_name(name: str) -> tuple[str, str]:
    """The name without its ending, and the ending in small letters: `stories`, `.jsonl.gz`.

    An ending that is not known belongs to the name.
    """
    lower, packing = name.lower(), ""
    for packed in PACKED:
        if lower.endswith(packed):
            lower, packing = lower.removesuffix(packed), packed
    for kind in (*PLAIN, *RECORDS):
        if lower.endswith(kind):
            lower, packing = lower.removesuffix(kind), kind + packing
            break
    return name[: len(lower)], packing
