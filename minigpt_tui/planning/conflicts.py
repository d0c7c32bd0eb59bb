"""Settings that are legal and yet work against one another, or against the text: what to change."""

from __future__ import annotations

from minigpt_tui.config import RunConfig
from minigpt_tui.planning.parameters import parameter_counts
from minigpt_tui.settings import settings

MANY_PASSES = 15
"""Over a text: from here on a model without dropout learns it by heart (see `time_plan`)."""
_SMALLEST_HEAD = 16
_HIGHEST_ADAM_LR, _LOWEST_MUON_LR = 0.01, 0.003
_FEW_OCCURRENCES = 20
_LARGE_EMBEDDING = 0.6


def conflicts(
    config: RunConfig,
    *,
    vocab_size: int,
    train_tokens: int,
    windows: int,
    total_steps: int,
) -> list[str]:
    """A sentence for each thing that somebody who knows these models would change, if any.

    `windows` are those of an epoch, `total_steps` those of the run. What costs most comes first.
    """
    data, model, training = config.data, config.model, config.training
    found: list[str] = []
    given = training.minutes is None and training.plan == "given"
    if training.batch == "given" and training.plan == "given" and training.batch_size > windows:
        found.append(
            f"batch_size {training.batch_size:,} is more than the {windows:,} windows that the "
            "text has: every step sees all of it. Take a smaller batch_size or max_seq_len."
        )
    if training.optimizer in ("adam", "adamw") and training.lr > _HIGHEST_ADAM_LR:
        found.append(
            f"lr {training.lr:g} is high for {training.optimizer}: above {_HIGHEST_ADAM_LR:g} "
            "training often diverges."
        )
    if training.optimizer == "muon" and training.lr < _LOWEST_MUON_LR:
        found.append(
            f"lr {training.lr:g} is low for muon, whose lr is about ten times Adam's: try 0.02."
        )
    if training.plan == "given" and model.d_model // model.n_heads < _SMALLEST_HEAD:
        found.append(
            f"Each head has {model.d_model // model.n_heads} numbers to look with, 32 to 64 are "
            "usual: take fewer n_heads or a larger d_model."
        )
    parts = parameter_counts(model, vocab_size)
    embedding = parts["token embedding"] + parts["output head"]
    if training.plan == "given" and data.level != "char":
        share = embedding / sum(parts.values())
        occurrences = train_tokens / max(1, vocab_size)
        if occurrences < _FEW_OCCURRENCES:
            found.append(
                f"A token of the vocabulary occurs {occurrences:.0f} times on average, too rarely "
                "to be learned well: set a smaller vocab_size, or add text."
            )
        elif share > _LARGE_EMBEDDING and model.head == "untied":
            found.append(
                f"{share:.0%} of the weights only name the {vocab_size:,} tokens: the head tied, "
                "or a smaller vocab_size, leaves more for the model."
            )
    passes = total_steps * training.batch_size / max(1, windows)
    if given and model.dropout == 0 and passes > MANY_PASSES:
        found.append(
            f"The model sees the text {passes:,.0f} times without dropout: 0.1 to 0.2 keeps it "
            "from learning it by heart for longer."
        )
    if training.patience and not data.val_fraction:
        found.append("patience has nothing to go by: nothing is held out (val_fraction 0).")
    if training.optimizer == "adam" and training.weight_decay != _default("weight_decay"):
        found.append("weight_decay does nothing with adam: take adamw, or muon.")
    if data.level != "word" and data.min_frequency != _default("min_frequency"):
        found.append("min_frequency does nothing here: it is for the level word.")
    return found


def _default(name: str) -> object:
    return settings()[name].default
