"""What a path holds that can be imported, read: a folder, a safetensors file, a `ckpt.pt`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from minigpt_tui.interop.hugging_face_import import read_folder
from minigpt_tui.interop.imported import Imported
from minigpt_tui.interop.nanogpt import read_nanogpt
from minigpt_tui.interop.tensor_file import load_model
from minigpt_tui.interop.vocabulary_file import vocabulary_of
from minigpt_tui.paths import DataFolder
from minigpt_tui.text.safe import visible


def read_model(path: Path, vocabulary: Sequence[str], data: DataFolder) -> Imported:
    """The model at a path. `vocabulary` names a text or a `tokenizer.json`, where one is needed.

    Raises ValueError that names the file and the fault.
    """
    shown = visible(str(path))
    if not path.exists():
        raise ValueError(f"There is no file or folder {shown}.")
    given = vocabulary_of(vocabulary, data) if vocabulary else None
    if path.is_dir():
        return read_folder(path, given)
    match path.suffix:
        case ".safetensors":
            if given is not None:
                raise ValueError(f"{shown} brings its own vocabulary: leave out --vocabulary.")
            return Imported(load_model(path), "a safetensors file of minigpt-tui")
        case ".pt" | ".pth":
            return read_nanogpt(path, given)
        case ".gguf":
            raise ValueError(
                f"{shown}: GGUF is written, not read. Import the Hugging Face folder instead."
            )
    raise ValueError(
        f"{shown} cannot be imported: give a Hugging Face folder, a .safetensors file that was "
        "exported here, or a ckpt.pt of nanoGPT."
    )
