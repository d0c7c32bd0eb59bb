"""Views of a model beside the text that it learned from: calibration, and evidence in the text."""

from __future__ import annotations

import argparse

import numpy as np
import numpy.typing as npt

from minigpt_tui.analysis.calibration import calibration
from minigpt_tui.analysis.evidence import (
    Continuations,
    Span,
    TrainingText,
    continuations,
    held_out_lengths,
    verbatim_spans,
)
from minigpt_tui.analysis.forward import Floats, Ints, one_window, run
from minigpt_tui.analysis.sample import sample_windows, score
from minigpt_tui.analysis.window import context_window
from minigpt_tui.commands.table import bar, table, token_cell
from minigpt_tui.commands.views.answer import Answer, remarks, token_text
from minigpt_tui.inference.service import GPTService
from minigpt_tui.jobs.prepare import validation_text
from minigpt_tui.paths import data_folder
from minigpt_tui.text.corpus import corpus_of, split
from minigpt_tui.text.token_file import TokenIds, token_file

SPANS_SHOWN = 8


def validation_ids(service: GPTService, arguments: argparse.Namespace) -> TokenIds:
    """The validation text of the model's own configuration.

    Raises ValueError that says what is missing where the text is gone or nothing was held out.
    """
    data = data_folder(arguments.data_dir)
    try:
        return validation_text(service.config, data, service.tokenizer).ids
    except ValueError as error:
        raise ValueError(f"This needs the text that was held out in training. {error}") from error


def training_ids(service: GPTService, arguments: argparse.Namespace) -> TokenIds:
    """The training text of the model's own configuration; ValueError where it is gone."""
    data = data_folder(arguments.data_dir).ready()
    settings = service.config.data
    try:
        corpus = corpus_of(settings, data)
    except ValueError as error:
        raise ValueError(f"This needs the text that the model was trained on. {error}") from error
    texts, _ = split(corpus, settings.val_fraction)
    return token_file(texts, service.tokenizer, data.tokens).ids


def calibrate(service: GPTService, arguments: argparse.Namespace) -> Answer:
    """Calibration on the validation text; JSON: `targets`, `calibration`."""
    ids = validation_ids(service, arguments)
    scored = score(service.model, sample_windows(ids, service.model.config.max_seq_len))
    found = calibration(scored.confidence, scored.correct, arguments.bins)
    bins = len(found.counts)
    lines = [
        f"\nOn a sample of {len(scored.targets):,} validation tokens: how often the most probable "
        "token came, by how probable the model said it was.",
        *table(
            ["said", ">mean", ">came", ">tokens", ""],
            [
                [
                    f"{b / bins:4.0%} to {(b + 1) / bins:4.0%}",
                    f"{found.confidence[b]:.1%}",
                    f"{found.accuracy[b]:.1%}",
                    f"{found.counts[b]:,}",
                    bar(found.accuracy[b]),
                ]
                for b in range(bins)
                if found.counts[b]
            ],
        ),
        f"\nExpected calibration error: {found.ece:.4f} (0 is perfect)",
    ]
    return Answer({"targets": len(scored.targets), "calibration": found}, lines)


def evidence(service: GPTService, arguments: argparse.Namespace) -> Answer:
    """What the training text says after the prompt, and what a generated text copies from it.

    JSON: `window`, `continuations`, `probabilities` (the model's, of the same tokens), and unless
    --max-new-tokens is 0 `generated`: `text`, `tokens`, `spans`, `held_out_longest` (of excerpts
    of held-out text as long; null where nothing was held out).
    """
    if arguments.max_new_tokens < 0:
        raise ValueError("max_new_tokens must be 0 (nothing is generated) or more.")
    if arguments.top_k < 1:
        raise ValueError(f"top_k must be a whole number from 1 up, not {arguments.top_k}.")
    window = context_window(service, arguments.prompt)
    text = TrainingText(training_ids(service, arguments))
    found = continuations(text, window.ids)
    probabilities = run(service.model, one_window(window.ids))[0, -1].double().softmax(-1)
    of_found: Floats = probabilities.cpu().numpy()[found.ids]
    result = {"window": window, "continuations": found, "probabilities": of_found}
    lines = [*remarks(window), *_continuation_lines(service, arguments, found, of_found)]
    if arguments.max_new_tokens:
        generated, more = _copied(service, arguments, text)
        result["generated"] = generated
        lines += more
    return Answer(result, lines)


def _continuation_lines(
    service: GPTService, arguments: argparse.Namespace, found: Continuations, probabilities: Floats
) -> list[str]:
    where = f"{found.tokens:,} training tokens"
    if found.searched < found.tokens:
        where = f"the first {found.searched:,} of {where}"
    if found.matched:
        stand = "token stands" if found.matched == 1 else f"{found.matched} tokens stand"
        what = f"The prompt's last {stand} {found.occurrences:,} times in {where}; then comes:"
    else:
        what = f"The prompt's last token never stands in {where}. All of them:"
    rows = [
        [
            token_cell(token_text(service, i)),
            f"{count:,}",
            f"{count / found.occurrences:.1%}",
            f"{probability:.1%}",
            bar(count / found.occurrences),
        ]
        for i, count, probability in zip(
            found.ids[: arguments.top_k], found.counts, probabilities, strict=False
        )
    ]
    return ["", what, *table(["token", ">times", ">share", ">model", ""], rows)]


def _copied(
    service: GPTService, arguments: argparse.Namespace, text: TrainingText
) -> tuple[dict[str, object], list[str]]:
    """What a text that the model writes after the prompt has in common with the training text."""
    pieces = service.generate(
        arguments.prompt, arguments.max_new_tokens, temperature=1.0, seed=arguments.seed
    )
    written = "".join(pieces)
    ids = service.tokenize(written, add_special_tokens=False)
    usual: Ints | None = None
    if service.config.data.val_fraction and ids:
        usual = held_out_lengths(text, validation_ids(service, arguments), len(ids))
    spans = verbatim_spans(text, ids)
    generated = {"text": written, "tokens": len(ids), "spans": spans, "held_out_longest": usual}
    longest = sorted(spans, key=lambda span: -span.length)[:SPANS_SHOWN]
    lines = [
        f"\nOf {len(ids):,} tokens that the model writes, these stand in the training text:",
        *table(
            [">tokens", ">at", "text"],
            [[str(span.length), f"{span.place:,}", _shown(service, ids, span)] for span in longest],
        ),
        _comparison(usual),
    ]
    return generated, lines


def _comparison(usual: npt.NDArray[np.int64] | None) -> str:
    if usual is None or not len(usual):
        return "Nothing was held out that could be compared."
    return (
        f"Held-out text of the same length has spans of up to {np.median(usual):.0f} tokens "
        f"(median; at most {usual.max()}): only what is longer is copied."
    )


def _shown(service: GPTService, ids: list[int], span: Span, cells: int = 48) -> str:
    words = service.tokenizer.decode(ids[span.start : span.start + span.length])
    return token_cell(words, cells)
