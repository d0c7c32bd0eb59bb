"""How the Predict pane picks tokens: the stages of the sampler chain as dials that keys turn."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any

from minigpt_tui.text.safe import shown_token

if TYPE_CHECKING:
    from minigpt_tui.inference.sampling import Sampling

OFF = "off"
STOP_SHOWN = 8
MOST_STOP_CHARACTERS = 200
MOST_SEED = 2**31
ORDERS = ("llama.cpp", "huggingface")
"""As `inference.sampler_chain` has them, which loads numpy."""


@dataclass(frozen=True)
class Sampler:
    """The settings of `SamplerChain`, and where a text ends. None: the stage is off."""

    temperature: float = 1.0
    top_k: int | None = None
    top_p: float | None = None
    min_p: float | None = None
    typical_p: float | None = None
    repetition_penalty: float = 1.0
    order: str = "llama.cpp"
    seed: int = 1
    length: int = 300
    """How many tokens are written at most."""
    stop: str = ""
    """The text ends before this; `|` stands between several, and nothing for none."""

    @property
    def random(self) -> bool:
        """Whether the text depends on a seed."""
        return self.temperature > 0

    def sampling(self) -> Sampling:
        """The chain, with its seed."""
        from minigpt_tui.inference.sampling import Sampling

        names = {one.name for one in fields(Sampling)}
        return Sampling(**{n: v for n, v in vars(self).items() if n in names})

    @property
    def stops(self) -> list[str]:
        return [part for part in self.stop.split("|") if part]

    @property
    def name(self) -> str:
        """The stages that do something, in words."""
        if self.temperature == 0:
            return "greedy"
        active = [dial for dial in DIALS[:6] if dial.value(self) != dial.neutral]
        words = [f"{_NAMES.get(dial.title, dial.title)} {dial.shown(self)}" for dial in active]
        return ", ".join(words) or "temperature 1"


@dataclass(frozen=True)
class Dial:
    """A setting of a sampler, and the values that a key turns it through."""

    setting: str
    title: str
    """In a line of all of them."""
    help: str
    values: Sequence[Any] = ()

    @property
    def neutral(self) -> Any:
        """The value that changes nothing."""
        return getattr(Sampler(), self.setting)

    def value(self, sampler: Sampler) -> Any:
        return getattr(sampler, self.setting)

    def turned(self, sampler: Sampler, by: int) -> Sampler:
        """One value up or down; the ends stay, and a value between two goes to the next."""
        value = self.value(sampler)
        if self.setting == "seed":
            return replace(sampler, seed=max(0, min(MOST_SEED, value + by)))
        if self.setting == "order":
            return replace(sampler, order=ORDERS[1 - ORDERS.index(value)])
        if not self.values:
            return sampler
        if value in self.values:
            place = self.values.index(value) + by
        elif value is None:
            place = 0
        else:
            numbers = [v for v in self.values if v is not None]
            nearest = min(numbers, key=lambda known: abs(known - value))
            place = self.values.index(nearest)
        place = max(0, min(len(self.values) - 1, place))
        return replace(sampler, **{self.setting: self.values[place]})

    def set(self, sampler: Sampler, value: Any) -> Sampler:
        return replace(sampler, **{self.setting: value})

    def shown(self, sampler: Sampler) -> str:
        value = self.value(sampler)
        if value is None or (self.setting == "repetition_penalty" and value == 1):
            return OFF
        if self.setting == "stop":
            shown = shown_token(value[:STOP_SHOWN])
            return f"“{shown}{'…' if len(value) > STOP_SHOWN else ''}”" if value else OFF
        return f"{value:g}" if isinstance(value, float) else str(value)


_NAMES = {"temp": "temperature", "repeat": "repetition penalty"}

_MASSES = (None, 0.99, 0.98, 0.95, 0.9, 0.85, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2, 0.1)[::-1]

DIALS: tuple[Dial, ...] = (
    Dial(
        "temperature",
        "temp",
        "Below 1 favours the probable; 0 takes the first.",
        (*tuple(round(0.1 * tenth, 1) for tenth in range(21)), 2.5, 3.0, 4.0, 5.0),
    ),
    Dial(
        "top_k",
        "top-k",
        "Keeps so many of the most probable tokens.",
        (1, 2, 3, 4, 5, 7, 10, 15, 20, 30, 40, 60, 80, 100, 200, 500, 1000, None),
    ),
    Dial(
        "top_p",
        "top-p",
        "Keeps the first that make up this probability.",
        _MASSES,
    ),
    Dial(
        "min_p",
        "min-p",
        "Keeps tokens with this share of the first's chance.",
        (None, 0.01, 0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.5, 0.7, 1.0),
    ),
    Dial(
        "typical_p",
        "typical",
        "Keeps tokens about as surprising as expected.",
        _MASSES,
    ),
    Dial(
        "repetition_penalty",
        "repeat",
        "Above 1, what the text has becomes less likely.",
        (1.0, 1.05, 1.1, 1.15, 1.2, 1.3, 1.5, 2.0),
    ),
    Dial(
        "order",
        "order",
        "huggingface applies the temperature before the cuts.",
    ),
    Dial("seed", "seed", "The same seed writes the same text again."),
    Dial(
        "length", "length", "Tokens that are written at once.", (25, 50, 100, 200, 300, 500, 1000)
    ),
    Dial("stop", "stop", "The text ends before this. Enter types it."),
)

PRESETS = (
    Sampler(temperature=0.8),
    Sampler(temperature=0.8, top_k=40),
    Sampler(),
    Sampler(top_p=0.9),
    Sampler(min_p=0.1),
    Sampler(temperature=0.0),
)


def preset_after(sampler: Sampler) -> Sampler:
    """The next preset round the list, with the seed, length and stop of this one."""
    kept = {"seed": sampler.seed, "length": sampler.length, "stop": sampler.stop}
    alike = [replace(preset, **kept) for preset in PRESETS]  # type: ignore[arg-type]
    return alike[(alike.index(sampler) + 1) % len(alike)] if sampler in alike else alike[0]


def sampler_text(sampler: Sampler) -> str:
    """A sampler on one line, for the settings file: what differs from `Sampler()`."""
    return json.dumps({n: v for n, v in vars(sampler).items() if v != getattr(Sampler(), n)})


def sampler_from_text(text: str) -> Sampler:
    """The sampler that `sampler_text` wrote; the first preset for anything else."""
    try:
        sampler = Sampler(**json.loads(text))
    except (TypeError, ValueError, RecursionError):
        return PRESETS[0]
    return sampler if all(_possible(dial, dial.value(sampler)) for dial in DIALS) else PRESETS[0]


def _possible(dial: Dial, value: object) -> bool:
    """Whether a dial can stand at a value."""
    if isinstance(value, bool):
        return False
    if dial.setting == "stop":
        return isinstance(value, str) and len(value) <= MOST_STOP_CHARACTERS
    if dial.setting == "seed":
        return type(value) is int and 0 <= value <= MOST_SEED
    return value in (ORDERS if dial.setting == "order" else dial.values)
