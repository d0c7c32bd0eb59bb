"""A model as a folder that Hugging Face's `transformers` loads, proven before it is there.

The folder is written beside its place, loaded by `AutoModelForCausalLM` and `AutoTokenizer`, and
compared with the model here: token ids must be equal and logits nearly. Only then it gets its name.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from minigpt_tui.inference.service import GPTService
from minigpt_tui.interop.extras import needs_extra
from minigpt_tui.interop.figures import own_section
from minigpt_tui.interop.hugging_face_config import config_document, generation_document
from minigpt_tui.interop.hugging_face_weights import to_hugging_face
from minigpt_tui.interop.model_card import model_card
from minigpt_tui.interop.sample_text import TRICKY, SampleText, windows_of
from minigpt_tui.runs.atomic import sync_folder, temporary_beside
from minigpt_tui.runs.info import RunInfo
from minigpt_tui.text.safe import visible
from minigpt_tui.text.tokenizers import EOT, UNK, Tokenizer

if TYPE_CHECKING:
    from torch import Tensor

TOLERANCE = 1e-4
"""Largest difference of a logit, as a share of the largest logit (of 1, if that is smaller)."""


@dataclass(frozen=True)
class Proof:
    """What the comparison with the loaded folder found."""

    logits: int  # compared
    difference: float  # the largest, as a share of the largest logit
    token_ids: int  # compared, and equal
    source: str  # what the compared text is, in words


def export_folder(
    service: GPTService, info: RunInfo | None, name: str, sample: SampleText, folder: Path
) -> Proof:
    """Writes the folder, which must not exist yet, and returns how it compares.

    Raises ValueError where an extra is missing, the place is taken or cannot be written, or what
    `transformers` loads is not the model here; nothing is left then.
    """
    with needs_extra("hf", "Exporting to Hugging Face"):
        import transformers  # noqa: F401  # the proof needs it
    if os.path.lexists(folder):
        raise ValueError(f"There is already a {visible(str(folder))}. Choose another with --out.")
    temporary = temporary_beside(folder)
    try:
        temporary.mkdir()
        write_folder(service, temporary)
        proof = prove(service, temporary, sample)
        card = model_card(service, info, name, folder.name, proof.difference)
        _write(temporary / "README.md", card)
        _sync(temporary)
        os.rename(temporary, folder)
        sync_folder(folder.parent)
    except OSError as error:
        raise ValueError(f"Cannot write {visible(str(folder))}: {error.strerror}.") from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    return proof


def write_folder(service: GPTService, folder: Path) -> None:
    """Writes all but the model card into an empty folder. Raises OSError, ValueError."""
    with needs_extra("hf", "Exporting to Hugging Face"):
        import safetensors.torch
    config, tokenizer = service.config, service.tokenizer
    documents = {
        "config.json": config_document(config, tokenizer.vocab_size, own_section(service)),
        "generation_config.json": generation_document(config),
        "tokenizer_config.json": tokenizer_document(config.model.max_seq_len),
    }
    for file_name, document in documents.items():
        _write(folder / file_name, json.dumps(document, indent=2) + "\n")
    _write(folder / "tokenizer.json", tokenizer.to_json())
    weights = to_hugging_face(service.model.state_dict(), config.model)
    # Not save_file, which writes for the owner alone.
    raw = safetensors.torch.save(weights, metadata={"format": "pt"})
    (folder / "model.safetensors").write_bytes(raw)


def prove(service: GPTService, folder: Path, sample: SampleText) -> Proof:
    """Loads the folder as others do and compares it with the model here.

    Raises ValueError where they differ.
    """
    import torch

    with _quiet():
        from transformers import AutoModelForCausalLM, AutoTokenizer

        theirs: Any = AutoModelForCausalLM.from_pretrained(
            folder, dtype=torch.float32, local_files_only=True
        )
        theirs.eval()
        their_tokenizer: Any = AutoTokenizer.from_pretrained(folder, local_files_only=True)
    count = _compare_ids(service.tokenizer, their_tokenizer, [sample.text, TRICKY])
    windows = windows_of(service, sample.text)
    with torch.inference_mode():
        ours, others = (
            service.model(windows),
            theirs(input_ids=windows, attention_mask=torch.ones_like(windows)).logits,
        )
    difference = relative_difference(ours, others)
    if not difference <= TOLERANCE:  # also where it is no number
        raise ValueError(
            f"Nothing was exported: loaded by transformers, the model's logits differ by "
            f"{difference:.1e} of the largest one ({TOLERANCE:.0e} is allowed). "
            "Please report this with your version of transformers."
        )
    return Proof(ours.numel(), difference, count, sample.source)


def relative_difference(ours: Tensor, theirs: Tensor) -> float:
    """The largest difference of two logits, as a share of the largest logit, if above 1."""
    scale = max(1.0, float(ours.abs().max()))
    return float((ours - theirs).abs().max()) / scale


def tokenizer_document(max_seq_len: int) -> dict[str, Any]:
    """The content of `tokenizer_config.json`.

    The special tokens are ids only, as here: a text that reads “<EOT>” is five characters.
    """
    return {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "bos_token": EOT,
        "eos_token": EOT,
        "pad_token": EOT,
        "unk_token": UNK,
        "split_special_tokens": True,
        "add_prefix_space": False,
        "clean_up_tokenization_spaces": False,
        "model_max_length": max_seq_len,
        "model_input_names": ["input_ids", "attention_mask"],
    }


def _compare_ids(tokenizer: Tokenizer, theirs: Any, texts: list[str]) -> int:
    count = 0
    for text in texts:
        own = tokenizer.encode(text).tolist()
        found = theirs(text, truncation=False, verbose=False)["input_ids"]
        if found != own:
            raise ValueError(
                "Nothing was exported: loaded by transformers, the tokenizer gives other ids. "
                "Please report this with your version of transformers."
            )
        known = [i for i in own if tokenizer.token_bytes(i)]
        if theirs.decode(known) != tokenizer.decode(known):
            raise ValueError(
                "Nothing was exported: loaded by transformers, the tokenizer turns ids into "
                "another text. Please report this with your version of transformers."
            )
        count += len(own)
    return count


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Keeps the library's progress bars and notes off the terminal."""
    from transformers.utils import logging as their_logging

    theirs: Any = their_logging
    level, bars = theirs.get_verbosity(), theirs.is_progress_bar_enabled()
    theirs.set_verbosity(logging.ERROR)
    theirs.disable_progress_bar()
    try:
        yield
    finally:
        theirs.set_verbosity(level)
        if bars:
            theirs.enable_progress_bar()


def _write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")


def _sync(folder: Path) -> None:
    """Waits until the disk has every file in it, so that the rename cannot come before them."""
    for path in folder.iterdir():
        with open(path, "rb+") as file:
            os.fsync(file.fileno())
    sync_folder(folder)
