"""The questions that a model is asked again and again while it is trained.

They are asked at steps that lie further and further apart, 0, 1, 2, 3, 4, 6, 8, 11, 16, …, since
most is learned early. All of it is a few forward passes between two steps, drawn from no generator,
so the training goes on bit for bit as it would without.
"""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable, Iterator
from itertools import count

import numpy as np
import torch

from minigpt_tui.analysis.attention import head_scores
from minigpt_tui.analysis.forward import Floats, one_window
from minigpt_tui.analysis.forward import run as run_model
from minigpt_tui.analysis.sample import sample_windows, score
from minigpt_tui.runs.folder import RunFolder
from minigpt_tui.runs.probes import (
    Probe,
    Questions,
    Reply,
    begin_probes,
    read_probes,
    record_probe,
)
from minigpt_tui.text.token_file import TokenIds
from minigpt_tui.text.tokenizers import EOT_ID
from minigpt_tui.training.trainer import Trainer

log = logging.getLogger(__name__)

PROBES_TIME_SHARE = 0.008
"""Probes may take this share of a run; those that would take more are left out."""
FREE_SECONDS = 0.5
"""So much they may take of a run however short it is."""
SEPARATOR = "|"
CHOSEN_PROMPTS = 3
PROMPT_CHARACTERS = 32
"""Of a prompt that is chosen from the text, about."""
LONGEST_WINDOW = 64
FOLLOWED_TARGETS = 256
TOP = 10
SEQUENCES = 4
"""Of random tokens, on which the heads are scored."""
DIGITS = 6


class Prober:
    """Asks a trainer's model and writes the answers into the run folder."""

    def __init__(self, trainer: Trainer, run: RunFolder) -> None:
        self.trainer = trainer
        self.run = run
        self.spent = 0.0
        self._last, self._next = -1, 0
        self._prompts: list[tuple[list[int], int | None]] = []
        self.wanted = trainer.config.training.probes != "none" and not trainer.stepper.sharded
        """Where the weights are dealt out, the model cannot be asked by one process alone."""
        if self.wanted:
            self._prepare()

    def due(self, step: int) -> bool:
        """Whether the model is to be asked after this step."""
        return self.wanted and step >= self._next

    def take(self, step: int, *, last: bool = False) -> None:
        """Asks after `step`, unless that was done before or would cost the training too much."""
        if not self.wanted or step <= self._last:
            return
        if not last and self.spent > self._allowance(step):
            self._next = next_step(step)
            return
        started = time.perf_counter()
        try:
            record_probe(self.run, self._ask(step))
        except ValueError as error:  # a model that gives no numbers; the trainer says so itself
            log.info("The probes are left out at step %d: %s", step, error)
        self.spent += time.perf_counter() - started
        self._last = step
        self._next = next_step(step)

    def go_back_to(self, step: int) -> None:
        """The training stands at an earlier step again."""
        self._last = min(self._last, step)
        self._next = next_step(step)

    def _prepare(self) -> None:
        data, config = self.trainer.data, self.trainer.config
        self._text = data.train.ids if data.val is None else data.val.ids
        longest = config.model.max_seq_len
        self._prompts = (
            list(chosen_prompts(self._text, self._token_bytes, longest))
            if config.training.probes == "auto"
            else [(self._typed(text), None) for text in config.training.probes.split(SEPARATOR)]
        )
        # Without a longer text there is nothing to follow; the prompts are asked all the same.
        self._windows: torch.Tensor | None = None
        if len(self._text) > 1:
            window = min(longest, LONGEST_WINDOW)
            self._windows = sample_windows(self._text, window, FOLLOWED_TARGETS)
        tokenizer = data.tokenizer
        rows = [] if self._windows is None else self._windows.tolist()
        begin_probes(
            self.run,
            Questions(
                prompts=tuple(self._shown(ids) for ids, _ in self._prompts),
                targets=tuple(
                    None if target is None else tokenizer.token_text(target)
                    for _, target in self._prompts
                ),
                windows=tuple(tuple(map(tokenizer.token_text, row)) for row in rows),
                held_out=data.val is not None,
            ),
        )
        history = read_probes(self.run)
        self._last = history.probes[-1].step if history and history.probes else -1
        self._next = next_step(self._last)

    def _ask(self, step: int) -> Probe:
        model = self.trainer.model
        nats: list[float] = []
        if self._windows is not None:
            nats = _rounded(score(model, self._windows).nats)
        try:
            scores = head_scores(model, sequences=SEQUENCES)
            previous = [_rounded(row) for row in scores.previous_token]
            induction = [_rounded(row) for row in scores.induction]
        except ValueError:  # a window that is too short for it
            previous, induction = [], []
        return Probe(
            step=step,
            replies=tuple(self._reply(ids, target) for ids, target in self._prompts),
            nats=tuple(nats),
            previous_token=tuple(map(tuple, previous)),
            induction=tuple(map(tuple, induction)),
        )

    def _reply(self, ids: list[int], target: int | None) -> Reply:
        tokenizer = self.trainer.data.tokenizer
        logits = run_model(self.trainer.model, one_window(ids))[0, -1]
        probabilities = logits.double().softmax(-1).cpu().numpy()
        best = np.argsort(-probabilities, kind="stable")[:TOP].tolist()
        positive = probabilities[probabilities > 0]
        return Reply(
            top=tuple((tokenizer.token_text(i), _round(probabilities[i])) for i in best),
            entropy=_round(-(positive * np.log2(positive)).sum()),
            target=None if target is None else _round(probabilities[target]),
        )

    def _allowance(self, step: int) -> float:
        """Seconds that may be spent by now: early steps count as much as the many late ones."""
        progress, total = self.trainer.progress, self.trainer.total_steps
        a_step = progress.seconds / max(1, progress.step)
        whole = max(FREE_SECONDS, PROBES_TIME_SHARE * a_step * total)
        return whole * math.log2(step + 2) / math.log2(total + 2)

    def _typed(self, text: str) -> list[int]:
        ids: list[int] = self.trainer.data.tokenizer.encode(text).tolist()
        return (ids or [EOT_ID])[-self.trainer.config.model.max_seq_len :]

    def _shown(self, ids: list[int]) -> str:
        text: str = self.trainer.data.tokenizer.decode([i for i in ids if i != EOT_ID])
        return text

    def _token_bytes(self, token: int) -> bytes:
        spelled: bytes = self.trainer.data.tokenizer.token_bytes(token)
        return spelled


def next_step(step: int) -> int:
    """The next step after this one at which the model is asked: two to each doubling."""
    if step < 0:
        return 0
    return next(at for k in count() if (at := round(2 ** (k / 2))) > step)


def chosen_prompts(
    ids: TokenIds, token_bytes: Callable[[int], bytes], longest: int
) -> Iterator[tuple[list[int], int]]:
    """Prompts from places spread over a text, each with the token that follows there.

    They begin at a word where there is one near, and are some PROMPT_CHARACTERS long.
    """
    for part in range(CHOSEN_PROMPTS):
        start = part * len(ids) // CHOSEN_PROMPTS
        near = ids[start : start + 4 * PROMPT_CHARACTERS].tolist()
        spelled = [token_bytes(token) for token in near]
        begins = [t + 1 for t, text in enumerate(spelled) if text.endswith((b"\n", b" "))]
        begins += [t for t, text in enumerate(spelled) if len(text) > 1 and text.startswith(b" ")]
        begin = min(begins, default=0)
        end, length = begin, 0
        while end < len(near) - 1 and length < PROMPT_CHARACTERS and end - begin < longest:
            length += len(spelled[end])
            end += 1
        if end > begin:
            yield near[begin:end], near[end]


def _rounded(values: Floats) -> list[float]:
    return [_round(value) for value in values.tolist()]


def _round(value: float) -> float:
    return round(float(value), DIGITS)
