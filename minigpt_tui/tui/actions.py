"""Every action of the workbench once: its key, its words, where it works.

Bindings, the footer, the command palette and the help page are made from this registry.
"""

from __future__ import annotations

from dataclasses import dataclass

from textual.binding import Binding

from minigpt_tui.tui.keys.key_names import key_words

_ALIAS = "The same"
"""So begins the help of a second key for an action."""


@dataclass(frozen=True)
class Action:
    """`scope` is the pane in which the key works (`panes.PANES`), or app for every pane."""

    id: str
    scope: str
    keys: str
    title: str
    help: str
    show: bool = True
    priority: bool = False
    """Whether the key works inside text fields too: for function and control keys only."""

    @property
    def name(self) -> str:
        """What the keymap in the settings calls it: `train.start`, `app.corpus`.

        Actions that share their keys, such as pause and go on, share the name of the first.
        """
        first = next(a for a in ACTIONS if (a.scope, a.keys) == (self.scope, self.keys))
        plain = first.id.removeprefix("pane('").removesuffix("')")
        return f"{self.scope}.{plain}" + ("_digit" if first.is_alias else "")

    @property
    def is_alias(self) -> bool:
        """Whether it is only another key for an action that is listed by itself."""
        return self.help.startswith(_ALIAS)


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
    Action("jump", "app", "ctrl+o", "Jump", "Letters over the parts; one goes there.", False, True),
    Action("enlarge", "app", "ctrl+l", "Enlarge", "This part alone, and back.", False, True),
    Action("copy_part", "app", "ctrl+y", "Copy", "Copy the selection or this part.", False, True),
    Action("tour", "app", "ctrl+g", "Tour", "A walk of four steps, shown and hidden.", False, True),
    Action("train_corpus", "corpus", "t,ctrl+t", "Train", "Train a model on this text."),
    Action("cycle_level", "corpus", "k", "Tokens", "Show tokens as characters, words or BPE."),
    Action("focus_filter", "corpus", "slash", "Filter", "Type to narrow the list of texts."),
    Action("open_path", "corpus", "o", "Open", "Type the path of a text file or a folder."),
    Action("paste_text", "corpus", "v", "Paste", "Make a text of what is in the clipboard."),
    Action(
        "mark_text", "corpus", "space", "Mark", "Mark it: marked texts are one together.", False
    ),
    Action(
        "copy_text_in", "corpus", "c", "Copy", "Copy a text of the disk into the library.", False
    ),
    Action(
        "delete_text",
        "corpus",
        "d,delete",
        "Delete",
        "Put a text of yours into the trash for a week; take one of the disk off the list.",
        False,
    ),
    Action("undo_text", "corpus", "u", "Undo", "Bring back what was deleted last.", False),
    Action("next_numbers", "corpus", "n", "More", "Counts, tokens by frequency, baselines."),
    Action(
        "go_to", "corpus", "g", "Go to", "Show the text from any part of it on, in percent.", False
    ),
    Action("stop_counting", "corpus", "x", "Stop", "Stop counting; what is known stays."),
    Action("count_again", "corpus", "x", "Count", "Count what was stopped."),
    Action("start", "train", "ctrl+t", "Start", "Train with these settings.", priority=True),
    Action(
        "queue_run",
        "train",
        "ctrl+t",
        "Queue",
        "Train with these settings when the training in progress ends.",
        priority=True,
    ),
    Action(
        "show_queue", "train", "ctrl+n", "Waiting", "See and order the runs that wait.", False, True
    ),
    Action(
        "find_setting", "train", "ctrl+f", "Find", "Type to narrow the settings.", priority=True
    ),
    Action(
        "share",
        "train",
        "ctrl+k",
        "Command",
        "The settings as a command and as a file.",
        False,
        True,
    ),
    Action(
        "compare_run",
        "train",
        "ctrl+r",
        "Compare",
        "Mark what differs from the run that is shown, instead of from the preset.",
        False,
        True,
    ),
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
    Action(
        "take_back",
        "train",
        "f10",
        "Take",
        "Go on in this window with a run that another process trains.",
        priority=True,
    ),
    Action("measure_now", "train", "ctrl+e", "Measure", "Measure the validation loss now.", False),
    Action(
        "overlay_runs",
        "train",
        "o",
        "Overlay",
        "Lay the curves of other runs, or of other programs' files, over this one.",
        False,
    ),
    Action(
        "export_plot",
        "train",
        "e",
        "Export",
        "Write the plot as it is seen (SVG), and every figure of its runs (CSV).",
        show=False,
    ),
    Action(
        "generate",
        "predict",
        "f7",
        "Write",
        "Let the model write on at the cursor, or stop it.",
        priority=True,
    ),
    Action(
        "samplers",
        "predict",
        "f8",
        "Sampler",
        "Change how tokens are picked; again: the next preset.",
        priority=True,
    ),
    Action("choose_run", "predict", "f9", "Model", "Choose the run to ask.", priority=True),
    Action(
        "compare",
        "predict",
        "f10",
        "Compare",
        "Ask a second checkpoint beside the first, or end that.",
        priority=True,
    ),
    Action("step", "predict", "ctrl+t", "Step", "Draw one token at the cursor.", priority=True),
    Action(
        "again",
        "predict",
        "ctrl+r",
        "Again",
        "Write another text from where the last one began, with the next seed.",
        show=False,
        priority=True,
    ),
    Action(
        "undo",
        "predict",
        "ctrl+z",
        "Undo",
        "Back to the text before the last step, writing or choice.",
        show=False,
        priority=True,
    ),
    Action(
        "branches",
        "predict",
        "ctrl+b",
        "Branches",
        "Every text that was written: go there, name, prune, export.",
        show=False,
        priority=True,
    ),
    Action(
        "next_measure",
        "predict",
        "ctrl+n",
        "Colour",
        "Colour the text by surprisal, entropy, rank or not.",
        show=False,
        priority=True,
    ),
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
    Action(
        "overlay_run",
        "runs",
        "o",
        "Overlay",
        "Show the run in Train with the marked run laid over it.",
        show=False,
    ),
    Action("ask_run", "runs", "a", "Ask", "Ask the run's best model in Predict."),
    Action(
        "serve_run",
        "runs",
        "h",
        "Serve",
        "Answer other programs over HTTP with the run's best model, or see what is served.",
        show=False,
    ),
    Action("resume_run", "runs", "r,f7", "Resume", "Go on with the run from its last checkpoint."),
    Action(
        "train_on_run",
        "runs",
        "t",
        "Train on",
        "Train a new run that begins with its best weights, on its text or another.",
        show=False,
    ),
    Action(
        "take_back_run",
        "runs",
        "f10",
        "Take",
        "Go on in this window with a run that another process trains.",
        show=False,
        priority=True,
    ),
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
    Action(
        "export_run",
        "runs",
        "w",
        "Export",
        "Write its best model for Hugging Face, into the data folder's exports.",
        show=False,
    ),
    Action("delete_run", "runs", "d,delete", "Delete", "Put the run into the trash for a week."),
    Action("undo_delete", "runs", "u", "Undo", "Bring back what was deleted last."),
    Action("empty_trash", "runs", "X", "Empty trash", "Remove deleted runs for good.", show=False),
)


def bindings(scope: str) -> list[Binding]:
    """Textual bindings of one scope; their ids are the actions' names, which a keymap refers to."""
    return [
        Binding(
            action.keys,
            action.id,
            action.title,
            tooltip=action.help,
            show=action.show,
            key_display=key_words(action.keys),
            priority=action.priority,
            id=action.name,
        )
        for action in ACTIONS
        if action.scope == scope
    ]


def actions_of(scope: str) -> list[Action]:
    """The actions that work in a pane, for help and palette; none twice."""
    return [action for action in ACTIONS if action.scope == scope and not action.is_alias]
