"""Along training: what the model said to pinned prompts at each step, what it learned, forgot."""

from __future__ import annotations

from collections.abc import Sequence

from textual.content import Content

from minigpt_tui.runs.probes import Probe
from minigpt_tui.tui.inspect.along_training import AlongTraining, along_training, probes_stamp
from minigpt_tui.tui.inspect.inspecting import Work
from minigpt_tui.tui.inspect.training_curves import training_curves
from minigpt_tui.tui.inspect.training_reply import change_lines, reply_lines
from minigpt_tui.tui.inspect.view import InspectView, clamp

SIDE_BY_SIDE = 100


class AlongTrainingView(InspectView):
    """Left and right go from step to step."""

    title = "Along training"
    explanation = (
        "While a run trains, the same prompts are asked at steps 0, 1, 2, 3, 4, 6, 8, 11, … (the "
        "axis is logarithmic). Move the cursor and read what the model said then; p takes the next "
        "prompt. Induction and previous-token heads often appear in one jump: look whether the "
        "loss falls with them. Learned and forgotten compares with half the steps, or with the "
        "step that m marks."
    )
    keys = "←→ step · ↑↓ loss, heads, target · p prompt · m mark"
    uses_prompt = False
    options = frozenset({"probe", "mark"})

    def __init__(self) -> None:
        super().__init__()
        self._along: AlongTraining | None = None
        self.from_end = 0  # probes between the cursor and the newest, so that it follows a training
        self.marked: int | None = None
        self.prompt_at = 0
        self.plot_at = 0  # loss, heads or target, where there is room for one only

    def work(self) -> Work:
        return along_training

    def has_answer(self) -> bool:
        return self._along is not None

    def show(self, result: object) -> None:
        assert isinstance(result, AlongTraining)
        self._along = result
        count = len(result.history.probes)
        self.from_end = clamp(self.from_end, count)
        self.marked = None if self.marked is None else clamp(self.marked, count)
        self.prompt_at = clamp(self.prompt_at, max(1, len(result.history.questions.prompts)))
        self.post_message(self.Noted(""))

    def pull(self) -> None:
        """Reads the file again when the training has added to it."""
        if self._asked is None or self._along is None or self.busy:
            return
        if probes_stamp(self._asked) != self._along.stamp:
            self.ask_again()

    def option(self, name: str) -> None:
        assert self._along is not None
        if name == "mark":
            self.marked = len(self._along.history.probes) - 1 - self.from_end
        else:
            count = len(self._along.history.questions.prompts)
            self.prompt_at = (self.prompt_at + 1) % max(1, count)

    def move(self, right: int, down: int) -> None:
        assert self._along is not None
        self.from_end = clamp(self.from_end - right, len(self._along.history.probes))
        self.plot_at = clamp(self.plot_at + down, 3)

    @property
    def probe(self) -> Probe:
        """What is under the cursor."""
        assert self._along is not None
        return self._along.history.probes[-1 - self.from_end]

    @property
    def compared(self) -> Probe:
        """The marked probe, or else that of half as many steps."""
        assert self._along is not None
        probes = self._along.history.probes
        if self.marked is not None:
            return probes[self.marked]
        half = [probe for probe in probes if probe.step <= self.probe.step / 2]
        return half[-1] if half else probes[0]

    def lines(self, width: int, height: int) -> Sequence[Content]:
        along, at = self._along, self.probe
        assert along is not None
        curves, self.plot_at = training_curves(
            along, at, self.prompt_at, self.plot_at, width, height
        )
        room = height - len(curves)
        questions = along.history.questions

        def reply(width: int, height: int) -> list[Content]:
            return reply_lines(questions, at, self.prompt_at, width, height)

        def changes(width: int, height: int) -> list[Content]:
            return change_lines(questions, at, self.compared, width, height)

        if width >= SIDE_BY_SIDE:
            left_width = width // 2 - 2
            left, right = reply(left_width, room), changes(width - left_width - 3, room)
            lines = []
            for row in range(room):
                own = left[row] if row < len(left) else Content("")
                blank = " " * max(0, left_width - own.cell_length)
                other = right[row] if row < len(right) else ""
                lines.append(Content.assemble(own, blank, "   ", other))
            return [*curves, *lines]
        if room < 8:
            return [*curves, *reply(width, room)]
        half = (room + 1) // 2
        return [*curves, *reply(width, half), *changes(width, room - half)]
