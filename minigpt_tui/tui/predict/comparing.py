"""How the second model of a comparison is chosen and loaded."""

from __future__ import annotations

import logging
from collections.abc import Callable

from minigpt_tui.tui.pane import Pane
from minigpt_tui.tui.predict.asked_model import AskedModel, load_model
from minigpt_tui.tui.predict.checkpoint_choice import CheckpointChoice, ChosenCheckpoint

log = logging.getLogger(__name__)


def choose_other(pane: Pane, first: AskedModel, loaded: Callable[[AskedModel], None]) -> None:
    """Asks for a checkpoint, reads it in a thread, and gives it to `loaded`."""
    workbench = pane.workbench

    def refuse(sentence: str) -> None:
        workbench.notify(sentence, title="Not compared", severity="warning", markup=False)

    def read(choice: ChosenCheckpoint) -> None:
        try:
            other = load_model(choice.run, choice.path)
        except ValueError as error:
            workbench.call_later(refuse, str(error))
        except Exception as error:  # a bug must end the reading, not the app
            log.exception("The second model could not be read")
            workbench.call_later(refuse, f"{type(error).__name__}: {error}. The log has more.")
        else:
            workbench.call_later(loaded, other)

    def chosen(choice: ChosenCheckpoint | None) -> None:
        if choice is not None and pane.is_mounted:
            pane.run_worker(lambda: read(choice), thread=True, group="other", exit_on_error=False)

    pane.app.push_screen(CheckpointChoice(workbench.data, first.run, first.checkpoint), chosen)
