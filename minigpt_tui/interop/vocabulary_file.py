"""A vocabulary from outside as one of ours: which of its tokens each of our ids stands for.

Every vocabulary here begins with <UNK> and <EOT>. One that was exported from here, and perhaps
saved again by `transformers`, has the same ids. Another one, GPT-2's own for example, gets two
tokens more, and all its ids move by two.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from minigpt_tui.interop.json_file import read_json
from minigpt_tui.paths import DataFolder
from minigpt_tui.text.char import train_char
from minigpt_tui.text.corpus import read_corpus
from minigpt_tui.text.tokenizers import SPECIALS, Tokenizer, tokenizer_from_json
from minigpt_tui.text.vocabulary import byte_level_document, ids_of_tokens

_FIRST_SAMPLE = 100_000
_OPENINGS = ("<|endoftext|>", "</s>", "<s>")


@dataclass(frozen=True)
class Vocabulary:
    """`rows` are their ids of our tokens from 2 on; None where their ids are ours.

    `opening` is their id of what texts begin with; None where there is no such token. `sample` is
    a text that the model may know, if there is one; `corpus` are the names that it was read from.
    """

    tokenizer: Tokenizer
    rows: tuple[int, ...] | None = None
    opening: int | None = None
    sample: str = ""
    corpus: tuple[str, ...] = ()


def vocabulary_of(names: Sequence[str], data: DataFolder) -> Vocabulary:
    """The vocabulary in a `tokenizer.json`, or of the distinct characters of texts, in order.

    The latter is how nanoGPT numbers characters. Raises ValueError that names the file and fault.
    """
    if len(names) == 1 and names[0].endswith(".json"):
        path = Path(names[0]).expanduser()
        try:
            return vocabulary_from_document(read_json(path))
        except ValueError as error:
            raise ValueError(f"{path.name}: {error}") from error
    corpus = read_corpus(names, data)
    tokenizer = train_char(corpus.texts, None)
    rows = tuple(range(tokenizer.vocab_size - len(SPECIALS)))
    newline = tokenizer.encode("\n").tolist()[0] - len(SPECIALS)
    # Where the files lie from every folder; a name of the library stays a name.
    places = tuple(str(p.absolute()) if (p := Path(n).expanduser()).exists() else n for n in names)
    first = corpus.texts[0][:_FIRST_SAMPLE]
    sample = first if isinstance(first, str) else next(iter(first.chunks()))
    return Vocabulary(tokenizer, rows, newline if newline >= 0 else None, sample, places)


def vocabulary_from_document(document: Mapping[str, Any]) -> Vocabulary:
    """The vocabulary of a parsed `tokenizer.json`.

    Raises ValueError where it splits text otherwise than any level here.
    """
    model = document.get("model")
    if not isinstance(model, Mapping):
        raise ValueError("This is no tokenizer: it has no model.")
    if model.get("type") != "BPE":
        # Saved by transformers, it names the special tokens once more.
        return Vocabulary(tokenizer_from_json(json.dumps({**document, **_UNSAID})))
    _check_byte_level(document, model)
    names = _vocabulary(model)
    merges = _merges(model)
    if tuple(names[: len(SPECIALS)]) == SPECIALS:
        return Vocabulary(_byte_level(names[len(SPECIALS) :], merges))
    special = _added(document)
    rows = tuple(i for i, name in enumerate(names) if name not in special)
    opening = next((names.index(o) for o in _OPENINGS if o in special and o in names), None)
    return Vocabulary(_byte_level([names[i] for i in rows], merges), rows, opening)


_UNSAID: dict[str, Any] = {
    "added_tokens": [],
    "truncation": None,
    "padding": None,
    "post_processor": None,
}


def _byte_level(tokens: list[str], merges: list[tuple[str, str]]) -> Tokenizer:
    return tokenizer_from_json(json.dumps(byte_level_document(ids_of_tokens(tokens), merges)))


def _check_byte_level(document: Mapping[str, Any], model: Mapping[str, Any]) -> None:
    """Whether text is split as byte-level BPE of GPT-2 splits it."""
    split = document.get("pre_tokenizer")
    fits = (
        document.get("normalizer") is None
        and isinstance(split, Mapping)
        and split.get("type") == "ByteLevel"
        and split.get("add_prefix_space") is False
        and split.get("use_regex", True) is True
        and not model.get("dropout")
        and not model.get("byte_fallback")
        and not model.get("ignore_merges")
    )
    if not fits:
        raise ValueError(
            "This tokenizer splits text otherwise than this program: of BPE, only the byte-level "
            "kind of GPT-2 can be imported."
        )


def _vocabulary(model: Mapping[str, Any]) -> list[str]:
    """The names of all tokens in the order of their ids."""
    vocab = model.get("vocab")
    if not isinstance(vocab, Mapping) or not all(type(i) is int for i in vocab.values()):
        raise ValueError("This tokenizer has no readable vocabulary.")
    names = sorted(vocab, key=lambda name: vocab[name])
    if [vocab[name] for name in names] != list(range(len(names))):
        raise ValueError("This tokenizer leaves out some ids, or has some twice.")
    return names


def _merges(model: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The merges, which older files write as one text with a space between the two tokens."""
    merges = []
    given = model.get("merges")
    for pair in given if isinstance(given, list) else [None]:
        parts = pair.split(" ") if isinstance(pair, str) else pair
        if not isinstance(parts, list) or [type(part) for part in parts] != [str, str]:
            raise ValueError("This tokenizer has merges that are no pairs of tokens.")
        merges.append((parts[0], parts[1]))
    return merges


def _added(document: Mapping[str, Any]) -> set[str]:
    added = document.get("added_tokens")
    tokens = added if isinstance(added, list) else []
    return {str(token.get("content")) for token in tokens if isinstance(token, Mapping)}
