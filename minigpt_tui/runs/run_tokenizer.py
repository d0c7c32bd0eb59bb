"""The vocabulary of a run, read back from its folder as it was written."""

from __future__ import annotations

import hashlib

from minigpt_tui.regular_file import open_regular
from minigpt_tui.runs.folder import RunFolder, read_info
from minigpt_tui.text.safe import visible
from minigpt_tui.text.tokenizers import Tokenizer, tokenizer_from_json
from minigpt_tui.text.vocabulary import MAX_JSON_CHARACTERS

_UTF8_BYTES = 4
"""A character takes so many at most."""


def digest_of_tokenizer(tokenizer_json: str) -> str:
    """What `run.json` keeps of a vocabulary, to know it again."""
    return hashlib.sha256(tokenizer_json.encode("utf-8", "surrogatepass")).hexdigest()


def read_tokenizer(run: RunFolder) -> Tokenizer:
    """The tokenizer of the run.

    Raises ValueError that names the file if it is missing, damaged, or another than the run was
    begun with: its ids would mean other tokens to the model.
    """
    path = run.tokenizer_file
    shown = visible(str(path))
    try:
        with open_regular(path) as file:
            raw = file.read(_UTF8_BYTES * MAX_JSON_CHARACTERS + 1)
    except OSError as error:
        raise ValueError(f"Cannot read {shown}: {error.strerror}.") from error
    known = read_info(run).tokenizer_digest
    if known and hashlib.sha256(raw).hexdigest() != known:
        raise ValueError(f"{shown} is damaged: it is not the vocabulary that the run began with.")
    try:
        return tokenizer_from_json(raw.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise ValueError(f"{shown} is damaged: it is not UTF-8.") from error
    except ValueError as error:
        raise ValueError(f"{shown}: {error}") from error
