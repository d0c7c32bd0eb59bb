"""The Predict pane: what a trained model expects at any place of a text, and how it writes on.

The prompt is typed; what stands behind it was written by the model or taken from the bars, and
every way it went is kept as a branch. The bars are about the place of the cursor in the text.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import Input

from minigpt_tui.tui.actions import bindings
from minigpt_tui.tui.pane import Pane, focus_now, while_there
from minigpt_tui.tui.predict.answer_words import notes_on
from minigpt_tui.tui.predict.answers import Answers
from minigpt_tui.tui.predict.asked_model import AskedModel
from minigpt_tui.tui.predict.asking import FEW_PASSES, MAX_PASSES
from minigpt_tui.tui.predict.chosen_model import choose_model, run_of_session
from minigpt_tui.tui.predict.composing import Composition, Place
from minigpt_tui.tui.predict.hint_line import HintLine
from minigpt_tui.tui.predict.model_line import ModelLine
from minigpt_tui.tui.predict.no_model import NoModel
from minigpt_tui.tui.predict.sampler_line import SamplerLine
from minigpt_tui.tui.predict.samplers import sampler_from_text, sampler_text
from minigpt_tui.tui.predict.text_box import TextBox
from minigpt_tui.tui.predict.text_writing import TextWriting
from minigpt_tui.tui.predict.token_taking import TokenTaking
from minigpt_tui.tui.predict.token_text import TokenText
from minigpt_tui.tui.widgets.bars import ChoiceBars
from minigpt_tui.tui.widgets.prompt import PromptInput

PULL_SECONDS = 0.25


class PredictPane(Pane):
    """Asks the best model of one run, and follows it while the run goes on training."""

    DEFAULT_CSS = Path(__file__).with_suffix(".tcss").read_text(encoding="utf-8")
    BINDINGS: ClassVar[list[BindingType]] = [
        *bindings("predict"),
        Binding("escape", "step_back", "Stop writing, or back to the prompt", show=False),
    ]

    def __init__(self) -> None:
        super().__init__(id="predict")
        self.writing = TextWriting(
            self, Composition(Place("")), begun=self._show_prompt, grown=self._ask
        )
        self.taking = TokenTaking(self, self.writing, taken=self._show_place)
        self._asked_at = 0.0

    def compose(self) -> ComposeResult:
        yield ModelLine(self.workbench.data, id="model")
        self.workbench.first_prompt.begin(self.workbench.shown_run)
        prompt = PromptInput(self.workbench.remembered.prompt, id="prompt", classes="box")
        prompt.border_title = "Prompt"
        yield prompt
        yield HintLine("", id="notes", markup=False)
        yield Answers(id="answers")
        yield NoModel(soon="answers")
        yield SamplerLine(id="sampler")
        yield TextBox(id="text", classes="box")

    def on_mount(self) -> None:
        self.writing.use(Composition(Place(self.query_one(PromptInput).prompt)))
        sampler = sampler_from_text(self.workbench.remembered.sampler)
        self.query_one(SamplerLine).show(sampler)
        self.query_one(Answers).use(sampler)
        self._show_model()
        self.query_one(ModelLine).read(run_of_session(self))
        self.set_interval(PULL_SECONDS, while_there(self, self._pull))

    def on_unmount(self) -> None:
        self.writing.end()

    @property
    def composition(self) -> Composition:
        return self.writing.composition

    def focus_first(self) -> None:
        prompt = self.query_one(PromptInput)
        focus_now(prompt)
        prompt.call_after_refresh(while_there(prompt, prompt.show_end))

    # The model

    @on(ModelLine.Chosen)
    def action_choose_run(self) -> None:
        choose_model(self)

    @on(ModelLine.Changed)
    def _show_model(self) -> None:
        """Asks the new model; without one a sentence stands in the place of the bars."""
        line = self.query_one(ModelLine)
        if line.model is None:
            self._explain_absence(line)
        else:
            self.remove_class("-message")
            self._use_vocabulary(line.model)
            shown = self.query_one(Answers).answered
            followed = shown is not None and shown.model.run == line.model.run
            self._ask(FEW_PASSES if followed else MAX_PASSES)

    def _use_vocabulary(self, model: AskedModel) -> None:
        """Takes up what was written with the same vocabulary: its branches, and the text."""
        kept = self.workbench.compositions
        known = kept.setdefault(model.vocabulary, Composition(Place("")))
        if known is not self.composition:
            self.writing.end()
            known.type(self.query_one(PromptInput).prompt)
            self.writing.use(known)

    def _explain_absence(self, line: ModelLine) -> None:
        """A sentence in the place of the bars: why there is no model."""
        self.query_one(NoModel).explain(line, training=self.workbench.session.active)
        self._hide_bars()

    def _hide_bars(self) -> None:
        if self.query_one(ChoiceBars).has_focus:
            self.query_one(PromptInput).focus()
        self.add_class("-message")

    # The prompt and the text

    @on(Input.Changed, "#prompt")
    def _prompt_changed(self) -> None:
        prompt = self.query_one(PromptInput).prompt
        self.taking.forget()
        self.workbench.remembered.prompt = prompt
        if prompt != self.composition.place.prompt:
            self.writing.end()
            self.composition.type(prompt)
            self._ask()

    @on(TokenText.Moved)
    def _looked_elsewhere(self, message: TokenText.Moved) -> None:
        text = self.query_one(TokenText)
        at_end = message.at >= text.size_in_tokens
        self.composition.look(None if at_end else message.at)
        self._ask()

    @on(PromptInput.TakeToken)
    def _take_token(self) -> None:
        self.taking.take_likeliest()

    @on(PromptInput.Left)
    def _leave_downwards(self) -> None:
        if self.query_one(Answers).answer is not None and not self.has_class("-message"):
            self.query_one(ChoiceBars).focus()

    @on(ChoiceBars.LeftUpwards)
    def _leave_upwards(self) -> None:
        self.query_one(PromptInput).focus()

    @on(ChoiceBars.Taken)
    def _alternative_taken(self, message: ChoiceBars.Taken) -> None:
        self.taking.take_row(message.row)

    def action_undo(self) -> None:
        self.writing.end()
        if self.composition.undo():
            self._show_place()
        else:
            self.app.notify("There is nothing to undo.", markup=False)

    def action_branches(self) -> None:
        from minigpt_tui.tui.predict.branches import BranchesDialog

        self.writing.end()

        def chosen(node: int | None) -> None:
            if self.is_mounted:
                if node is not None:
                    self.composition.switch(node)
                self._show_place()

        exports = self.workbench.data.root / "texts"
        self.app.push_screen(BranchesDialog(self.composition, exports), chosen)

    def _show_place(self) -> None:
        """Brings prompt and bars to where the composition stands."""
        self._show_prompt()
        self._ask()

    def _show_prompt(self) -> None:
        prompt, place = self.query_one(PromptInput), self.composition.place
        self.workbench.remembered.prompt = place.prompt
        if prompt.prompt != place.prompt:
            prompt.show_prompt(place.prompt)

    def action_next_measure(self) -> None:
        self.query_one(TextBox).next_measure()

    # Asking

    def _ask(self, max_passes: int = MAX_PASSES) -> None:
        model = self.query_one(ModelLine).model
        if model is not None:
            self._asked_at = time.monotonic()
            passes = 0 if self.writing.writes else max_passes
            self.query_one(Answers).ask(model, self.composition.draft, passes)

    @on(Answers.Answered)
    def _answered(self, message: Answers.Answered) -> None:
        answer, model = message.answer, message.question.model
        place = self.composition.place  # the cursor may have gone on since the question
        cursor = len(answer.pieces) if place.at is None else place.at
        self.query_one(TextBox).show(answer, model, cursor)
        self._note(notes_on(message.question, answer))
        if answer.complete:
            self.query_one(ModelLine).rest_after(time.monotonic() - self._asked_at)
        self.taking.take_waiting()

    @on(Answers.Failed)
    def _not_answered(self, message: Answers.Failed) -> None:
        self.query_one(NoModel).say(message.sentence, trouble=True)
        self._hide_bars()

    def _note(self, notes: str) -> None:
        line = self.query_one(HintLine)
        line.show(notes, self.screen.focused, comparing=self._comparing)

    def on_descendant_focus(self) -> None:
        asked, answer = self.query_one(Answers).answered, self.query_one(Answers).answer
        self._note("" if asked is None or answer is None else notes_on(asked, answer))

    # How tokens are picked

    def action_samplers(self) -> None:
        """Goes to the sampler; there, on to the next preset."""
        line = self.query_one(SamplerLine)
        if line.has_focus:
            line.action_preset()
        else:
            line.focus()

    @on(SamplerLine.Changed)
    def _sampler_changed(self, message: SamplerLine.Changed) -> None:
        self.workbench.remembered.sampler = sampler_text(message.sampler)
        self.query_one(Answers).use(message.sampler)

    @on(SamplerLine.Explained)
    def _explain(self, message: SamplerLine.Explained) -> None:
        self.query_one(HintLine).explain_dial(message.sentence)

    # Writing

    @on(Input.Submitted, "#prompt")
    def action_generate(self) -> None:
        self.writing.generate()

    def action_step(self) -> None:
        self.writing.step()

    def action_again(self) -> None:
        self.writing.again()

    def action_step_back(self) -> None:
        """Stops the writing, or goes back to the prompt."""
        if self.writing.writes:
            self.writing.stop()
        else:
            self.query_one(PromptInput).focus()

    # Comparing

    @property
    def _comparing(self) -> bool:
        return self.query_one(Answers).other is not None

    def action_compare(self) -> None:
        """Chooses a second model, or ends the comparison."""
        if self._comparing:
            self._compare(None)
            return
        model = self.query_one(ModelLine).model
        if model is None:
            self.app.notify("There is no model to compare yet.", markup=False)
            return
        from minigpt_tui.tui.predict.comparing import choose_other

        self.writing.end()
        choose_other(self, model, self._compare)

    def _compare(self, other: AskedModel | None) -> None:
        if self.is_mounted:
            self.query_one(Answers).other = other
            self.composition.look(None)
            self._note("")
            self._ask()

    # Live

    def _pull(self) -> None:
        """Shows what threads and trainings have brought since the last look."""
        line = self.query_one(ModelLine)
        if not self.query_one(Answers).busy:  # fast epochs must not keep an answer from its end
            line.follow(run_of_session(self))
        if line.model is None and not line.reason:
            self._explain_absence(line)
        self.writing.pull()
