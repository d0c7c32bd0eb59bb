"""Takes a token of one's choice into the text: the most probable one, or one of the bars."""

from __future__ import annotations

from collections.abc import Callable

from minigpt_tui.tui.pane import Pane
from minigpt_tui.tui.predict.answers import Answers
from minigpt_tui.tui.predict.asked_model import AskedModel
from minigpt_tui.tui.predict.asking import Answer, likeliest_token
from minigpt_tui.tui.predict.model_line import ModelLine
from minigpt_tui.tui.predict.text_writing import TextWriting


class TokenTaking:
    """`taken` is called when the composition has another token."""

    def __init__(self, pane: Pane, writing: TextWriting, taken: Callable[[], None]) -> None:
        self.pane = pane
        self.writing = writing
        self._taken = taken
        self._waits = False
        """Whether a token was asked for that the model has not named yet."""

    def take_likeliest(self) -> None:
        """Takes the most probable token, now or when the text is answered."""
        answer, model = self._answer(), self.pane.query_one(ModelLine).model
        self._waits = answer is None
        inside = self.writing.composition.place.at is not None
        if answer is None or model is None or (self._comparing and inside):
            return
        token = likeliest_token(model, answer)
        if token is not None:
            self._append(model, answer, token)

    def take_row(self, row: int) -> None:
        """Takes the token of a bar, counted from 0."""
        answer, model = self._answer(), self.pane.query_one(ModelLine).model
        if answer is None or model is None or row >= len(answer.tokens):
            return
        if self._comparing:
            self.pane.notify("End the comparison first: ‹predict.compare›.", markup=False)
            return
        token = answer.tokens[row].id
        if not model.service.tokenizer.token_bytes(token):
            self.pane.notify("A special token adds nothing to a text.", markup=False)
            return
        self.writing.end()
        self._append(model, answer, token)

    def take_waiting(self) -> None:
        """There is more of an answer: takes what waits for it."""
        if self._waits and self._answer() is not None:
            self.take_likeliest()

    def forget(self) -> None:
        """The text has changed: what was asked for is not wanted any more."""
        self._waits = False

    @property
    def _comparing(self) -> bool:
        return self.pane.query_one(Answers).other is not None

    def _answer(self) -> Answer | None:
        """The answer to the text as it stands, if it is there already."""
        return self.pane.query_one(Answers).answer_for(self.writing.composition.draft)

    def _append(self, model: AskedModel, answer: Answer, token: int) -> None:
        """Adds a token at the place that is looked at."""
        try:
            spelled = model.service.tokenizer.token_bytes(token)
            self.writing.composition.take(answer, token, spelled)
        except ValueError as error:
            self.pane.notify(str(error), severity="warning", markup=False)
        else:
            self._taken()
