"""`minigpt-tui eval`: the loss of a checkpoint on the validation text, and what it is worth."""

from __future__ import annotations

import argparse
import json
import math
from typing import TYPE_CHECKING

from minigpt_tui.commands.ask import load_service
from minigpt_tui.paths import data_folder
from minigpt_tui.planning.advice import loss_stage

if TYPE_CHECKING:
    from minigpt_tui.inference.evaluation import Evaluation
    from minigpt_tui.runs.info import BaselineLosses, ReferenceLine
    from minigpt_tui.text.token_file import TokenFile

BATCH_SIZE = 64
COMPRESSORS = ("zlib", "lzma")
IN_WORDS = {"uniform": "guessing blindly", "unigram": "guessing by frequency"}


def evaluate(arguments: argparse.Namespace) -> int:
    """Prints loss, perplexity, bits a character and a byte, and what simpler models reach."""
    from minigpt_tui.inference.evaluation import evaluate as measure
    from minigpt_tui.jobs.prepare import compared_validation_text

    service = load_service(arguments)
    data = data_folder(arguments.data_dir)
    text, baselines = compared_validation_text(service.config, data, service.tokenizer)
    result = measure(
        service.model,
        text.ids,
        BATCH_SIZE,
        characters=text.characters,
        bytes=text.bytes,
        unknown_bytes=text.unknown_bytes,
    )
    assert result is not None, "nobody can stop this evaluation"
    if arguments.json:
        figures = {
            "val_loss": result.val_loss,
            "perplexity": result.perplexity,
            "bits_per_char": result.bits_per_char,
            "bits_per_byte": result.bits_per_byte,
            "references": {
                line.name: {
                    "nats_per_token": line.nats,
                    "bits_per_byte": _bits_per_byte(line, text),
                    "part": line.part,
                }
                for line in baselines.lines()
            },
        }
        print(json.dumps(figures, indent=2))
        return 0
    print("\n".join(service.describe()))
    print(f"Validation text: {text.tokens:,} tokens, {text.characters:,} characters")
    print(f"  Val Loss: {result.val_loss:.4f} nats a token")
    print(f"  Perplexity: {result.perplexity:.2f}")
    print(f"  Bits per character: {result.bits_per_char:.4f}")
    print(f"  Bits per byte: {result.bits_per_byte:.4f}")
    if result.unknown_share:
        print(f"  Unknown to the vocabulary: {result.unknown_share:.2%} of the bytes")
    print(f"  {loss_stage(result.bits_per_char * math.log(2))}")
    print("\n".join(_comparison(result, baselines, text)))
    return 0


def _comparison(result: Evaluation, baselines: BaselineLosses, text: TokenFile) -> list[str]:
    """The model among the references, the best at the end."""
    rows = [
        (
            f"{IN_WORDS.get(line.name, line.name)} {line.part}".rstrip(),
            line.nats,
            _bits_per_byte(line, text),
        )
        for line in baselines.lines()
    ]
    rows.append(("this model", result.val_loss, result.bits_per_byte))
    rows.sort(key=lambda row: row[2], reverse=True)
    width = max(len(name) for name, _, _ in rows)
    return [
        f"{'For comparison':<{width + 2}}  nats a token  bits a byte",
        *(f"  {name:<{width}}  {nats:12.4f}  {bits:11.4f}" for name, nats, bits in rows),
    ]


def _bits_per_byte(line: ReferenceLine, text: TokenFile) -> float:
    """What the model's bits a byte compare with: an unknown token hides its bytes from n-grams too.

    Compressors have read the text itself.
    """
    from minigpt_tui.inference.evaluation import BITS_PER_UNKNOWN_BYTE

    bits = line.nats * (text.tokens - 1) / math.log(2)
    if line.name not in COMPRESSORS:
        bits += BITS_PER_UNKNOWN_BYTE * text.unknown_bytes
    return bits / text.bytes
