"""What the views of the Inspect pane are asked, and what their worker threads need to answer it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from minigpt_tui.paths import DataFolder
from minigpt_tui.text.safe import shown_token
from minigpt_tui.tui.predict.asked_model import AskedModel

if TYPE_CHECKING:
    from minigpt_tui.analysis.evidence import TrainingText
    from minigpt_tui.analysis.window import Window
    from minigpt_tui.text.token_file import TokenIds

UNKNOWN_SHOWN = 4
UNKNOWN_LENGTH = 16
MOST_NUMBERS = 1 << 22
"""Of a picture that is held for the screen; of a longer prompt, the end is shown."""


@dataclass(eq=False)
class CorpusShelf:
    """The index of the training text that was built last; it may take a gigabyte, so one only."""

    digest: str = ""
    text: TrainingText | None = None


@dataclass(frozen=True, eq=False)
class Asked:
    """A model and what is to be looked at; `source` is the second prompt, for patching."""

    model: AskedModel
    prompt: str
    source: str
    data: DataFolder
    shelf: CorpusShelf = field(default_factory=CorpusShelf)


@dataclass(frozen=True, eq=False)
class Watch:
    """How a thread learns that it is no longer wanted, and says how far it is."""

    should_stop: Callable[[], bool]
    say: Callable[[str], None]

    def share(self, stage: str) -> Callable[[float], None]:
        """Says a stage and how much of it is done."""
        return lambda done: self.say(f"{stage} {done:.0%}")


Work = Callable[[Asked, Watch], Iterator[object]]
"""To be called in a thread: better and better results, the last one complete.

Raises ValueError with a sentence for the user, CancelledError when it was told to stop.
"""


def notes_on(window: Window, shown: int | None = None) -> str:
    """What the model, or the screen, does not see of a prompt; empty when it is all there."""
    parts = []
    if window.unknown:
        named = ", ".join(_quoted(part) for part in window.unknown[:UNKNOWN_SHOWN])
        more = len(window.unknown) - UNKNOWN_SHOWN
        named += f" and {more:,} more" if more > 0 else ""
        parts.append(f"Not in the vocabulary, read as <UNK>: {named}.")
    if window.left_out:
        total = window.left_out + len(window.ids)
        parts.append(f"The model sees only the last {len(window.ids):,} of {total:,} tokens.")
    if shown is not None and shown < len(window.ids):
        parts.append(f"Shown: the last {shown:,}.")
    return "  ".join(parts)


def validation_ids(asked: Asked) -> TokenIds:
    """The text that was held out for the model; ValueError that says what is missing."""
    from minigpt_tui.jobs.prepare import validation_text

    service = asked.model.service
    try:
        return validation_text(service.config, asked.data, service.tokenizer).ids
    except ValueError as error:
        raise ValueError(f"This needs the text that was held out in training. {error}") from error


def training_text(asked: Asked, watch: Watch) -> TrainingText:
    """The training text, indexed; the index stays on the shelf for the next question.

    Raises ValueError where the corpus is gone, CancelledError when the watch says so.
    """
    from minigpt_tui.analysis.evidence import TrainingText
    from minigpt_tui.text.corpus import corpus_of, split
    from minigpt_tui.text.token_file import token_file

    service, settings = asked.model.service, asked.model.service.config.data
    watch.say("Reading the training text…")
    try:
        corpus = corpus_of(settings, asked.data, watch.should_stop)
    except ValueError as error:
        raise ValueError(
            f"This needs the text that the model was trained on. {error} "
            "Put the text back there, or train on one that stays."
        ) from error
    texts, _ = split(corpus, settings.val_fraction)
    tokens = token_file(
        texts,
        service.tokenizer,
        asked.data.tokens,
        watch.should_stop,
        watch.share("Tokenizing the training text"),
    )
    shelf = asked.shelf
    if shelf.text is None or shelf.digest != tokens.digest:
        shelf.text = None  # the old one makes room first
        stage = f"Indexing {tokens.tokens:,} tokens of the training text"
        watch.say(f"{stage}…")
        text = TrainingText(
            tokens.ids, should_stop=watch.should_stop, on_progress=watch.share(stage)
        )
        shelf.text, shelf.digest = text, tokens.digest
    return shelf.text


def _quoted(part: str) -> str:
    shown = shown_token(part[:UNKNOWN_LENGTH])
    return f"“{shown}…”" if len(part) > UNKNOWN_LENGTH else f"“{shown}”"
