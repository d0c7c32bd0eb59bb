"""A model as a GGUF file, which llama.cpp and what is built on it read.

Both layouts have an architecture of their own there (`gpt2`, `qwen3`). Of vocabularies GGUF holds
byte-level BPE; it has no tokenizer for single characters or whole words. The weights stay fp32.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from minigpt_tui import __version__
from minigpt_tui.inference.layers import LAYER_NORM_EPSILON
from minigpt_tui.inference.service import GPTService
from minigpt_tui.interop.extras import needs_extra
from minigpt_tui.model.fused import NORM_EPSILON
from minigpt_tui.model.qwen3 import ROPE_THETA
from minigpt_tui.runs.atomic import sync_folder, temporary_beside
from minigpt_tui.text.safe import visible
from minigpt_tui.text.tokenizers import EOT_ID, UNK_ID, Tokenizer

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Array = npt.NDArray[np.float32]

# What splits a row of ours in several there stands in order.
_OUTER = {
    "token_embedding": "token_embd",
    "position_embedding": "position_embd",
    "final_norm": "output_norm",
    "head": "output",
}
_INNER: dict[str, dict[str, tuple[str, ...]]] = {
    "gpt2": {
        "norm_1": ("attn_norm",),
        "attention.qkv": ("attn_qkv",),
        "attention.out": ("attn_output",),
        "norm_2": ("ffn_norm",),
        "feed_forward.up": ("ffn_up",),
        "feed_forward.down": ("ffn_down",),
    },
    "qwen3": {
        "norm_1": ("attn_norm",),
        "attention.qkv": ("attn_q", "attn_k", "attn_v"),
        "attention.q_norm": ("attn_q_norm",),
        "attention.k_norm": ("attn_k_norm",),
        "attention.out": ("attn_output",),
        "norm_2": ("ffn_norm",),
        "feed_forward.gate_up": ("ffn_gate", "ffn_up"),
        "feed_forward.down": ("ffn_down",),
    },
}


def save_gguf(service: GPTService, name: str, path: Path) -> int:
    """Writes the file, which must not exist yet; returns how many tensors were compared.

    Raises ValueError where GGUF cannot hold the model, the extra is missing, the place is taken or
    cannot be written, or what `gguf` reads back is not the model; nothing is left then.
    """
    shown = visible(str(path))
    tokenizer = service.tokenizer
    if tokenizer.level != "bpe":
        what = {"char": "characters", "word": "words"}[tokenizer.level]
        raise ValueError(
            f"GGUF has no tokenizer for {what}, only for pieces of words: train with --level bpe, "
            "or export with --to hf, which holds every vocabulary."
        )
    with needs_extra("gguf", "Exporting to GGUF"):
        from gguf import GGUFWriter
    if os.path.lexists(path):
        raise ValueError(f"There is already a {shown}. Choose another with --out.")
    tensors = gguf_tensors(service)
    temporary = temporary_beside(path)
    try:
        writer = GGUFWriter(temporary, service.config.model.layout)
        _describe(writer, service, name)
        _add_vocabulary(writer, tokenizer)
        for tensor_name, array in tensors.items():
            writer.add_tensor(tensor_name, array)
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_tensors_to_file()
        writer.close()
        _prove(temporary, service, tensors)
        with open(temporary, "rb+") as file:
            os.fsync(file.fileno())
        os.rename(temporary, path)
        sync_folder(path.parent)
    except OSError as error:
        raise ValueError(f"Cannot write {shown}: {error.strerror}.") from error
    finally:
        temporary.unlink(missing_ok=True)
    return len(tensors)


def gguf_tensors(service: GPTService) -> dict[str, Array]:
    """The weights as fp32 under the names that llama.cpp looks for."""
    layout = service.config.model.layout
    found: dict[str, Array] = {}
    for own_name, weight in service.model.state_dict().items():
        part, kind = own_name.rsplit(".", 1)
        if part.startswith("blocks."):
            _, layer, inner = part.split(".", 2)
            names = [f"blk.{layer}.{theirs}.{kind}" for theirs in _INNER[layout][inner]]
        else:
            names = [f"{_OUTER[part]}.{kind}"]
        pieces = weight.float().cpu().chunk(len(names))
        found |= {n: p.contiguous().numpy() for n, p in zip(names, pieces, strict=True)}
    return found


def _describe(writer: Any, service: GPTService, name: str) -> None:
    model = service.config.model
    writer.add_name(name)
    writer.add_description(f"exported by minigpt-tui {__version__}")
    writer.add_file_type(0)  # all fp32
    writer.add_context_length(model.max_seq_len)
    writer.add_embedding_length(model.d_model)
    writer.add_block_count(model.n_layers)
    writer.add_feed_forward_length(model.d_ff)
    writer.add_head_count(model.n_heads)
    writer.add_vocab_size(service.vocab_size)
    if model.layout == "gpt2":
        writer.add_layer_norm_eps(LAYER_NORM_EPSILON)
        return
    d_head = model.d_model // model.n_heads
    writer.add_head_count_kv(model.n_heads)
    writer.add_key_length(d_head)
    writer.add_value_length(d_head)
    writer.add_rope_dimension_count(d_head)
    writer.add_rope_freq_base(ROPE_THETA)
    writer.add_layer_norm_rms_eps(NORM_EPSILON)


def _add_vocabulary(writer: Any, tokenizer: Tokenizer) -> None:
    """Byte-level BPE with the split of GPT-2, which llama.cpp knows by the name `gpt-2`."""
    from gguf import TokenType

    tokens, merges = _vocabulary(tokenizer)
    types = [TokenType.NORMAL] * len(tokens)
    types[UNK_ID], types[EOT_ID] = TokenType.UNKNOWN, TokenType.CONTROL
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("gpt-2")
    writer.add_token_list(tokens)
    writer.add_token_types(types)
    writer.add_token_merges(merges)
    writer.add_bos_token_id(EOT_ID)
    writer.add_eos_token_id(EOT_ID)
    writer.add_unk_token_id(UNK_ID)
    writer.add_add_bos_token(False)


def _vocabulary(tokenizer: Tokenizer) -> tuple[list[str], list[str]]:
    """All tokens in the order of their ids, and the merges as texts."""
    model = json.loads(tokenizer.to_json())["model"]
    vocab = model["vocab"]
    return sorted(vocab, key=lambda token: vocab[token]), [" ".join(m) for m in model["merges"]]


def _prove(path: Path, service: GPTService, tensors: dict[str, Array]) -> None:
    """Reads the file with the package's own reader and compares everything that was written."""
    import numpy as np
    from gguf import GGUFReader

    reader = GGUFReader(path)
    found = {tensor.name: tensor.data for tensor in reader.tensors}
    same = found.keys() == tensors.keys() and all(
        np.array_equal(found[name], tensors[name]) for name in tensors
    )
    read = {name: field.contents() for name, field in reader.fields.items()}
    tokens, merges = _vocabulary(service.tokenizer)
    same = same and read["tokenizer.ggml.tokens"] == tokens
    same = same and (not merges or read["tokenizer.ggml.merges"] == merges)
    same = same and read["general.architecture"] == service.config.model.layout
    if not same:
        raise ValueError(
            "Nothing was exported: the gguf package reads another model than was written. Please "
            "report this with its version."
        )
