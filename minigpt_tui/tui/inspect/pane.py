"""The Inspect pane: a model, a prompt, and one of the views of what happens between them."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Container, Horizontal
from textual.widgets import Input, Static

from minigpt_tui.tui.actions import bindings
from minigpt_tui.tui.inspect.inspecting import Asked, CorpusShelf
from minigpt_tui.tui.inspect.tabs import InspectTabs
from minigpt_tui.tui.inspect.view import InspectView
from minigpt_tui.tui.inspect.views import TITLES, build_view
from minigpt_tui.tui.pane import Pane, focus_now, while_there
from minigpt_tui.tui.predict.chosen_model import choose_model, run_of_session
from minigpt_tui.tui.predict.model_line import ModelLine
from minigpt_tui.tui.predict.no_model import NoModel
from minigpt_tui.tui.widgets.prompt import PromptInput
from minigpt_tui.tui.widgets.repaint import put

PULL_SECONDS = 0.5


class InspectPane(Pane):
    """Looks into the best model of one run, and follows it while the run goes on training."""

    DEFAULT_CSS = Path(__file__).with_suffix(".tcss").read_text(encoding="utf-8")
    SCOPED_CSS = False  # the rule for short screens begins at the screen
    BINDINGS: ClassVar[list[BindingType]] = [*bindings("inspect")]

    def __init__(self) -> None:
        super().__init__(id="inspect")
        self.view_name = ""
        self._shelf = CorpusShelf()

    def compose(self) -> ComposeResult:
        remembered = self.workbench.remembered
        yield ModelLine(self.workbench.data, id="model")
        self.workbench.first_prompt.begin(self.workbench.shown_run)
        with Horizontal(id="prompts"):
            prompt = PromptInput(remembered.prompt, id="prompt", classes="box")
            prompt.border_title = "Prompt"
            yield prompt
            source = PromptInput(
                remembered.inspect_source or remembered.prompt, id="source", classes="box"
            )
            source.border_title = "Second prompt, of as many tokens"
            yield source
        yield InspectTabs(TITLES)
        yield Static("", id="notes", classes="warning", markup=False)
        yield Static("", id="explanation", markup=False)
        yield Container(id="place")
        yield NoModel(soon="can be seen")

    async def on_mount(self) -> None:
        name = self.workbench.remembered.inspect_view
        await self._show_view(name if name in TITLES else next(iter(TITLES)))
        self._show_model()
        self.query_one(ModelLine).read(run_of_session(self))
        self.set_interval(PULL_SECONDS, while_there(self, self._pull))

    def focus_first(self) -> None:
        prompt = self.query_one("#prompt", PromptInput)
        focus_now(prompt)
        prompt.call_after_refresh(while_there(prompt, prompt.show_end))

    @property
    def view(self) -> InspectView | None:
        """The view on the screen; None only while another takes its place."""
        return next(iter(self.query(InspectView)), None)

    # The views

    async def _show_view(self, name: str) -> None:
        had_focus = self.view is not None and self.view.has_focus
        self.view_name = self.workbench.remembered.inspect_view = name
        view = build_view(name)
        place = self.query_one("#place", Container)
        await place.remove_children()
        await place.mount(view)
        self.query_one(InspectTabs).show(name)
        self.query_one("#explanation", Static).update(view.explanation)
        self.set_class(view.uses_source, "-source")
        self._show_notes("")
        if had_focus:
            view.focus()
        self.refresh_bindings()
        self._ask()

    async def action_next_view(self) -> None:
        await self._go(1)

    async def action_previous_view(self) -> None:
        await self._go(-1)

    async def _go(self, direction: int) -> None:
        names = list(TITLES)
        await self._show_view(names[(names.index(self.view_name) + direction) % len(names)])

    @on(InspectTabs.Chosen)
    async def _tab_clicked(self, message: InspectTabs.Chosen) -> None:
        await self._show_view(message.name)

    def action_option(self, name: str) -> None:
        if self.view is not None and self.view.has_answer() and name in self.view.options:
            self.view.option(name)
            self.view.show_keys()
            self.refresh_bindings()
            self.view.redraw()

    def action_explain(self) -> None:
        """A small screen begins without the explanation, a large one with it."""
        shown = self.query_one("#explanation").display
        self.set_class(shown, "-plain")
        self.set_class(not shown, "-explained")

    def action_back(self) -> None:
        """One step back: gives up what is computed, leaves the picture, returns to the prompt."""
        if self.view is None or not self.view.back():
            self.query_one("#prompt").focus()
        self.refresh_bindings()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """The options of other views have no key here."""
        if action == "option" and self.is_mounted:
            return self.view is not None and parameters[0] in self.view.options
        return True

    # The model

    @on(ModelLine.Chosen)
    def action_choose_run(self) -> None:
        choose_model(self)

    @on(ModelLine.Changed)
    def _show_model(self) -> None:
        """Looks into the new model; without one a sentence stands in the place of the view."""
        line = self.query_one(ModelLine)
        if line.model is None:
            self._explain_absence(line)
        else:
            self.remove_class("-message")
            self._ask()

    def _explain_absence(self, line: ModelLine) -> None:
        self.query_one(NoModel).explain(line, training=self.workbench.session.active)
        self.add_class("-message")

    def _pull(self) -> None:
        """Follows the training: the model is read again when there is a better one."""
        line = self.query_one(ModelLine)
        if self.view is not None and not self.view.busy:
            if self.view.took:
                line.rest_after(self.view.took)
                self.view.took = 0.0
            line.follow(run_of_session(self))
            self.view.pull()
        if line.model is None and not line.reason:
            self._explain_absence(line)

    # The prompts

    @on(Input.Changed, "#prompt")
    def _prompt_changed(self) -> None:
        self.workbench.remembered.prompt = self.query_one("#prompt", PromptInput).prompt
        if self.view is not None and self.view.uses_prompt:
            self._ask()

    @on(Input.Changed, "#source")
    def _source_changed(self) -> None:
        self.workbench.remembered.inspect_source = self.query_one("#source", PromptInput).prompt
        if self.view is not None and self.view.uses_source:
            self._ask()

    @on(Input.Submitted)
    def _prompt_submitted(self) -> None:
        if self.view is not None:
            self.view.focus()

    def _ask(self) -> None:
        model = self.query_one(ModelLine).model
        if model is not None and self.view is not None:
            prompt, source = (
                self.query_one(f"#{name}", PromptInput) for name in ("prompt", "source")
            )
            self.view.ask(
                Asked(model, prompt.prompt, source.prompt, self.workbench.data, self._shelf)
            )

    @on(InspectView.Noted)
    def _noted(self, message: InspectView.Noted) -> None:
        self._show_notes(message.notes)

    def _show_notes(self, notes: str) -> None:
        self.set_class(notes != "", "-notes")
        put(self.query_one("#notes", Static), notes)
