"""Verdicts in words: what a loss means, what a perplexity means, whether a corpus is enough."""

from __future__ import annotations

import math

# A model sees repeated text almost as new for about four epochs, and gains little after sixteen
# (Muennighoff et al. 2023, "Scaling Data-Constrained Language Models").
_EPOCHS_WORTH_REPEATING = 16
# Training tokens for each parameter at which a large model is as good as its compute allows
# (Hoffmann et al. 2022, "Training Compute-Optimal Large Language Models").
_TOKENS_PER_PARAMETER = 20

_STAGES = (
    (4.0, "Random: the model guesses, and has hardly begun to learn."),
    (3.0, "Frequencies: it knows which characters are common, not yet what follows what."),
    (2.0, "Patterns: it has found common letter pairs and short words."),
    (1.0, "Good: most words are real, and phrases begin to hold together."),
    (-math.inf, "Very good: fluent text, if the loss is on text that it was not trained on."),
)


def loss_stage(nats_per_char: float) -> str:
    """Where training stands, in a short sentence, by the loss in nats a character.

    Above 4 random, 3 to 4 frequencies, 2 to 3 patterns, 1 to 2 good, below 1 very good; a bound
    belongs to the better stage. A loss that is not a number has left the scale.
    """
    if not math.isfinite(nats_per_char):
        return "Diverged: the loss is not a number any more; try a lower learning rate."
    return next(words for bound, words in _STAGES if nats_per_char > bound)


def perplexity_in_words(loss: float, vocab_size: int, unit: str = "token") -> str:
    """A sentence that explains the perplexity of a loss in nats a token: exp(mean nats)."""
    if not math.isfinite(loss):
        return "There is no perplexity: the loss is not a number."
    if loss > 700:  # exp overflows a double at 709
        return f"The perplexity is too large to write down: the loss is {loss:,.0f} nats."
    perplexity = math.exp(loss)
    if perplexity > vocab_size:
        return (
            f"Perplexity {_figure(perplexity)}: worse than choosing blindly "
            f"among all {vocab_size:,} {unit}s."
        )
    return (
        f"Perplexity {_figure(perplexity)}: on average as unsure as when choosing among "
        f"{_figure(perplexity)} equally likely {unit}s, of {vocab_size:,}."
    )


def corpus_verdict(
    characters: int,
    tokens: int,
    parameters: int,
    max_seq_len: int,
    *,
    unknown_share: float = 0.0,
) -> str:
    """Whether a corpus suits a model, in one or two sentences.

    `characters` and `tokens` count the training text, `parameters` the model, `max_seq_len` its
    context in tokens; `unknown_share` (0 to 1) is the share of tokens outside the vocabulary. What
    matters most is said first.
    """
    verdict = _size_verdict(characters, tokens, parameters, max_seq_len)
    if unknown_share > 0.05:
        return f"{_percent(unknown_share)} of the text is outside the vocabulary. {verdict}"
    return verdict


def _size_verdict(characters: int, tokens: int, parameters: int, max_seq_len: int) -> str:
    if tokens < 2:
        return "Too small: there is nothing to predict. Choose a longer text."
    size = f"{characters:,} characters ({tokens:,} tokens)"
    if tokens <= 2 * max_seq_len:
        return (
            f"Too small: {size} fill the context of {max_seq_len:,} tokens less than twice over. "
            "The model will learn the text by heart; choose a longer one or a shorter context."
        )
    ratio = tokens / max(parameters, 1)
    described = f"{size} for {parameters:,} parameters"
    if ratio * _EPOCHS_WORTH_REPEATING < 1:
        return (
            f"Small for this model: {described}. Expect it to learn passages by heart: watch the "
            "validation loss, add text, or take a smaller model."
        )
    if ratio < 1:
        return (
            f"Enough to learn from: {described}. After some epochs the validation loss will turn "
            "up; the best checkpoint keeps the model from before."
        )
    if ratio < _TOKENS_PER_PARAMETER:
        return f"Fine: {described}. A few epochs make good use of it."
    return f"Plenty: {described}. One epoch may do, and a larger model would learn more from it."


def _figure(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %"
