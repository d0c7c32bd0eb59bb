"""The README.md of an exported model: what it is, what it scores, how it is used."""

from __future__ import annotations

import json

from minigpt_tui import __version__
from minigpt_tui.inference.service import GPTService
from minigpt_tui.interop.figures import IMPORTED
from minigpt_tui.interop.hugging_face_config import ARCHITECTURES
from minigpt_tui.planning.parameters import parameter_count
from minigpt_tui.runs.info import RunInfo
from minigpt_tui.text.safe import visible

SAMPLE_TOKENS = 200
LEVELS = {"char": "characters", "word": "words", "bpe": "pieces of words (byte-level BPE)"}

_FRONT = """\
---
library_name: transformers
pipeline_tag: text-generation
tags:
- minigpt-tui
- {layout}
---
"""
_USE = """\
```python
from transformers import AutoModelForCausalLM, AutoTokenizer

model = AutoModelForCausalLM.from_pretrained({folder})
tokenizer = AutoTokenizer.from_pretrained({folder})
prompt = tokenizer({prompt}, return_tensors="pt")
print(tokenizer.decode(model.generate(**prompt)[0]))
```"""


def model_card(
    service: GPTService, info: RunInfo | None, name: str, folder: str, difference: float
) -> str:
    """The card of a model, with nothing in it that was not measured.

    `difference` is what the comparison of the logits with transformers' found.
    """
    model = service.config.model
    tokenizer = service.tokenizer
    weights = parameter_count(model, service.vocab_size)
    end = "its positions end there" if model.layout == "gpt2" else "it was trained on no more"
    parts = [
        _FRONT.format(layout=model.layout) + f"# {_line(name)}",
        f"A language model of {weights:,} weights, {_made(service)} minigpt-tui "
        f"{__version__}. It goes on with a text, one token after another; "
        "it answers no questions and follows no instructions.",
        "## The model",
        _table(
            [
                ("layout", f"{model.layout} (`{ARCHITECTURES[model.layout]}`)"),
                ("layers", f"{model.n_layers}"),
                ("width", f"{model.d_model}"),
                ("heads in a layer", f"{model.n_heads}"),
                ("feed-forward width", f"{model.d_ff:,}"),
                ("output head", model.head),
                ("context", f"{model.max_seq_len} tokens: {end}"),
                ("vocabulary", f"{service.vocab_size:,} {LEVELS[tokenizer.level]}"),
            ]
        ),
        "## The training",
        _table(_training(service, info)) or "Nothing is known of it.",
        "## The result",
        _table(_result(service, info)) or "The checkpoint holds no measurements.",
        "## Use",
        _USE.format(folder=_literal(folder), prompt=_literal(_prompt(service))),
        f"A prompt and what follows it have {model.max_seq_len} tokens together at most. Before "
        f"this folder was written, transformers loaded it and was compared with minigpt-tui: the "
        f"same token ids, and logits that differ by {difference:.1e} of the largest at most. "
        "`<UNK>` (0) stands for what the vocabulary lacks, `<EOT>` (1) opens and ends texts.",
        "`minigpt-tui import FOLDER` reads it back.",
        "## A sample",
        f"What follows an empty prompt: {SAMPLE_TOKENS} tokens at most, temperature 0.8, seed 0.",
        _indented(_sample(service)),
    ]
    return "\n\n".join(parts) + "\n"


def _made(service: GPTService) -> str:
    return "imported from another program by" if service.metrics.get(IMPORTED) else "trained with"


def _training(service: GPTService, info: RunInfo | None) -> list[tuple[str, str]]:
    """What is known of it; the settings of another program's training are not."""
    training, metrics = service.config.training, service.metrics
    rows = []
    if info is not None:
        rows.append(("text", f"{_line(info.corpus_name)}, not part of this folder"))
        if info.train_tokens:
            rows.append(("tokens to learn from", f"{info.train_tokens:,}"))
            rows.append(("tokens held out", f"{info.val_tokens:,}"))
    for name, words in (("step", "steps"), ("epoch", "epochs"), ("seconds", "seconds")):
        value = metrics.get(name)
        if isinstance(value, int | float):
            rows.append((words, f"{value:,.1f}" if isinstance(value, float) else f"{value:,}"))
    if metrics.get(IMPORTED):
        return rows
    rows.append(("batch", f"{training.batch_size} windows"))
    rows.append(("optimizer", f"{training.optimizer}, learning rate {training.lr:g}"))
    rows.append(("schedule", training.schedule))
    if info is not None and info.precision:
        rows.append(("arithmetic", f"{info.precision} on {info.device}"))
    rows.append(("seed", f"{training.seed}"))
    return rows


def _result(service: GPTService, info: RunInfo | None) -> list[tuple[str, str]]:
    named = {
        "train_loss": "training loss (nats a token)",
        "val_loss": "validation loss (nats a token)",
        "perplexity": "perplexity",
        "bits_per_char": "bits a character",
        "bits_per_byte": "bits a byte",
    }
    values = {words: service.metrics.get(name) for name, words in named.items()}
    rows = [(w, f"{v:.4f}") for w, v in values.items() if isinstance(v, int | float)]
    if rows and info is not None and info.baselines is not None:
        lines = info.baselines.lines()
        rows += [(f"for comparison: {line.label}", f"{line.nats:.4f} nats") for line in lines]
    return rows


def _sample(service: GPTService) -> str:
    return "".join(
        service.generate("", max_new_tokens=SAMPLE_TOKENS, temperature=0.8, seed=0)
    ).strip("\n")


def _prompt(service: GPTService) -> str:
    """The beginning of the sample as the text of a line of Python, in ASCII letters alone."""
    first = _sample(service)[:12]
    plain = "".join(c for c in first if c.isascii() and (c.isalnum() or c == " "))
    return plain.strip() or "a"


def _table(rows: list[tuple[str, str]]) -> str:
    if not rows:
        return ""
    return "\n".join(["| | |", "| --- | --- |", *(f"| {name} | {value} |" for name, value in rows)])


def _line(text: str) -> str:
    """A name as a line of Markdown: no sign in it means anything."""
    return "".join(f"\\{c}" if c in "\\`*_{}[]<>#|!" else c for c in visible(text))


def _literal(text: str) -> str:
    """A text as Python writes it, on one line."""
    return json.dumps(visible(text), ensure_ascii=False)


def _indented(text: str) -> str:
    """As a block of code: nothing in it is Markdown."""
    return "\n".join("    " + line for line in visible(text, keep_newlines=True).split("\n"))
