"""How an answer reads: its bars, the lines under them, and the notes on the prompt."""

from __future__ import annotations

from typing import TYPE_CHECKING

from minigpt_tui.text.safe import shown_token, visible
from minigpt_tui.tui.asking import Answer, Question
from minigpt_tui.tui.widgets.bars import Bar, Rest, percent

if TYPE_CHECKING:
    from minigpt_tui.inference.service import TokenPrediction
    from minigpt_tui.inference.word_search import WordPredictions

UNK_ID, EOT_ID = 0, 1  # as in text.tokenizers, which loads numpy
NEGLIGIBLE = 1e-4
"""Of the sums below the bars, what is smaller is left out."""
UNKNOWN_SHOWN = 4
UNKNOWN_LENGTH = 16


def token_bars(answer: Answer) -> list[Bar]:
    """The next tokens, the most probable first."""
    return [_token_bar(token) for token in answer.tokens]


def token_rest(answer: Answer, vocab_size: int) -> Rest:
    """What is below the list of tokens: how many more there are, and their probability."""

    def rest(shown: int) -> list[str]:
        others = vocab_size - shown
        mass = max(0.0, 1 - sum(token.prob for token in answer.tokens[:shown]))
        return [f"{others:,} other tokens {percent(mass)}" if others else "These are all tokens."]

    return rest


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
    if answer.prompt_tokens > seen:
        parts.append(f"Only the last {seen:,} of {answer.prompt_tokens:,} tokens are seen.")
    return "  ".join(parts)


def _token_bar(token: TokenPrediction) -> Bar:
    if token.id == UNK_ID:
        return Bar(token.token, token.prob, note="never sampled", drawn=False)
    note = "ends the text" if token.id == EOT_ID else ""
    return Bar(shown_token(token.token), token.prob, note=note, aside=token.id == EOT_ID)


def _quoted(part: str) -> str:
    shown = shown_token(part[:UNKNOWN_LENGTH])
    return f"“{shown}…”" if len(part) > UNKNOWN_LENGTH else f"“{shown}”"
