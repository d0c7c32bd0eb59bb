"""From a configuration to everything a trainer needs: text, vocabulary, token files, baselines.

All that a user can get wrong is found here, before a run folder exists.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from minigpt_tui.config import RunConfig
from minigpt_tui.jobs.references import references
from minigpt_tui.paths import DataFolder
from minigpt_tui.planning.memory import check_memory
from minigpt_tui.planning.parameters import parameter_count
from minigpt_tui.regular_file import open_regular
from minigpt_tui.runs.atomic import write_atomic
from minigpt_tui.runs.info import BaselineLosses
from minigpt_tui.runs.leftovers import remove_leftovers
from minigpt_tui.settings import check
from minigpt_tui.text.corpus import Corpus, corpus_of, split
from minigpt_tui.text.file_text import Text
from minigpt_tui.text.opening import opening
from minigpt_tui.text.token_file import TokenFile, token_file
from minigpt_tui.text.tokenizers import Tokenizer, build_tokenizer

UNKNOWN_SHARE_WORTH_A_WARNING = 0.01
SECONDS_BETWEEN_SHARES = 0.5


@dataclass(frozen=True)
class Prepared:
    """A text made ready to be learned."""

    corpus: Corpus
    tokenizer: Tokenizer
    train: TokenFile
    val: TokenFile | None
    baselines: BaselineLosses | None
    warnings: tuple[str, ...]
    opening: str
    """The first words of the text."""


def prepare(
    config: RunConfig,
    data: DataFolder,
    tokenizer: Tokenizer | None = None,
    *,
    say: Callable[[str], None] = lambda message: None,
    should_stop: Callable[[], bool] = lambda: False,
) -> Prepared:
    """Reads, splits and tokenizes the corpus; `tokenizer` is given when a run is resumed.

    Raises ValueError with a sentence for everything a user can mend: the corpus, the settings, a
    model that does not fit into the memory. Raises CancelledError when `should_stop()` says so.
    """
    check(config)
    data.ready()
    remove_leftovers(data)
    stage = "Reading the corpus"
    say(stage)
    corpus = corpus_of(config.data, data, should_stop, _shares(say, stage))
    training_texts, validation_texts = split(corpus, config.data.val_fraction)
    of_vocabulary: list[str] = []
    if tokenizer is None:
        stage = "Building the vocabulary"
        say(stage)
        tokenizer = build_tokenizer(
            training_texts, config.data, should_stop, _shares(say, stage), of_vocabulary.append
        )
        _keep_vocabulary(tokenizer, corpus.name, data)
    check_memory(config, tokenizer.vocab_size)
    stage = "Tokenizing"
    say(stage)
    train = token_file(training_texts, tokenizer, data.tokens, should_stop, _shares(say, stage))
    _check_long_enough(train, config)
    val = None
    if any(validation_texts):
        stage = "Tokenizing the validation part"
        val = token_file(validation_texts, tokenizer, data.tokens, should_stop, _shares(say, stage))
    measured = None
    if val is not None:
        measured = references(
            corpus,
            config.data.val_fraction,
            train,
            val,
            tokenizer.vocab_size,
            data,
            say=say,
            should_stop=should_stop,
        )
    return Prepared(
        corpus=corpus,
        tokenizer=tokenizer,
        train=train,
        val=val,
        baselines=measured,
        warnings=(*of_vocabulary, *_warnings(config, tokenizer, train, val)),
        opening=opening(training_texts),
    )


def validation_text(config: RunConfig, data: DataFolder, tokenizer: Tokenizer) -> TokenFile:
    """The validation split that a model's own configuration describes.

    Raises ValueError when its corpus is gone or nothing was held out.
    """
    _, _, texts = _split_of_model(config, data)
    return token_file(texts, tokenizer, data.tokens)


def compared_validation_text(
    config: RunConfig, data: DataFolder, tokenizer: Tokenizer
) -> tuple[TokenFile, BaselineLosses]:
    """The same, and what models that need no training reach on it.

    Takes as long as preparing a run where neither is known yet.
    """
    corpus, *parts = _split_of_model(config, data)
    train, val = (token_file(texts, tokenizer, data.tokens) for texts in parts)
    fraction = config.data.val_fraction
    return val, references(corpus, fraction, train, val, tokenizer.vocab_size, data)


def _split_of_model(config: RunConfig, data: DataFolder) -> tuple[Corpus, list[Text], list[Text]]:
    data.ready()
    corpus = corpus_of(config.data, data)
    training, validation = split(corpus, config.data.val_fraction)
    if not validation:
        raise ValueError("This model was trained without a validation split (val_fraction 0).")
    return corpus, training, validation


def _shares(say: Callable[[str], None], stage: str) -> Callable[[float], None]:
    """Says how much of a stage is done, where that takes more than a moment."""
    last = time.monotonic()

    def progress(share: float) -> None:
        nonlocal last
        if time.monotonic() - last >= SECONDS_BETWEEN_SHARES:
            last = time.monotonic()
            say(f"{stage} {int(100 * share)} %")

    return progress


def _check_long_enough(train: TokenFile, config: RunConfig) -> None:
    window = config.model.max_seq_len
    if train.tokens <= window:
        raise ValueError(
            f"The training text has {train.tokens} tokens, but one window takes "
            f"{window + 1} (max_seq_len {window} and the token after it). "
            "Use a longer text or a smaller max_seq_len."
        )


def _keep_vocabulary(tokenizer: Tokenizer, corpus_name: str, data: DataFolder) -> None:
    """Saves the vocabulary where other programs find it, once for each content."""
    text = tokenizer.to_json()
    digest = hashlib.sha256(text.encode()).hexdigest()[:8]
    folder = data.vocabularies / f"{corpus_name}-{tokenizer.level}-{digest}"
    target = folder / "tokenizer.json"
    if not _holds(target, text.encode()):  # missing, or damaged
        folder.mkdir(parents=True, exist_ok=True)
        write_atomic(target, text.encode())


def _holds(path: Path, content: bytes) -> bool:
    try:
        with open_regular(path) as file:
            return file.read() == content
    except OSError:
        return False


def _warnings(
    config: RunConfig, tokenizer: Tokenizer, train: TokenFile, val: TokenFile | None
) -> list[str]:
    found = []
    if val is None:
        found.append(
            "Nothing is held out (val_fraction 0): the loss shown is that of the training text, "
            "and overfitting cannot be seen."
        )
    elif val.unknown_tokens / val.tokens > UNKNOWN_SHARE_WORTH_A_WARNING:
        found.append(
            f"{val.unknown_tokens / val.tokens:.1%} of the validation tokens are unknown to the "
            "vocabulary, which comes from the training part."
        )
    parameters = parameter_count(config.model, tokenizer.vocab_size)
    if parameters > 20 * train.tokens:
        found.append(
            f"The model has {parameters / train.tokens:.0f} weights for each token of the text: "
            "it will learn the text by heart. best_model.pt keeps its best moment."
        )
    return found
