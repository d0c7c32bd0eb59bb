"""nanoGPT's `ckpt.pt` (Karpathy 2022): a GPT-2 with other names, without a vocabulary inside.

What differs from the classic layout here: biases may be absent (they become zeros, which is the
same), the head is tied, a compiled model has `_orig_mod.` before its names, and the GELU is the
exact one, where ours is its tanh form. The last cannot be carried over, so the difference that it
makes is measured. The file is read with `weights_only`; nanoGPT's `meta.pkl`, which holds the
characters, is a pickle that could run anything, and is never opened.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from minigpt_tui.config import UNKNOWN_CORPUS, RunConfig
from minigpt_tui.config_files import from_dict
from minigpt_tui.inference.service import model_in
from minigpt_tui.interop.figures import IMPORTED, plain_metrics
from minigpt_tui.interop.hugging_face_weights import from_hugging_face
from minigpt_tui.interop.imported import Imported, as_checkpoint, windows
from minigpt_tui.interop.vocabulary_file import Vocabulary
from minigpt_tui.planning.memory import available_memory
from minigpt_tui.runs.checkpoint import FORMAT, Checkpoint, load_archive, read_file
from minigpt_tui.runs.digest import check_tensor
from minigpt_tui.settings import check, with_settings
from minigpt_tui.text.safe import visible

if TYPE_CHECKING:
    from torch import Tensor

_COMPILED = "_orig_mod."
_NUMBERS = {
    "d_model": "n_embd",
    "n_heads": "n_head",
    "n_layers": "n_layer",
    "max_seq_len": "block_size",
}
_MATRICES = (".c_attn.weight", ".c_proj.weight", ".c_fc.weight")
_WITH_BIAS = (*_MATRICES, ".ln_1.weight", ".ln_2.weight", ".ln_f.weight")


@dataclass(frozen=True)
class GeluDifference:
    """What the tanh form makes of a model that was trained with the exact GELU."""

    logits: float  # the largest difference of a logit
    loss: float | None  # nats a token more than with the exact one; None without a text


def read_nanogpt(path: Path, vocabulary: Vocabulary | None) -> Imported:
    """The model in a `ckpt.pt`. Raises ValueError that names the file and the fault."""
    shown = visible(str(path))
    raw = read_file(path, available_memory())
    try:
        content, record_bytes = load_archive(raw)
        config, vocab_size, model = _checked(content, record_bytes)
        metrics = _metrics(content)
    except ValueError as error:
        raise ValueError(
            f"{shown} is no checkpoint of nanoGPT: {str(error).rstrip('.')}."
        ) from error
    if vocabulary is None:
        raise ValueError(
            f"{shown} holds no vocabulary (nanoGPT keeps it in meta.pkl, a pickle, which is not "
            "opened here). Give the text that it was trained on with --vocabulary input.txt, or "
            "for tokens of GPT-2 a --vocabulary tokenizer.json."
        )
    try:
        weights = from_hugging_face(_theirs(model), config.model, vocab_size)
        if vocabulary.sample and len(vocabulary.rows or ()) != vocab_size:
            raise ValueError(
                f"has {vocab_size:,} tokens, but the text has {len(vocabulary.rows or ()):,} "
                "different characters: give the text that it was trained on"
            )
        changes = {
            "level": vocabulary.tokenizer.level,
            "corpus": vocabulary.corpus or UNKNOWN_CORPUS,
        }
        config = with_settings(config, changes)
        checkpoint, notes = as_checkpoint(weights, config, vocab_size, vocabulary, metrics)
    except ValueError as error:
        raise ValueError(f"{shown} {str(error).rstrip('.')}.") from error
    ids = vocabulary.tokenizer.encode(vocabulary.sample).tolist()
    notes.append(_in_words(gelu_difference(checkpoint, ids)))
    return Imported(checkpoint, "a checkpoint of nanoGPT", tuple(notes))


def gelu_difference(checkpoint: Checkpoint, ids: list[int]) -> GeluDifference:
    """Compares a classic model with itself under the exact GELU, on a text's ids if there are."""
    import torch
    import torch.nn.functional as F

    config = from_dict(checkpoint.config)
    ours, theirs = (model_in(checkpoint, config).eval() for _ in range(2))
    use_exact_gelu(theirs)
    batch = windows(checkpoint, ids)
    with torch.inference_mode():
        pair = [model(batch) for model in (ours, theirs)]
        logits = float((pair[0] - pair[1]).abs().max())
        if len(ids) < config.model.max_seq_len or batch.shape[1] < 2:
            return GeluDifference(logits, None)
        targets = batch[:, 1:].flatten()
        losses = [float(F.cross_entropy(one[:, :-1].flatten(0, 1), targets)) for one in pair]
    return GeluDifference(logits, losses[0] - losses[1])


def use_exact_gelu(model: Any) -> None:
    """Has every block of a classic model compute x Φ(x) itself, not its tanh form."""
    import torch.nn.functional as F
    from torch import nn

    class ExactFeedForward(nn.Module):
        def __init__(self, up: nn.Linear, down: nn.Linear) -> None:
            super().__init__()
            self.up, self.down = up, down

        def forward(self, x: Tensor) -> Tensor:
            hidden: Tensor = self.down(F.gelu(self.up(x)))
            return hidden

    for block in model.blocks:
        block.feed_forward = ExactFeedForward(block.feed_forward.up, block.feed_forward.down)


def _checked(content: Any, record_bytes: int) -> tuple[RunConfig, int, dict[str, Tensor]]:
    """The shape and the weights. Raises ValueError with the end of a sentence, without a stop."""
    import torch

    if isinstance(content, Mapping) and content.get("format") == FORMAT:
        raise ValueError(
            "minigpt-tui wrote it, and reads it as it is: minigpt-tui predict --checkpoint FILE"
        )
    arguments = content.get("model_args") if isinstance(content, Mapping) else None
    weights = content.get("model") if isinstance(content, Mapping) else None
    if not isinstance(arguments, Mapping) or not isinstance(weights, Mapping):
        raise ValueError("it has no model and model_args")
    names = [*_NUMBERS.values(), "vocab_size"]
    for name in names:
        if type(arguments.get(name)) is not int or not 1 <= arguments[name] <= 10_000_000:
            raise ValueError(f"its model_args have no sensible {name}")
    dropout = arguments.get("dropout", 0.0)
    changes: dict[str, Any] = {ours: arguments[theirs] for ours, theirs in _NUMBERS.items()}
    changes |= {"layout": "gpt2", "head": "tied", "d_ff": 4 * changes["d_model"]}
    if type(dropout) not in (int, float) or not 0 <= dropout <= 1:
        raise ValueError("its model_args have no sensible dropout")
    changes["dropout"] = float(dropout)
    config = check(with_settings(RunConfig(), changes))
    model: dict[str, Tensor] = {}
    storages: dict[int, int] = {}
    for name, tensor in weights.items():
        if not isinstance(name, str) or not isinstance(tensor, torch.Tensor):
            raise ValueError("its model holds something that is no weight")
        storages[tensor.untyped_storage().data_ptr()] = check_tensor(tensor)
        model[name.removeprefix(_COMPILED)] = tensor
    if sum(storages.values()) > record_bytes:
        raise ValueError("its tensors claim more than the file holds")
    return config, arguments["vocab_size"], model


def _theirs(model: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The weights as a GPT-2 of Hugging Face has them: matrices turned, biases there."""
    import torch

    found = {n: w.T if w.ndim == 2 and n.endswith(_MATRICES) else w for n, w in model.items()}
    for name, weight in list(found.items()):
        if name.endswith(_WITH_BIAS):
            # As long as its weight, which is there: the model_args may claim any size.
            bias = torch.zeros(weight.shape[-1:])
            found.setdefault(f"{name.removesuffix('.weight')}.bias", bias)
    return found


def _metrics(content: Mapping[str, Any]) -> dict[str, float]:
    import torch

    best = content.get("best_val_loss")
    if isinstance(best, torch.Tensor):
        check_tensor(best)
        best = float(best) if best.numel() == 1 and best.dtype.is_floating_point else None
    found = {IMPORTED: 1, "step": content.get("iter_num"), "val_loss": best, "best_val_loss": best}
    return plain_metrics(found)


def _in_words(difference: GeluDifference) -> str:
    said = (
        "nanoGPT computes the exact GELU, this program its tanh form, as GPT-2 does: a logit of "
        f"this model differs by {difference.logits:.2g} at most"
    )
    if difference.loss is None:
        return f"{said}, on random tokens."
    return f"{said}, and its loss on the beginning of the text by {difference.loss:+.2g} nats."
