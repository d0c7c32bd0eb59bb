"""Every action of the workbench once: its key, its words, where it works.

Bindings, the footer, the command palette and the help page are made from this registry.
"""

from __future__ import annotations

from dataclasses import dataclass

from textual.binding import Binding

_SIGNS = {"slash": "/", "enter": "⏎", "space": "␣"}


@dataclass(frozen=True)
class Action:
    """`scope` is the pane in which the key works (`app.PANES`), or app for every pane."""

    id: str
    scope: str
    keys: str
    title: str
    help: str
    show: bool = True
    priority: bool = False
    """Whether the key works inside text fields too: for function and control keys only."""

    @property
    def key_display(self) -> str:
        """The first key as a person reads it: `F2`, `^q`, `space`."""
        key = self.keys.split(",")[0]
        if key.startswith("ctrl+"):
            return "^" + key.removeprefix("ctrl+")
        if key in _SIGNS:
            return _SIGNS[key]
        return key.upper() if key[0] == "f" and key[1:].isdigit() else key


ACTIONS: tuple[Action, ...] = (
    Action("help", "app", "f1", "Help", "What this pane does and its keys.", priority=True),
    Action("pane('corpus')", "app", "f2", "Corpus", "Choose the text.", show=False, priority=True),
    Action(
        "pane('train')", "app", "f3", "Train", "Set up and watch training.", False, priority=True
    ),
    Action(
        "pane('predict')", "app", "f4", "Predict", "Ask the trained model.", False, priority=True
    ),
    Action(
        "pane('inspect')", "app", "f5", "Inspect", "See inside the model.", False, priority=True
    ),
    Action(
        "pane('runs')", "app", "f6", "Runs", "Find, compare, resume runs.", False, priority=True
    ),
    Action("pane('corpus')", "app", "1", "Corpus", "The same, outside text fields.", False),
    Action("pane('train')", "app", "2", "Train", "The same, outside text fields.", False),
    Action("pane('predict')", "app", "3", "Predict", "The same, outside text fields.", False),
    Action("pane('inspect')", "app", "4", "Inspect", "The same, outside text fields.", False),
    Action("pane('runs')", "app", "5", "Runs", "The same, outside text fields.", False),
    Action("leave", "app", "ctrl+q", "Quit", "Leave; asks when a training runs.", priority=True),
    Action("screenshot_svg", "app", "f12", "Picture", "Save the screen as SVG.", False, True),
    Action("train_corpus", "corpus", "t,ctrl+t", "Train on it", "Train a model on this text."),
    Action("cycle_level", "corpus", "k", "Tokens", "Show tokens as characters, words or BPE."),
    Action("focus_filter", "corpus", "slash", "Filter", "Type to narrow the list of texts."),
    Action("open_path", "corpus", "o", "Open", "Type the path of a text file or a folder."),
    Action("start", "train", "ctrl+t", "Start", "Train with these settings.", priority=True),
    Action("pause", "train", "f7", "Pause", "Pause the training after this step.", priority=True),
    Action("go_on", "train", "f7", "Go on", "Go on after a pause.", priority=True),
    Action(
        "resume", "train", "f7", "Resume", "Go on with the shown run, if it stopped.", priority=True
    ),
    Action("stop", "train", "f8", "Stop", "Stop after this step; saves first.", priority=True),
    Action(
        "toggle_form",
        "train",
        "f9",
        "Form/run",
        "Settings or run, on narrow screens.",
        priority=True,
    ),
    Action("save_now", "train", "ctrl+s", "Save", "Write a checkpoint now.", priority=True),
    Action(
        "steer",
        "train",
        "f10",
        "Steer",
        "Another learning rate, more epochs or minutes: for a training, or for a run that ended.",
        priority=True,
    ),
    Action("measure_now", "train", "ctrl+e", "Measure", "Measure the validation loss now.", False),
    Action("generate", "predict", "f7", "Write on", "Let the model go on writing.", priority=True),
    Action(
        "next_sampler", "predict", "f8", "Sampler", "Change how it picks tokens.", priority=True
    ),
    Action("choose_run", "predict", "f9", "Model", "Choose the run to ask.", priority=True),
    Action("next_view", "inspect", "f7", "View", "The next view of the model.", priority=True),
    Action("previous_view", "inspect", "f8", "View back", "The view before.", False, True),
    Action("choose_run", "inspect", "f9", "Model", "Choose the run to look into.", priority=True),
    Action(
        "explain",
        "inspect",
        "f10",
        "Explain",
        "Show or hide what the view shows and how to read it.",
        priority=True,
    ),
    Action("option('enter')", "inspect", "enter", "Read", "Go into the enlarged picture."),
    Action(
        "back",
        "inspect",
        "escape",
        "Back",
        "Give up what is being computed, leave the picture, return to the prompt.",
        show=False,
    ),
    Action("option('first')", "inspect", "f", "First", "Hide the first token, where heads rest."),
    Action("option('rollout')", "inspect", "r", "Rollout", "All layers together: a heuristic."),
    Action("option('heads')", "inspect", "h", "Heads", "Attention layer by layer or head by head."),
    Action("option('token')", "inspect", "t", "Token", "Explain the next most probable token."),
    Action("option('minus')", "inspect", "d", "Less", "Subtract the logit of another token."),
    Action("option('way')", "inspect", "z", "Zero/mean", "What takes the place of a part."),
    Action("option('write')", "inspect", "w", "Write", "Let the model write another text."),
    Action("option('probe')", "inspect", "p", "Probe", "The next of the pinned prompts."),
    Action("option('mark')", "inspect", "m", "Mark", "Compare the steps with this one."),
    Action("filter_runs", "runs", "slash", "Filter", "Type what runs to see: loss<2 state:stop."),
    Action("sort_runs", "runs", "s", "Sort", "Sort by the next column."),
    Action("reverse_runs", "runs", "S", "Reverse", "Sort the other way around.", show=False),
    Action("open_run", "runs", "enter", "Curves", "Show the run in Train."),
    Action("ask_run", "runs", "a", "Ask", "Ask the run's best model in Predict."),
    Action("resume_run", "runs", "r,f7", "Resume", "Go on with the run from its last checkpoint."),
    Action(
        "stop_run",
        "runs",
        "f8",
        "Stop",
        "Stop the run after its step, in whatever process it trains; it saves first.",
        priority=True,
    ),
    Action(
        "save_run",
        "runs",
        "ctrl+s",
        "Save",
        "Have it write a checkpoint now, in whatever process it trains.",
        priority=True,
    ),
    Action("mark_run", "runs", "space", "Mark", "Mark it, to compare the next one with it.", False),
    Action("pin_run", "runs", "p", "Pin", "Keep the run at the top.", show=False),
    Action("edit_notes", "runs", "n", "Notes", "Write notes on the run; they stay with it.", False),
    Action("rename_run", "runs", "e", "Rename", "Give the run another name.", show=False),
    Action("verify_run", "runs", "v", "Verify", "Read every file of the run and check it.", False),
    Action("delete_run", "runs", "d,delete", "Delete", "Put the run into the trash for a week."),
    Action("undo_delete", "runs", "u", "Undo", "Bring back what was deleted last."),
    Action("empty_trash", "runs", "X", "Empty trash", "Remove deleted runs for good.", show=False),
)


def bindings(scope: str) -> list[Binding]:
    """Textual bindings of one scope; their ids are `scope.action` (with the pane for switches)."""
    return [
        Binding(
            action.keys,
            action.id,
            action.title,
            tooltip=action.help,
            show=action.show,
            key_display=action.key_display,
            priority=action.priority,
        )
        for action in ACTIONS
        if action.scope == scope
    ]


def actions_of(scope: str) -> list[Action]:
    """The actions that work in a pane, for help and palette."""
    return [action for action in ACTIONS if action.scope == scope]


def key_of_pane(pane: str) -> str:
    """The key that opens a pane, as a person reads it: `F2`."""
    return next(action.key_display for action in ACTIONS if action.id == f"pane('{pane}')")
