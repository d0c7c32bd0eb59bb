"""The Predict pane: what a trained model expects at any place of a text, and how it writes on.

The prompt is typed; what stands behind it was written by the model or taken from the bars, and
every way it went is kept as a branch. The bars are about the place of the cursor in the text.
"""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import Input, Static

from minigpt_tui.runs.folder import RunFolder
from minigpt_tui.text.safe import visible
from minigpt_tui.tui.actions import bindings
from minigpt_tui.tui.asking import FEW_PASSES, MAX_PASSES, Answer, AskedModel, token_text
from minigpt_tui.tui.composing import Composition, Place
from minigpt_tui.tui.pane import Pane, while_there
from minigpt_tui.tui.repaint import put
from minigpt_tui.tui.samplers import sampler_from_text, sampler_text
from minigpt_tui.tui.widgets.answer_words import notes_on
from minigpt_tui.tui.widgets.answers import Answers
from minigpt_tui.tui.widgets.bars import ChoiceBars
from minigpt_tui.tui.widgets.model_line import ModelLine
from minigpt_tui.tui.widgets.prompt import PromptInput, prompt_text, shown_prompt
from minigpt_tui.tui.widgets.run_choice import RunChoice
from minigpt_tui.tui.widgets.sampler_line import SamplerLine
from minigpt_tui.tui.widgets.text_box import TextBox
from minigpt_tui.tui.widgets.token_text import TokenText
from minigpt_tui.tui.writing import Writer, Writing, write

PULL_SECONDS = 0.25
EMPTY = "No model yet. Press F2, choose a text, press t."
TRAINING = "No model yet: the training has begun. The first one answers here after an epoch."
HINT = "→ at the end takes the most probable token, ↓ chooses one. Enter writes on."
HINT_BARS = "↑↓ choose a token, Enter takes it, esc goes back to the prompt."
HINT_TEXT = "←→↑↓ go, F7 writes from here, ^n colours, ^z undoes, ^b branches."
COMPARING = "The same text and place, by two models. Move in the text; F10 ends this."


class PredictPane(Pane):
    """Asks the best model of one run, and follows it while the run goes on training."""

    DEFAULT_CSS = Path(__file__).with_suffix(".tcss").read_text(encoding="utf-8")
    BINDINGS: ClassVar[list[BindingType]] = [
        *bindings("predict"),
        Binding("escape", "step_back", "Stop writing, or back to the prompt", show=False),
    ]

    def __init__(self) -> None:
        super().__init__(id="predict")
        self.other: AskedModel | None = None
        """A second model, to be compared with."""
        self._shown: tuple[Writing, int, bool] | None = None
        """How far the writing on the screen is."""
        self.writer = Writer(Composition(Place("")))
        self._take_when_answered = False
        self._asked_at = 0.0

    def compose(self) -> ComposeResult:
        yield ModelLine(self.workbench.data, id="model")
        prompt = PromptInput(self.workbench.remembered.prompt, id="prompt", classes="box")
        prompt.border_title = "Prompt"
        yield prompt
        yield Static("", id="notes", markup=False)
        yield Answers(id="answers")
        yield Static("", id="message", classes="box", markup=False)
        yield SamplerLine(id="sampler")
        yield TextBox(id="text", classes="box")

    def on_mount(self) -> None:
        self.writer = Writer(Composition(Place(self.query_one(PromptInput).prompt)))
        sampler = sampler_from_text(self.workbench.remembered.sampler)
        self.query_one(SamplerLine).show(sampler)
        self.query_one(Answers).use(sampler)
        self._show_model()
        self.query_one(ModelLine).read(self._run_of_session())
        self.set_interval(PULL_SECONDS, while_there(self, self._pull))

    def on_unmount(self) -> None:
        self.writer.end()

    @property
    def composition(self) -> Composition:
        return self.writer.composition

    def focus_first(self) -> None:
        prompt = self.query_one(PromptInput)
        prompt.focus()
        prompt.call_after_refresh(while_there(prompt, prompt.show_end))

    # The model

    def _run_of_session(self) -> RunFolder | None:
        """The run that this session shows or trains, once it has a model."""
        job = self.workbench.session.job
        runs = (self.workbench.shown_run, None if job is None else job.run)
        return next((run for run in runs if run is not None and run.best.is_file()), None)

    def action_choose_run(self) -> None:
        line = self.query_one(ModelLine)

        def chosen(run: RunFolder | None) -> None:
            if run is not None and self.is_mounted:
                self.workbench.shown_run = run
                line.read(run)

        current = None if line.model is None else line.model.run
        self.app.push_screen(RunChoice(self.workbench.data, current), chosen)

    @on(ModelLine.Chosen)
    def _line_clicked(self) -> None:
        self.action_choose_run()

    @on(ModelLine.Changed)
    def _show_model(self) -> None:
        """Asks the new model; without one a sentence stands in the place of the bars."""
        line = self.query_one(ModelLine)
        if line.model is None:
            self._show_message(line.reason or self._empty(), trouble=line.run is not None)
        else:
            self._show_message("")
            self._use_vocabulary(line.model)
            shown = self.query_one(Answers).answered
            followed = shown is not None and shown.model.run == line.model.run
            self._ask(FEW_PASSES if followed else MAX_PASSES)

    def _use_vocabulary(self, model: AskedModel) -> None:
        """Takes up what was written with the same vocabulary: its branches, and the text."""
        kept = self.workbench.compositions
        known = kept.setdefault(model.vocabulary, Composition(Place("")))
        if known is not self.composition:
            self.writer.end()
            known.type(self.query_one(PromptInput).prompt)
            self.writer = Writer(known)

    def _empty(self) -> str:
        return TRAINING if self.workbench.session.active else EMPTY

    # The prompt and the text

    @on(Input.Changed, "#prompt")
    def _prompt_changed(self) -> None:
        prompt = self.query_one(PromptInput).prompt
        self._take_when_answered = False
        self.workbench.remembered.prompt = prompt
        if prompt != self.composition.place.prompt:
            self.writer.end()
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
        """Takes the most probable token, now or when the text is answered."""
        answer, model = self._answer(), self.query_one(ModelLine).model
        self._take_when_answered = answer is None
        compared_inside = self.other is not None and self.composition.place.at is not None
        if answer is not None and model is not None and not compared_inside:
            possible = (one.id for one in answer.tokens if token_text(model, one.id))
            token = next(possible, None)
            if token is not None:
                self._append(model, answer, token)

    @on(PromptInput.Left)
    def _leave_downwards(self) -> None:
        if self.query_one(Answers).answer is not None and not self.has_class("-message"):
            self.query_one(ChoiceBars).focus()

    @on(ChoiceBars.LeftUpwards)
    def _leave_upwards(self) -> None:
        self.query_one(PromptInput).focus()

    @on(ChoiceBars.Taken)
    def _alternative_taken(self, message: ChoiceBars.Taken) -> None:
        answer, model = self._answer(), self.query_one(ModelLine).model
        if answer is None or model is None or message.row >= len(answer.tokens):
            return
        if self.other is not None:
            self.app.notify("End the comparison first: F10.", markup=False)
            return
        token = answer.tokens[message.row].id
        if not model.service.tokenizer.token_bytes(token):
            self.app.notify("A special token adds nothing to a text.", markup=False)
            return
        self.writer.end()
        self._append(model, answer, token)

    def _append(self, model: AskedModel, answer: Answer, token: int) -> None:
        """Adds a token at the place that is looked at."""
        try:
            spelled = model.service.tokenizer.token_bytes(token)
            self.composition.take(answer, token, spelled)
        except ValueError as error:
            self.app.notify(str(error), severity="warning", markup=False)
        else:
            self._show_place()

    def action_undo(self) -> None:
        self.writer.end()
        if self.composition.undo():
            self._show_place()
        else:
            self.app.notify("There is nothing to undo.", markup=False)

    def action_branches(self) -> None:
        from minigpt_tui.tui.widgets.branches import BranchesDialog

        self.writer.end()

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

    def _answer(self) -> Answer | None:
        """The answer to the text as it stands, if it is there already."""
        answers = self.query_one(Answers)
        answer, asked = answers.fresh_answer(), answers.answered
        fits = asked is not None and asked.draft == self.composition.draft
        return answer if fits else None

    def _ask(self, max_passes: int = MAX_PASSES) -> None:
        model = self.query_one(ModelLine).model
        if model is not None:
            self._asked_at = time.monotonic()
            passes = 0 if self.writer.writes else max_passes
            self.query_one(Answers).ask(model, self.composition.draft, passes, self.other)

    @on(Answers.Answered)
    def _answered(self, message: Answers.Answered) -> None:
        answer, model = message.answer, message.question.model
        place = self.composition.place  # the cursor may have gone on since the question
        cursor = len(answer.pieces) if place.at is None else place.at
        self.query_one(TextBox).show(answer, model, cursor)
        self._note(notes_on(message.question, answer))
        if answer.complete:
            self.query_one(ModelLine).rest_after(time.monotonic() - self._asked_at)
        if self._take_when_answered and self._answer() is not None:
            self._take_token()

    @on(Answers.Failed)
    def _not_answered(self, message: Answers.Failed) -> None:
        self._show_message(message.sentence, trouble=True)

    def _note(self, notes: str) -> None:
        line = self.query_one("#notes", Static)
        if not self.query_one(SamplerLine).has_focus:
            put(line, notes or self._hint())
            line.set_classes("warning" if notes else "dim")

    def _hint(self) -> str:
        """What the keys do where the focus is."""
        if self.other is not None:
            return COMPARING
        if self.query_one(ChoiceBars).has_focus:
            return HINT_BARS
        if self.query_one(TokenText).has_focus:
            return HINT_TEXT
        return HINT

    def on_descendant_focus(self) -> None:
        asked, answer = self.query_one(Answers).answered, self.query_one(Answers).answer
        self._note("" if asked is None or answer is None else notes_on(asked, answer))

    def _show_message(self, sentence: str, *, trouble: bool = False) -> None:
        if sentence and self.query_one(ChoiceBars).has_focus:  # they are hidden now
            self.query_one(PromptInput).focus()
        self.set_class(sentence != "", "-message")
        box = self.query_one("#message", Static)
        box.set_class(trouble, "warning")
        put(box, f"⚠ {visible(sentence)}\n\nF9 chooses another model." if trouble else sentence)

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
        notes = self.query_one("#notes", Static)
        put(notes, f"{message.sentence}  ↑↓ turn ←→ next F8 preset")
        notes.set_classes("dim")

    @on(SamplerLine.TypeStop)
    def _type_stop(self) -> None:
        from minigpt_tui.tui.widgets.run_dialogs import LineDialog

        line = self.query_one(SamplerLine)

        def accept(typed: str) -> None:
            stop = prompt_text(typed).replace("\\n", "\n")
            line.change(replace(line.sampler, stop=stop))

        title = "The text ends before (| between several, \\n is a new line)"
        self.app.push_screen(LineDialog(title, shown_prompt(line.sampler.stop), accept))

    # Writing

    @on(Input.Submitted, "#prompt")
    def _prompt_submitted(self) -> None:
        self.action_generate()

    def action_generate(self) -> None:
        """Begins to write at the place that is looked at, or stops."""
        if self.writer.writes:
            self.writer.stop()
        else:
            self._write(self.query_one(SamplerLine).sampler.length)

    def action_step(self) -> None:
        """Draws a single token."""
        if not self.writer.writes:
            self._write(1)

    def action_again(self) -> None:
        """Writes another text from where the last one began, with the next seed."""
        length = None if self.other is not None else self.writer.rewind()
        if length is None:
            self.action_generate()
            return
        line = self.query_one(SamplerLine)
        line.change(replace(line.sampler, seed=line.sampler.seed + 1))
        self._write(length)

    def action_step_back(self) -> None:
        """Stops the writing, or goes back to the prompt."""
        if self.writer.writes:
            self.writer.stop()
        else:
            self.query_one(PromptInput).focus()

    def _write(self, length: int) -> None:
        model = self.query_one(ModelLine).model
        if model is None:
            self.app.notify("There is no model to write with yet.", markup=False)
            return
        if self.other is not None:
            self.app.notify("End the comparison first: F10.", markup=False)
            return
        self.writer.end()
        answer = self._answer()
        if self.composition.place.at is not None and answer is None:
            return  # a moment later the place is known
        sampler = self.query_one(SamplerLine).sampler
        try:
            writing = self.writer.begin(model, sampler, length, answer)
        except ValueError as error:
            self.app.notify(str(error), severity="warning", markup=False)
            return
        self._show_prompt()
        self._show_writing()
        self.run_worker(lambda: write(writing), thread=True, group="write", exit_on_error=False)

    def _show_writing(self) -> None:
        """Puts up the text as far as it is; does nothing while that has not changed."""
        writing = self.writer.writing
        self.query_one(Answers).hold(self.writer.writes)
        if writing is None:
            return
        done = writing.done.is_set()
        grown = self.writer.take()
        state = (writing, len(writing.tokens), done)
        if state != self._shown:
            was_done = self._shown is not None and self._shown[0] is writing and self._shown[2]
            self._shown = state
            self.query_one(TextBox).show_writing(writing)
            if grown or (done and not was_done):
                self._ask()

    # Comparing

    def action_compare(self) -> None:
        """Chooses a second model, or ends the comparison."""
        if self.other is not None:
            self._compare(None)
            return
        model = self.query_one(ModelLine).model
        if model is None:
            self.app.notify("There is no model to compare yet.", markup=False)
            return
        from minigpt_tui.tui.comparing import choose_other

        self.writer.end()
        choose_other(self, model, self._compare)

    def _compare(self, other: AskedModel | None) -> None:
        if self.is_mounted:
            self.other = other
            self.composition.look(None)
            self._note("")
            self._ask()

    # Live

    def _pull(self) -> None:
        """Shows what threads and trainings have brought since the last look."""
        line = self.query_one(ModelLine)
        if not self.query_one(Answers).busy:  # fast epochs must not keep an answer from its end
            line.follow(self._run_of_session())
        if line.model is None and not line.reason:
            self._show_message(self._empty())
        self._show_writing()
