"""A step of a training in words: what the model said then, what it had learned and forgotten."""

from __future__ import annotations

import numpy as np
from textual.content import Content

from minigpt_tui.runs.probes import Probe, Questions
from minigpt_tui.text.safe import shown_token
from minigpt_tui.tui.inspect.token_label import quoted
from minigpt_tui.tui.widgets.bars import Bar, bar_lines

WORTH_SHOWING = 0.1
"""Nats that a token's loss must have changed by to count as learned or forgotten."""


def reply_lines(
    questions: Questions, at: Probe, prompt_at: int, width: int, height: int
) -> list[Content]:
    """What the model said at a step after one of the prompts."""
    if not questions.prompts or height < 1:
        return []
    reply = at.replies[prompt_at]
    target = questions.targets[prompt_at]
    number = f"{prompt_at + 1}/{len(questions.prompts)} "
    prompt = shown_token(questions.prompts[prompt_at])
    room = max(8, width - len(number) - 3)
    prompt = prompt if len(prompt) <= room else "…" + prompt[-room + 1 :]
    lines = [Content.assemble((number, "$foreground 60%"), ("“" + prompt + "”", "bold"))]
    words = f"entropy {reply.entropy:.2f} bits"
    follows = Content("")
    if target is not None and reply.target is not None:
        follows = Content.assemble("; really follows ", quoted(target, 12), f" {reply.target:.1%}")
    lines.append(Content.assemble(words, follows).stylize("$foreground 80%"))
    bars = [
        Bar(shown_token(token), p, note="✓" if token == target else "") for token, p in reply.top
    ]
    lines += bar_lines(bars[: max(0, height - 2)], width)
    return [line.truncate(width, ellipsis=True) for line in lines]


def change_lines(
    questions: Questions, at: Probe, marked: Probe, width: int, height: int
) -> list[Content]:
    """Tokens of the followed text whose loss fell and rose most since the marked step."""
    heading = Content(f"Learned and forgotten from step {marked.step:,} to {at.step:,}")
    lines = [heading.stylize("bold").truncate(width, ellipsis=True)]
    if marked is at:
        lines.append(
            Content("The marked step is this one: move on with ←→, or mark another with m.")
            .stylize("$foreground 60%")
            .truncate(width, ellipsis=True)
        )
        return lines
    change = np.array(at.nats) - np.array(marked.nats)
    order = np.argsort(change, kind="stable").tolist()
    learned = [i for i in order if change[i] <= -WORTH_SHOWING]
    forgotten = [i for i in reversed(order) if change[i] >= WORTH_SHOWING]
    room = max(1, (height - 3) // 2)
    for name, sign, found in (("learned", "▼", learned), ("forgotten", "▲", forgotten)):
        style = "$primary" if sign == "▼" else "$accent"
        words = f"{sign} {len(found)} of {len(change)} tokens {name} by ≥{WORTH_SHOWING} nats"
        lines.append(Content(words).stylize(f"{style} bold"))
        lines += [_in_context(questions, at, marked, i, width) for i in found[:room]]
    return [line.truncate(width, ellipsis=True) for line in lines[:height]]


def _in_context(questions: Questions, at: Probe, marked: Probe, target: int, width: int) -> Content:
    """A token of the followed text after what stands before it, and its two losses."""
    windows = questions.windows
    length = len(windows[0]) - 1
    window, place = windows[target // length], target % length + 1
    losses = f"{marked.nats[target]:6.2f} → {at.nats[target]:<6.2f}"
    token = shown_token(window[place])
    before = shown_token("".join(window[:place]))
    room = max(4, width - len(losses) - len(token) - 3)
    before = before if len(before) <= room else "…" + before[-room + 1 :]
    return Content.assemble(
        (losses, "$foreground 80%"), " ", (before, "$foreground 60%"), (token, "bold reverse")
    )
