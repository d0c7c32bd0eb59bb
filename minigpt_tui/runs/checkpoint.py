"""Checkpoints: a model in one file, complete in itself, verified when written and when read.

The file is what `torch.save` writes: an uncompressed zip. Inside are the weights, the vocabulary,
the configuration, the metrics and, where training can go on from it, the trainer's state, with a
digest of it all. Nothing in a file is trusted before it is checked, since people copy and download
checkpoints.
"""

from __future__ import annotations

import io
import pickle
import stat
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from minigpt_tui.config_files import from_dict
from minigpt_tui.planning.memory import available_memory, memory_in_words
from minigpt_tui.planning.parameters import parameter_shapes
from minigpt_tui.runs.archive import ARCHIVE_START, check_archive
from minigpt_tui.runs.atomic import write_atomic
from minigpt_tui.runs.digest import check_tensor, digest_of, tensors_in
from minigpt_tui.text.safe import visible

if TYPE_CHECKING:
    from torch import Tensor

FORMAT = "minigpt-tui checkpoint"
VERSION = 1
_MAX_TOKENIZER_CHARACTERS = 256 * 1024 * 1024
_PARTS = {"config", "vocab_size", "tokenizer_json", "metrics", "model_state", "trainer_state"}
_MARKS = {"format", "version", "weights_digest", "digest"}
# What torch.load raises on bytes that are no checkpoint, whatever its version.
_NOT_LOADABLE = (
    pickle.UnpicklingError,
    struct.error,
    ArithmeticError,
    AssertionError,
    AttributeError,
    EOFError,
    ImportError,
    LookupError,
    MemoryError,
    OSError,
    RuntimeError,
    TypeError,
    ValueError,
)


@dataclass
class Checkpoint:
    """A model at one moment of its training.

    `model_state` maps every name of `parameter_shapes` to a tensor of that shape. `config` is
    `to_dict` of the run's configuration. `metrics` holds plain numbers (step, epoch,
    train_loss, val_loss, …). `trainer_state` (optimizer and the like: nested plain containers of
    numbers, text and tensors) is None where the file is not meant to resume from.
    """

    model_state: dict[str, Tensor]
    tokenizer_json: str
    config: dict[str, Any]
    metrics: dict[str, Any]
    vocab_size: int
    trainer_state: dict[str, Any] | None = None

    @property
    def bytes(self) -> int:
        """What its tensors and its vocabulary take in a file: all but a few kB of it."""
        tensors = tensors_in([self.model_state, self.trainer_state])
        return sum(tensor.nbytes for tensor in tensors) + len(self.tokenizer_json)


def save_checkpoint(path: Path, checkpoint: Checkpoint) -> None:
    """Write a checkpoint, and return only when the file on the disk is proven to load.

    The new file is read back and checked in full before it takes the place of an old one, so that
    an old checkpoint is lost to nothing but a good one.

    Raises OSError (disk full, no permission) or ValueError (what was read back is not what was
    written, or could not be read back); then the old file is untouched.
    """
    import torch

    content = _own({name: getattr(checkpoint, name) for name in sorted(_PARTS)})
    digests = _digests(content)
    buffer = io.BytesIO()
    torch.save({"format": FORMAT, "version": VERSION, **content, **digests}, buffer)
    written = buffer.getvalue()  # shares the buffer's memory

    def verify(temporary: Path) -> None:
        raw = read_file(temporary)
        if raw != written:
            raise ValueError(f"{visible(str(path))} does not read back as it was written.")
        try:
            found = _parse(raw)
        except ValueError as error:
            raise ValueError(f"{visible(str(path))} could not be saved: {error}.") from error
        assert _digests_of_file(found) == digests

    write_atomic(path, written, verify=verify)


def load_checkpoint(path: Path) -> Checkpoint:
    """The checkpoint in a file, checked in full; tensors on the CPU.

    Raises ValueError in a sentence that names the file and the fault: it is missing or unreadable,
    damaged, not a checkpoint of this program, or its weights do not fit its own configuration.
    No code in the file is run, and no more memory is taken than the file has bytes (and a few
    times its index).
    """
    raw = read_file(path, available_memory())
    try:
        content = _parse(raw)
    except ValueError as error:
        raise ValueError(
            f"{visible(str(path))} is not a minigpt-tui checkpoint: {error}."
        ) from error
    return Checkpoint(**{name: content[name] for name in _PARTS})


def read_file(path: Path, available: int | None = None) -> bytes:
    """The whole file, read once. What is checked is what is loaded: nobody can swap it between."""
    shown = visible(str(path))
    try:
        status = path.stat()
        if stat.S_ISDIR(status.st_mode):
            raise ValueError(f"{shown} is a folder, not a checkpoint.")
        if not stat.S_ISREG(status.st_mode):  # opening a pipe would wait for ever
            raise ValueError(f"{shown} is not a regular file.")
        # The bytes and the tensors made of them stand in memory side by side for a moment.
        if available is not None and 2 * status.st_size > available:
            raise ValueError(
                f"{shown} is too large to load: it has {memory_in_words(status.st_size)}, loading "
                f"takes twice that, and {memory_in_words(available)} of memory are free."
            )
        with open(path, "rb") as file:
            start = file.read(len(ARCHIVE_START))
            if start != ARCHIVE_START:  # what it is not shows here, however large the file is
                return start
            file.seek(0)
            return file.read()
    except FileNotFoundError as error:
        raise ValueError(f"There is no file {shown}.") from error
    except OSError as error:
        raise ValueError(f"Cannot read {shown}: {error.strerror}.") from error


def load_archive(raw: bytes) -> tuple[Any, int]:
    """What `torch.save` wrote into `raw`, and the bytes of all its tensor records.

    No code in it is run. Raises ValueError with the end of a sentence, without a stop.
    """
    import torch

    record_bytes = check_archive(raw)
    try:
        # A tensor's size may be claimed, never allocated: storages come from records of the file.
        content = torch.load(io.BytesIO(raw), map_location="cpu", weights_only=True)
    except _NOT_LOADABLE as error:
        raise ValueError("torch refuses its contents") from error
    return content, record_bytes


def _parse(raw: bytes) -> dict[str, Any]:
    """What the file says, checked. Raises ValueError with the end of a sentence, without a stop."""
    content, record_bytes = load_archive(raw)
    marker = content.get("format") if type(content) is dict else None
    if type(marker) is not str or marker != FORMAT:
        raise ValueError("it was written by another program")
    version = content.get("version")
    if type(version) is not int or version != VERSION:
        raise ValueError("another version of minigpt-tui wrote it, in another format")
    if content.keys() != _PARTS | _MARKS:
        raise ValueError("it does not have the parts that a checkpoint has")
    _check_tensors(content, record_bytes)
    _check_weights(content)
    checked: dict[str, Any] = content
    if _digests(checked) != _digests_of_file(checked):
        raise ValueError("its contents do not match their digest")
    return checked


def _check_tensors(content: Mapping[str, Any], record_bytes: int) -> None:
    """Every tensor anywhere is plain and dense, and all together fit into the file's records."""
    total = 0
    for tensor in tensors_in(content):
        total += check_tensor(tensor)
    if total > record_bytes:
        raise ValueError("its tensors claim more than the file holds")


def _check_weights(content: Mapping[str, Any]) -> None:
    """The types of the parts, and the weights against what the configuration implies."""
    vocab_size, weights = content["vocab_size"], content["model_state"]
    if type(content["config"]) is not dict or type(content["metrics"]) is not dict:
        raise ValueError("its configuration or its metrics are not readable")
    if type(content["trainer_state"]) not in (dict, type(None)):
        raise ValueError("its training state is not readable")
    tokenizer = content["tokenizer_json"]
    if type(tokenizer) is not str or len(tokenizer) > _MAX_TOKENIZER_CHARACTERS:
        raise ValueError("its vocabulary is not readable")
    if type(vocab_size) is not int or not 1 <= vocab_size <= 10_000_000:
        raise ValueError("the size of its vocabulary makes no sense")
    try:
        config = from_dict(content["config"])
    except ValueError as error:
        raise ValueError(f"its configuration is wrong ({str(error).rstrip('.')})") from error
    expected = parameter_shapes(config.model, vocab_size)
    if type(weights) is not dict or weights.keys() != expected.keys():
        raise ValueError("its weights are not those of the model it describes")
    for name, shape in expected.items():
        tensor = weights[name]
        if not hasattr(tensor, "shape") or tuple(tensor.shape) != shape:
            raise ValueError(f"the weight {name} does not have the shape that its model implies")
        if not tensor.dtype.is_floating_point:
            raise ValueError(f"the weight {name} does not hold floating-point numbers")


def _digests(content: Mapping[str, Any]) -> dict[str, str]:
    """One digest of the weights, which identifies the model, and one of everything else."""
    others = {name: content[name] for name in sorted(_PARTS - {"model_state"})}
    return {
        "weights_digest": digest_of(content["model_state"]),
        "digest": digest_of(others),
    }


def _digests_of_file(content: Mapping[str, Any]) -> dict[str, Any]:
    return {name: content.get(name) for name in ("weights_digest", "digest")}


def _own(value: Any) -> Any:
    """A copy in plain containers, whose tensors are on the CPU and share memory with no other.

    A tensor that already lies dense and alone in CPU memory is not copied.
    """
    import torch

    seen: set[int] = set()

    def copied(value: Any) -> Any:
        if isinstance(value, torch.Tensor):
            tensor = value.detach().cpu().contiguous()
            storage = tensor.untyped_storage()
            whole = storage.nbytes() == tensor.numel() * tensor.element_size()
            if not whole or storage.data_ptr() in seen or type(tensor) is not torch.Tensor:
                tensor = tensor.as_subclass(torch.Tensor).clone()
            seen.add(tensor.untyped_storage().data_ptr())
            return tensor
        if isinstance(value, Mapping):
            return {key: copied(item) for key, item in value.items()}
        if isinstance(value, list):
            return [copied(item) for item in value]
        if isinstance(value, tuple):
            return tuple(copied(item) for item in value)
        return value

    return copied(value)
