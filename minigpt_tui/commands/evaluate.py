"""`minigpt-tui eval`: the loss of a checkpoint on the whole validation text."""

from __future__ import annotations

import argparse
import json

from minigpt_tui.commands.ask import load_service
from minigpt_tui.paths import data_folder
from minigpt_tui.planning.advice import loss_stage

BATCH_SIZE = 64


def evaluate(arguments: argparse.Namespace) -> int:
    """Prints loss, perplexity, bits a character and bits a byte."""
    from minigpt_tui.inference.evaluation import evaluate as measure
    from minigpt_tui.jobs.prepare import validation_text

    service = load_service(arguments)
    text = validation_text(service.config, data_folder(arguments.data_dir), service.tokenizer)
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
    nats_per_char = result.bits_per_char * 0.6931471805599453
    print(f"  {loss_stage(nats_per_char)}")
    return 0
