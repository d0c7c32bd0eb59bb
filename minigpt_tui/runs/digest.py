"""A digest of nested plain values and tensors: what a checkpoint holds, boiled down to 32 bytes."""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import Tensor

# Bounds of a walk through a file's contents: containers in it may share and nest without end.
_MAX_DEPTH = 32
_MAX_VALUES = 500_000


def digest_of(value: Any) -> str:
    """blake2b (256 bits, hexadecimal) of a nested value.

    Dictionaries, lists, tuples, text, numbers, booleans, None and CPU tensors count, with their
    types, keys, order, shapes, dtypes and every bit. Raises ValueError for anything else.
    """
    hasher = hashlib.blake2b(digest_size=32)
    for part in _walk(value):
        kind = type(part).__name__
        if part is None or type(part) is bool or type(part) is int:
            raw = str(part).encode("ascii")
        elif type(part) is float:
            raw = struct.pack("<d", part)
        elif type(part) is str:
            raw = part.encode("utf-8", "surrogatepass")
        elif type(part) in (dict, list, tuple):
            raw = str(len(part)).encode("ascii")
        else:
            raw = f"{part.dtype} {tuple(part.shape)}".encode("ascii")
        hasher.update(f"{kind} {len(raw)}:".encode("ascii"))
        hasher.update(raw)
        if kind == "Tensor":
            hasher.update(_bytes(part))
    return hasher.hexdigest()


def tensors_in(value: Any) -> Iterator[Tensor]:
    """Every tensor of a nested value. Raises ValueError for what `digest_of` refuses."""
    return (part for part in _walk(value) if type(part).__name__ == "Tensor")


def check_tensor(tensor: Tensor) -> int:
    """The bytes of a tensor that lies dense and alone in its CPU storage; else ValueError.

    A tensor may claim any shape over a small storage (with a stride of zero, for one).
    """
    import torch

    if (
        (tensor.layout != torch.strided or tensor.device.type != "cpu")
        or (tensor.is_quantized or tensor.is_nested)
        or (tensor.is_conj() or tensor.is_neg() or tensor.dtype.is_complex)
        or tensor.dtype == torch.float4_e2m1fn_x2  # two in a byte: torch converts it to nothing
    ):
        raise ValueError("it holds a tensor of a kind that no checkpoint has")
    size = tensor.numel() * tensor.element_size()
    if not tensor.is_contiguous() or tensor.storage_offset() != 0:
        raise ValueError("it holds a tensor that does not lie densely in its storage")
    if tensor.untyped_storage().nbytes() != size:
        raise ValueError("it holds a tensor whose storage is larger or smaller than itself")
    return size


def _walk(value: Any) -> Iterator[Any]:
    """The value and all within it, containers before their contents, keys before their values."""
    import torch

    plain = (type(None), bool, int, float, str)
    seen = 0
    stack = [(value, 0)]
    while stack:
        current, depth = stack.pop()
        seen += 1
        if depth > _MAX_DEPTH or seen > _MAX_VALUES:
            raise ValueError("its contents are nested too deeply or too many")
        kind = type(current)
        if kind is int and current.bit_length() > 256:
            raise ValueError("it holds a number that is too long")
        if kind not in (*plain, dict, list, tuple, torch.Tensor):
            raise ValueError(f"it holds something that no checkpoint has ({kind.__name__})")
        yield current
        inner: list[Any] = []
        if kind is dict:
            for key, item in current.items():
                inner += (key, item)
        elif kind is list or kind is tuple:
            inner = list(current)
        if seen + len(stack) + len(inner) > _MAX_VALUES:
            raise ValueError("its contents are nested too deeply or too many")
        stack.extend((item, depth + 1) for item in reversed(inner))


def _bytes(tensor: Tensor) -> memoryview:
    import torch

    return tensor.detach().reshape(-1).view(torch.uint8).numpy().data
