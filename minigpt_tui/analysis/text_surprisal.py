"""The surprisal of every token of a text of any length, by what the engine sees before each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import torch

from minigpt_tui.analysis.forward import pieces, run
from minigpt_tui.analysis.surprisal import Surprisal, surprisal_of
from minigpt_tui.inference.next_token import first_seen
from minigpt_tui.model.language_model import LanguageModel
from minigpt_tui.text.cancel import ShouldStop, check_cancelled
from minigpt_tui.text.tokenizers import EOT_ID


def seen_before(ids: Sequence[int], at: int, window: int) -> list[int]:
    """What a model sees when it predicts `ids[at]`: <EOT> before the first token.

    In a text longer than the window this follows `first_seen`, as writing does.
    """
    return list(ids[first_seen(at, window) : at]) or [EOT_ID]


@torch.inference_mode()
def text_surprisal(
    model: LanguageModel, ids: Sequence[int], start: int = 0, should_stop: ShouldStop = None
) -> Surprisal:
    """The surprisal of `ids[start:]`, each token predicted from `seen_before` it.

    A window of T tokens judges up to T of a text's first tokens, and T/2 of the later ones. Raises
    CancelledError when `should_stop()` says so.
    """
    assert start >= 0
    parts = [_first(model, ids)] if start == 0 and len(ids) else []
    window = model.config.max_seq_len
    groups = list(_groups(max(start, 1), len(ids), window))
    if groups:
        # Padding goes to the right, where no earlier position sees it.
        longest = max(end - begin for begin, _, end in groups)
        inputs = torch.full((len(groups), longest), EOT_ID)
        for row, (begin, _, end) in zip(inputs, groups, strict=True):
            row[: end - begin] = torch.as_tensor(ids[begin:end])
        done = 0
        for piece in pieces(model, inputs):
            check_cancelled(should_stop)
            logits = run(model, piece)
            for row, (begin, first, end) in zip(logits, groups[done:], strict=False):
                targets = torch.as_tensor(ids[first : end + 1])
                parts.append(surprisal_of(row[first - 1 - begin : end - begin], targets))
            done += len(piece)
    return joined(parts)


def joined(parts: Sequence[Surprisal]) -> Surprisal:
    """The surprisal of texts that follow one another."""
    none, nothing = np.zeros(0), np.zeros(0, dtype=np.int64)
    return Surprisal(
        bits=np.concatenate([none, *(part.bits for part in parts)]),
        entropy=np.concatenate([none, *(part.entropy for part in parts)]),
        rank=np.concatenate([nothing, *(part.rank for part in parts)]),
        expected=np.concatenate([nothing, *(part.expected for part in parts)]),
    )


def cut(scored: Surprisal, length: int) -> Surprisal:
    """The surprisal of the first `length` tokens."""
    return Surprisal(
        scored.bits[:length],
        scored.entropy[:length],
        scored.rank[:length],
        scored.expected[:length],
    )


def _first(model: LanguageModel, ids: Sequence[int]) -> Surprisal:
    opening = torch.tensor([[EOT_ID]])
    return surprisal_of(run(model, opening)[0], torch.as_tensor(ids[:1]))


def _groups(first: int, length: int, window: int) -> Iterator[tuple[int, int, int]]:
    """(begin, first, end): the tokens `begin` to `end` - 1 predict those from `first` to `end`."""
    while first < length:
        begin = first_seen(first, window)
        end = min(length - 1, begin + window)
        assert begin < first <= end
        yield begin, first, end
        first = end + 1
