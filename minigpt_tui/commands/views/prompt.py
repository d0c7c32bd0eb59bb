"""Views of what a model does with a prompt: logit lens, attention, surprisal, and neighbours."""

from __future__ import annotations

import argparse

import numpy as np

from minigpt_tui.analysis.attention import attention_patterns, head_scores, rollout
from minigpt_tui.analysis.embeddings import neighbours
from minigpt_tui.analysis.forward import Floats
from minigpt_tui.analysis.lens import logit_lens
from minigpt_tui.analysis.sample import sample_windows, score
from minigpt_tui.analysis.surprisal import loss_by_class, loss_by_position, surprisal
from minigpt_tui.analysis.window import Window, context_window, scored_window
from minigpt_tui.commands.table import bar, table, token_cell
from minigpt_tui.commands.views.answer import (
    Answer,
    checked_position,
    remarks,
    token_id,
    token_text,
)
from minigpt_tui.commands.views.corpus import validation_ids
from minigpt_tui.inference.service import GPTService

GRID_POSITIONS = 7


def lens(service: GPTService, arguments: argparse.Namespace) -> Answer:
    """The logit lens; JSON: `window`, `lens`."""
    window = context_window(service, arguments.prompt)
    found = logit_lens(service.model, window.ids)
    at = checked_position(arguments.position, window)
    layers = ["embed", *(f"layer {layer}" for layer in range(len(found.places) - 1))]
    final = token_cell(token_text(service, found.top[-1, at]))
    lines = [
        *remarks(window),
        f"\nAfter “{token_cell(window.tokens[at])}” (position {at}), layer by layer:",
        *table(
            ["after", "says", ">prob", f">prob of {final}", ">its rank", ">bits missing"],
            [
                [
                    name,
                    token_cell(token_text(service, found.top[row, at])),
                    f"{found.probability[row, at]:.1%}",
                    f"{found.final_probability[row, at]:.1%}",
                    str(found.final_rank[row, at]),
                    f"{found.kl[row, at]:.2f}",
                ]
                for row, name in enumerate(layers)
            ],
        ),
        "\nWhat each layer says after each of the last tokens:",
        *table(
            ["after", *(token_cell(token, 8) for token in window.tokens[-GRID_POSITIONS:])],
            [
                [name, *(token_cell(token_text(service, i), 8) for i in row[-GRID_POSITIONS:])]
                for name, row in zip(layers, found.top, strict=True)
            ],
        ),
    ]
    return Answer({"window": window, "lens": found}, lines)


def attention(service: GPTService, arguments: argparse.Namespace) -> Answer:
    """Where heads look; JSON: `window`, `patterns`, `rollout` (a heuristic), `scores` or null."""
    window = context_window(service, arguments.prompt)
    patterns = attention_patterns(service.model, window.ids)
    rolled = rollout(patterns)
    if (arguments.layer is None) != (arguments.head is None):
        raise ValueError("One head's pattern needs both --layer and --head.")
    scores, why_not = None, ""
    try:
        scores = head_scores(service.model)
    except ValueError as error:  # a window that is too short for it has patterns all the same
        why_not = str(error)
    lines = remarks(window)
    if arguments.layer is not None:
        pattern = _head(patterns, arguments.layer, arguments.head)
        lines += [
            f"\nWhere L{arguments.layer}H{arguments.head} looks, from each token:",
            *table(
                [">position", "token", "looks at", "", ""],
                [
                    [str(t), token_cell(window.tokens[t]), *_looks_at(pattern[t], window)]
                    for t in range(len(window.ids))
                ],
            ),
        ]
    else:
        rows = []
        for layer, head in np.ndindex(*patterns.shape[:2]):
            measured = ["–", "–", "–"]
            if scores is not None:
                measured = [
                    f"{scores.previous_token[layer, head]:.2f}",
                    f"{scores.induction[layer, head]:.2f}",
                    f"{scores.entropy[layer, head]:.1f}",
                ]
            looks = _looks_at(patterns[layer, head, -1], window)
            rows.append([f"L{layer}H{head}", *measured, *looks])
        lines += [
            f"\nScores on random tokens; where the last token, “{token_cell(window.tokens[-1])}”, "
            "looks:",
            *table(["head", ">previous", ">induction", ">bits", "looks at", "", ""], rows),
        ]
        if why_not:
            lines.append(why_not)
    reached = "  ".join(_looks_at(rolled[-1, -1], window))
    lines.append(f"\nRollout, a heuristic for all layers together: {reached}".rstrip())
    result = {"window": window, "patterns": patterns, "rollout": rolled, "scores": scores}
    return Answer(result, lines)


def surprise(service: GPTService, arguments: argparse.Namespace) -> Answer:
    """Surprisal; JSON: `window`, `surprisal`, and with --validation `by_class`, `by_position`."""
    window = scored_window(service, arguments.prompt)
    found = surprisal(service.model, window.ids)
    rows = [
        [
            token_cell(token),
            f"{found.bits[i]:.2f}",
            f"{found.entropy[i]:.2f}",
            str(found.rank[i]),
            token_cell(token_text(service, found.expected[i])),
            bar(min(1.0, found.bits[i] / np.log2(service.vocab_size))),
        ]
        for i, token in enumerate(window.tokens[1:])
    ]
    lines = [
        *remarks(window),
        "",
        *table(["token", ">bits", ">expected", ">rank", "most probable", ""], rows),
    ]
    if rows:
        lines.append(f"  {found.bits.sum():.1f} bits in all, {found.bits.mean():.2f} a token")
    result: dict[str, object] = {"window": window, "surprisal": found}
    if arguments.validation:
        ids = validation_ids(service, arguments)
        scored = score(service.model, sample_windows(ids, service.model.config.max_seq_len))
        by_class = loss_by_class(scored, service.tokenizer)
        by_position = loss_by_position(scored)
        result |= {"by_class": by_class, "by_position": by_position}
        lines += [
            f"\nOn a sample of {len(scored.nats):,} validation tokens, by kind:",
            *table(
                ["kind", ">tokens", ">nats", ">share of the loss"],
                [
                    [one.name, f"{one.targets:,}", f"{one.nats:.3f}", f"{one.share:.1%}"]
                    for one in by_class
                ],
            ),
            "\nBy how many tokens are seen before it:",
            *table(
                [">seen", ">nats"],
                [[str(n), f"{by_position.nats[n - 1]:.3f}"] for n in _doubling(by_position.nats)],
            ),
        ]
    return Answer(result, lines)


def neighbours_of(service: GPTService, arguments: argparse.Namespace) -> Answer:
    """Nearest embeddings; JSON: `neighbours`, `tokens` (the neighbours as text)."""
    found = neighbours(service.model, token_id(service, arguments.token), arguments.top_k)
    tokens = [token_text(service, i) for i in found.ids]
    lines = [
        f"\nTokens whose embeddings are most like that of “{token_cell(arguments.token)}”:",
        *table(
            ["token", ">cosine"],
            [
                [token_cell(token), f"{cosine:+.3f}"]
                for token, cosine in zip(tokens, found.cosines, strict=True)
            ],
        ),
    ]
    return Answer({"neighbours": found, "tokens": tokens}, lines)


def _head(patterns: Floats, layer: int, head: int) -> Floats:
    layers, heads = patterns.shape[:2]
    if not (0 <= layer < layers and 0 <= head < heads):
        raise ValueError(
            f"There is no head L{layer}H{head}: layers are 0 to {layers - 1}, "
            f"heads 0 to {heads - 1}."
        )
    pattern: Floats = patterns[layer, head]
    return pattern


def _looks_at(row: Floats, window: Window, most: int = 3) -> list[str]:
    """The tokens that get most of a query's attention."""
    best = np.argsort(-row, kind="stable")[:most]
    shown = [f"{token_cell(window.tokens[t], 8)} {row[t]:.0%}" for t in best if row[t] >= 0.005]
    return shown + [""] * (most - len(shown))


def _doubling(values: Floats) -> list[int]:
    """1, 2, 4, … and the last."""
    powers = [2**k for k in range(len(values).bit_length()) if 2**k < len(values)]
    return [*powers, len(values)]
