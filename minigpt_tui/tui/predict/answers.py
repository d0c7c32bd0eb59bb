"""Two boxes side by side: the most probable next tokens, and the most probable next words."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass

from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.content import Content
from textual.events import Resize
from textual.message import Message
from textual.timer import Timer

from minigpt_tui.text.safe import visible
from minigpt_tui.tui.pane import while_there
from minigpt_tui.tui.predict.answer_words import (
    comparison_remark,
    plain_bars,
    plain_rest,
    token_bars,
    token_remark,
    token_rest,
    word_bars,
    word_remark,
    word_rest,
)
from minigpt_tui.tui.predict.asked_model import AskedModel
from minigpt_tui.tui.predict.asking import MAX_PASSES, Answer, Draft, Question, answers
from minigpt_tui.tui.predict.next_tokens import next_tokens
from minigpt_tui.tui.predict.samplers import Sampler
from minigpt_tui.tui.predict.text_scores import Scores
from minigpt_tui.tui.widgets.bars import ChoiceBars, ProbabilityBars, scale_of
from minigpt_tui.tui.widgets.repaint import entitle

log = logging.getLogger(__name__)

DEBOUNCE_SECONDS = 0.04
SNAPSHOT_SECONDS = 0.25
FIRST_WORDS_SECONDS = 0.1
HOLD_SECONDS = 0.02
MAX_ROWS = 24


class Answers(Horizontal):
    """Answers the latest question; an older one is given up at its next forward pass."""

    DEFAULT_CSS = "Answers ProbabilityBars { width: 1fr; height: 1fr; }"

    @dataclass
    class Answered(Message):
        """More is known of the answer to a question."""

        question: Question
        answer: Answer

    @dataclass
    class Failed(Message):
        """The model gave no answer; `sentence` says why."""

        question: Question
        sentence: str

    @dataclass
    class Ended(Message):
        """The thread is through with a question."""

        question: Question

    def __init__(self, **options: str) -> None:
        super().__init__(**options)  # type: ignore[arg-type]  # id and classes
        self.answer: Answer | None = None
        self.answered: Question | None = None
        """The question to which the answer on the screen belongs."""
        self.sampler = Sampler()
        self.other: AskedModel | None = None
        """A second model, to be compared with in what is asked from now on."""
        self._asked: tuple[AskedModel, Draft, int] | None = None
        self._scores = Scores()
        self._question: Question | None = None
        self._thread_is_busy = False
        self._held = False
        self._timer: Timer | None = None
        self._begun_at = 0.0

    def compose(self) -> ComposeResult:
        yield ChoiceBars("Next tokens", id="tokens", classes="box")
        yield ProbabilityBars("Next words", id="words", classes="box")

    def ask(
        self,
        model: AskedModel,
        draft: Draft,
        max_passes: int = MAX_PASSES,
    ) -> None:
        """Asks at once; a moment after another question, which a newer one may then replace."""
        self._asked = (model, draft, max_passes)
        if self._timer is not None:
            return
        wait = self._begun_at + DEBOUNCE_SECONDS - time.monotonic()
        if wait > 0:
            self._timer = self.set_timer(wait, while_there(self, self._begin))
        else:
            self._begin()

    def answer_to(self, prompt: str) -> Answer | None:
        """The answer on the screen, if it is one to this prompt."""
        return self.answer if self.answered and self.answered.prompt == prompt else None

    def use(self, sampler: Sampler) -> None:
        """Shows what another sampler makes of the answer; no model is asked."""
        self.sampler = sampler
        if self.answer is not None and self.answered is not None:
            self._show(self.answered, self.answer)

    def fresh_answer(self) -> Answer | None:
        """The answer on the screen, unless something newer was asked meanwhile."""
        asked = self._timer is not None or self.answered is not self._question
        return None if asked else self.answer

    def answer_for(self, draft: Draft) -> Answer | None:
        """The answer on the screen, if it is that to the text as it stands."""
        fits = self.answered is not None and self.answered.draft == draft
        return self.fresh_answer() if fits else None

    @property
    def busy(self) -> bool:
        """Whether a question is not answered completely yet."""
        return self._thread_is_busy or self._timer is not None

    def hold(self, held: bool) -> None:
        """Keeps the search for words waiting, while the model is busy with something else."""
        self._held = held

    def on_unmount(self) -> None:
        self._question = None

    def on_resize(self, event: Resize) -> None:
        """More room wants more rows."""
        if self._asked and self._question and self._rows() > self._question.rows:
            self.ask(*self._asked)

    def on_answers_answered(self, message: Answered) -> None:
        if message.question is not self._question:
            message.stop()
            return
        self.answer, self.answered = message.answer, message.question
        self._show(message.question, message.answer)

    def on_answers_failed(self, message: Failed) -> None:
        if message.question is not self._question:
            message.stop()

    def on_answers_ended(self, message: Ended) -> None:
        self._thread_is_busy = False
        if self._question is not None and message.question is not self._question:
            self._work()

    def _begin(self) -> None:
        self._timer = None
        self._begun_at = time.monotonic()
        assert self._asked is not None
        model, draft, max_passes = self._asked
        self._question = Question(model, draft, self._rows(), max_passes, self.other)
        if not self._thread_is_busy:
            self._work()

    def _work(self) -> None:
        question = self._question
        assert question is not None
        self._thread_is_busy = True
        self.run_worker(
            lambda: self._answer(question), thread=True, group="answer", exit_on_error=False
        )

    def _answer(self, question: Question) -> None:
        """In the thread: posts what it finds, not more often than one can see."""
        next_post = 0.0

        def given_up() -> bool:
            while self._held and question.max_passes and self._question is question:
                time.sleep(HOLD_SECONDS)
            return self._question is not question

        try:
            for answer in answers(question, given_up, self._scores):
                now = time.monotonic()
                scored = answer.scored is not None and answer.words is None
                if answer.complete or scored or now >= next_post:
                    self.post_message(self.Answered(question, answer))
                    next_post = now + (SNAPSHOT_SECONDS if answer.words else FIRST_WORDS_SECONDS)
        except ValueError as error:
            self.post_message(self.Failed(question, str(error)))
        except Exception as error:  # a bug must end the answer, not the app
            log.exception("The model could not be asked")
            sentence = f"{type(error).__name__}: {error}. The log has the details."
            self.post_message(self.Failed(question, sentence))
        finally:
            self.post_message(self.Ended(question))

    def _rows(self) -> int:
        return min(MAX_ROWS, max(bars.rows for bars in self.query(ProbabilityBars)))

    def _show(self, question: Question, answer: Answer) -> None:
        if answer.compared is not None:
            self._show_comparison(question, answer)
            return
        tokens = self.query_one("#tokens", ProbabilityBars)
        words = self.query_one("#words", ProbabilityBars)
        found = next_tokens(answer, self.sampler)
        here = None if answer.at_end else answer.ids[answer.at]
        entitle(tokens, _token_title(answer, changed=found.changed))
        entitle(words, "Next words" if answer.at_end else "Words expected here")
        tokens.show(
            token_bars(found, here),
            token_rest(found, question.model.service.vocab_size),
            token_remark(found),
        )
        if answer.words is None:  # the words of the last answer stay until there are new ones
            words.show_remark("" if question.max_passes == 0 else "searching…")
        else:
            remark = word_remark(answer.words, answer.complete)
            words.show(word_bars(answer.words), word_rest(answer.words), remark)

    def _show_comparison(self, question: Question, answer: Answer) -> None:
        assert answer.compared is not None
        assert question.other is not None
        here = None if answer.at_end else answer.pieces[answer.at]
        left, right = (
            plain_bars(tokens, here) for tokens in (answer.tokens, answer.compared.tokens)
        )
        scale = max(scale_of(left[: self._rows()]), scale_of(right[: self._rows()]))
        sides = (
            ("#tokens", "A", question.model, left, answer.tokens),
            ("#words", "B", question.other, right, answer.compared.tokens),
        )
        for selector, letter, model, bars, listed in sides:
            box = self.query_one(selector, ProbabilityBars)
            box.border_title = Content(f"{letter}: {visible(model.run.name)} · {model.checkpoint}")
            rest = plain_rest(listed, model.service.vocab_size)
            box.show(bars, rest, comparison_remark(answer.compared, letter), scale)


def _token_title(answer: Answer, *, changed: bool) -> Content:
    number = answer.at + 1
    place = f"Expected at {number:,}" if number > 999 else f"Expected at token {number}"
    title = "Next tokens" if answer.at_end else place
    return Content.assemble(title, (" model, drawn" if changed else "", "not bold $foreground 60%"))
