"""The ways of picking the next token that the Predict pane offers, by name."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Sampler:
    """What `GPTService.generate` is told, and the words for it."""

    name: str
    help: str
    temperature: float = 1.0
    top_k: int | None = None
    top_p: float | None = None

    @property
    def random(self) -> bool:
        """Whether the text depends on a seed."""
        return self.temperature > 0


SAMPLERS = (
    Sampler("temperature 0.8", "Draws by chance, and favours the more probable a little.", 0.8),
    Sampler(
        "temperature 0.8, top-k 40",
        "Draws by chance among the 40 most probable tokens, and favours the first a little.",
        0.8,
        top_k=40,
    ),
    Sampler("temperature 1.0", "Draws by chance, exactly as the bars say."),
    Sampler(
        "top-p 0.9", "Draws among the most probable tokens, which make up 90 % together.", top_p=0.9
    ),
    Sampler("greedy", "Always the most probable token: the same text every time.", 0.0),
)


def sampler_named(name: str) -> Sampler:
    """The sampler of that name; the first one when there is none (a list of another version)."""
    return next((sampler for sampler in SAMPLERS if sampler.name == name), SAMPLERS[0])


def sampler_after(sampler: Sampler) -> Sampler:
    """The next one round the list."""
    return SAMPLERS[(SAMPLERS.index(sampler) + 1) % len(SAMPLERS)]
