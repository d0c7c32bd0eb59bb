"""One safetensors file: the weights under our own names, the rest of the model in its metadata.

Metadata of safetensors are texts: `config` and `metrics` are JSON, `tokenizer` is the whole
`tokenizer.json`, `vocab_size` a number. Reading trusts nothing before it is checked, and nothing in
such a file is code.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

from minigpt_tui.config_files import from_dict, to_dict
from minigpt_tui.inference.service import GPTService
from minigpt_tui.interop.extras import needs_extra
from minigpt_tui.interop.figures import own_section, plain_metrics
from minigpt_tui.interop.json_file import parsed_json
from minigpt_tui.planning.memory import available_memory, memory_in_words
from minigpt_tui.planning.parameters import parameter_shapes
from minigpt_tui.runs.atomic import write_atomic
from minigpt_tui.runs.checkpoint import Checkpoint
from minigpt_tui.text.safe import visible
from minigpt_tui.text.tokenizers import tokenizer_from_json

if TYPE_CHECKING:
    from torch import Tensor

FORMAT = "minigpt-tui model"
VERSION = "1"
_MOST_TENSORS = 100_000
_COPIES = 2  # the tensors as they are read, and as fp32 in our order


def save_model(service: GPTService, path: Path) -> None:
    """Writes the file, which must not exist yet.

    Raises ValueError where the extra is missing, the place is taken or cannot be written, or what
    is read back is not the model.
    """
    with needs_extra("hf", "Exporting to safetensors"):
        import safetensors.torch
    shown = visible(str(path))
    if os.path.lexists(path):
        raise ValueError(f"There is already a {shown}. Choose another with --out.")
    own = own_section(service)
    metadata = {
        "format": FORMAT,
        "version": VERSION,
        "program": str(own["version"]),
        "config": json.dumps(own["config"]),
        "metrics": json.dumps(own["metrics"]),
        "vocab_size": str(service.vocab_size),
        "tokenizer": service.tokenizer.to_json(),
    }
    weights = {name: weight.contiguous() for name, weight in service.model.state_dict().items()}

    def verify(temporary: Path) -> None:
        import torch

        again = load_model(temporary)
        same = all(torch.equal(again.model_state[name], weights[name]) for name in weights)
        if not same or again.tokenizer_json != metadata["tokenizer"]:
            raise ValueError(f"{shown} does not read back as it was written.")

    try:
        write_atomic(path, safetensors.torch.save(weights, metadata), verify=verify)
    except OSError as error:
        raise ValueError(f"Cannot write {shown}: {error.strerror}.") from error


def load_model(path: Path) -> Checkpoint:
    """The model in a file that `save_model` wrote.

    Raises ValueError that names the file and the fault.
    """
    metadata, tensors = read_tensors(path)
    try:
        if metadata.get("format") != FORMAT or metadata.get("version") != VERSION:
            raise ValueError(
                "was not written by this version of minigpt-tui. A model of Hugging Face is "
                "imported by its folder, with config.json in it"
            )
        tokenizer = tokenizer_from_json(metadata.get("tokenizer", ""))
        config = from_dict(parsed_json(metadata.get("config", ""), "config"))
        metrics = parsed_json(metadata.get("metrics", ""), "metrics")
        if metadata.get("vocab_size") != str(tokenizer.vocab_size):
            raise ValueError("holds another vocabulary than it says")
        shapes = parameter_shapes(config.model, tokenizer.vocab_size)
        if tensors.keys() != shapes.keys():
            raise ValueError("does not hold the weights of the model that it describes")
        for name, shape in shapes.items():
            if tuple(tensors[name].shape) != shape or not tensors[name].dtype.is_floating_point:
                raise ValueError(f"holds the weight {name} in another shape than its model has")
    except ValueError as error:
        raise ValueError(f"{visible(str(path))} {str(error).rstrip('.')}.") from error
    return Checkpoint(
        model_state={name: tensors[name].float() for name in shapes},
        tokenizer_json=tokenizer.to_json(),
        config=to_dict(config),
        metrics=plain_metrics(dict(metrics)),
        vocab_size=tokenizer.vocab_size,
    )


def read_tensors(path: Path) -> tuple[dict[str, str], dict[str, Tensor]]:
    """The metadata and the tensors of any safetensors file; tensors on the CPU.

    Raises ValueError that names the file and the fault: missing, damaged, too large for the memory.
    """
    with needs_extra("hf", "Reading safetensors"):
        from safetensors import SafetensorError, safe_open
    import torch

    shown = visible(str(path))
    try:
        if not path.is_file():
            raise ValueError(f"There is no file {shown}.")
        size, free = path.stat().st_size, available_memory()
        if free is not None and _COPIES * size > free:
            raise ValueError(
                f"{shown} is too large to load: it takes {memory_in_words(_COPIES * size)}, and "
                f"{memory_in_words(free)} of memory are free."
            )
        with safe_open(path, framework="pt", device="cpu") as file:
            names = list(file.keys())
            if len(names) > _MOST_TENSORS:
                raise ValueError(f"{shown} holds more tensors than any model here.")
            metadata = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in names}
    except (SafetensorError, OSError) as error:
        raise ValueError(f"{shown} is no whole safetensors file.") from error
    if any(tensor.dtype == torch.float4_e2m1fn_x2 for tensor in tensors.values()):
        raise ValueError(f"{shown} holds numbers of four bits, with which torch cannot compute.")
    return metadata, tensors
