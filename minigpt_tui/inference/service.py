"""A trained model ready to use: tokenize, predict the next tokens and words, generate text."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch

from minigpt_tui.config import RunConfig
from minigpt_tui.config_files import from_dict
from minigpt_tui.inference.engine import Engine, engine_for
from minigpt_tui.inference.layers import Floats
from minigpt_tui.inference.sampler_chain import softmax
from minigpt_tui.inference.sampling import Sampling, draw
from minigpt_tui.inference.spelling import Spellings, spellings
from minigpt_tui.inference.streaming import stream_text
from minigpt_tui.inference.word_search import NextLogits, WordPredictions, search_words
from minigpt_tui.model.build import build_model
from minigpt_tui.model.language_model import LanguageModel
from minigpt_tui.runs.checkpoint import Checkpoint, load_checkpoint
from minigpt_tui.text.safe import visible
from minigpt_tui.text.tokenizers import EOT_ID, Tokenizer, tokenizer_from_json

SPACE = b" "
Metrics = Mapping[str, Any]


@dataclass(frozen=True)
class TokenPrediction:
    """A token that may come next, as `Tokenizer.token_text` gives it, and its raw probability."""

    token: str
    id: int
    prob: float


@dataclass(frozen=True)
class Context:
    """Tokens to go on from. `after_space`: the next one must begin with a space."""

    ids: list[int]
    after_space: bool = False


@dataclass(frozen=True)
class Drawn:
    """A token that was drawn, and the bytes that it adds to the text."""

    id: int
    spelled: bytes


class GPTService:
    """A model with its tokenizer.

    The context of a prediction is the prompt's tokens alone; of an empty prompt it is <EOT>, which
    opens every text. Of a prompt longer than the model's window the last max_seq_len tokens count.
    Tokens of words and BPE carry the space before them, so a space at the prompt's end is taken
    back, and the next token must begin with it: “I eat ” and “I eat” then mean the same to the
    model, instead of a lone space that it has hardly ever seen.
    While text is generated past the window, the model sees between its last half and all of it
    (see `first_seen`).
    Several threads may use one service.
    """

    config: RunConfig
    tokenizer: Tokenizer
    model: LanguageModel
    metrics: Metrics  # epoch, val_loss, … as the checkpoint tells them
    checkpoint_path: Path | None  # None: the model came from memory

    def __init__(self, checkpoint_path: str | Path, device: str = "cpu") -> None:
        """Loads a checkpoint. Raises ValueError that names the file and the fault."""
        path = Path(checkpoint_path).expanduser()
        place = _device(device)
        checkpoint = load_checkpoint(path)
        config = from_dict(checkpoint.config)
        tokenizer = _tokenizer(checkpoint, path)
        model = model_in(checkpoint, config).to(place).eval()
        self._assemble(model, tokenizer, config, checkpoint.metrics, path)

    @classmethod
    def from_parts(
        cls, model: LanguageModel, tokenizer: Tokenizer, config: RunConfig, metrics: Metrics
    ) -> GPTService:
        """A service around a model in memory, which it reads and leaves as it is.

        Each call takes the weights as they are then, and so reads its prompt anew. A model in
        training is to be read by the thread that trains it, between two steps: what `generate` and
        `search_words` give has to be used up before the next one.
        """
        service = cls.__new__(cls)
        service._assemble(model, tokenizer, config, metrics, None)
        return service

    def _assemble(
        self,
        model: LanguageModel,
        tokenizer: Tokenizer,
        config: RunConfig,
        metrics: Metrics,
        path: Path | None,
    ) -> None:
        self.model, self.tokenizer, self.config = model, tokenizer, config
        self.metrics, self.checkpoint_path = metrics, path
        self._engine = engine_for(model)
        self._lock = threading.Lock()

    @property
    def vocab_size(self) -> int:
        return self.tokenizer.vocab_size

    def describe(self) -> list[str]:
        """What was loaded, in lines for a person."""
        if self.checkpoint_path is None:
            opening = "Using the model in memory"
        else:
            opening = f"Loading trained model from: {visible(str(self.checkpoint_path))}"
        epoch = self._metric("epoch")
        loss = self._metric("val_loss")
        if loss is None:
            loss = self._metric("train_loss")
        epoch_shown = "unknown" if epoch is None else f"{epoch:.10g}"
        loss_shown = "unknown" if loss is None else f"{loss:.4f}"
        return [
            opening,
            f"✓ Loaded checkpoint (epoch {epoch_shown}, loss: {loss_shown})",
            f"✓ Vocabulary size: {self.vocab_size}",
        ]

    def tokenize(self, text: str, add_special_tokens: bool = True) -> list[int]:
        """The ids of a text, after <EOT> if special tokens are wanted; unknown text is 0."""
        ids: list[int] = self.tokenizer.encode(text).tolist()
        return [EOT_ID, *ids] if add_special_tokens else ids

    def prompt_tokens(self, text: str) -> Context:
        """All the tokens of a prompt, without a space that the next one is to begin with."""
        after_space = (
            self.tokenizer.level != "char"
            and text.endswith(" ")
            and not text[:-1].endswith(" ")
            and bool(np.isfinite(self._only_after_space).any())
        )
        read = text[:-1] if after_space else text
        return Context(self.tokenize(read, add_special_tokens=False), after_space)

    def context(self, text: str, added: Sequence[int] = ()) -> Context:
        """The window of tokens that the model sees of a prompt, and of tokens added to it."""
        prompt = self.prompt_tokens(text)
        ids = [*prompt.ids, *added] or [EOT_ID]
        return Context(ids[-self.config.model.max_seq_len :], prompt.after_space and not len(added))

    def unknown(self, text: str) -> list[str]:
        """The distinct parts of a text that the vocabulary does not have."""
        return self.tokenizer.unknown(text)

    def predict_next(self, text: str, top_k: int = 10) -> list[TokenPrediction]:
        """The most probable next tokens, <UNK> and <EOT> among them; at most the vocabulary.

        Raises ValueError for a top_k below 1.
        """
        _check_count("top_k", top_k)
        probs = softmax(self.next_logits(text))
        best = np.argsort(-probs, kind="stable")[:top_k]
        return [
            TokenPrediction(self.tokenizer.token_text(i), i, prob)
            for i, prob in zip(best.tolist(), probs[best].tolist(), strict=True)
        ]

    def next_logits(self, text: str | Context) -> Floats:
        """The model's logits [V] for the token after a prompt, or after the tokens of a context.

        What begins like the one asked before costs only the tokens that differ.
        """
        context = self.context(text) if isinstance(text, str) else text
        with self._fresh_engine() as engine:
            logits = engine.logits_after(context.ids)
        return logits + self._only_after_space if context.after_space else logits

    def predict_words(
        self,
        text: str,
        top_k: int = 10,
        *,
        tolerance: float = 0.01,
        max_passes: int = 64,
        should_stop: Callable[[], bool] | None = None,
    ) -> WordPredictions:
        """The most probable next whole words: the last result of `search_words`."""
        *_, last = self.search_words(
            text, top_k, tolerance=tolerance, max_passes=max_passes, should_stop=should_stop
        )
        return last

    def search_words(
        self,
        text: str,
        top_k: int = 10,
        *,
        tolerance: float = 0.01,
        max_passes: int = 64,
        should_stop: Callable[[], bool] | None = None,
        context: Context | None = None,
    ) -> Iterator[WordPredictions]:
        """The most probable next whole words, better with every result (see `word_search`).

        `context` are the tokens of the text, where they are known. Raises ValueError for bounds
        that mean nothing.
        """
        context = context or self.context(text)
        return search_words(
            self._branches(context),
            self._spellings,
            text,
            top_k=top_k,
            tolerance=tolerance,
            max_passes=max_passes,
            should_stop=should_stop,
        )

    def generate(
        self,
        text: str,
        max_new_tokens: int = 200,
        temperature: float = 1.0,
        top_k: int | None = None,
        top_p: float | None = None,
        min_p: float | None = None,
        seed: int | None = None,
        stop: str | Sequence[str] = (),
        *,
        typical_p: float | None = None,
        repetition_penalty: float = 1.0,
        order: str = "llama.cpp",
    ) -> Iterator[str]:
        """The text that follows the prompt, in pieces as it is drawn (see `sampler_chain`).

        The repetition penalty looks at the prompt and all that was written. The text ends at
        <EOT>, before the first of the `stop` strings, or after `max_new_tokens`. The same seed
        gives the same text. Raises ValueError for values that mean nothing, at once.
        """
        _check_count("max_new_tokens", max_new_tokens)
        sampling = Sampling(
            temperature, top_k, top_p, min_p, typical_p, repetition_penalty, order, seed
        )
        stops = (stop,) if isinstance(stop, str) else tuple(stop)
        if "" in stops:
            raise ValueError("A stop string must have at least one character.")
        drawn = self.draw_tokens(self.context(text), max_new_tokens, sampling)
        return stream_text((token.spelled for token in drawn), stops)

    def start(self, text: str) -> tuple[Engine, Context]:
        """An engine of one's own and what it has to read, for a text that is written step by step.

        Where `Context.after_space`, `only_after_space` has to be added to the first token's logits.
        """
        with self._fresh_engine() as shared:
            return shared.fork(), self.context(text)

    @property
    def only_after_space(self) -> Floats:
        """0 for each token that begins with a space, −∞ for the others; [V]."""
        return self._only_after_space

    def draw_tokens(
        self, context: Context, max_new_tokens: int, sampling: Sampling
    ) -> Iterator[Drawn]:
        """The tokens that follow a context, as they are drawn; the text ends before <EOT>."""
        generator = sampling.generator()
        with self._fresh_engine() as shared:
            engine = shared.fork()
        ids = context.ids.copy()
        seen = set(ids) - {EOT_ID}  # which opens the text, and is no part of it
        for count in range(max_new_tokens):
            logits = engine.logits_after(ids)
            if context.after_space and not count:
                logits = logits + self._only_after_space
            token = draw(logits, sampling, generator, seen)
            if token == EOT_ID:
                return
            spelled = self.tokenizer.token_bytes(token)
            if context.after_space and not count:
                spelled = spelled.removeprefix(SPACE)
            yield Drawn(token, spelled)
            ids.append(token)
            seen.add(token)

    def _metric(self, name: str) -> float | None:
        value = self.metrics.get(name)
        return value if isinstance(value, int | float) else None

    def _branches(self, context: Context) -> NextLogits:
        """The logits after a prompt's context, alone or with tokens added to it."""
        with self._fresh_engine() as engine:
            branches = engine.branches(context.ids)
        if not context.after_space:
            return branches

        def logits_after(continuations: Sequence[tuple[int, ...]]) -> Floats:
            logits = branches(continuations)
            logits[[not added for added in continuations]] += self._only_after_space
            return logits

        return logits_after

    @contextmanager
    def _fresh_engine(self) -> Iterator[Engine]:
        """The engine with the model's present weights, for one thread at a time."""
        with self._lock:
            if self.checkpoint_path is None:
                self._engine.refresh()
            yield self._engine

    @cached_property
    def _spellings(self) -> Spellings:
        return spellings(self.tokenizer)

    @cached_property
    def _only_after_space(self) -> Floats:
        """0 for each token that begins with a space, −∞ for the others; [V]."""
        begins = [spelled.startswith(SPACE) for spelled in self._spellings.token_bytes]
        return np.where(begins, np.float32(0), np.float32(-np.inf))


def _tokenizer(checkpoint: Checkpoint, path: Path) -> Tokenizer:
    shown = visible(str(path))
    try:
        tokenizer = tokenizer_from_json(checkpoint.tokenizer_json)
    except ValueError as error:
        raise ValueError(f"The vocabulary in {shown} cannot be used: {error}") from error
    if tokenizer.vocab_size != checkpoint.vocab_size:
        raise ValueError(
            f"{shown} holds a vocabulary of {tokenizer.vocab_size:,} tokens and a model of "
            f"{checkpoint.vocab_size:,}: use another checkpoint."
        )
    return tokenizer


def model_in(checkpoint: Checkpoint, config: RunConfig) -> LanguageModel:
    """The model of a checkpoint in fp32, on the CPU; it shares memory with an fp32 checkpoint."""
    # On the meta device nothing is initialised, so that loading a model beside a training draws
    # nothing from torch's default generator.
    with torch.device("meta"):
        model = build_model(config.model, checkpoint.vocab_size)
    weights = {name: weight.float() for name, weight in checkpoint.model_state.items()}
    model.load_state_dict(weights, assign=True)
    return model


def _device(name: str) -> torch.device:
    available = {
        "cpu": True,
        "cuda": torch.cuda.is_available(),
        "mps": torch.backends.mps.is_available(),
    }
    if not available.get(name, False):
        usable = ", ".join(known for known, here in available.items() if here)
        raise ValueError(f"The device {visible(name)} cannot be used here. Devices: {usable}.")
    return torch.device(name)


def _check_count(name: str, value: int) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise ValueError(f"{name} must be a whole number from 1 up, not {value}.")
