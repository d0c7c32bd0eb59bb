"""A Hugging Face folder (`config.json`, `model.safetensors`, `tokenizer.json`) read back.

What this program exported comes back with its settings; a GPT-2 or Qwen3 from elsewhere is read
as well, as far as its layout is the one here.
Neither transformers nor anything in the folder is run.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from minigpt_tui.interop.figures import IMPORTED, plain_metrics
from minigpt_tui.interop.hugging_face_config import OWN, config_from_document, kv_heads
from minigpt_tui.interop.hugging_face_weights import from_hugging_face, with_every_kv_head
from minigpt_tui.interop.imported import Imported, as_checkpoint
from minigpt_tui.interop.json_file import read_json
from minigpt_tui.interop.tensor_file import read_tensors
from minigpt_tui.interop.vocabulary_file import Vocabulary, vocabulary_from_document
from minigpt_tui.settings import with_settings
from minigpt_tui.text.safe import visible


def read_folder(folder: Path, vocabulary: Vocabulary | None = None) -> Imported:
    """The model in a folder; `vocabulary` takes the place of its `tokenizer.json`.

    Raises ValueError that names the file and the fault.
    """
    shown = visible(str(folder))
    weights_file = folder / "model.safetensors"
    if not weights_file.is_file():
        raise ValueError(_without_weights(folder))
    document = read_json(folder / "config.json")
    if vocabulary is None:
        try:
            vocabulary = vocabulary_from_document(read_json(folder / "tokenizer.json"))
        except ValueError as error:
            raise ValueError(f"The vocabulary of {shown} cannot be used: {error}") from error
    try:
        config, vocab_size = config_from_document(document)
        _, tensors = read_tensors(weights_file)
        grouped = kv_heads(document, config.model)
        every = with_every_kv_head(tensors, config.model, grouped)
        weights = from_hugging_face(every, config.model, vocab_size)
        config = with_settings(config, {"level": vocabulary.tokenizer.level})
        own = document.get(OWN)
        metrics = own.get("metrics") if isinstance(own, Mapping) else None
        checkpoint, notes = as_checkpoint(
            weights,
            config,
            vocab_size,
            vocabulary,
            plain_metrics(dict(metrics)) if isinstance(metrics, Mapping) else {IMPORTED: 1},
        )
    except ValueError as error:
        said = str(error)
        raise ValueError(said if said.endswith(".") else f"{shown} {said}.") from error
    if grouped != config.model.n_heads:
        notes.append(
            f"Its {grouped} heads of keys and values serve {config.model.n_heads} of queries: here "
            "each of those has its own copy, which computes the same with more weights."
        )
    return Imported(
        checkpoint, f"a Hugging Face model of the layout {config.model.layout}", tuple(notes)
    )


def _without_weights(folder: Path) -> str:
    shown = visible(str(folder))
    if (folder / "model.safetensors.index.json").is_file():
        return f"{shown} holds its weights in several files: only one model.safetensors is read."
    if (folder / "pytorch_model.bin").is_file():
        return (
            f"{shown} holds its weights in pytorch_model.bin, which may carry code. Only "
            "model.safetensors is read: save it again with save_pretrained."
        )
    return f"{shown} has no model.safetensors: it is no folder of a Hugging Face model."
