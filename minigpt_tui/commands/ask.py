"""`minigpt-tui predict` and `generate`: ask a trained model, with nothing but its checkpoint."""

from __future__ import annotations

import argparse
import json
import secrets
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from minigpt_tui.paths import data_folder
from minigpt_tui.runs.damaged import DamagedError
from minigpt_tui.text.safe import shown_token, visible

if TYPE_CHECKING:
    from minigpt_tui.inference.service import GPTService

BAR_WIDTH = 20


def predict(arguments: argparse.Namespace) -> int:
    """Prints the most probable next tokens and next words."""
    service = load_service(arguments)
    next_tokens = service.predict_next(arguments.prompt, arguments.top_k)
    words = service.predict_words(arguments.prompt, arguments.top_k)
    unknown = service.unknown(arguments.prompt)
    if arguments.json:
        _print_json(
            {
                "prompt": arguments.prompt,
                "checkpoint": str(service.checkpoint_path),
                "unknown": unknown,
                "next_tokens": [
                    {"token": t.token, "id": t.id, "prob": t.prob} for t in next_tokens
                ],
                "next_words": [{"word": w.word, "prob": w.prob} for w in words.words],
                "word_continuation_mass": words.word_continuation_mass,
                "end_mass": words.end_mass,
                "unknown_mass": words.unknown_mass,
                "unexplored_mass": words.unexplored_mass,
            }
        )
        return 0
    print("\n".join(service.describe()))
    _print_unknown(unknown)
    print(f"\nAfter “{visible(arguments.prompt)}”\n")
    print("Next words")
    for word in words.words:
        print(_bar(visible(word.word), word.prob))
    if words.word_continuation_mass > 0:
        print(_bar("(the word goes on)", words.word_continuation_mass))
    print(f"  {words.unexplored_mass:.1%} of the probability was not explored.")
    print("\nNext tokens")
    for token in next_tokens:
        print(_bar(shown_token(token.token), token.prob))
    return 0


def generate(arguments: argparse.Namespace) -> int:
    """Prints the prompt and what the model writes after it, as it writes."""
    seed = arguments.seed if arguments.seed is not None else secrets.randbelow(2**31)
    service = load_service(arguments)
    pieces = service.generate(
        arguments.prompt,
        max_new_tokens=arguments.max_new_tokens,
        temperature=arguments.temperature,
        top_k=arguments.top_k,
        top_p=arguments.top_p,
        min_p=arguments.min_p,
        seed=seed,
        stop=arguments.stop,
        typical_p=arguments.typical_p,
        repetition_penalty=arguments.repetition_penalty,
        order=arguments.sampler_order,
    )
    unknown = service.unknown(arguments.prompt)
    if arguments.json:
        _print_json(
            {
                "prompt": arguments.prompt,
                "checkpoint": str(service.checkpoint_path),
                "unknown": unknown,
                "text": "".join(pieces),
                "seed": seed,
            }
        )
        return 0
    print("\n".join(service.describe()))
    _print_unknown(unknown)
    print(f"Seed: {seed}\n")
    sys.stdout.write(visible(arguments.prompt, keep_newlines=True))
    for piece in pieces:
        sys.stdout.write(visible(piece, keep_newlines=True))
        sys.stdout.flush()
    print()
    return 0


def load_service(arguments: argparse.Namespace) -> GPTService:
    """The model that `--run` or `--checkpoint` names, else the newest run's best."""
    path, _ = checkpoint_of(arguments)
    from minigpt_tui.inference.service import GPTService

    with damage_of_a_run(arguments):
        return GPTService(checkpoint_path=path)


@contextmanager
def damage_of_a_run(arguments: argparse.Namespace) -> Iterator[None]:
    """A file that a run wrote and that cannot be read is damaged; one that was named is bad input.

    The exit codes differ.
    """
    try:
        yield
    except ValueError as error:
        if arguments.checkpoint is None:
            raise DamagedError(str(error)) from error
        raise


def checkpoint_of(arguments: argparse.Namespace) -> tuple[Path, str]:
    """The checkpoint that the arguments name, and a name for the model in it."""
    if arguments.checkpoint is not None:
        path = Path(arguments.checkpoint).expanduser()
        return path, path.stem
    from minigpt_tui.runs.folder import find_run, newest_run

    data = data_folder(arguments.data_dir)
    run = find_run(data, arguments.run) if arguments.run is not None else newest_run(data)
    return run.best, run.name


def _print_unknown(unknown: list[str]) -> None:
    if unknown:
        shown = ", ".join(f"“{visible(part)}”" for part in unknown)
        print(f"Not in the vocabulary, read as <UNK>: {shown}")


def _print_json(content: dict[str, object]) -> None:
    print(json.dumps(content, indent=2))  # ASCII only: nothing in it can steer a terminal


def _bar(label: str, probability: float) -> str:
    return f"  {label:<20} {probability:6.1%}  {'█' * round(probability * BAR_WIDTH)}".rstrip()
