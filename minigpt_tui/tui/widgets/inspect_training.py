"""Along training: what the model said to pinned prompts at each step, what it learned, forgot."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from textual.content import Content

from minigpt_tui.runs.metrics import EVALUATION, METRIC, read_records
from minigpt_tui.runs.probes import Probe, ProbeHistory, read_probes
from minigpt_tui.text.safe import shown_token
from minigpt_tui.tui.inspecting import Asked, Watch, Work
from minigpt_tui.tui.widgets.bars import Bar, bar_lines
from minigpt_tui.tui.widgets.inspect_view import InspectView, clamp
from minigpt_tui.tui.widgets.line_plot import GUTTER, Curve, line_plot
from minigpt_tui.tui.widgets.token_label import quoted

Floats = NDArray[np.float64]

MOST_POINTS = 400
SIDE_BY_SIDE = 100
ALL_PLOTS = 26
"""Rows from which on the three plots stand under one another."""
WORTH_SHOWING = 0.1
"""Nats that a token's loss must have changed by to count as learned or forgotten."""


@dataclass(frozen=True, eq=False)
class AlongTraining:
    """The probes of a run, and its loss curves (steps ascending, thinned to what can be drawn)."""

    history: ProbeHistory
    train: tuple[Floats, Floats]
    validation: tuple[Floats, Floats]
    stamp: int


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
        return _along

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
        if _stamp(self._asked) != self._along.stamp:
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
        curves = self._curves(width, height)
        room = height - len(curves)
        if width >= SIDE_BY_SIDE:
            left_width = width // 2 - 2
            left, right = self._reply(left_width, room), self._changes(width - left_width - 3, room)
            lines = []
            for row in range(room):
                own = left[row] if row < len(left) else Content("")
                blank = " " * max(0, left_width - own.cell_length)
                other = right[row] if row < len(right) else ""
                lines.append(Content.assemble(own, blank, "   ", other))
            return [*curves, *lines]
        if room < 8:
            return [*curves, *self._reply(width, room)]
        half = (room + 1) // 2
        return [*curves, *self._reply(width, half), *self._changes(width, room - half)]

    # The curves

    def _curves(self, width: int, height: int) -> list[Content]:
        """Loss, heads and the target's probability under one axis."""
        along = self._along
        assert along is not None
        probes = along.history.probes
        steps = np.array([probe.step for probe in probes], dtype=np.float64)
        last = max(float(steps[-1]), float(along.train[0][-1]) if len(along.train[0]) else 0.0)

        def place(of: Floats) -> Floats:
            share: Floats = np.log1p(of) / math.log1p(max(1.0, last))
            return share

        cursor = float(place(np.array([self.probe.step]))[0])
        losses = [
            Curve(place(along.train[0]), along.train[1], "$foreground 70%", points="·"),
            Curve(place(steps), np.array([probe.mean_nats for probe in probes]), "$primary bold"),
            Curve(place(along.validation[0]), along.validation[1], "$accent", points="●"),
        ]
        known = np.concatenate([curve.y[np.isfinite(curve.y)] for curve in losses])
        low, high = (float(known.min()), float(known.max())) if len(known) else (0.0, 1.0)
        plots = [(self._heading(), losses, low, high)]
        if probes[0].induction:
            plots.append((self._heads_heading(), self._head_curves(place(steps)), 0.0, 1.0))
        target = self._target_curve(place(steps))
        if target is not None:
            plots.append((self._target_heading(), [target], 0.0, 1.0))
        if height < ALL_PLOTS:
            self.plot_at = clamp(self.plot_at, len(plots))
            plots = plots[self.plot_at :][:1]
        deep, shallow = max(3, min(9, height // 5)), max(3, min(5, height // 9))
        lines = []
        for number, (heading, curves, lower, upper) in enumerate(plots):
            rows = shallow if number else deep
            lines.append(heading.truncate(width, ellipsis=True))
            lines += line_plot(curves, width, rows, lower, upper, cursor)
        return [*lines, _axis(last, width)]

    def _heading(self) -> Content:
        probe = self.probe
        assert self._along is not None
        what = "held-out" if self._along.history.questions.held_out else "training"
        parts: list[Content | str | tuple[str, str]] = [
            (f"Step {probe.step:,}", "bold"),
            f"   loss on a {what} sample ",
            (f"━ {probe.mean_nats:.3f}", "$primary bold"),
        ]
        if len(self._along.train[0]):
            parts += ["  in training ", ("·", "$foreground 70%")]
        if len(self._along.validation[0]):
            parts += ["  validation ", ("●", "$accent")]
        return Content.assemble(*parts)

    def _heads_heading(self) -> Content:
        """The best heads at the cursor, by name."""
        probe = self.probe
        words: list[Content | str | tuple[str, str]] = [
            (f"Step {probe.step:,}   best heads:", "bold")
        ]
        for name, scores, style in (
            ("induction", probe.induction, "$primary bold"),
            ("previous token", probe.previous_token, "$accent"),
        ):
            best = max(
                ((score, i, j) for i, row in enumerate(scores) for j, score in enumerate(row)),
                default=None,
            )
            if best is not None:
                sign = "━" if name == "induction" else "●"
                words += [f"   {name} ", (f"{sign} L{best[1]}H{best[2]} {best[0]:.2f}", style)]
        return Content.assemble(*words)

    def _target_heading(self) -> Content:
        return Content(
            f"Step {self.probe.step:,}   probability of the token that really follows"
        ).stylize("bold")

    def _head_curves(self, x: Floats) -> list[Curve]:
        """The best head's scores at each step."""
        assert self._along is not None
        probes = self._along.history.probes
        previous = np.array([np.max(probe.previous_token) for probe in probes])
        induction = np.array([np.max(probe.induction) for probe in probes])
        return [
            Curve(x, induction, "$primary bold"),
            Curve(x, previous, "$accent", points="●"),
        ]

    def _target_curve(self, x: Floats) -> Curve | None:
        assert self._along is not None
        found = [
            probe.replies[self.prompt_at].target if probe.replies else None
            for probe in self._along.history.probes
        ]
        if any(one is None for one in found):
            return None
        return Curve(x, np.array(found, dtype=np.float64), "$success bold")

    # The step under the cursor

    def _reply(self, width: int, height: int) -> list[Content]:
        """What the model said after one of the prompts."""
        assert self._along is not None
        questions = self._along.history.questions
        if not questions.prompts or height < 1:
            return []
        reply = self.probe.replies[self.prompt_at]
        target = questions.targets[self.prompt_at]
        number = f"{self.prompt_at + 1}/{len(questions.prompts)} "
        prompt = shown_token(questions.prompts[self.prompt_at])
        room = max(8, width - len(number) - 3)
        prompt = prompt if len(prompt) <= room else "…" + prompt[-room + 1 :]
        lines = [Content.assemble((number, "$foreground 60%"), ("“" + prompt + "”", "bold"))]
        words = f"entropy {reply.entropy:.2f} bits"
        follows = Content("")
        if target is not None and reply.target is not None:
            follows = Content.assemble(
                "; really follows ", quoted(target, 12), f" {reply.target:.1%}"
            )
        lines.append(Content.assemble(words, follows).stylize("$foreground 80%"))
        bars = [
            Bar(shown_token(token), p, note="✓" if token == target else "")
            for token, p in reply.top
        ]
        lines += bar_lines(bars[: max(0, height - 2)], width)
        return [line.truncate(width, ellipsis=True) for line in lines]

    def _changes(self, width: int, height: int) -> list[Content]:
        """Tokens of the followed text whose loss fell and rose most since the marked step."""
        along = self._along
        assert along is not None
        marked = self.compared
        heading = Content(f"Learned and forgotten from step {marked.step:,} to {self.probe.step:,}")
        lines = [heading.stylize("bold").truncate(width, ellipsis=True)]
        if marked is self.probe:
            lines.append(
                Content("The marked step is this one: move on with ←→, or mark another with m.")
                .stylize("$foreground 60%")
                .truncate(width, ellipsis=True)
            )
            return lines
        change = np.array(self.probe.nats) - np.array(marked.nats)
        order = np.argsort(change, kind="stable").tolist()
        learned = [i for i in order if change[i] <= -WORTH_SHOWING]
        forgotten = [i for i in reversed(order) if change[i] >= WORTH_SHOWING]
        room = max(1, (height - 3) // 2)
        for name, sign, found in (("learned", "▼", learned), ("forgotten", "▲", forgotten)):
            style = "$primary" if sign == "▼" else "$accent"
            words = f"{sign} {len(found)} of {len(change)} tokens {name} by ≥{WORTH_SHOWING} nats"
            lines.append(Content(words).stylize(f"{style} bold"))
            lines += [self._in_context(i, marked, width) for i in found[:room]]
        return [line.truncate(width, ellipsis=True) for line in lines[:height]]

    def _in_context(self, target: int, marked: Probe, width: int) -> Content:
        """A token of the followed text after what stands before it, and its two losses."""
        assert self._along is not None
        windows = self._along.history.questions.windows
        length = len(windows[0]) - 1
        window, at = windows[target // length], target % length + 1
        losses = f"{marked.nats[target]:6.2f} → {self.probe.nats[target]:<6.2f}"
        token = shown_token(window[at])
        before = shown_token("".join(window[:at]))
        room = max(4, width - len(losses) - len(token) - 3)
        before = before if len(before) <= room else "…" + before[-room + 1 :]
        return Content.assemble(
            (losses, "$foreground 80%"), " ", (before, "$foreground 60%"), (token, "bold reverse")
        )


def _axis(last: float, width: int) -> Content:
    """The powers of ten of the steps, each under its place."""
    wide = max(2, width - GUTTER)
    line = list("step".rjust(GUTTER - 2).ljust(width))
    for at in (0, *(10**k for k in range(10))):
        if at > last and at:
            break
        column = GUTTER + round(math.log1p(at) / math.log1p(max(1.0, last)) * (wide - 1))
        label = f"{at:,}"
        free = all(sign == " " for sign in line[max(0, column - 1) : column + len(label) + 1])
        if free and column + len(label) <= width:
            line[column : column + len(label)] = label
    return Content("".join(line)).stylize("$foreground 60%")


def _along(asked: Asked, watch: Watch) -> Iterator[AlongTraining]:
    """In the thread; needs no torch."""
    run = asked.model.run
    stamp = _stamp(asked)
    history = read_probes(run)
    if history is None or not history.probes:
        why = "was not asked anything along its training"
        raise ValueError(
            f"{run.name} {why}: it is older than this feature, or its setting “probes” is none. "
            "A new run with probes set to auto records what this view shows."
        )
    metrics = read_records(run.metrics_file, METRIC)
    evaluations = read_records(run.evaluations_file, EVALUATION)
    yield AlongTraining(
        history=history,
        train=_thinned(metrics["step"], metrics["loss"]),
        validation=_thinned(evaluations["step"], evaluations["val_loss"]),
        stamp=stamp,
    )


def _thinned(all_steps: NDArray[Any], all_values: NDArray[Any]) -> tuple[Floats, Floats]:
    """The mean of the values in each of MOST_POINTS equal parts of the logarithmic axis."""
    steps: Floats = np.asarray(all_steps, dtype=np.float64)
    values: Floats = np.asarray(all_values, dtype=np.float64)
    keep = np.isfinite(values)
    steps, values = steps[keep], values[keep]
    if not len(steps):
        return steps, values
    part = np.floor(np.log1p(steps) / np.log1p(steps[-1] or 1.0) * MOST_POINTS).astype(np.int64)
    first = np.unique(part, return_index=True)[1]
    counts = np.diff([*first, len(steps)])
    return np.add.reduceat(steps, first) / counts, np.add.reduceat(values, first) / counts


def _stamp(asked: Asked) -> int:
    """The size of the probes' file: it grows with every answer."""
    try:
        return asked.model.run.probes_file.stat().st_size
    except OSError:
        return 0
