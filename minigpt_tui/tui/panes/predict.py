"""The Predict pane: what a trained model expects after a prompt, and the text that it writes."""

from __future__ import annotations

import time
from pathlib import Path
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import Input, Static

from minigpt_tui.runs.folder import RunFolder
from minigpt_tui.text.safe import visible
from minigpt_tui.tui.actions import bindings
from minigpt_tui.tui.asking import FEW_PASSES, MAX_PASSES, likeliest_text
from minigpt_tui.tui.pane import Pane
from minigpt_tui.tui.samplers import sampler_after, sampler_named
from minigpt_tui.tui.widgets.answer_words import notes_on
from minigpt_tui.tui.widgets.answers import Answers
from minigpt_tui.tui.widgets.continuation import Continuation
from minigpt_tui.tui.widgets.model_line import ModelLine
from minigpt_tui.tui.widgets.prompt import PromptInput
from minigpt_tui.tui.widgets.run_choice import RunChoice
from minigpt_tui.tui.writing import Writing, write

PULL_SECONDS = 0.25
EMPTY = "No model yet. Press F2, choose a text, press t."
TRAINING = "No model yet: the training has begun. The first one answers here after an epoch."
HINT = "→ at the end takes the most probable token. Enter lets the model write on."


class PredictPane(Pane):
    """Asks the best model of one run, and follows it while the run goes on training."""

    DEFAULT_CSS = Path(__file__).with_suffix(".tcss").read_text(encoding="utf-8")
    BINDINGS: ClassVar[list[BindingType]] = [
        *bindings("predict"),
        Binding("escape", "stop_writing", "Stop writing", show=False),
    ]

    def __init__(self) -> None:
        super().__init__(id="predict")
        self.writing: Writing | None = None
        self._shown: tuple[Writing, int, bool] | None = None
        """How far the writing on the screen is."""
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
        yield Continuation(id="text", classes="box")

    def on_mount(self) -> None:
        self.sampler = sampler_named(self.workbench.remembered.sampler)
        self.query_one(Continuation).show_sampler(self.sampler, idle=True)
        self._show_model()
        self.query_one(ModelLine).read(self._run_of_session())
        self.set_interval(PULL_SECONDS, self._pull)

    def on_unmount(self) -> None:
        self.action_stop_writing()

    def focus_first(self) -> None:
        prompt = self.query_one(PromptInput)
        prompt.focus()
        prompt.call_after_refresh(prompt.show_end)

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
            shown = self.query_one(Answers).answered
            followed = shown is not None and shown.model.run == line.model.run
            self._ask(FEW_PASSES if followed else MAX_PASSES)

    def _empty(self) -> str:
        return TRAINING if self.workbench.session.active else EMPTY

    # The prompt

    @on(Input.Changed)
    def _prompt_changed(self) -> None:
        self._take_when_answered = False
        self.workbench.remembered.prompt = self.query_one(PromptInput).prompt
        self._ask()

    @on(PromptInput.TakeToken)
    def _take_token(self) -> None:
        """Appends the most probable token, now or when this prompt is answered."""
        prompt, model = self.query_one(PromptInput), self.query_one(ModelLine).model
        answer = self.query_one(Answers).answer_to(prompt.prompt)
        self._take_when_answered = answer is None
        if answer is not None and model is not None:
            prompt.append(likeliest_text(model, answer) or "")

    def _ask(self, max_passes: int = MAX_PASSES) -> None:
        model = self.query_one(ModelLine).model
        if model is not None:
            self._asked_at = time.monotonic()
            self.query_one(Answers).ask(model, self.query_one(PromptInput).prompt, max_passes)

    @on(Answers.Answered)
    def _answered(self, message: Answers.Answered) -> None:
        notes = notes_on(message.question, message.answer)
        line = self.query_one("#notes", Static)
        line.update(notes or HINT)
        line.set_classes("warning" if notes else "dim")
        if message.answer.complete:
            self.query_one(ModelLine).rest_after(time.monotonic() - self._asked_at)
        if self._take_when_answered:
            self._take_token()

    @on(Answers.Failed)
    def _not_answered(self, message: Answers.Failed) -> None:
        self._show_message(message.sentence, trouble=True)

    def _show_message(self, sentence: str, *, trouble: bool = False) -> None:
        self.set_class(sentence != "", "-message")
        box = self.query_one("#message", Static)
        box.set_class(trouble, "warning")
        box.update(f"⚠ {visible(sentence)}\n\nF9 chooses another model." if trouble else sentence)

    # The text

    @on(Input.Submitted)
    def _prompt_submitted(self) -> None:
        self.action_generate()

    def action_generate(self) -> None:
        """Begins to write, or stops."""
        model = self.query_one(ModelLine).model
        if self.writing is not None and not self.writing.done.is_set():
            self.action_stop_writing()
            return
        if model is None:
            self.app.notify("There is no model to write with yet.", markup=False)
            return
        writing = Writing(model, self.query_one(PromptInput).prompt, self.sampler, seed=1)
        if self.writing is not None and writing.asks_the_same_as(self.writing):
            writing.seed = self.writing.seed + 1
        self.writing = writing
        self._show_writing()
        self.run_worker(lambda: write(writing), thread=True, group="write", exit_on_error=False)

    def action_stop_writing(self) -> None:
        if self.writing is not None:
            self.writing.stopped = True

    def action_next_sampler(self) -> None:
        self.sampler = sampler_after(self.sampler)
        self.workbench.remembered.sampler = self.sampler.name
        self.query_one(Continuation).show_sampler(self.sampler, idle=self.writing is None)

    def _show_writing(self) -> None:
        """Puts up the text as far as it is; does nothing while that has not changed."""
        writing = self.writing
        if writing is None:
            return
        self.query_one(Answers).hold(not writing.done.is_set())
        state = (writing, len(writing.pieces), writing.done.is_set())
        if state != self._shown:
            self._shown = state
            self.query_one(Continuation).show_writing(writing)

    # Live

    def _pull(self) -> None:
        """Shows what threads and trainings have brought since the last look."""
        line = self.query_one(ModelLine)
        if not self.query_one(Answers).busy:  # fast epochs must not keep an answer from its end
            line.follow(self._run_of_session())
        if line.model is None and not line.reason:
            self._show_message(self._empty())
        self._show_writing()
