"""From logits to the probabilities that a token is drawn with, and why a token has none.

A chain is data: the settings of its stages, and their order. A stage changes logits (temperature,
repetition penalty) or cuts tokens: a cut token has the logit −∞, and the stages after it judge
what is left by its probabilities alone. <UNK> is cut first, in every order.

Shapes: logits [V], one for each token of the vocabulary.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import numpy.typing as npt

from minigpt_tui.text.tokenizers import UNK_ID

ORDERS = {
    # The cuts judge the model's own probabilities.
    "llama.cpp": ("repetition_penalty", "top_k", "typical_p", "top_p", "min_p", "temperature"),
    # The cuts judge the probabilities that the temperature has made.
    "huggingface": ("repetition_penalty", "temperature", "top_k", "top_p", "min_p", "typical_p"),
}
"""The stages as two well-known programs order them. A stage is named like its setting."""
GIVEN, UNKNOWN = "given", "unknown"
"""Before the stages: the logits as they came, and <UNK> cut from them."""

Logits = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Choice:
    """What the next token is drawn from, and how it came about."""

    probabilities: Logits  # [V], they add up to 1
    steps: tuple[tuple[str, Logits], ...]  # the logits [V] as given, and after each stage that ran

    def cut_by(self, token: int) -> str | None:
        """The stage that cut a token (GIVEN: the caller did); None for one that may be drawn."""
        return next((stage for stage, logits in self.steps if logits[token] == -np.inf), None)


@dataclass(frozen=True)
class SamplerChain:
    """The settings of a chain; raises ValueError for a value that means nothing.

    As it stands here it changes nothing but <UNK>. None switches a cut off.
    """

    temperature: float = 1.0  # 0 takes the most probable token
    top_k: int | None = None
    top_p: float | None = None
    min_p: float | None = None
    typical_p: float | None = None
    repetition_penalty: float = 1.0
    order: str = "llama.cpp"  # a name in ORDERS

    def __post_init__(self) -> None:
        if not (math.isfinite(self.temperature) and self.temperature >= 0):
            raise ValueError(
                f"temperature must be 0 (the most probable token) or more, not {self.temperature}."
            )
        if self.top_k is not None and not (is_whole(self.top_k) and self.top_k >= 1):
            raise ValueError(f"top_k must be a whole number from 1 up, not {self.top_k}.")
        for name, mass in (("top_p", self.top_p), ("typical_p", self.typical_p)):
            if mass is not None and not 0 < mass <= 1:
                raise ValueError(f"{name} must be above 0 and at most 1, not {mass}.")
        if self.min_p is not None and not 0 <= self.min_p <= 1:
            raise ValueError(f"min_p must be from 0 to 1, not {self.min_p}.")
        if not (math.isfinite(self.repetition_penalty) and self.repetition_penalty > 0):
            raise ValueError(
                "repetition_penalty must be above 0 (1: none, 1.3: a strong one), not "
                f"{self.repetition_penalty}."
            )
        if self.order not in ORDERS:
            raise ValueError(f"order must be {' or '.join(ORDERS)}, not {self.order}.")

    def apply(self, logits: npt.ArrayLike, seen: Collection[int] = ()) -> Choice:
        """The choice that the model's logits [V] give.

        `seen` are the ids of the text so far, for the repetition penalty: it matters whether a
        token is among them, not how often. Raises ValueError where nothing can be drawn: logits
        that are no numbers, or none that is left.
        """
        values: Logits = np.asarray(logits, dtype=np.float64)
        steps = [(GIVEN, values)]
        values = without_unknown(values)
        steps.append((UNKNOWN, values))
        _check_drawable(values)
        for stage in ORDERS[self.order]:
            setting = getattr(self, stage)
            if setting == NEUTRAL[stage]:
                continue
            if stage == "repetition_penalty":
                values = with_repetition_penalty(values, setting, seen)
            else:
                values = STAGES[stage](values, setting)
            steps.append((stage, values))
        _check_drawable(values)
        return Choice(softmax(values), tuple(steps))


def _check_drawable(logits: Logits) -> None:
    """Raises ValueError unless the largest logit is a number (one NaN makes it none)."""
    if not math.isfinite(logits.max()):
        raise ValueError(
            "No token can be drawn: the logits are no numbers, or none is left. A model that "
            "diverged gives such; use an earlier checkpoint."
        )


def without_unknown(logits: Logits) -> Logits:
    """There is nothing to write for <UNK>."""
    kept: Logits = logits.copy()
    kept[UNK_ID] = -np.inf
    return kept


def with_repetition_penalty(logits: Logits, penalty: float, seen: Collection[int]) -> Logits:
    """Seen tokens less probable: logits above 0 divided by the penalty, those below multiplied.

    Keskar et al. 2019, "CTRL".
    """
    changed = logits.copy()
    ids = np.fromiter(seen, np.int64)
    changed[ids] = np.where(logits[ids] < 0, logits[ids] * penalty, logits[ids] / penalty)
    return changed


def with_temperature(logits: Logits, temperature: float) -> Logits:
    """Logits divided by the temperature; at 0 only the largest stays, of equals the lowest id."""
    if temperature == 0:
        return keep_top_k(logits, 1)
    # Shifted first, so that a tiny temperature sends the others to −∞ and none to +∞.
    with np.errstate(over="ignore"):
        cooled: Logits = (logits - logits.max()) / temperature
    return cooled


def keep_top_k(logits: Logits, k: int) -> Logits:
    """The k largest; of equals the lower ids."""
    if k >= len(logits):
        return logits
    least = np.partition(logits, -k)[-k]
    larger = logits > least
    kept = np.full_like(logits, -np.inf)
    kept[larger] = logits[larger]
    kept[np.flatnonzero(logits == least)[: k - int(larger.sum())]] = least
    return kept


def keep_top_p(logits: Logits, p: float) -> Logits:
    """The smallest set, filled from the most probable down, whose mass is at least p.

    Of equals the lower ids come first. Holtzman et al. 2020, "The Curious Case of Neural Text
    Degeneration".
    """
    return _keep_mass(logits, np.argsort(-logits, kind="stable"), p)


def keep_typical(logits: Logits, p: float) -> Logits:
    """As `keep_top_p`, filled from the tokens whose surprisal is nearest to the entropy.

    Meister et al. 2023, "Locally Typical Sampling".
    """
    possible = logits > -np.inf
    log_p = logits - logits.max()
    log_p -= math.log(np.exp(log_p).sum())
    entropy = -float((np.exp(log_p[possible]) * log_p[possible]).sum())
    return _keep_mass(logits, np.argsort(np.abs(-log_p - entropy), kind="stable"), p)


def keep_min_p(logits: Logits, min_p: float) -> Logits:
    """Every token at least min_p times as probable as the most probable (Nguyen et al. 2024)."""
    if min_p <= 0:
        return logits
    return np.where(logits < logits.max() + math.log(min_p), -np.inf, logits)


def softmax(logits: npt.NDArray[np.floating[Any]]) -> Logits:
    """Probabilities [V] of logits [V], in float64."""
    weights: Logits = np.exp(logits.astype(np.float64) - logits.max())
    weights /= weights.sum()
    return weights


def is_whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _keep_mass(logits: Logits, order: npt.NDArray[np.intp], p: float) -> Logits:
    """The first tokens of `order` whose mass is at least p, as few as possible but at least one."""
    if p >= 1:  # rounding in the sum must not cut the rarest
        return logits
    probabilities = softmax(logits)[order]
    mass_before = probabilities.cumsum() - probabilities
    cut = mass_before >= p
    cut[0] = False  # for a tiny p, rounding could put its mass_before at p
    kept = logits.copy()
    kept[order[cut]] = -np.inf
    return kept


NEUTRAL = {field.name: field.default for field in fields(SamplerChain)}
STAGES: dict[str, Callable[[Logits, Any], Logits]] = {
    "temperature": with_temperature,
    "top_k": keep_top_k,
    "top_p": keep_top_p,
    "min_p": keep_min_p,
    "typical_p": keep_typical,
}
