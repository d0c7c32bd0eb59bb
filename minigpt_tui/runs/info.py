"""What a run knows about itself from its start on: its text, its size, its baselines (run.json)."""

from __future__ import annotations

import dataclasses
import json
import math
import re
import zlib
from dataclasses import dataclass

MAX_INFO_BYTES = 64 * 1024
_CHECK = "check"
_SURROGATE = re.compile("[\ud800-\udfff]")  # half a character: no file and no screen takes it


@dataclass(frozen=True)
class ReferenceLine:
    """One of the `BaselineLosses` as it is shown: its name, and of which part of the text it is."""

    name: str
    nats: float  # a token
    part: str  # “from 20 million tokens”; empty where the whole text was looked at

    @property
    def label(self) -> str:
        return f"{self.name} {self.part}".rstrip()


@dataclass(frozen=True)
class BaselineLosses:
    """Losses of models that need no training, in nats a token on the validation text.

    Runs of an earlier version know the first three alone.
    """

    uniform: float
    unigram: float
    five_gram: float
    bigram: float | None = None
    trigram: float | None = None
    zlib: float | None = None
    lzma: float | None = None
    tokens_used: int | None = None  # training tokens behind the n-grams; None: the whole text
    bytes_used: int | None = None  # training text behind zlib and lzma; None: the whole text

    def lines(self) -> tuple[ReferenceLine, ...]:
        """Those that are known, from the simplest model on."""
        tokens = text = ""
        if self.tokens_used is not None:
            tokens = f"from {self.tokens_used / 1e6:.3g} million tokens"
        if self.bytes_used is not None:
            text = f"from {self.bytes_used / 1e6:.3g} MB"
        every = (
            ("uniform", self.uniform, ""),
            ("unigram", self.unigram, tokens),
            ("bigram", self.bigram, tokens),
            ("trigram", self.trigram, tokens),
            ("5-gram", self.five_gram, tokens),
            ("zlib", self.zlib, text),
            ("lzma", self.lzma, text),
        )
        return tuple(
            ReferenceLine(name, nats, part) for name, nats, part in every if nats is not None
        )


@dataclass(frozen=True)
class RunInfo:
    """The facts of a run. A new run knows the first four; preparing the text finds the rest."""

    created: float  # seconds since 1970
    version: str  # of the program
    corpus_name: str
    level: str
    corpus_digest: str = ""
    vocab_size: int = 0
    parameters: int = 0
    train_tokens: int = 0
    val_tokens: int = 0
    val_bytes: int = 0
    val_characters: int = 0
    unknown_share: float = 0.0  # of the validation tokens, 0 to 1
    steps_per_epoch: int = 0
    total_steps: int = 0
    baselines: BaselineLosses | None = None
    device: str = ""
    threads: int = 0
    precision: str = ""
    compiled: int = 0  # 1 where the model is compiled
    imported: str = ""  # what the model was imported from, in words; empty where it was trained
    tokenizer_digest: str = ""  # of tokenizer.json
    opening: str = ""  # the first words of the text


def info_to_json(info: RunInfo) -> bytes:
    """UTF-8 JSON for `run.json`."""
    plain = dataclasses.asdict(info)
    plain[_CHECK] = _check_of(plain)
    return (json.dumps(plain, indent=2, ensure_ascii=False) + "\n").encode()


def parse_info(raw: bytes) -> RunInfo:
    """The facts in a `run.json`. Unknown keys are ignored: a newer version may have written them.

    Raises ValueError whose message goes on from the file's name.
    """
    if len(raw) > MAX_INFO_BYTES:
        raise ValueError(f"is larger than {MAX_INFO_BYTES} bytes: not a run's facts.")
    try:
        plain = json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise ValueError("is not valid JSON.") from error
    if not isinstance(plain, dict):
        raise ValueError("holds no list of facts.")
    check = plain.pop(_CHECK, None)
    if check is not None and check != _check_of(plain):
        raise ValueError("is damaged: its facts do not match their checksum.")
    values: dict[str, object] = {}
    for field in dataclasses.fields(RunInfo):
        if field.name not in plain:
            if field.default is dataclasses.MISSING:
                raise ValueError(f"does not say “{field.name}”.")
            continue
        value = plain[field.name]
        if field.name == "baselines":
            values[field.name] = _baselines(value)
        else:
            values[field.name] = _checked(field.name, value, str(field.type))
    return RunInfo(**values)  # type: ignore[arg-type]  # each value was checked by its type above


def _check_of(plain: dict[str, object]) -> str:
    """A checksum of the facts, so that a changed digit shows."""
    content = json.dumps(plain, sort_keys=True)
    return f"{zlib.crc32(content.encode()):08x}"


def _baselines(value: object) -> BaselineLosses | None:
    if value is None:
        return None
    if not isinstance(value, dict):
        raise ValueError("has no numbers under “baselines”.")
    values: dict[str, object] = {}
    for field in dataclasses.fields(BaselineLosses):
        number = value.get(field.name)
        if number is not None or field.default is dataclasses.MISSING:
            kind = str(field.type).removesuffix(" | None")
            values[field.name] = _checked(field.name, number, kind)
    return BaselineLosses(**values)  # type: ignore[arg-type]


def _checked(name: str, value: object, kind: str) -> str | int | float:
    """`value` if it is of the field's type; a whole number is a float too."""
    if kind == "str" and isinstance(value, str) and not _SURROGATE.search(value):
        return value
    if isinstance(value, bool):
        raise ValueError(f"has no sensible “{name}”.")
    if kind == "int" and isinstance(value, int):
        return value
    if kind == "float" and isinstance(value, int | float) and abs(value) <= 1e300:
        return float(value)
    if kind == "float" and isinstance(value, float) and math.isnan(value):
        return value
    raise ValueError(f"has no sensible “{name}”.")
