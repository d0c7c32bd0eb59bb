"""The live answers of the form: its text is measured in a thread, and the figures follow it."""

from __future__ import annotations

import logging
from dataclasses import dataclass

from textual.timer import Timer
from textual.worker import get_current_worker

from minigpt_tui.config import DataConfig
from minigpt_tui.paths import DataFolder
from minigpt_tui.runs.pace import RecentRun, recent_runs
from minigpt_tui.text.cancel import CancelledError
from minigpt_tui.tui.corpus.text_measure import TextMeasure, measure_text
from minigpt_tui.tui.pane import while_there
from minigpt_tui.tui.train.config_form import ConfigForm
from minigpt_tui.tui.train.plan import plan

DEBOUNCE_SECONDS = 0.04

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class _Measured:
    """What was found of a text, or why nothing was."""

    settings: DataConfig
    measure: TextMeasure | None
    problem: str = ""
    recent: tuple[RecentRun, ...] = ()
    """The runs of this machine by which the time of the next one is judged."""


class FormAnswers:
    """Shows in a form what its configuration amounts to. Used from the screen's thread."""

    def __init__(self, form: ConfigForm, data: DataFolder) -> None:
        self.form = form
        self.data = data
        self._known: _Measured | None = None
        self._request = 0
        self._debounce: Timer | None = None

    def follow(self) -> None:
        """The form holds another configuration: at once where its text is known already."""
        if self._known is not None and self._known.settings == self.form.config.data:
            self._show_plan()
        elif self._debounce is None:
            measure = while_there(self.form, self.measure)
            self._debounce = self.form.set_timer(DEBOUNCE_SECONDS, measure)
        else:
            self._debounce.reset()

    def measure(self) -> None:
        """Measures the form's text; an answer to an older request is dropped."""
        self._debounce = None
        self._request += 1
        request, settings, form = self._request, self.form.config.data, self.form

        def work() -> None:
            measured = _measured(settings, self.data)
            if measured is not None:
                form.call_later(while_there(form, lambda: self._take(request, measured)))

        form.run_worker(work, thread=True, exclusive=True, group="measuring", exit_on_error=False)

    def _take(self, request: int, measured: _Measured) -> None:
        if request != self._request:
            return
        self._known = measured if measured.measure is not None else None
        self.form.show_text_problem(None if self._known else measured.problem)
        if self._known is not None:
            self._show_plan()

    def _show_plan(self) -> None:
        assert self._known is not None
        assert self._known.measure is not None
        summary = self.form.summary
        summary.show_plan(plan(self.form.config, self._known.measure, self._known.recent))


def _measured(settings: DataConfig, data: DataFolder) -> _Measured | None:
    """In the thread; None where nobody waits for it any more."""
    worker = get_current_worker()
    try:
        measure = measure_text(settings, data, lambda: worker.is_cancelled)
        return _Measured(settings, measure, recent=tuple(recent_runs(data)))
    except CancelledError:
        return None
    except ValueError as error:
        return _Measured(settings, None, str(error))
    except Exception as error:  # a bug must not end the app; the form says so
        log.exception("The text could not be measured")
        sentence = f"The text could not be measured ({type(error).__name__}); see the log."
        return _Measured(settings, None, sentence)
