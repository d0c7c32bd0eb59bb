"""The help page of a pane: what it is for, how to read it, its keys. F1 opens and closes it."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

from minigpt_tui.tui.actions import Action, actions_of

ABOUT = {
    "corpus": (
        "Choose the text that a model learns from.",
        "The list shows the texts that come with the program and your own; o opens any file or "
        "folder. The preview colours the tokens: the pieces the model reads and predicts, one at "
        "a time. k switches between characters, words and pieces of words (BPE).",
        "The last tenth of a text is held out: the model never trains on it, so the loss there "
        "tells whether it learned the language or only the text.",
    ),
    "train": (
        "Set up a training and watch it.",
        "The loss is the surprise at the next token, in nats (1 nat = 1.44 bits). A model that "
        "knows nothing scores ln(vocabulary size). For characters: 4–5 is random, 2–3 has found "
        "patterns, 1–2 is good, below 1 very good.",
        "Perplexity is e^loss: the number of tokens among which the model is, in effect, guessing.",
        "When the validation loss rises while the training loss falls, the model is learning the "
        "text by heart (overfitting). best_model.pt keeps the moment before.",
    ),
    "predict": (
        "Ask the trained model what comes next.",
        "Every key press shows the most probable next tokens and the most probable next whole "
        "words. A word's probability is the total over all the ways to spell it out in tokens.",
        "If the prompt ends inside a word, the bar “word goes on” shows how likely the word is "
        "not finished. Under the words stand the others that were found; “unexplored” is the "
        "probability that the search has not followed to the end of a word.",
        "F7 or Enter lets the model write on, token by token; the same model, prompt, sampler and "
        "seed write the same text again. → at the end of the prompt takes the most probable "
        "token. Ctrl+j begins a new line.",
    ),
    "inspect": (
        "See what the model does with a prompt, and where that comes from.",
        "Each view has one subject: attention, the logit lens, what adds to a token's score "
        "(attribution), what is lost without a part (ablation), which part carries an answer "
        "(patching), embeddings, the training text as evidence, calibration, and the same prompts "
        "along the training. F10 shows how to read the view in plain words.",
        "F7 and F8 go through the views. Enter or Tab leaves the prompt for the view, where the "
        "arrows and the letters of the footer work; Tab returns.",
        "Nothing here changes the model. What takes long works in the background and shows its "
        "progress; Escape gives it up.",
    ),
    "runs": (
        "Find, compare and keep what was trained.",
        "Every run is listed, also one that another process trains, live. The selected one is "
        "what Train shows (Enter) and Predict asks (a).",
        "The filter takes words of the name and the notes, and any setting or column with a "
        "sign: lr>=1e-3, corpus:stories, state:completed, layout=qwen3, loss<2, age<2d, "
        "parameters>1M, minutes=none. All of them must hold. A click on a title sorts; "
        "★ are pinned runs.",
        "Space marks a run with ◆: the page of every other then shows what the two set "
        "differently. A run whose process is gone is interrupted, and r goes on with it. A "
        "deleted run can be brought back for a week.",
    ),
}


class HelpScreen(ModalScreen[None]):
    DEFAULT_CSS = """
    HelpScreen { align: center middle; background: $background 60%; }
    HelpScreen > VerticalScroll {
        width: 76; max-width: 96%; height: auto; max-height: 92%; padding: 1 2;
        background: $surface; border: round $primary; border-title-color: $primary;
        border-subtitle-color: $foreground 60%;
    }
    HelpScreen Static { margin-bottom: 1; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,q,f1", "app.pop_screen", "Close")]

    def __init__(self, pane: str) -> None:
        super().__init__()
        self.pane = pane

    def compose(self) -> ComposeResult:
        with VerticalScroll() as box:
            box.border_title = f"Help: {self.pane.capitalize()}"
            box.border_subtitle = "esc closes"
            for paragraph in ABOUT[self.pane]:
                yield Static(paragraph, markup=False)
            yield Static(_keys([*actions_of(self.pane), *actions_of("app")]))

    def on_mount(self) -> None:
        self.query_one(VerticalScroll).focus()


def _keys(actions: list[Action]) -> Content:
    """A table of keys; the aliases of another key are left out."""
    shown = [action for action in actions if not action.help.startswith("The same")]
    width = max(len(action.key_display) for action in shown)
    lines = [
        Content.assemble(
            (f"{action.key_display:>{width}}", "bold $primary"), f"  {action.title}: {action.help}"
        )
        for action in shown
    ]
    lines.append(Content.assemble((f"{'^p':>{width}}", "bold $primary"), "  Every command by name"))
    return Content("\n").join(lines)
