"""What the settings of the form amount to, in a few aligned lines: before a step is paid for."""

from __future__ import annotations

from itertools import zip_longest

from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Static

from minigpt_tui.planning.memory import memory_in_words
from minigpt_tui.tui.pane import while_there
from minigpt_tui.tui.train.plan import Plan
from minigpt_tui.tui.widgets.numbers import duration, short_count
from minigpt_tui.tui.widgets.repaint import put

DAYS_FROM = 2 * 86_400
"""Seconds."""
_WORDS_WIDTH = 12
FIGURE_WIDTH = 7
_TWO_COLUMNS = 2 * (FIGURE_WIDTH + 1 + _WORDS_WIDTH)


class PlanSummary(VerticalScroll, can_focus=False):
    """Figures and a verdict; in their place, as long as there is one, the sentence of a fault."""

    def __init__(self) -> None:
        super().__init__(classes="box")
        self.border_title = "What this amounts to"
        self._text = Static("", markup=False)
        self._plan: Plan | None = None
        self._form_problem: str | None = None
        self._refusal: str | None = None

    def compose(self) -> ComposeResult:
        yield self._text

    def on_mount(self) -> None:
        self._draw()

    def on_resize(self) -> None:
        self.call_after_refresh(while_there(self, self._draw))

    @property
    def problem(self) -> str | None:
        """Why a training with these settings cannot begin, as far as it is known."""
        planned = self._plan.problem if self._plan is not None else None
        return self._form_problem or planned

    def show_problem(self, problem: str | None) -> None:
        """A setting is wrong: the figures of the last right settings stay, under the sentence."""
        self._form_problem, self._refusal = problem, None
        self._draw()

    def show_plan(self, plan: Plan) -> None:
        self._plan, self._refusal = plan, None
        self._draw()

    def show_nothing(self) -> None:
        """Nothing is known of the text."""
        self._plan = None
        self._draw()

    def show_refusal(self, sentence: str) -> None:
        """The training did not start: says so until something changes."""
        self._refusal = sentence
        self._draw()

    def _draw(self) -> None:
        lines: list[Content] = []
        problem = self.problem
        if self._refusal:
            lines.append(Content.styled(f"✗ Not started. {self._refusal}", "$error"))
        elif problem:
            lines.append(Content.styled(f"✗ {problem}", "$error"))
        if self._plan is not None:
            lines += _figures(self._plan, self._text.size.width)
            if not problem:
                lines += [
                    Content.assemble(("! ", "bold $warning"), sentence)
                    for sentence in self._plan.advice
                ]
                lines.append(Content.styled(self._plan.verdict, "dim"))
        elif not problem:
            lines.append(Content.styled("Reading the text…", "dim"))
        put(self._text, Content("\n").join(lines))


def _figures(plan: Plan, width: int) -> list[Content]:
    """Figure and words, right-aligned figures; two to a line where there is room."""
    about = "≈" if plan.estimated else ""
    pairs = [
        (short_count(plan.parameters), "parameters"),
        (about + short_count(plan.vocab_size), "vocabulary"),
        (about + short_count(plan.tokens_per_epoch), "tokens/epoch"),
        (about + short_count(plan.steps_per_epoch), "steps/epoch"),
        ("≈" + memory_in_words(plan.memory), "memory"),
        (about + short_count(plan.total_steps), "steps in all"),
    ]
    if plan.pace is not None:
        sign = "≈" if plan.pace.alike else "~"
        time, unit = time_in_column(plan.pace.seconds)
        pairs.append((sign + time, unit))
    cells = [
        Content.assemble((f"{figure:>{FIGURE_WIDTH}}", "bold"), (f" {words:<{_WORDS_WIDTH}}", ""))
        for figure, words in pairs
    ]
    if width < _TWO_COLUMNS:
        return cells
    rows = zip_longest(cells[::2], cells[1::2], fillvalue=Content(""))
    return [left + right for left, right in rows]


def time_in_column(seconds: float) -> tuple[str, str]:
    """How long it takes, and in what: `12:30` minutes, `3:05` hours, `5.9` days."""
    if seconds >= DAYS_FROM:
        days = seconds / 86_400
        return f"{days:,.1f}" if days < 100 else f"{days:,.0f}", "days"
    if seconds >= 3600:
        minutes = round(seconds / 60)
        return f"{minutes // 60}:{minutes % 60:02d}", "hours"
    return duration(seconds), "minutes"
