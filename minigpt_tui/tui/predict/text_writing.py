"""The keys that let a model write on: from the place that is looked at, or once more from there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from minigpt_tui.tui.pane import Pane
from minigpt_tui.tui.predict.answers import Answers
from minigpt_tui.tui.predict.composing import Composition
from minigpt_tui.tui.predict.model_line import ModelLine
from minigpt_tui.tui.predict.sampler_line import SamplerLine
from minigpt_tui.tui.predict.text_box import TextBox
from minigpt_tui.tui.predict.writing import Writer, Writing, write


class TextWriting:
    """Writes into `composition` with the model and the sampler of a pane.

    `begun` is called when the composition stands elsewhere, `grown` when there is more of the
    text, or no more to come.
    """

    def __init__(
        self,
        pane: Pane,
        composition: Composition,
        begun: Callable[[], None],
        grown: Callable[[], None],
    ) -> None:
        self.pane = pane
        self.writer = Writer(composition)
        self._begun = begun
        self._grown = grown
        self._shown: tuple[Writing, int, bool] | None = None
        """How far the writing on the screen is."""

    @property
    def composition(self) -> Composition:
        return self.writer.composition

    @property
    def writes(self) -> bool:
        return self.writer.writes

    def use(self, composition: Composition) -> None:
        """Writes into another text; what is written into the last one ends."""
        self.writer.end()
        self.writer = Writer(composition)

    def end(self) -> None:
        """Keeps what is written so far, and takes no more of it."""
        self.writer.end()

    def stop(self) -> None:
        self.writer.stop()

    def generate(self) -> None:
        """Begins to write at the place that is looked at, or stops."""
        if self.writes:
            self.stop()
        else:
            self._write(self._sampler.sampler.length)

    def step(self) -> None:
        """Draws a single token."""
        if not self.writes:
            self._write(1)

    def again(self) -> None:
        """Writes another text from where the last one began, with the next seed."""
        length = None if self._answers.other is not None else self.writer.rewind()
        if length is None:
            self.generate()
            return
        line = self._sampler
        line.change(replace(line.sampler, seed=line.sampler.seed + 1))
        self._write(length)

    def pull(self) -> None:
        """Puts up the text as far as it is; does nothing while that has not changed."""
        writing = self.writer.writing
        self._answers.hold(self.writes)
        if writing is None:
            return
        done = writing.done.is_set()
        grown = self.writer.take()
        state = (writing, len(writing.tokens), done)
        if state != self._shown:
            was_done = self._shown is not None and self._shown[0] is writing and self._shown[2]
            self._shown = state
            self.pane.query_one(TextBox).show_writing(writing)
            if grown or (done and not was_done):
                self._grown()

    @property
    def _answers(self) -> Answers:
        return self.pane.query_one(Answers)

    @property
    def _sampler(self) -> SamplerLine:
        return self.pane.query_one(SamplerLine)

    def _write(self, length: int) -> None:
        model, answers = self.pane.query_one(ModelLine).model, self._answers
        if model is None:
            self.pane.notify("There is no model to write with yet.", markup=False)
            return
        if answers.other is not None:
            self.pane.notify("End the comparison first: ‹predict.compare›.", markup=False)
            return
        self.end()
        answer = answers.answer_for(self.composition.draft)
        if self.composition.place.at is not None and answer is None:
            return  # a moment later the place is known
        try:
            writing = self.writer.begin(model, self._sampler.sampler, length, answer)
        except ValueError as error:
            self.pane.notify(str(error), severity="warning", markup=False)
            return
        self._begun()
        self.pull()
        self.pane.run_worker(
            lambda: write(writing), thread=True, group="write", exit_on_error=False
        )
