"""How an answer reads: its bars, the lines under them, and the notes on the prompt."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from minigpt_tui.text.safe import shown_token, visible
from minigpt_tui.tui.predict.asking import Answer, Compared, Question
from minigpt_tui.tui.predict.next_tokens import NextToken, NextTokens
from minigpt_tui.tui.widgets.bars import Bar, Rest, percent

if TYPE_CHECKING:
    from minigpt_tui.inference.service import TokenPrediction
    from minigpt_tui.inference.word_search import WordPredictions

UNK_ID, EOT_ID = 0, 1  # as in text.tokenizers, which loads numpy
NEGLIGIBLE = 1e-4
"""Of the sums below the bars, what is smaller is left out."""
UNKNOWN_SHOWN = 4
UNKNOWN_LENGTH = 16


def token_bars(found: NextTokens, here: int | None = None) -> list[Bar]:
    """The next tokens, the most probable first; `here` is the one that the text has."""
    return [_token_bar(one, found.changed, here) for one in found.listed]


def token_rest(found: NextTokens, vocab_size: int) -> Rest:
    """What is below the list of tokens: how many more there are, and their probability."""

    def rest(shown: int) -> list[str]:
        others = vocab_size - shown
        mass = max(0.0, 1 - sum(one.token.prob for one in found.listed[:shown]))
        left = [one.final for one in found.listed[:shown] if not one.cut_by]
        drawn = max(0.0, 1 - sum(left)) if len(left) < found.possible else 0.0
        if not others:
            return ["These are all tokens."]
        if not found.changed:
            return [f"{others:,} other tokens {percent(mass)}"]
        return [f"{others:,} others {percent(mass)}, drawn {percent(drawn)}"]

    return rest


def token_remark(found: NextTokens) -> str:
    """How unsure the model is, and how much choice the sampler leaves."""
    left = f" · {found.possible:,} left" if found.changed else ""
    return f"entropy {found.entropy:.2f} bits{left}"


def plain_bars(tokens: Sequence[TokenPrediction], here: str | None) -> list[Bar]:
    """Tokens with the model's own probability, as they stand in a comparison.

    `here` is what the text has at this place.
    """
    return [
        Bar(
            shown_token(one.token),
            one.prob,
            aside=one.id in (UNK_ID, EOT_ID),
            here=one.token == here and one.id not in (UNK_ID, EOT_ID),
        )
        for one in tokens
    ]


def plain_rest(tokens: Sequence[TokenPrediction], vocab_size: int) -> Rest:
    """What is below the list of a comparison."""

    def rest(shown: int) -> list[str]:
        mass = max(0.0, 1 - sum(one.prob for one in tokens[:shown]))
        others = vocab_size - shown
        return [f"{others:,} other tokens {percent(mass)}"] if others > 0 else []

    return rest


def comparison_remark(compared: Compared, letter: str) -> str:
    """How far the distributions lie apart, seen from one side."""
    if compared.divergence is None:
        return "two vocabularies: no KL" if letter == "B" else ""
    if letter == "A":
        return f"KL(A‖B) {compared.divergence.forward:.3f} bits"
    return f"KL(B‖A) {compared.divergence.backward:.3f} bits"


def word_bars(words: WordPredictions) -> list[Bar]:
    """The next words, the most probable first; before them, that the last word is not finished."""
    bars = [Bar(visible(word.word), word.prob) for word in words.words]
    if words.word_continuation_mass > 0:
        bars.insert(0, Bar("word goes on", words.word_continuation_mass, aside=True))
    return bars


def word_rest(words: WordPredictions) -> Rest:
    """What is below the list of words: the other words, and that no word comes."""
    listed = word_bars(words)

    def rest(shown: int) -> list[str]:
        others = words.other_words_mass + sum(bar.probability for bar in listed[shown:])
        parts = (
            ("others", others),
            ("end of text", words.end_mass),
            ("<UNK>", words.unknown_mass),
        )
        return [f"{name} {percent(mass)}" for name, mass in parts if mass >= NEGLIGIBLE]

    return rest


def word_remark(words: WordPredictions, complete: bool) -> str:
    """How much probability was not followed to the end of a word; an ellipsis while it is."""
    return f"unexplored {percent(words.unexplored_mass)}{'' if complete else '…'}"


def notes_on(question: Question, answer: Answer) -> str:
    """What the model cannot see of the prompt; empty when it sees all of it."""
    parts = []
    if answer.unknown:
        named = ", ".join(_quoted(part) for part in answer.unknown[:UNKNOWN_SHOWN])
        more = len(answer.unknown) - UNKNOWN_SHOWN
        named += f" and {more:,} more" if more > 0 else ""
        parts.append(f"Not in this model's vocabulary: {named} – read as <UNK>.")
    seen = question.model.service.config.model.max_seq_len
    if answer.prompt_ids > seen:
        parts.append(f"Only the last {seen:,} of {answer.prompt_ids:,} tokens are seen.")
    return "  ".join(parts)


def _token_bar(one: NextToken, changed: bool, here: int | None) -> Bar:
    token = one.token
    special = token.id in (UNK_ID, EOT_ID)
    ends = "ends the text" if token.id == EOT_ID else ""
    return Bar(
        token.token if special else shown_token(token.token),
        one.final if changed else token.prob,
        note=one.cut_by or ends,
        aside=token.id == EOT_ID,
        drawn=not one.cut_by,
        before=token.prob if changed else None,
        here=token.id == here,
    )


def _quoted(part: str) -> str:
    shown = shown_token(part[:UNKNOWN_LENGTH])
    return f"“{shown}…”" if len(part) > UNKNOWN_LENGTH else f"“{shown}”"
